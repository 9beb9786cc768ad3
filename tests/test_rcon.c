#include "../src/game/rcon.h"
#include "talk_told.h"

static const struct game minecraft = {.name = "test",
                                      .title = "Test",
                                      .warn = "say %s",
                                      .save = "save-all flush",
                                      .stop = "stop",
                                      .saved = "Saved the game",
                                      .ask = "list"};

/* Told so often: LOGIN was answered well, the command is out. */
enum { LOGIN = 0, COMMAND = 1, END = 3 };

static uint32_t id_of(int message)
{
    return (0x55667788u & 0x0ffffff0u) + 0x10 + (uint32_t)message;
}

static void packet(struct str *out, uint32_t id, uint32_t type, const char *text)
{
    put_u32le(out, (uint32_t)strlen(text) + 10);
    put_u32le(out, id);
    put_u32le(out, type);
    str_addn(out, text, strlen(text) + 1);
    put_u8(out, 0);
}

static void answer(struct told *d, uint32_t id, uint32_t type, const char *text)
{
    struct str s = STR(RCON_PACKET_MAX + 100);
    packet(&s, id, type, text);
    d->next = talk_feed(&d->talk, s.p, s.len, 0);
    str_release(&s);
}

static void ask(struct told *d, const struct game *g)
{
    told_open(d, &protocol_rcon, g, "passwrd");
    told_begin(d);
}

static void tell(struct told *d, enum game_order order, const char *text)
{
    told_open(d, &protocol_rcon, &minecraft, "passwrd");
    d->talk.telling = true;
    d->talk.order = order;
    d->talk.text = text;
    told_begin(d);
    answer(d, id_of(LOGIN), 2, "");
    assert_int_equal(d->next, TALK_SEND);
}

static const char *sent_text(const struct told *d)
{
    return d->talk.out.len > 12 ? d->talk.out.p + 12 : "";
}

static uint32_t sent_u32(const struct told *d, size_t at)
{
    struct reader r = reader_of(d->talk.out.p + at, 4);
    return take_u32le(&r);
}

static void test_login(void **state)
{
    struct told d;
    (void)state;
    ask(&d, &minecraft);
    assert_int_equal(d.next, TALK_SEND);
    assert_int_equal(sent_u32(&d, 0), 17);
    assert_int_equal(sent_u32(&d, 4), id_of(LOGIN));
    assert_int_equal(sent_u32(&d, 8), 3);
    assert_string_equal(sent_text(&d), "passwrd");
    assert_int_equal(d.talk.out.len, 21);

    /* Source sends an empty output first; somebody else's packets say nothing. */
    answer(&d, id_of(LOGIN), 0, "");
    assert_int_equal(d.next, TALK_MORE);
    answer(&d, 77, 2, "");
    assert_int_equal(d.next, TALK_MORE);
    answer(&d, id_of(LOGIN), 2, "");
    assert_int_equal(d.next, TALK_SEND);
    assert_int_equal(sent_u32(&d, 4), id_of(COMMAND));
    assert_int_equal(sent_u32(&d, 8), 2);
    assert_string_equal(sent_text(&d), "list");
    told_close(&d);

    ask(&d, &minecraft);
    answer(&d, 0xffffffff, 2, "");
    assert_int_equal(d.next, TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_AUTH);
    assert_non_null(strstr(d.talk.err.hint, "admin_password"));
    assert_null(strstr(d.talk.err.text, "passwrd"));
    assert_false(d.talk.err.retryable);
    assert_int_equal(d.answer.players, -1);
    told_close(&d);

    ask(&d, &minecraft);
    d.next = talk_end(&d.talk);
    assert_int_equal(d.talk.err.code, ERR_NETWORK);
    assert_non_null(strstr(d.talk.err.hint, "admin_password"));
    told_close(&d);

    ask(&d, &minecraft);
    d.next = talk_late(&d.talk);
    assert_int_equal(d.talk.err.code, ERR_TIMEOUT);
    told_close(&d);
}

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

/* An answer in pieces, then how its end is told or not. */
static void test_ends_of_answers(void **state)
{
    enum how { MARKED, UNKNOWN_REQUEST, MIRRORED, LATE, CLOSED };
    (void)state;
    for (int how = MARKED; how <= CLOSED; how++) {
        struct told d;
        ask(&d, &minecraft);
        d.talk.names = true;
        answer(&d, id_of(LOGIN), 2, "");
        answer(&d, id_of(COMMAND), 0, "There are 2 of a max of 20 play");
        assert_int_equal(d.next, TALK_SEND);
        assert_int_equal(sent_u32(&d, 0), 10);
        assert_int_equal(sent_u32(&d, 4), id_of(END));
        assert_int_equal(sent_u32(&d, 8), 0);
        answer(&d, 0, 0, "Keep Alive");
        answer(&d, id_of(COMMAND), 0, "ers online: ann, b");
        answer(&d, id_of(COMMAND), 0, "ob");
        assert_int_equal(d.next, TALK_MORE);
        if (how == MARKED)
            answer(&d, id_of(END), 0, "");
        else if (how == UNKNOWN_REQUEST)
            answer(&d, id_of(END), 0, "Unknown request 0");
        else if (how == MIRRORED)
            answer(&d, id_of(END), 0, "\x01");
        else if (how == LATE)
            d.next = talk_late(&d.talk);
        else
            d.next = talk_end(&d.talk);
        ROW(how, d.next == TALK_OVER);
        ROW(how, d.talk.err.code == ERR_OK);
        ROW(how, d.answer.up && d.answer.players == 2 && d.answer.max == 20);
        ROW_TEXT(how, d.answer.why, "");
        ROW_TEXT(how, told_names(&d), "ann,bob");
        told_close(&d);
    }
}

static void test_question_that_fails(void **state)
{
    struct told d;
    (void)state;
    ask(&d, &minecraft);
    answer(&d, id_of(LOGIN), 2, "");
    d.next = talk_end(&d.talk);
    assert_int_equal(d.talk.err.code, ERR_NETWORK);
    assert_true(d.talk.err.retryable);
    assert_int_equal(d.answer.players, -1);
    told_close(&d);

    ask(&d, &minecraft);
    answer(&d, id_of(LOGIN), 2, "");
    answer(&d, id_of(COMMAND), 0, "Unknown command passwrd");
    answer(&d, id_of(END), 0, "");
    assert_int_equal(d.next, TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_PROTOCOL);
    assert_false(d.answer.up);
    assert_null(strstr(d.talk.err.text, "passwrd"));
    assert_null(strstr(d.answer.why, "passwrd"));
    told_close(&d);
}

static void test_orders(void **state)
{
    static const struct {
        enum game_order order;
        const char *answer;
        bool marked; /* the answer's end is asked for */
        enum err_code code;
        const char *text;
    } rows[] = {
        {GAME_WARN, "", false, ERR_OK, ""},
        {GAME_WARN, "Unknown or incomplete command, see below for error", false, ERR_FAILED,
         "Unknown or incomplete command"},
        {GAME_SAVE, "Saving the game (this may take a moment!)Saved the game", false, ERR_OK, ""},
        {GAME_SAVE, "Unable to save the game (is there enough disk space?)", true, ERR_FAILED,
         "is there enough disk space?"},
        {GAME_SAVE, "", true, ERR_FAILED, "it said nothing"},
        {GAME_SAVE, "passwrd is wrong", true, ERR_FAILED, "did not say that it has saved"},
        {GAME_STOP, "Stopping the server", false, ERR_OK, ""},
        {GAME_STOP, "Unknown command", false, ERR_FAILED, "Unknown command"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        tell(&d, rows[i].order, "Hello");
        answer(&d, id_of(COMMAND), 0, rows[i].answer);
        ROW(i, (d.next == TALK_SEND) == rows[i].marked);
        if (rows[i].marked)
            answer(&d, id_of(END), 0, "");
        ROW(i, d.next == TALK_OVER);
        ROW(i, d.talk.err.code == rows[i].code);
        ROW(i, d.talk.done_ok == (rows[i].code == ERR_OK));
        ROW(i, strstr(d.talk.err.text, rows[i].text));
        ROW(i, !strstr(d.talk.err.text, "passwrd"));
        told_close(&d);
    }
}

static void test_saved_in_a_later_packet(void **state)
{
    struct told d;
    (void)state;
    tell(&d, GAME_SAVE, NULL);
    answer(&d, id_of(COMMAND), 0, "Saving the game (this may take a moment!)");
    assert_int_equal(d.next, TALK_SEND);
    answer(&d, id_of(COMMAND), 0, "Saved the game");
    assert_int_equal(d.next, TALK_OVER);
    assert_true(d.talk.done_ok);
    told_close(&d);
}

static void test_orders_without_an_answer(void **state)
{
    struct told d;
    (void)state;
    for (int order = GAME_WARN; order <= GAME_STOP; order++) {
        tell(&d, (enum game_order)order, "Hello");
        d.next = talk_end(&d.talk);
        ROW(order, d.next == TALK_OVER);
        ROW(order, d.talk.done_ok == (order == GAME_STOP));
        ROW(order, d.talk.err.code == (order == GAME_STOP ? ERR_OK : ERR_NETWORK));
        ROW(order, d.talk.err.ambiguous == (order != GAME_STOP));
        told_close(&d);

        tell(&d, (enum game_order)order, "Hello");
        d.next = talk_late(&d.talk);
        ROW(order, d.next == TALK_OVER && !d.talk.done_ok);
        ROW(order, d.talk.err.code == ERR_TIMEOUT && d.talk.err.ambiguous);
        told_close(&d);
    }
}

/* Sizes that no packet has are refused as soon as they are there; nothing else is before it ends.
 */
static void test_sizes(void **state)
{
    static const struct {
        uint32_t size;
        bool refused;
    } rows[] = {{0, true},
                {7, true},
                {8, false},
                {10, false},
                {RCON_PACKET_MAX, false},
                {RCON_PACKET_MAX + 1, true},
                {0x7fffffff, true},
                {0x80000000, true},
                {0xffffffff, true},
                {0x50545448 /* HTTP */, true}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        struct str s = STR(100);
        ask(&d, &minecraft);
        put_u32le(&s, rows[i].size);
        d.next = talk_feed(&d.talk, s.p, 3, 0);
        ROW(i, d.next == TALK_MORE);
        d.next = talk_feed(&d.talk, s.p + 3, 1, 0);
        ROW(i, (d.next == TALK_OVER) == rows[i].refused);
        ROW(i, (d.talk.err.code == ERR_PROTOCOL) == rows[i].refused);
        str_release(&s);
        told_close(&d);
    }
}

static void test_byte_by_byte_and_all_at_once(void **state)
{
    struct str all = STR(4096);
    (void)state;
    packet(&all, id_of(LOGIN), 0, "");
    packet(&all, id_of(LOGIN), 2, "");
    packet(&all, id_of(COMMAND), 0, "There are 3 of a max of 20 players online: ");
    packet(&all, id_of(END), 0, "");
    for (size_t piece = 1; piece <= all.len; piece++) {
        struct told d;
        ask(&d, &minecraft);
        for (size_t at = 0; at < all.len && d.next != TALK_OVER; at += piece)
            d.next = talk_feed(&d.talk, all.p + at, piece < all.len - at ? piece : all.len - at, 0);
        /* What came too early waits until something more comes. */
        for (int i = 0; i < 3 && d.next != TALK_OVER; i++)
            d.next = talk_feed(&d.talk, NULL, 0, 0);
        ROW(piece, d.next == TALK_OVER && d.answer.players == 3);
        told_close(&d);
    }
    str_release(&all);
}

static void test_too_much(void **state)
{
    struct told d;
    char *text = xcalloc(RCON_TEXT_MAX + 1, 1);
    (void)state;
    memset(text, 'a', RCON_TEXT_MAX - 1);
    ask(&d, &minecraft);
    answer(&d, id_of(LOGIN), 2, "");
    answer(&d, id_of(COMMAND), 0, text);
    assert_int_equal(d.next, TALK_SEND);
    answer(&d, id_of(COMMAND), 0, "b");
    assert_int_equal(d.next, TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_PROTOCOL);
    told_close(&d);
    free(text);
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
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_truncated_counts_are_never_fewer),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_ends_of_answers),
        cmocka_unit_test(test_question_that_fails),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_saved_in_a_later_packet),
        cmocka_unit_test(test_orders_without_an_answer),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_byte_by_byte_and_all_at_once),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_rows_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
