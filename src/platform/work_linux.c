#include <dogs/work.h>
#include <sched.h>
#include <unistd.h>

int thread_processors(void)
{
    /* A container or taskset may have left us fewer than there are. */
    cpu_set_t ours;
    if (sched_getaffinity(0, sizeof ours, &ours) == 0 && CPU_COUNT(&ours) > 0)
        return CPU_COUNT(&ours);
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}
