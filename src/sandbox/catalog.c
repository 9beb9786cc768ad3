#include "catalog.h"

#include <stdio.h>
#include <string.h>

const char project_uuid[] = "4e1bfbc3-dc3e-41f2-a18f-1b4d7ba71677";
const char team_uuid[] = "5df3e3004a17e242b7c20ca6c9fc25b701a47ece";

/* ams2 is closed for new droplets, as old regions are; it has no sizes then (reference 4.5). */
const struct region regions[] = {
    {"ams2", "Amsterdam 2", "0e7aa6f1-5d26-4c0c-8d4e-3a52e1a3b001", "10.110.0.0/20", false},
    {"ams3", "Amsterdam 3", "0e7aa6f1-5d26-4c0c-8d4e-3a52e1a3b002", "10.111.0.0/20", true},
    {"fra1", "Frankfurt 1", "0e7aa6f1-5d26-4c0c-8d4e-3a52e1a3b003", "10.114.0.0/20", true},
    {"nyc1", "New York 1", "0e7aa6f1-5d26-4c0c-8d4e-3a52e1a3b004", "10.116.0.0/20", true},
    {"nyc3", "New York 3", "0e7aa6f1-5d26-4c0c-8d4e-3a52e1a3b005", "10.118.0.0/20", true},
    {0},
};

const struct size sizes[] = {
    {"s-1vcpu-512mb-10gb", "Basic", 512, 1, 10, 0.5, 4.00, 0.00595, true, " fra1 nyc1 nyc3 "},
    {"s-1vcpu-1gb", "Basic", 1024, 1, 25, 1, 6.00, 0.00893, true, NULL},
    {"s-1vcpu-2gb", "Basic", 2048, 1, 50, 2, 12.00, 0.01786, true, NULL},
    {"s-2vcpu-2gb", "Basic", 2048, 2, 60, 3, 18.00, 0.02679, true, NULL},
    {"s-2vcpu-4gb", "Basic", 4096, 2, 80, 4, 24.00, 0.03571, true, NULL},
    {"s-4vcpu-8gb", "Basic", 8192, 4, 160, 5, 48.00, 0.07143, true, NULL},
    {"s-8vcpu-16gb", "Basic", 16384, 8, 320, 6, 96.00, 0.14286, true, NULL},
    {"c-2", "CPU-Optimized", 4096, 2, 25, 4, 42.00, 0.0625, true, NULL},
    {"m-2vcpu-16gb", "Memory-Optimized", 16384, 2, 50, 4, 84.00, 0.125, true, " ams3 nyc3 "},
    {"s-1vcpu-3gb", "Basic", 3072, 1, 60, 3, 18.00, 0.02679, false, NULL},
    {0},
};

const struct base_image base_images[] = {
    {194569101, "debian-12-x64", "12 x64", "Debian", "distribution", 7, 0.87},
    {202110337, "debian-13-x64", "13 x64", "Debian", "distribution", 7, 0.91},
    {195932981, "ubuntu-24-04-x64", "24.04 (LTS) x64", "Ubuntu", "distribution", 7, 1.12},
    {187310217, "ubuntu-22-04-x64", "22.04 (LTS) x64", "Ubuntu", "distribution", 7, 0.98},
    {200118044, "docker-20-04", "Docker on Ubuntu", "Ubuntu", "application", 25, 2.31},
    {0},
};

const struct ssh_key ssh_keys[] = {
    {51234567, "owner", "3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa",
     "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHNhbmRib3gga2V5IG51bWJlciBvbmUgb2YgdHdv owner"},
    {51234602, "friend", "dd:cb:c6:fc:44:f7:8f:b2:4e:5d:02:0e:8d:1b:c8:16",
     "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHNhbmRib3gga2V5IG51bWJlciB0d28gb2YgdHdv friend"},
    {0},
};

static const char *const features[] = {
    "backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer",
};

const struct region *region_find(const char *slug)
{
    for (const struct region *r = regions; slug && r->slug; r++)
        if (strcmp(r->slug, slug) == 0)
            return r;
    return NULL;
}

const struct size *size_find(const char *slug)
{
    for (const struct size *s = sizes; slug && s->slug; s++)
        if (strcmp(s->slug, slug) == 0)
            return s;
    return NULL;
}

bool size_in_region(const struct size *s, const struct region *r)
{
    char word[24];
    snprintf(word, sizeof word, " %s ", r->slug);
    return s->available && r->available && (!s->only_in || strstr(s->only_in, word));
}

const struct base_image *base_image_by_id(int64_t id)
{
    for (const struct base_image *i = base_images; i->slug; i++)
        if (i->id == id)
            return i;
    return NULL;
}

const struct base_image *base_image_find(const char *slug_or_id)
{
    char id[24];
    for (const struct base_image *i = base_images; slug_or_id && i->slug; i++) {
        snprintf(id, sizeof id, "%lld", (long long)i->id);
        if (strcmp(i->slug, slug_or_id) == 0 || strcmp(id, slug_or_id) == 0)
            return i;
    }
    return NULL;
}

cJSON *region_json(const struct region *r, bool with_sizes)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "name", r->name);
    cJSON_AddStringToObject(json, "slug", r->slug);
    cJSON_AddItemToObject(json, "features",
                          cJSON_CreateStringArray(features, sizeof features / sizeof features[0]));
    cJSON_AddBoolToObject(json, "available", r->available);
    if (!with_sizes)
        return json;
    cJSON *list = cJSON_AddArrayToObject(json, "sizes");
    for (const struct size *s = sizes; s->slug; s++)
        if (size_in_region(s, r))
            cJSON_AddItemToArray(list, cJSON_CreateStringReference(s->slug));
    return json;
}

/* Prices pass through a float, as those of the live API do (0.00892999954521656). */
static void add_float(cJSON *json, const char *name, double value)
{
    cJSON_AddNumberToObject(json, name, (double)(float)value);
}

cJSON *size_json(const struct size *s)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "slug", s->slug);
    json_put_int(json, "memory", s->memory_mb);
    json_put_int(json, "vcpus", s->vcpus);
    json_put_int(json, "disk", s->disk_gb);
    add_float(json, "transfer", s->transfer_tb);
    add_float(json, "price_monthly", s->price_monthly);
    add_float(json, "price_hourly", s->price_hourly);
    cJSON *list = cJSON_AddArrayToObject(json, "regions");
    for (const struct region *r = regions; r->slug; r++)
        if (size_in_region(s, r))
            cJSON_AddItemToArray(list, cJSON_CreateStringReference(r->slug));
    cJSON_AddBoolToObject(json, "available", s->available);
    cJSON_AddStringToObject(json, "description", s->description);
    return json;
}

cJSON *available_regions_json(void)
{
    cJSON *list = cJSON_CreateArray();
    for (const struct region *r = regions; r->slug; r++)
        if (r->available)
            cJSON_AddItemToArray(list, cJSON_CreateStringReference(r->slug));
    return list;
}
