/* Palworld's REST API, as its administrator. Source:
 * https://docs.palworldgame.com/category/rest-api
 */
#include "said.h"

#include <stdlib.h>
#include <string.h>

enum stage { STAGE_ONLY, STAGE_NAMES };

static enum talk_next ask(struct talk *t, enum stage stage, const char *method, const char *path)
{
    t->stage = stage;
    t->http.method = method;
    t->http.basic = true;
    str_copy(t->http.path, sizeof t->http.path, path);
    return TALK_SEND;
}

static enum talk_next begin(struct talk *t)
{
    if (!t->telling)
        return ask(t, STAGE_ONLY, "GET", "/v1/api/metrics");
    cJSON *root = cJSON_CreateObject();
    if (t->order == GAME_STOP) /* it wants to be told when, in seconds, and why */
        cJSON_AddNumberToObject(root, "waittime", 1);
    if (t->order != GAME_SAVE)
        cJSON_AddStringToObject(root, "message",
                                t->text && *t->text ? t->text : "The server stops");
    char *body = json_print(root);
    if (t->order != GAME_SAVE)
        str_add(&t->out, body);
    free(body);
    cJSON_Delete(root);
    return ask(t, STAGE_ONLY, "POST", said_command(t));
}

static enum talk_next on_names(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    struct err ignored = {0};
    /* The count is known already: whatever is wrong here leaves it so. */
    cJSON *root = status == 200 ? json_parse((const char *)bytes, len, &ignored) : NULL;
    const cJSON *players = json_at(root, "players"), *player;
    cJSON_ArrayForEach(player, players)
    {
        const char *name = json_text(player, "name", "");
        talk_name(t->answer, name, strlen(name));
    }
    cJSON_Delete(root);
    return TALK_OVER;
}

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    if (t->telling)
        return said_order(t, bytes, len, status);
    if (t->stage == STAGE_NAMES)
        return on_names(t, bytes, len, status);
    cJSON *root = said_json(t, bytes, len, status);
    bool known = root && said_players(t, root, "currentplayernum", "maxplayernum");
    cJSON_Delete(root);
    if (!known || !t->names || !t->answer->players)
        return TALK_OVER;
    return ask(t, STAGE_NAMES, "GET", "/v1/api/players");
}

static enum talk_next late(struct talk *t)
{
    if (t->stage == STAGE_NAMES)
        return TALK_OVER;
    return said_nothing(t, ERR_TIMEOUT, "no answer came in time");
}

static enum talk_next end(struct talk *t)
{
    return said_closed(t, true);
}

const struct protocol protocol_palworld = {
    .name = "palworld",
    .title = "Palworld's REST API",
    .carrier = CARRY_HTTP,
    .needs_password = true,
    .begin = begin,
    .feed = feed,
    .late = late,
    .end = end,
};
