/* log: one line at a time to the sink that main chose, with every known secret masked.
 * The log is for finding faults (-v, --debug); what a user is told goes through events and errors.
 * Safe from any thread. */
#ifndef DOGS_LOG_H
#define DOGS_LOG_H

#include <dogs/printf.h>
#include <stdbool.h>

enum log_level { LOG_QUIET, LOG_WARN, LOG_INFO, LOG_DEBUG };

typedef void log_sink(void *ctx, enum log_level level, const char *line);

/* Lines above `level` are dropped before they are formatted. sink NULL: nothing is written. */
void log_open(enum log_level level, log_sink *sink, void *ctx);
bool log_wants(enum log_level level);
void log_line(enum log_level level, const char *fmt, ...) PRINTF(2, 3);

/* From now on `secret` is replaced by "***" in everything that passes log_line or log_mask.
 * Secrets under 8 bytes are ignored (they would mask ordinary words). */
void log_secret(const char *secret);

/* Masks in place: known secrets, and whatever looks like a DigitalOcean token (dop_v1_…). Faces
 * call it on every error text before printing. */
void log_mask(char *text);

#endif
