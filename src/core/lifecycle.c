#include "history.h"
#include "limits.h"
#include "run.h"
#include "site.h"
#include <dogs/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FOLLOW_STEP_MS = 500, /* real time between two tries of a held lock */
    SKEW_WARN_S = 300,
};

static bool run_step(struct run *r, const struct step *s, struct err *e)
{
    r->step = s->name;
    run_emit(r, EVENT_STEP, "%s", s->title);
    int64_t began = cloud_mono_ms(r->cloud);
    bool done = false;
    if (s->observe && !s->observe(r, &done, e))
        return false;
    if (done)
        return true;
    if (s->run == boot_run && !limits_allow(r, e))
        return false;
    if (r->req->dry_run && s->plan) {
        s->plan(r);
        return true;
    }
    if (!s->run(r, e))
        return false;
    run_took(r, cloud_mono_ms(r->cloud) - began, s->title);
    return true;
}

static bool run_steps(struct run *r, struct err *e)
{
    bool ok;
    do {
        ok = true;
        r->slept_ms = awake_slept_ms();
        for (const struct step *s = steps_of(r->verb); ok && s->name && !r->finished; s++)
            ok = (s->wanted && !s->wanted(r)) || run_step(r, s, e);
    } while (!ok && run_begin_anew(r, e));
    return ok;
}

bool makes_droplet(enum verb verb)
{
    return verb == VERB_CREATE || verb == VERB_START || verb == VERB_RESTORE;
}

/* Final verdicts close the run: doing it again must begin anew. So does a refusal before there is
 * a droplet. Everything else that may have changed something stays open and can be resumed. */
static bool stays_open(const struct run *r, const struct err *e)
{
    bool nothing_made = makes_droplet(r->verb) && !r->f.droplet_id && !r->f.create_sent;
    return r->effects && !nothing_made && e->code != ERR_UNVERIFIED && e->code != ERR_GUARD &&
           e->code != ERR_CANCELLED && !(r->verb == VERB_POWER && e->code == ERR_FAILED) &&
           !(e->code == ERR_NOT_FOUND && !r->f.droplet_id);
}

static void hint_failure(struct run *r, bool open, struct err *e)
{
    char more[256] = "";
    if (r->droplet.id && r->f.droplet_id == r->droplet.id && r->effects) {
        char price[WHEN_TEXT];
        core_money(r->droplet.price_hourly_udollars, price);
        snprintf(more, sizeof more, "droplet %lld is kept and costs %s/h", (long long)r->droplet.id,
                 price);
    }
    if (open && !strstr(e->hint, "resume"))
        snprintf(more + strlen(more), sizeof more - strlen(more), "%s`dogs resume %s` goes on",
                 *more ? "; " : "", r->srv->name);
    size_t used = strlen(e->hint);
    if (*more)
        snprintf(e->hint + used, sizeof e->hint - used, "%s%s", used ? "; " : "", more);
    else if (!used)
        err_hint(e, "nothing was changed; `dogs %s %s` later tries again", verb_name(r->verb),
                 r->srv->name);
}

static void summarise(struct run *r)
{
    struct outcome *out = r->out;
    if (r->req->dry_run)
        snprintf(out->text, sizeof out->text, "dry run: nothing was changed");
    if (out->text[0])
        return;
    const char *name = r->srv->name;
    static const char *const done[] = {[VERB_CREATE] = "is running",
                                       [VERB_START] = "is running",
                                       [VERB_STOP] = "is stopped",
                                       [VERB_RESTORE] = "is running",
                                       [VERB_SNAPSHOT] = "has a new snapshot",
                                       [VERB_POWER] = "is switched",
                                       [VERB_DESTROY] = "is destroyed",
                                       [VERB_PRUNE] = "is pruned",
                                       [VERB_BACKUP] = "is archived",
                                       [VERB_RESTORE_WORLD] = "has its world back"};
    snprintf(out->text, sizeof out->text, "%s %s%s%s", name, done[r->verb],
             r->f.snapshot_name[0] ? ": its world is in " : "", r->f.snapshot_name);
    size_t used = strlen(out->text);
    if (*r->no_archive)
        snprintf(out->text + used, sizeof out->text - used, "; no archive of it was made: %s",
                 r->no_archive);
}

/* The lists as they were read, with what this run did since; no further call is made for it. */
static void fill_outcome(struct run *r)
{
    struct outcome *out = r->out;
    str_copy(out->run, sizeof out->run, r->id);
    out->changed = r->changed;
    out->calls = cloud_calls(r->cloud) - r->calls_before;
    if (!out->snapshot_id && r->f.proved) {
        out->snapshot_id = r->f.snapshot_id;
        str_copy(out->snapshot_name, sizeof out->snapshot_name, r->f.snapshot_name);
    }
    out->have_view = r->look.index != NULL && !r->req->dry_run;
    if (!out->have_view)
        return;
    const struct droplet *droplet = &r->droplet;
    struct server_look now = r->mine;
    now.series = run_series(r, &now.n_series);
    if (r->mine.n_droplets < 2) {
        now.n_untagged = 0;
        now.droplets = &droplet;
        now.n_droplets = r->droplet.id != 0;
    }
    view_fill(r->core, r->srv->name, &now, &out->view);
    free(now.series);
}

static void warn_of_clock(struct run *r)
{
    int64_t skew = cloud_clock_skew(r->cloud);
    char span[WHEN_TEXT];
    when_span(skew < 0 ? -skew : skew, span);
    if (skew > SKEW_WARN_S || skew < -SKEW_WARN_S)
        run_emit(r, EVENT_WARN, "this computer's clock is %s %s; names and ages go by the cloud's",
                 span, skew > 0 ? "ahead" : "behind");
}

static bool finish(struct run *r, bool ok, struct err *e)
{
    r->step = NULL;
    bool open = !ok && stays_open(r, e);
    struct err write = {0};
    if (r->begun && !open)
        journal_add(r->journal, "end", r->id, r->verb, ok ? "ok" : err_name(e->code), run_now(r),
                    &r->f, &write);
    limits_note(r);
    warn_of_clock(r);
    if (ok) {
        summarise(r);
        run_emit(r, EVENT_END, "%s", r->out->text);
        return true;
    }
    hint_failure(r, open, e);
    err_wrap(e, "%s '%s'", verb_name(r->verb), r->srv->name);
    run_emit(r, EVENT_FAIL, "%s", e->text);
    return false;
}

static bool takes_up(const struct run *r)
{
    const struct last_run *last = &r->last;
    const struct facts *f = &last->facts;
    /* A reboot of yesterday is not today's. */
    if (!last->open || last->verb != r->verb || r->verb == VERB_POWER)
        return false;
    if (makes_droplet(r->verb) && !f->droplet_id && !f->create_sent)
        return false;
    if (r->verb == VERB_RESTORE && strcmp(f->image, r->req->snapshot) != 0)
        return false;
    if (r->verb == VERB_PRUNE && r->req->keep && r->req->keep != f->keep)
        return false;
    return !r->req->droplet_id || r->req->droplet_id == f->droplet_id;
}

static void new_id(char out[24])
{
    uint32_t random;
    os_random(&random, sizeof random);
    snprintf(out, 24, "%08lx%04x", (unsigned long)(os_unix_ms() / 1000), random & 0xFFFFu);
}

static void begin(struct run *r)
{
    if (takes_up(r)) {
        r->resumed = r->effects = r->begun = true;
        r->f = r->written = r->last.facts;
        str_copy(r->id, sizeof r->id, r->last.run.id);
        run_emit(r, EVENT_BEGIN, "taking up the %s that was interrupted at '%s'",
                 verb_name(r->verb), r->last.run.step);
        return;
    }
    new_id(r->id);
    r->f.keep = r->req->keep;
    if (r->req->power)
        str_copy(r->f.power, sizeof r->f.power, r->req->power);
    r->written = r->f;
    run_emit(r, EVENT_BEGIN, "%s %s", verb_name(r->verb), r->srv->name);
}

static bool held_by_another(const struct last_run *last, const char *server, struct err *e)
{
    err_set(e, ERR_GUARD, "another run on this computer holds %s (%s, run %s)", server,
            last->run.verb, last->run.id);
    return err_hint(e, "wait until it has ended; `dogs status %s` shows how it stands", server);
}

/* The lock of the server. The same verb under way is followed: waited for, then looked at. */
static bool lock_server(struct run *r, struct os_lock **lock, struct err *e)
{
    const char *dir = r->core->cfg->state_dir;
    char *name = xasprintf("%s.lock", r->srv->name);
    char *path = os_path_join(dir, name);
    free(name);
    struct err why = {0};
    bool ok = os_lock_try(path, lock, &why);
    for (bool told = false; !ok && why.code == ERR_GUARD; told = true) {
        struct last_run last;
        if (!journal_peek(dir, r->srv->name, &last, &why))
            break;
        if (last.open && last.verb != r->verb) {
            held_by_another(&last, r->srv->name, &why);
            break;
        }
        if (!told)
            run_emit(r, EVENT_NOTE, "another run on this computer is at work: following it");
        run_stay_awake(r);
        if (cancel_sleep(r->core->cancel, FOLLOW_STEP_MS))
            err_set(&why, ERR_INTERRUPTED, "interrupted");
        else if (run_time_is_up(r))
            err_set(&why, ERR_TIMEOUT, "the other run has not ended yet");
        else
            ok = os_lock_try(path, lock, &why);
    }
    free(path);
    if (!ok)
        *e = why;
    return ok;
}

static bool check_request(const struct request *req, struct err *e)
{
    static const char *const powers[] = {"on", "off", "reboot", "cycle", NULL};
    bool known = false;
    for (size_t i = 0; req->power && powers[i]; i++)
        known = known || strcmp(powers[i], req->power) == 0;
    if (req->verb == VERB_POWER && !known)
        return err_set(e, ERR_USAGE, "power: say on, off, reboot or cycle");
    if (req->verb == VERB_RESTORE && !req->snapshot) {
        err_set(e, ERR_USAGE, "restore: say which snapshot");
        return err_hint(e, "`dogs snapshots %s` lists them", req->server);
    }
    if (req->if_empty && req->now)
        return err_set(e, ERR_USAGE, "stop: --now and --if-empty exclude each other");
    if (req->keep < 0)
        return err_set(e, ERR_USAGE, "at least one snapshot is kept");
    return true;
}

/* Before anything is made that would then not be found ready. */
static bool check_game(struct core *core, enum verb verb, const struct server_cfg *srv,
                       struct err *e)
{
    struct site site;
    enum ready ready;
    if (verb == VERB_STOP)
        return site_game(srv, &site.place.game, e);
    return !makes_droplet(verb) ||
           (site_open(core, srv, "", SITE_ASK, &site, e) && site_ready(&site, &ready, e));
}

bool core_run(struct core *core, const struct request *req, struct outcome *out, struct err *e)
{
    *out = (struct outcome){0};
    struct run r = {.core = core,
                    .cloud = core->cloud,
                    .req = req,
                    .verb = req->verb,
                    .out = out,
                    .calls_before = cloud_calls(core->cloud),
                    .pace = {.saved = PACE_START}};
    const char *dir = core->cfg->state_dir;
    struct os_lock *lock = NULL;
    if (!check_request(req, e) || !config_need_server(core->cfg, req->server, &r.srv, e) ||
        !check_game(core, req->verb, r.srv, e))
        return false;
    server_tag(r.srv->name, r.tag);
    if (req->timeout_ms)
        r.end_ms = os_mono_ms() + req->timeout_ms;
    cloud_set_end(core->cloud, r.end_ms);
    r.spans = spans_load(dir);
    bool ok = true;
    if (req->dry_run) {
        struct err ignored;
        journal_peek(dir, r.srv->name, &r.last, &ignored);
    } else {
        ok = os_mkdirs(dir, e) && lock_server(&r, &lock, e) &&
             journal_open(dir, r.srv->name, &r.journal, e);
        if (ok)
            r.last = *journal_last(r.journal);
    }
    if (ok) {
        begin(&r);
        ok = run_steps(&r, e);
        ok = finish(&r, ok, e);
        fill_outcome(&r);
    }
    server_look_release(&r.mine);
    look_release(&r.look);
    journal_close(r.journal);
    os_lock_drop(lock);
    spans_free(r.spans);
    awake_release(r.awake);
    return ok;
}

bool core_open_runs(struct core *core, struct open_run **out, size_t *n, struct err *e)
{
    static const char suffix[] = ".journal";
    char **names;
    if (!os_list_dir(core->cfg->state_dir, &names, e))
        return false;
    size_t count = 0;
    while (names[count])
        count++;
    *out = xcalloc(count + 1, sizeof **out);
    *n = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]);
        if (len <= sizeof suffix - 1 || strcmp(names[i] + len - (sizeof suffix - 1), suffix) != 0)
            continue;
        names[i][len - (sizeof suffix - 1)] = '\0';
        struct last_run last;
        struct err why = {0};
        if (!journal_peek(core->cfg->state_dir, names[i], &last, &why))
            log_line(LOG_WARN, "%s", why.text);
        else if (last.open)
            (*out)[(*n)++] = last.run;
    }
    os_list_free(names);
    return true;
}

static bool choose_open(const struct open_run *runs, size_t n, const char *wanted,
                        const struct open_run **out, struct err *e)
{
    *out = NULL;
    for (size_t i = 0; i < n; i++)
        if (!wanted || strcmp(runs[i].id, wanted) == 0 || strcmp(runs[i].server, wanted) == 0)
            *out = &runs[i];
    if (wanted || n <= 1)
        return true;
    struct str list = STR(400);
    for (size_t i = 0; i < n; i++)
        str_addf(&list, "%s`dogs resume %s` (%s)", i ? ", " : "", runs[i].server, runs[i].verb);
    err_set(e, ERR_USAGE, "%zu runs are open; say which", n);
    err_hint(e, "%s", str_text(&list));
    str_release(&list);
    return false;
}

/* What was under way, told by the cloud alone: a droplet that is being made, or one that was shut
 * down and snapshotted. */
static bool verb_from_cloud(struct core *core, const char *server, enum verb *verb, struct err *e)
{
    struct account_look look;
    struct server_look mine;
    if (!look_read(core->cloud, &look, e))
        return false;
    server_pick(&look, server, &mine);
    const struct droplet *d = mine.n_droplets == 1 ? mine.droplets[0] : NULL;
    bool found = false, ok = true;
    if (d && d->status == DROPLET_NEW) {
        *verb = mine.n_series || mine.base ? VERB_START : VERB_CREATE;
        found = true;
    } else if (d && d->status == DROPLET_OFF) {
        struct action *list;
        size_t n;
        ok = cloud_droplet_actions(core->cloud, d->id, &list, &n, e);
        found = ok && (history_running_snapshot(list, n) || history_stopping(list, n));
        if (ok)
            free(list);
        *verb = VERB_STOP;
    }
    size_t n_droplets = mine.n_droplets;
    server_look_release(&mine);
    look_release(&look);
    if (!ok || found)
        return ok;
    if (n_droplets > 1) {
        err_set(e, ERR_GUARD, "%s has %zu droplets", server, n_droplets);
        return err_hint(e, "`dogs status %s` shows them", server);
    }
    err_set(e, ERR_NOT_FOUND,
            "nothing to resume for %s: neither this computer's journal nor the "
            "cloud shows an unfinished run",
            server);
    return err_hint(e, "`dogs status %s` shows how it stands", server);
}

bool core_resume(struct core *core, const char *id_or_server, int64_t timeout_ms,
                 struct outcome *out, struct err *e)
{
    struct open_run *runs;
    const struct open_run *run;
    size_t n;
    *out = (struct outcome){0};
    if (!core_open_runs(core, &runs, &n, e))
        return false;
    bool ok = choose_open(runs, n, id_or_server, &run, e);
    char server[64] = "";
    enum verb verb = VERB_STOP;
    struct last_run last = {0};
    if (ok && run) {
        str_copy(server, sizeof server, run->server);
        ok = journal_peek(core->cfg->state_dir, server, &last, e);
        verb = last.verb;
    } else if (ok && id_or_server) {
        const struct server_cfg *srv;
        str_copy(server, sizeof server, id_or_server);
        ok = config_need_server(core->cfg, server, &srv, e) &&
             verb_from_cloud(core, server, &verb, e);
    } else if (ok) {
        ok = err_set(e, ERR_NOT_FOUND, "nothing to resume: no run of this computer is open") ||
             err_hint(e, "`dogs resume SERVER` looks in the cloud for one of another computer");
    }
    free(runs);
    if (!ok)
        return false;
    struct request req = {.verb = verb, .server = server, .timeout_ms = timeout_ms};
    if (verb == VERB_POWER)
        req.power = last.facts.power;
    if (verb == VERB_RESTORE)
        req.snapshot = last.facts.image;
    if (last.facts.region[0])
        req.region = last.facts.region;
    if (last.facts.size[0])
        req.size = last.facts.size;
    return core_run(core, &req, out, e);
}
