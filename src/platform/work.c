#include <dogs/str.h>
#include <dogs/work.h>
#include <pthread.h>
#include <stdlib.h>

struct lock {
    pthread_mutex_t mutex;
};

struct lock *lock_new(void)
{
    struct lock *l = xcalloc(1, sizeof *l);
    pthread_mutex_init(&l->mutex, NULL);
    return l;
}

void lock_free(struct lock *l)
{
    if (!l)
        return;
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

void lock_take(struct lock *l)
{
    pthread_mutex_lock(&l->mutex);
}

void lock_drop(struct lock *l)
{
    pthread_mutex_unlock(&l->mutex);
}

struct thread {
    pthread_t id;
};

struct start {
    void (*fn)(void *ctx);
    void *ctx;
};

/* What it runs is its own: the struct thread may be gone by then. */
static void *run(void *arg)
{
    struct start start = *(struct start *)arg;
    free(arg);
    start.fn(start.ctx);
    return NULL;
}

struct thread *thread_start(void (*fn)(void *ctx), void *ctx)
{
    struct thread *t = xcalloc(1, sizeof *t);
    struct start *start = xmalloc(sizeof *start);
    *start = (struct start){.fn = fn, .ctx = ctx};
    if (pthread_create(&t->id, NULL, run, start) != 0)
        abort();
    return t;
}

void thread_leave(struct thread *t)
{
    pthread_detach(t->id);
    free(t);
}

void thread_join(struct thread *t)
{
    if (!t)
        return;
    pthread_join(t->id, NULL);
    free(t);
}
