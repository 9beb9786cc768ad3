/* transfer_run: a plan is carried out while somebody watches, and what came of it is told. */
#ifndef DOGS_CLI_TRANSFER_RUN_H
#define DOGS_CLI_TRANSFER_RUN_H

#include "transfer_plan.h"

/* What the files of a plan came to. */
struct tally {
    size_t done, skipped, failed, unfinished; /* unfinished: stopped, not at fault */
    size_t resumed, restarted, verified;
    int64_t bytes;         /* moved now */
    int64_t size;          /* of what is done */
    int64_t resumed_bytes; /* of what is done, moved by earlier runs */
    int64_t kept_bytes;    /* of what is not done */
    int64_t elapsed_ms;
    int retries;
    bool interrupted, timed_out;
    struct err first; /* of the failed */
};

/* False if one file is not there in the end; the exit status is 1 or 130. */
bool plan_run(struct plan *p, struct err *e);
void plan_print(struct plan *p); /* --dry-run */

/* transfer_watch.c: while it runs */
struct watch {
    struct plan *plan;
    struct transfer *t;
    size_t *file_of; /* transfer's number -> plan's */
    bool *told;
    size_t first; /* all before it are told */
    size_t n_told;
    int64_t event_ms;
};
void watch_begin(struct watch *w);
void watch_look(struct watch *w, bool last);

/* transfer_told.c: afterwards */
struct telling {
    struct plan *plan;
    struct tally *tally;
    size_t shown;
    struct str lines; /* of --failed */
    cJSON *files;     /* MODE_JSON; NULL = not wanted */
};
void tell_begin(struct telling *tell, struct plan *p, struct tally *tally);
void tell_file(struct telling *tell, const struct planned *f, const struct transfer_result *r);
/* Summary, --failed, and the error that stands for all. */
bool tell_end(struct telling *tell, struct err *e);

/* Members of o: what a file came to. Returns o. */
cJSON *plan_file_json(cJSON *o, const struct plan *p, const struct planned *f,
                      const struct transfer_result *r);
/* Both ends as they are typed, for people: no credentials, no control characters. Yours, both. */
void plan_ends(const struct plan *p, const struct planned *f, char **source, char **target);

#endif
