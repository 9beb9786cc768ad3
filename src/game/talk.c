#include "talk.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void game_answer_release(struct game_answer *a)
{
    for (size_t i = 0; i < a->n_names; i++)
        free(a->names[i]);
    free(a->names);
    *a = (struct game_answer){.players = -1, .max = -1, .ms = -1};
}

void talk_init(struct talk *t, const struct protocol *p, const struct game_place *place,
               struct game_answer *answer, uint64_t nonce)
{
    game_answer_release(answer);
    *t = (struct talk){.protocol = p,
                       .place = place,
                       .answer = answer,
                       .nonce = nonce,
                       .in = STR(TALK_REPLY_MAX),
                       .out = STR(TALK_SEND_MAX)};
}

void talk_release(struct talk *t)
{
    str_release(&t->in);
    str_release(&t->out);
    free(t->own);
    t->own = NULL;
}

/* Of what the last message said nothing may be left in the next. */
static void clear_out(struct talk *t)
{
    str_clear(&t->out);
    memset(&t->http, 0, sizeof t->http);
}

static enum talk_next check(struct talk *t, enum talk_next next)
{
    if (next == TALK_ANEW)
        str_clear(&t->in);
    if (next != TALK_SEND && next != TALK_ANEW)
        return next;
    if (t->out.full)
        return talk_bad(t, ERR_PROTOCOL, "the message to send is too long");
    if (++t->rounds > TALK_ROUNDS_MAX)
        return talk_bad(t, ERR_PROTOCOL, "the server asks again and again");
    return next;
}

enum talk_next talk_begin(struct talk *t)
{
    clear_out(t);
    return check(t, t->protocol->begin(t));
}

enum talk_next talk_feed(struct talk *t, const void *bytes, size_t len, int status)
{
    clear_out(t);
    if (t->protocol->carrier == CARRY_TCP && !str_addn(&t->in, bytes, len))
        return talk_bad(t, ERR_PROTOCOL, "the answer is longer than %d bytes", TALK_REPLY_MAX);
    if (t->protocol->carrier != CARRY_TCP && len > TALK_REPLY_MAX)
        return talk_bad(t, ERR_PROTOCOL, "the answer is longer than %d bytes", TALK_REPLY_MAX);
    return check(t, t->protocol->feed(t, bytes, len, status));
}

enum talk_next talk_late(struct talk *t)
{
    clear_out(t);
    if (!t->protocol->late)
        return talk_bad(t, ERR_TIMEOUT, "no answer came in time");
    enum talk_next next = check(t, t->protocol->late(t));
    return next == TALK_MORE ? TALK_OVER : next;
}

enum talk_next talk_end(struct talk *t)
{
    clear_out(t);
    if (!t->protocol->end)
        return talk_bad(t, ERR_NETWORK, "the answer was cut off");
    enum talk_next next = check(t, t->protocol->end(t));
    return next == TALK_ANEW ? next : TALK_OVER;
}

enum talk_next talk_bad(struct talk *t, enum err_code code, const char *fmt, ...)
{
    char words[GAME_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    err_set(&t->err, code, "%s", words);
    t->err.retryable = code == ERR_TIMEOUT || code == ERR_NETWORK;
    t->answer->up = false;
    t->answer->players = t->answer->max = -1;
    talk_text(t->answer->why, sizeof t->answer->why, words, strlen(words));
    return TALK_OVER;
}

enum talk_next talk_uncounted(struct talk *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(t->answer->why, sizeof t->answer->why, fmt, ap);
    va_end(ap);
    t->answer->players = -1;
    return TALK_OVER;
}

bool talk_count(const char *text, size_t len, int *out)
{
    char copy[12] = "";
    int64_t v;
    if (!len || len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    if (strspn(copy, "0123456789") != len || !str_int64(copy, 0, INT_MAX, &v))
        return false;
    *out = (int)v;
    return true;
}

void talk_used(struct talk *t, size_t n)
{
    n = n < t->in.len ? n : t->in.len;
    if (!n)
        return;
    memmove(t->in.p, t->in.p + n, t->in.len - n + 1);
    t->in.len -= n;
}

/* Length of the UTF-8 sequence that begins there, 0 if it is broken; its character in *c. */
static size_t sequence(const unsigned char *p, size_t left, uint32_t *c)
{
    size_t len = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2;
    if (len > left || !str_is_utf8((const char *)p, len))
        return 0;
    *c = len == 1 ? *p : *p & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++)
        *c = *c << 6 | (p[i] & 0x3fu);
    return len;
}

/* What moves the cursor or turns the direction of a line. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb);
}

static bool is_letter_or_digit(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void talk_text(char *to, size_t size, const char *bytes, size_t len)
{
    const unsigned char *p = (const unsigned char *)bytes, *end = p + len;
    size_t used = 0;
    bool blank = false;

    while (p < end) {
        uint32_t c = 0;
        size_t left = (size_t)(end - p), n = sequence(p, left, &c);
        bool code = (c == 0xa7 && left > n) || (c == '^' && left > 1 && is_letter_or_digit(p[1]));
        if (!n || code || is_control(c) || c == ' ') {
            /* One blank for any run of them, none at either end. */
            blank = blank || (c && c <= ' ');
            uint32_t ignored;
            p += n ? n : 1;
            if (code)
                p += sequence(p, (size_t)(end - p), &ignored);
            continue;
        }
        bool gap = blank && used;
        if (used + gap + n >= size)
            break;
        if (gap)
            to[used++] = ' ';
        memcpy(to + used, p, n);
        used += n;
        p += n;
        blank = false;
    }
    if (size)
        to[used] = '\0';
}

void talk_name(struct game_answer *a, const char *bytes, size_t len)
{
    char name[GAME_TEXT];
    talk_text(name, sizeof name, bytes, len);
    if (a->n_names >= GAME_NAMES_MAX || !*name)
        return;
    if (!a->names)
        a->names = xcalloc(GAME_NAMES_MAX, sizeof *a->names);
    a->names[a->n_names++] = xstrdup(name);
}

static void put(struct str *out, uint64_t v, int bytes, bool big)
{
    unsigned char raw[8];
    for (int i = 0; i < bytes; i++)
        raw[i] = (unsigned char)(v >> 8 * (big ? bytes - 1 - i : i));
    str_addn(out, raw, (size_t)bytes);
}

void put_u8(struct str *out, unsigned v)
{
    put(out, v, 1, false);
}

void put_u16le(struct str *out, unsigned v)
{
    put(out, v, 2, false);
}

void put_u16be(struct str *out, unsigned v)
{
    put(out, v, 2, true);
}

void put_u32le(struct str *out, uint32_t v)
{
    put(out, v, 4, false);
}

void put_u32be(struct str *out, uint32_t v)
{
    put(out, v, 4, true);
}

void put_u64le(struct str *out, uint64_t v)
{
    put(out, v, 8, false);
}

void put_u64be(struct str *out, uint64_t v)
{
    put(out, v, 8, true);
}

struct reader reader_of(const void *bytes, size_t len)
{
    /* Of no bytes there may be no address either. */
    const unsigned char *at = bytes ? bytes : (const unsigned char *)"";
    return (struct reader){.at = at, .end = at + (bytes ? len : 0)};
}

size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

const unsigned char *take_bytes(struct reader *r, size_t n)
{
    if (r->short_ || n > reader_left(r)) {
        r->short_ = true;
        return NULL;
    }
    r->at += n;
    return r->at - n;
}

static uint64_t take(struct reader *r, size_t bytes, bool big)
{
    const unsigned char *p = take_bytes(r, bytes);
    uint64_t v = 0;
    for (size_t i = 0; p && i < bytes; i++)
        v |= (uint64_t)p[i] << 8 * (big ? bytes - 1 - i : i);
    return v;
}

uint8_t take_u8(struct reader *r)
{
    return (uint8_t)take(r, 1, false);
}

uint16_t take_u16le(struct reader *r)
{
    return (uint16_t)take(r, 2, false);
}

uint16_t take_u16be(struct reader *r)
{
    return (uint16_t)take(r, 2, true);
}

uint32_t take_u32le(struct reader *r)
{
    return (uint32_t)take(r, 4, false);
}

uint32_t take_u32be(struct reader *r)
{
    return (uint32_t)take(r, 4, true);
}

uint64_t take_u64le(struct reader *r)
{
    return take(r, 8, false);
}

uint64_t take_u64be(struct reader *r)
{
    return take(r, 8, true);
}

const char *take_text(struct reader *r, size_t *len)
{
    const unsigned char *end = r->short_ ? NULL : memchr(r->at, 0, reader_left(r));
    *len = 0;
    if (!end) {
        r->short_ = true;
        return NULL;
    }
    const unsigned char *text = r->at;
    *len = (size_t)(end - text);
    r->at = end + 1;
    return (const char *)text;
}
