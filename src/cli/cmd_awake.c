/* awake: this computer does not fall asleep, until Ctrl-C, for a time, or while a command runs. */
#include "report.h"
#include <dogs/awake.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>

struct awake_args {
    bool display;
    const char *time;
};

#define AT(field) .at = offsetof(struct awake_args, field)

static const struct opt awake_args[] = {
    {"--display", NULL, "keep its display on as well", AT(display)},
    {"--for", "TIME", "let go after 90s, 45m, 2h, 1h30m (until Ctrl-C)", AT(time), OPT_TEXT},
    {.name = NULL},
};

static void put_part(cJSON *doc, const char *name, const struct awake_part *part)
{
    cJSON *o = cJSON_AddObjectToObject(doc, name);
    cJSON_AddBoolToObject(o, "held", part->held);
    put_text(o, "by", part->by);
    put_text(o, "lacks", part->lacks);
}

static bool run_command(struct cli *cli, struct err *e)
{
    /* What was said comes before what the command says. */
    fflush(stdout);
    fflush(stderr);
    if (!os_spawn_wait(cli->line.argv, &cli->status, e))
        return false;
    json_put_int(cli->doc, "status", cli->status);
    return true;
}

/* Whoever waits for the document learns now what is held. */
static bool wait_here(struct cli *cli, int64_t seconds, struct err *e)
{
    if (cli->mode != MODE_TEXT)
        report_document(cli, true, NULL);
    if (!seconds) {
        while (!cancel_sleep(cli->cancel, 3600 * 1000))
            continue;
        return true;
    }
    return !cancel_sleep(cli->cancel, seconds * 1000) ||
           err_set(e, ERR_INTERRUPTED, "interrupted before the time was over");
}

static bool run_awake(struct cli *cli, struct err *e)
{
    const struct awake_args *o = cli->opts;
    bool command = cli->line.n_words > 0;
    int64_t seconds = 0;
    if (o->time && (!when_from_span(o->time, &seconds) || seconds == 0))
        return err_set(e, ERR_USAGE, "--for: '%s' is not a time such as 90s, 45m or 1h30m",
                       o->time);
    if (o->time && command)
        return err_set(e, ERR_USAGE, "--for or a command: one of them ends it");
    struct awake_report got;
    struct awake_opts opts = {.why = "dogs awake", .display = o->display};
    char *why = command ? xasprintf("dogs awake -- %s", cli->line.words[0]) : NULL;
    if (command)
        opts.why = why;
    struct awake *hold = awake_hold(&opts, &got);
    put_part(cli->doc, "system", &got.system);
    if (o->display)
        put_part(cli->doc, "display", &got.display);
    bool all = got.system.held && (!o->display || got.display.held), ok;
    if (all || command)
        report_talk(cli, PAINT_NONE, "%s", got.text);
    /* A command is worth running all the same; waiting for nothing is not. */
    if (command)
        ok = run_command(cli, e);
    else if (!all)
        ok = err_set(e, ERR_FAILED, "%s", got.text) ||
             err_hint(e, "switch sleep off in the settings of this system for that time");
    else
        ok = wait_here(cli, seconds, e);
    awake_release(hold);
    free(why);
    return ok;
}

const struct cmd cmds_awake[] = {
    {.name = "awake",
     .usage = "[COMMAND...]",
     .summary = "keep this computer awake",
     .examples = "dogs awake                           # until Ctrl-C\n"
                 "dogs awake --for 2h --display        # two hours, display included\n"
                 "dogs awake rsync -a world/ nas:world # until the command ends\n"
                 "dogs awake -- ./render.sh --fast     # the same; -- ends the options of dogs",
     .help = "The computer does not fall asleep by itself. What no program can stop: a closed\n"
             "lid, the power button, somebody who sends it to sleep, a flat battery. The exit\n"
             "status is the command's; 128 and the number of the signal that ended it. Where\n"
             "sleep cannot be held off, a command runs all the same, and awake alone fails.\n"
             "Commands of dogs that wait (start, stop, ...) keep the computer awake themselves.",
     .opts = awake_args,
     .opts_size = sizeof(struct awake_args),
     .run = run_awake,
     .group = GROUP_SETUP,
     .flags = RUNS_COMMAND},
    {.name = NULL},
};
