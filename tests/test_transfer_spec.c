/* transfer_spec: lists of files, checksums, places and amounts as people write them. */
#include "../src/cli/transfer_spec.h"
#include "unit.h"

/* Lines joined: "source>target" or "LINE!why". */
static char *read_all(const char *bytes, size_t len)
{
    char *text = xmalloc(len + 1);
    struct str out = STR(1024);
    struct spec_line line;
    memcpy(text, bytes, len);
    text[len] = '\0';
    struct spec_reader r = spec_reader(text, len);
    while (spec_next(&r, &line))
        if (line.why)
            str_addf(&out, "%zu!%s|", line.line, line.why);
        else
            str_addf(&out, "%s>%s|", line.source, line.target ? line.target : "");
    free(text);
    char *all = xstrdup(str_text(&out));
    str_release(&out);
    return all;
}

static void test_spec(void **state)
{
    static const char nul[] = "a b\nc\0d e\nf g";
    static const struct {
        const char *text, *lines;
    } rows[] = {
        {"", ""},
        {"\n\n", ""},
        {"a b", "a>b|"},
        {"a b\n", "a>b|"},
        {"a b\r\nc d\r\n", "a>b|c>d|"},
        {"\xef\xbb\xbf"
         "a b\n",
         "a>b|"},
        {"\xef\xbb\xbf# x\na b\n", "a>b|"},
        {"  a \t b  \n", "a>b|"},
        {"# a b\n  # c\na b # why\n", "a>b|"},
        {"a#1 b#2\n", "a#1>b#2|"},
        {"'#a' b\n", "#a>b|"},
        {"a\n", "a>|"},
        {"a # only one\n", "a>|"},
        {"'a b' \"c d\"\n", "a b>c d|"},
        {"a' 'b \"c\"'d'\n", "a b>cd|"},
        {"\"it's\" '\"x\"'\n", "it's>\"x\"|"},
        {"\"it's \"'\"x\"' b\n", "it's \"x\">b|"},
        {"C:\\dir\\x \"C:\\my dir\\\"\n", "C:\\dir\\x>C:\\my dir\\|"},
        {"https://h/a?b=c#d x/y\n", "https://h/a?b=c#d>x/y|"},
        {"ü 文\n", "ü>文|"},
        {"a b c\nd e\n", "1!more than two words; what has blanks in it needs quotes|d>e|"},
        {"a 'b\nc d\n", "1!a quote is not closed|c>d|"},
        {"\n'a b\n", "2!a quote is not closed|"},
        {"a b 'c\n", "1!a quote is not closed|"},
        {"'' b\n", "1!a word is empty|"},
        {"a ''\n", "1!a word is empty|"},
        {"a \r b\n", "1!more than two words; what has blanks in it needs quotes|"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *got = read_all(rows[i].text, strlen(rows[i].text));
        ROW_TEXT(i, got, rows[i].lines);
        free(got);
    }
    char *got = read_all(nul, sizeof nul - 1);
    assert_string_equal(got, "a>b|2!there is a NUL in the line|f>g|");
    free(got);
    got = read_all("a b\r\0", 5);
    assert_string_equal(got, "1!there is a NUL in the line|");
    free(got);
}

static void test_limits(void **state)
{
    enum { LINES = 1000 * 1000 };
    struct str text = STR(64 * 1024 * 1024);
    struct spec_line line;
    size_t n = 0, bad = 0;
    (void)state;
    for (size_t i = 0; i < LINES; i++)
        str_addf(&text, "'https://h/file %zu' \"dir/%zu\" # %zu\n", i, i, i);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < SPEC_MAX_LINE + 100; k++)
            str_add(&text, k % 2 ? "'" : "\"");
    clock_t before = clock();
    struct spec_reader r = spec_reader(text.p, text.len);
    for (; spec_next(&r, &line); n++)
        bad += line.why != NULL;
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    assert_int_equal(n, LINES + 1);
    assert_int_equal(bad, 1);
    assert_int_equal(line.line, 0);
    if (seconds > 5)
        fail_msg("%.1f s", seconds);
    str_release(&text);
}

/* What is written is read as the same. */
static void test_words(void **state)
{
    static const char *const words[] = {"a",         "a b",  "#a",       "it's",      "\"",
                                        "'",         "'\"'", "\t",       "a\r",       "",
                                        "'a' \"b\"", "C:\\", "C:\\ x\\", "\"' \"'x#", "ü ü"};
    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        struct str text = STR(1024);
        struct spec_line line;
        assert_true(spec_add_word(&text, words[i]));
        str_add(&text, " ");
        assert_true(spec_add_word(&text, words[COUNT(words) - 1 - i]));
        str_add(&text, "\r\n");
        struct spec_reader r = spec_reader(text.p, text.len);
        assert_true(spec_next(&r, &line));
        bool empty = !*words[i] || !*words[COUNT(words) - 1 - i];
        ROW(i, empty == (line.why != NULL));
        if (!line.why) {
            ROW_TEXT(i, line.source, words[i]);
            ROW_TEXT(i, line.target, words[COUNT(words) - 1 - i]);
        }
        str_release(&text);
    }
    struct str text = STR(16);
    assert_false(spec_add_word(&text, "a\nb"));
    assert_int_equal(text.len, 0);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UPPER "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF"

static void test_sums(void **state)
{
    static const struct {
        const char *line, *name; /* name NULL: not good; "": nothing there */
    } rows[] = {
        {HEX "  a", "a"},
        {HEX " *a", "a"},
        {UPPER "  a b", "a b"},
        {HEX "   a", " a"},
        {HEX "  ./x/a\r", "x/a"},
        {"\\" HEX "  a\\\\b\\nc", "a\\b\nc"},
        {HEX "  a\\\\b", "a\\\\b"},
        {"SHA256 (a (1)) = " HEX, "a (1)"},
        {"\xef\xbb\xbf" HEX "  a", "a"},
        {"# comment", ""},
        {"  ", ""},
        {"", ""},
        {HEX " a", NULL},
        {HEX "  ", NULL},
        {HEX, NULL},
        {HEX "0  a", NULL},
        {"0" HEX "  a", NULL},
        {"d41d8cd98f00b204e9800998ecf8427e  a", NULL},
        {"\\" HEX "  a\\x", NULL},
        {"\\" HEX "  a\\", NULL},
        {"SHA256 (a) = 00", NULL},
        {"SHA256 () = " HEX, NULL},
        {"MD5 (a) = " HEX, NULL},
        {"<html>", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = xasprintf("%s\n" HEX "  last\n", rows[i].line);
        struct spec_reader r = spec_reader(text, strlen(text));
        struct sum_line line;
        ROW(i, sum_next(&r, &line));
        bool nothing = rows[i].name && !*rows[i].name;
        if (!nothing) {
            ROW(i, line.line == 1 && !line.why == (rows[i].name != NULL));
            if (rows[i].name) {
                ROW_TEXT(i, line.name, rows[i].name);
                ROW_TEXT(i, line.sha256, HEX);
            }
            ROW(i, sum_next(&r, &line));
        }
        ROW(i, line.line == 2 && !line.why && strcmp(line.name, "last") == 0);
        ROW(i, !sum_next(&r, &line));
        free(text);
    }
}

static void test_places(void **state)
{
    static const struct {
        const char *text;
        enum place_kind kind;
        const char *name, *address, *file, *shown;
    } rows[] = {
        {"https://h/a/b.iso", PLACE_URL, "https", NULL, "b.iso", "https://h/a/b.iso"},
        {"HTTP://h/a/", PLACE_URL, "HTTP", NULL, "", "HTTP://h/a/"},
        {"http://h", PLACE_URL, "http", NULL, "", "http://h"},
        {"http://h?x/y", PLACE_URL, "http", NULL, "", "http://h"},
        {"http://u:p@h/a?t=s#f", PLACE_URL, "http", NULL, "a", "http://h/a"},
        {"http://u@p:x@h:1/a@b", PLACE_URL, "http", NULL, "a@b", "http://h:1/a@b"},
        {"http://h/a%20b%2f..%2Fc", PLACE_URL, "http", NULL, "a b/../c", "http://h/a%20b%2f..%2Fc"},
        {"http://h/%00x%4", PLACE_URL, "http", NULL, "%00x%4", "http://h/%00x%4"},
        {"http://h/%zz%c3%bc", PLACE_URL, "http", NULL, "%zzü", "http://h/%zz%c3%bc"},
        {"spaces:bucket/k?y", PLACE_REMOTE, "spaces", "bucket/k?y", "k?y", "spaces:bucket/k?y"},
        {"box:/f/n%20", PLACE_REMOTE, "box", "/f/n%20", "n%20", "box:/f/n%20"},
        {"a-b_2:", PLACE_REMOTE, "a-b_2", "", "", "a-b_2:"},
        {"ftp://h/x", PLACE_OTHER, "ftp", NULL, "x", "ftp://h/x"},
        {"C:\\x", PLACE_FILE, "", NULL, NULL, "C:\\x"},
        {"C:x", PLACE_FILE, "", NULL, NULL, "C:x"},
        {"./aa:b", PLACE_FILE, "", NULL, NULL, "./aa:b"},
        {"dir/aa:b", PLACE_FILE, "", NULL, NULL, "dir/aa:b"},
        {"2a:b", PLACE_FILE, "", NULL, NULL, "2a:b"},
        {":b", PLACE_FILE, "", NULL, NULL, ":b"},
        {"x", PLACE_FILE, "", NULL, NULL, "x"},
        {"", PLACE_FILE, "", NULL, NULL, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct place p = place_of(rows[i].text);
        ROW(i, p.kind == rows[i].kind);
        ROW_TEXT(i, p.name, rows[i].name);
        ROW_TEXT(i, p.address, rows[i].address ? rows[i].address : rows[i].text);
        char *shown = place_shown(rows[i].text);
        ROW_TEXT(i, shown, rows[i].shown);
        free(shown);
        if (!rows[i].file)
            continue;
        char *file = place_file_name(p.address, p.kind == PLACE_URL);
        ROW_TEXT(i, file, rows[i].file);
        free(file);
    }
    struct str out = STR(100);
    place_add_encoded(&out, "a b/ü?#%.~");
    assert_string_equal(str_text(&out), "a%20b/%C3%BC%3F%23%25.~");
    str_release(&out);
}

static void test_bytes(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes; /* 0 = not good */
    } rows[] = {
        {"1", 1},
        {"500", 500},
        {"64k", 65536},
        {"64K", 65536},
        {"1.5M", 1572864},
        {"2G", 2147483648},
        {"1T", 1099511627776},
        {"5MiB", 5242880},
        {"5MB", 5242880},
        {"7b", 7},
        {"0.5k", 512},
        {"0.001M", 1048},
        {"0", 0},
        {"", 0},
        {"k", 0},
        {"1.k", 0},
        {"-1", 0},
        {"1x", 0},
        {"1kk", 0},
        {"1 M", 0},
        {"99999999999T", 0},
        {"9999999999999999999999", 0},
        {".5M", 0},
        {"1iB", 0},
    };
    static const struct {
        int64_t bytes;
        const char *text;
    } shown[] = {
        {0, "0 B"},
        {999, "999 B"},
        {1000, "1.0 kB"},
        {999949, "999.9 kB"},
        {999950, "1.0 MB"},
        {1572864, "1.6 MB"},
        {INT64_C(3400000000), "3.4 GB"},
        {INT64_MAX, "9223.4 PB"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t n = 0;
        bool ok = bytes_from(rows[i].text, &n);
        ROW(i, ok == (rows[i].bytes > 0));
        ROW(i, !ok || n == rows[i].bytes);
    }
    for (size_t i = 0; i < COUNT(shown); i++) {
        char text[BYTES_TEXT];
        bytes_text(shown[i].bytes, text);
        ROW_TEXT(i, text, shown[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spec), cmocka_unit_test(test_limits), cmocka_unit_test(test_words),
        cmocka_unit_test(test_sums), cmocka_unit_test(test_places), cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
