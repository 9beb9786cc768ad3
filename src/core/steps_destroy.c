#include "run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GONE_TYPICAL_MS = 8000,
    GONE_LIMIT_MS = 15 * 60000,
    UNCLEAR_LIMIT_MS = 120000, /* after a DELETE that got no clear answer */
    OWNER_LIMIT_MS = 90000,    /* whoever made the snapshot goes first */
    DELETE_TRIES = 3,
    KEEP_MASS = 1, /* more victims than this are confirmed by name */
};

static bool look_gone(struct run *r, bool *ready, struct err *e)
{
    struct droplet d;
    struct err why = {0};
    if (cloud_droplet(r->cloud, r->f.droplet_id, &d, &why))
        return true;
    *ready = why.code == ERR_NOT_FOUND;
    if (!*ready)
        *e = why;
    return *ready;
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

static bool wakes(const struct action *a)
{
    static const char *const quiet[] = {"snapshot", "shutdown", "power_off", "create", "destroy"};
    for (size_t i = 0; i < sizeof quiet / sizeof *quiet; i++)
        if (strcmp(a->type, quiet[i]) == 0)
            return false;
    return a->status != ACTION_ERRORED;
}

static bool closed(struct run *r, struct err *e, const char *why)
{
    err_set(e, ERR_UNVERIFIED, "droplet %lld is not destroyed: %s", (long long)r->f.droplet_id,
            why);
    return err_hint(e, "`dogs stop %s` takes a new snapshot and tries again", r->srv->name);
}

/* The gate: everything that must hold at once before a droplet may be destroyed, asked of the cloud
 * anew, the droplet itself last. */
static bool gate(struct run *r, struct err *e)
{
    struct snapshot s;
    struct action *actions;
    size_t n;
    if (!r->f.snapshot_id || !r->f.proved)
        return closed(r, e, "no proved snapshot is at hand");
    if (!cloud_snapshot(r->cloud, r->f.snapshot_id, &s, e)) {
        if (e->code == ERR_NOT_FOUND)
            return closed(r, e, "its snapshot is not there any more");
        return err_wrap(e, "look at the snapshot once more");
    }
    if (!proof_holds(r, &s, e))
        return false;
    if (!cloud_has(s.tags, r->tag))
        return closed(r, e, "its snapshot does not carry the server's tag");
    r->made = s;
    if (!run_idle(r, &actions, &n, e))
        return false;
    bool woken = false;
    for (size_t i = 0; i < n; i++)
        woken = woken || (actions[i].started_at >= s.created_at && wakes(&actions[i]));
    free(actions);
    if (woken)
        return closed(r, e, "it was switched on after the snapshot");
    if (!run_see_droplet(r, e))
        return false;
    if (r->droplet.id != r->f.droplet_id || !cloud_has(r->droplet.tags, r->tag))
        return closed(r, e, "it does not carry the server's tag any more");
    if (r->droplet.status != DROPLET_OFF)
        return closed(r, e,
                      r->droplet.status == DROPLET_ACTIVE ? "it is running again"
                                                          : "its status is neither off nor known");
    return true;
}

/* DELETE once, then wait for 404. *gone false: sent, no clear answer, still there. */
static bool delete_once(struct run *r, bool *gone, struct err *e)
{
    *gone = false;
    r->f.delete_sent = run_now(r);
    if (!run_intent(r, e))
        return false;
    struct err why = {0};
    bool ok = cloud_droplet_delete(r->cloud, r->f.droplet_id, &why);
    if (!ok && !why.ambiguous) {
        struct err ignored;
        r->f.delete_sent = 0;
        run_fact(r, &ignored);
        *e = why;
        return why.http_status == 422 && why.retryable
                   ? true
                   : err_wrap(e, "destroy droplet %lld", (long long)r->f.droplet_id);
    }
    return wait_gone(r, ok ? "destroy" : NULL, ok ? GONE_LIMIT_MS : UNCLEAR_LIMIT_MS, gone, e);
}

static bool record_gone(struct run *r, struct err *e)
{
    r->f.destroyed = 1;
    r->f.delete_sent = 0;
    r->droplet = (struct droplet){0};
    return run_fact(r, e);
}

static bool not_gone(struct run *r, struct err *e)
{
    err_set(e, ERR_TIMEOUT, "droplet %lld was told to go and is still there",
            (long long)r->f.droplet_id);
    return err_hint(e, "`dogs resume %s` looks again", r->srv->name);
}

/* `open_gate` is asked before every DELETE; NULL for a duplicate of ours, see destroy_duplicate. */
static bool destroy(struct run *r, bool (*open_gate)(struct run *, struct err *), struct err *e)
{
    for (int tries = 1; tries <= DELETE_TRIES; tries++) {
        bool gone = false;
        if (r->f.delete_sent) {
            if (!wait_gone(r, NULL, UNCLEAR_LIMIT_MS, &gone, e))
                return false;
            r->f.delete_sent = 0;
        }
        if (!gone) {
            struct err why = {0};
            if (open_gate && !open_gate(r, &why)) {
                *e = why;
                return why.code == ERR_NOT_FOUND && run_gone_elsewhere(r, e);
            }
            if (!delete_once(r, &gone, e))
                return false;
        }
        if (gone)
            return record_gone(r, e);
        if (!r->f.delete_sent && cloud_sleep(r->cloud, 10000))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
    }
    return not_gone(r, e);
}

bool destroy_duplicate(struct run *r, struct err *e)
{
    /* Made by this run from a snapshot that stays, never announced: it holds nothing of anybody. */
    if (!r->f.droplet_mine || r->f.announced)
        return closed(r, e, "it is not this run's own");
    if (!destroy(r, NULL, e))
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
    return destroy(r, gate, e);
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
        return closed(r, e, "it is running, so no snapshot can hold all of it");
    struct action *list, last;
    size_t n;
    if (!run_idle(r, &list, &n, e))
        return false;
    bool have = stop_snapshot(list, n, &last);
    free(list);
    for (size_t i = 0; have && i < r->mine.n_series && !r->f.snapshot_id; i++) {
        const struct snapshot *s = r->mine.series[i];
        int64_t apart = s->created_at - last.started_at;
        if (s->droplet_id != r->droplet.id || apart < -1 || apart > 1 ||
            !cloud_has(s->tags, r->tag))
            continue;
        r->f.snapshot_id = s->id;
        r->f.since = s->created_at;
        r->f.proved = 1;
        str_copy(r->f.snapshot_name, sizeof r->f.snapshot_name, s->name);
    }
    if (!r->f.snapshot_id)
        return closed(r, e, "no proved snapshot was taken since it was last shut down");
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
    int keep = r->verb == VERB_PRUNE && r->req->keep ? r->req->keep : r->srv->snapshot_max;
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
    if (!cloud_snapshot_delete(r->cloud, s.id, &why) && !why.ambiguous) {
        *e = why;
        return err_wrap(e, "delete snapshot %s", s.name);
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
    bool ok = run_ask(r, ASK_NAME, r->srv->name, "--yes", e,
                      "These %zu snapshots of %s will be deleted for ever:\n%s", n, r->srv->name,
                      str_text(&names));
    str_release(&names);
    return ok;
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
    const struct snapshot **victims = find_victims(r, &n);
    bool alone = r->verb == VERB_PRUNE;
    bool ok = !alone || n <= KEEP_MASS || r->resumed || confirm_mass(r, victims, n, e);
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
