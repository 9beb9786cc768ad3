#include <dogs/os.h>
#include <dogs/term.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* After a lone ESC so long for the rest of a sequence: terminals send one at once. */
enum { ESCAPE_MS = 50 };

static struct termios before, within;
static atomic_bool entered;
static int wake[2] = {-1, -1}; /* handlers write, term_key reads */
static char typed[64];
static size_t n_typed;

static const int crashes[] = {SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
enum { N_CRASHES = sizeof crashes / sizeof *crashes };
static struct sigaction old_crash[N_CRASHES], old_stop, old_cont, old_size;

bool term_can_draw(void)
{
    return os_env("TERM") && os_is_terminal(OS_STDIN) && os_terminal_obeys(OS_STDOUT);
}

void term_size(int *columns, int *rows)
{
    struct winsize w;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0;
    *columns = known && w.ws_col > 0 ? w.ws_col : 80;
    *rows = known && w.ws_row > 0 ? w.ws_row : 24;
}

static void say(char what)
{
    ssize_t ignored = write(wake[1], &what, 1);
    (void)ignored;
}

static void on_size(int number)
{
    (void)number;
    int saved = errno;
    say(TERM_RESIZED);
    errno = saved;
}

/* Also after SIGSTOP, which cannot be caught: a shell has set modes of its own meanwhile. */
/* From the background it would stop us, in the middle of a handler or of the end. Both calls are
 * async-signal-safe. */
static void set_modes(const struct termios *modes)
{
    if (tcgetpgrp(STDIN_FILENO) == getpgrp())
        tcsetattr(STDIN_FILENO, TCSANOW, modes);
}

static void on_cont(int number)
{
    (void)number;
    int saved = errno;
    if (atomic_load(&entered))
        set_modes(&within);
    say(TERM_RESUMED);
    errno = saved;
}

static void on_stop(int number)
{
    (void)number;
    int saved = errno;
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    raise(SIGSTOP);
    errno = saved;
}

static void on_crash(int number)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    for (size_t i = 0; i < N_CRASHES; i++)
        if (crashes[i] == number)
            sigaction(number, &old_crash[i], NULL);
    raise(number);
}

static void catch (int number, void (*handler)(int), struct sigaction *old)
{
    struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&act.sa_mask);
    sigaction(number, &act, old);
    if (old->sa_handler == SIG_IGN) /* whoever started us wants it so */
        sigaction(number, old, NULL);
}

static void catch_all(void)
{
    catch (SIGWINCH, on_size, &old_size);
    catch (SIGCONT, on_cont, &old_cont);
    catch (SIGTSTP, on_stop, &old_stop);
    for (size_t i = 0; i < N_CRASHES; i++)
        catch (crashes[i], on_crash, &old_crash[i]);
}

static void catch_no_more(void)
{
    sigaction(SIGWINCH, &old_size, NULL);
    sigaction(SIGCONT, &old_cont, NULL);
    sigaction(SIGTSTP, &old_stop, NULL);
    for (size_t i = 0; i < N_CRASHES; i++)
        sigaction(crashes[i], &old_crash[i], NULL);
}

static bool make_wake(void)
{
    if (wake[0] >= 0)
        return true;
    if (pipe(wake) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(wake[i], F_SETFD, FD_CLOEXEC);
        fcntl(wake[i], F_SETFL, O_NONBLOCK);
    }
    atexit(term_leave);
    return true;
}

bool term_enter(void)
{
    if (atomic_load(&entered))
        return true;
    if (tcgetattr(STDIN_FILENO, &before) != 0 || !make_wake())
        return false;
    within = before;
    /* ISIG stays: Ctrl-C and Ctrl-Z are signals here as everywhere in the program. */
    within.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    within.c_iflag &= ~(tcflag_t)(IXON | ISTRIP);
    within.c_cc[VMIN] = 1;
    within.c_cc[VTIME] = 0;
    catch_all();
    atomic_store(&entered, true);
    n_typed = 0;
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &within) == 0;
}

void term_leave(void)
{
    if (!atomic_exchange(&entered, false))
        return;
    set_modes(&before);
    catch_no_more();
}

static void take(size_t n)
{
    n_typed -= n;
    memmove(typed, typed + n, n_typed);
}

/* Waits for more bytes. False: cancelled, or the terminal is gone. *news: what handlers said. */
static bool read_more(struct cancel *c, int timeout_ms, enum term_key_kind *news, bool *late)
{
    struct pollfd p[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                         {.fd = wake[0], .events = POLLIN},
                         {.fd = cancel_fd(c), .events = POLLIN}};
    int ready = poll(p, sizeof p / sizeof *p, timeout_ms);
    *late = ready == 0;
    if (cancel_is(c))
        return false;
    if (ready <= 0)
        return ready == 0 || errno == EINTR;
    char what;
    while (p[1].revents && read(wake[0], &what, 1) == 1)
        *news = what > (char)*news ? (enum term_key_kind)what : *news;
    if (!p[0].revents)
        return true;
    ssize_t n = read(STDIN_FILENO, typed + n_typed, sizeof typed - n_typed);
    if (n > 0)
        n_typed += (size_t)n;
    return n > 0 || (n < 0 && errno == EINTR);
}

bool term_key(struct cancel *c, struct term_key *out)
{
    for (bool late = false;;) {
        size_t used = n_typed ? term_decode(typed, n_typed, late, out) : 0;
        enum term_key_kind news = TERM_OTHER;
        take(used);
        if (used)
            return true;
        if (!read_more(c, n_typed ? ESCAPE_MS : -1, &news, &late))
            return false;
        if (news != TERM_OTHER) {
            *out = (struct term_key){news, 0};
            return true;
        }
    }
}

bool term_owns_console(void)
{
    return false;
}
