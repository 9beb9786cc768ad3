#include "net_peer.h"

#include <dogs/http.h>
#include <dogs/httpd.h>
#include <dogs/log.h>
#include <dogs/os.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#define TOKEN "secret-token-0123456789"
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define COUNT(a) (sizeof(a) / sizeof *(a))

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

static char *url_of(int port, const char *path)
{
    return xasprintf("http://127.0.0.1:%d%s", port, path);
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
        char *url = url_of(httpd_port(d), rows[i].path);
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
    char *url = url_of(httpd_port(d), "/"), *body = calloc(1, 3000000);
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
    char *url = url_of(httpd_port(d), "/teapot");
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
    char *url = url_of(httpd_port(d), "/?big=100000");
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

static const struct peer_line odd_answers[] = {
    {"/ok", OK_ANSWER, PEER_KEEP, NULL},
    {"/once", OK_ANSWER, PEER_CLOSE_IF_REUSED, NULL},
    {"/close", "", PEER_CLOSE, NULL},
    {"/reset", "", PEER_RESET, NULL},
    {"/hang", "", PEER_HANG, NULL},
    {"/hang-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", PEER_HANG, NULL},
    {"/status-only", "HTTP/1.1 200 OK\r\n", PEER_CLOSE, NULL},
    {"/half-head", "HTTP/1.1 200 OK\r\nX-A: ", PEER_CLOSE, NULL},
    {"/half-body", "HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\nab", PEER_CLOSE, NULL},
    {"/reset-in-body", "HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\nab", PEER_RESET, NULL},
    {"/half-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab", PEER_CLOSE,
     NULL},
    {"/bad-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab", PEER_CLOSE,
     NULL},
    {"/ssh", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", PEER_CLOSE, NULL},
    {"/endless-body", "HTTP/1.1 200 OK\r\n\r\n", PEER_FLOOD, "0123456789"},
    {"/endless-header", "HTTP/1.1 200 OK\r\n", PEER_FLOOD, "x: y\r\n"},
    {"/endless-line", "HTTP/1.1 200 OK\r\nx: ", PEER_FLOOD, "0123456789"},
    {"/endless-100", "", PEER_FLOOD, "HTTP/1.1 100 Continue\r\n\r\n"},
    {"/drip", "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", PEER_DRIP, NULL},
    {"/interim", "HTTP/1.1 103 Early Hints\r\nx-old: 1\r\n\r\n" OK_ANSWER, PEER_KEEP, NULL},
    {0},
};

static void test_odd_answers(void **state)
{
    static const struct {
        const char *method, *path;
        enum err_code code;
        bool retryable;
        const char *text;
    } rows[] = {
        {"GET", "/close", ERR_NETWORK, true, "closed the connection without an answer"},
        {"POST", "/close", ERR_NETWORK, true, "closed the connection without an answer"},
        {"GET", "/reset", ERR_NETWORK, true, "without an answer"},
        {"DELETE", "/reset", ERR_NETWORK, true, "without an answer"},
        {"GET", "/status-only", ERR_NETWORK, true, "broke off"},
        {"GET", "/half-head", ERR_NETWORK, true, "broke off"},
        {"POST", "/half-body", ERR_NETWORK, true, "broke off"},
        {"POST", "/reset-in-body", ERR_NETWORK, true, "broke off"},
        {"GET", "/half-chunk", ERR_NETWORK, true, "broke off"},
        {"GET", "/bad-chunk", ERR_NETWORK, true, "broke off"},
        {"POST", "/hang", ERR_TIMEOUT, true, "not a byte from"},
        {"GET", "/hang-in-body", ERR_TIMEOUT, true, "not a byte from"},
        {"POST", "/drip", ERR_TIMEOUT, true, "no complete answer from"},
        {"GET", "/ssh", ERR_PROTOCOL, false, "does not answer in HTTP"},
        {"GET", "/endless-body", ERR_PROTOCOL, false, "larger than 1000000 bytes"},
        {"GET", "/endless-header", ERR_PROTOCOL, false, "larger than 65536 bytes"},
        {"GET", "/endless-line", ERR_PROTOCOL, false, "larger than 65536 bytes"},
        {"GET", "/endless-100", ERR_PROTOCOL, false, "larger than 65536 bytes"},
    };
    struct peer p;
    struct http_resp r = {0};
    (void)state;
    peer_start(&p, odd_answers);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        char *url = url_of(p.port, rows[i].path);
        struct http_req q = {.method = rows[i].method,
                             .url = url,
                             .max_body = 1000000,
                             .idle_ms = 400,
                             .total_ms = strcmp(rows[i].path, "/drip") == 0 ? 1200 : 8000};
        int before = atomic_load(&p.requests);
        bool ok = http_do(client, &q, &r, NULL, &e);
        if (ok || e.code != rows[i].code || !strstr(e.text, rows[i].text) || !e.ambiguous ||
            e.retryable != rows[i].retryable || r.body.len)
            fail_msg("row %zu: %s: %s, retryable %d, ambiguous %d", i, err_name(e.code), e.text,
                     e.retryable, e.ambiguous);
        assert_int_equal(atomic_load(&p.requests), before + 1);
        free(url);
    }
    http_resp_release(&r);
    peer_stop(&p);
}

static void test_interim_answers_are_passed_over(void **state)
{
    struct peer p;
    struct http_resp r = {0};
    struct err e;
    (void)state;
    peer_start(&p, odd_answers);
    char *url = url_of(p.port, "/interim");
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
    peer_start(&p, odd_answers);
    char *url = url_of(p.port, "/ok");
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
        peer_start(&p, odd_answers);
        char *first = url_of(p.port, "/ok"), *then = url_of(p.port, rows[i].path);
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
    peer_start(&p, odd_answers);
    for (int i = 0; i < 3; i++) {
        static const char *const paths[] = {"/hang", "/hang-in-body", "/hang"};
        struct err e = {0};
        struct cancel *cancel = cancel_new();
        pthread_t other;
        char *url = url_of(p.port, paths[i]);
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

static void test_never_reached(void **state)
{
    int refused_port, full_port, fill[3];
    int refused = peer_listen(-1, &refused_port), full = peer_listen(0, &full_port);
    char label[80];
    struct http_resp r = {0};
    (void)state;
    memset(label, 'a', 70);
    label[70] = '\0'; /* longer than a name's part may be: refused without asking the network */
    for (size_t i = 0; i < COUNT(fill); i++) {
        struct sockaddr_in at = peer_address("127.0.0.1", full_port);
        fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fill[i], (struct sockaddr *)&at, sizeof at);
    }
    const struct {
        char *url;
        enum err_code code;
        char *text;
    } rows[] = {
        {url_of(refused_port, "/"), ERR_NETWORK,
         xasprintf("cannot reach 127.0.0.1:%d (connection refused)", refused_port)},
        {xasprintf("http://%s/", label), ERR_NETWORK, xstrdup("cannot find the address of aaa")},
        {url_of(full_port, "/"), ERR_TIMEOUT,
         xasprintf("no connection with 127.0.0.1:%d within 500 ms", full_port)},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct http_req q = {.method = "POST", .url = rows[i].url, .connect_ms = 500};
        int64_t began = os_mono_ms();
        assert_false(http_do(client, &q, &r, NULL, &e));
        assert_true(os_mono_ms() - began < 4000);
        if (e.code != rows[i].code || !strstr(e.text, rows[i].text) || e.ambiguous || !e.retryable)
            fail_msg("row %zu: %s: %s", i, err_name(e.code), e.text);
        free(rows[i].url);
        free(rows[i].text);
    }
    for (size_t i = 0; i < COUNT(fill); i++)
        close(fill[i]);
    close(refused);
    close(full);
}

static void test_refused_before_anything_is_sent(void **state)
{
    static const struct http_header torn[] = {{"x-a", "1\r\nx-b: 2"}};
    static const struct {
        struct http_req q;
        const char *text;
    } rows[] = {
        {{.method = "GET", .url = ""}, "not a URL"},
        {{.method = "GET", .url = "nonsense"}, "not a URL"},
        {{.method = "GET", .url = "http://"}, "not a URL"},
        {{.method = "GET", .url = "http://h/a b"}, "not a URL"},
        {{.method = "GET", .url = "http://h/\r\nx: y"}, "not a URL"},
        {{.method = "GET", .url = "ftp://127.0.0.1/"}, "'ftp' URLs are not spoken"},
        {{.method = "GET", .url = "file:///etc/passwd"}, "URL"},
        {{.method = "BREW", .url = "http://127.0.0.1:1/"}, "'BREW' is not known"},
        {{.method = "GET", .url = "http://127.0.0.1:1/", .headers = torn, .n_headers = 1},
         "control character"},
        {{.method = "GET", .url = "http://127.0.0.1:1/", .bearer = "a\r\nb"}, "control character"},
        {{.method = "GET", .url = "http://127.0.0.1:1/", .bearer = ""}, "empty"},
        {{.method = "GET", .url = "http://u:" TOKEN "@x.test/?k=" TOKEN, .bearer = TOKEN},
         "the token is not sent in clear text to x.test"},
        {{.method = "GET", .url = "http://127.0.0.1.x.test/", .bearer = TOKEN}, "clear text"},
        {{.method = "GET", .url = "http://127.0.0.1@x.test/", .bearer = TOKEN}, "clear text"},
        {{.method = "GET", .url = "http://10.0.0.1/", .bearer = TOKEN}, "clear text"},
    };
    struct peer proxy;
    struct http_resp r = {0};
    (void)state;
    /* Whoever connected to these names would be seen at the proxy. */
    peer_start(&proxy, odd_answers);
    char *address = url_of(proxy.port, "");
    setenv("http_proxy", address, 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        if (http_do(client, &rows[i].q, &r, NULL, &e) || e.code != ERR_CONFIG || e.ambiguous ||
            !strstr(e.text, rows[i].text) || strstr(e.text, TOKEN))
            fail_msg("row %zu: %s: %s", i, err_name(e.code), e.text);
    }
    assert_int_equal(atomic_load(&proxy.conns), 0);
    unsetenv("http_proxy");
    free(address);
    peer_stop(&proxy);
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
    char *address = url_of(p.port, ""), *direct = url_of(p.port, "/ok");
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
    char *url = url_of(httpd_port(d), "/");
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

/* --- https_server.py as a child that ends with its standard input --- */

struct child {
    pid_t pid;
    int in, port;
};

static struct child start_python(const char *cert, const char *key)
{
    struct child c = {0};
    int in[2], out[2];
    char line[32];
    assert_int_equal(pipe(in) | pipe(out), 0);
    c.pid = fork();
    if (c.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int fd = 3; fd < 256; fd++)
            close(fd);
        execlp("/usr/bin/python3", "python3", "tests/https_server.py", cert, key, NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    c.in = in[1];
    size_t n = 0;
    while (n + 1 < sizeof line && read(out[0], line + n, 1) == 1 && line[n] != '\n')
        n++;
    line[n] = '\0';
    c.port = atoi(line);
    close(out[0]);
    assert_true(c.port > 0);
    return c;
}

static void stop_python(struct child *c)
{
    close(c->in);
    waitpid(c->pid, NULL, 0);
}

static char certs[] = "/tmp/dogs-test-http-XXXXXX";

static char *cert_file(const char *name)
{
    return xasprintf("%s/%s", certs, name);
}

static void make_certs(void)
{
    static const char script[] =
        "cd %s && exec >/dev/null 2>&1 && key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes' "
        "&& "
        "for ca in ca other self; do openssl req -x509 $key -days 2 -subj /CN=$ca -keyout $ca.key "
        "-out $ca.pem -addext subjectAltName=DNS:localhost || exit; done && "
        "openssl req $key -subj /CN=localhost -keyout leaf.key -out leaf.csr && "
        "echo subjectAltName=DNS:localhost > ext && openssl x509 -req -in leaf.csr -CA ca.pem "
        "-CAkey ca.key -CAcreateserial -days 2 -extfile ext -out leaf.pem";
    assert_non_null(mkdtemp(certs));
    char *command = xasprintf(script, certs);
    assert_int_equal(system(command), 0);
    free(command);
}

static int drop_certs(void)
{
    char *command = xasprintf("rm -r %s", certs);
    int failed = system(command);
    free(command);
    return failed;
}

/* Asks with a client of its own that trusts `ca`. */
static bool ask_tls(const char *ca, const char *host, int port, struct http_resp *r, struct err *e)
{
    *e = (struct err){0};
    char *file = ca ? cert_file(ca) : NULL, *url = xasprintf("https://%s:%d/count", host, port);
    struct http *h = http_new(&(struct http_opts){.ca_file = file}, e);
    assert_non_null(h);
    struct http_req q = {.method = "POST", .url = url, .bearer = TOKEN};
    bool ok = http_do(h, &q, r, NULL, e);
    http_free(h);
    free(url);
    free(file);
    return ok;
}

static void test_certificates(void **state)
{
    static const struct {
        const char *cert, *key, *ca, *host;
        enum err_code code;
        const char *text;
    } rows[] = {
        {"leaf.pem", "leaf.key", "ca.pem", "localhost", ERR_OK, ""},
        {"leaf.pem", "leaf.key", "ca.pem", "127.0.0.1", ERR_NETWORK, "is not trusted"},
        {"leaf.pem", "leaf.key", "other.pem", "localhost", ERR_NETWORK, "is not trusted"},
        {"leaf.pem", "leaf.key", NULL, "localhost", ERR_NETWORK, "is not trusted"},
        {"self.pem", "self.key", NULL, "localhost", ERR_NETWORK, "self-signed"},
        {"self.pem", "self.key", "self.pem", "localhost", ERR_OK, ""},
        {"self.pem", "self.key", "absent.pem", "localhost", ERR_CONFIG, "absent.pem"},
        {"self.pem", "self.key", "self.key", "localhost", ERR_CONFIG, "self.key"},
    };
    struct http_resp r = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;
        char *cert = cert_file(rows[i].cert), *key = cert_file(rows[i].key);
        struct child server = start_python(cert, key);
        bool ok = ask_tls(rows[i].ca, rows[i].host, server.port, &r, &e);
        bool as_told = ok == (rows[i].code == ERR_OK) && e.code == rows[i].code &&
                       strstr(e.text, rows[i].text) && !e.ambiguous && !e.retryable;
        if (!as_told || (e.code == ERR_NETWORK && !strstr(e.hint, "ca_file")))
            fail_msg("row %zu: %s: %s; %s", i, err_name(e.code), e.text, e.hint);
        /* Who is trusted at last tells how many requests came before. */
        assert_true(ask_tls(rows[i].cert[0] == 'l' ? "ca.pem" : "self.pem", "localhost",
                            server.port, &r, &e));
        if (!strstr(r.body.p, ok ? "\"requests\": 2" : "\"requests\": 1"))
            fail_msg("row %zu: %s", i, r.body.p);
        stop_python(&server);
        free(cert);
        free(key);
    }
    http_resp_release(&r);
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

static void test_https_to_a_plain_server(void **state)
{
    struct peer p;
    struct http_resp r = {0};
    struct err e;
    (void)state;
    peer_start(&p, odd_answers);
    char *url = xasprintf("https://localhost:%d/", p.port);
    struct http_req q = {.method = "POST", .url = url, .connect_ms = 1000};
    e = (struct err){0};
    assert_false(http_do(client, &q, &r, NULL, &e));
    assert_false(e.ambiguous);
    assert_int_equal(atomic_load(&p.requests), 0);
    free(url);
    peer_stop(&p);
}

static void test_gzip(void **state)
{
    static const struct {
        const char *path;
        size_t max_body;
        enum err_code code;
        const char *body;
    } rows[] = {{"/gzip", 0, ERR_OK, "hello, unpacked"},
                {"/bomb", 1000000, ERR_PROTOCOL, ""},
                {"/not-gzip", 0, ERR_PROTOCOL, ""}};
    struct child server = start_python(NULL, NULL);
    struct http_resp r = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        char *url = url_of(server.port, rows[i].path);
        struct http_req q = {.method = "GET", .url = url, .max_body = rows[i].max_body};
        http_do(client, &q, &r, NULL, &e);
        if (e.code != rows[i].code || strcmp(str_text(&r.body), rows[i].body) != 0)
            fail_msg("row %zu: %s: %s", i, err_name(e.code), e.text);
        free(url);
    }
    http_resp_release(&r);
    stop_python(&server);
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
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                          "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    struct err e = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(proxies); i++)
        unsetenv(proxies[i]);
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
        cmocka_unit_test(test_odd_answers),
        cmocka_unit_test(test_interim_answers_are_passed_over),
        cmocka_unit_test(test_connections_are_reused),
        cmocka_unit_test(test_only_safe_requests_are_sent_twice),
        cmocka_unit_test(test_cancel_wakes_and_waiting_is_idle),
        cmocka_unit_test(test_never_reached),
        cmocka_unit_test(test_refused_before_anything_is_sent),
        cmocka_unit_test(test_proxy_is_used_but_not_for_loopback),
        cmocka_unit_test(test_threads_share_a_client),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_tls_sessions_are_reused),
        cmocka_unit_test(test_https_to_a_plain_server),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_log_tells_no_secret),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
