/* The light query, and the API that it hands on to. */
#include "../src/game/said.h"
#include "talk_told.h"

static const struct game satisfactory = {
    .name = "satisfactory", .title = "Satisfactory", .save = "SaveGame", .stop = "Shutdown"};

static const uint64_t cookie = 0x1122334455667788u;

static void test_light_question(void **state)
{
    /* Of cookie 1: d5 f6 00 01 01 00 00 00 00 00 00 00 01 (game-protocols.md §9). */
    static const unsigned char question[] = {0xd5, 0xf6, 0x00, 0x01, 0x88, 0x77, 0x66,
                                             0x55, 0x44, 0x33, 0x22, 0x11, 0x01};
    struct told d;
    (void)state;
    told_open(&d, &protocol_satisfactory, &satisfactory, NULL);
    told_begin(&d);
    assert_int_equal(d.next, TALK_SEND);
    assert_int_equal(d.talk.out.len, sizeof question);
    assert_memory_equal(d.talk.out.p, question, sizeof question);
    told_close(&d);
}

static void put_state(struct str *s, uint64_t with, unsigned type, unsigned state)
{
    put_u16le(s, 0xf6d5);
    put_u8(s, type);
    put_u8(s, 1);
    put_u64le(s, with);
    put_u8(s, state);
    put_u32le(s, 365306);
    put_u64le(s, 0);
    put_u8(s, 2);
    for (int i = 0; i < 2; i++) {
        put_u8(s, (unsigned)i);
        put_u16le(s, 7);
    }
    put_u16le(s, 5);
    str_add(s, "Ann's");
    put_u8(s, 1);
}

static void test_light_states(void **state)
{
    static const struct {
        unsigned state;
        bool up;
        enum err_code code;
        const char *why;
    } rows[] = {
        {3, true, ERR_OK, "how many play"},  {1, false, ERR_OK, "no game loaded"},
        {2, false, ERR_REFUSED, "loading"},  {0, false, ERR_REFUSED, "offline"},
        {4, false, ERR_PROTOCOL, "state 4"}, {255, false, ERR_PROTOCOL, "state 255"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        struct str s = STR(200);
        told_open(&d, &protocol_satisfactory, &satisfactory, NULL);
        told_begin(&d);
        put_state(&s, cookie, 1, rows[i].state);
        d.next = talk_feed(&d.talk, s.p, s.len, 0);
        ROW(i, d.next == TALK_OVER && d.answer.up == rows[i].up);
        ROW(i, d.talk.err.code == rows[i].code && d.answer.players == -1);
        ROW(i, strstr(d.answer.why, rows[i].why));
        ROW_TEXT(i, d.answer.title, "Ann's");
        ROW_TEXT(i, d.answer.version, "build 365306");
        str_release(&s);
        told_close(&d);
    }
}

static void test_light_strangers_and_cuts(void **state)
{
    struct str s = STR(200);
    struct told d;
    (void)state;
    for (int i = 0; i < 3; i++) {
        str_clear(&s);
        put_state(&s, i == 0 ? cookie + 1 : cookie, i == 1 ? 0 : 1, 3);
        if (i == 2)
            s.p[0] = 0;
        told_open(&d, &protocol_satisfactory, &satisfactory, NULL);
        told_begin(&d);
        d.next = talk_feed(&d.talk, s.p, s.len, 0);
        ROW(i, d.next == TALK_MORE && !d.answer.up);
        told_close(&d);
    }
    str_clear(&s);
    put_state(&s, cookie, 1, 3);
    for (size_t len = 0; len < s.len; len++) {
        told_open(&d, &protocol_satisfactory, &satisfactory, NULL);
        told_begin(&d);
        d.next = talk_feed(&d.talk, s.p, len, 0);
        ROW(len, !d.answer.up && d.answer.players == -1);
        ROW(len, len < 12 ? d.next == TALK_MORE : d.talk.err.code == ERR_PROTOCOL);
        told_close(&d);
    }
    str_release(&s);
}

static const char token[] =
    "{\"data\":{\"authenticationToken\":\"ewoJInBsIjogIkFQSVRva2VuIgp9.AA\"}}";

static void ask(struct told *d, const char *password)
{
    told_open(d, &protocol_satisfactory_api, &satisfactory, password);
    told_begin(d);
    assert_int_equal(d->next, TALK_SEND);
    assert_string_equal(d->talk.http.method, "POST");
    assert_string_equal(d->talk.http.path, "/api/v1");
    assert_string_equal(d->talk.http.bearer, "");
    assert_string_equal(str_text(&d->talk.out),
                        "{\"function\":\"PasswordlessLogin\",\"data\":{\"MinimumPrivilegeLevel\":"
                        "\"Client\"}}");
}

static void test_count(void **state)
{
    static const struct {
        const char *body;
        int status, players, max;
        bool up;
        enum err_code code;
    } rows[] = {
        {"{\"data\":{\"serverGameState\":{\"activeSessionName\":\"Hill\",\"numConnectedPlayers\":3,"
         "\"playerLimit\":4,\"isGameRunning\":true}}}",
         200, 3, 4, true, ERR_OK},
        {"{\"data\":{\"serverGameState\":{\"numConnectedPlayers\":0,\"playerLimit\":4,"
         "\"isGameRunning\":false}}}",
         200, 0, 4, false, ERR_OK},
        {"{\"data\":{\"serverGameState\":{\"numConnectedPlayers\":1,\"isGameRunning\":true}}}", 200,
         1, -1, true, ERR_OK},
        {"{\"data\":{\"serverGameState\":{\"playerLimit\":4,\"isGameRunning\":true}}}", 200, -1, -1,
         false, ERR_PROTOCOL},
        {"{\"data\":{\"serverGameState\":[]}}", 200, -1, -1, false, ERR_PROTOCOL},
        {"{\"data\":{}}", 200, -1, -1, false, ERR_PROTOCOL},
        {"{\"data\":{\"serverGameState\":{\"numConnectedPlayers\":-3}}}", 200, -1, -1, false,
         ERR_PROTOCOL},
        {"{\"data\":{\"serverGameState\":{\"numConnectedPlayers\":99999999}}}", 200, -1, -1, false,
         ERR_PROTOCOL},
        {"", 204, -1, -1, false, ERR_PROTOCOL},
        {"<html>", 200, -1, -1, false, ERR_PROTOCOL},
        {"{\"errorCode\":\"invalid_token\"}", 401, -1, -1, false, ERR_AUTH},
        {"{\"errorCode\":\"insufficient_scope\"}", 403, -1, -1, false, ERR_AUTH},
        {"", 503, -1, -1, false, ERR_REFUSED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        ask(&d, NULL);
        told_http(&d, token, 200);
        ROW(i, d.next == TALK_SEND);
        ROW_TEXT(i, d.talk.http.bearer, "ewoJInBsIjogIkFQSVRva2VuIgp9.AA");
        ROW_TEXT(i, str_text(&d.talk.out), "{\"function\":\"QueryServerState\",\"data\":{}}");
        told_http(&d, rows[i].body, rows[i].status);
        ROW(i, d.next == TALK_OVER);
        ROW(i, d.answer.players == rows[i].players && d.answer.max == rows[i].max);
        ROW(i, d.answer.up == rows[i].up && d.talk.err.code == rows[i].code);
        told_close(&d);
    }
}

static void test_logins(void **state)
{
    static const struct {
        const char *password, *body;
        int status;
        enum err_code code; /* OK: goes on with the password */
    } rows[] = {
        {"s3cret", "{\"errorCode\":\"passwordless_login_not_possible\"}", 401, ERR_OK},
        {"s3cret", "{\"errorCode\":\"passwordless_login_not_possible\"}", 200, ERR_OK},
        {NULL, "{\"errorCode\":\"passwordless_login_not_possible\"}", 401, ERR_AUTH},
        {"s3cret", "{\"errorCode\":\"x\"}", 500, ERR_REFUSED},
        {NULL, "<html>", 401, ERR_AUTH},
        {NULL, "<html>", 200, ERR_PROTOCOL},
        {NULL, "{}", 200, ERR_PROTOCOL},
        {NULL, "{\"data\":{\"authenticationToken\":7}}", 200, ERR_PROTOCOL},
        {NULL, "{\"data\":{\"authenticationToken\":\"\"}}", 200, ERR_PROTOCOL},
        {NULL, "{\"data\":{\"authenticationToken\":\"a\\r\\nX-Evil: 1\"}}", 200, ERR_PROTOCOL},
        {NULL, "{\"data\":{\"authenticationToken\":\"a b\"}}", 200, ERR_PROTOCOL},
        {NULL, "", 503, ERR_REFUSED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        ask(&d, rows[i].password);
        told_http(&d, rows[i].body, rows[i].status);
        ROW(i, d.talk.err.code == rows[i].code);
        ROW(i, (d.next == TALK_SEND) == (rows[i].code == ERR_OK));
        if (d.next == TALK_SEND)
            ROW_TEXT(i, str_text(&d.talk.out),
                     "{\"function\":\"PasswordLogin\",\"data\":{\"MinimumPrivilegeLevel\":"
                     "\"Client\",\"Password\":\"s3cret\"}}");
        ROW(i, !strstr(d.talk.err.hint, "admin_password") == (rows[i].code != ERR_AUTH));
        ROW(i, d.answer.players == -1 && !d.answer.up);
        told_close(&d);
    }
    char longest[1200] = "{\"data\":{\"authenticationToken\":\"";
    size_t at = strlen(longest);
    memset(longest + at, 'a', 1024);
    strcpy(longest + at + 1024, "\"}}");
    struct told d;
    ask(&d, NULL);
    told_http(&d, longest, 200);
    assert_int_equal(d.talk.err.code, ERR_PROTOCOL);
    told_close(&d);
}

static void tell(struct told *d, enum game_order order)
{
    told_open(d, &protocol_satisfactory_api, &satisfactory, "s3cret");
    d->talk.telling = true;
    d->talk.order = order;
    told_begin(d);
    assert_string_equal(str_text(&d->talk.out),
                        "{\"function\":\"PasswordLogin\",\"data\":{\"MinimumPrivilegeLevel\":"
                        "\"Administrator\",\"Password\":\"s3cret\"}}");
}

static void test_orders(void **state)
{
    static const struct {
        enum game_order order;
        const char *body;
    } rows[] = {
        {GAME_SAVE, "{\"function\":\"SaveGame\",\"data\":{\"SaveName\":\"dogs\"}}"},
        {GAME_STOP, "{\"function\":\"Shutdown\",\"data\":{}}"},
    };
    struct told d;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool stop = rows[i].order == GAME_STOP;
        tell(&d, rows[i].order);
        told_http(&d, token, 200);
        ROW_TEXT(i, str_text(&d.talk.out), rows[i].body);
        ROW(i, *d.talk.http.bearer);
        told_http(&d, "", 204);
        ROW(i, d.next == TALK_OVER && d.talk.done_ok);
        told_close(&d);

        tell(&d, rows[i].order);
        told_http(&d, "{\"errorCode\":\"wrong_password\",\"errorMessage\":\"not s3cret\"}", 401);
        ROW(i, d.next == TALK_OVER && !d.talk.done_ok && d.talk.err.code == ERR_AUTH);
        ROW(i, !strstr(d.talk.err.text, "s3cret") && strstr(d.talk.err.text, "wrong_password"));
        told_close(&d);

        tell(&d, rows[i].order);
        told_http(&d, token, 200);
        told_http(&d, "{\"errorCode\":\"save_game_failed\",\"errorMessage\":\"disk full\"}", 500);
        ROW(i, !d.talk.done_ok && d.talk.err.code == ERR_FAILED);
        ROW(i, strstr(d.talk.err.text, "disk full"));
        told_close(&d);

        /* A connection that ends before the order was sent has stopped nothing. */
        tell(&d, rows[i].order);
        d.next = talk_end(&d.talk);
        ROW(i, !d.talk.done_ok && d.talk.err.code == ERR_NETWORK);
        told_close(&d);

        tell(&d, rows[i].order);
        told_http(&d, token, 200);
        d.next = talk_end(&d.talk);
        ROW(i, d.talk.done_ok == stop);
        told_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_light_question),
        cmocka_unit_test(test_light_states),
        cmocka_unit_test(test_light_strangers_and_cuts),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
