/* Minecraft: Bedrock Edition, RakNet's unconnected ping (game-protocols.md §4). */
#include "talk.h"

#include <string.h>

enum { PING = 0x01, PONG = 0x1c, FIELDS = 8, PLAYERS = 4, MAX = 5 };

static const unsigned char magic[16] = {0x00, 0xff, 0xff, 0x00, 0xfe, 0xfe, 0xfe, 0xfe,
                                        0xfd, 0xfd, 0xfd, 0xfd, 0x12, 0x34, 0x56, 0x78};

static enum talk_next begin(struct talk *t)
{
    put_u8(&t->out, PING);
    put_u64be(&t->out, t->nonce);
    str_addn(&t->out, magic, sizeof magic);
    put_u64be(&t->out, 2);
    return TALK_SEND;
}

struct field {
    const char *at;
    size_t len;
};

/* Between semicolons that no backslash stands before. */
static size_t split(const char *text, size_t len, struct field fields[FIELDS])
{
    size_t n = 0, begun = 0;
    for (size_t i = 0; i <= len && n < FIELDS; i++) {
        if (i < len && text[i] == '\\') {
            i++;
        } else if (i == len || text[i] == ';') {
            fields[n++] = (struct field){text + begun, i - begun};
            begun = i + 1;
        }
    }
    return n;
}

static enum talk_next take_status(struct talk *t, const char *text, size_t len)
{
    struct game_answer *a = t->answer;
    struct field f[FIELDS];
    size_t n = split(text, len, f);

    if (n <= MAX)
        return talk_uncounted(t, "it answers, but does not tell its players yet: it is starting");
    talk_text(a->title, sizeof a->title, f[1].at, f[1].len);
    talk_text(a->version, sizeof a->version, f[3].at, f[3].len);
    if (n > 7)
        talk_text(a->map, sizeof a->map, f[7].at, f[7].len);
    if (!talk_count(f[PLAYERS].at, f[PLAYERS].len, &a->players) ||
        !talk_count(f[MAX].at, f[MAX].len, &a->max))
        return talk_bad(t, ERR_PROTOCOL, "its count of players is not a number");
    a->up = true;
    return TALK_OVER;
}

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    struct reader r = reader_of(bytes, len);
    (void)status;
    uint8_t kind = take_u8(&r);
    uint64_t time = take_u64be(&r);

    /* Not an answer, or one to another ping. */
    if (r.short_ || kind != PONG || time != t->nonce)
        return TALK_MORE;
    take_u64be(&r);
    const unsigned char *mark = take_bytes(&r, sizeof magic);
    if (!mark || memcmp(mark, magic, sizeof magic) != 0)
        return talk_bad(t, ERR_PROTOCOL, "the answer is not that of a Bedrock server");
    uint16_t text_len = take_u16be(&r);
    const unsigned char *text = take_bytes(&r, text_len);
    if (!text)
        return talk_bad(t, ERR_PROTOCOL, "the answer is cut off");
    return take_status(t, (const char *)text, text_len);
}

const struct protocol protocol_bedrock = {
    .name = "bedrock",
    .title = "Minecraft Bedrock ping",
    .carrier = CARRY_UDP,
    .begin = begin,
    .feed = feed,
};
