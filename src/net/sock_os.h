/* sock_os: what sock_lookup.c needs of the system. Private to net. */
#ifndef DOGS_NET_SOCK_OS_H
#define DOGS_NET_SOCK_OS_H

#include <dogs/sock.h>

enum sock_found { SOCK_FOUND, SOCK_NO_NAME, SOCK_NO_RESOLVER };

/* Blocks as long as the system's resolver does, unless `numeric`: then only a numeric address is
 * understood. At least one address with SOCK_FOUND; else why, in the system's words. */
enum sock_found sock_resolve(const char *host, uint16_t port, bool numeric, struct sock_addr *out,
                             size_t max, size_t *n, char *why, size_t why_size);

#endif
