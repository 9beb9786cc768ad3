/* Which remote of the configuration a place is in, and what it is called there. */
#include "transfer_plan.h"
#include <stdlib.h>
#include <string.h>

/* Stays where it is: files point to it. */
struct plan_remote {
    struct plan_remote *next;
    struct remote remote;
    const char *bucket; /* in front of every address; "" = none */
};

static bool set_remote(struct plan *p, struct plan_remote *to, const char *name, struct err *e)
{
    const struct remote_cfg *c;
    if (!*name) {
        to->remote = (struct remote){.name = "", .type = "http", .netrc = true};
        to->bucket = "";
        return true;
    }
    if (!config_need_remote(p->cli->cfg, name, &c, e) ||
        !config_remote_secrets(p->cli->loaded, name, e))
        return false;
    to->bucket = c->bucket;
    to->remote = (struct remote){
        .name = c->name,
        .type = c->type,
        .url = c->url,
        .user = c->user,
        .password = c->password,
        .token = c->token,
        .header = c->header,
        .netrc = c->netrc,
        .region = c->region,
        .key_id = c->key_id,
        .secret = c->secret,
        .virtual_host = c->virtual_host,
        .refresh_token = c->refresh_token,
        .app_key = c->app_key,
        .app_secret = c->app_secret,
    };
    return transfer_remote_ok(&to->remote, e) || err_wrap(e, "remote '%s'", name);
}

/* name "": that of bare URLs. */
static struct plan_remote *find_remote(struct plan *p, const char *name, struct err *e)
{
    for (struct plan_remote *r = p->remotes; r; r = r->next)
        if (strcmp(r->remote.name, name) == 0)
            return r;
    struct plan_remote *r = xcalloc(1, sizeof *r);
    if (!set_remote(p, r, name, e)) {
        free(r);
        return NULL;
    }
    r->next = p->remotes;
    p->remotes = r;
    return r;
}

static bool no_place(const char *text, const struct place *place, struct err *e)
{
    char *shown = place_shown(text);
    if (place->kind == PLACE_OTHER)
        err_set(e, ERR_USAGE, "'%s': only http and https are spoken, not %s", shown, place->name);
    else
        err_set(e, ERR_USAGE, "'%s' is neither a URL nor REMOTE:PATH", shown);
    free(shown);
    return false;
}

bool plan_place(struct plan *p, const char *text, const struct remote **remote, char **address,
                struct err *e)
{
    struct place place = place_of(text);
    if (place.kind != PLACE_URL && place.kind != PLACE_REMOTE)
        return no_place(text, &place, e);
    if (place.kind == PLACE_URL && !strcspn(strstr(text, "://") + 3, "/?#"))
        return err_set(e, ERR_USAGE, "'%.200s' has no host", text);
    struct plan_remote *r = find_remote(p, place.kind == PLACE_URL ? "" : place.name, e);
    if (!r && e->code == ERR_NOT_FOUND) {
        struct err why = *e;
        err_set(e, ERR_USAGE, "%s; if a file is meant, write ./%.100s", why.text, text);
        return err_hint(e, "%s", why.hint);
    }
    if (!r)
        return false;
    *remote = &r->remote;
    *address = *r->bucket
                   ? xasprintf("%s/%s", r->bucket, place.address + strspn(place.address, "/"))
                   : xstrdup(place.address);
    return true;
}

bool plan_net(struct plan *p, struct err *e)
{
    if (!p->net)
        p->net = transfer_net_open(p->cli->cfg->ca_file, e);
    return p->net != NULL;
}

char *plan_far_end(const struct plan *p, const struct planned *f)
{
    const struct plan_remote *r = p->remotes;
    while (&r->remote != f->remote)
        r = r->next;
    if (!*r->remote.name)
        return xstrdup(f->address);
    size_t bucket = *r->bucket ? strlen(r->bucket) + 1 : 0;
    return xasprintf("%s:%s", r->remote.name, f->address + bucket);
}

void plan_remotes_release(struct plan *p)
{
    for (struct plan_remote *r = p->remotes, *next; r; r = next) {
        next = r->next;
        free(r);
    }
}
