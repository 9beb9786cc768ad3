/* talk: a protocol as a conversation, pure over bytes. query.c moves the bytes; what is here never
 * sees a socket, so that every parser runs under a fuzzer exactly as it runs on the network.
 *
 * A talk goes: begin says what to send first; each datagram, or each piece of a stream, is fed;
 * feed says what to send next, that more is needed, or that it is over. On silence `late` is asked:
 * it may go on (another dialect, another try) or give up. At the end of a stream `end` is told.
 *
 * A question that is over without talk_bad is answered: the protocol has filled *t->answer (up,
 * players, max; -1 and `why` where they cannot be known). An order that is over without talk_bad
 * and without done_ok is one of which nobody knows whether it was done.
 */
#ifndef GAME_TALK_H
#define GAME_TALK_H

#include <dogs/game.h>

enum {
    TALK_REPLY_MAX = 1024 * 1024, /* of one answer, all pieces */
    TALK_SEND_MAX = 8 * 1024,
    TALK_ROUNDS_MAX = 12,       /* messages sent in one talk */
    TALK_PIECE_MAX = 64 * 1024, /* fed at once, over UDP and TCP */
};

enum carrier { CARRY_UDP, CARRY_TCP, CARRY_HTTP, CARRY_HTTPS };

enum talk_next {
    TALK_MORE, /* nothing to send; wait for more */
    TALK_SEND, /* send t->out (over CARRY_HTTP: the request in t->http) and wait */
    TALK_OVER, /* done: the answer, or t->err, is complete. UDP: a goodbye in t->out is still sent
                */
    TALK_ANEW, /* close, open again, and begin with t->out: another dialect */
};

/* One conversation under way. */
struct talk {
    const struct protocol *protocol;
    const struct game_place *place;
    uint16_t port;          /* where it is spoken to */
    bool telling;           /* an order; else a question */
    enum game_order order;  /* of an order */
    const char *text;       /* of GAME_WARN: already one line, printable */
    bool names;             /* the question: names as well */
    uint64_t nonce;         /* drawn for this talk: session ids, cookies, challenges */
    int stage;              /* the protocol's own; 0 at first */
    int rounds;             /* talk.c's own: messages sent */
    struct str in;          /* of a stream: what came and was not used up yet */
    struct str out;         /* what to send */
    struct {                /* what to send over HTTP: out is the body; cleared before each call */
        const char *method; /* "GET", "POST" */
        char path[512];
        char bearer[1024]; /* "" = none */
        bool basic;        /* as the place's admin with its password */
    } http;
    void *own; /* the protocol's own memory; freed with free() */
    struct game_answer *answer;
    bool done_ok;   /* an order: it was done */
    struct err err; /* why not; code OK = nothing wrong */
};

struct protocol {
    const char *name;  /* "java" */
    const char *title; /* "Minecraft status" */
    enum carrier carrier;
    bool needs_password;
    /* TALK_SEND, TALK_ANEW or TALK_OVER. Over TCP with nothing to send: connect only. */
    enum talk_next (*begin)(struct talk *t);
    /* UDP: one datagram. TCP: t->in has grown by these bytes; and with none of them once the
     * connection stands, if there was nothing to send. HTTP: a whole body, and its
     * status. */
    enum talk_next (*feed)(struct talk *t, const unsigned char *bytes, size_t len, int status);
    /* No answer in time, TCP: of a connection that stands. NULL = over with TIMEOUT. TALK_MORE is
     * taken for TALK_OVER. */
    enum talk_next (*late)(struct talk *t);
    /* TCP: the peer closed. NULL = over, with NETWORK "cut off". TALK_MORE and TALK_SEND are taken
     * for TALK_OVER. */
    enum talk_next (*end)(struct talk *t);
    /* Asked at the admin port for the players where this one has answered and does not know them;
     * NULL = nobody. */
    const struct protocol *count;
};

/* The protocols: one file each. */
extern const struct protocol protocol_java, protocol_bedrock, protocol_a2s, protocol_quake3,
    protocol_luanti, protocol_java_query, protocol_tcp, protocol_satisfactory,
    protocol_satisfactory_api, protocol_rcon, protocol_factorio, protocol_tshock, protocol_palworld;

/* For who moves the bytes: the same in query.c and under the fuzzer. Each calls the protocol within
 * the limits above; what breaks them is over with PROTOCOL. With TALK_SEND and TALK_ANEW t->out
 * (and t->http) is what to send; it is the driver's until the next call, which clears it. */
void talk_init(struct talk *t, const struct protocol *p, const struct game_place *place,
               struct game_answer *answer, uint64_t nonce); /* empties *answer */
enum talk_next talk_begin(struct talk *t);
enum talk_next talk_feed(struct talk *t, const void *bytes, size_t len, int status);
enum talk_next talk_late(struct talk *t);
enum talk_next talk_end(struct talk *t);
void talk_release(struct talk *t);

/* For the protocols. A failure in words: the answer stays unknown, why = the words; TALK_OVER. */
enum talk_next talk_bad(struct talk *t, enum err_code code, const char *fmt, ...) PRINTF(3, 4);
/* Copies printable UTF-8 only: control characters, § and ^ colour codes, and broken bytes go. */
void talk_text(char *to, size_t size, const char *bytes, size_t len);
void talk_name(struct game_answer *a, const char *bytes, size_t len); /* one more, within the cap */
/* A number of players: decimal digits and nothing else. */
bool talk_count(const char *text, size_t len, int *out);
void talk_used(struct talk *t, size_t n); /* the first n bytes of t->in were understood */
/* The players alone are unknown, and this is why; the rest of the answer stands. TALK_OVER. */
enum talk_next talk_uncounted(struct talk *t, const char *fmt, ...) PRINTF(2, 3);
void put_u8(struct str *out, unsigned v);
void put_u16le(struct str *out, unsigned v), put_u16be(struct str *out, unsigned v);
void put_u32le(struct str *out, uint32_t v), put_u32be(struct str *out, uint32_t v);
void put_u64le(struct str *out, uint64_t v), put_u64be(struct str *out, uint64_t v);

/* Reading within bounds: a take beyond the end gives 0 and sets `short_`, once and for good. */
struct reader {
    const unsigned char *at, *end;
    bool short_;
};
struct reader reader_of(const void *bytes, size_t len);
size_t reader_left(const struct reader *r);
uint8_t take_u8(struct reader *r);
uint16_t take_u16le(struct reader *r), take_u16be(struct reader *r);
uint32_t take_u32le(struct reader *r), take_u32be(struct reader *r);
uint64_t take_u64le(struct reader *r), take_u64be(struct reader *r);
const unsigned char *take_bytes(struct reader *r, size_t n); /* NULL if short */
/* Up to a NUL, which is used up; NULL and short if there is none. *len without it. */
const char *take_text(struct reader *r, size_t *len);

#endif
