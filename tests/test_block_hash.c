/* block_hash: whole files around the ends of blocks, in pieces of several lengths. The hashes were
 * computed with Python's hashlib, block by block as Dropbox's page "Content hash" says. */
#include "../src/transfer/block_hash.h"
#include "unit.h"

enum { BLOCK = BLOCK_HASH_BLOCK };

static const struct {
    size_t len;
    const char *hash;
} files[] = {
    {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {1, "1406e05881e299367766d313e26c05564ec91bf721d31726bd6e46e60689539a"},
    {1000, "1f837216ee364e29b5533dbb5180f0eeff5810080af106b4dd1cc09515928396"},
    {BLOCK - 1, "5eeb750e32ec322108d76cadc2016bc16afd18543ea64e406d0bb491c89143fb"},
    {BLOCK, "bf8e2ca55a32cf3ee150aabc5a0bf2e13f93b7eddc6f331a601006e7780e2571"},
    {BLOCK + 1, "5ffa1b9a6233938c7a14980f20c8036bbfe1aed837a0c4a9b0be4cbec4f443b3"},
    {2 * BLOCK, "a9a8b169c4c085b6d7deb51b17073e38ffb3136dc38f974321642df31a84abfa"},
    {3 * BLOCK - 1, "03b7ef48b508baf481a5f4702d7645ddb1d342ec7272e81d87541ddae1787734"},
    {3 * BLOCK + 5, "9cd7ac33fb1a5da3c922f0e0481e5194f61dd9af870a4782898d84826e6aaed5"},
};
static uint8_t *bytes;

static int make_bytes(void **state)
{
    size_t n = 3 * BLOCK + 5;
    (void)state;
    bytes = xmalloc(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)((i * 7 + (i >> 8) * 13 + (i >> 16) * 29) % 251);
    return 0;
}

static int free_bytes(void **state)
{
    (void)state;
    free(bytes);
    return 0;
}

/* piece 0: lengths that look random, up to five million. */
static void hash_of(struct block_hash *h, size_t len, size_t piece, char hex[DIGEST_HEX])
{
    uint8_t sum[BLOCK_HASH_SIZE];
    for (size_t at = 0, n; at < len; at += n) {
        n = piece ? piece : 1 + unit_random() % 5000000;
        n = n < len - at ? n : len - at;
        block_hash_add(h, bytes + at, n);
    }
    block_hash_end(h, sum);
    digest_hex(sum, sizeof sum, hex);
}

static void test_pieces_of_any_length_give_the_same(void **state)
{
    static const size_t pieces[] = {3 * BLOCK + 5, BLOCK, BLOCK - 1, BLOCK / 2, 16384, 99991, 0};
    struct err e = {0};
    char hex[DIGEST_HEX];
    (void)state;
    for (size_t i = 0; i < COUNT(files); i++)
        for (size_t k = 0; k < COUNT(pieces); k++) {
            struct block_hash *h;
            OK(block_hash_new(&h, &e), e);
            hash_of(h, files[i].len, pieces[k], hex);
            ROW_TEXT(i * 100 + k, hex, files[i].hash);
            block_hash_free(h);
        }
}

static void test_it_begins_anew(void **state)
{
    struct err e = {0};
    struct block_hash *h;
    char hex[DIGEST_HEX];
    (void)state;
    OK(block_hash_new(&h, &e), e);
    for (size_t i = 0; i < COUNT(files); i++) {
        /* Once after an end, once in the middle of a block. */
        hash_of(h, files[i].len, 0, hex);
        ROW_TEXT(i, hex, files[i].hash);
        block_hash_again(h);
        block_hash_add(h, bytes, BLOCK + 17);
        block_hash_again(h);
    }
    block_hash_free(h);
    block_hash_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_of_any_length_give_the_same),
        cmocka_unit_test(test_it_begins_anew),
    };
    return cmocka_run_group_tests(tests, make_bytes, free_bytes);
}
