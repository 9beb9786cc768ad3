#include <dogs/sandbox.h>

#include "call.h"
#include "disks.h"
#include "game_respond.h"
#include "game_serve.h"
#include "games.h"
#include "routes.h"

#include <dogs/httpd.h>
#include <dogs/os.h>
#include <dogs/work.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PLAN = 1024 * 1024, MAX_BODY = 32 * 1024 * 1024, MAX_CONNS = 256 };

struct sandbox {
    struct service service;
    struct httpd *httpd;
    char url[64];
};

static void answer(void *ctx, const struct httpd_req *req, struct httpd_resp *resp)
{
    service_answer(ctx, req, resp);
}

static bool load_plan(struct store *s, const char *path, struct err *e)
{
    struct str text = {0};
    if (!os_read_file(path, MAX_PLAN, &text, e))
        return false;
    cJSON *plan = json_parse(str_text(&text), text.len, e);
    str_release(&text);
    bool ok = plan && store_enter(s, e);
    if (ok) {
        bool good = faults_read(&s->world, plan, e);
        struct err left;
        ok = store_leave(s, good ? e : &left) && good;
    }
    cJSON_Delete(plan);
    return ok ? true : err_wrap(e, "fault plan %s", path);
}

/* Servers that have no game yet get one, and so do their droplets. */
static bool load_games(struct store *s, const struct sandbox_opts *opts, struct err *e)
{
    if (opts->n_games == 0)
        return true;
    if (!store_enter(s, e))
        return false;
    for (size_t i = 0; i < opts->n_games; i++) {
        const struct sandbox_game *g = &opts->games[i];
        struct game_wish wish = {.server = g->server,
                                 .protocol = g->protocol,
                                 .password = g->password ? g->password : ANY_PASSWORD,
                                 .port = g->port ? g->port : -1,
                                 .max = -1,
                                 .boot_ms = -1};
        if (responder_known(g->protocol))
            gameservers_grant(&s->world, &wish, s->dir, s->now);
    }
    return store_leave(s, e);
}

struct sandbox *sandbox_start(const struct sandbox_opts *opts, struct err *e)
{
    struct sandbox *sb = xcalloc(1, sizeof *sb);
    sb->service.stop = cancel_new();
    sb->service.stepped.lock = lock_new();
    bool ok = store_open(&sb->service.store, opts->dir, e) &&
              store_serve(&sb->service.store, opts->speed, e) &&
              (!opts->faults || load_plan(&sb->service.store, opts->faults, e)) &&
              load_games(&sb->service.store, opts, e);
    if (ok)
        sb->service.games = games_start(&sb->service.store, sb->service.stop);
    if (ok)
        sb->httpd = httpd_start(&(struct httpd_opts){.port = opts->port,
                                                     .max_body = MAX_BODY,
                                                     .max_conns = MAX_CONNS,
                                                     .handler = answer,
                                                     .ctx = &sb->service},
                                e);
    if (!sb->httpd) {
        sandbox_stop(sb);
        err_wrap(e, "start the sandbox");
        return NULL;
    }
    snprintf(sb->url, sizeof sb->url, "http://127.0.0.1:%d", httpd_port(sb->httpd));
    return sb;
}

const char *sandbox_url(const struct sandbox *sb)
{
    return sb->url;
}

void sandbox_stop(struct sandbox *sb)
{
    if (!sb)
        return;
    cancel_trigger(sb->service.stop);
    httpd_stop(sb->httpd);
    games_stop(sb->service.games);
    store_close(&sb->service.store);
    stepped_release(&sb->service.stepped);
    cancel_free(sb->service.stop);
    free(sb);
}

bool sandbox_reset(const char *dir, struct err *e)
{
    struct store s;
    bool ok = store_open(&s, dir, e) && store_enter(&s, e);
    if (ok) {
        bool forgotten = store_forget(&s, e);
        struct err left;
        ok = store_leave(&s, forgotten ? e : &left) && forgotten;
    }
    store_close(&s);
    return ok ? true : err_wrap(e, "reset the sandbox");
}

bool sandbox_play(const char *dir, const char *server, long *generation, struct err *e)
{
    struct store s;
    bool ok = store_open(&s, dir, e) && store_enter(&s, e);
    if (ok) {
        const struct droplet *d = play(&s.world, s.now, server, 0);
        if (d && generation)
            *generation = (long)d->world;
        ok = store_leave(&s, e);
        if (ok && !d)
            ok = err_set(e, ERR_NOT_FOUND, "no running droplet is called %s", server);
    }
    store_close(&s);
    return ok ? true : err_wrap(e, "play in the sandbox");
}

static bool has_address(const struct store *s, const struct droplet *d, const char *address)
{
    const char *usual = *s->world.public_ip ? s->world.public_ip : d->ipv4;
    if (strcmp(usual, address) == 0 || (*d->ipv6 && strcmp(d->ipv6, address) == 0))
        return true;
    for (EACH(reserved_ip, r, &s->world, reserved_ips))
        if (r->droplet_id == d->id && strcmp(r->ip, address) == 0)
            return true;
    return false;
}

static char *find_disk(const struct store *s, const char *address, struct err *e)
{
    int64_t id = 0;
    for (EACH(droplet, d, &s->world, droplets)) {
        if (!droplet_lives(d, s->now) || strcmp(droplet_status(d, s->now), "active") != 0 ||
            s->now < d->networks_ms || !has_address(s, d, address))
            continue;
        if (id) {
            err_set(e, ERR_GUARD, "several running droplets have the address %s", address);
            return NULL;
        }
        id = d->id;
    }
    if (id)
        return disk_open(s, id, e);
    err_set(e, ERR_NOT_FOUND, "no running droplet has the address %s", address);
    return NULL;
}

bool sandbox_disk(const char *dir, const char *address, char **folder, struct err *e)
{
    struct store s;
    *folder = NULL;
    bool ok = store_open(&s, dir, e) && store_enter(&s, e);
    if (ok) {
        struct err left;
        *folder = find_disk(&s, address, e);
        ok = store_leave(&s, *folder ? e : &left) && *folder;
    }
    store_close(&s);
    if (!ok) {
        free(*folder);
        *folder = NULL;
    }
    return ok;
}
