#include "talk_said.h"

#define HEAD "\xff\xff\xff\xff"
#define CHALLENGE "\\challenge\\1122334455667788"

static void open_quake(struct told *d)
{
    told_open(d, &protocol_quake3, NULL, NULL);
    d->talk.names = true;
    told_begin(d);
}

static enum talk_next hear_text(struct told *d, const char *text)
{
    return hear(d, text, strlen(text));
}

/* Either answer may be missing (NULL): then silence. */
static void ask(struct told *d, const char *info, const char *status)
{
    open_quake(d);
    assert_memory_equal(d->talk.out.p, HEAD "getinfo 1122334455667788\n", 29);
    assert_int_equal(info ? hear_text(d, info) : talk_late(&d->talk), TALK_SEND);
    assert_memory_equal(d->talk.out.p, HEAD "getstatus 1122334455667788\n", 31);
    d->next = status ? hear_text(d, status) : talk_late(&d->talk);
}

#define INFO HEAD "infoResponse\n\\sv_maxclients\\16\\mapname\\dm1\\hostname\\^1Ho^7me" CHALLENGE
#define STATUS                                                                                     \
    HEAD "statusResponse\n\\sv_hostname\\Home\\sv_maxclients\\16\\version\\v1" CHALLENGE "\n"

static void test_counts(void **state)
{
    static const struct {
        const char *info, *status;
        int players; /* -1: unknown */
        const char *names;
    } rows[] = {
        {INFO "\\clients\\3\\g_humanplayers\\2", STATUS "1 48 \"Ann\"\n2 60 \"Bob\"\n0 0 \"Bot\"\n",
         2, "Ann,Bob"},
        {INFO "\\clients\\1\\g_humanplayers\\0", STATUS "0 0 \"Bot\"\n", 0, ""},
        {INFO "\\clients\\0\\g_humanplayers\\0", STATUS, 0, ""},
        /* Who has a private slot is not in the first. */
        {INFO "\\clients\\0\\g_humanplayers\\0", STATUS "1 48 \"Ann\"\n", 1, "Ann"},
        /* Who plays on the server's own computer has a ping of 0 in the second. */
        {INFO "\\clients\\1\\g_humanplayers\\1", STATUS "1 0 \"Ann\"\n", 1, ""},
        {INFO "\\clients\\2", STATUS "1 48 \"Ann\"\n0 0 \"Bot\"\n", 1, "Ann"},
        {INFO "\\clients\\2", STATUS "1 999 \"Ann\"\n-5 -1 \"Bob\"\n", 2, "Ann,Bob"},
        {NULL, STATUS "1 48 \"Ann\"\n", 1, "Ann"},
        {NULL, STATUS, 0, ""},
        {INFO "\\clients\\3\\g_humanplayers\\2", NULL, 2, ""},
        {INFO "\\clients\\0", NULL, 0, ""},
        {INFO "\\clients\\2", NULL, -1, ""},
        {INFO "\\clients\\many\\g_humanplayers\\-3", NULL, -1, ""},
        {NULL, NULL, -1, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        ask(&d, rows[i].info, rows[i].status);
        ROW(i, d.next == TALK_OVER && d.answer.players == rows[i].players);
        ROW(i, rows[i].players >= 0 ? d.answer.up && d.answer.max == 16 : *d.answer.why);
        ROW_TEXT(i, told_names(&d), rows[i].names);
        if (rows[i].players >= 0)
            ROW_TEXT(i, d.answer.title, "Home");
        told_close(&d);
    }
}

static void ask_info_first(struct told *d)
{
    talk_late(&d->talk);
}

static void test_cut_off(void **state)
{
    struct str whole = STR(4096);
    (void)state;
    str_add(&whole, STATUS);
    size_t keys = whole.len;
    str_add(&whole, "1 48 \"Ann\"\n");
    /* That a list ends after a whole line cannot be seen: so much of it is one. */
    cut_anywhere(&protocol_quake3, 27960, &whole, keys, ask_info_first);
    for (size_t n = keys + 1; n < whole.len; n++) {
        struct told d;
        open_quake(&d);
        talk_late(&d.talk);
        assert_int_equal(hear(&d, whole.p, n), TALK_OVER);
        assert_int_equal(d.answer.players, -1);
        told_close(&d);
    }
    str_release(&whole);
}

static void test_what_is_not_an_answer(void **state)
{
    static const struct {
        const char *text;
        enum talk_next next;
    } rows[] = {
        {"", TALK_OVER},
        {"rubbish", TALK_OVER},
        {HEAD, TALK_MORE},
        {HEAD "print\nbanned\n", TALK_MORE},
        {HEAD "statusResponse\n", TALK_MORE},                            /* not asked for yet */
        {HEAD "infoResponse\n\\challenge\\0000000000000000", TALK_MORE}, /* another talk's */
        {HEAD "infoResponse\n\\clients", TALK_SEND},                     /* a key without a value */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        open_quake(&d);
        ROW(i, hear_text(&d, rows[i].text) == rows[i].next);
        ROW(i, d.answer.players == -1 && !d.answer.up);
        told_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_what_is_not_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
