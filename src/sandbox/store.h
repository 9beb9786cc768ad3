/* store: the world on disk, shared by every process that serves its folder.
 *
 *     store_enter(s, &e) ... look at and change s->world at s->now ... store_leave(s, &e)
 *
 * Between the two calls the caller alone has the folder, on the newest state. world.json is written
 * only if something changed; what changes with every request (clock, request counts) lies in the
 * small file "pulse", the requests themselves in log.jsonl.
 *
 * The clock runs `speed` times as fast as the wall while anybody serves the folder, else as fast.
 */
#ifndef SANDBOX_STORE_H
#define SANDBOX_STORE_H

#include "world.h"

struct store {
    char *dir, *world_path, *pulse_path, *log_path, *lock_path, *serving_path;
    struct lock *mutex;
    struct os_lock *lock, *serving;
    struct world world; /* guarded by mutex and lock, like all below */
    bool loaded;
    bool serves; /* this process answers requests from this folder */
    int64_t now; /* virtual, fixed between enter and leave */
    int64_t pulse_unix_ms, pulse_generation, log_lines;
    cJSON *requests;        /* kind -> count */
    struct ints games_open; /* gameservers that this process answers for */
};

struct log_entry {
    const char *method, *path, *kind, *fault;
    int status;
};

bool store_open(struct store *s, const char *dir, struct err *e);
/* From now on the clock runs at the world's speed. */
bool store_serve(struct store *s, double speed, struct err *e);
void store_close(struct store *s);

bool store_enter(struct store *s, struct err *e);
bool store_leave(struct store *s, struct err *e);
void store_drop(struct store *s); /* nothing was changed; nothing is written */

void store_count(struct store *s, const char *kind);
int64_t store_requests(const struct store *s); /* all kinds */
void store_log(struct store *s, const struct log_entry *entry);
void store_log_clear(struct store *s);
cJSON *store_log_json(struct store *s); /* the last 2,000 */
bool store_forget(struct store *s, struct err *e);

#endif
