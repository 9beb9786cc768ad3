#include "game_sockets.h"

#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

enum { DATAGRAM_MOST = 4096, READ_PIECE = 16 * 1024, DATAGRAMS_PER_TURN = 64 };

void sockets_open(struct sockets *s, endpoint_answer *answer, void *ctx, struct sock **wake)
{
    struct err e;
    struct sock_addr to;
    size_t n = 0;
    *s = (struct sockets){.answer = answer, .ctx = ctx};
    s->woken = sock_listen(SOCK_UDP, "127.0.0.1", 0, &e);
    *wake = s->woken && sock_lookup("127.0.0.1", sock_port(s->woken), &to, 1, &n, 1000, NULL, &e) &&
                    n == 1
                ? sock_connect(SOCK_UDP, &to, &e)
                : NULL;
}

static void end_connection(struct sockets *s, size_t i)
{
    struct connection *c = &s->connections[i];
    sock_close(c->sock);
    str_release(&c->in);
    str_release(&c->out);
    *c = s->connections[--s->n_connections];
}

static void end_listener(struct sockets *s, size_t i)
{
    sock_close(s->listeners[i].sock);
    s->listeners[i] = s->listeners[--s->n_listeners];
}

void sockets_close(struct sockets *s)
{
    while (s->n_connections > 0)
        end_connection(s, 0);
    while (s->n_listeners > 0)
        end_listener(s, 0);
    sock_close(s->woken);
    s->woken = NULL;
}

static bool same(const struct endpoint *a, const struct endpoint *b)
{
    return a->responder == b->responder && a->game_id == b->game_id && a->port == b->port &&
           strcmp(a->address, b->address) == 0;
}

static bool among(const struct endpoint *at, const struct endpoint *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (same(at, &all[i]))
            return true;
    return false;
}

static bool listens(const struct sockets *s, const struct endpoint *at)
{
    for (size_t i = 0; i < s->n_listeners; i++)
        if (same(at, &s->listeners[i].at))
            return true;
    return false;
}

void sockets_want(struct sockets *s, const struct endpoint *want, size_t n, struct ints *open)
{
    struct err e;
    for (size_t i = s->n_listeners; i-- > 0;)
        if (!among(&s->listeners[i].at, want, n))
            end_listener(s, i);
    for (size_t i = s->n_connections; i-- > 0;)
        if (!among(&s->connections[i].at, want, n) && s->connections[i].out.len == 0)
            end_connection(s, i);
    for (size_t i = 0; i < n && s->n_listeners < ENDPOINTS_MOST; i++) {
        if (listens(s, &want[i]))
            continue;
        enum sock_kind kind = want[i].responder->tcp ? SOCK_TCP : SOCK_UDP;
        struct sock *sock = sock_listen(kind, want[i].address, want[i].port, &e);
        if (sock)
            s->listeners[s->n_listeners++] = (struct listener){.at = want[i], .sock = sock};
    }
    open->n = 0;
    for (size_t i = 0; i < s->n_listeners; i++)
        ints_add(open, s->listeners[i].at.game_id);
}

/* --- datagrams --- */

static void send_datagrams(struct sock *sock, const struct response *r, const struct sock_addr *to)
{
    struct err e;
    size_t begin = 0, sent;
    for (size_t i = 0; i < r->n_ends; begin = r->ends[i++])
        if (r->ends[i] > begin)
            sock_write(sock, r->out.p + begin, r->ends[i] - begin, &sent, to, &e);
}

static void serve_datagrams(struct sockets *s, struct listener *l)
{
    unsigned char bytes[DATAGRAM_MOST];
    struct sock_addr from;
    struct err e;
    size_t n;
    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        struct talker t = {0};
        struct response r = {.out = STR(RESPONSE_MAX)};
        if (sock_read(l->sock, bytes, sizeof bytes, &n, &from, &e) != SOCK_DONE)
            return;
        if (n > 0)
            s->answer(s->ctx, &l->at, &t, bytes, n, &r);
        send_datagrams(l->sock, &r, &from);
        str_release(&r.out);
    }
}

/* --- streams --- */

static void welcome(struct sockets *s, struct listener *l)
{
    struct sock *sock = sock_accept(l->sock, NULL);
    if (!sock)
        return;
    if (s->n_connections == CONNECTIONS_MOST) {
        sock_close(sock);
        return;
    }
    s->connections[s->n_connections++] = (struct connection){
        .at = l->at,
        .sock = sock,
        .in = STR(RESPONSE_REQUEST_MAX),
        .out = STR(RESPONSE_MAX),
        .last_ms = os_mono_ms(),
    };
}

static void drop_front(struct str *s, size_t n)
{
    memmove(s->p, s->p + n, s->len - n);
    s->len -= n;
    s->p[s->len] = '\0';
}

/* False: the connection is over. */
static bool send_out(struct connection *c)
{
    struct err e;
    size_t n = 0;
    while (c->out.len > 0) {
        enum sock_state state = sock_write(c->sock, c->out.p, c->out.len, &n, NULL, &e);
        if (state == SOCK_NOT_YET)
            return true;
        if (state != SOCK_DONE)
            return false;
        drop_front(&c->out, n);
    }
    return !c->closing;
}

static void hear(struct sockets *s, struct connection *c)
{
    while (c->in.len > 0 && !c->closing) {
        struct response r = {.out = STR(RESPONSE_MAX)};
        size_t used =
            s->answer(s->ctx, &c->at, &c->talker, (const unsigned char *)c->in.p, c->in.len, &r);
        if (r.out.len > 0)
            c->closing = !str_addn(&c->out, r.out.p, r.out.len);
        c->closing = c->closing || r.close || (used == 0 && c->in.full);
        str_release(&r.out);
        if (used == 0)
            return;
        drop_front(&c->in, used < c->in.len ? used : c->in.len);
    }
}

static bool serve_stream(struct sockets *s, struct connection *c)
{
    unsigned char bytes[READ_PIECE];
    struct err e;
    size_t n = 0;
    c->last_ms = os_mono_ms();
    if (c->out.len > 0)
        return send_out(c);
    switch (sock_read(c->sock, bytes, sizeof bytes, &n, NULL, &e)) {
    case SOCK_NOT_YET:
        return true;
    case SOCK_CLOSED:
    case SOCK_BROKEN:
        return false;
    case SOCK_DONE:
        break;
    }
    if (!str_addn(&c->in, bytes, n))
        c->closing = true;
    hear(s, c);
    return send_out(c);
}

/* --- a turn --- */

bool sockets_turn(struct sockets *s, int ms, struct cancel *stop)
{
    struct sock_poll polls[1 + ENDPOINTS_MOST + CONNECTIONS_MOST];
    struct err e;
    size_t n_l = s->n_listeners, n_c = s->n_connections, n = 0;
    polls[n++] = (struct sock_poll){.sock = s->woken, .read = true};
    for (size_t i = 0; i < n_l; i++)
        polls[n++] = (struct sock_poll){.sock = s->listeners[i].sock, .read = true};
    for (size_t i = 0; i < n_c; i++) {
        bool full = s->connections[i].out.len > 0;
        polls[n++] =
            (struct sock_poll){.sock = s->connections[i].sock, .read = !full, .write = full};
    }
    if (!sock_wait(polls, n, ms, stop, &e))
        return !cancel_is(stop) && !cancel_sleep(stop, 20);
    if (polls[0].can_read) {
        char bytes[64];
        size_t got;
        while (sock_read(s->woken, bytes, sizeof bytes, &got, NULL, &e) == SOCK_DONE)
            ;
    }
    int64_t now = os_mono_ms();
    for (size_t i = n_c; i-- > 0;) {
        const struct sock_poll *p = &polls[1 + n_l + i];
        struct connection *c = &s->connections[i];
        bool on = p->can_read || p->can_write ? serve_stream(s, c)
                                              : now - c->last_ms < CONNECTION_IDLE_MS;
        if (!on)
            end_connection(s, i);
    }
    for (size_t i = 0; i < n_l; i++)
        if (polls[1 + i].can_read)
            (s->listeners[i].at.responder->tcp ? welcome : serve_datagrams)(s, &s->listeners[i]);
    return true;
}
