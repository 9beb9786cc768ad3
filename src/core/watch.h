/* watch: what its files share. Private to core. */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include "engine.h"
#include "idle.h"
#include <dogs/game.h>

enum { WATCH_ROUND_S = 60 }; /* between two looks */

struct stopping;

struct watched {
    const struct server_cfg *srv;
    char tag[TAG_MAX];
    struct idle_rule rule;
    struct idle idle;
    const struct droplet *droplet; /* of this round; NULL = none, or not to be asked */
    int64_t droplet_id;            /* whose idle it is; 0 = none */
    int64_t not_before;            /* no stop is tried before */
    int players;                   /* as told last; -2 = not yet */
    struct stopping *stopping;
};

struct watch {
    const struct core_opts *opts;
    bool yes;
    struct core *core;
    struct game_net *net;
    struct watched *servers;
    size_t n;
    int64_t slept_ms;
    bool answered;     /* the cloud has answered well before */
    bool outage;       /* it could not be asked, and that was said */
    struct lock *sink; /* over the listener: stops tell it from their threads */
};

void watch_tell(struct watch *w, const char *server, enum event_kind kind, const char *fmt, ...)
    PRINTF(4, 5);

/* watch_begin.c: which servers, by which rules; and what is said of each once. */
bool watch_choose(struct watch *w, const struct watch_opts *opts, struct err *e);
void watch_announce(struct watch *w);

#endif
