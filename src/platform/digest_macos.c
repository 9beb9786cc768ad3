#include "digest_os.h"
#include <CommonCrypto/CommonDigest.h>
#include <CommonCrypto/CommonHMAC.h>
#include <dogs/str.h>
#include <stdlib.h>

/* Apple calls MD5 broken; here it finds accidents, and services speak it. */
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

enum { PIECE = 1 << 30 }; /* lengths have 32 bits */

union state {
    CC_MD5_CTX md5;
    CC_SHA1_CTX sha1;
    CC_SHA256_CTX sha256;
};

struct hash {
    void (*begin)(union state *s);
    void (*add)(union state *s, const void *bytes, CC_LONG len);
    void (*end)(union state *s, uint8_t *out);
};

#define HASH(name, field)                                                                          \
    static void field##_begin(union state *s)                                                      \
    {                                                                                              \
        CC_##name##_Init(&s->field);                                                               \
    }                                                                                              \
    static void field##_add(union state *s, const void *bytes, CC_LONG len)                        \
    {                                                                                              \
        CC_##name##_Update(&s->field, bytes, len);                                                 \
    }                                                                                              \
    static void field##_end(union state *s, uint8_t *out)                                          \
    {                                                                                              \
        CC_##name##_Final(out, &s->field);                                                         \
    }
HASH(MD5, md5)
HASH(SHA1, sha1)
HASH(SHA256, sha256)

static const struct hash hashes[DIGEST_KINDS] = {
    [DIGEST_MD5] = {md5_begin, md5_add, md5_end},
    [DIGEST_SHA1] = {sha1_begin, sha1_add, sha1_end},
    [DIGEST_SHA256] = {sha256_begin, sha256_add, sha256_end},
};

struct digest_os {
    const struct hash *hash;
    union state state;
};

bool digest_os_new(enum digest_kind kind, struct digest_os **out, struct err *e)
{
    (void)e;
    *out = xcalloc(1, sizeof **out);
    (*out)->hash = &hashes[kind];
    digest_os_again(*out);
    return true;
}

void digest_os_add(struct digest_os *d, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    while (len > 0) {
        CC_LONG n = len < PIECE ? (CC_LONG)len : PIECE;
        d->hash->add(&d->state, p, n);
        p += n;
        len -= n;
    }
}

void digest_os_end(struct digest_os *d, uint8_t *out)
{
    d->hash->end(&d->state, out);
}

void digest_os_again(struct digest_os *d)
{
    d->hash->begin(&d->state);
}

void digest_os_free(struct digest_os *d)
{
    free(d);
}

bool digest_os_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                           uint8_t out[32], struct err *e)
{
    (void)e;
    CCHmac(kCCHmacAlgSHA256, key, key_len, bytes, len, out);
    return true;
}
