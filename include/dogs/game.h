/* game: asks a game server whether it is ready and who plays, and tells it to warn, save and stop.
 *
 *     const struct game *g = game_find("minecraft-java");
 *     struct game_place place = {.host = "203.0.113.7", .game = g};
 *     struct game_answer a = {0};
 *     if (game_query(&(struct game_opts){.net = net}, &place, 1, &a, cancel, &e))
 *         ... a.up, a.players (-1: unknown, and a.why says why) ...
 *     game_answer_release(&a);
 *
 * Three answers, never two: so many players, none, unknown. Unknown is never none.
 * The rows of the table are in games.c, the protocols one file each; what is read from the network
 * is parsed by functions that are pure over bytes, bounded and fuzzed.
 */
#ifndef DOGS_GAME_H
#define DOGS_GAME_H

#include <dogs/err.h>
#include <dogs/str.h>
#include <dogs/work.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    GAME_TEXT = 256,
    GAME_NAMES_MAX = 200,
    GAME_TRY_MS = 2500, /* default: one try; there are three */
    GAME_TRIES = 3,
};

struct protocol; /* of src/game/talk.h */

/* A row of the table: defaults, each of which the config can override. */
struct game {
    const char *name;               /* as in `game:`, [a-z0-9-]+ */
    const char *title;              /* "Minecraft: Java Edition" */
    const struct protocol *query;   /* how it is asked who plays; NULL = it cannot be */
    const struct protocol *admin;   /* how it is told something from outside; NULL = it cannot be */
    uint16_t port;                  /* what a player types, or the client's default */
    uint16_t query_port;            /* where `query` asks */
    uint16_t admin_port;            /* where `admin` speaks; 0 = none */
    bool tcp;                       /* `port` is TCP (else UDP) */
    bool counts;                    /* `query` tells how many play, without a password */
    const char *warn, *save, *stop; /* what `admin` is told: a command in which one %s stands for
                                       the text, or a path; NULL = it has none */
    const char *saved;              /* a part of the answer to `save` that says it is done; NULL =
                                       any answer does */
    const char *ask;                /* over RCON as `query`: the command that lists who plays */
    const char *saves;              /* where our script keeps the saves on the droplet; NULL */
    const char *script;             /* name of its folder in game-scripts/; NULL = there is none */
};

const struct game *game_find(const char *name);        /* NULL if there is none of that name */
const struct game *game_at(size_t i);                  /* in order of name; NULL after the last */
const char *game_protocol(const struct game *g);       /* of its query: "java", "a2s"; "" = none */
const char *game_admin_protocol(const struct game *g); /* "rcon"; "" = none */

/* Where one is. All text lent for the time of the call; 0 and NULL: as the table says. A query port
 * that the table has at the game's own, or one above it, moves with `port`. */
struct game_place {
    const char *host; /* name or address of either family, without brackets */
    const struct game *game;
    uint16_t port, query_port, admin_port;
    const char *password; /* of RCON, a REST user or an API's admin; NULL = none. Never logged. */
    const char *pin;      /* SHA-256 (64 hex digits) of the server's own certificate, for HTTPS APIs
                             with a self-signed one; NULL = the system's trust decides */
};

struct game_answer {
    bool up;             /* it answered as its protocol says it does when one can play */
    int players, max;    /* humans; -1 = unknown */
    char why[GAME_TEXT]; /* "" where both are known; else why not */
    char title[GAME_TEXT], map[64], version[64]; /* printable, "" = not told */
    char **names;                                /* of players, as far as told; printable */
    size_t n_names;
    int ms; /* of the try that was answered, until all was there; -1 = none */
    struct err
        err;     /* code OK: it answered as its protocol has it. Else why not, with a hint: PROTOCOL
                    not understood, NETWORK refused or cut off, TIMEOUT, AUTH, CONFIG, ... */
    bool silent; /* nothing came at all: down, starting, behind a firewall, or not asked */
};
void game_answer_release(struct game_answer *a);

struct game_net; /* what is shared by all who ask: one per process is enough; safe from any thread
                  */
struct game_net *game_net_open(struct err *e);
void game_net_close(struct game_net *net); /* NULL allowed */

struct game_opts {
    struct game_net *net;
    int try_ms, tries; /* 0 = the defaults above */
    bool names;        /* ask for the players' names, too, where that is another question */
};

uint16_t game_query_port(const struct game_place *place); /* where it is asked; 0 = nowhere */
/* Whether the place can be asked: its game has a question, and the password that this needs is
 * given. Else CONFIG, with the key that is missing. */
bool game_can_ask(const struct game_place *place, struct err *e);

/* Asks n places at once in the calling thread; answers[i] belongs to places[i] (release each). True
 * once each has answered or is known to stay silent, whatever they said; false only if nothing
 * could be asked: INTERRUPTED, or CONFIG (a place without a game that can be asked). One that lacks
 * the password for the question stays unknown, with the reason in its answer. */
bool game_query(const struct game_opts *opts, const struct game_place *places, size_t n,
                struct game_answer *answers, struct cancel *cancel, struct err *e);

/* Whether somebody listens on the game's TCP port; for UDP games without a query always false. */
bool game_port_open(const struct game_opts *opts, const struct game_place *place,
                    struct cancel *cancel, struct err *e);

enum game_order { GAME_WARN, GAME_SAVE, GAME_STOP };

/* Whether the place can be told so: its game has the order, and what that needs is given. Else
 * CONFIG, and the hint names the config key that is missing. */
bool game_can(const struct game_place *place, enum game_order order, struct err *e);
/* Tells it, over its admin protocol. `text` is what players read (GAME_WARN; else NULL), any UTF-8;
 * control characters become blanks. True once the server has said that it is done (GAME_STOP: or
 * has closed the connection). AUTH: password refused. NETWORK, TIMEOUT, PROTOCOL, FAILED (its own
 * words in the text), INTERRUPTED. A save may take save_ms (0 = 60 s). */
bool game_tell(const struct game_opts *opts, const struct game_place *place, enum game_order order,
               const char *text, int save_ms, struct cancel *cancel, struct err *e);

/* A file of the game's folder in game-scripts/, or of those shared by all, compiled in. NULL if
 * there is none of that name. Lent, NUL-terminated; len may be NULL. */
const char *game_script(const struct game *g, const char *file, size_t *len);
/* All of them as one text for sh, which unpacks them and runs install.sh: cloud-init's user data.
 * ASCII without CR, at most max bytes. *out is yours to release. CONFIG: no script, or too large.
 */
bool game_user_data(const struct game *g, size_t max, struct str *out, struct err *e);

#endif
