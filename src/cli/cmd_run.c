/* The commands that change servers. All are one core_run; the tables say what differs. */
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run_opts {
    const char *snapshot, *region, *size, *confirm;
    int64_t droplet_id, keep;
    bool adopt, accept_size, now, if_empty, over_budget;
};

#define AT(field) .at = offsetof(struct run_opts, field)

static const struct opt create_opts[] = {
    {"--region", "REGION", "here instead of in the configured region", AT(region), OPT_TEXT},
    {"--size", "SIZE", "this plan instead of the configured one", AT(size), OPT_TEXT},
    {"--adopt", NULL, "take a droplet that has the name but not the tag", AT(adopt)},
    {"--over-budget", NULL, "even past the month's budget", AT(over_budget)},
    {.name = NULL},
};
static const struct opt start_opts[] = {
    {"--snapshot", "ID|NAME", "this snapshot instead of the newest", AT(snapshot), OPT_TEXT},
    {"--region", "REGION", "here instead of in the configured region", AT(region), OPT_TEXT},
    {"--size", "SIZE", "this plan instead of the configured one", AT(size), OPT_TEXT},
    {"--adopt", NULL, "take what has the name but not the tag", AT(adopt)},
    {"--over-budget", NULL, "even past the month's budget", AT(over_budget)},
    {.name = NULL},
};
static const struct opt stop_opts[] = {
    {"--now", NULL, "warn nobody, wait for nobody", AT(now)},
    {"--if-empty", NULL, "only if it is known that nobody plays", AT(if_empty)},
    {"--droplet", "ID", "which, if several carry the server's tag", AT(droplet_id), OPT_INT,
     .min = 1, .max = INT64_MAX},
    {"--adopt", NULL, "take a droplet that has the name but not the tag", AT(adopt)},
    {"--accept-size", NULL, "go on though the snapshot is far smaller than the last",
     AT(accept_size)},
    {.name = NULL},
};
static const struct opt single_opts[] = {
    {"--droplet", "ID", "which, if several carry the server's tag", AT(droplet_id), OPT_INT,
     .min = 1, .max = INT64_MAX},
    {"--adopt", NULL, "take a droplet that has the name but not the tag", AT(adopt)},
    {"--confirm", "NAME", "answer the question for the name in advance", AT(confirm), OPT_TEXT},
    {.name = NULL},
};
static const struct opt prune_opts[] = {
    {"--keep", "N", "how many to keep, instead of snapshot_max", AT(keep), OPT_INT, .min = 1,
     .max = 100},
    {"--adopt", NULL, "count snapshots that have the name but not the tag", AT(adopt)},
    {"--confirm", "NAME", "answer the question for the name in advance", AT(confirm), OPT_TEXT},
    {.name = NULL},
};

/* What --quiet prints of a run that went well. */
enum quiet { QUIET_NOTHING, QUIET_ADDRESS, QUIET_SNAPSHOT };
static const enum quiet quiet_of[] = {
    [VERB_CREATE] = QUIET_ADDRESS,    [VERB_START] = QUIET_ADDRESS,
    [VERB_STOP] = QUIET_SNAPSHOT,     [VERB_RESTORE] = QUIET_ADDRESS,
    [VERB_SNAPSHOT] = QUIET_SNAPSHOT, [VERB_POWER] = QUIET_NOTHING,
    [VERB_DESTROY] = QUIET_NOTHING,   [VERB_PRUNE] = QUIET_NOTHING,
    [VERB_BACKUP] = QUIET_NOTHING,    [VERB_RESTORE_WORLD] = QUIET_NOTHING,
};

static void put_outcome(cJSON *doc, const struct outcome *out, bool dry_run)
{
    put_text(doc, "run", out->run);
    put_text(doc, "text", out->text);
    cJSON_AddBoolToObject(doc, "dry_run", dry_run);
    cJSON_AddBoolToObject(doc, "changed", out->changed);
    put_id(doc, "snapshot_id", out->snapshot_id);
    put_text(doc, "snapshot", out->snapshot_name);
    put_text(doc, "address", out->address);
    json_put_int(doc, "pruned", (int64_t)out->pruned);
    json_put_int(doc, "api_calls", out->calls);
    if (out->have_view)
        cJSON_AddItemToObject(doc, "server", view_json(&out->view));
    else
        cJSON_AddNullToObject(doc, "server");
}

static void print_quiet(const struct cli *cli, const struct outcome *out, enum quiet what)
{
    if (what == QUIET_ADDRESS && out->have_view && *out->view.ip)
        report_line(cli, "%s", out->view.ip);
    else if (what == QUIET_SNAPSHOT && out->snapshot_id)
        report_line(cli, "%lld", (long long)out->snapshot_id);
}

static void print_outcome(struct cli *cli, const struct outcome *out)
{
    const struct server_view *v = &out->view;
    char money[WHEN_TEXT];
    if (cli->g.dry_run)
        report_talk(cli, PAINT_NONE, "%s", out->text);
    else if (*out->text)
        report_line(cli, "%s", out->text);
    if (!out->have_view)
        return;
    core_money(v->hourly_udollars, money);
    if (v->hourly_udollars)
        report_line(cli, "  costs    %s/h", money);
    if (v->state == SERVER_RUNNING && *v->ip && !strstr(out->text, v->ip))
        report_line(cli, "  address  %s", v->ip);
    if (*v->note)
        report_line(cli, "  next     %s", v->note);
}

/* Prints what came of a run, well ended or not. */
static bool finish(struct cli *cli, bool ok, const struct outcome *out, enum quiet quiet,
                   const struct err *e)
{
    progress_end(cli);
    put_outcome(cli->doc, out, cli->g.dry_run);
    if (ok && cli->g.quiet)
        print_quiet(cli, out, quiet);
    else if (ok)
        print_outcome(cli, out);
    else if (out->have_view && out->view.hourly_udollars) {
        char money[WHEN_TEXT];
        core_money(out->view.hourly_udollars, money);
        if (!strstr(e->hint, money))
            cli->afterword = xasprintf("%s goes on costing %s/h", out->view.name, money);
    }
    return ok;
}

bool run_request(struct cli *cli, const struct request *req, struct err *e)
{
    struct outcome out = {0};
    bool ok = core_run(cli->core, req, &out, e);
    return finish(cli, ok, &out, quiet_of[req->verb], e);
}

static bool run_verb(struct cli *cli, struct err *e)
{
    const struct run_opts *o = cli->opts;
    const char *const *words = cli->line.words;
    struct request req = {
        .verb = (enum verb)cli->cmd->what,
        .server = words[0],
        .snapshot = o->snapshot,
        .region = o->region,
        .size = o->size,
        .power = cli->line.n_words > 1 ? words[1] : NULL,
        .droplet_id = o->droplet_id,
        .keep = (int)o->keep,
        .timeout_ms = cli->g.timeout_s * 1000,
        .adopt = o->adopt,
        .accept_size = o->accept_size,
        .now = o->now,
        .if_empty = o->if_empty,
        .over_budget = o->over_budget,
        .dry_run = cli->g.dry_run,
    };
    cli->confirm = o->confirm;
    return run_request(cli, &req, e);
}

/* Without a config file the sandbox knows only the servers it is told of: those of open runs. */
static bool make_up_open_servers(struct cli *cli, struct err *e)
{
    struct open_run *runs = NULL;
    size_t n = 0;
    if (!cli->made_up)
        return true;
    bool ok = core_open_runs(cli->core, &runs, &n, e);
    for (size_t i = 0; ok && i < n; i++)
        ok = session_make_up_server(cli, runs[i].server, e);
    free(runs);
    struct err no_name;
    if (ok && cli->line.n_words && config_name_ok(cli->line.words[0], &no_name))
        ok = session_make_up_server(cli, cli->line.words[0], e);
    return ok;
}

static bool run_resume(struct cli *cli, struct err *e)
{
    struct outcome out = {0};
    if (!make_up_open_servers(cli, e))
        return false;
    bool ok = core_resume(cli->core, cli->line.n_words ? cli->line.words[0] : NULL,
                          cli->g.timeout_s * 1000, &out, e);
    return finish(cli, ok, &out, out.snapshot_id && !*out.view.ip ? QUIET_SNAPSHOT : QUIET_ADDRESS,
                  e);
}

static bool run_stay(struct cli *cli, struct err *e)
{
    const char *server = cli->line.words[0];
    const char *span = cli->line.n_words > 1 ? cli->line.words[1] : "30m";
    bool off = strcmp(span, "off") == 0;
    int64_t seconds = 0, until;
    char text[WHEN_TEXT];
    if (!off && (!when_from_span(span, &seconds) || seconds == 0)) {
        err_set(e, ERR_USAGE, "'%s' is not how long it stays", span);
        return err_hint(e, "say for example 30m, 2h, or off");
    }
    if (!core_stay(cli->core, server, seconds, &until, e))
        return false;
    when_span(seconds, text);
    put_text(cli->doc, "server", server);
    put_when(cli->doc, "until", until);
    if (off)
        report_line(cli, "%s can be stopped at any time", server);
    else
        report_line(cli, "%s is not stopped from this computer within the next %s", server, text);
    return true;
}

#define VERB(v, o)                                                                                 \
    .opts = o, .opts_size = sizeof(struct run_opts), .run = run_verb, .group = GROUP_RUN,          \
    .flags = NEED_CONFIG | NEED_CORE | NEED_SERVER | DRY, .what = v

const struct cmd cmds_run[] = {
    {.name = "create",
     .usage = "SERVER",
     .summary = "make the first droplet of a server from a base image",
     .examples = "dogs create mc                       # region, size and image from the config\n"
                 "dogs create mc --size s-2vcpu-4gb    # on a larger plan\n"
                 "dogs create mc --dry-run             # show the calls and the price only",
     .help = "Makes the droplet, has it set up by the server's script where one is configured,\n"
             "waits until it is reachable and prints its address. Refused where the server has\n"
             "a droplet or a snapshot: then it is `dogs start`.",
     VERB(VERB_CREATE, create_opts)},
    {.name = "start",
     .alias = "up",
     .usage = "SERVER",
     .summary = "bring a server back from its newest snapshot",
     .examples = "dogs start mc                        # from the newest good snapshot\n"
                 "dogs start mc --snapshot mc-1767225600\n"
                 "ip=$(dogs start mc --quiet)          # for scripts: the address alone",
     .help = "Makes a droplet from the snapshot, waits until it is reachable and prints its\n"
             "address. A server that runs already is left as it is. The snapshot stays.",
     VERB(VERB_START, start_opts)},
    {.name = "stop",
     .alias = "down",
     .usage = "SERVER",
     .summary = "shut down, snapshot, prove the snapshot, destroy the droplet",
     .examples = "dogs stop mc\n"
                 "dogs stop mc --now                   # whoever plays is not warned\n"
                 "dogs stop mc --timeout 600           # stop waiting after ten minutes\n"
                 "dogs resume mc                       # go on where it was left",
     .help = "While somebody plays, warnings are given in the game at the minutes that `warn:`\n"
             "of the config names; the stop goes on when they are over or all have left, and\n"
             "the game saves. `dogs stay` puts it off.\n"
             "The droplet is destroyed only after its snapshot was proved; otherwise it is kept,\n"
             "its price is shown and the exit status is 8. Then old snapshots are pruned as\n"
             "snapshot_max says. Ctrl-C stops the waiting, not the work.",
     VERB(VERB_STOP, stop_opts)},
    {.name = "stay",
     .usage = "SERVER [TIME]",
     .summary = "put the stop of a server off",
     .examples = "dogs stay mc                         # half an hour\n"
                 "dogs stay mc 2h\n"
                 "dogs stay mc off                     # it may be stopped again",
     .help = "TIME is 30m if none is given. A `dogs stop` of this computer that counts down\n"
             "hears it and waits; one that begins before that time is refused, unless with\n"
             "--now. At most 12 hours.",
     .run = run_stay,
     .group = GROUP_RUN,
     .flags = NEED_CONFIG | NEED_CORE | NEED_SERVER},
    {.name = "restore",
     .usage = "SERVER",
     .summary = "make a droplet from a chosen snapshot",
     .examples = "dogs snapshots mc                    # what there is\n"
                 "dogs restore mc --snapshot 123456789",
     .help = "As `dogs start`, but the snapshot must be named with --snapshot: to go back to an\n"
             "older evening.",
     VERB(VERB_RESTORE, start_opts)},
    {.name = "snapshot",
     .usage = "SERVER",
     .summary = "take and prove a snapshot; the droplet stays",
     .examples = "dogs snapshot mc",
     .help = "The single step inside `dogs stop`.",
     VERB(VERB_SNAPSHOT, single_opts)},
    {.name = "power",
     .usage = "SERVER on|off|reboot|cycle",
     .summary = "switch a droplet on or off",
     .examples = "dogs power mc reboot\n"
                 "dogs power mc off                    # it goes on costing the full price",
     .help = "A droplet that is off is billed as one that runs; `dogs stop` ends the bill.",
     VERB(VERB_POWER, single_opts)},
    {.name = "destroy",
     .usage = "SERVER",
     .summary = "destroy a droplet that a proved snapshot holds; asks for the name",
     .examples = "dogs destroy mc                      # asks for the name\n"
                 "dogs destroy mc --confirm mc         # for scripts",
     .help = "The last step inside `dogs stop`, behind the same gate: the droplet must be off and\n"
             "a proved snapshot must hold its world. Snapshots are not touched.",
     VERB(VERB_DESTROY, single_opts)},
    {.name = "prune",
     .usage = "SERVER",
     .summary = "delete old snapshots beyond snapshot_max",
     .examples = "dogs prune mc --dry-run              # which would go\n"
                 "dogs prune mc --keep 1",
     .help = "Never touches the newest good snapshot, a SERVER-base, or what belongs to another\n"
             "server. Asks for the name where several would go at once.",
     VERB(VERB_PRUNE, prune_opts)},
    {.name = "resume",
     .usage = "[RUN]",
     .summary = "take up a run that did not end",
     .examples = "dogs resume                          # the only open one\n"
                 "dogs resume mc                       # by the server's name\n"
                 "dogs resume 65f2c1d0a3               # by the id that was printed",
     .help = "Goes on at the step that was reached, on any host: what the journal of this host\n"
             "does not know is read from the cloud.",
     .run = run_resume,
     .group = GROUP_RUN,
     .flags = NEED_CONFIG | NEED_CORE},
    {.name = NULL},
};
