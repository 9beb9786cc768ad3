#include <dogs/work.h>
#include <unistd.h>

int thread_processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}
