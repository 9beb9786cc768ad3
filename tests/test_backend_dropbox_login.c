/* What a Dropbox remote needs, and how an access token is got. */
#include "net_peer.h"

#include "../src/transfer/backend.h"
#include "unit.h"

static void test_remotes(void **state)
{
    static const struct {
        struct remote r;
        const char *text; /* NULL: it is proper */
    } rows[] = {
        {{.token = "t"}, NULL},
        {{.refresh_token = "r", .app_key = "k"}, NULL},
        {{.refresh_token = "r", .app_key = "k", .app_secret = "s", .token = "t"}, NULL},
        {{.token = "t", .url = "http://127.0.0.1:80/x"}, NULL},
        {{.token = "t", .url = "https://box.example"}, NULL},
        {{.token = "t", .url = ""}, NULL},
        {{.token = "t", .url = "http://box.example"}, "clear text"},
        {{.token = "t", .url = "box.example"}, "http or https"},
        {{.token = ""}, "refresh_token is missing"},
        {{.refresh_token = "r"}, "belong together"},
        {{.token = "t", .app_key = "k"}, "belong together"},
        {{.token = "t", .app_secret = "s"}, "app_secret"},
        {{.token = "t", .user = "u"}, "no user"},
        {{.token = "t", .password = "p"}, "no password"},
        {{.token = "t", .header = "A: b"}, "no header"},
        {{.token = "t", .netrc = true}, "no netrc"},
        {{.token = "t", .region = "x"}, "no region"},
        {{.token = "t", .key_id = "x"}, "no key_id"},
        {{.token = "t", .secret = "x"}, "no secret"},
        {{.token = "t", .virtual_host = true}, "no virtual_host"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        ROW(i, backend_dropbox.check(&rows[i].r, &e) == !rows[i].text);
        ROW(i, !rows[i].text || (e.code == ERR_CONFIG && strstr(e.text, rows[i].text)));
    }
}

#define YES "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define NO "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"

static const struct peer_line tokens[] = {
    {"/ok/oauth2/token", YES "{\"access_token\": \"sl.abc\", \"expires_in\": 14400}", PEER_CLOSE,
     NULL},
    {"/empty/oauth2/token", YES "{\"access_token\": \"\"}", PEER_CLOSE, NULL},
    {"/none/oauth2/token", YES "{}", PEER_CLOSE, NULL},
    {"/grant/oauth2/token", NO "{\"error\": \"invalid_grant\"}", PEER_CLOSE, NULL},
    {"/client/oauth2/token", NO "{\"error\": \"invalid_client\"}", PEER_CLOSE, NULL},
    {"/new/oauth2/token", NO "{\"error\": \"new\", \"error_description\": \"no\\nway\"}",
     PEER_CLOSE, NULL},
    {"/rate/oauth2/token", "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", PEER_CLOSE, NULL},
    {"/down/oauth2/token", "HTTP/1.1 503 Down\r\nContent-Length: 4\r\n\r\nSoon", PEER_CLOSE, NULL},
    {"/lost/oauth2/token", "", PEER_CLOSE, NULL},
    {0},
};

static void test_login(void **state)
{
    static const struct {
        const char *path;
        enum err_code code;
        bool retryable;
        const char *text;
    } rows[] = {
        {"/ok", ERR_OK, false, "sl.abc"},
        {"/empty", ERR_PROTOCOL, false, "access_token: is empty"},
        {"/none", ERR_PROTOCOL, false, "access_token: expected text"},
        {"/grant", ERR_AUTH, false, "HTTP 400: the refresh token is not valid"},
        {"/client", ERR_AUTH, false, "app_key"},
        {"/new", ERR_AUTH, false, "HTTP 400: no way"},
        {"/rate", ERR_RATE_LIMIT, true, "HTTP 429"},
        {"/down", ERR_REFUSED, true, "HTTP 503"},
        {"/lost", ERR_NETWORK, true, "closed the connection"},
    };
    struct peer p;
    struct err e = {0};
    struct http *http = http_new(&(struct http_opts){.user_agent = "dogs-test"}, &e);
    (void)state;
    peer_no_proxies();
    peer_start(&p, tokens);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *url = peer_url(p.port, rows[i].path), *token = NULL;
        struct remote r = {
            .url = url, .refresh_token = "r-hidden", .app_key = "k", .app_secret = "s-hidden"};
        e = (struct err){0};
        bool ok = backend_dropbox.login(&r, http, NULL, &token, &e);
        ROW(i, ok == (rows[i].code == ERR_OK) && e.code == rows[i].code);
        ROW(i, e.retryable == rows[i].retryable && (e.code != ERR_AUTH || *e.hint));
        ROW(i, strstr(ok ? token : e.text, rows[i].text) && !strstr(e.text, "hidden"));
        ROW(i, ok || str_starts(e.text, "get an access token: "));
        free(token);
        free(url);
    }
    peer_stop(&p);
    http_free(http);
}

static void *take_form(void *arg)
{
    static const char yes[] = "HTTP/1.1 200 OK\r\n\r\n{\"access_token\": \"a\"}";
    static char text[4096];
    int fd = accept(*(int *)arg, NULL, NULL);
    peer_read(fd, "s%3D%26s", text, sizeof text);
    peer_send(fd, yes, strlen(yes));
    close(fd);
    return text;
}

static void test_the_form_of_a_login(void **state)
{
    int port, fd = peer_listen(1, &port);
    char *url = peer_url(port, "/"), *token = NULL;
    struct remote r = {.url = url, .refresh_token = "r+/1", .app_key = "k", .app_secret = "s=&s"};
    struct err e = {0};
    struct http *http = http_new(&(struct http_opts){.user_agent = "dogs-test"}, &e);
    pthread_t taker;
    void *text;
    (void)state;
    pthread_create(&taker, NULL, take_form, &fd);
    OK(backend_dropbox.login(&r, http, NULL, &token, &e), e);
    pthread_join(taker, &text);
    assert_string_equal(token, "a");
    assert_true(str_starts(text, "POST /oauth2/token HTTP/1.1\r\n"));
    assert_true(str_has(text, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_false(str_has(text, "Authorization"));
    assert_non_null(strstr(text,
                           "\r\n\r\ngrant_type=refresh_token&refresh_token=r%2B%2F1&client_id=k"
                           "&client_secret=s%3D%26s"));
    r.url = "http://box.example";
    assert_false(backend_dropbox.login(&r, http, NULL, &token, &e));
    assert_non_null(strstr(e.text, "clear text"));
    r.refresh_token = NULL;
    assert_false(backend_dropbox.login(&r, http, NULL, &token, &e));
    assert_int_equal(e.code, ERR_AUTH);
    free(token);
    r.token = "own";
    OK(backend_dropbox.login(&r, http, NULL, &token, &e), e);
    assert_string_equal(token, "own");
    free(token);
    free(url);
    close(fd);
    http_free(http);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remotes),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_the_form_of_a_login),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
