/* names: what a stranger may call a file, and what becomes of the rest. */
#include "unit.h"
#include <dogs/transfer.h>

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_ok(void **state)
{
    static const struct {
        const char *name, *why; /* NULL = it is good */
    } rows[] = {
        {"a", NULL},
        {"world/region/r.0.0.mca", NULL},
        {".hidden/..twice/a..b", NULL},
        {"Ünïcode/文件 1.txt", NULL},
        {"with blank/-dash/~tilde/$x", NULL},
        {"console/com/com10/nullable/auxiliary.txt", NULL},
        {"star*?<>|\"", NULL},
        {A60 A60 A60 A60, NULL},
        {"", "is empty"},
        {"/etc/passwd", "absolute"},
        {"//host/share", "absolute"},
        {"..", "'..'"},
        {".", "'.'"},
        {"../x", "'..'"},
        {"a/../../x", "'..'"},
        {"a/..", "'..'"},
        {"a/./b", "'.'"},
        {"a//b", "empty part"},
        {"a/", "empty part"},
        {"..\\x", "backslash"},
        {"a\\b", "backslash"},
        {"C:", "colon"},
        {"C:x", "colon"},
        {"C:\\x", "colon"},
        {"a/C:/x", "colon"},
        {"file.txt:stream", "colon"},
        {"file::$DATA", "colon"},
        {"a\nb", "control"},
        {"a\x1b[31mb", "control"},
        {"a\x7f", "control"},
        {"a\xc2\x85"
         "b",
         "control"},
        {"a\xc2\x9b"
         "31m",
         "control"},
        {"gpj.\u202eexe", "control"},
        {"a\u2066b", "control"},
        {"a\u200fb", "control"},
        {"a\u061cb", "control"},
        {"a\u2028b", "control"},
        {"a\xff", "UTF-8"},
        {"a\xc0\xaf", "UTF-8"},
        {"\xed\xa0\x80", "UTF-8"},
        {"a.", "full stop"},
        {"a ", "full stop"},
        {"a./b", "full stop"},
        {"...", "full stop"},
        {"CON", "device"},
        {"con", "device"},
        {"a/Nul/b", "device"},
        {"NUL.txt", "device"},
        {"nul.tar.gz", "device"},
        {"AUX .txt", "device"},
        {"COM1", "device"},
        {"lpt9.log", "device"},
        {"COM0", "device"},
        {"COM\u00b9", "device"},
        {"lpt\u00b3.x", "device"},
        {"CONIN$", "device"},
        {".x.dogs-part", "of its own"},
        {"a/.x.dogs-record", "of its own"},
        {A60 A60 A60 A60 "a", "too long"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        bool ok = transfer_name_ok(rows[i].name, &e);
        ROW(i, ok == !rows[i].why);
        ROW(i, ok || (e.code == ERR_GUARD && strstr(e.text, rows[i].why)));
        ROW(i, str_is_utf8(e.text, strlen(e.text)) && !strpbrk(e.text, "\n\x1b\x7f"));
        ROW(i, !strstr(e.text, "\u202e") && !strstr(e.text, "\xc2\x9b"));
    }
    char *many = xmalloc(4001);
    struct err e = {0};
    for (size_t i = 0; i < 4000; i++)
        many[i] = i % 2 ? '/' : 'a';
    many[4000] = '\0';
    assert_false(transfer_name_ok(many, &e));
    assert_non_null(strstr(e.text, "too long"));
    free(many);
}

static void test_safe(void **state)
{
    static const struct {
        const char *text, *name;
    } rows[] = {
        {"x.jar", "x.jar"},
        {"文件 1.txt", "文件 1.txt"},
        {".profile", ".profile"},
        {"", "download"},
        {".", "download"},
        {"..", "download"},
        {" . . ", "download"},
        {"../../etc/passwd", ".._.._etc_passwd"},
        {"/", "_"},
        {"C:\\x", "C__x"},
        {"a\nb\x1b[0m", "a_b_[0m"},
        {"gpj.\u202eexe", "gpj._exe"},
        {"a\xff\xfe", "a__"},
        {"a?b*c\"d<e>f|g", "a_b_c_d_e_f_g"},
        {"name. . .", "name"},
        {"  name", "name"},
        {"CON", "_CON"},
        {"nul.txt", "_nul.txt"},
        {"com1", "_com1"},
        {".x.dogs-part", "_.x.dogs-part"},
    };
    struct err e = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *name = transfer_name_safe(rows[i].text);
        ROW_TEXT(i, name, rows[i].name);
        ROW(i, transfer_name_ok(name, &e));
        free(name);
    }
}

/* 300 bytes of characters of each width: cut between characters, and still good. */
static void test_long(void **state)
{
    static const char *const units[] = {"a", "ü", "文", "🐕", "ab文", ".a", "a ", "🐕."};
    (void)state;
    for (size_t i = 0; i < COUNT(units); i++) {
        struct str text = STR(1024);
        struct err e = {0};
        while (text.len < 300)
            str_add(&text, units[i]);
        char *name = transfer_name_safe(str_text(&text));
        size_t len = strlen(name);
        ROW(i, len >= 230 && len <= 240);
        ROW(i, transfer_name_ok(name, &e));
        ROW(i, memcmp(name, text.p, len) == 0);
        free(name);
        str_release(&text);
    }
}

/* Whatever comes in, what goes out is good. */
static void test_any(void **state)
{
    static const char alphabet[] = "./\\: .\n\x1b\xe2\x80\xae\xc3\xbc\xff"
                                   "conulCOM1$a";
    uint32_t x = 12345;
    (void)state;
    for (size_t i = 0; i < 200000; i++) {
        char text[16] = "";
        struct err e = {0};
        x = x * 1664525 + 1013904223;
        size_t len = x >> 28;
        for (size_t k = 0; k < len; k++) {
            x = x * 1664525 + 1013904223;
            text[k] = alphabet[(x >> 8) % (sizeof alphabet - 1)];
        }
        char *name = transfer_name_safe(text);
        ROW(i, *name && !strchr(name, '/') && transfer_name_ok(name, &e));
        free(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ok),
        cmocka_unit_test(test_safe),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
