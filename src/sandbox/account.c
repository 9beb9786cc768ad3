#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void account_get(struct call *c)
{
    bool locked = setting_value(c->w, SET_ACCOUNT_LOCKED) > 0;
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "droplet_limit", (int64_t)setting_value(c->w, SET_DROPLET_LIMIT));
    json_put_int(json, "floating_ip_limit", 3);
    json_put_int(json, "reserved_ip_limit", 3);
    json_put_int(json, "volume_limit", 100);
    cJSON_AddStringToObject(json, "email", "owner@sandbox.example");
    cJSON_AddStringToObject(json, "name", "Owner");
    cJSON_AddStringToObject(json, "uuid", team_uuid);
    cJSON_AddTrueToObject(json, "email_verified");
    cJSON_AddStringToObject(json, "status", locked ? "locked" : "active");
    cJSON_AddStringToObject(json, "status_message", locked ? "Your account is locked." : "");
    cJSON *team = cJSON_AddObjectToObject(json, "team");
    cJSON_AddStringToObject(team, "uuid", team_uuid);
    cJSON_AddStringToObject(team, "name", "Sandbox");
    reply(c, 200, wrap("account", json));
}

static cJSON *key_json(const struct ssh_key *k)
{
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "id", k->id);
    cJSON_AddStringToObject(json, "public_key", k->public_key);
    cJSON_AddStringToObject(json, "name", k->name);
    cJSON_AddStringToObject(json, "fingerprint", k->fingerprint);
    return json;
}

void key_list(struct call *c)
{
    struct page p;
    if (!page_begin(c, &p))
        return;
    for (const struct ssh_key *k = ssh_keys; k->name; k++)
        if (page_offer(&p))
            cJSON_AddItemToArray(p.list, key_json(k));
    page_reply(c, &p, "ssh_keys");
}

void key_get(struct call *c)
{
    const struct ssh_key *k = ssh_keys;
    while (k->name && k->id != call_id(c, 0) && strcmp(k->fingerprint, c->args[0]) != 0)
        k++;
    if (k->name)
        reply(c, 200, wrap("ssh_key", key_json(k)));
    else
        refuse_missing(c);
}

void region_list(struct call *c)
{
    struct page p;
    if (!page_begin(c, &p))
        return;
    for (const struct region *r = regions; r->slug; r++)
        if (page_offer(&p))
            cJSON_AddItemToArray(p.list, region_json(r, call_may(c, "sizes:read")));
    page_reply(c, &p, "regions");
}

void size_list(struct call *c)
{
    struct page p;
    if (!page_begin(c, &p))
        return;
    for (const struct size *s = sizes; s->slug; s++)
        if (page_offer(&p))
            cJSON_AddItemToArray(p.list, size_json(s));
    page_reply(c, &p, "sizes");
}

void vpc_list(struct call *c)
{
    struct page p;
    char text[80];
    if (!page_begin(c, &p))
        return;
    for (const struct region *r = regions; r->slug; r++) {
        if (!page_offer(&p))
            continue;
        cJSON *json = cJSON_CreateObject();
        cJSON_AddStringToObject(json, "id", r->vpc_uuid);
        snprintf(text, sizeof text, "do:vpc:%s", r->vpc_uuid);
        cJSON_AddStringToObject(json, "urn", text);
        snprintf(text, sizeof text, "default-%s", r->slug);
        cJSON_AddStringToObject(json, "name", text);
        cJSON_AddStringToObject(json, "description", "");
        cJSON_AddStringToObject(json, "region", r->slug);
        cJSON_AddStringToObject(json, "ip_range", r->ip_range);
        cJSON_AddStringToObject(json, "created_at", "2024-02-11T09:00:00Z");
        cJSON_AddTrueToObject(json, "default");
        cJSON_AddItemToArray(p.list, json);
    }
    page_reply(c, &p, "vpcs");
}

static cJSON *project_json(void)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "id", project_uuid);
    cJSON_AddStringToObject(json, "owner_uuid", team_uuid);
    json_put_int(json, "owner_id", 258992);
    cJSON_AddStringToObject(json, "name", "games");
    cJSON_AddStringToObject(json, "description", "");
    cJSON_AddStringToObject(json, "purpose", "Other");
    cJSON_AddStringToObject(json, "environment", "Production");
    cJSON_AddTrueToObject(json, "is_default");
    cJSON_AddStringToObject(json, "created_at", "2024-02-11T09:00:00Z");
    cJSON_AddStringToObject(json, "updated_at", "2024-02-11T09:00:00Z");
    return json;
}

void project_list(struct call *c)
{
    struct page p;
    if (!page_begin(c, &p))
        return;
    if (page_offer(&p))
        cJSON_AddItemToArray(p.list, project_json());
    page_reply(c, &p, "projects");
}

void project_default(struct call *c)
{
    if (strcmp(c->args[0], "default") == 0 || strcmp(c->args[0], project_uuid) == 0)
        reply(c, 200, wrap("project", project_json()));
    else
        refuse_missing(c);
}
