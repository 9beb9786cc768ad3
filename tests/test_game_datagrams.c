#include "game_talker.h"

/* A question, and what is in the answer; NULL: none comes. */
static const struct row {
    const char *protocol, *hex;
    size_t begins; /* so many bytes of the answer are `hex_answer` */
    const char *hex_answer, *has;
    bool starting;
} rows[] = {
    {"bedrock", "01 0000000000000005 00ffff00fefefefefdfdfdfd12345678 0000000000000002", 1, "1c",
     "MCPE;mc;766;1.21.50;3;20;77;world;Survival;1;4242;4243;", false},
    {"bedrock", "01 0000000000000005 00ffff00fefefefefdfdfdfd12345678 0000000000000002", 0, NULL,
     NULL, true},
    {"bedrock", "01 0000000000000005 00ffff00fefefefefdfdfdfd12345679 0000000000000002", 0, NULL,
     NULL, false},
    {"bedrock", "01 0000", 0, NULL, NULL, false},
    {"quake3", "ffffffff 676574737461747573 20 6162", 4, "ffffffff", "\\challenge\\ab", false},
    {"quake3", "ffffffff 676574737461747573", 4, "ffffffff",
     "\n0 48 \"ann\"\n0 48 \"bob\"\n0 48 \"player3\"\n", false},
    {"quake3", "ffffffff 676574696e666f", 4, "ffffffff", "\\clients\\3\\g_humanplayers\\3", false},
    {"quake3", "ffffffff 72636f6e", 0, NULL, NULL, false},
    {"quake3", "ffffffff 676574737461747573", 0, NULL, NULL, true},
    {"luanti", "4f457403 0000 00 01", 14, "4f457403 0001 00 03 ffdc 00 01 004f", NULL, false},
    {"luanti", "4f457403 0007 00 01", 0, NULL, NULL, false},
    {"luanti", "4f457403 0000 00 01", 0, NULL, NULL, true},
    {"satisfactory", "d5f6 00 01 0100000000000000 01", 13, "d5f6 01 01 0100000000000000 03", "mc",
     false},
    {"satisfactory", "d5f6 00 01 0100000000000000 01", 13, "d5f6 01 01 0100000000000000 02", "mc",
     true},
    {"satisfactory", "d5f6 00 01 0100000000000000 00", 0, NULL, NULL, false},
};

static bool within(const struct str *all, const char *part)
{
    size_t n = strlen(part);
    for (size_t i = 0; i + n <= all->len; i++)
        if (memcmp(all->p + i, part, n) == 0)
            return true;
    return false;
}

static void test_rows(void **state)
{
    unsigned char bytes[128], want[64];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct hosted h = host(row->protocol, 3);
        h.starting = row->starting;
        size_t n = from_hex(row->hex, bytes);
        struct heard a = ask(row->protocol, false, &h, NULL, bytes, n);
        bool ok = (a.r.n_ends == 1) == (row->hex_answer != NULL);
        if (ok && row->hex_answer) {
            from_hex(row->hex_answer, want);
            ok = a.r.out.len >= row->begins && memcmp(a.r.out.p, want, row->begins) == 0 &&
                 (!row->has || within(&a.r.out, row->has));
        }
        if (!ok)
            fail_msg("row %zu (%s): %zu bytes in %zu datagrams", i, row->protocol, a.r.out.len,
                     a.r.n_ends);
        str_release(&a.r.out);
        pester(row->protocol, false, &h, bytes, n);
    }
}

/* Satisfactory's answer to the last byte, by its documentation's table. */
static void test_light_query(void **state)
{
    unsigned char bytes[32];
    struct hosted h = host("satisfactory", 3);
    (void)state;
    size_t n = from_hex("d5f6 00 01 0100000000000000 01", bytes);
    struct heard a = ask("satisfactory", false, &h, NULL, bytes, n);
    check_hex(&a.r, "d5f6 01 01 0100000000000000 03 7a960500 0000000000000000 02 00 0700 01 0700 "
                    "0200 6d63 01");
    str_release(&a.r.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_light_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
