#include "sandbox_peer.h"

#define GAME(b, s, w, v) POST("/sandbox/game", b, s, w, v)
#define GAMES(w, v) GET("/sandbox/games", 200, w, v)

static void test_refusals(void **state)
{
    (void)state;
    CHECK(GAME("{\"server\":\"mc\",\"protocol\":\"chess\"}", 400, "message",
               "\"there is no protocol chess, but java bedrock a2s quake3 luanti rcon factorio "
               "satisfactory satisfactory tshock palworld tcp\""),
          GAME("{\"server\":\"mc\",\"protocol\":\"a2s\",\"mode\":\"loud\"}", 400, "message",
               "\"there is no mode loud\""),
          GAME("{\"protocol\":\"a2s\"}", 400, NULL, NULL),
          GAME("{\"server\":\"mc\",\"droplet_id\":1,\"protocol\":\"a2s\"}", 400, NULL, NULL),
          GAME("{\"server\":\"mc\",\"protocol\":\"a2s\",\"port\":0}", 400, "message",
               "\"port: 1 to 65535\""),
          GAME("{\"server\":\"mc\",\"protocol\":\"a2s\",\"players\":1001}", 400, NULL, NULL),
          GAME("{\"server\":\"mc\",\"mode\":\"silent\"}", 404, NULL, NULL),
          GAME("{\"droplet_id\":1,\"protocol\":\"a2s\"}", 404, NULL, NULL),
          GAME("{\"server\":\"mc\",\"protocol\":\"a2s\",\"players\":1}", 404, NULL, NULL),
          GET("/sandbox/told", 200, "", "[]"));
}

/* Installed for a server to come: its droplet has it, answers `boot_s` after it is active, and
 * nobody plays after a boot. */
static void test_a_servers_game(void **state)
{
    (void)state;
    CHECK(GAME("{\"server\":\"mc\",\"protocol\":\"a2s\",\"port\":27016,\"boot_s\":90}", 200, NULL,
               NULL),
          GAMES("games[0].server", "\"mc\""), GAMES("games[0].password", "-"),
          GAMES("games[1]", "-"), CREATE, ADVANCE(50), GAMES("games[1].droplet_id", "%D"),
          GAMES("games[1].port", "27016"), GAMES("games[1].up", "false"), ADVANCE(80),
          GAMES("games[1].up", "false"), ADVANCE(12), GAMES("games[1].up", "true"),
          GAMES("games[1].open", "true"),
          GAME("{\"server\":\"mc\",\"players\":2}", 200, "games[1].players", "2"),
          GET("/sandbox/state", 200, "droplets[0].world", "2"),
          GAME("{\"droplet_id\":%D,\"players\":0}", 200, "games[1].players", "0"),
          GET("/sandbox/state", 200, "droplets[0].world", "2"),
          GAME("{\"droplet_id\":%D,\"names\":[\"ann\",\"bob\",\"cy\"]}", 200, "games[1].players",
               "3"),
          ACT("{\"type\":\"reboot\"}", 201), GAMES("games[1].up", "false"), ADVANCE(60),
          GAMES("games[1].up", "false"), ADVANCE(60), GAMES("games[1].up", "true"),
          GAMES("games[1].players", "0"),
          GAME("{\"server\":\"mc\",\"mode\":\"closed\"}", 200, "games[1].up", "false"),
          GAMES("games[1].open", "false"));
}

/* Into a snapshot and out of it; not into that of a droplet without. */
static void test_it_goes_along(void **state)
{
    (void)state;
    CHECK(CREATE, ADVANCE(60),
          GAME("{\"droplet_id\":%D,\"protocol\":\"java\",\"players\":4,\"max\":9}", 200,
               "games[0].players", "4"),
          GAME("{\"droplet_id\":%D,\"protocol\":\"rcon\",\"password\":\"pw\"}", 200,
               "games[1].port", "25575"),
          ACT("{\"type\":\"shutdown\"}", 201), ADVANCE(20), GAMES("games[0].up", "false"),
          GAME("{\"droplet_id\":%D,\"players\":1}", 404, NULL, NULL),
          ACT("{\"type\":\"snapshot\",\"name\":\"mc-1790000000\"}", 201), ADVANCE(95),
          KEEP('S', "/v2/droplets/%D/snapshots", NULL, 200, "snapshots[0].id"),
          DELETE("/v2/droplets/%D", 204), ADVANCE(10), GAMES("games[2].snapshot_id", "%S"),
          KEEP('D', "/v2/droplets",
               "{\"name\":\"mc\",\"size\":\"s-1vcpu-1gb\",\"region\":\"fra1\",\"image\":%S}", 202,
               "droplet.id"),
          ADVANCE(80), GAMES("games[4].droplet_id", "%D"), GAMES("games[4].protocol", "\"java\""),
          GAMES("games[4].max", "9"), GAMES("games[4].players", "0"), GAMES("games[4].up", "true"),
          GAMES("games[5].protocol", "\"rcon\""), GAMES("games[6]", "-"),
          DELETE("/v2/snapshots/%S", 204), GAMES("games[4]", "-"),
          GAMES("games[2].droplet_id", "%D"));
}

/* An address of its own that is this computer's, in the API's answer as well; one that was set for
 * all droplets wins. */
static void test_addresses(void **state)
{
    char first[32], second[32];
    cJSON *json = NULL;
    (void)state;
    control("/sandbox/put", "{\"droplets\":[{\"id\":7000000001,\"name\":\"a\"},"
                            "{\"id\":7000000002,\"name\":\"b\"},{\"id\":7000000003}]}");
    control("/sandbox/game", "{\"server\":\"a\",\"protocol\":\"tcp\"}");
    control("/sandbox/game", "{\"server\":\"b\",\"protocol\":\"tcp\"}");
    send_to(sb, "GET", "/v2/droplets/7000000001", NULL, NULL, &json);
    str_copy(first, sizeof first, json_text(json, "droplet.networks.v4[1].ip_address", ""));
    cJSON_Delete(json);
    send_to(sb, "GET", "/v2/droplets/7000000002", NULL, NULL, &json);
    str_copy(second, sizeof second, json_text(json, "droplet.networks.v4[1].ip_address", ""));
    cJSON_Delete(json);
    assert_true(str_starts(first, "127.") && str_starts(second, "127."));
    assert_false(str_starts(first, "127.0.") || str_starts(second, "127.0."));
    assert_string_not_equal(first, second);
    send_to(sb, "GET", "/v2/droplets/7000000003", NULL, NULL, &json);
    assert_true(str_starts(json_text(json, "droplet.networks.v4[1].ip_address", ""), "198."));
    cJSON_Delete(json);
    control("/sandbox/settings", "{\"public_ip\":\"198.51.100.7\"}");
    CHECK(GET("/v2/droplets/7000000001", 200, "droplet.networks.v4[1].ip_address",
              "\"198.51.100.7\""),
          GAMES("games[1].address", "\"\""), GAMES("games[1].open", "false"));
}

/* What the caller gives for its servers; a password is nowhere to be read. */
static void test_games_of_the_caller(void **state)
{
    static const struct sandbox_game games[] = {
        {.server = "mc", .protocol = "java"},
        {.server = "mc", .protocol = "rcon", .port = 25999, .password = "hush-hush"},
        {.server = "mc", .protocol = "not of ours"},
    };
    struct err e = {0};
    (void)state;
    CHECK(CREATE, ADVANCE(60));
    sandbox_stop(sb);
    sb = sandbox_start(
        &(struct sandbox_opts){.dir = dir, .speed = 0.001, .games = games, .n_games = COUNT(games)},
        &e);
    assert_non_null(sb);
    CHECK(GAMES("games[0].protocol", "\"java\""), GAMES("games[1].droplet_id", "%D"),
          GAMES("games[1].open", "true"), GAMES("games[3].port", "25999"), GAMES("games[4]", "-"));
    cJSON *json = NULL;
    send_to(sb, "GET", "/sandbox/state", NULL, NULL, &json);
    char *text = json_print(json);
    assert_null(strstr(text, "hush"));
    free(text);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refusals),  TEST(test_a_servers_game),      TEST(test_it_goes_along),
        TEST(test_addresses), TEST(test_games_of_the_caller),
    };
    return cmocka_run_group_tests(tests, open_client, close_client);
}
