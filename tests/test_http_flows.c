#include "net_flow.h"
#include "net_tls.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct http *client;

static const struct peer_line answers[] = {
    {"/ok", OK_ANSWER, PEER_KEEP, NULL},
    {"/hang", "", PEER_HANG, NULL},
    {"/hang-in-body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", PEER_HANG, NULL},
    {"/flood", "HTTP/1.1 200 OK\r\n\r\n", PEER_FLOOD, "0123456789"},
    {"/drops", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", PEER_DRIP, NULL},
    {"/drip", "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n", PEER_DRIP, NULL},
    {0},
};

static struct http_flows *new_flows(struct http *h, int connections)
{
    struct err e = {0};
    struct http_flows *fs =
        http_flows_new(h, &(struct http_flows_opts){.connections = connections}, &e);
    if (!fs)
        fail_msg("%s", e.text);
    return fs;
}

static struct http_flow *start(struct http_flows *fs, const struct http_flow_req *q)
{
    struct err e = {0};
    struct http_flow *f = NULL;
    if (!http_flow_start(fs, q, &f, &e))
        fail_msg("%s", e.text);
    return f;
}

static void test_many_over_few_connections(void **state)
{
    struct peer p;
    struct seen s[200] = {{0}};
    struct http_flows *fs = new_flows(client, 8);
    (void)state;
    peer_start(&p, answers);
    char *url = peer_url(p.port, "/ok");
    for (size_t i = 0; i < COUNT(s); i++) {
        struct http_flow_req q = seen_req("GET", url, &s[i]);
        start(fs, &q);
    }
    flows_finish(fs);
    for (size_t i = 0; i < COUNT(s); i++) {
        ROW(i, s[i].ok && s[i].ends == 1 && strcmp(str_text(&s[i].body), "ok") == 0);
        seen_release(&s[i]);
    }
    assert_int_equal(atomic_load(&p.requests), 200);
    assert_int_equal(atomic_load(&p.conns), 8);
    http_flows_free(fs);
    free(url);
    peer_stop(&p);
}

static void test_ends_start_others(void **state)
{
    struct peer p;
    struct http_flows *fs = new_flows(client, 2);
    int left = 100;
    (void)state;
    peer_start(&p, answers);
    char *url = peer_url(p.port, "/ok");
    struct seen s = {.want = HTTP_BODY_COLLECT, .left = &left, .flows = fs};
    struct http_flow_req q = seen_req("GET", url, &s);
    q.head = NULL;
    s.want = HTTP_BODY_STREAM; /* nobody looks at the collected ones */
    s.again = &q;
    for (int i = 0; i < 3; i++)
        start(fs, &q);
    flows_finish(fs);
    assert_int_equal(s.ends, 103);
    assert_int_equal(atomic_load(&p.requests), 103);
    assert_int_equal(atomic_load(&p.conns), 2);
    http_flows_free(fs);
    free(url);
    peer_stop(&p);
}

static struct http_flow *victim;

static void cancel_other(void *ctx, bool ok, const struct http_resp *resp, const struct err *e)
{
    struct http_flow *v = victim;
    seen_end(ctx, ok, resp, e);
    victim = NULL;
    if (v)
        http_flow_cancel(v);
}

static bool cancel_in_body(void *ctx, const void *bytes, size_t len, struct err *e)
{
    struct http_flow *v = victim;
    victim = NULL;
    if (v)
        http_flow_cancel(v);
    return seen_body(ctx, bytes, len, e);
}

static void test_cancelled_flows_end_at_once(void **state)
{
    static const struct {
        const char *victim, *other;
        bool in_body, in_end, waits;
    } rows[] = {
        {"/hang", NULL, false, false, false},     {"/hang-in-body", NULL, false, false, false},
        {"/hang", "/drops", true, false, false},  {"/hang-in-body", "/drops", true, false, false},
        {"/flood", "/drops", true, false, false}, {"/hang-in-body", "/drops", false, true, false},
        {"/flood", "/drops", false, true, false}, {"/ok", NULL, false, false, true},
    };
    struct peer p;
    struct err e = {0};
    (void)state;
    peer_start(&p, answers);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_flows *fs = new_flows(client, 4);
        struct seen s = {0}, o = {0};
        char *url = peer_url(p.port, rows[i].victim);
        char *other = peer_url(p.port, rows[i].other ? rows[i].other : "/ok");
        struct http_flow_req q = seen_req("GET", other, &o);
        q.body = rows[i].in_body ? cancel_in_body : seen_body;
        q.end = rows[i].in_end ? cancel_other : seen_end;
        /* First, so that libcurl comes to the victim after it. */
        if (rows[i].other)
            start(fs, &q);
        q = seen_req("GET", url, &s);
        struct http_flow *f = start(fs, &q);
        int64_t until = os_mono_ms() + (rows[i].waits ? 0 : 300);
        while (!rows[i].other && os_mono_ms() < until)
            assert_true(http_flows_turn(fs, 50, NULL, &e));
        if (rows[i].other) {
            victim = f;
        } else {
            http_flow_cancel(f);
            ROW(i, s.ends == 1);
        }
        flows_finish(fs);
        ROW(i, s.ends == 1 && !s.ok && s.e.code == ERR_INTERRUPTED);
        ROW(i, s.e.ambiguous == !rows[i].waits);
        ROW(i, !rows[i].other || (o.ok && o.ends == 1));
        seen_release(&s);
        seen_release(&o);
        http_flows_free(fs);
        free(url);
        free(other);
    }
    peer_stop(&p);
}

static void test_freeing_ends_all(void **state)
{
    struct peer p;
    struct http_flows *fs = new_flows(client, 2);
    struct seen s[5] = {{0}};
    struct err e = {0};
    (void)state;
    peer_start(&p, answers);
    char *url = peer_url(p.port, "/hang");
    for (size_t i = 0; i < COUNT(s); i++) {
        struct http_flow_req q = seen_req("GET", url, &s[i]);
        start(fs, &q);
    }
    assert_true(http_flows_turn(fs, 50, NULL, &e));
    assert_int_equal(http_flows_active(fs), 5);
    http_flows_free(fs);
    for (size_t i = 0; i < COUNT(s); i++)
        ROW(i, s[i].ends == 1 && s[i].e.code == ERR_INTERRUPTED);
    free(url);
    peer_stop(&p);
}

static struct http_flows *to_wake;

static void *trigger_later(void *cancel)
{
    peer_nap(300);
    if (cancel)
        cancel_trigger(cancel);
    else
        http_flows_wake(to_wake);
    return NULL;
}

static void test_cancel_and_wake_end_a_wait(void **state)
{
    static const struct {
        bool cancelled, busy;
    } rows[] = {{true, true}, {false, false}, {true, false}};
    struct peer p;
    (void)state;
    peer_start(&p, answers);
    char *url = peer_url(p.port, "/hang");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cancel *cancel = cancel_new();
        struct err e = {0};
        struct seen s = {0};
        struct http_flow_req q = seen_req("GET", url, &s);
        bool ok = true;
        pthread_t other;
        to_wake = new_flows(client, 2);
        if (rows[i].busy)
            start(to_wake, &q);
        int64_t began = os_mono_ms();
        pthread_create(&other, NULL, trigger_later, rows[i].cancelled ? cancel : NULL);
        do
            ok = http_flows_turn(to_wake, 5000, cancel, &e);
        while (ok && rows[i].busy);
        int64_t took = os_mono_ms() - began;
        pthread_join(other, NULL);
        ROW(i, took >= 250 && took < 1300);
        ROW(i, ok == !rows[i].cancelled && (ok || e.code == ERR_INTERRUPTED));
        ROW(i, s.ends == 0);
        http_flows_free(to_wake);
        cancel_free(cancel);
    }
    free(url);
    peer_stop(&p);
}

/* Who does not turn the loop makes no peer silent. */
static void test_throttled_flows_are_not_idle(void **state)
{
    static const struct {
        const char *path;
        bool ok;
    } rows[] = {{"/drip", true}, {"/hang-in-body", false}};
    struct peer p;
    struct err e = {0};
    (void)state;
    peer_start(&p, answers);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_flows *fs = new_flows(client, 2);
        struct seen s = {0};
        char *url = peer_url(p.port, rows[i].path);
        struct http_flow_req q = seen_req("GET", url, &s);
        q.req.idle_ms = 900;
        start(fs, &q);
        for (int64_t until = os_mono_ms() + 650; os_mono_ms() < until;)
            assert_true(http_flows_turn(fs, 20, NULL, &e));
        peer_nap(1500);
        assert_true(http_flows_turn(fs, 20, NULL, &e));
        assert_true(http_flows_turn(fs, 20, NULL, &e));
        ROW(i, rows[i].ok || s.ends == 0);
        flows_finish(fs);
        ROW(i, s.ok == rows[i].ok && (s.ok || s.e.code == ERR_TIMEOUT));
        seen_release(&s);
        http_flows_free(fs);
        free(url);
    }
    peer_stop(&p);
}

static void test_certificates(void **state)
{
    static const struct {
        const char *ca, *host;
        enum err_code code;
        bool http2;
    } rows[] = {
        {"ca.pem", "localhost", ERR_OK, false},
        {"ca.pem", "localhost", ERR_OK, true}, /* which this server does not offer */
        {"ca.pem", "127.0.0.1", ERR_NETWORK, false},
        {"other.pem", "localhost", ERR_NETWORK, true},
        {NULL, "localhost", ERR_NETWORK, false},
        {"absent.pem", "localhost", ERR_CONFIG, false},
    };
    char *cert = cert_file("leaf.pem"), *key = cert_file("leaf.key");
    struct child server = start_python(cert, key);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct seen s[20] = {{0}};
        char *ca = rows[i].ca ? cert_file(rows[i].ca) : NULL;
        char *url = xasprintf("https://%s:%d/count", rows[i].host, server.port);
        struct http *h = http_new(&(struct http_opts){.ca_file = ca}, &e);
        struct http_flows *fs = new_flows(h, 4);
        for (size_t k = 0; k < COUNT(s); k++) {
            struct http_flow_req q = seen_req("GET", url, &s[k]);
            q.http2 = rows[i].http2;
            start(fs, &q);
        }
        flows_finish(fs);
        for (size_t k = 0; k < COUNT(s); k++) {
            if (s[k].e.code != rows[i].code || s[k].ends != 1 || s[k].e.ambiguous)
                fail_msg("row %zu: %s: %s", i, err_name(s[k].e.code), s[k].e.text);
            seen_release(&s[k]);
        }
        http_flows_free(fs);
        http_free(h);
        free(url);
        free(ca);
    }
    stop_python(&server);
    free(cert);
    free(key);
}

struct worker {
    struct http *http;
    const char *url;
    int good;
};

static void *fetch_often(void *ctx)
{
    struct worker *w = ctx;
    struct http_flows *fs = new_flows(w->http, 4);
    struct err e = {0};
    for (int round = 0; round < 5; round++) {
        struct seen s[10] = {{0}};
        for (size_t i = 0; i < COUNT(s); i++) {
            struct http_flow_req q = seen_req("GET", w->url, &s[i]);
            q.once = i % 4 == 3; /* new connections, which take up a TLS session */
            q.http2 = i % 2;
            http_flow_start(fs, &q, NULL, &e);
        }
        while (http_flows_active(fs) && http_flows_turn(fs, 200, NULL, &e))
            ;
        for (size_t i = 0; i < COUNT(s); i++) {
            w->good += s[i].ok;
            seen_release(&s[i]);
        }
    }
    http_flows_free(fs);
    return NULL;
}

static void test_two_loops_on_one_client(void **state)
{
    struct err e = {0};
    char *cert = cert_file("leaf.pem"), *key = cert_file("leaf.key"), *ca = cert_file("ca.pem");
    struct child server = start_python(cert, key);
    char *url = xasprintf("https://localhost:%d/count", server.port);
    struct http *h = http_new(&(struct http_opts){.ca_file = ca}, &e);
    struct worker w[2] = {{.http = h, .url = url}, {.http = h, .url = url}};
    struct http_resp r = {0};
    pthread_t threads[2];
    (void)state;
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, fetch_often, &w[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(w[0].good, 50);
    assert_int_equal(w[1].good, 50);
    /* A call's connection takes up a session of the flows'. */
    assert_true(http_do(h, &(struct http_req){.method = "GET", .url = url}, &r, NULL, &e));
    assert_non_null(strstr(r.body.p, "\"resumed\": true"));
    http_resp_release(&r);
    http_free(h);
    stop_python(&server);
    free(url);
    free(cert);
    free(key);
    free(ca);
}

static char *nginx_url(struct child *server)
{
    int listener = peer_listen(-1, &server->port);
    close(listener);
    *server = start_nginx(certs, server->port, 1000);
    for (int i = 0; server->pid && i < 100; i++) {
        int fd = peer_connect("127.0.0.1", server->port);
        if (fd >= 0) {
            close(fd);
            break;
        }
        peer_nap(50);
    }
    return xasprintf("https://localhost:%d/", server->port);
}

/* The server says goodbye to each connection after 1,000 requests (RFC 9113 §6.8). */
static void test_http2_loses_nothing(void **state)
{
    static const struct {
        const char *method, *path;
        size_t upload, answer;
        int at_once, conns_most;
    } rows[] = {{"GET", "1", 0, 1024, 100, 4},
                {"GET", "1", 0, 1024, 1, 4},
                {"PUT", "put", 60000, 0, 100, 8},
                {"PUT", "early", 20000, 2, 100, 30}};
    struct child server = {0};
    struct err e = {0};
    char *base = nginx_url(&server), *ca = cert_file("ca.pem");
    (void)state;
    for (size_t i = 0; server.pid && i < COUNT(rows); i++) {
        struct http *h = http_new(&(struct http_opts){.ca_file = ca}, &e);
        struct http_flows *fs = new_flows(h, 8);
        struct seen *s = calloc(3000, sizeof *s);
        char *url = xasprintf("%s%s", base, rows[i].path);
        int conns[4000] = {0}, used = 0, good = 0;
        for (size_t n = 0; n < 3000; n++) {
            struct http_flow_req q = seen_req(rows[i].method, url, &s[n]);
            q.http2 = true;
            s[n].size = rows[i].upload;
            if (s[n].size) {
                q.source = seen_source;
                q.rewind = seen_rewind;
                q.upload_bytes = (int64_t)s[n].size;
            }
            start(fs, &q);
            while (http_flows_active(fs) >= (size_t)rows[i].at_once)
                assert_true(http_flows_turn(fs, 1000, NULL, &e));
        }
        flows_finish(fs);
        for (size_t n = 0; n < 3000; n++) {
            int conn = s[n].connection;
            if (!s[n].ok || s[n].status / 100 != 2 || !s[n].http2)
                fail_msg("row %zu, %zu: %s", i, n, s[n].e.text);
            if (conn > 0 && conn < 4000)
                used += conns[conn]++ == 0;
            good += s[n].body.len == rows[i].answer;
            seen_release(&s[n]);
        }
        assert_int_equal(good, 3000);
        if (used < 3 || used > rows[i].conns_most)
            fail_msg("row %zu: %d connections", i, used);
        http_flows_free(fs);
        http_free(h);
        free(url);
        free(s);
    }
    if (server.pid)
        stop_nginx(&server);
    free(base);
    free(ca);
    if (!server.pid)
        skip();
}

static int set_up(void **state)
{
    struct err e = {0};
    (void)state;
    peer_no_proxies();
    make_certs();
    client = http_new(&(struct http_opts){.user_agent = "dogs/test"}, &e);
    return client ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    http_free(client);
    return drop_certs() ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_over_few_connections),
        cmocka_unit_test(test_ends_start_others),
        cmocka_unit_test(test_cancelled_flows_end_at_once),
        cmocka_unit_test(test_freeing_ends_all),
        cmocka_unit_test(test_cancel_and_wake_end_a_wait),
        cmocka_unit_test(test_throttled_flows_are_not_idle),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_two_loops_on_one_client),
        cmocka_unit_test(test_http2_loses_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
