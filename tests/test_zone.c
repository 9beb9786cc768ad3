/* Zones made by the test itself: the same on every system. */
#include "zone_bytes.h"
#include <dogs/when.h>

static int64_t at(const char *iso)
{
    int64_t t;
    assert_true(when_from_iso(iso, &t));
    return t;
}

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define KATHMANDU "<+0545>-5:45"
#define DUBLIN "IST-1GMT0,M10.5.0,M3.5.0/1"
#define GODTHAB "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"
#define ALWAYS "XXX3EDT4,0/0,J365/23"

static void test_offsets_by_rule(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *when;
        int offset_s;
        const char *name;
        bool daylight;
    } rows[] = {
        {BERLIN, "2026-01-01T00:00:00Z", 3600, "CET", false},
        {BERLIN, "2026-03-29T00:59:59Z", 3600, "CET", false},
        {BERLIN, "2026-03-29T01:00:00Z", 7200, "CEST", true},
        {BERLIN, "2026-10-25T00:59:59Z", 7200, "CEST", true},
        {BERLIN, "2026-10-25T01:00:00Z", 3600, "CET", false},
        {BERLIN, "2028-02-29T12:00:00Z", 3600, "CET", false},
        {NEW_YORK, "2026-03-08T06:59:59Z", -18000, "EST", false},
        {NEW_YORK, "2026-03-08T07:00:00Z", -14400, "EDT", true},
        {NEW_YORK, "2026-11-01T05:59:59Z", -14400, "EDT", true},
        {NEW_YORK, "2026-11-01T06:00:00Z", -18000, "EST", false},
        {LORD_HOWE, "2026-01-01T00:00:00Z", 39600, "+11", true},
        {LORD_HOWE, "2026-04-04T14:59:59Z", 39600, "+11", true},
        {LORD_HOWE, "2026-04-04T15:00:00Z", 37800, "+1030", false},
        {LORD_HOWE, "2026-10-03T15:30:00Z", 39600, "+11", true},
        {KATHMANDU, "2026-06-01T00:00:00Z", 20700, "+0545", false},
        /* Dublin's standard time is that of summer. */
        {DUBLIN, "2026-01-01T00:00:00Z", 0, "GMT", true},
        {DUBLIN, "2026-07-01T00:00:00Z", 3600, "IST", false},
        {GODTHAB, "2026-03-29T00:59:59Z", -7200, "-02", false},
        {GODTHAB, "2026-03-29T01:00:00Z", -3600, "-01", true},
        {ALWAYS, "2026-01-01T04:00:00Z", -14400, "EDT", true},
        {ALWAYS, "2026-01-01T03:59:59Z", -14400, "EDT", true},
        {ALWAYS, "2028-02-29T00:00:00Z", -14400, "EDT", true},
        {"AAA0BBB,J60/0,J61/0", "2028-02-29T12:00:00Z", 0, "AAA", false},
        {"AAA0BBB,J60/0,J61/0", "2028-03-01T12:00:00Z", 3600, "BBB", true},
        {"AAA0BBB,59/0,60/0", "2028-02-29T12:00:00Z", 3600, "BBB", true},
        {"AAA0BBB,59/0,60/0", "2027-03-01T12:00:00Z", 3600, "BBB", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zone *z = zone_with(NULL, 0, rows[i].rule);
        struct zone_time t = zone_at(z, at(rows[i].when));
        ROW(i, t.offset_s == rows[i].offset_s);
        ROW(i, t.daylight == rows[i].daylight);
        ROW_TEXT(i, t.name, rows[i].name);
        zone_free(z);
    }
}

static void test_the_next_change(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *from, *next;
    } rows[] = {
        {BERLIN, "2026-01-01T00:00:00Z", "2026-03-29T01:00:00Z"},
        {BERLIN, "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"},
        {BERLIN, "2026-10-25T01:00:00Z", "2027-03-28T01:00:00Z"},
        {LORD_HOWE, "2026-12-31T23:00:00Z", "2027-04-03T15:00:00Z"},
        {KATHMANDU, "2026-01-01T00:00:00Z", NULL},
        {ALWAYS, "2026-01-01T00:00:00Z", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zone *z = zone_with(NULL, 0, rows[i].rule);
        int64_t next = 0;
        bool any = zone_next(z, at(rows[i].from), &next);
        ROW(i, any == (rows[i].next != NULL));
        ROW(i, !any || next == at(rows[i].next));
        zone_free(z);
    }
}

static void test_local_times(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *local, *instant;
        enum zone_local how;
    } rows[] = {
        {BERLIN, "2026-11-20T02:00:00Z", "2026-11-20T01:00:00Z", ZONE_ONCE},
        {BERLIN, "2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z", ZONE_ONCE},
        {BERLIN, "2026-03-29T02:00:00Z", "2026-03-29T01:00:00Z", ZONE_SKIPPED},
        {BERLIN, "2026-03-29T02:59:59Z", "2026-03-29T01:00:00Z", ZONE_SKIPPED},
        {BERLIN, "2026-03-29T03:00:00Z", "2026-03-29T01:00:00Z", ZONE_ONCE},
        {BERLIN, "2026-10-25T01:59:59Z", "2026-10-24T23:59:59Z", ZONE_ONCE},
        {BERLIN, "2026-10-25T02:00:00Z", "2026-10-25T00:00:00Z", ZONE_TWICE},
        {BERLIN, "2026-10-25T02:59:59Z", "2026-10-25T00:59:59Z", ZONE_TWICE},
        {BERLIN, "2026-10-25T03:00:00Z", "2026-10-25T02:00:00Z", ZONE_ONCE},
        {NEW_YORK, "2026-03-08T02:30:00Z", "2026-03-08T07:00:00Z", ZONE_SKIPPED},
        {NEW_YORK, "2026-11-01T01:30:00Z", "2026-11-01T05:30:00Z", ZONE_TWICE},
        {LORD_HOWE, "2026-10-04T02:15:00Z", "2026-10-03T15:30:00Z", ZONE_SKIPPED},
        {LORD_HOWE, "2026-10-04T02:30:00Z", "2026-10-03T15:30:00Z", ZONE_ONCE},
        {LORD_HOWE, "2026-04-05T01:45:00Z", "2026-04-04T14:45:00Z", ZONE_TWICE},
        {LORD_HOWE, "2026-04-05T02:15:00Z", "2026-04-04T15:45:00Z", ZONE_ONCE},
        {KATHMANDU, "2026-03-29T02:30:00Z", "2026-03-28T20:45:00Z", ZONE_ONCE},
        {DUBLIN, "2026-03-29T01:30:00Z", "2026-03-29T01:00:00Z", ZONE_SKIPPED},
        {DUBLIN, "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z", ZONE_TWICE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zone *z = zone_with(NULL, 0, rows[i].rule);
        int64_t t = 0;
        enum zone_local how = zone_of_local(z, at(rows[i].local), &t);
        ROW(i, how == rows[i].how);
        ROW(i, t == at(rows[i].instant));
        zone_free(z);
    }
}

/* As in Samoa in 2011: from one side of the date line to the other, a day is missing. */
static void test_a_day_that_was_not(void **state)
{
    (void)state;
    const struct zb_step steps[] = {{1000000, -10}, {1325239200, 14}};
    struct zone *z = zone_with(steps, 2, "");
    int64_t t;
    assert_int_equal(zone_of_local(z, at("2011-12-30T12:00:00Z"), &t), ZONE_SKIPPED);
    assert_int_equal(t, 1325239200);
    assert_int_equal(zone_of_local(z, at("2011-12-31T00:00:00Z"), &t), ZONE_ONCE);
    assert_int_equal(t, 1325239200);
    assert_int_equal(zone_at(z, 999999).offset_s, 0);
    assert_int_equal(zone_at(z, 1000000).offset_s, -36000);
    zone_free(z);
}

static void test_a_file_cut_at_every_byte(void **state)
{
    (void)state;
    const struct zb_step steps[] = {{0, 1}, {5000, 2}, {9000, 1}};
    struct zone_bytes b = zone_bytes(steps, 3, BERLIN);
    for (size_t len = 0; len < b.len; len++) {
        /* Of exactly that size, so that the sanitizer sees every byte beyond. */
        unsigned char *copy = xmalloc(len + 1);
        memcpy(copy, b.p, len);
        unsigned char *exact = xrealloc(copy, len ? len : 1);
        struct zone *z = NULL;
        struct err e = {0};
        ROW(len, !zone_parse(exact, len, &z, &e));
        ROW(len, e.code == ERR_PROTOCOL);
        free(exact);
    }
}

/* Whatever the bytes, it ends, and answers. */
static void test_a_file_with_damaged_bytes(void **state)
{
    (void)state;
    const struct zb_step steps[] = {{0, 1}, {5000, 2}, {9000, 1}};
    const struct zone_bytes whole = zone_bytes(steps, 3, BERLIN);
    size_t taken = 0;
    for (int i = 0; i < 20000; i++) {
        struct zone_bytes b = whole;
        for (uint64_t k = unit_random() % 3 + 1; k; k--)
            b.p[unit_random() % b.len] = (unsigned char)unit_random();
        struct zone *z = NULL;
        struct err e = {0};
        int64_t t;
        if (!zone_parse(b.p, b.len, &z, &e))
            continue;
        taken++;
        for (int64_t when = -100000; when < 4000000000; when += 400000001) {
            zone_of_local(z, when, &t);
            zone_next(z, when, &t);
        }
        zone_free(z);
    }
    assert_in_range(taken, 1, 19999);
}

static void test_rules_that_are_none(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "CE-1",
        "CET",
        "CET-25",
        "CET-1:60",
        "CET-1CEST",
        "CET-1CEST,",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,M10.5.0/3 ",
        "CET-1CEST,M0.5.0,M10.5.0/3",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J5",
        "CET-1CEST,366,5",
        "CET-1CEST,J366,5",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "<+01-1",
        "CET-1CEST,M3.5.0,M10.5.0/3,",
        "-1",
        "CET1CEST,M3.5.0,M10.5.0/",
        "CET-00001",
        "<AVERYLONGNAMEFORAZONE>-1",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zone_bytes b = zone_bytes(NULL, 0, rows[i]);
        struct zone *z = NULL;
        struct err e = {0};
        ROW(i, !zone_parse(b.p, b.len, &z, &e));
        ROW(i, e.code == ERR_PROTOCOL);
    }
}

static void test_names_that_are_no_zones(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum err_code code;
    } rows[] = {
        {"", ERR_CONFIG},
        {"../etc/passwd", ERR_CONFIG},
        {"Europe/../../etc/passwd", ERR_CONFIG},
        {"/etc/localtime", ERR_CONFIG},
        {"Europe//Berlin", ERR_CONFIG},
        {"Europe/", ERR_CONFIG},
        {"C:\\zones", ERR_CONFIG},
        {"Europe/Berlin\n", ERR_CONFIG},
        {"Nowhere-has-a-name-of-more-than-sixty-three-characters-in-this-database", ERR_CONFIG},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zone *z = NULL;
        struct err e = {0};
        ROW(i, !zone_open(rows[i].name, &z, &e));
        ROW(i, e.code == rows[i].code);
        ROW(i, *e.hint);
    }
}

static void test_utc_is_always_there(void **state)
{
    (void)state;
    struct zone *z = NULL;
    struct err e = {0};
    int64_t t;
    OK(zone_open("UTC", &z, &e), e);
    assert_int_equal(zone_at(z, 0).offset_s, 0);
    assert_false(zone_next(z, 0, &t));
    assert_int_equal(zone_of_local(z, 1795000000, &t), ZONE_ONCE);
    assert_int_equal(t, 1795000000);
    zone_free(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets_by_rule),
        cmocka_unit_test(test_the_next_change),
        cmocka_unit_test(test_local_times),
        cmocka_unit_test(test_a_day_that_was_not),
        cmocka_unit_test(test_a_file_cut_at_every_byte),
        cmocka_unit_test(test_a_file_with_damaged_bytes),
        cmocka_unit_test(test_rules_that_are_none),
        cmocka_unit_test(test_names_that_are_no_zones),
        cmocka_unit_test(test_utc_is_always_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
