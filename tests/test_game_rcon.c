#include "game_talker.h"

static size_t packet(unsigned char *out, uint32_t id, uint32_t type, const char *text)
{
    struct str s = STR(8192);
    wire_u32le(&s, (uint32_t)(10 + strlen(text)));
    wire_u32le(&s, id);
    wire_u32le(&s, type);
    str_add(&s, text);
    wire_u16le(&s, 0);
    memcpy(out, s.p, s.len);
    size_t n = s.len;
    str_release(&s);
    return n;
}

static struct heard say(const struct hosted *h, struct talker *t, uint32_t type, const char *text)
{
    unsigned char bytes[8192];
    size_t n = packet(bytes, 7, type, text);
    struct heard a = ask(h->protocol, true, h, t, bytes, n);
    assert_int_equal(a.used, n);
    return a;
}

static void test_login(void **state)
{
    struct hosted h = host("rcon", 1);
    struct talker t = {0};
    (void)state;
    struct heard a = say(&h, &t, 2, "list");
    check_hex(&a.r, "0a000000 ffffffff 02000000 0000");
    assert_true(a.r.close);
    str_release(&a.r.out);
    a = say(&h, &t, 3, "pW");
    check_hex(&a.r, "0a000000 ffffffff 02000000 0000");
    str_release(&a.r.out);
    a = say(&h, &t, 3, "pw");
    check_hex(&a.r, "0a000000 07000000 02000000 0000");
    assert_true(t.admitted);
    str_release(&a.r.out);
    h.password = "";
    a = say(&h, &t, 3, "");
    assert_false(t.admitted);
    str_release(&a.r.out);
}

static const struct row {
    const char *protocol, *said, *answer;
    enum game_order order;
    const char *text;
} rows[] = {
    {"rcon", "list", "There are 3 of a max of 20 players online: ann, bob, player3", 0, ""},
    {"rcon", "players", "Players connected (3): \n-ann\n-bob\n-player3", 0, ""},
    {"rcon", "ListPlayers",
     "\n0. ann, 00020000000000000000000000000000 \n1. bob, "
     "00020000000000000000000000000001 \n2. player3, 00020000000000000000000000000002 ",
     0, ""},
    {"rcon", "say 10 minutes", "", ORDER_WARN, "10 minutes"},
    {"rcon", "/say 5 minutes", "", ORDER_WARN, "5 minutes"},
    {"rcon", "save-all flush", "Saved the game", ORDER_SAVE, "save-all flush"},
    {"rcon", "stop", "Stopping the server", ORDER_STOP, "stop"},
    {"rcon", "dance", "Unknown or incomplete command, see below for error", 0, ""},
    {"factorio", "/players online count", "Online players (3)", 0, ""},
    {"factorio", "/players online",
     "Online players (3):\nann (online)\nbob (online)\nplayer3 (online)", 0, ""},
    {"factorio", "/server-save", "Saving the map.", ORDER_SAVE, "/server-save"},
    {"factorio", "/quit", "Quitting.", ORDER_STOP, "/quit"},
    {"factorio", "10 minutes", "", ORDER_WARN, "10 minutes"},
    {"factorio", "/dance", "Unknown command. Type /help for a list of commands.", 0, ""},
};

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct hosted h = host(rows[i].protocol, 3);
        struct talker t = {.admitted = true};
        struct heard a = say(&h, &t, 2, rows[i].said);
        const char *said = a.r.out.p + 12;
        if (strcmp(said, rows[i].answer) != 0 || a.r.order != rows[i].order ||
            strcmp(a.r.text, rows[i].text) != 0)
            fail_msg("row %zu: '%s' is answered '%s', order %d '%s'", i, rows[i].said, said,
                     (int)a.r.order, a.r.text);
        assert_int_equal(wire_get_u32le((unsigned char *)a.r.out.p), a.r.out.len - 4);
        str_release(&a.r.out);
    }
}

static void test_a_save_that_fails(void **state)
{
    struct hosted h = host("rcon", 0);
    struct talker t = {.admitted = true};
    (void)state;
    h.save_fails = true;
    struct heard a = say(&h, &t, 2, "save-all flush");
    assert_string_equal(a.r.out.p + 12, "Unable to save the game");
    str_release(&a.r.out);
}

/* Longer than a packet may be: several, as Minecraft does it. */
static void test_a_long_list(void **state)
{
    struct hosted h = host("rcon", 1000);
    struct talker t = {.admitted = true};
    size_t packets = 0, at = 0, text = 0;
    (void)state;
    struct heard a = say(&h, &t, 2, "list");
    for (; at < a.r.out.len; packets++) {
        uint32_t size = wire_get_u32le((unsigned char *)a.r.out.p + at);
        assert_true(size <= 4096 + 10);
        text += size - 10;
        at += 4 + size;
    }
    assert_int_equal(at, a.r.out.len);
    assert_true(packets > 2 && text > 9000);
    str_release(&a.r.out);
}

static void test_pieces_and_nonsense(void **state)
{
    unsigned char bytes[64];
    struct hosted h = host("rcon", 1);
    (void)state;
    size_t n = packet(bytes, 1, 3, "pw");
    for (size_t i = 1; i < n; i++)
        assert_int_equal(ask("rcon", true, &h, NULL, bytes, i).used, 0);
    pester("rcon", true, &h, bytes, n);
    pester("factorio", true, &h, bytes, n);
    from_hex("ffffff7f", bytes);
    assert_true(ask("rcon", true, &h, NULL, bytes, 4).r.close);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_a_save_that_fails),
        cmocka_unit_test(test_a_long_list),
        cmocka_unit_test(test_pieces_and_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
