#include "pace.h"
#include <dogs/json.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPANS_KEPT = 8, SPANS_MAX_FILE = 256 * 1024, UNKNOWN_UNTIL_MS = 120000 };

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

static int64_t wanted(const struct pace *p, const struct span_seen *seen, int64_t elapsed)
{
    bool known = seen->max_ms != 0;
    /* The next may well be half as long as the shortest yet. */
    int64_t from = known ? seen->min_ms / 2 : seen->typical_ms / 4;
    int64_t until = known ? seen->max_ms + seen->max_ms / 5 + 2000 : UNKNOWN_UNTIL_MS;
    if (elapsed < from)
        return clamp((from - elapsed) / 3, 1000, 10000);
    if (elapsed <= until && p->saved < 1)
        return 1000;
    /* Spread evenly over the time in which the end may come: what is saved, and one a second. */
    if (elapsed <= until)
        return clamp(
            (int64_t)((double)(until - elapsed) / (p->saved + (double)(until - elapsed) / 1000)),
            PACE_MIN_MS, 1000);
    return clamp(elapsed / 120, 1000, PACE_MAX_MS);
}

int64_t pace_next(struct pace *p, const struct span_seen *seen, int64_t elapsed_ms)
{
    int64_t ms = wanted(p, seen, elapsed_ms);
    p->saved += (double)ms / 1000 - 1;
    if (p->saved > PACE_BURST)
        p->saved = PACE_BURST;
    return ms;
}

struct spans {
    char *path;
    cJSON *all; /* {"mc.snapshot": [ms, …newest last]} */
};

struct spans *spans_load(const char *dir)
{
    struct spans *s = xcalloc(1, sizeof *s);
    struct str text;
    struct err ignored;
    s->path = os_path_join(dir, "durations.json");
    if (os_read_file(s->path, SPANS_MAX_FILE, &text, &ignored)) {
        s->all = json_parse(str_text(&text), text.len, &ignored);
        str_release(&text);
    }
    if (!cJSON_IsObject(s->all)) {
        cJSON_Delete(s->all);
        s->all = cJSON_CreateObject();
    }
    return s;
}

void spans_free(struct spans *s)
{
    if (!s)
        return;
    cJSON_Delete(s->all);
    free(s->path);
    free(s);
}

static void key_of(char *out, size_t size, const char *server, const char *step)
{
    snprintf(out, size, "%s.%s", server, step);
}

void spans_seen(const struct spans *s, const char *server, const char *step, struct span_seen *out)
{
    char key[160];
    key_of(key, sizeof key, server, step);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(s->all, key), *one;
    cJSON_ArrayForEach(one, list)
    {
        int64_t ms = json_int(one, "", 0);
        if (ms <= 0)
            continue;
        out->min_ms = out->min_ms == 0 || ms < out->min_ms ? ms : out->min_ms;
        out->max_ms = ms > out->max_ms ? ms : out->max_ms;
        out->typical_ms = ms;
    }
}

void spans_learn(struct spans *s, const char *server, const char *step, int64_t took_ms)
{
    char key[160];
    key_of(key, sizeof key, server, step);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(s->all, key);
    if (!cJSON_IsArray(list)) {
        cJSON_DeleteItemFromObjectCaseSensitive(s->all, key);
        list = cJSON_AddArrayToObject(s->all, key);
    }
    cJSON_AddItemToArray(list, cJSON_CreateNumber((double)took_ms));
    while (cJSON_GetArraySize(list) > SPANS_KEPT)
        cJSON_DeleteItemFromArray(list, 0);
    char *text = json_print(s->all);
    struct err ignored;
    /* Lost durations cost some polls, nothing else. */
    os_replace_file(s->path, text, strlen(text), &ignored);
    free(text);
}
