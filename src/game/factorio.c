/* Factorio's console over RCON. Commands that begin with /c would turn achievements off; none does.
 * Its text is in the server's language, so that only the digits in brackets are read. */
#include "rcon.h"

static const struct rcon_dialect factorio = {
    .ask = "/players online",
    .ask_brief = "/players online count",
    .save_else = "/save",
    .whole = true,
    .confirm_save = true,
};

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    (void)bytes;
    (void)len;
    (void)status;
    return rcon_feed(t, &factorio);
}

static enum talk_next late(struct talk *t)
{
    return rcon_late(t, &factorio);
}

static enum talk_next end(struct talk *t)
{
    return rcon_end(t, &factorio);
}

const struct protocol protocol_factorio = {
    .name = "factorio",
    .title = "Factorio's console",
    .carrier = CARRY_TCP,
    .needs_password = true,
    .begin = rcon_begin,
    .feed = feed,
    .late = late,
    .end = end,
};
