#include "late.h"

#include <dogs/os.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

/* Result, name, parameters, the same as arguments. */
#define CALLS(X)                                                                                   \
    X(EVP_MD_CTX *, EVP_MD_CTX_new, (void), ())                                                    \
    X(void, EVP_MD_CTX_free, (EVP_MD_CTX * ctx), (ctx))                                            \
    X(int, EVP_DigestInit_ex, (EVP_MD_CTX * ctx, const EVP_MD *kind, ENGINE *engine),              \
      (ctx, kind, engine))                                                                         \
    X(int, EVP_DigestUpdate, (EVP_MD_CTX * ctx, const void *bytes, size_t len), (ctx, bytes, len)) \
    X(int, EVP_DigestFinal_ex, (EVP_MD_CTX * ctx, unsigned char *out, unsigned *len),              \
      (ctx, out, len))                                                                             \
    X(const EVP_MD *, EVP_md5, (void), ())                                                         \
    X(const EVP_MD *, EVP_sha1, (void), ())                                                        \
    X(const EVP_MD *, EVP_sha256, (void), ())                                                      \
    X(unsigned char *, HMAC,                                                                       \
      (const EVP_MD *kind, const void *key, int key_len, const unsigned char *bytes, size_t len,   \
       unsigned char *out, unsigned *out_len),                                                     \
      (kind, key, key_len, bytes, len, out, out_len))

static struct {
#define X(result, name, ...) __typeof__(&name) name;
    CALLS(X)
#undef X
} real;

bool late_crypto(struct err *e)
{
    static const char *const names[] = {DOGS_LATE_CRYPTO, NULL};
    static const struct os_symbol symbols[] = {
#define X(result, name, ...) {#name, &real.name},
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

#define X(result, name, parameters, arguments)                                                     \
    result name parameters                                                                         \
    {                                                                                              \
        return real.name arguments;                                                                \
    }
CALLS(X)
#undef X
