/* awake: asks the system not to fall asleep by itself while long work runs.
 *
 *     struct awake_report got;
 *     struct awake *hold = awake_hold(&(struct awake_opts){.why = "stop mc is under way"}, &got);
 *     ... say got.text once, work ...
 *     awake_release(hold);
 *
 * A hold never fails: where nothing could be had the work goes on all the same, and the report says
 * why. A service that hangs is given up after AWAKE_LIMIT_MS in all.
 *
 *             the computer                                    its display (only if asked for)
 *   Linux     logind or elogind: Inhibit "sleep:idle", block;  the desktop's ScreenSaver
 *             else the desktop's PowerManagement
 *   macOS     an assertion of IOKit                            another one
 *   Windows   execution state, held by a thread of its own,    the same for the display
 *             and a power request that carries the reason
 *
 * What no hold stops: a closed lid, the power button, sleep that its user or root orders, a flat
 * battery; on Windows with Modern Standby and on battery, five minutes after the screen went dark.
 *
 * Holds nest by count: a process asks the system once, in the words of the first hold, and lets go
 * with the last. What is held is a file descriptor, a connection, an assertion or a thread of this
 * process, not inherited by its children: the system takes it back whichever way the process ends,
 * kill -9 included. Safe from any thread.
 *
 * Facts: https://systemd.io/INHIBITOR_LOCKS, the idle inhibition spec of freedesktop.org, Apple's
 * IOPMLib.h, Microsoft's pages on SetThreadExecutionState and PowerSetRequest.
 */
#ifndef DOGS_AWAKE_H
#define DOGS_AWAKE_H

#include <stdbool.h>
#include <stdint.h>

enum { AWAKE_LIMIT_MS = 4000, AWAKE_NAME = 64, AWAKE_TEXT = 512 };

struct awake;

struct awake_opts {
    const char *why; /* for people who ask the system what keeps it awake; copied */
    bool display;    /* its display, too */
};

/* One of the two things that can be kept awake. */
struct awake_part {
    bool held;
    char by[AWAKE_NAME];    /* who grants it: "logind"; "" if nobody */
    char lacks[AWAKE_TEXT]; /* what was not available, and why; "" if all was */
};

struct awake_report {
    struct awake_part system, display; /* display is empty if it was not asked for */
    char text[3 * AWAKE_TEXT];         /* one line for people: what was obtained, what not, why */
};

struct awake *awake_hold(const struct awake_opts *opts, struct awake_report *got); /* never NULL */
void awake_release(struct awake *hold); /* NULL allowed */

/* Less is no sleep, but two clocks that were read one after the other. */
enum { AWAKE_SLEPT_MS = 5000 };

/* How long this computer has slept since a moment that means nothing: compare two. */
int64_t awake_slept_ms(void);

#endif
