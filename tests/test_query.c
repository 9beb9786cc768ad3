#include "unit.h"

#include <dogs/game.h>
#include <dogs/httpd.h>
#include <dogs/os.h>
#include <dogs/sock.h>
#include <stdatomic.h>

enum { PATIENT_MS = 10000, SHORT_MS = 1500 };

/* A Bedrock server: answers but for the first `lost` pings. */
struct bedrock {
    struct sock *sock;
    struct cancel *end;
    struct thread *thread;
    int lost;
    atomic_int asked;
};

static void answer_ping(struct bedrock *b)
{
    static const char text[] = "MCPE;Title;390;1.14.60;3;10;1;Level;";
    unsigned char ping[64], pong[128] = {0x1c};
    struct sock_addr from;
    struct err e = {0};
    size_t n;
    if (sock_read(b->sock, ping, sizeof ping, &n, &from, &e) != SOCK_DONE || n != 33 ||
        atomic_fetch_add(&b->asked, 1) < b->lost)
        return;
    memcpy(pong + 1, ping + 1, 8);
    memcpy(pong + 17, ping + 9, 16);
    pong[34] = sizeof text - 1;
    memcpy(pong + 35, text, sizeof text - 1);
    sock_write(b->sock, pong, 35 + sizeof text - 1, &n, &from, &e);
}

static void serve(void *ctx)
{
    struct bedrock *b = ctx;
    struct err e = {0};
    struct sock_poll p = {.sock = b->sock, .read = true};
    while (sock_wait(&p, 1, -1, b->end, &e))
        answer_ping(b);
}

static struct game_place bedrock_start(struct bedrock *b, int lost)
{
    struct err e = {0};
    *b = (struct bedrock){.lost = lost, .end = cancel_new()};
    b->sock = sock_listen(SOCK_UDP, "127.0.0.1", 0, &e);
    assert_non_null(b->sock);
    b->thread = thread_start(serve, b);
    return (struct game_place){
        .host = "127.0.0.1", .port = sock_port(b->sock), .game = game_find("minecraft-bedrock")};
}

static void bedrock_stop(struct bedrock *b)
{
    cancel_trigger(b->end);
    thread_join(b->thread);
    sock_close(b->sock);
    cancel_free(b->end);
}

/* A port at which nobody listens, and one at which somebody does and says nothing. */
static uint16_t port_of(enum sock_kind kind, struct sock **silent)
{
    struct err e = {0};
    struct sock *s = sock_listen(kind, "127.0.0.1", 0, &e);
    assert_non_null(s);
    uint16_t port = sock_port(s);
    if (silent)
        *silent = s;
    else
        sock_close(s);
    return port;
}

static struct game_net *net;

static int open_net(void **state)
{
    struct err e = {0};
    (void)state;
    net = game_net_open(&e);
    return net ? 0 : -1;
}

static int close_net(void **state)
{
    (void)state;
    game_net_close(net);
    return 0;
}

static void test_many_at_once(void **state)
{
    struct sock *silent;
    struct bedrock b;
    struct err e = {0};
    struct game_answer a[5] = {{.players = 0}};
    const struct game_place places[] = {
        bedrock_start(&b, 0),
        {.host = "127.0.0.1",
         .game = game_find("valheim"),
         .query_port = port_of(SOCK_UDP, &silent)},
        {.host = "127.0.0.1", .game = game_find("minecraft-java"), .port = port_of(SOCK_TCP, NULL)},
        {.host = "no such name", .game = game_find("rust")},
        {.host = "127.0.0.1", .game = game_find("factorio")},
    };
    static const struct {
        int players;
        bool silent;
        enum err_code code;
    } rows[] = {{3, false, ERR_OK},
                {-1, true, ERR_TIMEOUT},
                {-1, true, ERR_NETWORK},
                {-1, true, ERR_NOT_FOUND},
                {-1, true, ERR_CONFIG}};
    struct game_opts opts = {.net = net, .try_ms = SHORT_MS, .tries = 2};
    (void)state;
    OK(game_query(&opts, places, COUNT(a), a, NULL, &e), e);
    for (size_t i = 0; i < COUNT(a); i++) {
        /* A resolver that cannot be reached says another thing than one that knows no such name. */
        bool found = a[i].err.code == rows[i].code || (i == 3 && a[i].err.code == ERR_NETWORK);
        ROW(i, found && a[i].silent == rows[i].silent);
        ROW(i, a[i].players == rows[i].players && a[i].up == (rows[i].players >= 0));
        ROW(i, (a[i].players < 0) == (*a[i].why != '\0'));
        ROW(i, (a[i].ms >= 0) == !rows[i].silent);
        game_answer_release(&a[i]);
    }
    sock_close(silent);
    bedrock_stop(&b);
}

static void test_what_got_lost_is_asked_again(void **state)
{
    static const struct {
        int lost, tries, players;
    } rows[] = {{0, 1, 3}, {1, 1, -1}, {2, 3, 3}, {9, 3, -1}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct bedrock b;
        struct err e = {0};
        struct game_answer a = {0};
        struct game_place p = bedrock_start(&b, rows[i].lost);
        /* What is to be answered may take its time on a busy machine. */
        bool last = rows[i].players >= 0 && !rows[i].lost;
        struct game_opts opts = {.net = net, .try_ms = last ? PATIENT_MS : 1000};
        opts.tries = rows[i].tries;
        OK(game_query(&opts, &p, 1, &a, NULL, &e), e);
        ROW(i, a.players == rows[i].players);
        ROW(i, atomic_load(&b.asked) ==
                   (rows[i].lost < rows[i].tries ? rows[i].lost + 1 : rows[i].tries));
        game_answer_release(&a);
        bedrock_stop(&b);
    }
}

static void trigger_soon(void *ctx)
{
    cancel_sleep(NULL, 50);
    cancel_trigger(ctx);
}

static void test_it_is_cancelled(void **state)
{
    struct sock *silent[2];
    struct cancel *c = cancel_new();
    struct err e = {0};
    struct game_answer a[2] = {{.players = 0}};
    const struct game_place places[] = {
        {.host = "127.0.0.1", .game = game_find("rust"), .port = port_of(SOCK_UDP, &silent[0])},
        {.host = "127.0.0.1",
         .game = game_find("palworld"),
         .password = "secret",
         .query_port = port_of(SOCK_TCP, &silent[1])},
    };
    struct game_opts opts = {.net = net, .try_ms = 60000};
    (void)state;
    struct thread *t = thread_start(trigger_soon, c);
    assert_false(game_query(&opts, places, 2, a, c, &e));
    assert_int_equal(e.code, ERR_INTERRUPTED);
    thread_join(t);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(a[i].players, -1);
        game_answer_release(&a[i]);
        sock_close(silent[i]);
    }
    cancel_free(c);
}

static void test_who_cannot_be_asked(void **state)
{
    static const struct {
        const char *game, *password, *hint; /* hint NULL: it can */
    } rows[] = {
        {NULL, NULL, "game"},
        {"other", "x", "game"},
        {"factorio", NULL, "admin_password"},
        {"factorio", "", "admin_password"},
        {"factorio", "x", NULL},
        {"minecraft-java", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct game_place p = {.host = "127.0.0.1", .password = rows[i].password};
        p.game = rows[i].game ? game_find(rows[i].game) : NULL;
        ROW(i, game_can_ask(&p, &e) == !rows[i].hint);
        ROW(i, !rows[i].hint || (e.code == ERR_CONFIG && strstr(e.hint, rows[i].hint)));
    }
    struct game_place none = {.host = "127.0.0.1"};
    struct game_answer a = {0};
    struct err e = {0};
    assert_false(game_query(&(struct game_opts){.net = net}, &none, 1, &a, NULL, &e));
    assert_int_equal(e.code, ERR_CONFIG);
    game_answer_release(&a);
}

static void test_where_it_is_asked(void **state)
{
    static const struct {
        const char *game;
        uint16_t port, query_port, admin_port, is;
    } rows[] = {
        {"minecraft-java", 0, 0, 0, 25565},
        {"minecraft-java", 25570, 0, 0, 25570},
        {"minecraft-java", 0, 9, 0, 9},
        {"valheim", 0, 0, 0, 2457},
        {"valheim", 2466, 0, 0, 2467},
        {"valheim", 2466, 9, 0, 9},
        {"ark", 7787, 0, 0, 27015},
        {"factorio", 34199, 0, 0, 27015},
        {"factorio", 0, 0, 9, 9},
        {"minecraft-java", 0, 0, 9, 25565},
        {"other", 1, 2, 3, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct game_place p = {.game = game_find(rows[i].game),
                               .port = rows[i].port,
                               .query_port = rows[i].query_port,
                               .admin_port = rows[i].admin_port};
        ROW(i, game_query_port(&p) == rows[i].is);
    }
}

static void test_an_open_port(void **state)
{
    struct sock *listener;
    struct err e = {0};
    struct game_place p = {.host = "127.0.0.1", .game = game_find("minecraft-java")};
    struct game_opts opts = {.net = net, .try_ms = PATIENT_MS};
    (void)state;
    p.port = port_of(SOCK_TCP, &listener);
    OK(game_port_open(&opts, &p, NULL, &e), e);
    sock_close(listener);
    assert_false(game_port_open(&opts, &p, NULL, &e));
    assert_int_equal(e.code, ERR_NETWORK);
    p.game = game_find("valheim");
    assert_false(game_port_open(&opts, &p, NULL, &e));
    assert_int_equal(e.code, ERR_CONFIG);
}

static void answer_metrics(void *ctx, const struct httpd_req *q, struct httpd_resp *resp)
{
    static const char basic[] = "Basic YWRtaW46c2VjcmV0"; /* admin:secret */
    const char *said = httpd_header(q, "authorization");
    (void)ctx;
    resp->body = STR(4096);
    resp->status = said && strcmp(said, basic) == 0 ? 200 : 401;
    str_add(&resp->body, "{\"currentplayernum\": 4, \"maxplayernum\": 32}");
}

static void test_over_http(void **state)
{
    static const struct {
        const char *password;
        int players;
        enum err_code code;
    } rows[] = {{"secret", 4, ERR_OK}, {"wrong", -1, ERR_AUTH}};
    struct err e = {0};
    struct httpd *d = httpd_start(&(struct httpd_opts){.handler = answer_metrics}, &e);
    struct game_opts opts = {.net = net, .try_ms = PATIENT_MS};
    struct game_answer a = {0};
    struct game_place p = {.host = "127.0.0.1", .game = game_find("palworld")};
    (void)state;
    assert_non_null(d);
    p.query_port = (uint16_t)httpd_port(d);
    for (size_t i = 0; i < COUNT(rows); i++) {
        p.password = rows[i].password;
        OK(game_query(&opts, &p, 1, &a, NULL, &e), e);
        ROW(i, a.players == rows[i].players && a.err.code == rows[i].code && !a.silent);
    }
    httpd_stop(d);
    /* Over a network that others can read it is not sent: nothing leaves here. */
    p.host = "192.0.2.1";
    OK(game_query(&opts, &p, 1, &a, NULL, &e), e);
    assert_int_equal(a.err.code, ERR_CONFIG);
    assert_non_null(strstr(a.err.hint, "tunnel"));
    assert_null(strstr(a.why, "wrong"));
    game_answer_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_at_once),
        cmocka_unit_test(test_what_got_lost_is_asked_again),
        cmocka_unit_test(test_it_is_cancelled),
        cmocka_unit_test(test_who_cannot_be_asked),
        cmocka_unit_test(test_where_it_is_asked),
        cmocka_unit_test(test_an_open_port),
        cmocka_unit_test(test_over_http),
    };
    return cmocka_run_group_tests(tests, open_net, close_net);
}
