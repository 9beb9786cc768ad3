/* sandbox: an imitation of the DigitalOcean API, spoken to over real HTTP on loopback.
 *
 *     struct sandbox *sb = sandbox_start(&(struct sandbox_opts){.dir = dir}, &e);
 *     ... use sandbox_url(sb) as API base with token sandbox_token ...
 *     sandbox_stop(sb);
 *
 * The world (droplets, actions, snapshots, faults, counters) lies in <dir>/world.json, replaced
 * atomically after every request that changed it. Several processes may serve the same folder at
 * once: each request is handled under a lock of the file, on the newest state.
 *
 * The clock: while served, virtual time runs `speed` times as fast as real time; between, at real
 * speed. Every answer carries the virtual time in `date` and the header `x-sandbox-speed`.
 *
 * Everything under /v2 answers as the official OpenAPI document says; everything under /sandbox is
 * for whoever controls the imitation (no token needed), see tests/sandbox.md.
 */
#ifndef DOGS_SANDBOX_H
#define DOGS_SANDBOX_H

#include <dogs/err.h>
#include <stdbool.h>
#include <stddef.h>

#define SANDBOX_TOKEN "dop_v1_sandbox0000000000000000000000000000000000000000000000000000000000"

struct sandbox;

/* What the droplets of a server answer as: one row per protocol, all text lent. A protocol that is
 * not known (tests/sandbox.md lists them) is left out. */
struct sandbox_game {
    const char *server, *protocol; /* "mc", "java" */
    int port;                      /* 0 = the usual one */
    const char *password;          /* kept as a digest only; NULL = whoever gives one is let in */
};

struct sandbox_opts {
    const char *dir;    /* made if absent */
    int port;           /* 0 = any free one */
    double speed;       /* 0 = as the world says (default 60) */
    const char *faults; /* file with a fault plan to load first; NULL = none */
    const struct sandbox_game *games;
    size_t n_games;
};

struct sandbox *sandbox_start(const struct sandbox_opts *opts, struct err *e);
const char *sandbox_url(const struct sandbox *sb); /* "http://127.0.0.1:41234" */
void sandbox_stop(struct sandbox *sb);

/* Forgets the world in dir. */
bool sandbox_reset(const char *dir, struct err *e);
/* Somebody plays on the server's running droplet: its world's generation grows by one. NOT_FOUND
 * without a running droplet of that name. */
bool sandbox_play(const char *dir, const char *server, long *generation, struct err *e);
/* The disk of the running droplet that has this public address: a folder, made at first use, kept
 * in its snapshots, gone with it. Yours to free. NOT_FOUND without such a droplet, GUARD with
 * several. */
bool sandbox_disk(const char *dir, const char *address, char **folder, struct err *e);

#endif
