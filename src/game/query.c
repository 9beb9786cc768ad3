#include "ask.h"

#include <stdlib.h>
#include <string.h>

enum { SAVE_MS = 60 * 1000 };

static const struct protocol *admin_of(const struct game_place *place)
{
    return place->game ? place->game->admin : NULL;
}

static uint16_t admin_port(const struct game_place *place)
{
    return place->admin_port ? place->admin_port : place->game->admin_port;
}

/* What a player types is the port of the place; where the table has the question's beside it, they
 * move together. */
static uint16_t query_port(const struct game_place *place)
{
    const struct game *g = place->game;
    if (place->query_port)
        return place->query_port;
    if (place->admin_port && g->query == g->admin)
        return place->admin_port;
    int apart = g->query_port ? g->query_port - g->port : 0;
    if (place->port && (apart == 0 || apart == 1))
        return (uint16_t)(place->port + apart);
    return g->query_port ? g->query_port : place->port ? place->port : g->port;
}

uint16_t game_query_port(const struct game_place *place)
{
    return place->game && place->game->query ? query_port(place) : 0;
}

static bool no_password(const struct game_place *place, struct err *e)
{
    err_set(e, ERR_CONFIG, "%s is not asked or told anything without a password",
            place->game->title);
    return err_hint(e, "give its admin_password: in the config, or as DOGS_GAME_PASSWORD in the "
                       "environment");
}

static bool has_password(const struct game_place *place)
{
    return place->password && *place->password;
}

bool game_can_ask(const struct game_place *place, struct err *e)
{
    const struct game *g = place->game;
    if (!g || !g->query) {
        err_set(e, ERR_CONFIG, "%s cannot be asked who plays",
                g ? g->title : "a server of which nobody knows the game");
        return err_hint(e, "name a game that can: game in the config, --game");
    }
    return !g->query->needs_password || has_password(place) || no_password(place, e);
}

static struct ask ask_of(const struct game_opts *opts, const struct game_place *place,
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

static void not_asked(struct game_answer *a, const struct err *why)
{
    game_answer_release(a);
    a->silent = true;
    str_copy(a->why, sizeof a->why, why->text);
}

bool game_query(const struct game_opts *opts, const struct game_place *places, size_t n,
                struct game_answer *answers, struct cancel *cancel, struct err *e)
{
    struct ask *asks = xcalloc(n, sizeof *asks);
    size_t n_asks = 0;
    bool ok = true;

    for (size_t i = 0; i < n; i++)
        game_answer_release(&answers[i]);
    for (size_t i = 0; ok && i < n; i++) {
        struct err why = {0};
        const struct game_place *p = &places[i];
        if (game_can_ask(p, &why)) {
            asks[n_asks++] = ask_of(opts, p, p->game->query, query_port(p), &answers[i]);
        } else if (p->game && p->game->query) {
            not_asked(&answers[i], &why);
        } else {
            *e = why;
            ok = false;
        }
    }
    ok = ok && asks_run(opts->net, asks, n_asks, cancel, e);
    free(asks);
    return ok;
}

bool game_port_open(const struct game_opts *opts, const struct game_place *place,
                    struct cancel *cancel, struct err *e)
{
    const struct game *g = place->game;
    struct game_answer answer = {0};
    uint16_t port = place->port ? place->port : g ? g->port : 0;

    if (!g || !g->tcp || !port)
        return err_set(e, ERR_CONFIG, "%s has no TCP port that could be looked at",
                       g ? g->title : "a server of which nobody knows the game");
    struct ask a = ask_of(opts, place, &protocol_tcp, port, &answer);
    bool ok = asks_run(opts->net, &a, 1, cancel, e);
    bool open = ok && answer.up;
    if (ok && !open)
        *e = a.err;
    game_answer_release(&answer);
    return open;
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

    if (!g || !admin_of(place) || !words_of(g, order)) {
        err_set(e, ERR_CONFIG, "%s cannot be told over the network to %s",
                g ? g->title : "a server of which nobody knows the game", doing[order]);
        return err_hint(e, g ? "set admin: off (or ssh, where that will do)"
                             : "name its game in the config: game");
    }
    return !g->admin->needs_password || has_password(place) || no_password(place, e);
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
    struct ask a = ask_of(opts, place, place->game->admin, admin_port(place), &answer);
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
