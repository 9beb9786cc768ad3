/* help, completion, version: what the tables say about themselves. */
#include "licences.h"
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELP_MAX_BYTES = 64 * 1024 };

static const char *const group_titles[GROUP_COUNT] = {[GROUP_RUN] = "Run servers",
                                                      [GROUP_VIEW] = "Look",
                                                      [GROUP_MOVE] = "Move files",
                                                      [GROUP_SETUP] = "Set up"};

/* Text as data: a document member, or stdout. */
static void say(struct cli *cli, struct str *text)
{
    put_text(cli->doc, "text", str_text(text));
    if (cli->mode == MODE_TEXT)
        fputs(str_text(text), stdout);
    str_release(text);
}

static void add_options(struct str *out, const struct opt *opts)
{
    for (const struct opt *o = opts; o && o->name; o++) {
        char left[64], letter[8] = "    ";
        if (o->letter)
            snprintf(letter, sizeof letter, "-%c, ", o->letter);
        snprintf(left, sizeof left, "%s%s%s%s", letter, o->name, o->value ? " " : "",
                 o->value ? o->value : "");
        str_addf(out, "  %-28s  %s\n", left, o->what);
    }
}

static void add_indented(struct str *out, const char *lines)
{
    const char *line;
    for (size_t len; opt_piece(&lines, "\n", &line, &len);)
        str_addf(out, "  %.*s\n", (int)len, line);
}

static void add_overview(struct str *out, bool full)
{
    str_add(out, "dogs - game servers that exist only while people play\n\n"
                 "  dogs --sandbox create mc   try it: an imitated cloud, no account needed\n"
                 "  dogs init                  write the configuration\n"
                 "  dogs start mc              make the server and print its address\n"
                 "  dogs stop mc               save its world and end the bill\n"
                 "  dogs list                  what is there and what it costs\n"
                 "\nOn a terminal `dogs` alone opens a menu.\n");
    for (int group = 0; group < GROUP_COUNT; group++) {
        str_addf(out, "\n%s:\n", group_titles[group]);
        for (const struct cmd *c = NULL; (c = cmd_next(c));) {
            if (c->group != (enum cmd_group)group)
                continue;
            str_addf(out, "  %-14s %s\n", c->name, c->summary);
        }
    }
    str_add(out, "\n`dogs help COMMAND` explains one command, with examples.\n");
    if (!full)
        return;
    str_add(out, "\nOptions of every command:\n");
    add_options(out, cli_globals);
    str_add(out, "\nExit status: 0 done, 1 failed, 2 usage or configuration, 3 cancelled,\n"
                 "4 authentication, 5 not found, 6 timed out (resume), 7 refused by a guard,\n"
                 "8 verification failed and nothing was destroyed, 130 Ctrl-C.\n");
}

static void add_command(struct str *out, const struct cmd *c)
{
    str_addf(out, "dogs %s%s%s\n%s\n\n", c->name, *c->usage ? " " : "", c->usage, c->summary);
    add_indented(out, c->examples);
    str_add(out, "\n");
    str_addf(out, "%s\n", c->help);
    if (c->add_help)
        c->add_help(out);
    if (c->alias)
        str_addf(out, "\n'dogs %s' is the same.\n", c->alias);
    if (c->opts) {
        str_add(out, "\nOptions:\n");
        add_options(out, c->opts);
    }
    str_add(out, "\n`dogs help` lists the options of every command.\n");
}

void help_short(const struct cli *cli)
{
    struct str out = STR(HELP_MAX_BYTES);
    add_overview(&out, false);
    if (cli->mode == MODE_TEXT)
        fputs(str_text(&out), stdout);
    str_release(&out);
}

/* Longer than any help, and never cut. */
static bool run_licences(struct cli *cli)
{
    put_text(cli->doc, "text", licences_text);
    if (cli->mode == MODE_TEXT)
        fputs(licences_text, stdout);
    return true;
}

static bool run_help(struct cli *cli, struct err *e)
{
    const struct cmd *about = NULL;
    if (cli->line.n_words && strcmp(cli->line.words[0], "licences") == 0)
        return run_licences(cli);
    if (cli->line.n_words && !(about = cmd_find(cli->line.words[0], e)))
        return false;
    struct str out = STR(HELP_MAX_BYTES);
    if (about)
        add_command(&out, about);
    else
        add_overview(&out, true);
    say(cli, &out);
    return true;
}

static bool run_version(struct cli *cli, struct err *e)
{
    (void)e;
    put_text(cli->doc, "version", DOGS_VERSION);
    put_text(cli->doc, "commit", DOGS_COMMIT);
    report_line(cli, cli->g.quiet ? "%s" : "dogs %s (commit %s)", DOGS_VERSION, DOGS_COMMIT);
    return true;
}

/* --- completion --- */

/* Words that stand in a usage text as a|b|c, blank-separated. */
static void add_choices(struct str *out, const char *usage)
{
    const char *place, *choice;
    for (size_t len, n; opt_piece(&usage, " []", &place, &len);) {
        if (!memchr(place, '|', len))
            continue;
        char *copy = xstrndup(place, len);
        for (const char *at = copy; opt_piece(&at, "|", &choice, &n);)
            str_addf(out, "%.*s ", (int)n, choice);
        free(copy);
    }
}

static void add_option_names(struct str *out, const struct opt *opts)
{
    for (const struct opt *o = opts; o && o->name; o++)
        str_addf(out, "%s ", o->name);
}

static void add_command_names(struct str *out)
{
    for (const struct cmd *c = NULL; (c = cmd_next(c));)
        str_addf(out, "%s ", c->name);
}

static void add_bash_cases(struct str *out)
{
    for (const struct cmd *c = NULL; (c = cmd_next(c));) {
        str_addf(out, "        %s) words=\"", c->name);
        add_choices(out, c->usage);
        add_option_names(out, c->opts);
        if (strcmp(c->name, "help") == 0)
            add_command_names(out);
        str_add(out, "\" ;;\n");
    }
}

static void add_bash(struct str *out)
{
    str_add(out,
            "# dogs completion bash; load it with: source <(dogs completion bash)\n"
            "_dogs() {\n"
            "    local word words i command=\n"
            "    word=${COMP_WORDS[COMP_CWORD]}\n"
            "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
            "        case ${COMP_WORDS[i]} in -*) ;; *) command=${COMP_WORDS[i]}; break ;; esac\n"
            "    done\n"
            "    case $command in\n"
            "        '') words=\"");
    add_command_names(out);
    str_add(out, "\" ;;\n");
    add_bash_cases(out);
    str_add(out, "        *) words= ;;\n    esac\n    words+=\" ");
    add_option_names(out, cli_globals);
    str_add(out, "\"\n    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
                 "complete -o default -F _dogs dogs\n");
}

/* zsh can run bash's function, so there is one list of words to keep right. */
static void add_zsh(struct str *out)
{
    str_add(out, "#compdef dogs\n"
                 "# dogs completion zsh; load it with: source <(dogs completion zsh)\n"
                 "autoload -U +X compinit && compinit\n"
                 "autoload -U +X bashcompinit && bashcompinit\n");
    add_bash(out);
}

static void add_fish_option(struct str *out, const struct opt *o, const char *condition)
{
    str_addf(out, "complete -c dogs%s -l %s%s", condition, o->name + 2, o->value ? " -r" : "");
    if (o->letter)
        str_addf(out, " -s %c", o->letter);
    str_add(out, " -d \"");
    str_addf(out, "%s\"\n", o->what);
}

static void add_fish(struct str *out)
{
    str_add(out, "# dogs completion fish; load it with: dogs completion fish | source\n");
    for (const struct opt *o = cli_globals; o->name; o++)
        add_fish_option(out, o, "");
    for (const struct cmd *c = NULL; (c = cmd_next(c));) {
        char condition[96];
        str_addf(out, "complete -c dogs -f -n __fish_use_subcommand -a %s -d \"%s\"\n", c->name,
                 c->summary);
        snprintf(condition, sizeof condition, " -n \"__fish_seen_subcommand_from %s\"", c->name);
        for (const struct opt *o = c->opts; o && o->name; o++)
            add_fish_option(out, o, condition);
        struct str choices = STR(1024);
        add_choices(&choices, c->usage);
        if (choices.len)
            str_addf(out, "complete -c dogs -f%s -a \"%s\"\n", condition, str_text(&choices));
        str_release(&choices);
    }
}

static bool run_completion(struct cli *cli, struct err *e)
{
    (void)e;
    static const struct {
        const char *name;
        void (*add)(struct str *);
    } shells[] = {{"bash", add_bash}, {"zsh", add_zsh}, {"fish", add_fish}};
    struct str out = STR(HELP_MAX_BYTES);
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(cli->line.words[0], shells[i].name) == 0)
            shells[i].add(&out);
    say(cli, &out);
    return true;
}

const struct cmd cmds_help[] = {
    {.name = "completion",
     .usage = "bash|zsh|fish",
     .summary = "print a completion script for a shell",
     .examples = "source <(dogs completion bash)\n"
                 "dogs completion fish | source",
     .help = "Put the line into the shell's start-up file to have it always.",
     .run = run_completion,
     .group = GROUP_SETUP,
     .flags = READS},
    {.name = "help",
     .usage = "[COMMAND]",
     .summary = "explain a command, or list them all",
     .examples = "dogs help stop\n"
                 "dogs stop --help\n"
                 "dogs help licences",
     .help = "Every command has examples first, then what is worth knowing, then its options.\n"
             "'licences' shows those of the libraries inside.",
     .run = run_help,
     .group = GROUP_SETUP,
     .flags = READS},
    {.name = "version",
     .usage = "",
     .summary = "print the version",
     .examples = "dogs version\n"
                 "dogs version --json",
     .help = "The version and the commit it was built from.",
     .run = run_version,
     .group = GROUP_SETUP,
     .flags = READS},
    {.name = NULL},
};
