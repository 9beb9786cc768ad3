#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct tagged {
    int64_t count;
    char last[64]; /* path of the last one */
};

static void note(struct tagged *t, const char *family, int64_t id, const char *uuid)
{
    t->count++;
    if (uuid)
        snprintf(t->last, sizeof t->last, "/v2/%s/%s", family, uuid);
    else
        snprintf(t->last, sizeof t->last, "/v2/%s/%lld", family, (long long)id);
}

static void put_tagged(const struct call *c, cJSON *object, const struct tagged *t)
{
    json_put_int(object, "count", t->count);
    if (t->count == 0)
        return;
    char *url = call_url(c, "%s", t->last);
    cJSON_AddStringToObject(object, "last_tagged_uri", url);
    free(url);
}

static cJSON *tag_json(const struct call *c, const char *name)
{
    struct tagged all = {0}, droplets = {0}, images = {0}, volumes = {0}, of_volumes = {0};
    for (EACH(droplet, d, c->w, droplets))
        if (droplet_lives(d, c->now) && texts_has(&d->tags, name))
            note(&droplets, "droplets", d->id, NULL);
    for (EACH(snapshot, s, c->w, snapshots)) {
        if (!texts_has(&s->tags, name))
            continue;
        if (*s->uuid)
            note(&of_volumes, "snapshots", 0, s->uuid);
        else
            note(&images, "images", s->id, NULL);
    }
    for (EACH(volume, v, c->w, volumes))
        if (texts_has(&v->tags, name))
            note(&volumes, "volumes", 0, v->uuid);
    const struct {
        const char *plural;
        const struct tagged *t;
    } kinds[] = {{"droplets", &droplets},
                 {"images", &images},
                 {"volumes", &volumes},
                 {"volume_snapshots", &of_volumes}};
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", name);
    cJSON *resources = cJSON_AddObjectToObject(json, "resources");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        all.count += kinds[i].t->count;
        if (kinds[i].t->count)
            snprintf(all.last, sizeof all.last, "%s", kinds[i].t->last);
    }
    put_tagged(c, resources, &all);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        put_tagged(c, cJSON_AddObjectToObject(resources, kinds[i].plural), kinds[i].t);
    put_tagged(c, cJSON_AddObjectToObject(resources, "databases"), &(struct tagged){0});
    return json;
}

void tag_list(struct call *c)
{
    struct page p;
    if (!page_begin(c, &p))
        return;
    for (EACH(tag, t, c->w, tags))
        if (page_offer(&p))
            cJSON_AddItemToArray(p.list, tag_json(c, t->name));
    page_reply(c, &p, "tags");
}

void tag_get(struct call *c)
{
    if (tag_find(c->w, c->args[0]))
        reply(c, 200, wrap("tag", tag_json(c, c->args[0])));
    else
        refuse_missing(c);
}

/* The 400 of this route alone has another shape (reference 2.1). */
static void refuse_name(struct call *c)
{
    static const char *const message = "tag name: letters, numbers, colons, dashes, underscores";
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "error", "bad_request");
    cJSON_AddItemToObject(json, "messages", cJSON_CreateStringArray(&message, 1));
    cJSON_AddArrayToObject(json, "root_causes");
    reply(c, 400, json);
}

void tag_create(struct call *c)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:";
    const char *name = json_text(c->body, "name", "");
    if (!*name || strlen(name) > 255 || name[strspn(name, letters)]) {
        refuse_name(c);
        return;
    }
    for (EACH(tag, t, c->w, tags)) {
        if (strcasecmp(t->name, name) != 0)
            continue;
        refuse(c, 422, "Tag already exists.");
        return;
    }
    tag_ensure(c->w, name);
    reply(c, 201, wrap("tag", tag_json(c, name)));
}

static struct texts *tags_of(struct call *c, const char *type, const char *id)
{
    int64_t number = 0;
    str_int64(id, 1, NEVER_MS, &number);
    if (strcmp(type, "droplet") == 0) {
        struct droplet *d = droplet_find(c->w, number, c->now);
        if (d)
            d->tagged_ms = c->now;
        return d ? &d->tags : NULL;
    }
    if (strcmp(type, "image") == 0) {
        struct snapshot *s = snapshot_find(c->w, number, c->now);
        return s ? &s->tags : NULL;
    }
    if (strcmp(type, "volume_snapshot") == 0) {
        struct snapshot *s = snapshot_find_uuid(c->w, id, c->now);
        return s ? &s->tags : NULL;
    }
    for (EACH(volume, v, c->w, volumes))
        if (strcmp(type, "volume") == 0 && strcmp(v->uuid, id) == 0)
            return &v->tags;
    return NULL;
}

static const char *resource_id(const cJSON *resource, char number[24])
{
    int64_t id = json_int(resource, "resource_id", 0);
    snprintf(number, 24, "%lld", (long long)id);
    return json_text(resource, "resource_id", number);
}

/* All or nothing: every resource is looked up before the first is changed. */
static void change(struct call *c, void (*verb)(struct texts *, const char *))
{
    const cJSON *list = json_at(c->body, "resources"), *item;
    char number[24];
    if (!tag_find(c->w, c->args[0])) {
        refuse_missing(c);
        return;
    }
    if (!cJSON_IsArray(list)) {
        refuse(c, 422, "resources is missing");
        return;
    }
    cJSON_ArrayForEach(item, list)
    {
        if (tags_of(c, json_text(item, "resource_type", ""), resource_id(item, number)))
            continue;
        refuse_missing(c);
        return;
    }
    cJSON_ArrayForEach(item, list) verb(
        tags_of(c, json_text(item, "resource_type", ""), resource_id(item, number)), c->args[0]);
    c->w->dirty = true;
    reply(c, 204, NULL);
}

void tag_resources_add(struct call *c)
{
    change(c, texts_add);
}

void tag_resources_remove(struct call *c)
{
    change(c, texts_drop);
}

void tag_delete(struct call *c)
{
    count_up(c->w, "tag_deleted");
    const struct tag *t = tag_find(c->w, c->args[0]);
    if (!t) {
        refuse_missing(c);
        return;
    }
    for (EACH(droplet, d, c->w, droplets))
        texts_drop(&d->tags, c->args[0]);
    for (EACH(snapshot, s, c->w, snapshots))
        texts_drop(&s->tags, c->args[0]);
    for (EACH(volume, v, c->w, volumes))
        texts_drop(&v->tags, c->args[0]);
    for (EACH(firewall, f, c->w, firewalls))
        texts_drop(&f->tags, c->args[0]);
    list_remove(c->w, &tag_kind, list_find(c->w, &tag_kind, t->id));
    reply(c, 204, NULL);
}
