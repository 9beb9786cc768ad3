#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

char *os_exe_dir(void)
{
    char *path = os_exe_path();
    char *dir = path ? os_path_dir(path) : NULL;
    free(path);
    return dir;
}

/* The front half goes where it would not fit, so each byte is moved once. */
void os_tail(struct str *tail, const char *bytes, size_t len)
{
    if (len > tail->max) {
        bytes += len - tail->max;
        len = tail->max;
    }
    if (tail->len + len > tail->max) {
        size_t keep = tail->max - len < tail->max / 2 ? tail->max - len : tail->max / 2;
        keep = keep < tail->len ? keep : tail->len;
        memmove(tail->p, tail->p + (tail->len - keep), keep);
        tail->len = keep;
    }
    str_addn(tail, bytes, len);
}
