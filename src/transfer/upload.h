/* upload: a file that goes. upload.c decides what is to be asked next and takes the answers,
 * upload_parts.c knows which parts the service has, upload_end.c makes the object of them. Private
 * to transfer. */
#ifndef TRANSFER_UPLOAD_H
#define TRANSFER_UPLOAD_H

#include "engine.h"
#include "record.h"

enum upload_stage {
    UPLOAD_LOOK,    /* no_clobber: is there something? Some services ignore If-None-Match */
    UPLOAD_WHOLE,   /* one request carries it all */
    UPLOAD_BEGIN,   /* an upload in parts is to be begun */
    UPLOAD_LIST,    /* which parts of an earlier run does the service have? */
    UPLOAD_COMPARE, /* are they ours? */
    UPLOAD_PARTS,
    UPLOAD_HASH, /* the sum of all of it, which the service will tell too */
    UPLOAD_FINISH,
    UPLOAD_COMMIT,  /* waits to be finished with others */
    UPLOAD_MINE,    /* no_clobber, and something is there: is it ours, from a try without answer? */
    UPLOAD_CONFIRM, /* the finish was not answered: is the object there? */
    UPLOAD_DONE,
};

enum { CHANGES_MOST = 3 }; /* of the file or the upload, before it is given up */

enum part_state { PART_MISSING, PART_ON_ITS_WAY, PART_TOLD, PART_THERE };

struct upload {
    char *record_path;
    struct file *file;
    struct file_info local; /* as it was when its first byte was read */
    enum upload_stage stage, after_look;
    int64_t part_bytes;
    int n_parts;
    struct part *parts; /* number i + 1 each */
    unsigned char *states;
    int first_missing; /* none before it */
    int n_there;
    char *id;
    char *page;      /* LIST: where to go on */
    int compared;    /* COMPARE: parts before it are judged */
    bool finished;   /* the service said so; CONFIRM only asks what its object adds up to */
    bool committing; /* in a batch that is on its way */
    bool recorded, unsaved;
    int64_t saved_ms;
    int changes;
    struct sum *sum; /* HASH */
    int64_t hashed;
    bool has_blocks;
    uint8_t blocks[DIGEST_MAX]; /* content_hash of the file */
    struct object stored;       /* what the service says that it has */
    struct commit *commits;     /* of the one that leads a batch */
    struct job **batch;
    size_t n_batch;
};

int64_t upload_part_from(const struct upload *u, int part); /* from 0 */
int64_t upload_part_to(const struct upload *u, int part);
void upload_part_is(struct job *j, struct upload *u, int part, enum part_state state);
bool upload_plan_parts(struct job *j, struct upload *u, struct err *e);
bool upload_take_up(struct job *j, struct upload *u, struct err *e);
bool upload_save(struct job *j, struct upload *u);   /* best effort */
void upload_forget(struct job *j, struct upload *u); /* all that the service has of it */
/* Of the file's bytes at..to-1. */
bool upload_md5(struct upload *u, int64_t at, int64_t to, uint8_t out[DIGEST_MAX], struct err *e);
bool upload_take_list(struct job *j, struct upload *u, struct flight *f);
bool upload_compare(struct job *j, struct upload *u, struct err *e); /* a step of it */

/* The file is open again, if it was closed while it waited. */
bool upload_reopen(struct job *j, struct upload *u, struct err *e);
/* What lies there of an upload costs storage. Best effort, at most some seconds. */
void upload_abort(struct job *j, const char *id);
/* Whether the file is still the one whose bytes were sent; if not, *again: it is sent anew. */
bool upload_still_same(struct job *j, struct upload *u, bool *again, struct err *e);
bool upload_hash(struct upload *u, struct err *e); /* a step of it */
bool upload_start_end(struct job *j, struct upload *u, bool *started, struct err *e);
bool upload_land_end(struct job *j, struct upload *u, struct flight *f, struct err *e);
/* Holds what the service stored against the file. */
bool upload_verify(struct job *j, struct upload *u, struct err *e);

#endif
