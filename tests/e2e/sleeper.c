/* Preloaded into dogs by test_awake.py: a computer that sleeps. The clock that counts sleep is
 * ahead of the one that does not
 *
 *   SLEEPER_MS=FILE     by the milliseconds written in that file
 *   SLEEPER_AT=N        by an hour from its N-th reading on; 0 = never
 *   SLEEPER_COUNT=FILE  gets the number of readings at the end
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static atomic_int readings;

static long long slept_ms(void)
{
    const char *path = getenv("SLEEPER_MS"), *at = getenv("SLEEPER_AT");
    int nth = at ? atoi(at) : 0, now = atomic_fetch_add(&readings, 1) + 1;
    long long ms = 0;
    FILE *f = path ? fopen(path, "re") : NULL;
    if (f && fscanf(f, "%lld", &ms) != 1)
        ms = 0;
    if (f)
        fclose(f);
    return ms + (nth && now >= nth ? 3600000 : 0);
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("SLEEPER_COUNT");
    FILE *f = path ? fopen(path, "we") : NULL;
    if (!f)
        return;
    fprintf(f, "%d", atomic_load(&readings));
    fclose(f);
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(id, t);
    if (!failed && id == CLOCK_BOOTTIME) {
        long long ms = slept_ms();
        t->tv_sec += ms / 1000;
        t->tv_nsec += ms % 1000 * 1000000;
        if (t->tv_nsec >= 1000000000) {
            t->tv_sec++;
            t->tv_nsec -= 1000000000;
        }
    }
    return failed;
}
