#include "game_serve.h"

#include "game_respond.h"
#include "game_sockets.h"
#include "games.h"

#include <dogs/hash.h>
#include <dogs/log.h>
#include <dogs/os.h>
#include <dogs/sock.h>
#include <dogs/work.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 1000, /* for what other processes have changed */
    SOONEST_MS = 5,
    SETTLE_MS = 2000,
};

struct games {
    struct store *store;
    struct cancel *stop;
    struct thread *thread;
    struct sockets sockets; /* the thread's */
    struct lock *lock;
    struct sock *wake;        /* guarded by lock, like all below */
    uint64_t begun, finished; /* looks */
    bool any;
};

/* --- what is to be open --- */

static size_t wanted(const struct world *w, int64_t now, struct endpoint *out)
{
    size_t n = 0;
    for (EACH(gameserver, g, w, gameservers)) {
        const struct droplet *d = g->droplet_id ? droplet_find(w, g->droplet_id, now) : NULL;
        const char *address = d ? gameserver_address(w, d) : NULL;
        if (!address || !gameserver_up(d, g, now))
            continue;
        for (size_t i = 0; responder_at(i) && n < ENDPOINTS_MOST; i++) {
            if (strcmp(responder_at(i)->protocol, g->protocol) != 0)
                continue;
            out[n] = (struct endpoint){
                .responder = responder_at(i), .game_id = g->id, .port = (uint16_t)g->port};
            str_copy(out[n++].address, sizeof out->address, address);
        }
    }
    return n;
}

/* Real milliseconds until something opens or closes by itself. */
static int next_turn_ms(const struct world *w, int64_t now)
{
    int64_t next = NEVER_MS;
    double speed = setting_value(w, SET_SPEED);
    for (EACH(gameserver, g, w, gameservers)) {
        const struct droplet *d = g->droplet_id ? droplet_find(w, g->droplet_id, now) : NULL;
        int64_t at = d ? gameserver_turns_ms(d, g, now) : NEVER_MS;
        next = at < next ? at : next;
    }
    double ms = speed > 0 ? (double)(next - now) / speed : LOOK_MS;
    return ms < SOONEST_MS ? SOONEST_MS : ms > LOOK_MS ? LOOK_MS : (int)ms + 1;
}

static int look(struct games *g)
{
    static const struct endpoint none;
    struct endpoint *want = xcalloc(ENDPOINTS_MOST, sizeof none);
    struct store *s = g->store;
    struct err e;
    int ms = LOOK_MS;
    lock_take(g->lock);
    uint64_t number = ++g->begun;
    lock_drop(g->lock);
    bool any = false;
    if (store_enter(s, &e)) {
        any = s->world.gameservers.n > 0;
        size_t n = wanted(&s->world, s->now, want);
        ms = next_turn_ms(&s->world, s->now);
        sockets_want(&g->sockets, want, n, &s->games_open);
        store_drop(s);
    }
    free(want);
    lock_take(g->lock);
    g->finished = number;
    g->any = any;
    lock_drop(g->lock);
    return ms;
}

/* --- one request --- */

static const char *const order_names[] = {
    [ORDER_WARN] = "warn", [ORDER_SAVE] = "save", [ORDER_STOP] = "stop"};

static void follow(struct world *w, struct droplet *d, const struct gameserver *g,
                   const struct response *r, int64_t now)
{
    enum game_mode mode = game_mode_of(g);
    game_told(w, d, g->port, order_names[r->order], r->text, now);
    if (r->order == ORDER_SAVE && mode == MODE_NORMAL)
        d->saved_world = d->world;
    if (r->order == ORDER_STOP)
        d->stopped_ms = now;
}

static void spoil(struct response *r, enum game_mode mode)
{
    bool save_silent = mode == MODE_SAVE_SILENT && r->order == ORDER_SAVE;
    if (r->out.len == 0)
        return;
    if (mode == MODE_SILENT || save_silent) {
        str_clear(&r->out);
        r->n_ends = 0;
        r->close = false;
    } else if (mode == MODE_RUBBISH) {
        str_clear(&r->out);
        for (unsigned i = 0; i < 48; i++)
            wire_u8(&r->out, (i * 151 + 89) & 255);
        r->ends[0] = r->out.len;
        r->n_ends = 1;
    } else if (mode == MODE_CUT) {
        r->out.len /= 2;
        for (size_t i = 0; i < r->n_ends; i++)
            r->ends[i] = r->ends[i] < r->out.len ? r->ends[i] : r->out.len;
        if (r->n_ends > 0)
            r->ends[r->n_ends - 1] = r->out.len;
        r->close = true;
    }
}

static size_t answer_as(struct games *g, const struct responder *by, const struct gameserver *at,
                        struct droplet *d, struct talker *t, const unsigned char *bytes, size_t len,
                        struct response *r)
{
    struct store *s = g->store;
    enum game_mode mode = game_mode_of(at);
    char *title = xasprintf("%s in the sandbox", d->name);
    size_t used = by->answer(
        &(struct hosted){
            .protocol = at->protocol,
            .title = title,
            .password = at->password,
            .names = d->player_names.v,
            .n_names = d->players_ms >= droplet_booted_ms(d, s->now) ? d->player_names.n : 0,
            .players = droplet_players(d, s->now),
            .max = at->max,
            .port = at->port,
            .starting = mode == MODE_STARTING,
            .save_fails = mode == MODE_SAVE_FAILS,
            .nonce = hash_fnv64(title, strlen(title)) ^ (uint64_t)d->id,
        },
        t, bytes, len, r);
    free(title);
    bool unheard = mode == MODE_SILENT || mode == MODE_RUBBISH || mode == MODE_CUT;
    if (r->order != ORDER_NONE && !unheard)
        follow(&s->world, d, at, r, s->now);
    spoil(r, mode);
    return used;
}

/* Runs on the newest world; a game that has ended meanwhile does not answer. */
static size_t answer(void *ctx, const struct endpoint *to, struct talker *t,
                     const unsigned char *bytes, size_t len, struct response *r)
{
    struct games *g = ctx;
    struct store *s = g->store;
    struct err e;
    size_t used = len;
    r->close = true;
    if (!store_enter(s, &e))
        return len;
    struct gameserver *at = list_find(&s->world, &gameserver_kind, to->game_id);
    struct droplet *d = at ? droplet_find(&s->world, at->droplet_id, s->now) : NULL;
    if (d && gameserver_up(d, at, s->now)) {
        r->close = false;
        used = answer_as(g, to->responder, at, d, t, bytes, len, r);
    }
    if (!s->world.dirty)
        store_drop(s);
    else if (!store_leave(s, &e))
        log_line(LOG_WARN, "sandbox: %s", e.text);
    return used;
}

/* --- the thread --- */

static void run(void *ctx)
{
    struct games *g = ctx;
    int ms = look(g);
    while (sockets_turn(&g->sockets, ms, g->stop))
        ms = look(g);
}

struct games *games_start(struct store *store, struct cancel *stop)
{
    struct games *g = xcalloc(1, sizeof *g);
    g->store = store;
    g->stop = stop;
    g->lock = lock_new();
    sockets_open(&g->sockets, answer, g, &g->wake);
    look(g);
    g->thread = thread_start(run, g);
    return g;
}

void games_settle(struct games *g)
{
    struct err e;
    size_t n;
    lock_take(g->lock);
    uint64_t begun = g->begun;
    bool done = !g->wake || sock_write(g->wake, "", 1, &n, NULL, &e) != SOCK_DONE;
    lock_drop(g->lock);
    for (int ms = 0; !done && ms < SETTLE_MS && !cancel_sleep(g->stop, 1); ms++) {
        lock_take(g->lock);
        done = g->finished > begun;
        lock_drop(g->lock);
    }
}

void games_settle_any(struct games *g)
{
    lock_take(g->lock);
    bool any = g->any;
    lock_drop(g->lock);
    if (any)
        games_settle(g);
}

void games_stop(struct games *g)
{
    if (!g)
        return;
    cancel_trigger(g->stop);
    thread_join(g->thread);
    sockets_close(&g->sockets);
    sock_close(g->wake);
    lock_free(g->lock);
    free(g);
}
