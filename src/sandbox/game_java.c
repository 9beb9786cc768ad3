/* Minecraft: Java Edition's status, as of 1.7 and the two older forms. */
#include "game_respond.h"

#include <dogs/json.h>
#include <stdlib.h>
#include <string.h>

enum { STAGE_NEW, STAGE_STATUS, PACKET_MOST = 32 * 1024, SAMPLE_MOST = 12 };

/* The bytes of the number; 0 = more must come, -1 = it is none. */
static int get_varint(const unsigned char *p, size_t len, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 5; i++) {
        if ((size_t)i >= len)
            return 0;
        *out |= (uint32_t)(p[i] & 127) << 7 * i;
        if (!(p[i] & 128))
            return i + 1;
    }
    return -1;
}

static void put_varint(struct str *s, uint32_t v)
{
    while (v > 127) {
        wire_u8(s, (v & 127) | 128);
        v >>= 7;
    }
    wire_u8(s, v);
}

static char *status_json(const struct hosted *h)
{
    cJSON *json = cJSON_CreateObject(), *version = cJSON_AddObjectToObject(json, "version");
    cJSON_AddStringToObject(version, "name", "1.21.4");
    cJSON_AddNumberToObject(version, "protocol", 769);
    cJSON *description = cJSON_AddObjectToObject(json, "description");
    cJSON_AddStringToObject(description, "text", h->title);
    if (!h->starting) {
        cJSON *players = cJSON_AddObjectToObject(json, "players");
        json_put_int(players, "max", h->max);
        json_put_int(players, "online", h->players);
        cJSON *sample = cJSON_AddArrayToObject(players, "sample");
        char buffer[32];
        for (size_t i = 0; (int64_t)i < h->players && i < SAMPLE_MOST; i++) {
            cJSON *one = cJSON_CreateObject();
            char *id = xasprintf("00000000-0000-4000-8000-%012zu", i + 1);
            cJSON_AddStringToObject(one, "name", hosted_name(h, i, buffer));
            cJSON_AddStringToObject(one, "id", id);
            cJSON_AddItemToArray(sample, one);
            free(id);
        }
    }
    char *text = json_print(json);
    cJSON_Delete(json);
    return text;
}

static void send_status(const struct hosted *h, struct response *r)
{
    char *json = status_json(h);
    struct str body = STR(RESPONSE_MAX);
    put_varint(&body, 0);
    put_varint(&body, (uint32_t)strlen(json));
    str_add(&body, json);
    put_varint(&r->out, (uint32_t)body.len);
    str_addn(&r->out, body.p, body.len);
    str_release(&body);
    free(json);
}

/* Text of which each character is one of UTF-16's; only the first 256 occur here. */
static void put_wide(struct str *s, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        wire_u16be(s, (unsigned char)text[i]);
}

/* "\xa7" is the section sign of Latin-1. */
static void send_legacy(const struct hosted *h, bool beta, struct response *r)
{
    struct str text = STR(1024);
    if (beta) {
        str_addf(&text, "%.60s\xa7%lld\xa7%lld", h->title, (long long)h->players,
                 (long long)h->max);
    } else {
        wire_text(&text, "\xa7\x31");
        wire_text(&text, "127");
        wire_text(&text, "1.21.4");
        str_addf(&text, "%.60s", h->title);
        wire_u8(&text, 0);
        str_addf(&text, "%lld", (long long)h->players);
        wire_u8(&text, 0);
        str_addf(&text, "%lld", (long long)h->max);
    }
    wire_u8(&r->out, 0xff);
    wire_u16be(&r->out, (unsigned)text.len);
    put_wide(&r->out, text.p, text.len);
    str_release(&text);
    r->close = true;
}

/* The last byte of a handshake is what comes next: 1 = the status, 2 = somebody wants to play. */
static void packet(const struct hosted *h, struct talker *t, const unsigned char *p, size_t len,
                   struct response *r)
{
    if (t->stage == STAGE_NEW && len >= 2 && p[0] == 0 && p[len - 1] == 1) {
        t->stage = STAGE_STATUS;
    } else if (t->stage == STAGE_STATUS && len == 1 && p[0] == 0) {
        send_status(h, r);
    } else if (t->stage == STAGE_STATUS && len == 9 && p[0] == 1) {
        put_varint(&r->out, 9);
        str_addn(&r->out, p, len);
        r->close = true;
    } else {
        r->close = true;
    }
}

size_t respond_java(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                    size_t len, struct response *r)
{
    uint32_t size = 0;
    if (t->stage == STAGE_NEW && bytes[0] == 0xfe) {
        send_legacy(h, len == 1, r);
        return len;
    }
    int head = get_varint(bytes, len, &size);
    if (head < 0 || (head > 0 && (size == 0 || size > PACKET_MOST))) {
        r->close = true;
        return len;
    }
    if (head == 0 || len - (size_t)head < size)
        return 0;
    packet(h, t, bytes + head, size, r);
    return (size_t)head + size;
}
