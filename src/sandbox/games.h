/* games: what is installed on droplets, in snapshots and for servers, and when it answers. Pure
 * over the world; the sockets are in game_serve.c, the protocols in the other game_*.c. */
#ifndef SANDBOX_GAMES_H
#define SANDBOX_GAMES_H

#include "world.h"

enum {
    GAMES_PER_PLACE = 16,
    GAME_MOST_PLAYERS = 1000,
    GAME_MOST_NAME = 64,
    GAME_ORDERS_KEPT = 500,
    GAME_ORDER_TEXT = 1024,
};

enum game_mode {
    MODE_NORMAL,
    MODE_SILENT,      /* reads, and never answers */
    MODE_RUBBISH,     /* answers something else */
    MODE_CUT,         /* half of the answer, then the end */
    MODE_CLOSED,      /* nobody listens */
    MODE_STARTING,    /* as while its world loads */
    MODE_SAVE_FAILS,  /* refuses to save, else normal */
    MODE_SAVE_SILENT, /* does not answer to a save, else normal */
    MODE_COUNT
};
extern const char *const game_modes[]; /* their names; ends with NULL */
enum game_mode game_mode_of(const struct gameserver *g);

/* When the droplet, as it runs at `now`, was last booted. */
int64_t droplet_booted_ms(const struct droplet *d, int64_t now);
int64_t droplet_players(const struct droplet *d, int64_t now); /* nobody since it was booted: 0 */
bool gameserver_up(const struct droplet *d, const struct gameserver *g, int64_t now);
/* The next moment after `now` at which the answer above changes by itself. */
int64_t gameserver_turns_ms(const struct droplet *d, const struct gameserver *g, int64_t now);
/* The address that it answers on: the droplet's, if that is one of this computer's own; NULL. */
const char *gameserver_address(const struct world *w, const struct droplet *d);

/* What a droplet that was just made gets: what its snapshot holds (snapshot_id 0: nothing), and
 * over that what is installed for servers of its name. */
void gameservers_install(struct world *w, const struct droplet *d, int64_t snapshot_id);
bool gameservers_on(const struct world *w, int64_t droplet_id); /* any */
/* A droplet with a game gets a public address of its own within 127.0.0.0/8: never 127.0.x.x, and
 * another one in every folder. */
void droplet_set_loopback(const struct world *w, struct droplet *d, const char *dir, int64_t now);

/* What is meant by a request, and what it wants; NULL and -1: not given. */
struct game_wish {
    const char *server, *protocol, *password, *mode;
    int64_t droplet_id, port, max, boot_ms;
};
/* Finds or makes what is meant at a place: a droplet, or (droplet_id 0) a server's to come. How
 * many are meant; 0: none, and no protocol was named. */
size_t gameservers_wish(struct world *w, const struct game_wish *wish, const char *server,
                        int64_t droplet_id);
/* The same for a server and for its living droplets. */
size_t gameservers_grant(struct world *w, const struct game_wish *wish, const char *dir,
                         int64_t now);

void game_told(struct world *w, struct droplet *d, int64_t port, const char *what, const char *text,
               int64_t now);

#endif
