#include "run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LIST_LAG_MS = 10000, /* a new droplet may be missing in lists for some seconds */
    CREATE_LAG_S = 75,   /* or longer, if even the answer to its create was lost */
};

bool look_again(struct run *r, struct err *e)
{
    struct account_look fresh;
    if (!look_read(r->cloud, &fresh, e))
        return false;
    server_look_release(&r->mine);
    look_release(&r->look);
    r->look = fresh;
    server_pick(&r->look, r->srv->name, &r->mine);
    return true;
}

static bool see_known(struct run *r, struct err *e)
{
    struct err why = {0};
    if (run_see_droplet(r, &why))
        return true;
    if (why.code != ERR_NOT_FOUND) {
        *e = why;
        return false;
    }
    r->droplet = (struct droplet){0};
    return true;
}

static bool refuse_several(struct run *r, struct err *e)
{
    struct str ids = STR(400);
    for (size_t i = 0; i < r->mine.n_droplets; i++)
        str_addf(&ids, "%s%lld (%s)", i ? ", " : "", (long long)r->mine.droplets[i]->id,
                 droplet_status_name(r->mine.droplets[i]->status));
    err_set(e, ERR_GUARD, "%zu droplets carry the tag %s: %s", r->mine.n_droplets, r->tag,
            str_text(&ids));
    str_release(&ids);
    return err_hint(e,
                    "each of them costs; put away with `dogs stop %s --droplet ID` first the one "
                    "that nobody played on, and last the one with the world you want: it will be "
                    "the newest",
                    r->srv->name);
}

/* What this run made and took away again, or lost, is not its droplet any more. */
static void forget_droplet(struct run *r)
{
    r->f.droplet_id = r->f.droplet_mine = r->f.doubtful = 0;
    r->f.destroyed = r->f.delete_sent = r->f.delete_ok = 0;
    r->droplet = (struct droplet){0};
}

/* The droplet the run is about, out of the fresh look. None is not an error. */
static bool find_droplet(struct run *r, struct err *e)
{
    int64_t wanted = r->f.droplet_id ? r->f.droplet_id : r->req->droplet_id;
    for (size_t i = 0; wanted && i < r->mine.n_droplets; i++) {
        if (r->mine.droplets[i]->id == wanted) {
            r->droplet = *r->mine.droplets[i];
            return true;
        }
    }
    if (r->f.droplet_id && !see_known(r, e))
        return false;
    if (r->f.droplet_id && (r->droplet.id || !makes_droplet(r->verb)))
        return true;
    if (r->f.droplet_id)
        forget_droplet(r);
    if (wanted) {
        err_set(e, ERR_NOT_FOUND, "no droplet %lld carries the tag %s", (long long)wanted, r->tag);
        return err_hint(e, "`dogs status %s` shows what there is", r->srv->name);
    }
    if (r->mine.n_droplets > 1)
        return refuse_several(r, e);
    if (r->mine.n_droplets == 1)
        r->droplet = *r->mine.droplets[0];
    return true;
}

static bool adopt_droplet(struct run *r, const struct droplet *d, struct err *e)
{
    if (r->mine.n_untagged > 1) {
        err_set(e, ERR_GUARD, "%zu droplets are called %s and none carries the tag %s",
                r->mine.n_untagged, r->srv->name, r->tag);
        return err_hint(e, "put the tag %s on the right one in the control panel", r->tag);
    }
    if (!r->req->adopt &&
        !run_ask(r, ASK_YES, NULL, "--adopt", e,
                 "droplet %lld is called %s but does not carry the tag %s, so it was not made by "
                 "dogs.\nTake it as the server %s?",
                 (long long)d->id, r->srv->name, r->tag, r->srv->name)) {
        if (e->code == ERR_USAGE)
            e->code = ERR_GUARD;
        return false;
    }
    r->droplet = *d;
    if (r->req->dry_run) {
        run_emit(r, EVENT_CALL, "POST /v2/tags/%s/resources (droplet %lld)", r->tag,
                 (long long)d->id);
        return true;
    }
    r->f.droplet_id = d->id;
    if (!run_intent(r, e) || !cloud_tag_droplet(r->cloud, r->tag, d->id, e))
        return false;
    snprintf(r->droplet.tags, sizeof r->droplet.tags, " %s ", r->tag);
    return true;
}

/* No droplet in the lists: true as well when they only lag. What this host started last is asked
 * for by id; then the list is read once more. */
static bool make_sure_of_none(struct run *r, struct err *e)
{
    const struct facts *last = &r->last.facts;
    int64_t lag = LIST_LAG_MS;
    if (last->create_sent && run_now(r) - last->create_sent < CREATE_LAG_S)
        lag = (last->create_sent + CREATE_LAG_S - run_now(r)) * 1000;
    if (r->last.any && last->droplet_id && !last->destroyed) {
        r->f.droplet_id = last->droplet_id;
        if (!see_known(r, e))
            return false;
        if (r->droplet.id && cloud_has(r->droplet.tags, r->tag))
            return true;
        r->droplet = (struct droplet){0};
        r->f.droplet_id = 0;
    }
    return run_nap(r, lag, e) && look_again(r, e) && find_droplet(r, e);
}

static bool settle_droplet(struct run *r, struct err *e)
{
    if (makes_droplet(r->verb) && r->f.delete_sent && !destroy_wait(r, e))
        return false;
    if (!find_droplet(r, e))
        return false;
    bool known = r->f.droplet_id || r->f.destroyed;
    if (!r->droplet.id && !known && !makes_droplet(r->verb) && !make_sure_of_none(r, e))
        return false;
    const struct droplet *untagged = r->mine.n_untagged ? r->mine.untagged[0] : NULL;
    if (r->droplet.id)
        untagged = cloud_has(r->droplet.tags, r->tag) ? NULL : &r->droplet;
    if (untagged && !r->f.destroyed && !adopt_droplet(r, untagged, e))
        return false;
    if (r->droplet.id)
        r->f.droplet_id = r->droplet.id;
    else if (r->f.droplet_id && r->verb == VERB_STOP && !r->f.destroyed)
        return run_gone_elsewhere(r, e);
    return true;
}

bool look_run(struct run *r, struct err *e)
{
    if (!look_again(r, e))
        return false;
    if (!r->f.began)
        r->f.began = r->look.at;
    if (r->verb != VERB_PRUNE && !settle_droplet(r, e))
        return false;
    if (r->droplet.id && r->droplet.status != DROPLET_OFF)
        r->f.active_at = r->look.at;
    /* The newest proved one is the measure for the next; a live one of this droplet as well. */
    for (size_t i = 0; i < r->mine.n_series && !r->f.last_snapshot_mb; i++)
        if (cloud_has(r->mine.series[i]->tags, r->tag) && r->mine.series[i]->id != r->f.snapshot_id)
            r->f.last_snapshot_mb = r->mine.series[i]->size_mb;
    return true;
}

/* A stop without a droplet has nothing to do, if there is a snapshot; else there is no server. */
bool present_run(struct run *r, struct err *e)
{
    if (r->droplet.id || r->f.destroyed)
        return true;
    if (r->mine.n_series == 0 && !r->mine.base) {
        err_set(e, ERR_NOT_FOUND, "%s has neither a droplet nor a snapshot", r->srv->name);
        return err_hint(e, "`dogs create %s` makes it; `dogs list` shows what there is",
                        r->srv->name);
    }
    r->finished = true;
    snprintf(r->out->text, sizeof r->out->text, "%s is not running; its newest snapshot is %s",
             r->srv->name, r->mine.n_series ? r->mine.series[0]->name : r->mine.base->name);
    return true;
}

bool volumes_run(struct run *r, struct err *e)
{
    if (r->droplet.n_volumes == 0 || r->f.destroyed)
        return true;
    if (run_ask(r, ASK_YES, NULL, "--yes", e,
                "%d volumes are attached to %s. What lies on them is not in a droplet snapshot; "
                "they outlive the droplet and go on costing.\nGo on?",
                r->droplet.n_volumes, r->srv->name))
        return true;
    if (e->code == ERR_USAGE)
        e->code = ERR_GUARD;
    return false;
}
