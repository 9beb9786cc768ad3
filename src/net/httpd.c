#include <dogs/httpd.h>

#include "late.h"
#include "listen.h"

#include <dogs/log.h>
#include <dogs/os.h>
#include <dogs/when.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    DEFAULT_MAX_BODY = 1024 * 1024,
    DEFAULT_MAX_CONNS = 64,
    DEFAULT_IDLE_S = 60,           /* a silent client loses its thread */
    MAX_HEADERS = 32 * 1024,       /* of an answer */
    MAX_HEADER_VALUE = 8 * 1024,   /* the same */
    DRAIN_BYTES = 4 * 1024 * 1024, /* read beyond max_body so that the 413 arrives */
    BODY_MS = 10 * 60 * 1000,      /* a body that trickles in holds its thread no longer */
};

struct httpd {
    struct MHD_Daemon *daemon;
    int port;
    size_t max_body;
    httpd_handler *handler;
    void *ctx;
};

struct httpd_req {
    struct MHD_Connection *conn;
    const char *method, *path;
    struct str body;
    size_t dropped; /* bytes of the body that did not fit */
    int64_t began_ms;
};

/* Half a body for cut_body. */
struct half {
    char *bytes;
    size_t len;
};

const char *httpd_method(const struct httpd_req *r)
{
    return r->method;
}

const char *httpd_path(const struct httpd_req *r)
{
    return r->path;
}

static const char *lookup(const struct httpd_req *r, enum MHD_ValueKind kind, const char *name)
{
    const char *value = NULL;
    if (MHD_lookup_connection_value_n(r->conn, kind, name, strlen(name), &value, NULL) != MHD_YES)
        return NULL;
    return value ? value : "";
}

const char *httpd_query(const struct httpd_req *r, const char *name)
{
    return lookup(r, MHD_GET_ARGUMENT_KIND, name);
}

const char *httpd_header(const struct httpd_req *r, const char *name)
{
    return lookup(r, MHD_HEADER_KIND, name);
}

const char *httpd_body(const struct httpd_req *r, size_t *len)
{
    if (len)
        *len = r->body.len;
    return str_text(&r->body);
}

void httpd_add_header(struct httpd_resp *resp, const char *name, const char *fmt, ...)
{
    char value[MAX_HEADER_VALUE];
    va_list args;

    va_start(args, fmt);
    int len = vsnprintf(value, sizeof value, fmt, args);
    va_end(args);
    /* A line break in a value would be another header. */
    for (char *p = value; *p; p++)
        if ((unsigned char)*p < ' ')
            *p = ' ';
    if (!resp->headers.max)
        resp->headers.max = MAX_HEADERS;
    str_addf(&resp->headers, "%s: %s\n", name, value);
    if (len < 0 || (size_t)len >= sizeof value)
        resp->headers.full = true;
}

static ssize_t read_half(void *cls, uint64_t pos, char *to, size_t max)
{
    const struct half *h = cls;
    if (pos >= h->len)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t n = h->len - (size_t)pos;
    if (n > max)
        n = max;
    memcpy(to, h->bytes + pos, n);
    return (ssize_t)n;
}

static void free_half(void *cls)
{
    struct half *h = cls;
    free(h->bytes);
    free(h);
}

static struct MHD_Response *make_response(struct httpd_resp *resp)
{
    size_t len = resp->body.len;
    if (!resp->cut_body) {
        char *bytes = str_take(&resp->body);
        struct MHD_Response *whole =
            MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
        if (!whole)
            free(bytes);
        return whole;
    }
    struct half *h = xmalloc(sizeof *h);
    *h = (struct half){.bytes = str_take(&resp->body), .len = len / 2};
    struct MHD_Response *half =
        MHD_create_response_from_callback(len, 4096, read_half, h, free_half);
    if (!half)
        free_half(h);
    return half;
}

static void put_headers(struct MHD_Response *response, struct str *headers)
{
    bool dated = false;
    char *next = NULL;
    for (char *line = headers->len ? headers->p : NULL; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        char *colon = strchr(line, ':');
        if (!colon)
            continue;
        *colon = '\0';
        dated = dated || strcasecmp(line, "date") == 0;
        if (MHD_add_response_header(response, line, colon + 2) != MHD_YES)
            log_line(LOG_DEBUG, "httpd: header '%s' cannot be sent", line);
    }
    if (!dated) {
        char date[WHEN_TEXT];
        when_to_http(os_unix_ms() / 1000, date);
        MHD_add_response_header(response, "date", date);
    }
}

static enum MHD_Result send_response(struct MHD_Connection *conn, struct httpd_resp *resp)
{
    if (resp->body.full || resp->headers.full) {
        log_line(LOG_WARN, "httpd: an answer outgrew its limit");
        str_release(&resp->body);
        str_release(&resp->headers);
        resp->status = MHD_HTTP_INTERNAL_SERVER_ERROR;
        resp->cut_body = false;
    }
    if (!resp->status || (resp->cut_body && !resp->body.len))
        return MHD_NO;
    struct MHD_Response *response = make_response(resp);
    if (!response)
        return MHD_NO;
    put_headers(response, &resp->headers);
    enum MHD_Result done = MHD_queue_response(conn, (unsigned)resp->status, response);
    MHD_destroy_response(response);
    return done;
}

static enum MHD_Result refuse_body(const struct httpd *d, struct MHD_Connection *conn)
{
    struct httpd_resp resp = {.status = MHD_HTTP_CONTENT_TOO_LARGE, .body = STR(256)};
    str_addf(&resp.body, "the body is larger than %zu bytes\n", d->max_body);
    httpd_add_header(&resp, "content-type", "text/plain; charset=utf-8");
    httpd_add_header(&resp, "connection", "close");
    enum MHD_Result done = send_response(conn, &resp);
    str_release(&resp.body);
    str_release(&resp.headers);
    return done;
}

static bool announces_too_much(const struct httpd *d, const struct httpd_req *r)
{
    const char *announced = httpd_header(r, "content-length");
    int64_t bytes = 0;
    return announced && str_int64(announced, 0, INT64_MAX, &bytes) && (uint64_t)bytes > d->max_body;
}

static enum MHD_Result answer(struct httpd *d, struct httpd_req *r)
{
    struct httpd_resp resp = {0};
    d->handler(d->ctx, r, &resp);
    log_line(LOG_DEBUG, "httpd: %s %s: %d, %zu bytes in %lld ms", r->method, r->path, resp.status,
             resp.body.len, (long long)(os_mono_ms() - r->began_ms));
    enum MHD_Result done = send_response(r->conn, &resp);
    str_release(&resp.body);
    str_release(&resp.headers);
    return done;
}

/* libmicrohttpd calls first with the headers, then with each piece of the body, then once more. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url,
                                  const char *method, const char *version, const char *piece,
                                  size_t *piece_len, void **state)
{
    struct httpd *d = cls;
    struct httpd_req *r = *state;
    (void)version;

    if (!r) {
        r = xmalloc(sizeof *r);
        *r = (struct httpd_req){.conn = conn,
                                .method = method,
                                .path = url,
                                .body = STR(d->max_body),
                                .began_ms = os_mono_ms()};
        *state = r;
        return announces_too_much(d, r) ? refuse_body(d, conn) : MHD_YES;
    }
    if (*piece_len) {
        if (r->body.full || !str_addn(&r->body, piece, *piece_len))
            r->dropped += *piece_len;
        *piece_len = 0;
        bool endless = r->dropped > DRAIN_BYTES || os_mono_ms() - r->began_ms > BODY_MS;
        return endless ? MHD_NO : MHD_YES;
    }
    return r->dropped ? refuse_body(d, conn) : answer(d, r);
}

static void on_done(void *cls, struct MHD_Connection *conn, void **state,
                    enum MHD_RequestTerminationCode how)
{
    struct httpd_req *r = *state;
    (void)cls;
    (void)conn;
    (void)how;
    if (r) {
        str_release(&r->body);
        free(r);
    }
    *state = NULL;
}

/* Decoded, a %00 would cut the text, and "/a%00b" would be taken for "/a". */
static size_t unescape(void *cls, struct MHD_Connection *conn, char *text)
{
    (void)cls;
    (void)conn;
    return strstr(text, "%00") ? strlen(text) : MHD_http_unescape(text);
}

struct httpd *httpd_start(const struct httpd_opts *opts, struct err *e)
{
    if (!late_mhd(e))
        return NULL;
    const char *bind = opts->bind ? opts->bind : "127.0.0.1";
    struct httpd *d = xmalloc(sizeof *d);
    int fd = -1;

    *d = (struct httpd){.max_body = opts->max_body ? opts->max_body : DEFAULT_MAX_BODY,
                        .handler = opts->handler,
                        .ctx = opts->ctx};
    if (!listen_open(bind, opts->port, &fd, &d->port, e))
        goto out;
    d->daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO |
            MHD_USE_SUPPRESS_DATE_NO_CLOCK,
        0, NULL, NULL, on_request, d, MHD_OPTION_LISTEN_SOCKET, (MHD_socket)fd,
        MHD_OPTION_CONNECTION_LIMIT, opts->max_conns ? opts->max_conns : DEFAULT_MAX_CONNS,
        MHD_OPTION_CONNECTION_TIMEOUT, opts->idle_s ? opts->idle_s : (unsigned)DEFAULT_IDLE_S,
        MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
        MHD_OPTION_END);
    if (d->daemon)
        return d;
    err_set(e, ERR_FAILED, "the web server does not start at %s port %d", bind, d->port);
out:
    free(d);
    return NULL;
}

int httpd_port(const struct httpd *d)
{
    return d->port;
}

void httpd_stop(struct httpd *d)
{
    if (!d)
        return;
    MHD_stop_daemon(d->daemon);
    free(d);
}
