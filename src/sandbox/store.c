#include "store.h"

#include "disks.h"

#include <dogs/log.h>
#include <dogs/os.h>
#include <dogs/work.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_WORLD = 256 * 1024 * 1024,
    PULSE_BYTES = 8192,
    LOG_KEPT = 2000,
};

bool store_open(struct store *s, const char *dir, struct err *e)
{
    *s = (struct store){0};
    if (!os_mkdirs(dir, e))
        return false;
    s->dir = xstrdup(dir);
    s->world_path = os_path_join(dir, "world.json");
    s->pulse_path = os_path_join(dir, "pulse");
    s->log_path = os_path_join(dir, "log.jsonl");
    s->lock_path = os_path_join(dir, "world.lock");
    s->serving_path = os_path_join(dir, "serving.lock");
    s->mutex = lock_new();
    s->requests = cJSON_CreateObject();
    return true;
}

void store_close(struct store *s)
{
    struct err e;
    if (s->serves && store_enter(s, &e) && !store_leave(s, &e))
        log_line(LOG_WARN, "sandbox: %s", e.text);
    os_lock_drop(s->serving);
    world_release(&s->world);
    cJSON_Delete(s->requests);
    free(s->games_open.v);
    lock_free(s->mutex);
    free(s->dir);
    free(s->world_path);
    free(s->pulse_path);
    free(s->log_path);
    free(s->lock_path);
    free(s->serving_path);
    *s = (struct store){0};
}

static bool load_world(struct store *s, struct err *e)
{
    world_release(&s->world);
    s->loaded = false;
    struct str text = {0};
    if (!os_read_file(s->world_path, MAX_WORLD, &text, e)) {
        if (e->code != ERR_NOT_FOUND)
            return false;
        world_first(&s->world, s->now);
        s->loaded = true;
        return true;
    }
    cJSON *json = json_parse(str_text(&text), text.len, e);
    bool ok = json && world_read(&s->world, json, e);
    cJSON_Delete(json);
    str_release(&text);
    if (!ok)
        return err_wrap(e, "%s", s->world_path);
    s->loaded = true;
    world_trim(&s->world, s->now);
    return true;
}

/* A wall clock that was set back does not set the virtual one back. */
static int64_t passed_ms(const struct store *s, int64_t unix_ms, double speed)
{
    int64_t gap = unix_ms - s->pulse_unix_ms;
    return gap > 0 ? (int64_t)((double)gap * speed) : 0;
}

/* Whether the time since the last pulse ran fast: we serve, or another process holds the mark that
 * says so. Takes the mark over where its holder has gone. */
static bool ran_fast(struct store *s)
{
    struct err e;
    if (s->serving)
        return true;
    struct os_lock *mark = NULL;
    bool nobody = os_lock_try(s->serving_path, &mark, &e);
    if (nobody && s->serves)
        s->serving = mark;
    else
        os_lock_drop(mark);
    return s->serves || !nobody;
}

static bool read_pulse(struct store *s, struct err *e)
{
    struct str text = {0};
    int64_t unix_ms = os_unix_ms();
    if (!os_read_file(s->pulse_path, PULSE_BYTES, &text, e)) {
        if (e->code != ERR_NOT_FOUND)
            return false;
        s->now = s->pulse_unix_ms = unix_ms;
        s->pulse_generation = -1;
        s->log_lines = 0;
        return load_world(s, e);
    }
    cJSON *json = json_parse(str_text(&text), text.len, e);
    str_release(&text);
    if (!json)
        return err_wrap(e, "%s", s->pulse_path);
    s->now = json_int(json, "virtual_ms", unix_ms);
    s->pulse_unix_ms = json_int(json, "unix_ms", unix_ms);
    s->log_lines = json_int(json, "log_lines", 0);
    int64_t generation = json_int(json, "generation", 0);
    cJSON *requests = cJSON_DetachItemFromObjectCaseSensitive(json, "requests");
    cJSON_Delete(s->requests);
    s->requests = requests ? requests : cJSON_CreateObject();
    cJSON_Delete(json);
    /* A process that was killed after the pulse and before world.json leaves a number that the file
     * never reached; what was read then is still the newest. */
    if ((!s->loaded || generation != s->pulse_generation) && !load_world(s, e))
        return false;
    s->pulse_generation = generation;
    if (s->world.generation < generation)
        s->world.generation = generation;
    s->now += passed_ms(s, unix_ms, ran_fast(s) ? setting_value(&s->world, SET_SPEED) : 1.0);
    s->pulse_unix_ms = unix_ms;
    return true;
}

bool store_enter(struct store *s, struct err *e)
{
    lock_take(s->mutex);
    os_lock_wait(s->lock_path, &s->lock);
    bool ok = s->lock || err_set(e, ERR_IO, "cannot lock %s", s->lock_path);
    if (ok && read_pulse(s, e))
        return true;
    os_lock_drop(s->lock);
    s->lock = NULL;
    lock_drop(s->mutex);
    return false;
}

/* Written in place as one block of fixed length, so that a reader after a kill finds the old or the
 * new one; a temporary file and a sync for every GET would cost more than all the rest. */
static bool write_pulse(struct store *s, struct err *e)
{
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "virtual_ms", s->now);
    json_put_int(json, "unix_ms", s->pulse_unix_ms);
    json_put_int(json, "generation", s->world.generation);
    json_put_int(json, "log_lines", s->log_lines);
    cJSON_AddItemReferenceToObject(json, "requests", s->requests);
    char *text = json_print(json);
    cJSON_Delete(json);
    char block[PULSE_BYTES];
    size_t len = strlen(text);
    memset(block, ' ', sizeof block);
    memcpy(block, text, len < sizeof block ? len : sizeof block);
    block[sizeof block - 1] = '\n';
    free(text);
    FILE *f = fopen(s->pulse_path, "r+b");
    if (!f)
        return os_replace_file(s->pulse_path, block, sizeof block, e);
    setvbuf(f, NULL, _IOFBF, sizeof block);
    bool ok = fwrite(block, 1, sizeof block, f) == sizeof block;
    return fclose(f) == 0 && ok ? true : err_set(e, ERR_IO, "cannot write %s", s->pulse_path);
}

static bool write_world(struct store *s, struct err *e)
{
    cJSON *json = world_json(&s->world);
    char *text = json_print(json);
    cJSON_Delete(json);
    bool ok = os_replace_file(s->world_path, text, strlen(text), e);
    free(text);
    return ok;
}

bool store_leave(struct store *s, struct err *e)
{
    bool dirty = s->world.dirty;
    if (dirty) {
        s->world.generation++;
        disks_sweep(s);
    }
    bool ok = write_pulse(s, e) && (!dirty || write_world(s, e));
    if (ok) {
        s->pulse_generation = s->world.generation;
        s->world.dirty = false;
    } else {
        s->loaded = false;
    }
    os_lock_drop(s->lock);
    s->lock = NULL;
    lock_drop(s->mutex);
    return ok;
}

void store_drop(struct store *s)
{
    os_lock_drop(s->lock);
    s->lock = NULL;
    lock_drop(s->mutex);
}

/* Temporary files of processes that were killed while they saved; nobody saves now, we hold the
 * lock. */
static void sweep(struct store *s)
{
    struct err e;
    char **names = NULL;
    if (!os_list_dir(s->dir, &names, &e))
        return;
    for (char **name = names; *name; name++) {
        char *path = os_path_join(s->dir, *name);
        if (str_starts(*name, "world.json."))
            os_remove_file(path, &e);
        free(path);
    }
    os_list_free(names);
}

bool store_serve(struct store *s, double speed, struct err *e)
{
    if (!store_enter(s, e))
        return false;
    if (speed > 0 && speed != setting_value(&s->world, SET_SPEED)) {
        s->world.settings[SET_SPEED] = (struct range){speed, speed};
        s->world.dirty = true;
    }
    s->serves = true;
    ran_fast(s);
    sweep(s);
    return store_leave(s, e);
}

void store_count(struct store *s, const char *kind)
{
    cJSON *count = cJSON_GetObjectItemCaseSensitive(s->requests, kind);
    if (count)
        cJSON_SetNumberValue(count, count->valuedouble + 1);
    else
        cJSON_AddNumberToObject(s->requests, kind, 1);
}

int64_t store_requests(const struct store *s)
{
    int64_t n = 0;
    const cJSON *count;
    cJSON_ArrayForEach(count, s->requests) n += (int64_t)count->valuedouble;
    return n;
}

/* Where the last n lines of a text begin. */
static const char *last_lines(const struct str *text, size_t n)
{
    if (text->len == 0)
        return "";
    const char *p = text->p + text->len;
    for (size_t seen = 0; p > text->p; p--)
        if (p[-1] == '\n' && ++seen > n)
            break;
    return p;
}

static void shorten_log(struct store *s)
{
    struct err e;
    struct str text = {0};
    if (!os_read_file(s->log_path, MAX_WORLD, &text, &e))
        return;
    const char *kept = last_lines(&text, LOG_KEPT);
    if (os_replace_file(s->log_path, kept, strlen(kept), &e))
        s->log_lines = LOG_KEPT;
    str_release(&text);
}

void store_log(struct store *s, const struct log_entry *entry)
{
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "t_virtual_ms", s->now);
    json_put_int(json, "t_real_ms", s->pulse_unix_ms);
    cJSON_AddStringToObject(json, "method", entry->method);
    cJSON_AddStringToObject(json, "path", entry->path);
    cJSON_AddStringToObject(json, "kind", entry->kind);
    json_put_int(json, "status", entry->status);
    cJSON_AddStringToObject(json, "fault", entry->fault ? entry->fault : "");
    char *line = json_print(json);
    cJSON_Delete(json);
    FILE *f = fopen(s->log_path, "ab");
    if (f) {
        fprintf(f, "%s\n", line);
        fclose(f);
    }
    free(line);
    if (++s->log_lines > 2 * LOG_KEPT)
        shorten_log(s);
}

void store_log_clear(struct store *s)
{
    struct err e;
    os_remove_file(s->log_path, &e);
    s->log_lines = 0;
}

cJSON *store_log_json(struct store *s)
{
    struct err e;
    struct str text = {0};
    cJSON *list = cJSON_CreateArray();
    if (!os_read_file(s->log_path, MAX_WORLD, &text, &e))
        return list;
    const char *p = last_lines(&text, LOG_KEPT);
    while (*p) {
        size_t len = strcspn(p, "\n");
        cJSON *entry = json_parse(p, len, &e);
        if (entry)
            cJSON_AddItemToArray(list, entry);
        p += len + (p[len] == '\n');
    }
    str_release(&text);
    return list;
}

bool store_forget(struct store *s, struct err *e)
{
    world_release(&s->world);
    s->loaded = false;
    s->log_lines = 0;
    cJSON_Delete(s->requests);
    s->requests = cJSON_CreateObject();
    disks_forget(s);
    return os_remove_file(s->world_path, e) && os_remove_file(s->pulse_path, e) &&
           os_remove_file(s->log_path, e);
}
