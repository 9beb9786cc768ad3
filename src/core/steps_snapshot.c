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
    SIZE_LIMIT_MS = 5 * 60000,      /* a size of 0 is believed after */
    SNAPSHOT_TRIES = 2,
    POST_TRIES = 4,
    SMALLER = 4, /* less than a quarter of the last one is absurd */
};

static bool is_power_cut(const struct action *a)
{
    return strcmp(a->type, "shutdown") == 0 || strcmp(a->type, "power_off") == 0;
}

static void follow(struct run *r, const struct action *a)
{
    r->f.action_id = a->id;
    r->f.action_started = a->started_at;
    r->f.since = a->started_at;
    if (!r->f.snapshot_sent)
        r->f.followed = 1;
}

bool stop_snapshot(const struct action *actions, size_t n, struct action *found)
{
    if (n < 2 || strcmp(actions[0].type, "snapshot") != 0 || actions[0].status != ACTION_COMPLETED)
        return false;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(actions[i].type, "snapshot") == 0 || actions[i].status == ACTION_ERRORED)
            continue;
        if (!is_power_cut(&actions[i]) || actions[i].started_at > actions[0].started_at)
            return false;
        *found = actions[0];
        return true;
    }
    return false;
}

/* The snapshot that an action made: by its unique name if we gave it, else by its moment, which is
 * the action's start. */
static bool look_visible(struct run *r, bool *ready, struct err *e)
{
    struct snapshot *list;
    size_t n;
    if (!cloud_droplet_snapshots(r->cloud, r->f.droplet_id, &list, &n, e))
        return false;
    for (size_t i = 0; i < n && !*ready; i++) {
        enum snapshot_kind kind;
        int64_t apart = list[i].created_at - r->f.action_started;
        bool named = r->f.snapshot_name[0] && !r->f.followed;
        bool hit = named ? strcmp(list[i].name, r->f.snapshot_name) == 0
                         : apart >= -1 && apart <= 1 &&
                               server_owns_name(r->srv->name, list[i].name, &kind);
        if (!hit)
            continue;
        r->f.snapshot_id = list[i].id;
        str_copy(r->f.snapshot_name, sizeof r->f.snapshot_name, list[i].name);
        *ready = true;
    }
    free(list);
    return true;
}

static const struct action *find_snapshot_action(const struct run *r, const struct action *list,
                                                 size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].type, "snapshot") != 0 || list[i].status == ACTION_ERRORED)
            continue;
        /* The Date header, from which snapshot_sent comes, has whole seconds only. */
        if (list[i].status == ACTION_IN_PROGRESS ||
            (r->f.snapshot_sent && list[i].started_at >= r->f.snapshot_sent - 2))
            return &list[i];
    }
    return NULL;
}

/* A snapshot that runs, or one whose POST got no answer; looks until the latter must have shown. */
static bool read_back(struct run *r, bool *found, struct err *e)
{
    for (;;) {
        struct action *list;
        size_t n;
        struct err why = {0};
        bool ok = cloud_droplet_actions(r->cloud, r->f.droplet_id, &list, &n, &why);
        if (ok) {
            const struct action *a = find_snapshot_action(r, list, n);
            *found = a != NULL;
            if (a)
                follow(r, a);
            free(list);
        } else if (!run_passing(&why)) {
            *e = why;
            return false;
        }
        if (*found || (ok && run_now(r) - r->f.snapshot_sent >= READ_BACK_S))
            return true;
        if (cloud_sleep(r->cloud, 5000))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
    }
}

/* Without a journal of its own – another host, or a second person – the droplet's history tells. */
static bool adopt_from_history(struct run *r, struct err *e)
{
    struct action *list, last;
    size_t n;
    if (!cloud_droplet_actions(r->cloud, r->f.droplet_id, &list, &n, e))
        return false;
    const struct action *running = find_snapshot_action(r, list, n);
    bool ready = false, ok = true;
    if (running) {
        follow(r, running);
    } else if (r->droplet.status == DROPLET_OFF && stop_snapshot(list, n, &last)) {
        struct facts before = r->f;
        follow(r, &last);
        ok = look_visible(r, &ready, e);
        if (!ready)
            r->f = before;
    }
    free(list);
    if (ok && r->f.action_id)
        run_emit(r, EVENT_NOTE, "%s: following it",
                 ready ? "another run's snapshot is complete"
                       : "another run's snapshot is under way");
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
    if (r->f.snapshot_sent) {
        bool found = false;
        if (!read_back(r, &found, e))
            return false;
        if (!found)
            r->f.snapshot_sent = 0;
        return true;
    }
    struct err why = {0};
    bool ok = r->verb != VERB_STOP || adopt_from_history(r, &why);
    if (!ok && why.code == ERR_NOT_FOUND)
        ok = run_gone_elsewhere(r, &why);
    *done = r->f.snapshot_id != 0 || r->f.destroyed;
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

/* One POST. *again: nothing was begun, try once more. */
static bool post_snapshot(struct run *r, bool *again, struct err *e)
{
    struct action a, *idle;
    size_t n;
    *again = false;
    if (!r->f.snapshot_name[0])
        choose_name(r);
    r->f.snapshot_sent = run_now(r);
    if (!r->f.since)
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
    if (why.http_status == 422 && why.retryable) {
        struct action *list;
        if (!cloud_droplet_actions(r->cloud, r->f.droplet_id, &list, &n, e))
            return false;
        const struct action *running = find_snapshot_action(r, list, n);
        if (running)
            follow(r, running);
        free(list);
        *again = running == NULL;
        if (running)
            run_emit(r, EVENT_NOTE, "another run's snapshot is under way: following it");
        if (running || !run_idle(r, &idle, &n, e))
            return running ? run_fact(r, e) : false;
        free(idle);
        return true;
    }
    *e = why;
    return false;
}

static bool begin_snapshot(struct run *r, struct err *e)
{
    struct action *idle;
    size_t n;
    if (!run_idle(r, &idle, &n, e))
        return false;
    free(idle);
    for (int tries = 1; tries <= POST_TRIES; tries++) {
        bool again;
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
                        .at_once = r->f.followed,
                        .look = look_snapshot_action};
    struct wait shown = {.text = "the snapshot is in the list",
                         .typical_ms = 2000,
                         .limit_ms = VISIBLE_LIMIT_MS,
                         .at_once = true,
                         .look = look_visible};
    return run_wait(r, &made, e) && run_wait(r, &shown, e) && run_fact(r, e);
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
        r->f.action_id = r->f.action_started = r->f.snapshot_sent = r->f.followed = 0;
        r->f.snapshot_name[0] = '\0';
    }
    *e = why;
    return false;
}

/* The proof of one snapshot, from one answer about it. */
bool proof_holds(struct run *r, const struct snapshot *s, struct err *e)
{
    const char *what = NULL;
    enum snapshot_kind kind;
    if (s->droplet_id != r->f.droplet_id)
        what = "it is of another droplet";
    else if (!server_owns_name(r->srv->name, s->name, &kind) || kind != SNAPSHOT_SERIES)
        what = "its name is not of this server's series";
    else if (r->f.snapshot_name[0] && strcmp(s->name, r->f.snapshot_name) != 0)
        what = "it has another name";
    else if (s->created_at < r->f.since)
        what = "it was begun before this run";
    else if (s->size_mb <= 0)
        what = "its size is 0";
    else if (!cloud_has(s->regions, r->droplet.region))
        what = "it is not in the droplet's region";
    else if (r->droplet.disk_gb && s->min_disk_gb > r->droplet.disk_gb)
        what = "it wants a bigger disk than the droplet has";
    if (what) {
        err_set(e, ERR_UNVERIFIED, "snapshot %s (%lld) cannot be trusted: %s", s->name,
                (long long)s->id, what);
        return err_hint(e, "`dogs stop %s` takes a new one", r->srv->name);
    }
    if (s->size_mb < r->f.last_snapshot_mb / SMALLER && !r->req->accept_size) {
        err_set(e, ERR_UNVERIFIED, "snapshot %s has %.1f GB, the last one had %.1f GB", s->name,
                (double)s->size_mb / 1000, (double)r->f.last_snapshot_mb / 1000);
        return err_hint(e, "if that is right: `dogs stop %s --accept-size`", r->srv->name);
    }
    return true;
}

static bool look_proof(struct run *r, bool *ready, struct err *e)
{
    struct snapshot s;
    struct err why = {0};
    if (!cloud_snapshot(r->cloud, r->f.snapshot_id, &s, &why)) {
        if (why.code == ERR_NOT_FOUND)
            return true;
        *e = why;
        return false;
    }
    /* A size may come a little after the name. */
    if (s.size_mb == 0)
        return true;
    *ready = proof_holds(r, &s, e);
    if (*ready)
        r->made = s;
    return *ready;
}

bool prove_observe(struct run *r, bool *done, struct err *e)
{
    (void)e;
    *done = r->f.destroyed || r->f.proved;
    return true;
}

void prove_plan(struct run *r)
{
    run_emit(r, EVENT_CALL, "GET /v2/snapshots/… (twice), POST /v2/tags/%s/resources", r->tag);
}

bool prove_run(struct run *r, struct err *e)
{
    struct wait w = {.text = "the snapshot can be read and has a size",
                     .typical_ms = 2000,
                     .limit_ms = SIZE_LIMIT_MS,
                     .at_once = true,
                     .look = look_proof};
    if (!run_wait(r, &w, e)) {
        if (e->code == ERR_TIMEOUT && !(r->end_ms && os_mono_ms() >= r->end_ms))
            e->code = ERR_UNVERIFIED;
        return false;
    }
    if (!run_intent(r, e))
        return false;
    if ((r->f.cut_power || r->f.live) &&
        !cloud_tag_snapshot(r->cloud, TAG_UNCLEAN, r->f.snapshot_id, e))
        return false;
    if (!cloud_tag_snapshot(r->cloud, r->tag, r->f.snapshot_id, e))
        return false;
    r->f.proved = 1;
    r->out->snapshot_id = r->f.snapshot_id;
    str_copy(r->out->snapshot_name, sizeof r->out->snapshot_name, r->f.snapshot_name);
    return run_fact(r, e);
}
