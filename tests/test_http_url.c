#include "unit.h"

#include <dogs/http_flow.h>

static void test_loopback(void **state)
{
    static const struct {
        const char *url;
        bool is;
    } rows[] = {
        {"http://127.0.0.1/", true},
        {"http://127.0.0.1:8080/x?y", true},
        {"https://127.255.255.254", true},
        {"http://LocalHost:1", true},
        {"http://[::1]:80/", true},
        {"http://[0:0:0:0:0:0:0:1]/", true},
        {"http://0x7f.1/", true},
        {"http://127.0.0.1.evil.com/", false},
        {"http://localhost.evil.com/", false},
        {"http://evil.com/127.0.0.1", false},
        {"http://127.0.0.1@evil.com/", false},
        {"http://evil.com#@127.0.0.1/", false},
        {"http://127.0.0.1:80@evil.com/", false},
        {"http://evil.com\\@127.0.0.1/", true},
        {"http://128.0.0.1/", false},
        {"http://0.0.0.0/", false},
        {"http://[::]/", false},
        {"http://[::ffff:10.0.0.1]/", false},
        {"ftp://127.0.0.1/", false},
        {"127.0.0.1", false},
        {"", false},
        {"http://127.1111.0.1/", false},
        {"http://127..0.1/", false},
        {"http://127.0.0.0.1/", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (http_is_loopback(rows[i].url) != rows[i].is)
            fail_msg("%s", rows[i].url);
}

static void test_escape(void **state)
{
    struct str s = STR(100);
    (void)state;
    str_add(&s, "q=");
    http_escape(&s, "aZ09-._~ /?&=%+:\xc3\xa4\n");
    assert_string_equal(s.p, "q=aZ09-._~%20%2F%3F%26%3D%25%2B%3A%C3%A4%0A");
    str_release(&s);
}

static void test_follow(void **state)
{
    static const struct {
        const char *base, *location;
        enum err_code code;
        bool same;
        const char *out;
    } rows[] = {
        {"http://h/a/b?q", "c", ERR_OK, true, "http://h/a/c"},
        {"http://h/a/b?q", "/c?d=e", ERR_OK, true, "http://h/c?d=e"},
        {"http://h/a/b", "../c", ERR_OK, true, "http://h/c"},
        {"http://h/a/b", "?x", ERR_OK, true, "http://h/a/b?x"},
        {"http://h/a", "//other/b", ERR_OK, false, "http://other/b"},
        {"http://h/a", "http://H:80/b#part", ERR_OK, true, "http://H:80/b"},
        {"http://h/a", "http://h:81/b", ERR_OK, false, "http://h:81/b"},
        {"http://h/a", "https://h/b", ERR_OK, false, "https://h/b"},
        {"https://h/a", "https://h:443/b", ERR_OK, true, "https://h:443/b"},
        {"https://h/a", "https://h.evil.test/b", ERR_OK, false, "https://h.evil.test/b"},
        {"https://u:p@h/a", "/b", ERR_OK, true, "https://u:p@h/b"},
        {"https://u:p@h/a", "https://h/b", ERR_OK, true, "https://u:p@h/b"},
        {"https://u:p@h/a", "https://other/b", ERR_OK, false, "https://other/b"},
        {"http://h/a", "/b c\xc3\xa4", ERR_OK, true, "http://h/b%20c%c3%a4"},
        {"http://h/a", "/b%20c?d=%2F", ERR_OK, true, "http://h/b%20c?d=%2F"},
        {"https://h/a", "http://h/b", ERR_CONFIG, false, "h leads from https to http"},
        {"http://h/a", "ftp://h/b", ERR_CONFIG, false, "'ftp' URLs"},
        {"http://h/a", "file:///etc/passwd", ERR_CONFIG, false, "h"},
        {"http://h/a", "http://[", ERR_CONFIG, false, "no address"},
        {"http://h/a", "http://h/\r\nx: y", ERR_CONFIG, false, "no address"},
        {"h", "/b", ERR_CONFIG, false, "not a URL"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        bool same = false, ok;
        char *out = NULL;
        ok = http_url_follow(rows[i].base, rows[i].location, &out, &same, &e);
        if (e.code != rows[i].code || ok != (e.code == ERR_OK))
            fail_msg("row %zu: %s: %s", i, err_name(e.code), e.text);
        ROW(i, same == rows[i].same);
        if (ok)
            ROW_TEXT(i, out, rows[i].out);
        else if (!strstr(e.text, rows[i].out))
            fail_msg("row %zu: %s", i, e.text);
        free(out);
    }
}

static void test_name(void **state)
{
    static const struct {
        const char *url, *name; /* NULL: it has none */
    } rows[] = {
        {"http://h/a/b.tar", "b.tar"},
        {"http://h/a/b%20c%C3%A4?x=/y#/z", "b c\xc3\xa4"},
        {"http://h/a/", ""},
        {"http://h", ""},
        {"http://h/a%2F..%2fb", "a/../b"},
        {"http://h/100%", "100%"},
        {"http://h/%zz%4", "%zz%4"},
        {"http://h/a%00b", "a%00b"},
        {"ftp://h/a", NULL},
        {"a", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        char *name = http_url_name(rows[i].url, &e);
        ROW(i, !name == !rows[i].name && e.code == (name ? ERR_OK : ERR_CONFIG));
        if (name)
            ROW_TEXT(i, name, rows[i].name);
        free(name);
    }
}

static void test_shown(void **state)
{
    static const struct {
        const char *url, *shown;
    } rows[] = {{"https://user:secret@h:8443/a/b?key=secret#secret", "https://h:8443/a/b?..."},
                {"http://h", "http://h/"},
                {"secret nonsense", "(not a URL)"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *shown = http_url_shown(rows[i].url);
        ROW_TEXT(i, shown, rows[i].shown);
        free(shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loopback), cmocka_unit_test(test_escape),
        cmocka_unit_test(test_follow),   cmocka_unit_test(test_name),
        cmocka_unit_test(test_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
