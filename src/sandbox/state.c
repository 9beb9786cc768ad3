#include "world.h"

#include "catalog.h"

#include <stdlib.h>
#include <string.h>

bool droplet_lives(const struct droplet *d, int64_t now)
{
    return d->gone_ms == 0 || now < d->gone_ms;
}

const char *droplet_status(const struct droplet *d, int64_t now)
{
    if (now < d->active_ms)
        return "new";
    bool off = now >= d->power_ms ? d->off : !d->off;
    return off ? "off" : "active";
}

struct droplet *droplet_find(const struct world *w, int64_t id, int64_t now)
{
    struct droplet *d = list_find(w, &droplet_kind, id);
    return d && droplet_lives(d, now) ? d : NULL;
}

const struct action *action_blocking(const struct world *w, int64_t id, int64_t now)
{
    for (EACH(action, a, w, actions))
        if (a->blocks == id && now < a->ends_ms)
            return a;
    return NULL;
}

const char *action_status(const struct action *a, int64_t now)
{
    return now < a->ends_ms ? "in-progress" : a->errored ? "errored" : "completed";
}

struct snapshot *snapshot_find(const struct world *w, int64_t id, int64_t now)
{
    struct snapshot *s = list_find(w, &snapshot_kind, id);
    return s && !*s->uuid && now >= s->visible_ms ? s : NULL;
}

struct snapshot *snapshot_find_uuid(const struct world *w, const char *uuid, int64_t now)
{
    for (EACH(snapshot, s, w, snapshots))
        if (*s->uuid && strcmp(s->uuid, uuid) == 0 && now >= s->visible_ms)
            return s;
    return NULL;
}

bool snapshot_in_region(const struct snapshot *s, const char *region, int64_t now)
{
    return texts_has(&s->regions, region) ||
           (now >= s->moved_ms && *s->moving_to && strcmp(s->moving_to, region) == 0);
}

const struct tag *tag_find(const struct world *w, const char *name)
{
    for (EACH(tag, t, w, tags))
        if (strcmp(t->name, name) == 0)
            return t;
    return NULL;
}

void tag_ensure(struct world *w, const char *name)
{
    if (tag_find(w, name))
        return;
    struct tag *t = list_push(w, &tag_kind);
    t->id = world_new_id(w, ID_OTHER);
    text_set(&t->name, name);
}

/* "mc" of "mc-1790000000" and of "mc-base"; otherwise the whole name. */
static size_t server_length(const char *name)
{
    const char *dash = strrchr(name, '-');
    if (!dash || dash == name)
        return strlen(name);
    bool digits = dash[1] && dash[1 + strspn(dash + 1, "0123456789")] == '\0';
    return digits || strcmp(dash, "-base") == 0 ? (size_t)(dash - name) : strlen(name);
}

static bool of_server(const struct snapshot *s, const char *server, size_t len)
{
    return server_length(s->name) == len && strncmp(s->name, server, len) == 0;
}

/* The greatest generation that a snapshot of the server, or of the droplet, holds. One that will
 * never be visible holds nothing. */
static int64_t kept_in_snapshots(const struct world *w, const struct snapshot *except,
                                 const char *server, size_t len, int64_t droplet_id)
{
    int64_t most = 0;
    for (EACH(snapshot, s, w, snapshots)) {
        if (s == except || *s->uuid || s->visible_ms >= NEVER_MS || s->world <= most)
            continue;
        if (of_server(s, server, len) || (droplet_id && s->droplet_id == droplet_id))
            most = s->world;
    }
    return most;
}

static int64_t kept_in_droplets(const struct world *w, const struct droplet *except,
                                const char *server, size_t len, int64_t now)
{
    int64_t most = 0;
    for (EACH(droplet, d, w, droplets)) {
        if (d == except || d->deleted || !droplet_lives(d, now) || d->world <= most)
            continue;
        if (strlen(d->name) == len && strncmp(d->name, server, len) == 0)
            most = d->world;
    }
    return most;
}

/* A fresh droplet that was never active holds none. A world somebody played on must be in a
 * snapshot; an untouched copy may also live on in another droplet of the server (two people started
 * it at once, one of the two droplets is put away). */
static bool loses_world(const struct world *w, const struct droplet *d, int64_t now)
{
    size_t len = strlen(d->name);
    if (now < d->active_ms && base_image_by_id(d->image_id))
        return false;
    int64_t kept = kept_in_snapshots(w, NULL, d->name, len, d->id);
    if (d->world <= d->born_world) {
        int64_t elsewhere = kept_in_droplets(w, d, d->name, len, now);
        kept = elsewhere > kept ? elsewhere : kept;
    }
    return d->world > kept;
}

void droplet_destroy(struct world *w, struct droplet *d, int64_t now, int64_t gone_ms)
{
    if (loses_world(w, d, now))
        count_up(w, "worlds_lost");
    d->deleted = true;
    d->gone_ms = gone_ms;
    for (EACH(volume, v, w, volumes))
        if (v->droplet_id == d->id)
            v->droplet_id = 0;
    for (EACH(reserved_ip, r, w, reserved_ips))
        if (r->droplet_id == d->id)
            r->droplet_id = 0;
    for (EACH(firewall, f, w, firewalls))
        ints_drop(&f->droplet_ids, d->id);
    w->dirty = true;
}

void snapshot_destroy(struct world *w, struct snapshot *s, int64_t now)
{
    size_t len = server_length(s->name);
    int64_t kept = kept_in_snapshots(w, s, s->name, len, 0);
    int64_t alive = kept_in_droplets(w, NULL, s->name, len, now);
    if (!*s->uuid && s->world > (alive > kept ? alive : kept))
        count_up(w, "worlds_lost");
    gameservers_drop(w, 0, s->id);
    list_remove(w, &snapshot_kind, s);
}
