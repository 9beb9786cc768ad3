/* game_place: where a server's game is asked and told, from its config and the droplet's address.
 * Private to core. */
#ifndef CORE_GAME_PLACE_H
#define CORE_GAME_PLACE_H

#include <dogs/config.h>
#include <dogs/game.h>

/* Lends texts of srv and ip. CONFIG: the server has no `game`, or one that nobody knows (the nearest
 * name in the hint). */
bool game_place_of(const struct server_cfg *srv, const char *ip, struct game_place *out,
                   struct err *e);

#endif
