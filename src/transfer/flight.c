#include "engine.h"
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

enum {
    IDLE_MS = 15000, /* within a body: less than this is a slow server, more a dead one */
    HEAD_MS = 30000, /* before it; twice as much with each try, as some servers prepare long */
    HEAD_DOUBLES = 2,
    ANSWER_IDLE_MS = 120000, /* of an answer that is worked for: an object made of its parts */
    ANSWER_MS = 900000,
    ANSWER_MAX = 16 * 1024 * 1024,
};

struct flight *flight_new(struct job *j, enum call_kind kind)
{
    struct worker *w = j->worker;
    struct flight *f = w->spare;
    if (f)
        w->spare = f->next;
    else
        f = xcalloc(1, sizeof *f);
    *f = (struct flight){.job = j, .buffer = f->buffer, .room = f->room, .to = -1};
    f->call.kind = kind;
    f->call.remote = j->item.remote;
    f->call.address = j->item.address;
    f->call.to = f->call.right_offset = -1;
    f->call.no_clobber = j->item.no_clobber;
    return f;
}

void flight_free(struct flight *f)
{
    struct worker *w = f->job->worker;
    call_release(&f->call);
    sum_free(f->sum);
    free(f->access.token);
    free(f->sent_to);
    f->next = w->spare;
    w->spare = f;
}

static bool is_redirect(const struct flight *f, const struct http_resp *r)
{
    static const struct {
        int status;
        bool puts; /* the method stays what it was (RFC 9110 15.4) */
    } known[] = {{301, false}, {302, false}, {303, false}, {307, true}, {308, true}};
    bool put = f->call.kind == CALL_PUT;
    if (f->job->backend != &backend_http || !http_header(r, "Location"))
        return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == r->status)
            return known[i].puts || !put;
    return false;
}

static bool brings_bytes(const struct flight *f, const struct http_resp *r)
{
    return f->call.kind == CALL_GET && (r->status == 200 || r->status == 206);
}

static enum http_body on_head(void *ctx, const struct http_resp *resp, struct err *e)
{
    struct flight *f = ctx;
    const struct backend_op *op = &f->job->backend->op[f->call.kind];
    if (!brings_bytes(f, resp))
        return HTTP_BODY_COLLECT;
    if (f->job->way == &way_put) {
        /* What is there was asked for, not its bytes. */
        f->accepted = op->accept(&f->call, resp, e);
        return resp->status == 206 ? HTTP_BODY_COLLECT : HTTP_BODY_REFUSE;
    }
    f->accepted = op->accept(&f->call, resp, e) && download_head(f, e);
    return f->accepted ? HTTP_BODY_STREAM : HTTP_BODY_REFUSE;
}

static bool on_bytes(void *ctx, const void *bytes, size_t len, struct err *e)
{
    struct flight *f = ctx;
    atomic_fetch_add_explicit(&f->job->worker->t->moved, (int64_t)len, memory_order_relaxed);
    return download_bytes(f, bytes, len, e);
}

static bool on_source(void *ctx, void *to, size_t max, size_t *n, struct err *e)
{
    struct flight *f = ctx;
    if (!upload_bytes(f, to, max, n, e))
        return false;
    atomic_fetch_add_explicit(&f->job->worker->t->moved, (int64_t)*n, memory_order_relaxed);
    return true;
}

static bool on_rewind(void *ctx)
{
    return upload_rewind(ctx);
}

static void set_redirect(struct job *j, char *take_url, bool stranger)
{
    free(j->redirect);
    j->redirect = take_url;
    j->stranger = stranger;
    j->redirects++;
}

/* Where the answer sends us. Another host gets no credentials of the first one, and neither does
 * the first one again behind it. Of several that were sent to the same address the first to come
 * back tells. */
static enum outcome follow(struct flight *f, const struct http_resp *r, struct err *e)
{
    struct job *j = f->job;
    char *url = NULL;
    bool same = false;
    if (f->redirects != j->redirects)
        return FLIGHT_MOVED;
    if (++j->hops > REDIRECTS_MOST) {
        err_set(e, ERR_REFUSED, "redirected %d times without an end", REDIRECTS_MOST);
        return FLIGHT_FAILED;
    }
    const char *base = f->sent_to ? f->sent_to : f->call.url;
    if (!http_url_follow(base, http_header(r, "Location"), &url, &same, e)) {
        err_wrap(e, "redirected");
        return FLIGHT_FAILED;
    }
    set_redirect(j, url, j->stranger || !same);
    return FLIGHT_MOVED;
}

/* An address that a redirect gave once may have run out: the first one gives another. */
static bool ran_out(struct flight *f)
{
    struct job *j = f->job;
    int status = f->err.http_status;
    bool refused = status == 401 || status == 403 || status == 404 || status == 410;
    if (!refused || !f->sent_to)
        return false;
    if (f->redirects != j->redirects)
        return true;
    if (j->hops)
        return false;
    set_redirect(j, NULL, false);
    j->hops = 1; /* one asks for the others */
    return true;
}

static void learn_access(struct flight *f)
{
    struct access_box *box = f->job->box;
    if (!f->call.token_is_old && !f->call.right_skew_ms)
        return;
    lock_take(box->lock);
    bool same =
        box->access.token && f->access.token && strcmp(box->access.token, f->access.token) == 0;
    if (f->call.token_is_old && same) {
        free(box->access.token);
        box->access.token = NULL;
    }
    if (f->call.right_skew_ms)
        box->access.skew_ms = f->call.right_skew_ms;
    lock_drop(box->lock);
}

static enum outcome judge(struct flight *f, bool ok, const struct http_resp *r)
{
    struct job *j = f->job;
    struct err *e = &f->err;
    const struct backend_op *op = &j->backend->op[f->call.kind];
    if (f->outcome == FLIGHT_VOID)
        return FLIGHT_VOID;
    if (ok && is_redirect(f, r))
        return follow(f, r, e);
    if (f->accepted && j->way == &way_put)
        return FLIGHT_OK;
    if (ok && !f->accepted)
        f->accepted = ok = op->accept(&f->call, r, e);
    if (ok) {
        j->hops = 0;
        return FLIGHT_OK;
    }
    f->retry_after_ms = call_retry_after_ms(r, os_unix_ms());
    learn_access(f);
    if (f->call.changed)
        return FLIGHT_CHANGED;
    if (f->call.token_is_old || f->call.right_skew_ms)
        return FLIGHT_AGAIN;
    if (ran_out(f))
        return FLIGHT_MOVED;
    return e->retryable ? FLIGHT_AGAIN : FLIGHT_FAILED;
}

static void on_end(void *ctx, bool ok, const struct http_resp *resp, const struct err *e)
{
    struct flight *f = ctx;
    struct job *j = f->job;
    struct flight **at = &j->flying;
    if (!ok)
        f->err = *e;
    else if (f->asked_2)
        j->worker->http2 = resp->http2;
    f->repeated = resp->repeated;
    j->ambiguous = j->ambiguous || f->repeated;
    f->outcome = judge(f, ok, resp);
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    j->flights--;
    j->worker->in_flight--;
    f->next = j->worker->landed;
    j->worker->landed = f;
}

/* The access token and the clock, as they are known now; a first token is asked for, by one file
 * while the others of this remote wait. */
static bool get_access(struct flight *f, struct err *e)
{
    struct job *j = f->job;
    struct access_box *box = j->box;
    struct transfer *t = j->worker->t;
    bool ok = true;
    lock_take(box->lock);
    if (j->backend->login && !box->access.token)
        ok = j->backend->login(j->item.remote, t->http, t->stop, &box->access.token, e);
    if (ok) {
        f->access = box->access;
        f->access.token = box->access.token ? xstrdup(box->access.token) : NULL;
    }
    lock_drop(box->lock);
    f->call.access = &f->access;
    return ok;
}

/* Of a request that another host gets: what is about the bytes, nothing about us. */
static void bare(struct call *c)
{
    static const char *const kept[] = {"Range", "If-Match", "If-Unmodified-Since", "If-None-Match",
                                       "Content-Type"};
    size_t n = 0;
    for (size_t i = 0; i < c->n_headers; i++) {
        bool keep = false;
        for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
            keep = keep || strcmp(c->headers[i].name, kept[k]) == 0;
        if (keep)
            c->headers[n++] = c->headers[i];
        else
            free((char *)c->headers[i].value);
    }
    c->n_headers = n;
}

static void fill_request(struct flight *f, struct http_flow_req *q)
{
    const struct job *j = f->job;
    const struct call *c = &f->call;
    bool stream = c->kind == CALL_GET;
    bool puts =
        (c->kind == CALL_PUT || c->kind == CALL_PART || c->kind == CALL_BEGIN) && f->to >= 0;
    bool bare_now = j->redirect && j->stranger;
    *q = (struct http_flow_req){
        .req = {.method = c->method,
                .url = j->redirect ? j->redirect : c->url,
                .bearer = bare_now ? NULL : c->bearer,
                .headers = c->headers,
                .n_headers = c->n_headers,
                .idle_ms = stream ? IDLE_MS : ANSWER_IDLE_MS,
                .total_ms = ANSWER_MS,
                .max_body = stream ? 0 : ANSWER_MAX,
                .body = !puts && c->body.len ? c->body.p : NULL,
                .body_len = puts ? 0 : c->body.len},
        .user = bare_now ? NULL : c->user,
        .password = bare_now ? NULL : c->password,
        .netrc = c->netrc && !bare_now,
        .decode = c->decode,
        .upload_bytes = puts ? f->to - f->from : -1,
        .source = puts ? on_source : NULL,
        .rewind = puts ? on_rewind : NULL,
        .head = on_head,
        .body = on_bytes,
        .end = on_end,
        .head_ms = stream ? HEAD_MS << (j->tries < HEAD_DOUBLES ? j->tries : HEAD_DOUBLES) : 0,
        .bytes_per_s = j->worker->t->opts.bytes_per_s,
        .ctx = f};
    /* One window of one connection would bound what several ranges of a file can bring. */
    const struct transfer *t = j->worker->t;
    f->asked_2 = t->n > 1 && t->opts.connections > 1 && (!stream || c->from == 0);
    q->http2 = f->asked_2;
}

bool flight_send(struct flight *f, struct err *e)
{
    struct job *j = f->job;
    struct worker *w = j->worker;
    struct http_flow_req q;
    f->outcome = FLIGHT_ON;
    f->pos = f->from;
    f->sent_ms = os_mono_ms();
    f->redirects = j->redirects;
    f->sent_to = j->redirect ? xstrdup(j->redirect) : NULL;
    f->call.now_ms = os_unix_ms();
    bool ok = get_access(f, e) && j->backend->op[f->call.kind].prepare(&f->call, e);
    if (ok && j->redirect && j->stranger)
        bare(&f->call);
    if (ok) {
        fill_request(f, &q);
        f->next = j->flying;
        j->flying = f;
        j->flights++;
        w->in_flight++;
        ok = http_flow_start(w->flows, &q, &f->flow, e);
        if (!ok) {
            j->flying = f->next;
            j->flights--;
            w->in_flight--;
        }
    }
    if (!ok)
        flight_free(f);
    return ok;
}

void job_recall(struct job *j)
{
    while (j->flying) {
        j->flying->outcome = FLIGHT_VOID;
        http_flow_cancel(j->flying->flow);
    }
    for (struct flight *f = j->worker->landed; f; f = f->next)
        if (f->job == j)
            f->outcome = FLIGHT_VOID;
}
