#include "site.h"
#include "remote.h"
#include <ctype.h>
#include <dogs/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    NAMES_MAX = 128,
    SSH_MS = 30000,
    SSH_SAVE_MS = 180000,
    SSH_MOST = 16 * 1024,
    LISTEN_MS = 1500, /* a wait looks again anyway */
};

#define PROGRAM "\"${DOGS_ROOT-}/usr/local/lib/dogs/game\""

bool site_game(const struct server_cfg *srv, const struct game **out, struct err *e)
{
    const char *names[NAMES_MAX] = {NULL};

    *out = *srv->game ? game_find(srv->game) : NULL;
    if (*out || !*srv->game)
        return true;
    for (size_t n = 0; n + 1 < NAMES_MAX && game_at(n); n++)
        names[n] = game_at(n)->name;
    const char *near = str_nearest(srv->game, names);
    err_set(e, ERR_CONFIG, "server '%s': no game is called '%s'", srv->name, srv->game);
    return near ? err_hint(e, "did you mean '%s'?", near)
                : err_hint(e, "`dogs help query` lists the games; `game: other` is any other");
}

bool core_check_games(const struct config *cfg, struct str *problems)
{
    bool ok = true;

    for (size_t i = 0; i < cfg->n_servers; i++) {
        const struct game *g;
        struct err why = {0};
        if (site_game(&cfg->servers[i], &g, &why))
            continue;
        str_addf(problems, "%s: %s; %s\n", cfg->path, why.text, why.hint);
        ok = false;
    }
    return ok;
}

static bool needs_password(const struct site *at, enum site_for why)
{
    struct err ignored = {0};
    const struct game *g = at->place.game;
    bool by_net = strcmp(at->srv->admin, "ssh") != 0 && strcmp(at->srv->admin, "off") != 0;
    return (why == SITE_TELL && g->admin && by_net) ||
           (g->query && !game_can_ask(&at->place, &ignored));
}

static void choose_tell(struct site *at)
{
    const char *admin = at->srv->admin;
    struct err why = {0};

    if (strcmp(admin, "ssh") == 0)
        at->tell = TELL_SSH;
    else if (strcmp(admin, "off") == 0)
        str_copy(at->why_not, sizeof at->why_not, "the config says `admin: off`");
    else if (game_can(&at->place, GAME_SAVE, &why) || game_can(&at->place, GAME_WARN, &why))
        at->tell = TELL_NETWORK;
    else
        str_copy(at->why_not, sizeof at->why_not, *at->no_password ? at->no_password : why.text);
}

bool site_open(struct core *core, const struct server_cfg *srv, const char *ip, enum site_for why,
               struct site *out, struct err *e)
{
    const struct game *g;
    struct err no_password = {0};

    *out = (struct site){.srv = srv, .tell = TELL_NOT};
    str_copy(out->host, sizeof out->host, ip);
    if (!site_game(srv, &g, e))
        return false;
    if (!g)
        return true;
    out->place = (struct game_place){.host = out->host,
                                     .game = g,
                                     .port = (uint16_t)srv->port,
                                     .query_port = (uint16_t)srv->query_port,
                                     .admin_port = (uint16_t)srv->admin_port,
                                     .pin = *srv->admin_pin ? srv->admin_pin : NULL};
    /* Secrets are looked for when they are first needed, and kept in the one configuration. */
    if (needs_password(out, why) &&
        !config_admin_password((struct config *)(uintptr_t)core->cfg, srv->name, &no_password))
        str_copy(out->no_password, sizeof out->no_password, no_password.text);
    out->place.password = *srv->admin_password ? srv->admin_password : NULL;
    choose_tell(out);
    return true;
}

bool site_ready(const struct site *at, enum ready *out, struct err *e)
{
    const char *wanted = at->srv->ready;
    const struct game *g = at->place.game;
    struct err why = {0};
    bool asked = g && game_can_ask(&at->place, &why);
    bool tcp = g && g->tcp && (at->place.port || g->port);

    *out = asked ? READY_GAME : tcp ? READY_PORT : READY_DROPLET;
    if (strcmp(wanted, "droplet") == 0)
        *out = READY_DROPLET;
    if (strcmp(wanted, "port") == 0 && !tcp) {
        err_set(e, ERR_CONFIG,
                "server '%s': `ready: port` needs a `game:` that listens on a TCP port",
                at->srv->name);
        return err_hint(e, "write `ready: game` or `ready: droplet`");
    }
    if (strcmp(wanted, "port") == 0)
        *out = READY_PORT;
    if (strcmp(wanted, "game") != 0 || asked)
        return true;
    if (!g) {
        err_set(e, ERR_CONFIG, "server '%s': `ready: game`, but no `game:`", at->srv->name);
        return err_hint(e, "name its game; `dogs help query` lists them");
    }
    *e = why;
    if (*at->no_password)
        err_set(e, ERR_CONFIG, "%s", at->no_password);
    err_wrap(e, "server '%s': `ready: game`", at->srv->name);
    return false;
}

void site_address(const struct site *at, char *out, size_t size)
{
    const struct game_place *p = &at->place;

    if (p->game && p->port && p->port != p->game->port)
        snprintf(out, size, "%s:%u", at->host, p->port);
    else
        str_copy(out, size, at->host);
}

static bool net_open(struct core *core, struct err *e)
{
    if (!core->games)
        core->games = game_net_open(e);
    return core->games != NULL;
}

/* One verb of the droplet's own program; text NULL = nothing on its input. */
static bool by_ssh(struct core *core, const struct site *at, const char *verb, const char *text,
                   int64_t timeout_ms, struct str *out, struct err *e)
{
    struct str script = STR(8 * 1024);

    if (text) {
        str_add(&script, "printf '%s\\n' ");
        remote_quote(&script, text);
        str_add(&script, " | ");
    }
    str_addf(&script, "%s %s%s\n", PROGRAM, verb, text ? "" : " </dev/null");
    bool ok = remote_sh(core->cfg, at->host, str_text(&script), timeout_ms, SSH_MOST, out,
                        core->cancel, e);
    str_release(&script);
    return ok;
}

static bool count_by_ssh(struct core *core, const struct site *at, struct headcount *out,
                         struct err *e)
{
    struct str printed = {0};
    struct err why = {0};
    int64_t n = -1;

    bool ok = by_ssh(core, at, "players", NULL, SSH_MS, &printed, &why);
    if (ok) {
        char *line = xstrndup(str_text(&printed), strcspn(str_text(&printed), "\r\n"));
        if (str_int64(line, 0, 100000, &n))
            out->up = true;
        free(line);
        str_release(&printed);
    }
    out->players = (int)n;
    if (n < 0)
        str_copy(out->why, sizeof out->why, ok ? "its program tells no number" : why.text);
    if (why.code != ERR_INTERRUPTED)
        return true;
    *e = why;
    return false;
}

static void join_names(const struct game_answer *a, struct headcount *out)
{
    struct str names = STR(sizeof out->names - 1);

    for (size_t i = 0; i < a->n_names; i++)
        str_addf(&names, "%s%s", i ? ", " : "", a->names[i]);
    if (!names.full)
        str_copy(out->names, sizeof out->names, str_text(&names));
    str_release(&names);
}

bool site_count(struct core *core, const struct site *at, int tries, struct headcount *out,
                struct err *e)
{
    struct game_answer a = {0};
    struct err why = {0};

    *out = (struct headcount){.players = -1};
    if (!at->place.game) {
        str_copy(out->why, sizeof out->why, "the config does not say which `game:` it is");
        return true;
    }
    bool ok = game_can_ask(&at->place, &why) && net_open(core, &why) &&
              game_query(&(struct game_opts){.net = core->games,
                                             .try_ms = tries == 1 ? LISTEN_MS : 0,
                                             .tries = tries,
                                             .names = tries != 1},
                         &at->place, 1, &a, core->cancel, &why);
    if (ok) {
        out->up = a.up;
        out->players = a.up ? a.players : -1;
        str_copy(out->why, sizeof out->why, *a.why ? a.why : a.err.text);
        join_names(&a, out);
    } else {
        str_copy(out->why, sizeof out->why, why.text);
    }
    game_answer_release(&a);
    if (why.code == ERR_INTERRUPTED) {
        *e = why;
        return false;
    }
    return out->players >= 0 || at->tell != TELL_SSH || tries == 1 ||
           count_by_ssh(core, at, out, e);
}

void headcount_text(const struct headcount *n, char *out, size_t size)
{
    if (n->players < 0)
        str_copy(out, size, "it is not known who plays");
    else if (n->players == 0)
        str_copy(out, size, "nobody plays");
    else
        snprintf(out, size, "%d %s%s%s%s", n->players, n->players == 1 ? "plays" : "play",
                 *n->names ? " (" : "", n->names, *n->names ? ")" : "");
}

bool site_listens(struct core *core, const struct site *at, struct err *e)
{
    return net_open(core, e) &&
           game_port_open(&(struct game_opts){.net = core->games, .try_ms = LISTEN_MS, .tries = 1},
                          &at->place, core->cancel, e);
}

bool site_can_tell(const struct site *at, enum game_order order, struct err *e)
{
    if (at->tell == TELL_NETWORK)
        return game_can(&at->place, order, e);
    if (at->tell == TELL_SSH)
        return true;
    return err_set(e, ERR_CONFIG, "%s", at->why_not);
}

bool site_tell(struct core *core, const struct site *at, enum game_order order, const char *text,
               struct err *e)
{
    static const char *const verbs[] = {
        [GAME_WARN] = "say", [GAME_SAVE] = "save", [GAME_STOP] = "stop"};

    if (!site_can_tell(at, order, e))
        return false;
    if (at->tell == TELL_SSH)
        return by_ssh(core, at, verbs[order], text, order == GAME_WARN ? SSH_MS : SSH_SAVE_MS, NULL,
                      e);
    return net_open(core, e) && game_tell(&(struct game_opts){.net = core->games}, &at->place,
                                          order, text, 0, core->cancel, e);
}

bool site_says_stay(const char *line)
{
    static const char word[] = "stay";
    size_t len = strlen(line), w = sizeof word - 1;

    while (len && (isspace((unsigned char)line[len - 1]) || strchr("!.", line[len - 1])))
        len--;
    if (len < w || strncasecmp(line + len - w, word, w) != 0)
        return false;
    for (len -= w; len && line[len - 1] == ' '; len--)
        ;
    /* "<ann> stay", "12:07 say: ann: stay" */
    return !len || strchr(">:", line[len - 1]);
}

bool site_heard(struct core *core, const struct site *at)
{
    struct str printed = {0};
    struct err why = {0};
    bool stay = false;

    if (at->tell != TELL_SSH)
        return false;
    if (!by_ssh(core, at, "heard", NULL, SSH_MS, &printed, &why)) {
        log_line(LOG_DEBUG, "%s", why.text);
        return false;
    }
    for (const char *p = str_text(&printed); *p; p += strspn(p, "\r\n")) {
        char *line = xstrndup(p, strcspn(p, "\r\n"));
        stay |= site_says_stay(line);
        p += strlen(line);
        free(line);
    }
    str_release(&printed);
    return stay;
}
