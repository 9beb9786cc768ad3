/* rcon: Source's RCON as a talk, and the texts of consoles, pure over bytes.
 *
 * Packet: u32 size of what follows, i32 id, i32 type, text, NUL, NUL; all little-endian. Source of
 * the layout: https://developer.valvesoftware.com/wiki/Source_RCON_Protocol
 *
 * A protocol over RCON is a struct rcon_dialect and three functions that hand it on.
 */
#ifndef GAME_RCON_H
#define GAME_RCON_H

#include "talk.h"

enum {
    RCON_BODY_MAX = 1446,         /* of a request: Minecraft takes no longer one */
    RCON_TEXT_MAX = 64 * 1024,    /* of an answer, all packets */
    RCON_PACKET_MAX = 256 * 1024, /* size that a peer may announce */
};

struct rcon_dialect {
    const char *ask;       /* the command that lists who plays; NULL = what the game's row says */
    const char *ask_brief; /* the same where no names are wanted; NULL = ask */
    const char *save_else; /* said where the server does not know the row's `save`; NULL = none */
    bool whole;            /* each answer is one packet, and nothing else is answered */
    bool confirm_save;     /* any answer to `save` says only that it was heard: it is done once
                              the server answers the next command */
};

enum talk_next rcon_begin(struct talk *t);
enum talk_next rcon_feed(struct talk *t, const struct rcon_dialect *d);
enum talk_next rcon_late(struct talk *t, const struct rcon_dialect *d);
enum talk_next rcon_end(struct talk *t, const struct rcon_dialect *d);

/* The command of an order: the template with the text in place of its %s, at most RCON_BODY_MAX
 * bytes, whole characters. What a console would take for the end of the text or of the command is
 * something else in it: ';' is ',', '"' is an apostrophe, '\' is '/'; a text that begins the
 * command does not begin with '/'. */
void rcon_command(struct str *out, const char *template_, const char *text);

/* Reads who plays from the answer to the command `ask`. False if it says nothing of the kind: then
 * players and maximum are as they were. */
bool rcon_count(const char *ask, const char *text, bool names, struct game_answer *a);
bool rcon_knows(const char *ask); /* whether rcon_count can read answers to that */

/* The server does not know the command that it answers so. */
bool rcon_unknown(const char *text);
/* It speaks of a failure: for answers of which nobody knows how they say that all is well. */
bool rcon_complains(const char *text);

#endif
