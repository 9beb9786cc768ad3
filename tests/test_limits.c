#include "../src/core/limits.h"
#include "../src/core/server.h"
#include "../src/core/spent.h"
#include "unit.h"

static void test_eighty_and_a_hundred_percent(void **state)
{
    (void)state;
    static const struct {
        struct limit l;
        enum limit_level level;
    } rows[] = {
        {{0, 0}, LIMIT_FREE},
        {{1000000, 0}, LIMIT_FREE},
        {{1000000, -1}, LIMIT_FREE},
        {{0, 100}, LIMIT_FREE},
        {{79, 100}, LIMIT_FREE},
        {{80, 100}, LIMIT_NEAR},
        {{99, 100}, LIMIT_NEAR},
        {{100, 100}, LIMIT_REACHED},
        {{500, 100}, LIMIT_REACHED},
        {{0, 1}, LIMIT_FREE},
        {{1, 1}, LIMIT_REACHED},
        {{2, 3}, LIMIT_FREE},
        {{-5, 100}, LIMIT_FREE},
        {{799999, 1000000}, LIMIT_FREE},
        {{800000, 1000000}, LIMIT_NEAR},
        {{INT64_MAX / 2, INT64_MAX}, LIMIT_FREE},
        {{INT64_MAX, INT64_MAX}, LIMIT_REACHED},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        ROW(i, limit_judge(rows[i].l) == rows[i].level);
}

static void test_the_limit_that_comes_first(void **state)
{
    (void)state;
    static const struct {
        struct limits l;
        struct limits_state is;
    } rows[] = {
        {{.hourly = 10000}, {LIMIT_FREE, LIMIT_HOURS, -1, -1}},
        {{.of = {[LIMIT_HOURS] = {3600, 8 * 3600}}, .hourly = 10000},
         {LIMIT_FREE, LIMIT_HOURS, 5 * 3600 + 1440, 7 * 3600}},
        {{.of = {[LIMIT_HOURS] = {7 * 3600, 8 * 3600}}, .hourly = 10000},
         {LIMIT_NEAR, LIMIT_HOURS, 0, 3600}},
        {{.of = {[LIMIT_HOURS] = {9 * 3600, 8 * 3600}}, .hourly = 10000},
         {LIMIT_REACHED, LIMIT_HOURS, 0, 0}},
        /* an hour of it is left, the hours would last longer */
        {{.of = {[LIMIT_HOURS] = {3600, 8 * 3600}, [LIMIT_SESSION] = {90000, 100000}},
          .hourly = 10000},
         {LIMIT_NEAR, LIMIT_SESSION, 0, 3600}},
        {{.of = {[LIMIT_MONTH] = {500000, 1000000}, [LIMIT_ALL_MONTH] = {990000, 1000000}},
          .hourly = 20000},
         {LIMIT_NEAR, LIMIT_ALL_MONTH, 0, 1800}},
        /* without a price it never comes, by money */
        {{.of = {[LIMIT_SESSION] = {0, 100000}}},
         {LIMIT_FREE, LIMIT_SESSION, INT64_MAX, INT64_MAX}},
        {{.of = {[LIMIT_SESSION] = {0, 100000}, [LIMIT_HOURS] = {0, 3600}}},
         {LIMIT_FREE, LIMIT_HOURS, 2880, 3600}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct limits_state s = limits_now(&rows[i].l);
        ROW(i, s.level == rows[i].is.level);
        ROW(i, s.kind == rows[i].is.kind || s.left_s < 0);
        ROW(i, s.near_s == rows[i].is.near_s);
        ROW(i, s.left_s == rows[i].is.left_s);
    }
    for (int k = 0; k < LIMIT_KINDS; k++)
        assert_true(*limit_name((enum limit_kind)k));
}

enum { HOUR = 3600, NOV = 1793491200 /* 2026-11-01 */, NOW = NOV + 20 * 86400, MONTH = 30 * 86400 };

static void test_what_a_month_has_cost(void **state)
{
    (void)state;
    struct droplet droplets[] = {
        {.id = 1,
         .created_at = NOW - 2 * HOUR,
         .price_hourly_udollars = 10000,
         .tags = " dogs dogs:mc "},
        {.id = 2,
         .created_at = NOW - 2 * HOUR,
         .price_hourly_udollars = 10000,
         .tags = " dogs dogs:other "},
        {.id = 3, .created_at = NOW - 90 * HOUR, .price_hourly_udollars = 90000, .tags = ""},
        {.id = 9, .created_at = NOW - HOUR, .tags = " dogs dogs:other "}, /* price not told */
    };
    struct snapshot snapshots[] = {
        {.id = 5, .created_at = NOV - 86400, .size_mb = 10000, .tags = " dogs dogs:mc "},
        {.id = 6, .created_at = NOW - 86400, .size_mb = 3000, .tags = " dogs dogs:other "},
        {.id = 7, .created_at = NOV, .size_mb = 90000, .tags = ""},
    };
    const struct spent spent[] = {
        {1, "mc", NOW - 2 * HOUR, NOW - HOUR, 10000, 0, false}, /* lives: the cloud knows better */
        {4, "mc", NOV + HOUR, NOV + 11 * HOUR, 10000, 0, true},
        {5, "mc", NOV - 5 * HOUR, NOV + 5 * HOUR, 10000, 0, true}, /* half of it was October */
        {6, "other", NOV, NOV + 3 * HOUR, 20000, 0, false},        /* its end is not known */
        {7, "mc", NOV - 9 * HOUR, NOV - 5 * HOUR, 10000, 0, true},
    };
    struct account_look look = {
        .droplets = droplets, .n_droplets = 4, .snapshots = snapshots, .n_snapshots = 3};
    static const struct {
        const char *server;
        int64_t droplets, storage;
        size_t n_unknown;
    } rows[] = {
        {"mc", 20000 + 100000 + 50000, 400000, 0},
        {"other", 20000 + 60000, 6000, 2},
        {NULL, 170000 + 80000, 406000, 2},
        {"none", 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct month_cost m;
        month_cost(NULL, rows[i].server, &look, spent, COUNT(spent), NOW, &m);
        ROW(i, m.droplets_udollars == rows[i].droplets);
        ROW(i, m.storage_udollars == rows[i].storage);
        ROW(i, m.n_unknown == rows[i].n_unknown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_eighty_and_a_hundred_percent),
        cmocka_unit_test(test_the_limit_that_comes_first),
        cmocka_unit_test(test_what_a_month_has_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
