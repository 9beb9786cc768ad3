#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RESERVED = 3 };

/* The IPv4 address as a number is the resource of its actions (reference 4.8). */
static int64_t as_number(const char *ip)
{
    unsigned a = 0, b = 0, x = 0, y = 0;
    sscanf(ip, "%3u.%3u.%3u.%3u", &a, &b, &x, &y);
    return ((int64_t)a << 24) + (b << 16) + (x << 8) + y;
}

static bool changes(const struct call *c, const struct reserved_ip *r)
{
    for (EACH(action, a, c->w, actions))
        if (c->now < a->ends_ms && a->resource_id == as_number(r->ip))
            return true;
    return false;
}

static cJSON *reserved_ip_json(const struct call *c, const struct reserved_ip *r)
{
    cJSON *json = cJSON_CreateObject();
    const struct droplet *d = droplet_find(c->w, r->droplet_id, c->now);
    cJSON_AddStringToObject(json, "ip", r->ip);
    if (call_may(c, "droplet:read"))
        cJSON_AddItemToObject(json, "droplet", d ? droplet_json(c, d) : cJSON_CreateNull());
    cJSON_AddItemToObject(json, "region", call_region_json(c, r->region));
    cJSON_AddBoolToObject(json, "locked", changes(c, r));
    cJSON_AddStringToObject(json, "project_id", project_uuid);
    return json;
}

void reserved_ip_list(struct call *c)
{
    struct page p;
    if (!page_begin(c, &p))
        return;
    for (EACH(reserved_ip, r, c->w, reserved_ips))
        if (page_offer(&p))
            cJSON_AddItemToArray(p.list, reserved_ip_json(c, r));
    page_reply(c, &p, "reserved_ips");
}

static struct reserved_ip *the_ip(struct call *c)
{
    for (EACH(reserved_ip, r, c->w, reserved_ips))
        if (strcmp(r->ip, c->args[0]) == 0)
            return r;
    refuse_missing(c);
    return NULL;
}

void reserved_ip_get(struct call *c)
{
    const struct reserved_ip *r = the_ip(c);
    if (r)
        reply(c, 200, wrap("reserved_ip", reserved_ip_json(c, r)));
}

static const struct action *begin(struct call *c, const struct reserved_ip *r, const char *type,
                                  int64_t blocks)
{
    return action_begin(c, &(struct new_action){
                               .type = type,
                               .resource_type = "reserved_ip",
                               .region = r->region,
                               .resource_id = as_number(r->ip),
                               .blocks = blocks,
                               .duration_ms = setting_ms(c->w, SET_OTHER),
                           });
}

static void add_link(cJSON *links, const char *list, const char *rel, int64_t id, char *take_url)
{
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "id", id);
    cJSON_AddStringToObject(json, "rel", rel);
    cJSON_AddStringToObject(json, "href", take_url);
    free(take_url);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(links, list), json);
}

void reserved_ip_create(struct call *c)
{
    char ip[24];
    int64_t droplet_id = json_int(c->body, "droplet_id", 0);
    const struct droplet *d = droplet_find(c->w, droplet_id, c->now);
    const char *slug = d ? d->region : json_text(c->body, "region", "");
    const struct region *region = region_find(slug);
    if (!region || !region->available || (droplet_id && !d)) {
        refuse(c, 422, "a region or an existing Droplet is needed");
        return;
    }
    if (c->w->reserved_ips.n >= MAX_RESERVED) {
        refuse(c, 422, "the limit of reserved IPs is reached");
        return;
    }
    struct reserved_ip *r = list_push(c->w, &reserved_ip_kind);
    r->id = world_new_id(c->w, ID_OTHER);
    snprintf(ip, sizeof ip, "203.0.113.%d", (int)(r->id % 250) + 2);
    text_set(&r->ip, ip);
    text_set(&r->region, slug);
    cJSON *links = cJSON_CreateObject();
    if (d) {
        const struct action *a = begin(c, r, "assign_ip", d->id);
        add_link(links, "droplets", "droplet", d->id,
                 call_url(c, "/v2/droplets/%lld", (long long)d->id));
        add_link(links, "actions", "assign_ip", a->id,
                 call_url(c, "/v2/actions/%lld", (long long)a->id));
    }
    cJSON *json = wrap("reserved_ip", reserved_ip_json(c, r));
    cJSON_AddItemToObject(json, "links", links);
    r->droplet_id = droplet_id;
    reply(c, 202, json);
}

void reserved_ip_delete(struct call *c)
{
    struct reserved_ip *r = the_ip(c);
    if (!r)
        return;
    list_remove(c->w, &reserved_ip_kind, r);
    reply(c, 204, NULL);
}

static bool unassign(struct call *c, struct reserved_ip *r)
{
    bool assigned = r->droplet_id != 0;
    if (!assigned)
        refuse(c, 422, "The reserved IP is not assigned.");
    r->droplet_id = 0;
    return assigned;
}

static bool assign(struct call *c, struct reserved_ip *r, int64_t droplet_id)
{
    const struct droplet *d = droplet_find(c->w, droplet_id, c->now);
    if (!d || strcmp(d->region, r->region) != 0) {
        refuse(c, 422, "The Droplet does not exist in the region of the reserved IP.");
        return false;
    }
    if (action_blocking(c->w, d->id, c->now)) {
        refuse_pending(c);
        return false;
    }
    r->droplet_id = d->id;
    return true;
}

void reserved_ip_action_post(struct call *c)
{
    struct reserved_ip *r = the_ip(c);
    const char *type = json_text(c->body, "type", "");
    int64_t droplet_id = json_int(c->body, "droplet_id", 0);
    bool assigns = strcmp(type, "assign") == 0;
    if (!r)
        return;
    if (!assigns && strcmp(type, "unassign") != 0) {
        refuse(c, 404, "The specified action type is not available.");
        return;
    }
    if (!(assigns ? assign(c, r, droplet_id) : unassign(c, r)))
        return;
    const struct action *a = begin(c, r, assigns ? "assign_ip" : "unassign_ip", droplet_id);
    cJSON *json = action_json(c, a);
    cJSON_AddStringToObject(json, "project_id", project_uuid);
    reply(c, 201, wrap("action", json));
}

void reserved_ip_actions(struct call *c)
{
    struct page p;
    const struct reserved_ip *r = the_ip(c);
    if (!r || !page_begin(c, &p))
        return;
    for (EACH(action, a, c->w, actions))
        if (strcmp(a->resource_type, "reserved_ip") == 0 && a->resource_id == as_number(r->ip) &&
            page_offer(&p))
            cJSON_AddItemToArray(p.list, action_json(c, a));
    page_reply(c, &p, "actions");
}

void reserved_ip_action_get(struct call *c)
{
    const struct reserved_ip *r = the_ip(c);
    const struct action *a = list_find(c->w, &action_kind, call_id(c, 1));
    if (!r)
        return;
    if (a && a->resource_id == as_number(r->ip))
        reply(c, 200, wrap("action", action_json(c, a)));
    else
        refuse_missing(c);
}
