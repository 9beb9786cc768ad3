/* pace: when to look again. Polls are saved while the end is far and spent where it is expected: on
 * average at most one per second of a run (up to PACE_BURST are saved, a run begins with
 * PACE_START), never two within PACE_MIN_MS. What a step took before is learnt per server in
 * <state>/durations.json. Times are the cloud's milliseconds. */
#ifndef CORE_PACE_H
#define CORE_PACE_H

#include <dogs/err.h>
#include <stdint.h>

enum { PACE_START = 10, PACE_BURST = 60, PACE_MIN_MS = 400, PACE_MAX_MS = 15000 };

struct pace {
    double saved; /* polls that may be spent now */
};

/* What is known of how long a step takes. */
struct span_seen {
    int64_t min_ms, max_ms; /* 0 = none was seen */
    int64_t typical_ms;     /* the last one, or a guess */
};

/* Milliseconds to sleep before the next poll, elapsed_ms after the step began. Pure but for p. */
int64_t pace_next(struct pace *p, const struct span_seen *seen, int64_t elapsed_ms);

struct spans;
struct spans *spans_load(const char *dir); /* never fails: what cannot be read is not known */
void spans_free(struct spans *s);
void spans_seen(const struct spans *s, const char *server, const char *step, struct span_seen *out);
void spans_learn(struct spans *s, const char *server, const char *step, int64_t took_ms);

#endif
