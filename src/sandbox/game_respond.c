#include "game_respond.h"

#include <dogs/digest.h>
#include <stdio.h>
#include <string.h>

static const struct responder responders[] = {
    {"java", true, 25565, respond_java},        {"bedrock", false, 19132, respond_bedrock},
    {"a2s", false, 27015, respond_a2s},         {"quake3", false, 27960, respond_quake3},
    {"luanti", false, 30000, respond_luanti},   {"rcon", true, 25575, respond_rcon},
    {"factorio", true, 27015, respond_rcon},    {"satisfactory", false, 7777, respond_satisfactory},
    {"satisfactory", true, 7777, respond_http}, {"tshock", true, 7878, respond_http},
    {"palworld", true, 8212, respond_http},     {"tcp", true, 7777, respond_tcp},
};

const struct responder *responder_at(size_t i)
{
    return i < sizeof responders / sizeof *responders ? &responders[i] : NULL;
}

bool responder_known(const char *protocol)
{
    return responder_port(protocol) != 0;
}

uint16_t responder_port(const char *protocol)
{
    for (size_t i = 0; responder_at(i); i++)
        if (strcmp(responders[i].protocol, protocol) == 0)
            return responders[i].port;
    return 0;
}

void wire_u8(struct str *s, unsigned v)
{
    unsigned char byte = (unsigned char)v;
    str_addn(s, &byte, 1);
}

void wire_u16le(struct str *s, unsigned v)
{
    wire_u8(s, v & 255);
    wire_u8(s, v >> 8 & 255);
}

void wire_u16be(struct str *s, unsigned v)
{
    wire_u8(s, v >> 8 & 255);
    wire_u8(s, v & 255);
}

void wire_u32le(struct str *s, uint32_t v)
{
    wire_u16le(s, v & 0xffff);
    wire_u16le(s, v >> 16);
}

void wire_u64le(struct str *s, uint64_t v)
{
    wire_u32le(s, (uint32_t)v);
    wire_u32le(s, (uint32_t)(v >> 32));
}

void wire_text(struct str *s, const char *text)
{
    str_addn(s, text, strlen(text) + 1);
}

uint32_t wire_get_u32le(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void response_datagram(struct response *r)
{
    if (r->n_ends < RESPONSE_DATAGRAMS)
        r->ends[r->n_ends++] = r->out.len;
}

void response_order(struct response *r, enum game_order order, const char *text, size_t len)
{
    size_t fits = len < sizeof r->text - 1 ? len : sizeof r->text - 1;
    r->order = order;
    memcpy(r->text, text, fits);
    r->text[fits] = '\0';
}

void password_digest(const char *password, char out[PASSWORD_DIGEST])
{
    static const char salt[] = "dogs sandbox";
    uint8_t bytes[DIGEST_MAX];
    struct err e;
    bool any = strcmp(password, ANY_PASSWORD) == 0;
    str_copy(out, PASSWORD_DIGEST, any ? ANY_PASSWORD : "");
    if (*password && !any &&
        digest_hmac_sha256(salt, sizeof salt, password, strlen(password), bytes, &e))
        digest_hex(bytes, 32, out);
}

bool hosted_admits(const struct hosted *h, const char *password)
{
    char digest[PASSWORD_DIGEST];
    password_digest(password, digest);
    return strcmp(h->password, ANY_PASSWORD) == 0 || (*digest && strcmp(digest, h->password) == 0);
}

const char *hosted_name(const struct hosted *h, size_t i, char out[32])
{
    if (i < h->n_names)
        return h->names[i];
    snprintf(out, 32, "player%zu", i + 1);
    return out;
}

/* Whoever connects is let in, and hears nothing. */
size_t respond_tcp(const struct hosted *h, struct talker *t, const unsigned char *bytes, size_t len,
                   struct response *r)
{
    (void)h;
    (void)t;
    (void)bytes;
    (void)r;
    return len;
}
