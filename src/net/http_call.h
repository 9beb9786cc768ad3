/* http_call: one request on its way, as the parts of the HTTP client see it. Private to net.
 *
 * http.c (one call, waited for) and http_flow.c (many at once) are two ways to drive it:
 *
 *     struct http_call c = {.http = h, .resp = resp, .easy = easy};
 *     http_set(&c, &request, &e) ...      // everything that both have in common
 *     ... their own options, then libcurl's multi interface
 *     http_verdict(&c, code, &e)
 *     http_call_release(&c);
 */
#ifndef DOGS_NET_HTTP_CALL_H
#define DOGS_NET_HTTP_CALL_H

#include <curl/curl.h>
#include <dogs/http_flow.h>

/* What of a URL may be shown and decided upon. */
struct http_url {
    char *host;  /* "api.example.com", "127.0.0.1:8080": with the port if it is not the usual one */
    char *name;  /* the same without the port, an IPv6 address without its brackets */
    char *shown; /* without user, password and query, which may hold secrets */
    bool tls, loopback;
    bool has_user; /* the URL itself names a user or a password */
};

/* CONFIG if it is not a whole http or https URL. Release in either case. */
bool http_url_parse(const char *text, struct http_url *u, struct err *e);
void http_url_release(struct http_url *u);

enum http_speaks { HTTP_SPEAKS_UNKNOWN, HTTP_SPEAKS_1, HTTP_SPEAKS_2 };

struct http_slot;

struct http {
    char *user_agent, *ca_file;
    bool netrc;    /* there is such a file: libcurl looks for it at each request */
    CURLSH *share; /* DNS answers and TLS sessions of all */
    struct lock *share_locks[CURL_LOCK_DATA_LAST];
    struct lock *lock;
    struct http_slot *idle;  /* guarded by lock; http.c's */
    size_t n_idle;           /* guarded by lock */
    struct http_host *hosts; /* guarded by lock */
    size_t n_hosts;          /* guarded by lock */
};

/* Whether a host takes HTTP/2 over TLS, as its answers told. */
enum http_speaks http_host_speaks(struct http *h, const char *host);
void http_host_spoke(struct http *h, const char *host, enum http_speaks speaks);

void http_slots_free(struct http *h);

enum http_stop { HTTP_GO, HTTP_CANCELLED, HTTP_SILENT, HTTP_TOO_LONG };

struct http_call {
    struct http *http;
    struct http_resp *resp;
    CURL *easy;
    struct http_url url;
    const char *method; /* not lent: one of the methods that are known */
    int connect_ms, idle_ms, total_ms;
    size_t max_body;
    int64_t began_ms;
    struct curl_slist *headers;
    char detail[CURL_ERROR_SIZE]; /* libcurl's words for the failure */
    enum http_stop stop;          /* why we gave up by ourselves */
    bool plain;                   /* ask for an answer that is not packed */
    bool once;                    /* must not be sent twice */
    bool sent;                    /* a byte of the request may have left */
    bool untrusted;               /* http_trusts or http_pin_holds said no, and why */
    bool pinned;                  /* the certificate is judged by pin alone */
    uint8_t pin[32];
    char distrust[160];
    bool headers_full, body_full;
    bool headers_whole;  /* the empty line that ends them came */
    size_t header_bytes; /* received, interim answers included */
    uint64_t body_bytes; /* received, as they were handed out */
};

/* All options that do not depend on how the call is driven: URL, method, headers, credentials,
 * body, TLS, proxies, and the callbacks below. CONFIG if the request is not proper; nothing was
 * sent. */
bool http_set(struct http_call *c, const struct http_flow_req *f, struct err *e);
void http_call_release(struct http_call *c);

/* Takes a header line into resp->headers; false, with headers_full set, beyond the cap. */
bool http_take_header(struct http_call *c, const char *bytes, size_t len);
/* A number that changes with every byte that came or went. */
uint64_t http_moved(const struct http_call *c);

/* Whether an answer came, whole, by libcurl's code and what we saw ourselves; fills e if not. Sets
 * resp->status if so. */
bool http_verdict(struct http_call *c, CURLcode code, struct err *e);
/* Fills e from how the transfer ended; returns false. */
bool http_fail(const struct http_call *c, CURLcode code, struct err *e);

/* Words for the system's code of a connection that was not made ("connection refused"); NULL if
 * there are none better than libcurl's. */
const char *http_os_words(long os_code);

/* Called when TLS stands and before the request leaves: whether the certificate is one that the
 * system trusts, and this host's. Where the TLS library has made sure of that it is true without
 * another look. Says why not in `why`. */
bool http_trusts(CURL *easy, const char *name, char *why, size_t size);

/* http_pin.c. The pin as it is written; false if it is none. */
bool http_pin_parse(const char *text, uint8_t pin[32]);
/* Called in the same place instead: whether the server's certificate is the pinned one. False, too,
 * where libcurl does not show it. */
bool http_pin_holds(CURL *easy, const uint8_t pin[32], char *why, size_t size);

#endif
