/* cost: money as millionths of a dollar. Pure. What the API tells (a size's prices per hour and
 * month) comes in; what it does not tell stands in one dated list, which the config overrides. */
#ifndef CORE_COST_H
#define CORE_COST_H

#include <dogs/config.h>
#include <stdint.h>

enum price_of { PRICE_SNAPSHOT_GB_MONTH, PRICE_MINIMUM, PRICE_MINIMUM_S, PRICE_COUNT };
struct price {
    const char *what;
    int64_t value; /* millionths of a dollar, or seconds */
    const char *since, *source;
};
extern const struct price price_list[PRICE_COUNT];

/* `own`: the config's, NULL = none. */
int64_t cost_session(const struct prices_cfg *own, int64_t seconds, int64_t hourly,
                     int64_t monthly);
int64_t cost_storage_monthly(const struct prices_cfg *own, int64_t size_mb);

/* The calendar month (UTC, as bills are made) that t lies in: *from is its first second, *to the
 * first of the next. */
void cost_month(int64_t t, int64_t *from, int64_t *to);
/* The part of a session, from begin to end, that falls into the month [from, to). */
int64_t cost_session_within(const struct prices_cfg *own, int64_t begin, int64_t end,
                            int64_t hourly, int64_t monthly, int64_t from, int64_t to);
/* The same for a snapshot that is there from begin to end. */
int64_t cost_storage_within(const struct prices_cfg *own, int64_t size_mb, int64_t begin,
                            int64_t end, int64_t from, int64_t to);

#endif
