/* Satisfactory's light query: whether one can play. How many do, only the API knows
 * (satisfactory_api.c), which this hands on to.
 *
 * Question: u16 magic, u8 type 0, u8 version, u64 cookie, u8 end. Answer: type 1, the same cookie,
 * u8 state, u32 build, u64 flags, u8 n times (u8 id, u16 version), u16 length, name, u8 end; all
 * little-endian. Source: DedicatedServerAPIDocs.md beside the dedicated server. */
#include "talk.h"

#include <stdio.h>

enum { MAGIC = 0xf6d5, POLL = 0, STATE = 1, VERSION = 1, END = 1 };
enum { OFFLINE = 0, IDLE = 1, LOADING = 2, PLAYING = 3 };

static enum talk_next begin(struct talk *t)
{
    put_u16le(&t->out, MAGIC);
    put_u8(&t->out, POLL);
    put_u8(&t->out, VERSION);
    put_u64le(&t->out, t->nonce);
    put_u8(&t->out, END);
    return TALK_SEND;
}

static enum talk_next on_state(struct talk *t, unsigned state)
{
    t->answer->up = state == PLAYING;
    switch (state) {
    case PLAYING:
        return talk_uncounted(t, "the light query does not say how many play");
    case IDLE: /* a server without a game, which is to be made or loaded first */
        return talk_uncounted(t, "the server has no game loaded");
    case LOADING: /* its API is silent meanwhile */
        return talk_bad(t, ERR_REFUSED, "the server is loading a game");
    case OFFLINE:
        return talk_bad(t, ERR_REFUSED, "the server says that it is offline");
    default:
        return talk_bad(t, ERR_PROTOCOL, "unknown state %u in the light query's answer", state);
    }
}

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    struct reader r = reader_of(bytes, len);
    struct game_answer *a = t->answer;
    (void)status;

    bool ours = take_u16le(&r) == MAGIC;
    ours = take_u8(&r) == STATE && ours;
    ours = take_u8(&r) == VERSION && ours;
    ours = take_u64le(&r) == t->nonce && ours;
    if (!ours)
        return TALK_MORE; /* somebody else's, or an answer to an older question */
    unsigned state = take_u8(&r);
    uint32_t build = take_u32le(&r);
    take_u64le(&r);
    take_bytes(&r, (size_t)take_u8(&r) * 3);
    size_t name_len = take_u16le(&r);
    const unsigned char *name = take_bytes(&r, name_len);
    if (take_u8(&r) != END) /* of what is cut off a 0 is read */
        return talk_bad(t, ERR_PROTOCOL, "the light query's answer is cut off or of another kind");
    talk_text(a->title, sizeof a->title, (const char *)name, name_len);
    snprintf(a->version, sizeof a->version, "build %lu", (unsigned long)build);
    return on_state(t, state);
}

const struct protocol protocol_satisfactory = {
    .name = "satisfactory",
    .title = "Satisfactory's light query",
    .carrier = CARRY_UDP,
    .begin = begin,
    .feed = feed,
    .count = &protocol_satisfactory_api,
};
