/* game_sockets: listening sockets and connections within bounds; what is read is handed to one
 * function, what it says is sent. It knows nothing of the world. */
#ifndef SANDBOX_GAME_SOCKETS_H
#define SANDBOX_GAME_SOCKETS_H

#include "game_respond.h"
#include "world.h"

#include <dogs/sock.h>

enum { ENDPOINTS_MOST = 128, CONNECTIONS_MOST = 64, CONNECTION_IDLE_MS = 30000 };

struct endpoint {
    const struct responder *responder;
    int64_t game_id;
    uint16_t port;
    char address[16];
};

typedef size_t endpoint_answer(void *ctx, const struct endpoint *to, struct talker *t,
                               const unsigned char *bytes, size_t len, struct response *r);

struct listener {
    struct endpoint at;
    struct sock *sock;
};

struct connection {
    struct endpoint at;
    struct sock *sock;
    struct talker talker;
    struct str in, out;
    bool closing; /* once all of out has gone */
    int64_t last_ms;
};

struct sockets {
    endpoint_answer *answer;
    void *ctx;
    struct sock *woken;
    struct listener listeners[ENDPOINTS_MOST];
    size_t n_listeners;
    struct connection connections[CONNECTIONS_MOST];
    size_t n_connections;
};

/* *wake: what another thread writes to, to end a turn; NULL if there is no such socket to be had,
 * then turns end by time alone. */
void sockets_open(struct sockets *s, endpoint_answer *answer, void *ctx, struct sock **wake);
void sockets_close(struct sockets *s);
/* Opens and closes until these are open, as far as the system lets us; *open: their games. */
void sockets_want(struct sockets *s, const struct endpoint *want, size_t n, struct ints *open);
/* Serves for at most ms, or until woken. False once stopped. */
bool sockets_turn(struct sockets *s, int ms, struct cancel *stop);

#endif
