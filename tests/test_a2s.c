#include "talk_said.h"

static void open_a2s(struct told *d)
{
    told_open(d, &protocol_a2s, NULL, NULL);
    told_begin(d);
}

static void put_info(struct str *out, unsigned app, unsigned players, unsigned max, unsigned bots)
{
    str_add(out, "\xff\xff\xff\xffI\x11Title");
    put_u8(out, 0);
    str_addn(out, "map\0folder\0game", 16);
    put_u16le(out, app);
    put_u8(out, players);
    put_u8(out, max);
    put_u8(out, bots);
    str_addn(out, "dl\0\1", 4);
    if (app == 2400)
        str_addn(out, "\1\2\3", 3);
    str_addn(out, "1.2.3", 6);
}

static const char question[] =
    "ff ff ff ff 54 53 6f 75 72 63 65 20 45 6e 67 69 6e 65 20 51 75 65 72 79 00";

static void test_counts(void **state)
{
    static const struct {
        unsigned app, players, max, bots;
        int is;
    } rows[] = {{440, 3, 24, 0, 3}, {440, 0, 24, 0, 0}, {440, 5, 24, 5, 0},     {440, 5, 24, 3, 2},
                {440, 2, 24, 9, 0}, {2400, 3, 8, 0, 3}, {440, 255, 255, 0, 255}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str whole = STR(4096);
        struct told d;
        put_info(&whole, rows[i].app, rows[i].players, rows[i].max, rows[i].bots);
        open_a2s(&d);
        said_is(&d, question);
        hear(&d, whole.p, whole.len);
        ROW(i, d.next == TALK_OVER && d.answer.up && d.answer.players == rows[i].is);
        ROW(i, d.answer.max == (int)rows[i].max);
        ROW_TEXT(i, d.answer.title, "Title");
        ROW_TEXT(i, d.answer.map, "map");
        ROW_TEXT(i, d.answer.version, "1.2.3");
        told_close(&d);
        cut_anywhere(&protocol_a2s, 27015, &whole, whole.len, NULL);
        str_release(&whole);
    }
}

/* What may follow the version (more data, or nothing at all) does not matter. */
static void test_more_than_is_known(void **state)
{
    struct str whole = STR(4096);
    struct told d;
    (void)state;
    put_info(&whole, 440, 3, 24, 0);
    say(&whole, "b1 87 69 01");
    open_a2s(&d);
    hear(&d, whole.p, whole.len);
    assert_int_equal(d.answer.players, 3);
    told_close(&d);
    str_release(&whole);
}

static void test_challenges(void **state)
{
    struct told d;
    size_t len;
    const unsigned char *c = hex_bytes("ff ff ff ff 41 01 02 03 04", &len);
    (void)state;
    open_a2s(&d);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(hear(&d, c, len), TALK_SEND);
        said_is(&d, "ff ff ff ff 54 53 6f 75 72 63 65 20 45 6e 67 69 6e 65 20 51 75 65 72 79 00 01 "
                    "02 03 04");
    }
    assert_int_equal(hear(&d, c, len), TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_PROTOCOL);
    told_close(&d);
    open_a2s(&d);
    assert_int_equal(hear(&d, c, len - 1), TALK_OVER);
    assert_int_equal(d.answer.players, -1);
    told_close(&d);
}

static void test_old_servers(void **state)
{
    struct str whole = STR(4096);
    (void)state;
    str_add(&whole, "\xff\xff\xff\xffm");
    str_addn(&whole, "1.2.3.4:27015\0Title\0crossfire\0valve\0Half-Life", 46);
    say(&whole, "05 10 2f 64 6c 00 01");
    str_addn(&whole, "url\0url", 8);
    say(&whole, "00 01 00 00 00 00 00 00 00 00 01  00 02");
    for (int mod = 0; mod < 2; mod++) {
        struct told d;
        open_a2s(&d);
        hear(&d, whole.p, whole.len);
        assert_int_equal(d.answer.players, 3);
        assert_int_equal(d.answer.max, 16);
        assert_string_equal(d.answer.title, "Title");
        told_close(&d);
        cut_anywhere(&protocol_a2s, 27015, &whole, whole.len, NULL);
        /* The same without a mod's eight fields. */
        char *at = memmem(whole.p, whole.len, "\1url", 4);
        if (at) {
            *at = 0;
            whole.len = (size_t)(at + 1 - whole.p);
            say(&whole, "00 02");
        }
    }
    str_release(&whole);
}

static void put_piece(struct str *out, const struct str *whole, unsigned id, unsigned total,
                      unsigned number, size_t size)
{
    size_t from = number * size, n = whole->len > from ? whole->len - from : 0;
    str_clear(out);
    put_u32le(out, 0xfffffffe);
    put_u32le(out, id);
    put_u8(out, total);
    put_u8(out, number);
    put_u16le(out, (unsigned)size);
    str_addn(out, whole->p + from, n < size ? n : size);
}

static void test_pieces_in_any_order(void **state)
{
    static const unsigned orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 2, 0, 3}};
    struct str whole = STR(4096), piece = STR(4096);
    (void)state;
    put_info(&whole, 440, 3, 24, 0);
    size_t size = (whole.len + 3) / 4;
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct told d;
        open_a2s(&d);
        for (int k = 0; k < 4; k++) {
            put_piece(&piece, &whole, 7, 4, orders[i][k], size);
            hear(&d, piece.p, piece.len);
        }
        /* In the last row one comes twice and one not at all. */
        ROW(i, d.next == (i < 3 ? TALK_OVER : TALK_MORE));
        ROW(i, d.answer.players == (i < 3 ? 3 : -1));
        if (i == 3) {
            ROW(i, talk_late(&d.talk) == TALK_OVER && d.talk.err.code == ERR_TIMEOUT);
        }
        told_close(&d);
    }
    str_release(&whole);
    str_release(&piece);
}

static void test_pieces_that_are_not_proper(void **state)
{
    static const struct {
        const char *hex;
        const char *why;
    } rows[] = {
        {"fe ff ff ff", "not proper"},
        {"fe ff ff ff 07 00 00 00 00 00 10 00 41", "not proper"}, /* none in all */
        {"fe ff ff ff 07 00 00 00 ff 00 10 00 41", "not proper"}, /* too many */
        {"fe ff ff ff 07 00 00 00 02 02 10 00 41", "not proper"}, /* the third of two */
        {"fe ff ff ff 07 00 00 80 02 00 10 00 41", "bzip2"},      /* packed */
        {"fe ff ff ff 07 00 00 00 01 00 10 00 41 41 41 41", "do not make a whole"},
        {"41", "not that of A2S"},
        {"", "not that of A2S"},
        {"ff ff ff ff 5a", "not that of A2S"},
    };
    struct told d;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len;
        const unsigned char *bytes = hex_bytes(rows[i].hex, &len);
        open_a2s(&d);
        ROW(i, hear(&d, bytes, len) == TALK_OVER && strstr(d.answer.why, rows[i].why));
        ROW(i, d.answer.players == -1 && !d.answer.up);
        told_close(&d);
    }
    /* One that no datagram of a game is as long as. */
    struct str much = STR(65536);
    say(&much, "fe ff ff ff 07 00 00 00 02 00 10 00");
    while (much.len < 2000)
        put_u8(&much, 'A');
    open_a2s(&d);
    assert_int_equal(hear(&d, much.p, much.len), TALK_OVER);
    told_close(&d);
    str_release(&much);
}

static void ask_for_names(struct told *d, unsigned bots)
{
    struct str whole = STR(4096);
    told_open(d, &protocol_a2s, NULL, NULL);
    d->talk.names = true;
    told_begin(d);
    put_info(&whole, 440, 3, 24, bots);
    hear(d, whole.p, whole.len);
    str_release(&whole);
}

static void test_names(void **state)
{
    static const struct {
        const char *hex, *names;
    } rows[] = {
        {"ff ff ff ff 44 03  00 41 6e 6e 00 01 00 00 00 00 00 80 3f  01 00 00 00 00 00 00 00 00 00 "
         " "
         "02 42 6f 62 00 01 00 00 00 00 00 80 3f",
         "Ann,Bob"},
        {"ff ff ff ff 44 ff  00 41 6e 6e 00 01 00 00 00 00 00 80 3f  01 42", "Ann"}, /* cut off */
        {"ff ff ff ff 44", ""},
        {"ff ff ff ff 5a", ""},
        {"41 41", ""},
    };
    struct told d;
    size_t len;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        ask_for_names(&d, 0);
        ROW(i, d.next == TALK_SEND);
        said_is(&d, "ff ff ff ff 55 ff ff ff ff");
        const unsigned char *c = hex_bytes("ff ff ff ff 41 01 02 03 04", &len);
        ROW(i, hear(&d, c, len) == TALK_SEND);
        said_is(&d, "ff ff ff ff 55 01 02 03 04");
        const unsigned char *bytes = hex_bytes(rows[i].hex, &len);
        ROW(i, hear(&d, bytes, len) == TALK_OVER && !d.talk.err.code);
        ROW(i, d.answer.players == 3 && d.answer.up);
        ROW_TEXT(i, told_names(&d), rows[i].names);
        told_close(&d);
    }
    ask_for_names(&d, 0);
    assert_int_equal(talk_late(&d.talk), TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_OK);
    assert_int_equal(d.answer.players, 3);
    told_close(&d);
    /* The list would name the bots as well. */
    ask_for_names(&d, 1);
    assert_int_equal(d.next, TALK_OVER);
    assert_int_equal(d.answer.players, 2);
    told_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_more_than_is_known),
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_old_servers),
        cmocka_unit_test(test_pieces_in_any_order),
        cmocka_unit_test(test_pieces_that_are_not_proper),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
