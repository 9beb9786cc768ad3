/* schedule: when servers stop and start by themselves, and the system's scheduler that sees to it.
 */
#include "schedule_view.h"
#include <dogs/hash.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENV_MAX = 32 };

struct schedule_args {
    const char *from, *with;
    int64_t count;
};

#define AT(field) .at = offsetof(struct schedule_args, field)

static const struct opt schedule_args[] = {
    {"--from", "TIME", "next: after 2026-03-28T12:00:00Z instead of now", AT(from), OPT_TEXT},
    {"--count", "N", "next: so many runs instead of 5", AT(count), OPT_INT, .min = 1, .max = 1000},
    {"--with", "KIND", "add: systemd or cron (the first of them that is there)", AT(with),
     OPT_TEXT},
    {.name = NULL},
};

int64_t schedule_now(void)
{
    return os_unix_ms() / 1000;
}

/* One entry for each pair of configuration and state folder. */
void schedule_entry_name(const struct cli *cli, char out[TIMER_NAME])
{
    char *path = timer_full_path(cli->cfg->path);
    char *both = xasprintf("%s\n%s", path ? path : "", cli->cfg->state_dir);
    snprintf(out, TIMER_NAME, "dogs-%08llx",
             (unsigned long long)(hash_fnv64(both, strlen(both)) & 0xffffffff));
    free(path);
    free(both);
}

/* The words behind the sub-command: one server, or none for all. */
bool schedule_wanted(const struct cli *cli, const char **server, struct err *e)
{
    const struct server_cfg *found;
    *server = cli->line.n_words > 1 ? cli->line.words[1] : NULL;
    return !*server || config_need_server(cli->cfg, *server, &found, e);
}

bool schedule_no_rules(const struct cli *cli, struct err *e)
{
    err_set(e, ERR_NOT_FOUND, "no server in %s has a schedule",
            *cli->cfg->path ? cli->cfg->path : "the configuration");
    return err_hint(e, "write under a server: schedule: [{do: stop, at: '02:00', zone: "
                       "Europe/Berlin, unless_played: true}]");
}

static size_t count_rules(const struct cli *cli)
{
    size_t n = 0;
    for (size_t i = 0; i < cli->cfg->n_servers; i++)
        n += cli->cfg->servers[i].n_rules;
    return n;
}

/* --- add and remove --- */

/* Variables that dogs reads here and that the scheduler would not have; never a secret. */
static size_t take_env(char *env[ENV_MAX])
{
    static const char *const others[] = {"PATH",        "XDG_CONFIG_HOME", "XDG_STATE_HOME",
                                         "HTTPS_PROXY", "https_proxy",     "NO_PROXY",
                                         "no_proxy",    "TZDIR",           NULL};
    const char *names[128];
    size_t n = 0, n_names = 0;
    for (size_t i = 0; others[i]; i++)
        names[n_names++] = others[i];
    for (const struct config_key *k = config_keys; k->name && n_names < 128; k++)
        if (k->env && strcmp(k->env, "DOGS_TOKEN") != 0)
            names[n_names++] = k->env;
    for (size_t i = 0; i < n_names && n + 1 < ENV_MAX; i++) {
        const char *value = os_env(names[i]);
        /* A proxy's password has no place in a scheduler's files. */
        if (value && !(strstr(names[i], "PROXY") && strchr(value, '@')) &&
            !(strstr(names[i], "proxy") && strchr(value, '@')))
            env[n++] = xasprintf("%s=%s", names[i], value);
    }
    return n;
}

static size_t take_wakes(const struct cli *cli, int64_t wakes[TIMER_MAX_WAKES])
{
    struct due *due;
    size_t n, taken = 0;
    struct err ignored = {0};
    if (!schedule_look(cli->cfg, NULL, schedule_now(), false, &due, &n, &ignored))
        return 0;
    struct upcoming *up = xcalloc(n + 1, sizeof *up);
    struct occurrence o;
    int before;
    if (upcoming_make(due, n, schedule_now(), up, &ignored))
        while (taken < TIMER_MAX_WAKES && upcoming_take(up, n, &o, &before))
            if (!taken || wakes[taken - 1] != o.at)
                wakes[taken++] = o.at;
    upcoming_release(up, n);
    free(due);
    return taken;
}

static bool install(struct cli *cli, const char *with, struct timer_place *at, struct err *e)
{
    char name[TIMER_NAME], *env[ENV_MAX] = {NULL};
    int64_t wakes[TIMER_MAX_WAKES];
    schedule_entry_name(cli, name);
    size_t n_env = take_env(env);
    char *program = timer_program(), *config = timer_full_path(cli->cfg->path);
    char *argv[] = {program, "--config", config, "--no-input", "schedule", "run", NULL};
    struct timer_opts opts = {.name = name,
                              .what = "dogs: stops and starts game servers on schedule",
                              .argv = argv,
                              .env = (const char *const *)env,
                              .every_min = schedule_every_min(cli->cfg),
                              .wakes = wakes,
                              .n_wakes = take_wakes(cli, wakes)};
    bool ok = program && config ? timer_add(&opts, with, at, e)
                                : err_set(e, ERR_FAILED, "this system does not tell where dogs is");
    for (size_t i = 0; i < n_env; i++)
        free(env[i]);
    free(program);
    free(config);
    return ok;
}

static bool token_only_here(const struct cli *cli)
{
    return str_starts(cli->loaded->token_source, "$");
}

static bool add(struct cli *cli, struct err *e)
{
    const struct schedule_args *o = cli->opts;
    struct timer_place at;
    struct due *due;
    size_t n;
    struct err no_token = {0};
    if (cli->g.sandbox)
        return err_set(e, ERR_USAGE, "a scheduler's entry for --sandbox would do nothing real");
    if (!count_rules(cli) || !*cli->cfg->path)
        return schedule_no_rules(cli, e);
    /* From now on its rules are known: what came before is not made up for. */
    if (!schedule_look(cli->cfg, NULL, schedule_now(), true, &due, &n, e))
        return false;
    free(due);
    if (!install(cli, o->with, &at, e))
        return false;
    schedule_put_place(cli, &at);
    report_line(cli, "installed: %s looks every %d min, in %s", timer_kind_name(at.kind),
                at.every_min, at.where);
    if (*at.lacks)
        report_talk(cli, PAINT_YELLOW, "%s", at.lacks);
    if (!config_token(cli->loaded, &no_token))
        report_talk(cli, PAINT_YELLOW,
                    "no token is stored, without which nothing can be done: "
                    "`dogs login` stores one");
    else if (token_only_here(cli))
        report_talk(cli, PAINT_YELLOW,
                    "the token is in %s, which the scheduler does not have: `dogs login` stores it",
                    cli->loaded->token_source);
    report_talk(cli, PAINT_NONE,
                "a computer that is switched off stops nothing; `dogs schedule "
                "next` shows the next runs");
    return true;
}

static bool take_out(struct cli *cli, struct err *e)
{
    char name[TIMER_NAME];
    struct timer_place was;
    schedule_entry_name(cli, name);
    if (!timer_remove(name, &was, e) || !schedule_forget(cli->cfg, e))
        return false;
    put_text(cli->doc, "removed_from", was.where);
    if (was.kind)
        report_line(cli, "removed from %s", was.where);
    else
        report_line(cli, "nothing was installed");
    return true;
}

/* --- run --- */

/* One rule that is due, or is to be skipped. */
static bool act(struct cli *cli, const struct due *d, cJSON *done, struct err *e)
{
    struct str rule = STR(256), text = STR(1024);
    enum record_state state = RECORD_NONE;
    rule_text(d->rule, &rule);
    bool ok = schedule_act(cli->core, cli->cfg, d, schedule_now(), &state, &text, e);
    progress_end(cli);
    /* Another look is at it: its business. */
    bool elsewhere = !ok && e->code == ERR_GUARD && state == RECORD_NONE;
    if (ok)
        report_line(cli, "%s: %s: %s%s%s", d->server->name, str_text(&rule),
                    record_state_name(state), text.len ? ": " : "", str_text(&text));
    else if (!elsewhere)
        err_wrap(e, "%s: %s", d->server->name, str_text(&rule));
    cJSON *o = cJSON_CreateObject();
    put_text(o, "server", d->server->name);
    put_text(o, "rule", str_text(&rule));
    put_when(o, "due_at", d->verdict.last.at);
    put_text(o, "state", elsewhere ? "elsewhere" : record_state_name(state));
    put_text(o, "text", ok ? str_text(&text) : e->text);
    cJSON_AddItemToArray(done, o);
    str_release(&rule);
    str_release(&text);
    return ok || elsewhere;
}

static void tell_plan(struct cli *cli, const struct due *d)
{
    struct str rule = STR(256);
    char at[WHEN_TEXT];
    rule_text(d->rule, &rule);
    when_to_iso(d->verdict.last.at, at);
    if (d->verdict.what == DUE_RUN)
        report_line(cli, "%s: %s: due since %s%s", d->server->name, str_text(&rule), at,
                    d->verdict.late ? ", late" : "");
    else
        report_line(cli, "%s: %s: skipped, %s", d->server->name, str_text(&rule), d->verdict.why);
    str_release(&rule);
}

/* Windows is told of instants to wake for, a few weeks at most: told anew with each run. */
static void renew_wakes(struct cli *cli)
{
    char name[TIMER_NAME];
    struct timer_place at;
    struct err ignored = {0};
    schedule_entry_name(cli, name);
    if (timer_look(name, &at, &ignored) && at.kind == TIMER_TASKS)
        install(cli, NULL, &at, &ignored);
}

static bool run_due(struct cli *cli, struct err *e)
{
    struct due *due;
    size_t n, acted = 0;
    const char *server;
    if (!schedule_wanted(cli, &server, e) ||
        !schedule_look(cli->cfg, server, schedule_now(), !cli->g.dry_run, &due, &n, e))
        return false;
    cJSON *done = cJSON_AddArrayToObject(cli->doc, "done");
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        struct err why = {0};
        enum due_what what = due[i].verdict.what;
        if (what != DUE_RUN && what != DUE_SKIP)
            continue;
        acted++;
        if (cli->g.dry_run) {
            tell_plan(cli, &due[i]);
            continue;
        }
        /* The token is looked for only now: that may be another program's work. */
        bool ready = what == DUE_SKIP || cli->core || session_core(cli, NULL, &why);
        if (ready && act(cli, &due[i], done, &why))
            continue;
        ok = false;
        *e = why;
        if (!ready || why.code == ERR_INTERRUPTED)
            break;
    }
    if (acted && !cli->g.dry_run)
        renew_wakes(cli);
    if (!acted)
        report_talk(cli, PAINT_NONE, "nothing is due");
    free(due);
    return ok;
}

static bool show_next(struct cli *cli, struct err *e)
{
    const struct schedule_args *o = cli->opts;
    return schedule_show_next(cli, o->from, o->count ? (size_t)o->count : 5, e);
}

static bool run_schedule(struct cli *cli, struct err *e)
{
    static const struct {
        const char *name;
        bool (*run)(struct cli *cli, struct err *e);
        bool changes;
    } all[] = {{"add", add, true},
               {"list", schedule_show_list, false},
               {"next", show_next, false},
               {"remove", take_out, true},
               {"run", run_due, false}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(all[i].name, cli->line.words[0]) != 0)
            continue;
        if (cli->g.dry_run && all[i].changes)
            return err_set(e, ERR_USAGE, "schedule %s has no --dry-run; nothing was done",
                           all[i].name);
        return all[i].run(cli, e);
    }
    return err_set(e, ERR_USAGE, "schedule: say add, list, next, remove or run");
}

const struct cmd cmds_schedule[] = {
    {.name = "schedule",
     .usage = "add|list|next|remove|run [NAME]",
     .summary = "stop and start servers at set times, by the system's own scheduler",
     .examples = "dogs schedule next                   # the next five runs, local and UTC\n"
                 "dogs schedule add                    # have the system's scheduler see to it\n"
                 "dogs schedule list                   # rules, what came of them, what is there\n"
                 "dogs schedule remove                 # take it out, without a trace",
     .help = "The rules stand in the configuration (`schedule:`), in any time zone. `add` has\n"
             "systemd or cron, launchd, or Task Scheduler run `dogs schedule run` every few\n"
             "minutes, which does what is due; changed rules need no second `add`. A local\n"
             "time that is skipped when clocks go forward comes right after; one that comes\n"
             "twice comes once, the first. What was missed while this computer was off is\n"
             "caught up within its window, else skipped, and never done twice.",
     .opts = schedule_args,
     .opts_size = sizeof(struct schedule_args),
     .run = run_schedule,
     .group = GROUP_RUN,
     .flags = NEED_CONFIG | DRY | NO_FILE},
    {.name = NULL},
};
