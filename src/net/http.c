#include "http_call.h"

#include <dogs/log.h>
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    MAX_IDLE_SLOTS = 8,
    MAX_CONNS = 2,  /* kept open per slot */
    SLICE_MS = 200, /* between looks at a cancel object that poll() cannot see */
};

/* A handle with the multi that keeps its connections; used by one request at a time. */
struct http_slot {
    CURL *easy;
    CURLM *multi;
    struct http_slot *next;
};

static void slot_free(struct http_slot *s)
{
    curl_easy_cleanup(s->easy);
    curl_multi_cleanup(s->multi);
    free(s);
}

void http_slots_free(struct http *h)
{
    for (struct http_slot *s = h->idle, *next; s; s = next) {
        next = s->next;
        slot_free(s);
    }
    h->idle = NULL;
}

static struct http_slot *slot_take(struct http *h)
{
    lock_take(h->lock);
    struct http_slot *s = h->idle;
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

static void slot_give(struct http *h, struct http_slot *s)
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
    return http_take_header(ctx, bytes, n * one) ? n * one : 0;
}

static size_t on_body(char *bytes, size_t one, size_t n, void *ctx)
{
    struct http_call *c = ctx;
    c->body_bytes += n * one;
    if (str_addn(&c->resp->body, bytes, n * one))
        return n * one;
    c->body_full = true;
    return 0;
}

struct progress {
    uint64_t moved;
    int64_t moved_ms;
};

/* How long to wait for the sockets; 0 with c->stop set if it is enough. */
static int64_t time_left(struct http_call *c, struct progress *p, const struct cancel *cancel)
{
    int64_t now = os_mono_ms(), left = c->began_ms + c->total_ms - now;
    uint64_t moved = http_moved(c);

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

static CURLcode perform(struct http_slot *s, struct http_call *c, struct cancel *cancel)
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
        int64_t wait = time_left(c, &progress, cancel);
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

static void set_own(struct http_call *c)
{
    /* What HEAD names as its length is not to come. */
    if (strcmp(c->method, "HEAD") != 0)
        curl_easy_setopt(c->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)c->max_body);
    curl_easy_setopt(c->easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
}

static bool talk(struct http_slot *s, struct http_call *c, const struct http_req *req,
                 struct cancel *cancel, struct err *e)
{
    bool changes = strcmp(req->method, "GET") != 0 && strcmp(req->method, "HEAD") != 0;
    struct http_flow_req asked = {.req = *req, .once = changes};

    if (!http_set(c, &asked, e))
        return false;
    if (cancel_is(cancel)) {
        c->stop = HTTP_CANCELLED;
        return http_fail(c, CURLE_OK, e);
    }
    set_own(c);
    log_line(LOG_DEBUG, "http: %s %s, %zu bytes", c->method, c->url.shown,
             req->body ? req->body_len : 0);
    if (!http_verdict(c, perform(s, c, cancel), e))
        return false;
    log_line(LOG_DEBUG, "http: %s %s: %d, %zu bytes in %lld ms", c->method, c->url.shown,
             c->resp->status, c->resp->body.len, (long long)(os_mono_ms() - c->began_ms));
    return true;
}

bool http_do(struct http *h, const struct http_req *req, struct http_resp *resp,
             struct cancel *cancel, struct err *e)
{
    struct http_slot *s = slot_take(h);
    struct http_call c = {.http = h,
                          .resp = resp,
                          .easy = s->easy,
                          .max_body = req->max_body ? req->max_body : HTTP_MAX_BODY,
                          .began_ms = os_mono_ms()};

    http_resp_release(resp);
    resp->body = STR(c.max_body);
    resp->headers = STR(HTTP_MAX_HEADERS);
    bool ok = talk(s, &c, req, cancel, e);
    if (!ok) {
        http_resp_release(resp);
        log_line(LOG_DEBUG, "http: %s %s: %s", req->method, c.url.shown ? c.url.shown : "?",
                 e->text);
    }
    slot_give(h, s);
    http_call_release(&c);
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
