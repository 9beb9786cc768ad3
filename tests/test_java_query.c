#include "talk_said.h"

#define SESSION "05 06 07 08" /* of the nonce 55667788, the bits that a server keeps */

static void open_query(struct told *d)
{
    told_open(d, &protocol_java_query, NULL, NULL);
    told_begin(d);
}

static void hear_hex(struct told *d, const char *hex)
{
    size_t len;
    const unsigned char *bytes = hex_bytes(hex, &len);
    hear(d, bytes, len);
}

static void hear_challenge(struct told *d)
{
    hear_hex(d, "09 " SESSION " 2d 39 35 31 33 33 30 37 00"); /* "-9513307" */
}

static void test_what_is_sent(void **state)
{
    struct told d;
    (void)state;
    open_query(&d);
    said_is(&d, "fe fd 09 " SESSION);
    hear_challenge(&d);
    said_is(&d, "fe fd 00 " SESSION " ff 6e d6 a5");
    told_close(&d);
    open_query(&d);
    d.talk.names = true;
    hear_challenge(&d);
    said_is(&d, "fe fd 00 " SESSION " ff 6e d6 a5 00 00 00 00");
    told_close(&d);
}

static void put(struct str *out, const char *text, size_t len)
{
    say(out, "00 " SESSION);
    str_addn(out, text, len);
}

#define TEXT(s) s, sizeof(s)

static void test_brief(void **state)
{
    struct str whole = STR(4096);
    struct told d;
    (void)state;
    put(&whole, TEXT("Motd\0SMP\0world\0003\00020"));
    open_query(&d);
    hear_challenge(&d);
    hear(&d, whole.p, whole.len);
    assert_int_equal(d.next, TALK_OVER);
    assert_int_equal(d.answer.players, 3);
    assert_int_equal(d.answer.max, 20);
    assert_string_equal(d.answer.title, "Motd");
    assert_string_equal(d.answer.map, "world");
    told_close(&d);
    cut_anywhere(&protocol_java_query, 25565, &whole, whole.len, hear_challenge);
    str_release(&whole);
}

static void with_names(struct told *d)
{
    d->talk.names = true;
    hear_challenge(d);
}

static void test_full(void **state)
{
    static const char keys[] = "splitnum\0\x80\0hostname\0Motd\0map\0world\0numplayers\0002\0"
                               "maxplayers\00020\0";
    static const char names[] = "\1player_\0\0Ann\0Bob\0";
    struct str whole = STR(4096);
    struct told d;
    (void)state;
    put(&whole, TEXT(keys));
    size_t counted = whole.len;
    str_addn(&whole, names, sizeof names);
    open_query(&d);
    with_names(&d);
    hear(&d, whole.p, whole.len);
    assert_int_equal(d.answer.players, 2);
    assert_string_equal(d.answer.title, "Motd");
    assert_string_equal(told_names(&d), "Ann,Bob");
    told_close(&d);
    cut_anywhere(&protocol_java_query, 25565, &whole, counted, with_names);
    str_release(&whole);
}

static void test_what_is_not_ours_is_not_heard(void **state)
{
    static const struct {
        const char *hex;
        enum talk_next next;
    } rows[] = {
        {"", TALK_MORE},
        {"09 05 06", TALK_MORE},
        {"09 05 06 07 09 31 00", TALK_MORE}, /* another session */
        {"00 " SESSION " 31 00", TALK_MORE}, /* not asked for yet */
        {"09 " SESSION " 31", TALK_OVER},    /* no end */
        {"09 " SESSION " 31 78 00", TALK_OVER},
        {"09 " SESSION " 39 39 39 39 39 39 39 39 39 39 39 00", TALK_OVER},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        open_query(&d);
        hear_hex(&d, rows[i].hex);
        ROW(i, d.next == rows[i].next && d.answer.players == -1 && !d.answer.up);
        told_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_brief),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_what_is_not_ours_is_not_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
