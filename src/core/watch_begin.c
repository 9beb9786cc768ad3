#include "server.h"
#include "site.h"
#include "watch.h"
#include "worlds.h"
#include <stdlib.h>

enum { ALARM_S = 900 }; /* nobody could tell who plays for so long */

static struct idle_rule rule_of(const struct server_cfg *srv)
{
    return (struct idle_rule){
        .grace_s = srv->idle.grace_s,
        .zeros = srv->idle.readings,
        .window_s = srv->idle.after_s,
        .never_joined_s = srv->idle.never_joined_s,
        .gap_s = 3 * WATCH_ROUND_S,
        .alarm_s = ALARM_S,
        .max_s = 3600 * (int64_t)srv->max_hours,
        .lead_s = srv->warn_minutes && *srv->warn_minutes ? 60 * *srv->warn_minutes : 0,
        .traffic = srv->monitoring && srv->idle.traffic_kbps > 0,
    };
}

/* Servers by name, or all that have a rule. */
bool watch_choose(struct watch *w, const struct watch_opts *opts, struct err *e)
{
    const struct config *cfg = w->opts->cfg;
    w->servers = xcalloc(cfg->n_servers + 1, sizeof *w->servers);
    for (size_t i = 0; i < opts->n_servers; i++) {
        const struct server_cfg *srv;
        bool known = false;
        if (!config_need_server(cfg, opts->servers[i], &srv, e))
            return false;
        for (size_t k = 0; k < w->n; k++)
            known |= w->servers[k].srv == srv;
        if (!known)
            w->servers[w->n++].srv = srv;
    }
    for (size_t i = 0; !opts->n_servers && i < cfg->n_servers; i++)
        if (cfg->servers[i].idle.after_s || cfg->servers[i].max_hours)
            w->servers[w->n++].srv = &cfg->servers[i];
    if (!w->n) {
        err_set(e, ERR_CONFIG, "no server has a rule by which it is stopped");
        return err_hint(
            e, "write `idle_stop: {after: 20m}` into the config, at the top or under a server");
    }
    for (size_t i = 0; i < w->n; i++) {
        struct watched *s = &w->servers[i];
        server_tag(s->srv->name, s->tag);
        s->rule = rule_of(s->srv);
        if (!s->srv->idle.after_s && !s->srv->max_hours) {
            err_set(e, ERR_CONFIG, "%s has no rule by which it is stopped", s->srv->name);
            return err_hint(e, "write `idle_stop: {after: 20m}` under it, or at the top for all");
        }
    }
    return true;
}

/* Secrets are looked for now: stops in their threads only read the configuration. */
static void fetch_secrets(struct watch *w)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct server_cfg *srv = w->servers[i].srv;
        struct world_place place;
        struct site at;
        struct err why = {0};
        if (!site_open(w->core, srv, "127.0.0.1", SITE_TELL, &at, &why))
            watch_tell(w, srv->name, EVENT_WARN, "%s", why.text);
        if (!srv->world.on_stop || !*srv->world.to)
            continue;
        if (!world_place_open(w->core, srv, &place, &why))
            watch_tell(w, srv->name, EVENT_WARN, "%s", why.text);
        world_place_close(&place);
    }
}

/* What will happen to each, said once at the beginning. */
void watch_announce(struct watch *w)
{
    fetch_secrets(w);
    for (size_t i = 0; i < w->n; i++) {
        const struct watched *s = &w->servers[i];
        char after[WHEN_TEXT], max[WHEN_TEXT];
        struct site at;
        struct err why = {0};
        when_span(s->rule.window_s, after);
        when_span(s->rule.max_s, max);
        bool asked = site_open(w->core, s->srv, "127.0.0.1", SITE_ASK, &at, &why) &&
                     at.place.game && game_can_ask(&at.place, &why);
        if (!asked && s->rule.max_s)
            watch_tell(w, s->srv->name, EVENT_NOTE,
                       "is stopped %s after its start; who plays cannot be asked", max);
        else if (!asked)
            watch_tell(w, s->srv->name, EVENT_WARN,
                       "who plays cannot be asked, so it is never idle; set `game` for it, or "
                       "`max_hours`");
        else
            watch_tell(w, s->srv->name, EVENT_NOTE, "is stopped when nobody has played for %s%s%s",
                       after, s->rule.max_s ? ", at the latest after " : "",
                       s->rule.max_s ? max : "");
    }
}
