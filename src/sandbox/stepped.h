/* stepped: the clock that stands still while anybody works. With the setting "speed": 0 virtual
 * time passes only by sleeping: each client joins and says what it sleeps; once all that have
 * joined are asleep, the clock jumps to the first who wakes. A year passes in minutes, with the
 * same order of events whatever this computer does meanwhile.
 */
#ifndef SANDBOX_STEPPED_H
#define SANDBOX_STEPPED_H

#include <dogs/json.h>
#include <dogs/work.h>

struct store;

struct sleeper {
    char who[64];
    bool asleep;
    int64_t wake_ms;
};

struct stepped {
    struct lock *lock; /* over what follows; taken before the store's */
    struct sleeper *of;
    size_t n;
};

/* Whether the path is one of /sandbox/join, /sandbox/leave, /sandbox/sleep. These block, so they
 * are answered outside of the store. */
bool stepped_is(const char *path);
/* {"who": "...", "ms": N}: the answer's status, and the virtual time in *now_ms. */
int stepped_answer(struct stepped *st, struct store *s, const char *path, const cJSON *body,
                   struct cancel *stop, int64_t *now_ms);
void stepped_release(struct stepped *st);

#endif
