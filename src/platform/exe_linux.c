#include <dogs/os.h>
#include <dogs/str.h>
#include <limits.h>
#include <unistd.h>

char *os_exe_path(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return NULL;
    path[n] = '\0';
    return xstrdup(path);
}
