#include "../src/cli/load_pattern.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

static void test_cores(void **state)
{
    static const struct {
        const char *text, *cores; /* cores NULL = refused */
    } rows[] = {
        {NULL, "0 1 2 3 4 5 6 7 "},
        {"0", "0 "},
        {"7", "7 "},
        {"0,3,5", "0 3 5 "},
        {"0-3", "0 1 2 3 "},
        {"6,0-1", "6 0 1 "},
        {"8", NULL},
        {"0-8", NULL},
        {"3-1", NULL},
        {"1,1", NULL},
        {"0-2,2", NULL},
        {"", NULL},
        {"a", NULL},
        {"-1", NULL},
        {"1-", NULL},
        {"99999999999999999999", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct load_pattern p;
        struct err e = {0};
        char text[64] = "";
        bool ok = load_cores(rows[i].text, 8, &p, &e);
        ROW(i, ok == (rows[i].cores != NULL));
        for (size_t k = 0; ok && k < p.n_cores; k++) {
            snprintf(text + strlen(text), sizeof text - strlen(text), "%d ", p.cores[k]);
            ROW(i, p.duty[k] == 100);
        }
        ROW(i, !ok || strcmp(text, rows[i].cores) == 0);
        ROW(i, ok || e.code == ERR_USAGE);
        load_pattern_release(&p);
    }
}

static void test_usage(void **state)
{
    static const struct {
        const char *text;
        int duty[3]; /* of cores 0, 1, 5; [0] -1 = refused */
    } rows[] = {
        {"50", {50, 50, 50}},
        {"0=10", {10, 100, 100}},
        {"0=0,5=90", {0, 100, 90}},
        {"20,1=30", {20, 30, 20}},
        {"101", {-1}},
        {"2=10", {-1}},
        {"0=", {-1}},
        {"=5", {-1}},
        {"0=1=2", {-1}},
        {"x", {-1}},
        {"0=-1", {-1}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct load_pattern p;
        struct err e = {0};
        assert_true(load_cores("0,1,5", 8, &p, &e));
        bool ok = load_usage(&p, rows[i].text, &e);
        ROW(i, ok == (rows[i].duty[0] >= 0));
        for (size_t k = 0; ok && k < 3; k++)
            ROW(i, p.duty[k] == rows[i].duty[k]);
        load_pattern_release(&p);
    }
}

#define IMAGE(text) text, sizeof text - 1

static void test_images(void **state)
{
    static const struct {
        const char *bytes;
        size_t len, n_rows; /* 0 = refused */
        const char *duty;   /* of three cores, row by row: '0' to '9', 'X' = 100 */
    } rows[] = {
        {IMAGE("P1\n3 2\n101\n0 1 0\n"), 2, "X0X0X0"},
        {IMAGE("P1 # a heart\n# of 3\n3 1 1 1 1"), 1, "XXX"},
        {IMAGE("P1\n5 1\n10011"), 1, "X00"},
        {IMAGE("P1\n1 3\n1\n0\n1\n"), 3, "X00000X00"},
        {IMAGE("P4\n3 2\n\xa0\x40"), 2, "X0X0X0"},
        {IMAGE("P4\n9 2\n\x80\x80\x00\x00"), 2, "X00000"},
        {IMAGE("#.#\n.5.\n"), 2, "X0X050"},
        {IMAGE("9\r\n 1\r\n"), 2, "900010"},
        {IMAGE("####"), 1, "XXX"},
        {IMAGE("\n\n#\n"), 3, "000000X00"},
        {IMAGE("P1\n3 2\n101\n01"), 0, ""},
        {IMAGE("P1\n3 2\n101\n012"), 0, ""},
        {IMAGE("P1\n0 2\n"), 0, ""},
        {IMAGE("P1\n3"), 0, ""},
        {IMAGE("P1\n99999999999999999999 1\n1"), 0, ""},
        {IMAGE("P4\n9 2\n\x80\x80\x00"), 0, ""},
        {IMAGE("P4\n3 2"), 0, ""},
        {IMAGE("P4\n4194304 100000\n\1"), 0, ""},
        {IMAGE(""), 0, ""},
        {IMAGE("\n"), 0, ""},
        {IMAGE("#\0#"), 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct load_pattern p;
        struct err e = {0};
        assert_true(load_cores("0-2", 8, &p, &e));
        bool ok = load_image(&p, rows[i].bytes, rows[i].len, &e);
        ROW(i, ok == (rows[i].n_rows > 0));
        ROW(i, !ok || p.n_rows == rows[i].n_rows);
        for (size_t k = 0; ok && k < 3 * p.n_rows; k++) {
            char c = rows[i].duty[k];
            ROW(i, p.duty[k] == (c == 'X' ? 100 : 10 * (c - '0')));
        }
        load_pattern_release(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cores), cmocka_unit_test(test_usage),
                                       cmocka_unit_test(test_images)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
