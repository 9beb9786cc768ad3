#include "unit.h"
#include <dogs/work.h>

static struct lock *guard;
static int counter; /* guarded by guard */

static void count(void *ctx)
{
    for (int i = 0; i < 20000; i++) {
        lock_take(guard);
        counter += *(const int *)ctx;
        lock_drop(guard);
    }
}

static void test_threads_run_and_are_joined(void **state)
{
    static const int steps[] = {1, 2, 3, 4};
    struct thread *threads[COUNT(steps)];
    (void)state;
    guard = lock_new();
    for (int round = 1; round <= 3; round++) {
        for (size_t i = 0; i < COUNT(steps); i++)
            threads[i] = thread_start(count, (void *)&steps[i]);
        for (size_t i = 0; i < COUNT(steps); i++)
            thread_join(threads[i]);
        assert_int_equal(counter, round * 200000);
    }
    lock_free(guard);
    thread_join(NULL);
}

static void wait_for(void *ctx)
{
    cancel_sleep(ctx, 60000);
}

static void test_join_waits(void **state)
{
    struct cancel *c = cancel_new();
    (void)state;
    struct thread *t = thread_start(wait_for, c);
    cancel_trigger(c);
    thread_join(t);
    cancel_free(c);
}

/* Each is given back: a thousand at once would be too many for most limits. */
static void nothing(void *ctx)
{
    (void)ctx;
}

static void test_many_in_turn(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++)
        thread_join(thread_start(nothing, NULL));
}

static void test_processors(void **state)
{
    (void)state;
    assert_in_range(thread_processors(), 1, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_run_and_are_joined),
        cmocka_unit_test(test_join_waits),
        cmocka_unit_test(test_many_in_turn),
        cmocka_unit_test(test_processors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
