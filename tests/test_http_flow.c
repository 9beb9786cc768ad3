#include "net_flow.h"
#include "net_tls.h"

#include <dogs/httpd.h>
#include <dogs/log.h>
#include <sys/stat.h>

#define TOKEN "secret-token-0123456789"
#define STREAM HTTP_BODY_STREAM
#define COLLECT HTTP_BODY_COLLECT
#define REFUSE HTTP_BODY_REFUSE
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct http *client;
static struct http_flows *flows;
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

static const struct peer_line answers[] = {
    {"/ok", OK_ANSWER, PEER_KEEP, NULL},
    {"/teapot", "HTTP/1.1 418 No\r\nContent-Length: 3\r\n\r\ntea", PEER_KEEP, NULL},
    {"/none", "HTTP/1.1 204 No Content\r\n\r\n", PEER_KEEP, NULL},
    {"/till-closed", "HTTP/1.0 200 OK\r\n\r\nall", PEER_CLOSE, NULL},
    {"/interim", "HTTP/1.1 103 Early Hints\r\nx-old: 1\r\n\r\n" OK_ANSWER, PEER_KEEP, NULL},
    {"/trailers",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-late: 1\r\n\r\n",
     PEER_KEEP, NULL},
    {"/close", "", PEER_CLOSE, NULL},
    {"/once", OK_ANSWER, PEER_CLOSE_IF_REUSED, NULL},
    {"/half-head", "HTTP/1.1 200 OK\r\nX-A: ", PEER_CLOSE, NULL},
    {"/half-body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", PEER_CLOSE, NULL},
    {"/reset-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", PEER_RESET, NULL},
    {"/half-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab", PEER_CLOSE,
     NULL},
    {"/endless-header", "HTTP/1.1 200 OK\r\n", PEER_FLOOD, "x: y\r\n"},
    {"/endless-100", "", PEER_FLOOD, "HTTP/1.1 100 Continue\r\n\r\n"},
    {"/endless-trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", PEER_FLOOD,
     "x: y\r\n"},
    {"/ssh", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", PEER_CLOSE, NULL},
    {"/hang", "", PEER_HANG, NULL},
    {"/hang-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", PEER_HANG, NULL},
    {"/drip", "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n", PEER_DRIP, NULL},
    {"/endless-body", "HTTP/1.1 500 No\r\nContent-Length: 200000\r\n\r\n", PEER_FLOOD, "01234567"},
    {0},
};

static void test_answers(void **state)
{
    static const struct {
        const char *path, *method;
        enum http_body want;
        bool spoil, retryable;
        int heads, status;
        const char *body;
        enum err_code code;
        const char *text;
    } rows[] = {
        {"/ok", "GET", STREAM, 0, 0, 1, 200, "ok", ERR_OK, ""},
        {"/ok", "GET", COLLECT, 0, 0, 1, 200, "ok", ERR_OK, ""},
        {"/ok", "GET", REFUSE, 0, 0, 1, 200, "", ERR_REFUSED, "not this: 200"},
        {"/ok", "GET", STREAM, 1, 0, 1, 200, "ok", ERR_IO, "the disk is full"},
        {"/none", "HEAD", STREAM, 0, 0, 1, 204, "", ERR_OK, ""},
        {"/teapot", "DELETE", COLLECT, 0, 0, 1, 418, "tea", ERR_OK, ""},
        {"/none", "GET", STREAM, 0, 0, 1, 204, "", ERR_OK, ""},
        {"/till-closed", "GET", STREAM, 0, 0, 1, 200, "all", ERR_OK, ""},
        {"/interim", "GET", STREAM, 0, 0, 1, 200, "ok", ERR_OK, ""},
        {"/trailers", "GET", STREAM, 0, 0, 1, 200, "ok", ERR_OK, ""},
        {"/close", "GET", STREAM, 0, 1, 0, 0, "", ERR_NETWORK, "without an answer"},
        {"/half-head", "GET", STREAM, 0, 1, 0, 0, "", ERR_NETWORK, "broke off"},
        {"/half-body", "GET", STREAM, 0, 1, 1, 200, "ab", ERR_NETWORK, "broke off"},
        {"/half-body", "GET", COLLECT, 0, 1, 1, 200, "ab", ERR_NETWORK, "broke off"},
        {"/reset-in-body", "GET", STREAM, 0, 1, 1, 200, "ab", ERR_NETWORK, "broke off"},
        {"/half-chunk", "GET", STREAM, 0, 1, 1, 200, "ab", ERR_NETWORK, "broke off"},
        {"/endless-header", "GET", STREAM, 0, 0, 0, 0, "", ERR_PROTOCOL, "larger than 65536"},
        {"/endless-100", "GET", STREAM, 0, 0, 0, 0, "", ERR_PROTOCOL, "larger than 65536"},
        {"/endless-trailers", "GET", STREAM, 0, 0, 1, 200, "", ERR_PROTOCOL, "larger than"},
        {"/ssh", "GET", STREAM, 0, 0, 0, 0, "", ERR_PROTOCOL, "does not answer in HTTP"},
        {"/hang", "GET", STREAM, 0, 1, 0, 0, "", ERR_TIMEOUT, "not a byte from"},
        {"/hang-in-body", "GET", STREAM, 0, 1, 1, 200, "ab", ERR_TIMEOUT, "not a byte from"},
        {"/drip", "GET", COLLECT, 0, 1, 1, 200, NULL, ERR_TIMEOUT, "no complete answer"},
        {"/drip", "GET", STREAM, 0, 0, 1, 200, "........................................", ERR_OK,
         ""},
    };
    struct peer p;
    (void)state;
    peer_start(&p, answers);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct seen s = {.want = rows[i].want, .spoil = rows[i].spoil};
        char *url = peer_url(p.port, rows[i].path);
        struct http_flow_req q = seen_req(rows[i].method, url, &s);
        q.req.idle_ms = 600;
        q.req.total_ms = 1000;
        flow_one(flows, &q);
        if (s.ends != 1 || s.ok != (rows[i].code == ERR_OK) || s.e.code != rows[i].code ||
            s.heads != rows[i].heads || s.status != rows[i].status ||
            s.e.retryable != rows[i].retryable || !strstr(s.e.text, rows[i].text) ||
            (rows[i].body && strcmp(str_text(&s.body), rows[i].body) != 0))
            fail_msg("row %zu: ends %d ok %d heads %d status %d '%s': %s: %s, retryable %d", i,
                     s.ends, s.ok, s.heads, s.status, str_text(&s.body), err_name(s.e.code),
                     s.e.text, s.e.retryable);
        seen_release(&s);
        free(url);
    }
    peer_stop(&p);
}

static void test_connections_are_kept_or_closed(void **state)
{
    static const struct {
        enum http_body first;
        int conns;
    } rows[] = {{STREAM, 1}, {COLLECT, 1}, {REFUSE, 2}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer p;
        peer_start(&p, answers);
        char *url = peer_url(p.port, "/ok");
        for (int n = 0; n < 3; n++) {
            struct seen s = {.want = n ? STREAM : rows[i].first};
            struct http_flow_req q = seen_req("GET", url, &s);
            flow_one(flows, &q);
            seen_release(&s);
        }
        if (atomic_load(&p.conns) != rows[i].conns)
            fail_msg("row %zu: %d connections", i, atomic_load(&p.conns));
        free(url);
        peer_stop(&p);
    }
}

/* What was collected of an answer that is too long says enough, and the answer is one. */
static void test_long_errors_are_cut(void **state)
{
    struct peer p;
    struct seen s = {.want = COLLECT};
    (void)state;
    peer_start(&p, answers);
    char *url = peer_url(p.port, "/endless-body");
    struct http_flow_req q = seen_req("GET", url, &s);
    flow_one(flows, &q);
    assert_true(s.ok);
    assert_int_equal(s.status, 500);
    assert_int_equal(s.body.len, 65536);
    seen_release(&s);
    free(url);
    peer_stop(&p);
}

static void answer_echo(void *ctx, const struct httpd_req *q, struct httpd_resp *resp)
{
    static const char *const names[] = {"authorization",   "content-type", "content-length",
                                        "accept-encoding", "expect",       "x-a"};
    size_t len;
    const char *body = httpd_body(q, &len), *big = httpd_query(q, "big");
    (void)ctx;
    resp->status = 200;
    resp->body = STR(10 * 1000 * 1000);
    for (long i = 0; big && i < atol(big); i++)
        str_addn(&resp->body, &"0123456789"[i % 10], 1);
    if (big)
        return;
    str_addf(&resp->body, "%s %s", httpd_method(q), httpd_path(q));
    for (size_t i = 0; i < COUNT(names); i++) {
        const char *value = httpd_header(q, names[i]);
        if (value)
            str_addf(&resp->body, " %s=%s", names[i], value);
    }
    str_addf(&resp->body, " [%.*s]", len > 40 ? 40 : (int)len, body);
}

static void test_requests_arrive_as_asked(void **state)
{
    static const struct http_header more[] = {{"X-A", "1"}};
    static const struct {
        struct http_flow_req q;
        size_t source;
        const char *user, *body;
    } rows[] = {
        {{.req = {.method = "GET"}}, 0, "", "GET /p accept-encoding=identity []"},
        {{.req = {.method = "GET"}, .decode = true}, 0, "", "GET /p accept-encoding=identity []"},
        {{.req = {.method = "GET", .headers = more, .n_headers = 1}},
         0,
         "",
         "GET /p accept-encoding=identity x-a=1 []"},
        {{.req = {.method = "GET", .bearer = TOKEN}, .netrc = true},
         0,
         "",
         "GET /p authorization=Bearer " TOKEN " accept-encoding=identity []"},
        {{.req = {.method = "GET"}, .user = "u", .password = "p", .netrc = true},
         0,
         "",
         "GET /p authorization=Basic dTpw accept-encoding=identity []"},
        {{.req = {.method = "GET"}},
         0,
         "u:p@",
         "GET /p authorization=Basic dTpw accept-encoding=identity []"},
        {{.req = {.method = "GET"}, .netrc = true},
         0,
         "",
         "GET /p authorization=Basic bmV0OnJj accept-encoding=identity []"},
        {{.req = {.method = "POST", .body = "{}", .body_len = 2}},
         0,
         "",
         "POST /p content-type=application/json content-length=2 accept-encoding=identity [{}]"},
        {{.req = {.method = "PUT"}},
         3,
         "",
         "PUT /p content-length=3 accept-encoding=identity [aaa]"},
        {{.req = {.method = "POST"}, .once = true},
         3,
         "",
         "POST /p content-length=3 accept-encoding=identity [aaa]"},
        {{.req = {.method = "PUT"}}, 0, "", "PUT /p content-length=0 accept-encoding=identity []"},
        {{.req = {.method = "PUT"}},
         3000000,
         "",
         "PUT /p content-length=3000000 accept-encoding=identity "
         "[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]"},
    };
    struct err e = {0};
    struct httpd *d =
        httpd_start(&(struct httpd_opts){.handler = answer_echo, .max_body = 4000000}, &e);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct seen s = {.want = COLLECT, .size = rows[i].source};
        char *url = xasprintf("http://%s127.0.0.1:%d/p", rows[i].user, httpd_port(d));
        struct http_flow_req q = rows[i].q;
        q.req.url = url;
        q.ctx = &s;
        q.end = seen_end;
        if (i >= 8) {
            q.source = seen_source;
            q.rewind = seen_rewind;
            q.upload_bytes = (int64_t)rows[i].source;
        }
        flow_one(flows, &q);
        if (!s.ok || strcmp(str_text(&s.body), rows[i].body) != 0)
            fail_msg("row %zu: %s%s", i, s.e.text, str_text(&s.body));
        seen_release(&s);
        free(url);
    }
    httpd_stop(d);
}

static void test_large_bodies_in_pieces(void **state)
{
    struct err e = {0};
    struct httpd *d = httpd_start(&(struct httpd_opts){.handler = answer_echo}, &e);
    struct seen s[3] = {{0}};
    char *url = peer_url(httpd_port(d), "/?big=3000000");
    int64_t before = http_flows_bytes(flows);
    (void)state;
    for (size_t i = 0; i < COUNT(s); i++) {
        struct http_flow_req q = seen_req("GET", url, &s[i]);
        assert_true(http_flow_start(flows, &q, NULL, &e));
    }
    flows_finish(flows);
    assert_int_equal(http_flows_bytes(flows) - before, 9000000);
    for (size_t i = 0; i < COUNT(s); i++) {
        assert_true(s[i].ok);
        assert_int_equal(s[i].body.len, 3000000);
        for (size_t k = 0; k < s[i].body.len; k++)
            if (s[i].body.p[k] != "0123456789"[k % 10])
                fail_msg("byte %zu", k);
        seen_release(&s[i]);
    }
    free(url);
    httpd_stop(d);
}

/* The kept connection takes the whole body and dies without an answer. */
static void test_uploads_are_repeated_from_the_beginning(void **state)
{
    static const struct {
        const char *path;
        bool can_rewind, once, ok;
        int requests, rewinds;
    } rows[] = {
        {"/once", true, false, true, 3, 1},   {"/close", true, false, false, 3, 1},
        {"/once", false, false, false, 2, 0}, {"/once", true, true, true, 2, 0},
        {"/close", true, true, false, 2, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer p;
        struct seen first = {0}, s = {.size = 100000};
        peer_start(&p, answers);
        char *ok = peer_url(p.port, "/ok"), *url = peer_url(p.port, rows[i].path);
        struct http_flow_req q = seen_req("GET", ok, &first);
        flow_one(flows, &q);
        q = seen_req("PUT", url, &s);
        q.source = seen_source;
        q.rewind = rows[i].can_rewind ? seen_rewind : NULL;
        q.upload_bytes = 100000;
        q.once = rows[i].once;
        flow_one(flows, &q);
        int requests = atomic_load(&p.requests);
        if (s.ok != rows[i].ok || s.rewinds != rows[i].rewinds || requests != rows[i].requests ||
            atomic_load(&p.body_bytes) != (requests - 1) * 100000L || s.e.retryable == s.ok)
            fail_msg("row %zu: ok %d, %d requests, %d rewinds, %ld bytes: %s", i, s.ok, requests,
                     s.rewinds, atomic_load(&p.body_bytes), s.e.text);
        seen_release(&first);
        seen_release(&s);
        free(ok);
        free(url);
        peer_stop(&p);
    }
}

static void test_source_fails(void **state)
{
    struct peer p;
    struct seen s = {.size = 5000000, .source_fails_at = 2000000};
    (void)state;
    peer_start(&p, answers);
    char *url = peer_url(p.port, "/ok");
    struct http_flow_req q = seen_req("PUT", url, &s);
    q.source = seen_source;
    q.upload_bytes = 5000000;
    flow_one(flows, &q);
    assert_false(s.ok);
    assert_string_equal(s.e.text, "the file is unreadable");
    assert_int_equal(atomic_load(&p.requests), 0);
    free(url);
    peer_stop(&p);
}

static void test_refused_before_anything_is_sent(void **state)
{
    static const struct {
        struct http_flow_req q;
        const char *text;
    } rows[] = {
        {{.req = {.method = "GET", .url = "nonsense"}}, "not a URL"},
        {{.req = {.method = "BREW", .url = "http://127.0.0.1:1/"}}, "'BREW' is not known"},
        {{.req = {.method = "GET", .url = "http://x.test/?k=" TOKEN, .bearer = TOKEN}},
         "the token is not sent in clear text to x.test"},
        {{.req = {.method = "GET", .url = "http://x.test/"}, .user = "u", .password = TOKEN},
         "the password is not sent in clear text to x.test"},
        {{.req = {.method = "GET", .url = "http://x.test/"}, .password = TOKEN}, "clear text"},
        {{.req = {.method = "GET", .url = "http://u:" TOKEN "@10.0.0.1/"}}, "clear text"},
        {{.req = {.method = "GET", .url = "http://" TOKEN "@127.0.0.1.x.test/"}}, "clear text"},
    };
    struct peer proxy;
    (void)state;
    peer_start(&proxy, answers);
    char *address = peer_url(proxy.port, "");
    setenv("http_proxy", address, 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct http_flow *f = NULL;
        if (http_flow_start(flows, &rows[i].q, &f, &e) || f || e.code != ERR_CONFIG ||
            !strstr(e.text, rows[i].text) || strstr(e.text, TOKEN))
            fail_msg("row %zu: %s: %s", i, err_name(e.code), e.text);
    }
    assert_int_equal(http_flows_active(flows), 0);
    assert_int_equal(atomic_load(&proxy.conns), 0);
    unsetenv("http_proxy");
    free(address);
    peer_stop(&proxy);
}

/* What ~/.netrc says for every host goes to no proxy and no host in clear text. */
static void test_netrc_is_not_sent_in_clear(void **state)
{
    struct err e = {0};
    struct httpd *d = httpd_start(&(struct httpd_opts){.handler = answer_echo}, &e);
    struct seen s = {.want = COLLECT};
    char *address = peer_url(httpd_port(d), "");
    struct http_flow_req q = seen_req("GET", "http://x.test/p", &s);
    (void)state;
    q.netrc = true;
    setenv("http_proxy", address, 1);
    flow_one(flows, &q);
    unsetenv("http_proxy");
    assert_true(s.ok);
    assert_null(strstr(s.body.p, "authorization"));
    seen_release(&s);
    free(address);
    httpd_stop(d);
}

static void test_packed_answers(void **state)
{
    static const struct {
        const char *path;
        bool decode;
        enum err_code code;
        const char *begins;
    } rows[] = {{"/gzip", true, ERR_OK, "hello, unpacked"},
                {"/gzip", false, ERR_OK, "\x1f\x8b"},
                {"/not-gzip", true, ERR_PROTOCOL, ""},
                {"/not-gzip", false, ERR_OK, "this is no gzip"},
                {"/count", true, ERR_OK, "{"}};
    struct child server = start_python(NULL, NULL);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct seen s = {0};
        char *url = peer_url(server.port, rows[i].path);
        struct http_flow_req q = seen_req("GET", url, &s);
        q.decode = rows[i].decode;
        flow_one(flows, &q);
        if (s.e.code != rows[i].code || !str_starts(str_text(&s.body), rows[i].begins))
            fail_msg("row %zu: %s: %s", i, s.e.text, str_text(&s.body));
        seen_release(&s);
        free(url);
    }
    stop_python(&server);
}

static void test_log_tells_no_secret(void **state)
{
    (void)state;
    assert_non_null(strstr(logged.p, "http: GET http://127.0.0.1:"));
    assert_non_null(strstr(logged.p, ": 418, 3 bytes in "));
    assert_null(strstr(logged.p, TOKEN));
    assert_null(strstr(logged.p, "u:p@"));
}

static int set_up(void **state)
{
    struct err e = {0};
    (void)state;
    peer_no_proxies();
    log_open(LOG_DEBUG, keep_log, NULL);
    make_certs();
    char *netrc = cert_file(".netrc");
    FILE *f = fopen(netrc, "w");
    fputs("default login net password rc\n", f);
    fclose(f);
    chmod(netrc, 0600);
    free(netrc);
    setenv("HOME", certs, 1);
    client = http_new(&(struct http_opts){.user_agent = "dogs/test"}, &e);
    flows = client ? http_flows_new(client, &(struct http_flows_opts){.connections = 8}, &e) : NULL;
    return flows ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    http_flows_free(flows);
    http_flows_free(NULL);
    http_free(client);
    str_release(&logged);
    return drop_certs() ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_connections_are_kept_or_closed),
        cmocka_unit_test(test_long_errors_are_cut),
        cmocka_unit_test(test_requests_arrive_as_asked),
        cmocka_unit_test(test_large_bodies_in_pieces),
        cmocka_unit_test(test_uploads_are_repeated_from_the_beginning),
        cmocka_unit_test(test_source_fails),
        cmocka_unit_test(test_refused_before_anything_is_sent),
        cmocka_unit_test(test_netrc_is_not_sent_in_clear),
        cmocka_unit_test(test_packed_answers),
        cmocka_unit_test(test_log_tells_no_secret),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
