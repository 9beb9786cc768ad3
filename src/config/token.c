#include "schema.h"

#include <dogs/os.h>
#include <dogs/secret.h>
#include <stdlib.h>
#include <string.h>

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

static void keep(struct config *cfg, char *take_token, char *take_source)
{
    free(cfg->token);
    free(cfg->token_source);
    cfg->token = take_token;
    cfg->token_source = take_source;
}

/* What is found outside of the file. */
static bool take(struct config *cfg, const char *text, const char *source, struct err *e)
{
    char *token;

    if (!secret_take(&(struct secret_source){.key = "token", .check = check_token}, text, source,
                     &token, e))
        return false;
    keep(cfg, token, xstrdup(source));
    return true;
}

static bool from_store(struct config *cfg, struct err *e)
{
    struct str text = STR(SECRET_MAX);
    char *place = config_token_place();
    struct err why = {0};
    bool ok = place && token_stored(&text, &why);

    if (ok)
        ok = take(cfg, str_text(&text), place, e);
    else if (place && why.code != ERR_NOT_FOUND)
        *e = why;
    else {
        err_set(e, ERR_AUTH, "there is no access token");
        err_hint(e,
                 "`dogs login` stores one; or set DOGS_TOKEN, or one of 'token:', 'token_file:', "
                 "'token_command:' in %s",
                 *cfg->path ? cfg->path : "config.yaml");
    }
    str_release(&text);
    free(place);
    return ok;
}

bool config_token(struct config *cfg, struct err *e)
{
    const struct origin *o = origin_top(cfg, (size_t)key_find("token"));
    const struct secret_source from = {.key = "token",
                                       .text = cfg->origins->file_token,
                                       .line = o->line,
                                       .column = o->column,
                                       .file = cfg->token_file,
                                       .command = cfg->token_command,
                                       .check = check_token};
    const char *variable, *text = token_env(&variable);
    char *token, *source;

    if (*cfg->token)
        return true;
    if (text) {
        source = xasprintf("$%s", variable);
        bool ok = take(cfg, text, source, e);
        free(source);
        return ok;
    }
    if (!secret_find(cfg, &from, &token, &source, e))
        return false;
    if (!token)
        return from_store(cfg, e);
    keep(cfg, token, source);
    return true;
}
