/* remote: a script run on a droplet by the system's ssh. Private to core.
 *
 * The script goes to the shell's standard input, so that nothing of it (addresses that are keys,
 * passwords) stands on a command line on either side. Scripts name files of the droplet as
 * "${DOGS_ROOT-}/srv/…": the sandbox's droplets are folders, and it sets DOGS_ROOT to theirs.
 */
#ifndef CORE_REMOTE_H
#define CORE_REMOTE_H

#include "engine.h"

/* Runs `script` with sh on the droplet as root, through the config's ssh_command. *out (may be
 * NULL; yours to release) is what it printed, up to max bytes. FAILED with the last line of its
 * stderr if its status is not 0; NETWORK if ssh could not get there (its status 255; the hint says
 * how to look); NOT_FOUND: no ssh program; TIMEOUT, INTERRUPTED. */
bool remote_sh(const struct config *cfg, const char *host, const char *script, int64_t timeout_ms,
               size_t max, struct str *out, struct cancel *cancel, struct err *e);

/* 'text' as one word for sh. Adds to out. */
void remote_quote(struct str *out, const char *text);

#endif
