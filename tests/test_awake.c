/* The counting of holds and the words of the report. What the system is asked, and what it answers,
 * is played by this file in place of the system's own; that one is tried by e2e/test_awake.py. */
#include "../src/platform/awake_os.h"
#include "unit.h"
#include <pthread.h>

struct awake_os {
    enum awake_what what;
};

static struct {
    int held[AWAKE_WHATS], taken[AWAKE_WHATS];
    bool refuse[AWAKE_WHATS];
    const char *lacks;
    char why[64];
} played;

struct awake_os *awake_os_take(enum awake_what what, const char *why, struct awake_part *got)
{
    played.taken[what]++;
    str_copy(played.why, sizeof played.why, why);
    got->held = !played.refuse[what];
    str_copy(got->by, sizeof got->by, got->held ? "logind" : "");
    str_copy(got->lacks, sizeof got->lacks, played.lacks ? played.lacks : "");
    if (!got->held)
        return NULL;
    played.held[what]++;
    struct awake_os *os = xcalloc(1, sizeof *os);
    os->what = what;
    return os;
}

void awake_os_drop(struct awake_os *os)
{
    if (os)
        played.held[os->what]--;
    free(os);
}

static int forget(void **state)
{
    (void)state;
    memset(&played, 0, sizeof played);
    return 0;
}

static struct awake *hold(const char *why, bool display)
{
    struct awake_report got;
    return awake_hold(&(struct awake_opts){.why = why, .display = display}, &got);
}

static void assert_held(int system, int display)
{
    assert_int_equal(played.held[AWAKE_SYSTEM], system);
    assert_int_equal(played.held[AWAKE_DISPLAY], display);
}

static void test_holds_nest_by_count(void **state)
{
    (void)state;
    struct awake *first = hold("first", false);
    assert_held(1, 0);
    struct awake *second = hold("second", true), *third = hold("third", true);
    assert_held(1, 1);
    assert_int_equal(played.taken[AWAKE_SYSTEM], 1);
    assert_int_equal(played.taken[AWAKE_DISPLAY], 1);
    awake_release(first);
    assert_held(1, 1);
    awake_release(third);
    assert_held(1, 1);
    awake_release(second);
    assert_held(0, 0);
    awake_release(NULL);
    awake_release(hold("again", false));
    assert_held(0, 0);
    assert_int_equal(played.taken[AWAKE_SYSTEM], 2);
    assert_string_equal(played.why, "again");
}

static void test_a_refusal_is_asked_once_per_outermost_hold(void **state)
{
    (void)state;
    struct awake_report got[2];
    struct awake *holds[2];
    played.refuse[AWAKE_SYSTEM] = true;
    played.lacks = "there is no bus";
    for (size_t i = 0; i < 2; i++) {
        holds[i] = awake_hold(&(struct awake_opts){.why = "x"}, &got[i]);
        ROW(i, holds[i] && !got[i].system.held);
        ROW_TEXT(i, got[i].system.lacks, "there is no bus");
    }
    assert_int_equal(played.taken[AWAKE_SYSTEM], 1);
    awake_release(holds[0]);
    awake_release(holds[1]);
    played.refuse[AWAKE_SYSTEM] = false;
    struct awake *later = hold("x", false);
    assert_held(1, 0);
    awake_release(later);
    assert_held(0, 0);
}

static void test_what_people_are_told(void **state)
{
    static const struct {
        bool refuse, refuse_display, display;
        const char *lacks, *text;
    } rows[] = {
        {false, false, false, NULL,
         "this computer stays awake meanwhile (logind); closing its lid still puts it to sleep"},
        {false, false, false, "'sleep' is refused",
         "this computer stays awake meanwhile (logind; 'sleep' is refused); closing its lid still "
         "puts it to sleep"},
        {true, false, false, "no bus", "this computer may fall asleep meanwhile: no bus"},
        {true, true, true, "no bus",
         "this computer may fall asleep meanwhile: no bus; its display may go dark: no bus"},
        {false, false, true, NULL,
         "this computer stays awake meanwhile (logind); closing its lid still puts it to sleep; "
         "its display stays on (logind)"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct awake_report got;
        played.refuse[AWAKE_SYSTEM] = rows[i].refuse;
        played.refuse[AWAKE_DISPLAY] = rows[i].refuse_display;
        played.lacks = rows[i].lacks;
        awake_release(
            awake_hold(&(struct awake_opts){.why = "x", .display = rows[i].display}, &got));
        ROW_TEXT(i, got.text, rows[i].text);
        ROW(i, got.display.held == (rows[i].display && !rows[i].refuse_display));
    }
}

static void test_a_long_reason_is_cut_not_overrun(void **state)
{
    char lacks[4 * AWAKE_TEXT];
    struct awake_report got;
    (void)state;
    memset(lacks, 'x', sizeof lacks - 1);
    lacks[sizeof lacks - 1] = '\0';
    played.lacks = lacks;
    played.refuse[AWAKE_SYSTEM] = played.refuse[AWAKE_DISPLAY] = true;
    awake_release(awake_hold(&(struct awake_opts){.why = "x", .display = true}, &got));
    assert_true(strlen(got.text) > AWAKE_TEXT && strlen(got.text) < sizeof got.text);
}

static void *hold_often(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        struct awake *one = hold("x", i % 3 == 0);
        awake_release(one);
    }
    return arg;
}

static void test_from_many_threads(void **state)
{
    pthread_t threads[4];
    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hold_often, NULL), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_held(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_holds_nest_by_count, forget),
        cmocka_unit_test_setup(test_a_refusal_is_asked_once_per_outermost_hold, forget),
        cmocka_unit_test_setup(test_what_people_are_told, forget),
        cmocka_unit_test_setup(test_a_long_reason_is_cut_not_overrun, forget),
        cmocka_unit_test_setup(test_from_many_threads, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
