#include "call.h"

#include "store.h"

#include <stdlib.h>
#include <string.h>

static cJSON *droplets_json(const struct call *c)
{
    cJSON *list = cJSON_CreateArray();
    for (EACH(droplet, d, c->w, droplets)) {
        cJSON *json = record_json(&droplet_kind, d);
        bool lives = droplet_lives(d, c->now);
        cJSON_AddStringToObject(json, "status", lives ? droplet_status(d, c->now) : "gone");
        cJSON_ReplaceItemInObjectCaseSensitive(json, "deleted",
                                               cJSON_CreateBool(d->deleted || !lives));
        cJSON_AddItemToArray(list, json);
    }
    return list;
}

void control_state(struct call *c)
{
    cJSON *json = world_json(c->w);
    cJSON *counters = cJSON_CreateObject();
    for (EACH(counter, n, c->w, counters))
        json_put_int(counters, n->name, n->value);
    cJSON_ReplaceItemInObjectCaseSensitive(json, "counters", counters);
    cJSON_ReplaceItemInObjectCaseSensitive(json, "droplets", droplets_json(c));
    json_put_int(json, "virtual_ms", c->now);
    cJSON_AddItemToObject(json, "requests", cJSON_Duplicate(c->store->requests, true));
    reply(c, 200, json);
}

void control_log(struct call *c)
{
    reply(c, 200, wrap("log", store_log_json(c->store)));
}

void control_log_clear(struct call *c)
{
    store_log_clear(c->store);
    reply(c, 204, NULL);
}

static struct droplet *active(struct world *w, int64_t now, const char *server, int64_t id)
{
    for (EACH(droplet, d, w, droplets)) {
        bool meant = id ? d->id == id : strcmp(d->name, server) == 0;
        if (meant && droplet_lives(d, now) && strcmp(droplet_status(d, now), "active") == 0)
            return d;
    }
    return NULL;
}

/* The active droplet that the body names. */
static struct droplet *named(const struct call *c)
{
    return active(c->w, c->now, json_text(c->body, "server", ""),
                  json_int(c->body, "droplet_id", 0));
}

struct droplet *play(struct world *w, int64_t now, const char *server, int64_t id)
{
    struct droplet *d = active(w, now, server, id);
    if (d) {
        d->world++;
        w->dirty = true;
    }
    return d;
}

void control_play(struct call *c)
{
    const struct droplet *d =
        play(c->w, c->now, json_text(c->body, "server", ""), json_int(c->body, "droplet_id", 0));
    if (!d) {
        refuse_missing(c);
        return;
    }
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "droplet_id", d->id);
    json_put_int(json, "world", d->world);
    reply(c, 200, json);
}

void control_faults_get(struct call *c)
{
    reply(c, 200, faults_json(c->w));
}

void control_faults_set(struct call *c)
{
    struct err e;
    if (faults_read(c->w, c->body, &e))
        reply(c, 200, faults_json(c->w));
    else
        refuse(c, 400, "%s", e.text);
}

void control_settings_get(struct call *c)
{
    reply(c, 200, settings_json(c->w));
}

void control_settings(struct call *c)
{
    struct err e;
    if (settings_read(c->w, c->body, &e))
        reply(c, 200, settings_json(c->w));
    else
        refuse(c, 400, "%s", e.text);
}

void control_advance(struct call *c)
{
    c->store->now += (int64_t)(json_real(c->body, "seconds", 0) * 1000.0);
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "virtual_ms", c->store->now);
    reply(c, 200, json);
}

void control_traffic(struct call *c)
{
    struct droplet *d = named(c);
    if (!d) {
        refuse_missing(c);
        return;
    }
    d->traffic_kbps = json_int(c->body, "kbps", 0);
    c->w->dirty = true;
    reply(c, 204, NULL);
}

void control_vanish(struct call *c)
{
    struct droplet *d = droplet_find(c->w, json_int(c->body, "droplet_id", 0), c->now);
    if (!d) {
        refuse_missing(c);
        return;
    }
    d->gone_ms = c->now;
    c->w->dirty = true;
    reply(c, 204, NULL);
}
