/* talk_told: drives one talk by hand, for the tests of protocols. */
#ifndef DOGS_TESTS_TALK_TOLD_H
#define DOGS_TESTS_TALK_TOLD_H

#include "../src/game/talk.h"
#include "unit.h"

struct told {
    struct talk talk;
    struct game_place place;
    struct game_answer answer;
    enum talk_next next;
};

/* Set told.talk's telling, order, text, names between this and told_begin. */
static inline void told_open(struct told *d, const struct protocol *p, const struct game *g,
                             const char *password)
{
    *d = (struct told){.place = {.host = "127.0.0.1", .game = g, .password = password}};
    talk_init(&d->talk, p, &d->place, &d->answer, 0x1122334455667788u);
}

static inline void told_begin(struct told *d)
{
    d->next = talk_begin(&d->talk);
}

static inline void told_close(struct told *d)
{
    talk_release(&d->talk);
    game_answer_release(&d->answer);
}

static inline void told_http(struct told *d, const char *body, int status)
{
    d->next = talk_feed(&d->talk, body, strlen(body), status);
}

/* "ann,bob" */
static inline const char *told_names(const struct told *d)
{
    static char all[1024];
    all[0] = '\0';
    for (size_t i = 0; i < d->answer.n_names; i++) {
        strncat(all, i ? "," : "", sizeof all - strlen(all) - 1);
        strncat(all, d->answer.names[i], sizeof all - strlen(all) - 1);
    }
    return all;
}

#endif
