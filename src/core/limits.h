/* limits: how much of a session's hours and of the budgets is used, and what follows. Pure but for
 * limits_allow. Private to core.
 *
 * `dogs start` asks limits_allow; who watches a running server asks limits_now: at 80 % of any
 * limit players and owner are warned, at 100 % an orderly stop is due. */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

#include "cost.h"
#include "engine.h"

enum { LIMIT_NEAR_PERCENT = 80, EVENING_HOURS = 4 };

enum limit_level { LIMIT_FREE, LIMIT_NEAR, LIMIT_REACHED };
enum limit_kind { LIMIT_HOURS, LIMIT_SESSION, LIMIT_MONTH, LIMIT_ALL_MONTH, LIMIT_KINDS };
const char *limit_name(enum limit_kind kind); /* "max_hours" */

/* Used and allowed, of the same unit: seconds, or millionths of a dollar. */
struct limit {
    int64_t used, most; /* most 0 = no limit */
};
struct limits {
    struct limit of[LIMIT_KINDS];
    int64_t hourly; /* what each further hour costs */
};

enum limit_level limit_judge(struct limit l);
/* The limit that is nearest to its end, in time. level FREE and left_s -1 where there is none. */
struct limits_state {
    enum limit_level level;
    enum limit_kind kind;
    int64_t near_s, left_s; /* until 80 % and 100 %; 0 = now */
};
struct limits_state limits_now(const struct limits *l);

/* What a month has cost so far, from below. */
struct month_cost {
    int64_t droplets_udollars, storage_udollars;
    size_t n_unknown; /* droplets whose end this host does not know */
    size_t n_damaged; /* lines of its history that cannot be read */
};
struct spent;
struct account_look;
/* server NULL = of all that are ours. now: the cloud's. */
void month_cost(const struct prices_cfg *prices, const char *server,
                const struct account_look *look, const struct spent *spent, size_t n, int64_t now,
                struct month_cost *out);

/* Says what the evening will cost, and refuses with GUARD what would pass the month's budget. */
struct run;
bool limits_allow(struct run *r, struct err *e);
/* Adds what this run saw of its droplet to the history. */
void limits_note(struct run *r);

#endif
