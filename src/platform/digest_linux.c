#include "digest_os.h"
#include <dogs/os.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

/* Found at run time: the program starts in a tenth of the time without the library, and most
 * commands compute nothing. */
#define CALLS(X)                                                                                   \
    X(EVP_MD_CTX_new)                                                                              \
    X(EVP_MD_CTX_free)                                                                             \
    X(EVP_DigestInit_ex)                                                                           \
    X(EVP_DigestUpdate)                                                                            \
    X(EVP_DigestFinal_ex)                                                                          \
    X(EVP_md5)                                                                                     \
    X(EVP_sha1)                                                                                    \
    X(EVP_sha256)                                                                                  \
    X(HMAC)

static struct {
#define X(name) __typeof__(&name) name;
    CALLS(X)
#undef X
} ssl;

struct digest_os {
    EVP_MD_CTX *ctx;
};

static bool load(struct err *e)
{
    static const char *const names[] = {DOGS_LATE_CRYPTO, NULL};
    static const struct os_symbol symbols[] = {
#define X(name) {#name, &ssl.name},
        CALLS(X){0}
#undef X
    };
    static struct os_library library = {.names = names, .symbols = symbols};
    if (os_load(&library, e))
        return true;
    err_wrap(e, "load OpenSSL's libcrypto");
    return err_hint(e, "install it (Debian 12: apt install libssl3; Debian 13, Ubuntu 24.04: apt "
                       "install libssl3t64)");
}

bool digest_os_new(enum digest_kind kind, struct digest_os **out, struct err *e)
{
    if (!load(e))
        return false;
    const EVP_MD *md = kind == DIGEST_MD5    ? ssl.EVP_md5()
                       : kind == DIGEST_SHA1 ? ssl.EVP_sha1()
                                             : ssl.EVP_sha256();
    EVP_MD_CTX *ctx = ssl.EVP_MD_CTX_new();
    if (!ctx)
        abort();
    if (!ssl.EVP_DigestInit_ex(ctx, md, NULL)) {
        ssl.EVP_MD_CTX_free(ctx);
        return err_set(e, ERR_FAILED, "this computer's OpenSSL refuses to");
    }
    *out = xcalloc(1, sizeof **out);
    (*out)->ctx = ctx;
    return true;
}

void digest_os_add(struct digest_os *d, const void *bytes, size_t len)
{
    ssl.EVP_DigestUpdate(d->ctx, bytes, len);
}

void digest_os_end(struct digest_os *d, uint8_t *out)
{
    ssl.EVP_DigestFinal_ex(d->ctx, out, NULL);
}

void digest_os_again(struct digest_os *d)
{
    /* Without a kind: the same again, which needs no look-up. */
    ssl.EVP_DigestInit_ex(d->ctx, NULL, NULL);
}

void digest_os_free(struct digest_os *d)
{
    ssl.EVP_MD_CTX_free(d->ctx);
    free(d);
}

bool digest_os_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                           uint8_t out[32], struct err *e)
{
    if (!load(e))
        return false;
    if (key_len > INT_MAX || !ssl.HMAC(ssl.EVP_sha256(), key, (int)key_len, bytes, len, out, NULL))
        return err_set(e, ERR_FAILED, "this computer's OpenSSL refuses to");
    return true;
}
