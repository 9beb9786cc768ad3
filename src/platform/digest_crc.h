/* digest_crc: cyclic redundancy checks of up to 64 bits, low bit first. Private to platform. */
#ifndef DOGS_PLATFORM_DIGEST_CRC_H
#define DOGS_PLATFORM_DIGEST_CRC_H

#include <dogs/digest.h>

bool crc_is(enum digest_kind kind); /* one of CRC32, CRC32C, CRC64 */
uint64_t crc_begin(enum digest_kind kind);
uint64_t crc_add(enum digest_kind kind, uint64_t crc, const void *bytes, size_t len);
uint64_t crc_end(enum digest_kind kind, uint64_t crc);

#endif
