#include "fuse.h"

#include "history.h"
#include "proof.h"
#include <string.h>

enum { APART_S = 1 }; /* a snapshot's moment is its action's start, give or take the rounding */

const struct fuse_scope fuse_scopes[] = {
    {"droplet:read", "look at its droplet, that one's actions and snapshots"},
    {"droplet:update", "begin the snapshot"},
    {"image:create", "begin the snapshot"},
    {"actions:read", "follow it"},
    {"snapshot:read", "prove it"},
    {"block_storage_snapshot:read", "prove it: the same call serves volumes"},
    {"block_storage:read",
     "see volumes, which no snapshot holds; without it there seem to be none"},
    {"tag:read", "see whose droplet and snapshot it is; without it they seem nobody's"},
    {"tag:create", "mark the snapshot as proved"},
    {"image:update", "mark the snapshot as proved"},
    {"droplet:delete", "delete its droplet"},
    {NULL, NULL},
};

enum fuse_place fuse_place(const struct fuse_facts *f, int64_t own_id, const char *boot)
{
    if (!f->droplet_id)
        return FUSE_FRESH;
    if (!own_id || !boot[0])
        return FUSE_UNKNOWN;
    if (own_id != f->droplet_id)
        return FUSE_RESTORED;
    return strcmp(boot, f->boot) == 0 ? FUSE_GOES_ON : FUSE_REBOOTED;
}

bool fuse_due(enum idle_verdict verdict, int64_t now, int64_t checked_in, int64_t alone_s)
{
    return (verdict == IDLE_EMPTY || verdict == IDLE_MAX) && now - checked_in >= alone_s;
}

/* Whether the game was stopped all the time that the snapshot took. */
static const char *flaw_of_quiet(const struct fuse_facts *f)
{
    if (!f->quiet_at)
        return "the game was not seen stopped";
    if (!f->action_id || !f->action_started)
        return "when it was begun is not known";
    if (f->action_started <= f->quiet_at)
        return "it was begun before the game had stopped";
    if (!f->action_ended)
        return "it is not known to be complete";
    if (f->quiet_until < f->action_ended)
        return "the game was not seen stopped to its end";
    return NULL;
}

const char *fuse_flaw(const struct fuse_facts *f, const char *server, const struct droplet *d,
                      const struct snapshot *s)
{
    const char *flaw = flaw_of_quiet(f);
    if (flaw)
        return flaw;
    if (!f->snapshot_name[0])
        return "its name is not known";
    int64_t began = f->action_started - APART_S;
    flaw = proof_flaw(&(struct proof_want){.server = server,
                                           .name = f->snapshot_name,
                                           .region = d->region,
                                           .droplet_id = f->droplet_id,
                                           .since = began > f->quiet_at ? began : f->quiet_at + 1,
                                           .disk_gb = d->disk_gb},
                      s);
    if (flaw)
        return flaw;
    if (s->created_at > f->action_started + APART_S)
        return "another action made it";
    if (proof_shrunk(s->size_mb, f->last_snapshot_mb))
        return "it is far smaller than the last one";
    return NULL;
}

static const char *bar_of_snapshot(const struct fuse_facts *f, const char *server,
                                   const struct fuse_sight *see)
{
    char tag[TAG_MAX];
    if (!f->proved || !f->snapshot_id || see->snapshot->id != f->snapshot_id)
        return "no proved snapshot is at hand";
    const char *flaw = fuse_flaw(f, server, see->droplet, see->snapshot);
    if (flaw)
        return flaw;
    server_tag(server, tag);
    return cloud_has(see->snapshot->tags, tag) ? NULL
                                               : "its snapshot does not carry the server's tag";
}

const char *fuse_bar(const struct fuse_facts *f, const char *server, const struct fuse_sight *see)
{
    const struct droplet *d = see->droplet;
    char tag[TAG_MAX];
    if (fuse_place(f, see->own_id, see->boot) != FUSE_GOES_ON)
        return "what was begun is not this machine's, or not in this boot";
    if (!see->stopped)
        return "the game is not seen stopped";
    const char *bar = bar_of_snapshot(f, server, see);
    if (bar)
        return bar;
    if (history_busy(see->actions, see->n_actions))
        return "something is under way on the droplet";
    if (history_touched(see->actions, see->n_actions, f->quiet_at))
        return "something was done to the droplet since the game stopped";
    server_tag(server, tag);
    if (d->id != f->droplet_id || !cloud_has(d->tags, tag))
        return "the droplet does not carry the server's tag";
    if (d->status != DROPLET_ACTIVE)
        return "the cloud does not say that it runs";
    if (d->n_volumes)
        return "volumes are attached, which no snapshot holds";
    return NULL;
}
