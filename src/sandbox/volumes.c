#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *volume_json(const struct call *c, const struct volume *v)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "id", v->uuid);
    cJSON *ids = cJSON_AddArrayToObject(json, "droplet_ids");
    if (v->droplet_id)
        cJSON_AddItemToArray(ids, cJSON_CreateNumber((double)v->droplet_id));
    cJSON_AddStringToObject(json, "name", v->name);
    cJSON_AddStringToObject(json, "description", v->description);
    json_put_int(json, "size_gigabytes", v->size_gb);
    put_time(json, "created_at", v->created_ms);
    if (call_may(c, "tag:read"))
        cJSON_AddItemToObject(json, "tags", texts_json(&v->tags));
    cJSON_AddItemToObject(json, "region", call_region_json(c, v->region));
    cJSON_AddStringToObject(json, "filesystem_type", v->filesystem_type);
    cJSON_AddStringToObject(json, "filesystem_label", v->filesystem_label);
    return json;
}

void volume_list(struct call *c)
{
    struct page p;
    const char *name = call_query(c, "name"), *region = call_query(c, "region");
    if (!page_begin(c, &p))
        return;
    for (EACH(volume, v, c->w, volumes)) {
        bool meant =
            (!name || strcmp(name, v->name) == 0) && (!region || strcmp(region, v->region) == 0);
        if (meant && page_offer(&p))
            cJSON_AddItemToArray(p.list, volume_json(c, v));
    }
    page_reply(c, &p, "volumes");
}

static struct volume *the_volume(struct call *c)
{
    for (EACH(volume, v, c->w, volumes))
        if (strcmp(v->uuid, c->args[0]) == 0)
            return v;
    refuse_missing(c);
    return NULL;
}

void volume_get(struct call *c)
{
    const struct volume *v = the_volume(c);
    if (v)
        reply(c, 200, wrap("volume", volume_json(c, v)));
}

static bool name_ok(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return *name >= 'a' && *name <= 'z' && strlen(name) <= 64 && !name[strspn(name, letters)];
}

void volume_create(struct call *c)
{
    char uuid[37];
    const char *name = json_text(c->body, "name", ""), *region = json_text(c->body, "region", "");
    int64_t size = json_int(c->body, "size_gigabytes", 0);
    const struct region *r = region_find(region);
    if (!name_ok(name) || size < 1 || size > 16384 || !r || !r->available) {
        refuse(c, 422, "a volume needs a name (a-z, 0-9, -), a size of 1 to 16384 GiB, a region");
        return;
    }
    for (EACH(volume, old, c->w, volumes)) {
        if (strcmp(old->name, name) != 0 || strcmp(old->region, region) != 0)
            continue;
        refuse(c, 409, "a volume with that name already exists in the region");
        return;
    }
    world_new_uuid(c->w, uuid);
    struct volume *v = list_push(c->w, &volume_kind);
    v->id = world_new_id(c->w, ID_OTHER);
    text_set(&v->uuid, uuid);
    text_set(&v->name, name);
    text_set(&v->region, region);
    text_set(&v->description, json_text(c->body, "description", ""));
    text_set(&v->filesystem_type, json_text(c->body, "filesystem_type", ""));
    text_set(&v->filesystem_label, json_text(c->body, "filesystem_label", ""));
    v->size_gb = size;
    v->created_ms = c->now;
    reply(c, 201, wrap("volume", volume_json(c, v)));
}

void volume_delete(struct call *c)
{
    struct volume *v = the_volume(c);
    if (!v)
        return;
    if (v->droplet_id) {
        refuse(c, 409, "attached volume cannot be deleted");
        return;
    }
    list_remove(c->w, &volume_kind, v);
    reply(c, 204, NULL);
}

/* NULL, or why not. */
static const char *attach_problem(const struct call *c, const struct volume *v, int64_t droplet_id)
{
    const struct droplet *d = droplet_find(c->w, droplet_id, c->now);
    if (!d)
        return "The Droplet does not exist.";
    if (v->droplet_id)
        return "The volume is attached to a Droplet already.";
    return strcmp(d->region, v->region) == 0 ? NULL : "The volume is in another region.";
}

static const char *volume_act(struct call *c, struct volume *v, const char *type,
                              int64_t droplet_id)
{
    int64_t size = json_int(c->body, "size_gigabytes", 0);
    const char *problem = NULL;
    if (strcmp(type, "attach") == 0) {
        problem = attach_problem(c, v, droplet_id);
        v->droplet_id = problem ? v->droplet_id : droplet_id;
    } else if (strcmp(type, "detach") == 0) {
        problem = droplet_id && v->droplet_id == droplet_id ? NULL : "Attachment not found";
        v->droplet_id = problem ? v->droplet_id : 0;
    } else if (strcmp(type, "resize") == 0) {
        problem = size >= v->size_gb && size <= 16384 ? NULL : "A volume can only grow.";
        v->size_gb = problem ? v->size_gb : size;
    } else {
        problem = "The specified action type is not available.";
    }
    return problem;
}

void volume_action_post(struct call *c)
{
    struct volume *v = the_volume(c);
    const char *type = json_text(c->body, "type", "");
    int64_t droplet_id = json_int(c->body, "droplet_id", 0);
    char name[80];
    if (!v)
        return;
    if (droplet_id && action_blocking(c->w, droplet_id, c->now)) {
        refuse_pending(c);
        return;
    }
    const char *problem = volume_act(c, v, type, droplet_id);
    if (problem) {
        refuse(c, 422, "%s", problem);
        return;
    }
    snprintf(name, sizeof name, "%s%s", type, strcmp(type, "resize") == 0 ? "" : "_volume");
    const struct action *a = action_begin(c, &(struct new_action){
                                                 .type = name,
                                                 .resource_type = "volume",
                                                 .region = v->region,
                                                 .blocks = droplet_id,
                                                 .duration_ms = setting_ms(c->w, SET_OTHER),
                                             });
    reply(c, 202, wrap("action", action_json(c, a)));
}
