/* disks: what lies on the imitated machines: a folder of files for a droplet that somebody has
 * reached, and a copy of it for each snapshot of it. Where nobody ever did, there is no folder and
 * nothing is done. Private to sandbox.
 *
 *     <dir>/droplets/<id>/   <dir>/snapshots/<id>/
 */
#ifndef SANDBOX_DISKS_H
#define SANDBOX_DISKS_H

#include "store.h"

/* The folder of a droplet, made if it is not there. Yours to free; NULL with e set. */
char *disk_open(const struct store *s, int64_t droplet_id, struct err *e);

/* As the disk is now; what failed is logged, for the imitated cloud goes on all the same. */
void disk_save(const struct store *s, int64_t droplet_id, int64_t snapshot_id);
void disk_load(const struct store *s, int64_t snapshot_id, int64_t droplet_id);

/* Those of droplets and snapshots that are gone go. */
void disks_sweep(const struct store *s);
void disks_forget(const struct store *s); /* all */

#endif
