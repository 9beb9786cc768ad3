#include "../src/game/said.h"
#include "talk_told.h"

static const struct game tshock = {.name = "terraria",
                                   .title = "Terraria",
                                   .warn = "/v2/server/broadcast?msg=%s",
                                   .save = "/v2/world/save",
                                   .stop = "/v2/server/off?confirm=true"};

static const char status_json[] =
    "{\"status\":\"200\",\"name\":\"Ann's\",\"serverversion\":\"v1.4.4.9\",\"world\":\"Hill\","
    "\"playercount\":2,\"maxplayers\":8,\"players\":[{\"nickname\":\"ann\"},{\"nickname\":\"bob\"}]"
    "}";

static const char needs_token[] =
    "{\"status\":\"401\",\"error\":\"Not authorized. The specified API endpoint requires a "
    "token.\"}";

static void ask(struct told *d, const char *token, bool names)
{
    told_open(d, &protocol_tshock, &tshock, token);
    d->talk.names = names;
    told_begin(d);
}

static void test_question(void **state)
{
    struct told d;
    (void)state;
    ask(&d, "t0ken", true);
    assert_int_equal(d.next, TALK_SEND);
    assert_string_equal(d.talk.http.method, "GET");
    /* The token stays at home while nobody wants it. */
    assert_string_equal(d.talk.http.path, "/v2/server/status?players=true");
    told_http(&d, status_json, 200);
    assert_int_equal(d.next, TALK_OVER);
    assert_true(d.answer.up);
    assert_int_equal(d.answer.players, 2);
    assert_int_equal(d.answer.max, 8);
    assert_string_equal(d.answer.title, "Ann's");
    assert_string_equal(d.answer.version, "v1.4.4.9");
    assert_string_equal(d.answer.map, "Hill");
    assert_string_equal(told_names(&d), "ann,bob");
    told_close(&d);

    ask(&d, "t0ken&x=1 ", false);
    assert_string_equal(d.talk.http.path, "/v2/server/status");
    told_http(&d, needs_token, 200);
    assert_int_equal(d.next, TALK_SEND);
    assert_string_equal(d.talk.http.path, "/v2/server/status?token=t0ken%26x%3D1%20");
    told_http(&d, status_json, 200);
    assert_int_equal(d.answer.players, 2);
    told_close(&d);
}

static void test_answers(void **state)
{
    static const struct {
        const char *body;
        int status, players, max;
        enum err_code code;
    } rows[] = {
        {"{\"status\":\"200\",\"playercount\":0,\"maxplayers\":8}", 200, 0, 8, ERR_OK},
        {"{\"status\":200,\"playercount\":5,\"maxplayers\":8}", 200, 5, 8, ERR_OK},
        {"{\"playercount\":5,\"maxplayers\":8,\"players\":7}", 200, 5, 8, ERR_OK},
        {"{\"status\":\"200\",\"playercount\":5}", 200, 5, -1, ERR_OK},
        {"{\"status\":\"200\",\"maxplayers\":8}", 200, -1, -1, ERR_PROTOCOL},
        {"{\"status\":\"200\",\"playercount\":-2,\"maxplayers\":8}", 200, -1, -1, ERR_PROTOCOL},
        {"{\"status\":\"200\",\"playercount\":1e9,\"maxplayers\":8}", 200, -1, -1, ERR_PROTOCOL},
        {"{\"status\":\"200\",\"playercount\":{},\"maxplayers\":8}", 200, -1, -1, ERR_PROTOCOL},
        {"{\"status\":\"99999999999\",\"playercount\":1,\"maxplayers\":8}", 200, 1, 8, ERR_OK},
        {"{\"status\":\"401\",\"playercount\":0,\"maxplayers\":8}", 200, -1, -1, ERR_AUTH},
        {"{\"status\":\"403\",\"error\":\"no\"}", 200, -1, -1, ERR_AUTH},
        {"{\"status\":\"500\",\"playercount\":0,\"maxplayers\":8}", 200, -1, -1, ERR_REFUSED},
        {"{\"status\":\"200\",\"playercount\":0,\"maxplayers\":8}", 500, -1, -1, ERR_REFUSED},
        {"<html></html>", 200, -1, -1, ERR_PROTOCOL},
        {"<html></html>", 401, -1, -1, ERR_AUTH},
        {"", 200, -1, -1, ERR_PROTOCOL},
        {"null", 200, -1, -1, ERR_PROTOCOL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        ask(&d, NULL, false);
        told_http(&d, rows[i].body, rows[i].status);
        ROW(i, d.next == TALK_OVER);
        ROW(i, d.talk.err.code == rows[i].code);
        ROW(i, d.answer.players == rows[i].players);
        ROW(i, d.answer.max == rows[i].max);
        ROW(i, d.answer.up == (rows[i].code == ERR_OK));
        ROW(i, !strstr(d.talk.err.hint, "admin_password") == (rows[i].code != ERR_AUTH));
        told_close(&d);
    }
    for (size_t len = 0; len < strlen(status_json); len++) {
        struct told d;
        ask(&d, NULL, true);
        d.next = talk_feed(&d.talk, status_json, len, 200);
        ROW(len, d.next == TALK_OVER && d.answer.players == -1 && !d.answer.up);
        told_close(&d);
    }
}

static void tell(struct told *d, const char *host, enum game_order order, const char *text)
{
    told_open(d, &protocol_tshock, &tshock, "t0ken");
    d->place.host = host;
    d->talk.telling = true;
    d->talk.order = order;
    d->talk.text = text;
    told_begin(d);
}

static void test_orders(void **state)
{
    static const struct {
        enum game_order order;
        const char *text, *path;
    } rows[] = {
        {GAME_WARN, "5 min & out", "/v2/server/broadcast?msg=5%20min%20%26%20out&token=t0ken"},
        {GAME_SAVE, NULL, "/v2/world/save?token=t0ken"},
        {GAME_STOP, NULL, "/v2/server/off?confirm=true&token=t0ken"},
    };
    struct told d;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool stop = rows[i].order == GAME_STOP;
        tell(&d, "127.0.0.1", rows[i].order, rows[i].text);
        ROW(i, d.next == TALK_SEND);
        ROW_TEXT(i, d.talk.http.path, rows[i].path);
        told_http(&d, "{\"status\":\"200\",\"response\":\"done\"}", 200);
        ROW(i, d.talk.done_ok);
        told_close(&d);

        tell(&d, "::1", rows[i].order, rows[i].text);
        told_http(&d, "{\"status\":\"403\",\"error\":\"the token t0ken is not valid\"}", 200);
        ROW(i, d.next == TALK_OVER && !d.talk.done_ok && d.talk.err.code == ERR_AUTH);
        ROW(i, !strstr(d.talk.err.text, "t0ken"));
        told_close(&d);

        tell(&d, "localhost", rows[i].order, rows[i].text);
        told_http(&d, "{\"status\":\"500\",\"error\":\"disk is full\"}", 200);
        ROW(i, !d.talk.done_ok && d.talk.err.code == ERR_FAILED);
        ROW(i, strstr(d.talk.err.text, "disk is full"));
        told_close(&d);

        tell(&d, "127.0.0.1", rows[i].order, rows[i].text);
        d.next = talk_end(&d.talk);
        ROW(i, d.talk.done_ok == stop);
        told_close(&d);
    }
}

static void test_token_stays_out_of_the_clear(void **state)
{
    static const char *const hosts[] = {"203.0.113.7", "2001:db8::1", "game.example"};
    struct told d;
    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        tell(&d, hosts[i], GAME_SAVE, NULL);
        ROW(i, d.next == TALK_OVER && d.talk.err.code == ERR_CONFIG);
        ROW(i, !strstr(d.talk.http.path, "t0ken"));
        ROW(i, strstr(d.talk.err.hint, "ssh -L"));
        told_close(&d);

        ask(&d, "t0ken", false);
        d.place.host = hosts[i];
        told_http(&d, needs_token, 200);
        ROW(i, d.next == TALK_OVER && d.talk.err.code == ERR_CONFIG);
        told_close(&d);
    }
}

static void test_long_texts(void **state)
{
    struct told d;
    char *text = xcalloc(4001, 1);
    (void)state;
    for (int i = 0; i < 1000; i++)
        memcpy(text + 4 * i, "🐕", 4);
    tell(&d, "127.0.0.1", GAME_WARN, text);
    assert_int_equal(d.next, TALK_SEND);
    size_t len = strlen(d.talk.http.path), head = strlen("/v2/server/broadcast?msg=");
    assert_in_range(len, 490, sizeof d.talk.http.path - 1);
    assert_int_equal((len - head - strlen("&token=t0ken")) % strlen("%F0%9F%90%95"), 0);
    assert_string_equal(d.talk.http.path + len - strlen("&token=t0ken"), "&token=t0ken");
    told_close(&d);

    told_open(&d, &protocol_tshock, &tshock, text);
    d.talk.telling = true;
    d.talk.order = GAME_SAVE;
    told_begin(&d);
    assert_int_equal(d.next, TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_CONFIG);
    told_close(&d);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_question),   cmocka_unit_test(test_answers),
        cmocka_unit_test(test_orders),     cmocka_unit_test(test_token_stays_out_of_the_clear),
        cmocka_unit_test(test_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
