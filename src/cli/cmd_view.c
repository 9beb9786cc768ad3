/* The commands that only look. */
#include "report.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VIEW_STATUS, VIEW_LIST };

cJSON *view_json(const struct server_view *v)
{
    cJSON *o = cJSON_CreateObject();
    put_text(o, "name", v->name);
    put_text(o, "state", server_state_name(v->state));
    cJSON_AddBoolToObject(o, "configured", v->configured);
    cJSON_AddBoolToObject(o, "ours", v->ours);
    json_put_int(o, "droplets", (int64_t)v->n_droplets);
    put_id(o, "droplet_id", v->droplet_id);
    put_text(o, "address", v->ip);
    put_text(o, "region", v->region);
    put_text(o, "size", v->size);
    put_when(o, "created_at", v->created_at);
    put_dollars(o, "hourly_usd", v->hourly_udollars);
    put_dollars(o, "session_usd", v->session_udollars);
    put_dollars(o, "storage_monthly_usd", v->storage_monthly_udollars);
    json_put_int(o, "snapshots", (int64_t)v->n_snapshots);
    put_id(o, "snapshot_id", v->snapshot_id);
    put_text(o, "snapshot", v->snapshot_name);
    put_when(o, "snapshot_at", v->snapshot_at);
    json_put_int(o, "snapshots_mb", v->snapshots_mb);
    put_text(o, "unfinished_run", v->unfinished);
    put_text(o, "next", v->note);
    return o;
}

static const enum paint paint_of[] = {
    [SERVER_NONE] = PAINT_NONE,      [SERVER_STORED] = PAINT_NONE, [SERVER_STARTING] = PAINT_YELLOW,
    [SERVER_RUNNING] = PAINT_GREEN,  [SERVER_OFF] = PAINT_YELLOW,  [SERVER_SEVERAL] = PAINT_RED,
    [SERVER_UNKNOWN] = PAINT_YELLOW,
};

enum paint view_paint(enum server_state state)
{
    return paint_of[state];
}

static enum paint paint_state(const char *cell)
{
    for (size_t i = 0; i < sizeof paint_of / sizeof *paint_of; i++)
        if (strcmp(cell, server_state_name((enum server_state)i)) == 0)
            return paint_of[i];
    return PAINT_NONE;
}

/* "$0.018/h"; "" for nothing. */
static const char *price(int64_t udollars, const char *per, char out[WHEN_TEXT])
{
    char money[WHEN_TEXT] = "";
    if (udollars)
        core_money(udollars, money);
    snprintf(out, WHEN_TEXT, "%.30s%s", money, *money ? per : "");
    return out;
}

struct totals {
    size_t running;
    int64_t hourly, storage;
};

static struct totals sum(const struct server_view *views, size_t n)
{
    struct totals t = {0};
    for (size_t i = 0; i < n; i++) {
        t.running += views[i].state == SERVER_RUNNING || views[i].state == SERVER_STARTING;
        t.hourly += views[i].hourly_udollars;
        t.storage += views[i].storage_monthly_udollars;
    }
    return t;
}

void view_totals(const struct server_view *views, size_t n, struct str *out)
{
    struct totals t = sum(views, n);
    char hour[WHEN_TEXT], month[WHEN_TEXT];
    core_money(t.hourly, hour);
    core_money(t.storage, month);
    str_addf(out, "%zu running, %s/h now; storage %s/month", t.running, hour, month);
}

static void print_list(const struct cli *cli, const struct server_view *views, size_t n)
{
    static const struct column columns[] = {
        {.title = "SERVER"},     {.title = "STATE", .paint = paint_state},
        {.title = "ADDRESS"},    {.title = "SIZE"},
        {.title = "REGION"},     {"COST NOW", true, NULL},
        {"SESSION", true, NULL}, {"SNAPSHOTS", true, NULL},
        {"STORAGE", true, NULL},
    };
    struct table t = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
    char money[WHEN_TEXT];
    for (size_t i = 0; i < n; i++) {
        const struct server_view *v = &views[i];
        table_add(&t, "%s", v->name);
        table_add(&t, "%s", server_state_name(v->state));
        table_add(&t, "%s", v->ip);
        table_add(&t, "%s", v->size);
        table_add(&t, "%s", v->region);
        table_add(&t, "%s", price(v->hourly_udollars, "/h", money));
        table_add(&t, "%s", price(v->session_udollars, "", money));
        table_add(&t, "%zu", v->n_snapshots);
        table_add(&t, "%s", price(v->storage_monthly_udollars, "/month", money));
    }
    table_print(&t, cli);
    table_release(&t);
    for (size_t i = 0; i < n; i++)
        if (*views[i].note)
            report_line(cli, "%s: %s", views[i].name, views[i].note);
}

static void row(struct str *out, const char *name, const char *fmt, ...) PRINTF(3, 4);
static void row(struct str *out, const char *name, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (*text)
        str_addf(out, "\n  %-9s  %s", name, text);
}

static void add_snapshots_row(const struct server_view *v, struct str *out)
{
    char at[WHEN_TEXT] = "", month[WHEN_TEXT];
    if (!v->n_snapshots) {
        row(out, "snapshots", "none");
        return;
    }
    if (v->snapshot_at)
        when_to_iso(v->snapshot_at, at);
    row(out, "snapshots", "%zu, %.1f GB, %s", v->n_snapshots, (double)v->snapshots_mb / 1000,
        price(v->storage_monthly_udollars, "/month", month));
    row(out, "newest", "%s%s%s", v->snapshot_name, *at ? " of " : "", at);
}

void view_text(const struct server_view *v, struct str *out)
{
    char hour[WHEN_TEXT], session[WHEN_TEXT], at[WHEN_TEXT] = "";
    str_addf(out, "%s: %s", v->name, server_state_name(v->state));
    row(out, "address", "%s", v->ip);
    if (v->droplet_id) {
        if (v->created_at)
            when_to_iso(v->created_at, at);
        row(out, "droplet", "%lld, %s in %s%s%s", (long long)v->droplet_id, v->size, v->region,
            *at ? ", since " : "", at);
    }
    if (v->n_droplets > 1)
        row(out, "droplets", "%zu carry this server's tag", v->n_droplets);
    if (v->hourly_udollars)
        row(out, "costs", "%s now, %s so far", price(v->hourly_udollars, "/h", hour),
            price(v->session_udollars, "", session));
    add_snapshots_row(v, out);
    row(out, "open run", "%s", v->unfinished);
    row(out, "next", "%s", v->note);
}

static void print_status(const struct cli *cli, const struct server_view *v)
{
    struct str text = STR(8192);
    view_text(v, &text);
    report_line(cli, "%s", str_text(&text));
    str_release(&text);
}

static void print_views(const struct cli *cli, const struct server_view *views, size_t n)
{
    bool list = cli->cmd->what == VIEW_LIST;
    for (size_t i = 0; cli->g.quiet && i < n; i++)
        if (list || *views[i].ip)
            report_line(cli, "%s", list ? views[i].name : views[i].ip);
    if (cli->g.quiet)
        return;
    if (!n) {
        report_line(cli, "no servers: neither configured nor in the account");
        return;
    }
    if (list)
        print_list(cli, views, n);
    for (size_t i = 0; !list && i < n; i++)
        print_status(cli, &views[i]);
    struct str totals = STR(256);
    view_totals(views, n, &totals);
    if (n > 1 || list)
        report_line(cli, "%s", str_text(&totals));
    str_release(&totals);
}

static bool run_views(struct cli *cli, struct err *e)
{
    struct server_view *views = NULL;
    size_t n = 0;
    if (!core_status(cli->core, cli->line.n_words ? cli->line.words[0] : NULL, &views, &n, e))
        return false;
    print_views(cli, views, n);
    cJSON *array = cJSON_AddArrayToObject(cli->doc, "servers");
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(array, view_json(&views[i]));
    struct totals t = sum(views, n);
    json_put_int(cli->doc, "running", (int64_t)t.running);
    put_dollars(cli->doc, "hourly_usd", t.hourly);
    put_dollars(cli->doc, "storage_monthly_usd", t.storage);
    free(views);
    return true;
}

static const char *keeping(const struct snapshot_view *s)
{
    if (s->kind == SNAPSHOT_BASE)
        return "base, kept for ever";
    if (!s->ours)
        return "not tagged by dogs";
    if (!s->good)
        return "not proved";
    return s->prunable ? "would be pruned" : "kept";
}

static cJSON *snapshot_json(const struct snapshot_view *s)
{
    cJSON *o = cJSON_CreateObject();
    put_id(o, "id", s->id);
    put_text(o, "name", s->name);
    put_text(o, "kind", s->kind == SNAPSHOT_BASE ? "base" : "series");
    put_when(o, "created_at", s->created_at);
    json_put_int(o, "size_mb", s->size_mb);
    put_dollars(o, "monthly_usd", s->monthly_udollars);
    json_put_int(o, "min_disk_gb", s->min_disk_gb);
    cJSON *regions = cJSON_AddArrayToObject(o, "regions");
    const char *at = s->regions, *piece;
    for (size_t len; opt_piece(&at, " ", &piece, &len);) {
        char *region = xstrndup(piece, len);
        cJSON_AddItemToArray(regions, cJSON_CreateString(region));
        free(region);
    }
    cJSON_AddBoolToObject(o, "ours", s->ours);
    cJSON_AddBoolToObject(o, "good", s->good);
    cJSON_AddBoolToObject(o, "prunable", s->prunable);
    return o;
}

static void print_snapshots(const struct cli *cli, const struct snapshot_view *snaps, size_t n)
{
    static const struct column columns[] = {
        {.title = "ID"},      {.title = "NAME"},    {.title = "CREATED"}, {"SIZE", true, NULL},
        {"COST", true, NULL}, {.title = "REGIONS"}, {.title = "KEEPING"},
    };
    struct table t = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
    char text[WHEN_TEXT];
    for (size_t i = 0; i < n; i++) {
        const struct snapshot_view *s = &snaps[i];
        const char *regions = s->regions + strspn(s->regions, " ");
        size_t len = strlen(regions);
        while (len && regions[len - 1] == ' ')
            len--;
        table_add(&t, "%lld", (long long)s->id);
        table_add(&t, "%s", s->name);
        when_to_iso(s->created_at, text);
        table_add(&t, "%s", text);
        table_add(&t, "%.1f GB", (double)s->size_mb / 1000);
        table_add(&t, "%s", price(s->monthly_udollars, "/month", text));
        table_add(&t, "%.*s", (int)len, regions);
        table_add(&t, "%s", keeping(s));
    }
    table_print(&t, cli);
    table_release(&t);
}

static bool run_snapshots(struct cli *cli, struct err *e)
{
    struct snapshot_view *snaps = NULL;
    size_t n = 0;
    if (!core_snapshots(cli->core, cli->line.words[0], &snaps, &n, e))
        return false;
    int64_t monthly = 0;
    cJSON *array = cJSON_AddArrayToObject(cli->doc, "snapshots");
    for (size_t i = 0; i < n; i++) {
        cJSON_AddItemToArray(array, snapshot_json(&snaps[i]));
        monthly += snaps[i].monthly_udollars;
        if (cli->g.quiet)
            report_line(cli, "%lld", (long long)snaps[i].id);
    }
    put_dollars(cli->doc, "storage_monthly_usd", monthly);
    if (!cli->g.quiet && n) {
        char money[WHEN_TEXT];
        core_money(monthly, money);
        print_snapshots(cli, snaps, n);
        report_line(cli, "%zu snapshot%s; storage %s/month", n, n == 1 ? "" : "s", money);
    } else if (!cli->g.quiet) {
        report_line(cli, "%s has no snapshots", cli->line.words[0]);
    }
    free(snaps);
    return true;
}

#define LOOK .group = GROUP_VIEW, .flags = NEED_CONFIG | NEED_CORE | READS

const struct cmd cmds_view[] = {
    {.name = "status",
     .usage = "[SERVER]",
     .summary = "what a server is doing, what it costs, what to type next",
     .examples = "dogs status                          # every server, in full\n"
                 "dogs status mc\n"
                 "dogs status mc --quiet               # its address alone",
     .help = "Servers are those of the config and those that carry the tag of dogs in the\n"
             "account. A unique beginning of a name will do.",
     .run = run_views,
     .what = VIEW_STATUS,
     LOOK},
    {.name = "list",
     .alias = "ls",
     .usage = "",
     .summary = "all servers in one table, with costs and totals",
     .examples = "dogs list\n"
                 "dogs list --json",
     .help = "COST NOW is what the server's droplets cost per hour, running or off; SESSION is\n"
             "what they have cost since they were made; STORAGE is the price of its snapshots.",
     .run = run_views,
     .what = VIEW_LIST,
     LOOK},
    {.name = "snapshots",
     .usage = "SERVER",
     .summary = "the snapshots of a server and what retention would do",
     .examples = "dogs snapshots mc\n"
                 "dogs snapshots mc --quiet            # ids alone, newest first",
     .help = "Newest first. A unique beginning of the server's name will do.",
     .run = run_snapshots,
     LOOK},
    {.name = NULL},
};
