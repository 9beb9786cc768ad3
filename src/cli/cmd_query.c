/* query: asks a game server who plays. */
#include "report.h"
#include <dogs/game.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CANDIDATES = 32 };

struct query_args {
    const char *game, *pin;
    int64_t query_port;
    bool players;
};

#define AT(field) .at = offsetof(struct query_args, field)

static const struct opt query_opts[] = {
    {"--game", "GAME", "ask as this game is asked; without it the likely ways are tried", AT(game),
     OPT_TEXT},
    {"--players", NULL, "names of the players, too, where they are told", AT(players)},
    {"--query-port", "N", "ask there, not where the game usually answers", AT(query_port), OPT_INT,
     .min = 1, .max = 65535},
    {"--pin", "SHA256", "of the certificate that the game made itself (HTTPS)", AT(pin), OPT_TEXT},
    {.name = NULL},
};

/* HOST, HOST:PORT, ADDRESS6, [ADDRESS6]:PORT. *host is yours to free. */
static bool parse_place(const char *text, char **host, uint16_t *port, struct err *e)
{
    bool bracket = *text == '[';
    const char *close = bracket ? strchr(text, ']') : NULL, *colon = strrchr(text, ':');
    const char *end = bracket ? close : colon && strchr(text, ':') == colon ? colon : NULL;
    const char *tail = bracket && close ? close + 1 : end;
    int64_t n = 0;

    *host = NULL;
    *port = 0;
    if ((bracket && !close) || (tail && *tail && *tail != ':'))
        return err_set(e, ERR_USAGE, "'%s' is not HOST or HOST:PORT", text);
    if (tail && *tail && !str_int64(tail + 1, 1, 65535, &n))
        return err_set(e, ERR_USAGE, "'%s' is not a port; they go from 1 to 65535", tail + 1);
    *port = (uint16_t)n;
    *host = end ? xstrndup(text + bracket, (size_t)(end - text) - bracket) : xstrdup(text);
    if (**host && !strpbrk(*host, "/@ []"))
        return true;
    free(*host);
    *host = NULL;
    err_set(e, ERR_USAGE, "'%s' is not HOST or HOST:PORT", text);
    return err_hint(e, "give a name or an address alone: dogs query 203.0.113.7:27015");
}

static bool find_game(const char *name, const struct game **game, struct err *e)
{
    const char *names[128] = {NULL};
    size_t n = 0;
    *game = game_find(name);
    if (*game)
        return true;
    for (const struct game *g; n + 1 < sizeof names / sizeof *names && (g = game_at(n));)
        names[n++] = g->name;
    const char *near = str_nearest(name, names);
    err_set(e, ERR_USAGE, "--game: no game is called '%s'", name);
    return near ? err_hint(e, "did you mean %s?", near)
                : err_hint(e, "dogs help query lists the games");
}

static bool has_place(const struct game_place *places, size_t n, const struct game_place *p)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(game_protocol(places[i].game), game_protocol(p->game)) == 0 &&
            game_query_port(&places[i]) == game_query_port(p))
            return true;
    return false;
}

static void add_place(struct game_place *places, size_t *n, const struct game_place *p)
{
    struct err ignored = {0};
    if (*n < CANDIDATES && game_can_ask(p, &ignored) && strcmp(game_protocol(p->game), "tcp") &&
        !has_place(places, *n, p))
        places[(*n)++] = *p;
}

/* Each way to ask (without a password) once, of the games that have this port, as their own or as
 * that of their question; without a port, of all. */
static size_t likely(const struct game_place *base, struct game_place *out)
{
    size_t n = 0;
    struct game_place p = *base;
    for (size_t i = 0; (p.game = game_at(i)); i++) {
        bool here = p.port == p.game->query_port;
        p.query_port = here && !base->query_port ? p.port : base->query_port;
        if (here || !p.port || base->query_port || p.port == p.game->port)
            add_place(out, &n, &p);
    }
    return n;
}

/* The same of all games, at a port that none of them has. */
static size_t unlikely(const struct game_place *base, struct game_place *out)
{
    size_t n = 0;
    struct game_place p = *base;
    for (int beside = 0; beside < 2; beside++)
        for (size_t i = 0; (p.game = game_at(i)); i++) {
            p.query_port = beside ? 0 : p.port;
            if (!beside || p.game->query_port == p.game->port + 1)
                add_place(out, &n, &p);
        }
    return n;
}

/* 3: knows how many play; 2: up; 1: answered somehow; 0: silent. */
static int worth(const struct game_answer *a)
{
    return a->silent ? 0 : a->err.code ? 1 : a->players < 0 ? 2 : 3;
}

static size_t best(const struct game_answer *answers, size_t n)
{
    size_t best_at = 0;
    for (size_t i = 1; i < n; i++)
        if (worth(&answers[i]) > worth(&answers[best_at]))
            best_at = i;
    return best_at;
}

/* One try after another, so that who answers at once need not wait for those that never will. */
static bool ask_all(struct cli *cli, struct game_opts *opts, const struct game_place *places,
                    size_t n, struct game_answer *answers, struct err *e)
{
    bool ok = true;
    if (n == 1)
        return game_query(opts, places, n, answers, cli->cancel, e);
    opts->tries = 1;
    for (int i = 0; ok && i < GAME_TRIES; i++) {
        ok = game_query(opts, places, n, answers, cli->cancel, e);
        if (ok && worth(&answers[best(answers, n)]) >= 2)
            break;
    }
    return ok;
}

static const char *title_of(const struct game *g)
{
    return *game_protocol(g) ? game_protocol(g) : "?";
}

static void put_count(cJSON *o, const char *name, int n)
{
    if (n < 0)
        cJSON_AddNullToObject(o, name);
    else
        json_put_int(o, name, n);
}

static void put_answer(cJSON *doc, const struct game_place *p, const struct game_answer *a,
                       bool named)
{
    put_text(doc, "host", p->host);
    put_text(doc, "game", named ? p->game->name : "");
    put_text(doc, "protocol", game_protocol(p->game));
    json_put_int(doc, "query_port", game_query_port(p));
    cJSON_AddBoolToObject(doc, "up", a->up);
    put_count(doc, "players", a->players);
    put_count(doc, "max", a->max);
    put_text(doc, "why", a->why);
    put_text(doc, "title", a->title);
    put_text(doc, "map", a->map);
    put_text(doc, "version", a->version);
    put_count(doc, "ms", a->ms);
    cJSON *names = cJSON_AddArrayToObject(doc, "names");
    for (size_t i = 0; i < a->n_names; i++)
        cJSON_AddItemToArray(names, cJSON_CreateString(a->names[i]));
}

static void row(const struct cli *cli, const char *name, const char *text)
{
    if (*text)
        report_line(cli, "  %-9s  %s", name, text);
}

static void print_names(const struct cli *cli, const struct game_answer *a)
{
    struct str all = STR(64 * 1024);
    for (size_t i = 0; i < a->n_names; i++)
        str_addf(&all, "%s%s", i ? ", " : "", a->names[i]);
    row(cli, "names", str_text(&all));
    str_release(&all);
}

static void print_answer(const struct cli *cli, const struct game_place *p,
                         const struct game_answer *a, bool named)
{
    char count[64];
    if (a->players < 0)
        str_copy(count, sizeof count, a->up ? "up, players unknown" : "not ready");
    else if (a->max >= 0)
        snprintf(count, sizeof count, "%d of %d play", a->players, a->max);
    else
        snprintf(count, sizeof count, "%d play%s", a->players, a->players == 1 ? "s" : "");
    if (cli->g.quiet && a->players >= 0)
        report_line(cli, "%d", a->players);
    else if (cli->g.quiet)
        report_line(cli, "unknown");
    if (cli->g.quiet)
        return;
    report_line(cli, "%s: %s", p->host, count);
    row(cli, "why", a->why);
    row(cli, "game", named ? p->game->title : "");
    row(cli, "title", a->title);
    row(cli, "map", a->map);
    row(cli, "version", a->version);
    print_names(cli, a);
    report_line(cli, "  %-9s  %s, port %u, %d ms", "asked", title_of(p->game),
                (unsigned)game_query_port(p), a->ms);
}

/* The game that alone is asked in this way; else it was only a guess. */
static bool only_one(const struct game *g)
{
    size_t n = 0;
    const struct game *other;
    for (size_t i = 0; (other = game_at(i)); i++)
        n += other->query == g->query;
    return n == 1;
}

static bool no_answer(const struct game_place *p, const struct game_answer *a, size_t asked,
                      struct err *e)
{
    *e = a->err;
    /* Nothing came, in whichever way: all that is known is that the time is over. */
    if (a->silent && (e->code == ERR_NETWORK || e->code == ERR_TIMEOUT)) {
        e->code = ERR_TIMEOUT;
        if (asked > 1)
            err_set(e, ERR_TIMEOUT, "%s: no game answered, in %zu ways of asking", p->host, asked);
        err_hint(e, asked > 1 ? "name the game: --game; is it running, does a firewall let its "
                                "query port in?"
                              : "is it running, and does a firewall let its query port in?");
        return false;
    }
    if (e->code == ERR_NOT_FOUND || e->code == ERR_CONFIG)
        return false;
    return err_wrap(e, "ask %s, port %u (%s)", p->host, (unsigned)game_query_port(p),
                    title_of(p->game));
}

static bool ask(struct cli *cli, const struct game_place *places, size_t n, bool named,
                struct err *e)
{
    const struct query_args *o = cli->opts;
    struct game_answer answers[CANDIDATES] = {{.players = 0}};
    struct game_opts opts = {.net = game_net_open(e), .names = o->players};
    bool ok = opts.net && ask_all(cli, &opts, places, n, answers, e);
    if (ok) {
        size_t at = best(answers, n);
        const struct game_place *p = &places[at];
        bool known = named || only_one(p->game);
        put_answer(cli->doc, p, &answers[at], known && (named || worth(&answers[at]) >= 2));
        ok = !answers[at].err.code || no_answer(p, &answers[at], n, e);
        if (ok)
            print_answer(cli, p, &answers[at], known);
    }
    for (size_t i = 0; i < n; i++)
        game_answer_release(&answers[i]);
    game_net_close(opts.net);
    return ok;
}

static void add_games(struct str *out)
{
    size_t column = strlen("Games:");
    str_add(out, "Games:");
    for (size_t i = 0; game_at(i); i++) {
        size_t len = strlen(game_at(i)->name) + 1;
        if (!game_at(i)->query)
            continue;
        if (column + len > 72) {
            str_add(out, "\n");
            column = 0;
        }
        str_addf(out, " %s", game_at(i)->name);
        column += len;
    }
    str_add(out, "\n");
}

static bool run_query(struct cli *cli, struct err *e)
{
    const struct query_args *o = cli->opts;
    struct game_place base = {.pin = o->pin,
                              .password = os_env("DOGS_GAME_PASSWORD"),
                              .query_port = (uint16_t)o->query_port};
    struct game_place places[CANDIDATES];
    const struct game *game = NULL;
    char *host = NULL;
    size_t n = 1;

    if ((o->game && !find_game(o->game, &game, e)) ||
        !parse_place(cli->line.words[0], &host, &base.port, e))
        return false;
    base.host = host;
    base.game = game;
    places[0] = base;
    bool ok = !game || game_can_ask(&base, e);
    if (!game) {
        n = likely(&base, places);
        n = n ? n : unlikely(&base, places);
    }
    ok = ok && ask(cli, places, n, game != NULL, e);
    free(host);
    return ok;
}

const struct cmd cmds_query[] = {
    {.name = "query",
     .usage = "HOST[:PORT]",
     .summary = "ask a game server who plays",
     .examples = "dogs query 203.0.113.7               # the likely ways, one after another\n"
                 "dogs query mc.example.org:25565 --players\n"
                 "dogs query '[2001:db8::7]' --game valheim --json\n"
                 "DOGS_GAME_PASSWORD=... dogs query 127.0.0.1 --game factorio",
     .help = "PORT is what a player types. Unknown is never nobody: where the count is not\n"
             "told, the reason is. Bots do not count. A password is read from\n"
             "DOGS_GAME_PASSWORD alone; RCON and some REST interfaces carry it in clear text,\n"
             "so ask them on the server itself or through a tunnel.\n"
             "Exit status 0: it answered; 6: nothing did.",
     .add_help = add_games,
     .opts = query_opts,
     .opts_size = sizeof(struct query_args),
     .run = run_query,
     .group = GROUP_VIEW,
     .flags = READS},
    {.name = NULL},
};
