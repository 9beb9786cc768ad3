/* The bytes of a TZif file, for the tests that need one. */
#ifndef DOGS_TESTS_ZONE_BYTES_H
#define DOGS_TESTS_ZONE_BYTES_H

#include "unit.h"
#include <dogs/zone.h>

struct zone_bytes {
    unsigned char p[512];
    size_t len;
};

static inline void zb_add(struct zone_bytes *b, const void *bytes, size_t len)
{
    assert_true(b->len + len <= sizeof b->p);
    memcpy(b->p + b->len, bytes, len);
    b->len += len;
}

static inline void zb_number(struct zone_bytes *b, int64_t n, size_t size)
{
    for (size_t i = size; i--;) {
        unsigned char c = (unsigned char)((uint64_t)n >> (8 * i));
        zb_add(b, &c, 1);
    }
}

static inline void zb_head(struct zone_bytes *b, char version, uint32_t times, uint32_t types)
{
    static const char zeros[15];
    zb_add(b, "TZif", 4);
    zb_add(b, &version, 1);
    zb_add(b, zeros, sizeof zeros);
    const uint32_t counts[] = {0, 0, 0, times, types, types ? 8 : 0};
    for (size_t i = 0; i < COUNT(counts); i++)
        zb_number(b, counts[i], 4);
}

struct zb_step {
    int64_t at;
    int hours;
};

/* Version 2: +0 until the first of at most three steps, which go to these hours; then the footer.
 */
static inline struct zone_bytes zone_bytes(const struct zb_step *steps, size_t n,
                                           const char *footer)
{
    struct zone_bytes b = {.len = 0};
    zb_head(&b, '2', 0, 0);
    zb_head(&b, '2', (uint32_t)n, (uint32_t)n + 1);
    for (size_t i = 0; i < n; i++)
        zb_number(&b, steps[i].at, 8);
    for (size_t i = 0; i < n; i++)
        zb_number(&b, (int64_t)i + 1, 1);
    for (size_t i = 0; i <= n; i++) {
        zb_number(&b, i ? steps[i - 1].hours * 3600 : 0, 4);
        zb_number(&b, 0, 1);
        zb_number(&b, 4 * (i > 0), 1);
    }
    zb_add(&b, "LMT\0XXX", 8);
    zb_add(&b, "\n", 1);
    zb_add(&b, footer, strlen(footer));
    zb_add(&b, "\n", 1);
    return b;
}

static inline struct zone *zone_with(const struct zb_step *steps, size_t n, const char *footer)
{
    struct zone_bytes b = zone_bytes(steps, n, footer);
    struct zone *z = NULL;
    struct err e = {0};
    OK(zone_parse(b.p, b.len, &z, &e), e);
    return z;
}

#endif
