/* late: libcurl and libmicrohttpd, loaded when something is first to be sent or served. The two
 * bring some thirty libraries with them, which would cost a program that only shows its version ten
 * times what it costs itself. Private to net.
 *
 * late_curl.c and late_mhd.c define the functions of theirs that net uses, under the names and with
 * the types of their own headers, and pass each call on; so the rest of net is written as if it was
 * linked with them. A function that net comes to use needs a line there: the linker asks for it.
 * Where the two are linked in (DOGS_LATE_LIBS off) late_never.c stands in their place.
 */
#ifndef DOGS_NET_LATE_H
#define DOGS_NET_LATE_H

#include <dogs/err.h>

/* To succeed before the first call of any function of theirs. FAILED, with the package's name, if
 * the library is not here. Safe from any thread; quick once it is loaded. */
bool late_curl(struct err *e);
bool late_mhd(struct err *e);

#endif
