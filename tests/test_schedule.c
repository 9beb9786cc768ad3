#include "unit.h"
#include "zone_bytes.h"
#include <dogs/schedule.h>

/* The rules of today's zones; their files are read in test_zone_posix.c. */
static const struct {
    const char *name, *rule;
} zones[] = {
    {"Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"America/New_York", "EST5EDT,M3.2.0,M11.1.0"},
    {"Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"},
    {"Asia/Kathmandu", "<+0545>-5:45"},
    {"UTC", "UTC0"},
    /* Casablanca leaves +01 for Ramadan: dates from a table, here those of 2026. */
    {"Africa/Casablanca", "<+01>-1"},
};

static struct zone *zone_named(const char *name)
{
    static const struct zb_step ramadan[] = {{1000000000, 1}, {1771120800, 0}, {1774144800, 1}};
    for (size_t i = 0; i < COUNT(zones); i++)
        if (strcmp(zones[i].name, name) == 0)
            return zone_with(ramadan, i == 5 ? 3 : 0, zones[i].rule);
    fail_msg("no zone %s", name);
    return NULL;
}

static int64_t at(const char *iso)
{
    int64_t t;
    assert_true(when_from_iso(iso, &t));
    return t;
}

static unsigned days_of(const char *names)
{
    static const char all[] = "sunmontuewedthufrisat";
    unsigned days = 0;
    for (unsigned d = 0; d < 7; d++) {
        char day[4] = "";
        memcpy(day, all + 3 * d, 3);
        if (strstr(names, day))
            days |= 1u << d;
    }
    return days ? days : 0x7f;
}

static struct rule_cfg rule(enum rule_do what, int hour, int minute, const char *days)
{
    return (struct rule_cfg){.what = what,
                             .minute = hour * 60 + minute,
                             .days = days_of(days),
                             .again_s = 900,
                             .catch_up = true,
                             .window_s = 7200};
}

static void test_the_next_runs(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int hour, minute;
        const char *days, *from, *runs[4];
        enum zone_local how[4];
    } rows[] = {
        {"Europe/Berlin",
         2,
         0,
         "fri sat",
         "2026-11-16T00:00:00Z",
         {"2026-11-20T01:00:00Z", "2026-11-21T01:00:00Z", "2026-11-27T01:00:00Z",
          "2026-11-28T01:00:00Z"},
         {0}},
        /* Itself is not after itself. */
        {"Europe/Berlin",
         2,
         0,
         "fri sat",
         "2026-11-20T01:00:00Z",
         {"2026-11-21T01:00:00Z", "2026-11-27T01:00:00Z", "2026-11-28T01:00:00Z",
          "2026-12-04T01:00:00Z"},
         {0}},
        {"Europe/Berlin",
         2,
         30,
         "",
         "2026-03-27T12:00:00Z",
         {"2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z",
          "2026-03-31T00:30:00Z"},
         {ZONE_ONCE, ZONE_SKIPPED, ZONE_ONCE, ZONE_ONCE}},
        {"Europe/Berlin",
         2,
         30,
         "",
         "2026-10-24T12:00:00Z",
         {"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z", "2026-10-27T01:30:00Z",
          "2026-10-28T01:30:00Z"},
         {ZONE_TWICE, ZONE_ONCE, ZONE_ONCE, ZONE_ONCE}},
        /* Between the two, the first is over. */
        {"Europe/Berlin",
         2,
         30,
         "sun",
         "2026-10-25T00:30:00Z",
         {"2026-11-01T01:30:00Z", "2026-11-08T01:30:00Z", "2026-11-15T01:30:00Z",
          "2026-11-22T01:30:00Z"},
         {0}},
        {"America/New_York",
         2,
         15,
         "",
         "2026-03-07T12:00:00Z",
         {"2026-03-08T07:00:00Z", "2026-03-09T06:15:00Z", "2026-03-10T06:15:00Z",
          "2026-03-11T06:15:00Z"},
         {ZONE_SKIPPED, ZONE_ONCE, ZONE_ONCE, ZONE_ONCE}},
        {"America/New_York",
         1,
         30,
         "sun",
         "2026-10-31T12:00:00Z",
         {"2026-11-01T05:30:00Z", "2026-11-08T06:30:00Z", "2026-11-15T06:30:00Z",
          "2026-11-22T06:30:00Z"},
         {ZONE_TWICE, ZONE_ONCE, ZONE_ONCE, ZONE_ONCE}},
        {"Australia/Lord_Howe",
         2,
         10,
         "",
         "2026-10-03T00:00:00Z",
         {"2026-10-03T15:30:00Z", "2026-10-04T15:10:00Z", "2026-10-05T15:10:00Z",
          "2026-10-06T15:10:00Z"},
         {ZONE_SKIPPED, ZONE_ONCE, ZONE_ONCE, ZONE_ONCE}},
        {"Australia/Lord_Howe",
         1,
         45,
         "",
         "2026-04-04T00:00:00Z",
         {"2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z", "2026-04-06T15:15:00Z",
          "2026-04-07T15:15:00Z"},
         {ZONE_TWICE, ZONE_ONCE, ZONE_ONCE, ZONE_ONCE}},
        {"Asia/Kathmandu",
         0,
         0,
         "mon",
         "2026-11-20T00:00:00Z",
         {"2026-11-22T18:15:00Z", "2026-11-29T18:15:00Z", "2026-12-06T18:15:00Z",
          "2026-12-13T18:15:00Z"},
         {0}},
        {"Africa/Casablanca",
         2,
         30,
         "",
         "2026-02-14T00:00:00Z",
         {"2026-02-14T01:30:00Z", "2026-02-15T01:30:00Z", "2026-02-16T02:30:00Z",
          "2026-02-17T02:30:00Z"},
         {ZONE_ONCE, ZONE_TWICE, ZONE_ONCE, ZONE_ONCE}},
        {"Africa/Casablanca",
         2,
         30,
         "sun",
         "2026-03-20T00:00:00Z",
         {"2026-03-22T02:00:00Z", "2026-03-29T01:30:00Z", "2026-04-05T01:30:00Z",
          "2026-04-12T01:30:00Z"},
         {ZONE_SKIPPED, ZONE_ONCE, ZONE_ONCE, ZONE_ONCE}},
        {"UTC",
         23,
         59,
         "",
         "2028-02-28T12:00:00Z",
         {"2028-02-28T23:59:00Z", "2028-02-29T23:59:00Z", "2028-03-01T23:59:00Z",
          "2028-03-02T23:59:00Z"},
         {0}},
        {"UTC",
         0,
         0,
         "tue",
         "2028-02-28T12:00:00Z",
         {"2028-02-29T00:00:00Z", "2028-03-07T00:00:00Z", "2028-03-14T00:00:00Z",
          "2028-03-21T00:00:00Z"},
         {0}},
        {"UTC",
         0,
         0,
         "",
         "2100-02-27T00:00:00Z",
         {"2100-02-28T00:00:00Z", "2100-03-01T00:00:00Z", "2100-03-02T00:00:00Z",
          "2100-03-03T00:00:00Z"},
         {0}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zone *z = zone_named(rows[i].zone);
        struct rule_cfg r = rule(RULE_STOP, rows[i].hour, rows[i].minute, rows[i].days);
        int64_t t = at(rows[i].from);
        for (size_t k = 0; k < 4; k++) {
            struct occurrence o = rule_next(z, &r, t);
            char is[WHEN_TEXT];
            when_to_iso(o.at, is);
            ROW_TEXT(i, is, rows[i].runs[k]);
            ROW(i, o.how == rows[i].how[k]);
            /* The other direction finds the same ones. */
            ROW(i, rule_last(z, &r, o.at).at == o.at);
            ROW(i, rule_last(z, &r, o.at - 1).at < o.at);
            ROW(i, k == 0 || rule_last(z, &r, o.at - 1).at == t);
            t = o.at;
        }
        zone_free(z);
    }
}

/* Whatever the rule: in a year a daily one comes once on each day, in order. */
static void test_once_a_day_for_a_year(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(zones); i++) {
        struct zone *z = zone_named(zones[i].name);
        for (int minute = 0; minute < 1440; minute += 15) {
            struct rule_cfg r = rule(RULE_STOP, 0, minute, "");
            int64_t t = at("2025-12-31T12:00:00Z"), last_day = 0;
            for (int day = 0; day < 400; day++) {
                struct occurrence o = rule_next(z, &r, t);
                ROW(i, o.at > t && o.at - t < 2 * 86400);
                ROW(i, !last_day || o.local / 86400 == last_day + 1);
                last_day = o.local / 86400;
                t = o.at;
            }
        }
        zone_free(z);
    }
}

static void test_what_is_said_of_a_run(void **state)
{
    (void)state;
    static const struct {
        int hour, minute;
        const char *from, *note;
    } rows[] = {
        {2, 30, "2026-03-28T12:00:00Z", "02:30 is skipped, as clocks go forward: at 03:00"},
        {2, 30, "2026-10-24T12:00:00Z", "02:30 comes twice, as clocks go back: the first"},
        {12, 0, "2026-03-28T12:00:00Z", "clocks went forward by 60 min since the run before"},
        {12, 0, "2026-10-24T12:00:00Z", "clocks went back by 60 min since the run before"},
        {12, 0, "2026-06-24T12:00:00Z", ""},
    };
    struct zone *z = zone_named("Europe/Berlin");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rule_cfg r = rule(RULE_STOP, rows[i].hour, rows[i].minute, "");
        struct str note = STR(256);
        int64_t from = at(rows[i].from);
        struct occurrence before = rule_last(z, &r, from), o = rule_next(z, &r, from);
        occurrence_note(&r, &o, before.offset_s, &note);
        ROW_TEXT(i, str_text(&note), rows[i].note);
        str_release(&note);
    }
    zone_free(z);
}

/* One rule, "stop at 02:00 UTC daily" with a window of two hours, last due on the 20th at 02:00. */
static void test_due_missed_and_never_twice(void **state)
{
    (void)state;
    const int64_t due = at("2026-11-20T02:00:00Z"), long_ago = due - 30 * 86400;
    const struct {
        struct record record;
        bool skip;     /* missed: skip */
        int64_t now_s; /* behind 02:00 */
        enum due_what what;
        bool late;
    } rows[] = {
        /* on time, once */
        {{.since = long_ago, .at = due - 86400, .state = RECORD_DONE}, false, 0, DUE_RUN, false},
        {{.since = long_ago, .at = due - 86400, .state = RECORD_DONE}, false, -1, DUE_NOTHING, 1},
        {{.since = long_ago, .at = due, .state = RECORD_DONE}, false, 1, DUE_NOTHING, false},
        {{.since = long_ago, .at = due, .state = RECORD_SKIPPED}, false, 60, DUE_NOTHING, false},
        {{.since = long_ago}, false, 900, DUE_RUN, false},
        /* skip means what was missed, not what comes a little late */
        {{.since = long_ago}, true, 900, DUE_RUN, false},
        {{.since = long_ago}, true, 1201, DUE_SKIP, true},
        {{.since = long_ago}, false, 1201, DUE_RUN, true},
        {{.since = long_ago}, false, 7200, DUE_RUN, true},
        {{.since = long_ago}, false, 7201, DUE_SKIP, true},
        /* a rule that was written after 02:00 begins tomorrow */
        {{.since = due}, false, 10, DUE_NOTHING, false},
        {{.since = due + 300}, false, 600, DUE_NOTHING, false},
        {{.since = due - 1}, false, 10, DUE_RUN, false},
        /* cut short, or failed: again, within the window */
        {{.since = long_ago, .at = due, .state = RECORD_BEGUN}, false, 900, DUE_RUN, false},
        {{.since = long_ago, .at = due, .state = RECORD_FAILED}, false, 3600, DUE_RUN, true},
        {{.since = long_ago, .at = due, .state = RECORD_FAILED}, true, 3600, DUE_RUN, true},
        {{.since = long_ago, .at = due, .state = RECORD_FAILED}, false, 7201, DUE_SKIP, true},
        /* somebody plays: again when it is time, however long they play */
        {{.since = long_ago, .at = due, .state = RECORD_WAITING, .look_at = due + 900},
         false,
         899,
         DUE_LATER,
         false},
        {{.since = long_ago, .at = due, .state = RECORD_WAITING, .look_at = due + 900},
         false,
         900,
         DUE_RUN,
         false},
        {{.since = long_ago, .at = due, .state = RECORD_WAITING, .look_at = due + 900},
         false,
         20 * 3600,
         DUE_RUN,
         true},
        /* the clock was put back by a day: what was done then is not done again */
        {{.since = long_ago, .at = due + 86400, .state = RECORD_DONE}, false, 5, DUE_NOTHING, 0},
        {{.since = long_ago, .at = due + 86400, .state = RECORD_WAITING}, false, 5, DUE_NOTHING, 0},
    };
    struct zone *z = zone_named("UTC");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rule_cfg r = rule(RULE_STOP, 2, 0, "");
        r.catch_up = !rows[i].skip;
        struct verdict v;
        const struct zone *const zs[] = {z};
        schedule_judge(&r, zs, &rows[i].record, 1, due + rows[i].now_s, &v);
        ROW(i, v.what == rows[i].what);
        ROW(i, v.late == rows[i].late);
        ROW(i, (v.why != NULL) == (v.what == DUE_SKIP));
    }
    zone_free(z);
}

/* A computer that was off from the 19th in the evening: of a server's rules the last one counts. */
static void test_the_last_rule_of_a_server_counts(void **state)
{
    (void)state;
    static const struct {
        const char *now;
        enum record_state stop_state; /* of the stop at 02:00 of the same day */
        enum due_what stop, start;
    } rows[] = {
        {"2026-11-20T02:00:00Z", RECORD_NONE, DUE_RUN, DUE_SKIP},
        {"2026-11-20T03:59:00Z", RECORD_NONE, DUE_RUN, DUE_SKIP},
        {"2026-11-20T19:30:00Z", RECORD_NONE, DUE_SKIP, DUE_RUN},
        {"2026-11-20T19:30:00Z", RECORD_WAITING, DUE_SKIP, DUE_RUN},
        {"2026-11-20T19:29:00Z", RECORD_WAITING, DUE_RUN, DUE_SKIP},
        {"2026-11-20T19:30:00Z", RECORD_DONE, DUE_NOTHING, DUE_RUN},
    };
    struct zone *z = zone_named("UTC");
    const struct zone *const zs[] = {z, z};
    const struct rule_cfg rules[] = {rule(RULE_STOP, 2, 0, ""), rule(RULE_START, 19, 30, "")};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct record records[2] = {{.since = 1}, {.since = 1}};
        struct verdict v[2];
        if (rows[i].stop_state != RECORD_NONE)
            records[0] = (struct record){
                .since = 1, .at = at("2026-11-20T02:00:00Z"), .state = rows[i].stop_state};
        schedule_judge(rules, zs, records, 2, at(rows[i].now), v);
        ROW(i, v[0].what == rows[i].stop);
        ROW(i, v[1].what == rows[i].start);
    }
    zone_free(z);
}

static void test_how_often_to_look(void **state)
{
    (void)state;
    static const struct {
        int minutes[3], again_min, every;
    } rows[] = {
        {{0, 0, 0}, 15, 15},    {{120, 1170, 0}, 15, 15},  {{125, 0, 0}, 15, 5},
        {{120, 0, 0}, 20, 5},   {{123, 0, 0}, 15, 3},      {{61, 0, 0}, 15, 1},
        {{125, 123, 0}, 15, 1}, {{120, 135, 150}, 45, 15},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct rule_cfg rules[3];
        for (size_t k = 0; k < 3; k++) {
            rules[k] = rule(RULE_STOP, 0, rows[i].minutes[k], "");
            rules[k].unless_played = true;
            rules[k].again_s = rows[i].again_min * 60;
        }
        struct server_cfg s = {.schedule = rules, .n_rules = 3};
        struct config cfg = {.servers = &s, .n_servers = 1};
        ROW(i, schedule_every_min(&cfg) == rows[i].every);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_next_runs),
        cmocka_unit_test(test_once_a_day_for_a_year),
        cmocka_unit_test(test_what_is_said_of_a_run),
        cmocka_unit_test(test_due_missed_and_never_twice),
        cmocka_unit_test(test_the_last_rule_of_a_server_counts),
        cmocka_unit_test(test_how_often_to_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
