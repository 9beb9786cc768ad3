/* server: droplets and snapshots as the cloud lists them → what one server has. Names are matched
 * whole, never by prefix. The picking and the retention rule are pure. */
#ifndef CORE_SERVER_H
#define CORE_SERVER_H

#include "engine.h"

/* The account as listed: droplets first, then snapshots, so that whoever stops a server in between
 * is seen either with its droplet or with its newest snapshot. */
struct account_look {
    int64_t at; /* the cloud's time of the droplets */
    struct droplet *droplets;
    size_t n_droplets;
    struct snapshot *snapshots;
    size_t n_snapshots;
    struct owned *index; /* who may own what, by server name; internal */
    size_t n_index;
};
bool look_read(struct cloud *cloud, struct account_look *out, struct err *e);
void look_release(struct account_look *look);
/* Calls fn once with each name that a tag of ours gives to something in the account. */
void look_servers(const struct account_look *look, void (*fn)(void *ctx, const char *server),
                  void *ctx);

/* What of it is one server's. Pointers lent by the look. */
struct server_look {
    const struct droplet **droplets; /* carry the server's tag; lowest id first */
    size_t n_droplets;
    const struct droplet **untagged; /* exact name, no tag of ours */
    size_t n_untagged;
    const struct snapshot **series; /* <server>-<digits>, newest first, not tagged for another */
    size_t n_series;
    const struct snapshot *base; /* <server>-base; NULL */
};
void server_pick(const struct account_look *look, const char *server, struct server_look *out);
void server_look_release(struct server_look *s);

/* Whether a snapshot's name is this server's, and of which kind. */
bool server_owns_name(const char *server, const char *snapshot, enum snapshot_kind *kind);
/* The server that a snapshot name belongs to ("mc-1700000000" -> "mc"); false for others. */
bool server_of_name(const char *snapshot, char *server, size_t size);

/* Marks in victims[i] what retention deletes of series (newest first): proved snapshots beyond the
 * newest `keep`; never the newest, never the newest clean one. With adopt, untagged ones count as
 * proved. Returns how many. */
size_t retention(const struct snapshot *const *series, size_t n, const char *server, int keep,
                 bool adopt, bool *victims);

#endif
