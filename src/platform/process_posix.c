#include <dogs/os.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { N_PASSED = 4 };
static const int passed_on[N_PASSED] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

static volatile pid_t child;

static void pass_on(int number, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    /* What the terminal sends has no sender, and goes to the whole foreground group, the child
     * included. */
    bool by_terminal = number != SIGTERM && info->si_pid == 0;
    if (child > 0 && !by_terminal)
        kill(child, number);
    errno = saved;
}

static int start(char *const *argv, const sigset_t *mask, pid_t *pid)
{
    posix_spawnattr_t attr;
    sigset_t plain;
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, mask);
    /* Ignored ones are inherited; this one is ignored for our own sake. */
    sigemptyset(&plain);
    sigaddset(&plain, SIGPIPE);
    posix_spawnattr_setsigdefault(&attr, &plain);
    int why = posix_spawnp(pid, argv[0], NULL, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    return why;
}

bool os_spawn_wait(char *const *argv, int *status, struct err *e)
{
    struct sigaction act = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigaction before[N_PASSED];
    sigset_t mask, old;
    sigemptyset(&mask);
    for (size_t i = 0; i < N_PASSED; i++)
        sigaddset(&mask, passed_on[i]);
    act.sa_mask = mask;
    /* None may come between the start and the moment at which it can be passed on. */
    sigprocmask(SIG_BLOCK, &mask, &old);
    pid_t pid;
    int why = start(argv, &old, &pid);
    if (why == 0) {
        child = pid;
        for (size_t i = 0; i < N_PASSED; i++)
            if (sigaction(passed_on[i], NULL, &before[i]) == 0 && before[i].sa_handler != SIG_IGN)
                sigaction(passed_on[i], &act, NULL);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (why != 0)
        return err_os(e, why == ENOENT ? ERR_NOT_FOUND : ERR_IO, why, "cannot run '%s'", argv[0]);
    int how = 0;
    pid_t ended;
    while ((ended = waitpid(pid, &how, 0)) < 0 && errno == EINTR)
        continue;
    why = ended < 0 ? errno : 0;
    child = 0;
    for (size_t i = 0; i < N_PASSED; i++)
        sigaction(passed_on[i], &before[i], NULL);
    if (why != 0)
        return err_os(e, ERR_IO, why, "cannot tell how '%s' ended", argv[0]);
    *status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
    return true;
}
