#include "http_flows.h"

#include <dogs/log.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SPARE_MOST = 128,
    REPEATS_MOST = 3,
    UPLOAD_2_MOST = 65535, /* what a stream takes without asking (RFC 9113 §6.9.2) */
    UPLOAD_LEAST = 64 * 1024,
};

void flow_move(struct http_flow *f, struct http_flow_list *to)
{
    struct http_flow_list *from = f->list;
    if (from) {
        *(f->prev ? &f->prev->next : &from->first) = f->next;
        *(f->next ? &f->next->prev : &from->last) = f->prev;
    }
    f->list = to;
    f->next = NULL;
    f->prev = to ? to->last : NULL;
    if (to) {
        *(to->last ? &to->last->next : &to->first) = f;
        to->last = f;
    }
}

struct http_flow *flow_take(struct http_flows *fs)
{
    struct http_flow *f = fs->spare.first;
    if (f) {
        flow_move(f, NULL);
        fs->n_spare--;
        return f;
    }
    f = xcalloc(1, sizeof *f);
    f->flows = fs;
    f->call.easy = curl_easy_init();
    if (!f->call.easy)
        abort();
    f->resp.headers = STR(HTTP_MAX_HEADERS);
    f->resp.body = STR(COLLECT_MOST);
    return f;
}

void flow_free(struct http_flow *f)
{
    flow_move(f, NULL);
    curl_easy_cleanup(f->call.easy);
    http_call_release(&f->call);
    http_resp_release(&f->resp);
    free(f);
}

void flow_give(struct http_flow *f)
{
    struct http_flows *fs = f->flows;
    if (fs->n_spare >= SPARE_MOST) {
        flow_free(f);
        return;
    }
    flow_move(f, NULL);
    curl_easy_reset(f->call.easy);
    http_call_release(&f->call);
    str_clear(&f->resp.headers);
    str_release(&f->resp.body);
    *f = (struct http_flow){
        .flows = fs,
        .call.easy = f->call.easy,
        .resp = {.headers = f->resp.headers, .body = f->resp.body},
    };
    flow_move(f, &fs->spare);
    fs->n_spare++;
}

/* The final answer's head is whole. */
static bool take_head(struct http_flow *f)
{
    long status = 0;
    curl_easy_getinfo(f->call.easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200)
        return true;
    f->headed = true;
    f->resp.status = (int)status;
    f->resp.http2 = str_starts(str_text(&f->resp.headers), "HTTP/2");
    if (f->lane == LANE_2) {
        f->flows->met_1 = f->flows->met_1 || !f->resp.http2;
        f->flows->has_2 = f->flows->has_2 || f->resp.http2;
        /* Kept in this lane it would be a connection that nobody uses. */
        if (!f->resp.http2)
            curl_easy_setopt(f->call.easy, CURLOPT_FORBID_REUSE, 1L);
        http_host_spoke(f->call.http, f->call.url.host,
                        f->resp.http2 ? HTTP_SPEAKS_2 : HTTP_SPEAKS_1);
    }
    f->body = f->req.head ? f->req.head(f->req.ctx, &f->resp, &f->err) : HTTP_BODY_COLLECT;
    f->failed = f->body == HTTP_BODY_REFUSE;
    return !f->failed;
}

static size_t on_header(char *bytes, size_t one, size_t n, void *ctx)
{
    struct http_flow *f = ctx;
    size_t len = one * n;

    if (f->ended)
        return 0;
    if (!f->headed) {
        bool taken = http_take_header(&f->call, bytes, len);
        return taken && (!f->call.headers_whole || take_head(f)) ? len : 0;
    }
    /* A chunked body's trailers, which nobody asked for. */
    f->call.header_bytes += len;
    f->call.headers_full = f->call.header_bytes > HTTP_MAX_HEADERS;
    return f->call.headers_full ? 0 : len;
}

static size_t on_body(char *bytes, size_t one, size_t n, void *ctx)
{
    struct http_flow *f = ctx;
    size_t len = one * n;

    if (f->ended || !f->headed)
        return 0;
    f->call.body_bytes += len;
    f->flows->bytes += (int64_t)len;
    if (f->body == HTTP_BODY_COLLECT) {
        bool fits = str_addn(&f->resp.body, bytes, len);
        f->call.body_full = !fits && f->req.req.max_body;
        return f->call.body_full ? 0 : len;
    }
    if (len)
        f->failed = !f->req.body(f->req.ctx, bytes, len, &f->err);
    return f->failed || f->ended ? 0 : len;
}

static size_t on_source(char *to, size_t one, size_t n, void *ctx)
{
    struct http_flow *f = ctx;
    size_t max = one * n, got = 0;

    if (f->ended)
        return CURL_READFUNC_ABORT;
    if ((int64_t)max > f->unsent)
        max = (size_t)f->unsent;
    if (!max)
        return 0;
    f->failed = !f->req.source(f->req.ctx, to, max, &got, &f->err);
    if (f->failed || f->ended)
        return CURL_READFUNC_ABORT;
    f->unsent -= (int64_t)got;
    f->flows->bytes += (int64_t)got;
    return got;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
    struct http_flow *f = ctx;

    if (f->ended || offset != 0 || origin != SEEK_SET || !f->req.rewind ||
        !f->req.rewind(f->req.ctx))
        return CURL_SEEKFUNC_FAIL;
    f->unsent = f->req.upload_bytes;
    return CURL_SEEKFUNC_OK;
}

/* libcurl allocates the whole for each upload. */
static long upload_buffer(const struct http_flow *f)
{
    int64_t bytes = f->req.upload_bytes, most = (int64_t)f->flows->opts.buffer;
    most = most < UPLOAD_LEAST ? UPLOAD_LEAST : most;
    return bytes < UPLOAD_LEAST ? UPLOAD_LEAST : bytes > most ? (long)most : (long)bytes;
}

static void set_own(struct http_flow *f)
{
    CURL *easy = f->call.easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, f);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, f);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, f);
    if (f->req.bytes_per_s) {
        curl_easy_setopt(easy, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)f->req.bytes_per_s);
        curl_easy_setopt(easy, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)f->req.bytes_per_s);
    }
    /* What is asked for stands in a header of ours; this is what is taken. */
    if (f->req.decode)
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    if (!f->req.source)
        return;
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_source);
    curl_easy_setopt(easy, CURLOPT_READDATA, f);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, f);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer(f));
}

static enum lane lane_of(const struct http_flow *f, const struct http_flow_req *req)
{
    int64_t body = req->source ? req->upload_bytes : req->req.body ? (int64_t)req->req.body_len : 0;
    /* Answered and reset by the server in the midst of a body, libcurl 7.88 goes round and round.
     * What must not be sent twice has a connection of its own anyway. */
    bool second =
        req->http2 && f->flows->can_2 && f->call.url.tls && !req->once && body <= UPLOAD_2_MOST;
    return second ? LANE_2 : LANE_1;
}

bool http_flow_start(struct http_flows *fs, const struct http_flow_req *req, struct http_flow **out,
                     struct err *e)
{
    if (fs->closing)
        return err_set(e, ERR_INTERRUPTED, "nothing is started any more");
    struct http_flow *f = flow_take(fs);
    f->call.http = fs->http;
    f->call.resp = &f->resp;
    f->call.plain = true;
    f->req = *req;
    f->unsent = req->upload_bytes;
    f->call.max_body = req->req.max_body ? req->req.max_body : COLLECT_MOST;
    f->resp.body.max = f->call.max_body;
    if (!http_set(&f->call, req, e)) {
        flow_give(f);
        return false;
    }
    f->lane = lane_of(f, req);
    set_own(f);
    flow_move(f, &fs->lane[f->lane].waiting);
    fs->active++;
    if (out)
        *out = f;
    return true;
}

void flow_leave_loop(struct http_flow *f)
{
    struct http_flows *fs = f->flows;
    if (curl_multi_remove_handle(fs->lane[f->lane].multi, f->call.easy) != CURLM_OK)
        abort();
    fs->lane[f->lane].running--;
    f->on_loop = false;
}

static void log_end(const struct http_flow *f, const struct err *e)
{
    const struct http_call *c = &f->call;
    if (e)
        log_line(LOG_DEBUG, "http: %s %s: %s", c->method, c->url.shown, e->text);
    else
        log_line(LOG_DEBUG, "http: %s %s: %d, %llu bytes in %lld ms", c->method, c->url.shown,
                 f->resp.status, (unsigned long long)c->body_bytes,
                 (long long)(os_mono_ms() - c->began_ms));
}

static void flow_end(struct http_flow *f, bool ok, const struct err *e)
{
    struct http_flows *fs = f->flows;

    f->ended = true;
    log_end(f, ok ? NULL : e);
    fs->active--;
    /* libcurl refuses to let go of a handle while it is at work. */
    bool later = f->on_loop && fs->inside;
    if (f->on_loop && !later)
        flow_leave_loop(f);
    flow_move(f, later ? &fs->dead : NULL);
    f->req.end(f->req.ctx, ok, &f->resp, e);
    if (!later)
        flow_give(f);
}

/* libcurl repeats by itself what a kept connection of HTTP/1.1 lost before a byte of the answer
 * came, and streams that the server refused. 7.88 does not where a body was on its way as the
 * server said goodbye (RFC 9113 §6.8), so that is done here. */
static bool repeat(struct http_flow *f, CURLcode code)
{
    struct http_flows *fs = f->flows;
    bool lost = code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM || code == CURLE_SEND_ERROR ||
                code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
    long connects = 1;

    if (!lost || f->lane != LANE_2 || f->failed || f->call.header_bytes ||
        f->repeats == REPEATS_MOST)
        return false;
    curl_easy_getinfo(f->call.easy, CURLINFO_NUM_CONNECTS, &connects);
    if (connects || (f->req.source && f->unsent != f->req.upload_bytes &&
                     on_seek(f, 0, SEEK_SET) != CURL_SEEKFUNC_OK))
        return false;
    flow_leave_loop(f);
    f->repeats++;
    flow_move(f, &fs->lane[LANE_2].waiting);
    return true;
}

void flow_done(struct http_flow *f, CURLcode code)
{
    struct err e = {0};
    bool ok = false;

    if (repeat(f, code))
        return;

    if (f->failed)
        e = f->err;
    else
        ok = http_verdict(&f->call, code, &e);
    f->ended = true;
    /* The others need not wait for this host two at a time. */
    if (!ok && f->lane == LANE_2 && !f->call.sent)
        flows_leave_2(f->flows, f->call.url.host);
    flow_end(f, ok, &e);
}

void flow_give_up(struct http_flow *f)
{
    struct err e = {0};
    http_fail(&f->call, CURLE_OK, &e);
    flow_end(f, false, &e);
}

void http_flow_cancel(struct http_flow *flow)
{
    flow->call.stop = HTTP_CANCELLED;
    flow_give_up(flow);
}
