#include "history.h"
#include "run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GONE_TYPICAL_MS = 8000,
    GONE_LIMIT_MS = 15 * 60000,
    DESTROY_LIMIT_MS = 60 * 60000,
    PAUSE_MS = 10000, /* between two tries of a DELETE; doubles up to */
    PAUSE_MAX_MS = 60000,
    DUPLICATE_AGE_S = 15 * 60,
    UNCLEAR_LIMIT_MS = 120000, /* after a DELETE that got no clear answer */
    OWNER_LIMIT_MS = 240000,   /* whoever made the snapshot goes first */
    KEEP_MASS = 1,             /* more victims than this are confirmed by name */
};

static bool look_gone(struct run *r, bool *ready, struct err *e)
{
    struct droplet d;
    struct err why = {0};
    /* Behind a DELETE that was accepted one 404 will do; else it may be a lie. */
    bool there = r->f.delete_ok ? cloud_droplet(r->cloud, r->f.droplet_id, &d, &why)
                                : run_see_droplet(r, &why);
    *ready = !there && why.code == ERR_NOT_FOUND;
    if (!there && !*ready)
        *e = why;
    return there || *ready;
}

/* *gone: false after the limit, without an error. */
static bool wait_gone(struct run *r, const char *key, int64_t limit_ms, bool *gone, struct err *e)
{
    struct wait w = {.key = key,
                     .text = "the droplet is gone",
                     .typical_ms = GONE_TYPICAL_MS,
                     .limit_ms = limit_ms,
                     .at_once = key == NULL,
                     .look = look_gone};
    struct err why = {0};
    *gone = run_wait(r, &w, &why);
    if (*gone || (why.code == ERR_TIMEOUT && !(r->end_ms && os_mono_ms() >= r->end_ms)))
        return true;
    *e = why;
    return false;
}

/* *gone false: not accepted, or no clear answer and still there. */
static bool delete_once(struct run *r, bool *gone, struct err *e)
{
    *gone = false;
    r->f.delete_sent = run_now(r);
    if (!run_intent(r, e))
        return false;
    struct err why = {0};
    r->f.delete_ok = cloud_droplet_delete(r->cloud, r->f.droplet_id, &why);
    if (r->f.delete_ok)
        return run_fact(r, e) && wait_gone(r, "destroy", GONE_LIMIT_MS, gone, e);
    if (why.ambiguous)
        return wait_gone(r, NULL, UNCLEAR_LIMIT_MS, gone, e);
    r->f.delete_sent = 0;
    if (!run_fact(r, e))
        return false;
    if (run_passing(&why))
        return true;
    *e = why;
    return err_wrap(e, "destroy droplet %lld", (long long)r->f.droplet_id);
}

static bool record_gone(struct run *r, struct err *e)
{
    r->f.destroyed = 1;
    r->f.delete_sent = r->f.delete_ok = 0;
    r->droplet = (struct droplet){0};
    return run_fact(r, e);
}

static bool not_gone(struct run *r, struct err *e)
{
    if (!r->f.delete_sent)
        return err_set(e, ERR_TIMEOUT, "the cloud does not take the order to destroy droplet %lld",
                       (long long)r->f.droplet_id);
    char span[WHEN_TEXT];
    when_span(run_now(r) - r->f.delete_sent, span);
    err_set(e, ERR_TIMEOUT, "droplet %lld was told to go %s ago and is still there",
            (long long)r->f.droplet_id, span);
    return err_hint(e,
                    "`dogs resume %s` looks again; if it stays, destroy it in the control panel: "
                    "its snapshot is proved",
                    r->srv->name);
}

bool destroy_wait(struct run *r, struct err *e)
{
    bool gone;
    return wait_gone(r, NULL, r->f.delete_ok ? GONE_LIMIT_MS : UNCLEAR_LIMIT_MS, &gone, e) &&
           (gone || not_gone(r, e));
}

/* The gate is asked anew before every DELETE: between two of them hours may lie. One that was
 * accepted is never repeated. */
static bool destroy(struct run *r, bool (*gate)(struct run *, struct err *), struct err *e)
{
    int64_t began = cloud_mono_ms(r->cloud), pause = PAUSE_MS;
    bool gone = false;
    while (!run_time_is_up(r) && cloud_mono_ms(r->cloud) - began < DESTROY_LIMIT_MS) {
        if (r->f.delete_sent) {
            int64_t limit = r->f.delete_ok ? GONE_LIMIT_MS : UNCLEAR_LIMIT_MS;
            if (!wait_gone(r, NULL, limit, &gone, e))
                return false;
            if (!gone && r->f.delete_ok)
                break;
            r->f.delete_sent = 0;
        }
        struct err why = {0};
        if (!gone && !gate(r, &why)) {
            *e = why;
            return why.code == ERR_NOT_FOUND && run_gone_elsewhere(r, e);
        }
        if (!gone && !delete_once(r, &gone, e))
            return false;
        if (gone)
            return record_gone(r, e);
        if (!r->f.delete_sent && !run_nap(r, pause, e))
            return false;
        pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    }
    return not_gone(r, e);
}

/* The gate of a second droplet that this run made from a snapshot which stays: nobody was told of
 * it by us, and it is too young and too untouched to have been played on. */
static bool duplicate_gate(struct run *r, struct err *e)
{
    struct action *list;
    size_t n;
    if (!run_see_droplet(r, e) || !run_actions(r, &list, &n, e))
        return false;
    bool touched = false;
    for (size_t i = 0; i < n; i++)
        touched = touched || strcmp(list[i].type, "create") != 0;
    free(list);
    bool young = run_now(r) - r->droplet.created_at < DUPLICATE_AGE_S;
    if (r->f.droplet_mine && !r->f.announced && young && !touched &&
        cloud_has(r->droplet.tags, r->tag))
        return true;
    err_set(e, ERR_GUARD, "droplet %lld is a second one of %s, and may have been played on",
            (long long)r->f.droplet_id, r->srv->name);
    return err_hint(e, "look which one has the world you want, then `dogs stop %s --droplet ID`",
                    r->srv->name);
}

bool destroy_duplicate(struct run *r, struct err *e)
{
    if (!destroy(r, duplicate_gate, e))
        return false;
    r->f.destroyed = 0;
    return true;
}

bool destroy_observe(struct run *r, bool *done, struct err *e)
{
    *done = r->f.destroyed;
    if (*done || !r->f.followed || r->f.delete_sent || r->req->dry_run)
        return true;
    run_emit(r, EVENT_NOTE, "the run that made the snapshot destroys the droplet; waiting for it");
    bool gone;
    if (!wait_gone(r, NULL, OWNER_LIMIT_MS, &gone, e))
        return false;
    if (gone && !record_gone(r, e))
        return false;
    *done = gone;
    return true;
}

bool destroy_run(struct run *r, struct err *e)
{
    return destroy(r, gate_open, e);
}

void destroy_plan(struct run *r)
{
    run_emit(r, EVENT_CALL, "DELETE /v2/droplets/%lld (only behind the gate)",
             (long long)r->f.droplet_id);
}

/* For `destroy` alone: the snapshot that already holds what is on the disk. */
bool find_proof_run(struct run *r, struct err *e)
{
    if (r->f.snapshot_id || r->f.destroyed)
        return true;
    if (!r->droplet.id) {
        err_set(e, ERR_NOT_FOUND, "%s has no droplet", r->srv->name);
        return err_hint(e, "`dogs status %s` shows what there is", r->srv->name);
    }
    if (r->droplet.status != DROPLET_OFF)
        return gate_closed(r, e, "it is running, so no snapshot can hold all of it");
    struct action *list;
    size_t n;
    if (!run_idle(r, &list, &n, e))
        return false;
    const struct action *final = history_final_snapshot(list, n);
    int64_t began = final ? final->started_at : 0;
    free(list);
    for (size_t i = 0; began && i < r->mine.n_series && !r->f.snapshot_id; i++) {
        const struct snapshot *s = r->mine.series[i];
        int64_t apart = s->created_at - began;
        if (apart < -1 || apart > 1 || !cloud_has(s->tags, r->tag) || !proof_trusts(r, s))
            continue;
        r->f.snapshot_id = s->id;
        r->f.since = s->created_at;
        r->f.proved = 1;
        str_copy(r->f.snapshot_name, sizeof r->f.snapshot_name, s->name);
    }
    if (!r->f.snapshot_id)
        return gate_closed(r, e, "no proved snapshot was taken since it was last shut down");
    r->f.last_snapshot_mb = 0;
    if (r->req->dry_run)
        return true;
    return run_ask(r, ASK_NAME, r->srv->name, "--yes", e,
                   "Destroy droplet %lld of %s? Snapshot %s, which was proved, stays.",
                   (long long)r->droplet.id, r->srv->name, r->f.snapshot_name);
}

/* What retention deletes, in the order of the series; an array to free. */
static const struct snapshot **find_victims(struct run *r, size_t *n)
{
    int keep = r->f.keep ? (int)r->f.keep : r->srv->snapshot_max;
    size_t all_n;
    const struct snapshot **all = run_series(r, &all_n);
    bool *marks = xcalloc(all_n + 1, sizeof *marks);
    retention(all, all_n, r->srv->name, keep, r->req->adopt, marks);
    *n = 0;
    for (size_t i = 0; i < all_n; i++)
        if (marks[i])
            all[(*n)++] = all[i];
    free(marks);
    return all;
}

/* A list led here, so the snapshot is looked at once more, by id. */
static bool prune_one(struct run *r, const struct snapshot *victim, struct err *e)
{
    struct snapshot s;
    struct err why = {0};
    if (!cloud_snapshot(r->cloud, victim->id, &s, &why)) {
        *e = why;
        return why.code == ERR_NOT_FOUND;
    }
    enum snapshot_kind kind;
    bool same = strcmp(s.name, victim->name) == 0 && s.created_at == victim->created_at &&
                server_owns_name(r->srv->name, s.name, &kind) && kind == SNAPSHOT_SERIES &&
                (r->req->adopt || cloud_has(s.tags, r->tag)) && s.id != r->f.snapshot_id;
    if (!same) {
        run_emit(r, EVENT_WARN, "snapshot %s changed meanwhile and is kept", victim->name);
        return true;
    }
    why = (struct err){0};
    if (!run_intent(r, e))
        return false;
    bool ok = cloud_snapshot_delete(r->cloud, s.id, &why);
    if (!ok && why.ambiguous) {
        struct err gone = {0};
        ok = !cloud_snapshot(r->cloud, victim->id, &s, &gone) && gone.code == ERR_NOT_FOUND;
    }
    if (!ok) {
        *e = why;
        return err_wrap(e, "delete snapshot %s", victim->name);
    }
    run_emit(r, EVENT_NOTE, "deleted snapshot %s", s.name);
    r->out->pruned++;
    return run_fact(r, e);
}

static bool confirm_mass(struct run *r, const struct snapshot *const *victims, size_t n,
                         struct err *e)
{
    struct str names = STR(1500);
    for (size_t i = 0; i < n; i++)
        str_addf(&names, "  %s\n", victims[i]->name);
    r->f.confirmed = run_ask(r, ASK_NAME, r->srv->name, "--yes", e,
                             "These %zu snapshots of %s will be deleted for ever:\n%s", n,
                             r->srv->name, str_text(&names));
    str_release(&names);
    return r->f.confirmed;
}

/* What is gone leaves the list. */
static void forget(struct server_look *mine, const struct snapshot *gone)
{
    size_t kept = 0;
    for (size_t i = 0; i < mine->n_series; i++)
        if (mine->series[i] != gone)
            mine->series[kept++] = mine->series[i];
    mine->n_series = kept;
}

/* Oldest first. */
static bool prune_all(struct run *r, const struct snapshot *const *victims, size_t n, struct err *e)
{
    for (size_t i = n; i-- > 0;) {
        if (!prune_one(r, victims[i], e))
            return false;
        forget(&r->mine, victims[i]);
    }
    return true;
}

bool prune_run(struct run *r, struct err *e)
{
    size_t n;
    if (r->verb == VERB_STOP && r->mine.n_droplets > 1) {
        run_emit(r, EVENT_NOTE, "old snapshots are kept while another droplet of %s is there",
                 r->srv->name);
        return true;
    }
    const struct snapshot **victims = find_victims(r, &n);
    bool alone = r->verb == VERB_PRUNE;
    bool ok = !alone || n <= KEEP_MASS || r->f.confirmed || confirm_mass(r, victims, n, e);
    struct err why = {0};
    if (ok && !prune_all(r, victims, n, &why)) {
        ok = !alone && why.code != ERR_INTERRUPTED && why.code != ERR_IO;
        if (ok)
            run_emit(r, EVENT_WARN,
                     "old snapshots could not all be deleted: %s; `dogs prune %s` does it later",
                     why.text, r->srv->name);
        else
            *e = why;
    }
    free(victims);
    return ok;
}

void prune_plan(struct run *r)
{
    size_t n;
    const struct snapshot **victims = find_victims(r, &n);
    for (size_t i = n; i-- > 0;)
        run_emit(r, EVENT_CALL, "DELETE /v2/snapshots/%lld (%s)", (long long)victims[i]->id,
                 victims[i]->name);
    free(victims);
}
