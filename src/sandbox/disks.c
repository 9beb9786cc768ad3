#include "disks.h"

#include <dogs/log.h>
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

static const char droplets[] = "droplets", snapshots[] = "snapshots";

enum { TOOL_MS = 600000, TOOL_MAX = 65536 };

static char *place(const struct store *s, const char *kind, int64_t id)
{
    char *folder = os_path_join(s->dir, kind), *name = xasprintf("%lld", (long long)id);
    char *path = os_path_join(folder, name);
    free(folder);
    free(name);
    return path;
}

/* By the system's tools: wherever there is the sh that made the folder, there are they, and they
 * know of modes, owners and empty folders. */
static bool tool(char *const *argv)
{
    struct str out, errors;
    struct err e = {0};
    int status = 0;
    bool ok = os_run_program(
        &(struct os_program){.argv = argv, .timeout_ms = TOOL_MS, .max_output = TOOL_MAX}, &out,
        &errors, &status, &e);
    if (ok && status != 0)
        ok = err_set(&e, ERR_FAILED, "'%s' ended with status %d: %s", argv[0], status,
                     str_text(&errors));
    if (!ok)
        log_line(LOG_WARN, "sandbox: %s", e.text);
    str_release(&out);
    str_release(&errors);
    return ok;
}

static void drop(const char *path)
{
    char *argv[] = {"rm", "-rf", "--", (char *)path, NULL};
    if (os_exists(path))
        tool(argv);
}

static void copy(char *take_from, char *take_to)
{
    char *argv[] = {"cp", "-RpP", "--", take_from, take_to, NULL};
    struct err e;
    if (os_exists(take_from)) {
        char *parent = os_path_dir(take_to);
        /* A process that was killed may have left half a copy under an id that it never used. */
        drop(take_to);
        if (!os_mkdirs(parent, &e))
            log_line(LOG_WARN, "sandbox: %s", e.text);
        else if (!tool(argv))
            drop(take_to);
        free(parent);
    }
    free(take_from);
    free(take_to);
}

char *disk_open(const struct store *s, int64_t droplet_id, struct err *e)
{
    char *path = place(s, droplets, droplet_id);
    if (os_mkdirs(path, e))
        return path;
    free(path);
    return NULL;
}

void disk_save(const struct store *s, int64_t droplet_id, int64_t snapshot_id)
{
    copy(place(s, droplets, droplet_id), place(s, snapshots, snapshot_id));
}

void disk_load(const struct store *s, int64_t snapshot_id, int64_t droplet_id)
{
    copy(place(s, snapshots, snapshot_id), place(s, droplets, droplet_id));
}

static bool droplet_is_there(const struct store *s, int64_t id)
{
    const struct droplet *d = droplet_find(&s->world, id, s->now);
    return d && !d->deleted;
}

static bool snapshot_is_there(const struct store *s, int64_t id)
{
    return list_find(&s->world, &snapshot_kind, id) != NULL;
}

static void sweep(const struct store *s, const char *kind,
                  bool (*there)(const struct store *s, int64_t id))
{
    struct err e;
    char **names = NULL, *folder = os_path_join(s->dir, kind);
    if (os_list_dir(folder, &names, &e)) {
        for (char **name = names; *name; name++) {
            int64_t id;
            char *path = os_path_join(folder, *name);
            if (str_int64(*name, 1, INT64_MAX, &id) && !there(s, id))
                drop(path);
            free(path);
        }
        os_list_free(names);
    }
    free(folder);
}

void disks_sweep(const struct store *s)
{
    sweep(s, droplets, droplet_is_there);
    sweep(s, snapshots, snapshot_is_there);
}

void disks_forget(const struct store *s)
{
    const char *const kinds[] = {droplets, snapshots};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char *folder = os_path_join(s->dir, kinds[i]);
        drop(folder);
        free(folder);
    }
}
