#include "unit.h"
#include <dogs/when.h>

static const struct {
    int64_t t;
    const char *iso, *http;
} moments[] = {
    {0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {-1, "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
    {784111777, "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
    {951782400, "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
    {951868800, "2000-03-01T00:00:00Z", "Wed, 01 Mar 2000 00:00:00 GMT"},
    {1709251199, "2024-02-29T23:59:59Z", "Thu, 29 Feb 2024 23:59:59 GMT"},
    {1795197600, "2026-11-20T18:00:00Z", "Fri, 20 Nov 2026 18:00:00 GMT"},
    {2147483647, "2038-01-19T03:14:07Z", "Tue, 19 Jan 2038 03:14:07 GMT"},
    {2147483648, "2038-01-19T03:14:08Z", "Tue, 19 Jan 2038 03:14:08 GMT"},
    {4107542399, "2100-02-28T23:59:59Z", "Sun, 28 Feb 2100 23:59:59 GMT"},
    {4107542400, "2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 GMT"},
    {253402300799, "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
};

static void test_known_moments(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(moments); i++) {
        char iso[WHEN_TEXT], http[WHEN_TEXT];
        int64_t from_iso = 5, from_http = 5;
        when_to_iso(moments[i].t, iso);
        when_to_http(moments[i].t, http);
        ROW_TEXT(i, iso, moments[i].iso);
        ROW_TEXT(i, http, moments[i].http);
        ROW(i, when_from_iso(iso, &from_iso) && from_iso == moments[i].t);
        ROW(i, when_from_http(http, &from_http) && from_http == moments[i].t);
    }
}

static void test_every_day_comes_back(void **state)
{
    int64_t t = -62135596800; /* 0001-01-01 */
    (void)state;
    for (int64_t n = 0; t < 253402300800; n++, t += 86400 * 3 + 86399) {
        char iso[WHEN_TEXT], http[WHEN_TEXT];
        int64_t a = 0, b = 0;
        when_to_iso(t, iso);
        when_to_http(t, http);
        if (!when_from_iso(iso, &a) || !when_from_http(http, &b) || a != t || b != t)
            fail_msg("%lld: %s, %s", (long long)t, iso, http);
    }
}

static void test_iso_forms(void **state)
{
    static const struct {
        const char *text;
        int64_t t; /* -1 = refused */
    } rows[] = {
        {"2026-11-20T19:00:00+01:00", 1795197600},
        {"2026-11-20T12:30:00-05:30", 1795197600},
        {"2026-11-21T00:00:00+06:00", 1795197600},
        {"2026-11-20T18:00:00+00:00", 1795197600},
        {"2026-11-20T18:00:00-00:30", 1795197600 + 1800},
        {"2026-11-20T18:00:00.123Z", 1795197600},
        {"2026-11-20T18:00:00.999999999+00:00", 1795197600},
        {"2016-12-31T23:59:60Z", 1483228800},
        {"2026-11-20T18:00:00", -1},
        {"2026-11-20 18:00:00Z", -1},
        {"2026-11-20T18:00Z", -1},
        {"2026-11-20", -1},
        {"", -1},
        {"yesterday", -1},
        {"2026-13-01T00:00:00Z", -1},
        {"2026-00-01T00:00:00Z", -1},
        {"2026-01-00T00:00:00Z", -1},
        {"2026-01-32T00:00:00Z", -1},
        {"2026-02-29T00:00:00Z", -1},
        {"2024-02-30T00:00:00Z", -1},
        {"2100-02-29T00:00:00Z", -1},
        {"2026-04-31T00:00:00Z", -1},
        {"2026-01-01T24:00:00Z", -1},
        {"2026-01-01T00:60:00Z", -1},
        {"2026-01-01T00:00:61Z", -1},
        {"2026-01-01T00:00:00+24:00", -1},
        {"2026-01-01T00:00:00+01:60", -1},
        {"2026-01-01T00:00:00+01:00x", -1},
        {"2026-01-01T00:00:00Zx", -1},
        {"2026-01-01T00:00:00+0100", -1},
        {"0000-01-01T00:00:00Z", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t t = -1;
        ROW(i, when_from_iso(rows[i].text, &t) == (rows[i].t != -1));
        ROW(i, t == rows[i].t);
    }
}

static void test_http_forms(void **state)
{
    static const char *const refused[] = {
        "",
        "now",
        "1795197600",
        "Fri, 20 Foo 2026 18:00:00 GMT",
        "Fri, 20 anF 2026 18:00:00 GMT",
        "Fri, 20 Ja 2026 18:00:00 GMT",
        "Fri, 32 Nov 2026 18:00:00 GMT",
        "Fri, 31 Nov 2026 18:00:00 GMT",
        "Fri, 20 Nov 2026 25:00:00 GMT",
        "Fri, 20 Nov 2026 18:00 GMT",
        "Fri, 20 Nov 2026 18:00:00 +0100",
        "Fri, 20 Nov 2026 18:00:00 CET",
        "Fri, 20 Nov 2026 18:00:00",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        int64_t t = 7;
        ROW(i, !when_from_http(refused[i], &t));
        ROW(i, t == 7);
    }
}

static void test_extremes_stay_in_their_room(void **state)
{
    static const int64_t rows[] = {INT64_MIN, INT64_MIN + 86400, -62135596801, 253402300800,
                                   INT64_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[WHEN_TEXT];
        when_to_iso(rows[i], text);
        ROW(i, strlen(text) < WHEN_TEXT);
        when_to_http(rows[i], text);
        ROW(i, strlen(text) < WHEN_TEXT);
        when_span(rows[i], text);
        ROW(i, strlen(text) < WHEN_TEXT);
    }
}

static void test_span(void **state)
{
    static const struct {
        int64_t s;
        const char *text;
    } rows[] = {
        {-5, "0 s"},
        {0, "0 s"},
        {45, "45 s"},
        {119, "119 s"},
        {120, "2 min 00 s"},
        {200, "3 min 20 s"},
        {3599, "59 min 59 s"},
        {3600, "1 h 00 min"},
        {7500, "2 h 05 min"},
        {48 * 3600 - 1, "47 h 59 min"},
        {48 * 3600, "2 d 0 h"},
        {3 * 86400 + 4 * 3600 + 59, "3 d 4 h"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[WHEN_TEXT];
        when_span(rows[i].s, text);
        ROW_TEXT(i, text, rows[i].text);
    }
}

static void test_span_back(void **state)
{
    static const struct {
        const char *text;
        int64_t s; /* -1 = refused */
    } rows[] = {
        {"0", 0},
        {"90", 90},
        {"90s", 90},
        {"45m", 2700},
        {"2h", 7200},
        {"1h30m", 5400},
        {"1d", 86400},
        {" 1 d 4 h ", 100800},
        {"3 min 20 s", 200},
        {"1m30", 90},
        {"36500d", (int64_t)36500 * 86400},
        {"", -1},
        {" ", -1},
        {"h", -1},
        {"2x", -1},
        {"2 hours", -1},
        {"-1", -1},
        {"+1", -1},
        {"1.5h", -1},
        {"1h2h", -1},
        {"5m1h", -1},
        {"36501d", -1},
        {"36500d1s", -1},
        {"9223372036854775808", -1},
        {"99999999999999999999d", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t s = -1;
        ROW(i, when_from_span(rows[i].text, &s) == (rows[i].s >= 0));
        ROW(i, s == rows[i].s);
    }
    for (int64_t t = 0; t < 400000; t = t * 5 / 4 + 7) {
        char text[WHEN_TEXT];
        int64_t back = -1;
        when_span(t, text);
        ROW(t, when_from_span(text, &back) && back <= t && t - back < 3600);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_moments),
        cmocka_unit_test(test_every_day_comes_back),
        cmocka_unit_test(test_iso_forms),
        cmocka_unit_test(test_http_forms),
        cmocka_unit_test(test_extremes_stay_in_their_room),
        cmocka_unit_test(test_span),
        cmocka_unit_test(test_span_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
