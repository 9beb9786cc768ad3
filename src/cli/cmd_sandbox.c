/* sandbox: the imitation of the cloud as a server, and its two levers. */
#include "report.h"
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sandbox_args {
    int64_t port;
    double speed;
    const char *faults, *dir;
};

#define AT(field) .at = offsetof(struct sandbox_args, field)

static const struct opt sandbox_args[] = {
    {"--port", "N", "listen here (any free port)", AT(port), OPT_INT, .max = 65535},
    {"--speed", "X", "virtual seconds per second (60)", AT(speed), OPT_REAL, .max = 1000000},
    {"--faults", "FILE", "load this fault plan first", AT(faults), OPT_TEXT},
    {"--dir", "DIR", "keep the world here", AT(dir), OPT_TEXT},
    {.name = NULL},
};

static bool serve(struct cli *cli, const char *dir, struct err *e)
{
    const struct sandbox_args *o = cli->opts;
    cli->sandbox = sandbox_start(
        &(struct sandbox_opts){
            .dir = dir, .port = (int)o->port, .speed = o->speed, .faults = o->faults},
        e);
    if (!cli->sandbox)
        return false;
    const char *url = sandbox_url(cli->sandbox);
    put_text(cli->doc, "url", url);
    put_text(cli->doc, "token", SANDBOX_TOKEN);
    put_text(cli->doc, "dir", dir);
    /* Whoever starts this as a child reads these lines at once; the document would come too late.
     */
    if (cli->mode == MODE_TEXT)
        printf("%s\nexport DOGS_API_URL=%s DOGS_TOKEN=%s\n", url, url, SANDBOX_TOKEN);
    else
        report_document(cli, true, NULL);
    fflush(stdout);
    while (!cancel_sleep(cli->cancel, 3600 * 1000))
        continue;
    return true;
}

static bool play(struct cli *cli, const char *dir, struct err *e)
{
    if (cli->line.n_words < 2)
        return err_set(e, ERR_USAGE, "sandbox play: SERVER is missing");
    const char *server = cli->line.words[1];
    long generation = 0;
    if (!sandbox_play(dir, server, &generation, e))
        return err_wrap(e, "play on '%s'", server);
    put_text(cli->doc, "server", server);
    json_put_int(cli->doc, "generation", generation);
    if (cli->g.quiet)
        report_line(cli, "%ld", generation);
    else
        report_line(cli, "%s was played on: its world is of generation %ld", server, generation);
    return true;
}

/* The journal of imitated runs goes with the world that they were about. */
static bool forget_runs(const struct cli *cli, struct err *e)
{
    char *dir = session_sandbox_state_dir(cli), **names = NULL;
    bool ok = os_list_dir(dir, &names, e);
    for (char **name = names; ok && name && *name; name++) {
        char *path = os_path_join(dir, *name);
        ok = os_remove_file(path, e);
        free(path);
    }
    os_list_free(names);
    free(dir);
    return ok;
}

static bool reset(struct cli *cli, const char *dir, struct err *e)
{
    if (!sandbox_reset(dir, e) || !forget_runs(cli, e))
        return err_wrap(e, "reset the sandbox");
    put_text(cli->doc, "dir", dir);
    report_line(cli, "%s is empty now", dir);
    return true;
}

/* What --sandbox puts in the place of ssh. It fails as ssh does, so that whoever called it reads
 * the same statuses. */
static bool ssh(struct cli *cli, const char *dir, struct err *e)
{
    enum { SSH_FAILED = 255 };
    static const char enter[] =
        "DOGS_ROOT=$(cd -- \"$0\" && pwd) && export DOGS_ROOT && exec \"$@\"";
    size_t n = cli->line.n_words;
    if (n < 3)
        return err_set(e, ERR_USAGE, "sandbox ssh: ADDRESS and a command are missing");
    char *folder, **argv = xcalloc(n + 3, sizeof *argv);
    if (sandbox_disk(dir, cli->line.words[1], &folder, e)) {
        argv[0] = "sh";
        argv[1] = "-c";
        argv[2] = (char *)enter;
        argv[3] = folder;
        for (size_t i = 2; i < n; i++)
            argv[i + 2] = (char *)cli->line.words[i];
        if (!os_spawn_wait(argv, &cli->status, e))
            cli->status = SSH_FAILED;
        free(folder);
    } else {
        cli->status = SSH_FAILED;
    }
    free(argv);
    if (e->code != ERR_OK)
        fprintf(stderr, "%s\n", e->text);
    *e = (struct err){0};
    return true;
}

static bool run_sandbox(struct cli *cli, struct err *e)
{
    static const struct {
        const char *name;
        bool (*run)(struct cli *, const char *, struct err *);
    } kinds[] = {{"serve", serve}, {"play", play}, {"reset", reset}, {"ssh", ssh}};
    const struct sandbox_args *o = cli->opts;
    const char *kind = cli->line.n_words ? cli->line.words[0] : "serve";
    /* Told where, it asks nobody: what calls it may have been given another config. */
    if (!(o->dir && strcmp(kind, "ssh") == 0) && !session_config(cli, e))
        return false;
    char *dir = o->dir ? xstrdup(o->dir) : session_sandbox_dir(cli);
    bool ok = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i].name) == 0)
            ok = kinds[i].run(cli, dir, e);
    free(dir);
    return ok;
}

const struct cmd cmds_sandbox[] = {
    {.name = "sandbox",
     .usage = "[serve|play|reset|ssh] [NAME...]",
     .summary = "the built-in imitation of the cloud, for trying and for tests",
     .examples = "dogs --sandbox create mc             # any command, without a server running\n"
                 "dogs sandbox play mc                 # somebody builds something on mc\n"
                 "dogs sandbox serve --port 8099       # for other clients, until Ctrl-C\n"
                 "dogs sandbox reset                   # forget everything\n"
                 "dogs sandbox ssh -- 198.18.0.2 ls    # a command on a running droplet",
     .help = "Nothing leaves this machine and nothing costs. 'serve' prints its URL on the first\n"
             "line and the variables to use it on the second. The world lies in sandbox/ of the\n"
             "state folder, in $DOGS_SANDBOX_DIR or in --dir, and is kept between commands.\n"
             "A droplet's disk is a folder in it: 'ssh' runs a command on this computer with\n"
             "$DOGS_ROOT naming that folder; --sandbox takes it for ssh.",
     .opts = sandbox_args,
     .opts_size = sizeof(struct sandbox_args),
     .run = run_sandbox,
     .group = GROUP_SETUP,
     .flags = NO_FILE},
    {.name = NULL},
};
