#include "engine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool see_droplets(struct core *core, struct err *e)
{
    struct droplet *list = NULL;
    size_t n;
    bool ok = cloud_droplets(core->cloud, &list, &n, e);
    free(list);
    return ok;
}

static bool see_snapshots(struct core *core, struct err *e)
{
    struct snapshot *list = NULL;
    size_t n;
    bool ok = cloud_snapshots(core->cloud, &list, &n, e);
    free(list);
    return ok;
}

static bool see_tags(struct core *core, struct err *e)
{
    return cloud_check_tags(core->cloud, e);
}

static bool see_choices(struct core *core, enum choice_kind kind, struct err *e)
{
    struct choice *list = NULL;
    size_t n;
    bool ok = core_choices(core, kind, &list, &n, e);
    free(list);
    return ok;
}

static bool see_regions(struct core *core, struct err *e)
{
    return see_choices(core, CHOICE_REGION, e);
}

static bool see_sizes(struct core *core, struct err *e)
{
    return see_choices(core, CHOICE_SIZE, e);
}

static bool see_keys(struct core *core, struct err *e)
{
    return see_choices(core, CHOICE_KEY, e);
}

static const struct {
    const char *scope;
    bool (*see)(struct core *, struct err *);
    const char *hidden_by; /* the scope without which this one cannot be known */
} probes[] = {
    {"droplet:read", see_droplets, NULL},
    {"snapshot:read", see_snapshots, NULL},
    {"tag:read", see_tags, NULL},
    {"regions:read", see_regions, NULL},
    {"sizes:read", see_sizes, "regions:read"},
    {"ssh_key:read", see_keys, NULL},
};

static void lacks(struct str *missing, const char *scope)
{
    str_addf(missing, "%s%s", missing->len ? ", " : "", scope);
}

bool core_whoami(struct core *core, struct whoami *out, struct err *e)
{
    struct str missing = STR(sizeof out->missing - 1);
    struct account account = {.droplet_limit = 0};
    struct err why = {0};
    bool ok = cloud_account(core->cloud, &account, &why);
    *out = (struct whoami){.droplet_limit = account.droplet_limit};
    str_copy(out->email, sizeof out->email, account.email);
    str_copy(out->status, sizeof out->status, account.status);
    if (!ok && why.http_status == 403) {
        lacks(&missing, "account:read");
        ok = true;
    }
    for (size_t i = 0; ok && i < sizeof probes / sizeof *probes; i++) {
        if (probes[i].hidden_by && strstr(str_text(&missing), probes[i].hidden_by))
            continue;
        why = (struct err){0};
        ok = probes[i].see(core, &why);
        if (ok || why.code != ERR_AUTH || why.http_status == 401)
            continue;
        lacks(&missing, probes[i].scope);
        ok = true;
    }
    str_copy(out->missing, sizeof out->missing, str_text(&missing));
    str_release(&missing);
    if (!ok)
        *e = why;
    return ok;
}
