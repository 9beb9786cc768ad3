/* sock: plain datagrams and streams for the protocols that are not HTTP. Nothing here blocks but
 * sock_wait and sock_lookup. sock_posix.c and sock_win32.c define the same functions.
 *
 * A struct sock belongs to one thread at a time.
 */
#ifndef DOGS_SOCK_H
#define DOGS_SOCK_H

#include <dogs/err.h>
#include <dogs/work.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sock_kind { SOCK_UDP, SOCK_TCP };

/* An address of either family with its port, as the system has it. */
struct sock_addr {
    unsigned char bytes[128];
    int len;
};
enum { SOCK_ADDR_TEXT = 64 };
void sock_addr_text(const struct sock_addr *a, char out[SOCK_ADDR_TEXT]); /* "127.0.0.1:27015" */
bool sock_addr_same(const struct sock_addr *a, const struct sock_addr *b);

/* The addresses of a host, at most max, the system's order. Numeric ones at once; names by the
 * system's resolver on a thread that is left behind, with all that it needs, when cancel or
 * time-out comes first. NOT_FOUND: no such name. NETWORK, TIMEOUT, INTERRUPTED. */
bool sock_lookup(const char *host, uint16_t port, struct sock_addr *out, size_t max, size_t *n,
                 int timeout_ms, struct cancel *cancel, struct err *e);

struct sock;
/* UDP: only datagrams of that peer are received. TCP: under way; it is writable once connected.
 * NULL: NETWORK, with `retryable`. */
struct sock *sock_connect(enum sock_kind kind, const struct sock_addr *peer, struct err *e);
/* Bound to a numeric address; TCP listens, too. Port 0 = any free one. NULL: NETWORK. */
struct sock *sock_listen(enum sock_kind kind, const char *address, uint16_t port, struct err *e);
uint16_t sock_port(const struct sock *s); /* its own */
/* The next who connected; NULL if there is none yet. */
struct sock *sock_accept(struct sock *listener, struct sock_addr *from);
void sock_close(struct sock *s); /* NULL allowed */

enum sock_state {
    SOCK_DONE,    /* *n bytes (a UDP datagram may have none) */
    SOCK_NOT_YET, /* try again when sock_wait says so */
    SOCK_CLOSED,  /* TCP: the peer has ended the stream. UDP: nobody has that port (ICMP). */
    SOCK_BROKEN,  /* reset, unreachable …; why in e */
};
/* A datagram longer than max is cut. from: NULL, or filled for UDP. */
enum sock_state sock_read(struct sock *s, void *to, size_t max, size_t *n, struct sock_addr *from,
                          struct err *e);
/* to: for a bound UDP socket; else NULL. TCP with len 0: SOCK_DONE once connected. */
enum sock_state sock_write(struct sock *s, const void *bytes, size_t len, size_t *n,
                           const struct sock_addr *to, struct err *e);

struct sock_poll {
    struct sock *sock;        /* NULL = left out */
    bool read, write;         /* wanted */
    bool can_read, can_write; /* said by sock_wait; an error makes both true */
};
/* Until one of them can, or ms have passed (-1: no limit), or cancel. False: INTERRUPTED. */
bool sock_wait(struct sock_poll *polls, size_t n, int ms, struct cancel *cancel, struct err *e);

#endif
