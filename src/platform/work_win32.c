#include <dogs/work.h>
#include <windows.h>

int thread_processors(void)
{
    DWORD_PTR ours = 0, all = 0;
    int n = 0;
    /* Both are 0 where the process runs in several groups of 64. */
    if (GetProcessAffinityMask(GetCurrentProcess(), &ours, &all))
        for (; ours; ours &= ours - 1)
            n++;
    return n ? n : (int)GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
}
