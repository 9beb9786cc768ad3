/* fuse: the service on the droplet itself that ends an evening which nobody else ends: the owner's
 * computer is off, and either nobody plays or the hard limit has come. It saves, stops the game,
 * takes a snapshot of the machine that it runs on, proves it, and deletes that machine. This header
 * is the rule by which it may; all of it is pure, over facts, the cloud's answers and times of the
 * cloud's clock. Private to core.
 *
 * Why a rule of its own. The gate of proof.c rests on a machine that is off. A machine cannot look
 * at its own snapshot when it is off, so here something else must stand for "nothing writes to the
 * world": its game. The snapshot holds all of the world if
 *   - the game was seen stopped, and the disk was synced, before the snapshot's action began:
 *     quiet_at < started_at. Both are whole seconds, so the same second is not before, and the
 *     POST waits two of them. It is this run's own POST, sent after that fact was on the disk, by a
 *     name that nobody else gives: were the clocks wrong, the order would still hold;
 *   - the game was seen stopped still after the action ended: quiet_until >= completed_at. At which
 *     moment of the action the cloud freezes the disk is not documented;
 *   - nothing but snapshots was begun on the droplet since quiet_at, by anybody;
 *   - it is the same boot all the time: a restart starts the game;
 *   - and everything that proof.c wants of any snapshot. A mark "taken while running" is no part of
 *     it: what marks a snapshot so is a run that did not stop the game.
 * Whatever is not known forbids. Then the droplet stays, is billed, and the owner hears of it: a
 * forgotten evening costs cents, a lost world cannot be bought back.
 *
 * The steps, each asked first whether it has already happened, so that kill -9 anywhere is resumed:
 *   place     fuse_place: am I the machine that the journal tells of
 *   quiet     warn, save, mask the game's unit until the next boot, stop it, see it stopped, sync
 * and trim; then quiet_at snapshot  write the intent, sync it to the disk, POST. Without an answer,
 * read back by the name, which only this run gives; never a second POST before that prove     wait
 * for the action, see the game stopped again (quiet_until), fuse_flaw; then the tag delete fuse_bar
 * over answers read anew, the droplet's last; the intent, synced; DELETE. This machine ends with
 * it. An error that is no clear answer: look, then fuse_bar again Any refusal: unmask and start the
 * game, note why in the journal, try again after an hour at most twice; after that it only tells.
 *
 * The journal lies on the disk that is in the snapshot, and the record before the snapshot is the
 * last one in there. So a machine that was restored finds a run that is not its own: the droplet's
 * id is another. It says what happened (when, why, how many played), ends the record and leaves the
 * game to its unit; the mask lived in /run and is not on the disk.
 *
 * Others at work: an owner's `stop` while the fuse burns puts a shutdown into the droplet's
 * history, which closes fuse_bar; the owner's run makes a snapshot of its own. A fuse that was
 * quicker looks to that run as another's finished stop, since the snapshot carries the server's
 * tag. Retention is not the fuse's: it has no right to delete a snapshot.
 *
 * Its token (fuse_scopes) is one of its own, 0600, root's. Scopes do not name droplets, so whoever
 * becomes root there can delete any droplet of the account; the snapshots are out of reach.
 */
#ifndef CORE_FUSE_H
#define CORE_FUSE_H

#include "engine.h"
#include "idle.h"

enum { FUSE_BOOT = 40 };

/* What its journal keeps. 0 and "" = not yet. */
struct fuse_facts {
    int64_t droplet_id;
    char boot[FUSE_BOOT]; /* the kernel's id of the boot in which the game was stopped */
    int64_t quiet_at;     /* the game was seen stopped, and then the disk was synced */
    int64_t quiet_until;  /* the last look that found it stopped still */
    char snapshot_name[CLOUD_TEXT];
    int64_t action_id, action_started, action_ended; /* of the snapshot; ended: completed */
    int64_t snapshot_id;
    int64_t last_snapshot_mb; /* the newest good one before; 0 = there is none */
    bool proved;              /* and tagged */
};

/* Whose journal it is. own_id: what the cloud's metadata service says; 0 = it did not answer. */
enum fuse_place {
    FUSE_UNKNOWN,  /* do nothing, ask again */
    FUSE_FRESH,    /* nothing has begun */
    FUSE_GOES_ON,  /* what has begun is this machine's, in this boot */
    FUSE_REBOOTED, /* this machine's, but the game has been started since: begin anew */
    FUSE_RESTORED, /* this machine was made of the snapshot */
};
enum fuse_place fuse_place(const struct fuse_facts *f, int64_t own_id, const char *boot);

/* Whether it is to burn. checked_in: when an owner's `watch` or command was last here; as long as
 * that is not alone_s ago the evening is theirs. 0 = never. */
bool fuse_due(enum idle_verdict verdict, int64_t now, int64_t checked_in, int64_t alone_s);

/* What forbids trust in its snapshot, or NULL. d: its droplet. */
const char *fuse_flaw(const struct fuse_facts *f, const char *server, const struct droplet *d,
                      const struct snapshot *s);

/* All that is read anew before each DELETE. */
struct fuse_sight {
    int64_t own_id;
    const char *boot;
    bool stopped; /* the game is seen stopped still */
    const struct snapshot *snapshot;
    const struct action *actions; /* of the droplet, newest first */
    size_t n_actions;
    const struct droplet *droplet;
};
/* What forbids the DELETE, or NULL. */
const char *fuse_bar(const struct fuse_facts *f, const char *server, const struct fuse_sight *see);

/* The scopes that its token needs and nothing more, with the calls that need them; ends with NULL.
 */
struct fuse_scope {
    const char *name, *why;
};
extern const struct fuse_scope fuse_scopes[];

#endif
