/* history: what a droplet's actions, newest first, tell about its disk. Pure. Private to core.
 *
 * A snapshot holds all of a disk only if the machine was off when it began and nothing but
 * snapshots happened since. Actions tell when a shutdown was asked for, not when the machine was
 * off; what a run saw itself comes in as `off_at`. */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include <dogs/cloud.h>

bool history_busy(const struct action *actions, size_t n);
const struct action *history_running_snapshot(const struct action *actions, size_t n); /* or NULL */

/* The newest completed snapshot, if nothing but snapshots happened since the machine was told to
 * shut down before it; else NULL. */
const struct action *history_final_snapshot(const struct action *actions, size_t n);

/* True if the last thing told to the machine was to go off. */
bool history_stopping(const struct action *actions, size_t n);

/* True unless the disk cannot have changed since a snapshot that began at `began`. `off_at`: when
 * the machine was seen off before it; 0 = nobody looked. */
bool history_changed(const struct action *actions, size_t n, int64_t began, int64_t off_at);

/* True unless nothing but snapshots was begun since. A history without even the droplet's creation
 * is not believed. */
bool history_touched(const struct action *actions, size_t n, int64_t since);

#endif
