/* sum: a digest, or Dropbox's hash of blocks, so that who compares need not know which. Private to
 * transfer. */
#ifndef TRANSFER_SUM_H
#define TRANSFER_SUM_H

#include <dogs/digest.h>

enum { SUM_BLOCKS = DIGEST_KINDS }; /* kinds: those of digest.h, and this */

struct sum;
bool sum_new(int kind, struct sum **out, struct err *e);
const char *sum_name(int kind);
size_t sum_size(int kind);
void sum_add(struct sum *s, const void *bytes, size_t len);
void sum_end(struct sum *s, uint8_t out[DIGEST_MAX]);
void sum_again(struct sum *s);
void sum_free(struct sum *s);

#endif
