#include "talk.h"

#include <string.h>

static const struct game games[] = {
    {.name = "other", .title = "any other game", .tcp = true},
};

const struct game *game_at(size_t i)
{
    return i < sizeof games / sizeof *games ? &games[i] : NULL;
}

const struct game *game_find(const char *name)
{
    for (size_t i = 0; game_at(i); i++)
        if (!strcmp(games[i].name, name))
            return &games[i];
    return NULL;
}

const char *game_protocol(const struct game *g)
{
    return g->query ? g->query->name : "";
}
