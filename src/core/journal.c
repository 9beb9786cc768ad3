#include "journal.h"
#include <dogs/hash.h>
#include <dogs/json.h>
#include <dogs/log.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    JOURNAL_MAX = 8 * 1024 * 1024,
    JOURNAL_TRIM = 256 * 1024, /* beyond it, ended runs but the last are dropped */
    SUM_LEN = 16,
};

struct journal {
    struct os_log *log;
    char *server;
    bool torn; /* the file does not end with a newline */
    struct last_run last;
};

static char *journal_path(const char *dir, const char *server)
{
    char *name = xasprintf("%s.journal", server);
    char *path = os_path_join(dir, name);
    free(name);
    return path;
}

/* Beyond what the reader's doubles can keep, as text. */
static void put_fact(cJSON *o, const char *name, int64_t value)
{
    static const int64_t exact = 1LL << 53;
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    if (value > -exact && value < exact)
        json_put_int(o, name, value);
    else
        cJSON_AddStringToObject(o, name, text);
}

static cJSON *facts_json(const struct facts *f)
{
    cJSON *o = cJSON_CreateObject();
#define I(name)                                                                                    \
    if (f->name)                                                                                   \
        put_fact(o, #name, f->name);
#define T(name, size_)                                                                             \
    if (f->name[0])                                                                                \
        cJSON_AddStringToObject(o, #name, f->name);
    FACTS(I, T)
#undef I
#undef T
    return o;
}

static void facts_read(const cJSON *o, struct facts *f)
{
    *f = (struct facts){0};
#define I(name) f->name = json_int(o, #name, 0);
#define T(name, size_) str_copy(f->name, sizeof f->name, json_text(o, #name, ""));
    FACTS(I, T)
#undef I
#undef T
}

static bool verb_of(const char *name, enum verb *out)
{
    for (int v = 0; v < VERBS; v++) {
        if (strcmp(name, verb_name((enum verb)v)) == 0) {
            *out = (enum verb)v;
            return true;
        }
    }
    return false;
}

static void take_record(const cJSON *rec, const char *server, struct last_run *last)
{
    const char *ev = json_text(rec, "ev", ""), *run = json_text(rec, "run", "");
    enum verb verb;
    if (!*run || !verb_of(json_text(rec, "verb", ""), &verb) ||
        strcmp(json_text(rec, "server", ""), server) != 0)
        return;
    if (strcmp(ev, "begin") == 0) {
        *last = (struct last_run){.any = true, .open = true, .verb = verb};
        str_copy(last->run.id, sizeof last->run.id, run);
        str_copy(last->run.verb, sizeof last->run.verb, verb_name(verb));
        str_copy(last->run.server, sizeof last->run.server, server);
        last->run.started_at = json_int(rec, "at", 0);
    }
    if (!last->any || strcmp(last->run.id, run) != 0)
        return;
    last->at = json_int(rec, "at", last->at);
    facts_read(json_at(rec, "facts"), &last->facts);
    if (strcmp(ev, "end") == 0)
        last->open = false;
    else
        str_copy(last->run.step, sizeof last->run.step, json_text(rec, "what", ""));
}

static void take_line(const char *line, size_t len, const char *server, struct last_run *last)
{
    char sum[SUM_LEN + 1];
    if (len <= SUM_LEN + 1 || line[SUM_LEN] != ' ')
        return;
    const char *json = line + SUM_LEN + 1;
    size_t json_len = len - SUM_LEN - 1;
    snprintf(sum, sizeof sum, "%016llx", (unsigned long long)hash_fnv64(json, json_len));
    struct err ignored;
    cJSON *rec = memcmp(sum, line, SUM_LEN) == 0 ? json_parse(json, json_len, &ignored) : NULL;
    if (rec)
        take_record(rec, server, last);
    else
        log_line(LOG_WARN, "journal of %s: a damaged line of %zu bytes is passed over", server,
                 len);
    cJSON_Delete(rec);
}

static bool replay(const char *path, const char *server, struct last_run *last, bool *torn,
                   size_t *size, struct err *e)
{
    struct str text;
    struct err why = {0};
    *last = (struct last_run){0};
    *torn = false;
    *size = 0;
    if (!os_read_file(path, JOURNAL_MAX, &text, &why)) {
        if (why.code == ERR_NOT_FOUND)
            return true;
        *e = why;
        return err_hint(e, "look at the file, and move it away if it is not needed");
    }
    const char *p = str_text(&text), *end = p + text.len;
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        const char *line_end = nl ? nl : end;
        if (line_end > p)
            take_line(p, (size_t)(line_end - p), server, last);
        *torn = nl == NULL;
        p = nl ? nl + 1 : end;
    }
    *size = text.len;
    str_release(&text);
    return true;
}

bool journal_peek(const char *dir, const char *server, struct last_run *out, struct err *e)
{
    char *path = journal_path(dir, server);
    bool torn;
    size_t size;
    bool ok = replay(path, server, out, &torn, &size, e);
    free(path);
    return ok;
}

/* The line of one record, with its newline; yours to free. */
static char *record_line(const char *server, const char *ev, const char *run, enum verb verb,
                         const char *what, int64_t at, const struct facts *facts)
{
    cJSON *rec = cJSON_CreateObject();
    cJSON_AddStringToObject(rec, "ev", ev);
    cJSON_AddStringToObject(rec, "run", run);
    cJSON_AddStringToObject(rec, "verb", verb_name(verb));
    cJSON_AddStringToObject(rec, "server", server);
    cJSON_AddStringToObject(rec, "what", what);
    json_put_int(rec, "at", at);
    cJSON_AddItemToObject(rec, "facts", facts_json(facts));
    char *json = json_print(rec);
    cJSON_Delete(rec);
    char *line =
        xasprintf("%016llx %s\n", (unsigned long long)hash_fnv64(json, strlen(json)), json);
    free(json);
    return line;
}

/* A long file whose last run has ended is replaced by that run's begin and end. */
static bool trim(const char *path, const char *server, const struct last_run *last, struct err *e)
{
    char *begin = record_line(server, "begin", last->run.id, last->verb, "", last->run.started_at,
                              &last->facts);
    char *end = record_line(server, "end", last->run.id, last->verb, "ok", last->at, &last->facts);
    char *both = xasprintf("%s%s", begin, end);
    bool ok = os_replace_file(path, both, strlen(both), e);
    free(begin);
    free(end);
    free(both);
    return ok;
}

bool journal_open(const char *dir, const char *server, struct journal **out, struct err *e)
{
    char *path = journal_path(dir, server);
    struct journal *j = xcalloc(1, sizeof *j);
    j->server = xstrdup(server);
    size_t size;
    bool ok = replay(path, server, &j->last, &j->torn, &size, e);
    if (ok && size > JOURNAL_TRIM && j->last.any && !j->last.open)
        ok = trim(path, server, &j->last, e);
    if (ok)
        ok = os_log_open(path, &j->log, e);
    free(path);
    if (ok)
        *out = j;
    else
        journal_close(j);
    return ok;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    os_log_close(j->log);
    free(j->server);
    free(j);
}

const struct last_run *journal_last(const struct journal *j)
{
    return &j->last;
}

bool journal_add(struct journal *j, const char *ev, const char *run, enum verb verb,
                 const char *what, int64_t at, const struct facts *facts, struct err *e)
{
    char *line = record_line(j->server, ev, run, verb, what, at, facts);
    /* The newline that a torn line lacks, so that this one is not lost with it. */
    bool ok = (!j->torn || os_log_append(j->log, "\n", 1, e)) &&
              os_log_append(j->log, line, strlen(line), e);
    /* Half a line may be there now. */
    j->torn = !ok;
    free(line);
    return ok ? true
              : err_hint(e,
                         "nothing further was done; make room on the disk, then go on with "
                         "`dogs resume %s`",
                         j->server);
}
