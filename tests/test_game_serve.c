#include "sandbox_peer.h"

#include <dogs/sock.h>

enum { PATIENCE_MS = 20000 };

static char address[32];

static void host_game(const char *protocol, const char *more)
{
    cJSON *json = NULL;
    char *body = xasprintf("{\"droplet_id\":7000000001,\"protocol\":\"%s\"%s}", protocol, more);
    control("/sandbox/put", "{\"droplets\":[{\"id\":7000000001,\"name\":\"mc\"}]}");
    control("/sandbox/game", body);
    free(body);
    send_to(sb, "GET", "/sandbox/games", NULL, NULL, &json);
    str_copy(address, sizeof address, json_text(json, "games[0].address", ""));
    cJSON_Delete(json);
}

static void game(const char *members)
{
    char *body = xasprintf("{\"droplet_id\":7000000001,%s}", members);
    control("/sandbox/game", body);
    free(body);
}

static struct sock *reach(enum sock_kind kind, int port)
{
    struct sock_addr to;
    struct err e = {0};
    size_t n = 0;
    assert_true(sock_lookup(address, (uint16_t)port, &to, 1, &n, 1000, NULL, &e));
    struct sock *s = sock_connect(kind, &to, &e);
    assert_non_null(s);
    return s;
}

/* Until bytes come, or the end of it; how many, or minus the state. */
static int hear(struct sock *s, char *to, size_t max, int ms)
{
    struct err e = {0};
    size_t n = 0;
    for (;;) {
        struct sock_poll p = {.sock = s, .read = true};
        assert_true(sock_wait(&p, 1, ms, NULL, &e));
        if (!p.can_read)
            return -SOCK_NOT_YET;
        enum sock_state state = sock_read(s, to, max, &n, NULL, &e);
        if (state != SOCK_NOT_YET)
            return state == SOCK_DONE ? (int)n : -(int)state;
    }
}

static void say(struct sock *s, const char *bytes, size_t len)
{
    struct err e = {0};
    struct sock_poll p = {.sock = s, .write = true};
    size_t n = 0;
    assert_true(sock_wait(&p, 1, PATIENCE_MS, NULL, &e));
    sock_write(s, bytes, len, &n, NULL, &e);
}

static const char status[] = "\xff\xff\xff\xffgetstatus\n";

static int ask_quake(char *to, size_t max, int ms)
{
    struct sock *s = reach(SOCK_UDP, 27960);
    say(s, status, sizeof status - 1);
    int n = hear(s, to, max - 1, ms);
    to[n > 0 ? n : 0] = '\0';
    sock_close(s);
    return n;
}

/* The newest world is what counts, at once. */
static void test_a_datagram_in_each_mode(void **state)
{
    char got[4096];
    (void)state;
    host_game("quake3", ",\"names\":[\"ann\"]");
    int whole = ask_quake(got, sizeof got, PATIENCE_MS);
    assert_true(whole > 0 && strstr(got, "\n0 48 \"ann\"\n"));
    game("\"players\":0");
    assert_true(ask_quake(got, sizeof got, PATIENCE_MS) > 0);
    assert_null(strstr(got, "\n0 48"));
    game("\"players\":1,\"names\":[\"ann\"],\"mode\":\"cut\"");
    assert_int_equal(ask_quake(got, sizeof got, PATIENCE_MS), whole / 2);
    game("\"mode\":\"rubbish\"");
    assert_true(ask_quake(got, sizeof got, PATIENCE_MS) > 0);
    assert_memory_not_equal(got, "\xff\xff\xff\xff", 4);
    game("\"mode\":\"silent\"");
    assert_int_equal(ask_quake(got, sizeof got, 300), -SOCK_NOT_YET);
    game("\"mode\":\"closed\"");
    assert_int_equal(ask_quake(got, sizeof got, PATIENCE_MS), -SOCK_CLOSED);
    game("\"mode\":\"normal\"");
    assert_int_equal(ask_quake(got, sizeof got, PATIENCE_MS), whole);
}

#define LOGIN "\x0c\0\0\0\1\0\0\0\3\0\0\0pw\0\0"
#define SAVE "\x12\0\0\0\2\0\0\0\2\0\0\0save-all\0\0"
#define STOP "\x0e\0\0\0\3\0\0\0\2\0\0\0stop\0\0"

static struct sock *enter(void)
{
    char got[256];
    struct sock *s = reach(SOCK_TCP, 25575);
    say(s, LOGIN, sizeof LOGIN - 1);
    assert_int_equal(hear(s, got, sizeof got, PATIENCE_MS), 14);
    return s;
}

static void test_orders(void **state)
{
    char got[256];
    (void)state;
    host_game("rcon", ",\"password\":\"pw\",\"players\":1");
    struct sock *s = enter();
    say(s, SAVE, sizeof SAVE - 1);
    assert_int_equal(hear(s, got, sizeof got, PATIENCE_MS), 14 + 14);
    CHECK(GET("/sandbox/state", 200, "droplets[0].saved_world", "1"),
          POST("/sandbox/play", "{\"server\":\"mc\"}", 200, "world", "2"));
    game("\"mode\":\"save_fails\"");
    say(s, SAVE, sizeof SAVE - 1);
    assert_true(hear(s, got, sizeof got, PATIENCE_MS) > 14);
    assert_memory_equal(got + 12, "Unable", 6);
    game("\"mode\":\"save_silent\"");
    say(s, SAVE, sizeof SAVE - 1);
    assert_int_equal(hear(s, got, sizeof got, 300), -SOCK_NOT_YET);
    CHECK(GET("/sandbox/state", 200, "droplets[0].saved_world", "1"));
    say(s, STOP, sizeof STOP - 1);
    assert_true(hear(s, got, sizeof got, PATIENCE_MS) > 0);
    assert_int_equal(hear(s, got, sizeof got, PATIENCE_MS), -SOCK_CLOSED);
    sock_close(s);
    CHECK(GET("/sandbox/told", 200, "[0].order", "\"save\""),
          GET("/sandbox/told", 200, "[2].text", "\"save-all\""),
          GET("/sandbox/told", 200, "[3].order", "\"stop\""),
          GET("/sandbox/told", 200, "[3].droplet_id", "7000000001"),
          GET("/sandbox/told", 200, "[4]", "-"), GET("/sandbox/games", 200, "games[0].up", "false"),
          POST("/v2/droplets/7000000001/actions", "{\"type\":\"power_cycle\"}", 201, NULL, NULL),
          ADVANCE(60), GET("/sandbox/games", 200, "games[0].open", "true"));
}

/* Two serve the folder: the second one takes over when the first has gone. */
static void test_two_of_one_folder(void **state)
{
    char got[4096];
    cJSON *json = NULL;
    (void)state;
    host_game("quake3", "");
    struct sandbox *second = start(0.001);
    assert_true(ask_quake(got, sizeof got, PATIENCE_MS) > 0);
    send_to(second, "GET", "/sandbox/games", NULL, NULL, &json);
    assert_false(json_bool(json, "games[0].open", true));
    cJSON_Delete(json);
    sandbox_stop(sb);
    sb = second;
    bool open = false;
    for (int64_t end = os_mono_ms() + PATIENCE_MS; !open && os_mono_ms() < end;) {
        send_to(sb, "GET", "/sandbox/games", NULL, NULL, &json);
        open = json_bool(json, "games[0].open", false);
        cJSON_Delete(json);
        cancel_sleep(NULL, 20);
    }
    assert_true(open);
    assert_true(ask_quake(got, sizeof got, PATIENCE_MS) > 0);
}

/* More connections than it holds, and one that says nothing it understands. */
static void test_many(void **state)
{
    enum { MANY = 100 };
    struct sock *all[MANY];
    char got[256];
    int refused = 0;
    (void)state;
    host_game("rcon", ",\"password\":\"pw\"");
    for (size_t i = 0; i < MANY; i++) {
        all[i] = reach(SOCK_TCP, 25575);
        say(all[i], "\xff\xff", 2);
    }
    for (size_t i = 0; i < MANY; i++)
        refused += hear(all[i], got, sizeof got, i < 40 ? 0 : 100) != -SOCK_NOT_YET;
    assert_true(refused >= MANY - 64);
    for (size_t i = 0; i < MANY; i++)
        sock_close(all[i]);
    int tries = 0;
    for (bool in = false; !in; tries++) {
        struct sock *s = reach(SOCK_TCP, 25575);
        say(s, LOGIN, sizeof LOGIN - 1);
        in = hear(s, got, sizeof got, PATIENCE_MS) == 14;
        sock_close(s);
        assert_true(tries < 1000);
    }
}

/* A vanished droplet, and one that is off, answer nobody. */
static void test_gone(void **state)
{
    char got[4096];
    (void)state;
    host_game("quake3", "");
    assert_true(ask_quake(got, sizeof got, PATIENCE_MS) > 0);
    control("/sandbox/vanish", "{\"droplet_id\":7000000001}");
    assert_int_equal(ask_quake(got, sizeof got, PATIENCE_MS), -SOCK_CLOSED);
    int64_t begin = os_mono_ms();
    sandbox_stop(sb);
    sb = NULL;
    assert_true(os_mono_ms() - begin < PATIENCE_MS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_datagram_in_each_mode),
        TEST(test_orders),
        TEST(test_two_of_one_folder),
        TEST(test_many),
        TEST(test_gone),
    };
    return cmocka_run_group_tests(tests, open_client, close_client);
}
