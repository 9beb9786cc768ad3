#include <dogs/os.h>
#include <dogs/work.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { LOOK_MS = 5, TAIL_BYTES = 4096 }; /* between two looks whether it has ended */

/* Ours: of its input the end to write to, of its output and errors those to read from. */
struct program {
    pid_t pid;
    int in, out, err;
    const char *input;
    size_t left;
};

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool make_pipe(int fds[2])
{
    if (pipe(fds) != 0) {
        fds[0] = fds[1] = -1;
        return false;
    }
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    return true;
}

/* In a group of its own: Ctrl-C is told to us alone, and what it starts can be ended with it. */
static int spawn(char *const *argv, const int child[3], pid_t *pid)
{
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t files;
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    static const int changed[] = {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++)
        sigaddset(&usual, changed[i]);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                        POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &usual);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawn_file_actions_init(&files);
    for (int i = 0; i < 3; i++)
        posix_spawn_file_actions_adddup2(&files, child[i], i);
    int why = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return why;
}

static bool start(struct program *p, char *const *argv, struct err *e)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    int why = 0;
    if (make_pipe(in) && make_pipe(out) && make_pipe(err))
        why = spawn(argv, (const int[3]){in[0], out[1], err[1]}, &p->pid);
    else
        why = errno;
    shut(&in[0]);
    shut(&out[1]);
    shut(&err[1]);
    p->in = in[1];
    p->out = out[0];
    p->err = err[0];
    if (why != 0)
        return err_os(e, why == ENOENT ? ERR_NOT_FOUND : ERR_IO, why, "cannot run '%s'", argv[0]);
    fcntl(p->in, F_SETFL, O_NONBLOCK);
    return true;
}

static void feed(struct program *p)
{
    ssize_t n = p->left ? write(p->in, p->input, p->left) : 0;
    if (n > 0) {
        p->input += n;
        p->left -= (size_t)n;
    }
    /* Who does not read to the end is not to be waited for. */
    if (p->left == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        shut(&p->in);
}

static void take(int *fd, struct str *to)
{
    char buf[16384];
    ssize_t n = read(*fd, buf, sizeof buf);
    if (n > 0)
        str_addn(to, buf, (size_t)n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        shut(fd);
}

static void take_tail(int *fd, struct str *tail)
{
    char buf[TAIL_BYTES];
    ssize_t n = read(*fd, buf, sizeof buf);
    if (n > 0)
        os_tail(tail, buf, (size_t)n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        shut(fd);
}

/* Until its output has ended, or time or patience. */
static bool attend(struct program *p, const struct os_program *what, int64_t end_ms,
                   struct str *out, struct str *errors, struct err *e)
{
    while ((p->out >= 0 || p->err >= 0) && !out->full) {
        int64_t left = end_ms - os_mono_ms();
        if (cancel_is(what->cancel))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
        if (left <= 0)
            return err_set(e, ERR_TIMEOUT, "it did not end within %lld s",
                           (long long)(what->timeout_ms / 1000));
        struct pollfd fds[4] = {{.fd = p->in, .events = POLLOUT},
                                {.fd = p->out, .events = POLLIN},
                                {.fd = p->err, .events = POLLIN},
                                {.fd = cancel_fd(what->cancel), .events = POLLIN}};
        if (poll(fds, 4, left > 3600000 ? 3600000 : (int)left) <= 0)
            continue;
        if (fds[0].revents)
            feed(p);
        if (fds[1].revents)
            take(&p->out, out);
        if (fds[2].revents)
            take_tail(&p->err, errors);
    }
    return !out->full || err_set(e, ERR_FAILED, "it printed more than %zu bytes", what->max_output);
}

/* Whoever closed its output may go on running. */
static bool ended(struct program *p, const struct os_program *what, int64_t end_ms, int *how,
                  struct err *e)
{
    for (;;) {
        pid_t got = waitpid(p->pid, how, WNOHANG);
        if (got == p->pid)
            return true;
        if (got < 0 && errno != EINTR)
            return err_os(e, ERR_IO, errno, "cannot tell how it ended");
        if (os_mono_ms() >= end_ms)
            return err_set(e, ERR_TIMEOUT, "it did not end within %lld s",
                           (long long)(what->timeout_ms / 1000));
        if (cancel_sleep(what->cancel, LOOK_MS))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
    }
}

bool os_run_program(const struct os_program *what, struct str *out, struct str *errors, int *status,
                    struct err *e)
{
    struct program p = {
        .in = -1, .out = -1, .err = -1, .input = what->input, .left = what->input_len};
    int how = 0;
    *out = STR(what->max_output);
    *errors = STR(TAIL_BYTES);
    bool started = start(&p, what->argv, e);
    int64_t end_ms = os_mono_ms() + what->timeout_ms;
    bool ok =
        started && attend(&p, what, end_ms, out, errors, e) && ended(&p, what, end_ms, &how, e);
    shut(&p.in);
    shut(&p.out);
    shut(&p.err);
    if (started && !ok) {
        kill(-p.pid, SIGKILL);
        while (waitpid(p.pid, &how, 0) < 0 && errno == EINTR)
            continue;
    }
    *status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
    if (ok)
        return true;
    str_release(out);
    if (!started)
        str_release(errors);
    return started ? err_wrap(e, "'%s'", what->argv[0]) : false;
}
