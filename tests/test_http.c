#include "net_peer.h"
#include "net_tls.h"

#include <dogs/http.h>
#include <dogs/httpd.h>
#include <dogs/log.h>
#include <dogs/os.h>
#include <sys/resource.h>

#define TOKEN "secret-token-0123456789"
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct http *client;

/* The log of all tests: that it says something is looked at once, what it must not say at the end.
 */
static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct str logged = STR(1024 * 1024);

static void keep_log(void *ctx, enum log_level level, const char *line)
{
    (void)ctx;
    (void)level;
    pthread_mutex_lock(&log_mutex);
    str_addf(&logged, "%s\n", line);
    pthread_mutex_unlock(&log_mutex);
}

static bool get(const char *url, struct http_resp *r, struct err *e)
{
    *e = (struct err){0};
    return http_do(client, &(struct http_req){.method = "GET", .url = url}, r, NULL, e);
}

static void answer_echo(void *ctx, const struct httpd_req *q, struct httpd_resp *resp)
{
    static const char *const names[] = {
        "authorization", "content-type", "content-length", "expect", "user-agent",
        "x-empty",       "x-a"};
    size_t len;
    const char *body = httpd_body(q, &len), *big = httpd_query(q, "big");
    (void)ctx;
    resp->status = strcmp(httpd_path(q), "/teapot") == 0 ? 418 : 200;
    resp->body = STR(10 * 1000 * 1000);
    httpd_add_header(resp, "x-Request-Id", "abc");
    httpd_add_header(resp, "location", "/elsewhere");
    if (strcmp(httpd_path(q), "/redirect") == 0)
        resp->status = 302;
    if (strcmp(httpd_path(q), "/half") == 0)
        resp->cut_body = true;
    for (long i = big ? atol(big) : 0; i > 0; i--)
        str_addn(&resp->body, "x", 1);
    if (big)
        return;
    str_addf(&resp->body, "%s %s", httpd_method(q), httpd_path(q));
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *value = httpd_header(q, names[i]);
        if (value)
            str_addf(&resp->body, " %s=%s", names[i], value);
    }
    str_addf(&resp->body, " [%s]", body);
}

static struct httpd *start_echo(void)
{
    struct err e = {0};
    struct httpd *d =
        httpd_start(&(struct httpd_opts){.handler = answer_echo, .max_body = 4000000}, &e);
    if (!d)
        fail_msg("%s", e.text);
    return d;
}

static void test_requests_arrive_as_asked(void **state)
{
    static const struct http_header more[] = {{"X-A", "1"}, {"X-Empty", ""}};
    static const struct http_header typed[] = {{"content-type", "text/plain"}};
    static const struct {
        struct http_req q;
        const char *path, *body;
    } rows[] = {
        {{.method = "GET"}, "/a?b=c", "GET /a user-agent=dogs/test []"},
        {{.method = "GET", .bearer = TOKEN},
         "/",
         "GET / authorization=Bearer " TOKEN " user-agent=dogs/test []"},
        {{.method = "POST", .body = "{}", .body_len = 2},
         "/p",
         "POST /p content-type=application/json content-length=2 user-agent=dogs/test [{}]"},
        {{.method = "POST"}, "/p", "POST /p content-length=0 user-agent=dogs/test []"},
        {{.method = "PUT", .body = "x", .body_len = 1, .headers = typed, .n_headers = 1},
         "/p",
         "PUT /p content-type=text/plain content-length=1 user-agent=dogs/test [x]"},
        {{.method = "PATCH", .body = "", .body_len = 0},
         "/p",
         "PATCH /p content-type=application/json content-length=0 user-agent=dogs/test []"},
        {{.method = "DELETE"}, "/d", "DELETE /d user-agent=dogs/test []"},
        {{.method = "DELETE", .body = "{}", .body_len = 2},
         "/d",
         "DELETE /d content-type=application/json content-length=2 user-agent=dogs/test [{}]"},
        {{.method = "GET", .headers = more, .n_headers = 2},
         "/",
         "GET / user-agent=dogs/test x-empty= x-a=1 []"},
        {{.method = "GET"}, "/redirect", "GET /redirect user-agent=dogs/test []"},
        {{.method = "HEAD"}, "/h", ""},
    };
    struct httpd *d = start_echo();
    struct http_resp r = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_req q = rows[i].q;
        struct err e = {0};
        char *url = peer_url(httpd_port(d), rows[i].path);
        q.url = url;
        if (!http_do(client, &q, &r, NULL, &e))
            fail_msg("row %zu: %s", i, e.text);
        assert_string_equal(str_text(&r.body), rows[i].body);
        assert_int_equal(r.status, strcmp(rows[i].path, "/redirect") == 0 ? 302 : 200);
        free(url);
    }
    http_resp_release(&r);
    httpd_stop(d);
}

static void test_large_body_is_sent_at_once(void **state)
{
    struct httpd *d = start_echo();
    struct http_resp r = {0};
    struct err e = {0};
    char *url = peer_url(httpd_port(d), "/"), *body = calloc(1, 3000000);
    struct http_req q = {.method = "PUT", .url = url, .body = body, .body_len = 3000000};
    (void)state;
    assert_true(http_do(client, &q, &r, NULL, &e));
    assert_int_equal(r.status, 200);
    assert_non_null(strstr(r.body.p, "content-length=3000000"));
    assert_null(strstr(r.body.p, "expect=")); /* would wait a second for an answer */
    http_resp_release(&r);
    free(url);
    free(body);
    httpd_stop(d);
}

static void test_headers_and_status(void **state)
{
    struct httpd *d = start_echo();
    struct http_resp r = {0};
    struct err e;
    char *url = peer_url(httpd_port(d), "/teapot");
    (void)state;
    assert_true(get(url, &r, &e));
    assert_int_equal(r.status, 418);
    assert_string_equal(http_header(&r, "X-REQUEST-ID"), "abc");
    assert_null(http_header(&r, "x-request"));
    assert_null(http_header(&r, "x-request-id: abc"));
    http_resp_release(&r);
    assert_null(http_header(&r, "x-request-id"));
    http_resp_release(&r);
    free(url);
    httpd_stop(d);
}

static void test_body_cap(void **state)
{
    struct httpd *d = start_echo();
    struct http_resp r = {0};
    char *url = peer_url(httpd_port(d), "/?big=100000");
    (void)state;
    for (size_t cap = 99999; cap <= 100000; cap++) {
        struct err e = {0};
        struct http_req q = {.method = "GET", .url = url, .max_body = cap};
        assert_int_equal(http_do(client, &q, &r, NULL, &e), cap == 100000);
        assert_int_equal(r.body.len, cap == 100000 ? cap : 0);
        assert_int_equal(e.code, cap == 100000 ? ERR_OK : ERR_PROTOCOL);
    }
    http_resp_release(&r);
    free(url);
    httpd_stop(d);
}

static const struct peer_line answers[] = {
    {"/ok", OK_ANSWER, PEER_KEEP, NULL},
    {"/once", OK_ANSWER, PEER_CLOSE_IF_REUSED, NULL},
    {"/close", "", PEER_CLOSE, NULL},
    {"/hang", "", PEER_HANG, NULL},
    {"/hang-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", PEER_HANG, NULL},
    {"/interim", "HTTP/1.1 103 Early Hints\r\nx-old: 1\r\n\r\n" OK_ANSWER, PEER_KEEP, NULL},
    {0},
};

static void test_interim_answers_are_passed_over(void **state)
{
    struct peer p;
    struct http_resp r = {0};
    struct err e;
    (void)state;
    peer_start(&p, answers);
    char *url = peer_url(p.port, "/interim");
    assert_true(get(url, &r, &e));
    assert_int_equal(r.status, 200);
    assert_string_equal(str_text(&r.body), "ok");
    assert_null(http_header(&r, "x-old"));
    http_resp_release(&r);
    free(url);
    peer_stop(&p);
}

static void test_connections_are_reused(void **state)
{
    struct peer p;
    struct http_resp r = {0};
    struct err e = {0};
    struct http *h = http_new(&(struct http_opts){0}, &e);
    (void)state;
    peer_start(&p, answers);
    char *url = peer_url(p.port, "/ok");
    for (int i = 0; i < 20; i++)
        assert_true(http_do(h, &(struct http_req){.method = "GET", .url = url}, &r, NULL, &e));
    assert_int_equal(atomic_load(&p.requests), 20);
    assert_int_equal(atomic_load(&p.conns), 1);
    http_resp_release(&r);
    http_free(h);
    free(url);
    peer_stop(&p);
}

/* The server obeys and then closes the kept connection without an answer. */
static void test_only_safe_requests_are_sent_twice(void **state)
{
    static const struct {
        const char *method, *path;
        int requests;
        bool answered;
    } rows[] = {{"GET", "/once", 3, true},    {"GET", "/close", 3, false},
                {"POST", "/once", 2, true},   {"POST", "/close", 2, false},
                {"PUT", "/once", 2, true},    {"PUT", "/close", 2, false},
                {"DELETE", "/once", 2, true}, {"DELETE", "/close", 2, false}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer p;
        struct http_resp r = {0};
        struct err e = {0};
        struct http *h = http_new(&(struct http_opts){0}, &e);
        peer_start(&p, answers);
        char *first = peer_url(p.port, "/ok"), *then = peer_url(p.port, rows[i].path);
        assert_true(http_do(h, &(struct http_req){.method = "GET", .url = first}, &r, NULL, &e));
        struct http_req q = {.method = rows[i].method, .url = then};
        bool answered = http_do(h, &q, &r, NULL, &e);
        int requests = atomic_load(&p.requests);
        if (answered != rows[i].answered || e.ambiguous == answered || requests != rows[i].requests)
            fail_msg("row %zu: %d requests, %d connections, answered %d: %s", i, requests,
                     atomic_load(&p.conns), answered, e.text);
        http_resp_release(&r);
        http_free(h);
        free(first);
        free(then);
        peer_stop(&p);
    }
}

static void *trigger_later(void *cancel)
{
    peer_nap(300);
    cancel_trigger(cancel);
    return NULL;
}

static void test_cancel_wakes_and_waiting_is_idle(void **state)
{
    struct peer p;
    struct http_resp r = {0};
    struct rusage before, after;
    (void)state;
    peer_start(&p, answers);
    for (int i = 0; i < 3; i++) {
        static const char *const paths[] = {"/hang", "/hang-in-body", "/hang"};
        struct err e = {0};
        struct cancel *cancel = cancel_new();
        pthread_t other;
        char *url = peer_url(p.port, paths[i]);
        struct http_req q = {.method = "POST", .url = url};
        if (i == 2)
            cancel_trigger(cancel);
        pthread_create(&other, NULL, trigger_later, cancel);
        int64_t began = os_mono_ms();
        getrusage(RUSAGE_THREAD, &before);
        assert_false(http_do(client, &q, &r, cancel, &e));
        getrusage(RUSAGE_THREAD, &after);
        assert_true(os_mono_ms() - began < 1300);
        assert_int_equal(e.code, ERR_INTERRUPTED);
        assert_int_equal(e.ambiguous, i != 2);
        assert_true((after.ru_nvcsw - before.ru_nvcsw) < 50);
        pthread_join(other, NULL);
        cancel_free(cancel);
        free(url);
    }
    peer_stop(&p);
}

static void test_proxy_is_used_but_not_for_loopback(void **state)
{
    static const struct peer_line script[] = {
        {"http://x.test/", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nproxy", PEER_KEEP, NULL},
        {"/ok", OK_ANSWER, PEER_KEEP, NULL},
        {0}};
    struct peer p;
    struct http_resp r = {0};
    struct err e;
    (void)state;
    peer_start(&p, script);
    char *address = peer_url(p.port, ""), *direct = peer_url(p.port, "/ok");
    setenv("http_proxy", address, 1);
    assert_true(get("http://x.test/", &r, &e));
    assert_string_equal(str_text(&r.body), "proxy");
    assert_true(get(direct, &r, &e));
    assert_string_equal(str_text(&r.body), "ok");
    unsetenv("http_proxy");
    http_resp_release(&r);
    free(address);
    free(direct);
    peer_stop(&p);
}

static void *ask_often(void *url)
{
    static const char *const methods[] = {"GET", "POST", "DELETE"};
    struct http_resp r = {0};
    size_t good = 0;
    for (size_t i = 0; i < 30; i++) {
        struct err e = {0};
        struct http_req q = {.method = methods[i % 3], .url = url, .bearer = TOKEN};
        good += http_do(client, &q, &r, NULL, &e) && r.status == 200 &&
                str_starts(str_text(&r.body), q.method);
    }
    http_resp_release(&r);
    return (void *)good;
}

static void test_threads_share_a_client(void **state)
{
    struct httpd *d = start_echo();
    char *url = peer_url(httpd_port(d), "/");
    pthread_t threads[8];
    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_create(&threads[i], NULL, ask_often, url);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *good;
        pthread_join(threads[i], &good);
        assert_int_equal((size_t)good, 30);
    }
    free(url);
    httpd_stop(d);
}

static void test_tls_sessions_are_reused(void **state)
{
    static const struct {
        const char *method;
        const char *has, *has_also;
    } rows[] = {{"GET", "\"connections\": 1,", "\"resumed\": false"},
                {"GET", "\"connections\": 1,", "\"resumed\": false"},
                {"POST", "\"connections\": 2,", "\"resumed\": true"},
                {"GET", "\"connections\": 2,", "\"requests\": 4"}};
    struct err e = {0};
    struct http_resp r = {0};
    char *cert = cert_file("leaf.pem"), *key = cert_file("leaf.key"), *ca = cert_file("ca.pem");
    struct http *h = http_new(&(struct http_opts){.ca_file = ca}, &e);
    struct child server = start_python(cert, key);
    char *url = xasprintf("https://localhost:%d/count", server.port);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_req q = {.method = rows[i].method, .url = url};
        if (!http_do(h, &q, &r, NULL, &e))
            fail_msg("%s", e.text);
        if (!strstr(r.body.p, rows[i].has) || !strstr(r.body.p, rows[i].has_also))
            fail_msg("row %zu: %s", i, r.body.p);
    }
    stop_python(&server);
    http_resp_release(&r);
    http_free(h);
    free(cert);
    free(key);
    free(ca);
    free(url);
}

static void test_log_tells_no_secret(void **state)
{
    struct httpd *d = start_echo();
    struct http_resp r = {0};
    struct err e = {0};
    char *url =
        xasprintf("http://user:hidden-word@127.0.0.1:%d/path?key=hidden-word", httpd_port(d));
    struct http_req q = {.method = "GET", .url = url, .bearer = TOKEN};
    (void)state;
    str_clear(&logged);
    assert_true(http_do(client, &q, &r, NULL, &e));
    httpd_stop(d);
    assert_non_null(strstr(logged.p, "/path?...: 200, "));
    assert_null(strstr(logged.p, "hidden-word"));
    assert_null(strstr(logged.p, TOKEN));
    http_resp_release(&r);
    free(url);
}

static int set_up(void **state)
{
    struct err e = {0};
    (void)state;
    peer_no_proxies();
    log_open(LOG_DEBUG, keep_log, NULL);
    make_certs();
    client = http_new(&(struct http_opts){.user_agent = "dogs/test"}, &e);
    return client ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    http_free(client);
    http_free(NULL);
    bool told = logged.p && strstr(logged.p, TOKEN);
    str_release(&logged);
    return drop_certs() || told ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_arrive_as_asked),
        cmocka_unit_test(test_large_body_is_sent_at_once),
        cmocka_unit_test(test_headers_and_status),
        cmocka_unit_test(test_body_cap),
        cmocka_unit_test(test_interim_answers_are_passed_over),
        cmocka_unit_test(test_connections_are_reused),
        cmocka_unit_test(test_only_safe_requests_are_sent_twice),
        cmocka_unit_test(test_cancel_wakes_and_waiting_is_idle),
        cmocka_unit_test(test_proxy_is_used_but_not_for_loopback),
        cmocka_unit_test(test_threads_share_a_client),
        cmocka_unit_test(test_tls_sessions_are_reused),
        cmocka_unit_test(test_log_tells_no_secret),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
