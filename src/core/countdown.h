/* countdown: when players are warned before a stop. Pure. Times in seconds; marks are minutes
 * before the end, descending, with 0 behind the last. */
#ifndef CORE_COUNTDOWN_H
#define CORE_COUNTDOWN_H

#include <stdint.h>

/* The mark to announce with left_s to go, where `warned` was the last (0 = none yet); 0 = nothing.
 * Of several that were passed unannounced only the nearest to the end counts. */
int countdown_due(const int *marks, int64_t left_s, int warned);
/* How long to sleep with left_s to go: to the next mark or the end, and no longer than tick_s. */
int64_t countdown_sleep_s(const int *marks, int64_t left_s, int64_t tick_s);
/* "10 minutes", "1 minute", "40 seconds": what is said of left_s, rounded as people do. */
void countdown_text(int64_t left_s, char out[32]);

#endif
