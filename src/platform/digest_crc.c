#include "digest_crc.h"
#include <dogs/str.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Sixteen bytes a step: the k-th row is what a byte does that k others follow. */
enum { STEP = 16 };

struct crc {
    uint64_t polynomial; /* reversed; 0 = not one of these */
    uint64_t ones;       /* what it begins with, and what the end is combined with */
};
static const struct crc crcs[DIGEST_KINDS] = {
    [DIGEST_CRC32] = {0xEDB88320, 0xFFFFFFFF},
    [DIGEST_CRC32C] = {0x82F63B78, 0xFFFFFFFF},
    [DIGEST_CRC64] = {0xC96C5795D7870F42, UINT64_MAX},
};

struct table {
    uint64_t row[STEP][256];
};
static struct table *_Atomic tables[DIGEST_KINDS];

static struct table *make(uint64_t polynomial)
{
    struct table *t = xmalloc(sizeof *t);
    for (unsigned byte = 0; byte < 256; byte++) {
        uint64_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
        t->row[0][byte] = crc;
    }
    for (int k = 1; k < STEP; k++)
        for (unsigned byte = 0; byte < 256; byte++) {
            uint64_t before = t->row[k - 1][byte];
            t->row[k][byte] = before >> 8 ^ t->row[0][before & 0xFF];
        }
    return t;
}

/* Made by whoever needs it first; of two that are made at once one goes. */
static const struct table *table_of(enum digest_kind kind)
{
    struct table *t = atomic_load_explicit(&tables[kind], memory_order_acquire), *none = NULL;
    if (t)
        return t;
    t = make(crcs[kind].polynomial);
    if (atomic_compare_exchange_strong(&tables[kind], &none, t))
        return t;
    free(t);
    return none;
}

bool crc_is(enum digest_kind kind)
{
    return crcs[kind].polynomial != 0;
}

uint64_t crc_begin(enum digest_kind kind)
{
    return crcs[kind].ones;
}

uint64_t crc_end(enum digest_kind kind, uint64_t crc)
{
    return crc ^ crcs[kind].ones;
}

static inline uint64_t little_endian(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

/* The eight bytes of x, the lowest of which `row` and seven others follow. */
static inline uint64_t eight(const struct table *t, int row, uint64_t x)
{
    return t->row[row][x & 0xFF] ^ t->row[row - 1][x >> 8 & 0xFF] ^
           t->row[row - 2][x >> 16 & 0xFF] ^ t->row[row - 3][x >> 24 & 0xFF] ^
           t->row[row - 4][x >> 32 & 0xFF] ^ t->row[row - 5][x >> 40 & 0xFF] ^
           t->row[row - 6][x >> 48 & 0xFF] ^ t->row[row - 7][x >> 56];
}

uint64_t crc_add(enum digest_kind kind, uint64_t crc, const void *bytes, size_t len)
{
    const struct table *t = table_of(kind);
    const uint8_t *p = bytes;
    for (; len >= STEP; p += STEP, len -= STEP)
        crc = eight(t, 15, crc ^ little_endian(p)) ^ eight(t, 7, little_endian(p + 8));
    for (; len > 0; p++, len--)
        crc = crc >> 8 ^ t->row[0][(crc ^ *p) & 0xFF];
    return crc;
}
