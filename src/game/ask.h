/* ask: moves the bytes of many talks at once in the calling thread. Private to game.
 *
 *     struct ask a = {.protocol = p, .place = place, .port = 25565, .answer = &answer};
 *     if (!asks_run(net, &a, 1, cancel, &e)) ...   // INTERRUPTED, or libcurl is missing
 *     ... answer, a.err, a.done_ok ...
 */
#ifndef GAME_ASK_H
#define GAME_ASK_H

#include "talk.h"

#include <dogs/http_flow.h>
#include <dogs/sock.h>

enum { ASK_ADDRESSES = 8 };

struct ask {
    /* Given. */
    const struct protocol *protocol;
    const struct game_place *place;
    uint16_t port;
    struct game_answer *answer;
    int try_ms, tries; /* of silence, and how often then; an order has one try */
    bool telling, names;
    enum game_order order;
    const char *text;
    int order_ms; /* telling: silence after which it is given up */

    /* What came of it: err.code is OK where the talk ended well. */
    struct err err;
    bool done_ok;

    /* ask.c's own. */
    struct talk talk;
    bool over, heard, connected;
    struct sock *sock;
    struct sock_addr addresses[ASK_ADDRESSES];
    size_t n_addresses;
    int attempt;
    size_t sent; /* bytes of talk.out */
    int64_t began_ms, deadline_ms, give_up_ms;
    struct asks *asks;
    struct http_flow *flow;
};

/* False if cancelled or nothing could be begun: then what has not ended is unknown. */
bool asks_run(struct game_net *net, struct ask *asks, size_t n, struct cancel *cancel,
              struct err *e);

/* tell.c: where orders go, and what they and some questions need. */
uint16_t ask_admin_port(const struct game_place *place);
bool ask_has_password(const struct game_place *place, struct err *e); /* else CONFIG */
struct ask ask_of(const struct game_opts *opts, const struct game_place *place,
                  const struct protocol *p, uint16_t port, struct game_answer *answer);

#endif
