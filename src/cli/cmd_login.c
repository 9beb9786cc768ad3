/* login and logout: the stored token. */
#include "report.h"
#include <dogs/log.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_MAX = 2048 };

struct login_opts {
    bool with_token;
};

static const struct opt login_opts[] = {
    {"--with-token", NULL, "read the token from stdin",
     .at = offsetof(struct login_opts, with_token)},
    {.name = NULL},
};

static bool read_stdin(char **out, struct err *e)
{
    char line[TOKEN_MAX + 2];
    if (!fgets(line, sizeof line, stdin))
        return err_set(e, ERR_USAGE, "--with-token: there is nothing on stdin");
    line[strcspn(line, "\r\n")] = '\0';
    if (strlen(line) > TOKEN_MAX)
        return err_set(e, ERR_USAGE, "--with-token: that is too long for a token");
    *out = xstrdup(line);
    return true;
}

static bool get_token(struct cli *cli, char **out, struct err *e)
{
    const struct login_opts *o = cli->opts;
    if (o->with_token)
        return read_stdin(out, e);
    return ask_somebody(cli, "--with-token, and the token on stdin", "login", e) &&
           ask_text(cli, "API token (is not shown)", NULL, false, out, e);
}

/* One that the file or the environment names is asked for before the stored one. */
static void tell_what_wins(struct cli *cli)
{
    static const char *const variables[] = {"DOGS_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"};
    char *place = config_token_place();
    struct err ignored;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (os_env(variables[i])) {
            report_talk(cli, PAINT_YELLOW, "$%s is set and goes before it", variables[i]);
            goto out;
        }
    if (*cli->cfg->token_command)
        report_talk(cli, PAINT_YELLOW, "token_command in %s goes before it", cli->cfg->path);
    else if (config_token(cli->loaded, &ignored) && strcmp(cli->loaded->token_source, place) != 0)
        report_talk(cli, PAINT_YELLOW, "the token of %s goes before it", cli->loaded->token_source);
out:
    free(place);
}

static void tell_whose(struct cli *cli, const struct whoami *who)
{
    put_text(cli->doc, "account", who->email);
    put_text(cli->doc, "missing_scopes", who->missing);
    if (*who->email)
        report_line(cli, "the token is good: account %s%s%s", who->email,
                    strcmp(who->status, "active") == 0 ? "" : ", ",
                    strcmp(who->status, "active") == 0 ? "" : who->status);
    else
        report_line(cli, "the token is good; whose account it is it may not tell");
    if (*who->missing)
        report_talk(cli, PAINT_YELLOW, "it lacks: %s", who->missing);
    report_talk(cli, PAINT_NONE, "Whether it may make and delete is not known before it does.");
}

static bool check(struct cli *cli, const char *token, struct err *e)
{
    struct whoami who;
    if (!session_core(cli, token, e))
        return false;
    if (!core_whoami(cli->core, &who, e))
        return err_wrap(e, "the token was not stored");
    tell_whose(cli, &who);
    return true;
}

static bool may_store(struct cli *cli, const char *place, struct err *e)
{
    const struct login_opts *o = cli->opts;
    if (o->with_token || cli->g.yes)
        return true;
    char *text = xasprintf("The token is going to be stored in %s, for you alone.", place);
    bool ok = ask_question(cli, &(struct question){ASK_YES, text, NULL, "--yes"}, e);
    free(text);
    return ok;
}

static bool run_login(struct cli *cli, struct err *e)
{
    char *token = NULL, *place = config_token_place();
    bool ok = false;
    if (cli->g.sandbox) {
        err_set(e, ERR_USAGE, "the sandbox needs no token");
        goto out;
    }
    if (!place) {
        err_set(e, ERR_CONFIG, "there is no config folder to store the token in");
        err_hint(e, "set HOME, or DOGS_TOKEN instead of logging in");
        goto out;
    }
    if (!session_config(cli, e) || !get_token(cli, &token, e) || !config_token_ok(token, e))
        goto out;
    log_secret(token);
    ok = check(cli, token, e) && may_store(cli, place, e) && config_keep_token(token, e);
    if (!ok)
        goto out;
    put_text(cli->doc, "stored", place);
    report_line(cli, "stored in %s", place);
    tell_what_wins(cli);
out:
    free(token);
    free(place);
    return ok;
}

static bool run_logout(struct cli *cli, struct err *e)
{
    bool was_there = false;
    char *place = config_token_place();
    bool ok = config_forget_token(&was_there, e);
    if (ok) {
        cJSON_AddBoolToObject(cli->doc, "was_stored", was_there);
        report_line(cli, was_there ? "forgotten: %s" : "no token is stored", place);
    }
    free(place);
    return ok;
}

const struct cmd cmds_login[] = {
    {.name = "login",
     .usage = "",
     .summary = "check an API token and store it",
     .examples = "dogs login                           # asks; the token is not shown\n"
                 "dogs login --with-token < FILE       # for scripts",
     .help = "Says whose account the token opens and which scopes it lacks, as far as reading can\n"
             "tell, and stores it: on Windows in the Credential Manager, elsewhere in the file\n"
             "token in the config folder, mode 0600. It is used where neither the environment nor\n"
             "the configuration names a token.",
     .opts = login_opts,
     .opts_size = sizeof(struct login_opts),
     .run = run_login,
     .group = GROUP_SETUP,
     .flags = NO_FILE},
    {.name = "logout",
     .usage = "",
     .summary = "forget the stored API token",
     .examples = "dogs logout",
     .help = "Tokens that the environment or the configuration names stay where they are.",
     .run = run_logout,
     .group = GROUP_SETUP,
     .flags = NO_FILE},
    {.name = NULL},
};
