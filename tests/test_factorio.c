#include "../src/game/rcon.h"
#include "talk_told.h"

static const struct game factorio = {.name = "factorio",
                                     .title = "Factorio",
                                     .warn = "%s",
                                     .save = "/server-save",
                                     .stop = "/quit",
                                     .ask = "list"};

static uint32_t sent_id;

/* The n-th message of the talk is answered so, in one packet, with the id of the last one sent. */
static void answer(struct told *d, uint32_t type, const char *text)
{
    struct str s = STR(4096);
    if (d->talk.out.len) {
        struct reader r = reader_of(d->talk.out.p + 4, 4);
        sent_id = take_u32le(&r);
    }
    put_u32le(&s, (uint32_t)strlen(text) + 10);
    put_u32le(&s, sent_id);
    put_u32le(&s, type);
    str_addn(&s, text, strlen(text) + 1);
    put_u8(&s, 0);
    d->next = talk_feed(&d->talk, s.p, s.len, 0);
    str_release(&s);
}

static const char *sent(const struct told *d)
{
    return d->talk.out.len > 12 ? d->talk.out.p + 12 : "";
}

static void enter(struct told *d, bool telling, enum game_order order, const char *text, bool names)
{
    told_open(d, &protocol_factorio, &factorio, "secret");
    d->talk.telling = telling;
    d->talk.order = order;
    d->talk.text = text;
    d->talk.names = names;
    told_begin(d);
    answer(d, 2, "");
    assert_int_equal(d->next, TALK_SEND);
}

static void test_question(void **state)
{
    static const struct {
        bool names;
        const char *asked, *answer;
        int players; /* -1 unknown */
        const char *told;
    } rows[] = {
        {false, "/players online count", "Online players (0)", 0, ""},
        {false, "/players online count", "Online players (3)", 3, ""},
        {false, "/players online count", "Игроки в сети (12)", 12, ""},
        {true, "/players online", "Online players (2):\n  ann (online)\n  bob (online)", 2,
         "ann,bob"},
        {false, "/players online count", "", -1, ""},
        {false, "/players online count", "Unknown command \"players\".", -1, ""},
        {false, "/players online count", "Online players (many)", -1, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        enter(&d, false, GAME_WARN, NULL, rows[i].names);
        ROW(i, sent_id != 0);
        ROW_TEXT(i, sent(&d), rows[i].asked);
        answer(&d, 0, rows[i].answer);
        /* Nothing more is asked: Factorio answers nothing but commands. */
        ROW(i, d.next == TALK_OVER);
        ROW(i, d.answer.players == rows[i].players);
        ROW(i, d.answer.up == (rows[i].players >= 0));
        ROW(i, *d.answer.why);
        ROW_TEXT(i, told_names(&d), rows[i].told);
        told_close(&d);
    }
}

static void test_warning_is_chat(void **state)
{
    struct told d;
    (void)state;
    enter(&d, true, GAME_WARN, "/c game.remove()", false);
    assert_string_equal(sent(&d), "c game.remove()");
    answer(&d, 0, "");
    assert_true(d.talk.done_ok);
    told_close(&d);
}

static void test_save(void **state)
{
    struct told d;
    (void)state;
    /* Heard is not saved: it has saved once it answers something else. */
    enter(&d, true, GAME_SAVE, NULL, false);
    assert_string_equal(sent(&d), "/server-save");
    answer(&d, 0, "Saving map.");
    assert_int_equal(d.next, TALK_SEND);
    assert_false(d.talk.done_ok);
    assert_string_equal(sent(&d), "/players online count");
    answer(&d, 0, "Online players (0)");
    assert_int_equal(d.next, TALK_OVER);
    assert_true(d.talk.done_ok);
    told_close(&d);

    /* Builds that know /save alone. */
    enter(&d, true, GAME_SAVE, NULL, false);
    answer(&d, 0, "Unknown command \"server-save\". Type /help for a list of commands.");
    assert_int_equal(d.next, TALK_SEND);
    assert_string_equal(sent(&d), "/save");
    answer(&d, 0, "");
    assert_string_equal(sent(&d), "/players online count");
    answer(&d, 0, "Online players (0)");
    assert_true(d.talk.done_ok);
    told_close(&d);

    enter(&d, true, GAME_SAVE, NULL, false);
    answer(&d, 0, "Unknown command \"server-save\".");
    answer(&d, 0, "Unknown command \"save\".");
    assert_int_equal(d.next, TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_FAILED);
    assert_non_null(strstr(d.talk.err.text, "\"save\""));
    told_close(&d);

    for (int closed = 0; closed < 2; closed++) {
        enter(&d, true, GAME_SAVE, NULL, false);
        answer(&d, 0, "Saving map.");
        d.next = closed ? talk_end(&d.talk) : talk_late(&d.talk);
        ROW(closed, d.next == TALK_OVER && !d.talk.done_ok && d.talk.err.ambiguous);
        ROW(closed, d.talk.err.code == (closed ? ERR_NETWORK : ERR_TIMEOUT));
        told_close(&d);
    }
}

static void test_stop(void **state)
{
    struct told d;
    (void)state;
    for (int closed = 0; closed < 2; closed++) {
        enter(&d, true, GAME_STOP, NULL, false);
        assert_string_equal(sent(&d), "/quit");
        if (closed)
            d.next = talk_end(&d.talk);
        else
            answer(&d, 0, "");
        ROW(closed, d.next == TALK_OVER && d.talk.done_ok && !d.talk.err.code);
        told_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_question),
        cmocka_unit_test(test_warning_is_chat),
        cmocka_unit_test(test_save),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
