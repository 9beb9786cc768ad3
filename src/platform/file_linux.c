#include "file_os.h"
#include "file_posix.h"
#include <dogs/os.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int file_posix_room(int fd, const struct stat *st, int64_t size)
{
    /* Asked first: fallocate may fill the disk before it notices. */
    int why = file_posix_fits(fd, size - (int64_t)st->st_blocks * 512);
    /* Not posix_fallocate: where the file system cannot do it, that writes into every block. */
    while (why == 0 && size > 0 && fallocate(fd, 0, 0, (off_t)size) != 0) {
        if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL)
            break;
        why = errno == EINTR ? 0 : errno;
    }
    return why;
}

int file_posix_nameless(const char *folder)
{
    return open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
}

/* Through /proc, since linkat's own way to name a descriptor (AT_EMPTY_PATH) asks for a privilege
 * before Linux 6.10. */
bool file_posix_name(int fd, const char *path)
{
    char open_file[40];
    if (linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0)
        return true;
    snprintf(open_file, sizeof open_file, "/proc/self/fd/%d", fd);
    return errno == ENOENT && linkat(AT_FDCWD, open_file, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

bool file_posix_sync(int fd)
{
    return fsync(fd) == 0;
}

void file_boot(char out[FILE_BOOT])
{
    struct str text;
    struct err ignored;
    if (os_read_file("/proc/sys/kernel/random/boot_id", FILE_BOOT - 1, &text, &ignored)) {
        snprintf(out, FILE_BOOT, "%.*s", (int)strcspn(str_text(&text), "\n"), str_text(&text));
        str_release(&text);
    } else {
        file_boot_unknown(out);
    }
}
