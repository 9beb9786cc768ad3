#include "run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_LAG_MS = 10000 }; /* a new droplet may be missing in lists for some seconds */

bool look_again(struct run *r, struct err *e)
{
    struct account_look fresh;
    if (!look_read(r->cloud, &fresh, e))
        return false;
    server_look_release(&r->mine);
    look_release(&r->look);
    r->look = fresh;
    r->looked_at = run_now(r);
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
    return err_hint(e, "each of them costs; say which with --droplet ID (the one people played on "
                       "has the world)");
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
    if (r->f.droplet_id)
        return see_known(r, e);
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

static bool adopt_droplet(struct run *r, struct err *e)
{
    const struct droplet *d = r->mine.untagged;
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
    str_copy(r->droplet.tags, sizeof r->droplet.tags, " ");
    snprintf(r->droplet.tags, sizeof r->droplet.tags, " %s ", r->tag);
    return true;
}

/* No droplet in the lists: true as well when they only lag. What this host started last is asked
 * for by id; then the list is read once more. */
static bool make_sure_of_none(struct run *r, struct err *e)
{
    const struct facts *last = &r->last.facts;
    if (r->last.any && last->droplet_id && !last->destroyed) {
        r->f.droplet_id = last->droplet_id;
        if (!see_known(r, e))
            return false;
        if (r->droplet.id && cloud_has(r->droplet.tags, r->tag))
            return true;
        r->droplet = (struct droplet){0};
        r->f.droplet_id = 0;
    }
    if (cloud_sleep(r->cloud, LIST_LAG_MS))
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    return look_again(r, e) && find_droplet(r, e);
}

bool look_run(struct run *r, struct err *e)
{
    if (!look_again(r, e) || !find_droplet(r, e))
        return false;
    bool makes_one = r->verb == VERB_START || r->verb == VERB_CREATE || r->verb == VERB_RESTORE;
    if (!r->droplet.id && !makes_one && !r->f.destroyed && !make_sure_of_none(r, e))
        return false;
    if (!r->droplet.id && r->mine.untagged && r->verb != VERB_PRUNE && !r->f.destroyed &&
        !adopt_droplet(r, e))
        return false;
    if (r->droplet.id)
        r->f.droplet_id = r->droplet.id;
    else if (r->f.droplet_id && r->verb == VERB_STOP && !r->f.destroyed)
        return run_gone_elsewhere(r, e);
    else if (r->f.droplet_id && makes_one && !r->f.create_sent)
        r->f.droplet_id = r->f.droplet_mine = 0;
    for (size_t i = 0; i < r->mine.n_series && !r->f.last_snapshot_mb && !r->f.snapshot_sent; i++)
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
