/* http: the one HTTP client, on libcurl. Single calls here; many at once, streamed, in http_flow.h.
 *
 * A `struct http` owns the pool of connections, DNS answers and TLS sessions and is shared by all
 * who talk; http_do is safe from any thread.
 *
 *     struct http *h = http_new(&(struct http_opts){.user_agent = "dogs/0.1.0"}, &e);
 *     struct http_resp r = {0};
 *     struct http_req q = {.method = "GET", .url = url, .bearer = token};
 *     if (http_do(h, &q, &r, cancel, &e))
 *         ... r.status, r.body ...
 *     http_resp_release(&r);
 *     http_free(h);
 *
 * Rules: TLS is always verified (by the system's trust, a CA file, or a pin); only http and https;
 * redirects are never followed; a bearer token, and a user and password in the URL, are never sent
 * in clear to anything but a loopback address (127.0.0.0/8, [::1], localhost); proxies come from
 * the environment (HTTPS_PROXY, NO_PROXY) but never for loopback. HTTP/1.1 (HTTP/2 streams of this
 * API were seen to be reset; reference §1.1). Request and answer lines go to the log at LOG_DEBUG,
 * without the Authorization header; bodies are not logged.
 */
#ifndef DOGS_HTTP_H
#define DOGS_HTTP_H

#include <dogs/err.h>
#include <dogs/str.h>
#include <dogs/work.h>

enum {
    HTTP_MAX_BODY = 32 * 1024 * 1024, /* default cap of an answer's body */
    HTTP_MAX_HEADERS = 64 * 1024,     /* cap of all header lines of one answer */
    HTTP_CONNECT_MS = 15000,
    HTTP_IDLE_MS = 30000, /* no byte in either direction for so long */
    HTTP_TOTAL_MS = 120000,
};

struct http;

struct http_opts {
    const char *user_agent; /* copied */
    const char *ca_file;    /* copied; PEM of the only CAs to trust; NULL = the system's */
};

struct http_header {
    const char *name, *value;
};

/* All lent for the time of the call. Zero means the default above. */
struct http_req {
    const char *method; /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    const char *url;
    const char *bearer;                /* NULL = no Authorization */
    const struct http_header *headers; /* further ones */
    size_t n_headers;
    const char *body; /* NULL = none; a JSON text is sent as application/json */
    size_t body_len;
    int connect_ms, idle_ms, total_ms;
    size_t max_body;
    const char *pin; /* https only: SHA-256 of the server's own certificate (its DER form), 64 hex
                        digits, colons allowed. Then this certificate and no other is taken, however
                        it was signed, whosever name it bears and however old it is: the pin stands
                        in for the system's trust. Over a fresh connection, never through a proxy.
                        NULL = the system's trust, or ca_file */
};

struct http_resp {
    int status;
    bool http2;         /* it came over HTTP/2 (flows only: http_do speaks HTTP/1.1) */
    bool repeated;      /* it answers the second request, of the first of which nothing was heard */
    struct str body;    /* any bytes; text, if it is text, is NUL-terminated */
    struct str headers; /* internal; read with http_header */
};

struct http *http_new(const struct http_opts *opts, struct err *e);
void http_free(struct http *h); /* after the flows that were made with it */

/* True once a complete answer of whatever status is in *resp (release what was in it before).
 * False: NETWORK (no or half an answer), TIMEOUT (a time-out above), INTERRUPTED (cancel), PROTOCOL
 * (a cap was exceeded, not HTTP), CONFIG (bad URL, clear-text token, unreadable CA file). Then
 * e->ambiguous is false only if the request surely never reached a server (name not resolved, not
 * connected, certificate refused); e->retryable is true for what may pass by itself. */
bool http_do(struct http *h, const struct http_req *req, struct http_resp *resp,
             struct cancel *cancel, struct err *e);

/* Value of an answer's header (name without regard to case), lent; NULL if absent. */
const char *http_header(const struct http_resp *resp, const char *name);
void http_resp_release(struct http_resp *resp);

/* True if the URL's host is this machine's loopback. */
bool http_is_loopback(const char *url);

/* Percent-encodes everything but unreserved characters; adds to out. */
void http_escape(struct str *out, const char *text);

#endif
