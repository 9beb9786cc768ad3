/* download: a file that comes. download.c asks for stretches and writes them, landing.c saves what
 * is there, checks it, and gives it its name. Private to transfer. */
#ifndef TRANSFER_DOWNLOAD_H
#define TRANSFER_DOWNLOAD_H

#include "engine.h"
#include "record.h"

struct download {
    char *part_path, *record_path;
    struct file_info target;  /* as it was at the beginning */
    struct file *file;        /* the part; NULL until something is to be written */
    char *whole;              /* instead of it: all of a small file, not written yet */
    struct object object;     /* what is fetched */
    bool known;               /* a head told of it, in this run or by the record */
    bool unranged;            /* one stream from the beginning is all that the server can */
    bool resumed;             /* from a record: still to be seen whether it is the same */
    bool recorded;            /* a record is on the disk */
    struct spans have, asked; /* written; and that together with what is on its way */
    struct spans safe;
    int64_t answer_ms;   /* shortest time to an answer's head; -1 = none was seen */
    int64_t bytes_per_s; /* of one connection, the fastest yet; 0 = not known */
    int64_t saved_ms, synced_ms;
    bool piece_done, unsaved;
    int changes, mismatches;
    /* What its bytes must add up to. */
    bool checked, has_digest;
    int kind; /* of sum */
    uint8_t want[DIGEST_MAX];
    struct sum *sum;
    int64_t hashed; /* bytes from the beginning */
};

/* Stretches can be asked for, and it will be seen if the remote is another one by then. */
bool download_is_ranged(const struct download *d);
/* Written, and nothing is missing. */
bool download_is_there(const struct download *d);
/* The digest that the bytes are to be held against, from what is known of it. */
bool download_begin_hash(struct job *j, struct download *d, struct err *e);
/* From the beginning again: the remote is another one, or what came was no good. */
bool download_start_over(struct job *j, struct download *d, struct err *e);
bool download_tend(struct job *j, bool *done, struct err *e);
void download_close(struct job *j, bool done);

#endif
