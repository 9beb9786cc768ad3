#include "client.h"
#include "parse.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* GET of one object: {"<member>": {...}}. */
static bool get_one(struct cloud *c, const char *path, const char *scope, const char *member,
                    client_parse *parse, void *out, struct err *e)
{
    cJSON *json;
    if (!client_call(c, &(struct call){.method = "GET", .path = path, .scope = scope}, &json, e))
        return false;
    bool ok = parse(json_at(json, member), out, e) || err_wrap(e, "GET %s: %s", path, member);
    cJSON_Delete(json);
    return ok;
}

/* A call whose answer does not matter beyond its status. */
static bool send(struct cloud *c, const char *method, const char *path, const char *body,
                 const char *scope, struct err *e)
{
    cJSON *json;
    if (!client_call(c,
                     &(struct call){.method = method, .path = path, .body = body, .scope = scope},
                     &json, e))
        return false;
    cJSON_Delete(json);
    return true;
}

bool cloud_account(struct cloud *c, struct account *out, struct err *e)
{
    return get_one(c, "/v2/account", "account:read", "account", parse_account, out, e);
}

static const struct list droplet_list = {.path = "/v2/droplets",
                                         .member = "droplets",
                                         .scope = "droplet:read",
                                         .parse = parse_droplet,
                                         .size = sizeof(struct droplet)};

bool cloud_droplets(struct cloud *c, struct droplet **out, size_t *n, struct err *e)
{
    return client_list(c, &droplet_list, (void **)out, n, e);
}

bool cloud_droplets_tagged(struct cloud *c, const char *tag, struct droplet **out, size_t *n,
                           struct err *e)
{
    char filter[CLOUD_TEXT];
    snprintf(filter, sizeof filter, "tag_name=%s", tag);
    struct list list = droplet_list;
    list.filter = filter;
    return client_list(c, &list, (void **)out, n, e);
}

bool cloud_droplet(struct cloud *c, int64_t id, struct droplet *out, struct err *e)
{
    char path[64];
    snprintf(path, sizeof path, "/v2/droplets/%lld", (long long)id);
    *out = (struct droplet){0};
    return get_one(c, path, "droplet:read", "droplet", parse_droplet, out, e);
}

static int newest_first(const void *a, const void *b)
{
    const struct action *x = a, *y = b;
    if (x->started_at != y->started_at)
        return x->started_at > y->started_at ? -1 : 1;
    return x->id > y->id ? -1 : x->id < y->id;
}

bool cloud_droplet_actions(struct cloud *c, int64_t id, struct action **out, size_t *n,
                           struct err *e)
{
    char path[64];
    snprintf(path, sizeof path, "/v2/droplets/%lld/actions", (long long)id);
    struct list list = {.path = path,
                        .member = "actions",
                        .scope = "droplet:read",
                        .parse = parse_action,
                        .size = sizeof(struct action)};
    if (!client_list(c, &list, (void **)out, n, e))
        return false;
    qsort(*out, *n, sizeof **out, newest_first);
    return true;
}

bool cloud_droplet_snapshots(struct cloud *c, int64_t id, struct snapshot **out, size_t *n,
                             struct err *e)
{
    char path[64];
    snprintf(path, sizeof path, "/v2/droplets/%lld/snapshots", (long long)id);
    struct list list = {.path = path,
                        .member = "snapshots",
                        .scope = "droplet:read",
                        .parse = parse_droplet_snapshot,
                        .size = sizeof(struct snapshot)};
    if (!client_list(c, &list, (void **)out, n, e))
        return false;
    for (size_t i = 0; i < *n; i++)
        (*out)[i].droplet_id = id;
    return true;
}

bool cloud_action(struct cloud *c, int64_t id, struct action *out, struct err *e)
{
    char path[64];
    snprintf(path, sizeof path, "/v2/actions/%lld", (long long)id);
    *out = (struct action){0};
    return get_one(c, path, "actions:read", "action", parse_action, out, e);
}

bool cloud_snapshots(struct cloud *c, struct snapshot **out, size_t *n, struct err *e)
{
    /* Without the filter, volume snapshots with UUIDs for ids are mixed in. */
    return client_list(c,
                       &(struct list){.path = "/v2/snapshots",
                                      .filter = "resource_type=droplet",
                                      .member = "snapshots",
                                      .scope = "snapshot:read",
                                      .parse = parse_snapshot,
                                      .size = sizeof(struct snapshot)},
                       (void **)out, n, e);
}

bool cloud_snapshot(struct cloud *c, int64_t id, struct snapshot *out, struct err *e)
{
    char path[64];
    snprintf(path, sizeof path, "/v2/snapshots/%lld", (long long)id);
    *out = (struct snapshot){0};
    return get_one(c, path, "snapshot:read", "snapshot", parse_snapshot, out, e);
}

bool cloud_sizes(struct cloud *c, struct size **out, size_t *n, struct err *e)
{
    return client_list(c,
                       &(struct list){.path = "/v2/sizes",
                                      .member = "sizes",
                                      .scope = "sizes:read and regions:read",
                                      .parse = parse_size,
                                      .size = sizeof(struct size),
                                      .no_id = true},
                       (void **)out, n, e);
}

bool cloud_regions(struct cloud *c, struct region **out, size_t *n, struct err *e)
{
    return client_list(c,
                       &(struct list){.path = "/v2/regions",
                                      .member = "regions",
                                      .scope = "regions:read",
                                      .parse = parse_region,
                                      .size = sizeof(struct region),
                                      .no_id = true},
                       (void **)out, n, e);
}

bool cloud_keys(struct cloud *c, struct sshkey **out, size_t *n, struct err *e)
{
    return client_list(c,
                       &(struct list){.path = "/v2/account/keys",
                                      .member = "ssh_keys",
                                      .scope = "ssh_key:read",
                                      .parse = parse_key,
                                      .size = sizeof(struct sshkey)},
                       (void **)out, n, e);
}

bool cloud_firewall(struct cloud *c, const char *id, struct firewall *out, struct err *e)
{
    char path[128];
    snprintf(path, sizeof path, "/v2/firewalls/%.64s", id);
    *out = (struct firewall){0};
    return get_one(c, path, "firewall:read", "firewall", parse_firewall, out, e);
}

bool cloud_droplet_traffic(struct cloud *c, int64_t id, int64_t from, int64_t to, int64_t *kbps,
                           struct err *e)
{
    char path[160];
    snprintf(path, sizeof path,
             "/v2/monitoring/metrics/droplet/bandwidth?host_id=%lld&interface=public"
             "&direction=inbound&start=%lld&end=%lld",
             (long long)id, (long long)from, (long long)to);
    return get_one(c, path, "monitoring:read", "data", parse_traffic, kbps, e);
}

static void put_key(cJSON *keys, const char *key)
{
    int64_t id;
    char text[24] = "";
    if (str_int64(key, 1, INT64_MAX, &id))
        snprintf(text, sizeof text, "%lld", (long long)id);
    if (*text)
        cJSON_AddItemToArray(keys, cJSON_CreateRaw(text));
    else
        cJSON_AddItemToArray(keys, cJSON_CreateString(key));
}

char *cloud_droplet_body(const struct droplet_new *d)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", d->name);
    cJSON_AddStringToObject(o, "region", d->region);
    cJSON_AddStringToObject(o, "size", d->size);
    if (d->image_id)
        json_put_int(o, "image", d->image_id);
    else
        cJSON_AddStringToObject(o, "image", d->image_slug);
    if (d->ssh_keys && *d->ssh_keys) {
        cJSON *keys = cJSON_AddArrayToObject(o, "ssh_keys");
        for (char *const *k = d->ssh_keys; *k; k++)
            put_key(keys, *k);
    }
    cJSON *tags = cJSON_AddArrayToObject(o, "tags");
    for (const char *const *t = d->tags; *t; t++)
        cJSON_AddItemToArray(tags, cJSON_CreateString(*t));
    if (d->vpc_uuid && *d->vpc_uuid)
        cJSON_AddStringToObject(o, "vpc_uuid", d->vpc_uuid);
    if (d->user_data && !d->image_id)
        cJSON_AddStringToObject(o, "user_data", d->user_data);
    if (d->monitoring)
        cJSON_AddTrueToObject(o, "monitoring");
    if (d->ipv6)
        cJSON_AddTrueToObject(o, "ipv6");
    char *body = json_print(o);
    cJSON_Delete(o);
    return body;
}

/* POST whose answer holds one object. An answer that cannot be read leaves open what happened. */
static bool post_one(struct cloud *c, const char *path, const char *body, const char *scope,
                     const char *member, client_parse *parse, void *out, struct err *e)
{
    cJSON *json;
    if (!client_call(c,
                     &(struct call){.method = "POST", .path = path, .body = body, .scope = scope},
                     &json, e))
        return false;
    bool ok = parse(json_at(json, member), out, e);
    cJSON_Delete(json);
    if (ok)
        return true;
    e->ambiguous = true;
    return err_wrap(e, "POST %s: %s", path, member);
}

bool cloud_droplet_create(struct cloud *c, const struct droplet_new *d, struct droplet *out,
                          struct err *e)
{
    char *body = cloud_droplet_body(d);
    *out = (struct droplet){0};
    bool ok =
        post_one(c, "/v2/droplets", body, "droplet:create", "droplet", parse_new_droplet, out, e);
    free(body);
    return ok;
}

static bool delete_one(struct cloud *c, const char *path, const char *scope, struct err *e)
{
    cJSON *json;
    struct err why = {0};
    struct call call = {.method = "DELETE", .path = path, .scope = scope, .once = true};
    if (client_call(c, &call, &json, &why)) {
        cJSON_Delete(json);
        return true;
    }
    if (why.code == ERR_NOT_FOUND)
        return true;
    *e = why;
    return false;
}

bool cloud_droplet_delete(struct cloud *c, int64_t id, struct err *e)
{
    char path[64];
    snprintf(path, sizeof path, "/v2/droplets/%lld", (long long)id);
    return delete_one(c, path, "droplet:delete", e);
}

bool cloud_snapshot_delete(struct cloud *c, int64_t id, struct err *e)
{
    char path[64];
    snprintf(path, sizeof path, "/v2/snapshots/%lld", (long long)id);
    return delete_one(c, path, "snapshot:delete and image:delete", e);
}

bool cloud_droplet_act(struct cloud *c, int64_t id, const char *type, const char *name,
                       struct action *out, struct err *e)
{
    char path[64];
    snprintf(path, sizeof path, "/v2/droplets/%lld/actions", (long long)id);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "type", type);
    if (name)
        cJSON_AddStringToObject(o, "name", name);
    char *body = json_print(o);
    cJSON_Delete(o);
    *out = (struct action){0};
    const char *scope = name ? "droplet:update and image:create" : "droplet:update";
    bool ok = post_one(c, path, body, scope, "action", parse_action, out, e);
    free(body);
    return ok;
}

bool cloud_check_tags(struct cloud *c, struct err *e)
{
    return send(c, "GET", "/v2/tags?per_page=1", NULL, "tag:read", e);
}

static bool make_tag(struct cloud *c, const char *tag, struct err *e)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", tag);
    char *body = json_print(o);
    cJSON_Delete(o);
    struct err why = {0};
    bool ok = send(c, "POST", "/v2/tags", body, "tag:create", &why);
    free(body);
    /* An existing tag is answered 422; a repeated POST of the same name is harmless. */
    if (ok || why.http_status == 422)
        return true;
    *e = why;
    return false;
}

/* Adding a tag twice is one tag, so an ambiguous outcome may simply be tried again. */
static bool post_with_tag(struct cloud *c, const char *path, const char *body, const char *tag,
                          const char *scope, struct err *e)
{
    bool made = false;
    for (int tries = 1;; tries++) {
        struct err why = {0};
        if (send(c, "POST", path, body, scope, &why))
            return true;
        /* 404: the tag, or a resource so new that it is not found everywhere yet. */
        bool no_tag = why.http_status == 404 || why.http_status == 400 || why.http_status == 422;
        if (tries >= CLOUD_TRIES || !(no_tag || why.ambiguous || why.retryable) ||
            (made && why.http_status != 404 && no_tag)) {
            *e = why;
            return false;
        }
        if (no_tag && !made && !make_tag(c, tag, e))
            return false;
        made = made || no_tag;
        if (tries > 1 && cloud_sleep(c, 1000 * tries))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
    }
}

static bool tag_resource(struct cloud *c, const char *tag, int64_t id, const char *type,
                         struct err *e)
{
    char path[CLOUD_TEXT + 32], body[160];
    snprintf(path, sizeof path, "/v2/tags/%s/resources", tag);
    snprintf(body, sizeof body,
             "{\"resources\":[{\"resource_id\":\"%lld\",\"resource_type\":\"%s\"}]}", (long long)id,
             type);
    return post_with_tag(c, path, body, tag, "tag:create", e);
}

bool cloud_tag_snapshot(struct cloud *c, const char *tag, int64_t snapshot_id, struct err *e)
{
    return tag_resource(c, tag, snapshot_id, "image", e);
}

bool cloud_tag_droplet(struct cloud *c, const char *tag, int64_t droplet_id, struct err *e)
{
    return tag_resource(c, tag, droplet_id, "droplet", e);
}

bool cloud_firewall_add_tag(struct cloud *c, const char *firewall_id, const char *tag,
                            struct err *e)
{
    char path[128], body[CLOUD_TEXT + 32];
    snprintf(path, sizeof path, "/v2/firewalls/%.64s/tags", firewall_id);
    snprintf(body, sizeof body, "{\"tags\":[\"%s\"]}", tag);
    if (post_with_tag(c, path, body, tag, "firewall:update", e))
        return true;
    if (e->http_status == 422)
        err_hint(e, "a firewall takes 5 tags; put the tag dogs on it instead of one per server");
    return false;
}
