/* Whether somebody takes connections: all that can be known of a game without a question. */
#include "talk.h"

static enum talk_next begin(struct talk *t)
{
    (void)t;
    return TALK_SEND;
}

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    (void)bytes;
    (void)len;
    (void)status;
    t->answer->up = true;
    return talk_uncounted(t, "only its port was looked at: it takes connections");
}

static enum talk_next end(struct talk *t)
{
    return feed(t, NULL, 0, 0);
}

const struct protocol protocol_tcp = {
    .name = "tcp",
    .title = "TCP port",
    .carrier = CARRY_TCP,
    .begin = begin,
    .feed = feed,
    .end = end,
};
