/* respond: how game servers answer, pure over bytes. game_serve.c moves them.
 *
 * A responder is handed one datagram, or what has come of a stream and was not used up yet, and
 * says in the response what goes back and what it was told to do. Layouts: the games' own
 * protocols, as described in their wikis and clients. */
#ifndef SANDBOX_GAME_RESPOND_H
#define SANDBOX_GAME_RESPOND_H

#include <dogs/str.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RESPONSE_MAX = 256 * 1024,
    RESPONSE_DATAGRAMS = 40,
    RESPONSE_REQUEST_MAX = 64 * 1024, /* of a stream, before it must have made sense */
    RESPONSE_TEXT = 1024,
};

enum game_order { ORDER_NONE, ORDER_WARN, ORDER_SAVE, ORDER_STOP };

/* What a server knows of itself at the moment. All lent. */
struct hosted {
    const char *protocol, *title;
    const char *password; /* its digest */
    char *const *names;
    size_t n_names; /* of the first players; the others are "player7" */
    int64_t players, max, port;
    bool starting;   /* its world still loads */
    bool save_fails; /* it refuses to save */
    uint64_t nonce;  /* of the droplet: challenges, ids */
};

/* What is remembered of one connection. */
struct talker {
    int stage;
    bool admitted;
};

struct response {
    struct str out;
    size_t ends[RESPONSE_DATAGRAMS]; /* of the datagrams within out */
    size_t n_ends;
    bool close; /* after what is in out */
    enum game_order order;
    char text[RESPONSE_TEXT]; /* of the order */
};

struct responder {
    const char *protocol;
    bool tcp;
    uint16_t port; /* usual */
    /* How many bytes were used; 0 = more must come. Of a datagram: does not matter. */
    size_t (*answer)(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                     size_t len, struct response *r);
};
/* All rows; one protocol may have several, of other kinds of socket. NULL after the last. */
const struct responder *responder_at(size_t i);
bool responder_known(const char *protocol);
uint16_t responder_port(const char *protocol);

/* For the responders. */
void wire_u8(struct str *s, unsigned v);
void wire_u16le(struct str *s, unsigned v);
void wire_u16be(struct str *s, unsigned v);
void wire_u32le(struct str *s, uint32_t v);
void wire_u64le(struct str *s, uint64_t v);
void wire_text(struct str *s, const char *text); /* with its NUL */
uint32_t wire_get_u32le(const unsigned char *p);
void response_datagram(struct response *r); /* what was added since the last one is one */
void response_order(struct response *r, enum game_order order, const char *text, size_t len);
/* Passwords are kept as digests, because whoever is on this computer may read the world. "" stays
 * "", and then nobody is let in; "*" stays "*", and then everybody is. */
#define ANY_PASSWORD "*"
enum { PASSWORD_DIGEST = 65 };
void password_digest(const char *password, char out[PASSWORD_DIGEST]);
bool hosted_admits(const struct hosted *h, const char *password);
/* The name of the i-th player. */
const char *hosted_name(const struct hosted *h, size_t i, char out[32]);

size_t respond_java(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                    size_t len, struct response *r);
size_t respond_bedrock(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                       size_t len, struct response *r);
size_t respond_a2s(const struct hosted *h, struct talker *t, const unsigned char *bytes, size_t len,
                   struct response *r);
size_t respond_quake3(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                      size_t len, struct response *r);
size_t respond_luanti(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                      size_t len, struct response *r);
size_t respond_rcon(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                    size_t len, struct response *r);
size_t respond_satisfactory(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                            size_t len, struct response *r);
size_t respond_http(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                    size_t len, struct response *r);
size_t respond_tcp(const struct hosted *h, struct talker *t, const unsigned char *bytes, size_t len,
                   struct response *r);

/* A request that respond_http has read: its own answer per protocol, in game_rest.c. */
struct rest_request {
    const char *method, *path, *query, *bearer, *basic, *body; /* "" = none */
};
/* The status; the JSON goes into out. */
int rest_answer(const struct hosted *h, const struct rest_request *q, struct response *r,
                struct str *out);
/* The value of a parameter of the query, decoded; "" = absent. */
void rest_parameter(const char *query, const char *name, char *out, size_t size);

#endif
