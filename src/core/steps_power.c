#include "run.h"
#include <stdlib.h>
#include <string.h>

enum {
    SHUTDOWN_TYPICAL_MS = 20000,
    REPEAT_MS = 45000, /* "completed" shutdowns were seen to do nothing: say it again */
    SEND_STEP_MS = 3000,
    SEND_LIMIT_MS = 60 * 60000,
    POWER_TYPICAL_MS = 10000,
    POWER_LIMIT_MS = 15 * 60000,
    BOOT_LIMIT_MS = 15 * 60000,
};

static bool look_status(struct run *r, enum droplet_status wanted, bool *ready, struct err *e)
{
    if (!run_see_droplet(r, e))
        return false;
    *ready = r->droplet.status == wanted;
    return true;
}

static bool look_active(struct run *r, bool *ready, struct err *e)
{
    return look_status(r, DROPLET_ACTIVE, ready, e);
}

/* Sends a power action once. Not accepted: something else was under way, or the network failed;
 * that has been waited for, but what was refused has not been said to the machine. */
static bool act(struct run *r, const char *type, bool *accepted, struct err *e)
{
    struct action a, *idle;
    size_t n;
    struct err why = {0};
    bool ok = cloud_droplet_act(r->cloud, r->f.droplet_id, type, NULL, &a, &why);
    bool pending = why.http_status == 422 && why.retryable;
    *accepted = ok || why.ambiguous || (why.http_status == 422 && !pending);
    if (*accepted)
        return true;
    if (!run_passing(&why)) {
        *e = why;
        return false;
    }
    if (run_time_is_up(r))
        return err_set(e, ERR_TIMEOUT, "%s: not accepted; %s", type, why.text);
    if (pending && !run_idle(r, &idle, &n, e))
        return false;
    if (pending)
        free(idle);
    return run_nap(r, SEND_STEP_MS, e);
}

static bool look_off(struct run *r, bool *ready, struct err *e)
{
    return look_status(r, DROPLET_OFF, ready, e);
}

bool shutdown_observe(struct run *r, bool *done, struct err *e)
{
    if (r->f.destroyed) {
        *done = true;
        return true;
    }
    *done = r->droplet.status == DROPLET_OFF;
    if (r->droplet.status == DROPLET_ARCHIVE || r->droplet.status == DROPLET_UNKNOWN)
        return gate_closed(r, e, "its status is not known to this program");
    if (!*done && r->f.seen_off && r->droplet.id) {
        err_set(e, ERR_GUARD, "%s was switched on again after this %s began", r->srv->name,
                verb_name(r->verb));
        return err_hint(e, "people may be playing; `dogs %s %s` begins anew", verb_name(r->verb),
                        r->srv->name);
    }
    if (!*done && !still_empty(r, e))
        return false;
    r->f.seen_off = *done;
    return true;
}

void shutdown_plan(struct run *r)
{
    run_emit(r, EVENT_CALL, "POST /v2/droplets/%lld/actions {\"type\":\"shutdown\"}",
             (long long)r->f.droplet_id);
}

/* Says it, waits, says it again, until the droplet is off or has had total_ms for it. Before each
 * time it looks: said to a machine that another run has put to rest, it would spoil that one's
 * proof. */
static bool drive_off(struct run *r, const char *type, const char *key, int64_t total_ms, bool *off,
                      struct err *e)
{
    int64_t end = cloud_mono_ms(r->cloud) + SEND_LIMIT_MS;
    bool accepted;
    for (int64_t left = total_ms; left > 0 && cloud_mono_ms(r->cloud) < end;) {
        if (!run_see_droplet(r, e) || !run_rested(r, e))
            return false;
        *off = r->droplet.status == DROPLET_OFF;
        if (*off)
            return true;
        if (!act(r, type, &accepted, e))
            return false;
        if (!accepted)
            continue;
        int64_t began = cloud_mono_ms(r->cloud);
        struct wait w = {.key = left == total_ms ? key : NULL,
                         .text = "the droplet is off",
                         .typical_ms = SHUTDOWN_TYPICAL_MS,
                         .limit_ms = left < REPEAT_MS ? left : REPEAT_MS,
                         .look = look_off};
        struct err why = {0};
        *off = run_wait(r, &w, &why);
        if (*off)
            return true;
        if (why.code != ERR_TIMEOUT || run_time_is_up(r)) {
            *e = why;
            return false;
        }
        left -= cloud_mono_ms(r->cloud) - began;
    }
    *off = false;
    return true;
}

static bool cut_power(struct run *r, struct err *e)
{
    run_emit(r, EVENT_WARN,
             "the machine did not shut down within %d s: its power is cut now; what the game had "
             "not saved may be missing in this snapshot (older clean ones are kept)",
             r->srv->shutdown_grace_s);
    r->f.cut_power = 1;
    bool off;
    if (!run_intent(r, e) || !drive_off(r, "power_off", NULL, POWER_LIMIT_MS, &off, e))
        return false;
    return off || err_set(e, ERR_TIMEOUT, "the power of droplet %lld could not be cut",
                          (long long)r->f.droplet_id);
}

/* Other work on the droplet first: while it runs, no shutdown would reach the machine. */
static bool settle(struct run *r, struct err *e)
{
    struct action *idle;
    size_t n;
    struct wait booted = {.text = "the droplet has booted",
                          .typical_ms = 45000,
                          .limit_ms = BOOT_LIMIT_MS,
                          .look = look_active};
    if (r->droplet.status == DROPLET_NEW && !run_wait(r, &booted, e))
        return false;
    if (!run_idle(r, &idle, &n, e))
        return false;
    free(idle);
    return true;
}

bool shutdown_run(struct run *r, struct err *e)
{
    bool off;
    struct err why = {0};
    bool ok = settle(r, &why) && run_intent(r, &why) &&
              drive_off(r, "shutdown", "shutdown", (int64_t)r->srv->shutdown_grace_s * 1000, &off,
                        &why) &&
              (off || cut_power(r, &why));
    if (!ok && why.code == ERR_NOT_FOUND && r->verb == VERB_STOP)
        return run_gone_elsewhere(r, e);
    if (!ok) {
        *e = why;
        return false;
    }
    r->f.seen_off = 1;
    return run_fact(r, e);
}

bool power_on(struct run *r, struct err *e)
{
    struct wait w = {.key = "power_on",
                     .text = "the droplet is on",
                     .typical_ms = POWER_TYPICAL_MS,
                     .limit_ms = POWER_LIMIT_MS,
                     .look = look_active};
    bool accepted = false;
    if (!run_intent(r, e))
        return false;
    while (!accepted)
        if (!act(r, "power_on", &accepted, e))
            return false;
    return run_wait(r, &w, e) && run_fact(r, e);
}

bool power_observe(struct run *r, bool *done, struct err *e)
{
    if (!r->droplet.id) {
        err_set(e, ERR_NOT_FOUND, "%s has no droplet", r->srv->name);
        return err_hint(e, "`dogs start %s` makes one from its newest snapshot", r->srv->name);
    }
    const char *wanted = r->f.power;
    *done = (strcmp(wanted, "on") == 0 && r->droplet.status == DROPLET_ACTIVE) ||
            (strcmp(wanted, "off") == 0 && r->droplet.status == DROPLET_OFF);
    return true;
}

static const char *power_action(const struct run *r)
{
    static const struct {
        const char *word, *type;
    } table[] = {
        {"on", "power_on"}, {"off", "shutdown"}, {"reboot", "reboot"}, {"cycle", "power_cycle"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].word, r->f.power) == 0)
            return table[i].type;
    return NULL;
}

void power_plan(struct run *r)
{
    run_emit(r, EVENT_CALL, "POST /v2/droplets/%lld/actions {\"type\":\"%s\"}",
             (long long)r->f.droplet_id, power_action(r));
}

static bool look_action(struct run *r, bool *ready, struct err *e)
{
    struct action a;
    if (!cloud_action(r->cloud, r->f.action_id, &a, e))
        return false;
    if (a.status == ACTION_ERRORED)
        return err_set(e, ERR_FAILED, "the cloud reports that the %s failed", r->f.power);
    *ready = a.status == ACTION_COMPLETED;
    return true;
}

/* The action of this run whose answer was slept through, if there is one. */
static bool find_said(struct run *r, const char *type, struct err *e)
{
    struct action *list;
    size_t n;
    if (!run_actions(r, &list, &n, e))
        return false;
    for (size_t i = 0; i < n && !r->f.action_id; i++)
        if (strcmp(list[i].type, type) == 0 && list[i].started_at >= r->f.began)
            r->f.action_id = list[i].id;
    free(list);
    return true;
}

/* reboot and cycle leave the status as it is, so the action itself is waited for. */
static bool power_again(struct run *r, const char *type, struct err *e)
{
    struct action a;
    /* Said already, before this computer slept: nobody is to be thrown out twice. */
    if (!r->f.action_id && r->woke_at && !find_said(r, type, e))
        return false;
    bool said = r->f.action_id != 0;
    if (!said &&
        (!run_intent(r, e) || !cloud_droplet_act(r->cloud, r->f.droplet_id, type, NULL, &a, e)))
        return false;
    if (!said)
        r->f.action_id = a.id;
    if (!said && !run_fact(r, e))
        return false;
    struct wait w = {.text = "the droplet has restarted",
                     .typical_ms = POWER_TYPICAL_MS,
                     .limit_ms = POWER_LIMIT_MS,
                     .look = look_action};
    return run_wait(r, &w, e);
}

bool power_run(struct run *r, struct err *e)
{
    const char *type = power_action(r);
    if (strcmp(type, "power_on") == 0)
        return boot_wake(r, e);
    if (strcmp(type, "shutdown") == 0)
        return shutdown_run(r, e);
    return power_again(r, type, e);
}
