#include "unit.h"

#include <dogs/http.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_escape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
