#include "unit.h"
#include <dogs/digest.h>
#include <dogs/os.h>
#include <dogs/work.h>

static const char *hex_of(enum digest_kind kind, const void *bytes, size_t len)
{
    static char hex[DIGEST_HEX];
    uint8_t out[DIGEST_MAX];
    struct err e = {0};
    OK(digest_of(kind, bytes, len, out, &e), e);
    digest_hex(out, digest_size(kind), hex);
    return hex;
}

static void test_names_and_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < DIGEST_KINDS; i++)
        ROW(i, digest_size(i) > 0 && digest_size(i) <= DIGEST_MAX && *digest_name(i));
    assert_string_equal(digest_name(DIGEST_CRC32C), "crc32c");
    assert_int_equal(digest_size(DIGEST_SHA256), 32);
}

/* RFC 1321, FIPS 180, the catalogue of CRCs ("check"), RFC 3720 B.4 (CRC32C). */
static void test_official_vectors(void **state)
{
    static const char million_a[] = "a";
    static uint8_t zeros[32], ones[32], up[32];
    const struct {
        enum digest_kind kind;
        const void *bytes;
        size_t len, times;
        const char *hex;
    } rows[] = {
        {DIGEST_MD5, "", 0, 1, "d41d8cd98f00b204e9800998ecf8427e"},
        {DIGEST_MD5, "abc", 3, 1, "900150983cd24fb0d6963f7d28e17f72"},
        {DIGEST_MD5, "message digest", 14, 1, "f96b697d7cb7938d525a2f31aaf161d0"},
        {DIGEST_SHA1, "", 0, 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {DIGEST_SHA1, "abc", 3, 1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {DIGEST_SHA1, million_a, 1, 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
        {DIGEST_SHA256, "", 0, 1,
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {DIGEST_SHA256, "abc", 3, 1,
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {DIGEST_SHA256, million_a, 1, 1000000,
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
        {DIGEST_CRC32, "", 0, 1, "00000000"},
        {DIGEST_CRC32, "123456789", 9, 1, "cbf43926"},
        {DIGEST_CRC32C, "123456789", 9, 1, "e3069283"},
        {DIGEST_CRC32C, zeros, 32, 1, "8a9136aa"},
        {DIGEST_CRC32C, ones, 32, 1, "62a8ab43"},
        {DIGEST_CRC32C, up, 32, 1, "46dd794e"},
        {DIGEST_CRC64, "", 0, 1, "0000000000000000"},
        {DIGEST_CRC64, "123456789", 9, 1, "995dc9bbdf1939fa"},
    };
    (void)state;
    memset(ones, 0xFF, sizeof ones);
    for (size_t i = 0; i < sizeof up; i++)
        up[i] = (uint8_t)i;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char hex[DIGEST_HEX];
        uint8_t out[DIGEST_MAX];
        struct digest *d;
        struct err e = {0};
        OK(digest_new(rows[i].kind, &d, &e), e);
        for (int again = 0; again < 2; again++, digest_again(d)) {
            for (size_t n = 0; n < rows[i].times; n++)
                digest_add(d, rows[i].bytes, rows[i].len);
            digest_end(d, out);
            digest_hex(out, digest_size(rows[i].kind), hex);
            ROW_TEXT(i, hex, rows[i].hex);
        }
        digest_free(d);
    }
    digest_free(NULL);
}

/* In whatever pieces the bytes come, and after a beginning that was given up. */
static void test_pieces(void **state)
{
    static uint8_t bytes[5000];
    struct err e = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)unit_random();
    for (enum digest_kind kind = 0; kind < DIGEST_KINDS; kind++) {
        char *whole = xstrdup(hex_of(kind, bytes, sizeof bytes)), hex[DIGEST_HEX];
        struct digest *d;
        OK(digest_new(kind, &d, &e), e);
        for (size_t round = 0; round < 50; round++) {
            uint8_t out[DIGEST_MAX];
            digest_add(d, "given up", 8);
            digest_again(d);
            for (size_t at = 0, n; at < sizeof bytes; at += n) {
                n = unit_random() % (round + 2);
                n = n < sizeof bytes - at ? n : sizeof bytes - at;
                digest_add(d, bytes + at, n);
            }
            digest_end(d, out);
            digest_hex(out, digest_size(kind), hex);
            ROW_TEXT(kind, hex, whole);
            digest_again(d);
        }
        digest_free(d);
        free(whole);
    }
}

/* Bit by bit, as the definitions say it. */
static uint64_t slow_crc(uint64_t polynomial, uint64_t ones, const uint8_t *p, size_t len)
{
    uint64_t crc = ones;
    for (; len > 0; p++, len--) {
        crc ^= *p;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ polynomial : crc >> 1;
    }
    return crc ^ ones;
}

static void test_cyclic_ones_at_every_length(void **state)
{
    static const struct {
        enum digest_kind kind;
        uint64_t polynomial, ones;
    } rows[] = {
        {DIGEST_CRC32, 0xEDB88320, 0xFFFFFFFF},
        {DIGEST_CRC32C, 0x82F63B78, 0xFFFFFFFF},
        {DIGEST_CRC64, 0xC96C5795D7870F42, UINT64_MAX},
    };
    uint8_t bytes[100];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t len = 0; len <= sizeof bytes - 3; len++) {
            size_t shift = len % 3;
            char should[DIGEST_HEX];
            for (size_t k = 0; k < sizeof bytes; k++)
                bytes[k] = (uint8_t)unit_random();
            uint64_t crc = slow_crc(rows[i].polynomial, rows[i].ones, bytes + shift, len);
            if (rows[i].ones == UINT64_MAX)
                snprintf(should, sizeof should, "%016llx", (unsigned long long)crc);
            else
                snprintf(should, sizeof should, "%08llx", (unsigned long long)crc);
            ROW_TEXT(i, hex_of(rows[i].kind, bytes + shift, len), should);
        }
}

/* RFC 4231, test cases 1, 2, 3 and 6; and a key of no bytes. */
static void test_hmac(void **state)
{
    uint8_t b[20], aa[131], dd[50];
    const struct {
        const void *key;
        size_t key_len;
        const void *bytes;
        size_t len;
        const char *hex;
    } rows[] = {
        {b, 20, "Hi There", 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"Jefe", 4, "what do ya want for nothing?", 28,
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {aa, 20, dd, 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {aa, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {"", 0, "", 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
        {NULL, 0, "", 0, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    (void)state;
    memset(b, 0x0b, sizeof b);
    memset(aa, 0xaa, sizeof aa);
    memset(dd, 0xdd, sizeof dd);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        uint8_t out[32];
        char hex[65];
        OK(digest_hmac_sha256(rows[i].key, rows[i].key_len, rows[i].bytes, rows[i].len, out, &e),
           e);
        digest_hex(out, sizeof out, hex);
        ROW_TEXT(i, hex, rows[i].hex);
    }
}

static void test_hex(void **state)
{
    static const struct {
        const char *hex;
        size_t n;
        bool ok;
    } rows[] = {
        {"", 0, true},       {"00", 1, true},        {"0aFf", 2, true}, {"0A", 2, false},
        {"0aff", 1, false},  {"0g", 1, false},       {"g0", 1, false},  {" 0", 1, false},
        {"0", 1, false},     {"0x", 1, false},       {"@a", 1, false},  {"`a", 1, false},
        {"a\xC3", 1, false}, {"\x10\x11", 1, false},
    };
    uint8_t out[8];
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        ROW(i, digest_from_hex(rows[i].hex, rows[i].n, out) == rows[i].ok);
    assert_true(digest_from_hex("0aFf", 2, out));
    assert_memory_equal(out, "\x0a\xff", 2);
}

/* RFC 4648, and what is not a spelling of that many bytes. */
static void test_base64(void **state)
{
    static const struct {
        const char *text, *bytes;
        size_t n;
        bool ok;
    } rows[] = {
        {"", "", 0, true},
        {"Zg==", "f", 1, true},
        {"Zm8=", "fo", 2, true},
        {"Zm9v", "foo", 3, true},
        {"Zm9vYg==", "foob", 4, true},
        {"Zm9vYmE=", "fooba", 5, true},
        {"Zm9vYmFy", "foobar", 6, true},
        {"+/8=", "\xfb\xff", 2, true},
        {"Zg==", "f", 2, false},
        {"Zm9v", "fo", 2, false},
        {"Zh==", "f", 1, false},
        {"Zm9=", "fo", 2, false},
        {"Zg=", "f", 1, false},
        {"Zg", "f", 1, false},
        {"Zg==\n", "f", 1, false},
        {"Z===", "f", 1, false},
        {"====", "f", 1, false},
        {"Zm9v", "", 0, false},
        {"Zm-_", "foo", 3, false},
        {"Zm 9", "foo", 3, false},
        {"Zg=a", "f", 1, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t out[16];
        ROW(i, digest_from_base64(rows[i].text, rows[i].n, out) == rows[i].ok);
        if (!rows[i].ok)
            continue;
        char text[16];
        ROW(i, memcmp(out, rows[i].bytes, rows[i].n) == 0);
        digest_base64((const uint8_t *)rows[i].bytes, rows[i].n, text);
        ROW_TEXT(i, text, rows[i].text);
    }
}

static void crc_in_thread(void *ctx)
{
    struct err e = {0};
    uint8_t out[DIGEST_MAX];
    *(bool *)ctx = digest_of(DIGEST_CRC64, "123456789", 9, out, &e) &&
                   memcmp(out, "\x99\x5d\xc9\xbb\xdf\x19\x39\xfa", 8) == 0 &&
                   digest_of(DIGEST_MD5, "", 0, out, &e) && out[0] == 0xd4;
}

/* First in main: the tables and the library are made by several at once. */
static void test_first_use_by_many(void **state)
{
    struct thread *threads[8];
    bool ok[8] = {false};
    (void)state;
    for (size_t i = 0; i < COUNT(ok); i++)
        threads[i] = thread_start(crc_in_thread, &ok[i]);
    for (size_t i = 0; i < COUNT(ok); i++) {
        thread_join(threads[i]);
        ROW(i, ok[i]);
    }
}

/* Not a test: `test_digest speed` tells how fast each is. */
static int speeds(void)
{
    enum { LEN = 64 << 20 };
    uint8_t *bytes = xcalloc(1, LEN), out[DIGEST_MAX];
    for (enum digest_kind kind = 0; kind < DIGEST_KINDS; kind++) {
        struct err e = {0};
        digest_of(kind, bytes, LEN, out, &e);
        int64_t began = os_mono_ms(), ms;
        int rounds = 0;
        for (; (ms = os_mono_ms() - began) < 500; rounds++)
            digest_of(kind, bytes, LEN, out, &e);
        printf("%-7s %.2f GB/s\n", digest_name(kind), (double)LEN * rounds / (double)ms / 1e6);
    }
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_use_by_many),
        cmocka_unit_test(test_names_and_sizes),
        cmocka_unit_test(test_official_vectors),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_cyclic_ones_at_every_length),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_base64),
    };
    if (argc == 2 && strcmp(argv[1], "speed") == 0)
        return speeds();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
