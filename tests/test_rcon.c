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

/* All of an answer in one piece, and then nothing: none of it may be left out. */
static void test_deaf_servers_are_heard_out(void **state)
{
    (void)state;
    for (int closed = 0; closed < 2; closed++) {
        struct told d;
        struct str all = STR(4096);
        ask(&d, &minecraft);
        answer(&d, id_of(LOGIN), 2, "");
        packet(&all, id_of(COMMAND), 0, "There are 2 of a max ");
        packet(&all, id_of(COMMAND), 0, "of 20 players ");
        packet(&all, id_of(COMMAND), 0, "online: ann, bob");
        d.next = talk_feed(&d.talk, all.p, all.len, 0);
        ROW(closed, d.next == TALK_SEND);
        d.next = closed ? talk_end(&d.talk) : talk_late(&d.talk);
        ROW(closed, d.next == TALK_OVER && d.answer.players == 2 && d.answer.max == 20);
        told_close(&d);
        str_release(&all);
    }
}

/* The login's answer, and in the same piece one to a command that has not been sent. */
static void test_answers_that_come_too_early(void **state)
{
    (void)state;
    for (int order = -1; order <= GAME_STOP; order++) {
        struct told d;
        struct str all = STR(4096);
        ask(&d, &minecraft);
        d.talk.telling = order >= 0;
        d.talk.order = (enum game_order)(order >= 0 ? order : 0);
        d.talk.text = "x";
        packet(&all, id_of(LOGIN), 2, "");
        packet(&all, id_of(COMMAND), 0, "There are 2 of a max of 20 cookies");
        d.next = talk_feed(&d.talk, all.p, all.len, 0);
        ROW(order, d.next == TALK_SEND);
        d.next = talk_end(&d.talk);
        ROW(order, d.next == TALK_OVER);
        ROW(order, d.talk.done_ok == (order == GAME_WARN || order == GAME_STOP));
        ROW(order, d.talk.done_ok == !d.talk.err.code);
        ROW(order, d.answer.players == -1);
        str_release(&all);
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

static void test_chatter_is_no_answer(void **state)
{
    struct told d;
    (void)state;
    for (int order = GAME_WARN; order <= GAME_STOP; order++) {
        tell(&d, (enum game_order)order, "Hello");
        answer(&d, 0, 0, "Saved the game");
        ROW(order, d.next == TALK_MORE && !d.talk.done_ok);
        answer(&d, id_of(LOGIN), 0, "Saved the game");
        ROW(order, d.next == TALK_MORE && !d.talk.done_ok);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_ends_of_answers),
        cmocka_unit_test(test_deaf_servers_are_heard_out),
        cmocka_unit_test(test_answers_that_come_too_early),
        cmocka_unit_test(test_question_that_fails),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_chatter_is_no_answer),
        cmocka_unit_test(test_saved_in_a_later_packet),
        cmocka_unit_test(test_orders_without_an_answer),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_byte_by_byte_and_all_at_once),
        cmocka_unit_test(test_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
