/* game-scripts/ as it was compiled in, and the user data that is made of it. */
#include "unit.h"
#include <dogs/game.h>

enum { MAX = 64 * 1024 };

static const char *const with_script[] = {
    "factorio", "minecraft-bedrock", "minecraft-java", "minetest", "openarena",
    "palworld", "satisfactory",      "terraria",       "valheim",
};

/* The bytes of the checkout, without CR. */
static char *from_disk(const char *folder, const char *name, size_t *len)
{
    char path[256];
    snprintf(path, sizeof path, "game-scripts/%s%s%s", folder, *folder ? "/" : "", name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s cannot be opened", path);
    char *text = calloc(1, MAX);
    assert_non_null(text);
    int c;
    for (*len = 0; (c = getc(f)) != EOF && *len < MAX - 1;)
        if (c != '\r')
            text[(*len)++] = (char)c;
    fclose(f);
    return text;
}

static void each_game_has_its_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(with_script); i++) {
        const struct game *g = game_find(with_script[i]);
        assert_non_null(g);
        assert_string_equal(g->script, with_script[i]);
        char unit[64];
        snprintf(unit, sizeof unit, "%s.service", with_script[i]);
        const struct {
            const char *folder, *name;
        } files[] = {{g->script, "install.sh"}, {g->script, "update.sh"}, {g->script, "game.sh"},
                     {g->script, "README.md"},  {g->script, unit},        {"", "common.sh"},
                     {"", "verbs.sh"}};
        for (size_t k = 0; k < COUNT(files); k++) {
            size_t len = 0, wanted;
            const char *text = game_script(g, files[k].name, &len);
            if (!text)
                fail_msg("%s has no %s", g->name, files[k].name);
            char *disk = from_disk(files[k].folder, files[k].name, &wanted);
            assert_int_equal(len, wanted);
            assert_memory_equal(text, disk, len + 1);
            free(disk);
        }
    }
}

static void others_have_none(void **state)
{
    (void)state;
    struct str out;
    struct err e = {0};
    assert_null(game_script(game_find("other"), "common.sh", NULL));
    assert_null(game_script(game_find("minetest"), "loopback.nft", NULL));
    assert_null(game_script(game_find("minetest"), "none.sh", NULL));
    assert_false(game_user_data(game_find("other"), MAX, &out, &e));
    assert_int_equal(e.code, ERR_CONFIG);
}

static void every_row_with_a_script_has_one(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; game_at(i); i++)
        if (game_at(i)->script) {
            assert_non_null(game_script(game_at(i), "install.sh", NULL));
            n++;
        }
    assert_int_equal(n, COUNT(with_script));
}

static void user_data_is_small_plain_and_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(with_script); i++) {
        const struct game *g = game_find(with_script[i]);
        struct str out;
        struct err e = {0};
        assert_true(game_user_data(g, MAX, &out, &e));
        assert_true(out.len < MAX);
        assert_int_equal(strlen(out.p), out.len);
        assert_memory_equal(out.p, "#!/bin/sh\n", 10);
        for (size_t k = 0; k < out.len; k++)
            if ((unsigned char)out.p[k] >= 0x80 || out.p[k] == '\r')
                fail_msg("%s: byte %zu is %d", g->name, k, out.p[k]);
        assert_non_null(strstr(out.p, game_script(g, "install.sh", NULL)));
        assert_non_null(strstr(out.p, game_script(g, "common.sh", NULL)));
        str_release(&out);
    }
}

static void what_is_too_large_is_named(void **state)
{
    (void)state;
    struct str out;
    struct err e = {0};
    assert_false(game_user_data(game_find("valheim"), 1000, &out, &e));
    assert_int_equal(e.code, ERR_CONFIG);
    assert_non_null(strstr(e.text, "valheim"));
    assert_non_null(strstr(e.text, "1000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_game_has_its_files),
        cmocka_unit_test(others_have_none),
        cmocka_unit_test(every_row_with_a_script_has_one),
        cmocka_unit_test(user_data_is_small_plain_and_whole),
        cmocka_unit_test(what_is_too_large_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
