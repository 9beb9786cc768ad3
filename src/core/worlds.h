/* worlds: the archives of a server's world: where they lie, what they are called, which of them
 * retention keeps. Private to core.
 *
 *     mc-1790000000.tar.zst                             the archive
 *     mc-1790000000.tar.zst.48211.9f86…0a08.proof       its size and SHA-256, once it is proved
 *
 * One list of the service tells all; a name that is neither is not ours and never touched. */
#ifndef CORE_WORLDS_H
#define CORE_WORLDS_H

#include "engine.h"
#include <dogs/transfer.h>

struct world_place {
    struct transfer_net *net;
    struct remote remote;
    char *folder; /* "bucket/folder/mc" */
    char *shown;  /* "spaces:folder/mc" */
};
/* CONFIG where `world: to:` is unset, names no remote, or one that cannot lend addresses. */
bool world_place_open(struct core *core, const struct server_cfg *srv, struct world_place *out,
                      struct err *e);
void world_place_close(struct world_place *p);
/* The address of an object in it. Yours. */
char *world_address(const struct world_place *p, const char *name);

/* Newest first. Yours to free. */
bool worlds_list(const struct world_place *p, const char *server, struct cancel *cancel,
                 struct world_view **out, size_t *n, struct err *e);

/* The record that proves an archive of so many bytes with this digest. */
bool world_prove(const struct world_place *p, const char *state_dir, const char *name, int64_t size,
                 const char *sha256, struct cancel *cancel, struct err *e);

/* Pure: what a name says; false if it is not one of the server's. proof: its size and digest; else
 * *size is -1. */
bool world_name_read(const char *name, const char *server, struct world_view *out, bool *proof);

/* Pure: sets `prunable` of those that retention does not keep: proved ones only, never the newest
 * of them, never one of the `keep` newest, never one younger than keep_days. */
void world_retention(struct world_view *worlds, size_t n, int keep, int keep_days, int64_t now);

/* Deletes what retention does not keep; *deleted counts. */
bool world_prune(const struct world_place *p, const struct server_cfg *srv, int64_t now,
                 struct cancel *cancel, size_t *deleted, struct err *e);

#endif
