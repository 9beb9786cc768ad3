#include "../src/config/yaml.h"

#include <dogs/config.h>
#include <dogs/os.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* key@line:column=value, lists in [], mappings in {}, quoted text in '' */
static void dump(const struct node *n, struct str *out)
{
    switch (n->kind) {
    case NODE_TEXT:
        str_addf(out, n->plain ? "%s" : "'%s'", n->text);
        return;
    case NODE_LIST:
        str_add(out, "[");
        for (size_t i = 0; i < n->n_children; i++) {
            str_add(out, i ? " " : "");
            dump(&n->child[i], out);
        }
        str_add(out, "]");
        return;
    case NODE_MAP:
        str_add(out, "{");
        for (size_t i = 0; i < n->n_children; i += 2) {
            str_addf(out, "%s%s@%d:%d=", i ? " " : "", n->child[i].text, n->child[i].line,
                     n->child[i].column);
            dump(&n->child[i + 1], out);
        }
        str_add(out, "}");
        return;
    }
}

static void test_trees(void **state)
{
    static const struct {
        const char *text, *tree;
    } rows[] = {
        {"", "{}"},
        {"# nothing\n", "{}"},
        {"---\n", ""},
        {"a: b\n", "{a@1:1=b}"},
        {"a: b", "{a@1:1=b}"},
        {"a:\n", "{a@1:1=}"},
        {"a: b\n...\n", "{a@1:1=b}"},
        {"%YAML 1.1\n---\na: b\n", "{a@3:1=b}"},
        {"\xef\xbb\xbf"
         "a: b\r\nc: d\r\n",
         "{a@1:1=b c@2:1=d}"},
        {"a: 'x: y'\nb: \"q\\x41\"\n", "{a@1:1='x: y' b@2:1='qA'}"},
        {"s:\n  mc:\n    r: [1, 2]\n", "{s@1:1={mc@2:3={r@3:5=[1 2]}}}"},
        {"s:\n  - name: mc\n    r: x\n  - name: b\n",
         "{s@1:1=[{name@2:5=mc r@3:5=x} {name@4:5=b}]}"},
        {"a: {b: c, d: e}\n", "{a@1:1={b@1:5=c d@1:11=e}}"},
        {"ä: ö  # ü\n\"ß\": x\n", "{ä@1:1=ö ß@2:1=x}"},
        {"a: |\n  one\n  two\nb: c\n", "{a@1:1='one\ntwo\n' b@4:1=c}"},
        {"a:\tb\n", "{a@1:1=b}"},
        {"- a\n- b\n", "[a b]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct problems pr = {.path = "f", .text = STR(65536)};
        struct str out = STR(4096);
        struct node root;
        if (!node_parse(rows[i].text, strlen(rows[i].text), &root, &pr))
            fail_msg("row %zu: %s", i, str_text(&pr.text));
        dump(&root, &out);
        assert_string_equal(str_text(&out), rows[i].tree);
        node_release(&root);
        str_release(&out);
        str_release(&pr.text);
    }
}

#define TEXT(s) s, sizeof(s) - 1

static void test_mistakes(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *where;    /* of the only mistake */
        const char *words[3]; /* that its message has */
    } rows[] = {
        {TEXT("a: &x b\nc: *x\n"), "1:4", {"anchors", "quotes"}},
        {TEXT("a: *x\n"), "1:4", {"aliases", "quotes"}},
        {TEXT("<<: *x\n"), "1:5", {"aliases"}},
        {TEXT("a: !!str b\n"), "1:4", {"tags"}},
        {TEXT("a: !x [b]\n"), "1:4", {"tags"}},
        {TEXT("a: !<x\n"), "1:", {""}},
        {TEXT("a: b\n---\nc: d\n"), "2:1", {"second document"}},
        {TEXT("? [a]\n: b\n"), "1:3", {"one word"}},
        {TEXT("{a: b}: c\n"), "1:1", {"one word"}},
        {TEXT("a: 1\nb: 2\na: 3\n"), "3:1", {"'a'", "twice", "1:1"}},
        {TEXT("a: b\0c\n"), "1:5", {"zero byte"}},
        {TEXT("a: b\nc: \"x\\0y\"\n"), "2:4", {"zero byte"}},
        {TEXT("a: b\nc: d\x01\n"), "2:5", {"control character", "0x01"}},
        {TEXT("a: \xff\n"), "1:4", {"UTF-8"}},
        {TEXT("ä: b\n\xc0\x80: x\n"), "2:1", {"UTF-8"}},
        {TEXT("a: ö\xed\xa0\x80\n"), "1:5", {"UTF-8"}},
        {TEXT("a: \xe2\x82"), "1:4", {"UTF-8"}},
        {TEXT("\xff\xfe"
              "a\0:\0"),
         "1:1",
         {"UTF-16", "UTF-8"}},
        {TEXT("a\0:\0 \0b\0"), "1:2", {"zero byte", "UTF-8"}},
        {TEXT("a:\n\tb: c\n"), "2:1", {"tab", "blanks"}},
        {TEXT("a:\n  b: c\n\td: e\n"), "3:1", {"tab", "blanks"}},
        {TEXT("a:\n  b: c\n  \td: e\n"), "3:3", {"tab", "blanks"}},
        {TEXT("a:\r\n  b: c\r\n      \td: e\r\n"), "3:7", {"tab", "blanks"}},
        {TEXT("a:\n- \tb: c\n"), "2:3", {"tab"}},
        {TEXT("t: SECRET\n servers:\n   mc:\n"), "2:2", {"'servers'", "'t'", "remove 1 blank"}},
        {TEXT("t: x\n\n# c\n   servers: {}\n"), "4:4", {"'servers'", "remove 3 blanks"}},
        {TEXT("a: b: c\n"), "1:5", {"second ': '", "quotes"}},
        {TEXT("a:\n  b: c\n d: e\n"), "3:2", {"column"}},
        {TEXT(" a: b\nc: d\n"), "2:1", {"column"}},
        {TEXT("a: 'b' c\n"), "1:8", {"unexpected text", "quotes"}},
        {TEXT("a: b\nregion fra1\nc: d\n"), "2:1", {"colon"}},
        {TEXT("a: b\ntoken:SECRET\n"), "2:1", {"colon"}},
        {TEXT("a: 'b\nc: d\n"), "1:4", {"never closed"}},
        {TEXT("a: \"b\nc: d\n"), "1:4", {"never closed"}},
        {TEXT("a: \"C:\\games\"\n"), "1:7", {"backslash", "'…'"}},
        {TEXT("a: [b, c\n"), "2:1", {"["}},
        {TEXT("a: {b: c\n"), "2:1", {"{"}},
        {TEXT("a: @b\n"), "1:4", {"'@'", "quotes"}},
        {TEXT("a: `b\n"), "1:4", {"'`'", "quotes"}},
        {TEXT("a: %b\n"), "1:4", {"'%'", "quotes"}},
        {TEXT("a: - b\n"), "1:4", {"list item"}},
        {TEXT("a: b\nc: ]\n"), "2:4", {"value is missing"}},
        {TEXT("%YAML 9.9\n---\na: b\n"), "1:1", {"YAML"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct problems pr = {.path = "f", .text = STR(65536)};
        struct node root;
        char where[32];
        bool ok = node_parse(rows[i].text, rows[i].len, &root, &pr);
        const char *said = str_text(&pr.text);
        snprintf(where, sizeof where, "f:%s", rows[i].where);
        if (pr.n != 1 || (ok && !strstr(said, "twice")) || !str_starts(said, where))
            fail_msg("row %zu (%s): %zu mistakes: %s", i, rows[i].text, pr.n, said);
        for (size_t w = 0; w < 3 && rows[i].words[w]; w++)
            if (!strstr(said, rows[i].words[w]))
                fail_msg("row %zu: no '%s' in: %s", i, rows[i].words[w], said);
        assert_null(strstr(said, "SECRET"));
        node_release(&root);
        str_release(&pr.text);
    }
}

/* --- texts made to hurt: `head`, then `part` so often, then `tail` --- */

static const struct {
    const char *head, *part;
    size_t times;
    const char *tail;
    const char *says; /* NULL = it loads */
} hostile[] = {
    {"a: ", "x", 10 * 1024 * 1024, "\n", "too large"},
    {"a: ", "x", CONFIG_MAX_FILE - 4, "\n", "65536"},
    {"a: '", "x", 65537, "'\n", "65536"},
    {"a: '", "x", 65536, "'\n", NULL},
    {"a: |\n", " x\n", 340000, "", "65536"},
    {"", "[", 500000, "", "levels"},
    {"", "[\n", 500000, "", "levels"},
    {"", "{a: ", 250000, "", "levels"},
    {"", "- ", 500000, "", "levels"},
    {"", "? ", 500000, "", "one word"},
    {"a: ", "[", 15, "]]]]]]]]]]]]]]]\n", NULL},
    {"a: ", "[", 16, "]]]]]]]]]]]]]]]]\n", "levels"},
    {"a: [", "x,", 500000, "]\n", "100000"},
    {"a:\n", "- x\n", 260000, "", "100000"},
    {"a: [", "[],", 340000, "]\n", "100000"},
    {"{", "a,", 500000, "}\n", "twice"},
    {"", "a: b\n", 200000, "", "twice"},
    {"", "k?: v\n", 1000, "", NULL},
    {"", "k?: v\n", 1001, "", "1000"},
    {"", "a: &x [*x,*x]\n", 70000, "", "anchors"},
    {"", "#\n", 500000, "", NULL},
    {"", "\n", CONFIG_MAX_FILE, "", NULL},
    {"", " ", CONFIG_MAX_FILE, "", NULL},
    {"", "\t", CONFIG_MAX_FILE, "", "tab"},
    {"", "'", CONFIG_MAX_FILE - 1, "", "never closed"},
    {"a: \"", "\\", CONFIG_MAX_FILE - 5, "\"", "never closed"},
    {"", "---\n", 260000, "", "second document"},
    {"", "%A b\n", 200000, "", "YAML"},
    {"", "%TAG !a! b\n", 90000, "", "YAML"},
    {"", ":\n", 500000, "", ""},
    {"", "\"a\n", 340000, "", ""},
    {"a", "\n b", 340000, "", "65536"},
};

static char *build(size_t i, size_t *len)
{
    struct str s = STR(16 * 1024 * 1024);
    char number[24];

    str_add(&s, hostile[i].head);
    for (size_t n = 0; n < hostile[i].times; n++) {
        const char *mark = strchr(hostile[i].part, '?');
        if (mark && mark[1] == ':') {
            snprintf(number, sizeof number, "%zu", n);
            str_addn(&s, hostile[i].part, (size_t)(mark - hostile[i].part));
            str_add(&s, number);
            str_add(&s, mark + 1);
        } else {
            str_add(&s, hostile[i].part);
        }
    }
    str_add(&s, hostile[i].tail);
    *len = s.len;
    return str_take(&s);
}

static int parse_hostile(const char *text, size_t len, const char *says)
{
    struct problems pr = {.path = "f", .text = STR(65536)};
    struct node root;
    bool ok = node_parse(text, len, &root, &pr);
    const char *said = str_text(&pr.text);
    int result = 0;

    if (says)
        result = !pr.n || !str_starts(said, "f:") || !strstr(said, says);
    else
        result = !ok || pr.n;
    if (result)
        fprintf(stderr, "said: %.300s\n", said);
    node_release(&root);
    str_release(&pr.text);
    return result;
}

static void test_hostile(void **state)
{
    enum { MAX_MS = 5000, MAX_EXTRA_KB = 160 * 1024 };
    int64_t slowest_ms = 0;
    long most_kb = 0;

    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        size_t len;
        char *text = build(i, &len);
        struct rusage before, after;
        getrusage(RUSAGE_SELF, &before);
        int64_t start = os_mono_ms();
        pid_t pid = fork();
        if (!pid) {
            int result = parse_hostile(text, len, hostile[i].says);
            free(text);
            _exit(result);
        }
        int status;
        assert_int_equal(wait4(pid, &status, 0, &after), pid);
        int64_t took = os_mono_ms() - start;
        slowest_ms = took > slowest_ms ? took : slowest_ms;
        if (after.ru_maxrss - before.ru_maxrss > most_kb)
            most_kb = after.ru_maxrss - before.ru_maxrss;
        if (status || took > MAX_MS || after.ru_maxrss - before.ru_maxrss > MAX_EXTRA_KB)
            fail_msg("row %zu: status %d, %lld ms, %ld KB more", i, status, (long long)took,
                     after.ru_maxrss - before.ru_maxrss);
        free(text);
    }
    print_message("%zu hostile texts: slowest %lld ms, most memory %ld KB\n",
                  sizeof hostile / sizeof *hostile, (long long)slowest_ms, most_kb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
