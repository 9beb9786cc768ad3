#include "call.h"

#include "disks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Puts a droplet to off or on at a moment. What is on its way already and comes sooner wins. */
static void set_power(struct droplet *d, bool off, int64_t at_ms, int64_t now)
{
    bool under_way = now < d->power_ms && d->off == off;
    if (under_way && d->power_ms < at_ms)
        return;
    d->off = off;
    d->power_ms = at_ms;
    if (!off)
        d->booted_ms = at_ms;
}

static int64_t effect_ms(struct call *c, const struct action *a)
{
    return a->ends_ms + setting_ms(c->w, SET_POWER_LAG);
}

static void shut_down(struct call *c, struct droplet *d, struct action *a)
{
    bool on = strcmp(droplet_status(d, c->now), "active") == 0;
    if (on && !outcome_wanted(&c->outcomes, OUTCOME_NO_EFFECT))
        set_power(d, true, c->now + setting_ms(c->w, SET_SHUTDOWN_OFF), c->now);
    (void)a;
}

static void power_off(struct call *c, struct droplet *d, struct action *a)
{
    if (outcome_wanted(&c->outcomes, OUTCOME_NO_EFFECT))
        return;
    d->unclean = true;
    set_power(d, true, effect_ms(c, a), c->now);
}

static void power_on(struct call *c, struct droplet *d, struct action *a)
{
    if (!outcome_wanted(&c->outcomes, OUTCOME_NO_EFFECT))
        set_power(d, false, effect_ms(c, a), c->now);
}

static void power_cycle(struct call *c, struct droplet *d, struct action *a)
{
    if (strcmp(droplet_status(d, c->now), "active") != 0) {
        power_on(c, d, a);
        return;
    }
    d->unclean = true;
    d->booted_ms = effect_ms(c, a);
}

static void reboot(struct call *c, struct droplet *d, struct action *a)
{
    d->booted_ms = effect_ms(c, a);
}

static double round_gb(double gb)
{
    return (double)(int64_t)(gb * 100.0 + 0.5) / 100.0;
}

/* created_at is the start of the action (reference 5.4). The size grows with what was played. */
static void take_snapshot(struct call *c, struct droplet *d, struct action *a)
{
    faults_meet(c->w, "snapshot", &c->outcomes, NULL);
    const struct outcomes *o = &c->outcomes;
    bool empty = outcome_wanted(o, OUTCOME_EMPTY);
    if (outcome_wanted(o, OUTCOME_NO_EFFECT))
        return;
    struct snapshot *s = list_push(c->w, &snapshot_kind);
    char name[64];
    s->id = world_new_id(c->w, ID_OTHER);
    snprintf(name, sizeof name, "snapshot-%lld", (long long)s->id);
    text_set(&s->name, json_text(c->body, "name", name));
    text_set(&s->distribution, d->distribution);
    s->droplet_id = d->id;
    s->created_ms = a->started_ms;
    int64_t lag =
        outcome_wanted(o, OUTCOME_LAG) ? o->seconds * 1000 : setting_ms(c->w, SET_SNAPSHOT_LAG);
    s->visible_ms = outcome_wanted(o, OUTCOME_INVISIBLE) ? NEVER_MS : a->ends_ms + lag;
    texts_add(&s->regions, d->region);
    s->min_disk_gb = d->disk_gb;
    double grown = 1.6 + 0.07 * (double)d->world + 0.01 * (double)(s->id % 5);
    s->size_gb =
        empty ? 0 : round_gb(grown < 0.8 * (double)d->disk_gb ? grown : 0.8 * (double)d->disk_gb);
    s->world = empty ? 0 : d->world;
    s->unclean = d->unclean;
    if (!empty)
        disk_save(c->store, d->id, s->id);
    gameservers_keep(c->w, d, s->id);
    if (outcome_wanted(o, OUTCOME_WAKES))
        set_power(d, false, a->ends_ms, c->now);
}

static void resize(struct call *c, struct droplet *d, struct action *a)
{
    const struct size *s = size_find(json_text(c->body, "size", ""));
    text_set(&d->size, s->slug);
    if (json_bool(c->body, "disk", false))
        d->disk_gb = s->disk_gb;
    (void)a;
}

static void rename_it(struct call *c, struct droplet *d, struct action *a)
{
    text_set(&d->name, json_text(c->body, "name", d->name));
    (void)a;
}

/* restore and rebuild put an image's disk in the place of the droplet's. */
static void overwrite(struct call *c, struct droplet *d, struct action *a)
{
    const struct snapshot *s = snapshot_find(c->w, json_int(c->body, "image", 0), c->now);
    count_up(c->w, "rebuild_restore_called");
    d->world = d->born_world = s ? s->world : 1;
    (void)a;
}

static void enable_ipv6(struct call *c, struct droplet *d, struct action *a)
{
    char text[64];
    snprintf(text, sizeof text, "2001:db8:0:1::%x", (unsigned)(d->id & 0xffff));
    text_set(&d->ipv6, text);
    (void)c;
    (void)a;
}

/* What each type needs: the state it must find, and the text when it finds another. */
static const struct droplet_action {
    const char *type, *kind;
    enum setting duration;
    const char *refused_when, *refusal;
    void (*act)(struct call *c, struct droplet *d, struct action *a);
} droplet_action_types[] = {
    {"shutdown", "action.shutdown", SET_SHUTDOWN, NULL, NULL, shut_down},
    {"power_off", "action.power_off", SET_POWER_OFF, "off", "Droplet is already powered off",
     power_off},
    {"power_on", "action.power_on", SET_POWER_ON, "active", "Droplet is already powered on",
     power_on},
    {"reboot", "action.reboot", SET_REBOOT, "off", "Droplet is not powered on", reboot},
    {"power_cycle", "action.power_cycle", SET_POWER_CYCLE, NULL, NULL, power_cycle},
    {"snapshot", "action.snapshot", SET_SNAPSHOT, NULL, NULL, take_snapshot},
    {"resize", "action.resize", SET_RESIZE, NULL, NULL, resize},
    {"rename", "action.rename", SET_OTHER, NULL, NULL, rename_it},
    {"restore", "action.restore", SET_RESIZE, NULL, NULL, overwrite},
    {"rebuild", "action.rebuild", SET_RESIZE, NULL, NULL, overwrite},
    {"enable_ipv6", "action.enable_ipv6", SET_OTHER, NULL, NULL, enable_ipv6},
    {"enable_backups", "action.enable_backups", SET_OTHER, NULL, NULL, NULL},
    {"disable_backups", "action.disable_backups", SET_OTHER, NULL, NULL, NULL},
    {"change_backup_policy", "action.change_backup_policy", SET_OTHER, NULL, NULL, NULL},
    {"password_reset", "action.password_reset", SET_OTHER, NULL, NULL, NULL},
    {"change_kernel", "action.change_kernel", SET_OTHER, NULL, NULL, NULL},
    {0},
};

static bool resize_fits(struct call *c, const struct droplet *d)
{
    const struct size *s = size_find(json_text(c->body, "size", ""));
    const struct region *r = region_find(d->region);
    if (!s || !size_in_region(s, r)) {
        refuse(c, 422, "Size is not available in this region.");
        return false;
    }
    bool shrinks = s->disk_gb < d->disk_gb;
    if (shrinks)
        refuse(c, 422, "This size is not available because it has a smaller disk.");
    return !shrinks;
}

static bool action_allowed(struct call *c, const struct droplet *d, const struct droplet_action *t)
{
    const char *status = droplet_status(d, c->now);
    if (d->deleted || action_blocking(c->w, d->id, c->now)) {
        refuse_pending(c);
        return false;
    }
    if (t->refused_when && strcmp(t->refused_when, status) == 0) {
        refuse(c, 422, "%s", t->refusal);
        return false;
    }
    if (t->act == take_snapshot && !call_may(c, "image:create")) {
        refuse_scope(c);
        return false;
    }
    return t->act != resize || resize_fits(c, d);
}

void droplet_action_post(struct call *c)
{
    struct droplet *d = droplet_find(c->w, call_id(c, 0), c->now);
    const char *type = json_text(c->body, "type", "");
    const struct droplet_action *t = droplet_action_types;
    while (t->type && strcmp(t->type, type) != 0)
        t++;
    if (!d) {
        refuse_missing(c);
        return;
    }
    if (!t->type) {
        refuse(c, 404, "The specified action type is not available.");
        return;
    }
    if (!action_allowed(c, d, t))
        return;
    struct action *a = action_begin(c, &(struct new_action){
                                           .type = t->type,
                                           .resource_type = "droplet",
                                           .region = d->region,
                                           .resource_id = d->id,
                                           .blocks = d->id,
                                           .duration_ms = setting_ms(c->w, t->duration),
                                       });
    if (t->act && action_works(a))
        t->act(c, d, a);
    reply(c, 201, wrap("action", action_json(c, a)));
}

/* By tag the API would act on every droplet that carries it. */
void droplet_actions_by_tag(struct call *c)
{
    count_up(c->w, "by_tag_called");
    reply(c, 201, wrap("actions", cJSON_CreateArray()));
}

static void list_actions(struct call *c, const char *resource_type, int64_t resource_id)
{
    struct page p;
    if (!page_begin(c, &p))
        return;
    for (size_t i = c->w->actions.n; i-- > 0;) {
        const struct action *a = list_at(c->w, &action_kind, i);
        bool meant = !resource_type || (a->resource_id == resource_id &&
                                        strcmp(a->resource_type, resource_type) == 0);
        if (meant && page_offer(&p))
            cJSON_AddItemToArray(p.list, action_json(c, a));
    }
    page_reply(c, &p, "actions");
}

static void get_action(struct call *c, int64_t id, const char *resource_type, int64_t resource_id)
{
    const struct action *a = list_find(c->w, &action_kind, id);
    bool nested = resource_type != NULL;
    if (!a || (nested && (a->resource_id != resource_id || c->now < a->nested_ms ||
                          strcmp(a->resource_type, resource_type) != 0)))
        refuse_missing(c);
    else
        reply(c, 200, wrap("action", action_json(c, a)));
}

void action_list(struct call *c)
{
    list_actions(c, NULL, 0);
}

void action_get(struct call *c)
{
    get_action(c, call_id(c, 0), NULL, 0);
}

void droplet_actions(struct call *c)
{
    if (droplet_find(c->w, call_id(c, 0), c->now))
        list_actions(c, "droplet", call_id(c, 0));
    else
        refuse_missing(c);
}

void droplet_action_get(struct call *c)
{
    if (droplet_find(c->w, call_id(c, 0), c->now))
        get_action(c, call_id(c, 1), "droplet", call_id(c, 0));
    else
        refuse_missing(c);
}

void image_actions(struct call *c)
{
    list_actions(c, "image", call_id(c, 0));
}

void image_action_get(struct call *c)
{
    get_action(c, call_id(c, 1), "image", call_id(c, 0));
}

/* A transfer copies; afterwards the snapshot lists both regions (reference 4.4). */
static void transfer(struct call *c, struct snapshot *s)
{
    const struct region *r = region_find(json_text(c->body, "region", ""));
    if (!r || !r->available || snapshot_in_region(s, r->slug, c->now)) {
        refuse(c, 422, "The image cannot be transferred to this region.");
        return;
    }
    if (action_blocking(c->w, s->id, c->now)) {
        refuse(c, 422, "Image already has a pending event.");
        return;
    }
    struct action *a = action_begin(c, &(struct new_action){
                                           .type = "transfer",
                                           .resource_type = "image",
                                           .region = r->slug,
                                           .resource_id = s->id,
                                           .blocks = s->id,
                                           .duration_ms = setting_ms(c->w, SET_TRANSFER),
                                       });
    if (action_works(a)) {
        if (*s->moving_to)
            texts_add(&s->regions, s->moving_to);
        text_set(&s->moving_to, r->slug);
        s->moved_ms = a->ends_ms;
    }
    reply(c, 201, wrap("action", action_json(c, a)));
}

void image_action_post(struct call *c)
{
    struct snapshot *s = snapshot_find(c->w, call_id(c, 0), c->now);
    const char *type = json_text(c->body, "type", "");
    if (!s && base_image_by_id(call_id(c, 0)))
        refuse(c, 422, "Only snapshots can be transferred.");
    else if (!s)
        refuse_missing(c);
    else if (strcmp(type, "transfer") == 0)
        transfer(c, s);
    else if (strcmp(type, "convert") == 0)
        refuse(c, 422, "The image is a snapshot already.");
    else
        refuse(c, 404, "The specified action type is not available.");
}
