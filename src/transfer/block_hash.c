#include "block_hash.h"
#include <dogs/str.h>
#include <stdlib.h>

struct block_hash {
    struct digest *block, *all;
    size_t in_block; /* bytes of the block that is being filled */
};

bool block_hash_new(struct block_hash **out, struct err *e)
{
    struct block_hash *h = xcalloc(1, sizeof *h);
    if (!digest_new(DIGEST_SHA256, &h->block, e) || !digest_new(DIGEST_SHA256, &h->all, e)) {
        block_hash_free(h);
        return false;
    }
    *out = h;
    return true;
}

static void close_block(struct block_hash *h)
{
    uint8_t sum[DIGEST_MAX];
    digest_end(h->block, sum);
    digest_add(h->all, sum, BLOCK_HASH_SIZE);
    digest_again(h->block);
    h->in_block = 0;
}

void block_hash_add(struct block_hash *h, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    while (len) {
        size_t room = BLOCK_HASH_BLOCK - h->in_block, n = len < room ? len : room;
        digest_add(h->block, p, n);
        h->in_block += n;
        p += n;
        len -= n;
        if (h->in_block == BLOCK_HASH_BLOCK)
            close_block(h);
    }
}

void block_hash_end(struct block_hash *h, uint8_t out[BLOCK_HASH_SIZE])
{
    uint8_t sum[DIGEST_MAX];
    if (h->in_block)
        close_block(h);
    digest_end(h->all, sum);
    for (size_t i = 0; i < BLOCK_HASH_SIZE; i++)
        out[i] = sum[i];
}

void block_hash_again(struct block_hash *h)
{
    digest_again(h->block);
    digest_again(h->all);
    h->in_block = 0;
}

void block_hash_free(struct block_hash *h)
{
    if (!h)
        return;
    digest_free(h->block);
    digest_free(h->all);
    free(h);
}
