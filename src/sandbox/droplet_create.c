#include "call.h"

#include "disks.h"
#include "games.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 10, MAX_USER_DATA = 64 * 1024 };

/* What was asked for, once it is known to be possible. */
struct wish {
    const char *names[MAX_NAMES];
    size_t n_names;
    bool several;
    const struct size *size;
    const struct region *region;
    const struct base_image *base;
    const struct snapshot *snapshot;
    const char *vpc_uuid;
    bool vanishes;
};

static bool name_ok(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t len = strlen(name);
    if (len == 0 || len > 255 || !strchr(letters, name[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!strchr(letters, name[i]) && name[i] != '.' && name[i] != '-')
            return false;
    return true;
}

static bool wish_names(struct call *c, struct wish *w)
{
    const cJSON *names = json_at(c->body, "names"), *item;
    w->several = cJSON_IsArray(names);
    if (!w->several) {
        w->names[w->n_names++] = json_text(c->body, "name", "");
    } else {
        cJSON_ArrayForEach(item, names)
        {
            if (w->n_names == MAX_NAMES) {
                refuse(c, 422, "at most %d Droplets can be created at once", MAX_NAMES);
                return false;
            }
            w->names[w->n_names++] = json_text(item, "", "");
        }
    }
    bool ok = w->n_names > 0;
    for (size_t i = 0; i < w->n_names; i++)
        ok = ok && name_ok(w->names[i]);
    if (!ok)
        refuse(c, 422, "Name Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)");
    return ok;
}

static bool wish_limit(struct call *c, const struct wish *w)
{
    double alive = (double)w->n_names;
    for (EACH(droplet, d, c->w, droplets))
        alive += droplet_lives(d, c->now);
    if (setting_value(c->w, SET_ACCOUNT_LOCKED) > 0) {
        refuse(c, 403, "You do not have access for the attempted action.");
        return false;
    }
    if (alive > setting_value(c->w, SET_DROPLET_LIMIT)) {
        refuse(c, 422, "creating this/these droplet(s) will exceed your droplet limit");
        return false;
    }
    return true;
}

static bool wish_image(struct call *c, struct wish *w)
{
    const cJSON *image = json_at(c->body, "image");
    int64_t id = json_int(image, "", 0);
    w->base = id ? base_image_by_id(id) : base_image_find(json_text(image, "", NULL));
    if (!w->base && id)
        w->snapshot = snapshot_find(c->w, id, c->now);
    if (w->base || w->snapshot)
        return true;
    refuse(c, 422, "You specified an invalid image for Droplet creation.");
    return false;
}

/* A region may be left out or be a prefix such as "nyc": any that fits is taken. */
static const struct region *any_region(const struct call *c, const struct wish *w,
                                       const char *prefix)
{
    for (const struct region *r = regions; r->slug; r++) {
        bool has_image = w->base || snapshot_in_region(w->snapshot, r->slug, c->now);
        if (strncmp(r->slug, prefix, strlen(prefix)) == 0 && size_in_region(w->size, r) &&
            has_image)
            return r;
    }
    return NULL;
}

static bool wish_place(struct call *c, struct wish *w)
{
    const char *slug = json_text(c->body, "region", "");
    w->size = size_find(json_text(c->body, "size", ""));
    if (!w->size) {
        refuse(c, 422, "You specified an invalid size for Droplet creation.");
        return false;
    }
    w->region = region_find(slug);
    if (!w->region)
        w->region = any_region(c, w, slug);
    if (!w->region) {
        refuse(c, 422, "You specified an invalid region for Droplet creation.");
        return false;
    }
    if (!w->region->available) {
        refuse(c, 422, "Region is not available");
        return false;
    }
    if (!size_in_region(w->size, w->region)) {
        refuse(c, 422, "Size is not available in this region.");
        return false;
    }
    if (w->snapshot && !snapshot_in_region(w->snapshot, w->region->slug, c->now)) {
        refuse(c, 422, "The image is not available in the selected region.");
        return false;
    }
    int64_t needed = w->base ? w->base->min_disk_gb : w->snapshot->min_disk_gb;
    if (w->size->disk_gb < needed) {
        refuse(c, 422, "The disk of this size is too small for the image (%lld GB needed).",
               (long long)needed);
        return false;
    }
    return true;
}

static bool wish_keys(struct call *c)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_at(c->body, "ssh_keys"))
    {
        int64_t id = json_int(item, "", 0);
        const char *print = json_text(item, "", "");
        const struct ssh_key *k = ssh_keys;
        while (k->name && k->id != id && strcmp(k->fingerprint, print) != 0)
            k++;
        if (k->name)
            continue;
        refuse(c, 422, "%s are invalid key identifiers for Droplet creation.",
               *print ? print : "these");
        return false;
    }
    return true;
}

static bool tag_ok(const char *tag)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:";
    return *tag && strlen(tag) <= 255 && tag[strspn(tag, letters)] == '\0';
}

static bool wish_extras(struct call *c, struct wish *w)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_at(c->body, "tags")) if (!tag_ok(json_text(item, "", "")))
    {
        refuse(c, 422, "Tags may contain letters, numbers, colons, dashes and underscores only");
        return false;
    }
    const char *user_data = json_text(c->body, "user_data", "");
    if (strlen(user_data) > MAX_USER_DATA) {
        refuse(c, 422, "user_data is too long, at most 64 KiB");
        return false;
    }
    /* Accepted with 202, and then the droplet is not there: terraform-provider issue 767. */
    for (const char *p = user_data; *p; p++)
        w->vanishes = w->vanishes || (*p & 0x80);
    w->vpc_uuid = json_text(c->body, "vpc_uuid", w->region->vpc_uuid);
    if (strcmp(w->vpc_uuid, w->region->vpc_uuid) != 0) {
        refuse(c, 422, "The VPC is not in the region of the Droplet.");
        return false;
    }
    return true;
}

/* Ids as texts (the specification) or as {"id": ...} (what godo sends). */
static struct volume *wished_volume(struct call *c, const cJSON *item)
{
    const char *uuid = cJSON_IsObject(item) ? json_text(item, "id", "") : json_text(item, "", "");
    for (EACH(volume, v, c->w, volumes))
        if (strcmp(v->uuid, uuid) == 0)
            return v;
    return NULL;
}

static bool wish_volumes(struct call *c, const struct wish *w)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json_at(c->body, "volumes"))
    {
        const struct volume *v = wished_volume(c, item);
        if (v && v->droplet_id == 0 && strcmp(v->region, w->region->slug) == 0)
            continue;
        refuse(c, 422, "A volume is not in the region, or is attached already.");
        return false;
    }
    return true;
}

static bool may_create(const struct call *c)
{
    static const struct {
        const char *member, *scope;
    } needs[] = {
        {"image", "image:read"},  {"ssh_keys", "ssh_key:read"},      {"tags", "tag:create"},
        {"vpc_uuid", "vpc:read"}, {"volumes", "block_storage:read"},
    };
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        const cJSON *member = json_at(c->body, needs[i].member);
        bool used = member && !cJSON_IsNull(member) &&
                    !(cJSON_IsArray(member) && cJSON_GetArraySize(member) == 0);
        if (used && !call_may(c, needs[i].scope))
            return false;
    }
    return true;
}

void droplet_set_addresses(struct droplet *d)
{
    char text[64];
    unsigned n = (unsigned)(d->id % 130000) + 2;
    snprintf(text, sizeof text, "198.%u.%u.%u", 18 + n / 65536, n / 256 % 256, n % 256);
    text_set(&d->ipv4, text);
    snprintf(text, sizeof text, "10.114.%u.%u", n / 256 % 16, n % 256);
    text_set(&d->ipv4_private, text);
}

static void set_times(struct call *c, struct droplet *d, const struct action *a)
{
    d->created_ms = d->tagged_ms = c->now;
    d->listed_ms =
        c->now + (outcome_wanted(&c->outcomes, OUTCOME_LAG) ? c->outcomes.seconds * 1000
                                                            : setting_ms(c->w, SET_LIST_LAG));
    d->active_ms = d->networks_ms = NEVER_MS;
    if (!action_works(a))
        return;
    d->active_ms = a->ends_ms + setting_ms(c->w, SET_ACTIVE_LAG);
    d->networks_ms = d->active_ms + setting_ms(c->w, SET_NETWORK_LAG);
}

static void set_options(struct call *c, struct droplet *d)
{
    const cJSON *item;
    d->monitoring = json_bool(c->body, "monitoring", false);
    d->backups = json_bool(c->body, "backups", false);
    cJSON_ArrayForEach(item, json_at(c->body, "tags"))
    {
        tag_ensure(c->w, item->valuestring);
        texts_add(&d->tags, item->valuestring);
    }
    cJSON_ArrayForEach(item, json_at(c->body, "volumes"))
    {
        struct volume *v = wished_volume(c, item);
        if (v)
            v->droplet_id = d->id;
    }
    if (!json_bool(c->body, "ipv6", false))
        return;
    char text[64];
    snprintf(text, sizeof text, "2001:db8:0:1::%x", (unsigned)(d->id & 0xffff));
    text_set(&d->ipv6, text);
}

static void create_one(struct call *c, const struct wish *w, const char *name, int64_t *id,
                       int64_t *action_id)
{
    struct droplet *d = list_push(c->w, &droplet_kind);
    d->id = world_new_id(c->w, ID_DROPLET);
    text_set(&d->name, name);
    text_set(&d->size, w->size->slug);
    text_set(&d->region, w->region->slug);
    text_set(&d->vpc_uuid, w->vpc_uuid);
    text_set(&d->distribution, w->base ? w->base->distribution : w->snapshot->distribution);
    text_set(&d->image_name, w->base ? w->base->name : w->snapshot->name);
    d->image_id = w->base ? w->base->id : w->snapshot->id;
    d->disk_gb = w->size->disk_gb;
    d->world = d->born_world = w->base ? 1 : w->snapshot->world;
    d->unclean = w->snapshot && w->snapshot->unclean;
    droplet_set_addresses(d);
    if (w->snapshot)
        disk_load(c->store, w->snapshot->id, d->id);
    gameservers_install(c->w, d, w->snapshot ? w->snapshot->id : 0);
    if (gameservers_on(c->w, d->id))
        droplet_set_loopback(c->w, d, c->store->dir, c->now);
    struct action *a = action_begin(
        c, &(struct new_action){
               .type = "create",
               .resource_type = "droplet",
               .region = w->region->slug,
               .resource_id = d->id,
               .blocks = d->id,
               .duration_ms = setting_ms(c->w, w->base ? SET_CREATE : SET_CREATE_SNAPSHOT),
           });
    a->nested_ms = c->now + setting_ms(c->w, SET_NESTED_LAG);
    set_times(c, d, a);
    set_options(c, d);
    if (w->vanishes || outcome_wanted(&c->outcomes, OUTCOME_VANISH)) {
        a->errored = true;
        a->ends_ms = d->gone_ms = c->now + 1000;
    }
    *id = d->id;
    *action_id = a->id;
}

static cJSON *create_link(const struct call *c, int64_t action_id)
{
    cJSON *json = cJSON_CreateObject();
    char *url = call_url(c, "/v2/actions/%lld", (long long)action_id);
    json_put_int(json, "id", action_id);
    cJSON_AddStringToObject(json, "rel", "create");
    cJSON_AddStringToObject(json, "href", url);
    free(url);
    return json;
}

void droplet_create(struct call *c)
{
    struct wish w = {0};
    if (!may_create(c)) {
        refuse_scope(c);
        return;
    }
    if (!wish_names(c, &w) || !wish_limit(c, &w) || !wish_image(c, &w) || !wish_place(c, &w) ||
        !wish_keys(c) || !wish_extras(c, &w) || !wish_volumes(c, &w))
        return;
    cJSON *made = cJSON_CreateArray(), *links = cJSON_CreateArray();
    for (size_t i = 0; i < w.n_names; i++) {
        int64_t id, action_id;
        create_one(c, &w, w.names[i], &id, &action_id);
        cJSON_AddItemToArray(made, droplet_json(c, list_find(c->w, &droplet_kind, id)));
        cJSON_AddItemToArray(links, create_link(c, action_id));
    }
    cJSON *json = cJSON_CreateObject();
    if (w.several) {
        cJSON_AddItemToObject(json, "droplets", made);
    } else {
        cJSON_AddItemToObject(json, "droplet", cJSON_DetachItemFromArray(made, 0));
        cJSON_Delete(made);
    }
    cJSON_AddItemToObject(json, "links", wrap("actions", links));
    reply(c, 202, json);
}
