#include "proof.h"
#include "history.h"
#include "run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PROOF_LIMIT_MS = 5 * 60000, /* a size of 0 is believed after */
    SMALLER = 4,                /* less than a quarter of the last one is absurd */
};

const char *proof_flaw(const struct proof_want *w, const struct snapshot *s)
{
    enum snapshot_kind kind;
    if (s->droplet_id != w->droplet_id)
        return "it is of another droplet";
    if (!server_owns_name(w->server, s->name, &kind) || kind != SNAPSHOT_SERIES)
        return "its name is not of this server's series";
    if (w->name[0] && strcmp(s->name, w->name) != 0)
        return "it has another name";
    if (s->created_at < w->since)
        return "it was begun before this run";
    if (s->size_mb <= 0)
        return "its size is 0";
    if (!cloud_has(s->regions, w->region))
        return "it is not in the droplet's region";
    if (w->disk_gb && s->min_disk_gb > w->disk_gb)
        return "it wants a bigger disk than the droplet has";
    if (cloud_has(s->tags, TAG_LIVE) && !w->live)
        return "it was taken while the machine was running";
    return NULL;
}

bool proof_shrunk(int64_t mb, int64_t last_mb)
{
    return mb < last_mb / SMALLER;
}

static const char *flaw_of(const struct run *r, const struct snapshot *s)
{
    return proof_flaw(&(struct proof_want){.server = r->srv->name,
                                           .name = r->f.snapshot_name,
                                           .region = r->droplet.region,
                                           .droplet_id = r->f.droplet_id,
                                           .since = r->f.since,
                                           .disk_gb = r->droplet.disk_gb,
                                           .live = r->f.live},
                      s);
}

bool proof_trusts(const struct run *r, const struct snapshot *s)
{
    return flaw_of(r, s) == NULL;
}

bool proof_holds(struct run *r, const struct snapshot *s, struct err *e)
{
    const char *flaw = flaw_of(r, s);
    if (flaw) {
        err_set(e, ERR_UNVERIFIED, "snapshot %s (%lld) cannot be trusted: %s", s->name,
                (long long)s->id, flaw);
        return err_hint(e, "`dogs %s %s` takes a new one", verb_name(r->verb), r->srv->name);
    }
    if (r->verb == VERB_STOP && proof_shrunk(s->size_mb, r->f.last_snapshot_mb) &&
        !r->req->accept_size) {
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
        /* 400: the id is not a snapshot's (any more). */
        if (why.code == ERR_NOT_FOUND || why.http_status == 400)
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

static bool put_tags(struct run *r, struct err *e)
{
    /* What restricts trust first: between two tags this run may be killed. */
    const char *tags[] = {r->f.live ? TAG_LIVE : NULL, r->f.cut_power ? TAG_UNCLEAN : NULL, r->tag};
    if (!run_intent(r, e))
        return false;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (tags[i] && !cloud_tag_snapshot(r->cloud, tags[i], r->f.snapshot_id, e))
            return false;
    return true;
}

bool prove_run(struct run *r, struct err *e)
{
    struct wait w = {.text = "the snapshot can be read and has a size",
                     .typical_ms = 2000,
                     .limit_ms = PROOF_LIMIT_MS,
                     .at_once = true,
                     .look = look_proof};
    if (!run_wait(r, &w, e)) {
        if (e->code == ERR_TIMEOUT && !run_time_is_up(r)) {
            err_set(e, ERR_UNVERIFIED, "snapshot %s cannot be read, or has no size, since %d min",
                    r->f.snapshot_name, PROOF_LIMIT_MS / 60000);
            err_hint(e, "`dogs %s %s` takes a new one", verb_name(r->verb), r->srv->name);
        }
        return false;
    }
    if (!put_tags(r, e))
        return false;
    snprintf(r->made.tags, sizeof r->made.tags, " %s %s%s", r->tag, r->f.live ? TAG_LIVE " " : "",
             r->f.cut_power ? TAG_UNCLEAN " " : "");
    r->f.proved = 1;
    r->out->snapshot_id = r->f.snapshot_id;
    str_copy(r->out->snapshot_name, sizeof r->out->snapshot_name, r->f.snapshot_name);
    return run_fact(r, e);
}

bool gate_open(struct run *r, struct err *e)
{
    struct snapshot s;
    struct action *actions;
    size_t n;
    if (!r->f.snapshot_id || !r->f.proved)
        return gate_closed(r, e, "no proved snapshot is at hand");
    if (!cloud_snapshot(r->cloud, r->f.snapshot_id, &s, e)) {
        if (e->code == ERR_NOT_FOUND || e->http_status == 400)
            return gate_closed(r, e, "its snapshot is not there any more");
        return err_wrap(e, "look at the snapshot once more");
    }
    if (!proof_holds(r, &s, e))
        return false;
    if (!cloud_has(s.tags, r->tag))
        return gate_closed(r, e, "its snapshot does not carry the server's tag");
    r->made = s;
    if (!run_idle(r, &actions, &n, e))
        return false;
    bool changed = history_changed(actions, n, s.created_at, r->f.off_at);
    free(actions);
    if (changed)
        return gate_closed(r, e, "it was not off all the time since before the snapshot");
    if (!run_see_droplet(r, e))
        return false;
    if (r->droplet.id != r->f.droplet_id || !cloud_has(r->droplet.tags, r->tag))
        return gate_closed(r, e, "it does not carry the server's tag any more");
    if (r->droplet.status != DROPLET_OFF)
        return gate_closed(r, e,
                           r->droplet.status == DROPLET_ACTIVE
                               ? "it is running again"
                               : "its status is neither off nor known");
    return true;
}

bool gate_closed(struct run *r, struct err *e, const char *why)
{
    err_set(e, ERR_UNVERIFIED, "droplet %lld is not destroyed: %s", (long long)r->f.droplet_id,
            why);
    return err_hint(e, "`dogs stop %s` takes a new snapshot and tries again", r->srv->name);
}
