#include "ask.h"

#include <dogs/os.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOKUP_MS = 5000,
    HTTP_SLICE_MS = 10, /* where sockets and libcurl have to be waited for at once */
    LONGEST_TRY = 4,    /* times try_ms, however often something comes */
};

struct game_net {
    struct lock *lock;
    struct http *http; /* guarded by lock until it is there, and then for good */
};

struct asks {
    struct game_net *net;
    struct http_flows *flows; /* NULL until one needs them */
    struct cancel *cancel;
    bool closing;
};

struct game_net *game_net_open(struct err *e)
{
    (void)e;
    struct game_net *net = xcalloc(1, sizeof *net);
    net->lock = lock_new();
    return net;
}

void game_net_close(struct game_net *net)
{
    if (!net)
        return;
    http_free(net->http);
    lock_free(net->lock);
    free(net);
}

/* Made when the first asks over HTTP, so that nobody else loads libcurl. */
static struct http *http_of(struct game_net *net, struct err *e)
{
    lock_take(net->lock);
    if (!net->http)
        net->http = http_new(&(struct http_opts){.user_agent = "dogs/" DOGS_VERSION}, e);
    struct http *h = net->http;
    lock_drop(net->lock);
    return h;
}

static bool over_http(const struct ask *a)
{
    return a->protocol->carrier == CARRY_HTTP || a->protocol->carrier == CARRY_HTTPS;
}

static int wait_ms(const struct ask *a)
{
    return a->telling && a->order_ms ? a->order_ms : a->try_ms;
}

static void wait_anew(struct ask *a)
{
    int64_t end = os_mono_ms() + wait_ms(a);
    a->deadline_ms = end < a->give_up_ms ? end : a->give_up_ms;
}

static void obey(struct ask *a, enum talk_next next);

static void close_sock(struct ask *a)
{
    sock_close(a->sock);
    a->sock = NULL;
}

static void ask_end(struct ask *a)
{
    struct game_answer *answer = a->answer;
    close_sock(a);
    a->err = answer->err = a->talk.err;
    a->done_ok = a->talk.done_ok;
    answer->silent = !a->heard;
    answer->ms = a->heard ? (int)(os_mono_ms() - a->began_ms) : -1;
    talk_release(&a->talk);
    a->over = true;
}

static void try_begin(struct ask *a)
{
    uint64_t nonce;
    os_random(&nonce, sizeof nonce);
    talk_init(&a->talk, a->protocol, a->place, a->answer, nonce);
    a->talk.port = a->port;
    a->talk.telling = a->telling;
    a->talk.order = a->order;
    a->talk.text = a->text;
    a->talk.names = a->names;
    a->heard = false;
    a->began_ms = os_mono_ms();
    a->give_up_ms = a->began_ms + (int64_t)LONGEST_TRY * wait_ms(a);
    enum talk_next next = talk_begin(&a->talk);
    obey(a, next == TALK_OVER ? next : TALK_ANEW);
}

/* Nobody waits for it any more. */
static void give_up(struct ask *a, const struct err *why)
{
    close_sock(a);
    talk_release(&a->talk);
    talk_init(&a->talk, a->protocol, a->place, a->answer, 0);
    talk_bad(&a->talk, why->code, "%s", why->text);
    ask_end(a);
}

/* Another try, or the end of all. */
static void try_end(struct ask *a)
{
    bool unmet = !over_http(a) && !a->connected; /* an order may go to another address then */
    bool another = unmet && (size_t)a->attempt + 1 < a->n_addresses;
    bool again = !a->telling && a->attempt + 1 < a->tries &&
                 !(unmet && !another && a->talk.err.code == ERR_NETWORK);
    a->attempt++;
    if (a->talk.err.retryable && (another || again)) {
        close_sock(a);
        talk_release(&a->talk);
        try_begin(a);
        return;
    }
    ask_end(a);
}

static const char *place_text(const struct ask *a, char out[SOCK_ADDR_TEXT])
{
    sock_addr_text(&a->addresses[(size_t)a->attempt % a->n_addresses], out);
    return out;
}

static const char *kind_text(const struct ask *a)
{
    return a->protocol->carrier == CARRY_UDP ? "UDP" : "TCP";
}

/* The connection failed: `e` says why. */
static void broken(struct ask *a, enum sock_state state, const struct err *e)
{
    char at[SOCK_ADDR_TEXT];
    talk_bad(&a->talk, ERR_NETWORK, "%s (%s): %s", place_text(a, at), kind_text(a),
             state == SOCK_CLOSED ? "nobody listens" : e->text);
    a->talk.err.ambiguous = a->telling && a->connected;
    try_end(a);
}

static void open_sock(struct ask *a)
{
    struct err e = {0};
    enum sock_kind kind = a->protocol->carrier == CARRY_UDP ? SOCK_UDP : SOCK_TCP;
    close_sock(a);
    a->sent = 0;
    a->connected = kind == SOCK_UDP;
    a->sock = sock_connect(kind, &a->addresses[(size_t)a->attempt % a->n_addresses], &e);
    if (a->sock)
        wait_anew(a);
    else
        broken(a, SOCK_BROKEN, &e);
}

static void answer_late(struct ask *a)
{
    char at[SOCK_ADDR_TEXT];
    enum talk_next next = TALK_OVER;
    if (a->connected)
        next = talk_late(&a->talk);
    bool datagrams = a->protocol->carrier == CARRY_UDP && !a->heard;
    if (!a->connected || (datagrams && next == TALK_OVER && a->talk.err.code == ERR_TIMEOUT))
        talk_bad(&a->talk, ERR_TIMEOUT, "%s (%s): nothing came within %d ms, %d time%s",
                 place_text(a, at), kind_text(a), wait_ms(a), a->attempt + 1,
                 a->attempt ? "s" : "");
    obey(a, next);
}

/* A server that stops may just as well reset the connection as close it; one that has spoken before
 * has closed it, too, if it did so while something was on its way there. */
static bool may_end(const struct ask *a)
{
    return a->telling && a->order == GAME_STOP;
}

/* Of what failed over HTTP. */
static void http_failed(struct ask *a, const struct err *e)
{
    if (e->code == ERR_TIMEOUT) {
        enum talk_next next = talk_late(&a->talk);
        if (next != TALK_OVER || !a->talk.err.code) {
            obey(a, next);
            return;
        }
    }
    if (e->code == ERR_NETWORK && e->ambiguous && may_end(a) && a->protocol->end) {
        talk_end(&a->talk);
        if (a->talk.done_ok) {
            try_end(a);
            return;
        }
    }
    talk_bad(&a->talk, e->code, "%s", e->text);
    a->talk.err = *e;
    /* Of what libcurl says over the network only a certificate is refused for good. */
    if (e->code == ERR_NETWORK && !e->retryable && !a->place->pin)
        snprintf(a->talk.err.hint, sizeof a->talk.err.hint,
                 "if the server made the certificate itself, pin it: --pin SHA256, or admin_pin in "
                 "the config");
    if (e->code == ERR_CONFIG && a->protocol->carrier == CARRY_HTTP)
        snprintf(a->talk.err.hint, sizeof a->talk.err.hint,
                 "that game speaks in clear text; go through a tunnel: ssh -L %u:127.0.0.1:%u "
                 "SERVER, and ask 127.0.0.1",
                 (unsigned)a->port, (unsigned)a->port);
    try_end(a);
}

static void http_ended(void *ctx, bool ok, const struct http_resp *resp, const struct err *e)
{
    struct ask *a = ctx;
    a->flow = NULL;
    if (a->asks->closing)
        return;
    a->heard = a->heard || resp->status;
    if (ok)
        obey(a, talk_feed(&a->talk, str_text(&resp->body), resp->body.len, resp->status));
    else
        http_failed(a, e);
}

static void http_start(struct ask *a)
{
    const struct talk *t = &a->talk;
    const char *host = a->place->host, *brackets = strchr(host, ':') ? "[]" : "";
    bool tls = a->protocol->carrier == CARRY_HTTPS;
    struct err e = {0};
    char *url = xasprintf("%s://%.1s%s%s:%u%s", tls ? "https" : "http", brackets, host,
                          *brackets ? brackets + 1 : "", (unsigned)a->port, t->http.path);
    struct http_flow_req f = {.req = {.method = t->http.method,
                                      .url = url,
                                      .bearer = *t->http.bearer ? t->http.bearer : NULL,
                                      .pin = tls ? a->place->pin : NULL,
                                      .body = t->out.len ? t->out.p : NULL,
                                      .body_len = t->out.len,
                                      .connect_ms = a->try_ms,
                                      .idle_ms = wait_ms(a),
                                      .total_ms = LONGEST_TRY * wait_ms(a),
                                      .max_body = TALK_REPLY_MAX},
                              .user = t->http.basic ? "admin" : NULL,
                              .password = t->http.basic ? a->place->password : NULL,
                              .once = t->telling,
                              .end = http_ended,
                              .ctx = a};
    a->deadline_ms = INT64_MAX;
    bool ok = http_flow_start(a->asks->flows, &f, &a->flow, &e);
    free(url);
    if (!ok)
        http_failed(a, &e);
}

static void obey(struct ask *a, enum talk_next next)
{
    struct err ignored = {0};
    size_t n;
    if (next == TALK_OVER && a->protocol->carrier == CARRY_UDP && a->sock && a->talk.out.len)
        sock_write(a->sock, a->talk.out.p, a->talk.out.len, &n, NULL, &ignored);
    if (next == TALK_OVER)
        try_end(a);
    else if (over_http(a) && next != TALK_MORE)
        http_start(a);
    else if (next == TALK_ANEW)
        open_sock(a);
    else if (next == TALK_SEND) {
        a->sent = 0;
        wait_anew(a);
    } else if (a->protocol->carrier == CARRY_TCP)
        wait_anew(a);
}

static void write_some(struct ask *a)
{
    struct err e = {0};
    size_t n = 0;
    const char *from = str_text(&a->talk.out) + a->sent;
    enum sock_state state = sock_write(a->sock, from, a->talk.out.len - a->sent, &n, NULL, &e);

    if (state == SOCK_NOT_YET)
        return;
    if (state != SOCK_DONE && a->heard) {
        /* It has closed: what it said before may be unread, and reading finds the end. */
        a->sent = a->talk.out.len;
        return;
    }
    if (state != SOCK_DONE) {
        broken(a, state, &e);
        return;
    }
    bool greet = !a->connected && !a->talk.out.len;
    a->connected = true;
    a->sent += n;
    if (greet)
        obey(a, talk_feed(&a->talk, NULL, 0, 0));
}

static void read_some(struct ask *a, unsigned char *room)
{
    struct err e = {0};
    size_t n = 0;
    enum sock_state state = sock_read(a->sock, room, TALK_PIECE_MAX, &n, NULL, &e);

    if (state == SOCK_NOT_YET)
        return;
    if (state == SOCK_DONE) {
        a->heard = a->connected = true;
        obey(a, talk_feed(&a->talk, room, n, 0));
    } else if (a->protocol->carrier == CARRY_UDP ||
               (state == SOCK_BROKEN && !may_end(a) && !a->heard)) {
        broken(a, state, &e);
    } else {
        obey(a, talk_end(&a->talk));
    }
}

static void move(struct ask *a, const struct sock_poll *p, unsigned char *room)
{
    const struct sock *sock = a->sock;
    if (!sock || sock != p->sock)
        return;
    if (p->can_write)
        write_some(a);
    if (!a->over && a->sock == sock && p->can_read)
        read_some(a, room);
}

static struct sock_poll wish(const struct ask *a)
{
    return (struct sock_poll){
        .sock = a->sock, .read = a->connected, .write = !a->connected || a->sent < a->talk.out.len};
}

/* Milliseconds until the first of them has waited long enough; -1 if none is under way. */
static int64_t time_left(const struct ask *asks, size_t n, size_t *socks)
{
    int64_t now = os_mono_ms(), least = -1;
    *socks = 0;
    for (size_t i = 0; i < n; i++) {
        if (asks[i].over)
            continue;
        int64_t left = asks[i].deadline_ms - now;
        left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
        least = least < 0 || left < least ? left : least;
        *socks += asks[i].sock != NULL;
    }
    return least;
}

static bool turn(struct asks *all, struct ask *asks, size_t n, struct sock_poll *polls,
                 unsigned char *room, struct err *e)
{
    size_t socks = 0;
    int64_t wait = time_left(asks, n, &socks);
    bool flows = all->flows && http_flows_active(all->flows);

    if (flows && socks && wait > HTTP_SLICE_MS)
        wait = HTTP_SLICE_MS;
    if (flows && !http_flows_turn(all->flows, socks ? 0 : (int)wait, all->cancel, e))
        return false;
    if (socks) {
        for (size_t i = 0; i < n; i++)
            polls[i] = wish(&asks[i]);
        if (!sock_wait(polls, n, (int)wait, all->cancel, e))
            return false;
        for (size_t i = 0; i < n; i++)
            move(&asks[i], &polls[i], room);
    }
    for (size_t i = 0; i < n; i++)
        if (!asks[i].over && !asks[i].flow && os_mono_ms() >= asks[i].deadline_ms)
            answer_late(&asks[i]);
    return !cancel_is(all->cancel) || err_set(e, ERR_INTERRUPTED, "interrupted");
}

/* False if all is to end; a place that cannot be found only ends its own talk. */
static bool ask_begin(struct ask *a, struct asks *all, struct err *e)
{
    struct err why = {0};
    a->asks = all;
    if (over_http(a)) {
        struct http *h = http_of(all->net, e);
        if (!all->flows && h)
            all->flows = http_flows_new(h, &(struct http_flows_opts){.connections = 16}, e);
        if (!all->flows)
            return false;
    } else if (!sock_lookup(a->place->host, a->port, a->addresses, ASK_ADDRESSES, &a->n_addresses,
                            LOOKUP_MS, all->cancel, &why)) {
        *e = why;
        if (why.code == ERR_INTERRUPTED)
            return false;
        talk_init(&a->talk, a->protocol, a->place, a->answer, 0);
        talk_bad(&a->talk, why.code, "%s", why.text);
        a->talk.err = why;
        ask_end(a);
        return true;
    }
    try_begin(a);
    return true;
}

bool asks_run(struct game_net *net, struct ask *asks, size_t n, struct cancel *cancel,
              struct err *e)
{
    struct asks all = {.net = net, .cancel = cancel};
    struct sock_poll *polls = xcalloc(n, sizeof *polls);
    unsigned char *room = xmalloc(TALK_PIECE_MAX);
    size_t begun = 0, socks;
    bool ok = true;

    while (ok && begun < n)
        ok = ask_begin(&asks[begun++], &all, e);
    while (ok && time_left(asks, n, &socks) >= 0)
        ok = turn(&all, asks, n, polls, room, e);
    all.closing = true;
    http_flows_free(all.flows);
    for (size_t i = 0; i < n; i++)
        if (!asks[i].over)
            give_up(&asks[i], e);
    free(polls);
    free(room);
    return ok;
}
