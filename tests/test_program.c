#include "unit.h"
#include <dogs/os.h>
#include <dogs/work.h>
#include <signal.h>

enum { LONG_MS = 60000 };

static bool run(const char *script, const char *input, size_t len, size_t max, struct str *out,
                struct str *errors, int *status, struct err *e)
{
    char *argv[] = {"sh", "-c", (char *)script, NULL};
    return os_run_program(&(struct os_program){.argv = argv,
                                               .input = input,
                                               .input_len = len,
                                               .timeout_ms = LONG_MS,
                                               .max_output = max},
                          out, errors, status, e);
}

static void test_what_it_says(void **state)
{
    static const struct {
        const char *script, *input;
        size_t max;
        const char *out, *errors;
        int status;
        enum err_code code;
    } rows[] = {
        {"true", "", 10, "", "", 0, ERR_OK},
        {"cat", "a'b\"c\n", 10, "a'b\"c\n", "", 0, ERR_OK},
        {"echo out; echo err >&2; exit 3", "", 10, "out\n", "err\n", 3, ERR_OK},
        {"exec <&-; echo deaf", "nobody reads this", 10, "deaf\n", "", 0, ERR_OK},
        {"kill -9 $$", "", 10, "", "", 137, ERR_OK},
        {"exec >&- 2>&-; sleep 0.2; exit 4", "", 10, "", "", 4, ERR_OK},
        {"echo 123456789", "", 10, "123456789\n", "", 0, ERR_OK},
        {"echo 1234567890", "", 10, NULL, NULL, 0, ERR_FAILED},
        {"while :; do echo endless; done", "", 100000, NULL, NULL, 0, ERR_FAILED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct str out, errors;
        int status = -1;
        bool ok = run(rows[i].script, rows[i].input, strlen(rows[i].input), rows[i].max, &out,
                      &errors, &status, &e);
        ROW(i, ok == (rows[i].code == ERR_OK) && e.code == rows[i].code);
        if (ok) {
            ROW(i, status == rows[i].status);
            ROW_TEXT(i, str_text(&out), rows[i].out);
            ROW_TEXT(i, str_text(&errors), rows[i].errors);
        }
        str_release(&out);
        str_release(&errors);
    }
}

/* More than any pipe holds, both ways at once and on both outputs. */
static void test_much(void **state)
{
    enum { LEN = 4 << 20 };
    (void)state;
    char *input = xmalloc(LEN);
    for (size_t i = 0; i < LEN; i++)
        input[i] = (char)(i * 7 % 251);
    struct err e = {0};
    struct str out, errors;
    int status;
    OK(run("tee /dev/stderr", input, LEN, LEN, &out, &errors, &status, &e), e);
    assert_int_equal(out.len, LEN);
    assert_memory_equal(out.p, input, LEN);
    assert_true(errors.len > 1000 && errors.len <= 4096);
    assert_memory_equal(errors.p, input + LEN - errors.len, errors.len);
    str_release(&out);
    str_release(&errors);
    OK(run("head -c 10", input, LEN, LEN, &out, &errors, &status, &e), e);
    assert_int_equal(out.len, 10);
    str_release(&out);
    str_release(&errors);
    free(input);
}

static void trigger(void *cancel)
{
    cancel_sleep(NULL, 300);
    cancel_trigger(cancel);
}

/* What it started is ended with it: nothing of it writes the file. */
static void test_its_group_ends_with_it(void **state)
{
    static const struct {
        const char *script;
        int64_t timeout_ms;
        bool cancelled;
        enum err_code code;
    } rows[] = {
        {"(sleep 2; echo > %s) & wait", 300, false, ERR_TIMEOUT},
        {"(sleep 2; echo > %s) & wait", LONG_MS, true, ERR_INTERRUPTED},
        {"exec >&- 2>&-; sleep 2; echo > %s", 300, false, ERR_TIMEOUT},
        {"exec >&- 2>&-; sleep 2; echo > %s", LONG_MS, true, ERR_INTERRUPTED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct str out, errors;
        int status;
        char *path = xasprintf("%s/%zu", unit_dir, i);
        struct str script = STR(1000);
        const char *gap = strstr(rows[i].script, "%s");
        str_addn(&script, rows[i].script, (size_t)(gap - rows[i].script));
        str_addf(&script, "'%s'%s", path, gap + 2);
        struct cancel *c = cancel_new();
        struct thread *t = rows[i].cancelled ? thread_start(trigger, c) : NULL;
        char *argv[] = {"sh", "-c", script.p, NULL};
        ROW(i, !os_run_program(&(struct os_program){.argv = argv,
                                                    .timeout_ms = rows[i].timeout_ms,
                                                    .max_output = 10,
                                                    .cancel = c},
                               &out, &errors, &status, &e));
        ROW(i, e.code == rows[i].code);
        thread_join(t);
        cancel_free(c);
        str_release(&out);
        str_release(&errors);
        str_release(&script);
        free(path);
    }
    cancel_sleep(NULL, 2500);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *path = xasprintf("%s/%zu", unit_dir, i);
        ROW(i, !os_exists(path));
        free(path);
    }
}

static void test_what_is_not_there(void **state)
{
    char *argv[] = {"no-such-program-anywhere", NULL};
    struct err e = {0};
    struct str out, errors;
    int status;
    (void)state;
    assert_false(os_run_program(&(struct os_program){.argv = argv, .timeout_ms = LONG_MS}, &out,
                                &errors, &status, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "no-such-program-anywhere"));
}

static void test_tail(void **state)
{
    static const struct {
        const char *parts[4], *should;
    } rows[] = {
        {{"abc"}, "abc"},
        {{"abcdefgh"}, "abcdefgh"},
        {{"abcdefghij"}, "cdefghij"},
        {{"abcd", "efgh"}, "abcdefgh"},
        {{"abcdefgh", "i"}, "efghi"},
        {{"abcdefgh", "ijklmn"}, "ghijklmn"},
        {{"abcdefgh", "ijklmnop"}, "ijklmnop"},
        {{"ab", "cdefghi", "jk"}, "fghijk"},
        {{"", "a", ""}, "a"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str tail = STR(8);
        for (size_t k = 0; k < 4 && rows[i].parts[k]; k++)
            os_tail(&tail, rows[i].parts[k], strlen(rows[i].parts[k]));
        ROW_TEXT(i, str_text(&tail), rows[i].should);
        str_release(&tail);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_it_says),
        cmocka_unit_test(test_much),
        cmocka_unit_test(test_what_is_not_there),
        cmocka_unit_test(test_its_group_ends_with_it),
        cmocka_unit_test(test_tail),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
