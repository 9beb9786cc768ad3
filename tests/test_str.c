#include "unit.h"

static void test_builder_keeps_its_limit(void **state)
{
    static const struct {
        size_t limit;
        const char *first, *then, *result;
        bool full;
    } rows[] = {
        {10, "", "", "", false},
        {10, "abc", "def", "abcdef", false},
        {6, "abc", "def", "abcdef", false},
        {5, "abc", "def", "abcde", true},
        {3, "abc", "def", "abc", true},
        {0, "a", "", "", true},
        {0, "", "", "", false},
        {2, "abc", "", "ab", true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str a = STR(rows[i].limit), b = STR(rows[i].limit);
        bool ok = str_add(&a, rows[i].first);
        ok = str_add(&a, rows[i].then) && ok;
        ROW(i, ok == !rows[i].full && a.full == rows[i].full);
        ROW_TEXT(i, str_text(&a), rows[i].result);
        ROW(i, a.len == strlen(rows[i].result) && a.len <= a.max);
        ok = str_addf(&b, "%s%s", rows[i].first, rows[i].then);
        ROW(i, ok == !rows[i].full && b.full == rows[i].full);
        ROW_TEXT(i, str_text(&b), rows[i].result);
        str_clear(&a);
        ROW(i, a.len == 0 && !a.full && a.max == rows[i].limit);
        ROW_TEXT(i, str_text(&a), "");
        str_release(&a);
        ROW(i, a.p == NULL && a.max == rows[i].limit);
        char *mine = str_take(&b);
        ROW_TEXT(i, mine, rows[i].result);
        ROW(i, b.p == NULL && b.len == 0 && !b.full && b.max == rows[i].limit);
        free(mine);
    }
}

static void test_builder_grows(void **state)
{
    struct str s = STR(1000000);
    (void)state;
    for (int i = 0; i < 100000; i++)
        assert_true(str_addf(&s, "%d,", i % 10));
    assert_int_equal(s.len, 200000);
    assert_memory_equal(s.p + 199980, "0,1,2,3,4,5,6,7,8,9,", 20);
    assert_true(str_addn(&s, "\0x", 2));
    assert_int_equal(s.len, 200002);
    str_release(&s);
    str_release(&s);
    char *nothing = str_take(&s);
    assert_string_equal(nothing, "");
    free(nothing);
}

static void test_copies(void **state)
{
    char *a = xstrdup(""), *b = xstrndup("abcdef", 3), *c = xstrndup("ab", 9),
         *d = xasprintf("%s-%d", "mc", 5);
    (void)state;
    assert_string_equal(a, "");
    assert_string_equal(b, "abc");
    assert_string_equal(c, "ab");
    assert_string_equal(d, "mc-5");
    void *none = xmalloc(0);
    assert_non_null(none);
    none = xrealloc(none, 0);
    assert_non_null(none);
    unsigned char *zeroes = xcalloc(3, 4);
    for (int i = 0; i < 12; i++)
        assert_int_equal(zeroes[i], 0);
    free(a), free(b), free(c), free(d), free(none), free(zeroes);
}

static void test_copy_cuts_at_a_character(void **state)
{
    static const struct {
        size_t size;
        const char *from, *to;
        bool fits;
    } rows[] = {
        {4, "abc", "abc", true},
        {3, "abc", "ab", false},
        {1, "abc", "", false},
        {1, "", "", true},
        {3, "a\xC3\xA9", "a", false},
        {4, "a\xC3\xA9", "a\xC3\xA9", true},
        {4, "\xF0\x9F\x90\x95", "", false},
        {5, "\xF0\x9F\x90\x95", "\xF0\x9F\x90\x95", true},
        {6, "a\xE2\x82\xAC\xE2\x82\xAC", "a\xE2\x82\xAC", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char to[16] = "###############";
        ROW(i, str_copy(to, rows[i].size, rows[i].from) == rows[i].fits);
        ROW_TEXT(i, to, rows[i].to);
        ROW(i, to[rows[i].size] == '#');
    }
}

static void test_nearest(void **state)
{
    static const char *const words[] = {"start", "stop", "status", "snapshot", "snapshots",
                                        "list",  "mc",   "region", "size",     NULL};
    static const struct {
        const char *word, *nearest;
    } rows[] = {
        {"start", "start"},
        {"strat", "start"},
        {"stat", "start"},
        {"stpo", "stop"},
        {"stp", "stop"},
        {"sotp", "stop"},
        {"STOP", "stop"},
        {"snapshto", "snapshot"},
        {"snapshotz", "snapshot"},
        {"regoin", "region"},
        {"szie", "size"},
        {"lst", "list"},
        {"mcc", "mc"},
        {"", NULL},
        {"zzzzzz", NULL},
        {"x", NULL},
        {"destroy", NULL},
        {"ab", NULL},
        {"123456789012345678901234567890123456789012345678901234567890123456", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *is = str_nearest(rows[i].word, words);
        ROW(i, (is == NULL) == (rows[i].nearest == NULL));
        if (is)
            ROW_TEXT(i, is, rows[i].nearest);
    }
    static const char *const none[] = {NULL};
    static const char *const odd[] = {
        "", "1234567890123456789012345678901234567890123456789012345678901234567890", NULL};
    assert_null(str_nearest("start", none));
    assert_null(str_nearest("start", odd));
}

static void test_int64(void **state)
{
    static const struct {
        const char *text;
        int64_t min, max;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", 0, 9, true, 0},
        {"9", 0, 9, true, 9},
        {"10", 0, 9, false, 0},
        {"-1", 0, 9, false, 0},
        {"-1", -1, 9, true, -1},
        {"007", 0, 9, true, 7},
        {"9223372036854775807", 0, INT64_MAX, true, INT64_MAX},
        {"9223372036854775808", 0, INT64_MAX, false, 0},
        {"-9223372036854775808", INT64_MIN, 0, true, INT64_MIN},
        {"-9223372036854775809", INT64_MIN, 0, false, 0},
        {"99999999999999999999999999", 0, INT64_MAX, false, 0},
        {"", 0, 9, false, 0},
        {"-", -9, 9, false, 0},
        {"- 1", -9, 9, false, 0},
        {"--1", -9, 9, false, 0},
        {"+1", 0, 9, false, 0},
        {" 1", 0, 9, false, 0},
        {"1 ", 0, 9, false, 0},
        {"1\n", 0, 9, false, 0},
        {"0x1", 0, 9, false, 0},
        {"1e0", 0, 9, false, 0},
        {"1.0", 0, 9, false, 0},
        {"\xD9\xA1", 0, 9, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t v = 0;
        ROW(i, str_int64(rows[i].text, rows[i].min, rows[i].max, &v) == rows[i].ok);
        ROW(i, v == rows[i].value);
    }
}

static void test_starts(void **state)
{
    (void)state;
    assert_true(str_starts("dogs:mc", "dogs:"));
    assert_true(str_starts("dogs", ""));
    assert_true(str_starts("dogs", "dogs"));
    assert_false(str_starts("dog", "dogs"));
    assert_false(str_starts("Dogs", "dogs"));
}

static void test_utf8(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool ok;
    } rows[] = {
#define B(text) text, sizeof(text) - 1
        {B(""), true},
        {B("plain"), true},
        {B("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), true},
        {B("\xED\x9F\xBF\xEE\x80\x80"), true},
        {B("a\0b"), false},
        {B("\x80"), false},
        {B("\xC0\x80"), false},
        {B("\xC1\xBF"), false},
        {B("\xE0\x9F\xBF"), false},
        {B("\xF0\x8F\xBF\xBF"), false},
        {B("\xED\xA0\x80"), false},
        {B("\xED\xBF\xBF"), false},
        {B("\xF4\x90\x80\x80"), false},
        {B("\xF8\x88\x80\x80\x80"), false},
        {B("\xFE"), false},
        {B("\xFF"), false},
        {B("\xC3"), false},
        {B("\xE2\x82"), false},
        {B("\xF0\x9F\x90"), false},
        {B("\xC3\x28"), false},
        {B("\xE2\x28\xA1"), false},
#undef B
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        ROW(i, str_is_utf8(rows[i].bytes, rows[i].len) == rows[i].ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builder_keeps_its_limit),
        cmocka_unit_test(test_builder_grows),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_copy_cuts_at_a_character),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_int64),
        cmocka_unit_test(test_starts),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
