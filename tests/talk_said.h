/* talk_said: drives one talk by hand for the tests of protocols that count bytes: hex in, hex out.
 */
#ifndef DOGS_TESTS_TALK_SAID_H
#define DOGS_TESTS_TALK_SAID_H

#include "talk_told.h"

/* Bytes of "ff fe 01"; blanks are nothing. Lent until the next but three. */
static inline const unsigned char *hex_bytes(const char *hex, size_t *len)
{
    static unsigned char room[4][8192];
    static unsigned turn;
    unsigned char *out = room[turn++ % 4];
    *len = 0;
    for (; *hex; hex += *hex == ' ' ? 1 : 2)
        if (*hex != ' ')
            out[(*len)++] = (unsigned char)strtoul((char[]){hex[0], hex[1], 0}, NULL, 16);
    return out;
}

/* What is to be sent now is exactly this. */
static inline void said_is(const struct told *d, const char *hex)
{
    size_t len;
    const unsigned char *bytes = hex_bytes(hex, &len);
    assert_int_equal(d->talk.out.len, len);
    assert_memory_equal(str_text(&d->talk.out), bytes, len);
}

/* The same heap block and no byte more: a sanitizer sees what reads beyond it. */
static inline enum talk_next hear(struct told *d, const void *bytes, size_t len)
{
    unsigned char *exact = xmalloc(len);
    memcpy(exact, bytes, len);
    d->next = talk_feed(&d->talk, exact, len, 0);
    free(exact);
    return d->next;
}

static inline void say(struct str *out, const char *hex)
{
    size_t len;
    const unsigned char *bytes = hex_bytes(hex, &len);
    str_addn(out, bytes, len);
}

/* An answer that is cut off anywhere is never taken for a count of players. */
static inline void cut_anywhere(const struct protocol *p, uint16_t port, const struct str *whole,
                                size_t known_from, void (*ask)(struct told *d))
{
    for (size_t n = 0; n < known_from; n++) {
        struct told d;
        told_open(&d, p, NULL, NULL);
        d.place.host = "localhost";
        d.talk.port = port;
        told_begin(&d);
        if (ask)
            ask(&d);
        hear(&d, whole->p, n);
        if (d.next == TALK_MORE)
            d.next = p->carrier == CARRY_TCP ? talk_end(&d.talk) : talk_late(&d.talk);
        if (d.answer.players != -1)
            fail_msg("%zu bytes of %zu: %d players", n, whole->len, d.answer.players);
        told_close(&d);
    }
}

#endif
