#include "talk_said.h"

static void test_text_is_printable(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"plain", "plain"},
        {"", ""},
        {"  a  b  ", "a b"},
        {"a\nb\tc\r", "a b c"},
        {"\x1b[31mred\x07", "[31mred"},
        {"\xc2\xa7"
         "4red \xc2\xa7lbold\xc2\xa7",
         "red bold\xc2\xa7"},
        {"^1red^7 ^^ ^_^", "red ^^ ^_^"},
        {"\xff\xfe broken \xc3", "broken"},
        {"\xc2\x9b"
         "31m",
         "31m"},
        {"a\xe2\x80\xae"
         "b\xe2\x80\x8b"
         "c\xef\xbb\xbf",
         "abc"},
        {"\xf0\x9f\x90\x95 dogs", "\xf0\x9f\x90\x95 dogs"},
        {"\xed\xa0\x80x\xc0\x80y", "xy"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[GAME_TEXT];
        talk_text(out, sizeof out, rows[i].in, strlen(rows[i].in));
        ROW_TEXT(i, out, rows[i].out);
    }
}

static void test_text_is_cut_between_characters(void **state)
{
    char out[6];
    (void)state;
    talk_text(out, sizeof out, "\xc3\xa4\xc3\xb6\xc3\xbc", 6);
    assert_string_equal(out, "\xc3\xa4\xc3\xb6");
    talk_text(out, 1, "abc", 3);
    assert_string_equal(out, "");
}

static void test_names_have_a_cap(void **state)
{
    struct game_answer a = {0};
    (void)state;
    for (int i = 0; i < GAME_NAMES_MAX + 50; i++)
        talk_name(&a, "name", 4);
    talk_name(&a, "", 0);
    assert_int_equal(a.n_names, GAME_NAMES_MAX);
    game_answer_release(&a);
    assert_int_equal(a.n_names, 0);
    assert_int_equal(a.players, -1);
}

static void test_counts(void **state)
{
    static const struct {
        const char *text;
        int is; /* -1: none */
    } rows[] = {{"0", 0},           {"20", 20},         {"2147483647", 2147483647},
                {"2147483648", -1}, {"", -1},           {"-1", -1},
                {"+1", -1},         {" 1", -1},         {"1 ", -1},
                {"1a", -1},         {"99999999999", -1}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int n = -1;
        ROW(i, talk_count(rows[i].text, strlen(rows[i].text), &n) == (rows[i].is >= 0));
        ROW(i, n == rows[i].is);
    }
}

static void test_reading_stays_within(void **state)
{
    static const unsigned char bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 'a', 'b', 0, 'c'};
    struct reader r = reader_of(bytes, sizeof bytes);
    size_t len;
    (void)state;
    assert_int_equal(take_u16le(&r), 0x0201);
    assert_int_equal(take_u16be(&r), 0x0304);
    assert_int_equal(take_u32be(&r), 0x05060708);
    assert_string_equal(take_text(&r, &len), "ab");
    assert_int_equal(len, 2);
    assert_null(take_text(&r, &len));
    assert_true(r.short_);
    assert_int_equal(take_u8(&r), 0);
    assert_null(take_bytes(&r, 0));

    r = reader_of(bytes, 7);
    assert_int_equal(take_u64le(&r), 0);
    assert_true(r.short_);
    r = reader_of(bytes, 8);
    assert_true(take_u64be(&r) == 0x0102030405060708u);
    assert_false(r.short_);
    r = reader_of(NULL, 0);
    assert_null(take_text(&r, &len));
    assert_int_equal(reader_left(&r), 0);
}

/* A protocol that always asks again, or says too much. */
static enum talk_next again(struct talk *t)
{
    put_u8(&t->out, 1);
    return TALK_SEND;
}

static enum talk_next again_fed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    (void)bytes;
    (void)len;
    (void)status;
    return again(t);
}

static enum talk_next chatter(struct talk *t)
{
    for (int i = 0; i <= TALK_SEND_MAX; i++)
        put_u8(&t->out, 1);
    return TALK_SEND;
}

static const struct protocol endless = {
    .name = "endless", .carrier = CARRY_TCP, .begin = again, .feed = again_fed, .end = again};

static void test_rounds_have_an_end(void **state)
{
    struct told d;
    int rounds = 0;
    (void)state;
    told_open(&d, &endless, NULL, NULL);
    for (told_begin(&d); d.next == TALK_SEND; rounds++)
        d.next = talk_feed(&d.talk, "x", 1, 0);
    assert_int_equal(rounds, TALK_ROUNDS_MAX);
    assert_int_equal(d.next, TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_PROTOCOL);
    told_close(&d);
}

static void test_what_is_too_long_is_over(void **state)
{
    struct protocol p = endless;
    struct told d;
    char *much = xcalloc(1, TALK_REPLY_MAX + 1);
    (void)state;
    p.begin = chatter;
    told_open(&d, &p, NULL, NULL);
    told_begin(&d);
    assert_int_equal(d.next, TALK_OVER);
    told_close(&d);
    for (int carrier = CARRY_UDP; carrier <= CARRY_HTTP; carrier++) {
        p = endless;
        p.carrier = (enum carrier)carrier;
        told_open(&d, &p, NULL, NULL);
        told_begin(&d);
        assert_int_equal(talk_feed(&d.talk, much, TALK_REPLY_MAX + 1, 200), TALK_OVER);
        assert_int_equal(d.talk.err.code, ERR_PROTOCOL);
        told_close(&d);
    }
    free(much);
}

static void test_silence_and_the_end_are_unknown(void **state)
{
    struct told d;
    (void)state;
    told_open(&d, &endless, NULL, NULL);
    told_begin(&d);
    assert_int_equal(talk_late(&d.talk), TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_TIMEOUT);
    assert_true(d.talk.err.retryable);
    assert_int_equal(d.answer.players, -1);
    assert_true(*d.answer.why);
    /* Nothing can be sent to who has closed. */
    assert_int_equal(talk_end(&d.talk), TALK_OVER);
    told_close(&d);
}

static void test_what_was_used_is_gone(void **state)
{
    struct told d;
    (void)state;
    told_open(&d, &endless, NULL, NULL);
    told_begin(&d);
    talk_feed(&d.talk, "abcdef", 6, 0);
    talk_used(&d.talk, 4);
    assert_string_equal(str_text(&d.talk.in), "ef");
    talk_used(&d.talk, 99);
    assert_int_equal(d.talk.in.len, 0);
    told_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_printable),
        cmocka_unit_test(test_text_is_cut_between_characters),
        cmocka_unit_test(test_names_have_a_cap),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_reading_stays_within),
        cmocka_unit_test(test_rounds_have_an_end),
        cmocka_unit_test(test_what_is_too_long_is_over),
        cmocka_unit_test(test_silence_and_the_end_are_unknown),
        cmocka_unit_test(test_what_was_used_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
