#include "sum.h"
#include "block_hash.h"
#include <dogs/str.h>
#include <stdlib.h>

struct sum {
    struct digest *digest; /* one of the two */
    struct block_hash *blocks;
};

bool sum_new(int kind, struct sum **out, struct err *e)
{
    struct sum *s = xcalloc(1, sizeof *s);
    bool ok = kind == SUM_BLOCKS ? block_hash_new(&s->blocks, e)
                                 : digest_new((enum digest_kind)kind, &s->digest, e);
    if (ok)
        *out = s;
    else
        free(s);
    return ok;
}

const char *sum_name(int kind)
{
    return kind == SUM_BLOCKS ? "content_hash" : digest_name((enum digest_kind)kind);
}

size_t sum_size(int kind)
{
    return kind == SUM_BLOCKS ? (size_t)BLOCK_HASH_SIZE : digest_size((enum digest_kind)kind);
}

void sum_add(struct sum *s, const void *bytes, size_t len)
{
    if (s->blocks)
        block_hash_add(s->blocks, bytes, len);
    else
        digest_add(s->digest, bytes, len);
}

void sum_end(struct sum *s, uint8_t out[DIGEST_MAX])
{
    if (s->blocks)
        block_hash_end(s->blocks, out);
    else
        digest_end(s->digest, out);
}

void sum_again(struct sum *s)
{
    if (s->blocks)
        block_hash_again(s->blocks);
    else
        digest_again(s->digest);
}

void sum_free(struct sum *s)
{
    if (!s)
        return;
    digest_free(s->digest);
    block_hash_free(s->blocks);
    free(s);
}
