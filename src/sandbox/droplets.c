#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool filters_agree(struct call *c)
{
    const char *name = call_query(c, "name"), *tag = call_query(c, "tag_name");
    if (!tag || (!name && !call_query(c, "type")))
        return true;
    refuse(c, 422, "tag_name cannot be combined with %s", name ? "name" : "type");
    return false;
}

void droplet_list(struct call *c)
{
    struct page p;
    const char *name = call_query(c, "name"), *tag = call_query(c, "tag_name");
    const char *type = call_query(c, "type");
    if (!filters_agree(c) || !page_begin(c, &p))
        return;
    int64_t hidden_since =
        outcome_wanted(&c->outcomes, OUTCOME_LAG) ? c->now - c->outcomes.seconds * 1000 : NEVER_MS;
    for (EACH(droplet, d, c->w, droplets)) {
        if (!droplet_lives(d, c->now) || c->now < d->listed_ms || d->created_ms > hidden_since)
            continue;
        if ((name && strcasecmp(name, d->name) != 0) || (tag && !texts_has(&d->tags, tag)))
            continue;
        if (type && strcmp(type, "gpus") == 0)
            continue;
        if (page_offer(&p))
            cJSON_AddItemToArray(p.list, droplet_json(c, d));
    }
    page_reply(c, &p, "droplets");
}

static struct droplet *the_droplet(struct call *c)
{
    struct droplet *d = droplet_find(c->w, call_id(c, 0), c->now);
    if (!d)
        refuse_missing(c);
    return d;
}

void droplet_get(struct call *c)
{
    const struct droplet *d = the_droplet(c);
    if (d)
        reply(c, 200, wrap("droplet", droplet_json(c, d)));
}

void droplet_delete(struct call *c)
{
    struct droplet *d = list_find(c->w, &droplet_kind, call_id(c, 0));
    if (d && d->deleted) {
        count_up(c->w, "deletes_repeated");
        refuse_missing(c);
        return;
    }
    if (!d || !droplet_lives(d, c->now)) {
        refuse_missing(c);
        return;
    }
    if (action_blocking(c->w, d->id, c->now)) {
        refuse_pending(c);
        return;
    }
    if (outcome_wanted(&c->outcomes, OUTCOME_NO_EFFECT)) {
        reply(c, 204, NULL);
        return;
    }
    int64_t gone_ms = c->now + setting_ms(c->w, SET_DELETE);
    if (outcome_wanted(&c->outcomes, OUTCOME_SLOW))
        gone_ms = c->now + (gone_ms - c->now) * c->outcomes.factor;
    if (outcome_wanted(&c->outcomes, OUTCOME_STUCK))
        gone_ms = NEVER_MS;
    droplet_destroy(c->w, d, c->now, gone_ms);
    reply(c, 204, NULL);
}

void droplet_delete_by_tag(struct call *c)
{
    const char *tag = call_query(c, "tag_name");
    count_up(c->w, "by_tag_called");
    if (!tag || !tag_find(c->w, tag)) {
        refuse_missing(c);
        return;
    }
    for (EACH(droplet, d, c->w, droplets))
        if (!d->deleted && droplet_lives(d, c->now) && texts_has(&d->tags, tag))
            droplet_destroy(c->w, d, c->now, c->now + setting_ms(c->w, SET_DELETE));
    reply(c, 204, NULL);
}

/* Here the ids are numbers; in /v2/snapshots they are texts (reference 4.3). */
void droplet_snapshots(struct call *c)
{
    struct page p;
    const struct droplet *d = the_droplet(c);
    if (!d || !page_begin(c, &p))
        return;
    for (EACH(snapshot, s, c->w, snapshots)) {
        if (s->droplet_id != d->id || *s->uuid || c->now < s->visible_ms || !page_offer(&p))
            continue;
        cJSON *json = cJSON_CreateObject();
        json_put_int(json, "id", s->id);
        cJSON_AddStringToObject(json, "name", s->name);
        put_time(json, "created_at", s->created_ms);
        cJSON_AddItemToObject(json, "regions", snapshot_regions_json(c, s));
        json_put_int(json, "min_disk_size", s->min_disk_gb);
        cJSON_AddNumberToObject(json, "size_gigabytes", s->size_gb);
        cJSON_AddStringToObject(json, "type", "snapshot");
        cJSON_AddItemToArray(p.list, json);
    }
    page_reply(c, &p, "snapshots");
}

/* One thing that goes on costing, with USD per month as text. */
static void add_associated(cJSON *list, const char *id, const char *name, double cost)
{
    char text[24];
    cJSON *json = cJSON_CreateObject();
    snprintf(text, sizeof text, "%.2f", cost);
    cJSON_AddStringToObject(json, "id", id);
    cJSON_AddStringToObject(json, "name", name);
    cJSON_AddStringToObject(json, "cost", text);
    cJSON_AddItemToArray(list, json);
}

void droplet_associated(struct call *c)
{
    char id[24];
    const struct droplet *d = the_droplet(c);
    if (!d)
        return;
    cJSON *json = cJSON_CreateObject();
    cJSON *ips = cJSON_AddArrayToObject(json, "reserved_ips");
    cJSON *old_ips = cJSON_AddArrayToObject(json, "floating_ips");
    cJSON *snapshots = cJSON_AddArrayToObject(json, "snapshots");
    cJSON *volumes = cJSON_AddArrayToObject(json, "volumes");
    cJSON *volume_snapshots = cJSON_AddArrayToObject(json, "volume_snapshots");
    for (EACH(reserved_ip, r, c->w, reserved_ips)) {
        if (r->droplet_id != d->id)
            continue;
        snprintf(id, sizeof id, "%lld", (long long)r->id);
        add_associated(ips, id, r->ip, 5.0);
        add_associated(old_ips, id, r->ip, 5.0);
    }
    for (EACH(volume, v, c->w, volumes))
        if (v->droplet_id == d->id)
            add_associated(volumes, v->uuid, v->name, (double)v->size_gb * 0.10);
    for (EACH(snapshot, s, c->w, snapshots)) {
        if (s->droplet_id != d->id || c->now < s->visible_ms)
            continue;
        snprintf(id, sizeof id, "%lld", (long long)s->id);
        add_associated(*s->uuid ? volume_snapshots : snapshots, *s->uuid ? s->uuid : id, s->name,
                       s->size_gb * 0.06);
    }
    reply(c, 200, json);
}

void droplet_dangerous(struct call *c)
{
    const char *yes = call_asked_header(c, "x-dangerous");
    struct droplet *d = the_droplet(c);
    count_up(c->w, "dangerous_called");
    if (!d)
        return;
    if (!yes || strcasecmp(yes, "true") != 0) {
        refuse(c, 400, "the header X-Dangerous is missing");
        return;
    }
    for (size_t i = c->w->snapshots.n; i-- > 0;) {
        struct snapshot *s = list_at(c->w, &snapshot_kind, i);
        if (s->droplet_id == d->id)
            snapshot_destroy(c->w, s, c->now);
    }
    for (size_t i = c->w->volumes.n; i-- > 0;) {
        struct volume *v = list_at(c->w, &volume_kind, i);
        if (v->droplet_id == d->id)
            list_remove(c->w, &volume_kind, v);
    }
    droplet_destroy(c->w, d, c->now, c->now + setting_ms(c->w, SET_DELETE));
    reply(c, 202, NULL);
}
