/* catalog: what the account finds there and cannot change: regions, plans, public images, its SSH
 * keys, networks and project. */
#ifndef SANDBOX_CATALOG_H
#define SANDBOX_CATALOG_H

#include <dogs/json.h>
#include <stdbool.h>
#include <stdint.h>

struct region {
    const char *slug, *name, *vpc_uuid, *ip_range;
    bool available;
};
extern const struct region regions[]; /* ends with a NULL slug */

struct size {
    const char *slug, *description;
    int64_t memory_mb, vcpus, disk_gb;
    double transfer_tb, price_monthly, price_hourly;
    bool available;
    const char *only_in; /* region slugs with blanks around; NULL = everywhere */
};
extern const struct size sizes[];

struct base_image {
    int64_t id;
    const char *slug, *name, *distribution, *kind; /* "distribution" or "application" */
    int64_t min_disk_gb;
    double size_gb;
};
extern const struct base_image base_images[];

struct ssh_key {
    int64_t id;
    const char *name, *fingerprint, *public_key;
};
extern const struct ssh_key ssh_keys[];

extern const char project_uuid[], team_uuid[];

const struct region *region_find(const char *slug);
const struct size *size_find(const char *slug);
bool size_in_region(const struct size *s, const struct region *r);
const struct base_image *base_image_find(const char *slug_or_id);
const struct base_image *base_image_by_id(int64_t id);

cJSON *region_json(const struct region *r, bool with_sizes);
cJSON *size_json(const struct size *s);
cJSON *available_regions_json(void);

#endif
