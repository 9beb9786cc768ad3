/* get and put: files between here and other places. */
#include "report.h"
#include "transfer_run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) .at = offsetof(struct transfer_args, field)

#define MOVING                                                                                     \
    {"--connections",                                                                              \
     "N",                                                                                          \
     "requests at once, 1 to 64 (8)",                                                              \
     AT(connections),                                                                              \
     OPT_INT,                                                                                      \
     'j',                                                                                          \
     .min = 1,                                                                                     \
     .max = TRANSFER_CONNECTIONS_MAX},                                                             \
        {"--limit-rate", "RATE", "bytes a second in all: 500k, 2M, 1.5G", AT(rate), OPT_TEXT},     \
        {"--spec", "FILE", "lines of source and target say what moves; - is stdin", AT(spec),      \
         OPT_TEXT},                                                                                \
        {"--failed", "FILE", "write what failed there, in the form of --spec", AT(failed),         \
         OPT_TEXT},                                                                                \
        {"--retry-failed", "FILE", "--spec FILE and --failed FILE", AT(retry_failed), OPT_TEXT},   \
        {"--recursive", NULL, "all that is below", AT(recursive), .letter = 'r'},                  \
        {"--include", "GLOB", "only these; may be repeated: '*.jar', 'region/**'", AT(include),    \
         OPT_TEXTS},                                                                               \
        {"--exclude", "GLOB", "not these; may be repeated", AT(exclude), OPT_TEXTS},               \
        {"--no-clobber", NULL, "leave what is there already", AT(no_clobber), .letter = 'n'},      \
        {"--fail-fast", NULL, "stop at the first file that fails", AT(fail_fast)},                 \
        {"--tries", "N",        "tries in a row without progress (10)", AT(tries), OPT_INT,        \
         .min = 1,  .max = 1000},                                                                  \
        {"--part-size", "SIZE", "of large files: 16M (fits the file)", AT(part_size), OPT_TEXT},   \
    {                                                                                              \
        "--presign", "TIME", "print a URL for others, good for 1h, 7d; moves nothing",             \
            AT(presign), OPT_TEXT                                                                  \
    }

static const struct opt get_opts[] = {
    MOVING,
    {"--sha256", "HEX", "the digest that the one file must have", AT(sha256), OPT_TEXT},
    {"--checksums", "FILE", "digests as sha256sum writes them; it must name all files",
     AT(checksums), OPT_TEXT},
    {"--sync", NULL, "on the disk before a file gets its name", AT(sync)},
    {.name = NULL},
};
static const struct opt put_opts[] = {
    MOVING,
    {"--uploads", NULL, "list uploads below DEST that were begun and not finished", AT(uploads)},
    {"--abort-uploads", NULL, "give them up; what they hold costs money", AT(abort_uploads)},
    {"--older", "TIME", "with --abort-uploads: only those older than this (1d)", AT(older),
     OPT_TEXT},
    {.name = NULL},
};

static bool amount_ok(const char *option, const char *text, struct err *e)
{
    int64_t n;
    return !text || bytes_from(text, &n) ||
           err_set(e, ERR_USAGE, "%s: '%s' is not an amount such as 500k, 16M or 1.5G", option,
                   text);
}

static bool time_ok(const char *option, const char *text, int64_t *seconds, struct err *e)
{
    return !text || (when_from_span(text, seconds) && *seconds > 0) ||
           err_set(e, ERR_USAGE, "%s: '%s' is not a time such as 30m, 12h or 7d", option, text);
}

static bool args_ok(const struct transfer_args *a, struct err *e)
{
    const struct {
        bool both;
        const char *what;
    } clashes[] = {
        {a->spec && a->retry_failed, "--spec and --retry-failed"},
        {a->failed && a->retry_failed, "--failed and --retry-failed"},
        {a->sha256 && a->checksums, "--sha256 and --checksums"},
        {a->uploads && a->abort_uploads, "--uploads and --abort-uploads"},
        {a->presign && (a->uploads || a->abort_uploads), "--presign and uploads"},
    };
    for (size_t i = 0; i < sizeof clashes / sizeof *clashes; i++)
        if (clashes[i].both)
            return err_set(e, ERR_USAGE, "%s do not go together", clashes[i].what);
    if (a->retry_failed && strcmp(a->retry_failed, "-") == 0)
        return err_set(e, ERR_USAGE, "--retry-failed needs a file that can be written again");
    if (a->older && !a->abort_uploads)
        return err_set(e, ERR_USAGE, "--older goes with --abort-uploads");
    return amount_ok("--limit-rate", a->rate, e) && amount_ok("--part-size", a->part_size, e);
}

/* The one word that --presign and --uploads take. */
static bool one_place(struct plan *p, const char *option, const struct remote **remote,
                      char **address, struct err *e)
{
    const struct opt_parser *line = &p->cli->line;
    if (line->n_words != 1)
        return err_set(e, ERR_USAGE, "%s takes one place, not %zu", option, line->n_words);
    return plan_place(p, line->words[0], remote, address, e);
}

static bool presign(struct plan *p, struct err *e)
{
    const struct remote *remote;
    char *address = NULL, *url = NULL;
    int64_t seconds = 0;
    bool ok =
        time_ok("--presign", p->args->presign, &seconds, e) &&
        one_place(p, "--presign", &remote, &address, e) &&
        (transfer_presign(remote, p->way, address, seconds, &url, e) || err_wrap(e, "--presign"));
    if (ok) {
        report_line(p->cli, "%s", url);
        put_text(p->cli->doc, "url", url);
        json_put_int(p->cli->doc, "seconds", seconds);
    }
    free(url);
    free(address);
    return ok;
}

struct begun {
    struct cli *cli;
    struct table table;
    cJSON *array;
    size_t n, aborted;
};

static void take_upload(void *ctx, const struct transfer_upload *u)
{
    struct begun *b = ctx;
    char at[WHEN_TEXT];
    when_to_iso(u->started, at);
    table_add(&b->table, "%s", u->address);
    table_add(&b->table, "%s", at);
    table_add(&b->table, "%s", u->id);
    table_add(&b->table, "%s", u->aborted ? "given up" : "kept");
    cJSON *o = cJSON_CreateObject();
    put_text(o, "address", u->address);
    put_when(o, "started_at", u->started);
    put_text(o, "id", u->id);
    cJSON_AddBoolToObject(o, "aborted", u->aborted);
    cJSON_AddItemToArray(b->array, o);
    b->n++;
    b->aborted += u->aborted;
}

static bool uploads(struct plan *p, struct err *e)
{
    static const struct column columns[] = {
        {.title = "ADDRESS"}, {.title = "BEGUN"}, {.title = "ID"}, {.title = "NOW"}};
    struct cli *cli = p->cli;
    struct begun b = {.cli = cli,
                      .table = {.columns = columns, .n_columns = 4},
                      .array = cJSON_AddArrayToObject(cli->doc, "uploads")};
    const struct remote *remote;
    char *address = NULL;
    int64_t older_s = 24 * 3600;
    bool give_up = p->args->abort_uploads && !cli->g.dry_run;
    bool ok =
        time_ok("--older", p->args->older, &older_s, e) &&
        one_place(p, p->args->uploads ? "--uploads" : "--abort-uploads", &remote, &address, e) &&
        plan_net(p, e) &&
        transfer_uploads(p->net, remote, address, give_up, older_s, take_upload, &b, cli->cancel,
                         e);
    if (b.n)
        table_print(&b.table, cli);
    if (ok)
        report_talk(cli, PAINT_NONE, "%zu upload%s begun and not finished, %zu given up", b.n,
                    b.n == 1 ? "" : "s", b.aborted);
    if (ok && b.n > b.aborted && !p->args->abort_uploads)
        report_talk(cli, PAINT_NONE, "  next: dogs put --abort-uploads %s", cli->line.words[0]);
    json_put_int(cli->doc, "aborted", (int64_t)b.aborted);
    table_release(&b.table);
    free(address);
    return ok;
}

static bool move(struct plan *p, struct err *e)
{
    progress_begin(p->cli);
    if (!plan_make(p, e))
        return false;
    if (!p->cli->g.dry_run)
        return plan_run(p, e);
    plan_print(p);
    return true;
}

/* Whatever failed, the exit status is 1; files that failed have codes of their own. */
static void settle_code(struct err *e)
{
    bool own = e->code == ERR_USAGE || e->code == ERR_CONFIG || e->code == ERR_INTERRUPTED;
    if (!own && !(e->code == ERR_TIMEOUT && !e->retryable))
        e->code = ERR_FAILED;
}

static bool run_transfer(struct cli *cli, struct err *e)
{
    const struct transfer_args *args = cli->opts;
    struct plan p = {.cli = cli, .way = (enum transfer_way)cli->cmd->what, .args = args};
    if (!args_ok(args, e))
        return false;
    bool ok = args->presign                          ? presign(&p, e)
              : args->uploads || args->abort_uploads ? uploads(&p, e)
                                                     : move(&p, e);
    plan_release(&p);
    if (!ok)
        settle_code(e);
    return ok;
}

#define MOVES                                                                                      \
    .opts_size = sizeof(struct transfer_args), .run = run_transfer, .group = GROUP_MOVE,           \
    .flags = NEED_CONFIG | NO_FILE | DRY

const struct cmd cmds_transfer[] = {
    {.name = "get",
     .usage = "[SOURCE...] [DEST]",
     .summary = "fetch files: URLs, S3, Dropbox; many, large, resumed",
     .examples = "dogs get https://example.org/debian.iso\n"
                 "dogs get https://example.org/a https://example.org/b dir/\n"
                 "dogs get spaces:worlds/mc.tar .      # a remote of the config\n"
                 "dogs get -r spaces:worlds backup/ --include '*.tar'\n"
                 "dogs get --spec list.txt --failed again.txt\n"
                 "dogs get --retry-failed again.txt",
     .help = "SOURCE is a URL or REMOTE:PATH; remotes stand in the configuration under\n"
             "'remotes:'. DEST is a file, or a folder where it is one, ends in '/', or several\n"
             "files come; without it they come here. -r gets all that is below SOURCE.\n"
             "What was interrupted goes on where it stopped when the same is typed again; what\n"
             "has changed there in between is fetched anew, and that is said. A file gets its\n"
             "name when all of it is there and its digest is right, so far as one is known.\n"
             "Lines of --spec: source and target, '#' comments, quotes around what has blanks.\n"
             "Patterns: * within a folder, ** across, ?, [a-z]; without '/' the name counts.\n"
             "-n is --no-clobber here; --dry-run has no letter.\n"
             "Exit status: 0 all is there, 1 something failed, 130 Ctrl-C.",
     .opts = get_opts,
     .what = TRANSFER_GET,
     MOVES},
    {.name = "put",
     .usage = "[FILE...] [DEST]",
     .summary = "store files: URLs, S3, Dropbox; many, large, resumed",
     .examples = "dogs put mc.tar spaces:worlds/       # keeps its name\n"
                 "dogs put mc.tar spaces:worlds/new.tar\n"
                 "dogs put -r world box:/backup --exclude '*.log'\n"
                 "dogs put *.jar https://repo.example.org/libs/\n"
                 "dogs put --uploads spaces:worlds     # what was begun and costs money\n"
                 "dogs put --presign 1h spaces:worlds/x # a URL that takes a file",
     .help = "DEST is a URL or REMOTE:PATH; remotes stand in the configuration under\n"
             "'remotes:'. The file's name is added where DEST ends in '/', where several files\n"
             "go, and with -r, which puts what is in a folder below DEST.\n"
             "Large files go in parts. What was interrupted goes on when the same is typed\n"
             "again, as long as the file here has not changed.\n"
             "Lines of --spec: file and target, '#' comments, quotes around what has blanks.\n"
             "Patterns: * within a folder, ** across, ?, [a-z]; without '/' the name counts.\n"
             "-n is --no-clobber here; --dry-run has no letter.\n"
             "Exit status: 0 all is there, 1 something failed, 130 Ctrl-C.",
     .opts = put_opts,
     .what = TRANSFER_PUT,
     MOVES},
    {.name = NULL},
};
