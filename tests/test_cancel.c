#include "unit.h"
#include <dogs/os.h>
#include <dogs/work.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static int64_t cpu_ms(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
           (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static void test_never(void **state)
{
    (void)state;
    assert_false(cancel_is(NULL));
    assert_int_equal(cancel_fd(NULL), -1);
    int64_t began = os_mono_ms();
    assert_false(cancel_sleep(NULL, 60));
    assert_true(os_mono_ms() - began >= 60);
    assert_false(cancel_sleep(NULL, 0));
    assert_false(cancel_sleep(NULL, -5));
    cancel_free(NULL);
}

static void test_sleeps_its_time_without_cpu(void **state)
{
    struct cancel *c = cancel_new();
    (void)state;
    int64_t began = os_mono_ms(), cpu = cpu_ms();
    assert_false(cancel_sleep(c, 400));
    assert_true(os_mono_ms() - began >= 400);
    assert_true(cpu_ms() - cpu < 100);
    assert_false(cancel_is(c));
    cancel_free(c);
}

static void test_triggered_stays_triggered(void **state)
{
    struct cancel *c = cancel_new();
    struct pollfd p = {.fd = cancel_fd(c), .events = POLLIN};
    (void)state;
    assert_int_equal(poll(&p, 1, 0), 0);
    for (int i = 0; i < 100000; i++)
        cancel_trigger(c);
    assert_true(cancel_is(c));
    for (int i = 0; i < 3; i++) {
        int64_t began = os_mono_ms();
        assert_true(cancel_sleep(c, 60000));
        assert_true(cancel_sleep(c, 0));
        assert_true(os_mono_ms() - began < 5000);
        assert_int_equal(poll(&p, 1, 0), 1);
    }
    cancel_free(c);
}

static void *trigger_soon(void *arg)
{
    usleep(100 * 1000);
    cancel_trigger(arg);
    return NULL;
}

static void *sleep_long(void *arg)
{
    return cancel_sleep(arg, 60000) ? arg : NULL;
}

static void test_wakes_every_thread(void **state)
{
    struct cancel *c = cancel_new();
    pthread_t triggers[3], sleepers[4];
    (void)state;
    int64_t began = os_mono_ms();
    for (int i = 0; i < 4; i++)
        pthread_create(&sleepers[i], NULL, sleep_long, c);
    for (int i = 0; i < 3; i++)
        pthread_create(&triggers[i], NULL, trigger_soon, c);
    for (int i = 0; i < 4; i++) {
        void *woken;
        pthread_join(sleepers[i], &woken);
        assert_ptr_equal(woken, c);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(triggers[i], NULL);
    assert_true(os_mono_ms() - began < 20000);
    cancel_free(c);
}

/* The status a child ends with that sleeps for `ms` after its first signal. */
static int child_after(const int *signals, size_t n, int64_t then_ms, bool nohup)
{
    int fds[2];
    char byte;
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct cancel *c = cancel_new();
        if (nohup)
            signal(SIGHUP, SIG_IGN);
        os_catch_interrupts(c);
        if (write(fds[1], "x", 1) != 1)
            _exit(1);
        bool woken = cancel_sleep(c, 5000);
        if (write(fds[1], "x", 1) != 1)
            _exit(1);
        cancel_sleep(NULL, then_ms);
        _exit(woken ? 42 : 43);
    }
    for (size_t i = 0; i < n; i++) {
        if (i < 2)
            assert_int_equal(read(fds[0], &byte, 1), 1);
        kill(pid, signals[i]);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    close(fds[0]);
    close(fds[1]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void test_signals(void **state)
{
    static const struct {
        int signals[2];
        size_t n;
        int64_t then_ms;
        int status;
    } rows[] = {
        {{SIGINT}, 1, 0, 42},
        {{SIGTERM}, 1, 0, 42},
        {{SIGHUP}, 1, 0, 42},
        {{SIGINT, SIGINT}, 2, 5000, 130},
        {{SIGTERM, SIGINT}, 2, 5000, 130},
        {{SIGINT, SIGPIPE}, 2, 300, 42},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int status = child_after(rows[i].signals, rows[i].n, rows[i].then_ms, false);
        if (status != rows[i].status)
            fail_msg("row %zu: status %d", i, status);
    }
    /* Under nohup a hang-up goes on being ignored, and Ctrl-C works. */
    assert_int_equal(child_after((const int[]){SIGHUP}, 1, 0, true), 43);
}

static int counter;

static void *count(void *arg)
{
    for (int i = 0; i < 20000; i++) {
        lock_take(arg);
        counter++;
        lock_drop(arg);
    }
    return NULL;
}

static void test_lock(void **state)
{
    struct lock *l = lock_new();
    pthread_t threads[4];
    (void)state;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, count, l);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(counter, 80000);
    lock_free(l);
    lock_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_sleeps_its_time_without_cpu),
        cmocka_unit_test(test_triggered_stays_triggered),
        cmocka_unit_test(test_wakes_every_thread),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
