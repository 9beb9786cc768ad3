/* fuzz_talk: one talk with a server that says anything, for libFuzzer.
 *
 *     cmake -S . -B build/fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DDOGS_FUZZ=ON
 *     ninja -C build/fuzz fuzz_talk
 *     DOGS_FUZZ=java build/fuzz/fuzz_talk -max_total_time=600 tests/fuzz/corpus/java
 *
 * Input: a byte of how it is asked (bit 0: names; bit 1: an order, bits 2 and 3: which), then what
 * happens, one after the other: two bytes of a length (little-endian) and as many bytes that come;
 * or ff ff: silence; or fe ff: the end of the stream. Over HTTP the first byte that comes is the
 * status. The nonce is always the same, so that answers can fit it. */
#include "../../src/game/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SILENCE = 0xffff, END = 0xfffe, STEPS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const struct protocol *const protocols[] = {
    &protocol_java,
    &protocol_java_query,
    &protocol_bedrock,
    &protocol_a2s,
    &protocol_quake3,
    &protocol_luanti,
    &protocol_tcp,
    &protocol_satisfactory,
    &protocol_rcon,
    &protocol_factorio,
    &protocol_tshock,
    &protocol_palworld,
    &protocol_satisfactory_api,
};

static const struct protocol *chosen;
static const struct game *game;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("DOGS_FUZZ");
    (void)argc;
    (void)argv;
    for (size_t i = 0; name && i < sizeof protocols / sizeof *protocols; i++)
        if (strcmp(protocols[i]->name, name) == 0)
            chosen = protocols[i];
    for (size_t i = 0; chosen && game_at(i) && !game; i++)
        if (game_at(i)->admin == chosen || game_at(i)->query == chosen)
            game = game_at(i);
    if (!chosen) {
        fputs("DOGS_FUZZ names none of:", stderr);
        for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
            fprintf(stderr, " %s", protocols[i]->name);
        fputs("\n", stderr);
        exit(2);
    }
    game = game ? game : game_find("minecraft-java");
    return 0;
}

static void must(bool so)
{
    if (!so)
        abort();
}

static void must_be_printable(const char *text, size_t size)
{
    size_t len = strnlen(text, size);
    must(len < size && (!len || str_is_utf8(text, len)));
    for (size_t i = 0; i < len; i++)
        must((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
}

/* What holds whatever a server says. */
static void check(const struct talk *t, enum talk_next next)
{
    const struct game_answer *a = t->answer;
    must(t->out.len <= TALK_SEND_MAX && t->rounds <= TALK_ROUNDS_MAX + 1);
    must(a->players >= -1 && a->max >= -1 && a->n_names <= GAME_NAMES_MAX);
    must_be_printable(a->why, sizeof a->why);
    must_be_printable(a->title, sizeof a->title);
    must_be_printable(a->map, sizeof a->map);
    must_be_printable(a->version, sizeof a->version);
    for (size_t i = 0; i < a->n_names; i++)
        must_be_printable(a->names[i], GAME_TEXT);
    if (next != TALK_OVER)
        return;
    must(!t->err.code || (a->players == -1 && !a->up && *a->why));
    must(!t->err.code || !t->done_ok);
    must(t->telling || t->err.code || a->players >= 0 || *a->why);
}

static enum talk_next step(struct talk *t, const uint8_t **data, size_t *left)
{
    bool http = t->protocol->carrier == CARRY_HTTP || t->protocol->carrier == CARRY_HTTPS;
    size_t len = (*data)[0] | (size_t)(*data)[1] << 8;
    *data += 2;
    *left -= 2;
    if (len == SILENCE || (len == END && t->protocol->carrier != CARRY_TCP))
        return talk_late(t);
    if (len == END)
        return talk_end(t);
    len = len < *left ? len : *left;
    int status = http && len ? **data * 2 : 200;
    size_t skip = http && len;
    /* A block of exactly this size, so that reading beyond it is seen. */
    char *bytes = xmalloc(len - skip + http);
    memcpy(bytes, *data + skip, len - skip);
    if (http)
        bytes[len - skip] = '\0';
    enum talk_next next = talk_feed(t, bytes, len - skip, status);
    free(bytes);
    *data += len;
    *left -= len;
    return next;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct game_place place = {.host = "localhost", .game = game, .password = "secret"};
    struct game_answer answer = {0};
    struct talk t;

    if (!size)
        return 0;
    talk_init(&t, chosen, &place, &answer, 0x1122334455667788u);
    t.port = 25565;
    t.names = data[0] & 1;
    t.telling = data[0] & 2;
    t.order = (enum game_order)((data[0] >> 2 & 3) % 3);
    t.text = t.telling && t.order == GAME_WARN ? "it ends \"in\" 5 minutes" : "";
    const uint8_t *at = data + 1;
    size_t left = size - 1;
    enum talk_next next = talk_begin(&t);
    check(&t, next);
    for (int i = 0; next != TALK_OVER && i < STEPS_MAX && left >= 2; i++) {
        next = step(&t, &at, &left);
        check(&t, next);
    }
    for (int i = 0; next != TALK_OVER; i++) {
        must(i <= TALK_ROUNDS_MAX);
        next = chosen->carrier == CARRY_TCP ? talk_end(&t) : talk_late(&t);
        check(&t, next);
    }
    talk_release(&t);
    game_answer_release(&answer);
    return 0;
}
