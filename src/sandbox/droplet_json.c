#include "call.h"

#include <stdlib.h>
#include <string.h>

cJSON *base_image_json(const struct base_image *i)
{
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "id", i->id);
    cJSON_AddStringToObject(json, "name", i->name);
    cJSON_AddStringToObject(json, "distribution", i->distribution);
    cJSON_AddStringToObject(json, "slug", i->slug);
    cJSON_AddTrueToObject(json, "public");
    cJSON_AddItemToObject(json, "regions", available_regions_json());
    cJSON_AddStringToObject(json, "created_at", "2026-03-18T14:07:21Z");
    json_put_int(json, "min_disk_size", i->min_disk_gb);
    cJSON_AddStringToObject(json, "type", "base");
    cJSON_AddNumberToObject(json, "size_gigabytes", i->size_gb);
    cJSON_AddStringToObject(json, "description", i->name);
    cJSON_AddArrayToObject(json, "tags");
    cJSON_AddStringToObject(json, "status", "available");
    return json;
}

cJSON *snapshot_regions_json(const struct call *c, const struct snapshot *s)
{
    cJSON *list = texts_json(&s->regions);
    if (c->now >= s->moved_ms && *s->moving_to && !texts_has(&s->regions, s->moving_to))
        cJSON_AddItemToArray(list, cJSON_CreateString(s->moving_to));
    return list;
}

cJSON *image_json(const struct call *c, const struct snapshot *s)
{
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "id", s->id);
    cJSON_AddStringToObject(json, "name", s->name);
    cJSON_AddStringToObject(json, "distribution", s->distribution);
    cJSON_AddNullToObject(json, "slug");
    cJSON_AddFalseToObject(json, "public");
    cJSON_AddItemToObject(json, "regions", snapshot_regions_json(c, s));
    put_time(json, "created_at", s->created_ms);
    json_put_int(json, "min_disk_size", s->min_disk_gb);
    cJSON_AddStringToObject(json, "type", "snapshot");
    cJSON_AddNumberToObject(json, "size_gigabytes", s->size_gb);
    cJSON_AddStringToObject(json, "description", "");
    if (call_may(c, "tag:read"))
        cJSON_AddItemToObject(json, "tags", texts_json(&s->tags));
    cJSON_AddStringToObject(json, "status", "available");
    return json;
}

/* The droplet goes on naming its image after that was deleted. */
static cJSON *droplet_image_json(const struct call *c, const struct droplet *d)
{
    const struct base_image *base = base_image_by_id(d->image_id);
    if (base)
        return base_image_json(base);
    const struct snapshot *s = list_find(c->w, &snapshot_kind, d->image_id);
    if (s)
        return image_json(c, s);
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "id", d->image_id);
    cJSON_AddStringToObject(json, "name", d->image_name);
    cJSON_AddStringToObject(json, "distribution", d->distribution);
    cJSON_AddNullToObject(json, "slug");
    cJSON_AddFalseToObject(json, "public");
    cJSON_AddArrayToObject(json, "regions");
    put_time(json, "created_at", d->created_ms);
    json_put_int(json, "min_disk_size", d->disk_gb);
    cJSON_AddStringToObject(json, "type", "snapshot");
    cJSON_AddNumberToObject(json, "size_gigabytes", 0);
    cJSON_AddStringToObject(json, "status", "deleted");
    return json;
}

static void add_v4(cJSON *list, const char *ip, const char *netmask, const char *gateway,
                   const char *type)
{
    cJSON *net = cJSON_CreateObject();
    cJSON_AddStringToObject(net, "ip_address", ip);
    cJSON_AddStringToObject(net, "netmask", netmask);
    cJSON_AddStringToObject(net, "gateway", gateway);
    cJSON_AddStringToObject(net, "type", type);
    cJSON_AddItemToArray(list, net);
}

static cJSON *networks_json(const struct call *c, const struct droplet *d)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *v4 = cJSON_AddArrayToObject(json, "v4");
    cJSON *v6 = cJSON_AddArrayToObject(json, "v6");
    if (c->now < d->networks_ms)
        return json;
    const char *public_ip = *c->w->public_ip ? c->w->public_ip : d->ipv4;
    add_v4(v4, d->ipv4_private, "255.255.240.0", "nil", "private");
    add_v4(v4, public_ip, "255.254.0.0", "198.18.0.1", "public");
    for (EACH(reserved_ip, r, c->w, reserved_ips))
        if (r->droplet_id == d->id)
            add_v4(v4, r->ip, "255.255.255.0", "203.0.113.1", "public");
    if (!*d->ipv6)
        return json;
    cJSON *net = cJSON_CreateObject();
    cJSON_AddStringToObject(net, "ip_address", d->ipv6);
    json_put_int(net, "netmask", 64);
    cJSON_AddStringToObject(net, "gateway", "2001:db8:0:1::1");
    cJSON_AddStringToObject(net, "type", "public");
    cJSON_AddItemToArray(v6, net);
    return json;
}

static cJSON *disk_info_json(int64_t gb)
{
    cJSON *list = cJSON_CreateArray();
    cJSON *disk = cJSON_CreateObject();
    cJSON_AddStringToObject(disk, "type", "local");
    cJSON *size = cJSON_AddObjectToObject(disk, "size");
    json_put_int(size, "amount", gb);
    cJSON_AddStringToObject(size, "unit", "gib");
    cJSON_AddItemToArray(list, disk);
    return list;
}

static cJSON *features_json(const struct droplet *d)
{
    cJSON *list = cJSON_CreateArray();
    cJSON_AddItemToArray(list, cJSON_CreateString("droplet_agent"));
    cJSON_AddItemToArray(list, cJSON_CreateString("private_networking"));
    if (d->monitoring)
        cJSON_AddItemToArray(list, cJSON_CreateString("monitoring"));
    if (d->backups)
        cJSON_AddItemToArray(list, cJSON_CreateString("backups"));
    if (*d->ipv6)
        cJSON_AddItemToArray(list, cJSON_CreateString("ipv6"));
    return list;
}

static cJSON *snapshot_ids_json(const struct call *c, const struct droplet *d)
{
    struct ints ids = {0};
    for (EACH(snapshot, s, c->w, snapshots))
        if (s->droplet_id == d->id && !*s->uuid && c->now >= s->visible_ms)
            ints_add(&ids, s->id);
    cJSON *list = ints_json(&ids);
    free(ids.v);
    return list;
}

static cJSON *volume_ids_json(const struct call *c, const struct droplet *d)
{
    cJSON *list = cJSON_CreateArray();
    for (EACH(volume, v, c->w, volumes))
        if (v->droplet_id == d->id)
            cJSON_AddItemToArray(list, cJSON_CreateString(v->uuid));
    return list;
}

/* Fields for whose scope the token has no right are left out, without a word (reference 1.1). */
static void add_scoped(const struct call *c, const struct droplet *d, cJSON *json)
{
    if (call_may(c, "image:read")) {
        cJSON_AddArrayToObject(json, "backup_ids");
        cJSON_AddItemToObject(json, "snapshot_ids", snapshot_ids_json(c, d));
        cJSON_AddItemToObject(json, "image", droplet_image_json(c, d));
    }
    if (call_may(c, "block_storage:read"))
        cJSON_AddItemToObject(json, "volume_ids", volume_ids_json(c, d));
    if (call_may(c, "tag:read"))
        cJSON_AddItemToObject(json, "tags", texts_json(&d->tags));
    if (call_may(c, "vpc:read"))
        cJSON_AddStringToObject(json, "vpc_uuid", d->vpc_uuid);
}

cJSON *droplet_json(const struct call *c, const struct droplet *d)
{
    const struct size *known = size_find(d->size), *size = known ? known : &sizes[0];
    bool spec_lock = setting_value(c->w, SET_LOCKED_DURING_EVENTS) > 0;
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "id", d->id);
    cJSON_AddStringToObject(json, "name", d->name);
    json_put_int(json, "memory", size->memory_mb);
    json_put_int(json, "vcpus", size->vcpus);
    json_put_int(json, "disk", d->disk_gb);
    cJSON_AddItemToObject(json, "disk_info", disk_info_json(d->disk_gb));
    cJSON_AddBoolToObject(json, "locked", spec_lock && action_blocking(c->w, d->id, c->now));
    cJSON_AddStringToObject(json, "status", droplet_status(d, c->now));
    cJSON_AddNullToObject(json, "kernel");
    put_time(json, "created_at", d->created_ms);
    cJSON_AddItemToObject(json, "features", features_json(d));
    cJSON_AddNullToObject(json, "next_backup_window");
    cJSON_AddItemToObject(json, "size", size_json(size));
    cJSON_AddStringToObject(json, "size_slug", size->slug);
    cJSON_AddItemToObject(json, "networks", networks_json(c, d));
    cJSON_AddItemToObject(json, "region", call_region_json(c, d->region));
    add_scoped(c, d, json);
    return json;
}
