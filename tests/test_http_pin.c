#include "net_tls.h"

#include <dogs/http.h>
#include <dogs/os.h>

static int make(void **state)
{
    (void)state;
    make_certs();
    return 0;
}

static int drop(void **state)
{
    (void)state;
    return drop_certs();
}

/* As openssl writes it: "AB:CD:..."; yours to free. */
static char *fingerprint(const char *name)
{
    struct str out = STR(4096);
    struct err e = {0};
    char *command = xasprintf("openssl x509 -in %s/%s -noout -fingerprint -sha256", certs, name);
    OK(os_run(command, 20000, 4096, &out, &e), e);
    free(command);
    char *text = xstrdup(strchr(str_text(&out), '=') + 1);
    text[strcspn(text, "\r\n")] = '\0';
    str_release(&out);
    return text;
}

static char *without_colons(const char *pin)
{
    struct str out = STR(64);
    for (; *pin; pin++)
        if (*pin != ':')
            str_addn(&out, pin, 1);
    return str_take(&out);
}

static bool get(struct http *h, const char *url, const char *pin, struct http_resp *r,
                struct err *e)
{
    *e = (struct err){0};
    struct http_req q = {.method = "GET", .url = url, .bearer = "secret", .pin = pin};
    return http_do(h, &q, r, NULL, e);
}

static void test_a_pin_stands_in_for_trust(void **state)
{
    char *cert = cert_file("self.pem"), *key = cert_file("self.key");
    char *right = fingerprint("self.pem"), *wrong = fingerprint("other.pem");
    char *plain = without_colons(right);
    struct err e = {0};
    struct http_resp r = {0};
    struct http *h = http_new(&(struct http_opts){0}, &e);
    struct child server = start_python(cert, key);
    /* Neither the name nor who has signed it matters. */
    char *url = xasprintf("https://127.0.0.1:%d/count", server.port);
    (void)state;

    assert_false(get(h, url, NULL, &r, &e));
    assert_non_null(strstr(e.text, "not trusted"));
    OK(get(h, url, right, &r, &e), e);
    OK(get(h, url, plain, &r, &e), e);
    assert_non_null(strstr(r.body.p, "\"resumed\": false"));
    assert_non_null(strstr(r.body.p, "\"requests\": 2"));

    assert_false(get(h, url, wrong, &r, &e));
    assert_int_equal(e.code, ERR_NETWORK);
    assert_false(e.ambiguous);
    assert_non_null(strstr(e.text, "its SHA-256 is "));
    /* What was made for a pin serves nobody without one, and the other way round. */
    assert_false(get(h, url, NULL, &r, &e));
    OK(get(h, url, right, &r, &e), e);
    assert_non_null(strstr(r.body.p, "\"requests\": 3"));

    stop_python(&server);
    http_resp_release(&r);
    http_free(h);
    free(url);
    free(cert);
    free(key);
    free(right);
    free(wrong);
    free(plain);
}

/* A chain that the CA file vouches for is not enough. */
static void test_a_pin_is_asked_for_beside_a_ca(void **state)
{
    char *cert = cert_file("leaf.pem"), *key = cert_file("leaf.key"), *ca = cert_file("ca.pem");
    char *right = fingerprint("leaf.pem"), *of_ca = fingerprint("ca.pem");
    struct err e = {0};
    struct http_resp r = {0};
    struct http *h = http_new(&(struct http_opts){.ca_file = ca}, &e);
    struct child server = start_python(cert, key);
    char *url = xasprintf("https://localhost:%d/count", server.port);
    (void)state;

    OK(get(h, url, NULL, &r, &e), e);
    assert_false(get(h, url, of_ca, &r, &e));
    OK(get(h, url, right, &r, &e), e);
    assert_non_null(strstr(r.body.p, "\"requests\": 2"));

    stop_python(&server);
    http_resp_release(&r);
    http_free(h);
    free(url);
    free(cert);
    free(key);
    free(ca);
    free(right);
    free(of_ca);
}

static void test_what_is_no_pin(void **state)
{
    static const char hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static const struct {
        const char *url, *pin;
    } rows[] = {
        {"https://localhost:9/", ""},
        {"https://localhost:9/", "0011"},
        {"https://localhost:9/",
         "x0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"},
        {"https://localhost:9/",
         "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00"},
        {"http://localhost:9/", hex},
    };
    struct err e = {0};
    struct http_resp r = {0};
    struct http *h = http_new(&(struct http_opts){0}, &e);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ROW(i, !get(h, rows[i].url, rows[i].pin, &r, &e) && e.code == ERR_CONFIG);
        ROW(i, strstr(e.text, "pin"));
    }
    http_resp_release(&r);
    http_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pin_stands_in_for_trust),
        cmocka_unit_test(test_a_pin_is_asked_for_beside_a_ca),
        cmocka_unit_test(test_what_is_no_pin),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
