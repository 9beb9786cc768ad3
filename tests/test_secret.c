#include "unit.h"
#include <dogs/secret.h>

static void test_a_secret_is_kept(void **state)
{
    static const char *const rows[] = {"dop_v1_0123456789abcdef", "with blanks and \xC3\xA4", "x"};
    (void)state;
    for (size_t i = 0; secret_keeper() && i < COUNT(rows); i++) {
        struct err e = {0};
        struct str got = STR(SECRET_MAX);
        OK(secret_save("unit-test", rows[i], &e), e);
        OK(secret_load("unit-test", &got, &e), e);
        ROW_TEXT(i, str_text(&got), rows[i]);
        str_release(&got);
        OK(secret_forget("unit-test", &e), e);
        ROW(i, !secret_load("unit-test", &got, &e) && e.code == ERR_NOT_FOUND);
    }
}

static void test_what_is_too_long_is_refused(void **state)
{
    char *text = xcalloc(1, SECRET_MAX + 2);
    struct err e = {0};
    (void)state;
    memset(text, 'x', SECRET_MAX + 1);
    assert_false(secret_save("unit-test", text, &e));
    assert_int_equal(e.code, ERR_CONFIG);
    free(text);
}

static void test_without_a_keeper_the_other_ways_are_named(void **state)
{
    struct err e = {0};
    struct str got = STR(SECRET_MAX);
    (void)state;
    OK(secret_forget("unit-test-absent", &e), e);
    assert_false(secret_load("unit-test-absent", &got, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    if (secret_keeper())
        return;
    e = (struct err){0};
    assert_false(secret_save("unit-test", "x", &e));
    assert_non_null(strstr(e.hint, "token_command"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_secret_is_kept),
        cmocka_unit_test(test_what_is_too_long_is_refused),
        cmocka_unit_test(test_without_a_keeper_the_other_ways_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
