/* game_tell and the questions over RCON and HTTP, against servers of the test's own on loopback. */
#include "../src/game/ask.h"
#include "net_peer.h"
#include "unit.h"

#include <poll.h>

static struct game_net *net;

static const struct game craft = {.name = "craft",
                                  .title = "Craft",
                                  .query = &protocol_rcon,
                                  .admin = &protocol_rcon,
                                  .warn = "say %s",
                                  .save = "save-all flush",
                                  .stop = "stop",
                                  .saved = "Saved the game",
                                  .ask = "list"};
static const struct game rest = {.name = "rest",
                                 .title = "Rest",
                                 .query = &protocol_palworld,
                                 .admin = &protocol_palworld,
                                 .warn = "/v1/api/announce",
                                 .save = "/v1/api/save",
                                 .stop = "/v1/api/shutdown"};

/* --- a console --- */

enum then { ANSWERS, SILENT, CLOSES, RESETS };

struct console {
    const char *answer; /* to every command */
    enum then then;     /* at a command: after the answer, CLOSES, RESETS */
    bool cuts;          /* the answer goes out in packets of 8 bytes */
    bool refuses_marks; /* an unknown type of packet closes */
    int listener, port;
    atomic_int logins;
    char heard[200]; /* the last command; read after console_stop */
    pthread_t thread;
};

static void put_packet(struct str *out, uint32_t id, uint32_t type, const char *text, size_t len)
{
    put_u32le(out, (uint32_t)len + 10);
    put_u32le(out, id);
    put_u32le(out, type);
    str_addn(out, text, len);
    put_u16le(out, 0);
}

static void put_answer(const struct console *c, struct str *out, uint32_t id)
{
    size_t len = strlen(c->answer), piece = c->cuts ? 8 : len, at = 0;
    do {
        size_t n = len - at < piece ? len - at : piece;
        put_packet(out, id, 0, c->answer + at, n);
        at += n;
    } while (at < len);
}

/* False if the connection ends. As Minecraft, it knows one packet a piece alone. */
static bool console_hears(struct console *c, const char *bytes, size_t len, struct str *out)
{
    struct reader r = reader_of(bytes, len);
    uint32_t size = take_u32le(&r), id = take_u32le(&r), type = take_u32le(&r);
    size_t text_len;
    const char *text = take_text(&r, &text_len);
    if (r.short_ || size + 4 != len)
        return false;
    if (type == 3) {
        atomic_fetch_add(&c->logins, 1);
        put_packet(out, id, 0, "", 0);
        put_packet(out, strcmp(text, "s3cret") == 0 ? id : 0xffffffff, 2, "", 0);
        return true;
    }
    if (type != 2) {
        put_packet(out, id, 0, "Unknown request 0", 17);
        return !c->refuses_marks;
    }
    snprintf(c->heard, sizeof c->heard, "%s", text);
    if (c->then != SILENT && c->answer)
        put_answer(c, out, id);
    return c->then == ANSWERS || c->then == SILENT;
}

static void console_talks(struct console *c, int fd)
{
    char bytes[4096];
    bool goes_on = true;
    ssize_t n;
    while (goes_on && (n = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        struct str out = STR(64 * 1024);
        goes_on = console_hears(c, bytes, (size_t)n, &out);
        peer_send(fd, str_text(&out), out.len);
        str_release(&out);
    }
    if (c->then == RESETS)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                   sizeof(struct linger));
    close(fd);
}

static void *console_run(void *ctx)
{
    struct console *c = ctx;
    int fd;
    while ((fd = accept(c->listener, NULL, NULL)) >= 0)
        console_talks(c, fd);
    return NULL;
}

static void console_start(struct console *c)
{
    c->listener = peer_listen(16, &c->port);
    pthread_create(&c->thread, NULL, console_run, c);
}

static void console_stop(struct console *c)
{
    shutdown(c->listener, SHUT_RDWR);
    pthread_join(c->thread, NULL);
    close(c->listener);
}

static struct game_place place_of(const struct game *g, int port, const char *password)
{
    return (struct game_place){
        .host = "127.0.0.1", .game = g, .admin_port = (uint16_t)port, .password = password};
}

static bool tell(const struct game_place *p, enum game_order order, const char *text, int wait_ms,
                 struct err *e)
{
    struct game_opts opts = {.net = net, .try_ms = 5000};
    *e = (struct err){0};
    if (wait_ms && order != GAME_SAVE)
        opts = (struct game_opts){.net = net, .try_ms = wait_ms, .tries = 1};
    return game_tell(&opts, p, order, text, wait_ms ? wait_ms : 20000, NULL, e);
}

static void test_orders_over_rcon(void **state)
{
    static const struct {
        enum game_order order;
        const char *text, *password;
        struct console console;
        enum err_code code;
        const char *says, *heard;
    } rows[] = {
        {GAME_WARN, "5 minutes\nleft", "s3cret", {.answer = ""}, ERR_OK, "", "say 5 minutes left"},
        {GAME_WARN, "a\xc2\x85z", "s3cret", {.answer = ""}, ERR_OK, "", "say a  z"},
        {GAME_WARN,
         "x",
         "s3cret",
         {.answer = "Unknown command"},
         ERR_FAILED,
         "Unknown command",
         "say x"},
        {GAME_WARN, "x", "wrong", {.answer = ""}, ERR_AUTH, "refused the password", ""},
        {GAME_SAVE,
         NULL,
         "s3cret",
         {.answer = "Saving...\nSaved the game"},
         ERR_OK,
         "",
         "save-all flush"},
        {GAME_SAVE,
         NULL,
         "s3cret",
         {.answer = "Saving...\nSaved the game", .cuts = true},
         ERR_OK,
         "",
         "save-all flush"},
        {GAME_SAVE,
         NULL,
         "s3cret",
         {.answer = "The disk is full, nothing was kept"},
         ERR_FAILED,
         "The disk is full, nothing was kept",
         "save-all flush"},
        {GAME_SAVE,
         NULL,
         "s3cret",
         {.answer = "The disk is full, nothing was kept", .cuts = true, .refuses_marks = true},
         ERR_FAILED,
         "The disk is full, nothing was kept",
         "save-all flush"},
        {GAME_SAVE,
         NULL,
         "s3cret",
         {.then = SILENT},
         ERR_TIMEOUT,
         "not answered in time",
         "save-all flush"},
        {GAME_SAVE, NULL, "s3cret", {.then = CLOSES}, ERR_NETWORK, "closed", "save-all flush"},
        {GAME_SAVE, NULL, "s3cret", {.then = RESETS}, ERR_NETWORK, "", "save-all flush"},
        {GAME_STOP, NULL, "s3cret", {.answer = "Stopping the server"}, ERR_OK, "", "stop"},
        {GAME_STOP,
         NULL,
         "s3cret",
         {.answer = "Stopping the server", .then = CLOSES},
         ERR_OK,
         "",
         "stop"},
        {GAME_STOP, NULL, "s3cret", {.then = CLOSES}, ERR_OK, "", "stop"},
        {GAME_STOP, NULL, "s3cret", {.then = RESETS}, ERR_OK, "", "stop"},
        {GAME_STOP, NULL, "wrong", {.then = CLOSES}, ERR_AUTH, "refused the password", ""},
        {GAME_STOP, NULL, "s3cret", {.then = SILENT}, ERR_TIMEOUT, "not answered in time", "stop"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct console c = rows[i].console;
        struct err e;
        console_start(&c);
        struct game_place p = place_of(&craft, c.port, rows[i].password);
        bool ok =
            tell(&p, rows[i].order, rows[i].text, rows[i].console.then == SILENT ? 2000 : 0, &e);
        console_stop(&c);
        if (ok != (rows[i].code == ERR_OK) || e.code != rows[i].code)
            fail_msg("row %zu: %s: %s", i, err_name(e.code), e.text);
        ROW(i, strstr(e.text, rows[i].says));
        ROW(i, e.ambiguous == (e.code == ERR_TIMEOUT || e.code == ERR_NETWORK));
        ROW(i, !strstr(e.hint, "admin_password") == (rows[i].code != ERR_AUTH));
        ROW(i, !strstr(e.text, rows[i].password));
        ROW_TEXT(i, c.heard, rows[i].heard);
        /* An order is given once, and so is a wrong password: some servers shut out who tries. */
        ROW(i, atomic_load(&c.logins) == 1);
    }
}

static void test_nobody_there(void **state)
{
    struct err e;
    int port;
    int held = peer_listen(-1, &port);
    (void)state;
    struct game_place p = place_of(&craft, port, "s3cret"), q = place_of(&rest, port, "s3cret");
    assert_false(tell(&p, GAME_STOP, NULL, 0, &e));
    assert_int_equal(e.code, ERR_NETWORK);
    assert_false(e.ambiguous);
    assert_false(tell(&q, GAME_STOP, NULL, 0, &e));
    assert_int_equal(e.code, ERR_NETWORK);
    assert_false(e.ambiguous);
    close(held);
}

static void test_what_can_be_told(void **state)
{
    static const struct game silent = {.name = "silent", .title = "Silent"};
    static const struct game mute = {
        .name = "mute", .title = "Mute", .admin = &protocol_rcon, .stop = "quit"};
    static const struct {
        const struct game *game;
        const char *password;
        enum game_order order;
        bool can;
        const char *hint;
    } rows[] = {
        {NULL, "x", GAME_STOP, false, "game"},
        {&silent, "x", GAME_STOP, false, "admin: off"},
        {&mute, "x", GAME_SAVE, false, "admin: off"},
        {&mute, "x", GAME_WARN, false, "admin: off"},
        {&mute, "x", GAME_STOP, true, ""},
        {&mute, "", GAME_STOP, false, "admin_password"},
        {&mute, NULL, GAME_STOP, false, "admin_password"},
        {&rest, NULL, GAME_WARN, false, "admin_password"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct game_place p = place_of(rows[i].game, 1, rows[i].password);
        struct err e = {0};
        ROW(i, game_can(&p, rows[i].order, &e) == rows[i].can);
        ROW(i, e.code == (rows[i].can ? ERR_OK : ERR_CONFIG));
        ROW(i, strstr(e.hint, rows[i].hint));
        if (!rows[i].can)
            ROW(i,
                !game_tell(&(struct game_opts){.net = net}, &p, rows[i].order, "x", 0, NULL, &e));
    }
}

static void test_interrupted(void **state)
{
    struct console c = {.then = SILENT};
    struct cancel *cancel = cancel_new();
    struct err e = {0};
    (void)state;
    console_start(&c);
    struct game_place p = place_of(&craft, c.port, "s3cret");
    cancel_trigger(cancel);
    assert_false(game_tell(&(struct game_opts){.net = net}, &p, GAME_SAVE, NULL, 0, cancel, &e));
    assert_int_equal(e.code, ERR_INTERRUPTED);
    console_stop(&c);
    cancel_free(cancel);
}

static void test_where_orders_go(void **state)
{
    static const struct game beside = {.admin = &protocol_rcon, .port = 10, .admin_port = 11};
    static const struct game same = {
        .admin = &protocol_rcon, .port = 10, .query_port = 10, .admin_port = 10};
    static const struct game one = {.query = &protocol_rcon,
                                    .admin = &protocol_rcon,
                                    .port = 10,
                                    .query_port = 12,
                                    .admin_port = 12};
    static const struct {
        struct game_place place;
        uint16_t port;
    } rows[] = {
        {{.game = &beside}, 11},
        {{.game = &beside, .port = 20}, 11},
        {{.game = &beside, .port = 20, .admin_port = 30}, 30},
        {{.game = &beside, .query_port = 20}, 11},
        {{.game = &same, .port = 20}, 20},
        {{.game = &same, .port = 20, .query_port = 40}, 20},
        {{.game = &same, .query_port = 40}, 40},
        {{.game = &same}, 10},
        {{.game = &one, .query_port = 20}, 20},
        {{.game = &one, .query_port = 20, .admin_port = 30}, 30},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        ROW(i, ask_admin_port(&rows[i].place) == rows[i].port);
}

static void test_questions_over_rcon(void **state)
{
    static const struct {
        const char *password;
        struct console console;
        int players, max;
        enum err_code code;
    } rows[] = {
        {"s3cret",
         {.answer = "There are 2 of a max of 20 players online: ann, bob"},
         2,
         20,
         ERR_OK},
        {"s3cret",
         {.answer = "There are 2 of a max of 20 players online: ann, bob", .cuts = true},
         2,
         20,
         ERR_OK},
        {"s3cret",
         {.answer = "There are 0 of a max of 20 players online:", .refuses_marks = true},
         0,
         20,
         ERR_OK},
        {"s3cret",
         {.answer = "There are 0 of a max of 20 players online:", .then = CLOSES},
         0,
         20,
         ERR_OK},
        {"s3cret", {.then = SILENT}, -1, -1, ERR_TIMEOUT},
        {"s3cret", {.then = CLOSES}, -1, -1, ERR_NETWORK},
        {"s3cret", {.answer = "0"}, -1, -1, ERR_PROTOCOL},
        {"wrong", {.answer = "There are 0 of a max of 20 players online:"}, -1, -1, ERR_AUTH},
        {NULL, {.answer = "There are 0 of a max of 20 players online:"}, -1, -1, ERR_CONFIG},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct console c = rows[i].console;
        struct game_answer a = {0};
        struct err e = {0};
        bool silent = c.then == SILENT;
        console_start(&c);
        struct game_place p = place_of(&craft, c.port, rows[i].password);
        struct game_opts opts = {
            .net = net, .names = true, .try_ms = silent ? 2000 : 5000, .tries = 1};
        OK(game_query(&opts, &p, 1, &a, NULL, &e), e);
        console_stop(&c);
        ROW(i, a.players == rows[i].players && a.max == rows[i].max);
        ROW(i, a.err.code == rows[i].code);
        ROW(i, a.up == (rows[i].players >= 0));
        ROW(i, !*a.why == (rows[i].code == ERR_OK));
        ROW(i, a.n_names == (rows[i].players > 0 ? 2 : 0));
        game_answer_release(&a);
    }
}

static void test_orders_over_http(void **state)
{
#define HEAD "HTTP/1.1 "
    static const struct {
        enum game_order order;
        const char *bytes;
        enum peer_then then;
        enum err_code code;
        const char *says;
    } rows[] = {
        {GAME_WARN, HEAD "200 OK\r\nContent-Length: 2\r\n\r\nOK", PEER_KEEP, ERR_OK, ""},
        {GAME_SAVE, HEAD "200 OK\r\nContent-Length: 2\r\n\r\nOK", PEER_KEEP, ERR_OK, ""},
        {GAME_SAVE, HEAD "401 No\r\nContent-Length: 0\r\n\r\n", PEER_KEEP, ERR_AUTH, "password"},
        {GAME_SAVE, HEAD "500 No\r\nContent-Length: 21\r\n\r\n{\"error\":\"disk full\"} ",
         PEER_KEEP, ERR_FAILED, "disk full"},
        {GAME_SAVE, "", PEER_HANG, ERR_TIMEOUT, ""},
        {GAME_SAVE, "", PEER_CLOSE, ERR_NETWORK, ""},
        {GAME_SAVE, HEAD "200 OK\r\nContent-Length: 20\r\n\r\nOK", PEER_CLOSE, ERR_NETWORK, ""},
        {GAME_STOP, HEAD "200 OK\r\nContent-Length: 2\r\n\r\nOK", PEER_CLOSE, ERR_OK, ""},
        {GAME_STOP, "", PEER_CLOSE, ERR_OK, ""},
        {GAME_STOP, "", PEER_RESET, ERR_OK, ""},
        {GAME_STOP, HEAD "403 No\r\nContent-Length: 0\r\n\r\n", PEER_CLOSE, ERR_AUTH, "password"},
    };
#undef HEAD
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct peer_line script[] = {{rest.warn, rows[i].bytes, rows[i].then, NULL},
                                           {rest.save, rows[i].bytes, rows[i].then, NULL},
                                           {rest.stop, rows[i].bytes, rows[i].then, NULL},
                                           {NULL, NULL, PEER_CLOSE, NULL}};
        struct peer peer;
        struct err e;
        peer_start(&peer, script);
        struct game_place p = place_of(&rest, peer.port, "s3cret");
        bool ok = tell(&p, rows[i].order, "x", rows[i].then == PEER_HANG ? 2000 : 0, &e);
        int requests = atomic_load(&peer.requests);
        peer_stop(&peer);
        if (ok != (rows[i].code == ERR_OK) || e.code != rows[i].code)
            fail_msg("row %zu: %s: %s", i, err_name(e.code), e.text);
        ROW(i, strstr(e.text, rows[i].says));
        ROW(i, e.ambiguous == (e.code == ERR_TIMEOUT || e.code == ERR_NETWORK));
        ROW(i, requests == 1);
    }
}

static int open_net(void **state)
{
    struct err e = {0};
    (void)state;
    peer_no_proxies();
    net = game_net_open(&e);
    return net ? 0 : -1;
}

static int close_net(void **state)
{
    (void)state;
    game_net_close(net);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders_over_rcon), cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_what_can_be_told), cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_where_orders_go),  cmocka_unit_test(test_questions_over_rcon),
        cmocka_unit_test(test_orders_over_http),
    };
    return cmocka_run_group_tests(tests, open_net, close_net);
}
