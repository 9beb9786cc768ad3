#include "../src/core/stay.h"
#include "unit.h"
#include <dogs/core.h>
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = 1790000000 };
static char dir[] = "/tmp/dogs-stay-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    struct err e = {0};
    (void)state;
    (void)stay_set(dir, "mc", 0, &e);
    return rmdir(dir);
}

static void test_set(void **state)
{
    struct err e = {0};

    (void)state;
    assert_int_equal(stay_until(dir, "mc", NOW), 0);
    assert_true(stay_set(dir, "mc", NOW + 60, &e));
    assert_int_equal(stay_until(dir, "mc", NOW), NOW + 60);
    assert_int_equal(stay_until(dir, "mc2", NOW), 0);
    assert_int_equal(stay_until(dir, "mc", NOW + 60), 0);
    assert_true(stay_set(dir, "mc", NOW + 90, &e));
    assert_int_equal(stay_until(dir, "mc", NOW), NOW + 90);
    assert_true(stay_set(dir, "mc", 0, &e));
    assert_int_equal(stay_until(dir, "mc", NOW), 0);
    assert_true(stay_set(dir, "mc", 0, &e));
    assert_true(stay_set(dir, "mc", NOW + CORE_STAY_MAX_S, &e));
    assert_int_equal(stay_until(dir, "mc", NOW), NOW + CORE_STAY_MAX_S);
    /* A clock that jumped back, or a file of somebody else's making. */
    assert_int_equal(stay_until(dir, "mc", NOW - 1), 0);
}

static void test_rubbish(void **state)
{
    static const char *const rows[] = {
        "",
        "\n",
        "x",
        "-5",
        "17900000601790000060",
        "1790000060x",
        "1790000060 1",
        "\x80\xff",
        "17900000601790000060179000006017900000601790000060179000006017900000601790000060",
    };
    char *path = os_path_join(dir, "mc.stay");
    struct err e = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(os_replace_file(path, rows[i], strlen(rows[i]), &e));
        if (stay_until(dir, "mc", NOW))
            fail_msg("row %zu", i);
    }
    assert_true(os_replace_file(path, "1790000060\r\n", 12, &e));
    assert_int_equal(stay_until(dir, "mc", NOW), NOW + 60);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_rubbish),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
