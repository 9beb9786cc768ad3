/* transfer_plan: from the words of `dogs get` and `dogs put` to the list of files that are to move.
 *
 *     struct plan p = {.cli = cli, .way = TRANSFER_GET, .args = args};
 *     if (plan_make(&p, &e)) ...
 *     plan_release(&p);
 */
#ifndef DOGS_CLI_TRANSFER_PLAN_H
#define DOGS_CLI_TRANSFER_PLAN_H

#include "cmd.h"
#include "transfer_spec.h"
#include <dogs/transfer.h>

struct transfer_args {
    const char *spec, *failed, *retry_failed, *sha256, *checksums;
    const char *rate, *part_size, *presign, *older;
    int64_t connections, tries;
    bool recursive, no_clobber, fail_fast, sync, uploads, abort_uploads;
    struct opt_texts include, exclude;
};

struct planned {
    const struct remote *remote;
    char *address, *path;
    const char *below;  /* lent by the plan; as in struct transfer_item */
    const char *sha256; /* lent by the plan; NULL = not known */
    char *refused;      /* why it will not move; NULL = it will */
    int64_t size;       /* -1 = not known */
    bool no_path;       /* path is only what it could be called */
};

struct plan_remote;

struct plan {
    struct cli *cli;
    enum transfer_way way;
    const struct transfer_args *args;
    struct transfer_net *net; /* opened when it is first needed */
    struct planned *files;
    size_t n, room;
    size_t left_out; /* neither files nor folders, met on the way */

    struct plan_remote *remotes; /* transfer_place.c */
    struct folder {
        struct folder *next;
        char name[];
    } * folders;
    char *spec_text;
    /* transfer_sums.c */
    char *sums_text, *sha256;
    struct sum_line *sums;
    size_t n_sums;
};

bool plan_make(struct plan *p, struct err *e);
void plan_release(struct plan *p);

/* transfer_place.c */
/* The remote and the address in it of a text that is a URL or REMOTE:PATH. USAGE if it is neither,
 * NOT_FOUND if there is no such remote, CONFIG. */
bool plan_place(struct plan *p, const char *text, const struct remote **remote, char **address,
                struct err *e);
bool plan_net(struct plan *p, struct err *e);
/* How the far end of a file is typed. Yours. */
char *plan_far_end(const struct plan *p, const struct planned *f);
void plan_remotes_release(struct plan *p);

/* For the parts of the plan. Takes address and path. False if there are too many. */
bool plan_add(struct plan *p, const struct planned *take_file, struct err *e);
bool plan_wants(const struct plan *p, const char *name); /* --include, --exclude */
const char *plan_folder(struct plan *p, const char *name);
/* dir/name, or name alone where dir is "." */
char *plan_join(const char *dir, const char *name);

/* transfer_collect.c: what -r stands for */
bool plan_list(struct plan *p, const struct remote *remote, const char *address, const char *folder,
               struct err *e);
bool plan_walk(struct plan *p, const char *folder, const struct remote *remote, const char *address,
               struct err *e);
/* base/name, with the name as the remote's kind writes it. Yours. */
char *plan_address_below(const struct remote *remote, const char *base, const char *name);

/* transfer_sums.c: --sha256 and --checksums, once all files are known */
bool plan_sums(struct plan *p, struct err *e);
void plan_sums_release(struct plan *p);

#endif
