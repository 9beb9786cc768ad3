/* Tells a server to warn, save or stop. */
#include "ask.h"

#include <stdlib.h>
#include <string.h>

enum { SAVE_MS = 60 * 1000 };

/* Where the table has both at one port, they are at one port. */
uint16_t ask_admin_port(const struct game_place *place)
{
    const struct game *g = place->game;
    if (place->admin_port)
        return place->admin_port;
    if (place->port && g->port == g->admin_port)
        return place->port;
    return place->query_port && g->query_port == g->admin_port ? place->query_port : g->admin_port;
}

bool ask_has_password(const struct game_place *place, struct err *e)
{
    if (place->password && *place->password)
        return true;
    err_set(e, ERR_CONFIG, "%s is not asked or told anything without a password",
            place->game->title);
    return err_hint(e, "give its admin_password: in the config, or as DOGS_GAME_PASSWORD in the "
                       "environment");
}

struct ask ask_of(const struct game_opts *opts, const struct game_place *place,
                  const struct protocol *p, uint16_t port, struct game_answer *answer)
{
    return (struct ask){.protocol = p,
                        .place = place,
                        .port = port,
                        .answer = answer,
                        .try_ms = opts->try_ms > 0 ? opts->try_ms : GAME_TRY_MS,
                        .tries = opts->tries > 0 ? opts->tries : GAME_TRIES,
                        .names = opts->names};
}

static const char *words_of(const struct game *g, enum game_order order)
{
    return order == GAME_WARN ? g->warn : order == GAME_SAVE ? g->save : g->stop;
}

bool game_can(const struct game_place *place, enum game_order order, struct err *e)
{
    static const char *const doing[] = {
        [GAME_WARN] = "warn its players", [GAME_SAVE] = "save", [GAME_STOP] = "stop"};
    const struct game *g = place->game;

    if (!g || !g->admin || !words_of(g, order)) {
        err_set(e, ERR_CONFIG, "%s cannot be told over the network to %s",
                g ? g->title : "a server of which nobody knows the game", doing[order]);
        return err_hint(e, g ? "set admin: off (or ssh, where that will do)"
                             : "name its game in the config: game");
    }
    /* Whatever has a question that is free, no order is. */
    return ask_has_password(place, e);
}

/* One line; whatever could end it or move a cursor is a blank. Yours to free. */
static char *one_line(const char *text)
{
    char *line = xstrdup(text);
    unsigned char *p = (unsigned char *)line;
    for (; *p; p++) {
        bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;
        if (c1)
            *p++ = ' ';
        if (c1 || *p < ' ' || *p == 0x7f)
            *p = ' ';
    }
    return line;
}

bool game_tell(const struct game_opts *opts, const struct game_place *place, enum game_order order,
               const char *text, int save_ms, struct cancel *cancel, struct err *e)
{
    struct game_answer answer = {0};
    if (!game_can(place, order, e))
        return false;
    char *line = one_line(text ? text : "");
    struct ask a = ask_of(opts, place, place->game->admin, ask_admin_port(place), &answer);
    a.telling = true;
    a.order = order;
    a.text = line;
    a.order_ms = order == GAME_SAVE ? save_ms > 0 ? save_ms : SAVE_MS : a.try_ms * a.tries;
    bool ok = asks_run(opts->net, &a, 1, cancel, e);
    if (ok && a.err.code) {
        *e = a.err;
        ok = false;
    } else if (ok && !a.done_ok) {
        ok = err_set(e, ERR_FAILED, "the server did not say that it has done so");
        e->ambiguous = true;
    }
    game_answer_release(&answer);
    free(line);
    return ok;
}
