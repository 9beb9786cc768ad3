#include "rcon.h"
#include "said.h"

#include <stdio.h>
#include <string.h>

enum type { TYPE_OUTPUT = 0, TYPE_COMMAND = 2, TYPE_LOGGED_IN = 2, TYPE_LOGIN = 3 };

/* The nth message of a talk has the id first + n. Factorio sends its log to who has id 0. */
enum stage {
    STAGE_LOGIN,
    STAGE_COMMAND, /* the order, or the question */
    STAGE_ELSE,    /* the same order in other words */
    STAGE_END,     /* a packet that only marks where the answer ends */
    STAGE_CONFIRM,
};

enum { PACKET_LEAST = 8 }; /* some leave out the two NULs that the layout has at the end */
static const uint32_t refused_id = 0xffffffff;

struct rcon {
    uint32_t id; /* of the last command */
    size_t len;
    bool cut; /* it said more than there is room for */
    char text[RCON_TEXT_MAX];
};

struct packet {
    uint32_t id, type;
    const char *text;
    size_t len;
};

static uint32_t id_of(const struct talk *t, enum stage stage)
{
    return ((uint32_t)t->nonce & 0x0ffffff0) + 0x10 + (uint32_t)stage;
}

static void put_packet(struct talk *t, uint32_t id, enum type type, const char *text)
{
    put_u32le(&t->out, (uint32_t)strlen(text) + 10);
    put_u32le(&t->out, id);
    put_u32le(&t->out, type);
    str_add(&t->out, text);
    put_u16le(&t->out, 0);
}

/* One packet after another: Minecraft closes where two come in one piece, so nothing is sent before
 * the answer to the last one has begun to come. */
static enum talk_next say(struct talk *t, enum stage stage, enum type type, const char *text)
{
    struct rcon *r = t->own;
    t->stage = stage;
    if (type == TYPE_COMMAND) {
        r->id = id_of(t, stage);
        r->len = 0;
    }
    put_packet(t, id_of(t, stage), type, text);
    return TALK_SEND;
}

enum talk_next rcon_begin(struct talk *t)
{
    const char *password = t->place->password;
    t->own = xcalloc(1, sizeof(struct rcon));
    return say(t, STAGE_LOGIN, TYPE_LOGIN, password ? password : "");
}

static const char *question(const struct talk *t, const struct rcon_dialect *d)
{
    const char *ask = !t->names && d->ask_brief ? d->ask_brief : d->ask;
    return ask ? ask : t->place->game->ask;
}

static enum talk_next say_command(struct talk *t, const struct rcon_dialect *d)
{
    struct str command = STR(RCON_BODY_MAX);
    const char *ask = question(t, d);
    if (t->telling)
        rcon_command(&command, said_command(t), t->text);
    else
        str_add(&command, ask ? ask : "");
    enum talk_next next = say(t, STAGE_COMMAND, TYPE_COMMAND, str_text(&command));
    str_release(&command);
    return next;
}

static enum talk_next count(struct talk *t, const struct rcon_dialect *d)
{
    const struct rcon *r = t->own;
    struct game_answer *a = t->answer;
    char words[SAID_WORDS];
    if (!rcon_count(question(t, d), r->text, t->names, a)) {
        said_words(t, r->text, r->len, words);
        return talk_bad(t, ERR_PROTOCOL, "the console was asked who plays and answered \"%s\"",
                        words);
    }
    a->up = true;
    if (a->max < 0)
        snprintf(a->why, sizeof a->why, "its console does not say how many may play");
    return TALK_OVER;
}

static enum talk_next failed(struct talk *t, const char *what)
{
    const struct rcon *r = t->own;
    char words[SAID_WORDS];
    said_words(t, r->text, r->len, words);
    return talk_bad(t, ERR_FAILED, "%s%s%s%s", what, *words ? ": \"" : ", it said nothing", words,
                    *words ? "\"" : "");
}

/* All of the answer is there, or as much of it as ever comes. */
static enum talk_next settle(struct talk *t, const struct rcon_dialect *d)
{
    const struct rcon *r = t->own;
    const char *saved = t->place->game->saved;
    if (!t->telling)
        return count(t, d);
    if (rcon_unknown(r->text)) {
        if (t->order == GAME_SAVE && d->save_else && id_of(t, STAGE_COMMAND) == r->id)
            return say(t, STAGE_ELSE, TYPE_COMMAND, d->save_else);
        return failed(t, "the server does not know that command");
    }
    if (t->order != GAME_SAVE)
        return said_done(t);
    if (saved ? !str_has(r->text, saved) : rcon_complains(r->text))
        return failed(t, "the server did not say that it has saved");
    if (d->confirm_save)
        return say(t, STAGE_CONFIRM, TYPE_COMMAND, d->ask_brief ? d->ask_brief : d->ask);
    return said_done(t);
}

/* Whether nothing that may follow could change what the answer means. */
static bool is_clear(const struct talk *t)
{
    const struct rcon *r = t->own;
    const char *saved = t->place->game->saved;
    return t->telling && (t->order != GAME_SAVE || !saved || str_has(r->text, saved));
}

static void keep(struct rcon *r, const struct packet *p)
{
    size_t room = sizeof r->text - 1 - r->len, len = p->len < room ? p->len : room;
    memcpy(r->text + r->len, p->text, len);
    r->len += len;
    r->text[r->len] = '\0';
    r->cut = r->cut || len < p->len;
}

static enum talk_next on_output(struct talk *t, const struct packet *p,
                                const struct rcon_dialect *d)
{
    struct rcon *r = t->own;
    if (t->stage == STAGE_CONFIRM)
        return p->id == r->id ? said_done(t) : TALK_MORE;
    bool ours = p->id == r->id, marked = t->stage == STAGE_END && p->id == id_of(t, STAGE_END);
    if (!ours && !marked)
        return TALK_MORE; /* chatter, a "Keep Alive" */
    if (ours)
        keep(r, p);
    if (r->cut)
        return talk_bad(t, ERR_PROTOCOL, "the answer is longer than %d bytes", RCON_TEXT_MAX);
    if (marked || d->whole || is_clear(t))
        return settle(t, d);
    return t->stage == STAGE_END ? TALK_MORE : say(t, STAGE_END, TYPE_OUTPUT, "");
}

static enum talk_next on_packet(struct talk *t, const struct packet *p,
                                const struct rcon_dialect *d)
{
    if (p->id == refused_id && (t->stage == STAGE_LOGIN || p->type == TYPE_LOGGED_IN))
        return said_refused(t, "");
    if (t->stage != STAGE_LOGIN)
        return on_output(t, p, d);
    /* Source sends an empty output before it says who is in. */
    if (p->id == id_of(t, STAGE_LOGIN) && p->type == TYPE_LOGGED_IN)
        return say_command(t, d);
    return TALK_MORE;
}

/* The length of the packet that begins there; 0 while it is not all there, -1 if it is none. */
static int take_packet(const char *bytes, size_t len, struct packet *p)
{
    struct reader r = reader_of(bytes, len);
    uint32_t size = take_u32le(&r);
    if (!r.short_ && (size < PACKET_LEAST || size > RCON_PACKET_MAX))
        return -1;
    p->id = take_u32le(&r);
    p->type = take_u32le(&r);
    p->text = (const char *)take_bytes(&r, size - PACKET_LEAST);
    if (r.short_)
        return 0;
    p->len = strnlen(p->text, size - PACKET_LEAST);
    return (int)(len - reader_left(&r));
}

enum talk_next rcon_feed(struct talk *t, const struct rcon_dialect *d)
{
    enum talk_next next = TALK_MORE;
    size_t used = 0;

    while (next == TALK_MORE) {
        struct packet p;
        int n = take_packet(str_text(&t->in) + used, t->in.len - used, &p);
        if (n < 0)
            return talk_bad(t, ERR_PROTOCOL, "what answers there does not speak RCON");
        if (n == 0)
            break;
        used += (size_t)n;
        next = on_packet(t, &p, d);
    }
    talk_used(t, used);
    return next;
}

enum talk_next rcon_late(struct talk *t, const struct rcon_dialect *d)
{
    /* Packets that came in one piece with one that was answered have not been looked at yet. */
    enum talk_next next = rcon_feed(t, d);
    if (next != TALK_MORE)
        return next;
    /* Factorio, Rust and others answer nothing but commands. */
    if (t->stage == STAGE_END)
        return settle(t, d);
    if (t->stage == STAGE_LOGIN)
        return talk_bad(t, ERR_TIMEOUT, "RCON does not answer the login");
    if (t->stage == STAGE_CONFIRM)
        return said_nothing(t, ERR_TIMEOUT, "the save was begun, and its end was not heard of");
    return said_nothing(t, ERR_TIMEOUT, "the command was not answered in time");
}

enum talk_next rcon_end(struct talk *t, const struct rcon_dialect *d)
{
    enum talk_next next = rcon_feed(t, d);
    if (next != TALK_OVER && t->stage == STAGE_END)
        next = settle(t, d);
    if (next == TALK_OVER)
        return next;
    if (t->stage != STAGE_LOGIN)
        return said_closed(t, true);
    talk_bad(t, ERR_NETWORK, "RCON closed the connection at the login");
    err_hint(&t->err, "look at admin_port and admin_password; some servers shut out for a while "
                      "who gave a wrong password");
    return TALK_OVER;
}

static const struct rcon_dialect plain = {0};

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    (void)bytes;
    (void)len;
    (void)status;
    return rcon_feed(t, &plain);
}

static enum talk_next late(struct talk *t)
{
    return rcon_late(t, &plain);
}

static enum talk_next end(struct talk *t)
{
    return rcon_end(t, &plain);
}

const struct protocol protocol_rcon = {
    .name = "rcon",
    .title = "RCON",
    .carrier = CARRY_TCP,
    .needs_password = true,
    .begin = rcon_begin,
    .feed = feed,
    .late = late,
    .end = end,
};
