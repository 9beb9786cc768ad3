/* late: OpenSSL's libcrypto, loaded when the first checksum is wanted: the program starts in a
 * tenth of the time without it, and most commands compute nothing. Private to platform.
 *
 * late_crypto_linux.c defines the functions of it that digest_linux.c uses, under their own names,
 * and passes each call on; one more needs a line there, for which the linker asks. Where libcrypto
 * is linked in (DOGS_LATE_LIBS off) late_never_linux.c stands in its place.
 */
#ifndef DOGS_PLATFORM_LATE_H
#define DOGS_PLATFORM_LATE_H

#include <dogs/err.h>

/* To succeed before the first call of any function of it. FAILED, with the package's name, if the
 * library is not here. Safe from any thread; quick once it is loaded. */
bool late_crypto(struct err *e);

#endif
