#include "unit.h"

#include <dogs/os.h>
#include <dogs/sock.h>

enum { PATIENCE_MS = 20000 };

static struct sock_addr address_of(const char *host, uint16_t port)
{
    struct sock_addr a = {0};
    struct err e = {0};
    size_t n = 0;
    OK(sock_lookup(host, port, &a, 1, &n, PATIENCE_MS, NULL, &e), e);
    assert_int_equal(n, 1);
    return a;
}

/* Until it can be read, and what it gives then. */
static enum sock_state read_when_ready(struct sock *s, void *to, size_t max, size_t *n,
                                       struct sock_addr *from)
{
    struct err e = {0};
    enum sock_state state = SOCK_NOT_YET;
    for (int i = 0; i < 100 && state == SOCK_NOT_YET; i++) {
        struct sock_poll p = {.sock = s, .read = true};
        OK(sock_wait(&p, 1, PATIENCE_MS, NULL, &e), e);
        state = sock_read(s, to, max, n, from, &e);
    }
    return state;
}

static struct sock *accept_one(struct sock *listener)
{
    struct err e = {0};
    struct sock *s = NULL;
    for (int i = 0; i < 100 && !s; i++) {
        struct sock_poll p = {.sock = listener, .read = true};
        OK(sock_wait(&p, 1, PATIENCE_MS, NULL, &e), e);
        s = sock_accept(listener, NULL);
    }
    assert_non_null(s);
    return s;
}

static void test_addresses(void **state)
{
    static const struct {
        const char *host, *text;
    } rows[] = {{"127.0.0.1", "127.0.0.1:27015"}, {"::1", "[::1]:27015"}};
    char text[SOCK_ADDR_TEXT];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sock_addr a = address_of(rows[i].host, 27015), b = address_of(rows[i].host, 27016);
        sock_addr_text(&a, text);
        ROW_TEXT(i, text, rows[i].text);
        ROW(i, sock_addr_same(&a, &a) && !sock_addr_same(&a, &b));
        struct sock_addr again = address_of(rows[i].host, 27015);
        ROW(i, sock_addr_same(&a, &again));
    }
    struct sock_addr four = address_of("127.0.0.1", 1), six = address_of("::1", 1);
    assert_false(sock_addr_same(&four, &six));
}

static void test_datagrams(void **state)
{
    struct err e = {0};
    struct sock *server = sock_listen(SOCK_UDP, "127.0.0.1", 0, &e);
    struct sock *stranger = sock_listen(SOCK_UDP, "127.0.0.1", 0, &e);
    struct sock_addr at = address_of("127.0.0.1", sock_port(server)), from;
    struct sock *client = sock_connect(SOCK_UDP, &at, &e);
    char room[64];
    size_t n;
    (void)state;
    assert_true(server && stranger && client);
    assert_int_equal(sock_read(server, room, sizeof room, &n, &from, &e), SOCK_NOT_YET);
    assert_int_equal(sock_write(client, "", 0, &n, NULL, &e), SOCK_DONE);
    assert_int_equal(read_when_ready(server, room, sizeof room, &n, &from), SOCK_DONE);
    assert_int_equal(n, 0);
    /* Only the answer of whom was asked comes, even if another's came before it. */
    assert_int_equal(sock_write(stranger, "wrong", 5, &n, &from, &e), SOCK_DONE);
    assert_int_equal(sock_write(server, "right one", 9, &n, &from, &e), SOCK_DONE);
    assert_int_equal(read_when_ready(client, room, 5, &n, NULL), SOCK_DONE);
    assert_int_equal(n, 5); /* cut, and the rest is gone */
    assert_memory_equal(room, "right", 5);
    assert_int_equal(sock_read(client, room, sizeof room, &n, NULL, &e), SOCK_NOT_YET);
    sock_close(server);
    sock_close(stranger);
    sock_close(client);
}

static void test_nobody_has_the_port(void **state)
{
    struct err e = {0};
    struct sock *server = sock_listen(SOCK_UDP, "127.0.0.1", 0, &e);
    struct sock_addr at = address_of("127.0.0.1", sock_port(server));
    char room[8];
    size_t n;
    (void)state;
    sock_close(server);
#ifdef _WIN32
    skip(); /* Wine does not tell */
#endif
    struct sock *client = sock_connect(SOCK_UDP, &at, &e);
    assert_int_equal(sock_write(client, "x", 1, &n, NULL, &e), SOCK_DONE);
    assert_int_equal(read_when_ready(client, room, sizeof room, &n, NULL), SOCK_CLOSED);
    sock_close(client);
}

static void test_a_stream(void **state)
{
    struct err e = {0};
    struct sock *listener = sock_listen(SOCK_TCP, "127.0.0.1", 0, &e);
    struct sock_addr at = address_of("127.0.0.1", sock_port(listener));
    struct sock *client = sock_connect(SOCK_TCP, &at, &e);
    char room[64];
    size_t n;
    (void)state;
    assert_non_null(client);
    struct sock *server = accept_one(listener);
    struct sock_poll p = {.sock = client, .write = true};
    OK(sock_wait(&p, 1, PATIENCE_MS, NULL, &e), e);
    assert_true(p.can_write && !p.can_read);
    assert_int_equal(sock_write(client, NULL, 0, &n, NULL, &e), SOCK_DONE);
    assert_int_equal(sock_write(client, "hello", 5, &n, NULL, &e), SOCK_DONE);
    assert_int_equal(read_when_ready(server, room, sizeof room, &n, NULL), SOCK_DONE);
    assert_int_equal(n, 5);
    sock_close(server);
    assert_int_equal(read_when_ready(client, room, sizeof room, &n, NULL), SOCK_CLOSED);
    sock_close(client);
    sock_close(listener);
}

static void test_a_connection_that_is_refused(void **state)
{
    struct err e = {0};
    struct sock *listener = sock_listen(SOCK_TCP, "127.0.0.1", 0, &e);
    struct sock_addr at = address_of("127.0.0.1", sock_port(listener));
    size_t n;
    (void)state;
    sock_close(listener);
    struct sock *client = sock_connect(SOCK_TCP, &at, &e);
    enum sock_state is = client ? SOCK_NOT_YET : SOCK_BROKEN;
    while (is == SOCK_NOT_YET) {
        struct sock_poll p = {.sock = client, .write = true};
        OK(sock_wait(&p, 1, PATIENCE_MS, NULL, &e), e);
        is = sock_write(client, "x", 1, &n, NULL, &e);
    }
    assert_int_equal(is, SOCK_BROKEN);
    assert_int_equal(e.code, ERR_NETWORK);
    assert_true(e.retryable);
    sock_close(client);
}

static void test_where_it_cannot_listen(void **state)
{
    struct err e = {0};
    (void)state;
    assert_null(sock_listen(SOCK_TCP, "example.org", 0, &e));
    assert_int_equal(e.code, ERR_NETWORK);
    assert_null(sock_listen(SOCK_UDP, "", 0, &e));
    struct sock *s = sock_listen(SOCK_TCP, "127.0.0.1", 0, &e);
    assert_null(sock_listen(SOCK_TCP, "127.0.0.1", sock_port(s), &e));
    assert_int_equal(e.code, ERR_NETWORK);
    sock_close(s);
}

struct waiter {
    struct cancel *cancel;
};

static void trigger_soon(void *ctx)
{
    cancel_sleep(NULL, 50);
    cancel_trigger(((struct waiter *)ctx)->cancel);
}

static void test_a_wait_ends(void **state)
{
    struct waiter w = {.cancel = cancel_new()};
    struct err e = {0};
    struct sock *s = sock_listen(SOCK_UDP, "127.0.0.1", 0, &e);
    struct sock_poll p[2] = {{.sock = NULL, .read = true}, {.sock = s, .read = true}};
    (void)state;
    OK(sock_wait(p, 2, 20, w.cancel, &e), e);
    assert_false(p[0].can_read || p[1].can_read);
    OK(sock_wait(NULL, 0, 1, NULL, &e), e);
    struct thread *t = thread_start(trigger_soon, &w);
    assert_false(sock_wait(p, 2, -1, w.cancel, &e));
    assert_int_equal(e.code, ERR_INTERRUPTED);
    thread_join(t);
    /* A name is not looked for any longer then; a number needs no looking. */
    struct sock_addr a;
    size_t n;
    assert_false(sock_lookup("a.name.invalid", 1, &a, 1, &n, PATIENCE_MS, w.cancel, &e));
    assert_true(sock_lookup("127.0.0.1", 1, &a, 1, &n, PATIENCE_MS, w.cancel, &e));
    cancel_free(w.cancel);
    sock_close(s);
}

static void test_names(void **state)
{
    struct sock_addr a[4];
    struct err e = {0};
    size_t n = 0;
    (void)state;
    OK(sock_lookup("localhost", 25565, a, 4, &n, PATIENCE_MS, NULL, &e), e);
    assert_in_range(n, 1, 4);
    assert_false(sock_lookup("", 1, a, 4, &n, PATIENCE_MS, NULL, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    /* By its result or by its time: the thread that looks is left behind with what it needs. */
    assert_false(sock_lookup("no such name", 1, a, 4, &n, 0, NULL, &e));
    assert_true(e.code == ERR_TIMEOUT || e.code == ERR_NOT_FOUND || e.code == ERR_NETWORK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_datagrams),
        cmocka_unit_test(test_nobody_has_the_port),
        cmocka_unit_test(test_a_stream),
        cmocka_unit_test(test_a_connection_that_is_refused),
        cmocka_unit_test(test_where_it_cannot_listen),
        cmocka_unit_test(test_a_wait_ends),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
