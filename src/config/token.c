#include "schema.h"

#include <dogs/log.h>
#include <dogs/os.h>
#include <dogs/secret.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_COMMAND_MS = 30000, TOKEN_MAX_OUTPUT = 64 * 1024 };

const char *token_env(const char **variable)
{
    /* The second is doctl's, so that what works there works here. */
    static const char *const names[] = {"DOGS_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = os_env(names[i]);
        *variable = names[i];
        if (text)
            return text;
    }
    return NULL;
}

static bool refuse_shared(const char *path, struct err *e)
{
    if (!os_others_can_read(path))
        return true;
    err_set(e, ERR_CONFIG, "%s holds the token, and others can read this file", path);
    return err_hint(e, "chmod 600 %s", path);
}

/* The first line of text, without blanks around it. */
static bool keep(struct config *cfg, const char *text, const char *source, struct err *e)
{
    text += strspn(text, " \t");
    size_t len = strcspn(text, "\r\n");
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;

    char *token = xstrndup(text, len);
    const char *why = len ? check_token(token) : "empty; write the token there";
    if (why) {
        free(token);
        return err_set(e, ERR_CONFIG, "%s: %s", source, why);
    }
    free(cfg->token);
    free(cfg->token_source);
    cfg->token = token;
    cfg->token_source = xstrdup(source);
    log_secret(token);
    return true;
}

static bool from_config(struct config *cfg, struct err *e)
{
    const struct origin *o = origin_top(cfg, (size_t)key_find("token"));
    char *source = xasprintf("%s:%d:%d", cfg->path, o->line, o->column);
    bool ok = refuse_shared(cfg->path, e) && keep(cfg, cfg->origins->file_token, source, e);

    free(source);
    return ok;
}

static bool from_file(struct config *cfg, struct err *e)
{
    struct str text = STR(TOKEN_MAX_OUTPUT);
    bool ok = refuse_shared(cfg->token_file, e);

    if (ok && !os_read_file(cfg->token_file, TOKEN_MAX_OUTPUT, &text, e)) {
        e->code = ERR_CONFIG;
        err_wrap(e, "token_file");
        ok = err_hint(e, "write the token into this file, or name another one");
    }
    ok = ok && keep(cfg, str_text(&text), cfg->token_file, e);
    str_release(&text);
    return ok;
}

static bool from_command(struct config *cfg, struct err *e)
{
    struct str text = STR(TOKEN_MAX_OUTPUT);
    bool ok = os_run(cfg->token_command, TOKEN_COMMAND_MS, TOKEN_MAX_OUTPUT, &text, e);

    if (!ok) {
        e->code = ERR_CONFIG;
        err_wrap(e, "token_command");
        err_hint(e, "run the command by hand; it must print the token and end with status 0");
    }
    ok = ok && keep(cfg, str_text(&text), "token_command", e);
    str_release(&text);
    return ok;
}

/* What `dogs login` gave into the keeping of the system; AUTH where there is nothing. */
static bool from_keeper(struct config *cfg, struct err *e)
{
    struct str text = STR(SECRET_MAX);
    struct err why = {0};
    bool ok = secret_load(CONFIG_TOKEN_SECRET, &text, &why);

    if (ok)
        ok = keep(cfg, str_text(&text), secret_keeper(), e);
    else if (why.code != ERR_NOT_FOUND)
        *e = why;
    else
        err_set(e, ERR_AUTH, "there is no access token");
    str_release(&text);
    return ok;
}

bool config_token(struct config *cfg, struct err *e)
{
    const char *variable, *text = token_env(&variable);

    if (*cfg->token)
        return true;
    if (text) {
        char *source = xasprintf("$%s", variable);
        bool ok = keep(cfg, text, source, e);
        free(source);
        return ok;
    }
    if (*cfg->origins->file_token)
        return from_config(cfg, e);
    if (*cfg->token_file)
        return from_file(cfg, e);
    if (*cfg->token_command)
        return from_command(cfg, e);
    if (from_keeper(cfg, e))
        return true;
    return err_hint(e, "set DOGS_TOKEN, or one of 'token:', 'token_file:', 'token_command:' in %s",
                    *cfg->path ? cfg->path : "config.yaml");
}
