/* idle: when a server may be stopped because nobody plays. Pure: readings and their times go in, a
 * verdict comes out; who reads and who stops is watch.c's matter. Private to core.
 *
 * A server is idle when its start grace is over, `zeros` readings in a row said that nobody plays,
 * they span the window, and its traffic is low. An unknown reading is none: it neither counts nor
 * breaks the row, but a row in which gap_s passed without a reading is broken. Any player begins
 * everything anew. Times are the cloud's Unix seconds.
 */
#ifndef CORE_IDLE_H
#define CORE_IDLE_H

#include <stdbool.h>
#include <stdint.h>

struct idle_rule {
    int64_t grace_s;        /* after its droplet was made nothing is decided for so long */
    int zeros;              /* readings in a row, at least */
    int64_t window_s;       /* that they span, at least */
    int64_t never_joined_s; /* the window where nobody was ever seen */
    int64_t gap_s;          /* longest time between two readings of a row */
    int64_t alarm_s;        /* unknown for so long is worth an alarm */
    int64_t max_s;          /* hard maximum of a session; 0 = none */
    int64_t lead_s;         /* how long before it the stop begins, which warns */
    bool traffic;           /* the second signal is wanted */
};

enum traffic { TRAFFIC_UNKNOWN, TRAFFIC_LOW, TRAFFIC_HIGH };

struct idle {
    int64_t since; /* its droplet was made */
    int64_t seen_at, zero_since, zero_at, unknown_since;
    int zeros;
    bool joined, alarmed;
};

enum idle_verdict {
    IDLE_STAY,
    IDLE_ALARM,   /* unknown for long: said once for each time */
    IDLE_TRAFFIC, /* all but the second signal says so: read it and ask idle_traffic */
    IDLE_EMPTY,   /* stop it, if it is empty still */
    IDLE_MAX,     /* stop it in any case, with a warning */
};

void idle_begin(struct idle *s, int64_t since);
/* players: -1 = unknown. */
enum idle_verdict idle_feed(struct idle *s, const struct idle_rule *r, int64_t at, int players);
/* After IDLE_TRAFFIC, of the same reading. Traffic that cannot be known doubles the window. */
enum idle_verdict idle_traffic(const struct idle *s, const struct idle_rule *r, enum traffic t);
/* Nobody looked for a while, or something may have happened meanwhile: the row begins anew. */
void idle_forget(struct idle *s);
/* Seconds until it is idle at the earliest, if every reading from now on is zero; -1 if somebody
 * plays or that is not known. */
int64_t idle_left(const struct idle *s, const struct idle_rule *r, int64_t now);

#endif
