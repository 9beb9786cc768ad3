#include "engine.h"
#include <dogs/game.h>
#include <dogs/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *event_name(enum event_kind kind)
{
    static const char *const names[] = {
        [EVENT_BEGIN] = "begin", [EVENT_STEP] = "step", [EVENT_WAIT] = "wait",
        [EVENT_DONE] = "done",   [EVENT_CALL] = "call", [EVENT_NOTE] = "note",
        [EVENT_WARN] = "warn",   [EVENT_END] = "end",   [EVENT_FAIL] = "fail"};
    return names[kind];
}

const char *verb_name(enum verb verb)
{
    static const char *const names[] = {
        [VERB_CREATE] = "create",     [VERB_START] = "start",
        [VERB_STOP] = "stop",         [VERB_RESTORE] = "restore",
        [VERB_SNAPSHOT] = "snapshot", [VERB_POWER] = "power",
        [VERB_DESTROY] = "destroy",   [VERB_PRUNE] = "prune",
        [VERB_BACKUP] = "backup",     [VERB_RESTORE_WORLD] = "restore-world"};
    return names[verb];
}

struct core *core_new(const struct core_opts *opts, struct err *e)
{
    const char *token = opts->token ? opts->token : opts->cfg->token;
    struct cloud *cloud = cloud_new(
        &(struct cloud_opts){.base_url = opts->api_url ? opts->api_url : opts->cfg->api_url,
                             .token = token,
                             .ca_file = opts->cfg->ca_file,
                             .cancel = opts->cancel},
        e);
    if (!cloud)
        return NULL;
    struct core *core = xcalloc(1, sizeof *core);
    *core = (struct core){.cfg = opts->cfg,
                          .cloud = cloud,
                          .cancel = opts->cancel,
                          .on_event = opts->on_event,
                          .ask = opts->ask,
                          .ctx = opts->ctx};
    return core;
}

void core_free(struct core *core)
{
    if (!core)
        return;
    cloud_free(core->cloud);
    game_net_close(core->games);
    free(core);
}

static bool regions(struct core *core, struct choice **out, size_t *n, struct err *e)
{
    struct region *list;
    size_t all;
    if (!cloud_regions(core->cloud, &list, &all, e))
        return false;
    *out = xcalloc(all + 1, sizeof **out);
    *n = 0;
    for (size_t i = 0; i < all; i++) {
        if (!list[i].available)
            continue;
        struct choice *c = &(*out)[(*n)++];
        str_copy(c->value, sizeof c->value, list[i].slug);
        str_copy(c->text, sizeof c->text, list[i].name);
    }
    free(list);
    return true;
}

static bool sizes(struct core *core, struct choice **out, size_t *n, struct err *e)
{
    struct size *list;
    size_t all;
    if (!cloud_sizes(core->cloud, &list, &all, e))
        return false;
    *out = xcalloc(all + 1, sizeof **out);
    *n = 0;
    for (size_t i = 0; i < all; i++) {
        if (!list[i].available)
            continue;
        struct choice *c = &(*out)[(*n)++];
        char price[WHEN_TEXT];
        core_money(list[i].price_hourly_udollars, price);
        str_copy(c->value, sizeof c->value, list[i].slug);
        snprintf(c->text, sizeof c->text, "%d vCPU, %.3g GB memory, %d GB disk, %s/h",
                 list[i].vcpus, list[i].memory_mb / 1024.0, list[i].disk_gb, price);
        str_copy(c->regions, sizeof c->regions, list[i].regions);
    }
    free(list);
    return true;
}

static bool keys(struct core *core, struct choice **out, size_t *n, struct err *e)
{
    struct sshkey *list;
    if (!cloud_keys(core->cloud, &list, n, e))
        return false;
    *out = xcalloc(*n + 1, sizeof **out);
    for (size_t i = 0; i < *n; i++) {
        snprintf((*out)[i].value, sizeof(*out)[i].value, "%lld", (long long)list[i].id);
        str_copy((*out)[i].text, sizeof(*out)[i].text, list[i].name);
    }
    free(list);
    return true;
}

bool core_choices(struct core *core, enum choice_kind kind, struct choice **out, size_t *n,
                  struct err *e)
{
    static bool (*const tables[])(struct core *, struct choice **, size_t *, struct err *) = {
        [CHOICE_REGION] = regions, [CHOICE_SIZE] = sizes, [CHOICE_KEY] = keys};
    return tables[kind](core, out, n, e);
}
