#include "engine.h"
#include <dogs/hash.h>
#include <dogs/json.h>
#include <dogs/log.h>
#include <dogs/os.h>
#include <dogs/schedule.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDS_MAX = 256 * 1024, ID_MAX = 20 };

/* Of what makes it this rule: with another window it is still the same. */
static void rule_id(const struct rule_cfg *r, char out[ID_MAX])
{
    char text[128];
    snprintf(text, sizeof text, "%d %d %u %.70s", (int)r->what, r->minute, r->days, r->zone);
    snprintf(out, ID_MAX, "%016llx", (unsigned long long)hash_fnv64(text, strlen(text)));
}

static char *file_of(const struct config *cfg, const struct server_cfg *s, const char *ending)
{
    char *name = xasprintf("%s.schedule%s", s->name, ending);
    char *path = os_path_join(cfg->state_dir, name);
    free(name);
    return path;
}

static enum record_state state_of(const char *name)
{
    for (int s = RECORD_NONE; s <= RECORD_SKIPPED; s++)
        if (strcmp(name, record_state_name((enum record_state)s)) == 0)
            return (enum record_state)s;
    return RECORD_NONE;
}

/* A file that cannot be read is an error: to take it for none would do things twice. */
static bool records_read(const struct config *cfg, const struct server_cfg *s,
                         struct record *records, struct err *e)
{
    struct str text = STR(RECORDS_MAX);
    char *path = file_of(cfg, s, "");
    cJSON *doc = NULL;
    struct err why = {0};
    bool ok = os_read_file(path, RECORDS_MAX, &text, &why);
    bool none = !ok && why.code == ERR_NOT_FOUND;
    ok = ok && (doc = json_parse(str_text(&text), text.len, &why)) != NULL;
    for (size_t i = 0; i < s->n_rules; i++) {
        char id[ID_MAX], member[ID_MAX + 16];
        rule_id(&s->schedule[i], id);
        snprintf(member, sizeof member, "rules.%s", id);
        const cJSON *o = doc ? json_at(doc, member) : NULL;
        records[i] = (struct record){.since = json_int(o, "since", 0),
                                     .at = json_int(o, "at", 0),
                                     .state = state_of(json_text(o, "state", "")),
                                     .look_at = json_int(o, "look_at", 0)};
        str_copy(records[i].text, sizeof records[i].text, json_text(o, "text", ""));
    }
    cJSON_Delete(doc);
    str_release(&text);
    free(path);
    if (ok || none)
        return true;
    *e = why;
    err_wrap(e, "what is remembered of %s's schedule", s->name);
    return err_hint(e, "`dogs schedule remove` and `dogs schedule add` begin anew");
}

static bool records_write(const struct config *cfg, const struct server_cfg *s,
                          const struct record *records, struct err *e)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON *rules = cJSON_AddObjectToObject(doc, "rules");
    for (size_t i = 0; i < s->n_rules; i++) {
        char id[ID_MAX];
        rule_id(&s->schedule[i], id);
        cJSON *o = cJSON_AddObjectToObject(rules, id);
        json_put_int(o, "since", records[i].since);
        json_put_int(o, "at", records[i].at);
        cJSON_AddStringToObject(o, "state", record_state_name(records[i].state));
        json_put_int(o, "look_at", records[i].look_at);
        cJSON_AddStringToObject(o, "text", records[i].text);
    }
    char *json = json_print(doc), *path = file_of(cfg, s, "");
    bool ok = os_mkdirs(cfg->state_dir, e) && os_replace_file(path, json, strlen(json), e);
    cJSON_Delete(doc);
    free(json);
    free(path);
    return ok;
}

/* The rules of one server, what is remembered of them, and what that means now. */
struct table {
    struct zone *zones[CONFIG_MAX_RULES];
    struct record records[CONFIG_MAX_RULES];
    struct verdict verdicts[CONFIG_MAX_RULES];
    bool fresh; /* a rule was not known before */
};

static void table_release(struct table *t)
{
    for (size_t i = 0; i < CONFIG_MAX_RULES; i++)
        zone_free(t->zones[i]);
}

static bool table_read(const struct config *cfg, const struct server_cfg *s, int64_t now,
                       struct table *t, struct err *e)
{
    *t = (struct table){.fresh = false};
    if (!records_read(cfg, s, t->records, e))
        return false;
    for (size_t i = 0; i < s->n_rules; i++) {
        if (!rule_zone(&s->schedule[i], &t->zones[i], e)) {
            table_release(t);
            return err_wrap(e, "schedule of %s", s->name);
        }
        if (t->records[i].since)
            continue;
        t->records[i].since = now - SCHEDULE_FRESH_S;
        t->fresh = true;
    }
    schedule_judge(s->schedule, (const struct zone *const *)t->zones, t->records, s->n_rules, now,
                   t->verdicts);
    return true;
}

/* GUARD if another holds it. */
static bool lock_schedule(const struct config *cfg, const struct server_cfg *s,
                          struct os_lock **lock, struct err *e)
{
    char *path = file_of(cfg, s, ".lock");
    bool ok = os_mkdirs(cfg->state_dir, e) && os_lock_try(path, lock, e);
    free(path);
    return ok || err_wrap(e, "another run does what the schedule of %s says", s->name);
}

static bool remember(const struct config *cfg, const struct server_cfg *s, struct table *t,
                     int64_t now, struct err *e)
{
    struct os_lock *lock = NULL;
    struct err held = {0};
    if (!lock_schedule(cfg, s, &lock, &held)) {
        if (held.code == ERR_GUARD)
            return true;
        *e = held;
        return false;
    }
    table_release(t);
    bool ok = table_read(cfg, s, now, t, e) && records_write(cfg, s, t->records, e);
    os_lock_drop(lock);
    return ok;
}

bool schedule_look(const struct config *cfg, const char *server, int64_t now, bool remembers,
                   struct due **out, size_t *n, struct err *e)
{
    size_t most = 0;
    bool ok = true;
    for (size_t i = 0; i < cfg->n_servers; i++)
        most += cfg->servers[i].n_rules;
    *out = xcalloc(most + 1, sizeof **out);
    *n = 0;
    for (size_t i = 0; ok && i < cfg->n_servers; i++) {
        const struct server_cfg *s = &cfg->servers[i];
        struct table *t = xcalloc(1, sizeof *t);
        if (s->n_rules && (!server || strcmp(server, s->name) == 0))
            ok = table_read(cfg, s, now, t, e) &&
                 (!remembers || !t->fresh || remember(cfg, s, t, now, e));
        for (size_t k = 0; ok && t->zones[0] && k < s->n_rules; k++)
            (*out)[(*n)++] = (struct due){.server = s,
                                          .rule = &s->schedule[k],
                                          .verdict = t->verdicts[k],
                                          .record = t->records[k]};
        if (ok)
            table_release(t);
        free(t);
    }
    if (!ok)
        free(*out);
    return ok;
}

/* What is done late must still be meant. False with *why where it is not. */
static bool still_meant(struct core *core, const struct due *d, int64_t now, bool *meant,
                        const char **why, struct err *e)
{
    struct server_view *views;
    size_t n;
    *meant = true;
    if (!core_status(core, d->server->name, &views, &n, e))
        return false;
    /* Ages, because the cloud's clock may be another one than ours. */
    double since_due = (double)(now - d->verdict.last.at) * cloud_speed(core->cloud);
    int64_t due = cloud_now(core->cloud) - (int64_t)since_due;
    const struct server_view *v = &views[0];
    if (n && d->rule->what == RULE_STOP && v->created_at > due) {
        *meant = false;
        *why = "it was started after that";
    } else if (n && d->rule->what == RULE_START && !v->droplet_id && v->snapshot_at > due) {
        *meant = false;
        *why = "it was stopped after that";
    }
    free(views);
    return true;
}

static bool run_rule(struct core *core, const struct due *d, struct str *text, struct err *e)
{
    struct outcome out;
    struct request req = {.verb = d->rule->what == RULE_STOP ? VERB_STOP : VERB_START,
                          .server = d->server->name,
                          .if_empty = d->rule->unless_played};
    if (!core_run(core, &req, &out, e))
        return false;
    str_add(text, out.text);
    return true;
}

/* What a run that was refused for its players becomes. Anything else that a guard refuses is a
 * failure like others, tried again until its window is over. */
static bool waits(const struct due *d, const struct err *e)
{
    return e->code == ERR_GUARD && d->rule->unless_played;
}

static enum record_state do_run(struct core *core, const struct due *d, int64_t now,
                                struct record *rec, struct str *text, struct err *e)
{
    const char *why = NULL;
    bool meant = true;
    if (d->verdict.late && !still_meant(core, d, now, &meant, &why, e))
        return RECORD_FAILED;
    if (!meant) {
        str_add(text, why);
        return RECORD_SKIPPED;
    }
    if (run_rule(core, d, text, e))
        return RECORD_DONE;
    if (!waits(d, e))
        return RECORD_FAILED;
    /* Counted from its time, so that the scheduler's look on the minute is never a second early. */
    rec->look_at = rec->at + ((now - rec->at) / d->rule->again_s + 1) * d->rule->again_s;
    str_addf(text, "%s; looking again in %d min", e->text, d->rule->again_s / 60);
    return RECORD_WAITING;
}

bool schedule_act(struct core *core, const struct config *cfg, const struct due *d, int64_t now,
                  enum record_state *state, struct str *text, struct err *e)
{
    const struct server_cfg *s = d->server;
    size_t k = (size_t)(d->rule - s->schedule);
    struct os_lock *lock = NULL;
    if (!lock_schedule(cfg, s, &lock, e))
        return false;
    struct table *t = xcalloc(1, sizeof *t);
    bool ok = table_read(cfg, s, now, t, e);
    struct record *rec = &t->records[k];
    struct due again = *d;
    again.verdict = t->verdicts[k];
    *state = rec->state;
    bool act = ok && (again.verdict.what == DUE_RUN || again.verdict.what == DUE_SKIP);
    if (act) {
        rec->at = again.verdict.last.at;
        rec->state = again.verdict.what == DUE_SKIP ? RECORD_SKIPPED : RECORD_BEGUN;
        if (again.verdict.what == DUE_SKIP)
            str_add(text, again.verdict.why);
        str_copy(rec->text, sizeof rec->text, str_text(text));
        /* On the disk before anything is done: whoever comes later knows of it. */
        ok = records_write(cfg, s, t->records, e);
    }
    if (act && ok && again.verdict.what == DUE_RUN) {
        struct err why = {0}, write = {0};
        rec->state = do_run(core, &again, now, rec, text, &why);
        ok = rec->state != RECORD_FAILED;
        str_copy(rec->text, sizeof rec->text, ok ? str_text(text) : why.text);
        if (!records_write(cfg, s, t->records, &write) && ok) {
            why = write;
            ok = false;
        }
        if (!ok)
            *e = why;
    }
    *state = act ? rec->state : *state;
    table_release(t);
    free(t);
    os_lock_drop(lock);
    return ok;
}

bool schedule_forget(const struct config *cfg, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < cfg->n_servers; i++) {
        char *path = file_of(cfg, &cfg->servers[i], "");
        char *lock = file_of(cfg, &cfg->servers[i], ".lock");
        ok = os_remove_file(path, e) && os_remove_file(lock, e);
        free(path);
        free(lock);
    }
    return ok;
}
