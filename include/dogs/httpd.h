/* httpd: the one HTTP server, on libmicrohttpd. The sandbox answers through it now, the page later.
 *
 * One thread per connection, so a handler may block; it must be thread-safe. Bodies over max_body
 * are answered 413 before the handler sees them. Never listens wider than asked.
 */
#ifndef DOGS_HTTPD_H
#define DOGS_HTTPD_H

#include <dogs/err.h>
#include <dogs/str.h>

struct httpd;
struct httpd_req; /* lent to the handler for the time of the call */

const char *httpd_method(const struct httpd_req *r); /* "GET" */
const char *httpd_path(const struct httpd_req *r);   /* "/v2/droplets", decoded, no query */
/* Decoded value of a query parameter, value of a header (its name in any case); NULL if absent. */
const char *httpd_query(const struct httpd_req *r, const char *name);
const char *httpd_header(const struct httpd_req *r, const char *name);
/* NUL-terminated, never NULL; len may be NULL. */
const char *httpd_body(const struct httpd_req *r, size_t *len);

/* What the handler answers. Zeroed before the call; released by httpd. */
struct httpd_resp {
    int status;         /* 0 = cut the connection without an answer */
    struct str body;    /* give it a limit first: resp->body = STR(...) */
    struct str headers; /* "name: value\n" lines, added with httpd_add_header */
    bool cut_body;      /* announce the whole body, send half, cut the connection */
};
void httpd_add_header(struct httpd_resp *resp, const char *name, const char *fmt, ...) PRINTF(3, 4);

typedef void httpd_handler(void *ctx, const struct httpd_req *req, struct httpd_resp *resp);

struct httpd_opts {
    const char *bind;   /* NULL = "127.0.0.1" */
    int port;           /* 0 = any free one */
    size_t max_body;    /* 0 = 1 MiB */
    unsigned max_conns; /* 0 = 64 */
    unsigned idle_s;    /* 0 = 60: a client silent for so long loses its connection */
    httpd_handler *handler;
    void *ctx;
};

struct httpd *httpd_start(const struct httpd_opts *opts, struct err *e);
int httpd_port(const struct httpd *d);
void httpd_stop(struct httpd *d); /* waits for handlers under way; NULL allowed */

#endif
