/* game_serve: the sockets of the games that run on the droplets of a folder, in one thread.
 *
 *     struct games *g = games_start(&store, stop);
 *     games_settle(g);    the world has changed
 *     games_stop(g);      after stop was triggered
 *
 * Whoever serves the folder first has the ports; the other processes try again now and then. */
#ifndef SANDBOX_GAME_SERVE_H
#define SANDBOX_GAME_SERVE_H

#include "store.h"

struct cancel;
struct games;

/* What is open then is open when it returns. */
struct games *games_start(struct store *store, struct cancel *stop);
/* Looks at the world anew and returns once what is to be open is open. */
void games_settle(struct games *g);
/* The same if there was any game when it last looked: for changes of the clock alone. */
void games_settle_any(struct games *g);
void games_stop(struct games *g); /* NULL allowed */

#endif
