/* Preloaded by test_schedule.py: a wall clock that stands where the test says.
 *
 *   CLOCK_AT=SECONDS   Unix seconds that the wall clock shows at the program's start
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    static time_t ahead;
    const char *at = getenv("CLOCK_AT");
    if (!real) {
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
        struct timespec now;
        if (at && real(CLOCK_REALTIME, &now) == 0)
            ahead = (time_t)atoll(at) - now.tv_sec;
    }
    int failed = real(id, t);
    if (!failed && id == CLOCK_REALTIME)
        t->tv_sec += ahead;
    return failed;
}
