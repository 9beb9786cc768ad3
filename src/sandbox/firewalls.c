#include "call.h"

#include <stdlib.h>
#include <string.h>

/* Limits of the product (reference 4.7). */
enum { MAX_DROPLETS = 10, MAX_TAGS = 5, MAX_RULES = 50 };

static bool covers(const struct firewall *f, const struct droplet *d)
{
    for (size_t i = 0; i < f->tags.n; i++)
        if (texts_has(&d->tags, f->tags.v[i]))
            return true;
    return ints_has(&f->droplet_ids, d->id);
}

/* Changes of the firewall and of what it covers take a moment each. */
static bool pending(const struct call *c, const struct firewall *f, const struct droplet *d)
{
    int64_t lag = (int64_t)(setting_value(c->w, SET_FIREWALL_LAG) * 1000);
    int64_t since = f->changed_ms > d->tagged_ms ? f->changed_ms : d->tagged_ms;
    return c->now < since + lag;
}

static cJSON *firewall_json(const struct call *c, const struct firewall *f)
{
    cJSON *json = cJSON_CreateObject();
    cJSON *changes = cJSON_CreateArray();
    for (EACH(droplet, d, c->w, droplets)) {
        if (!droplet_lives(d, c->now) || !covers(f, d) || !pending(c, f, d))
            continue;
        cJSON *change = cJSON_CreateObject();
        json_put_int(change, "droplet_id", d->id);
        cJSON_AddFalseToObject(change, "removing");
        cJSON_AddStringToObject(change, "status", "waiting");
        cJSON_AddItemToArray(changes, change);
    }
    cJSON_AddStringToObject(json, "id", f->uuid);
    cJSON_AddStringToObject(json, "name", f->name);
    cJSON_AddStringToObject(json, "status",
                            cJSON_GetArraySize(changes) > 0 ? "waiting" : "succeeded");
    cJSON_AddItemToObject(json, "inbound_rules",
                          f->inbound ? cJSON_Duplicate(f->inbound, true) : cJSON_CreateArray());
    cJSON_AddItemToObject(json, "outbound_rules",
                          f->outbound ? cJSON_Duplicate(f->outbound, true) : cJSON_CreateArray());
    put_time(json, "created_at", f->created_ms);
    if (call_may(c, "droplet:read"))
        cJSON_AddItemToObject(json, "droplet_ids",
                              f->droplet_ids.n ? ints_json(&f->droplet_ids) : cJSON_CreateNull());
    if (call_may(c, "tag:read"))
        cJSON_AddItemToObject(json, "tags", f->tags.n ? texts_json(&f->tags) : cJSON_CreateNull());
    cJSON_AddItemToObject(json, "pending_changes", changes);
    return json;
}

void firewall_list(struct call *c)
{
    struct page p;
    if (!page_begin(c, &p))
        return;
    for (EACH(firewall, f, c->w, firewalls))
        if (page_offer(&p))
            cJSON_AddItemToArray(p.list, firewall_json(c, f));
    page_reply(c, &p, "firewalls");
}

void droplet_firewalls(struct call *c)
{
    struct page p;
    const struct droplet *d = droplet_find(c->w, call_id(c, 0), c->now);
    if (!d) {
        refuse_missing(c);
        return;
    }
    if (!page_begin(c, &p))
        return;
    for (EACH(firewall, f, c->w, firewalls))
        if (covers(f, d) && page_offer(&p))
            cJSON_AddItemToArray(p.list, firewall_json(c, f));
    page_reply(c, &p, "firewalls");
}

static struct firewall *the_firewall(struct call *c)
{
    for (EACH(firewall, f, c->w, firewalls))
        if (strcmp(f->uuid, c->args[0]) == 0)
            return f;
    refuse_missing(c);
    return NULL;
}

void firewall_get(struct call *c)
{
    const struct firewall *f = the_firewall(c);
    if (f)
        reply(c, 200, wrap("firewall", firewall_json(c, f)));
}

static bool tags_exist(struct call *c, const cJSON *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (tag_find(c->w, json_text(item, "", "")))
            continue;
        refuse(c, 422, "tag %.100s does not exist", json_text(item, "", "(none)"));
        return false;
    }
    return true;
}

static bool droplets_exist(struct call *c, const cJSON *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (droplet_find(c->w, json_int(item, "", 0), c->now))
            continue;
        refuse(c, 422, "one of the Droplets does not exist");
        return false;
    }
    return true;
}

static bool fits(struct call *c, int64_t droplets, int64_t tags, int64_t rules)
{
    bool ok = droplets <= MAX_DROPLETS && tags <= MAX_TAGS && rules <= MAX_RULES;
    if (!ok)
        refuse(c, 422, "a firewall holds at most %d Droplets, %d tags and %d rules", MAX_DROPLETS,
               MAX_TAGS, MAX_RULES);
    return ok;
}

static void replace_rules(cJSON **rules, const cJSON *with)
{
    cJSON_Delete(*rules);
    *rules = cJSON_IsArray(with) ? cJSON_Duplicate(with, true) : cJSON_CreateArray();
}

/* What the body leaves out is emptied: so does PUT on the live API (reference 4.7). */
static bool fill(struct call *c, struct firewall *f)
{
    const cJSON *item;
    text_set(&f->name, json_text(c->body, "name", ""));
    replace_rules(&f->inbound, json_at(c->body, "inbound_rules"));
    replace_rules(&f->outbound, json_at(c->body, "outbound_rules"));
    f->droplet_ids.n = 0;
    texts_clear(&f->tags);
    cJSON_ArrayForEach(item, json_at(c->body, "droplet_ids"))
        ints_add(&f->droplet_ids, json_int(item, "", 0));
    cJSON_ArrayForEach(item, json_at(c->body, "tags")) texts_add(&f->tags, item->valuestring);
    f->changed_ms = c->now;
    c->w->dirty = true;
    return true;
}

static bool wish_ok(struct call *c)
{
    const cJSON *in = json_at(c->body, "inbound_rules"), *out = json_at(c->body, "outbound_rules");
    const cJSON *ids = json_at(c->body, "droplet_ids"), *tags = json_at(c->body, "tags");
    if (!*json_text(c->body, "name", "") || (!cJSON_IsArray(in) && !cJSON_IsArray(out))) {
        refuse(c, 400, "error parsing request body");
        return false;
    }
    return fits(c, cJSON_GetArraySize(ids), cJSON_GetArraySize(tags),
                cJSON_GetArraySize(in) + cJSON_GetArraySize(out)) &&
           droplets_exist(c, ids) && tags_exist(c, tags);
}

void firewall_create(struct call *c)
{
    char uuid[37];
    if (!wish_ok(c))
        return;
    world_new_uuid(c->w, uuid);
    struct firewall *f = list_push(c->w, &firewall_kind);
    f->id = world_new_id(c->w, ID_OTHER);
    text_set(&f->uuid, uuid);
    f->created_ms = c->now;
    fill(c, f);
    reply(c, 202, wrap("firewall", firewall_json(c, f)));
}

void firewall_put(struct call *c)
{
    struct firewall *f = the_firewall(c);
    count_up(c->w, "put_firewall");
    if (f && wish_ok(c) && fill(c, f))
        reply(c, 200, wrap("firewall", firewall_json(c, f)));
}

void firewall_delete(struct call *c)
{
    struct firewall *f = the_firewall(c);
    if (!f)
        return;
    list_remove(c->w, &firewall_kind, f);
    reply(c, 204, NULL);
}

static void changed(struct call *c, struct firewall *f)
{
    f->changed_ms = c->now;
    c->w->dirty = true;
    reply(c, 204, NULL);
}

void firewall_droplets_add(struct call *c)
{
    struct firewall *f = the_firewall(c);
    const cJSON *ids = json_at(c->body, "droplet_ids"), *item;
    if (!f || !droplets_exist(c, ids))
        return;
    if (!fits(c, (int64_t)f->droplet_ids.n + cJSON_GetArraySize(ids), 0, 0))
        return;
    cJSON_ArrayForEach(item, ids) ints_add(&f->droplet_ids, json_int(item, "", 0));
    changed(c, f);
}

void firewall_droplets_remove(struct call *c)
{
    struct firewall *f = the_firewall(c);
    const cJSON *item;
    if (!f)
        return;
    cJSON_ArrayForEach(item, json_at(c->body, "droplet_ids"))
        ints_drop(&f->droplet_ids, json_int(item, "", 0));
    changed(c, f);
}

void firewall_tags_add(struct call *c)
{
    struct firewall *f = the_firewall(c);
    const cJSON *tags = json_at(c->body, "tags"), *item;
    struct texts all = {0};
    if (!f || !tags_exist(c, tags))
        return;
    for (size_t i = 0; i < f->tags.n; i++)
        texts_add(&all, f->tags.v[i]);
    cJSON_ArrayForEach(item, tags) texts_add(&all, item->valuestring);
    bool ok = fits(c, 0, (int64_t)all.n, 0);
    texts_clear(&all);
    if (!ok)
        return;
    cJSON_ArrayForEach(item, tags) texts_add(&f->tags, item->valuestring);
    changed(c, f);
}

void firewall_tags_remove(struct call *c)
{
    struct firewall *f = the_firewall(c);
    const cJSON *item;
    if (!f)
        return;
    cJSON_ArrayForEach(item, json_at(c->body, "tags"))
        texts_drop(&f->tags, json_text(item, "", ""));
    changed(c, f);
}

static void add_rules(cJSON *to, const cJSON *rules)
{
    const cJSON *rule;
    cJSON_ArrayForEach(rule, rules) cJSON_AddItemToArray(to, cJSON_Duplicate(rule, true));
}

static void remove_rules(cJSON *from, const cJSON *rules)
{
    const cJSON *rule;
    cJSON_ArrayForEach(rule, rules)
    {
        for (int i = cJSON_GetArraySize(from); i-- > 0;)
            if (cJSON_Compare(cJSON_GetArrayItem(from, i), rule, true))
                cJSON_DeleteItemFromArray(from, i);
    }
}

void firewall_rules_add(struct call *c)
{
    struct firewall *f = the_firewall(c);
    const cJSON *in = json_at(c->body, "inbound_rules"), *out = json_at(c->body, "outbound_rules");
    if (!f)
        return;
    int total = cJSON_GetArraySize(f->inbound) + cJSON_GetArraySize(f->outbound) +
                cJSON_GetArraySize(in) + cJSON_GetArraySize(out);
    if (!fits(c, 0, 0, total))
        return;
    add_rules(f->inbound, in);
    add_rules(f->outbound, out);
    changed(c, f);
}

void firewall_rules_remove(struct call *c)
{
    struct firewall *f = the_firewall(c);
    if (!f)
        return;
    remove_rules(f->inbound, json_at(c->body, "inbound_rules"));
    remove_rules(f->outbound, json_at(c->body, "outbound_rules"));
    changed(c, f);
}
