/* said: what the protocols that tell a game something share: a server's own words made fit to be
 * shown, and HTTP answers judged. Pure. */
#ifndef GAME_SAID_H
#define GAME_SAID_H

#include "talk.h"

#include <dogs/json.h>

enum {
    SAID_WORDS = 200,
    SAID_COUNT_MAX = 1000000, /* nobody has more players; what says so lies */
};

/* What the server said, printable, one line, cut; "" where it holds the place's password. */
void said_words(const struct talk *t, const char *bytes, size_t len, char to[SAID_WORDS]);

/* The password was refused: talk_bad with AUTH, and the hint names the key. */
enum talk_next said_refused(struct talk *t, const char *words);

/* True for 2xx. Else talk_bad, with the words of a JSON body: AUTH for 401 and 403, else REFUSED
 * (of an order FAILED), which may be tried again where it was 5xx or 429. */
bool said_ok(struct talk *t, const unsigned char *bytes, size_t len, int status);

/* The body as JSON, yours to delete; NULL after talk_bad, whatever was wrong. */
cJSON *said_json(struct talk *t, const unsigned char *bytes, size_t len, int status);

/* A count of people: a whole number of that path, from 0 on. */
bool said_count(const cJSON *root, const char *path, int *out, struct err *e);

/* The answer is known: it is up, so many play of at most so many. An absent or impossible maximum
 * is unknown. False after talk_bad if the players cannot be known. */
bool said_players(struct talk *t, const cJSON *root, const char *players, const char *max);

/* What the game's row has for the order of the talk: a template, a path; "" if it has none. */
const char *said_command(const struct talk *t);

/* How orders end; each TALK_OVER. */
enum talk_next said_done(struct talk *t);
/* An HTTP answer to it: done where the status says so, and a save's body what the row waits for. */
enum talk_next said_order(struct talk *t, const unsigned char *bytes, size_t len, int status);
/* It was sent, and nothing was heard of it: it may have been done. */
enum talk_next said_nothing(struct talk *t, enum err_code code, const char *why);
/* The connection was closed; `ordered`: after the order. That is how a server stops. */
enum talk_next said_closed(struct talk *t, bool ordered);

#endif
