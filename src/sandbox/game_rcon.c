/* Source's RCON, with the words of the games that speak it. */
#include "game_respond.h"

#include <stdio.h>
#include <string.h>

enum {
    LOGIN = 3,
    LOGGED_IN = 2,
    COMMAND = 2,
    OUTPUT = 0,
    PACKET_LEAST = 10,
    PACKET_MOST = 8 * 1024,
    OUTPUT_PIECE = 4096, /* Minecraft cuts there */
};

enum word {
    WORD_LIST,
    WORD_COUNT,
    WORD_ONLINE,
    WORD_CONNECTED,
    WORD_NUMBERED,
    WORD_NONE,
    WORD_SAY,
    WORD_SAVE,
    WORD_STOP,
};

/* A command by how it begins; where two fit the first one holds. `says`: the answer. */
static const struct command {
    const char *protocol, *begins;
    enum word word;
    const char *says, *fails;
} commands[] = {
    {"factorio", "/players online count", WORD_COUNT, NULL, NULL},
    {"factorio", "/players online", WORD_ONLINE, NULL, NULL},
    {"factorio", "/server-save", WORD_SAVE, "Saving the map.", "Can't save the map."},
    {"factorio", "/save", WORD_SAVE, "Saving the map.", "Can't save the map."},
    {"factorio", "/quit", WORD_STOP, "Quitting.", NULL},
    {"factorio", "/", WORD_NONE, "Unknown command. Type /help for a list of commands.", NULL},
    {"factorio", "", WORD_SAY, "", NULL},
    {"rcon", "list", WORD_LIST, NULL, NULL},
    {"rcon", "players", WORD_CONNECTED, NULL, NULL},
    {"rcon", "ListPlayers", WORD_NUMBERED, NULL, NULL},
    {"rcon", "say ", WORD_SAY, "", NULL},
    {"rcon", "servermsg ", WORD_SAY, "Message sent.", NULL},
    {"rcon", "ServerChat ", WORD_SAY, "Server received, But no response!!", NULL},
    {"rcon", "save-all", WORD_SAVE, "Saved the game", "Unable to save the game"},
    {"rcon", "SaveWorld", WORD_SAVE, "World Saved", "World could not be saved"},
    {"rcon", "save", WORD_SAVE, "World saved", "World could not be saved"},
    {"rcon", "stop", WORD_STOP, "Stopping the server", NULL},
    {"rcon", "DoExit", WORD_STOP, "Exiting...", NULL},
    {"rcon", "quit", WORD_STOP, "Quit", NULL},
};

static void put_packet(struct str *out, uint32_t id, uint32_t type, const char *text, size_t len)
{
    wire_u32le(out, (uint32_t)(PACKET_LEAST + len));
    wire_u32le(out, id);
    wire_u32le(out, type);
    str_addn(out, text, len);
    wire_u16le(out, 0);
}

static void put_output(struct response *r, uint32_t id, const char *text)
{
    size_t len = strlen(text), at = 0;
    do {
        size_t piece = len - at < OUTPUT_PIECE ? len - at : OUTPUT_PIECE;
        put_packet(&r->out, id, OUTPUT, text + at, piece);
        at += piece;
    } while (at < len);
}

static void add_lines(const struct hosted *h, const char *before, const char *after,
                      struct str *text)
{
    char buffer[32];
    for (size_t i = 0; (int64_t)i < h->players; i++)
        str_addf(text, "\n%s%s%s", before, hosted_name(h, i, buffer), after);
}

/* "ann, bob" in the first line, or a name a line, as the game has it. */
static void put_list(const struct hosted *h, enum word word, struct response *r, uint32_t id)
{
    struct str text = STR(96 * 1024);
    char buffer[32];
    long long n = (long long)h->players;
    if (word == WORD_LIST) {
        str_addf(&text, "There are %lld of a max of %lld players online: ", n, (long long)h->max);
        for (size_t i = 0; (int64_t)i < h->players; i++)
            str_addf(&text, "%s%s", i ? ", " : "", hosted_name(h, i, buffer));
    } else if (word == WORD_COUNT || word == WORD_ONLINE) {
        str_addf(&text, "Online players (%lld)%s", n, word == WORD_COUNT ? "" : ":");
        if (word == WORD_ONLINE)
            add_lines(h, "", " (online)", &text);
    } else if (word == WORD_CONNECTED) {
        str_addf(&text, "Players connected (%lld): ", n);
        add_lines(h, "-", "", &text);
    } else {
        if (n == 0)
            str_add(&text, "No Players Connected");
        for (size_t i = 0; (int64_t)i < h->players; i++)
            str_addf(&text, "\n%zu. %s, 0002%028zu ", i, hosted_name(h, i, buffer), i);
    }
    put_output(r, id, str_text(&text));
    str_release(&text);
}

static void obey(const struct hosted *h, const struct command *c, const char *said, uint32_t id,
                 struct response *r)
{
    static const enum game_order orders[] = {
        [WORD_SAY] = ORDER_WARN, [WORD_SAVE] = ORDER_SAVE, [WORD_STOP] = ORDER_STOP};
    if (c->word < WORD_NONE) {
        put_list(h, c->word, r, id);
        return;
    }
    if (c->word == WORD_NONE) {
        put_output(r, id, c->says);
        return;
    }
    const char *text = c->word == WORD_SAY ? said + strlen(c->begins) : said;
    response_order(r, orders[c->word], text, strlen(text));
    put_output(r, id, c->word == WORD_SAVE && h->save_fails ? c->fails : c->says);
    r->close = c->word == WORD_STOP;
}

static void run(const struct hosted *h, const char *said, uint32_t id, struct response *r)
{
    const char *line = strcmp(h->protocol, "rcon") == 0 && *said == '/' ? said + 1 : said;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *c = &commands[i];
        if (strcmp(c->protocol, h->protocol) == 0 && str_starts(line, c->begins)) {
            obey(h, c, line, id, r);
            return;
        }
    }
    put_output(r, id, "Unknown or incomplete command, see below for error");
}

size_t respond_rcon(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                    size_t len, struct response *r)
{
    if (len < 4)
        return 0;
    uint32_t size = wire_get_u32le(bytes);
    if (size < PACKET_LEAST || size > PACKET_MOST || h->starting) {
        r->close = true;
        return len;
    }
    if (len - 4 < size)
        return 0;
    uint32_t id = wire_get_u32le(bytes + 4), type = wire_get_u32le(bytes + 8);
    char said[PACKET_MOST + 1];
    snprintf(said, sizeof said, "%.*s", (int)(size - PACKET_LEAST), (const char *)bytes + 12);
    if (type == LOGIN) {
        t->admitted = hosted_admits(h, said);
        put_packet(&r->out, t->admitted ? id : 0xffffffff, LOGGED_IN, "", 0);
    } else if (!t->admitted) {
        put_packet(&r->out, 0xffffffff, LOGGED_IN, "", 0);
        r->close = true;
    } else if (type == COMMAND) {
        run(h, said, id, r);
    } else {
        char text[40];
        snprintf(text, sizeof text, "Unknown request %x", (unsigned)type);
        put_output(r, id, text);
    }
    return 4 + size;
}
