#include "../src/game/rcon.h"
#include "talk_told.h"

static void test_counts(void **state)
{
    static const struct {
        const char *ask, *text;
        int players, max; /* -2: unknown, with a reason */
        const char *names;
    } rows[] = {
        {"list", "There are 0 of a max of 20 players online: ", 0, 20, ""},
        {"list", "There are 2 of a max of 20 players online: ann, bob", 2, 20, "ann,bob"},
        {"list", "There are 2/20 players online:\nann, bob", 2, 20, "ann,bob"},
        {"list", "§6There are §c3§6 out of maximum §c50§6 players online.\n§6default§f: ann", 3, 50,
         "ann"},
        {"list", "There are 1000000 of a max of 1000000 players online:", 1000000, 1000000, ""},
        {"list", "There are -1 of a max of 20 players online:", -2, -1, ""},
        {"list", "There are 1.5 of a max of 20 players online:", -2, -1, ""},
        {"list", "There are 99999999999999999999 of a max of 20 players online:", -2, -1, ""},
        {"list", "There are 1000001 of a max of 20 players online:", -2, -1, ""},
        {"list", "There are 3 of a max of 20 cookies left:", -2, -1, ""},
        {"list", "There are 3 players online", -2, -1, ""},
        {"list", "Unknown or incomplete command, see below for error", -2, -1, ""},
        {"list", "", -2, -1, ""},
        {"players", "Players connected (0): \n", 0, -1, ""},
        {"players", "Players connected (2): \n-ann\n-bob (the builder)\n", 2, -1, "ann,bob"},
        {"players", "Players connected ():", -2, -1, ""},
        {"players", "Players connected (-1):", -2, -1, ""},
        {"players", "Players connected (12345678):", -2, -1, ""},
        {"players", "Players connected (2", -2, -1, ""},
        {"/players online count", "Online players (0)", 0, -1, ""},
        {"/players online", "Online players (2):\n  ann (online)\n  bob (online)", 2, -1,
         "ann,bob"},
        {"/players online", "Spieler (heute) online (17):", 17, -1, ""},
        {"/players online", "在线玩家（4）：\n  ann (在线)", 4, -1, "ann"},
        {"/players online", "ann is online", -2, -1, ""},
        {"/players online", "\n\nOnline players (1):", 1, -1, ""},
        {"ListPlayers", "No Players Connected \n ", 0, -1, ""},
        {"ListPlayers", "\n0. ann, 76561198000000000 \n1. bob, 76561198000000001 \n ", 2, -1,
         "ann,bob"},
        {"ListPlayers", "Server received, But no response!!", -2, -1, ""},
        {"ListPlayers", "0. ann, 7\nrubbish", -2, -1, ""},
        {"ListPlayers", " \n ", -2, -1, ""},
        {"dance", "There are 0 of a max of 20 players online:", -2, -1, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d = {.answer = {.players = -1, .max = -1}};
        bool ok = rcon_count(rows[i].ask, rows[i].text, true, &d.answer);
        ROW(i, ok == (rows[i].players >= 0));
        ROW(i, d.answer.players == (ok ? rows[i].players : -1));
        ROW(i, d.answer.max == rows[i].max);
        if (ok)
            ROW_TEXT(i, told_names(&d), rows[i].names);
        ROW(i, rcon_knows(rows[i].ask) == (strcmp(rows[i].ask, "dance") != 0));
        game_answer_release(&d.answer);
    }
}

static void test_truncated_counts_are_never_fewer(void **state)
{
    static const char *const texts[][2] = {
        {"list", "There are 12 of a max of 20 players online: ann"},
        {"players", "Players connected (12): \n-ann\n"},
        {"ListPlayers", "No Players Connected"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t len = 0; len < strlen(texts[i][1]); len++) {
            char text[100] = "";
            struct game_answer a = {.players = -1, .max = -1};
            memcpy(text, texts[i][1], len);
            bool ok = rcon_count(texts[i][0], text, false, &a);
            ROW(i, !ok || a.players == 12);
            game_answer_release(&a);
        }
}

static void test_commands(void **state)
{
    static const struct {
        const char *template_, *text, *command;
    } rows[] = {
        {"say %s", "The server stops in 5 minutes", "say The server stops in 5 minutes"},
        {"say %s", "bye; quit", "say bye, quit"},
        {"servermsg \"%s\"", "so \"soon\" \\o/", "servermsg \"so 'soon' /o/\""},
        {"%s", "/quit", "quit"},
        {"%s", " //quit", "quit"},
        {"say %s", "/quit", "say /quit"},
        {"say %s", "two\nlines\x7f", "say two lines "},
        {"say %s", "größer – 🐕", "say größer – 🐕"},
        {"say %s", "100% %s %n", "say 100% %s %n"},
        {"stop", NULL, "stop"},
        {"stop", "now", "stop"},
        {"say %s", NULL, "say "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str s = STR(RCON_BODY_MAX);
        rcon_command(&s, rows[i].template_, rows[i].text);
        ROW_TEXT(i, str_text(&s), rows[i].command);
        str_release(&s);
    }
    char *longest = xcalloc(4001, 1);
    for (int i = 0; i < 1000; i++)
        memcpy(longest + 4 * i, "🐕", 4);
    struct str s = STR(10000);
    rcon_command(&s, "servermsg \"%s\"", longest);
    assert_in_range(s.len, RCON_BODY_MAX - 3, RCON_BODY_MAX);
    assert_true(str_is_utf8(s.p, s.len));
    assert_int_equal(s.p[s.len - 1], '"');
    str_release(&s);
    free(longest);
}

static void test_complaints(void **state)
{
    static const struct {
        const char *text;
        bool unknown, complains;
    } rows[] = {
        {"", false, false},
        {"Saving map.", false, false},
        {"Unknown command \"server-save\".", true, false},
        {"Unknown or incomplete command, see below for error", true, true},
        {"Can't save the map.", false, true},
        {"Saving FAILED", false, true},
        {"\x1b[31mUnknown request 2", true, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ROW(i, rcon_unknown(rows[i].text) == rows[i].unknown);
        ROW(i, rcon_complains(rows[i].text) == rows[i].complains);
    }
}

static void test_rows_of_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; game_at(i); i++) {
        const struct game *g = game_at(i);
        if (g->query == &protocol_rcon && !rcon_knows(g->ask))
            fail_msg("%s: nobody can read the answer to '%s'", g->name, g->ask ? g->ask : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_truncated_counts_are_never_fewer),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_complaints),
        cmocka_unit_test(test_rows_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
