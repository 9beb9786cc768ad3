/* block_hash: Dropbox's content_hash, the SHA-256 of the SHA-256s of the file's blocks of 4 MiB one
 * after the other; of an empty file that of nothing (its page "Content hash").
 *
 *     struct block_hash *h;
 *     if (!block_hash_new(&h, &e)) ...
 *     block_hash_add(h, bytes, len);    // in pieces of any length, from the file's beginning
 *     block_hash_end(h, out);           // may be added to no more
 *     block_hash_free(h);
 *
 * Belongs to one thread at a time.
 */
#ifndef TRANSFER_BLOCK_HASH_H
#define TRANSFER_BLOCK_HASH_H

#include <dogs/digest.h>

enum { BLOCK_HASH_BLOCK = 4 * 1024 * 1024, BLOCK_HASH_SIZE = 32 };

struct block_hash;
bool block_hash_new(struct block_hash **out, struct err *e); /* fails as digest_new does */
void block_hash_add(struct block_hash *h, const void *bytes, size_t len);
void block_hash_end(struct block_hash *h, uint8_t out[BLOCK_HASH_SIZE]);
void block_hash_again(struct block_hash *h); /* begins anew */
void block_hash_free(struct block_hash *h);  /* NULL allowed */

#endif
