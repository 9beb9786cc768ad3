/* /sandbox/game, /sandbox/games, /sandbox/told: which games run where, and what they were told. */
#include "call.h"
#include "game_respond.h"
#include "games.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_SECONDS = 24 * 3600 };

static cJSON *game_json(const struct call *c, const struct gameserver *g)
{
    cJSON *json = record_json(&gameserver_kind, g);
    cJSON_DeleteItemFromObjectCaseSensitive(json, "password");
    const struct droplet *d = list_find(c->w, &droplet_kind, g->droplet_id);
    if (!d)
        return json;
    const char *address = gameserver_address(c->w, d);
    cJSON_AddStringToObject(json, "address", address ? address : "");
    json_put_int(json, "players", droplet_players(d, c->now));
    cJSON_AddBoolToObject(json, "up", gameserver_up(d, g, c->now));
    cJSON_AddBoolToObject(json, "open", ints_has(&c->store->games_open, g->id));
    return json;
}

void control_games(struct call *c)
{
    cJSON *list = cJSON_CreateArray();
    for (EACH(gameserver, g, c->w, gameservers))
        cJSON_AddItemToArray(list, game_json(c, g));
    reply(c, 200, wrap("games", list));
}

void control_told(struct call *c)
{
    cJSON *list = cJSON_CreateArray();
    for (EACH(order, o, c->w, orders)) {
        cJSON *json = cJSON_CreateObject();
        json_put_int(json, "droplet_id", o->droplet_id);
        json_put_int(json, "port", o->port);
        json_put_int(json, "at", o->at_ms);
        cJSON_AddStringToObject(json, "order", o->what);
        cJSON_AddStringToObject(json, "text", o->text);
        cJSON_AddItemToArray(list, json);
    }
    reply(c, 200, list);
}

/* A number within bounds; -1 where it is not given. */
static bool number(struct call *c, const char *name, int64_t least, int64_t most, int64_t *out)
{
    const cJSON *v = json_at(c->body, name);
    *out = json_int(v, "", -1);
    if (!v || (*out >= least && *out <= most))
        return true;
    refuse(c, 400, "%s: %lld to %lld", name, (long long)least, (long long)most);
    return false;
}

static bool mode_known(const char *mode)
{
    for (size_t i = 0; game_modes[i]; i++)
        if (strcmp(game_modes[i], mode) == 0)
            return true;
    return false;
}

static bool read_wish(struct call *c, struct game_wish *w)
{
    int64_t boot_s;
    *w = (struct game_wish){
        .server = json_text(c->body, "server", NULL),
        .protocol = json_text(c->body, "protocol", NULL),
        .password = json_text(c->body, "password", NULL),
        .mode = json_text(c->body, "mode", NULL),
        .droplet_id = json_int(c->body, "droplet_id", 0),
    };
    if (w->protocol && !responder_known(w->protocol)) {
        struct str known = STR(1024);
        for (size_t i = 0; responder_at(i); i++)
            str_addf(&known, " %s", responder_at(i)->protocol);
        refuse(c, 400, "there is no protocol %s, but%s", w->protocol, str_text(&known));
        str_release(&known);
        return false;
    }
    if (w->mode && !mode_known(w->mode)) {
        refuse(c, 400, "there is no mode %s", w->mode);
        return false;
    }
    if (!w->server == !w->droplet_id) {
        refuse(c, 400, "either server or droplet_id is needed");
        return false;
    }
    bool ok = number(c, "port", 1, 65535, &w->port) && number(c, "max", 0, 100000, &w->max) &&
              number(c, "boot_s", 0, MOST_SECONDS, &boot_s);
    w->boot_ms = ok && boot_s >= 0 ? boot_s * 1000 : -1;
    return ok;
}

/* As many as are named play, if not told otherwise. */
static bool read_players(struct call *c, int64_t *players)
{
    const cJSON *names = json_at(c->body, "names");
    if (!number(c, "players", 0, GAME_MOST_PLAYERS, players))
        return false;
    if (*players < 0 && cJSON_IsArray(names))
        *players = cJSON_GetArraySize(names);
    if (*players <= GAME_MOST_PLAYERS)
        return true;
    refuse(c, 400, "names: at most %d", GAME_MOST_PLAYERS);
    return false;
}

static void set_players(struct call *c, struct droplet *d, int64_t players)
{
    const cJSON *name;
    d->players = players;
    d->players_ms = c->now;
    texts_clear(&d->player_names);
    cJSON_ArrayForEach(name, json_at(c->body, "names"))
    {
        const char *text = json_text(name, "", "");
        if (*text && strlen(text) <= GAME_MOST_NAME && (int64_t)d->player_names.n < players)
            texts_add(&d->player_names, text);
    }
    if (players > 0)
        d->world++;
    c->w->dirty = true;
}

/* How many were meant on the droplets, and (without a droplet's id) for those to come. */
static size_t apply(struct call *c, const struct game_wish *w, int64_t players, bool *played)
{
    size_t meant = gameservers_grant(c->w, w, c->store->dir, c->now);
    for (EACH(droplet, d, c->w, droplets)) {
        bool this_one = w->server ? strcmp(d->name, w->server) == 0 : d->id == w->droplet_id;
        if (!this_one || d->deleted || !droplet_lives(d, c->now) || !gameservers_on(c->w, d->id))
            continue;
        if (players < 0 || strcmp(droplet_status(d, c->now), "active") != 0)
            continue;
        set_players(c, d, players);
        *played = true;
    }
    return meant;
}

void control_game(struct call *c)
{
    struct game_wish w;
    int64_t players;
    bool played = false;
    if (!read_wish(c, &w) || !read_players(c, &players))
        return;
    if (apply(c, &w, players, &played) == 0 || (players >= 0 && !played))
        refuse_missing(c);
    else
        control_games(c);
}
