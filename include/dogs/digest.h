/* digest: cryptographic checksums, from the system: libcrypto on Linux (loaded at first use),
 * CommonCrypto on macOS, CNG on Windows; and the cyclic ones that services tell.
 *
 *     struct digest *d;
 *     if (!digest_new(DIGEST_SHA256, &d, &e)) ...
 *     digest_add(d, bytes, len);
 *     digest_end(d, out);            // may be added to no more
 *     digest_free(d);
 *
 * A struct digest belongs to one thread at a time.
 */
#ifndef DOGS_DIGEST_H
#define DOGS_DIGEST_H

#include <dogs/err.h>
#include <stddef.h>
#include <stdint.h>

/* kind, name in messages and options, bytes */
#define DIGESTS(X)                                                                                 \
    X(MD5, "md5", 16)                                                                              \
    X(SHA1, "sha1", 20)                                                                            \
    X(SHA256, "sha256", 32)                                                                        \
    X(CRC32, "crc32", 4)   /* ISO 3309, as gzip; big-endian bytes, as x-amz-checksum-crc32 */      \
    X(CRC32C, "crc32c", 4) /* Castagnoli; x-amz-checksum-crc32c */                                 \
    X(CRC64, "crc64", 8)   /* CRC-64/XZ: x-oss-hash-crc64ecma */

enum digest_kind {
#define X(kind, name, size) DIGEST_##kind,
    DIGESTS(X)
#undef X
        DIGEST_KINDS
};
enum { DIGEST_MAX = 32, DIGEST_HEX = 2 * DIGEST_MAX + 1 };

const char *digest_name(enum digest_kind kind);
size_t digest_size(enum digest_kind kind); /* bytes */

struct digest;
/* FAILED, with the package to install, if the system's library is not there. */
bool digest_new(enum digest_kind kind, struct digest **out, struct err *e);
void digest_add(struct digest *d, const void *bytes, size_t len);
void digest_end(struct digest *d, uint8_t out[DIGEST_MAX]);
void digest_again(struct digest *d); /* begins anew */
void digest_free(struct digest *d);

bool digest_of(enum digest_kind kind, const void *bytes, size_t len, uint8_t out[DIGEST_MAX],
               struct err *e);
bool digest_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                        uint8_t out[32], struct err *e);

void digest_hex(const uint8_t *bytes, size_t n, char *out); /* lower case, 2n+1 bytes */
/* n bytes from exactly 2n hex digits of any case; false otherwise. */
bool digest_from_hex(const char *hex, size_t n, uint8_t *out);
void digest_base64(const uint8_t *bytes, size_t n, char *out);     /* 4*((n+2)/3)+1 bytes */
bool digest_from_base64(const char *text, size_t n, uint8_t *out); /* exactly n bytes */

#endif
