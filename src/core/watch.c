#include "watch.h"
#include "run.h"
#include "site.h"
#include <dogs/awake.h>
#include <dogs/game.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TRAFFIC_SPAN_S = 600, /* the metrics come minutes late */
    STOP_AGAIN_S = 300,   /* after a stop that came to nothing */
    STOPS_MOST = 8,       /* under way at once */
    TRY_MS = 2500,
};

/* A stop under way, in a thread and with an engine of its own. */
struct stopping {
    struct watch *watch;
    const char *server;
    bool if_empty;
    struct thread *thread;
    struct outcome out;
    struct err err;
    bool ok;
    atomic_bool ended;
};

static void hear(void *ctx, const struct event *ev)
{
    struct watch *w = ctx;
    lock_take(w->sink);
    if (w->opts->on_event)
        w->opts->on_event(w->opts->ctx, ev);
    lock_drop(w->sink);
}

void watch_tell(struct watch *w, const char *server, enum event_kind kind, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    hear(w, &(struct event){.kind = kind,
                            .at = cloud_now(w->core->cloud),
                            .run = "",
                            .verb = "watch",
                            .server = server,
                            .step = "",
                            .text = text});
}

/* --yes */
static bool agree(void *ctx, const struct question *q, struct err *e)
{
    (void)ctx, (void)q, (void)e;
    return true;
}

static void stop_run(void *ctx)
{
    struct stopping *s = ctx;
    struct core_opts opts = *s->watch->opts;
    opts.on_event = hear;
    opts.ctx = s->watch;
    opts.ask = s->watch->yes ? agree : NULL;
    struct core *core = core_new(&opts, &s->err);
    struct request req = {.verb = VERB_STOP, .server = s->server, .if_empty = s->if_empty};
    s->ok = core && core_run(core, &req, &s->out, &s->err);
    core_free(core);
    atomic_store(&s->ended, true);
}

static size_t stops_under_way(const struct watch *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++)
        n += w->servers[i].stopping != NULL;
    return n;
}

static void begin_stop(struct watch *w, struct watched *s, bool if_empty, int64_t now)
{
    if (now < s->not_before || stops_under_way(w) >= STOPS_MOST)
        return;
    s->stopping = xcalloc(1, sizeof *s->stopping);
    *s->stopping = (struct stopping){.watch = w, .server = s->srv->name, .if_empty = if_empty};
    s->stopping->thread = thread_start(stop_run, s->stopping);
}

/* What came of a stop that has ended; with `wait`, once it has. */
static void end_stop(struct watch *w, struct watched *s, bool wait)
{
    struct stopping *stop = s->stopping;
    if (!stop || !(wait || atomic_load(&stop->ended)))
        return;
    thread_join(stop->thread);
    s->stopping = NULL;
    idle_forget(&s->idle);
    s->not_before = stop->ok ? 0 : cloud_now(w->core->cloud) + STOP_AGAIN_S;
    if (stop->ok)
        s->droplet_id = 0;
    else if (stop->err.code == ERR_GUARD || stop->err.code == ERR_INTERRUPTED)
        watch_tell(w, s->srv->name, EVENT_WARN, "not stopped: %s%s%s", stop->err.text,
                   *stop->err.hint ? "; " : "", stop->err.hint);
    else
        watch_tell(w, s->srv->name, EVENT_WARN, "%s%s%s; it is tried again in %d minutes",
                   stop->err.text, *stop->err.hint ? "; " : "", stop->err.hint, STOP_AGAIN_S / 60);
    free(stop);
}

/* Which droplet each server has, from one list for all. */
static bool look(struct watch *w, struct droplet **droplets, struct err *e)
{
    size_t n;
    if (!cloud_droplets_tagged(w->core->cloud, TAG_ALL, droplets, &n, e))
        return false;
    for (size_t i = 0; i < w->n; i++) {
        struct watched *s = &w->servers[i];
        s->droplet = NULL;
        bool any = false;
        for (size_t k = 0; k < n; k++) {
            const struct droplet *d = &(*droplets)[k];
            if (!cloud_has(d->tags, s->tag))
                continue;
            any = true;
            if ((d->status == DROPLET_ACTIVE && *d->ip) || d->status == DROPLET_OFF)
                s->droplet = d;
        }
        if (!any && s->droplet_id)
            watch_tell(w, s->srv->name, EVENT_NOTE, "has no droplet any more");
        if (!any)
            s->droplet_id = 0;
        if (!s->droplet || s->droplet->id == s->droplet_id)
            continue;
        s->droplet_id = s->droplet->id;
        s->not_before = 0;
        s->players = -2;
        idle_begin(&s->idle, s->droplet->created_at);
    }
    return true;
}

/* Asks all games at once. players[i] of server i: -1 = unknown. */
static bool count(struct watch *w, int *players, struct err *e)
{
    struct site *sites = xcalloc(w->n + 1, sizeof *sites);
    struct game_place *places = xcalloc(w->n + 1, sizeof *places);
    struct game_answer *answers = xcalloc(w->n + 1, sizeof *answers);
    size_t *of = xcalloc(w->n + 1, sizeof *of), n = 0;
    struct err why = {0};
    for (size_t i = 0; i < w->n; i++) {
        const struct watched *s = &w->servers[i];
        players[i] = -1;
        if (s->droplet && s->droplet->status == DROPLET_OFF)
            players[i] = 0; /* and it costs as if somebody did */
        else if (s->droplet && !s->stopping &&
                 site_open(w->core, s->srv, s->droplet->ip, SITE_ASK, &sites[n], &why) &&
                 sites[n].place.game && game_can_ask(&sites[n].place, &why)) {
            places[n] = sites[n].place;
            of[n++] = i;
        }
    }
    bool ok = !n || game_query(&(struct game_opts){.net = w->net, .try_ms = TRY_MS}, places, n,
                               answers, w->opts->cancel, e);
    for (size_t k = 0; ok && k < n; k++)
        players[of[k]] = answers[k].up ? answers[k].players : -1;
    for (size_t k = 0; k < n; k++)
        game_answer_release(&answers[k]);
    free(sites);
    free(places);
    free(answers);
    free(of);
    return ok;
}

static enum traffic traffic_of(struct watch *w, const struct watched *s, int64_t now)
{
    struct err why = {0};
    int64_t kbps;
    if (s->droplet->status == DROPLET_OFF)
        return TRAFFIC_LOW;
    if (!cloud_droplet_traffic(w->core->cloud, s->droplet->id, now - TRAFFIC_SPAN_S, now, &kbps,
                               &why) ||
        kbps < 0)
        return TRAFFIC_UNKNOWN;
    return kbps > s->srv->idle.traffic_kbps ? TRAFFIC_HIGH : TRAFFIC_LOW;
}

static void tell_players(struct watch *w, struct watched *s, int players, int64_t now)
{
    char span[WHEN_TEXT];
    int64_t left = idle_left(&s->idle, &s->rule, now);
    if (players == s->players)
        return;
    s->players = players;
    when_span(left < 0 ? 0 : left, span);
    if (players > 0)
        watch_tell(w, s->srv->name, EVENT_NOTE, "%d %s", players, players == 1 ? "plays" : "play");
    else if (!players)
        watch_tell(w, s->srv->name, EVENT_NOTE, "nobody plays; stops in %s if that stays so", span);
    else
        watch_tell(w, s->srv->name, EVENT_NOTE, "who plays is not known now");
}

/* A stop of this computer that was cut off: its droplet may be off by now, and costs on. */
static bool stop_is_open(const struct watch *w, const struct watched *s)
{
    const char *dir = w->core->cfg->state_dir;
    struct last_run last;
    struct os_lock *lock = NULL;
    struct err ignored;
    if (!journal_peek(dir, s->srv->name, &last, &ignored) || !last.open || last.verb != VERB_STOP ||
        last.facts.droplet_id != s->droplet->id)
        return false;
    /* Who ends a countdown by Ctrl-C has thought better of it. */
    if (s->droplet->status != DROPLET_OFF && strcmp(last.run.step, "players") == 0)
        return false;
    char *name = xasprintf("%s.lock", s->srv->name), *path = os_path_join(dir, name);
    bool left_alone = os_lock_try(path, &lock, &ignored);
    os_lock_drop(lock);
    free(name);
    free(path);
    return left_alone;
}

static void judge(struct watch *w, struct watched *s, int players, int64_t now)
{
    if (stop_is_open(w, s)) {
        begin_stop(w, s, false, now);
        return;
    }
    enum idle_verdict verdict = idle_feed(&s->idle, &s->rule, now, players);
    tell_players(w, s, players, now);
    if (verdict == IDLE_TRAFFIC)
        verdict = idle_traffic(&s->idle, &s->rule, traffic_of(w, s, now));
    char span[WHEN_TEXT];
    switch (verdict) {
    case IDLE_STAY:
    case IDLE_TRAFFIC:
        break;
    case IDLE_ALARM:
        when_span(s->rule.alarm_s, span);
        watch_tell(
            w, s->srv->name, EVENT_WARN,
            "for %s nobody could tell who plays there; it is not stopped for that, and costs on: "
            "look with `dogs query %s`",
            span, s->droplet->ip);
        break;
    case IDLE_EMPTY:
        begin_stop(w, s, true, now);
        break;
    case IDLE_MAX:
        begin_stop(w, s, false, now);
        break;
    }
}

/* One look at everything. False only if there is no use in going on. */
static bool round_(struct watch *w, struct err *e)
{
    struct droplet *droplets = NULL;
    struct err why = {0};
    int *players = xcalloc(w->n, sizeof *players);
    for (size_t i = 0; i < w->n; i++)
        end_stop(w, &w->servers[i], false);
    bool ok = look(w, &droplets, &why) && count(w, players, &why);
    int64_t now = cloud_now(w->core->cloud);
    for (size_t i = 0; ok && i < w->n; i++)
        if (w->servers[i].droplet && !w->servers[i].stopping)
            judge(w, &w->servers[i], players[i], now);
    for (size_t i = 0; i < w->n; i++)
        w->servers[i].droplet = NULL; /* it was lent by the list */
    free(droplets);
    free(players);
    if (ok) {
        w->answered = true;
        if (w->outage)
            watch_tell(w, "", EVENT_NOTE, "the cloud answers again");
        w->outage = false;
        return true;
    }
    /* After good answers a refused token may be the cloud's own trouble. */
    if (!run_passing(&why) && !(w->answered && (why.code == ERR_AUTH || why.code == ERR_REFUSED))) {
        *e = why;
        return false;
    }
    if (!w->outage)
        watch_tell(w, "", EVENT_WARN, "%s; looking again each minute", why.text);
    w->outage = true;
    return true;
}

/* What was seen before a sleep of this computer counts for nothing. */
static void forget_if_slept(struct watch *w)
{
    int64_t slept = awake_slept_ms();
    if (slept - w->slept_ms < AWAKE_SLEPT_MS)
        return;
    w->slept_ms = slept;
    watch_tell(w, "", EVENT_NOTE, "this computer slept: looking at everything anew");
    for (size_t i = 0; i < w->n; i++)
        idle_forget(&w->servers[i].idle);
}

static bool loop(struct watch *w, struct err *e)
{
    struct cloud *cloud = w->core->cloud;
    for (;;) {
        int64_t began = cloud_mono_ms(cloud);
        forget_if_slept(w);
        if (!round_(w, e))
            return false;
        int64_t left = WATCH_ROUND_S * 1000 - (cloud_mono_ms(cloud) - began);
        if (cloud_sleep(cloud, left > 0 ? left : 0))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
    }
}

bool core_watch(const struct core_opts *opts, const struct watch_opts *watch, struct err *e)
{
    struct watch w = {
        .opts = opts, .yes = watch->yes, .sink = lock_new(), .slept_ms = awake_slept_ms()};
    bool ok = watch_choose(&w, watch, e);
    w.core = ok ? core_new(opts, e) : NULL;
    w.net = w.core ? game_net_open(e) : NULL;
    ok = w.net != NULL;
    if (ok) {
        watch_announce(&w);
        ok = loop(&w, e);
    }
    for (size_t i = 0; i < w.n; i++)
        end_stop(&w, &w.servers[i], true);
    game_net_close(w.net);
    core_free(w.core);
    free(w.servers);
    lock_free(w.sink);
    return ok;
}
