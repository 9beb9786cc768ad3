#include "file_os.h"
#include "file_posix.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysctl.h>
#include <unistd.h>

int file_posix_room(int fd, const struct stat *st, int64_t size)
{
    int64_t more = size - (int64_t)st->st_blocks * 512;
    int why = file_posix_fits(fd, more);
    fstore_t room = {.fst_flags = F_ALLOCATEALL, .fst_posmode = F_PEOFPOSMODE, .fst_length = more};
    if (why != 0 || more <= 0 || fcntl(fd, F_PREALLOCATE, &room) == 0)
        return why;
    return errno == ENOSPC || errno == EDQUOT || errno == EIO ? errno : 0;
}

int file_posix_nameless(const char *folder)
{
    (void)folder;
    return -1;
}

bool file_posix_name(int fd, const char *path)
{
    (void)fd;
    (void)path;
    return false;
}

bool file_posix_sync(int fd)
{
    /* fsync hands the bytes to the disk, which may keep them in its own memory. */
    return fcntl(fd, F_FULLFSYNC) == 0 || fsync(fd) == 0;
}

void file_boot(char out[FILE_BOOT])
{
    size_t size = FILE_BOOT;
    if (sysctlbyname("kern.bootsessionuuid", out, &size, NULL, 0) != 0 || size < 2)
        file_boot_unknown(out);
}
