#include "parse.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cloud_has(const char *words, const char *word)
{
    char between[CLOUD_TEXT + 2];
    snprintf(between, sizeof between, " %s ", word);
    return *word && strstr(words, between) != NULL;
}

/* The texts of a JSON list that begin with `prefix`, each between blanks. What does not fit is left
 * out whole, never cut. */
static void join(char *out, size_t size, const cJSON *list, const char *prefix)
{
    const cJSON *one;
    size_t len = 0;
    cJSON_ArrayForEach(one, list)
    {
        const char *word = cJSON_IsString(one) ? one->valuestring : "";
        if (!*word || strchr(word, ' ') || !str_starts(word, prefix) ||
            len + strlen(word) + 3 > size)
            continue;
        len += (size_t)snprintf(out + len, size - len, "%s%s ", len ? "" : " ", word);
    }
}

static bool parse_tags(const cJSON *json, char *out, size_t size, struct err *e)
{
    const cJSON *tags = json_at(json, "tags");
    if (!tags)
        return err_set(e, ERR_AUTH, "the answer has no tags, so nothing can be told to be ours") ||
               err_hint(e, "give the token the scope tag:read");
    join(out, size, tags, "dogs");
    return true;
}

/* Prices look like 0.00743999984115362: float32 on the other side. */
static int64_t udollars(const cJSON *json, const char *path)
{
    double v = json_real(json, path, 0);
    return v > 0 && v < 1e6 ? llround(v * 1e6) : 0;
}

static int64_t time_at(const cJSON *json, const char *path)
{
    int64_t t;
    return when_from_iso(json_text(json, path, ""), &t) ? t : 0;
}

/* 0 means "none" further up, so no object may have it. */
static bool need_id(const cJSON *json, int64_t *out, struct err *e)
{
    return json_need_int(json, "id", out, e) &&
           (*out > 0 || err_set(e, ERR_PROTOCOL, "id: %lld is none", (long long)*out));
}

static int small_int(const cJSON *json, const char *path)
{
    int64_t v = json_int(json, path, 0);
    return v >= 0 && v <= 1000000000 ? (int)v : 0;
}

bool parse_account(const cJSON *json, void *element, struct err *e)
{
    struct account *a = element;
    if (!cJSON_IsObject(json))
        return err_set(e, ERR_PROTOCOL, "expected an object");
    str_copy(a->email, sizeof a->email, json_text(json, "email", ""));
    str_copy(a->status, sizeof a->status, json_text(json, "status", ""));
    a->droplet_limit = small_int(json, "droplet_limit");
    return true;
}

static const char *const statuses[] = {[DROPLET_NEW] = "new",
                                       [DROPLET_ACTIVE] = "active",
                                       [DROPLET_OFF] = "off",
                                       [DROPLET_ARCHIVE] = "archive",
                                       [DROPLET_UNKNOWN] = "unknown"};

const char *droplet_status_name(enum droplet_status s)
{
    return statuses[s];
}

static enum droplet_status status_of(const char *text)
{
    for (int i = 0; i < DROPLET_UNKNOWN; i++)
        if (strcmp(text, statuses[i]) == 0)
            return (enum droplet_status)i;
    return DROPLET_UNKNOWN;
}

static void public_ip(const cJSON *list, char *out, size_t size)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        if (strcmp(json_text(one, "type", ""), "public") == 0) {
            str_copy(out, size, json_text(one, "ip_address", ""));
            return;
        }
    }
}

bool parse_droplet(const cJSON *json, void *element, struct err *e)
{
    struct droplet *d = element;
    const char *name, *status;
    if (!need_id(json, &d->id, e) || !json_need_text(json, "name", &name, e) ||
        !json_need_text(json, "status", &status, e) ||
        !parse_tags(json, d->tags, sizeof d->tags, e))
        return false;
    if (!json_at(json, "volume_ids"))
        return err_set(e, ERR_AUTH, "the answer does not tell of volumes") ||
               err_hint(e, "give the token the scope block_storage:read");
    str_copy(d->name, sizeof d->name, name);
    d->status = status_of(status);
    d->created_at = time_at(json, "created_at");
    str_copy(d->region, sizeof d->region, json_text(json, "region.slug", ""));
    str_copy(d->size, sizeof d->size, json_text(json, "size_slug", ""));
    d->price_hourly_udollars = udollars(json, "size.price_hourly");
    d->price_monthly_udollars = udollars(json, "size.price_monthly");
    d->image_id = json_int(json, "image.id", 0);
    d->disk_gb = small_int(json, "disk");
    d->n_volumes = cJSON_GetArraySize(json_at(json, "volume_ids"));
    public_ip(json_at(json, "networks.v4"), d->ip, sizeof d->ip);
    return true;
}

/* The answer to a create: with the id the droplet can be found again, so nothing else may make it
 * be overlooked. */
bool parse_new_droplet(const cJSON *json, void *element, struct err *e)
{
    struct droplet *d = element;
    struct err ignored;
    if (!need_id(json, &d->id, e))
        return false;
    parse_droplet(json, d, &ignored);
    return true;
}

bool parse_action(const cJSON *json, void *element, struct err *e)
{
    struct action *a = element;
    const char *status;
    if (!need_id(json, &a->id, e) || !json_need_text(json, "status", &status, e))
        return false;
    a->status = strcmp(status, "completed") == 0 ? ACTION_COMPLETED
                : strcmp(status, "errored") == 0 ? ACTION_ERRORED
                                                 : ACTION_IN_PROGRESS;
    str_copy(a->type, sizeof a->type, json_text(json, "type", ""));
    a->started_at = time_at(json, "started_at");
    a->completed_at = time_at(json, "completed_at");
    a->resource_id = json_int(json, "resource_id", 0);
    return true;
}

bool parse_droplet_snapshot(const cJSON *json, void *element, struct err *e)
{
    struct snapshot *s = element;
    const char *name, *created;
    if (!need_id(json, &s->id, e) || !json_need_text(json, "name", &name, e) ||
        !json_need_text(json, "created_at", &created, e))
        return false;
    str_copy(s->name, sizeof s->name, name);
    if (!when_from_iso(created, &s->created_at))
        return err_set(e, ERR_PROTOCOL, "created_at: not a time: %.40s", created);
    s->droplet_id = json_int(json, "resource_id", 0);
    s->min_disk_gb = small_int(json, "min_disk_size");
    double size = json_real(json, "size_gigabytes", 0);
    s->size_mb = size > 0 && size < 1e6 ? llround(size * 1000) : 0;
    join(s->regions, sizeof s->regions, json_at(json, "regions"), "");
    return true;
}

bool parse_snapshot(const cJSON *json, void *element, struct err *e)
{
    struct snapshot *s = element;
    return parse_droplet_snapshot(json, element, e) && parse_tags(json, s->tags, sizeof s->tags, e);
}

bool parse_size(const cJSON *json, void *element, struct err *e)
{
    struct size *s = element;
    const char *slug;
    if (!json_need_text(json, "slug", &slug, e))
        return false;
    str_copy(s->slug, sizeof s->slug, slug);
    s->memory_mb = small_int(json, "memory");
    s->vcpus = small_int(json, "vcpus");
    s->disk_gb = small_int(json, "disk");
    s->price_hourly_udollars = udollars(json, "price_hourly");
    s->price_monthly_udollars = udollars(json, "price_monthly");
    s->available = json_bool(json, "available", false);
    join(s->regions, sizeof s->regions, json_at(json, "regions"), "");
    return true;
}

bool parse_region(const cJSON *json, void *element, struct err *e)
{
    struct region *r = element;
    const char *slug;
    if (!json_need_text(json, "slug", &slug, e))
        return false;
    str_copy(r->slug, sizeof r->slug, slug);
    str_copy(r->name, sizeof r->name, json_text(json, "name", ""));
    r->available = json_bool(json, "available", false);
    return true;
}

bool parse_key(const cJSON *json, void *element, struct err *e)
{
    struct sshkey *k = element;
    if (!need_id(json, &k->id, e))
        return false;
    str_copy(k->name, sizeof k->name, json_text(json, "name", ""));
    str_copy(k->fingerprint, sizeof k->fingerprint, json_text(json, "fingerprint", ""));
    return true;
}

bool parse_firewall(const cJSON *json, void *element, struct err *e)
{
    struct firewall *f = element;
    const char *id;
    if (!json_need_text(json, "id", &id, e))
        return false;
    if (!json_at(json, "tags"))
        return err_set(e, ERR_AUTH, "the answer does not tell the firewall's tags") ||
               err_hint(e, "give the token the scope tag:read");
    str_copy(f->id, sizeof f->id, id);
    str_copy(f->name, sizeof f->name, json_text(json, "name", ""));
    join(f->tags, sizeof f->tags, json_at(json, "tags"), "dogs");
    return true;
}

/* Values are [time, "megabits per second"]. A word that is no number is no value. */
static void take_values(const cJSON *values, int64_t *kbps)
{
    const cJSON *pair;
    cJSON_ArrayForEach(pair, values)
    {
        const cJSON *value = cJSON_GetArrayItem(pair, 1);
        char *end = NULL;
        if (!cJSON_IsString(value) || !*value->valuestring)
            continue;
        double mbps = strtod(value->valuestring, &end);
        if (*end || !(mbps >= 0 && mbps < 1e6))
            continue;
        int64_t k = llround(mbps * 1000);
        *kbps = k > *kbps ? k : *kbps;
    }
}

bool parse_traffic(const cJSON *json, void *element, struct err *e)
{
    int64_t *kbps = element;
    const cJSON *results = json_at(json, "result"), *one;
    *kbps = -1;
    if (!cJSON_IsArray(results))
        return err_set(e, ERR_PROTOCOL, "result: not a list");
    cJSON_ArrayForEach(one, results) take_values(json_at(one, "values"), kbps);
    return true;
}
