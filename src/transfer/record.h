/* record: what is known of a transfer that was interrupted. A text of lines with a checksum at its
 * end, replaced in one step; what is torn or foreign is not believed, and after a new start of the
 * system only what had been synced to the disk. Never anything secret: addresses as SHA-256.
 * Private to transfer. */
#ifndef TRANSFER_RECORD_H
#define TRANSFER_RECORD_H

#include "backend.h"
#include "spans.h"
#include <dogs/file.h>

struct record {
    char key[2 * 32 + 1];   /* of the remote, the address and the way */
    struct object object;   /* GET: the remote; only size, etag, modified */
    struct spans spans;     /* GET: what is there */
    struct spans safe;      /* GET: what of it is surely on the disk */
    int64_t size, mtime_ns; /* PUT: the local file */
    int64_t part_bytes;
    char *upload;
    struct part *parts; /* PUT: those that arrived */
    size_t n_parts;
};

bool record_key(const struct transfer_item *item, char key[2 * 32 + 1], struct err *e);
/* boot: file_boot's. False without an error if there is none to be believed; *damaged: something
 * was there. */
bool record_load(const char *path, const char *boot, const char *key, struct record *r,
                 bool *damaged);
bool record_save(const char *path, const char *boot, const struct record *r, struct err *e);
void record_release(struct record *r);

/* ".NAME.dogs-part" beside path; yours. */
char *record_part_name(const char *path, const char *suffix);

#endif
