#include "run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Preflights would cost calls on every start; a refusal is rare, so it is looked into afterwards.
 */

static bool find_size(const struct size *sizes, size_t n, const char *slug, struct size *out)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(sizes[i].slug, slug) == 0) {
            *out = sizes[i];
            return true;
        }
    }
    return false;
}

/* Cheapest plans that fit, for the hint. */
static void offer_sizes(const struct size *sizes, size_t n, const char *region, int min_disk,
                        struct str *out)
{
    int64_t above = -1;
    for (int k = 0; k < 3; k++) {
        const struct size *best = NULL;
        for (size_t i = 0; i < n; i++) {
            const struct size *s = &sizes[i];
            if (s->available && s->disk_gb >= min_disk && cloud_has(s->regions, region) &&
                s->price_monthly_udollars > above &&
                (!best || s->price_monthly_udollars < best->price_monthly_udollars))
                best = s;
        }
        if (!best)
            return;
        above = best->price_monthly_udollars;
        char price[WHEN_TEXT];
        core_money(best->price_hourly_udollars, price);
        str_addf(out, "%s%s (%d GB disk, %s/h)", out->len ? ", " : "", best->slug, best->disk_gb,
                 price);
    }
}

int run_image_disk(const struct run *r)
{
    for (size_t i = 0; i < r->look.n_snapshots; i++)
        if (r->look.snapshots[i].id == r->f.image_id)
            return r->look.snapshots[i].min_disk_gb;
    return 0;
}

/* Says in *e what is wrong with the size, if anything is. */
static bool blame_size(struct run *r, struct err *e)
{
    struct size *sizes, mine;
    size_t n;
    struct err ignored;
    if (!cloud_sizes(r->cloud, &sizes, &n, &ignored))
        return false;
    int disk = run_image_disk(r);
    struct str what = STR(300), offer = STR(300);
    if (!find_size(sizes, n, r->f.size, &mine))
        str_addf(&what, "there is no size %s", r->f.size);
    else if (!mine.available)
        str_addf(&what, "size %s cannot be had at the moment", r->f.size);
    else if (!cloud_has(mine.regions, r->f.region))
        str_addf(&what, "size %s is not offered in %s", r->f.size, r->f.region);
    else if (mine.disk_gb < disk)
        str_addf(&what, "size %s has a disk of %d GB, the snapshot needs %d GB", r->f.size,
                 mine.disk_gb, disk);
    if (what.len) {
        offer_sizes(sizes, n, r->f.region, disk, &offer);
        err_wrap(e, "%s", str_text(&what));
        e->hint[0] = '\0';
        if (offer.len)
            err_hint(e, "sizes that fit: %s", str_text(&offer));
    }
    bool blamed = what.len > 0;
    str_release(&what);
    str_release(&offer);
    free(sizes);
    return blamed;
}

static bool blame_region(struct run *r, struct err *e)
{
    struct region *regions;
    size_t n;
    struct err ignored;
    bool blamed = false, known = false;
    if (!cloud_regions(r->cloud, &regions, &n, &ignored))
        return false;
    struct str open = STR(300);
    for (size_t i = 0; i < n; i++) {
        bool mine = strcmp(regions[i].slug, r->f.region) == 0;
        known = known || mine;
        blamed = blamed || (mine && !regions[i].available);
        if (regions[i].available)
            str_addf(&open, "%s%s", open.len ? ", " : "", regions[i].slug);
    }
    if (!known || blamed) {
        err_wrap(e, known ? "region %s takes no new droplets" : "there is no region %s",
                 r->f.region);
        err_hint(e, "open regions: %s", str_text(&open));
        blamed = true;
    }
    str_release(&open);
    free(regions);
    return blamed;
}

static bool blame_account(struct run *r, struct err *e)
{
    struct account a;
    struct err ignored;
    if (!cloud_account(r->cloud, &a, &ignored))
        return false;
    if (strcmp(a.status, "locked") == 0) {
        err_wrap(e, "the account is locked");
        return !err_hint(e, "sign in at the control panel; it says why");
    }
    if (a.droplet_limit > 0 && r->look.n_droplets >= (size_t)a.droplet_limit) {
        err_wrap(e, "the account may have %d droplets and has %zu", a.droplet_limit,
                 r->look.n_droplets);
        return !err_hint(e, "stop a server first (`dogs list`), or ask DigitalOcean to raise the "
                            "limit");
    }
    return false;
}

void run_diagnose(struct run *r, struct err *e)
{
    if (e->http_status != 422 && e->http_status != 400 && e->http_status != 403)
        return;
    struct err why = *e;
    why.hint[0] = '\0';
    if (blame_region(r, &why) || blame_size(r, &why) || blame_account(r, &why))
        *e = why;
    else
        err_hint(e, "check image, ssh keys and vpc_uuid of %s in the config", r->srv->name);
}
