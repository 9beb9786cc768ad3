/* Minecraft: Java Edition, server list ping (game-protocols.md §1, §2): as it is since 1.7, and as
 * older ones understand it. A server that does not like what it hears closes the connection, so
 * each dialect has one of its own. */
#include "talk.h"

#include <dogs/json.h>
#include <limits.h>
#include <string.h>

enum dialect { MODERN, MODERN_47, LEGACY_1_6, LEGACY_1_4, BETA, DIALECTS };

enum { HOST_MAX = 255, VARINT_BYTES = 5, FLATTEN_MAX = 1024 };

static void put_varint(struct str *out, uint32_t v)
{
    for (; v >= 0x80; v >>= 7)
        put_u8(out, (v & 0x7f) | 0x80);
    put_u8(out, v);
}

static uint32_t take_varint(struct reader *r)
{
    uint32_t v = 0;
    for (int i = 0; i < VARINT_BYTES; i++) {
        uint8_t b = take_u8(r);
        v |= (uint32_t)(b & 0x7f) << 7 * i;
        if (!(b & 0x80))
            return v;
    }
    r->short_ = true;
    return 0;
}

static size_t host_len(const struct talk *t)
{
    size_t len = strlen(t->place->host);
    return len < HOST_MAX ? len : HOST_MAX;
}

static void say_modern(struct talk *t, int32_t protocol)
{
    struct str body = STR(HOST_MAX + 32);
    put_varint(&body, 0);
    put_varint(&body, (uint32_t)protocol);
    put_varint(&body, (uint32_t)host_len(t));
    str_addn(&body, t->place->host, host_len(t));
    put_u16be(&body, t->port);
    put_varint(&body, 1);
    put_varint(&t->out, (uint32_t)body.len);
    str_addn(&t->out, body.p, body.len);
    str_release(&body);
    str_addn(&t->out, "\x01\x00", 2);
}

static void put_utf16(struct str *out, const char *ascii, size_t len)
{
    for (size_t i = 0; i < len; i++)
        put_u16be(out, (unsigned char)ascii[i]);
}

static void say_1_6(struct talk *t)
{
    static const char channel[] = "MC|PingHost";
    size_t host = host_len(t);
    str_addn(&t->out, "\xfe\x01\xfa", 3);
    put_u16be(&t->out, sizeof channel - 1);
    put_utf16(&t->out, channel, sizeof channel - 1);
    put_u16be(&t->out, (unsigned)(7 + 2 * host));
    put_u8(&t->out, 74);
    put_u16be(&t->out, (unsigned)host);
    put_utf16(&t->out, t->place->host, host);
    put_u32be(&t->out, t->port);
}

static enum talk_next say(struct talk *t)
{
    switch ((enum dialect)t->stage) {
    case MODERN:
        say_modern(t, -1);
        return TALK_ANEW;
    case MODERN_47:
        say_modern(t, 47);
        return TALK_ANEW;
    case LEGACY_1_6:
        say_1_6(t);
        return TALK_ANEW;
    case LEGACY_1_4:
        str_addn(&t->out, "\xfe\x01", 2);
        return TALK_ANEW;
    case BETA:
        str_addn(&t->out, "\xfe", 1);
        return TALK_ANEW;
    case DIALECTS:
        break;
    }
    return talk_bad(t, ERR_PROTOCOL, "it answers none of the ways to ask a Minecraft server");
}

static enum talk_next another(struct talk *t, enum dialect dialect)
{
    t->stage = (int)dialect;
    return say(t);
}

static enum talk_next begin(struct talk *t)
{
    return another(t, MODERN);
}

/* A description is text, or text with further ones in "extra", or a list of either. */
static void flatten(const cJSON *part, struct str *out)
{
    if (cJSON_IsString(part))
        str_add(out, part->valuestring);
    str_add(out, json_text(part, "text", ""));
    const cJSON *list = cJSON_IsArray(part) ? part : json_at(part, "extra"), *item;
    if (cJSON_IsArray(list))
        cJSON_ArrayForEach(item, list) flatten(item, out);
}

static void take_names(struct game_answer *a, const cJSON *doc)
{
    const cJSON *sample = json_at(doc, "players.sample"), *item;
    if (!cJSON_IsArray(sample))
        return;
    cJSON_ArrayForEach(item, sample)
    {
        const char *name = json_text(item, "name", "");
        talk_name(a, name, strlen(name));
    }
}

static enum talk_next take_status(struct talk *t, const cJSON *doc)
{
    struct game_answer *a = t->answer;
    struct str title = STR(FLATTEN_MAX);
    const char *version = json_text(doc, "version.name", "");
    int64_t players = json_int(doc, "players.online", -1), max = json_int(doc, "players.max", -1);

    const cJSON *description = json_at(doc, "description");
    if (description)
        flatten(description, &title);
    talk_text(a->title, sizeof a->title, str_text(&title), title.len);
    str_release(&title);
    talk_text(a->version, sizeof a->version, version, strlen(version));
    if (players < 0 || players > INT_MAX)
        return talk_uncounted(t, "it answers, but does not tell its players yet: it is starting");
    a->up = true;
    a->players = (int)players;
    a->max = max < 0 || max > INT_MAX ? -1 : (int)max;
    take_names(a, doc);
    return TALK_OVER;
}

static enum talk_next feed_modern(struct talk *t)
{
    struct reader r = reader_of(t->in.p, t->in.len), whole;
    struct err e = {0};

    /* Older ones say why they close in their own way; no length begins so. */
    if (t->in.len >= 2 && memcmp(t->in.p, "\xff\x00", 2) == 0)
        return another(t, LEGACY_1_6);
    uint32_t len = take_varint(&r);
    if (r.short_ && t->in.len < VARINT_BYTES)
        return TALK_MORE;
    if (r.short_ || len < 3 || len > TALK_REPLY_MAX - VARINT_BYTES || (r.at < r.end && *r.at))
        return talk_bad(t, ERR_PROTOCOL, "the answer is not that of a Minecraft server");
    if (reader_left(&r) < len)
        return TALK_MORE;
    whole = reader_of(r.at, len);
    uint32_t id = take_varint(&whole), text = take_varint(&whole);
    const unsigned char *json = take_bytes(&whole, text);
    if (!json || id != 0)
        return talk_bad(t, ERR_PROTOCOL, "the answer is not that of a Minecraft server");
    cJSON *doc = json_parse((const char *)json, text, &e);
    if (!doc)
        return talk_bad(t, ERR_PROTOCOL, "the status is not proper JSON");
    enum talk_next next = take_status(t, doc);
    cJSON_Delete(doc);
    return next;
}

/* UTF-16BE as UTF-8; a half of a pair alone is left out. */
static void put_utf8(struct str *out, const unsigned char *p, size_t units)
{
    for (size_t i = 0; i < units; i++) {
        uint32_t c = (uint32_t)p[2 * i] << 8 | p[2 * i + 1];
        if (c >= 0xd800 && c < 0xdc00 && i + 1 < units) {
            uint32_t low = (uint32_t)p[2 * i + 2] << 8 | p[2 * i + 3];
            if (low < 0xdc00 || low >= 0xe000)
                continue;
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i++;
        } else if (c >= 0xd800 && c < 0xe000) {
            continue;
        }
        if (c < 0x80) {
            put_u8(out, c);
        } else if (c < 0x800) {
            put_u8(out, 0xc0 | c >> 6);
        } else if (c < 0x10000) {
            put_u8(out, 0xe0 | c >> 12);
            put_u8(out, 0x80 | (c >> 6 & 0x3f));
        } else {
            put_u8(out, 0xf0 | c >> 18);
            put_u8(out, 0x80 | (c >> 12 & 0x3f));
            put_u8(out, 0x80 | (c >> 6 & 0x3f));
        }
        if (c >= 0x80)
            put_u8(out, 0x80 | (c & 0x3f));
    }
}

/* "§1 NUL protocol NUL version NUL title NUL online NUL max" */
static bool take_1_4(struct game_answer *a, const char *text, size_t len)
{
    const char *field[6];
    size_t lens[6], n = 0;
    for (const char *p = text, *end = text + len; n < 6 && p <= end; n++) {
        const char *nul = memchr(p, 0, (size_t)(end - p));
        field[n] = p;
        lens[n] = (size_t)((nul ? nul : end) - p);
        p += lens[n] + 1;
    }
    if (n < 6 || lens[0] != 3 ||
        memcmp(field[0],
               "\xc2\xa7"
               "1",
               3) != 0 ||
        !talk_count(field[4], lens[4], &a->players) || !talk_count(field[5], lens[5], &a->max))
        return false;
    talk_text(a->version, sizeof a->version, field[2], lens[2]);
    talk_text(a->title, sizeof a->title, field[3], lens[3]);
    return true;
}

/* "title § online § max", in which the title may have further §. */
static bool take_beta(struct game_answer *a, const char *text, size_t len)
{
    const char *at[2] = {NULL, NULL};
    for (size_t i = len; i-- > 0 && !at[0];) {
        if (i + 1 >= len || memcmp(text + i, "\xc2\xa7", 2) != 0)
            continue;
        *(at[1] ? &at[0] : &at[1]) = text + i;
    }
    if (!at[0] || !talk_count(at[0] + 2, (size_t)(at[1] - at[0]) - 2, &a->players) ||
        !talk_count(at[1] + 2, (size_t)(text + len - at[1]) - 2, &a->max))
        return false;
    talk_text(a->title, sizeof a->title, text, (size_t)(at[0] - text));
    return true;
}

static enum talk_next feed_legacy(struct talk *t)
{
    struct reader r = reader_of(t->in.p, t->in.len);
    struct str text = STR(4 * 65536);
    struct game_answer *a = t->answer;

    uint8_t id = take_u8(&r);
    uint16_t units = take_u16be(&r);
    if (id != 0xff)
        return talk_bad(t, ERR_PROTOCOL, "the answer is not that of a Minecraft server");
    const unsigned char *utf16 = take_bytes(&r, 2 * (size_t)units);
    if (!utf16)
        return TALK_MORE;
    put_utf8(&text, utf16, units);
    a->up = take_1_4(a, str_text(&text), text.len) || take_beta(a, str_text(&text), text.len);
    str_release(&text);
    if (a->up)
        return TALK_OVER;
    a->players = a->max = -1;
    return another(t, (enum dialect)(t->stage + 1));
}

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    (void)bytes;
    (void)status;
    if (!len)
        return TALK_MORE;
    return t->stage < LEGACY_1_6 ? feed_modern(t) : feed_legacy(t);
}

static enum talk_next end(struct talk *t)
{
    if (t->in.len)
        return talk_bad(t, ERR_NETWORK, "the answer was cut off");
    return another(t, (enum dialect)(t->stage + 1));
}

/* An old one may wait for more of what it takes for another message. */
static enum talk_next late(struct talk *t)
{
    if (t->stage == MODERN && !t->in.len)
        return another(t, LEGACY_1_6);
    return talk_bad(t, ERR_TIMEOUT,
                    t->in.len ? "the answer stopped half way"
                              : "it takes connections, but does not answer");
}

const struct protocol protocol_java = {
    .name = "java",
    .title = "Minecraft status",
    .carrier = CARRY_TCP,
    .begin = begin,
    .feed = feed,
    .late = late,
    .end = end,
};
