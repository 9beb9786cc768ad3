#include "../src/core/site.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

static struct server_cfg server(const char *game, const char *ready, const char *admin,
                                const char *password, int port)
{
    return (struct server_cfg){.name = (char *)"mc",
                               .game = (char *)game,
                               .ready = (char *)ready,
                               .admin = (char *)admin,
                               .admin_pin = (char *)"",
                               .admin_password = (char *)password,
                               .port = port};
}

/* Which it waits for, and what a player types. */
static void test_ready(void **state)
{
    static const struct {
        const char *game, *ready, *password;
        int port;
        int is; /* -1: CONFIG */
        const char *address;
    } rows[] = {
        {"", "", "", 0, READY_DROPLET, "192.0.2.7"},
        {"", "", "", 7000, READY_DROPLET, "192.0.2.7"},
        {"", "droplet", "", 0, READY_DROPLET, "192.0.2.7"},
        {"", "game", "", 0, -1, NULL},
        {"", "port", "", 0, -1, NULL},
        {"minecraft-java", "", "", 0, READY_GAME, "192.0.2.7"},
        {"minecraft-java", "", "", 25565, READY_GAME, "192.0.2.7"},
        {"minecraft-java", "", "", 25566, READY_GAME, "192.0.2.7:25566"},
        {"minecraft-java", "port", "", 0, READY_PORT, "192.0.2.7"},
        {"minecraft-java", "droplet", "", 0, READY_DROPLET, "192.0.2.7"},
        {"valheim", "", "", 0, READY_GAME, "192.0.2.7"},
        {"valheim", "port", "", 0, -1, NULL},
        /* Asked with a password only. */
        {"factorio", "", "", 0, READY_DROPLET, "192.0.2.7"},
        {"factorio", "", "pw", 0, READY_GAME, "192.0.2.7"},
        {"factorio", "game", "", 0, -1, NULL},
        {"terraria", "", "", 0, READY_GAME, "192.0.2.7"},
        {"other", "", "", 0, READY_DROPLET, "192.0.2.7"},
        {"other", "", "", 7000, READY_PORT, "192.0.2.7:7000"},
        {"other", "port", "", 0, -1, NULL},
        {"other", "game", "", 7000, -1, NULL},
        {"minecraft", "", "", 0, -1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct server_cfg srv =
            server(rows[i].game, rows[i].ready, "", rows[i].password, rows[i].port);
        struct config cfg = {.servers = &srv, .n_servers = *rows[i].password ? 1 : 0};
        struct core core = {.cfg = &cfg};
        struct site site;
        enum ready ready = READY_DROPLET;
        struct err e = {0};
        char address[80];
        bool ok = site_open(&core, &srv, "192.0.2.7", SITE_ASK, &site, &e) &&
                  site_ready(&site, &ready, &e);
        if (ok != (rows[i].is >= 0) || (ok && (int)ready != rows[i].is))
            fail_msg("row %zu: %d %d %s", i, ok, (int)ready, e.text);
        if (!ok && (e.code != ERR_CONFIG || !*e.hint || !strstr(e.text, "server 'mc'")))
            fail_msg("row %zu: %s; %s", i, e.text, e.hint);
        if (!ok)
            continue;
        site_address(&site, address, sizeof address);
        assert_string_equal(address, rows[i].address);
    }
}

static void test_nearest(void **state)
{
    struct server_cfg srv = server("minecraft-jav", "", "", "", 0);
    const struct game *g;
    struct err e = {0};

    (void)state;
    assert_false(site_game(&srv, &g, &e));
    assert_int_equal(e.code, ERR_CONFIG);
    assert_non_null(strstr(e.hint, "'minecraft-java'"));
}

/* How it is told. */
static void test_tell(void **state)
{
    static const struct {
        const char *game, *admin, *password;
        enum tell tell;
        const char *why;
    } rows[] = {
        {"minecraft-java", "", "", TELL_NOT, "password"},
        {"minecraft-java", "", "pw", TELL_NETWORK, ""},
        {"minecraft-java", "network", "pw", TELL_NETWORK, ""},
        {"minecraft-java", "off", "pw", TELL_NOT, "admin: off"},
        {"minecraft-java", "ssh", "", TELL_SSH, ""},
        {"valheim", "", "pw", TELL_NOT, "cannot be told"},
        {"valheim", "ssh", "", TELL_SSH, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct server_cfg srv = server(rows[i].game, "", rows[i].admin, rows[i].password, 0);
        struct config cfg = {.servers = &srv, .n_servers = *rows[i].password ? 1 : 0};
        struct core core = {.cfg = &cfg};
        struct site site;
        struct err e = {0}, why = {0};
        assert_true(site_open(&core, &srv, "192.0.2.7", SITE_TELL, &site, &e));
        if (site.tell != rows[i].tell || !strstr(site.why_not, rows[i].why))
            fail_msg("row %zu: %d '%s'", i, (int)site.tell, site.why_not);
        assert_int_equal(site_can_tell(&site, GAME_SAVE, &why), rows[i].tell != TELL_NOT);
        assert_true(rows[i].tell != TELL_NOT || strstr(why.text, rows[i].why));
    }
}

/* Only the word itself is the wish. */
static void test_chat(void **state)
{
    static const struct {
        const char *line;
        bool stay;
    } rows[] = {
        {"<ann> stay", true},
        {"<ann> Stay!", true},
        {"12:07 say: ann: stay", true},
        {"stay", true},
        {"<ann> stay. ", true},
        {"<ann> I cannot stay", false},
        {"<ann> stay away", false},
        {"<ann> overstay", false},
        {"", false},
        {"!", false},
        {"<stay> no", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (site_says_stay(rows[i].line) != rows[i].stay)
            fail_msg("%s", rows[i].line);
}

static void test_headcount(void **state)
{
    static const struct {
        struct headcount n;
        const char *text;
    } rows[] = {
        {{.players = -1}, "it is not known who plays"},
        {{.players = 0}, "nobody plays"},
        {{.players = 1, .names = "ann"}, "1 plays (ann)"},
        {{.players = 12}, "12 play"},
    };
    char text[300];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        headcount_text(&rows[i].n, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ready), cmocka_unit_test(test_nearest),   cmocka_unit_test(test_tell),
        cmocka_unit_test(test_chat),  cmocka_unit_test(test_headcount),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
