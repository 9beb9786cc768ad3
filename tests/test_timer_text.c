#include "unit.h"
#include <dogs/timer.h>

/* A path with all that some scheduler or shell would take for its own. */
#define ODD "/home/o'neil & <sons>/100% \"dogs\"\\$x"

static char *const argv_plain[] = {"/usr/bin/dogs", "--config", "/home/a/config.yaml",
                                   "schedule",      "run",      NULL};
static char *const argv_odd[] = {ODD, "schedule", "run", NULL};
static const char *const env_odd[] = {"DOGS_STATE_DIR=" ODD, NULL};
static const int64_t wakes[] = {1795226400, 1795831200};

static struct timer_opts opts(char *const *argv, const char *const *env, int every)
{
    return (struct timer_opts){.name = "dogs-1a2b3c4d",
                               .what = "dogs: stops & starts servers",
                               .argv = argv,
                               .env = env,
                               .every_min = every,
                               .wakes = wakes,
                               .n_wakes = 2};
}

#define FIRST "# >>> dogs-1a2b3c4d: made by dogs, which replaces what is between these lines\n"
#define LAST "# <<< dogs-1a2b3c4d\n"
#define OURS FIRST "*/5 * * * * x\n" LAST
#define NEW FIRST "*/15 * * * * y\n" LAST
#define OTHER "# >>> dogs-99999999: made by dogs, which replaces what is between these lines\n"

static void test_a_crontab_is_edited(void **state)
{
    (void)state;
    static const struct {
        const char *table, *with, *without; /* NULL = refused */
        int every;                          /* of what was there; -1 = nothing */
    } rows[] = {
        {"", NEW, "", -1},
        {"# mine\n", "# mine\n" NEW, "# mine\n", -1},
        {"no newline", "no newline\n" NEW, "no newline", -1},
        {OURS, NEW, "", 5},
        {"a\n" OURS "b\n", "a\n" NEW "b\n", "a\nb\n", 5},
        {"a\n\n" OURS "\n\tb", "a\n\n" NEW "\n\tb", "a\n\n\n\tb", 5},
        {"\r\n\xff\x01\n" OURS, "\r\n\xff\x01\n" NEW, "\r\n\xff\x01\n", 5},
        /* another configuration's */
        {OTHER "z\n# <<< dogs-99999999\n", OTHER "z\n# <<< dogs-99999999\n" NEW,
         OTHER "z\n# <<< dogs-99999999\n", -1},
        {FIRST "*/15 * * * * x\n# <<< dogs-1a2b3c4d", NEW, "", 15},
        {FIRST "* * * * * x\n" LAST, NEW, "", 1},
        /* marks without order: whose lines are these? */
        {"a\n" FIRST "b\n", NULL, NULL, 0},
        {"a\n" LAST "b\n", NULL, NULL, 0},
        {LAST "a\n" FIRST, NULL, NULL, 0},
        {OURS OURS, NULL, NULL, 0},
        {FIRST OURS, NULL, NULL, 0},
        {OURS LAST, NULL, NULL, 0},
        /* no marks of ours */
        {"x" FIRST, "x" FIRST NEW, "x" FIRST, -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str with = STR(4096), without = STR(4096);
        struct err e = {0};
        bool had = false;
        int every = 0;
        bool ok = timer_cron_edit(rows[i].table, "dogs-1a2b3c4d", "*/15 * * * * y\n", &with, &had,
                                  &every, &e);
        ROW(i, ok == (rows[i].with != NULL));
        ROW(i, ok || (e.code == ERR_CONFIG && strstr(e.hint, "crontab -e")));
        ROW(i, ok == timer_cron_edit(rows[i].table, "dogs-1a2b3c4d", NULL, &without, &had, &every,
                                     &e));
        if (ok) {
            ROW_TEXT(i, str_text(&with), rows[i].with);
            ROW_TEXT(i, str_text(&without), rows[i].without);
            ROW(i, had == (rows[i].every >= 0) && (!had || every == rows[i].every));
        }
        str_release(&with);
        str_release(&without);
    }
}

static void test_lines_for_cron(void **state)
{
    (void)state;
    struct str out = STR(4096);
    struct err e = {0};
    struct timer_opts o = opts(argv_odd, env_odd, 1);
    OK(timer_cron_line(&o, &out, &e), e);
    assert_string_equal(str_text(&out),
                        "* * * * * DOGS_STATE_DIR='/home/o'\\''neil & <sons>/100\\% \"dogs\"\\$x' "
                        "'/home/o'\\''neil & <sons>/100\\% \"dogs\"\\$x' 'schedule' 'run' "
                        ">/dev/null 2>&1\n");
    str_release(&out);
    char *const broken[] = {"/a\nb", NULL};
    o = opts(broken, NULL, 15);
    assert_false(timer_cron_line(&o, &out, &e));
    assert_int_equal(e.code, ERR_CONFIG);
    assert_false(timer_systemd_service(&o, &out, &e));
    assert_false(timer_task_xml(&o, false, 0, &out, &e));
    assert_false(timer_launchd_agent(&o, &out, &e));
    const char *const bad_env[] = {"A=b\n* * * * * rm", NULL};
    o = opts(argv_plain, bad_env, 15);
    assert_false(timer_cron_line(&o, &out, &e));
    str_release(&out);
}

static void test_units_for_systemd(void **state)
{
    (void)state;
    struct str out = STR(4096);
    struct err e = {0};
    struct timer_opts o = opts(argv_odd, env_odd, 5);
    OK(timer_systemd_service(&o, &out, &e), e);
    assert_string_equal(
        str_text(&out),
        "[Unit]\nDescription=dogs: stops & starts servers\n\n[Service]\nType=oneshot\n"
        "Environment=\"DOGS_STATE_DIR=/home/o'neil & <sons>/100%% \\\"dogs\\\"\\\\$x\"\n"
        "ExecStart=\"/home/o'neil & <sons>/100%% \\\"dogs\\\"\\\\$$x\" \"schedule\" \"run\"\n");
    str_release(&out);
    timer_systemd_timer(&o, &out);
    assert_non_null(strstr(str_text(&out), "OnCalendar=*-*-* *:00/5:00 UTC\n"));
    str_release(&out);
}

/* The files beside this test, which test_timer_files.py holds against what the systems want. */
static void test_files_for_windows_and_macos(void **state)
{
    (void)state;
    const struct {
        const char *file;
        char *const *argv;
        const char *const *env;
        bool agent, wake;
    } rows[] = {
        {"tests/timer/task.xml", argv_odd, NULL, false, false},
        {"tests/timer/task-wake.xml", argv_plain, NULL, false, true},
        {"tests/timer/agent.plist", argv_odd, env_odd, true, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str out = STR(16384), file = STR(16384);
        struct err e = {0};
        struct timer_opts o = opts(rows[i].argv, rows[i].env, 15);
        bool made = rows[i].agent ? timer_launchd_agent(&o, &out, &e)
                                  : timer_task_xml(&o, rows[i].wake, 1795226399, &out, &e);
        OK(made, e);
        FILE *f = fopen(rows[i].file, getenv("DOGS_GOLDEN") ? "w+b" : "rb");
        assert_non_null(f);
        if (getenv("DOGS_GOLDEN"))
            assert_int_equal(fwrite(str_text(&out), 1, out.len, f), out.len);
        rewind(f);
        char bytes[4096];
        for (size_t n; (n = fread(bytes, 1, sizeof bytes, f)) > 0;)
            str_addn(&file, bytes, n);
        fclose(f);
        ROW_TEXT(i, str_text(&out), str_text(&file));
        str_release(&out);
        str_release(&file);
    }
}

static void test_what_is_too_long_is_refused(void **state)
{
    (void)state;
    struct str out = STR(50);
    struct err e = {0};
    struct timer_opts o = opts(argv_plain, NULL, 15);
    assert_false(timer_cron_line(&o, &out, &e));
    str_clear(&out);
    assert_false(timer_task_xml(&o, true, 0, &out, &e));
    str_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_crontab_is_edited),
        cmocka_unit_test(test_lines_for_cron),
        cmocka_unit_test(test_units_for_systemd),
        cmocka_unit_test(test_files_for_windows_and_macos),
        cmocka_unit_test(test_what_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
