/* The zones of this computer's own database, held against the C library, which reads the same files
 * with other code. */
#include "unit.h"
#include <dogs/os.h>
#include <dogs/when.h>
#include <dogs/zone.h>

static const char *const names[] = {
    "Europe/Berlin",       "America/New_York",
    "Australia/Lord_Howe", "Asia/Kathmandu",
    "Africa/Casablanca",   "UTC",
    "Europe/Dublin",       "America/Nuuk",
    "Pacific/Apia",        "Asia/Tehran",
    "America/St_Johns",    "Antarctica/Troll",
    "Pacific/Chatham",     "America/Argentina/Buenos_Aires",
    "Africa/El_Aaiun",     "Asia/Gaza",
};

static struct zone *open_zone(const char *name)
{
    struct zone *z = NULL;
    struct err e = {0};
    if (!zone_open(name, &z, &e) && e.code == ERR_FAILED)
        skip();
    if (!z)
        fail_msg("%s: %s", name, e.text);
    return z;
}

static long offset_of_libc(int64_t t)
{
    time_t when = (time_t)t;
    struct tm tm;
    assert_non_null(localtime_r(&when, &tm));
    return tm.tm_gmtoff;
}

static void test_against_the_c_library(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct zone *z = open_zone(names[i]);
        setenv("TZ", names[i], 1);
        tzset();
        for (int n = 0; n < 2000; n++) {
            int64_t t = (int64_t)(unit_random() % 8000000000u) - 2000000000;
            ROW(i, zone_at(z, t).offset_s == offset_of_libc(t));
        }
        /* Both sides of every change up to the year 2100. */
        for (int64_t t = -2000000000; zone_next(z, t, &t) && t < 4102444800;) {
            ROW(i, zone_at(z, t).offset_s == offset_of_libc(t));
            ROW(i, zone_at(z, t - 1).offset_s == offset_of_libc(t - 1));
            ROW(i, zone_at(z, t - 1).offset_s != zone_at(z, t).offset_s);
        }
        unsetenv("TZ");
        zone_free(z);
    }
}

static void test_a_real_file_cut_at_every_byte(void **state)
{
    (void)state;
    struct str bytes = STR(ZONE_MAX_FILE);
    struct err e = {0};
    if (!os_read_file("/usr/share/zoneinfo/Africa/Casablanca", ZONE_MAX_FILE, &bytes, &e))
        skip();
    for (size_t len = 0; len < bytes.len; len++) {
        struct zone *z = NULL;
        char *exact = xmalloc(len ? len : 1);
        memcpy(exact, str_text(&bytes), len);
        ROW(len, !zone_parse(exact, len, &z, &e));
        ROW(len, e.code == ERR_PROTOCOL);
        free(exact);
    }
    str_release(&bytes);
}

static void test_a_zone_that_is_not_there(void **state)
{
    (void)state;
    struct zone *z = NULL;
    struct err e = {0};
    assert_false(zone_open("Europe/Atlantis", &z, &e));
    assert_true(e.code == ERR_NOT_FOUND || e.code == ERR_FAILED);
    assert_true(e.hint[0]);
    /* Leap seconds are no Unix time. */
    if (os_exists("/usr/share/zoneinfo/right/UTC")) {
        assert_false(zone_open("right/UTC", &z, &e));
        assert_int_equal(e.code, ERR_PROTOCOL);
    }
}

static void test_the_zone_of_here(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *here;
    } rows[] = {
        {"Europe/Berlin", "Europe/Berlin"},
        {":Asia/Kathmandu", "Asia/Kathmandu"},
        {"/usr/share/zoneinfo/America/New_York", "America/New_York"},
    };
    char here[ZONE_NAME];
    for (size_t i = 0; i < COUNT(rows); i++) {
        setenv("TZ", rows[i].variable, 1);
        zone_here(here);
        ROW_TEXT(i, here, rows[i].here);
    }
    unsetenv("TZ");
    zone_here(here);
    zone_free(open_zone(here));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_c_library),
        cmocka_unit_test(test_a_real_file_cut_at_every_byte),
        cmocka_unit_test(test_a_zone_that_is_not_there),
        cmocka_unit_test(test_the_zone_of_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
