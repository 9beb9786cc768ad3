#include "talk_said.h"

static void open_java(struct told *d)
{
    told_open(d, &protocol_java, NULL, NULL);
    d->place.host = "localhost";
    d->talk.port = 25565;
}

static void put_status(struct str *out, const char *json)
{
    size_t len = strlen(json);
    struct str body = STR(65536);
    put_u8(&body, 0);
    if (len >= 0x80)
        put_u8(&body, 0x80 | (len & 0x7f));
    put_u8(&body, (unsigned)(len >= 0x80 ? len >> 7 : len));
    str_add(&body, json);
    if (body.len >= 0x80)
        put_u8(out, 0x80 | (body.len & 0x7f));
    put_u8(out, (unsigned)(body.len >= 0x80 ? body.len >> 7 : body.len));
    str_addn(out, body.p, body.len);
    str_release(&body);
}

static const char modern[] =
    "{\"version\":{\"name\":\"1.20.4\",\"protocol\":765},\"players\":{\"max\":20,\"online\":2,"
    "\"sample\":[{\"name\":\"Ann\",\"id\":\"1\"},{\"name\":7},{\"name\":\"B\xc2\xa7"
    "6ob\"}]},\"description\":{\"text\":\"A \",\"extra\":[\"fine \",{\"text\":\"world\"}]}}";

static void test_what_is_sent(void **state)
{
    struct told d;
    (void)state;
    open_java(&d);
    told_begin(&d);
    said_is(&d, "13 00 ff ff ff ff 0f 09 6c 6f 63 61 6c 68 6f 73 74 63 dd 01  01 00");
    assert_int_equal(talk_end(&d.talk), TALK_ANEW);
    said_is(&d, "0f 00 2f 09 6c 6f 63 61 6c 68 6f 73 74 63 dd 01  01 00");
    assert_int_equal(talk_end(&d.talk), TALK_ANEW);
    said_is(&d, "fe 01 fa 00 0b 00 4d 00 43 00 7c 00 50 00 69 00 6e 00 67 00 48 00 6f 00 73 00 74 "
                "00 19 4a 00 09 00 6c 00 6f 00 63 00 61 00 6c 00 68 00 6f 00 73 00 74 00 00 63 dd");
    assert_int_equal(talk_end(&d.talk), TALK_ANEW);
    said_is(&d, "fe 01");
    assert_int_equal(talk_end(&d.talk), TALK_ANEW);
    said_is(&d, "fe");
    assert_int_equal(talk_end(&d.talk), TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_PROTOCOL);
    told_close(&d);
}

static void check_modern(const struct told *d)
{
    assert_int_equal(d->next, TALK_OVER);
    assert_int_equal(d->talk.err.code, ERR_OK);
    assert_true(d->answer.up);
    assert_int_equal(d->answer.players, 2);
    assert_int_equal(d->answer.max, 20);
    assert_string_equal(d->answer.title, "A fine world");
    assert_string_equal(d->answer.version, "1.20.4");
    assert_string_equal(told_names(d), "Ann,Bob");
}

static void test_a_status_in_whatever_pieces(void **state)
{
    struct str whole = STR(65536);
    (void)state;
    put_status(&whole, modern);
    for (size_t piece = 1; piece <= whole.len; piece += piece < 9 ? 1 : 50) {
        struct told d;
        open_java(&d);
        told_begin(&d);
        for (size_t at = 0; at < whole.len; at += piece) {
            assert_int_equal(d.next, at ? TALK_MORE : TALK_ANEW);
            hear(&d, whole.p + at, at + piece < whole.len ? piece : whole.len - at);
        }
        check_modern(&d);
        told_close(&d);
    }
    cut_anywhere(&protocol_java, 25565, &whole, whole.len, NULL);
    str_release(&whole);
}

/* Not ready, and not a count, is a status without its players. */
static void test_what_is_not_told_is_unknown(void **state)
{
    static const char *const rows[] = {
        "{}",
        "{\"players\":null}",
        "{\"players\":{}}",
        "{\"players\":{\"online\":\"many\"}}",
        "{\"players\":{\"online\":-1,\"max\":20}}",
        "{\"players\":{\"online\":99999999999}}",
        "{\"players\":[1,2]}",
        "{\"description\":{\"text\":\"Starting\"}}",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str whole = STR(65536);
        struct told d;
        put_status(&whole, rows[i]);
        open_java(&d);
        told_begin(&d);
        hear(&d, whole.p, whole.len);
        ROW(i, d.next == TALK_OVER && !d.answer.up && d.answer.players == -1 && *d.answer.why);
        told_close(&d);
        str_release(&whole);
    }
}

static void test_hostile_answers(void **state)
{
    static const char *const rows[] = {
        "ff ff ff ff ff ff",                            /* a number without an end */
        "ff ff ff ff 0f",                               /* of 4 GiB */
        "81 80 40 00",                                  /* of just too much */
        "00",                                           /* of nothing */
        "02 00 00",                                     /* of less than any status */
        "05 01 03 7b 7d 7d",                            /* another packet */
        "05 00 7f 7b 7d 7d",                            /* text that is longer than its packet */
        "05 00 ff ff ff ff",                            /* and whose length does not end */
        "05 00 03 7b 7d 7d",                            /* {}} */
        "0e 00 0c 7b 22 61 22 3a 22 62 22 2c 63 7d 7d", /* no JSON */
        "48 54 54 50",                                  /* another server's "HTTP" */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        size_t len;
        const unsigned char *bytes = hex_bytes(rows[i], &len);
        open_java(&d);
        told_begin(&d);
        hear(&d, bytes, len);
        ROW(i, d.next == TALK_OVER && d.talk.err.code == ERR_PROTOCOL);
        ROW(i, !d.answer.up && d.answer.players == -1 && *d.answer.why);
        told_close(&d);
    }
}

static void put_legacy(struct str *out, const char *ascii, size_t len)
{
    put_u8(out, 0xff);
    put_u16be(out, (unsigned)len);
    for (size_t i = 0; i < len; i++)
        put_u16be(out, ascii[i] == '$' ? 0xa7 : (unsigned char)ascii[i]);
}

static void say_beta(struct told *d)
{
    for (int i = 0; i < 4; i++)
        assert_int_equal(talk_end(&d->talk), TALK_ANEW);
}

#define TEXT(s) s, sizeof(s) - 1

static void test_legacy(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *title, *version;
        int players, max; /* -1: no answer */
    } rows[] = {
        {TEXT("$1\0"
              "74\0"
              "1.6.4\0Old\0"
              "3\0"
              "20"),
         "Old", "1.6.4", 3, 20},
        {TEXT("Old$3$20"), "Old", "", 3, 20},
        {TEXT("Very $old$3$20"), "Very ld", "", 3, 20},
        {TEXT("$3$20"), "", "", 3, 20},
        {TEXT("$1\0"
              "74\0"
              "1.6.4\0Old\0"
              "3\0"),
         "", "", -1, -1},
        {TEXT("$1\0"
              "74\0"
              "1.6.4\0Old\0"
              "3"),
         "", "", -1, -1},
        {TEXT("$1\0"
              "74\0"
              "1.6.4\0Old\0x\0"
              "20"),
         "", "", -1, -1},
        {TEXT("Old$3"), "", "", -1, -1},
        {TEXT("Old$3$"), "", "", -1, -1},
        {TEXT("Protocol error"), "", "", -1, -1},
        {TEXT(""), "", "", -1, -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str whole = STR(65536);
        struct told d;
        put_legacy(&whole, rows[i].text, rows[i].len);
        open_java(&d);
        told_begin(&d);
        say_beta(&d);
        hear(&d, whole.p, whole.len);
        ROW(i, d.next == TALK_OVER && d.answer.up == (rows[i].players >= 0));
        ROW(i, d.answer.players == rows[i].players && d.answer.max == rows[i].max);
        if (rows[i].players >= 0) {
            ROW_TEXT(i, d.answer.title, rows[i].title);
            ROW_TEXT(i, d.answer.version, rows[i].version);
        }
        told_close(&d);
        cut_anywhere(&protocol_java, 25565, &whole, whole.len, say_beta);
        str_release(&whole);
    }
}

/* An old server says in its own words why it closes; a silent one may wait for more. */
static void test_other_dialects_are_tried(void **state)
{
    struct str kick = STR(1024);
    struct told d;
    (void)state;
    put_legacy(&kick, TEXT("Protocol error"));
    open_java(&d);
    told_begin(&d);
    assert_int_equal(hear(&d, kick.p, kick.len), TALK_ANEW);
    assert_memory_equal(d.talk.out.p, "\xfe\x01\xfa", 3);
    assert_int_equal(hear(&d, kick.p, kick.len), TALK_ANEW);
    said_is(&d, "fe 01");
    told_close(&d);
    open_java(&d);
    told_begin(&d);
    assert_int_equal(talk_late(&d.talk), TALK_ANEW);
    assert_memory_equal(d.talk.out.p, "\xfe\x01\xfa", 3);
    assert_int_equal(talk_late(&d.talk), TALK_OVER);
    assert_int_equal(d.talk.err.code, ERR_TIMEOUT);
    told_close(&d);
    str_release(&kick);
}

static void test_a_long_name_of_the_host(void **state)
{
    char host[1024];
    struct told d;
    (void)state;
    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    open_java(&d);
    d.place.host = host;
    for (told_begin(&d); d.next == TALK_ANEW; d.next = talk_end(&d.talk))
        assert_false(d.talk.out.full);
    told_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_a_status_in_whatever_pieces),
        cmocka_unit_test(test_what_is_not_told_is_unknown),
        cmocka_unit_test(test_hostile_answers),
        cmocka_unit_test(test_legacy),
        cmocka_unit_test(test_other_dialects_are_tried),
        cmocka_unit_test(test_a_long_name_of_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
