#include "cost.h"
#include "run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one that is shown: a tagged one before one that only has the name. NULL = none. */
static const struct droplet *first_droplet(const struct server_look *look)
{
    return look->n_droplets ? look->droplets[0] : look->n_untagged ? look->untagged[0] : NULL;
}

static enum server_state state_of(const struct server_look *look)
{
    if (look->n_droplets + look->n_untagged > 1)
        return SERVER_SEVERAL;
    const struct droplet *d = first_droplet(look);
    if (!d)
        return look->n_series || look->base ? SERVER_STORED : SERVER_NONE;
    switch (d->status) {
    case DROPLET_NEW:
        return SERVER_STARTING;
    case DROPLET_ACTIVE:
        return d->ip[0] ? SERVER_RUNNING : SERVER_STARTING;
    case DROPLET_OFF:
        return SERVER_OFF;
    case DROPLET_ARCHIVE:
    case DROPLET_UNKNOWN:
        break;
    }
    return SERVER_UNKNOWN;
}

const char *server_state_name(enum server_state s)
{
    static const char *const names[] = {
        [SERVER_NONE] = "none",       [SERVER_STORED] = "stored", [SERVER_STARTING] = "starting",
        [SERVER_RUNNING] = "running", [SERVER_OFF] = "off",       [SERVER_SEVERAL] = "several",
        [SERVER_UNKNOWN] = "unknown"};
    return names[s];
}

static void add_cost(struct server_view *v, const struct prices_cfg *prices,
                     const struct droplet *d, int64_t now)
{
    v->hourly_udollars += d->price_hourly_udollars;
    if (d->created_at)
        v->session_udollars += cost_session(prices, now - d->created_at, d->price_hourly_udollars,
                                            d->price_monthly_udollars);
}

static void fill_droplet(struct server_view *v, const struct prices_cfg *prices,
                         const struct server_look *look, int64_t now)
{
    const struct droplet *d = first_droplet(look);
    v->ours = look->n_droplets > 0;
    v->n_droplets = look->n_droplets + look->n_untagged;
    if (!d)
        return;
    v->droplet_id = d->id;
    str_copy(v->ip, sizeof v->ip, d->ip);
    str_copy(v->region, sizeof v->region, d->region);
    str_copy(v->size, sizeof v->size, d->size);
    v->created_at = d->created_at;
    for (size_t i = 0; i < look->n_droplets; i++)
        add_cost(v, prices, look->droplets[i], now);
    for (size_t i = 0; i < look->n_untagged; i++)
        add_cost(v, prices, look->untagged[i], now);
}

static void fill_snapshots(struct server_view *v, const struct prices_cfg *prices,
                           const struct server_look *look)
{
    for (size_t i = 0; i < look->n_series; i++)
        v->snapshots_mb += look->series[i]->size_mb;
    v->snapshots_mb += look->base ? look->base->size_mb : 0;
    v->n_snapshots = look->n_series + (look->base != NULL);
    v->storage_monthly_udollars = cost_storage_monthly(prices, v->snapshots_mb);
    const struct snapshot *newest = look->n_series ? look->series[0] : look->base;
    if (!newest)
        return;
    v->snapshot_id = newest->id;
    v->snapshot_at = newest->created_at;
    str_copy(v->snapshot_name, sizeof v->snapshot_name, newest->name);
}

static void fill_note(struct server_view *v, const char *open_verb)
{
    if (v->unfinished[0])
        snprintf(v->note, sizeof v->note, "a %s was interrupted: `dogs resume %s` finishes it",
                 open_verb, v->name);
    else if (v->state == SERVER_OFF)
        snprintf(v->note, sizeof v->note,
                 "off, but billed in full: `dogs stop %s` puts it away, `dogs start %s` switches "
                 "it on",
                 v->name, v->name);
    else if (v->state == SERVER_SEVERAL)
        snprintf(v->note, sizeof v->note,
                 "%zu droplets, each billed: choose with `dogs stop %s --droplet ID`",
                 v->n_droplets, v->name);
    else if (v->state == SERVER_NONE)
        snprintf(v->note, sizeof v->note, "`dogs create %s` makes it", v->name);
    else if (v->droplet_id && !v->ours)
        snprintf(v->note, sizeof v->note,
                 "the droplet does not carry our tag: `dogs start %s --adopt` takes it", v->name);
}

void view_fill(const struct core *core, const char *server, const struct server_look *look,
               struct server_view *v)
{
    *v = (struct server_view){.state = state_of(look)};
    str_copy(v->name, sizeof v->name, server);
    const struct server_cfg *srv = config_server(core->cfg, server);
    v->configured = srv != NULL;
    fill_droplet(v, &core->cfg->prices, look, cloud_now(core->cloud));
    if (!v->droplet_id && srv) {
        str_copy(v->region, sizeof v->region, srv->region);
        str_copy(v->size, sizeof v->size, srv->size);
    }
    fill_snapshots(v, &core->cfg->prices, look);
    struct last_run last;
    struct err ignored;
    bool open = journal_peek(core->cfg->state_dir, server, &last, &ignored) && last.open;
    if (open)
        str_copy(v->unfinished, sizeof v->unfinished, last.run.id);
    fill_note(v, open ? last.run.verb : "");
}

struct names {
    const struct config *cfg;
    const char **list; /* lent */
    size_t n, cap;
};

static void add_name(struct names *names, const char *name)
{
    if (names->n == names->cap) {
        names->cap = names->cap ? names->cap * 2 : 32;
        names->list = xrealloc(names->list, names->cap * sizeof *names->list);
    }
    names->list[names->n++] = name;
}

static void add_unconfigured(void *ctx, const char *name)
{
    struct names *names = ctx;
    if (!config_server(names->cfg, name))
        add_name(names, name);
}

bool core_status(struct core *core, const char *server, struct server_view **out, size_t *n,
                 struct err *e)
{
    struct account_look look;
    if (!look_read(core->cloud, &look, e))
        return false;
    struct names names = {.cfg = core->cfg};
    for (size_t i = 0; i < core->cfg->n_servers; i++)
        add_name(&names, core->cfg->servers[i].name);
    look_servers(&look, add_unconfigured, &names);
    bool ok = true;
    *out = xcalloc(names.n + 1, sizeof **out);
    *n = 0;
    for (size_t i = 0; i < names.n; i++) {
        struct server_look mine;
        if (server && strcmp(names.list[i], server) != 0)
            continue;
        server_pick(&look, names.list[i], &mine);
        view_fill(core, names.list[i], &mine, &(*out)[(*n)++]);
        server_look_release(&mine);
    }
    if (server && *n == 0) {
        const struct server_cfg *none;
        config_need_server(core->cfg, server, &none, e);
        free(*out);
        ok = false;
    }
    free(names.list);
    look_release(&look);
    return ok;
}

bool core_snapshots(struct core *core, const char *server, struct snapshot_view **out, size_t *n,
                    struct err *e)
{
    struct account_look look = {0};
    struct server_look mine;
    if (!look_read(core->cloud, &look, e))
        return false;
    server_pick(&look, server, &mine);
    const struct server_cfg *srv = config_server(core->cfg, server);
    bool *victims = xcalloc(mine.n_series + 1, sizeof *victims);
    retention(mine.series, mine.n_series, server, srv ? srv->snapshot_max : INT32_MAX, false,
              victims);
    char tag[TAG_MAX];
    server_tag(server, tag);
    *n = mine.n_series + (mine.base != NULL);
    *out = xcalloc(*n + 1, sizeof **out);
    for (size_t i = 0; i < *n; i++) {
        const struct snapshot *s = i < mine.n_series ? mine.series[i] : mine.base;
        struct snapshot_view *v = &(*out)[i];
        *v = (struct snapshot_view){.id = s->id,
                                    .kind = s == mine.base ? SNAPSHOT_BASE : SNAPSHOT_SERIES,
                                    .created_at = s->created_at,
                                    .size_mb = s->size_mb,
                                    .monthly_udollars =
                                        cost_storage_monthly(&core->cfg->prices, s->size_mb),
                                    .min_disk_gb = s->min_disk_gb,
                                    .ours = cloud_has(s->tags, tag),
                                    .prunable = i < mine.n_series && victims[i]};
        v->good = v->ours && s->size_mb > 0;
        str_copy(v->name, sizeof v->name, s->name);
        str_copy(v->regions, sizeof v->regions, s->regions);
    }
    bool unknown = *n == 0 && mine.n_droplets == 0 && !srv;
    free(victims);
    server_look_release(&mine);
    look_release(&look);
    if (!unknown)
        return true;
    free(*out);
    const struct server_cfg *none;
    return config_need_server(core->cfg, server, &none, e);
}
