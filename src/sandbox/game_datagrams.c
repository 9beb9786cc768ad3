/* The small protocols over datagrams: Bedrock's ping, Quake 3's status, Luanti's hello,
 * Satisfactory's light query. */
#include "game_respond.h"

#include <string.h>

static const unsigned char raknet_magic[16] = {0x00, 0xff, 0xff, 0x00, 0xfe, 0xfe, 0xfe, 0xfe,
                                               0xfd, 0xfd, 0xfd, 0xfd, 0x12, 0x34, 0x56, 0x78};

size_t respond_bedrock(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                       size_t len, struct response *r)
{
    (void)t;
    bool ping = len >= 33 && (bytes[0] == 1 || bytes[0] == 2);
    if (!ping || h->starting || memcmp(bytes + 9, raknet_magic, sizeof raknet_magic) != 0)
        return len;
    struct str text = STR(1024);
    str_addf(&text, "MCPE;%.60s;766;1.21.50;%lld;%lld;%llu;world;Survival;1;%lld;%lld;", h->title,
             (long long)h->players, (long long)h->max, (unsigned long long)h->nonce,
             (long long)h->port, (long long)h->port + 1);
    wire_u8(&r->out, 0x1c);
    str_addn(&r->out, bytes + 1, 8);
    wire_u64le(&r->out, h->nonce);
    str_addn(&r->out, raknet_magic, sizeof raknet_magic);
    wire_u16be(&r->out, (unsigned)text.len);
    str_addn(&r->out, text.p, text.len);
    str_release(&text);
    response_datagram(r);
    return len;
}

static bool is_word(const unsigned char *bytes, size_t len, const char *word)
{
    size_t n = strlen(word);
    return len >= 4 + n && memcmp(bytes, "\xff\xff\xff\xff", 4) == 0 &&
           memcmp(bytes + 4, word, n) == 0;
}

/* What follows the word on its line is the asker's challenge, told back to it. */
static void add_challenge(struct str *out, const unsigned char *bytes, size_t len, size_t word)
{
    size_t at = 4 + word, end;
    while (at < len && bytes[at] == ' ')
        at++;
    for (end = at; end < len && end - at < 100 && bytes[end] > ' ' && bytes[end] < 127;)
        end++;
    if (end == at)
        return;
    str_add(out, "\\challenge\\");
    str_addn(out, bytes + at, end - at);
}

size_t respond_quake3(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                      size_t len, struct response *r)
{
    (void)t;
    bool status = is_word(bytes, len, "getstatus"), info = is_word(bytes, len, "getinfo");
    if (h->starting || (!status && !info))
        return len;
    str_addn(&r->out, "\xff\xff\xff\xff", 4);
    str_addf(&r->out, "%s\n\\protocol\\71\\mapname\\oa_dm1\\sv_maxclients\\%lld",
             status ? "statusResponse" : "infoResponse", (long long)h->max);
    str_addf(&r->out, status ? "\\sv_hostname\\%.60s\\gamename\\baseoa" : "\\hostname\\%.60s",
             h->title);
    if (info)
        str_addf(&r->out, "\\clients\\%lld\\g_humanplayers\\%lld", (long long)h->players,
                 (long long)h->players);
    add_challenge(&r->out, bytes, len, strlen(status ? "getstatus" : "getinfo"));
    if (status) {
        char buffer[32];
        str_add(&r->out, "\n");
        for (size_t i = 0; (int64_t)i < h->players; i++)
            str_addf(&r->out, "0 48 \"%.32s\"\n", hosted_name(h, i, buffer));
    }
    response_datagram(r);
    return len;
}

/* A hello of nobody in particular is answered with the number of a peer; how many play is never
 * told. */
size_t respond_luanti(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                      size_t len, struct response *r)
{
    static const unsigned char id[4] = {0x4f, 0x45, 0x74, 0x03};
    enum { ORIGINAL = 1, RELIABLE = 3, CONTROL = 0, SET_PEER_ID = 1, FIRST_SEQUENCE = 65500 };
    (void)t;
    bool hello = len >= 8 && memcmp(bytes, id, sizeof id) == 0 && bytes[4] == 0 && bytes[5] == 0 &&
                 (bytes[7] == ORIGINAL || bytes[7] == RELIABLE);
    if (!hello || h->starting)
        return len;
    str_addn(&r->out, id, sizeof id);
    wire_u16be(&r->out, 1);
    wire_u8(&r->out, 0);
    wire_u8(&r->out, RELIABLE);
    wire_u16be(&r->out, FIRST_SEQUENCE);
    wire_u8(&r->out, CONTROL);
    wire_u8(&r->out, SET_PEER_ID);
    wire_u16be(&r->out, 2 + (unsigned)(h->nonce % 60000));
    response_datagram(r);
    return len;
}

size_t respond_satisfactory(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                            size_t len, struct response *r)
{
    enum { LOADING = 2, PLAYING = 3 };
    (void)t;
    bool asks =
        len == 13 && bytes[0] == 0xd5 && bytes[1] == 0xf6 && bytes[2] == 0 && bytes[12] == 1;
    if (!asks)
        return len;
    wire_u16le(&r->out, 0xf6d5);
    wire_u8(&r->out, 1);
    wire_u8(&r->out, 1);
    str_addn(&r->out, bytes + 4, 8);
    wire_u8(&r->out, h->starting ? LOADING : PLAYING);
    wire_u32le(&r->out, 366202);
    wire_u64le(&r->out, 0);
    wire_u8(&r->out, 2);
    for (unsigned i = 0; i < 2; i++) {
        wire_u8(&r->out, i);
        wire_u16le(&r->out, 7);
    }
    wire_u16le(&r->out, (unsigned)strlen(h->title));
    str_add(&r->out, h->title);
    wire_u8(&r->out, 1);
    response_datagram(r);
    return len;
}
