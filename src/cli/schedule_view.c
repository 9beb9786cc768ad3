/* What `dogs schedule` shows. */
#include "schedule_view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "Fri 2026-11-20 02:00" */
static void local_text(int64_t local, char out[WHEN_TEXT])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    struct when_civil c = when_civil(local);
    snprintf(out, WHEN_TEXT, "%.3s %04lld-%02d-%02d %02d:%02d", days + 3 * c.weekday,
             (long long)c.year, c.month, c.day, c.hour, c.minute);
}

static void put_run(cJSON *runs, const struct due *d, const struct occurrence *o, const char *note)
{
    cJSON *run = cJSON_CreateObject();
    char local[WHEN_TEXT];
    when_to_iso(o->local, local);
    local[strlen(local) - 1] = '\0';
    put_text(run, "server", d->server->name);
    put_text(run, "do", d->rule->what == RULE_STOP ? "stop" : "start");
    put_when(run, "at", o->at);
    put_text(run, "local", local);
    json_put_int(run, "utc_offset_s", o->offset_s);
    put_text(run, "note", note);
    cJSON_AddItemToArray(runs, run);
}

bool upcoming_make(const struct due *due, size_t n, int64_t t, struct upcoming *up, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        up[i].due = &due[i];
        if (!rule_zone(due[i].rule, &up[i].zone, e))
            return false;
        up[i].offset_before_s = rule_last(up[i].zone, due[i].rule, t).offset_s;
        up[i].next = rule_next(up[i].zone, due[i].rule, t);
    }
    return true;
}

void upcoming_release(struct upcoming *up, size_t n)
{
    for (size_t i = 0; i < n; i++)
        zone_free(up[i].zone);
    free(up);
}

const struct upcoming *upcoming_take(struct upcoming *up, size_t n, struct occurrence *o,
                                     int *offset_before_s)
{
    struct upcoming *first = NULL;
    for (size_t i = 0; i < n; i++)
        if (up[i].next.at && (!first || up[i].next.at < first->next.at))
            first = &up[i];
    if (!first)
        return NULL;
    *o = first->next;
    *offset_before_s = first->offset_before_s;
    first->offset_before_s = o->offset_s;
    first->next = rule_next(first->zone, first->due->rule, o->at);
    return first;
}

static void print_next(struct cli *cli, struct upcoming *up, size_t n, size_t count)
{
    static const struct column columns[] = {{.title = "SERVER"}, {.title = "DO"},
                                            {.title = "LOCAL"},  {.title = "ZONE"},
                                            {.title = "UTC"},    {.title = "DAYLIGHT SAVING"}};
    struct table t = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
    cJSON *runs = cJSON_AddArrayToObject(cli->doc, "runs");
    for (size_t i = 0; i < count; i++) {
        struct occurrence o;
        int before;
        const struct upcoming *u = upcoming_take(up, n, &o, &before);
        if (!u)
            break;
        struct str note = STR(256);
        char local[WHEN_TEXT], utc[WHEN_TEXT];
        occurrence_note(u->due->rule, &o, before, &note);
        local_text(o.local, local);
        when_to_iso(o.at, utc);
        table_add(&t, "%s", u->due->server->name);
        table_add(&t, "%s", u->due->rule->what == RULE_STOP ? "stop" : "start");
        table_add(&t, "%s", local);
        table_add(&t, "%s", zone_at(u->zone, o.at).name);
        table_add(&t, "%s", utc);
        table_add(&t, "%s", str_text(&note));
        put_run(runs, u->due, &o, str_text(&note));
        str_release(&note);
    }
    table_print(&t, cli);
    table_release(&t);
}

bool schedule_show_next(struct cli *cli, const char *after, size_t count, struct err *e)
{
    struct due *due;
    size_t n;
    int64_t from = schedule_now();
    const char *server;
    if (after && !when_from_iso(after, &from))
        return err_set(e, ERR_USAGE, "--from: '%s' is not a time such as 2026-03-28T12:00:00Z",
                       after);
    if (!schedule_wanted(cli, &server, e) ||
        !schedule_look(cli->cfg, server, schedule_now(), false, &due, &n, e))
        return false;
    struct upcoming *up = xcalloc(n + 1, sizeof *up);
    bool ok = n ? upcoming_make(due, n, from, up, e) : schedule_no_rules(cli, e);
    if (ok)
        print_next(cli, up, n, count);
    upcoming_release(up, n);
    free(due);
    return ok;
}

static void print_rules(struct cli *cli, const struct due *due, size_t n)
{
    static const struct column columns[] = {
        {.title = "SERVER"}, {.title = "RULE"}, {.title = "LAST"}, {.title = "WHAT CAME OF IT"}};
    struct table t = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
    cJSON *rules = cJSON_AddArrayToObject(cli->doc, "rules");
    for (size_t i = 0; i < n; i++) {
        const struct record *rec = &due[i].record;
        struct str text = STR(512);
        char at[WHEN_TEXT] = "";
        rule_text(due[i].rule, &text);
        if (rec->at)
            when_to_iso(rec->at, at);
        const char *state = rec->at ? record_state_name(rec->state) : "";
        table_add(&t, "%s", due[i].server->name);
        table_add(&t, "%s", str_text(&text));
        table_add(&t, "%s", at);
        table_add(&t, "%s%s%s", state, *rec->text ? ": " : "", rec->text);
        cJSON *o = cJSON_CreateObject();
        put_text(o, "server", due[i].server->name);
        put_text(o, "rule", str_text(&text));
        put_when(o, "last_at", rec->at);
        put_text(o, "last_state", state);
        put_text(o, "last_text", rec->text);
        cJSON_AddItemToArray(rules, o);
        str_release(&text);
    }
    table_print(&t, cli);
    table_release(&t);
}

void schedule_put_place(struct cli *cli, const struct timer_place *at)
{
    cJSON *o = cJSON_AddObjectToObject(cli->doc, "installed");
    put_text(o, "with", at->kind ? timer_kind_name(at->kind) : "");
    put_text(o, "where", at->where);
    put_id(o, "every_min", at->every_min);
    put_text(o, "lacks", at->lacks);
}

bool schedule_show_list(struct cli *cli, struct err *e)
{
    char name[TIMER_NAME];
    struct timer_place at;
    struct due *due;
    size_t n;
    const char *server;
    schedule_entry_name(cli, name);
    if (!schedule_wanted(cli, &server, e) || !timer_look(name, &at, e) ||
        !schedule_look(cli->cfg, server, schedule_now(), false, &due, &n, e))
        return false;
    int every = schedule_every_min(cli->cfg);
    if (n)
        print_rules(cli, due, n);
    else
        report_line(cli, "no rules are configured");
    schedule_put_place(cli, &at);
    free(due);
    if (!at.kind)
        report_line(cli, "%s",
                    n ? "not installed: nothing of this happens by itself; `dogs schedule add` "
                        "installs it"
                      : "nothing is installed");
    else
        report_line(cli, "installed: %s looks every %d min, in %s", timer_kind_name(at.kind),
                    at.every_min, at.where);
    if (at.kind && !n)
        report_line(cli, "there is nothing to look for: `dogs schedule remove` takes it out");
    else if (at.kind && at.every_min && at.every_min != every)
        report_line(cli, "the rules need a look every %d min: `dogs schedule add` again", every);
    if (*at.lacks)
        report_line(cli, "%s", at.lacks);
    return true;
}
