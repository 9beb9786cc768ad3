/* http_flow: many requests under way at once in one thread, their bodies streamed through
 * callbacks. The engine of transfers is written on it; for single calls use http_do.
 *
 *     struct http_flows *fs = http_flows_new(h, &(struct http_flows_opts){.connections = 8}, &e);
 *     http_flow_start(fs, &req, &e) ...
 *     while (http_flows_active(fs))
 *         if (!http_flows_turn(fs, 200, cancel, &e)) ...
 *     http_flows_free(fs);
 *
 * A struct http_flows belongs to one thread; only http_flows_wake may be called from others.
 * Several of them on one struct http share its DNS answers and TLS sessions, not its connections.
 * Callbacks run inside http_flow_start, _turn and _cancel's thread; they may start further flows
 * (from `end`) but not free the flows.
 *
 * Any number of flows may be started; those that have no place yet wait for their turn in the order
 * of their start. HTTP/1.1: `connections` at once. HTTP/2: 100 streams, on one connection, or two
 * while the server wants the first to end; one less is left for HTTP/1.1 then, if that leaves any.
 * Whether a host has it is learnt by the first answer and remembered in struct http.
 *
 * Rules as for http_do: TLS verified always, http and https only, redirects reported and never
 * followed, credentials never in clear but to loopback, proxies from the environment (not for
 * loopback), nothing secret in the log. In addition:
 *  - `Accept-Encoding: identity` is asked for; with .decode an answer that comes packed all the
 * same is unpacked (a length that was announced is then the packed one's).
 *  - A body of known length that ends early is NETWORK "broke off", never success.
 *  - A request may be repeated by libcurl on a fresh connection if a reused one died before a byte
 *    of the answer came; `rewind` is called then. With .once it goes over a new connection instead,
 *    by HTTP/1.1, and never twice.
 *  - Silence is counted only while the loop is turned: who throttles by not turning it times nobody
 *    out. It is noticed up to a second late.
 */
#ifndef DOGS_HTTP_FLOW_H
#define DOGS_HTTP_FLOW_H

#include <dogs/http.h>

struct http_flows;
struct http_flow;

struct http_flows_opts {
    int connections; /* kept open, and HTTP/1.1 requests under way at once; at least 1 */
    size_t buffer;   /* bytes of libcurl's receive buffer per connection; 0 = 512 KiB, with more
                        than 32 connections less, 16 MiB in all */
};

enum http_body {
    HTTP_BODY_STREAM,  /* each piece to `body` */
    HTTP_BODY_COLLECT, /* into resp->body: the first 64 KiB, what an error says; or, where max_body
                          is set, all of it, and PROTOCOL if it is longer */
    HTTP_BODY_REFUSE,  /* not wanted: the flow ends, failed with the err that `head` set */
};

struct http_flow_req {
    /* method, url, bearer, headers, body and body_len as for http_do. All text is copied; a body is
     * lent until `end`. idle_ms: no byte for so long is TIMEOUT (retryable); total_ms is for
     * answers that are collected; streamed bodies in either direction have no limit in all. */
    struct http_req req;
    const char *user, *password; /* basic authentication; NULL = none */
    bool netrc; /* where no credentials are given: the user's ~/.netrc for this host; not looked at
                   for a host that is spoken to in clear text */
    bool http2; /* multiplex over HTTP/2 where TLS offers it; else HTTP/1.1. Bodies to send above
                   64 KiB go by HTTP/1.1 in any case */
    bool decode, once;
    int head_ms;          /* the first byte of the answer may take so long; 0 = idle_ms */
    int64_t bytes_per_s;  /* of this one at most, roughly; 0 = as it comes */
    int64_t upload_bytes; /* >= 0 with `source`: length of the body */

    /* The final answer's status and headers are there. NULL = collect. */
    enum http_body (*head)(void *ctx, const struct http_resp *resp, struct err *e);
    /* The next piece of a streamed body; false with *e ends the flow. At most 16 KiB a time. */
    bool (*body)(void *ctx, const void *bytes, size_t len, struct err *e);
    /* Fills up to max bytes of the request's body; *n > 0. False with *e ends the flow. */
    bool (*source)(void *ctx, void *to, size_t max, size_t *n, struct err *e);
    bool (*rewind)(void *ctx); /* the body from its beginning again; false = cannot */
    /* Called exactly once for each flow that was started, last; the flow is gone afterwards. ok: a
     * complete answer of whatever status. Else *e says as http_do does, with `retryable`. resp is
     * lent for the call; its status is 0 where no head came. */
    void (*end)(void *ctx, bool ok, const struct http_resp *resp, const struct err *e);
    void *ctx;
};

struct http_flows *http_flows_new(struct http *h, const struct http_flows_opts *opts,
                                  struct err *e);
/* Flows under way end with INTERRUPTED first. NULL allowed. */
void http_flows_free(struct http_flows *fs);

/* False (CONFIG) if the request is not proper; then `end` is not called. */
bool http_flow_start(struct http_flows *fs, const struct http_flow_req *req, struct http_flow **out,
                     struct err *e);
/* `end` is called with INTERRUPTED before this returns. Not from within a callback of this flow. */
void http_flow_cancel(struct http_flow *flow);

/* From now on so many connections instead of opts.connections; no more than that. */
void http_flows_limit(struct http_flows *fs, int connections);

size_t http_flows_active(const struct http_flows *fs);
/* Waits up to wait_ms (and half a second, while flows are under way) until something can be moved,
 * moves what can be and calls what is due; does not wait while there are new flows to begin with.
 * False with INTERRUPTED once cancel is triggered (flows stay as they are), else FAILED: libcurl
 * broke. */
bool http_flows_turn(struct http_flows *fs, int wait_ms, struct cancel *cancel, struct err *e);
void http_flows_wake(struct http_flows *fs); /* ends a wait; from any thread */

/* Bytes of bodies moved in both directions since the start, all flows. */
int64_t http_flows_bytes(const struct http_flows *fs);

/* `location` as it stands in an answer of `base`, whole; CONFIG if it cannot be one or is neither
 * http nor https. *same: scheme, host and port did not change, so credentials may go along. Yours
 * to free. */
bool http_url_follow(const char *base, const char *location, char **out, bool *same, struct err *e);
/* The last part of a URL's path, percent-decoded; "" if it ends in '/'. Yours to free; NULL with
 * CONFIG if it is no URL. */
char *http_url_name(const char *url, struct err *e);
/* The URL as it may be shown: without user, password and query. Yours to free. */
char *http_url_shown(const char *url);

#endif
