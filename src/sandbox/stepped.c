#include "stepped.h"

#include "store.h"

#include <stdlib.h>
#include <string.h>

enum { CLIENTS_MOST = 1000, LOOK_MS = 1 };

bool stepped_is(const char *path)
{
    static const char *const paths[] = {"/sandbox/join", "/sandbox/leave", "/sandbox/sleep"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (strcmp(path, paths[i]) == 0)
            return true;
    return false;
}

void stepped_release(struct stepped *st)
{
    free(st->of);
    lock_free(st->lock);
    *st = (struct stepped){0};
}

static struct sleeper *find(struct stepped *st, const char *who)
{
    for (size_t i = 0; i < st->n; i++)
        if (strcmp(st->of[i].who, who) == 0)
            return &st->of[i];
    return NULL;
}

static struct sleeper *join(struct stepped *st, const char *who)
{
    struct sleeper *c = find(st, who);
    if (c || st->n == CLIENTS_MOST)
        return c;
    st->of = xrealloc(st->of, (st->n + 1) * sizeof *st->of);
    c = &st->of[st->n++];
    *c = (struct sleeper){0};
    str_copy(c->who, sizeof c->who, who);
    return c;
}

/* `set` to the clock, or only read it if it is 0. -1: the store cannot be had. */
static int64_t clock_ms(struct store *s, int64_t set)
{
    struct err e;
    if (!store_enter(s, &e))
        return -1;
    if (set > s->now)
        s->now = set;
    int64_t now = s->now;
    return store_leave(s, &e) ? now : -1;
}

/* Where all are asleep: on to the first who wakes. Those whose time has come wake. */
static bool step(struct stepped *st, struct store *s)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < st->n; i++) {
        if (!st->of[i].asleep)
            return true;
        first = st->of[i].wake_ms < first ? st->of[i].wake_ms : first;
    }
    int64_t now = st->n ? clock_ms(s, first) : 0;
    for (size_t i = 0; i < st->n; i++)
        st->of[i].asleep = st->of[i].wake_ms > now;
    return now >= 0;
}

static int sleep_until(struct stepped *st, struct store *s, const char *who, int64_t ms,
                       struct cancel *stop)
{
    int64_t now = clock_ms(s, 0);
    lock_take(st->lock);
    struct sleeper *c = join(st, who);
    if (c) {
        c->asleep = true;
        c->wake_ms = now + ms;
    }
    int status = now < 0 ? 500 : c ? 200 : 429;
    for (bool asleep = status == 200; asleep;) {
        if (!step(st, s))
            status = 500;
        c = find(st, who);
        asleep = status == 200 && c && c->asleep;
        lock_drop(st->lock);
        if (asleep && cancel_sleep(stop, LOOK_MS)) {
            status = 503;
            asleep = false;
        }
        lock_take(st->lock);
    }
    lock_drop(st->lock);
    return status;
}

/* With all that a process calls itself after its first: "who-1" and so on. */
static void leave(struct stepped *st, const char *who)
{
    size_t len = strlen(who), kept = 0;
    for (size_t i = 0; i < st->n; i++) {
        const char *name = st->of[i].who;
        if (strncmp(name, who, len) != 0 || (name[len] && name[len] != '-'))
            st->of[kept++] = st->of[i];
    }
    st->n = kept;
}

int stepped_answer(struct stepped *st, struct store *s, const char *path, const cJSON *body,
                   struct cancel *stop, int64_t *now_ms)
{
    const char *who = json_text(body, "who", "");
    int64_t ms = json_int(body, "ms", 0);
    int status = 200;
    if (!*who || strlen(who) >= sizeof st->of->who || ms < 0)
        return 400;
    if (strcmp(path, "/sandbox/sleep") == 0) {
        status = sleep_until(st, s, who, ms, stop);
    } else {
        lock_take(st->lock);
        if (strcmp(path, "/sandbox/join") == 0)
            status = join(st, who) ? 200 : 429;
        else
            leave(st, who);
        lock_drop(st->lock);
    }
    *now_ms = clock_ms(s, 0);
    return *now_ms < 0 ? 500 : status;
}
