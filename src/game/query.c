#include "ask.h"

#include <stdlib.h>
#include <string.h>

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

bool game_can_ask(const struct game_place *place, struct err *e)
{
    const struct game *g = place->game;
    if (!g || !g->query) {
        err_set(e, ERR_CONFIG, "%s cannot be asked who plays",
                g ? g->title : "a server of which nobody knows the game");
        return err_hint(e, "name a game that can: game in the config, --game");
    }
    return !g->query->needs_password || ask_has_password(place, e);
}

static void not_asked(struct game_answer *a, const struct err *why)
{
    game_answer_release(a);
    a->silent = true;
    a->err = *why;
    str_copy(a->why, sizeof a->why, why->text);
}

static bool needs_count(const struct ask *a)
{
    return a->protocol->count && !a->err.code && a->answer->players < 0;
}

/* Who is up is known already; what is asked here is how many play, and whatever goes wrong leaves
 * just that unknown. */
static void merge_count(struct game_answer *a, struct game_answer *count)
{
    str_copy(a->why, sizeof a->why, count->why);
    if (count->err.code)
        return;
    a->players = count->players;
    a->max = count->max;
    if (*count->map)
        str_copy(a->map, sizeof a->map, count->map);
}

static bool count_apart(const struct game_opts *opts, const struct ask *asks, size_t n,
                        struct cancel *cancel, struct err *e)
{
    struct ask *counts = xcalloc(n, sizeof *counts);
    struct game_answer *answers = xcalloc(n, sizeof *answers);
    struct game_answer **of = xcalloc(n, sizeof *of);
    size_t n_counts = 0;

    for (size_t i = 0; i < n; i++) {
        const struct ask *a = &asks[i];
        if (!needs_count(a))
            continue;
        of[n_counts] = a->answer;
        counts[n_counts] = ask_of(opts, a->place, a->protocol->count, ask_admin_port(a->place),
                                  &answers[n_counts]);
        n_counts++;
    }
    bool ok = !n_counts || asks_run(opts->net, counts, n_counts, cancel, e);
    for (size_t i = 0; i < n_counts; i++) {
        merge_count(of[i], &answers[i]);
        game_answer_release(&answers[i]);
    }
    free(counts);
    free(answers);
    free(of);
    return ok;
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
    ok = ok && asks_run(opts->net, asks, n_asks, cancel, e) &&
         count_apart(opts, asks, n_asks, cancel, e);
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
