#include "menu.h"
#include "report.h"
#include <dogs/log.h>
#include <dogs/os.h>
#include <dogs/term.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GLOBAL(field) .at = offsetof(struct globals, field)

const struct opt cli_globals[] = {
    {"--config", "FILE", "read this configuration", GLOBAL(config), OPT_TEXT},
    {"--json", NULL, "one JSON document on stdout, errors too", GLOBAL(json)},
    {"--json-lines", NULL, "one JSON object per event, the last is the result", GLOBAL(json_lines)},
    {"--quiet", NULL, "print addresses and ids only", GLOBAL(quiet), .letter = 'q'},
    {"--verbose", NULL, "say more; twice: every request", GLOBAL(verbose), OPT_COUNT, 'v'},
    {"--debug", NULL, "the same as -vv", GLOBAL(debug)},
    {"--yes", NULL, "answer yes to every question", GLOBAL(yes), .letter = 'y'},
    {"--no-input", NULL, "never ask; fail where an answer is needed", GLOBAL(no_input)},
    {"--dry-run", NULL, "print the calls and the cost, change nothing", GLOBAL(dry_run),
     .letter = 'n'},
    {"--no-color", NULL, "plain text, as with NO_COLOR set", GLOBAL(no_color)},
    {"--sandbox", NULL, "use the built-in imitation of the cloud", GLOBAL(sandbox)},
    {"--timeout", "SECONDS", "stop waiting after this time; the work goes on", GLOBAL(timeout_s),
     OPT_INT, .min = 1, .max = 30 * 86400},
    {"--version", NULL, "print the version", GLOBAL(version), .letter = 'V'},
    {"--help", NULL, "explain the command", GLOBAL(help), .letter = 'h'},
    {.name = NULL},
};

static const struct cmd *const families[] = {
    cmds_run,   cmds_watch, cmds_view,    cmds_query, cmds_worlds, cmds_transfer, cmds_schedule,
    cmds_setup, cmds_login, cmds_sandbox, cmds_awake, cmds_load,   cmds_help,
};

const struct cmd *cmd_next(const struct cmd *after)
{
    if (!after)
        return families[0];
    if (after[1].name)
        return after + 1;
    for (size_t i = 0; i + 1 < sizeof families / sizeof *families; i++)
        for (const struct cmd *c = families[i]; c->name; c++)
            if (c == after)
                return families[i + 1];
    return NULL;
}

const struct cmd *cmd_find(const char *name, struct err *e)
{
    const char *names[128] = {NULL};
    size_t n = 0;
    for (const struct cmd *c = NULL; (c = cmd_next(c));) {
        if (strcmp(c->name, name) == 0 || (c->alias && strcmp(c->alias, name) == 0))
            return c;
        names[n++] = c->name;
    }
    const char *near = str_nearest(name, names);
    err_set(e, ERR_USAGE, "unknown command '%s'", name);
    if (near)
        err_hint(e, "did you mean 'dogs %s'?", near);
    return NULL;
}

static bool run_no_command(struct cli *cli, struct err *e)
{
    if (menu_possible(cli))
        return menu_run(cli, e);
    help_short(cli);
    return err_set(e, ERR_USAGE, "no command given");
}

static const struct cmd no_command = {
    .name = "help", .usage = "", .flags = READS, .run = run_no_command};

/* --version and --help stand in for the commands of the same name. */
static void replace_by_flag(struct cli *cli)
{
    struct err never;
    const struct cmd *named = cli->cmd;
    if (cli->g.version)
        cli->cmd = cmd_find("version", &never);
    else if (cli->g.help)
        cli->cmd = cmd_find("help", &never);
    else
        return;
    if (named == cli->cmd && cli->line.n_words)
        return;
    cli->line.n_words = 0;
    if (cli->g.help && !cli->g.version && named != &no_command)
        cli->line.words[cli->line.n_words++] = named->name;
}

static bool parse(struct cli *cli, struct err *e)
{
    struct opt_parser *line = &cli->line;
    if (!opt_parse(line, true, e))
        return false;
    cli->cmd = &no_command;
    if (*line->argv) {
        const struct cmd *cmd = cmd_find(*line->argv++, e);
        if (!cmd) {
            cli->cmd = NULL;
            return false;
        }
        cli->cmd = cmd;
        cli->opts = xcalloc(1, cmd->opts_size + 1);
        line->sets[1] = (struct opt_set){.opts = cmd->opts, .values = cli->opts};
        line->rest_at_word = cmd->flags & RUNS_COMMAND;
        if (!opt_parse(line, false, e))
            return err_wrap(e, "%s", cmd->name);
    }
    replace_by_flag(cli);
    return opt_check_words(cli->cmd->usage, line->words, line->n_words, e) ||
           err_wrap(e, "%s", cli->cmd->name);
}

static void log_to_stderr(void *ctx, enum log_level level, const char *line)
{
    (void)ctx;
    (void)level;
    char *clean = report_clean(line, false);
    fprintf(stderr, "  . %s\n", clean);
    free(clean);
}

/* A line that could not be parsed to its end may say behind the mistake how to tell of it. */
static bool stands_in(char *const *argv, const char *option)
{
    for (; *argv && strcmp(*argv, "--") != 0; argv++)
        if (strcmp(*argv, option) == 0)
            return true;
    return false;
}

static void settle_output(struct cli *cli, char *const *argv, bool parsed)
{
    struct globals *g = &cli->g;
    if (!parsed) {
        g->json_lines = stands_in(argv, "--json-lines");
        g->json = stands_in(argv, "--json");
        g->no_color = stands_in(argv, "--no-color");
    }
    cli->mode = g->json_lines ? MODE_LINES : g->json ? MODE_JSON : MODE_TEXT;
    if (g->debug && g->verbose < 2)
        g->verbose = 2;
    bool plain = g->no_color || os_env("NO_COLOR");
    cli->colour_out = !plain && cli->mode == MODE_TEXT && os_terminal_obeys(OS_STDOUT);
    cli->colour_err = !plain && os_terminal_obeys(OS_STDERR);
    cli->live = cli->colour_err && !g->quiet && !g->verbose && cli->mode != MODE_LINES;
    if (g->verbose)
        log_open(g->verbose > 1 ? LOG_DEBUG : LOG_INFO, log_to_stderr, NULL);
}

/* The first word, where it is a server: reading commands take a unique beginning of its name,
 * changing ones the whole name only. */
static bool resolve_server(struct cli *cli, struct err *e)
{
    const char **word = cli->line.words;
    if (!cli->line.n_words || !cli->cfg || !strstr(cli->cmd->usage, "SERVER"))
        return true;
    if (cli->made_up)
        return session_make_up_server(cli, *word, e);
    if (cli->cmd->flags & NEED_SERVER)
        return config_need_server(cli->cfg, *word, &(const struct server_cfg *){NULL}, e);
    if (!(cli->cmd->flags & READS))
        return true;
    const char *names[CONFIG_MAX_SERVERS + 1] = {NULL};
    for (size_t i = 0; i < cli->cfg->n_servers && i < CONFIG_MAX_SERVERS; i++)
        names[i] = cli->cfg->servers[i].name;
    struct err several = {0};
    const char *full = opt_unique_prefix(*word, names, &several);
    if (several.code) {
        *e = several;
        return false;
    }
    if (full)
        *word = full;
    return true;
}

static bool prepare(struct cli *cli, struct err *e)
{
    unsigned flags = cli->cmd->flags;
    if (cli->g.dry_run && !(flags & (READS | DRY)))
        return err_set(e, ERR_USAGE, "%s has no --dry-run; nothing was done", cli->cmd->name);
    if (flags & NEED_CONFIG && !session_config(cli, e))
        return false;
    if (!resolve_server(cli, e))
        return false;
    return !(flags & NEED_CORE) || session_core(cli, NULL, e);
}

int cli_run(char *const *typed, struct cancel *cancel)
{
    struct cli cli = {.typed = typed, .doc = cJSON_CreateObject(), .cancel = cancel};
    cli.line.argv = typed;
    size_t n = 0;
    while (typed[n])
        n++;
    /* One more, for --help, and NULLs behind them. */
    cli.line.words = xcalloc(n + 3, sizeof *cli.line.words);
    cli.line.sets[0] = (struct opt_set){.opts = cli_globals, .values = &cli.g};
    struct err e = {0};
    bool ok = parse(&cli, &e);
    settle_output(&cli, typed, ok);
    ok = ok && prepare(&cli, &e) && cli.cmd->run(&cli, &e);
    if (!ok && e.code == ERR_USAGE)
        err_hint(&e, "dogs help%s%s", cli.cmd && cli.cmd != &no_command ? " " : "",
                 cli.cmd && cli.cmd != &no_command ? cli.cmd->name : "");
    if (!ok)
        session_blame_token(&cli, &e);
    int status = report_end(&cli, ok, &e);
    if (status == 0)
        status = cli.status;
    session_close(&cli);
    cJSON_Delete(cli.doc);
    free(cli.afterword);
    free(cli.opts);
    free(cli.line.words);
    return status;
}

/* A window that was opened for us alone would close before anybody could read. */
static void wait_for_a_key(void)
{
    struct term_key key;
    fputs("\nPress a key to close this window. ", stderr);
    if (!term_enter())
        return;
    while (term_key(NULL, &key) && key.kind >= TERM_RESIZED)
        continue;
    term_leave();
}

int cli_main(int argc, char **argv)
{
    struct cancel *cancel = cancel_new();
    os_catch_interrupts(cancel);
    int status = cli_run(argv + (argc > 0), cancel);
    bool left_by_key = argc <= 1 && status == 0;
    if (!left_by_key && term_owns_console())
        wait_for_a_key();
    /* cancel stays: a late signal would still trigger it. */
    return status;
}
