/* http_call: one request on its way, as the parts of the HTTP client see it. Private to net. */
#ifndef DOGS_NET_HTTP_CALL_H
#define DOGS_NET_HTTP_CALL_H

#include <curl/curl.h>
#include <dogs/http.h>

/* What of a URL may be shown and decided upon. */
struct http_url {
    char *host;  /* "api.example.com", "127.0.0.1:8080": with the port if it is not the usual one */
    char *name;  /* the same without the port, an IPv6 address without its brackets */
    char *shown; /* without user, password and query, which may hold secrets */
    bool tls, loopback;
};

/* CONFIG if it is not a whole http or https URL. Release in either case. */
bool http_url_parse(const char *text, struct http_url *u, struct err *e);
void http_url_release(struct http_url *u);

enum http_stop { HTTP_GO, HTTP_CANCELLED, HTTP_SILENT, HTTP_TOO_LONG };

struct http_call {
    const struct http_req *req;
    struct http_resp *resp;
    struct http_url url;
    const char *ca_file;
    int connect_ms, idle_ms, total_ms;
    size_t max_body;
    int64_t began_ms;
    struct curl_slist *headers;
    CURL *easy;
    char detail[CURL_ERROR_SIZE]; /* libcurl's words for the failure */
    enum http_stop stop;          /* why we gave up by ourselves */
    bool safe;                    /* GET or HEAD: may be sent twice */
    bool sent;                    /* a byte of the request may have left */
    bool untrusted;               /* http_trusts said no, and why */
    char distrust[128];
    bool headers_full, body_full;
    bool headers_whole;  /* the empty line that ends them came */
    size_t header_bytes; /* received, interim answers included */
};

/* Words for the system's code of a connection that was not made ("connection refused"); NULL if
 * there are none better than libcurl's. */
const char *http_os_words(long os_code);

/* Called when TLS stands and before the request leaves: whether the certificate is one that the
 * system trusts, and this host's. Where the TLS library has made sure of that it is true without
 * another look. Says why not in `why`. */
bool http_trusts(CURL *easy, const char *name, char *why, size_t size);

/* Fills e from how the transfer ended; returns false. */
bool http_fail(const struct http_call *c, CURL *easy, CURLcode code, struct err *e);

#endif
