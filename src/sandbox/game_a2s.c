/* Source's A2S: INFO and PLAYER behind a challenge, long answers in several datagrams. */
#include "game_respond.h"

#include <string.h>

enum { PIECE = 1200, CHALLENGE_BYTES = 4 };

static const char info_question[] = "Source Engine Query";

static uint32_t challenge_of(const struct hosted *h)
{
    uint32_t v = (uint32_t)(h->nonce * 2654435761u);
    return v == 0xffffffff || v == 0 ? 1 : v;
}

static void send_challenge(const struct hosted *h, struct response *r)
{
    wire_u32le(&r->out, 0xffffffff);
    wire_u8(&r->out, 'A');
    wire_u32le(&r->out, challenge_of(h));
    response_datagram(r);
}

static unsigned byte_of(int64_t v)
{
    return v > 255 ? 255 : (unsigned)v;
}

static void add_info(const struct hosted *h, struct str *out)
{
    wire_u8(out, 'I');
    wire_u8(out, 17);
    wire_text(out, h->title);
    wire_text(out, "world");
    wire_text(out, "sandbox");
    wire_text(out, "The sandbox's game");
    wire_u16le(out, 0);
    wire_u8(out, byte_of(h->players));
    wire_u8(out, byte_of(h->max));
    wire_u8(out, 0);
    str_add(out, "dl");
    wire_u8(out, *h->password != '\0');
    wire_u8(out, 0);
    wire_text(out, "1.0.0.0");
    wire_u8(out, 0x80);
    wire_u16le(out, (unsigned)h->port);
}

static void add_players(const struct hosted *h, struct str *out)
{
    char buffer[32];
    unsigned n = byte_of(h->players);
    wire_u8(out, 'D');
    wire_u8(out, n);
    for (unsigned i = 0; i < n; i++) {
        wire_u8(out, 0);
        wire_text(out, hosted_name(h, i, buffer));
        wire_u32le(out, 0);
        wire_u32le(out, 0x42f00000); /* 120.0 seconds */
    }
}

static void send_split(const struct hosted *h, const struct str *whole, struct response *r)
{
    size_t total = (whole->len + PIECE - 1) / PIECE;
    for (size_t i = 0; i < total; i++) {
        size_t left = whole->len - i * PIECE;
        wire_u32le(&r->out, 0xfffffffe);
        wire_u32le(&r->out, (uint32_t)h->nonce & 0x7fffffff);
        wire_u8(&r->out, (unsigned)total);
        wire_u8(&r->out, (unsigned)i);
        wire_u16le(&r->out, PIECE);
        str_addn(&r->out, whole->p + i * PIECE, left < PIECE ? left : PIECE);
        response_datagram(r);
    }
}

size_t respond_a2s(const struct hosted *h, struct talker *t, const unsigned char *bytes, size_t len,
                   struct response *r)
{
    size_t named = 5 + sizeof info_question;
    bool info = len >= named && bytes[4] == 'T' && memcmp(bytes + 5, info_question, named - 5) == 0;
    bool players = len >= 9 && bytes[4] == 'U';
    (void)t;
    if (h->starting || len < 5 || wire_get_u32le(bytes) != 0xffffffff || (!info && !players))
        return len;
    size_t at = info ? named : 5;
    if (len < at + CHALLENGE_BYTES || wire_get_u32le(bytes + at) != challenge_of(h)) {
        send_challenge(h, r);
        return len;
    }
    struct str whole = STR(32 * 1024);
    wire_u32le(&whole, 0xffffffff);
    (info ? add_info : add_players)(h, &whole);
    if (whole.len > PIECE) {
        send_split(h, &whole, r);
    } else {
        str_addn(&r->out, whole.p, whole.len);
        response_datagram(r);
    }
    str_release(&whole);
    return len;
}
