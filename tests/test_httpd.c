#include "net_peer.h"
#include "unit.h"

#include <dogs/httpd.h>
#include <dogs/os.h>
#include <pthread.h>
#include <stdatomic.h>

enum { MAX_BODY = 1000 };

static atomic_int entered, finished;

static void echo(const struct httpd_req *q, struct httpd_resp *resp)
{
    size_t len;
    const char *body = httpd_body(q, &len);
    const char *a = httpd_query(q, "a"), *x = httpd_header(q, "X-thing");
    resp->status = 200;
    httpd_add_header(resp, "x-one", "a %d\r\nx-evil: 1", 1);
    str_addf(&resp->body, "[%s][%s][a=%s][x=%s][%zu:%s]", httpd_method(q), httpd_path(q),
             a ? a : "none", x ? x : "none", len, body);
}

static void handler(void *ctx, const struct httpd_req *q, struct httpd_resp *resp)
{
    const char *path = httpd_path(q);
    (void)ctx;
    atomic_fetch_add(&entered, 1);
    resp->body = STR(4096);
    resp->status = 200;
    if (strcmp(path, "/date") == 0) {
        httpd_add_header(resp, "date", "Fri, 20 Nov 2026 18:00:00 GMT");
    } else if (strcmp(path, "/cut") == 0) {
        resp->status = 0;
    } else if (strcmp(path, "/half") == 0) {
        str_add(&resp->body, "0123456789");
        resp->cut_body = true;
    } else if (strcmp(path, "/half-of-nothing") == 0) {
        resp->cut_body = true;
    } else if (strcmp(path, "/empty") == 0) {
        resp->status = 204;
    } else if (strcmp(path, "/too-long") == 0) {
        for (int i = 0; i < 500; i++)
            str_add(&resp->body, "0123456789");
    } else if (strcmp(path, "/slow") == 0) {
        usleep(2500 * 1000);
        str_add(&resp->body, "slow");
    } else if (strcmp(path, "/meet") == 0) {
        for (int i = 0; i < 1000 && atomic_load(&entered) < 2; i++)
            usleep(10 * 1000);
        str_addf(&resp->body, "met %d", atomic_load(&entered));
    } else {
        echo(q, resp);
    }
    atomic_fetch_add(&finished, 1);
}

static struct httpd *start(unsigned idle_s)
{
    struct err e = {0};
    struct httpd *d = httpd_start(
        &(struct httpd_opts){.max_body = MAX_BODY, .idle_s = idle_s, .handler = handler}, &e);
    if (!d)
        fail_msg("%s", e.text);
    atomic_store(&entered, 0);
    atomic_store(&finished, 0);
    return d;
}

static size_t ask(struct httpd *d, const void *request, size_t len, char *answer, size_t room)
{
    int fd = peer_connect("127.0.0.1", httpd_port(d));
    assert_true(fd >= 0);
    peer_send(fd, request, len);
    size_t n = peer_read(fd, NULL, answer, room);
    close(fd);
    return n;
}

#define HEAD " HTTP/1.1\r\nhost: h\r\nconnection: close\r\n"

static void test_requests_and_answers(void **state)
{
    static const struct {
        const char *request, *has, *has_also, *lacks;
    } rows[] = {
        {"GET /v2/a%20b?a=x%26y+z" HEAD "\r\n", "HTTP/1.1 200 OK\r\n",
         "[GET][/v2/a b][a=x&y z][x=none][0:]", NULL},
        {"GET /?a" HEAD "X-THING: v\r\n\r\n", "[a=][x=v]", "x-one: a 1  x-evil: 1\r\n", NULL},
        {"GET /a%00b" HEAD "\r\n", "[/a%00b]", NULL, NULL},
        {"POST /p" HEAD "content-length: 5\r\n\r\nhello", "[POST][/p]", "[5:hello]", NULL},
        {"POST /p" HEAD "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
         "[5:abcde]", NULL, NULL},
        {"DELETE /d" HEAD "content-length: 2\r\n\r\n{}", "[DELETE][/d]", "[2:{}]", NULL},
        {"PUT /d" HEAD "content-length: 0\r\n\r\n", "[PUT][/d]", "[0:]", NULL},
        {"HEAD /h" HEAD "content-length: 2\r\n\r\n{}", "200 OK", "Content-Length: 32\r\n",
         "[HEAD]"},
        {"GET /date" HEAD "\r\n", "date: Fri, 20 Nov 2026 18:00:00 GMT\r\n", NULL, "Date:"},
        {"GET /none" HEAD "\r\n", "date: ", " GMT\r\n", "Date:"},
        {"GET /empty" HEAD "\r\n", "HTTP/1.1 204 No Content", NULL, NULL},
        {"GET /too-long" HEAD "\r\n", "HTTP/1.1 500 ", NULL, "0123456789"},
        {"POST /p" HEAD "content-length: 1001\r\n\r\n", "HTTP/1.1 413 ", NULL, "[POST]"},
        {"POST /p" HEAD "content-length: 99999999999999999999\r\n\r\n", "HTTP/1.1 4", NULL,
         "[POST]"},
        {"POST /p" HEAD "expect: 100-continue\r\ncontent-length: 1001\r\n\r\n", "HTTP/1.1 413 ",
         NULL, "100 Continue"},
        {"nonsense\r\n\r\n", "", NULL, "200 OK"},
    };
    struct httpd *d = start(0);
    char answer[8192];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ask(d, rows[i].request, strlen(rows[i].request), answer, sizeof answer);
        if (!strstr(answer, rows[i].has) ||
            (rows[i].has_also && !strstr(answer, rows[i].has_also)) ||
            (rows[i].lacks && strstr(answer, rows[i].lacks)))
            fail_msg("row %zu: %s", i, answer);
    }
    httpd_stop(d);
}

static void test_body_limit_is_exact(void **state)
{
    static const struct {
        size_t len;
        bool chunked;
        const char *has;
    } rows[] = {{MAX_BODY, false, "[1000:"},  {MAX_BODY + 1, false, " 413 "},
                {MAX_BODY, true, "[1000:"},   {MAX_BODY + 1, true, " 413 "},
                {1000 * 1000, true, " 413 "}, {9 * 1000 * 1000, false, " 413 "}};
    struct httpd *d = start(0);
    char answer[8192];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str q = STR(10 * 1000 * 1000);
        str_add(&q, "POST /p" HEAD);
        if (rows[i].chunked)
            str_addf(&q, "transfer-encoding: chunked\r\n\r\n%zx\r\n", rows[i].len);
        else
            str_addf(&q, "content-length: %zu\r\n\r\n", rows[i].len);
        for (size_t n = 0; n < rows[i].len; n++)
            str_addn(&q, "x", 1);
        if (rows[i].chunked)
            str_add(&q, "\r\n0\r\n\r\n");
        ask(d, q.p, q.len, answer, sizeof answer);
        if (!strstr(answer, rows[i].has))
            fail_msg("row %zu: %s", i, answer);
        str_release(&q);
    }
    httpd_stop(d);
}

static void test_body_may_hold_nul(void **state)
{
    static const char request[] = "POST /p" HEAD "content-length: 3\r\n\r\na\0b";
    struct httpd *d = start(0);
    char answer[8192];
    (void)state;
    ask(d, request, sizeof request - 1, answer, sizeof answer);
    assert_non_null(strstr(answer, "[3:a]"));
    httpd_stop(d);
}

static void test_cuts(void **state)
{
    struct httpd *d = start(0);
    char answer[8192];
    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *request = i ? "GET /half-of-nothing" HEAD "\r\n" : "GET /cut" HEAD "\r\n";
        assert_int_equal(ask(d, request, strlen(request), answer, sizeof answer), 0);
    }
    const char *half = "GET /half" HEAD "\r\n";
    ask(d, half, strlen(half), answer, sizeof answer);
    assert_non_null(strstr(answer, "Content-Length: 10\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n01234");
    assert_int_equal(atomic_load(&finished), 3);
    httpd_stop(d);
}

static void test_connection_is_kept(void **state)
{
    static const char request[] = "GET /p HTTP/1.1\r\nhost: h\r\n\r\n";
    struct httpd *d = start(0);
    char answer[8192];
    (void)state;
    int fd = peer_connect("127.0.0.1", httpd_port(d));
    for (int i = 0; i < 3; i++) {
        peer_send(fd, request, sizeof request - 1);
        peer_read(fd, "[0:]", answer, sizeof answer);
        assert_non_null(strstr(answer, "[GET][/p]"));
    }
    close(fd);
    httpd_stop(d);
}

static void test_listens_only_where_asked(void **state)
{
    static const struct {
        const char *bind, *reach, *refused;
    } rows[] = {{NULL, "127.0.0.1", "127.0.0.2"},
                {"127.0.0.2", "127.0.0.2", "127.0.0.1"},
                {"localhost", "127.0.0.1", "127.0.0.2"},
                {"0.0.0.0", "127.0.0.2", NULL},
                {"::1", NULL, "127.0.0.1"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct httpd *d =
            httpd_start(&(struct httpd_opts){.bind = rows[i].bind, .handler = handler}, &e);
        if (!d && i == 4)
            continue; /* a machine without IPv6 */
        assert_non_null(d);
        int yes = rows[i].reach ? peer_connect(rows[i].reach, httpd_port(d)) : -1;
        int no = rows[i].refused ? peer_connect(rows[i].refused, httpd_port(d)) : -1;
        assert_true(!rows[i].reach || yes >= 0);
        assert_int_equal(no, -1);
        if (yes >= 0)
            close(yes);
        httpd_stop(d);
    }
}

static void test_refusals_to_start(void **state)
{
    struct httpd *d = start(0);
    const struct {
        const char *bind;
        int port;
        enum err_code code;
        const char *hint;
    } rows[] = {
        {NULL, httpd_port(d), ERR_NETWORK, "--port"},
        {"192.0.2.1", 0, ERR_NETWORK, "no address of this machine"},
        {"example.org", 0, ERR_CONFIG, ""},
        {"", 0, ERR_CONFIG, ""},
        {NULL, 65536, ERR_CONFIG, ""},
        {NULL, -1, ERR_CONFIG, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        assert_null(httpd_start(
            &(struct httpd_opts){.bind = rows[i].bind, .port = rows[i].port, .handler = handler},
            &e));
        if (e.code != rows[i].code || !strstr(e.hint, rows[i].hint))
            fail_msg("row %zu: %s (%s; %s)", i, e.text, err_name(e.code), e.hint);
    }
    httpd_stop(d);
    httpd_stop(NULL);
}

static void *ask_later(void *arg)
{
    static const char request[] = "GET /meet" HEAD "\r\n";
    char *answer = calloc(1, 8192);
    ask(arg, request, sizeof request - 1, answer, 8192);
    return answer;
}

static void test_handlers_run_side_by_side(void **state)
{
    struct httpd *d = start(0);
    pthread_t other[2];
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&other[i], NULL, ask_later, d), 0);
    for (int i = 0; i < 2; i++) {
        void *answer;
        pthread_join(other[i], &answer);
        assert_non_null(strstr(answer, "met 2"));
        free(answer);
    }
    httpd_stop(d);
}

static void test_stop_waits_for_handlers(void **state)
{
    static const char request[] = "GET /slow" HEAD "\r\n";
    struct httpd *d = start(0);
    (void)state;
    int fd = peer_connect("127.0.0.1", httpd_port(d));
    peer_send(fd, request, sizeof request - 1);
    while (!atomic_load(&entered))
        usleep(1000);
    httpd_stop(d);
    assert_int_equal(atomic_load(&finished), 1);
    close(fd);
}

static void test_idle_clients_are_cut_and_slow_handlers_are_not(void **state)
{
    static const char request[] = "GET /slow" HEAD "\r\n";
    struct httpd *d = start(1);
    char answer[8192];
    (void)state;
    int64_t began = os_mono_ms();
    assert_int_equal(ask(d, "GET / HT", 8, answer, sizeof answer), 0);
    assert_in_range(os_mono_ms() - began, 500, 9000);
    ask(d, request, sizeof request - 1, answer, sizeof answer);
    assert_non_null(strstr(answer, "\r\n\r\nslow"));
    httpd_stop(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_and_answers),
        cmocka_unit_test(test_body_limit_is_exact),
        cmocka_unit_test(test_body_may_hold_nul),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_connection_is_kept),
        cmocka_unit_test(test_listens_only_where_asked),
        cmocka_unit_test(test_refusals_to_start),
        cmocka_unit_test(test_handlers_run_side_by_side),
        cmocka_unit_test(test_stop_waits_for_handlers),
        cmocka_unit_test(test_idle_clients_are_cut_and_slow_handlers_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
