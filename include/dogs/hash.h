/* hash: checksums against accident, not against an enemy. */
#ifndef DOGS_HASH_H
#define DOGS_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 64 bits (constants from the authors' page, isthe.com/chongo/tech/comp/fnv). */
uint64_t hash_fnv64(const void *bytes, size_t len);

#endif
