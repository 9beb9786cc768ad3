/* term_keys: bytes of a terminal as keys. */
#include "unit.h"
#include <dogs/term.h>

static void test_decode(void **state)
{
    static const struct {
        const char *bytes;
        bool complete;
        size_t used;
        enum term_key_kind kind;
        uint32_t c;
    } rows[] = {
        {"", true, 0, TERM_OTHER, 0},
        {"j", false, 1, TERM_CHAR, 'j'},
        {"12", false, 1, TERM_CHAR, '1'},
        {"\r", false, 1, TERM_ENTER, 0},
        {"\n", false, 1, TERM_ENTER, 0},
        {"\x7f", false, 1, TERM_BACKSPACE, 0},
        {"\b", false, 1, TERM_BACKSPACE, 0},
        {"\x04", false, 1, TERM_EOF, 0},
        {"\t", false, 1, TERM_OTHER, 0},
        {"\x01", false, 1, TERM_OTHER, 0},

        {"\x1b[A", false, 3, TERM_UP, 0},
        {"\x1b[B", false, 3, TERM_DOWN, 0},
        {"\x1b[C", false, 3, TERM_RIGHT, 0},
        {"\x1b[D", false, 3, TERM_LEFT, 0},
        {"\x1bOA", false, 3, TERM_UP, 0},
        {"\x1bOH", false, 3, TERM_HOME, 0},
        {"\x1b[H", false, 3, TERM_HOME, 0},
        {"\x1b[F", false, 3, TERM_END, 0},
        {"\x1b[1~", false, 4, TERM_HOME, 0},
        {"\x1b[7~", false, 4, TERM_HOME, 0},
        {"\x1b[4~", false, 4, TERM_END, 0},
        {"\x1b[8~", false, 4, TERM_END, 0},
        {"\x1b[5~", false, 4, TERM_PAGE_UP, 0},
        {"\x1b[6~j", false, 4, TERM_PAGE_DOWN, 0},
        {"\x1b[1;5A", false, 6, TERM_UP, 0},
        {"\x1b[5;3~", false, 6, TERM_PAGE_UP, 0},
        {"\x1b[3~", false, 4, TERM_OTHER, 0},
        {"\x1b[15~", false, 5, TERM_OTHER, 0},
        {"\x1b[~", false, 3, TERM_OTHER, 0},
        {"\x1b[[A", false, 4, TERM_OTHER, 0},
        {"\x1b[200~", false, 6, TERM_OTHER, 0},
        {"\x1bx", false, 2, TERM_OTHER, 0},

        {"\x1b", false, 0, TERM_ESC, 0},
        {"\x1b", true, 1, TERM_ESC, 0},
        {"\x1b\x1b", false, 1, TERM_ESC, 0},
        {"\x1b\x1b[A", false, 1, TERM_ESC, 0},
        {"\x1b[", false, 0, TERM_OTHER, 0},
        {"\x1b[", true, 2, TERM_OTHER, 0},
        {"\x1b[1;", false, 0, TERM_OTHER, 0},
        {"\x1b[1;", true, 4, TERM_OTHER, 0},
        {"\x1b[[", false, 0, TERM_OTHER, 0},
        {"\x1bO", false, 0, TERM_OTHER, 0},
        {"\x1bO", true, 2, TERM_OTHER, 0},
        {"\x1b[1\rj", false, 3, TERM_OTHER, 0},
        {"\x1b[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1", false, 32, TERM_OTHER, 0},

        {"\xc3\xa4", false, 2, TERM_CHAR, 0xe4},
        {"\xe2\x82\xacj", false, 3, TERM_CHAR, 0x20ac},
        {"\xf0\x9f\x90\x95", false, 4, TERM_CHAR, 0x1f415},
        {"\xc3", false, 0, TERM_OTHER, 0},
        {"\xc3", true, 1, TERM_OTHER, 0},
        {"\xc3j", false, 1, TERM_OTHER, 0},
        {"\xe4", true, 1, TERM_OTHER, 0}, /* ä of a terminal that is not UTF-8 */
        {"\xff", false, 1, TERM_OTHER, 0},
        {"\x80", false, 1, TERM_OTHER, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct term_key key;
        size_t used = term_decode(rows[i].bytes, strlen(rows[i].bytes), rows[i].complete, &key);
        ROW(i, used == rows[i].used);
        ROW(i, !used || (key.kind == rows[i].kind && key.c == rows[i].c));
    }
}

/* Whatever comes, every byte is taken once, and nothing beyond the end. */
static void test_any_bytes(void **state)
{
    static const char alphabet[] = "\x1b\x1b\x1b[[O~;1AHj\r\x04\xc3\xa4\xe2\xff";
    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t len = 1 + unit_random() % 40;
        char *bytes = xmalloc(len);
        for (size_t i = 0; i < len; i++)
            bytes[i] = alphabet[unit_random() % (sizeof alphabet - 1)];
        for (size_t at = 0; at < len;) {
            struct term_key key;
            size_t used = term_decode(bytes + at, len - at, true, &key);
            ROW(round, used >= 1 && used <= len - at);
            at += used;
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
