#include "schema.h"

#include <dogs/os.h>
#include <dogs/secret.h>
#include <stdlib.h>
#include <string.h>

static const char name[] = "token";

static char *file(void)
{
    char *dir = os_config_dir(), *path = dir ? os_path_join(dir, name) : NULL;
    free(dir);
    return path;
}

char *config_token_place(void)
{
    return secret_keeper() ? xstrdup(secret_keeper()) : file();
}

static bool keep_in_file(const char *token, struct err *e)
{
    char *dir = os_config_dir(), *path = file(), *line = xasprintf("%s\n", token);
    bool ok = path ? os_mkdirs(dir, e) && os_replace_file(path, line, strlen(line), e)
                   : err_set(e, ERR_CONFIG, "there is no config folder to store the token in");
    free(line);
    free(path);
    free(dir);
    return ok;
}

bool config_token_ok(const char *token, struct err *e)
{
    const char *why = *token ? check_token(token) : "no token was given";
    return !why || err_set(e, ERR_CONFIG, "%s", why);
}

bool config_keep_token(const char *token, struct err *e)
{
    if (!config_token_ok(token, e))
        return false;
    return secret_keeper() ? secret_save(name, token, e) : keep_in_file(token, e);
}

bool token_stored(struct str *out, struct err *e)
{
    if (secret_keeper())
        return secret_load(name, out, e);
    char *path = file();
    bool ok = path ? os_read_file(path, SECRET_MAX, out, e) && secret_refuse_shared(name, path, e)
                   : err_set(e, ERR_NOT_FOUND, "there is no config folder");
    free(path);
    return ok;
}

bool config_forget_token(bool *was_there, struct err *e)
{
    char *path = file();
    struct str token = STR(SECRET_MAX);
    struct err ignored;
    bool keeper = secret_keeper() != NULL;
    *was_there = keeper ? secret_load(name, &token, &ignored) : path && os_exists(path);
    str_release(&token);
    bool ok = keeper ? secret_forget(name, e) : !path || os_remove_file(path, e);
    free(path);
    return ok;
}
