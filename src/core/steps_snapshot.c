#include "history.h"
#include "run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SNAPSHOT_TYPICAL_MS = 120000,
    SNAPSHOT_LEAST_MS = 60 * 60000, /* deadline: an hour, or */
    SNAPSHOT_MS_PER_GB = 4 * 60000, /* by the disk (observed: up to 3 min/GB used) */
    VISIBLE_LIMIT_MS = 20 * 60000,  /* completed, but in no list yet */
    NOT_YET_MS = 60000,             /* a new action may be 404 for so long */
    READ_BACK_S = 60,               /* a POST that got no answer shows within */
    YOUNG_S = 300,
    SNAPSHOT_TRIES = 2,
    POST_TRIES = 4,
};

static void follow(struct run *r, const struct action *a)
{
    r->f.action_id = a->id;
    r->f.action_started = a->started_at;
    r->f.since = a->started_at - 1;
    if (!r->f.snapshot_sent)
        r->f.followed = 1;
}

static bool made_by_another(struct run *r, const char *name, struct err *e)
{
    return err_set(e, ERR_UNVERIFIED, "the snapshot %s that was under way is not of %s's series",
                   name, r->srv->name);
}

/* The snapshot that an action made: by its unique name if we gave it, else by its moment, which is
 * the action's start. */
static bool look_visible(struct run *r, bool *ready, struct err *e)
{
    struct snapshot *list;
    size_t n;
    if (!cloud_droplet_snapshots(r->cloud, r->f.droplet_id, &list, &n, e))
        return false;
    bool ok = true;
    for (size_t i = 0; i < n && ok && !*ready; i++) {
        enum snapshot_kind kind;
        int64_t apart = list[i].created_at - r->f.action_started;
        bool named = r->f.snapshot_name[0] && strcmp(list[i].name, r->f.snapshot_name) == 0;
        if (!named && (apart < -1 || apart > 1))
            continue;
        if (!server_owns_name(r->srv->name, list[i].name, &kind)) {
            ok = made_by_another(r, list[i].name, e);
            continue;
        }
        r->f.snapshot_id = list[i].id;
        str_copy(r->f.snapshot_name, sizeof r->f.snapshot_name, list[i].name);
        *ready = true;
    }
    free(list);
    return ok;
}

/* A snapshot under way that a stop may take for its own: begun when this run did not see the
 * machine on any more. (Both times have whole seconds only.) */
static const struct action *followable(const struct run *r, const struct action *list, size_t n)
{
    const struct action *running = history_running_snapshot(list, n);
    return running && running->started_at >= r->f.active_at ? running : NULL;
}

/* What a POST that got no answer began; or another's snapshot that came first. */
static const struct action *sent_snapshot(const struct run *r, const struct action *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].type, "snapshot") == 0 && list[i].status != ACTION_ERRORED &&
            list[i].started_at >= r->f.snapshot_sent - 2)
            return &list[i];
    return followable(r, list, n);
}

/* Looks until what was sent must have shown. */
static bool read_back(struct run *r, bool *found, struct err *e)
{
    for (;;) {
        struct action *list;
        size_t n;
        struct err why = {0};
        bool ok = run_actions(r, &list, &n, &why);
        if (ok) {
            const struct action *a = sent_snapshot(r, list, n);
            *found = a != NULL;
            if (a)
                follow(r, a);
            free(list);
        } else if (!run_passing(&why)) {
            *e = why;
            return false;
        }
        if (*found || (ok && run_since(r, r->f.snapshot_sent) >= READ_BACK_S))
            return true;
        if (!run_nap(r, 5000, e))
            return false;
    }
}

/* The finished snapshot of another run, if it can be trusted. */
static bool adopt_finished(struct run *r, const struct action *a, struct err *e)
{
    struct facts before = r->f;
    struct snapshot s;
    struct err ignored;
    bool visible = false;
    follow(r, a);
    bool young = run_now(r) - a->completed_at < YOUNG_S;
    bool ok = look_visible(r, &visible, &ignored);
    if (ok && visible)
        ok = cloud_snapshot(r->cloud, r->f.snapshot_id, &s, &ignored) &&
             (proof_trusts(r, &s) || (young && s.size_mb == 0));
    /* A new one may need a while until it is seen. */
    if (!ok || (!visible && !young))
        r->f = before;
    if (cancel_is(r->core->cancel))
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    return true;
}

/* Without a journal of its own – another host, or a second person – the droplet's history tells. */
static bool adopt_from(struct run *r, const struct action *list, size_t n, struct err *e)
{
    const struct action *running = followable(r, list, n);
    const struct action *final = history_final_snapshot(list, n);
    if (final && (final->id == r->f.failed_action || final->started_at < r->f.active_at))
        final = NULL;
    if (running)
        follow(r, running);
    else if (final && r->droplet.status == DROPLET_OFF && !adopt_finished(r, final, e))
        return false;
    if (r->f.action_id)
        run_emit(r, EVENT_NOTE, "another run's snapshot is %s: following it",
                 running ? "under way" : "complete");
    return true;
}

static bool adopt_from_history(struct run *r, struct err *e)
{
    struct action *list;
    size_t n;
    if (!run_actions(r, &list, &n, e))
        return false;
    bool ok = adopt_from(r, list, n, e);
    free(list);
    return ok;
}

bool snapshot_observe(struct run *r, bool *done, struct err *e)
{
    *done = r->f.destroyed || r->f.snapshot_id != 0;
    if (*done || r->f.action_id)
        return true;
    if (!r->droplet.id) {
        err_set(e, ERR_NOT_FOUND, "%s has no droplet", r->srv->name);
        return err_hint(e, "`dogs start %s` makes one from its newest snapshot", r->srv->name);
    }
    struct err why = {0};
    bool ok = true, found = false;
    if (r->f.snapshot_sent) {
        ok = read_back(r, &found, &why);
        if (ok && !found)
            r->f.snapshot_sent = 0;
    } else if (r->verb == VERB_STOP) {
        ok = adopt_from_history(r, &why);
    }
    if (!ok && why.code == ERR_NOT_FOUND && r->verb == VERB_STOP)
        return (*done = run_gone_elsewhere(r, e));
    *done = r->f.snapshot_id != 0;
    if (!ok)
        *e = why;
    return ok;
}

static bool name_taken(const struct run *r, const char *name)
{
    for (size_t i = 0; i < r->mine.n_series; i++)
        if (strcmp(r->mine.series[i]->name, name) == 0)
            return true;
    return false;
}

static void choose_name(struct run *r)
{
    int64_t t = run_now(r);
    do
        snprintf(r->f.snapshot_name, sizeof r->f.snapshot_name, "%.60s-%lld", r->srv->name,
                 (long long)t++);
    while (name_taken(r, r->f.snapshot_name));
}

void snapshot_plan(struct run *r)
{
    choose_name(r);
    run_emit(r, EVENT_CALL,
             "POST /v2/droplets/%lld/actions {\"type\":\"snapshot\",\"name\":\"%s\"}",
             (long long)r->f.droplet_id, r->f.snapshot_name);
    /* So that retention counts it as one of the kept. */
    r->made = (struct snapshot){.id = INT64_MAX, .size_mb = 1};
    snprintf(r->made.tags, sizeof r->made.tags, " %s ", r->tag);
}

/* Refused, because something else is under way on the droplet: another's snapshot is followed,
 * anything else waited for. */
static bool wait_or_follow(struct run *r, bool *again, struct err *e)
{
    struct action *list;
    size_t n;
    if (!run_actions(r, &list, &n, e))
        return false;
    const struct action *running = followable(r, list, n);
    if (running)
        follow(r, running);
    free(list);
    *again = running == NULL;
    if (running) {
        run_emit(r, EVENT_NOTE, "another run's snapshot is under way: following it");
        return run_fact(r, e);
    }
    if (!run_idle(r, &list, &n, e))
        return false;
    free(list);
    return true;
}

/* One POST. *again: nothing was begun, try once more. */
static bool post_snapshot(struct run *r, bool *again, struct err *e)
{
    struct action a;
    *again = false;
    if (!r->f.snapshot_name[0])
        choose_name(r);
    r->f.snapshot_sent = run_now(r);
    r->f.since = r->f.snapshot_sent - 2;
    if (!run_intent(r, e))
        return false;
    struct err why = {0};
    if (cloud_droplet_act(r->cloud, r->f.droplet_id, "snapshot", r->f.snapshot_name, &a, &why)) {
        follow(r, &a);
        return run_fact(r, e);
    }
    if (why.ambiguous) {
        bool found = false;
        run_emit(r, EVENT_WARN, "%s; looking whether the snapshot was begun", why.text);
        if (!read_back(r, &found, e))
            return false;
        *again = !found;
        return found ? run_fact(r, e) : true;
    }
    r->f.snapshot_sent = 0;
    if (why.http_status == 422 && why.retryable)
        return wait_or_follow(r, again, e);
    *again = run_passing(&why);
    *e = why;
    return *again && run_nap(r, 5000, e);
}

/* The droplet as it must be when its snapshot begins, seen anew: this host may have slept since the
 * last look. */
static bool still_off(struct run *r, struct err *e)
{
    struct action *idle;
    size_t n;
    if (!run_idle(r, &idle, &n, e))
        return false;
    bool stopping = history_stopping(idle, n);
    bool ok = run_see_droplet(r, e);
    int64_t seen_at = cloud_answered_at(r->cloud);
    /* While this run waited for the droplet to be idle, another may have done it all. */
    if (ok && r->verb == VERB_STOP && r->droplet.status == DROPLET_OFF)
        ok = adopt_from(r, idle, n, e);
    free(idle);
    if (!ok)
        return false;
    if (r->droplet.status == DROPLET_OFF) {
        r->f.off_at = seen_at;
        return true;
    }
    if (r->verb == VERB_STOP) {
        err_set(e, ERR_GUARD, "%s was switched on again during this stop", r->srv->name);
        return err_hint(e, "people may be playing; `dogs stop %s` begins anew", r->srv->name);
    }
    if (!stopping)
        return true;
    err_set(e, ERR_GUARD, "%s is being shut down", r->srv->name);
    return err_hint(e,
                    "a snapshot of it now would miss what is saved meanwhile; wait, or "
                    "`dogs stop %s`",
                    r->srv->name);
}

static bool begin_snapshot(struct run *r, struct err *e)
{
    for (int tries = 1; tries <= POST_TRIES; tries++) {
        bool again;
        if (!still_off(r, e))
            return false;
        if (r->f.action_id)
            return run_fact(r, e);
        if (!post_snapshot(r, &again, e))
            return false;
        if (!again)
            return true;
    }
    return err_set(e, ERR_UNVERIFIED, "the cloud would not begin a snapshot (%d tries)",
                   POST_TRIES);
}

static bool look_snapshot_action(struct run *r, bool *ready, struct err *e)
{
    struct action a;
    struct err why = {0};
    if (!cloud_action(r->cloud, r->f.action_id, &a, &why)) {
        bool young = run_now(r) - r->f.action_started < NOT_YET_MS / 1000;
        if (why.code == ERR_NOT_FOUND && young)
            return true;
        *e = why;
        return false;
    }
    if (a.status == ACTION_ERRORED)
        return err_set(e, ERR_UNVERIFIED, "the cloud reports that the snapshot failed");
    *ready = a.status == ACTION_COMPLETED;
    return true;
}

static bool finish_snapshot(struct run *r, struct err *e)
{
    int64_t by_disk = (int64_t)r->droplet.disk_gb * SNAPSHOT_MS_PER_GB;
    struct wait made = {.key = "snapshot",
                        .text = "the snapshot is complete",
                        .typical_ms = SNAPSHOT_TYPICAL_MS,
                        .limit_ms = by_disk > SNAPSHOT_LEAST_MS ? by_disk : SNAPSHOT_LEAST_MS,
                        .joined = r->f.followed,
                        .look = look_snapshot_action};
    struct wait shown = {.key = "shown",
                         .text = "the snapshot is in the list",
                         .typical_ms = 2000,
                         .limit_ms = VISIBLE_LIMIT_MS,
                         .at_once = true,
                         .look = look_visible};
    if (!run_wait(r, &made, e))
        return false;
    if (run_wait(r, &shown, e))
        return run_fact(r, e);
    if (e->code == ERR_TIMEOUT && !run_time_is_up(r))
        err_set(e, ERR_UNVERIFIED,
                "the snapshot was reported complete and is in no list after %d "
                "min",
                VISIBLE_LIMIT_MS / 60000);
    return false;
}

static void forget_snapshot(struct run *r)
{
    r->f.failed_action = r->f.action_id;
    r->f.action_id = r->f.action_started = r->f.snapshot_sent = r->f.followed = 0;
    r->f.snapshot_name[0] = '\0';
}

bool snapshot_run(struct run *r, struct err *e)
{
    if (r->verb == VERB_SNAPSHOT && r->droplet.status != DROPLET_OFF && !r->f.snapshot_sent) {
        r->f.live = 1;
        run_emit(r, EVENT_WARN,
                 "%s is running: what the game has not saved yet is not in this "
                 "snapshot",
                 r->srv->name);
    }
    struct err why = {0};
    for (;;) {
        why = (struct err){0};
        if ((r->f.action_id || begin_snapshot(r, &why)) && finish_snapshot(r, &why))
            return true;
        if (why.code == ERR_NOT_FOUND && r->verb == VERB_STOP)
            return run_gone_elsewhere(r, e);
        if (why.code != ERR_UNVERIFIED || !r->f.action_id ||
            ++r->f.snapshot_tries >= SNAPSHOT_TRIES)
            break;
        run_emit(r, EVENT_WARN, "%s; trying once more", why.text);
        forget_snapshot(r);
    }
    *e = why;
    return false;
}
