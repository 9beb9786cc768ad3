/* limiter: the request limits of the API (reference 1.3), counted on virtual time within one
 * process. Whether they are enforced is the setting "rate_limit"; a fast clock would use them up.
 */
#ifndef SANDBOX_LIMITER_H
#define SANDBOX_LIMITER_H

#include "world.h"

enum { LIMITER_MAX = 5000 };

struct limiter {
    int64_t at_ms[LIMITER_MAX]; /* a ring of the requests of the last hour */
    size_t first, n;
    int64_t keys_at_ms[LIMITER_MAX]; /* those to /v2/account/keys */
    size_t keys_first, keys_n;
};

struct rate {
    int64_t limit, remaining, reset_s; /* for the headers */
    bool refused;
    int64_t retry_after_s; /* 0 = the hourly limit: no such header */
};

void limiter_note(struct limiter *l, const struct world *w, int64_t now, bool key_list,
                  struct rate *out);

#endif
