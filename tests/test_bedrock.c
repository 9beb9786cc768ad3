#include "talk_said.h"

static void open_bedrock(struct told *d)
{
    told_open(d, &protocol_bedrock, NULL, NULL);
    told_begin(d);
}

static const char pong_head[] =
    "1c 11 22 33 44 55 66 77 88 00 00 00 00 00 00 00 09 00 ff ff 00 fe fe fe fe fd fd fd fd 12 34 "
    "56 78";

static void put_pong(struct str *out, const char *text)
{
    say(out, pong_head);
    put_u16be(out, (unsigned)strlen(text));
    str_add(out, text);
}

static void test_what_is_sent(void **state)
{
    struct told d;
    (void)state;
    told_open(&d, &protocol_bedrock, NULL, NULL);
    d.talk.nonce = 0;
    told_begin(&d);
    assert_int_equal(d.next, TALK_SEND);
    said_is(&d,
            "01 00 00 00 00 00 00 00 00 00 ff ff 00 fe fe fe fe fd fd fd fd 12 34 56 78 00 00 00 "
            "00 00 00 00 02");
    told_close(&d);
}

static void test_answers(void **state)
{
    static const struct {
        const char *text, *title, *map;
        int players, max; /* -1: unknown */
        enum err_code code;
    } rows[] = {
        {"MCPE;Title;390;1.14.60;3;10;13253860892328930865;Level;Survival;1;19132;19133;", "Title",
         "Level", 3, 10, ERR_OK},
        {"MCPE;a\\;7\\;8;390;1.14.60;3;10;1;L;", "a\\;7\\;8", "L", 3, 10, ERR_OK},
        {"MCEE;Title;390;1.14.60;0;10", "Title", "", 0, 10, ERR_OK},
        {"", "", "", -1, -1, ERR_OK},
        {"MCPE;Title;390;1.14.60;3", "", "", -1, -1, ERR_OK},
        {"MCPE;Title;390;1.14.60;;10;", "", "", -1, -1, ERR_PROTOCOL},
        {"MCPE;Title;390;1.14.60;-3;10;", "", "", -1, -1, ERR_PROTOCOL},
        {"MCPE;Title;390;1.14.60;3;9999999999999999999;", "", "", -1, -1, ERR_PROTOCOL},
        {";;;;;;;;;;;;", "", "", -1, -1, ERR_PROTOCOL},
        {"MCPE;Title;390;1.14.60;3;10\\", "", "", -1, -1, ERR_OK},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str whole = STR(4096);
        struct told d;
        put_pong(&whole, rows[i].text);
        open_bedrock(&d);
        hear(&d, whole.p, whole.len);
        ROW(i, d.next == TALK_OVER && d.talk.err.code == rows[i].code);
        ROW(i, d.answer.players == rows[i].players && d.answer.up == (rows[i].players >= 0));
        if (rows[i].players >= 0) {
            ROW_TEXT(i, d.answer.title, rows[i].title);
            ROW_TEXT(i, d.answer.map, rows[i].map);
            ROW(i, d.answer.max == rows[i].max);
        } else {
            ROW(i, *d.answer.why);
        }
        told_close(&d);
        cut_anywhere(&protocol_bedrock, 19132, &whole, whole.len, NULL);
        str_release(&whole);
    }
}

static void test_what_is_not_ours_is_not_heard(void **state)
{
    static const struct {
        const char *hex;
        enum talk_next next;
    } rows[] = {
        {"", TALK_MORE},
        {"1c", TALK_MORE},
        {"1c 00 00 00 00 00 00 00 01", TALK_MORE}, /* to another ping */
        {"01 11 22 33 44 55 66 77 88", TALK_MORE}, /* a ping */
        {"1c 11 22 33 44 55 66 77 88", TALK_OVER},
        {"1c 11 22 33 44 55 66 77 88 00 00 00 00 00 00 00 09 00 ff ff 00 fe fe fe fe fd fd fd fd "
         "12 "
         "34 56 79 00 00",
         TALK_OVER}, /* another mark */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        size_t len;
        const unsigned char *bytes = hex_bytes(rows[i].hex, &len);
        open_bedrock(&d);
        ROW(i, hear(&d, bytes, len) == rows[i].next);
        ROW(i, d.answer.players == -1 && !d.answer.up);
        told_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_sent),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_what_is_not_ours_is_not_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
