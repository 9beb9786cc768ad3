#include "server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void server_tag(const char *server, char out[TAG_MAX])
{
    snprintf(out, TAG_MAX, "dogs:%s", server);
}

static bool all_digits(const char *s)
{
    return *s && s[strspn(s, "0123456789")] == '\0';
}

bool server_of_name(const char *snapshot, char *server, size_t size)
{
    const char *dash = strrchr(snapshot, '-');
    if (!dash || dash == snapshot || (size_t)(dash - snapshot) >= size)
        return false;
    if (!all_digits(dash + 1) && strcmp(dash + 1, "base") != 0)
        return false;
    memcpy(server, snapshot, (size_t)(dash - snapshot));
    server[dash - snapshot] = '\0';
    return true;
}

bool server_owns_name(const char *server, const char *snapshot, enum snapshot_kind *kind)
{
    char owner[CLOUD_TEXT];
    if (!server_of_name(snapshot, owner, sizeof owner) || strcmp(owner, server) != 0)
        return false;
    *kind = strcmp(strrchr(snapshot, '-'), "-base") == 0 ? SNAPSHOT_BASE : SNAPSHOT_SERIES;
    return true;
}

static int lowest_id(const void *a, const void *b)
{
    const struct droplet *x = *(const struct droplet *const *)a;
    const struct droplet *y = *(const struct droplet *const *)b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int newest(const void *a, const void *b)
{
    const struct snapshot *x = *(const struct snapshot *const *)a;
    const struct snapshot *y = *(const struct snapshot *const *)b;
    if (x->created_at != y->created_at)
        return x->created_at > y->created_at ? -1 : 1;
    return x->id > y->id ? -1 : x->id < y->id;
}

/* One thing in the account under one server's name: by tag, or only by its own name. An account
 * may hold thousands of things, so they are sorted once and found by halving. */
struct owned {
    char server[64];
    const struct droplet *droplet; /* one of the two */
    const struct snapshot *snapshot;
    bool tagged;
};

static int by_server(const void *a, const void *b)
{
    const struct owned *x = a, *y = b;
    return strcmp(x->server, y->server);
}

static void own(struct account_look *look, const char *server, size_t len, bool tagged,
                const struct droplet *d, const struct snapshot *s)
{
    struct owned *o = &look->index[look->n_index];
    if (len == 0 || len >= sizeof o->server)
        return;
    *o = (struct owned){.droplet = d, .snapshot = s, .tagged = tagged};
    memcpy(o->server, server, len);
    look->n_index++;
}

/* Under every server that a "dogs:<server>" tag names; under `name` where no tag does. What is
 * tagged for another server is nobody else's, whatever its name. */
static void own_by_tags(struct account_look *look, const char *tags, const char *name,
                        const struct droplet *d, const struct snapshot *s)
{
    static const char prefix[] = " dogs:";
    bool tagged = false;
    for (const char *at = tags; (at = strstr(at, prefix)); tagged = true) {
        at += sizeof prefix - 1;
        /* A snapshot must agree with its tag by name too, or nothing may be done with it. */
        size_t len = strcspn(at, " ");
        if (!s || (strlen(name) == len && memcmp(name, at, len) == 0))
            own(look, at, len, true, d, s);
    }
    if (!tagged && *name)
        own(look, name, strlen(name), false, d, s);
}

static size_t count_words(const char *tags)
{
    size_t n = 1;
    for (; *tags; tags++)
        n += *tags == ':';
    return n;
}

static void make_index(struct account_look *look)
{
    size_t cap = 0;
    for (size_t i = 0; i < look->n_droplets; i++)
        cap += count_words(look->droplets[i].tags);
    for (size_t i = 0; i < look->n_snapshots; i++)
        cap += count_words(look->snapshots[i].tags);
    look->index = xcalloc(cap + 1, sizeof *look->index);
    for (size_t i = 0; i < look->n_droplets; i++)
        own_by_tags(look, look->droplets[i].tags, look->droplets[i].name, &look->droplets[i], NULL);
    for (size_t i = 0; i < look->n_snapshots; i++) {
        char owner[CLOUD_TEXT];
        if (server_of_name(look->snapshots[i].name, owner, sizeof owner))
            own_by_tags(look, look->snapshots[i].tags, owner, NULL, &look->snapshots[i]);
    }
    qsort(look->index, look->n_index, sizeof *look->index, by_server);
}

bool look_read(struct cloud *cloud, struct account_look *out, struct err *e)
{
    *out = (struct account_look){0};
    if (!cloud_droplets(cloud, &out->droplets, &out->n_droplets, e))
        return false;
    out->at = cloud_answered_at(cloud);
    if (!cloud_snapshots(cloud, &out->snapshots, &out->n_snapshots, e)) {
        look_release(out);
        return false;
    }
    make_index(out);
    return true;
}

void look_release(struct account_look *look)
{
    free(look->droplets);
    free(look->snapshots);
    free(look->index);
    *look = (struct account_look){0};
}

void look_servers(const struct account_look *look, void (*fn)(void *ctx, const char *server),
                  void *ctx)
{
    const char *last = "";
    for (size_t i = 0; i < look->n_index; i++) {
        if (!look->index[i].tagged || strcmp(look->index[i].server, last) == 0)
            continue;
        last = look->index[i].server;
        fn(ctx, last);
    }
}

static size_t first_of(const struct account_look *look, const char *server)
{
    size_t low = 0, high = look->n_index;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(look->index[mid].server, server) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void server_pick(const struct account_look *look, const char *server, struct server_look *out)
{
    size_t from = first_of(look, server), to = from;
    while (to < look->n_index && strcmp(look->index[to].server, server) == 0)
        to++;
    *out = (struct server_look){.droplets = xcalloc(to - from, sizeof *out->droplets),
                                .untagged = xcalloc(to - from, sizeof *out->untagged),
                                .series = xcalloc(to - from, sizeof *out->series)};
    for (size_t i = from; i < to; i++) {
        const struct owned *o = &look->index[i];
        enum snapshot_kind kind;
        if (o->droplet && o->tagged)
            out->droplets[out->n_droplets++] = o->droplet;
        else if (o->droplet)
            out->untagged[out->n_untagged++] = o->droplet;
        else if (!server_owns_name(server, o->snapshot->name, &kind))
            continue;
        else if (kind == SNAPSHOT_BASE)
            out->base = out->base && newest(&out->base, &o->snapshot) < 0 ? out->base : o->snapshot;
        else
            out->series[out->n_series++] = o->snapshot;
    }
    qsort(out->droplets, out->n_droplets, sizeof *out->droplets, lowest_id);
    qsort(out->series, out->n_series, sizeof *out->series, newest);
}

void server_look_release(struct server_look *s)
{
    free(s->droplets);
    free(s->untagged);
    free(s->series);
    *s = (struct server_look){0};
}

size_t retention(const struct snapshot *const *series, size_t n, const char *server, int keep,
                 bool adopt, bool *victims)
{
    char tag[TAG_MAX];
    server_tag(server, tag);
    int kept = 0;
    bool have_clean = false;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        bool proved = series[i]->size_mb > 0 && (adopt || cloud_has(series[i]->tags, tag));
        bool clean =
            !cloud_has(series[i]->tags, TAG_UNCLEAN) && !cloud_has(series[i]->tags, TAG_LIVE);
        victims[i] = proved && kept >= (keep > 0 ? keep : 1) && i > 0 && (have_clean || !clean);
        have_clean = have_clean || (proved && clean);
        kept += proved && !victims[i];
        count += victims[i];
    }
    return count;
}
