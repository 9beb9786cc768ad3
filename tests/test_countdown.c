#include "../src/core/countdown.h"
#include "unit.h"

static const int usual[] = {10, 5, 1, 0}, none[] = {0};

static void test_due(void **state)
{
    static const struct {
        const int *marks;
        int64_t left_s;
        int warned, due;
    } rows[] = {
        {usual, 601, 0, 0},
        {usual, 600, 0, 10},
        {usual, 599, 10, 0},
        {usual, 301, 10, 0},
        {usual, 300, 10, 5},
        {usual, 299, 5, 0},
        {usual, 60, 5, 1},
        {usual, 59, 1, 0},
        {usual, 0, 1, 0},
        /* Slept through, or crashed before it was said: only what is still true is said. */
        {usual, 200, 10, 5},
        {usual, 30, 10, 1},
        {usual, -5, 0, 1},
        /* Begun late. */
        {usual, 240, 0, 5},
        {none, 10, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (countdown_due(rows[i].marks, rows[i].left_s, rows[i].warned) != rows[i].due)
            fail_msg("row %zu: %d", i,
                     countdown_due(rows[i].marks, rows[i].left_s, rows[i].warned));
}

static void test_sleep(void **state)
{
    static const struct {
        int64_t left_s, sleep_s;
    } rows[] = {{700, 15}, {605, 5}, {600, 15}, {301, 1}, {300, 15}, {67, 7},
                {60, 15},  {10, 10}, {1, 1},    {0, 1},   {-9, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(countdown_sleep_s(usual, rows[i].left_s, 15), rows[i].sleep_s);
    assert_int_equal(countdown_sleep_s(none, 40, 15), 15);
}

/* Gone through second by second, whatever is slept: each mark once, in order, and at its time. */
static void test_whole(void **state)
{
    (void)state;
    for (int64_t more = 0; more < 20; more++) {
        int warned = 0, said = 0;
        for (int64_t left = 600; left > 0; left -= countdown_sleep_s(usual, left, 15) + more % 3) {
            int due = countdown_due(usual, left, warned);
            if (!due)
                continue;
            assert_int_equal(due, usual[said]);
            assert_in_range(left, due * 60 - 5, due * 60);
            warned = due;
            said++;
        }
        assert_int_equal(said, 3);
    }
}

static void test_text(void **state)
{
    static const struct {
        int64_t left_s;
        const char *text;
    } rows[] = {{600, "10 minutes"}, {599, "10 minutes"}, {569, "9 minutes"}, {60, "1 minute"},
                {58, "1 minute"},    {40, "40 seconds"},  {0, "1 seconds"},   {5400, "90 minutes"}};
    char text[32];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        countdown_text(rows[i].left_s, text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_sleep),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
