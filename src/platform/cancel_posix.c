#include <dogs/os.h>
#include <dogs/str.h>
#include <dogs/term.h>
#include <dogs/work.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/* A pipe that is written to once and never read: readable from then on for every poll(), which
 * makes the wake-up free of races, and write() may be called in a signal handler. */
struct cancel {
    atomic_bool triggered;
    int pipe[2];
};

struct cancel *cancel_new(void)
{
    struct cancel *c = xcalloc(1, sizeof *c);
    if (pipe(c->pipe) != 0)
        abort();
    for (int i = 0; i < 2; i++) {
        fcntl(c->pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(c->pipe[i], F_SETFL, O_NONBLOCK);
    }
    return c;
}

void cancel_free(struct cancel *c)
{
    if (!c)
        return;
    close(c->pipe[0]);
    close(c->pipe[1]);
    free(c);
}

void cancel_trigger(struct cancel *c)
{
    if (atomic_exchange(&c->triggered, true))
        return;
    int saved = errno;
    ssize_t ignored = write(c->pipe[1], "", 1);
    (void)ignored;
    errno = saved;
}

bool cancel_is(const struct cancel *c)
{
    return c && atomic_load(&((struct cancel *)c)->triggered);
}

bool cancel_sleep(struct cancel *c, int64_t ms)
{
    int64_t end = os_mono_ms() + ms;
    for (int64_t left = ms; left > 0 && !cancel_is(c); left = end - os_mono_ms()) {
        struct pollfd p = {.fd = c ? c->pipe[0] : -1, .events = POLLIN};
        poll(&p, 1, left > 3600000 ? 3600000 : (int)left);
    }
    return cancel_is(c);
}

int cancel_fd(const struct cancel *c)
{
    return c ? c->pipe[0] : -1;
}

static struct cancel *_Atomic interrupted;
static atomic_bool must_end;

static void on_signal(int number)
{
    struct cancel *c = atomic_load(&interrupted);
    if (number != SIGINT)
        atomic_store(&must_end, true);
    if (cancel_is(c)) {
        term_leave();
        _exit(130);
    }
    cancel_trigger(c);
}

bool os_must_end(void)
{
    return atomic_load(&must_end);
}

void os_catch_interrupts(struct cancel *c)
{
    atomic_store(&interrupted, c);
    /* No SA_RESTART: a prompt that waits for a line must end at Ctrl-C. */
    struct sigaction act = {.sa_handler = on_signal};
    sigemptyset(&act.sa_mask);
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction old;
        /* nohup and background jobs of old shells ignore them on purpose. */
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &act, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on the length of files is an error like a full disk */
    /* Inherited as ignored, it would take the exit status of every child from us. */
    signal(SIGCHLD, SIG_DFL);
}
