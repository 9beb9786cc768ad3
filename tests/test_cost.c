#include "../src/core/cost.h"
#include "unit.h"
#include <dogs/core.h>

static void test_session(void **state)
{
    enum { HOURLY = 17860, MONTHLY = 12000000, MONTH = 31 * 86400 };
    static const struct {
        int64_t seconds, hourly, monthly, cost;
    } rows[] = {
        {0, HOURLY, MONTHLY, 10000}, /* at least a cent */
        {-5, HOURLY, MONTHLY, 10000},
        {59, HOURLY, MONTHLY, 10000},
        {3600, HOURLY, MONTHLY, 17860},
        {5400, HOURLY, MONTHLY, 26790},
        {30, 1200000, MONTHLY, 20000}, /* at least a minute */
        {61, 1200000, MONTHLY, 20333},
        {86400, HOURLY, MONTHLY, 428640},
        {30 * 86400, HOURLY, MONTHLY, MONTHLY}, /* at most the month's price */
        {MONTH + 3600, HOURLY, MONTHLY, 13305700},
        {60 * 86400, HOURLY, MONTHLY, 2 * MONTHLY},
        {3600, HOURLY, 0, 17860}, /* month's price not told */
        {40 * 86400, HOURLY, 0, 17145600},
        {3600, 0, MONTHLY, 0}, /* nothing told */
        {3600, -1, MONTHLY, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t cost = cost_session(rows[i].seconds, rows[i].hourly, rows[i].monthly);
        if (cost != rows[i].cost)
            fail_msg("row %zu: %lld", i, (long long)cost);
    }
}

static void test_session_never_falls(void **state)
{
    int64_t last = 0;
    (void)state;
    for (int64_t s = 0; s < 200 * 86400; s += 1800) {
        int64_t cost = cost_session(s, 17860, 12000000);
        assert_true(cost >= last);
        last = cost;
    }
}

static void test_storage(void **state)
{
    (void)state;
    assert_int_equal(cost_storage_monthly(0), 0);
    assert_int_equal(cost_storage_monthly(1000), 60000);
    assert_int_equal(cost_storage_monthly(2340), 140400);
}

static void test_money(void **state)
{
    static const struct {
        int64_t udollars;
        const char *text;
    } rows[] = {
        {0, "$0.00"},         {10000, "$0.01"},         {17860, "$0.01786"},  {5, "$0.000005"},
        {100000, "$0.10"},    {999999, "$0.999999"},    {1000000, "$1.00"},   {1004999, "$1.00"},
        {1005000, "$1.01"},   {12000000, "$12.00"},     {12345678, "$12.35"}, {-10000, "-$0.01"},
        {-1500000, "-$1.50"}, {1999999999, "$2000.00"},
    };
    char text[WHEN_TEXT];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        core_money(rows[i].udollars, text);
        ROW_TEXT(i, text, rows[i].text);
    }
    core_money(INT64_MIN, text);
    core_money(INT64_MAX, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_session_never_falls),
        cmocka_unit_test(test_storage),
        cmocka_unit_test(test_money),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
