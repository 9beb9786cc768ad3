/* spend FILE SECONDS COMMAND... runs it and writes "wall user system KiB status" to FILE.
 *
 * A child's peak memory begins with that of whoever forked it, so it must be somebody small. What
 * lasts longer than SECONDS is killed with all of its process group. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void too_long(int signal)
{
    (void)signal;
    kill(-child, SIGKILL);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    struct rusage used;
    int status;
    if (argc < 4)
        return 2;
    double began = now();
    child = fork();
    if (!child) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    if (child < 0)
        return 1;
    setpgid(child, child);
    signal(SIGALRM, too_long);
    alarm((unsigned)atoi(argv[2]));
    while (wait4(child, &status, 0, &used) < 0)
        ;
    double wall = now() - began;
    FILE *to = fopen(argv[1], "w");
    if (!to)
        return 1;
    fprintf(to, "%.6f %.6f %.6f %ld %d\n", wall, seconds(used.ru_utime), seconds(used.ru_stime),
            used.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    return fclose(to) != 0;
}
