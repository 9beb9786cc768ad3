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
        int64_t cost = cost_session(NULL, rows[i].seconds, rows[i].hourly, rows[i].monthly);
        if (cost != rows[i].cost)
            fail_msg("row %zu: %lld", i, (long long)cost);
    }
}

static void test_session_never_falls(void **state)
{
    int64_t last = 0;
    (void)state;
    for (int64_t s = 0; s < 200 * 86400; s += 1800) {
        int64_t cost = cost_session(NULL, s, 17860, 12000000);
        assert_true(cost >= last);
        last = cost;
    }
}

static void test_storage(void **state)
{
    (void)state;
    assert_int_equal(cost_storage_monthly(NULL, 0), 0);
    assert_int_equal(cost_storage_monthly(NULL, 1000), 60000);
    assert_int_equal(cost_storage_monthly(NULL, 2340), 140400);
}

static void test_prices_of_the_config(void **state)
{
    (void)state;
    const struct prices_cfg own = {
        .snapshot_gb_month = {true, 50000}, .minimum = {true, 0}, .minimum_s = {true, 3600}};
    const struct prices_cfg one = {.minimum_s = {true, 0}};
    assert_int_equal(cost_storage_monthly(&own, 1000), 50000);
    assert_int_equal(cost_session(&own, 60, 7440, 0), 7440);
    assert_int_equal(cost_session(&own, 7200, 7440, 0), 14880);
    assert_int_equal(cost_session(&one, 1, 7440, 0), 10000);
    assert_int_equal(cost_storage_monthly(&one, 1000), 60000);
    for (size_t i = 0; i < PRICE_COUNT; i++) {
        assert_true(price_list[i].value > 0);
        assert_non_null(price_list[i].since);
        assert_non_null(price_list[i].source);
    }
}

static int64_t at(const char *iso)
{
    int64_t t;
    assert_true(when_from_iso(iso, &t));
    return t;
}

static void test_the_part_of_a_month(void **state)
{
    (void)state;
    static const struct {
        const char *begin, *end, *now;
        int64_t cost;
    } rows[] = {
        {"2026-11-10T00:00:00Z", "2026-11-10T10:00:00Z", "2026-11-20T00:00:00Z", 178600},
        {"2026-11-30T20:00:00Z", "2026-12-01T06:00:00Z", "2026-11-30T23:00:00Z", 71440},
        {"2026-11-30T20:00:00Z", "2026-12-01T06:00:00Z", "2026-12-02T00:00:00Z", 107160},
        {"2026-10-30T20:00:00Z", "2026-10-31T06:00:00Z", "2026-11-20T00:00:00Z", 0},
        {"2026-12-30T20:00:00Z", "2026-12-31T06:00:00Z", "2026-11-20T00:00:00Z", 0},
        {"2028-02-29T23:00:00Z", "2028-03-01T01:00:00Z", "2028-02-29T00:00:00Z", 17860},
        {"2026-12-31T23:00:00Z", "2027-01-01T01:00:00Z", "2027-01-05T00:00:00Z", 17860},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t from, to;
        cost_month(at(rows[i].now), &from, &to);
        ROW(i, from <= at(rows[i].now) && at(rows[i].now) < to && to - from <= 31 * 86400);
        ROW(i, cost_session_within(NULL, at(rows[i].begin), at(rows[i].end), 17860, 12000000, from,
                                   to) == rows[i].cost);
    }
    int64_t from, to;
    cost_month(at("2026-11-20T00:00:00Z"), &from, &to);
    assert_int_equal(cost_storage_within(NULL, 10000, from - 5, to + 5, from, to), 600000);
    assert_int_equal(cost_storage_within(NULL, 10000, from, from + (to - from) / 2, from, to),
                     300000);
    assert_int_equal(cost_storage_within(NULL, 10000, to, to + 5, from, to), 0);
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
        cmocka_unit_test(test_prices_of_the_config),
        cmocka_unit_test(test_the_part_of_a_month),
        cmocka_unit_test(test_money),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
