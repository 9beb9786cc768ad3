#include "net_peer.h"
#include "net_tls.h"

#include <dogs/http.h>
#include <dogs/os.h>

#define TOKEN "secret-token-0123456789"

static struct http *client;

static const struct peer_line odd_answers[] = {
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
        char *url = peer_url(p.port, rows[i].path);
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
        {peer_url(refused_port, "/"), ERR_NETWORK,
         xasprintf("cannot reach 127.0.0.1:%d (connection refused)", refused_port)},
        {xasprintf("http://%s/", label), ERR_NETWORK, xstrdup("cannot find the address of aaa")},
        {peer_url(full_port, "/"), ERR_TIMEOUT,
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
    char *address = peer_url(proxy.port, "");
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
        char *url = peer_url(server.port, rows[i].path);
        struct http_req q = {.method = "GET", .url = url, .max_body = rows[i].max_body};
        http_do(client, &q, &r, NULL, &e);
        if (e.code != rows[i].code || strcmp(str_text(&r.body), rows[i].body) != 0)
            fail_msg("row %zu: %s: %s", i, err_name(e.code), e.text);
        free(url);
    }
    http_resp_release(&r);
    stop_python(&server);
}

static int set_up(void **state)
{
    struct err e = {0};
    (void)state;
    peer_no_proxies();
    make_certs();
    client = http_new(&(struct http_opts){0}, &e);
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
        cmocka_unit_test(test_odd_answers),
        cmocka_unit_test(test_never_reached),
        cmocka_unit_test(test_refused_before_anything_is_sent),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_https_to_a_plain_server),
        cmocka_unit_test(test_gzip),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
