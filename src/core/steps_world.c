/* The world of a running droplet, kept beside its disk image and brought back. Nothing of the cloud
 * is changed by it, so but for `stop` the journal knows nothing of it. */
#include "remote.h"
#include "run.h"
#include "world_scripts.h"
#include "worlds.h"
#include <dogs/game.h>
#include <dogs/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* WORK_MS is how long an address lives, too. UPLOAD_MOST: one PUT of S3. */
enum { WORK_MS = 3600 * 1000, SCRIPT_MAX = 64 * 1024, ANSWER_MAX = 4096, SHA_HEX = 64 };
static const char UPLOAD_MOST[] = "5368709120";

static const char *world_path(const struct server_cfg *srv)
{
    const struct game *g = srv->game && *srv->game ? game_find(srv->game) : NULL;
    return srv->world.path && *srv->world.path ? srv->world.path : g && g->saves ? g->saves : "";
}

static bool has_path(const struct run *r, struct err *e)
{
    if (*world_path(r->srv))
        return true;
    err_set(e, ERR_CONFIG, "it is not known where %s keeps its world", r->srv->name);
    return err_hint(e, "write under the server: world: {path: /folder/on/the/droplet}");
}

static bool is_running(const struct run *r, struct err *e)
{
    if (r->droplet.id && r->droplet.status == DROPLET_ACTIVE && *r->droplet.ip)
        return true;
    err_set(e, ERR_GUARD, "%s is not running; its world is in its snapshots", r->srv->name);
    return err_hint(e, "`dogs start %s` brings it up", r->srv->name);
}

static void begin_script(const struct run *r, struct str *script)
{
    *script = STR(SCRIPT_MAX);
    world_script_var(script, "path", world_path(r->srv));
    world_script_var(script, "unit", r->srv->game ? r->srv->game : "");
}

static bool run_script(struct run *r, const struct str *script, struct str *out, struct err *e)
{
    int64_t left = WORK_MS;
    if (r->end_ms && r->end_ms - os_mono_ms() < left)
        left = r->end_ms - os_mono_ms();
    if (left <= 0)
        return err_set(e, ERR_TIMEOUT, "no time is left for it");
    if (script->full)
        return err_set(e, ERR_CONFIG, "the script for the droplet is too long");
    run_stay_awake(r);
    return remote_sh(r->core->cfg, r->droplet.ip, str_text(script), left, ANSWER_MAX, out,
                     r->core->cancel, e);
}

static bool add_address(const struct world_place *p, struct str *script, const char *var,
                        enum transfer_way way, const char *name, struct err *e)
{
    char *address = world_address(p, name), *url = NULL;
    bool ok = transfer_presign(&p->remote, way, address, WORK_MS / 1000, &url, e);
    if (ok) {
        const char *signature = strstr(url, "X-Amz-Signature=");
        if (signature)
            log_secret(signature + strlen("X-Amz-Signature="));
        world_script_var(script, var, url);
    }
    free(url);
    free(address);
    return ok;
}

struct packing {
    bool changed, saved;
};

/* "packed zst 123 9f86… 0 1" */
static bool read_packed(const struct str *out, const char *stem, struct world_view *w,
                        struct packing *how, struct err *e)
{
    char ext[8], size[24], sha256[SHA_HEX + 1], changed[4], saved[4];
    const char *at = strstr(str_text(out), "packed ");
    if (!at ||
        sscanf(at, "packed %7s %23s %64[0-9a-f] %3s %3s", ext, size, sha256, changed, saved) != 5 ||
        (strcmp(ext, "zst") != 0 && strcmp(ext, "gz") != 0) || strlen(sha256) != SHA_HEX ||
        !str_int64(size, 1, INT64_MAX, &w->size))
        return err_set(e, ERR_PROTOCOL, "the droplet did not say what it packed");
    snprintf(w->name, sizeof w->name, "%s.%s", stem, ext);
    memcpy(w->sha256, sha256, sizeof sha256);
    *how = (struct packing){.changed = strcmp(changed, "0") != 0, .saved = strcmp(saved, "0") != 0};
    return true;
}

static bool pack(struct run *r, const struct world_place *p, struct world_view *w,
                 struct packing *how, struct err *e)
{
    struct str script, out = {0};
    char *stem = xasprintf("%s-%lld.tar", r->srv->name, (long long)w->at);
    char *zst = xasprintf("%s.zst", stem), *gz = xasprintf("%s.gz", stem);
    begin_script(r, &script);
    world_script_var(&script, "most", UPLOAD_MOST);
    /* A stop has had it saved before. */
    world_script_var(&script, "save", r->verb == VERB_BACKUP ? "1" : "");
    bool ok = add_address(p, &script, "put_zst", TRANSFER_PUT, zst, e) &&
              add_address(p, &script, "put_gz", TRANSFER_PUT, gz, e);
    str_add(&script, world_script_pack);
    ok = ok && run_script(r, &script, &out, e) && read_packed(&out, stem, w, how, e);
    str_release(&out);
    str_release(&script);
    free(gz);
    free(zst);
    free(stem);
    return ok;
}

/* What the service says it has, against what the droplet says it sent. */
static bool is_listed(const struct run *r, const struct world_place *p, const struct world_view *w,
                      struct err *e)
{
    struct world_view *list;
    size_t n;
    if (!worlds_list(p, r->srv->name, r->core->cancel, &list, &n, e))
        return false;
    int64_t size = -1;
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i].name, w->name) == 0)
            size = list[i].size;
    free(list);
    if (size < 0)
        return err_set(e, ERR_UNVERIFIED, "%s was sent, but %s does not list it", w->name,
                       p->shown);
    if (size != w->size)
        return err_set(e, ERR_UNVERIFIED, "%s has %lld bytes in %s; the droplet sent %lld", w->name,
                       (long long)size, p->shown, (long long)w->size);
    return true;
}

static void prune(struct run *r, const struct world_place *p)
{
    struct err e = {0};
    size_t deleted;
    if (!world_prune(p, r->srv, run_now(r), r->core->cancel, &deleted, &e))
        run_emit(r, EVENT_WARN, "old archives were not pruned: %s", e.text);
    else if (deleted)
        run_emit(r, EVENT_NOTE, "%zu old archive%s of the world deleted", deleted,
                 deleted == 1 ? "" : "s");
}

/* at: the time in its name. */
static bool archive(struct run *r, int64_t at, struct world_view *w, struct err *e)
{
    struct world_place p;
    struct packing how = {0};
    *w = (struct world_view){.at = at};
    if (!has_path(r, e) || !world_place_open(r->core, r->srv, &p, e))
        return false;
    bool ok =
        pack(r, &p, w, &how, e) && is_listed(r, &p, w, e) &&
        world_prove(&p, r->core->cfg->state_dir, w->name, w->size, w->sha256, r->core->cancel, e);
    if (ok && !how.saved)
        run_emit(r, EVENT_WARN, "the game could not be told to save first; does it run?");
    if (ok && how.changed)
        run_emit(r, EVENT_WARN,
                 "files of the world changed while they were read: the game was "
                 "not stopped");
    if (ok)
        prune(r, &p);
    world_place_close(&p);
    return ok;
}

bool archive_run(struct run *r, struct err *e)
{
    struct world_view w;
    if (!is_running(r, e) || !archive(r, run_now(r), &w, e))
        return false;
    r->changed = true;
    snprintf(r->out->text, sizeof r->out->text, "%s: its world is in %s (%lld bytes)", r->srv->name,
             w.name, (long long)w.size);
    return true;
}

bool world_wanted(const struct run *r)
{
    const struct world_cfg *world = &r->srv->world;
    return world->on_stop && world->to && *world->to && r->droplet.id &&
           r->droplet.status == DROPLET_ACTIVE && !r->f.destroyed;
}

bool world_observe(struct run *r, bool *done, struct err *e)
{
    (void)e;
    *done = r->f.world_done;
    return true;
}

/* The disk image holds the world all the same, and a droplet that is kept costs: so the stop goes
 * on without an archive, and says so. An archive that another process began has the same name: what
 * it sent is replaced, not doubled. */
bool world_run(struct run *r, struct err *e)
{
    struct world_view w;
    struct err why = {0};
    if (!r->f.world_sent)
        r->f.world_sent = run_now(r);
    if (!run_intent(r, e))
        return false;
    if (is_running(r, &why) && archive(r, r->f.world_sent, &w, &why)) {
        r->f.world_done = 1;
        run_emit(r, EVENT_NOTE, "the world is in %s, too", w.name);
        return run_fact(r, e);
    }
    if (why.code == ERR_INTERRUPTED || cancel_is(r->core->cancel) || run_time_is_up(r)) {
        *e = why;
        return err_wrap(e, "archive the world");
    }
    str_copy(r->no_archive, sizeof r->no_archive, why.text);
    run_emit(r, EVENT_WARN, "no archive of the world was made: %s", why.text);
    return true;
}

void world_plan(struct run *r)
{
    run_emit(r, EVENT_CALL, "ssh %s: pack %s, upload it to %s", r->droplet.ip, world_path(r->srv),
             r->srv->world.to ? r->srv->world.to : "");
}

static bool choose_world(const struct run *r, const struct world_place *p, struct world_view *w,
                         struct err *e)
{
    struct world_view *list;
    size_t n;
    const char *wanted = r->req->world;
    if (!worlds_list(p, r->srv->name, r->core->cancel, &list, &n, e))
        return false;
    const struct world_view *found = NULL;
    for (size_t i = 0; i < n && !found; i++)
        if (wanted ? strcmp(list[i].name, wanted) == 0 : list[i].proved)
            found = &list[i];
    bool ok = found && found->proved;
    if (ok)
        *w = *found;
    else if (found)
        err_set(e, ERR_UNVERIFIED, "%s was never proved: what it should be is not known", wanted);
    else if (wanted)
        err_set(e, ERR_NOT_FOUND, "there is no archive '%s' in %s", wanted, p->shown);
    else
        err_set(e, ERR_NOT_FOUND, "there is no proved archive in %s", p->shown);
    free(list);
    return ok || err_hint(e, "`dogs worlds %s` lists them", r->srv->name);
}

static bool bring_back(struct run *r, const struct str *script, const char *what, struct err *e)
{
    char aside[256] = "";
    struct str out = {0};
    bool ok = run_script(r, script, &out, e);
    const char *at = ok ? strstr(str_text(&out), "restored ") : NULL;
    if (at) {
        str_copy(aside, sizeof aside, at + strlen("restored "));
        aside[strcspn(aside, "\n")] = '\0';
    }
    str_release(&out);
    if (ok && !at)
        ok = err_set(e, ERR_PROTOCOL, "the droplet did not say that it has the world");
    if (!ok)
        return false;
    r->changed = true;
    snprintf(r->out->text, sizeof r->out->text,
             "%s has %.160s; the one before is in %.200s (`dogs restore-world %s --undo`)",
             r->srv->name, what, aside, r->srv->name);
    return true;
}

static bool undo(struct run *r, struct err *e)
{
    struct str script;
    if (!run_ask(r, ASK_YES, NULL, "--yes", e,
                 "The game on %s is stopped, its world is put aside, and the one that was put "
                 "aside before comes back.\nGo on?",
                 r->srv->name))
        return false;
    begin_script(r, &script);
    str_add(&script, world_script_undo);
    bool ok = bring_back(r, &script, "the earlier world", e);
    str_release(&script);
    return ok;
}

static bool restore(struct run *r, const struct world_place *p, struct err *e)
{
    struct world_view w;
    struct str script;
    char at[WHEN_TEXT], size[24];
    if (!choose_world(r, p, &w, e))
        return false;
    when_to_iso(w.at, at);
    if (!run_ask(r, ASK_YES, NULL, "--yes", e,
                 "The game on %s is stopped, its world is put aside, and that of %s comes in its "
                 "place.\nGo on?",
                 r->srv->name, at))
        return false;
    begin_script(r, &script);
    snprintf(size, sizeof size, "%lld", (long long)w.size);
    world_script_var(&script, "size", size);
    world_script_var(&script, "sha256", w.sha256);
    world_script_var(&script, "ext", strrchr(w.name, '.') + 1);
    bool ok = add_address(p, &script, "get", TRANSFER_GET, w.name, e);
    str_add(&script, world_script_unpack);
    ok = ok && bring_back(r, &script, w.name, e);
    str_release(&script);
    return ok;
}

bool unarchive_run(struct run *r, struct err *e)
{
    struct world_place p;
    if (!is_running(r, e) || !has_path(r, e))
        return false;
    if (r->req->undo)
        return undo(r, e);
    if (!world_place_open(r->core, r->srv, &p, e))
        return false;
    bool ok = restore(r, &p, e);
    world_place_close(&p);
    return ok;
}

void unarchive_plan(struct run *r)
{
    run_emit(r, EVENT_CALL, "ssh %s: put %s aside, bring %s in its place", r->droplet.ip,
             world_path(r->srv), r->req->world ? r->req->world : "the newest archive");
}
