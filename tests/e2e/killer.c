/* Preloaded into dogs by test_crash.py: killed at the n-th write (rename, unlink) below a
 * folder.
 *
 *   KILLER_UNDER=DIR    which files count (the state folder: journals, locks, records)
 *   KILLER_NTH=N        at the n-th of them; 0 = never, only count
 *   KILLER_WHEN=W       before, torn (half of the bytes are written) or after
 *   KILLER_LOG=FILE     gets a line "<what> <path>" for each write, so a dry run can be counted
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t (*real_write)(int fd, const void *bytes, size_t n);
static int (*real_rename)(const char *from, const char *to);
static int (*real_unlink)(const char *path);
static const char *under, *when, *log_path;
static int nth, seen;

static void look_up(void)
{
    if (real_write)
        return;
    *(void **)&real_write = dlsym(RTLD_NEXT, "write");
    *(void **)&real_rename = dlsym(RTLD_NEXT, "rename");
    *(void **)&real_unlink = dlsym(RTLD_NEXT, "unlink");
    under = getenv("KILLER_UNDER");
    when = getenv("KILLER_WHEN");
    log_path = getenv("KILLER_LOG");
    nth = getenv("KILLER_NTH") ? atoi(getenv("KILLER_NTH")) : 0;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Whether this is a write that counts, and notes it. */
static int counts(const char *what, const char *path)
{
    if (!under || !*under || strncmp(path, under, strlen(under)) != 0)
        return 0;
    seen++;
    if (log_path) {
        char line[4200];
        int n = snprintf(line, sizeof line, "%s %s\n", what, path);
        int fd = open(log_path, O_WRONLY | O_APPEND | O_CREAT, 0600);
        if (fd >= 0) {
            if (real_write(fd, line, (size_t)n) < 0)
                die();
            close(fd);
        }
    }
    return 1;
}

static int it_is(const char *moment)
{
    return seen == nth && when && strcmp(when, moment) == 0;
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    char link[64], path[4096];
    struct stat st;
    look_up();
    if (!under || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return real_write(fd, bytes, n);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    if (!counts("write", path))
        return real_write(fd, bytes, n);
    if (it_is("before"))
        die();
    ssize_t done = real_write(fd, bytes, it_is("torn") ? n / 2 : n);
    if (it_is("torn") || it_is("after"))
        die();
    return done;
}

int rename(const char *from, const char *to)
{
    look_up();
    if (!counts("rename", to))
        return real_rename(from, to);
    if (it_is("before") || it_is("torn"))
        die();
    int done = real_rename(from, to);
    if (it_is("after"))
        die();
    return done;
}

int unlink(const char *path)
{
    look_up();
    if (!counts("unlink", path))
        return real_unlink(path);
    if (it_is("before") || it_is("torn"))
        die();
    int done = real_unlink(path);
    if (it_is("after"))
        die();
    return done;
}
