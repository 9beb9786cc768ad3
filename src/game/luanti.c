/* Luanti (Minetest): the first exchange of its own transport over UDP, as the list of public
 * servers does it to see who is up. A packet without content makes the server give us a number; we
 * hand it back at once, so that no player is seen to come. How many play it tells nobody but that
 * list. (network/connection of Luanti's source: header of protocol id, peer, channel, type.) */
#include "talk.h"

enum {
    PROTOCOL_ID = 0x4f457403,
    NOBODY = 0, /* a client that has no number yet */
    SERVER = 1,
    CONTROL = 0,
    ORIGINAL = 1,
    RELIABLE = 3,
    SET_PEER_ID = 1,
    DISCO = 3,
};

static void say(struct talk *t, unsigned peer, unsigned type)
{
    put_u32be(&t->out, PROTOCOL_ID);
    put_u16be(&t->out, peer);
    put_u8(&t->out, 0);
    put_u8(&t->out, type);
}

static enum talk_next begin(struct talk *t)
{
    say(t, NOBODY, ORIGINAL);
    return TALK_SEND;
}

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    struct reader r = reader_of(bytes, len);
    (void)status;
    if (take_u32be(&r) != PROTOCOL_ID || take_u16be(&r) != SERVER)
        return talk_bad(t, ERR_PROTOCOL, "the answer is not that of a Luanti server");
    take_u8(&r);
    uint8_t type = take_u8(&r);
    if (type == RELIABLE) {
        take_u16be(&r);
        type = take_u8(&r);
    }
    uint8_t control = take_u8(&r);
    uint16_t peer = take_u16be(&r);
    /* Acknowledgements and pings may come first. */
    if (r.short_ || type != CONTROL || control != SET_PEER_ID)
        return TALK_MORE;
    say(t, peer, CONTROL);
    put_u8(&t->out, DISCO);
    t->answer->up = true;
    return talk_uncounted(t, "Luanti tells nobody but the list of public servers who plays");
}

const struct protocol protocol_luanti = {
    .name = "luanti",
    .title = "Luanti handshake",
    .carrier = CARRY_UDP,
    .begin = begin,
    .feed = feed,
};
