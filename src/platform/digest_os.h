/* digest_os: the checksums that the system computes (MD5, SHA-1, SHA-256). Private to platform. */
#ifndef DOGS_PLATFORM_DIGEST_OS_H
#define DOGS_PLATFORM_DIGEST_OS_H

#include <dogs/digest.h>

struct digest_os;

bool digest_os_new(enum digest_kind kind, struct digest_os **out, struct err *e);
void digest_os_add(struct digest_os *d, const void *bytes, size_t len);
void digest_os_end(struct digest_os *d, uint8_t *out);
void digest_os_again(struct digest_os *d);
void digest_os_free(struct digest_os *d);
bool digest_os_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                           uint8_t out[32], struct err *e);

#endif
