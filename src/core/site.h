/* site: what the config says of a server's game, and how that game is asked and told: over
 * the network, by ssh, or not at all. Private to core.
 *
 *     struct site at;
 *     if (!site_open(core, srv, ip, &at, e)) ...        CONFIG: no game is called so
 *     struct headcount n;
 *     site_count(core, &at, 0, &n, e)                  n.players: -1 = unknown, n.why says why
 */
#ifndef CORE_SITE_H
#define CORE_SITE_H

#include "engine.h"
#include <dogs/game.h>

enum ready { READY_DROPLET, READY_PORT, READY_GAME };
enum tell { TELL_NOT, TELL_NETWORK, TELL_SSH };

struct site {
    const struct server_cfg *srv;
    char host[64];
    struct game_place place; /* .game NULL: the config names none. Its texts are srv's and host */
    enum tell tell;
    char why_not[GAME_TEXT];     /* TELL_NOT: why, for people */
    char no_password[GAME_TEXT]; /* why one that is given could not be had; "" */
};

/* CONFIG with the nearest name if the config names a game that there is none of; *out NULL if it
 * names none. */
bool site_game(const struct server_cfg *srv, const struct game **out, struct err *e);

/* The password is looked for only if its game is asked nothing without or, for SITE_TELL, told
 * nothing without; that it cannot be had is a reason not to tell, no failure. */
enum site_for { SITE_ASK, SITE_TELL };
bool site_open(struct core *core, const struct server_cfg *srv, const char *ip, enum site_for why,
               struct site *out, struct err *e);

/* What `start` waits for. `ready: game` of a game that cannot be asked is CONFIG. */
bool site_ready(const struct site *at, enum ready *out, struct err *e);
/* What a player types: the address, with the port where it is not the one that clients try. */
void site_address(const struct site *at, char *out, size_t size);

struct headcount {
    bool up;
    int players;         /* -1 = unknown */
    char names[200];     /* "ann, bob", "" = not told */
    char why[GAME_TEXT]; /* unknown: why */
};
/* tries 0 = the default. False only with INTERRUPTED. */
bool site_count(struct core *core, const struct site *at, int tries, struct headcount *out,
                struct err *e);
/* "2 play (ann, bob)", "nobody plays", "nobody knows who plays" */
void headcount_text(const struct headcount *n, char *out, size_t size);
bool site_listens(struct core *core, const struct site *at, struct err *e);

/* Whether it can be given the order at all; CONFIG, why not. */
bool site_can_tell(const struct site *at, enum game_order order, struct err *e);
/* As game_tell, over the network or by ssh. */
bool site_tell(struct core *core, const struct site *at, enum game_order order, const char *text,
               struct err *e);
/* Whether a player has asked since the last time for the stop to wait; nothing tells: false. */
bool site_heard(struct core *core, const struct site *at);
/* Whether a line of chat is that wish: the word stay and nothing else. */
bool site_says_stay(const char *line);

#endif
