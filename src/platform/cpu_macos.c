#include <dogs/cpu.h>
#include <time.h>
#include <unistd.h>

int cpu_cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

bool cpu_may_use(int core)
{
    return core >= 0 && core < cpu_cores();
}

/* Its affinity sets are hints, and Apple's own processors ignore them. */
bool cpu_pin(int core, struct err *e)
{
    (void)core;
    return err_set(e, ERR_FAILED, "this system does not let a program choose its cores");
}

int64_t cpu_used_us(void)
{
    return (int64_t)(clock_gettime_nsec_np(CLOCK_THREAD_CPUTIME_ID) / 1000);
}
