#include "unit.h"
#include <dogs/os.h>
#include <dogs/work.h>
#include <time.h>

/* "Spieler ä" and a game controller, which UTF-16 needs two units for. */
#define ODD "Spieler \xC3\xA4 \xF0\x9F\x8E\xAE"

static void test_odd_names_and_long_paths(void **state)
{
    struct err e = {0};
    struct str text;
    char **names, *deep = xstrdup(in_dir(ODD));
    (void)state;
    for (int i = 0; i < 12; i++) {
        char *next = os_path_join(deep, "a folder whose name has forty letters...x");
        free(deep);
        deep = next;
    }
    assert_true(strlen(deep) > 400);
    OK(os_mkdirs(deep, &e), e);
    OK(os_mkdirs(deep, &e), e);
    char *file = os_path_join(deep, ODD ".txt");
    for (int i = 0; i < 2; i++)
        OK(os_replace_file(file, "text", 4, &e), e);
    assert_true(os_exists(file));
    OK(os_read_file(file, 10, &text, &e), e);
    assert_string_equal(str_text(&text), "text");
    str_release(&text);
    OK(os_list_dir(deep, &names, &e), e);
    assert_string_equal(names[0], ODD ".txt");
    assert_null(names[1]);
    os_list_free(names);
    assert_false(os_read_file(file, 3, &text, &e));
    assert_int_equal(e.code, ERR_IO);
    OK(os_remove_file(file, &e), e);
    OK(os_remove_file(file, &e), e);
    assert_false(os_read_file(file, 10, &text, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    free(file);
    free(deep);
}

static void test_the_folder_of_a_path(void **state)
{
    static const struct {
        const char *path, *dir;
    } rows[] = {{"a", "."},
                {"a\\b", "a"},
                {"a/b", "a"},
                {"C:\\a", "C:\\"},
                {"C:\\a\\b", "C:\\a"},
                {"/a", "/"},
                {"\\\\s\\d\\f", "\\\\s\\d"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *dir = os_path_dir(rows[i].path);
        ROW_TEXT(i, dir, rows[i].dir);
        free(dir);
    }
}

static void test_a_replaced_file_may_be_open(void **state)
{
    struct err e = {0};
    struct os_log *log;
    (void)state;
    OK(os_log_open(in_dir("log"), &log, &e), e);
    OK(os_log_append(log, "one\n", 4, &e), e);
    struct os_log *again;
    OK(os_log_open(in_dir("log"), &again, &e), e);
    OK(os_log_append(again, "two\n", 4, &e), e);
    OK(os_log_append(log, "three\n", 6, &e), e);
    struct str text;
    OK(os_read_file(in_dir("log"), 100, &text, &e), e);
    assert_string_equal(str_text(&text), "one\ntwo\nthree\n");
    str_release(&text);
    os_log_close(again);
    os_log_close(log);
}

static void test_a_lock_is_one_at_a_time(void **state)
{
    struct os_lock *one, *two;
    struct err e = {0};
    (void)state;
    OK(os_lock_try(in_dir("lock"), &one, &e), e);
    assert_false(os_lock_try(in_dir("lock"), &two, &e));
    assert_int_equal(e.code, ERR_GUARD);
    os_lock_drop(one);
    os_lock_wait(in_dir("lock"), &two);
    assert_non_null(two);
    os_lock_drop(two);
}

static void test_commands(void **state)
{
    static const struct {
        const char *command;
        int timeout_ms;
        size_t max;
        enum err_code code;
        const char *said;
    } rows[] = {
        {"echo hello", 20000, 100, ERR_OK, "hello\r\n"},
        {"echo \"two words\" & echo more", 20000, 100, ERR_OK, "\"two words\" \r\nmore\r\n"},
        {"exit 3", 20000, 100, ERR_FAILED, "status 3"},
        {"echo too much", 20000, 5, ERR_FAILED, "more than 5 bytes"},
        {"ping -n 30 127.0.0.1 >NUL", 1000, 100, ERR_TIMEOUT, "within 1 s"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct str out;
        int64_t began = os_mono_ms();
        bool ok = os_run(rows[i].command, rows[i].timeout_ms, rows[i].max, &out, &e);
        ROW(i, e.code == rows[i].code && ok == (e.code == ERR_OK));
        ROW(i, os_mono_ms() - began < 15000);
        if (ok) {
            ROW_TEXT(i, str_text(&out), rows[i].said);
            str_release(&out);
        } else {
            ROW(i, strstr(e.text, rows[i].said));
        }
    }
}

static void test_clocks_and_sleep(void **state)
{
    struct cancel *c = cancel_new();
    (void)state;
    int64_t begin = os_mono_ms(), unix_ms = os_unix_ms();
    assert_in_range(unix_ms / 1000 + 2 - (int64_t)time(NULL), 0, 4);
    assert_false(cancel_sleep(c, 120));
    int64_t slept = os_mono_ms() - begin;
    assert_true(slept >= 100 && slept < 2000);
    cancel_trigger(c);
    begin = os_mono_ms();
    assert_true(cancel_sleep(c, 5000));
    assert_true(os_mono_ms() - begin < 1000);
    cancel_free(c);
}

static void test_environment(void **state)
{
    (void)state;
    _putenv("DOGS_TEST_EMPTY=");
    assert_null(os_env("DOGS_TEST_EMPTY"));
    assert_null(os_env("DOGS_TEST_ABSENT"));
    const char *root = os_env("SystemRoot");
    assert_non_null(root);
    assert_ptr_equal(root, os_env("SystemRoot"));
    char *dir = os_config_dir(), *exe = os_exe_dir();
    assert_true(dir && strstr(dir, "\\DOGS") && exe && os_exists(exe));
    free(dir);
    free(exe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odd_names_and_long_paths),
        cmocka_unit_test(test_the_folder_of_a_path),
        cmocka_unit_test(test_a_replaced_file_may_be_open),
        cmocka_unit_test(test_a_lock_is_one_at_a_time),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_clocks_and_sleep),
        cmocka_unit_test(test_environment),
    };
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
