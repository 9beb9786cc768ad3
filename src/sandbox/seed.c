#include "call.h"

#include <stdlib.h>
#include <string.h>

/* POST /sandbox/put: objects with the members of world.json, of which all may be left out. Each
 * kind has a first hand that sets what is usual and a second that completes what was given. */

static const int64_t day_ms = 24 * 3600 * 1000;

static void usual_droplet(struct call *c, void *item, const cJSON *given)
{
    struct droplet *d = item;
    text_set(&d->name, "droplet");
    text_set(&d->size, "s-1vcpu-1gb");
    text_set(&d->region, "fra1");
    text_set(&d->distribution, "Debian");
    d->image_id = base_images[0].id;
    d->born_world = json_int(given, "world", 0);
    d->created_ms = c->now - day_ms;
    d->off = strcmp(json_text(given, "status", "active"), "off") == 0;
    if (strcmp(json_text(given, "status", ""), "new") == 0)
        d->active_ms = d->networks_ms = NEVER_MS;
}

static const char *complete_droplet(struct call *c, void *item)
{
    struct droplet *d = item;
    const struct size *s = size_find(d->size);
    const struct region *r = region_find(d->region);
    if (!s || !r)
        return "no such size or region";
    if (d->disk_gb == 0)
        d->disk_gb = s->disk_gb;
    if (!*d->vpc_uuid)
        text_set(&d->vpc_uuid, r->vpc_uuid);
    if (!*d->ipv4)
        droplet_set_addresses(d);
    for (size_t i = 0; i < d->tags.n; i++)
        tag_ensure(c->w, d->tags.v[i]);
    return NULL;
}

static void usual_snapshot(struct call *c, void *item, const cJSON *given)
{
    struct snapshot *s = item;
    char uuid[37];
    text_set(&s->name, "snapshot");
    text_set(&s->distribution, "Debian");
    s->created_ms = c->now - day_ms;
    s->min_disk_gb = 25;
    s->size_gb = 2.5;
    if (strcmp(json_text(given, "resource_type", ""), "volume") != 0)
        return;
    world_new_uuid(c->w, uuid);
    text_set(&s->uuid, uuid);
    world_new_uuid(c->w, uuid);
    text_set(&s->volume_uuid, uuid);
}

static const char *complete_snapshot(struct call *c, void *item)
{
    struct snapshot *s = item;
    if (s->regions.n == 0)
        texts_add(&s->regions, "fra1");
    for (size_t i = 0; i < s->tags.n; i++)
        tag_ensure(c->w, s->tags.v[i]);
    return NULL;
}

static void usual_volume(struct call *c, void *item, const cJSON *given)
{
    struct volume *v = item;
    char uuid[37];
    world_new_uuid(c->w, uuid);
    text_set(&v->uuid, uuid);
    text_set(&v->name, "volume");
    text_set(&v->region, "fra1");
    text_set(&v->filesystem_type, "ext4");
    v->size_gb = 10;
    v->created_ms = c->now - day_ms;
    (void)given;
}

static void usual_firewall(struct call *c, void *item, const cJSON *given)
{
    struct firewall *f = item;
    char uuid[37];
    world_new_uuid(c->w, uuid);
    text_set(&f->uuid, uuid);
    text_set(&f->name, "firewall");
    f->created_ms = f->changed_ms = c->now - day_ms;
    (void)given;
}

static void usual_reserved_ip(struct call *c, void *item, const cJSON *given)
{
    struct reserved_ip *r = item;
    text_set(&r->ip, "203.0.113.1");
    text_set(&r->region, "fra1");
    (void)c;
    (void)given;
}

static const struct seed {
    const struct record_kind *kind;
    enum id_series series;
    void (*usual)(struct call *c, void *item, const cJSON *given);
    const char *(*complete)(struct call *c, void *item); /* what is wrong, or NULL */
} seeds[] = {
    {&droplet_kind, ID_DROPLET, usual_droplet, complete_droplet},
    {&snapshot_kind, ID_OTHER, usual_snapshot, complete_snapshot},
    {&volume_kind, ID_OTHER, usual_volume, NULL},
    {&firewall_kind, ID_OTHER, usual_firewall, NULL},
    {&reserved_ip_kind, ID_OTHER, usual_reserved_ip, NULL},
    {&tag_kind, ID_OTHER, NULL, NULL},
    {0},
};

/* The id is the first member of every record. */
static bool put_one(struct call *c, const struct seed *seed, const cJSON *given, cJSON *ids)
{
    struct err e;
    void *item = list_push(c->w, seed->kind);
    int64_t *id = item;
    if (seed->usual)
        seed->usual(c, item, given);
    const char *wrong = record_read(seed->kind, item, given, &e) ? NULL : e.text;
    if (!wrong && seed->complete)
        wrong = seed->complete(c, item);
    if (wrong) {
        refuse(c, 400, "%s: %s", seed->kind->plural, wrong);
        list_remove(c->w, seed->kind, item);
        return false;
    }
    if (*id == 0)
        *id = world_new_id(c->w, seed->series);
    if (*id >= c->w->next_id[seed->series])
        c->w->next_id[seed->series] = *id + 1;
    cJSON_AddItemToArray(ids, cJSON_CreateNumber((double)*id));
    return true;
}

void control_put(struct call *c)
{
    cJSON *json = cJSON_CreateObject();
    for (const struct seed *seed = seeds; seed->kind; seed++) {
        const cJSON *list = json_at(c->body, seed->kind->plural), *given;
        cJSON *ids = cJSON_AddArrayToObject(json, seed->kind->plural);
        bool ok = true;
        cJSON_ArrayForEach(given, list) ok = ok && put_one(c, seed, given, ids);
        list_sort(c->w, seed->kind);
        if (!ok) {
            cJSON_Delete(json);
            return;
        }
    }
    reply(c, 200, json);
}
