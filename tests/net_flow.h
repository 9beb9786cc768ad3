/* net_flow: what a test sees of one flow, and turning until all have ended. */
#ifndef DOGS_TESTS_NET_FLOW_H
#define DOGS_TESTS_NET_FLOW_H

#include "net_peer.h"
#include "unit.h"

#include <dogs/http_flow.h>
#include <dogs/os.h>

struct seen {
    enum http_body want; /* what `head` says */
    bool spoil;          /* `body` fails */
    int heads, ends, status;
    bool ok;
    struct err e;
    struct str body; /* streamed or collected */
    bool http2;
    int connection; /* as the server counts them, if it tells */
    /* A source of `size` bytes. */
    size_t size, given;
    int rewinds, source_fails_at; /* 0 = never */
    /* Further flows are started by `end` until `left` is 0. */
    int *left;
    struct http_flows *flows;
    const struct http_flow_req *again;
};

static inline enum http_body seen_head(void *ctx, const struct http_resp *resp, struct err *e)
{
    struct seen *s = ctx;
    const char *connection = http_header(resp, "x-connection");
    s->heads++;
    s->http2 = str_starts(resp->headers.p, "HTTP/2");
    s->connection = connection ? atoi(connection) : 0;
    assert_true(resp->status >= 200);
    if (s->want == HTTP_BODY_REFUSE)
        err_set(e, ERR_REFUSED, "not this: %d", resp->status);
    return s->want;
}

static inline bool seen_body(void *ctx, const void *bytes, size_t len, struct err *e)
{
    struct seen *s = ctx;
    assert_true(len > 0 && len <= 16384 && !s->ends);
    if (!s->body.max)
        s->body = STR(16 * 1024 * 1024);
    str_addn(&s->body, bytes, len);
    return !s->spoil || err_set(e, ERR_IO, "the disk is full");
}

/* Bytes that tell their place. */
static inline bool seen_source(void *ctx, void *to, size_t max, size_t *n, struct err *e)
{
    struct seen *s = ctx;
    size_t left = s->size - s->given;
    *n = max < left ? max : left;
    assert_true(*n > 0);
    memset(to, 'a' + (int)(s->given % 26), *n);
    s->given += *n;
    return !s->source_fails_at || (int)s->given < s->source_fails_at ||
           err_set(e, ERR_IO, "the file is unreadable");
}

static inline bool seen_rewind(void *ctx)
{
    struct seen *s = ctx;
    s->given = 0;
    s->rewinds++;
    return true;
}

static inline void seen_end(void *ctx, bool ok, const struct http_resp *resp, const struct err *e)
{
    struct seen *s = ctx;
    s->ends++;
    s->ok = ok;
    s->status = resp->status;
    s->e = *e;
    if (s->want == HTTP_BODY_COLLECT && resp->body.len) {
        s->body = STR(resp->body.len);
        str_addn(&s->body, resp->body.p, resp->body.len);
    }
    if (s->left && *s->left > 0) {
        struct err start = {0};
        (*s->left)--;
        assert_true(http_flow_start(s->flows, s->again, NULL, &start));
    }
}

static inline struct http_flow_req seen_req(const char *method, const char *url, struct seen *s)
{
    return (struct http_flow_req){.req = {.method = method, .url = url, .idle_ms = 8000},
                                  .head = seen_head,
                                  .body = seen_body,
                                  .end = seen_end,
                                  .ctx = s};
}

static inline void seen_release(struct seen *s)
{
    str_release(&s->body);
    *s = (struct seen){.want = s->want};
}

static inline void flows_finish(struct http_flows *fs)
{
    struct err e = {0};
    int64_t until = os_mono_ms() + 20000;
    while (http_flows_active(fs)) {
        if (!http_flows_turn(fs, 200, NULL, &e))
            fail_msg("%s", e.text);
        if (os_mono_ms() > until)
            fail_msg("%zu flows never end", http_flows_active(fs));
    }
}

static inline void flow_one(struct http_flows *fs, const struct http_flow_req *q)
{
    struct err e = {0};
    if (!http_flow_start(fs, q, NULL, &e))
        fail_msg("%s", e.text);
    flows_finish(fs);
}

#endif
