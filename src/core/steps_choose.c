#include "run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEWEST_LIMIT_MS = 10 * 60000 };

static const char *region_of(const struct run *r)
{
    return r->req->region ? r->req->region : r->srv->region;
}

static const char *size_of(const struct run *r)
{
    return r->req->size ? r->req->size : r->srv->size;
}

static const struct snapshot *wanted_snapshot(const struct run *r)
{
    const char *wanted = r->req->snapshot;
    if (!wanted)
        return r->mine.n_series ? r->mine.series[0] : r->mine.base;
    int64_t id = 0;
    bool by_id = str_int64(wanted, 1, INT64_MAX, &id);
    for (size_t i = 0; i <= r->mine.n_series; i++) {
        const struct snapshot *s = i < r->mine.n_series ? r->mine.series[i] : r->mine.base;
        if (s && (by_id ? s->id == id : strcmp(s->name, wanted) == 0))
            return s;
    }
    return NULL;
}

static bool no_snapshot(struct run *r, struct err *e)
{
    if (r->req->snapshot) {
        err_set(e, ERR_NOT_FOUND, "%s has no snapshot %s", r->srv->name, r->req->snapshot);
        return err_hint(e, "`dogs snapshots %s` lists them", r->srv->name);
    }
    err_set(e, ERR_NOT_FOUND, "%s has no snapshot to start from", r->srv->name);
    return err_hint(e, "`dogs create %s` makes the first droplet", r->srv->name);
}

static bool adopt_snapshot(struct run *r, const struct snapshot *s, struct err *e)
{
    char when[WHEN_TEXT];
    when_to_iso(s->created_at, when);
    if (r->req->adopt || r->req->dry_run ||
        run_ask(r, ASK_YES, NULL, "--adopt", e,
                "the newest snapshot, %s of %s, does not carry the tag %s: it was made by another "
                "program, or its proof was not finished.\nStart from it?",
                s->name, when, r->tag))
        return true;
    if (e->code == ERR_USAGE)
        e->code = ERR_GUARD;
    return false;
}

/* An image is chosen only for a droplet that surely is not there. */
bool choose_observe(struct run *r, bool *done, struct err *e)
{
    if (!r->droplet.id && r->f.create_sent && !boot_read_back(r, e))
        return false;
    *done = r->f.droplet_id != 0 && (!r->req->snapshot || r->f.image_id);
    return true;
}

/* What this host proved last must be in the list: if the cloud has it by its id, the list only
 * lags, and an older world would be started. */
static bool look_newest(struct run *r, bool *ready, struct err *e)
{
    struct snapshot s;
    struct err why = {0};
    *ready = true;
    for (size_t i = 0; i < r->mine.n_series; i++)
        if (r->mine.series[i]->id == r->last.facts.snapshot_id)
            return true;
    if (cloud_snapshot(r->cloud, r->last.facts.snapshot_id, &s, &why)) {
        *ready = false;
        return look_again(r, e);
    }
    if (why.code == ERR_NOT_FOUND)
        return true;
    *e = why;
    return false;
}

static bool wait_newest(struct run *r, struct err *e)
{
    struct wait w = {.text = "the newest snapshot is in the list",
                     .typical_ms = 3000,
                     .limit_ms = NEWEST_LIMIT_MS,
                     .at_once = true,
                     .look = look_newest};
    return !r->last.facts.snapshot_id || !r->last.facts.proved || r->req->snapshot ||
           run_wait(r, &w, e);
}

bool choose_run(struct run *r, struct err *e)
{
    if (!wait_newest(r, e))
        return false;
    const struct snapshot *s = wanted_snapshot(r);
    if (!s)
        return no_snapshot(r, e);
    const char *region = region_of(r);
    if (!*region)
        return err_set(e, ERR_CONFIG, "no region is known for %s", r->srv->name) ||
               err_hint(e, "write `region:` under it in the config, or give --region");
    if (!*size_of(r))
        return err_set(e, ERR_CONFIG, "no size is known for %s", r->srv->name) ||
               err_hint(e, "write `size:` under it in the config, or give --size");
    if (!cloud_has(s->regions, region)) {
        err_set(e, ERR_GUARD, "snapshot %s is in%sand not in %s", s->name, s->regions, region);
        return err_hint(e, "start it where it is with --region%s", s->regions);
    }
    if (s->size_mb == 0) {
        err_set(e, ERR_GUARD, "the newest snapshot, %s, is empty", s->name);
        return err_hint(e,
                        "`dogs snapshots %s` lists older ones for `dogs restore %s --snapshot "
                        "NAME`",
                        r->srv->name, r->srv->name);
    }
    bool proved = cloud_has(s->tags, r->tag) || s == r->mine.base;
    if (!proved && !adopt_snapshot(r, s, e))
        return false;
    r->f.image_id = s->id;
    r->f.image_created_at = s->created_at;
    str_copy(r->f.region, sizeof r->f.region, region);
    str_copy(r->f.size, sizeof r->f.size, size_of(r));
    if (r->req->snapshot)
        str_copy(r->f.image, sizeof r->f.image, r->req->snapshot);
    char when[WHEN_TEXT];
    when_span(run_now(r) - s->created_at, when);
    run_emit(r, EVENT_NOTE, "from %s (%.1f GB, %s old)", s->name, (double)s->size_mb / 1000, when);
    r->out->snapshot_id = s->id;
    str_copy(r->out->snapshot_name, sizeof r->out->snapshot_name, s->name);
    return true;
}

bool base_run(struct run *r, struct err *e)
{
    if (r->mine.n_series > 0 || r->mine.base) {
        err_set(e, ERR_GUARD,
                "%s has snapshots already; a new droplet would begin an empty world "
                "beside them",
                r->srv->name);
        return err_hint(e,
                        "`dogs start %s` brings its world back; for another world choose "
                        "another name",
                        r->srv->name);
    }
    /* Nothing in the account yet, so nothing showed whether the token lets tags be seen. */
    if (r->look.n_droplets + r->look.n_snapshots == 0 && !cloud_check_tags(r->cloud, e))
        return false;
    const char *region = region_of(r), *size = size_of(r);
    if (!*region || !*size)
        return err_set(e, ERR_CONFIG, "no %s is known for %s", *region ? "size" : "region",
                       r->srv->name) ||
               err_hint(e, "write it under the server in the config, or give --%s",
                        *region ? "size" : "region");
    str_copy(r->f.region, sizeof r->f.region, region);
    str_copy(r->f.size, sizeof r->f.size, size);
    str_copy(r->f.image, sizeof r->f.image, r->srv->image);
    struct str script;
    bool ok = boot_script(r, &script, e);
    str_release(&script);
    return ok;
}

bool firewall_observe(struct run *r, bool *done, struct err *e)
{
    struct firewall fw;
    *done = !*r->srv->firewall_id;
    if (*done)
        return true;
    if (!cloud_firewall(r->cloud, r->srv->firewall_id, &fw, e)) {
        if (e->code == ERR_NOT_FOUND)
            err_hint(e, "there is no such firewall; correct `firewall_id` of %s in the config",
                     r->srv->name);
        return err_wrap(e, "firewall of %s", r->srv->name);
    }
    *done = cloud_has(fw.tags, r->tag) || cloud_has(fw.tags, TAG_ALL);
    return true;
}

bool firewall_run(struct run *r, struct err *e)
{
    return run_intent(r, e) && cloud_firewall_add_tag(r->cloud, r->srv->firewall_id, r->tag, e) &&
           run_fact(r, e);
}

void firewall_plan(struct run *r)
{
    run_emit(r, EVENT_CALL, "POST /v2/firewalls/%s/tags {\"tags\":[\"%s\"]}", r->srv->firewall_id,
             r->tag);
}
