#include "digest_os.h"
#include "late.h"
#include <dogs/str.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

struct digest_os {
    EVP_MD_CTX *ctx;
};

bool digest_os_new(enum digest_kind kind, struct digest_os **out, struct err *e)
{
    if (!late_crypto(e))
        return false;
    const EVP_MD *md = kind == DIGEST_MD5    ? EVP_md5()
                       : kind == DIGEST_SHA1 ? EVP_sha1()
                                             : EVP_sha256();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx)
        abort();
    if (!EVP_DigestInit_ex(ctx, md, NULL)) {
        EVP_MD_CTX_free(ctx);
        return err_set(e, ERR_FAILED, "this computer's OpenSSL refuses to");
    }
    *out = xcalloc(1, sizeof **out);
    (*out)->ctx = ctx;
    return true;
}

void digest_os_add(struct digest_os *d, const void *bytes, size_t len)
{
    EVP_DigestUpdate(d->ctx, bytes, len);
}

void digest_os_end(struct digest_os *d, uint8_t *out)
{
    EVP_DigestFinal_ex(d->ctx, out, NULL);
}

void digest_os_again(struct digest_os *d)
{
    /* Without a kind: the same again, which needs no look-up. */
    EVP_DigestInit_ex(d->ctx, NULL, NULL);
}

void digest_os_free(struct digest_os *d)
{
    EVP_MD_CTX_free(d->ctx);
    free(d);
}

bool digest_os_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                           uint8_t out[32], struct err *e)
{
    if (!late_crypto(e))
        return false;
    if (key_len > INT_MAX || !HMAC(EVP_sha256(), key, (int)key_len, bytes, len, out, NULL))
        return err_set(e, ERR_FAILED, "this computer's OpenSSL refuses to");
    return true;
}
