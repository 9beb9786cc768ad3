#include "digest_crc.h"
#include "digest_os.h"
#include <dogs/str.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} kinds[DIGEST_KINDS] = {
#define X(kind, name, size) [DIGEST_##kind] = {name, size},
    DIGESTS(X)
#undef X
};

const char *digest_name(enum digest_kind kind)
{
    return kinds[kind].name;
}

size_t digest_size(enum digest_kind kind)
{
    return kinds[kind].size;
}

struct digest {
    enum digest_kind kind;
    uint64_t crc;
    struct digest_os *os; /* NULL for the cyclic ones */
};

bool digest_new(enum digest_kind kind, struct digest **out, struct err *e)
{
    struct digest_os *os = NULL;
    bool cyclic = crc_is(kind);
    if (!cyclic && !digest_os_new(kind, &os, e))
        return err_wrap(e, "compute %s", digest_name(kind));
    struct digest *d = xcalloc(1, sizeof *d);
    *d = (struct digest){.kind = kind, .crc = cyclic ? crc_begin(kind) : 0, .os = os};
    *out = d;
    return true;
}

void digest_add(struct digest *d, const void *bytes, size_t len)
{
    if (d->os)
        digest_os_add(d->os, bytes, len);
    else
        d->crc = crc_add(d->kind, d->crc, bytes, len);
}

void digest_end(struct digest *d, uint8_t out[DIGEST_MAX])
{
    if (d->os) {
        digest_os_end(d->os, out);
        return;
    }
    uint64_t crc = crc_end(d->kind, d->crc);
    for (size_t i = kinds[d->kind].size; i-- > 0; crc >>= 8)
        out[i] = (uint8_t)crc;
}

void digest_again(struct digest *d)
{
    if (d->os)
        digest_os_again(d->os);
    else
        d->crc = crc_begin(d->kind);
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    if (d->os)
        digest_os_free(d->os);
    free(d);
}

bool digest_of(enum digest_kind kind, const void *bytes, size_t len, uint8_t out[DIGEST_MAX],
               struct err *e)
{
    struct digest *d = NULL;
    if (!digest_new(kind, &d, e))
        return false;
    digest_add(d, bytes, len);
    digest_end(d, out);
    digest_free(d);
    return true;
}

bool digest_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                        uint8_t out[32], struct err *e)
{
    return digest_os_hmac_sha256(key, key_len, bytes, len, out, e) ? true
                                                                   : err_wrap(e, "compute HMAC");
}

void digest_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool digest_from_hex(const char *hex, size_t n, uint8_t *out)
{
    if (strlen(hex) != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++, hex += 2) {
        int high = hex_value(hex[0]), low = hex_value(hex[1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void digest_base64(const uint8_t *bytes, size_t n, char *out)
{
    for (; n > 0; bytes += 3) {
        size_t has = n < 3 ? n : 3;
        unsigned three = (unsigned)bytes[0] << 16 | (has > 1 ? (unsigned)bytes[1] << 8 : 0) |
                         (has > 2 ? bytes[2] : 0);
        for (size_t i = 0; i < 4; i++)
            *out++ = i <= has ? base64[three >> (18 - 6 * i) & 63] : '=';
        n -= has;
    }
    *out = '\0';
}

bool digest_from_base64(const char *text, size_t n, uint8_t *out)
{
    if (strlen(text) != 4 * ((n + 2) / 3))
        return false;
    for (; n > 0; text += 4) {
        size_t has = n < 3 ? n : 3;
        unsigned three = 0;
        for (size_t i = 0; i < 4; i++) {
            const char *digit = i <= has ? strchr(base64, text[i]) : NULL;
            if (i <= has ? !digit : text[i] != '=')
                return false;
            three = three << 6 | (digit ? (unsigned)(digit - base64) : 0);
        }
        /* What is left of the last digit must be 0: one meaning, one spelling. */
        if (has < 3 && three & (has == 1 ? 0xFFFFu : 0xFFu))
            return false;
        for (size_t i = 0; i < has; i++)
            *out++ = (uint8_t)(three >> (16 - 8 * i));
        n -= has;
    }
    return true;
}
