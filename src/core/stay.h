/* stay: "not yet": the time until which a server's stop is put off, in <state>/<server>.stay. A
 * file of its own, not the journal's: whoever asks does not hold the server. Rubbish in it is no
 * wish. Private to core. */
#ifndef CORE_STAY_H
#define CORE_STAY_H

#include <dogs/err.h>
#include <stdint.h>

/* Unix seconds by the cloud's clock; 0 = there is no such wish, or it is over at `now`, or it is
 * farther off than anybody can ask for. */
int64_t stay_until(const char *dir, const char *server, int64_t now);
bool stay_set(const char *dir, const char *server, int64_t until, struct err *e); /* 0 = no more */

#endif
