#include "../src/core/idle.h"
#include "unit.h"
#include <string.h>

/* Minutes all through: a reading a minute, or less often. */
static const struct idle_rule rule = {
    .grace_s = 10 * 60,
    .zeros = 5,
    .window_s = 20 * 60,
    .never_joined_s = 30 * 60,
    .gap_s = 3 * 60,
    .alarm_s = 15 * 60,
    .max_s = 12 * 3600,
    .lead_s = 10 * 60,
};

/* One reading a minute: '0'..'9' players, '?' unknown, ' ' nobody looked, '*' 15 times what
 * follows. Returns the minute of the first verdict that is not STAY, and which. */
static int play(const struct idle_rule *r, const char *readings, enum idle_verdict *verdict)
{
    struct idle s;
    int minute = 0;
    idle_begin(&s, 1000);
    for (const char *p = readings; *p; p++) {
        int times = 1;
        if (*p == '*') {
            times = 15;
            p++;
        }
        for (; times; times--, minute++) {
            if (*p == ' ')
                continue;
            *verdict = idle_feed(&s, r, 1000 + 60 * minute, *p == '?' ? -1 : *p - '0');
            if (*verdict != IDLE_STAY)
                return minute;
        }
    }
    *verdict = IDLE_STAY;
    return -1;
}

static void test_rows_of_readings(void **state)
{
    static const struct {
        const char *readings;
        int minute;
        enum idle_verdict verdict;
        const char *why;
    } rows[] = {
        {"*0*0*0", 30, IDLE_EMPTY, "nobody ever joined: its own window"},
        {"1*0*0", 21, IDLE_EMPTY, "somebody was there once"},
        {"*1*0*0", 35, IDLE_EMPTY, "window counts from the first zero"},
        {"1*000001*0*0", 41, IDLE_EMPTY, "one player begins it anew"},
        {"1*0?0?0?0*0", 21, IDLE_EMPTY, "a single unknown neither counts nor breaks the row"},
        {"1*0??0*0*0", 21, IDLE_EMPTY, "two as well: less than the gap"},
        {"1*0???*0*0", 39, IDLE_EMPTY, "no reading for more than the gap breaks it"},
        {"1*0    *0*0", 40, IDLE_EMPTY, "nor is a row one where nobody looked"},
        {"1*?*?", 16, IDLE_ALARM, "unknown is an alarm, and never idle"},
        {"1*?0*?*?", 32, IDLE_ALARM, "an answer just before begins that anew, too"},
        {"*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*2*"
         "2"
         "*2*2*2*2",
         710, IDLE_MAX, "the hard maximum, with players on, ten minutes early"},
        {"1  0  0  0  0  0  0  0  0  0", 24, IDLE_EMPTY, "readings three minutes apart are a row"},
        {"1   0   0   0   0   0   0   0   0", -1, IDLE_STAY, "four minutes apart are none"},
        {"1*0*1*0*1*0*1*0*1*0*1", -1, IDLE_STAY, "never long enough"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum idle_verdict verdict;
        int minute = play(&rule, rows[i].readings, &verdict);
        if (minute != rows[i].minute || verdict != rows[i].verdict)
            fail_msg("%s: minute %d, verdict %d", rows[i].why, minute, (int)verdict);
    }
}

static void test_zeros_are_counted_and_grace_is_kept(void **state)
{
    struct idle_rule r = rule;
    enum idle_verdict verdict;
    (void)state;
    r.window_s = r.never_joined_s = 0;
    assert_int_equal(play(&r, "*0*0", &verdict), 10);
    assert_int_equal(verdict, IDLE_EMPTY);
    r.grace_s = 0;
    assert_int_equal(play(&r, "*0*0", &verdict), 4);
    r.max_s = 0;
    assert_int_equal(play(&r, "*0*0", &verdict), 4);
}

static void test_an_alarm_is_told_once_for_each_time(void **state)
{
    struct idle s;
    int alarms = 0;
    (void)state;
    idle_begin(&s, 0);
    for (int m = 0; m < 200; m++)
        alarms += idle_feed(&s, &rule, 60 * m, m == 100 ? 1 : -1) == IDLE_ALARM;
    assert_int_equal(alarms, 2);
}

static void test_traffic_is_the_second_signal(void **state)
{
    struct idle_rule r = rule;
    struct idle s;
    (void)state;
    r.traffic = true;
    idle_begin(&s, 0);
    idle_feed(&s, &r, 0, 1);
    for (int m = 1; m < 21; m++)
        assert_int_equal(idle_feed(&s, &r, 60 * m, 0), IDLE_STAY);
    for (int m = 21; m < 60; m++) {
        assert_int_equal(idle_feed(&s, &r, 60 * m, 0), IDLE_TRAFFIC);
        assert_int_equal(idle_traffic(&s, &r, TRAFFIC_LOW), IDLE_EMPTY);
        assert_int_equal(idle_traffic(&s, &r, TRAFFIC_HIGH), IDLE_STAY);
        assert_int_equal(idle_traffic(&s, &r, TRAFFIC_UNKNOWN), m < 41 ? IDLE_STAY : IDLE_EMPTY);
    }
}

static void test_what_is_left(void **state)
{
    struct idle s;
    (void)state;
    idle_begin(&s, 0);
    assert_int_equal(idle_left(&s, &rule, 5), -1);
    idle_feed(&s, &rule, 60, 0);
    assert_int_equal(idle_left(&s, &rule, 60), 30 * 60);
    idle_feed(&s, &rule, 120, 3);
    assert_int_equal(idle_left(&s, &rule, 120), -1);
    idle_feed(&s, &rule, 180, 0);
    assert_int_equal(idle_left(&s, &rule, 240), 19 * 60);
    assert_int_equal(idle_left(&s, &rule, 180 + 181), -1);
    idle_forget(&s);
    assert_int_equal(idle_left(&s, &rule, 180), -1);
}

static void test_a_clock_that_is_set_back_begins_a_new_row(void **state)
{
    struct idle s;
    (void)state;
    idle_begin(&s, 0);
    idle_feed(&s, &rule, 100 * 60, 1);
    for (int m = 101; m < 121; m++)
        assert_int_equal(idle_feed(&s, &rule, 60 * m, 0), IDLE_STAY);
    for (int m = 90; m < 110; m++)
        assert_int_equal(idle_feed(&s, &rule, 60 * m, 0), IDLE_STAY);
    assert_int_equal(idle_feed(&s, &rule, 60 * 110, 0), IDLE_EMPTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_of_readings),
        cmocka_unit_test(test_zeros_are_counted_and_grace_is_kept),
        cmocka_unit_test(test_an_alarm_is_told_once_for_each_time),
        cmocka_unit_test(test_traffic_is_the_second_signal),
        cmocka_unit_test(test_what_is_left),
        cmocka_unit_test(test_a_clock_that_is_set_back_begins_a_new_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
