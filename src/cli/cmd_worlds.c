/* Worlds kept beside the disk image: made, listed, brought back. */
#include "report.h"
#include <dogs/os.h>
#include <stdlib.h>

struct worlds_opts {
    int64_t droplet_id;
    bool adopt, undo;
};

#define AT(field) .at = offsetof(struct worlds_opts, field)

static const struct opt backup_opts[] = {
    {"--droplet", "ID", "which, if several carry the server's tag", AT(droplet_id), OPT_INT,
     .min = 1, .max = INT64_MAX},
    {"--adopt", NULL, "take a droplet that has the name but not the tag", AT(adopt)},
    {.name = NULL},
};
static const struct opt restore_opts[] = {
    {"--undo", NULL, "bring back the world that was put aside last", AT(undo)},
    {"--droplet", "ID", "which, if several carry the server's tag", AT(droplet_id), OPT_INT,
     .min = 1, .max = INT64_MAX},
    {"--adopt", NULL, "take a droplet that has the name but not the tag", AT(adopt)},
    {.name = NULL},
};

static bool run_verb(struct cli *cli, struct err *e)
{
    const struct worlds_opts *o = cli->opts;
    const char *name = cli->line.n_words > 1 ? cli->line.words[1] : NULL;
    if (o->undo && name)
        return err_set(e, ERR_USAGE, "--undo takes what was put aside, not an archive");
    return run_request(cli,
                       &(struct request){.verb = (enum verb)cli->cmd->what,
                                         .server = cli->line.words[0],
                                         .world = name,
                                         .undo = o->undo,
                                         .droplet_id = o->droplet_id,
                                         .timeout_ms = cli->g.timeout_s * 1000,
                                         .adopt = o->adopt,
                                         .dry_run = cli->g.dry_run},
                       e);
}

static cJSON *world_json(const struct world_view *w)
{
    cJSON *o = cJSON_CreateObject();
    put_text(o, "name", w->name);
    put_when(o, "at", w->at);
    json_put_int(o, "bytes", w->size);
    cJSON_AddBoolToObject(o, "proved", w->proved);
    put_text(o, "sha256", w->sha256);
    cJSON_AddBoolToObject(o, "prunable", w->prunable);
    return o;
}

static void print_worlds(const struct cli *cli, const struct world_view *worlds, size_t n)
{
    static const struct column columns[] = {
        {.title = "NAME"},     {.title = "TIME"},   {"AGE", true, NULL},
        {"BYTES", true, NULL}, {.title = "PROVED"}, {.title = "NEXT"},
    };
    struct table t = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
    int64_t now = os_unix_ms() / 1000;
    for (size_t i = 0; i < n; i++) {
        char at[WHEN_TEXT], age[WHEN_TEXT];
        when_to_iso(worlds[i].at, at);
        when_span(now > worlds[i].at ? now - worlds[i].at : 0, age);
        table_add(&t, "%s", worlds[i].name);
        table_add(&t, "%s", at);
        table_add(&t, "%s", age);
        table_add(&t, "%lld", (long long)worlds[i].size);
        table_add(&t, "%s", worlds[i].proved ? "yes" : "no");
        table_add(&t, "%s", worlds[i].prunable ? "pruned after the next backup" : "");
    }
    table_print(&t, cli);
    table_release(&t);
}

static bool run_worlds(struct cli *cli, struct err *e)
{
    struct world_view *worlds;
    size_t n;
    if (!core_worlds(cli->core, cli->line.words[0], &worlds, &n, e))
        return false;
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "worlds");
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(list, world_json(&worlds[i]));
    if (cli->g.quiet)
        for (size_t i = 0; i < n; i++)
            report_line(cli, "%s", worlds[i].name);
    else if (n)
        print_worlds(cli, worlds, n);
    else
        report_talk(cli, PAINT_NONE, "no archives yet; `dogs backup %s` makes one",
                    cli->line.words[0]);
    free(worlds);
    return true;
}

#define SHARED .group = GROUP_RUN, .flags = NEED_CONFIG | NEED_CORE | NEED_SERVER | DRY

const struct cmd cmds_worlds[] = {
    {.name = "backup",
     .usage = "SERVER",
     .summary = "keep the world of a running server beside its disk image",
     .examples = "dogs backup mc                       # into the place that `world: to:` names\n"
                 "dogs worlds mc                       # what is there",
     .help = "Packs the world's folder on the droplet, which uploads it to object storage by an\n"
             "address that is good for one hour and one object: no key is ever on the droplet.\n"
             "It counts once the service lists it with the size that was sent; then older ones\n"
             "are pruned as `world: keep:` and `keep_days:` say, never the newest.",
     .opts = backup_opts,
     .opts_size = sizeof(struct worlds_opts),
     .run = run_verb,
     .what = VERB_BACKUP,
     SHARED},
    {.name = "worlds",
     .usage = "SERVER",
     .summary = "list the worlds that are kept beside the disk image",
     .examples = "dogs worlds mc\n"
                 "dogs worlds mc --json",
     .help = "Newest first. What is not proved is never pruned and never brought back.",
     .run = run_worlds,
     .group = GROUP_VIEW,
     .flags = NEED_CONFIG | NEED_CORE | NEED_SERVER | READS},
    {.name = "restore-world",
     .usage = "SERVER [NAME]",
     .summary = "bring a world back onto a running server; the present one is kept",
     .examples = "dogs restore-world mc                # the newest proved one\n"
                 "dogs restore-world mc mc-1767225600.tar.zst\n"
                 "dogs restore-world mc --undo         # and back again",
     .help = "The archive is fetched and held against its recorded size and digest before the\n"
             "game is stopped. The present world is put aside beside it, where the last two stay,\n"
             "and the game is started again.",
     .opts = restore_opts,
     .opts_size = sizeof(struct worlds_opts),
     .run = run_verb,
     .what = VERB_RESTORE_WORLD,
     SHARED},
    {.name = NULL},
};
