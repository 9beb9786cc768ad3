#include <dogs/cpu.h>
#include <errno.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

int cpu_cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_CONF);
    return n > 0 && n <= CPU_SETSIZE ? (int)n : 1;
}

bool cpu_may_use(int core)
{
    cpu_set_t ours;
    return core >= 0 && core < CPU_SETSIZE && sched_getaffinity(0, sizeof ours, &ours) == 0 &&
           CPU_ISSET(core, &ours);
}

bool cpu_pin(int core, struct err *e)
{
    cpu_set_t one;
    if (!cpu_may_use(core))
        return err_set(e, ERR_CONFIG, "core %d is not one of ours", core);
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    /* 0: the calling thread alone. */
    return sched_setaffinity(0, sizeof one, &one) == 0 ||
           err_os(e, ERR_FAILED, errno, "stay on core %d", core);
}

int64_t cpu_used_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
