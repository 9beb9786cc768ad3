#include "game_talker.h"

#define GET(path, more) "GET " path " HTTP/1.1\r\nHost: x\r\n" more "\r\n"
#define POST(path, more, length, body)                                                             \
    "POST " path " HTTP/1.1\r\n" more "Content-Length: " length "\r\n\r\n" body
#define ADMIN "Authorization: Basic YWRtaW46cHc=\r\n" /* admin:pw */
#define TOKEN "authorization: Bearer YWRtaW4=.9C41\r\n"

static const struct row {
    const char *protocol, *request;
    int status;
    const char *has;
    enum game_order order;
    const char *text;
} rows[] = {
    {"tshock", GET("/v2/server/status?players=true&token=pw", ""), 200,
     "\"playercount\":3,\"maxplayers\":20", 0, ""},
    {"tshock", GET("/v2/server/status?players=true", ""), 200, "{\"nickname\":\"ann\"}", 0, ""},
    {"tshock", GET("/v2/server/broadcast?token=pw&msg=10%20minutes%21+left", ""), 200, "",
     ORDER_WARN, "10 minutes! left"},
    {"tshock", GET("/v2/world/save?token=pw", ""), 200, "World saved", ORDER_SAVE,
     "/v2/world/save"},
    {"tshock", GET("/v2/world/save?token=px", ""), 403, "error", 0, ""},
    {"tshock", GET("/v2/server/off?token=pw", ""), 400, "confirm", 0, ""},
    {"tshock", GET("/v2/server/off?confirm=true&token=pw", ""), 200, "", ORDER_STOP,
     "/v2/server/off"},
    {"tshock", GET("/v9?token=pw", ""), 404, "", 0, ""},
    {"palworld", GET("/v1/api/metrics", ADMIN), 200, "\"currentplayernum\":3", 0, ""},
    {"palworld", GET("/v1/api/metrics", ""), 401, "", 0, ""},
    {"palworld", GET("/v1/api/metrics", "Authorization: Basic YWRtaW46cHg=\r\n"), 401, "", 0, ""},
    {"palworld", GET("/v1/api/players", ADMIN), 200, "{\"name\":\"bob\"}", 0, ""},
    {"palworld", POST("/v1/api/announce", ADMIN, "16", "{\"message\":\"hi\"}"), 200, "OK",
     ORDER_WARN, "hi"},
    {"palworld", POST("/v1/api/announce", ADMIN, "2", "{}"), 400, "", 0, ""},
    {"palworld", POST("/v1/api/save", ADMIN, "0", ""), 200, "OK", ORDER_SAVE, "/v1/api/save"},
    {"palworld", POST("/v1/api/shutdown", ADMIN, "2", "{}"), 200, "OK", ORDER_STOP,
     "/v1/api/shutdown"},
    {"satisfactory",
     POST("/api/v1", "", "74",
          "{\"function\":\"PasswordlessLogin\",\"data\":{\"MinimumPrivilegeLevel\":\"Client\"}}"),
     200, "authenticationToken", 0, ""},
    {"satisfactory", POST("/api/v1", "", "31", "{\"function\":\"QueryServerState\"}"), 401,
     "invalid_token", 0, ""},
    {"satisfactory", POST("/api/v1", TOKEN, "31", "{\"function\":\"QueryServerState\"}"), 200,
     "\"numConnectedPlayers\":3", 0, ""},
    {"satisfactory",
     POST("/api/v1", TOKEN, "50", "{\"function\":\"SaveGame\",\"data\":{\"SaveName\":\"dogs\"}}"),
     204, "", ORDER_SAVE, "dogs"},
    {"satisfactory", POST("/api/v1", TOKEN, "23", "{\"function\":\"Shutdown\"}"), 204, "",
     ORDER_STOP, "Shutdown"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct hosted h = host(row->protocol, 3);
        struct heard a = ask(row->protocol, true, &h, NULL, row->request, strlen(row->request));
        int status = 0;
        const char *text = str_text(&a.r.out), *body = strstr(text, "\r\n\r\n");
        bool ok = sscanf(text, "HTTP/1.1 %d", &status) == 1 && status == row->status && a.r.close &&
                  body && strstr(body, row->has) && a.r.order == row->order &&
                  strcmp(a.r.text, row->text) == 0;
        if (!ok)
            fail_msg("row %zu: %s\n%s\norder %d '%s'", i, row->request, text, (int)a.r.order,
                     a.r.text);
        str_release(&a.r.out);
        pester(row->protocol, true, &h, row->request, strlen(row->request));
    }
}

static void test_the_body_is_waited_for(void **state)
{
    static const char whole[] = POST("/v1/api/announce", ADMIN, "16", "{\"message\":\"hi\"}");
    struct hosted h = host("palworld", 0);
    (void)state;
    for (size_t n = 1; n < sizeof whole - 1; n++) {
        struct heard a = ask("palworld", true, &h, NULL, whole, n);
        assert_int_equal(a.used, 0);
        assert_false(a.r.close);
    }
}

static void test_bounds(void **state)
{
    static const char long_body[] = POST("/", "", "99999999", "x");
    struct hosted h = host("palworld", 0);
    char *head = xcalloc(20 * 1024, 1);
    (void)state;
    memset(head, 'x', 20 * 1024);
    assert_true(ask("palworld", true, &h, NULL, head, 20 * 1024).r.close);
    assert_true(ask("palworld", true, &h, NULL, long_body, sizeof long_body - 1).r.close);
    free(head);
}

static void test_saves_that_fail(void **state)
{
    static const struct {
        const char *protocol, *request;
    } saves[] = {
        {"tshock", GET("/v2/world/save?token=pw", "")},
        {"palworld", POST("/v1/api/save", ADMIN, "0", "")},
        {"satisfactory", POST("/api/v1", TOKEN, "50",
                              "{\"function\":\"SaveGame\",\"data\":{\"SaveName\":\"dogs\"}}")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(saves); i++) {
        struct hosted h = host(saves[i].protocol, 0);
        h.save_fails = true;
        struct heard a =
            ask(h.protocol, true, &h, NULL, saves[i].request, strlen(saves[i].request));
        assert_true(str_starts(str_text(&a.r.out), "HTTP/1.1 500"));
        str_release(&a.r.out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_the_body_is_waited_for),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_saves_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
