#include <dogs/os.h>
#include <limits.h>
#include <mach-o/dyld.h>
#include <stdlib.h>

char *os_exe_path(void)
{
    char raw[PATH_MAX], path[PATH_MAX];
    uint32_t size = sizeof raw;
    if (_NSGetExecutablePath(raw, &size) != 0 || !realpath(raw, path))
        return NULL;
    return xstrdup(path);
}
