#include "history.h"
#include "run.h"
#include <dogs/game.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BOOT_TYPICAL_MS = 60000,
    BOOT_LIMIT_MS = 60 * 60000,
    NOT_YET_S = 120,  /* after a create, 404 means "not visible yet" for so long */
    READ_BACK_S = 75, /* a create that got no answer shows in the lists within */
    LIST_LIMIT_MS = 90000,
    CREATE_TRIES = 3,
    STOPPING_S = 600, /* a finished snapshot of an off droplet: its stop is about to end it */
    USER_DATA_MAX = 64 * 1024,
};

static bool read_script(const struct run *r, struct str *out, struct err *e)
{
    struct str raw;
    if (!os_read_file(r->srv->script, USER_DATA_MAX, &raw, e)) {
        e->code = ERR_CONFIG;
        return err_hint(e, "correct `script` of %s in the config (at most 64 KiB)", r->srv->name);
    }
    bool plain = true;
    for (size_t i = 0; i < raw.len; i++) {
        /* cloud-init runs it with a Unix shell; and a droplet whose user data was not ASCII was
         * seen to vanish after its create was accepted. */
        plain = plain && (unsigned char)raw.p[i] < 0x80 && raw.p[i] != '\0';
        if (raw.p[i] != '\r')
            str_addn(out, &raw.p[i], 1);
    }
    str_release(&raw);
    if (plain)
        return true;
    err_set(e, ERR_CONFIG, "%s has bytes that are not ASCII", r->srv->script);
    return err_hint(e, "write it in plain ASCII");
}

/* The server's own script, else that of its game. */
bool boot_script(struct run *r, struct str *out, struct err *e)
{
    *out = STR(USER_DATA_MAX);
    if (r->verb != VERB_CREATE)
        return true;
    if (*r->srv->script)
        return read_script(r, out, e);
    const struct game *g = r->srv->game ? game_find(r->srv->game) : NULL;
    if (!g || !g->script || game_user_data(g, USER_DATA_MAX, out, e))
        return true;
    return err_hint(e, "give %s a `script` of its own in the config", r->srv->name);
}

static void describe(struct run *r, const struct str *script, const char *tags[3],
                     struct droplet_new *out)
{
    tags[0] = TAG_ALL;
    tags[1] = r->tag;
    tags[2] = NULL;
    *out = (struct droplet_new){.name = r->srv->name,
                                .region = r->f.region,
                                .size = r->f.size,
                                .image_id = r->f.image_id,
                                .image_slug = r->f.image_id ? NULL : r->f.image,
                                .ssh_keys = r->srv->ssh_keys,
                                .tags = tags,
                                .vpc_uuid = r->srv->vpc_uuid,
                                .user_data = script->len ? str_text(script) : NULL,
                                .monitoring = r->srv->monitoring,
                                .ipv6 = r->srv->ipv6};
}

static bool make_once(struct run *r, struct droplet *made, struct err *e)
{
    struct str script;
    if (!boot_script(r, &script, e))
        return false;
    const char *tags[3];
    struct droplet_new d;
    describe(r, &script, tags, &d);
    bool ok = cloud_droplet_create(r->cloud, &d, made, e);
    str_release(&script);
    return ok;
}

bool boot_read_back(struct run *r, struct err *e)
{
    for (;;) {
        struct droplet *list;
        size_t n;
        struct err why = {0};
        bool ok = cloud_droplets_tagged(r->cloud, r->tag, &list, &n, &why);
        if (ok && n > 0) {
            r->f.droplet_id = list[0].id;
            for (size_t i = 1; i < n; i++)
                r->f.droplet_id = list[i].id < r->f.droplet_id ? list[i].id : r->f.droplet_id;
        }
        if (ok)
            free(list);
        else if (!run_passing(&why)) {
            *e = why;
            return false;
        }
        if (ok && (n > 0 || run_since(r, r->f.create_sent) >= READ_BACK_S)) {
            r->f.create_sent = 0;
            r->f.doubtful = n > 0;
            return true;
        }
        if (!run_nap(r, 5000, e))
            return false;
    }
}

static bool make_droplet(struct run *r, struct err *e)
{
    for (int tries = 1; tries <= CREATE_TRIES; tries++) {
        struct droplet made;
        struct err why = {0};
        r->f.create_sent = run_now(r);
        if (!run_intent(r, e))
            return false;
        if (make_once(r, &made, &why)) {
            r->f.droplet_id = made.id;
            r->f.droplet_mine = 1;
            r->f.create_sent = 0;
            r->droplet = made;
            return run_fact(r, e);
        }
        *e = why;
        if (!why.ambiguous) {
            r->f.create_sent = 0;
            if (why.code != ERR_INTERRUPTED)
                run_diagnose(r, e);
            struct err ignored;
            run_fact(r, &ignored);
            return err_wrap(e, "create droplet");
        }
        run_emit(r, EVENT_WARN, "%s; looking whether the droplet was made", why.text);
        if (!boot_read_back(r, e))
            return false;
        if (r->f.droplet_id)
            return run_fact(r, e);
    }
    return err_wrap(e, "create droplet (%d tries)", CREATE_TRIES);
}

static bool look_booted(struct run *r, bool *ready, struct err *e)
{
    struct err why = {0};
    if (!run_see_droplet(r, &why)) {
        int64_t made = r->droplet.created_at ? r->droplet.created_at : run_now(r);
        if (why.code == ERR_NOT_FOUND && r->f.droplet_mine && run_now(r) - made < NOT_YET_S)
            return true;
        *e = why;
        return false;
    }
    *ready = r->droplet.status == DROPLET_ACTIVE && r->droplet.ip[0];
    return true;
}

static bool wait_booted(struct run *r, struct err *e)
{
    struct wait w = {.key = "boot",
                     .text = "the droplet is active and has an address",
                     .typical_ms = BOOT_TYPICAL_MS,
                     .limit_ms = BOOT_LIMIT_MS,
                     .joined = !r->f.droplet_mine,
                     .look = look_booted};
    return run_wait(r, &w, e);
}

/* The droplet is there and off: between two evenings, or in the middle of somebody's stop. */
bool boot_wake(struct run *r, struct err *e)
{
    struct action *list;
    size_t n;
    if (!run_actions(r, &list, &n, e))
        return false;
    const struct action *final = history_final_snapshot(list, n);
    bool stopping =
        history_busy(list, n) || (final && run_now(r) - final->completed_at < STOPPING_S);
    free(list);
    if (stopping) {
        err_set(e, ERR_GUARD, "%s is being stopped", r->srv->name);
        return err_hint(e, "wait for it or finish it with `dogs stop %s`, then start again",
                        r->srv->name);
    }
    run_emit(r, EVENT_NOTE, "the droplet is off: switching it on");
    return power_on(r, e);
}

/* A world that was asked for by name is not the one that happens to be there. */
static bool is_another_world(const struct run *r)
{
    return r->droplet.id && r->req->snapshot && !r->f.droplet_mine &&
           r->droplet.image_id != r->f.image_id;
}

bool boot_observe(struct run *r, bool *done, struct err *e)
{
    if (is_another_world(r)) {
        err_set(e, ERR_GUARD, "%s has a droplet (%lld, %s), which was not made from %s",
                r->srv->name, (long long)r->droplet.id, droplet_status_name(r->droplet.status),
                r->req->snapshot);
        return err_hint(e, "`dogs stop %s` first: then today's world has its snapshot too",
                        r->srv->name);
    }
    *done = r->droplet.id && r->droplet.status == DROPLET_ACTIVE && r->droplet.ip[0];
    return true;
}

void boot_plan(struct run *r)
{
    if (r->droplet.id) {
        run_emit(r, EVENT_CALL, "POST /v2/droplets/%lld/actions {\"type\":\"power_on\"}",
                 (long long)r->droplet.id);
        return;
    }
    struct str none = STR(0), script;
    const char *tags[3];
    struct droplet_new d;
    struct size *sizes;
    size_t n;
    struct err ignored;
    describe(r, &none, tags, &d);
    if (boot_script(r, &script, &ignored) && script.len)
        run_emit(r, EVENT_NOTE, "with user data of %zu bytes: %s%s", script.len,
                 *r->srv->script ? r->srv->script : "the script that sets up ",
                 *r->srv->script ? "" : r->srv->game);
    str_release(&script);
    char *body = cloud_droplet_body(&d);
    run_emit(r, EVENT_CALL, "POST /v2/droplets %s", body);
    free(body);
    if (!cloud_sizes(r->cloud, &sizes, &n, &ignored))
        return;
    for (size_t i = 0; i < n; i++) {
        char hourly[WHEN_TEXT], monthly[WHEN_TEXT];
        if (strcmp(sizes[i].slug, r->f.size) != 0)
            continue;
        core_money(sizes[i].price_hourly_udollars, hourly);
        core_money(sizes[i].price_monthly_udollars, monthly);
        run_emit(r, EVENT_NOTE, "it would cost %s per hour, at most %s per month", hourly, monthly);
    }
    free(sizes);
}

bool boot_run(struct run *r, struct err *e)
{
    for (int tries = 1;; tries++) {
        if (r->droplet.id && r->droplet.status == DROPLET_OFF && !boot_wake(r, e))
            return false;
        if (!r->f.droplet_id && !make_droplet(r, e))
            return false;
        struct err why = {0};
        if (wait_booted(r, &why))
            return true;
        *e = why;
        if (why.code != ERR_NOT_FOUND || !r->f.droplet_mine)
            return false;
        if (tries == 2) {
            err_set(e, ERR_FAILED, "the cloud took the order twice and both droplets vanished");
            return err_hint(e, "try another --size or --region, or wait an hour");
        }
        run_emit(r, EVENT_WARN, "droplet %lld vanished before it was ready; asking for another",
                 (long long)r->f.droplet_id);
        r->f.droplet_id = r->f.droplet_mine = 0;
        r->droplet = (struct droplet){0};
    }
}

/* The lists, once our own droplet is in them: one without it is not the truth yet. */
static bool look_listed(struct run *r, bool *ready, struct err *e)
{
    if (!look_again(r, e))
        return false;
    r->rival = 0;
    for (size_t i = r->mine.n_droplets; i-- > 0;) {
        int64_t id = r->mine.droplets[i]->id;
        if (id == r->f.droplet_id)
            *ready = true;
        else
            r->rival = id;
    }
    return true;
}

static bool yield_to(struct run *r, int64_t other, struct err *e)
{
    run_emit(r, EVENT_NOTE,
             "somebody else started %s at the same moment (droplet %lld): that one stays, ours, "
             "which nobody has played on, goes",
             r->srv->name, (long long)other);
    if (!destroy_duplicate(r, e))
        return false;
    r->f.droplet_id = other;
    r->f.droplet_mine = 0;
    return run_fact(r, e) && wait_booted(r, e);
}

/* Started and stopped elsewhere since: a newer world exists than the one our droplet was made of.
 */
static bool is_stale(const struct run *r)
{
    const struct snapshot *newest = r->mine.n_series ? r->mine.series[0] : NULL;
    return r->verb == VERB_START && r->f.image_id && !r->f.image[0] && newest &&
           newest->droplet_id != r->f.droplet_id && newest->id != r->f.image_id &&
           newest->created_at > r->f.image_created_at;
}

bool only_one_run(struct run *r, struct err *e)
{
    if (!r->f.droplet_mine && !r->f.doubtful)
        return true;
    struct wait w = {.text = "the droplet is in the list",
                     .typical_ms = 2000,
                     .limit_ms = LIST_LIMIT_MS,
                     .at_once = true,
                     .look = look_listed};
    if (!run_wait(r, &w, e))
        return false;
    if (r->rival && r->rival < r->f.droplet_id && r->f.droplet_mine)
        return yield_to(r, r->rival, e);
    if (r->rival)
        run_emit(r, EVENT_WARN,
                 "another droplet, %lld, carries the tag %s and costs too; whoever made it should "
                 "take it away again: look with `dogs status %s`",
                 (long long)r->rival, r->tag, r->srv->name);
    if (!r->f.droplet_mine || !is_stale(r))
        return true;
    run_emit(r, EVENT_NOTE,
             "the droplet made here holds an older world than the newest snapshot: it goes");
    if (!destroy_duplicate(r, e))
        return false;
    r->f.droplet_id = r->f.droplet_mine = 0;
    err_set(e, ERR_GUARD, "%s was started and stopped elsewhere meanwhile", r->srv->name);
    return err_hint(e, "`dogs start %s` starts from the newest snapshot", r->srv->name);
}
