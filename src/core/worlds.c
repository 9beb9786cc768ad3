#include "worlds.h"
#include <dogs/os.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORLDS_MOST = 100000, SHA_HEX = 64, LOOK_MS = 200, DAY_S = 86400 };

static struct remote remote_of(const struct remote_cfg *c)
{
    return (struct remote){.name = c->name,
                           .type = c->type,
                           .url = c->url,
                           .region = c->region,
                           .key_id = c->key_id,
                           .secret = c->secret,
                           .virtual_host = c->virtual_host};
}

static bool no_place(const struct server_cfg *srv, struct err *e)
{
    err_set(e, ERR_CONFIG, "%s keeps no worlds beside its disk image: `world: to:` is not set",
            srv->name);
    return err_hint(e,
                    "write under the server: world: {to: 'REMOTE:FOLDER'}, and the remote, of type "
                    "s3, under `remotes:`");
}

static bool find_remote(struct core *core, const char *name, struct remote *out,
                        const char **bucket, struct err *e)
{
    const struct remote_cfg *c;
    /* Secrets are looked for when they are first needed, and kept in the one configuration. */
    struct config *cfg = (struct config *)(uintptr_t)core->cfg;
    if (!config_need_remote(cfg, name, &c, e)) {
        e->code = ERR_CONFIG;
        return false;
    }
    if (strcmp(c->type, "s3") != 0) {
        err_set(e, ERR_CONFIG, "remote '%s' is of type %s, which cannot lend a droplet an address",
                name, c->type);
        return err_hint(e, "worlds need one of type s3, such as DigitalOcean's Spaces");
    }
    if (!config_remote_secrets(cfg, name, e))
        return false;
    *out = remote_of(c);
    *bucket = c->bucket;
    return transfer_remote_ok(out, e);
}

bool world_place_open(struct core *core, const struct server_cfg *srv, struct world_place *out,
                      struct err *e)
{
    *out = (struct world_place){0};
    const char *to = srv->world.to, *colon = to ? strchr(to, ':') : NULL, *bucket = "";
    if (!to || !*to)
        return no_place(srv, e);
    if (!colon || colon == to)
        return err_set(e, ERR_CONFIG, "world: to: '%s' is not REMOTE:FOLDER", to);
    char *name = xstrndup(to, (size_t)(colon - to));
    bool ok = find_remote(core, name, &out->remote, &bucket, e);
    if (!ok)
        err_wrap(e, "world: to: '%s'", to);
    free(name);
    const char *folder = colon + 1 + strspn(colon + 1, "/");
    size_t len = strlen(folder);
    while (len && folder[len - 1] == '/')
        len--;
    out->shown = xasprintf("%.*s%.*s%s%s", (int)(colon + 1 - to), to, (int)len, folder,
                           len ? "/" : "", srv->name);
    out->folder = xasprintf("%s%s%.*s%s%s", bucket, *bucket ? "/" : "", (int)len, folder,
                            len ? "/" : "", srv->name);
    if (ok && !*bucket && !len)
        ok = err_set(e, ERR_CONFIG, "world: to: '%s' names no bucket", to);
    if (ok)
        out->net = transfer_net_open(core->cfg->ca_file, e);
    if (out->net)
        return true;
    world_place_close(out);
    return false;
}

void world_place_close(struct world_place *p)
{
    transfer_net_close(p->net);
    free(p->folder);
    free(p->shown);
    *p = (struct world_place){0};
}

char *world_address(const struct world_place *p, const char *name)
{
    return xasprintf("%s/%s", p->folder, name);
}

/* A number without sign and leading zeros; moves *at on behind it. */
static bool number(const char **at, int64_t *out)
{
    char text[20];
    size_t len = strspn(*at, "0123456789");
    if (len == 0 || len >= sizeof text || (**at == '0' && len > 1))
        return false;
    memcpy(text, *at, len);
    text[len] = '\0';
    *at += len;
    return str_int64(text, 0, INT64_MAX, out);
}

bool world_name_read(const char *name, const char *server, struct world_view *out, bool *proof)
{
    size_t len = strlen(server);
    *out = (struct world_view){.size = -1};
    *proof = false;
    if (strncmp(name, server, len) != 0 || name[len] != '-')
        return false;
    const char *at = name + len + 1;
    if (!number(&at, &out->at))
        return false;
    if (str_starts(at, ".tar.zst"))
        at += strlen(".tar.zst");
    else if (str_starts(at, ".tar.gz"))
        at += strlen(".tar.gz");
    else
        return false;
    size_t archive = (size_t)(at - name);
    if (archive >= sizeof out->name)
        return false;
    memcpy(out->name, name, archive);
    out->name[archive] = '\0';
    if (!*at)
        return true;
    *proof = true;
    if (*at++ != '.' || !number(&at, &out->size) || *at++ != '.' ||
        strspn(at, "0123456789abcdef") != SHA_HEX || strcmp(at + SHA_HEX, ".proof") != 0)
        return false;
    memcpy(out->sha256, at, SHA_HEX);
    return true;
}

struct gathered {
    const char *server;
    struct world_view *worlds, *proofs;
    size_t n, n_proofs;
};

static void push(struct world_view **list, size_t *n, const struct world_view *one)
{
    if ((*n & (*n - 1)) == 0)
        *list = xrealloc(*list, (*n ? *n * 2 : 1) * sizeof **list);
    (*list)[(*n)++] = *one;
}

static bool gather(void *ctx, const struct transfer_entry *entry, struct err *e)
{
    struct gathered *g = ctx;
    struct world_view one;
    bool proof;
    if (!world_name_read(entry->name, g->server, &one, &proof))
        return true;
    if (g->n + g->n_proofs >= WORLDS_MOST)
        return err_set(e, ERR_PROTOCOL, "more than %d archives", WORLDS_MOST);
    if (proof) {
        push(&g->proofs, &g->n_proofs, &one);
        return true;
    }
    one.size = entry->size;
    push(&g->worlds, &g->n, &one);
    return true;
}

/* Newest first; archives of one second by name, so that the order is always the same. */
static int newer(const void *a, const void *b)
{
    const struct world_view *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void join(struct gathered *g)
{
    for (size_t i = 0; i < g->n; i++) {
        struct world_view *w = &g->worlds[i];
        size_t fitting = 0;
        for (size_t k = 0; k < g->n_proofs; k++) {
            const struct world_view *p = &g->proofs[k];
            if (strcmp(p->name, w->name) != 0 || p->size != w->size)
                continue;
            fitting++;
            memcpy(w->sha256, p->sha256, sizeof w->sha256);
        }
        w->proved = fitting == 1;
        if (!w->proved)
            w->sha256[0] = '\0';
    }
    if (g->n)
        qsort(g->worlds, g->n, sizeof *g->worlds, newer);
}

bool worlds_list(const struct world_place *p, const char *server, struct cancel *cancel,
                 struct world_view **out, size_t *n, struct err *e)
{
    struct gathered g = {.server = server};
    bool ok = transfer_list(p->net, &p->remote, p->folder, gather, &g, cancel, e);
    if (ok)
        join(&g);
    free(g.proofs);
    *out = ok ? g.worlds : NULL;
    *n = ok ? g.n : 0;
    if (!ok)
        free(g.worlds);
    return ok || err_wrap(e, "list %s", p->shown);
}

static char *proof_name(const struct world_view *w)
{
    return xasprintf("%s.%" PRId64 ".%s.proof", w->name, w->size, w->sha256);
}

static bool put(const struct world_place *p, const char *state_dir, const char *path,
                const char *address, struct cancel *cancel, struct err *e)
{
    struct transfer *t = transfer_new(
        &(struct transfer_opts){.net = p->net, .records_dir = state_dir, .connections = 1}, e);
    if (!t)
        return false;
    bool ok = transfer_add(
        t,
        &(struct transfer_item){
            .way = TRANSFER_PUT, .remote = &p->remote, .address = address, .path = path},
        e);
    if (ok) {
        struct transfer_result result;
        transfer_start(t);
        while (!transfer_wait(t, LOOK_MS))
            if (cancel_is(cancel))
                transfer_stop(t);
        transfer_result(t, 0, &result);
        ok = result.state == TRANSFER_DONE;
        if (!ok)
            *e = result.err;
    }
    transfer_free(t);
    return ok;
}

/* Its text is what `sha256sum -c` reads, for whoever comes without this program. */
bool world_prove(const struct world_place *p, const char *state_dir, const char *name, int64_t size,
                 const char *sha256, struct cancel *cancel, struct err *e)
{
    struct world_view w = {.size = size};
    str_copy(w.name, sizeof w.name, name);
    str_copy(w.sha256, sizeof w.sha256, sha256);
    char *proof = proof_name(&w), *address = world_address(p, proof);
    char *file = xasprintf("world-proof.%s.%" PRId64, name, os_pid());
    char *path = os_path_join(state_dir, file), *text = xasprintf("%s  %s\n", sha256, name);
    bool ok = os_mkdirs(state_dir, e) && os_replace_file(path, text, strlen(text), e) &&
              put(p, state_dir, path, address, cancel, e);
    struct err ignored;
    os_remove_file(path, &ignored);
    free(text);
    free(path);
    free(file);
    free(address);
    free(proof);
    return ok || err_wrap(e, "record the archive's digest");
}

void world_retention(struct world_view *worlds, size_t n, int keep, int keep_days, int64_t now)
{
    size_t proved = 0, least = keep > 1 ? (size_t)keep : 1;
    for (size_t i = 0; i < n; i++) {
        struct world_view *w = &worlds[i];
        w->prunable = w->proved && proved >= least &&
                      (keep_days <= 0 || now - w->at >= (int64_t)keep_days * DAY_S);
        proved += w->proved;
    }
}

/* The archive first: one without its proof would stay for ever, a proof without one is nothing. */
static bool delete_one(const struct world_place *p, const struct world_view *w,
                       struct cancel *cancel, struct err *e)
{
    char *proof = proof_name(w), *address = world_address(p, w->name);
    char *of_proof = world_address(p, proof);
    bool ok = transfer_delete(p->net, &p->remote, address, cancel, e) &&
              transfer_delete(p->net, &p->remote, of_proof, cancel, e);
    free(of_proof);
    free(address);
    free(proof);
    return ok || err_wrap(e, "delete %s", w->name);
}

bool world_prune(const struct world_place *p, const struct server_cfg *srv, int64_t now,
                 struct cancel *cancel, size_t *deleted, struct err *e)
{
    struct world_view *worlds;
    size_t n;
    *deleted = 0;
    if (!worlds_list(p, srv->name, cancel, &worlds, &n, e))
        return false;
    world_retention(worlds, n, srv->world.keep, srv->world.keep_days, now);
    bool ok = true;
    for (size_t i = n; ok && i-- > 0;) {
        if (!worlds[i].prunable)
            continue;
        ok = delete_one(p, &worlds[i], cancel, e);
        *deleted += ok;
    }
    free(worlds);
    return ok;
}

bool core_worlds(struct core *core, const char *server, struct world_view **out, size_t *n,
                 struct err *e)
{
    const struct server_cfg *srv;
    struct world_place p;
    *out = NULL;
    *n = 0;
    if (!config_need_server(core->cfg, server, &srv, e) || !world_place_open(core, srv, &p, e))
        return false;
    bool ok = worlds_list(&p, server, core->cancel, out, n, e);
    if (ok)
        world_retention(*out, *n, srv->world.keep, srv->world.keep_days, os_unix_ms() / 1000);
    world_place_close(&p);
    return ok;
}
