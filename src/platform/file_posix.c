#include "file_posix.h"
#include "file_os.h"
#include <dirent.h>
#include <dogs/os.h>
#include <dogs/str.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Passing through a folder needs no right to read it, where the system knows the difference. */
#ifdef O_PATH
enum { PASS = O_PATH | O_DIRECTORY | O_CLOEXEC };
#else
enum { PASS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };
#endif
enum { PIECE = 1 << 30 }; /* more than INT_MAX at once is refused by macOS */

struct file {
    int fd;
    char *path;  /* for messages */
    bool synced; /* nothing was written since the last sync */
};

static bool fail(struct err *e, int why, const char *what, const char *path)
{
    err_os(e, ERR_IO, why, "cannot %s %s", what, path);
    return why == ENOSPC || why == EDQUOT ? file_full_hint(e) : false;
}

static void describe(const struct stat *st, struct file_info *out)
{
    mode_t m = st->st_mode;
    *out = (struct file_info){
        .kind = S_ISREG(m)   ? FILE_REGULAR
                : S_ISDIR(m) ? FILE_FOLDER
                : S_ISLNK(m) ? FILE_LINK
                             : FILE_OTHER,
        .size = st->st_size,
        .mtime_ns = (int64_t)FILE_MTIME(st).tv_sec * 1000000000 + FILE_MTIME(st).tv_nsec,
    };
}

static bool look(const char *path, int flags, struct file_info *out, struct err *e)
{
    struct stat st;
    *out = (struct file_info){.kind = FILE_NONE};
    if (fstatat(AT_FDCWD, path, &st, flags) == 0)
        describe(&st, out);
    else if (errno != ENOENT && errno != ENOTDIR)
        return fail(e, errno, "look at", path);
    return true;
}

bool file_look(const char *path, struct file_info *out, struct err *e)
{
    return look(path, AT_SYMLINK_NOFOLLOW, out, e);
}

bool file_look_through(const char *path, struct file_info *out, struct err *e)
{
    return look(path, 0, out, e);
}

/* O_NONBLOCK: a pipe in the place of a file must not keep us waiting for its other end. */
static bool open_regular(const char *path, int flags, struct file **out, struct err *e)
{
    int fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
    if (fd < 0 && errno == ENOENT && !(flags & O_CREAT))
        return err_os(e, ERR_NOT_FOUND, errno, "cannot open %s", path);
    if (fd < 0 && errno == ELOOP && flags & O_NOFOLLOW)
        return err_set(e, ERR_IO, "%s is a link, and a link is not written through", path);
    if (fd < 0)
        return fail(e, errno, "open", path);
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(e, ERR_IO, "%s is not a regular file", path);
    }
    *out = xcalloc(1, sizeof **out);
    **out = (struct file){.fd = fd, .path = xstrdup(path)};
    return true;
}

bool file_open_read(const char *path, struct file **out, struct err *e)
{
    return open_regular(path, O_RDONLY, out, e);
}

/* 0 or errno: EWOULDBLOCK if another one holds it. */
static int lock(struct file *f)
{
    while (flock(f->fd, LOCK_EX | LOCK_NB) != 0) {
        /* Some file systems of networks know no locks; refusing those would help nobody. */
        if (errno == EOPNOTSUPP || errno == ENOTSUP || errno == ENOSYS)
            return 0;
        if (errno != EINTR)
            return errno;
    }
    return 0;
}

/* Whoever held the lock may have given the file its final name just before we got it. */
static bool still_named(struct file *f)
{
    struct stat ours, named;
    return fstat(f->fd, &ours) == 0 && lstat(f->path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

bool file_open_part(const char *path, struct file **out, struct err *e)
{
    /* Some file systems of networks number a file anew at each look; nobody loses a race so often.
     */
    enum { RACES = 100 };
    for (int lost = 0;; lost++) {
        struct file *f = NULL;
        if (!open_regular(path, O_RDWR | O_CREAT | O_NOFOLLOW, &f, e))
            return false;
        int why = lock(f);
        if (why == 0 && (lost == RACES || still_named(f))) {
            *out = f;
            return true;
        }
        file_close(f);
        if (why == EWOULDBLOCK)
            return file_is_written(path, e);
        if (why != 0)
            return fail(e, why, "lock", path);
    }
}

static bool write_all(int fd, const void *bytes, size_t len, int64_t at)
{
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = pwrite(fd, p, len < PIECE ? len : PIECE, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0)
            return false;
        p += n;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool set_mtime(int fd, int64_t mtime_ns)
{
    int64_t s = mtime_ns / 1000000000, ns = mtime_ns % 1000000000;
    if (ns < 0) {
        s--;
        ns += 1000000000;
    }
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t)s, .tv_nsec = (long)ns}};
    return mtime_ns == 0 || futimens(fd, times) == 0;
}

bool file_write_new(const char *path, const void *bytes, size_t len, int64_t mtime_ns,
                    struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST)
        return err_os(e, ERR_GUARD, errno, "cannot make %s", path);
    if (fd < 0)
        return fail(e, errno, "make", path);
    bool ok = write_all(fd, bytes, len, 0) && set_mtime(fd, mtime_ns);
    int why = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    if (ok)
        return true;
    unlink(path);
    return fail(e, why, "write", path);
}

bool file_appear(const char *path, const void *bytes, size_t len, int64_t mtime_ns)
{
    char *dir = os_path_dir(path);
    int fd = file_posix_nameless(dir);
    free(dir);
    bool ok = fd >= 0 && write_all(fd, bytes, len, 0) && set_mtime(fd, mtime_ns) &&
              file_posix_name(fd, path);
    if (fd >= 0)
        close(fd);
    return ok;
}

bool file_info(struct file *f, struct file_info *out, struct err *e)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return fail(e, errno, "look at", f->path);
    describe(&st, out);
    return true;
}

static bool cut(struct file *f, int64_t size)
{
    int failed;
    do
        failed = ftruncate(f->fd, (off_t)size);
    while (failed && errno == EINTR);
    f->synced = false;
    return !failed;
}

bool file_cut(struct file *f, int64_t size, struct err *e)
{
    return cut(f, size) ? true : fail(e, errno, "change the length of", f->path);
}

int file_posix_fits(int fd, int64_t more)
{
    struct statvfs vfs;
    /* Some, a tmpfs without a limit among them, do not tell a size at all. */
    if (more <= 0 || fstatvfs(fd, &vfs) != 0 || vfs.f_blocks == 0)
        return 0;
    uint64_t blocks = geteuid() == 0 ? vfs.f_bfree : vfs.f_bavail;
    return blocks < (uint64_t)more / vfs.f_frsize ? ENOSPC : 0;
}

bool file_reserve(struct file *f, int64_t size, struct err *e)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return fail(e, errno, "look at", f->path);
    int why = file_posix_room(f->fd, &st, size);
    if (why == 0 && !cut(f, size))
        why = errno;
    if (why == 0)
        return true;
    /* What was found until the room ran out is given back. */
    cut(f, st.st_size);
    return fail(e, why, "reserve room for", f->path);
}

bool file_write_at(struct file *f, const void *bytes, size_t len, int64_t at, struct err *e)
{
    f->synced = false;
    return write_all(f->fd, bytes, len, at) ? true : fail(e, errno, "write", f->path);
}

bool file_read_at(struct file *f, void *to, size_t len, int64_t at, size_t *got, struct err *e)
{
    *got = 0;
    while (*got < len) {
        size_t left = len - *got;
        ssize_t n = pread(f->fd, (char *)to + *got, left < PIECE ? left : PIECE,
                          (off_t)(at + (int64_t)*got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(e, errno, "read", f->path);
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return true;
}

bool file_sync(struct file *f, struct err *e)
{
    if (!file_posix_sync(f->fd))
        return fail(e, errno, "sync", f->path);
    f->synced = true;
    return true;
}

bool file_set_mtime(struct file *f, int64_t mtime_ns, struct err *e)
{
    return set_mtime(f->fd, mtime_ns) ? true : fail(e, errno, "set the time of", f->path);
}

void file_close(struct file *f)
{
    if (!f)
        return;
    close(f->fd);
    free(f->path);
    free(f);
}

bool file_rename(const char *from, const char *to, struct err *e)
{
    if (rename(from, to) == 0)
        return true;
    err_os(e, ERR_IO, errno, "cannot give %s the name %s", from, to);
    return e->os_code == ENOSPC || e->os_code == EDQUOT ? file_full_hint(e) : false;
}

static void sync_folder_of(const char *path)
{
    char *dir = os_path_dir(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        file_posix_sync(fd);
        close(fd);
    }
    free(dir);
}

bool file_finish(struct file *take_f, const char *from, const char *to, struct err *e)
{
    /* Some file systems of networks tell only at a close that a write has failed; closing a copy
     * asks them while the lock is held. */
    int copy = fcntl(take_f->fd, F_DUPFD_CLOEXEC, 0);
    bool ok = copy < 0 || close(copy) == 0;
    ok = ok ? file_rename(from, to, e) : fail(e, errno, "write", from);
    if (ok && take_f->synced)
        sync_folder_of(to);
    file_close(take_f);
    return ok;
}

struct file_place {
    int fd;
    struct str path; /* for messages */
};

enum { PATH_LIMIT = 4096 };

/* One part down; follow: through links as well. */
static bool go_down(struct file_place *at, const char *part, bool follow, struct err *e)
{
    int flags = PASS | (follow ? 0 : O_NOFOLLOW);
    int fd = openat(at->fd, part, flags);
    if (fd < 0 && errno == ENOENT) {
        mkdirat(at->fd, part, 0777);
        int why = errno;
        fd = openat(at->fd, part, flags);
        if (fd < 0 && errno == ENOENT)
            errno = why;
    }
    int why = errno;
    const char *so_far = str_text(&at->path);
    size_t n = at->path.len;
    str_addf(&at->path, "%s%s", n && so_far[n - 1] != '/' ? "/" : "", part);
    if (fd >= 0) {
        if (at->fd != AT_FDCWD)
            close(at->fd);
        at->fd = fd;
        return true;
    }
    if (why != ENOTDIR && why != ELOOP && why != EEXIST)
        return fail(e, why, "make the folder", str_text(&at->path));
    struct stat st;
    struct file_info info = {.kind = FILE_NONE};
    if (fstatat(at->fd, part, &st, AT_SYMLINK_NOFOLLOW) == 0)
        describe(&st, &info);
    return file_in_the_way(str_text(&at->path), info.kind, e);
}

bool file_os_base(const char *base, struct file_place **out, struct err *e)
{
    struct file_place *at = xcalloc(1, sizeof *at);
    *at = (struct file_place){.fd = AT_FDCWD, .path = STR(PATH_LIMIT)};
    *out = at;
    if (!*base)
        return err_set(e, ERR_IO, "the path of a folder is empty");
    bool ok = *base != '/' || go_down(at, "/", true, e);
    for (const char *p = base + strspn(base, "/"); ok && *p;) {
        size_t n = strcspn(p, "/");
        char *part = xstrndup(p, n);
        ok = go_down(at, part, true, e);
        free(part);
        p += n;
        p += strspn(p, "/");
    }
    return ok;
}

bool file_os_below(struct file_place *at, const char *part, struct err *e)
{
    return go_down(at, part, false, e);
}

void file_os_leave(struct file_place *at)
{
    if (!at)
        return;
    if (at->fd != AT_FDCWD)
        close(at->fd);
    str_release(&at->path);
    free(at);
}

bool file_os_names(const char *folder, char ***names, struct err *e)
{
    DIR *d = opendir(folder);
    if (!d)
        return err_os(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot list %s", folder);
    size_t n = 0, cap = 16;
    char **list = xmalloc(cap * sizeof *list);
    struct dirent *entry;
    for (errno = 0; (entry = readdir(d)); errno = 0) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (n + 2 > cap)
            list = xrealloc(list, (cap *= 2) * sizeof *list);
        list[n++] = xstrdup(entry->d_name);
    }
    int why = errno;
    closedir(d);
    list[n] = NULL;
    *names = list;
    if (why == 0)
        return true;
    os_list_free(list);
    return fail(e, why, "list", folder);
}
