#include "games.h"

#include "game_respond.h"

#include <dogs/hash.h>
#include <stdio.h>
#include <string.h>

const char *const game_modes[MODE_COUNT + 1] = {
    "normal", "silent", "rubbish", "cut", "closed", "starting", "save_fails", "save_silent", NULL,
};

enum game_mode game_mode_of(const struct gameserver *g)
{
    for (int i = 0; i < MODE_COUNT; i++)
        if (strcmp(game_modes[i], g->mode) == 0)
            return (enum game_mode)i;
    return MODE_NORMAL;
}

int64_t droplet_booted_ms(const struct droplet *d, int64_t now)
{
    bool again = d->booted_ms > d->active_ms && strcmp(droplet_status(d, now), "active") == 0;
    return again ? d->booted_ms : d->active_ms;
}

int64_t droplet_players(const struct droplet *d, int64_t now)
{
    return d->players_ms >= droplet_booted_ms(d, now) ? d->players : 0;
}

bool gameserver_up(const struct droplet *d, const struct gameserver *g, int64_t now)
{
    int64_t booted = droplet_booted_ms(d, now);
    return droplet_lives(d, now) && strcmp(droplet_status(d, now), "active") == 0 &&
           now >= booted + g->boot_ms && (d->stopped_ms == 0 || d->stopped_ms < booted) &&
           game_mode_of(g) != MODE_CLOSED;
}

int64_t gameserver_turns_ms(const struct droplet *d, const struct gameserver *g, int64_t now)
{
    const int64_t moments[] = {d->active_ms, d->active_ms + g->boot_ms,
                               d->booted_ms, d->booted_ms + g->boot_ms,
                               d->power_ms,  d->gone_ms};
    int64_t next = NEVER_MS;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        if (moments[i] > now && moments[i] < next)
            next = moments[i];
    return next;
}

const char *gameserver_address(const struct world *w, const struct droplet *d)
{
    const char *ip = *w->public_ip ? w->public_ip : d->ipv4;
    return strncmp(ip, "127.", 4) == 0 ? ip : NULL;
}

static struct gameserver *push_copy(struct world *w, size_t of)
{
    struct gameserver *to = list_push(w, &gameserver_kind);
    const struct gameserver *from = list_at(w, &gameserver_kind, of);
    to->id = world_new_id(w, ID_OTHER);
    text_set(&to->protocol, from->protocol);
    text_set(&to->password, from->password);
    text_set(&to->mode, "normal");
    to->port = from->port;
    to->max = from->max;
    to->boot_ms = from->boot_ms;
    return to;
}

void gameservers_keep(struct world *w, const struct droplet *d, int64_t snapshot_id)
{
    size_t n = w->gameservers.n;
    for (size_t i = 0; i < n; i++) {
        const struct gameserver *g = list_at(w, &gameserver_kind, i);
        if (g->droplet_id == d->id)
            push_copy(w, i)->snapshot_id = snapshot_id;
    }
}

void gameservers_drop(struct world *w, int64_t droplet_id, int64_t snapshot_id)
{
    for (size_t i = w->gameservers.n; i-- > 0;) {
        struct gameserver *g = list_at(w, &gameserver_kind, i);
        if ((droplet_id && g->droplet_id == droplet_id) ||
            (snapshot_id && g->snapshot_id == snapshot_id))
            list_remove(w, &gameserver_kind, g);
    }
}

static struct gameserver *find_on(const struct world *w, int64_t droplet_id, const char *protocol,
                                  int64_t port)
{
    for (EACH(gameserver, g, w, gameservers))
        if (g->droplet_id == droplet_id && g->port == port && strcmp(g->protocol, protocol) == 0)
            return g;
    return NULL;
}

static bool to_come(const struct gameserver *g, const char *server)
{
    return g->droplet_id == 0 && g->snapshot_id == 0 && strcmp(g->server, server) == 0;
}

void gameservers_install(struct world *w, const struct droplet *d, int64_t snapshot_id)
{
    size_t n = w->gameservers.n;
    for (size_t i = 0; i < n; i++) {
        const struct gameserver *g = list_at(w, &gameserver_kind, i);
        if (snapshot_id && g->snapshot_id == snapshot_id)
            push_copy(w, i)->droplet_id = d->id;
    }
    for (size_t i = 0; i < n; i++) {
        const struct gameserver *g = list_at(w, &gameserver_kind, i);
        if (!to_come(g, d->name))
            continue;
        struct gameserver *on = find_on(w, d->id, g->protocol, g->port);
        if (!on) {
            on = push_copy(w, i);
            on->droplet_id = d->id;
            g = list_at(w, &gameserver_kind, i);
        }
        text_set(&on->mode, g->mode);
        text_set(&on->password, g->password);
        on->max = g->max;
        on->boot_ms = g->boot_ms;
    }
}

bool gameservers_on(const struct world *w, int64_t droplet_id)
{
    for (EACH(gameserver, g, w, gameservers))
        if (g->droplet_id == droplet_id)
            return true;
    return false;
}

static bool taken(const struct world *w, const struct droplet *except, const char *ip, int64_t now)
{
    for (EACH(droplet, d, w, droplets))
        if (d != except && droplet_lives(d, now) && strcmp(d->ipv4, ip) == 0)
            return true;
    return false;
}

void droplet_set_loopback(const struct world *w, struct droplet *d, const char *dir, int64_t now)
{
    enum { NETS = 255, HOSTS = 254, ALL = NETS * 256 * HOSTS };
    if (strncmp(d->ipv4, "127.", 4) == 0)
        return;
    uint64_t n = hash_fnv64(dir, strlen(dir)) + (uint64_t)d->id;
    char ip[16];
    do {
        unsigned at = (unsigned)(n++ % ALL);
        snprintf(ip, sizeof ip, "127.%u.%u.%u", 1 + at / (256 * HOSTS), at / HOSTS % 256,
                 1 + at % HOSTS);
    } while (taken(w, d, ip, now));
    text_set(&d->ipv4, ip);
}

static bool is_meant(const struct gameserver *g, const struct game_wish *wish, const char *server,
                     int64_t droplet_id)
{
    bool here = droplet_id ? g->droplet_id == droplet_id : to_come(g, server);
    return here && (!wish->protocol || strcmp(g->protocol, wish->protocol) == 0) &&
           (wish->port < 0 || g->port == wish->port);
}

static void change_text(struct world *w, char **at, const char *to)
{
    w->dirty = w->dirty || strcmp(*at, to) != 0;
    text_set(at, to);
}

static void change(struct world *w, int64_t *at, int64_t to)
{
    if (to < 0)
        return;
    w->dirty = w->dirty || *at != to;
    *at = to;
}

static void grant(struct world *w, struct gameserver *g, const struct game_wish *wish)
{
    char digest[PASSWORD_DIGEST];
    password_digest(wish->password ? wish->password : "", digest);
    if (wish->password)
        change_text(w, &g->password, digest);
    if (wish->mode)
        change_text(w, &g->mode, wish->mode);
    change(w, &g->max, wish->max);
    change(w, &g->boot_ms, wish->boot_ms);
}

static size_t count_at(const struct world *w, const char *server, int64_t droplet_id)
{
    const struct game_wish all = {.port = -1};
    size_t n = 0;
    for (EACH(gameserver, g, w, gameservers))
        n += is_meant(g, &all, server, droplet_id);
    return n;
}

size_t gameservers_wish(struct world *w, const struct game_wish *wish, const char *server,
                        int64_t droplet_id)
{
    size_t meant = 0;
    for (EACH(gameserver, g, w, gameservers)) {
        if (!is_meant(g, wish, server, droplet_id))
            continue;
        grant(w, g, wish);
        meant++;
    }
    if (meant || !wish->protocol || count_at(w, server, droplet_id) >= GAMES_PER_PLACE)
        return meant;
    struct gameserver *g = list_push(w, &gameserver_kind);
    g->id = world_new_id(w, ID_OTHER);
    g->droplet_id = droplet_id;
    text_set(&g->server, droplet_id ? "" : server);
    text_set(&g->protocol, wish->protocol);
    text_set(&g->mode, "normal");
    g->port = wish->port > 0 ? wish->port : responder_port(wish->protocol);
    g->max = 20;
    grant(w, g, wish);
    return 1;
}

size_t gameservers_grant(struct world *w, const struct game_wish *wish, const char *dir,
                         int64_t now)
{
    size_t meant = wish->server ? gameservers_wish(w, wish, wish->server, 0) : 0;
    for (EACH(droplet, d, w, droplets)) {
        bool this_one =
            wish->server ? strcmp(d->name, wish->server) == 0 : d->id == wish->droplet_id;
        if (!this_one || d->deleted || !droplet_lives(d, now))
            continue;
        meant += gameservers_wish(w, wish, "", d->id);
        if (gameservers_on(w, d->id))
            droplet_set_loopback(w, d, dir, now);
    }
    return meant;
}

void game_told(struct world *w, struct droplet *d, int64_t port, const char *what, const char *text,
               int64_t now)
{
    if (w->orders.n >= GAME_ORDERS_KEPT)
        list_remove(w, &order_kind, list_at(w, &order_kind, 0));
    struct order *o = list_push(w, &order_kind);
    o->id = world_new_id(w, ID_OTHER);
    o->droplet_id = d->id;
    o->at_ms = now;
    o->port = port;
    text_set(&o->what, what);
    text_set(&o->text, text);
}
