/* A2S, the query of Source's and many other engines (game-protocols.md §5). */
#include "talk.h"

#include <stdlib.h>
#include <string.h>

enum {
    INFO,
    PLAYERS,
    WHOLE = -1, /* of a datagram's first four bytes */
    SPLIT = -2,
    PIECES_MAX = 32,
    PIECE_MAX = 1400, /* what fits the way; engines cut at 1248 */
    CHALLENGES_MAX = 3,
    THE_SHIP = 2400,
};

/* An answer that comes in pieces, and how often a challenge came. */
struct own {
    int challenges, expected, got;
    uint32_t id;
    size_t lens[PIECES_MAX];
    unsigned char pieces[PIECES_MAX][PIECE_MAX];
};

static enum talk_next say_info(struct talk *t, const unsigned char *challenge)
{
    static const char question[] = "\xff\xff\xff\xff"
                                   "TSource Engine Query";
    str_addn(&t->out, question, sizeof question);
    if (challenge)
        str_addn(&t->out, challenge, 4);
    return TALK_SEND;
}

static enum talk_next say_players(struct talk *t, const unsigned char *challenge)
{
    static const unsigned char none[4] = {0xff, 0xff, 0xff, 0xff};
    struct own *own = t->own;
    t->stage = PLAYERS;
    own->expected = 0;
    str_addn(&t->out, "\xff\xff\xff\xffU", 5);
    str_addn(&t->out, challenge ? challenge : none, 4);
    return TALK_SEND;
}

static enum talk_next begin(struct talk *t)
{
    t->own = xcalloc(1, sizeof(struct own));
    return say_info(t, NULL);
}

/* What was learnt of the players' names may be wrong; their number is not. */
static enum talk_next without_names(struct talk *t)
{
    struct game_answer *a = t->answer;
    for (size_t i = 0; i < a->n_names; i++)
        free(a->names[i]);
    a->n_names = 0;
    return TALK_OVER;
}

static enum talk_next bad(struct talk *t, const char *words)
{
    return t->stage == PLAYERS ? without_names(t) : talk_bad(t, ERR_PROTOCOL, "%s", words);
}

static void take_line(struct reader *r, char *to, size_t size)
{
    size_t len;
    const char *text = take_text(r, &len);
    if (to)
        talk_text(to, size, text ? text : "", len);
}

static enum talk_next counted(struct talk *t, const struct reader *r, int players, int bots,
                              int max)
{
    struct game_answer *a = t->answer;
    if (r->short_)
        return talk_bad(t, ERR_PROTOCOL, "the answer is cut off");
    a->up = true;
    a->players = players > bots ? players - bots : 0;
    a->max = max;
    /* The list that names players names bots just as well. */
    return t->names && a->players && !bots ? say_players(t, NULL) : TALK_OVER;
}

static enum talk_next take_info(struct talk *t, struct reader *r)
{
    struct game_answer *a = t->answer;

    take_u8(r);
    take_line(r, a->title, sizeof a->title);
    take_line(r, a->map, sizeof a->map);
    take_line(r, NULL, 0);
    take_line(r, NULL, 0);
    uint16_t app = take_u16le(r);
    uint8_t players = take_u8(r), max = take_u8(r), bots = take_u8(r);
    take_bytes(r, app == THE_SHIP ? 4 + 3 : 4);
    take_line(r, a->version, sizeof a->version);
    return counted(t, r, players, bots, max);
}

/* As GoldSource servers answered before 2008. */
static enum talk_next take_old_info(struct talk *t, struct reader *r)
{
    struct game_answer *a = t->answer;

    take_line(r, NULL, 0);
    take_line(r, a->title, sizeof a->title);
    take_line(r, a->map, sizeof a->map);
    take_line(r, NULL, 0);
    take_line(r, NULL, 0);
    uint8_t players = take_u8(r), max = take_u8(r);
    take_bytes(r, 4);
    if (take_u8(r)) {
        take_line(r, NULL, 0);
        take_line(r, NULL, 0);
        take_bytes(r, 1 + 4 + 4 + 2);
    }
    take_u8(r);
    return counted(t, r, players, take_u8(r), max);
}

static enum talk_next take_players(struct talk *t, struct reader *r)
{
    unsigned n = take_u8(r);
    for (unsigned i = 0; i < n && !r->short_; i++) {
        size_t len;
        take_u8(r);
        const char *name = take_text(r, &len);
        take_bytes(r, 8);
        if (!r->short_)
            talk_name(t->answer, name, len);
    }
    return TALK_OVER;
}

static enum talk_next take_challenge(struct talk *t, struct reader *r)
{
    struct own *own = t->own;
    const unsigned char *challenge = take_bytes(r, 4);
    if (!challenge || ++own->challenges > CHALLENGES_MAX * (t->stage + 1))
        return bad(t, "it asks for a challenge again and again");
    return t->stage == INFO ? say_info(t, challenge) : say_players(t, challenge);
}

static enum talk_next take_whole(struct talk *t, struct reader *r)
{
    switch (take_u8(r)) {
    case 'A':
        return take_challenge(t, r);
    case 'I':
        return t->stage == INFO ? take_info(t, r) : TALK_MORE;
    case 'm':
        return t->stage == INFO ? take_old_info(t, r) : TALK_MORE;
    case 'D':
        return t->stage == PLAYERS ? take_players(t, r) : TALK_MORE;
    default:
        return bad(t, "the answer is not that of A2S");
    }
}

static enum talk_next join(struct talk *t)
{
    struct own *own = t->own;
    struct str all = STR(PIECES_MAX * PIECE_MAX);
    for (int i = 0; i < own->expected; i++)
        str_addn(&all, own->pieces[i], own->lens[i]);
    own->expected = 0;
    struct reader r = reader_of(all.p, all.len);
    enum talk_next next = (int32_t)take_u32le(&r) == WHOLE
                              ? take_whole(t, &r)
                              : bad(t, "the answer's pieces do not make a whole");
    str_release(&all);
    return next;
}

static enum talk_next take_piece(struct talk *t, struct reader *r)
{
    struct own *own = t->own;
    uint32_t id = take_u32le(r);
    int total = take_u8(r), number = take_u8(r);
    take_u16le(r);
    size_t len = reader_left(r);

    if (r->short_ || total < 1 || total > PIECES_MAX || number >= total || len > PIECE_MAX)
        return bad(t, "a piece of the answer is not proper");
    if (id & 0x80000000u)
        return bad(t, "the answer is packed with bzip2, which is not understood");
    if (!own->expected || own->id != id) {
        own->id = id;
        own->expected = total;
        own->got = 0;
        memset(own->lens, 0, sizeof own->lens);
    }
    if (total != own->expected)
        return bad(t, "a piece of the answer is not proper");
    if (!own->lens[number] && len) {
        own->lens[number] = len;
        memcpy(own->pieces[number], r->at, len);
        own->got++;
    }
    return own->got == own->expected ? join(t) : TALK_MORE;
}

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    struct reader r = reader_of(bytes, len);
    int32_t head = (int32_t)take_u32le(&r);
    (void)status;
    if (head == WHOLE && !r.short_)
        return take_whole(t, &r);
    if (head == SPLIT && !r.short_)
        return take_piece(t, &r);
    return bad(t, "the answer is not that of A2S");
}

/* Some tell how many, but never who. */
static enum talk_next late(struct talk *t)
{
    if (t->stage == PLAYERS)
        return without_names(t);
    struct own *own = t->own;
    return talk_bad(t, ERR_TIMEOUT, "%s",
                    own->expected ? "a piece of the answer did not come"
                                  : "no answer came in time");
}

const struct protocol protocol_a2s = {
    .name = "a2s",
    .title = "A2S",
    .carrier = CARRY_UDP,
    .begin = begin,
    .feed = feed,
    .late = late,
};
