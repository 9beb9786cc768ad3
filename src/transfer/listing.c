/* What is asked of a service in single calls, one after the other: lists, uploads left behind,
 * objects to delete, addresses to give away. */
#include "engine.h"
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 5, BACKOFF_MS = 500, ANSWER_MAX = 16 << 20 };

struct talk {
    struct transfer_net *net;
    const struct backend *backend;
    const struct remote *remote;
    struct access access;
    struct cancel *cancel;
};

static bool talk_begin(struct talk *k, struct err *e)
{
    k->backend = backend_of(k->remote->type);
    return k->backend || err_set(e, ERR_CONFIG, "type '%s' is not known", k->remote->type);
}

static bool log_in(struct talk *k, struct err *e)
{
    return !k->backend->login || k->access.token ||
           k->backend->login(k->remote, k->net->http, k->cancel, &k->access.token, e);
}

static void talk_end(struct talk *k)
{
    free(k->access.token);
}

static bool once(struct talk *k, struct call *c, int64_t *retry_after_ms, struct err *e)
{
    const struct backend_op *op = &k->backend->op[c->kind];
    struct http_resp resp = {0};
    c->now_ms = os_unix_ms();
    c->access = &k->access;
    call_release(c);
    c->token_is_old = false;
    c->right_skew_ms = 0;
    if (!op->prepare(c, e))
        return false;
    struct http_req q = {.method = c->method,
                         .url = c->url,
                         .headers = c->headers,
                         .n_headers = c->n_headers,
                         .bearer = c->bearer,
                         .body = c->body.len ? c->body.p : NULL,
                         .body_len = c->body.len,
                         .max_body = ANSWER_MAX};
    bool ok = http_do(k->net->http, &q, &resp, k->cancel, e) && op->accept(c, &resp, e);
    *retry_after_ms = call_retry_after_ms(&resp, os_unix_ms());
    http_resp_release(&resp);
    if (c->right_skew_ms) {
        k->access.skew_ms = c->right_skew_ms;
        e->retryable = true;
    }
    if (c->token_is_old) {
        free(k->access.token);
        k->access.token = NULL;
    }
    return ok;
}

static bool ask(struct talk *k, struct call *c, struct err *e)
{
    int64_t wait = BACKOFF_MS, after = 0;
    if (!k->backend->op[c->kind].prepare)
        return err_set(e, ERR_CONFIG, "remotes of type '%s' cannot do this", k->remote->type);
    for (int tries = 1;; tries++) {
        *e = (struct err){0};
        if (log_in(k, e) && once(k, c, &after, e))
            return true;
        if (!e->retryable || tries == TRIES)
            return false;
        if (cancel_sleep(k->cancel, after ? after : wait))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
        wait *= 2;
    }
}

/* c's next page; *more is false once there is none. A service that sends us in circles is told. */
static bool turn_page(struct call *c, char **page, bool *more, struct err *e)
{
    bool circle = *page && c->next && strcmp(*page, c->next) == 0;
    free(*page);
    *page = c->next;
    c->next = NULL;
    c->page = *page;
    *more = *page != NULL && !circle;
    return !circle || err_set(e, ERR_PROTOCOL, "the service's list has no end");
}

bool transfer_list(struct transfer_net *net, const struct remote *remote, const char *prefix,
                   bool (*fn)(void *ctx, const struct transfer_entry *entry, struct err *e),
                   void *ctx, struct cancel *cancel, struct err *e)
{
    struct talk k = {.net = net, .remote = remote, .cancel = cancel};
    struct call c = {.kind = CALL_LIST, .remote = remote, .address = prefix};
    char *page = NULL;
    bool ok = talk_begin(&k, e);
    for (bool more = ok; more;) {
        ok = ask(&k, &c, e);
        for (size_t i = 0; ok && i < c.n_names; i++)
            ok = fn(ctx, &(struct transfer_entry){.name = c.names[i], .size = c.sizes[i]}, e);
        more = false;
        ok = ok && turn_page(&c, &page, &more, e);
    }
    call_release(&c);
    free(page);
    talk_end(&k);
    return ok;
}

static bool abort_one(struct talk *k, const char *address, const char *id, struct err *e)
{
    struct call c = {.kind = CALL_ABORT, .remote = k->remote, .address = address, .upload = id};
    bool ok = ask(k, &c, e);
    call_release(&c);
    return ok;
}

bool transfer_uploads(struct transfer_net *net, const struct remote *remote, const char *prefix,
                      bool abort, int64_t older_s,
                      void (*fn)(void *ctx, const struct transfer_upload *upload), void *ctx,
                      struct cancel *cancel, struct err *e)
{
    struct talk k = {.net = net, .remote = remote, .cancel = cancel};
    struct call c = {.kind = CALL_UPLOADS, .remote = remote, .address = prefix};
    char *page = NULL;
    bool ok = talk_begin(&k, e);
    for (bool more = ok; more;) {
        ok = ask(&k, &c, e);
        int64_t now = (os_unix_ms() + k.access.skew_ms) / 1000;
        for (size_t i = 0; ok && i < c.n_names; i++) {
            struct transfer_upload u = {
                .address = c.names[i], .id = c.ids[i], .started = c.times[i]};
            if (abort && now - u.started >= older_s) {
                ok = abort_one(&k, u.address, u.id, e);
                u.aborted = ok;
            }
            if (ok)
                fn(ctx, &u);
        }
        more = false;
        ok = ok && turn_page(&c, &page, &more, e);
    }
    call_release(&c);
    free(page);
    talk_end(&k);
    return ok;
}

bool transfer_delete(struct transfer_net *net, const struct remote *remote, const char *address,
                     struct cancel *cancel, struct err *e)
{
    struct talk k = {.net = net, .remote = remote, .cancel = cancel};
    struct call c = {.kind = CALL_DELETE, .remote = remote, .address = address};
    bool ok = talk_begin(&k, e) && ask(&k, &c, e);
    call_release(&c);
    talk_end(&k);
    return ok;
}

bool transfer_presign(const struct remote *remote, enum transfer_way way, const char *address,
                      int64_t seconds, char **url, struct err *e)
{
    const struct backend *b = backend_of(remote->type);
    if (!b || !b->presign)
        return err_set(e, ERR_CONFIG, "remotes of type '%s' have no addresses to give away",
                       remote->type);
    return b->presign(remote, way, address, seconds, os_unix_ms(), url, e);
}
