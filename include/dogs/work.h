/* work: the one object that stops whatever blocks, threads and locks. Threads are made only in
 * work.c and by libmicrohttpd.
 */
#ifndef DOGS_WORK_H
#define DOGS_WORK_H

#include <stdbool.h>
#include <stdint.h>

/* A cancel object starts untriggered and is triggered at most once, from any thread or from a
 * signal handler. Functions that block accept NULL for "never". */
struct cancel;
struct cancel *cancel_new(void);
void cancel_free(struct cancel *c);
void cancel_trigger(struct cancel *c); /* async-signal-safe */
bool cancel_is(const struct cancel *c);
/* Sleeps ms or until triggered; true if triggered. No CPU is used meanwhile. */
bool cancel_sleep(struct cancel *c, int64_t ms);
/* Readable once triggered, for poll(); -1 where the system has no such thing (use slices). */
int cancel_fd(const struct cancel *c);

/* One more thread, which runs fn(ctx) and must be joined or left. Aborts where the system has none
 * to give. */
struct thread;
struct thread *thread_start(void (*fn)(void *ctx), void *ctx);
void thread_join(struct thread *t);  /* waits for its end and frees it; NULL allowed */
void thread_leave(struct thread *t); /* nobody will join it: it is freed at once, and runs on */
int thread_processors(void);         /* how many can run at once; at least 1 */

struct lock;
struct lock *lock_new(void);
void lock_free(struct lock *l);
void lock_take(struct lock *l);
void lock_drop(struct lock *l);

#endif
