#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field_type {
    FIELD_INT,
    FIELD_BOOL,
    FIELD_REAL,
    FIELD_TEXT,
    FIELD_TEXTS,
    FIELD_INTS,
    FIELD_JSON
};

struct field {
    const char *name;
    enum field_type type;
    size_t at;
};

#define F(owner, type, member)                                                                     \
    {                                                                                              \
#member, FIELD_##type, offsetof(struct owner, member)                                      \
    }

static const struct field droplet_fields[] = {
    F(droplet, INT, id),
    F(droplet, TEXT, name),
    F(droplet, TEXT, size),
    F(droplet, TEXT, region),
    F(droplet, TEXT, vpc_uuid),
    F(droplet, TEXT, distribution),
    F(droplet, TEXT, image_name),
    F(droplet, INT, image_id),
    F(droplet, INT, disk_gb),
    F(droplet, TEXTS, tags),
    F(droplet, TEXT, ipv4),
    F(droplet, TEXT, ipv4_private),
    F(droplet, TEXT, ipv6),
    F(droplet, BOOL, monitoring),
    F(droplet, BOOL, backups),
    F(droplet, INT, created_ms),
    F(droplet, INT, listed_ms),
    F(droplet, INT, active_ms),
    F(droplet, INT, networks_ms),
    F(droplet, INT, tagged_ms),
    F(droplet, INT, gone_ms),
    F(droplet, BOOL, deleted),
    F(droplet, BOOL, off),
    F(droplet, INT, power_ms),
    F(droplet, BOOL, unclean),
    F(droplet, INT, world),
    F(droplet, INT, born_world),
    F(droplet, INT, traffic_kbps),
    F(droplet, INT, booted_ms),
    F(droplet, INT, stopped_ms),
    F(droplet, INT, saved_world),
    F(droplet, INT, players),
    F(droplet, INT, players_ms),
    F(droplet, TEXTS, player_names),
    {0},
};

static const struct field snapshot_fields[] = {
    F(snapshot, INT, id),
    F(snapshot, TEXT, uuid),
    F(snapshot, TEXT, name),
    F(snapshot, TEXT, distribution),
    F(snapshot, INT, droplet_id),
    F(snapshot, TEXT, volume_uuid),
    F(snapshot, INT, created_ms),
    F(snapshot, INT, visible_ms),
    F(snapshot, TEXTS, regions),
    F(snapshot, TEXTS, tags),
    F(snapshot, TEXT, moving_to),
    F(snapshot, INT, moved_ms),
    F(snapshot, INT, min_disk_gb),
    F(snapshot, REAL, size_gb),
    F(snapshot, BOOL, unclean),
    F(snapshot, INT, world),
    {0},
};

static const struct field action_fields[] = {
    F(action, INT, id),
    F(action, TEXT, type),
    F(action, TEXT, resource_type),
    F(action, TEXT, region),
    F(action, INT, resource_id),
    F(action, INT, blocks),
    F(action, INT, started_ms),
    F(action, INT, ends_ms),
    F(action, INT, nested_ms),
    F(action, BOOL, errored),
    {0},
};

static const struct field firewall_fields[] = {
    F(firewall, INT, id),         F(firewall, TEXT, uuid),
    F(firewall, TEXT, name),      F(firewall, INTS, droplet_ids),
    F(firewall, TEXTS, tags),     F(firewall, JSON, inbound),
    F(firewall, JSON, outbound),  F(firewall, INT, created_ms),
    F(firewall, INT, changed_ms), {0},
};

static const struct field volume_fields[] = {
    F(volume, INT, id),
    F(volume, TEXT, uuid),
    F(volume, TEXT, name),
    F(volume, TEXT, description),
    F(volume, TEXT, region),
    F(volume, TEXT, filesystem_type),
    F(volume, TEXT, filesystem_label),
    F(volume, INT, size_gb),
    F(volume, INT, droplet_id),
    F(volume, TEXTS, tags),
    F(volume, INT, created_ms),
    {0},
};

static const struct field reserved_ip_fields[] = {
    F(reserved_ip, INT, id),
    F(reserved_ip, TEXT, ip),
    F(reserved_ip, TEXT, region),
    F(reserved_ip, INT, droplet_id),
    {0},
};

static const struct field tag_fields[] = {
    F(tag, INT, id),
    F(tag, TEXT, name),
    {0},
};

static const struct field fault_fields[] = {
    F(fault, INT, id),     F(fault, TEXT, kind),   {"do", FIELD_TEXT, offsetof(struct fault, what)},
    F(fault, TEXT, when),  F(fault, INT, nth),     F(fault, INT, times),
    F(fault, INT, hang_s), F(fault, INT, seconds), F(fault, INT, factor),
    F(fault, INT, seen),   F(fault, INT, fired),   {0},
};

static const struct field counter_fields[] = {
    F(counter, INT, id),
    F(counter, TEXT, name),
    F(counter, INT, value),
    {0},
};

static const struct field gameserver_fields[] = {
    F(gameserver, INT, id),
    F(gameserver, INT, droplet_id),
    F(gameserver, INT, snapshot_id),
    F(gameserver, TEXT, server),
    F(gameserver, TEXT, protocol),
    F(gameserver, TEXT, password),
    F(gameserver, TEXT, mode),
    F(gameserver, INT, port),
    F(gameserver, INT, max),
    F(gameserver, INT, boot_ms),
    {0},
};

static const struct field order_fields[] = {
    F(order, INT, id),
    F(order, INT, droplet_id),
    F(order, INT, at_ms),
    F(order, INT, port),
    F(order, TEXT, what),
    F(order, TEXT, text),
    {0},
};

#define KIND(owner)                                                                                \
    const struct record_kind owner##_kind = {                                                      \
        .plural = #owner "s",                                                                      \
        .size = sizeof(struct owner),                                                              \
        .list_at = offsetof(struct world, owner##s),                                               \
        .fields = owner##_fields,                                                                  \
    }

KIND(droplet);
KIND(snapshot);
KIND(action);
KIND(firewall);
KIND(volume);
KIND(reserved_ip);
KIND(tag);
KIND(fault);
KIND(counter);
KIND(gameserver);
KIND(order);

const struct record_kind *const record_kinds[] = {
    &droplet_kind, &snapshot_kind, &action_kind,  &firewall_kind,   &volume_kind, &reserved_ip_kind,
    &tag_kind,     &fault_kind,    &counter_kind, &gameserver_kind, &order_kind,  NULL,
};

void text_set(char **to, const char *text)
{
    char *copy = xstrdup(text ? text : "");
    free(*to);
    *to = copy;
}

bool texts_has(const struct texts *t, const char *text)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->v[i], text) == 0)
            return true;
    return false;
}

void texts_add(struct texts *t, const char *text)
{
    if (texts_has(t, text))
        return;
    t->v = xrealloc(t->v, (t->n + 1) * sizeof *t->v);
    t->v[t->n++] = xstrdup(text);
}

void texts_drop(struct texts *t, const char *text)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->v[i], text) != 0)
            continue;
        free(t->v[i]);
        memmove(t->v + i, t->v + i + 1, (--t->n - i) * sizeof *t->v);
        return;
    }
}

void texts_clear(struct texts *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->v[i]);
    free(t->v);
    *t = (struct texts){0};
}

cJSON *texts_json(const struct texts *t)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < t->n; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(t->v[i]));
    return list;
}

bool ints_has(const struct ints *t, int64_t value)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i] == value)
            return true;
    return false;
}

void ints_add(struct ints *t, int64_t value)
{
    if (ints_has(t, value))
        return;
    t->v = xrealloc(t->v, (t->n + 1) * sizeof *t->v);
    t->v[t->n++] = value;
}

void ints_drop(struct ints *t, int64_t value)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i] != value)
            t->v[kept++] = t->v[i];
    t->n = kept;
}

static cJSON *int_json(int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return cJSON_CreateRaw(text);
}

cJSON *ints_json(const struct ints *t)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < t->n; i++)
        cJSON_AddItemToArray(list, int_json(t->v[i]));
    return list;
}

static bool read_field(const struct field *f, char *at, const cJSON *v, struct err *e)
{
    const cJSON *item;
    switch (f->type) {
    case FIELD_INT:
        return json_need_int(v, "", (int64_t *)at, e);
    case FIELD_BOOL:
        *(bool *)at = cJSON_IsTrue(v);
        return cJSON_IsBool(v);
    case FIELD_REAL:
        *(double *)at = v->valuedouble;
        return cJSON_IsNumber(v);
    case FIELD_TEXT:
        text_set((char **)at, cJSON_IsString(v) ? v->valuestring : "");
        return cJSON_IsString(v);
    case FIELD_TEXTS:
        texts_clear((struct texts *)at);
        cJSON_ArrayForEach(item, v) if (cJSON_IsString(item))
            texts_add((struct texts *)at, item->valuestring);
        return cJSON_IsArray(v);
    case FIELD_INTS:
        ((struct ints *)at)->n = 0;
        cJSON_ArrayForEach(item, v) ints_add((struct ints *)at, json_int(item, "", 0));
        return cJSON_IsArray(v);
    case FIELD_JSON:
        cJSON_Delete(*(cJSON **)at);
        *(cJSON **)at = cJSON_Duplicate(v, true);
        return cJSON_IsArray(v);
    }
    return false;
}

bool record_read(const struct record_kind *kind, void *item, const cJSON *object, struct err *e)
{
    for (const struct field *f = kind->fields; f->name; f++) {
        const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, f->name);
        if (v && !read_field(f, (char *)item + f->at, v, e))
            return err_set(e, ERR_PROTOCOL, "%s: \"%s\" has a wrong type", kind->plural, f->name);
    }
    return true;
}

static cJSON *field_json(const struct field *f, const char *at)
{
    switch (f->type) {
    case FIELD_INT:
        return int_json(*(const int64_t *)at);
    case FIELD_BOOL:
        return cJSON_CreateBool(*(const bool *)at);
    case FIELD_REAL:
        return cJSON_CreateNumber(*(const double *)at);
    case FIELD_TEXT:
        return cJSON_CreateString(*(char *const *)at);
    case FIELD_TEXTS:
        return texts_json((const struct texts *)at);
    case FIELD_INTS:
        return ints_json((const struct ints *)at);
    case FIELD_JSON:
        return *(cJSON *const *)at ? cJSON_Duplicate(*(cJSON *const *)at, true)
                                   : cJSON_CreateArray();
    }
    return cJSON_CreateNull();
}

cJSON *record_json(const struct record_kind *kind, const void *item)
{
    cJSON *object = cJSON_CreateObject();
    for (const struct field *f = kind->fields; f->name; f++)
        cJSON_AddItemToObject(object, f->name, field_json(f, (const char *)item + f->at));
    return object;
}

void records_release(const struct record_kind *kind, void *item)
{
    for (const struct field *f = kind->fields; f->name; f++) {
        char *at = (char *)item + f->at;
        if (f->type == FIELD_TEXT)
            free(*(char **)at);
        else if (f->type == FIELD_TEXTS)
            texts_clear((struct texts *)at);
        else if (f->type == FIELD_INTS)
            free(((struct ints *)at)->v);
        else if (f->type == FIELD_JSON)
            cJSON_Delete(*(cJSON **)at);
    }
}

struct list *world_list(struct world *w, const struct record_kind *kind)
{
    return (struct list *)(void *)((char *)w + kind->list_at);
}

void *list_at(const struct world *w, const struct record_kind *kind, size_t i)
{
    const struct list *l = (const struct list *)(const void *)((const char *)w + kind->list_at);
    return (char *)l->items + i * kind->size;
}

void *list_push(struct world *w, const struct record_kind *kind)
{
    struct list *l = world_list(w, kind);
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        l->items = xrealloc(l->items, l->cap * kind->size);
    }
    char *item = (char *)l->items + l->n++ * kind->size;
    memset(item, 0, kind->size);
    for (const struct field *f = kind->fields; f->name; f++)
        if (f->type == FIELD_TEXT)
            *(char **)(item + f->at) = xstrdup("");
    w->dirty = true;
    return item;
}

/* Every record begins with its id. */
static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void *list_find(const struct world *w, const struct record_kind *kind, int64_t id)
{
    const struct list *l = (const struct list *)(const void *)((const char *)w + kind->list_at);
    return l->n ? bsearch(&id, l->items, l->n, kind->size, by_id) : NULL;
}

void list_sort(struct world *w, const struct record_kind *kind)
{
    struct list *l = world_list(w, kind);
    if (l->n)
        qsort(l->items, l->n, kind->size, by_id);
}

void list_remove(struct world *w, const struct record_kind *kind, void *item)
{
    struct list *l = world_list(w, kind);
    char *end = (char *)l->items + l->n * kind->size;
    records_release(kind, item);
    memmove(item, (char *)item + kind->size, (size_t)(end - (char *)item) - kind->size);
    l->n--;
    w->dirty = true;
}
