/* watch: stops servers on which nobody plays. */
#include "report.h"
#include <stdio.h>
#include <string.h>

/* Which of the engine's events are worth a line here, and how loud. */
static const struct {
    bool shown;
    enum paint paint;
} shown[] = {
    [EVENT_BEGIN] = {true, PAINT_BOLD},  [EVENT_STEP] = {false, PAINT_NONE},
    [EVENT_WAIT] = {false, PAINT_NONE},  [EVENT_DONE] = {false, PAINT_NONE},
    [EVENT_CALL] = {false, PAINT_NONE},  [EVENT_NOTE] = {true, PAINT_NONE},
    [EVENT_WARN] = {true, PAINT_YELLOW}, [EVENT_END] = {true, PAINT_BOLD},
    [EVENT_FAIL] = {false, PAINT_NONE},
};

/* Several servers speak at a time, so each line says when and who. */
static void hear(void *ctx, const struct event *ev)
{
    struct cli *cli = ctx;
    char at[WHEN_TEXT];
    if (cli->mode == MODE_LINES) {
        progress_event(cli, ev);
        return;
    }
    if (!shown[ev->kind].shown && !cli->g.verbose)
        return;
    when_to_iso(ev->at, at);
    report_talk(cli, shown[ev->kind].paint, "%s  %s%s%s", at, ev->server, *ev->server ? ": " : "",
                ev->text);
}

static bool run_watch(struct cli *cli, struct err *e)
{
    struct core_opts opts = cli->core_opts;
    opts.on_event = hear;
    return core_watch(
        &opts, &(struct watch_opts){.servers = cli->line.words, .n_servers = cli->line.n_words}, e);
}

const struct cmd cmds_watch[] = {
    {.name = "watch",
     .usage = "[SERVER...]",
     .summary = "stop servers on which nobody plays",
     .examples = "dogs watch                           # all that have idle_stop or max_hours\n"
                 "dogs watch mc                        # only this one",
     .help = "Asks each game once a minute who plays, until Ctrl-C. A server is stopped as `dogs\n"
             "stop` does it once the rule of its `idle_stop` holds: nobody for so long, told by\n"
             "the game several times in a row. A game that does not answer is never idle; what\n"
             "ends it is `max_hours`, after a warning. Run it where a computer stays on: several\n"
             "may watch the same servers.",
     .run = run_watch,
     .group = GROUP_RUN,
     .flags = NEED_CORE},
    {.name = NULL},
};
