/* awake_os: what each system's awake_*.c does for awake.c, which counts the holds. Private to this
 * folder. */
#ifndef PLATFORM_AWAKE_OS_H
#define PLATFORM_AWAKE_OS_H

#include <dogs/awake.h>

enum awake_what { AWAKE_SYSTEM, AWAKE_DISPLAY, AWAKE_WHATS };

/* Asks the system and fills *got. NULL where nothing is held. Called by one thread at a time. */
struct awake_os *awake_os_take(enum awake_what what, const char *why, struct awake_part *got);
void awake_os_drop(struct awake_os *os); /* NULL allowed */

#endif
