/* Minecraft: Java Edition, the UDP query of enable-query=true (game-protocols.md §3). */
#include "talk.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { CHALLENGE, STATUS };

/* The server keeps only these bits of a session. */
static uint32_t session(const struct talk *t)
{
    return (uint32_t)t->nonce & 0x0f0f0f0fu;
}

static void say(struct talk *t, unsigned kind)
{
    put_u16be(&t->out, 0xfefd);
    put_u8(&t->out, kind);
    put_u32be(&t->out, session(t));
}

static enum talk_next begin(struct talk *t)
{
    say(t, 9);
    return TALK_SEND;
}

static bool number(struct reader *r, int64_t min, int64_t max, int64_t *out)
{
    size_t len;
    const char *text = take_text(r, &len);
    return text && str_int64(text, min, max, out);
}

static enum talk_next take_challenge(struct talk *t, struct reader *r)
{
    int64_t challenge;
    if (!number(r, INT32_MIN, UINT32_MAX, &challenge))
        return talk_bad(t, ERR_PROTOCOL, "the challenge is not a number");
    t->stage = STATUS;
    say(t, 0);
    put_u32be(&t->out, (uint32_t)challenge);
    if (t->names)
        put_u32be(&t->out, 0);
    return TALK_SEND;
}

static void take_line(struct reader *r, char *to, size_t size)
{
    size_t len;
    const char *text = take_text(r, &len);
    talk_text(to, size, text ? text : "", len);
}

static enum talk_next counted(struct talk *t, int64_t players, int64_t max)
{
    t->answer->players = (int)players;
    t->answer->max = (int)max;
    t->answer->up = true;
    return TALK_OVER;
}

static enum talk_next take_basic(struct talk *t, struct reader *r)
{
    struct game_answer *a = t->answer;
    char kind[16];
    int64_t players, max;

    take_line(r, a->title, sizeof a->title);
    take_line(r, kind, sizeof kind);
    take_line(r, a->map, sizeof a->map);
    if (!number(r, 0, INT_MAX, &players) || !number(r, 0, INT_MAX, &max))
        return talk_bad(t, ERR_PROTOCOL, "the answer is cut off or not that of a query");
    return counted(t, players, max);
}

/* 11 bytes that say nothing, keys with values up to an empty key, 10 bytes that say nothing, names
 * up to an empty one. */
static enum talk_next take_full(struct talk *t, struct reader *r)
{
    struct game_answer *a = t->answer;
    int64_t players = -1, max = -1;
    size_t len, value_len;

    take_bytes(r, 11);
    for (const char *key; (key = take_text(r, &len)) && len;) {
        const char *value = take_text(r, &value_len);
        if (!value)
            break;
        if (!strcmp(key, "numplayers"))
            str_int64(value, 0, INT_MAX, &players);
        else if (!strcmp(key, "maxplayers"))
            str_int64(value, 0, INT_MAX, &max);
        else if (!strcmp(key, "hostname"))
            talk_text(a->title, sizeof a->title, value, value_len);
        else if (!strcmp(key, "map"))
            talk_text(a->map, sizeof a->map, value, value_len);
        else if (!strcmp(key, "version"))
            talk_text(a->version, sizeof a->version, value, value_len);
    }
    if (r->short_ || players < 0 || max < 0)
        return talk_bad(t, ERR_PROTOCOL, "the answer is cut off or not that of a query");
    take_bytes(r, 10);
    for (const char *name; (name = take_text(r, &len)) && len;)
        talk_name(a, name, len);
    return counted(t, players, max);
}

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    struct reader r = reader_of(bytes, len);
    uint8_t kind = take_u8(&r);
    uint32_t to = take_u32be(&r);
    (void)status;

    /* Late answers to another talk. */
    if (r.short_ || to != session(t) || kind != (t->stage == STATUS ? 0 : 9))
        return TALK_MORE;
    if (t->stage == CHALLENGE)
        return take_challenge(t, &r);
    return t->names ? take_full(t, &r) : take_basic(t, &r);
}

const struct protocol protocol_java_query = {
    .name = "java-query",
    .title = "Minecraft query",
    .carrier = CARRY_UDP,
    .begin = begin,
    .feed = feed,
};
