#include "../src/game/said.h"
#include "talk_told.h"

static const struct game palworld = {.name = "palworld",
                                     .title = "Palworld",
                                     .warn = "/v1/api/announce",
                                     .save = "/v1/api/save",
                                     .stop = "/v1/api/shutdown"};

static const char metrics[] = "{\"serverfps\":57,\"currentplayernum\":2,\"serverframetime\":16.7,"
                              "\"maxplayernum\":32,\"uptime\":60,\"days\":3}";

static void ask(struct told *d, bool names)
{
    told_open(d, &protocol_palworld, &palworld, "s3cret");
    d->talk.names = names;
    told_begin(d);
    assert_int_equal(d->next, TALK_SEND);
    assert_string_equal(d->talk.http.method, "GET");
    assert_string_equal(d->talk.http.path, "/v1/api/metrics");
    assert_true(d->talk.http.basic);
}

static void test_answers(void **state)
{
    static const struct {
        const char *body;
        int status, players, max; /* -1 unknown */
        enum err_code code;
        const char *why;
    } rows[] = {
        {metrics, 200, 2, 32, ERR_OK, ""},
        {"{\"currentplayernum\":0,\"maxplayernum\":32}", 200, 0, 32, ERR_OK, ""},
        {"{\"currentplayernum\":\"3\",\"maxplayernum\":32}", 200, 3, 32, ERR_OK, ""},
        {"{\"currentplayernum\":1}", 200, 1, -1, ERR_OK, "how many may play"},
        {"{\"currentplayernum\":1,\"maxplayernum\":-32}", 200, 1, -1, ERR_OK, "how many may play"},
        {"{}", 200, -1, -1, ERR_PROTOCOL, "currentplayernum"},
        {"{\"maxplayernum\":32}", 200, -1, -1, ERR_PROTOCOL, "currentplayernum"},
        {"{\"currentplayernum\":null,\"maxplayernum\":32}", 200, -1, -1, ERR_PROTOCOL, "null"},
        {"{\"currentplayernum\":true}", 200, -1, -1, ERR_PROTOCOL, "true or false"},
        {"{\"currentplayernum\":[0]}", 200, -1, -1, ERR_PROTOCOL, "a list"},
        {"{\"currentplayernum\":-1}", 200, -1, -1, ERR_PROTOCOL, "-1 cannot be"},
        {"{\"currentplayernum\":0.5}", 200, -1, -1, ERR_PROTOCOL, "currentplayernum"},
        {"{\"currentplayernum\":1e300}", 200, -1, -1, ERR_PROTOCOL, "currentplayernum"},
        {"{\"currentplayernum\":4294967296}", 200, -1, -1, ERR_PROTOCOL, "cannot be"},
        {"{\"currentplayernum\":1000001}", 200, -1, -1, ERR_PROTOCOL, "cannot be"},
        {"[2]", 200, -1, -1, ERR_PROTOCOL, "object"},
        {"0", 200, -1, -1, ERR_PROTOCOL, "object"},
        {"", 200, -1, -1, ERR_PROTOCOL, "JSON"},
        {"\r\n <!DOCTYPE html><html>2</html>", 200, -1, -1, ERR_PROTOCOL, "a web page"},
        {"{\"currentplayernum\":0}x", 200, -1, -1, ERR_PROTOCOL, "JSON"},
        {"", 401, -1, -1, ERR_AUTH, "refused the password"},
        {"{\"error\":\"s3cret is wrong\"}", 403, -1, -1, ERR_AUTH, "refused the password"},
        {"{\"currentplayernum\":0}", 500, -1, -1, ERR_REFUSED, "HTTP 500"},
        {"{\"error\":\"the world\\nis loading\"}", 503, -1, -1, ERR_REFUSED, "world is loading"},
        {metrics, 302, -1, -1, ERR_REFUSED, "HTTP 302"},
        {metrics, 404, -1, -1, ERR_REFUSED, "HTTP 404"},
        {metrics, 0, -1, -1, ERR_REFUSED, "HTTP 0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        ask(&d, false);
        told_http(&d, rows[i].body, rows[i].status);
        ROW(i, d.next == TALK_OVER);
        ROW(i, d.talk.err.code == rows[i].code);
        ROW(i, d.answer.up == (rows[i].code == ERR_OK));
        ROW(i, d.answer.players == rows[i].players);
        ROW(i, d.answer.max == rows[i].max);
        ROW(i, strstr(d.answer.why, rows[i].why));
        ROW(i, !*d.answer.why == (rows[i].max >= 0));
        ROW(i, !strstr(d.talk.err.text, "s3cret") && !strstr(d.answer.why, "s3cret"));
        ROW(i, !strstr(d.talk.err.hint, "admin_password") == (rows[i].code != ERR_AUTH));
        ROW(i, d.talk.err.retryable == (rows[i].status >= 500));
        told_close(&d);
    }
}

static void test_truncated_at_every_byte(void **state)
{
    (void)state;
    for (size_t len = 0; len < strlen(metrics); len++) {
        struct told d;
        ask(&d, false);
        d.next = talk_feed(&d.talk, metrics, len, 200);
        ROW(len, d.next == TALK_OVER && d.answer.players == -1 && !d.answer.up);
        told_close(&d);
    }
}

static void test_depth_and_length(void **state)
{
    struct told d;
    struct str body = STR(2 * TALK_REPLY_MAX);
    (void)state;
    for (int i = 0; i < 100000; i++)
        str_add(&body, "[");
    ask(&d, false);
    d.next = talk_feed(&d.talk, body.p, body.len, 200);
    assert_int_equal(d.talk.err.code, ERR_PROTOCOL);
    told_close(&d);

    str_clear(&body);
    str_add(&body, "{\"currentplayernum\":0,\"pad\":\"");
    while (body.len <= TALK_REPLY_MAX)
        str_add(&body, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    str_add(&body, "\"}");
    ask(&d, false);
    d.next = talk_feed(&d.talk, body.p, body.len, 200);
    assert_int_equal(d.next, TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_PROTOCOL);
    assert_int_equal(d.answer.players, -1);
    told_close(&d);
    str_release(&body);
}

static void test_names(void **state)
{
    static const struct {
        const char *body;
        int status;
        const char *names;
    } rows[] = {
        {"{\"players\":[{\"name\":\"ann\"},{\"name\":\"b\\u0007ob\"}]}", 200, "ann,b ob"},
        {"{\"players\":[{\"name\":7},{},\"x\",{\"name\":\"ann\"}]}", 200, "ann"},
        {"{\"players\":{}}", 200, ""},
        {"{}", 200, ""},
        {"<html>", 200, ""},
        {"{\"players\":[{\"name\":\"ann\"}]}", 500, ""},
    };
    struct told d;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ask(&d, true);
        told_http(&d, metrics, 200);
        ROW(i, d.next == TALK_SEND);
        ROW_TEXT(i, d.talk.http.path, "/v1/api/players");
        ROW(i, d.talk.http.basic);
        told_http(&d, rows[i].body, rows[i].status);
        /* The count stands whatever the names were. */
        ROW(i, d.next == TALK_OVER && !d.talk.err.code && d.answer.players == 2 && d.answer.up);
        ROW_TEXT(i, told_names(&d), rows[i].names);
        told_close(&d);
    }
    ask(&d, true);
    told_http(&d, metrics, 200);
    d.next = talk_late(&d.talk);
    assert_true(d.next == TALK_OVER && !d.talk.err.code && d.answer.players == 2);
    told_close(&d);

    ask(&d, true); /* nobody has no names */
    told_http(&d, "{\"currentplayernum\":0,\"maxplayernum\":32}", 200);
    assert_true(d.next == TALK_OVER && d.answer.players == 0);
    told_close(&d);

    ask(&d, true);
    d.next = talk_late(&d.talk);
    assert_int_equal(d.talk.err.code, ERR_TIMEOUT);
    told_close(&d);
}

static void tell(struct told *d, enum game_order order, const char *text)
{
    told_open(d, &protocol_palworld, &palworld, "s3cret");
    d->talk.telling = true;
    d->talk.order = order;
    d->talk.text = text;
    told_begin(d);
    assert_int_equal(d->next, TALK_SEND);
    assert_string_equal(d->talk.http.method, "POST");
    assert_true(d->talk.http.basic);
}

static void test_orders(void **state)
{
    static const struct {
        enum game_order order;
        const char *path, *body;
    } rows[] = {
        {GAME_WARN, "/v1/api/announce", "{\"message\":\"5 \\\"min\\\" left\"}"},
        {GAME_SAVE, "/v1/api/save", ""},
        {GAME_STOP, "/v1/api/shutdown", "{\"waittime\":1,\"message\":\"The server stops\"}"},
    };
    struct told d;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool warn = rows[i].order == GAME_WARN, stop = rows[i].order == GAME_STOP;
        tell(&d, rows[i].order, warn ? "5 \"min\" left" : NULL);
        ROW_TEXT(i, d.talk.http.path, rows[i].path);
        ROW_TEXT(i, str_text(&d.talk.out), rows[i].body);
        told_http(&d, "OK", 200);
        ROW(i, d.next == TALK_OVER && d.talk.done_ok);
        told_close(&d);

        tell(&d, rows[i].order, "x");
        told_http(&d, "", 401);
        ROW(i, !d.talk.done_ok && d.talk.err.code == ERR_AUTH);
        told_close(&d);

        tell(&d, rows[i].order, "x");
        told_http(&d, "{\"error\":\"no disk left\"}", 500);
        ROW(i, !d.talk.done_ok && d.talk.err.code == ERR_FAILED);
        ROW(i, strstr(d.talk.err.text, "no disk left"));
        told_close(&d);

        tell(&d, rows[i].order, "x");
        d.next = talk_end(&d.talk);
        ROW(i, d.talk.done_ok == stop);
        ROW(i, d.talk.err.code == (stop ? ERR_OK : ERR_NETWORK));
        told_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),          cmocka_unit_test(test_truncated_at_every_byte),
        cmocka_unit_test(test_depth_and_length), cmocka_unit_test(test_names),
        cmocka_unit_test(test_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
