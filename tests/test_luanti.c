#include "talk_said.h"

static void test_handshake(void **state)
{
    static const struct {
        const char *hex;
        enum talk_next next;
        bool up;
    } rows[] = {
        {"4f 45 74 03 00 01 00 03 ff dc 00 01 00 2a", TALK_OVER, true},
        {"4f 45 74 03 00 01 00 00 01 00 2a", TALK_OVER, true},
        {"4f 45 74 03 00 01 00 03 ff dc 00 01 00", TALK_MORE, false},
        {"4f 45 74 03 00 01 00 00 00 ff dc", TALK_MORE, false},          /* an acknowledgement */
        {"4f 45 74 03 00 02 00 03 ff dc 00 01 00 2a", TALK_OVER, false}, /* from another client */
        {"4f 45 74 04 00 01 00 03 ff dc 00 01 00 2a", TALK_OVER, false}, /* another protocol */
        {"4f 45", TALK_OVER, false},
        {"", TALK_OVER, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct told d;
        size_t len;
        const unsigned char *bytes = hex_bytes(rows[i].hex, &len);
        told_open(&d, &protocol_luanti, NULL, NULL);
        told_begin(&d);
        said_is(&d, "4f 45 74 03 00 00 00 01");
        ROW(i, hear(&d, bytes, len) == rows[i].next && d.answer.up == rows[i].up);
        /* It is never known, and never nobody. */
        ROW(i, d.answer.players == -1 && (*d.answer.why || d.next == TALK_MORE));
        ROW(i, !d.talk.err.code == (rows[i].up || d.next == TALK_MORE));
        /* The number that it gave us is given back. */
        if (rows[i].up)
            said_is(&d, "4f 45 74 03 00 2a 00 00 03");
        told_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
