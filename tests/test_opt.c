/* opt: command lines against a table; words against a usage text; prefixes. */
#include "../src/cli/opt.h"
#include <dogs/str.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct values {
    bool json, adopt;
    int verbose;
    const char *region;
    int64_t keep;
    double speed;
    struct opt_texts only;
};

#define AT(field) .at = offsetof(struct values, field)

static const struct opt globals[] = {
    {"--json", NULL, "", AT(json), .letter = 'a'}, /* which the command's own wins */
    {"--verbose", NULL, "", AT(verbose), OPT_COUNT, 'v'},
    {.name = NULL},
};
static const struct opt own[] = {
    {"--adopt", NULL, "", AT(adopt), .letter = 'a'},
    {"--region", "REGION", "", AT(region), OPT_TEXT},
    {"--keep", "N", "", AT(keep), OPT_INT, .letter = 'k', .min = 1, .max = 100},
    {"--speed", "X", "", AT(speed), OPT_REAL, .letter = 's', .max = 1000},
    {"--only", "GLOB", "", AT(only), OPT_TEXTS},
    {.name = NULL},
};

enum { MAX_ARGS = 8 };

struct row {
    const char *args[MAX_ARGS];
    const char *error; /* part of text or hint; NULL = it is good */
    struct values want;
    const char *words; /* joined with '/' */
};

static const struct row rows[] = {
    {{"mc"}, .words = "mc"},
    {{"--json", "mc", "-v"}, .want = {.json = true, .verbose = 1}, .words = "mc"},
    {{"-vv", "-v", "--verbose"}, .want = {.verbose = 4}, .words = ""},
    {{"-va", "mc"}, .want = {.verbose = 1, .adopt = true}, .words = "mc"},
    {{"--region", "fra1"}, .want = {.region = "fra1"}, .words = ""},
    {{"--region=fra1"}, .want = {.region = "fra1"}, .words = ""},
    {{"--region=--json"}, .want = {.region = "--json"}, .words = ""},
    {{"--region", "a=b"}, .want = {.region = "a=b"}, .words = ""},
    {{"--keep", "100"}, .want = {.keep = 100}, .words = ""},
    {{"--speed=0.5"}, .want = {.speed = 0.5}, .words = ""},
    {{"-k", "7", "mc"}, .want = {.keep = 7}, .words = "mc"},
    {{"-k7", "mc"}, .want = {.keep = 7}, .words = "mc"},
    {{"-vk7", "-s.5"}, .want = {.verbose = 1, .keep = 7, .speed = 0.5}, .words = ""},
    {{"--only", "a", "mc", "--only=b"}, .want = {.only = {2, {"a", "b"}}}, .words = "mc"},
    {{"--", "--json", "-v", "--"}, .words = "--json/-v/--"},
    {{"-", "mc"}, .words = "-/mc"},
    {{"--json", "--json"}, .want = {.json = true}, .words = ""},

    {{"--region"}, .error = "--region needs a value: --region REGION"},
    {{"--region", "--json"}, .error = "--region needs a value"},
    {{"-k"}, .error = "--keep needs a value: --keep N"},
    {{"-k", "--json"}, .error = "--keep needs a value"},
    {{"-k", "x"}, .error = "not 'x'"},
    {{"-kv"}, .error = "not 'v'"},
    {{"-k7", "-k8"}, .error = "--keep is given twice"},
    {{"--only="}, .error = "the value of --only is empty"},
    {{"--region="}, .error = "the value of --region is empty"},
    {{"--region", "a", "--region", "b"}, .error = "--region is given twice"},
    {{"--keep", "2", "--keep", "2"}, .error = "--keep is given twice"},
    {{"--json=yes"}, .error = "--json takes no value"},
    {{"--keep", "0"}, .error = "whole number from 1 to 100, not '0'"},
    {{"--keep", "101"}, .error = "not '101'"},
    {{"--keep", "2x"}, .error = "not '2x'"},
    {{"--keep", "-1"}, .error = "not '-1'"},
    {{"--keep", "99999999999999999999"}, .error = "--keep wants"},
    {{"--speed", "nan"}, .error = "not 'nan'"},
    {{"--speed", "fast"}, .error = "a number from 0 to 1000"},
    {{"--regoin", "fra1"}, .error = "did you mean --region?"},
    {{"--regoin=fra1"}, .error = "unknown option '--regoin'"},
    {{"--reg", "fra1"}, .error = "unknown option '--reg'"},
    {{"-x"}, .error = "unknown option '-x'"},
    {{"-vx"}, .error = "unknown option '-vx'"},
};

static void expect_error(const struct err *e, const char *part)
{
    assert_int_equal(e->code, ERR_USAGE);
    if (!strstr(e->text, part) && !strstr(e->hint, part))
        fail_msg("'%s' is neither in '%s' nor in '%s'", part, e->text, e->hint);
}

static void check_values(const struct values *got, const struct values *want)
{
    assert_int_equal(got->json, want->json);
    assert_int_equal(got->adopt, want->adopt);
    assert_int_equal(got->verbose, want->verbose);
    assert_int_equal(got->keep, want->keep);
    assert_true(got->speed <= want->speed && got->speed >= want->speed);
    assert_int_equal(got->only.n, want->only.n);
    for (size_t i = 0; i < want->only.n; i++)
        assert_string_equal(got->only.text[i], want->only.text[i]);
    assert_string_equal(got->region ? got->region : "", want->region ? want->region : "");
}

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        char *argv[MAX_ARGS + 1] = {NULL};
        for (size_t k = 0; k < MAX_ARGS && row->args[k]; k++)
            argv[k] = (char *)row->args[k];
        struct values got = {0};
        struct err e = {0};
        const char *room[MAX_ARGS];
        struct opt_parser p = {
            .argv = argv,
            .words = room,
            .sets = {{.opts = globals, .values = &got}, {.opts = own, .values = &got}}};
        bool good = opt_parse(&p, false, &e);
        assert_int_equal(good, !row->error);
        if (!good) {
            expect_error(&e, row->error);
            continue;
        }
        check_values(&got, &row->want);
        struct str words = STR(256);
        for (size_t k = 0; k < p.n_words; k++)
            str_addf(&words, "%s%s", k ? "/" : "", p.words[k]);
        assert_string_equal(str_text(&words), row->words);
        str_release(&words);
    }
}

/* The first part of a line knows only the global options; the command brings its own. */
static void test_stop_at_word(void **state)
{
    (void)state;
    char *argv[] = {"-v", "start", "--region", "fra1", "--json", "mc", NULL};
    struct values got = {0};
    struct err e = {0};
    const char *room[8];
    struct opt_parser p = {
        .argv = argv, .words = room, .sets = {{.opts = globals, .values = &got}}};
    assert_true(opt_parse(&p, true, &e));
    assert_string_equal(*p.argv, "start");
    assert_int_equal(p.n_words, 0);
    p.argv++;
    p.sets[1] = (struct opt_set){.opts = own, .values = &got};
    assert_true(opt_parse(&p, false, &e));
    check_values(&got, &(struct values){.verbose = 1, .json = true, .region = "fra1"});
    assert_int_equal(p.n_words, 1);

    char *early[] = {"--region", "fra1", "start", NULL};
    p = (struct opt_parser){.argv = early, .sets = {{.opts = globals, .values = &got}}};
    assert_false(opt_parse(&p, true, &e));
    expect_error(&e, "unknown option '--region'");
}

static void test_the_rest_is_another_programs(void **state)
{
    static const struct {
        char *args[MAX_ARGS];
        size_t rest; /* where it begins; MAX_ARGS = there is none */
    } lines[] = {
        {{"ls", "-l", "--json"}, 0}, {{"--adopt", "ls", "--", "-x"}, 1},
        {{"--", "ls", "-l"}, 1},     {{"--", "--adopt", "-l"}, 1},
        {{"--adopt"}, MAX_ARGS},     {{"--adopt", "--"}, MAX_ARGS},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct err e = {0};
        struct values v = {0};
        const char *room[MAX_ARGS];
        struct opt_parser p = {
            .argv = lines[i].args, .words = room, .sets = {{own, &v, 0}}, .rest_at_word = true};
        bool rest = lines[i].rest < MAX_ARGS;
        if (!opt_parse(&p, false, &e) || p.n_words != rest ||
            (rest && (p.argv != lines[i].args + lines[i].rest || p.words[0] != *p.argv)))
            fail_msg("line %zu: %s", i, e.text);
        assert_int_equal(v.adopt, strcmp(lines[i].args[0], "--adopt") == 0);
    }
}

static void test_too_many_texts(void **state)
{
    (void)state;
    char *argv[2 * OPT_MAX_TEXTS + 3] = {NULL};
    for (size_t i = 0; i < 2 * OPT_MAX_TEXTS + 2; i++)
        argv[i] = i % 2 ? "x" : "--only";
    struct err e = {0};
    struct values got = {0};
    struct opt_parser p = {.argv = argv, .sets = {{.opts = own, .values = &got}}};
    assert_false(opt_parse(&p, false, &e));
    expect_error(&e, "--only is given more than 64 times");
    assert_int_equal(got.only.n, OPT_MAX_TEXTS);
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *usage;
        const char *words[4];
        const char *error;
    } cases[] = {
        {"", {NULL}, NULL},
        {"", {"mc"}, "'mc' is one argument too many"},
        {"SERVER", {"mc"}, NULL},
        {"SERVER", {NULL}, "SERVER is missing"},
        {"SERVER", {"mc", "x"}, "'x' is one argument too many"},
        {"[SERVER]", {NULL}, NULL},
        {"[SERVER]", {"mc"}, NULL},
        {"[SERVER]", {"mc", "x"}, "'x' is one argument too many"},
        {"[SOURCE...] [DEST]", {NULL}, NULL},
        {"[SOURCE...] [DEST]", {"a", "b", "c"}, NULL},
        {"FILE... DEST", {"a"}, "DEST is missing"},
        {"SERVER on|off|reboot", {"mc", "off"}, NULL},
        {"SERVER on|off|reboot", {"mc"}, "on|off|reboot is missing"},
        {"SERVER on|off|reboot", {"mc", "rebot"}, "did you mean 'reboot'?"},
        {"SERVER on|off|reboot", {"mc", "x"}, "'x' is not one of on|off|reboot"},
        {"[serve|play] [NAME]", {NULL}, NULL},
        {"[serve|play] [NAME]", {"play", "mc"}, NULL},
        {"[serve|play] [NAME]", {"mc"}, "'mc' is not one of serve|play"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        size_t n = 0;
        while (cases[i].words[n])
            n++;
        assert_int_equal(opt_check_words(cases[i].usage, cases[i].words, n, &e), !cases[i].error);
        if (cases[i].error)
            expect_error(&e, cases[i].error);
    }
}

static void test_prefix(void **state)
{
    (void)state;
    static const char *const names[] = {"mc", "mc-modded", "valheim", "valley", NULL};
    static const struct {
        const char *word, *found, *error;
    } cases[] = {
        {"mc", "mc", NULL},
        {"mc-", "mc-modded", NULL},
        {"valh", "valheim", NULL},
        {"val", NULL, "'val' could be: valheim, valley"},
        {"m", NULL, "could be: mc, mc-"},
        {"x", NULL, NULL},
        {"valheim2", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        const char *found = opt_unique_prefix(cases[i].word, names, &e);
        assert_int_equal(!found, !cases[i].found);
        if (found)
            assert_string_equal(found, cases[i].found);
        if (cases[i].error)
            expect_error(&e, cases[i].error);
        else
            assert_int_equal(e.code, ERR_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),          cmocka_unit_test(test_stop_at_word),
        cmocka_unit_test(test_too_many_texts), cmocka_unit_test(test_words),
        cmocka_unit_test(test_prefix),         cmocka_unit_test(test_the_rest_is_another_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
