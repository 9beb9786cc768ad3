#include "world.h"

#include "catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t day_ms = 24 * 3600 * 1000;

static const char *const counter_names[] = {
    "deletes_repeated", "dangerous_called",       "by_tag_called", "tag_deleted",
    "put_firewall",     "rebuild_restore_called", "worlds_lost",   NULL,
};

static cJSON *rule(const char *protocol, const char *ports, const char *peer)
{
    static const char *const everybody[] = {"0.0.0.0/0", "::/0"};
    cJSON *r = cJSON_CreateObject();
    cJSON_AddStringToObject(r, "protocol", protocol);
    cJSON_AddStringToObject(r, "ports", ports);
    cJSON *addresses = cJSON_AddObjectToObject(r, peer);
    cJSON_AddItemToObject(addresses, "addresses", cJSON_CreateStringArray(everybody, 2));
    return r;
}

static void first_firewall(struct world *w, int64_t now)
{
    struct firewall *f = list_push(w, &firewall_kind);
    f->id = world_new_id(w, ID_OTHER);
    text_set(&f->uuid, "00000000-0000-4000-8000-000000000001");
    text_set(&f->name, "games");
    f->inbound = cJSON_CreateArray();
    f->outbound = cJSON_CreateArray();
    cJSON_AddItemToArray(f->inbound, rule("tcp", "22", "sources"));
    cJSON_AddItemToArray(f->inbound, rule("tcp", "25565", "sources"));
    cJSON_AddItemToArray(f->inbound, rule("udp", "34197", "sources"));
    cJSON_AddItemToArray(f->outbound, rule("tcp", "0", "destinations"));
    cJSON_AddItemToArray(f->outbound, rule("udp", "0", "destinations"));
    f->created_ms = f->changed_ms = now - 30 * day_ms;
}

void world_first(struct world *w, int64_t now)
{
    *w = (struct world){
        .generation = 1,
        .next_id = {INT64_C(4312000017), INT64_C(3905551001), INT64_C(2318400011)},
        .seed = UINT64_C(0x9e3779b97f4a7c15),
        .public_ip = xstrdup(""),
    };
    settings_first(w);
    for (size_t i = 0; counter_names[i]; i++) {
        struct counter *c = list_push(w, &counter_kind);
        c->id = (int64_t)i + 1;
        text_set(&c->name, counter_names[i]);
    }
    first_firewall(w, now);
    w->dirty = true;
}

void world_release(struct world *w)
{
    for (size_t k = 0; record_kinds[k]; k++) {
        struct list *l = world_list(w, record_kinds[k]);
        for (size_t i = 0; i < l->n; i++)
            records_release(record_kinds[k], list_at(w, record_kinds[k], i));
        free(l->items);
    }
    free(w->public_ip);
    *w = (struct world){0};
}

bool world_read(struct world *w, const cJSON *json, struct err *e)
{
    *w = (struct world){
        .generation = json_int(json, "generation", 1),
        .seed = (uint64_t)json_int(json, "seed", 1) | 1,
        .public_ip = xstrdup(""),
    };
    settings_first(w);
    for (int i = 0; i < 3; i++) {
        const cJSON *next = json_at(json, "next_id");
        w->next_id[i] = json_int(cJSON_GetArrayItem(next, i), "", 0);
    }
    bool ok = settings_read(w, json_at(json, "settings"), e);
    for (size_t k = 0; ok && record_kinds[k]; k++) {
        const cJSON *item;
        cJSON_ArrayForEach(item, json_at(json, record_kinds[k]->plural))
        {
            void *record = list_push(w, record_kinds[k]);
            ok = ok && record_read(record_kinds[k], record, item, e);
        }
        list_sort(w, record_kinds[k]);
    }
    w->dirty = false;
    if (!ok)
        world_release(w);
    return ok;
}

cJSON *world_json(const struct world *w)
{
    cJSON *root = cJSON_CreateObject();
    json_put_int(root, "generation", w->generation);
    json_put_int(root, "seed", (int64_t)(w->seed & ((UINT64_C(1) << 53) - 1)));
    cJSON *next = cJSON_AddArrayToObject(root, "next_id");
    for (int i = 0; i < 3; i++)
        cJSON_AddItemToArray(next, cJSON_CreateNumber((double)w->next_id[i]));
    cJSON_AddItemToObject(root, "settings", settings_json(w));
    for (size_t k = 0; record_kinds[k]; k++) {
        cJSON *list = cJSON_AddArrayToObject(root, record_kinds[k]->plural);
        const struct list *l = world_list((struct world *)(uintptr_t)w, record_kinds[k]);
        for (size_t i = 0; i < l->n; i++)
            cJSON_AddItemToArray(list,
                                 record_json(record_kinds[k], list_at(w, record_kinds[k], i)));
    }
    return root;
}

void world_trim(struct world *w, int64_t now)
{
    enum { KEPT_ACTIONS = 2000 };
    for (size_t i = w->droplets.n; i-- > 0;) {
        struct droplet *d = list_at(w, &droplet_kind, i);
        if (!d->gone_ms || d->gone_ms + 30 * day_ms >= now)
            continue;
        gameservers_drop(w, d->id, 0);
        list_remove(w, &droplet_kind, d);
    }
    size_t extra = w->actions.n > KEPT_ACTIONS ? w->actions.n - KEPT_ACTIONS : 0;
    while (extra-- > 0) {
        struct action *oldest = list_at(w, &action_kind, 0);
        if (oldest->ends_ms > now)
            return;
        list_remove(w, &action_kind, oldest);
    }
}

/* xorshift64*, Vigna 2014; kept below 2^53 because the seed lives in JSON. */
uint64_t world_random(struct world *w)
{
    uint64_t x = w->seed | 1;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    w->seed = x & ((UINT64_C(1) << 53) - 1);
    w->dirty = true;
    return (x * UINT64_C(2685821657736338717)) >> 11;
}

int64_t world_new_id(struct world *w, enum id_series series)
{
    int64_t id = w->next_id[series];
    w->next_id[series] += 1 + (int64_t)(world_random(w) % 7);
    return id;
}

void world_new_uuid(struct world *w, char out[37])
{
    uint64_t a = world_random(w), b = world_random(w);
    snprintf(out, 37, "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)(a & 0xffffffff),
             (unsigned)(a >> 32 & 0xffff), (unsigned)(b & 0xfff), (unsigned)(b >> 12 & 0xfff),
             (unsigned long long)(world_random(w) & UINT64_C(0xffffffffffff)));
}

void count_up(struct world *w, const char *name)
{
    for (EACH(counter, c, w, counters))
        if (strcmp(c->name, name) == 0)
            c->value++;
    w->dirty = true;
}
