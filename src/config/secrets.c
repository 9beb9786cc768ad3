#include "schema.h"

#include <dogs/log.h>
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_MS = 30000, MAX_OUTPUT = 64 * 1024 };

bool secret_refuse_shared(const char *key, const char *path, struct err *e)
{
    if (!os_others_can_read(path))
        return true;
    err_set(e, ERR_CONFIG, "%s holds the %s, and others can read this file", path, key);
    return err_hint(e, "chmod 600 %s", path);
}

bool secret_take(const struct secret_source *from, const char *text, const char *source,
                 char **value, struct err *e)
{
    text += strspn(text, " \t");
    size_t len = strcspn(text, "\r\n");
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;

    char *secret = xstrndup(text, len);
    if (!len)
        err_set(e, ERR_CONFIG, "%s: empty; write the %s there", source, from->key);
    const char *why = len ? from->check(secret) : NULL;
    if (why)
        err_set(e, ERR_CONFIG, "%s: %s", source, why);
    if (!len || why) {
        free(secret);
        return false;
    }
    log_secret(secret);
    *value = secret;
    return true;
}

static bool from_text(const struct config *cfg, const struct secret_source *from, char **value,
                      char **source, struct err *e)
{
    *source = xasprintf("%s:%d:%d", cfg->path, from->line, from->column);
    return secret_refuse_shared(from->key, cfg->path, e) &&
           secret_take(from, from->text, *source, value, e);
}

static bool from_file(const struct secret_source *from, char **value, char **source, struct err *e)
{
    struct str text = STR(MAX_OUTPUT);
    bool ok = secret_refuse_shared(from->key, from->file, e);

    *source = xstrdup(from->file);
    if (ok && !os_read_file(from->file, MAX_OUTPUT, &text, e)) {
        e->code = ERR_CONFIG;
        err_wrap(e, "%s_file", from->key);
        ok = err_hint(e, "write the %s into this file, or name another one", from->key);
    }
    ok = ok && secret_take(from, str_text(&text), *source, value, e);
    str_release(&text);
    return ok;
}

static bool from_command(const struct secret_source *from, char **value, char **source,
                         struct err *e)
{
    struct str text = STR(MAX_OUTPUT);
    bool ok = os_run(from->command, COMMAND_MS, MAX_OUTPUT, &text, e);

    *source = xasprintf("%s_command", from->key);
    if (!ok) {
        e->code = ERR_CONFIG;
        err_wrap(e, "%s", *source);
        err_hint(e, "run the command by hand; it must print the %s and end with status 0",
                 from->key);
    }
    ok = ok && secret_take(from, str_text(&text), *source, value, e);
    str_release(&text);
    return ok;
}

bool secret_find(const struct config *cfg, const struct secret_source *from, char **value,
                 char **source, struct err *e)
{
    bool ok = true;

    *value = *source = NULL;
    if (from->text && *from->text)
        ok = from_text(cfg, from, value, source, e);
    else if (from->file && *from->file)
        ok = from_file(from, value, source, e);
    else if (from->command && *from->command)
        ok = from_command(from, value, source, e);
    if (ok)
        return true;
    free(*source);
    *source = NULL;
    return false;
}
