#include "game_talker.h"

#include <dogs/json.h>

static const char handshake[] = "13 00 ff ff ff ff 0f 09 6c 6f 63 61 6c 68 6f 73 74 63 dd 01";

static size_t request(const char *more, unsigned char *out)
{
    size_t n = from_hex(handshake, out);
    return n + from_hex(more, out + n);
}

/* The status in the bytes, however they came. */
static cJSON *status_of(const struct hosted *h, size_t piece)
{
    unsigned char bytes[64];
    struct talker t = {0};
    struct str out = STR(RESPONSE_MAX);
    size_t n = request("01 00", bytes), used = 0, have = 0;
    while (used < n) {
        have = have + piece < n ? have + piece : n;
        struct heard a = ask("java", true, h, &t, bytes + used, have - used);
        str_addn(&out, str_text(&a.r.out), a.r.out.len);
        used += a.used;
        assert_false(a.r.close);
        str_release(&a.r.out);
    }
    struct err e;
    const char *json = memchr(str_text(&out), '{', out.len);
    assert_non_null(json);
    cJSON *root = json_parse(json, (size_t)(out.p + out.len - json), &e);
    assert_non_null(root);
    str_release(&out);
    return root;
}

static void test_status(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= 22; piece++) {
        struct hosted h = host("java", 3);
        cJSON *json = status_of(&h, piece);
        assert_int_equal(json_int(json, "players.online", -1), 3);
        assert_int_equal(json_int(json, "players.max", -1), 20);
        assert_string_equal(json_text(json, "players.sample[0].name", ""), "ann");
        assert_string_equal(json_text(json, "players.sample[2].name", ""), "player3");
        cJSON_Delete(json);
    }
    struct hosted starting = host("java", 3);
    starting.starting = true;
    cJSON *json = status_of(&starting, 22);
    assert_null(json_at(json, "players"));
    cJSON_Delete(json);
}

static void test_a_ping_is_told_back(void **state)
{
    unsigned char bytes[64];
    struct hosted h = host("java", 0);
    struct talker t = {.stage = 1};
    (void)state;
    size_t n = from_hex("09 01 00 00 00 00 00 00 00 07", bytes);
    struct heard a = ask("java", true, &h, &t, bytes, n);
    check_hex(&a.r, "09 01 00 00 00 00 00 00 00 07");
    assert_true(a.r.close);
    str_release(&a.r.out);
}

static void test_older_clients(void **state)
{
    struct hosted h = host("java", 3);
    (void)state;
    struct heard a = ask("java", true, &h, NULL, "\xfe\x01", 2);
    check_hex(&a.r, "ff 00 15 00a7 0031 0000 0031 0032 0037 0000 0031 002e 0032 0031 002e 0034"
                    "0000 006d 0063 0000 0033 0000 0032 0030");
    assert_true(a.r.close);
    str_release(&a.r.out);
    a = ask("java", true, &h, NULL, "\xfe", 1);
    check_hex(&a.r, "ff 00 07 006d 0063 00a7 0033 00a7 0032 0030");
    str_release(&a.r.out);
}

static void test_nonsense_ends_it(void **state)
{
    static const char *const rows[] = {"00", "ff ff ff ff ff 01", "80 80 04 00", "02 05 05",
                                       "01 00"};
    struct hosted h = host("java", 1);
    unsigned char bytes[64];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t n = from_hex(rows[i], bytes);
        struct heard a = ask("java", true, &h, NULL, bytes, n);
        assert_true(a.r.close);
        assert_int_equal(a.r.out.len, 0);
    }
    size_t n = request("01 00", bytes);
    pester("java", true, &h, bytes, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_a_ping_is_told_back),
        cmocka_unit_test(test_older_clients),
        cmocka_unit_test(test_nonsense_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
