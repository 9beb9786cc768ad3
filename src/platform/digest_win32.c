#include "digest_os.h"

#include <dogs/str.h>
#include <limits.h>
#include <stdlib.h>
#include <windows.h>

#include <bcrypt.h>

/* Each is opened once and stays: that takes as long as hashing a megabyte. */
enum { PROVIDERS = DIGEST_KINDS + 1, HMAC = DIGEST_KINDS };
static const struct {
    const wchar_t *id;
    ULONG flags;
} algorithms[PROVIDERS] = {
    [DIGEST_MD5] = {BCRYPT_MD5_ALGORITHM, 0},
    [DIGEST_SHA1] = {BCRYPT_SHA1_ALGORITHM, 0},
    [DIGEST_SHA256] = {BCRYPT_SHA256_ALGORITHM, 0},
    [HMAC] = {BCRYPT_SHA256_ALGORITHM, BCRYPT_ALG_HANDLE_HMAC_FLAG},
};
static PVOID volatile providers[PROVIDERS];

struct digest_os {
    BCRYPT_ALG_HANDLE provider;
    BCRYPT_HASH_HANDLE hash;
    ULONG size;
};

static bool refused(NTSTATUS status, struct err *e)
{
    return err_set(e, ERR_FAILED, "Windows refuses to (status 0x%08lx)", (unsigned long)status);
}

static bool provider_of(int which, BCRYPT_ALG_HANDLE *out, struct err *e)
{
    *out = providers[which];
    if (*out)
        return true;
    NTSTATUS status =
        BCryptOpenAlgorithmProvider(out, algorithms[which].id, NULL, algorithms[which].flags);
    if (status != 0)
        return refused(status, e);
    PVOID other = InterlockedCompareExchangePointer(&providers[which], *out, NULL);
    if (other) {
        BCryptCloseAlgorithmProvider(*out, 0);
        *out = other;
    }
    return true;
}

bool digest_os_new(enum digest_kind kind, struct digest_os **out, struct err *e)
{
    BCRYPT_ALG_HANDLE provider;
    BCRYPT_HASH_HANDLE hash;
    if (!provider_of((int)kind, &provider, e))
        return false;
    NTSTATUS status = BCryptCreateHash(provider, &hash, NULL, 0, NULL, 0, 0);
    if (status != 0)
        return refused(status, e);
    *out = xcalloc(1, sizeof **out);
    **out =
        (struct digest_os){.provider = provider, .hash = hash, .size = (ULONG)digest_size(kind)};
    return true;
}

static NTSTATUS add(BCRYPT_HASH_HANDLE hash, const void *bytes, size_t len)
{
    const UCHAR *p = bytes;
    NTSTATUS status = 0;
    while (len > 0 && status == 0) {
        ULONG n = len < ULONG_MAX ? (ULONG)len : ULONG_MAX;
        status = BCryptHashData(hash, (PUCHAR)p, n, 0);
        p += n;
        len -= n;
    }
    return status;
}

void digest_os_add(struct digest_os *d, const void *bytes, size_t len)
{
    if (add(d->hash, bytes, len) != 0)
        abort();
}

void digest_os_end(struct digest_os *d, uint8_t *out)
{
    if (BCryptFinishHash(d->hash, out, d->size, 0) != 0)
        abort();
}

void digest_os_again(struct digest_os *d)
{
    BCryptDestroyHash(d->hash);
    if (BCryptCreateHash(d->provider, &d->hash, NULL, 0, NULL, 0, 0) != 0)
        abort();
}

void digest_os_free(struct digest_os *d)
{
    BCryptDestroyHash(d->hash);
    free(d);
}

bool digest_os_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                           uint8_t out[32], struct err *e)
{
    BCRYPT_ALG_HANDLE provider;
    BCRYPT_HASH_HANDLE hash;
    if (!provider_of(HMAC, &provider, e))
        return false;
    NTSTATUS status = BCryptCreateHash(provider, &hash, NULL, 0, (PUCHAR)key, (ULONG)key_len, 0);
    if (status != 0)
        return refused(status, e);
    status = add(hash, bytes, len);
    if (status == 0)
        status = BCryptFinishHash(hash, out, 32, 0);
    BCryptDestroyHash(hash);
    return status == 0 ? true : refused(status, e);
}
