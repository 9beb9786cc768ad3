#include <dirent.h>
#include <dogs/os.h>
#include <dogs/str.h>
#include <dogs/work.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

char **os_begin(int argc, char **argv)
{
    (void)argc;
    return argv;
}

static int64_t clock_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t os_mono_ms(void)
{
#ifdef CLOCK_BOOTTIME
    /* Goes on while the computer sleeps, as the cloud does. */
    return clock_ms(CLOCK_BOOTTIME);
#else
    return clock_ms(CLOCK_MONOTONIC);
#endif
}

int64_t os_unix_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

const char *os_env(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

char *os_path_join(const char *dir, const char *name)
{
    size_t len = strlen(dir);
    return xasprintf("%s%s%s", dir, len && dir[len - 1] == '/' ? "" : "/", name);
}

char *os_path_dir(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return xstrdup(".");
    return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* $var/dogs, or else $HOME/below/dogs. */
static char *xdg_dir(const char *var, const char *below)
{
    const char *base = os_env(var);
    if (base && base[0] == '/')
        return os_path_join(base, "dogs");
    const char *home = os_env("HOME");
    return home ? xasprintf("%s/%s/dogs", home, below) : NULL;
}

#ifdef __APPLE__
static const char config_below[] = "Library/Application Support";
static const char state_below[] = "Library/Application Support/dogs/state";
#else
static const char config_below[] = ".config";
static const char state_below[] = ".local/state";
#endif

char *os_config_dir(void)
{
    return xdg_dir("XDG_CONFIG_HOME", config_below);
}

char *os_state_dir(void)
{
    return xdg_dir("XDG_STATE_HOME", state_below);
}

bool os_mkdirs(const char *dir, struct err *e)
{
    char path[PATH_MAX];
    if (!*dir || !str_copy(path, sizeof path, dir))
        return err_set(e, ERR_IO, "the path %.60s... is %s", dir, *dir ? "too long" : "empty");
    for (char *p = path + 1;; p++) {
        char c = *p;
        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        if (mkdir(path, 0700) != 0) {
            int why = errno;
            struct stat st;
            if (why != EEXIST || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
                return err_os(e, ERR_IO, why, "cannot make the folder %s", path);
        }
        *p = c;
        if (c == '\0')
            return true;
    }
}

bool os_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool os_read_file(const char *path, size_t max, struct str *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_os(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "cannot open %s", path);
    *out = STR(max);
    bool ok = true;
    char buf[16384];
    for (;;) {
        ssize_t n = read(fd, buf, sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            ok = err_os(e, ERR_IO, errno, "cannot read %s", path);
        else if (n > 0 && !str_addn(out, buf, (size_t)n))
            ok = err_set(e, ERR_IO, "%s is larger than %zu bytes", path, max);
        if (n <= 0 || !ok)
            break;
    }
    close(fd);
    if (!ok)
        str_release(out);
    return ok;
}

static bool write_all(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static void sync_folder_of(const char *path)
{
    char *dir = os_path_dir(path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(dir);
}

bool os_replace_file(const char *path, const void *bytes, size_t len, struct err *e)
{
    char *temp = xasprintf("%s.XXXXXX", path);
    int fd = mkstemp(temp);
    bool ok = fd >= 0 && write_all(fd, bytes, len) && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    if (ok && rename(temp, path) != 0) {
        ok = false;
        why = errno;
    }
    if (ok)
        sync_folder_of(path);
    else if (fd >= 0)
        unlink(temp);
    free(temp);
    return ok ? true : err_os(e, ERR_IO, why, "cannot write %s", path);
}

bool os_remove_file(const char *path, struct err *e)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return err_os(e, ERR_IO, errno, "cannot remove %s", path);
    return true;
}

bool os_others_can_read(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool os_list_dir(const char *dir, char ***names, struct err *e)
{
    size_t n = 0, cap = 8;
    char **list = xmalloc(cap * sizeof *list);
    DIR *d = opendir(dir);
    if (!d && errno != ENOENT) {
        free(list);
        return err_os(e, ERR_IO, errno, "cannot list %s", dir);
    }
    for (struct dirent *entry; d && (entry = readdir(d));) {
        if (entry->d_name[0] == '.')
            continue;
        if (n + 2 > cap)
            list = xrealloc(list, (cap *= 2) * sizeof *list);
        list[n++] = xstrdup(entry->d_name);
    }
    if (d)
        closedir(d);
    qsort(list, n, sizeof *list, by_name);
    list[n] = NULL;
    *names = list;
    return true;
}

void os_list_free(char **names)
{
    for (char **p = names; p && *p; p++)
        free(*p);
    free(names);
}

struct os_log {
    int fd;
    char *path;
};

bool os_log_open(const char *path, struct os_log **out, struct err *e)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_os(e, ERR_IO, errno, "cannot open %s", path);
    sync_folder_of(path);
    *out = xcalloc(1, sizeof **out);
    **out = (struct os_log){.fd = fd, .path = xstrdup(path)};
    return true;
}

bool os_log_append(struct os_log *log, const void *bytes, size_t len, struct err *e)
{
    if (!write_all(log->fd, bytes, len) || fdatasync(log->fd) != 0)
        return err_os(e, ERR_IO, errno, "cannot write %s", log->path);
    return true;
}

void os_log_close(struct os_log *log)
{
    if (!log)
        return;
    close(log->fd);
    free(log->path);
    free(log);
}

struct os_lock {
    int fd;
};

static struct os_lock *lock_file(const char *path, int flags, int *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int failed = fd < 0;
    while (!failed && flock(fd, flags) != 0) {
        if (errno != EINTR)
            failed = 1;
    }
    *why = errno;
    if (failed) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct os_lock *lock = xcalloc(1, sizeof *lock);
    lock->fd = fd;
    return lock;
}

bool os_lock_try(const char *path, struct os_lock **out, struct err *e)
{
    int why;
    *out = lock_file(path, LOCK_EX | LOCK_NB, &why);
    if (*out)
        return true;
    return why == EWOULDBLOCK ? err_set(e, ERR_GUARD, "another process holds %s", path)
                              : err_os(e, ERR_IO, why, "cannot lock %s", path);
}

void os_lock_wait(const char *path, struct os_lock **out)
{
    int why;
    *out = lock_file(path, LOCK_EX, &why);
}

void os_lock_drop(struct os_lock *lock)
{
    if (!lock)
        return;
    close(lock->fd);
    free(lock);
}

int64_t os_pid(void)
{
    return getpid();
}

/* Not /dev/urandom, which an empty root does not have. */
void os_random(void *bytes, size_t len)
{
    enum { AT_ONCE = 256 };
    for (char *at = bytes; len > 0;) {
        size_t n = len < AT_ONCE ? len : AT_ONCE;
        if (getentropy(at, n) != 0)
            abort();
        at += n;
        len -= n;
    }
}

static pid_t spawn_shell(const char *command, int out_pipe[2])
{
    pid_t pid = fork();
    if (pid > 0)
        setpgid(pid, pid); /* here too: the time may run out before the child gets there */
    if (pid != 0)
        return pid;
    setpgid(0, 0);
    int null = open("/dev/null", O_RDONLY);
    dup2(null, STDIN_FILENO);
    dup2(out_pipe[1], STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Reads until end of file; false if time ran out first. */
static bool drain(int fd, int64_t end_ms, struct str *out)
{
    char buf[4096];
    for (;;) {
        int64_t left = end_ms - os_mono_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        ssize_t n = read(fd, buf, sizeof buf);
        if (n == 0 || (n < 0 && errno != EINTR))
            return true;
        if (n > 0)
            str_addn(out, buf, (size_t)n);
    }
}

bool os_run(const char *command, int timeout_ms, size_t max, struct str *out, struct err *e)
{
    int fds[2];
    if (pipe(fds) != 0)
        return err_os(e, ERR_IO, errno, "cannot make a pipe");
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    *out = STR(max);
    pid_t pid = spawn_shell(command, fds);
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return err_os(e, ERR_IO, errno, "cannot start a shell");
    }
    int64_t end_ms = os_mono_ms() + timeout_ms;
    bool finished = drain(fds[0], end_ms, out);
    close(fds[0]);
    int status = 0;
    pid_t ended = 0;
    /* Whoever closed its output may go on running. */
    while (finished && (ended = waitpid(pid, &status, WNOHANG)) == 0) {
        finished = os_mono_ms() < end_ms;
        poll(NULL, 0, 5);
    }
    if (!finished)
        kill(-pid, SIGKILL);
    while (ended <= 0 && (ended = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
        ;
    finished = finished && ended > 0;
    if (finished && !out->full && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    bool full = out->full;
    str_release(out);
    if (!finished)
        return err_set(e, ERR_TIMEOUT, "the command did not end within %d s", timeout_ms / 1000);
    if (full)
        return err_set(e, ERR_FAILED, "the command printed more than %zu bytes", max);
    return err_set(e, ERR_FAILED, "the command ended with status %d",
                   WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

bool os_is_terminal(enum os_stream stream)
{
    return isatty((int)stream);
}

bool os_terminal_obeys(enum os_stream stream)
{
    const char *term = os_env("TERM");
    return os_is_terminal(stream) && !(term && strcmp(term, "dumb") == 0);
}

int os_terminal_columns(void)
{
    struct winsize w;
    for (int fd = 0; fd < 3; fd++)
        if (ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
            return w.ws_col;
    return 80;
}

static bool read_line(int fd, struct cancel *c, struct str *out)
{
    struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = cancel_fd(c), .events = POLLIN}};
    for (;;) {
        char byte;
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            return false;
        if (cancel_is(c))
            return false;
        if (!p[0].revents)
            continue;
        ssize_t n = read(fd, &byte, 1);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        if (n == 1 && byte == '\n')
            return true;
        if (n == 1)
            str_addn(out, &byte, 1);
    }
}

bool os_ask_line(const char *prompt, bool echo, struct cancel *c, struct str *out)
{
    *out = STR(4096);
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct termios old, quiet;
    bool hidden = !echo && tcgetattr(fd, &old) == 0;
    if (hidden) {
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(fd, TCSAFLUSH, &quiet);
    }
    write_all(fd, prompt, strlen(prompt));
    bool got = read_line(fd, c, out);
    if (hidden) {
        tcsetattr(fd, TCSAFLUSH, &old);
        write_all(fd, "\n", 1);
    }
    close(fd);
    return got;
}
