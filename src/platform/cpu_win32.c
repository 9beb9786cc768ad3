#include <dogs/cpu.h>
#include <windows.h>

/* Cores of the process's own group: beyond 64 there are several. */
static DWORD_PTR ours(DWORD_PTR *all)
{
    DWORD_PTR mine = 0;
    *all = 0;
    return GetProcessAffinityMask(GetCurrentProcess(), &mine, all) ? mine : 0;
}

int cpu_cores(void)
{
    DWORD_PTR all;
    int n = 0;
    ours(&all);
    for (; all; all >>= 1)
        n++;
    return n ? n : 1;
}

bool cpu_may_use(int core)
{
    DWORD_PTR all;
    return core >= 0 && core < (int)(8 * sizeof all) && (ours(&all) >> core & 1);
}

bool cpu_pin(int core, struct err *e)
{
    if (!cpu_may_use(core))
        return err_set(e, ERR_CONFIG, "core %d is not one of ours", core);
    return SetThreadAffinityMask(GetCurrentThread(), (DWORD_PTR)1 << core) != 0 ||
           err_os(e, ERR_FAILED, (int)GetLastError(), "stay on core %d", core);
}

int64_t cpu_used_us(void)
{
    FILETIME created, ended, kernel, user;
    if (!GetThreadTimes(GetCurrentThread(), &created, &ended, &kernel, &user))
        return 0;
    uint64_t k = (uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime;
    uint64_t u = (uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime;
    return (int64_t)((k + u) / 10);
}
