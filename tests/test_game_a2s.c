#include "game_talker.h"

static size_t info(unsigned char *out, const struct response *challenge)
{
    size_t n = from_hex("ffffffff54", out);
    memcpy(out + n, "Source Engine Query", 20);
    n += 20;
    if (challenge)
        memcpy(out + n, challenge->out.p + 5, 4);
    return n + (challenge ? 4 : 0);
}

static void test_nothing_without_the_challenge(void **state)
{
    unsigned char bytes[64];
    struct hosted h = host("a2s", 3);
    (void)state;
    struct heard first = ask("a2s", false, &h, NULL, bytes, info(bytes, NULL));
    assert_int_equal(first.r.out.len, 9);
    assert_memory_equal(first.r.out.p,
                        "\xff\xff\xff\xff"
                        "A",
                        5);
    size_t n = info(bytes, &first.r);
    bytes[n - 1] ^= 1;
    struct heard wrong = ask("a2s", false, &h, NULL, bytes, n);
    assert_memory_equal(wrong.r.out.p, first.r.out.p, 9);
    n = info(bytes, &first.r);
    struct heard right = ask("a2s", false, &h, NULL, bytes, n);
    check_hex(&right.r, "ffffffff 49 11 6d6300 776f726c6400 73616e64626f7800"
                        "5468652073616e64626f7827732067616d6500 0000 03 14 00 64 6c 01 00"
                        "312e302e302e3000 80 9210");
    pester("a2s", false, &h, bytes, n);
    h.starting = true;
    struct heard none = ask("a2s", false, &h, NULL, bytes, n);
    assert_int_equal(none.r.out.len, 0);
    str_release(&first.r.out);
    str_release(&wrong.r.out);
    str_release(&right.r.out);
}

/* Joined together, the pieces are the whole list. */
static void test_many_players_come_in_pieces(void **state)
{
    unsigned char bytes[64];
    struct hosted h = host("a2s", 200);
    (void)state;
    size_t n = from_hex("ffffffff55ffffffff", bytes);
    struct heard first = ask("a2s", false, &h, NULL, bytes, n);
    memcpy(bytes + 5, first.r.out.p + 5, 4);
    struct heard all = ask("a2s", false, &h, NULL, bytes, n);
    struct str whole = STR(RESPONSE_MAX);
    size_t begin = 0;
    assert_true(all.r.n_ends > 1);
    for (size_t i = 0; i < all.r.n_ends; begin = all.r.ends[i++]) {
        const unsigned char *p = (const unsigned char *)all.r.out.p + begin;
        assert_int_equal(wire_get_u32le(p), 0xfffffffe);
        assert_int_equal(p[8], all.r.n_ends);
        assert_int_equal(p[9], i);
        str_addn(&whole, p + 12, all.r.ends[i] - begin - 12);
    }
    assert_memory_equal(whole.p,
                        "\xff\xff\xff\xff"
                        "D\xc8\0ann\0",
                        11);
    size_t players = 0;
    for (size_t at = 6; at < whole.len; players++)
        at += 1 + strlen(whole.p + at + 1) + 1 + 8;
    assert_int_equal(players, 200);
    str_release(&whole);
    str_release(&first.r.out);
    str_release(&all.r.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_without_the_challenge),
        cmocka_unit_test(test_many_players_come_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
