#include "http_call.h"
#include "late.h"

#include <dogs/log.h>
#include <dogs/os.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    MAX_IDLE_SLOTS = 8,
    MAX_CONNS = 2,  /* kept open per slot */
    SLICE_MS = 200, /* between looks at a cancel object that poll() cannot see */
};

/* A handle with the multi that keeps its connections; used by one request at a time. */
struct slot {
    CURL *easy;
    CURLM *multi;
    struct slot *next;
};

struct http {
    char *user_agent, *ca_file;
    struct lock *lock;
    struct slot *idle; /* guarded by lock */
    size_t n_idle;     /* guarded by lock */
};

struct http *http_new(const struct http_opts *opts, struct err *e)
{
    if (!late_curl(e))
        return NULL;
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) {
        err_set(e, ERR_FAILED, "libcurl does not start: %s", curl_easy_strerror(code));
        return NULL;
    }
    struct http *h = xcalloc(1, sizeof *h);
    h->user_agent = xstrdup(opts->user_agent ? opts->user_agent : "dogs");
    h->ca_file = opts->ca_file && *opts->ca_file ? xstrdup(opts->ca_file) : NULL;
    h->lock = lock_new();
    return h;
}

static void slot_free(struct slot *s)
{
    curl_easy_cleanup(s->easy);
    curl_multi_cleanup(s->multi);
    free(s);
}

void http_free(struct http *h)
{
    if (!h)
        return;
    for (struct slot *s = h->idle, *next; s; s = next) {
        next = s->next;
        slot_free(s);
    }
    lock_free(h->lock);
    free(h->user_agent);
    free(h->ca_file);
    free(h);
    curl_global_cleanup();
}

static struct slot *slot_take(struct http *h)
{
    lock_take(h->lock);
    struct slot *s = h->idle;
    if (s) {
        h->idle = s->next;
        h->n_idle--;
    }
    lock_drop(h->lock);
    if (s)
        return s;
    s = xcalloc(1, sizeof *s);
    s->easy = curl_easy_init();
    s->multi = curl_multi_init();
    if (!s->easy || !s->multi)
        abort();
    curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, (long)MAX_CONNS);
    return s;
}

static void slot_give(struct http *h, struct slot *s)
{
    curl_easy_reset(s->easy);
    lock_take(h->lock);
    bool keep = h->n_idle < MAX_IDLE_SLOTS;
    if (keep) {
        s->next = h->idle;
        h->idle = s;
        h->n_idle++;
    }
    lock_drop(h->lock);
    if (!keep)
        slot_free(s);
}

static size_t on_header(char *bytes, size_t one, size_t n, void *ctx)
{
    struct http_call *c = ctx;
    size_t len = n * one, received = len;

    c->header_bytes += len;
    if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        str_clear(&c->resp->headers);
        c->headers_whole = false;
    }
    while (len && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r' || bytes[len - 1] == ' '))
        len--;
    c->headers_whole = c->headers_whole || !len;
    if (c->header_bytes <= HTTP_MAX_HEADERS && str_addn(&c->resp->headers, bytes, len) &&
        str_addn(&c->resp->headers, "", 1))
        return received;
    c->headers_full = true;
    return 0;
}

static size_t on_body(char *bytes, size_t one, size_t n, void *ctx)
{
    struct http_call *c = ctx;
    if (str_addn(&c->resp->body, bytes, n * one))
        return n * one;
    c->body_full = true;
    return 0;
}

/* libcurl by itself repeats a request whose reused connection died before a byte of the answer came
 * (Curl_retry_request), whatever its method. The server may have obeyed by then, so what changes
 * something goes over a connection of its own (CURLOPT_FRESH_CONNECT), and is never let out twice
 * here. */
static int before_request(void *ctx, char *to_ip, char *from_ip, int to_port, int from_port)
{
    struct http_call *c = ctx;
    (void)to_ip;
    (void)from_ip;
    (void)to_port;
    (void)from_port;
    if (c->sent && !c->safe)
        return CURL_PREREQFUNC_ABORT;
    /* With a CA file libcurl itself has verified, whatever the TLS library does. */
    if (c->url.tls && !c->ca_file &&
        !http_trusts(c->easy, c->url.name, c->distrust, sizeof c->distrust)) {
        c->untrusted = true;
        return CURL_PREREQFUNC_ABORT;
    }
    c->sent = true;
    return CURL_PREREQFUNC_OK;
}

static bool is_clean(const char *text)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return false;
    return true;
}

static void add_header(struct http_call *c, const char *name, const char *value)
{
    /* libcurl removes a header of its own for "Name:" and sends an empty one for "Name;". */
    char *line = *value ? xasprintf("%s: %s", name, value) : xasprintf("%s;", name);
    struct curl_slist *list = curl_slist_append(c->headers, line);
    free(line);
    if (!list)
        abort();
    c->headers = list;
}

static void drop_header(struct http_call *c, const char *name_and_colon)
{
    struct curl_slist *list = curl_slist_append(c->headers, name_and_colon);
    if (!list)
        abort();
    c->headers = list;
}

static bool set_headers(struct http_call *c, struct err *e)
{
    const struct http_req *q = c->req;
    bool typed = false;

    /* Otherwise libcurl waits a second for "100 Continue" before a large body, and sends the
     * request again after a 417. */
    drop_header(c, "Expect:");
    for (size_t i = 0; i < q->n_headers; i++) {
        if (!is_clean(q->headers[i].name) || !is_clean(q->headers[i].value))
            return err_set(e, ERR_CONFIG, "a header for %s has a control character", c->url.host);
        typed = typed || strcasecmp(q->headers[i].name, "content-type") == 0;
        add_header(c, q->headers[i].name, q->headers[i].value);
    }
    if (!typed && q->body)
        add_header(c, "Content-Type", "application/json");
    else if (!typed)
        drop_header(c, "Content-Type:");
    if (!q->bearer)
        return true;
    if (!c->url.tls && !c->url.loopback) {
        err_set(e, ERR_CONFIG, "the token is not sent in clear text to %s", c->url.host);
        return err_hint(e, "write https:// in the address");
    }
    if (!*q->bearer || !is_clean(q->bearer))
        return err_set(e, ERR_CONFIG, "the token is empty or has a control character in it");
    char *value = xasprintf("Bearer %s", q->bearer);
    add_header(c, "Authorization", value);
    free(value);
    return true;
}

static bool set_method(struct http_call *c, CURL *easy, struct err *e)
{
    static const struct {
        const char *name;
        bool safe, body; /* body: one is sent even if it is empty */
    } methods[] = {{"GET", true, false},  {"HEAD", true, false},  {"DELETE", false, false},
                   {"POST", false, true}, {"PATCH", false, true}, {"PUT", false, true}};
    const struct http_req *q = c->req;
    size_t i = 0, n = sizeof methods / sizeof *methods;

    while (i < n && strcmp(methods[i].name, q->method) != 0)
        i++;
    if (i == n)
        return err_set(e, ERR_CONFIG, "HTTP method '%s' is not known", q->method);
    c->safe = methods[i].safe;
    if (strcmp(q->method, "HEAD") == 0)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)c->max_body);
    if (q->body || methods[i].body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, q->body ? q->body : "");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)(q->body ? q->body_len : 0));
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, q->method);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, c->safe ? 0L : 1L);
    return true;
}

static void set_options(const struct http *h, struct http_call *c, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_URL, c->req->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Without it giving up waits until the system's resolver has given up as well. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_ms);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, h->user_agent);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (c->url.loopback)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");

    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    /* Schannel asks for revocations; OpenSSL does not. One that cannot be learnt, as of a CA of
     * one's own, is no reason to refuse. */
    curl_easy_setopt(easy, CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_REVOKE_BEST_EFFORT);
    if (h->ca_file) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, h->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }

    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->detail);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, c);
}

/* A number that changes with every byte that came or went. */
static uint64_t bytes_moved(const struct http_call *c, CURL *easy)
{
    curl_off_t up = 0, down = 0;
    long request = 0;
    curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request);
    return (uint64_t)up + (uint64_t)down + (uint64_t)request + c->header_bytes + c->resp->body.len;
}

struct progress {
    uint64_t moved;
    int64_t moved_ms;
};

/* How long to wait for the sockets; 0 with c->stop set if it is enough. */
static int64_t time_left(struct http_call *c, CURL *easy, struct progress *p,
                         const struct cancel *cancel)
{
    int64_t now = os_mono_ms(), left = c->began_ms + c->total_ms - now;
    uint64_t moved = bytes_moved(c, easy);

    if (moved != p->moved || !c->sent)
        *p = (struct progress){.moved = moved, .moved_ms = now};
    int64_t idle_left = p->moved_ms + c->idle_ms - now;
    if (cancel_is(cancel))
        c->stop = HTTP_CANCELLED;
    else if (left <= 0)
        c->stop = HTTP_TOO_LONG;
    else if (idle_left <= 0)
        c->stop = HTTP_SILENT;
    if (c->stop != HTTP_GO)
        return 0;
    return c->sent && idle_left < left ? idle_left : left;
}

static CURLcode perform(struct slot *s, struct http_call *c, struct cancel *cancel)
{
    int fd = cancel_fd(cancel);
    bool polled = fd >= 0;
    struct curl_waitfd wake = {.fd = (curl_socket_t)fd, .events = CURL_WAIT_POLLIN};
    struct progress progress = {.moved_ms = c->began_ms};
    CURLcode code = CURLE_FAILED_INIT;
    int running = 0;

    CURLMcode multi = curl_multi_add_handle(s->multi, s->easy);
    while (multi == CURLM_OK) {
        multi = curl_multi_perform(s->multi, &running);
        if (multi != CURLM_OK || !running)
            break;
        int64_t wait = time_left(c, s->easy, &progress, cancel);
        if (c->stop != HTTP_GO)
            break;
        if (cancel && !polled && wait > SLICE_MS)
            wait = SLICE_MS;
        multi = curl_multi_poll(s->multi, &wake, polled, (int)wait, NULL);
    }
    int queued = 0;
    for (const CURLMsg *m; (m = curl_multi_info_read(s->multi, &queued));)
        if (m->msg == CURLMSG_DONE)
            code = m->data.result;
    curl_multi_remove_handle(s->multi, s->easy);
    return code;
}

static int or_default(int ms, int usual)
{
    return ms > 0 ? ms : usual;
}

static void finish(struct http_call *c, CURL *easy)
{
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    c->resp->status = (int)status;
    log_line(LOG_DEBUG, "http: %s %s: %ld, %zu bytes in %lld ms", c->req->method, c->url.shown,
             status, c->resp->body.len, (long long)(os_mono_ms() - c->began_ms));
}

static bool talk(struct http *h, struct http_call *c, struct cancel *cancel, struct err *e)
{
    struct slot *s = slot_take(h);
    bool ok = set_method(c, s->easy, e) && set_headers(c, e);
    if (ok && cancel_is(cancel)) {
        c->stop = HTTP_CANCELLED;
        ok = http_fail(c, s->easy, CURLE_OK, e);
    }
    if (ok) {
        c->easy = s->easy;
        set_options(h, c, s->easy);
        log_line(LOG_DEBUG, "http: %s %s, %zu bytes", c->req->method, c->url.shown,
                 c->req->body ? c->req->body_len : 0);
        CURLcode code = perform(s, c, cancel);
        /* libcurl is content with a header that ends in its midst. */
        if (code == CURLE_OK && !c->headers_whole)
            code = CURLE_PARTIAL_FILE;
        if (c->untrusted)
            code = CURLE_PEER_FAILED_VERIFICATION;
        if (code == CURLE_OK)
            finish(c, s->easy);
        else
            ok = http_fail(c, s->easy, code, e);
    }
    slot_give(h, s);
    return ok;
}

bool http_do(struct http *h, const struct http_req *req, struct http_resp *resp,
             struct cancel *cancel, struct err *e)
{
    struct http_call c = {.req = req,
                          .resp = resp,
                          .ca_file = h->ca_file,
                          .connect_ms = or_default(req->connect_ms, HTTP_CONNECT_MS),
                          .idle_ms = or_default(req->idle_ms, HTTP_IDLE_MS),
                          .total_ms = or_default(req->total_ms, HTTP_TOTAL_MS),
                          .max_body = req->max_body ? req->max_body : HTTP_MAX_BODY,
                          .began_ms = os_mono_ms()};
    http_resp_release(resp);
    resp->body = STR(c.max_body);
    resp->headers = STR(HTTP_MAX_HEADERS);
    bool ok = http_url_parse(req->url, &c.url, e) && talk(h, &c, cancel, e);
    if (!ok) {
        http_resp_release(resp);
        log_line(LOG_DEBUG, "http: %s %s: %s", req->method, c.url.shown ? c.url.shown : "?",
                 e->text);
    }
    curl_slist_free_all(c.headers);
    http_url_release(&c.url);
    return ok;
}

const char *http_header(const struct http_resp *resp, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < resp->headers.len; i += strlen(resp->headers.p + i) + 1) {
        const char *line = resp->headers.p + i;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, " \t");
    }
    return NULL;
}

void http_resp_release(struct http_resp *resp)
{
    str_release(&resp->body);
    str_release(&resp->headers);
    *resp = (struct http_resp){0};
}
