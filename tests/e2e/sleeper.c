/* Preloaded into dogs by test_awake.py: a computer that sleeps. The clock that counts sleep is
 * ahead of the one that does not by the milliseconds written in the file $SLEEPER_MS; none = it
 * never slept. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long long slept_ms(void)
{
    const char *path = getenv("SLEEPER_MS");
    long long ms = 0;
    FILE *f = path ? fopen(path, "re") : NULL;
    if (f && fscanf(f, "%lld", &ms) != 1)
        ms = 0;
    if (f)
        fclose(f);
    return ms;
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
