#include <dogs/awake.h>
#include <time.h>

int64_t awake_slept_ms(void)
{
    struct timespec all, awake;
    clock_gettime(CLOCK_BOOTTIME, &all);
    clock_gettime(CLOCK_MONOTONIC, &awake);
    return (int64_t)(all.tv_sec - awake.tv_sec) * 1000 + (all.tv_nsec - awake.tv_nsec) / 1000000;
}
