#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *snapshot_json(const struct call *c, const struct snapshot *s)
{
    char id[24];
    cJSON *json = cJSON_CreateObject();
    snprintf(id, sizeof id, "%lld", (long long)s->id);
    cJSON_AddStringToObject(json, "id", *s->uuid ? s->uuid : id);
    cJSON_AddStringToObject(json, "name", s->name);
    put_time(json, "created_at", s->created_ms);
    cJSON_AddItemToObject(json, "regions", snapshot_regions_json(c, s));
    json_put_int(json, "min_disk_size", s->min_disk_gb);
    cJSON_AddNumberToObject(json, "size_gigabytes", s->size_gb);
    snprintf(id, sizeof id, "%lld", (long long)s->droplet_id);
    cJSON_AddStringToObject(json, "resource_id", *s->uuid ? s->volume_uuid : id);
    cJSON_AddStringToObject(json, "resource_type", *s->uuid ? "volume" : "droplet");
    if (call_may(c, "tag:read") && s->tags.n == 0 && s->id % 2)
        cJSON_AddNullToObject(json, "tags");
    else if (call_may(c, "tag:read"))
        cJSON_AddItemToObject(json, "tags", texts_json(&s->tags));
    return json;
}

void snapshot_list(struct call *c)
{
    struct page p;
    const char *type = call_query(c, "resource_type");
    if (type && strcmp(type, "droplet") != 0 && strcmp(type, "volume") != 0) {
        refuse(c, 422, "resource_type is droplet or volume");
        return;
    }
    if (!page_begin(c, &p))
        return;
    int64_t hidden_since =
        outcome_wanted(&c->outcomes, OUTCOME_LAG) ? c->now - c->outcomes.seconds * 1000 : NEVER_MS;
    for (EACH(snapshot, s, c->w, snapshots)) {
        if (c->now < s->visible_ms || s->created_ms > hidden_since)
            continue;
        if (type && (strcmp(type, "volume") == 0) != (*s->uuid != '\0'))
            continue;
        if (page_offer(&p))
            cJSON_AddItemToArray(p.list, snapshot_json(c, s));
    }
    page_reply(c, &p, "snapshots");
}

static struct snapshot *the_snapshot(struct call *c)
{
    struct snapshot *s = call_id(c, 0) ? snapshot_find(c->w, call_id(c, 0), c->now)
                                       : snapshot_find_uuid(c->w, c->args[0], c->now);
    if (!s && base_image_by_id(call_id(c, 0)))
        refuse(c, 400, "the resource is not a snapshot");
    else if (!s)
        refuse_missing(c);
    return s;
}

void snapshot_get(struct call *c)
{
    const struct snapshot *s = the_snapshot(c);
    if (s)
        reply(c, 200, wrap("snapshot", snapshot_json(c, s)));
}

static void delete_it(struct call *c, struct snapshot *s)
{
    if (action_blocking(c->w, s->id, c->now)) {
        refuse(c, 422, "Image already has a pending event.");
        return;
    }
    snapshot_destroy(c->w, s, c->now);
    reply(c, 204, NULL);
}

void snapshot_delete(struct call *c)
{
    struct snapshot *s = the_snapshot(c);
    if (s)
        delete_it(c, s);
}

static bool base_meant(const struct call *c, const struct base_image *i)
{
    const char *type = call_query(c, "type"), *private_only = call_query(c, "private");
    if (call_query(c, "tag_name") || (private_only && strcmp(private_only, "true") == 0))
        return false;
    return !type || strcmp(type, i->kind) == 0;
}

static bool snapshot_meant(const struct call *c, const struct snapshot *s)
{
    const char *tag = call_query(c, "tag_name");
    return !*s->uuid && c->now >= s->visible_ms && !call_query(c, "type") &&
           (!tag || texts_has(&s->tags, tag));
}

void image_list(struct call *c)
{
    struct page p;
    if (!page_begin(c, &p))
        return;
    for (const struct base_image *i = base_images; i->slug; i++)
        if (base_meant(c, i) && page_offer(&p))
            cJSON_AddItemToArray(p.list, base_image_json(i));
    for (EACH(snapshot, s, c->w, snapshots))
        if (snapshot_meant(c, s) && page_offer(&p))
            cJSON_AddItemToArray(p.list, image_json(c, s));
    page_reply(c, &p, "images");
}

void image_get(struct call *c)
{
    const struct base_image *base = base_image_find(c->args[0]);
    const struct snapshot *s = snapshot_find(c->w, call_id(c, 0), c->now);
    if (base)
        reply(c, 200, wrap("image", base_image_json(base)));
    else if (s)
        reply(c, 200, wrap("image", image_json(c, s)));
    else
        refuse_missing(c);
}

static struct snapshot *own_image(struct call *c)
{
    struct snapshot *s = snapshot_find(c->w, call_id(c, 0), c->now);
    if (!s && base_image_by_id(call_id(c, 0)))
        refuse_scope(c);
    else if (!s)
        refuse_missing(c);
    return s;
}

void image_put(struct call *c)
{
    struct snapshot *s = own_image(c);
    if (!s)
        return;
    text_set(&s->name, json_text(c->body, "name", s->name));
    text_set(&s->distribution, json_text(c->body, "distribution", s->distribution));
    c->w->dirty = true;
    reply(c, 200, wrap("image", image_json(c, s)));
}

void image_delete(struct call *c)
{
    struct snapshot *s = own_image(c);
    if (s)
        delete_it(c, s);
}
