#include "spent.h"
#include <dogs/json.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPENT_MAX = 8 * 1024 * 1024, SPENT_LINES = 20000 };

static char *file_of(const char *dir, int64_t t)
{
    struct when_civil c = when_civil(t);
    char *name = xasprintf("spent-%04lld-%02d.log", (long long)c.year, c.month);
    char *path = os_path_join(dir, name);
    free(name);
    return path;
}

bool spent_note(const char *dir, const struct spent *s, struct err *e)
{
    cJSON *o = cJSON_CreateObject();
    json_put_int(o, "droplet", s->droplet_id);
    cJSON_AddStringToObject(o, "server", s->server);
    json_put_int(o, "from", s->from);
    json_put_int(o, "to", s->to);
    json_put_int(o, "hourly", s->hourly);
    json_put_int(o, "monthly", s->monthly);
    cJSON_AddBoolToObject(o, "gone", s->gone);
    char *json = json_print(o), *path = file_of(dir, s->to);
    /* A newline first: what a crash left unfinished spoils no other line. */
    char *line = xasprintf("\n%s\n", json);
    struct os_log *log = NULL;
    bool ok = os_log_open(path, &log, e) && os_log_append(log, line, strlen(line), e);
    os_log_close(log);
    cJSON_Delete(o);
    free(json);
    free(path);
    free(line);
    return ok;
}

static bool take_line(const char *text, size_t len, struct spent *s)
{
    struct err ignored;
    cJSON *o = json_parse(text, len, &ignored);
    if (!o)
        return false;
    *s = (struct spent){.droplet_id = json_int(o, "droplet", 0),
                        .from = json_int(o, "from", 0),
                        .to = json_int(o, "to", 0),
                        .hourly = json_int(o, "hourly", 0),
                        .monthly = json_int(o, "monthly", 0),
                        .gone = json_bool(o, "gone", false)};
    str_copy(s->server, sizeof s->server, json_text(o, "server", ""));
    cJSON_Delete(o);
    return s->droplet_id > 0 && s->from > 0 && s->to >= s->from && s->hourly > 0;
}

bool spent_read(const char *dir, int64_t month, struct spent **out, size_t *n, size_t *damaged,
                struct err *e)
{
    struct str text = STR(SPENT_MAX);
    struct err why = {0};
    char *path = file_of(dir, month);
    *out = NULL;
    *n = *damaged = 0;
    bool ok = os_read_file(path, SPENT_MAX, &text, &why) || why.code == ERR_NOT_FOUND;
    free(path);
    if (!ok) {
        *e = why;
        return false;
    }
    const char *p = str_text(&text), *end = p + text.len;
    *out = xcalloc(1, sizeof **out);
    for (size_t len; p < end; p += len + 1) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct spent s;
        len = nl ? (size_t)(nl - p) : (size_t)(end - p);
        if (!len)
            continue;
        if (!take_line(p, len, &s) || *n == SPENT_LINES) {
            ++*damaged;
            continue;
        }
        size_t i = 0;
        while (i < *n && (*out)[i].droplet_id != s.droplet_id)
            i++;
        *n += i == *n;
        *out = xrealloc(*out, (*n + 1) * sizeof **out);
        (*out)[i] = s;
    }
    str_release(&text);
    return true;
}
