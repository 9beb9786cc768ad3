#include "../src/game/talk.h"
#include "unit.h"

static void test_the_table_is_in_order(void **state)
{
    (void)state;
    assert_true(game_at(30) != NULL);
    for (size_t i = 0; game_at(i); i++) {
        const struct game *g = game_at(i);
        ROW(i, !i || strcmp(game_at(i - 1)->name, g->name) < 0);
        ROW(i, game_find(g->name) == g);
        ROW(i, strspn(g->name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(g->name));
        ROW(i, *g->title);
    }
    assert_null(game_find("no-such-game"));
    assert_null(game_find(""));
}

static bool one_text_at_most(const char *words)
{
    const char *at = words ? strchr(words, '%') : NULL;
    return !at || (at[1] == 's' && !strchr(at + 1, '%'));
}

static void test_rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; game_at(i); i++) {
        const struct game *g = game_at(i);
        bool orders = g->warn || g->save || g->stop;
        ROW(i, !g->query || (g->query_port && g->port));
        ROW(i, !g->admin == !orders && (!g->admin || g->admin_port));
        ROW(i, one_text_at_most(g->warn) && one_text_at_most(g->save) && one_text_at_most(g->stop));
        ROW(i, !g->saved || g->save);
        /* Who tells without a password is not asked for one, and a port tells no count. */
        ROW(i, !g->counts || (g->query && !g->query->needs_password));
        ROW(i, !g->counts || (g->query != &protocol_tcp && g->query != &protocol_luanti));
        ROW(i, !g->script || strcmp(g->script, g->name) == 0);
        ROW(i, !g->script == !g->saves);
        ROW(i, !g->saves || (str_starts(g->saves, "/srv/") &&
                             str_starts(g->saves + strlen("/srv/"), g->name)));
    }
}

static void test_games_with_scripts(void **state)
{
    static const char *const names[] = {"factorio", "minecraft-java", "minecraft-bedrock",
                                        "valheim",  "satisfactory",   "terraria",
                                        "palworld", "minetest",       "openarena"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        ROW(i, game_find(names[i]) && game_find(names[i])->script);
}

static void test_names_of_protocols(void **state)
{
    (void)state;
    assert_string_equal(game_protocol(game_find("minecraft-java")), "java");
    assert_string_equal(game_protocol(game_find("valheim")), "a2s");
    assert_string_equal(game_protocol(game_find("other")), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_is_in_order),
        cmocka_unit_test(test_rows_are_whole),
        cmocka_unit_test(test_games_with_scripts),
        cmocka_unit_test(test_names_of_protocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
