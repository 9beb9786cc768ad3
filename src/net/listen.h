/* listen: a TCP socket that listens at exactly one numeric address. Private to net. */
#ifndef DOGS_NET_LISTEN_H
#define DOGS_NET_LISTEN_H

#include <dogs/err.h>

/* `address` is a numeric IPv4 or IPv6 address or "localhost" (127.0.0.1). On success *fd is yours
 * and *bound the port that was given. CONFIG: not such an address. NETWORK: taken,
 * forbidden, or no address of this machine; the hint tells what to try. */
bool listen_open(const char *address, int port, int *fd, int *bound, struct err *e);

#endif
