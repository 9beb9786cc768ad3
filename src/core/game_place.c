#include "game_place.h"
#include <dogs/str.h>
#include <stdlib.h>

static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

static bool unknown_game(const struct server_cfg *srv, struct err *e)
{
    size_t n = 0;
    while (game_at(n))
        n++;
    const char **names = xcalloc(n + 1, sizeof *names);
    for (size_t i = 0; i < n; i++)
        names[i] = game_at(i)->name;
    const char *near = str_nearest(srv->game, names);
    err_set(e, ERR_CONFIG, "%s: no game is called '%s' here", srv->name, srv->game);
    if (near)
        err_hint(e, "did you mean '%s'? `dogs query --help` names them all", near);
    else
        err_hint(e, "`dogs query --help` names them; `game: other` fits any");
    free(names);
    return false;
}

bool game_place_of(const struct server_cfg *srv, const char *ip, struct game_place *out,
                   struct err *e)
{
    *out = (struct game_place){0};
    if (!or_null(srv->game)) {
        err_set(e, ERR_CONFIG, "%s has no `game` in the config", srv->name);
        return err_hint(e, "write for example `game: minecraft-java` under it");
    }
    const struct game *game = game_find(srv->game);
    if (!game)
        return unknown_game(srv, e);
    *out = (struct game_place){.host = ip,
                               .game = game,
                               .port = (uint16_t)srv->port,
                               .query_port = (uint16_t)srv->query_port,
                               .admin_port = (uint16_t)srv->admin_port,
                               .password = or_null(srv->admin_password),
                               .pin = or_null(srv->admin_pin)};
    return true;
}
