#include "../src/core/pace.h"
#include "unit.h"
#include <dogs/os.h>

enum { ANSWER_MS = 1 }; /* the least that an API call takes */

/* Polls until `end`, as a run does; returns how late the end was seen. */
static int64_t wait_until(struct pace *p, const struct span_seen *seen, int64_t end, long *polls)
{
    int64_t now = 0, last = 0;
    while (now < end) {
        int64_t ms = pace_next(p, seen, now);
        if (ms < PACE_MIN_MS || ms > PACE_MAX_MS)
            fail_msg("%lld ms at %lld", (long long)ms, (long long)now);
        last = now;
        now += ms + ANSWER_MS;
        ++*polls;
    }
    assert_true(last < end);
    return now - end;
}

static const struct span_seen seens[] = {
    {0, 0, 0},          {0, 0, 2000},          {0, 0, 40000},         {0, 0, 600000},
    {1000, 1000, 1000}, {30000, 30000, 30000}, {30000, 90000, 45000}, {600000, 2400000, 900000},
    {1, 3600000, 5},
};

static void test_at_most_one_poll_per_second(void **state)
{
    static const int64_t ends[] = {300, 1000, 5000, 30000, 90000, 600000, 2400000, 4 * 3600000};
    (void)state;
    for (size_t i = 0; i < COUNT(seens); i++) {
        for (size_t k = 0; k < COUNT(ends); k++) {
            struct pace p = {0};
            long polls = 0;
            int64_t late = wait_until(&p, &seens[i], ends[k], &polls);
            int64_t seconds = (ends[k] + late) / 1000;
            if (polls > seconds + 2)
                fail_msg("row %zu: %ld polls in %lld s", i, polls, (long long)seconds);
            ROW(i, p.saved <= PACE_BURST);
        }
    }
}

/* A whole run: waits of every kind, one behind the other, on one account of saved polls. */
static void test_a_run_of_many_waits(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct pace p = {0};
        long polls = 0;
        int64_t ms = 0;
        for (int step = 0; step < 12; step++) {
            const struct span_seen *seen = &seens[unit_random() % COUNT(seens)];
            int64_t end = (int64_t)(unit_random() % 200000) + 1;
            ms += end + wait_until(&p, seen, end, &polls);
        }
        if (polls > ms / 1000 + PACE_BURST)
            fail_msg("round %d: %ld polls in %lld s", round, polls, (long long)(ms / 1000));
    }
}

static void test_quick_where_the_end_was_learnt(void **state)
{
    static const struct {
        struct span_seen seen;
        int64_t end, late_ms;
    } rows[] = {
        {{30000, 30000, 30000}, 17000, PACE_MIN_MS + ANSWER_MS},
        {{30000, 30000, 30000}, 30000, 1000 + ANSWER_MS},
        {{30000, 30000, 30000}, 31000, 1000 + ANSWER_MS},
        {{30000, 30000, 30000}, 34900, 1000 + ANSWER_MS},
        {{60000, 70000, 65000}, 62000, 1000 + ANSWER_MS},
        {{30000, 90000, 45000}, 80000, 1000 + ANSWER_MS},
        {{600000, 660000, 640000}, 640000, 1000 + ANSWER_MS},
        {{0, 0, 40000}, 30000, 1000 + ANSWER_MS},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pace p = {0};
        long polls = 0;
        int64_t late = wait_until(&p, &rows[i].seen, rows[i].end, &polls);
        if (late > rows[i].late_ms)
            fail_msg("row %zu: seen %lld ms late", i, (long long)late);
    }
}

static void test_slow_on_a_long_wait(void **state)
{
    static const struct {
        struct span_seen seen;
        int64_t elapsed, least_ms;
    } rows[] = {
        {{0, 0, 0}, 600000, 5000},
        {{0, 0, 0}, 3600000, PACE_MAX_MS},
        {{30000, 40000, 35000}, 600000, 5000},
        {{600000, 660000, 640000}, 100000, 10000}, /* the end is far */
        {{600000, 660000, 640000}, 3600000, PACE_MAX_MS},
        {{0, 0, 600000}, 1000, 5000},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct pace p = {.saved = PACE_BURST};
        ROW(i, pace_next(&p, &rows[i].seen, rows[i].elapsed) >= rows[i].least_ms);
        ROW(i, p.saved <= PACE_BURST);
    }
    struct pace p = {0};
    long polls = 0;
    wait_until(&p, &seens[0], 40 * 60000, &polls);
    assert_true(polls < 600); /* of the 2,400 that were allowed */
}

static void test_spans_are_learnt(void **state)
{
    struct span_seen seen = {.typical_ms = 7};
    (void)state;
    struct spans *s = spans_load(unit_dir);
    spans_seen(s, "mc", "boot", &seen);
    assert_true(seen.min_ms == 0 && seen.max_ms == 0 && seen.typical_ms == 7);
    spans_learn(s, "mc", "boot", 40000);
    spans_learn(s, "mc", "boot", 30000);
    spans_learn(s, "mc2", "boot", 1);
    spans_free(s);
    s = spans_load(unit_dir);
    spans_seen(s, "mc", "boot", &seen);
    assert_true(seen.min_ms == 30000 && seen.max_ms == 40000 && seen.typical_ms == 30000);
    for (int i = 1; i <= 1000; i++)
        spans_learn(s, "mc", "boot", 100000 + i);
    spans_free(s);
    s = spans_load(unit_dir);
    seen = (struct span_seen){0};
    spans_seen(s, "mc", "boot", &seen);
    assert_true(seen.min_ms > 100900 && seen.max_ms == 101000);
    seen = (struct span_seen){0};
    spans_seen(s, "mc2", "boot", &seen);
    assert_int_equal(seen.max_ms, 1);
    spans_free(s);
    spans_free(NULL);
    struct err e = {0};
    struct str text;
    OK(os_read_file(in_dir("durations.json"), 10000, &text, &e), e);
    assert_true(text.len < 1000);
    str_release(&text);
}

static void test_damaged_spans_are_not_known(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "null",
        "5",
        "{\"mc.boot\":5}",
        "{\"mc.boot\":[\"x\",null,-5,0,1.5]}",
        "{\"mc.boot\":{\"a\":5}}x",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct err e = {0};
        struct span_seen seen = {0};
        OK(os_replace_file(in_dir("durations.json"), texts[i], strlen(texts[i]), &e), e);
        struct spans *s = spans_load(unit_dir);
        spans_seen(s, "mc", "boot", &seen);
        ROW(i, seen.min_ms == 0 && seen.max_ms == 0);
        spans_learn(s, "mc", "boot", 5000);
        spans_seen(s, "mc", "boot", &seen);
        ROW(i, seen.min_ms == 5000 && seen.max_ms == 5000);
        spans_free(s);
    }
}

static void test_no_folder_costs_nothing(void **state)
{
    struct span_seen seen = {0};
    (void)state;
    struct spans *s = spans_load(in_dir("no/folder"));
    spans_learn(s, "mc", "boot", 5000);
    spans_seen(s, "mc", "boot", &seen);
    assert_int_equal(seen.max_ms, 5000);
    spans_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_most_one_poll_per_second),
        cmocka_unit_test(test_a_run_of_many_waits),
        cmocka_unit_test(test_quick_where_the_end_was_learnt),
        cmocka_unit_test(test_slow_on_a_long_wait),
        cmocka_unit_test(test_spans_are_learnt),
        cmocka_unit_test(test_damaged_spans_are_not_known),
        cmocka_unit_test(test_no_folder_costs_nothing),
    };
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
