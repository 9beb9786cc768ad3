/* glob: patterns against names, and patterns that are bombs elsewhere. */
#include "unit.h"
#include <dogs/transfer.h>

static const struct {
    const char *pattern;
    const char *fits[6], *fits_not[6];
} rows[] = {
    {"*.txt", {"a.txt", ".txt", "x/y/a.txt"}, {"a.txtx", "a.tx", "a.txt/b"}},
    {"a", {"a", "x/a"}, {"b", "a/x", "aa"}},
    {"", {""}, {"a"}},
    {"*", {"a", "x/a", ""}, {NULL}},
    {"a/*", {"a/b", "a/"}, {"a/b/c", "b/a/b", "a"}},
    {"*/b", {"a/b"}, {"x/a/b", "b"}},
    {"/a", {"a"}, {"x/a"}},
    {"/*.c", {"x.c"}, {"d/x.c"}},
    {"**/b", {"b", "a/b", "x/a/b"}, {"ab", "a/b/c", "x/ab"}},
    {"a/**", {"a/b", "a/b/c"}, {"a", "b/a"}},
    {"a/**/b", {"a/b", "a/x/b", "a/x/y/b"}, {"ab", "a/xb", "b"}},
    {"**/**/b", {"b", "a/b", "x/y/b"}, {"xb", "b/a"}},
    {"a**b", {"ab", "axb"}, {"a/b", "ax/yb/c"}},
    {"/a**b", {"ab", "a/b", "ax/yb"}, {"ab/c"}},
    {"?", {"a", "ü", "文", "🐕", "x/a"}, {"", "ab", "aü"}},
    {"a?/b", {"ax/b"}, {"a//b", "a/b"}},
    {"/a?b", {"axb"}, {"a/b"}},
    {"[a-c]x", {"ax", "bx", "cx"}, {"dx", "x", "-x"}},
    {"[!a-c]x", {"dx", "!x"}, {"ax", "x"}},
    {"[^a]x", {"bx"}, {"ax"}},
    {"[]a]", {"]", "a"}, {"b"}},
    {"[!]a]", {"b"}, {"]", "a"}},
    {"[a-]", {"a", "-"}, {"b"}},
    {"[ä-ü]", {"ö"}, {"o", "z"}},
    {"/a[!b]c", {"axc"}, {"a/c", "abc"}},
    {"[ab", {"[ab"}, {"a"}},
    {"x[*]y", {"x*y"}, {"xzy"}},
    {"A*", {"Ab"}, {"ab"}},
    {"a\\*", {"a\\b"}, {"a*"}},
    {"*a*b*c", {"abc", "xaxbxc", "aabbcc"}, {"acb", "abcx"}},
    {"\xff*", {"\xff", "\xff\xc3"}, {"\xfe"}},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t k = 0; k < COUNT(rows[i].fits); k++) {
            const char *name = rows[i].fits[k], *other = rows[i].fits_not[k];
            if (name && !transfer_glob(rows[i].pattern, name))
                fail_msg("'%s' does not fit '%s'", name, rows[i].pattern);
            if (other && transfer_glob(rows[i].pattern, other))
                fail_msg("'%s' fits '%s'", other, rows[i].pattern);
        }
}

/* What takes 2^n elsewhere. */
static void test_bombs(void **state)
{
    static const char *const units[] = {"a*", "*a", "**a", "**/", "*/", "[a-z]*", "?*", "***"};
    (void)state;
    for (size_t i = 0; i < COUNT(units); i++) {
        struct str pattern = STR(400), name = STR(4000);
        while (str_add(&pattern, units[i]))
            continue;
        str_clear(&pattern);
        while (pattern.len + strlen(units[i]) < 390)
            str_add(&pattern, units[i]);
        str_add(&pattern, "b");
        while (str_add(&name, i % 2 ? "aaa/" : "aaaa"))
            continue;
        clock_t before = clock();
        ROW(i, !transfer_glob(str_text(&pattern), str_text(&name)));
        double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
        if (seconds > 2)
            fail_msg("'%s' took %.1f s", units[i], seconds);
        str_release(&pattern);
        str_release(&name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_bombs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
