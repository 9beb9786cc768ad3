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
