/* transfer: many files, large files, in both directions, whatever interrupts them.
 *
 *     struct transfer_net *net = transfer_net_open(NULL, &e);
 *     struct transfer *t = transfer_new(&(struct transfer_opts){.net = net, ...}, &e);
 *     transfer_add(t, &item, &e) ...            // any number; before transfer_start
 *     transfer_start(t);
 *     while (!transfer_wait(t, 200)) {
 *         transfer_progress(t, &p);             // paint it
 *         if (cancel_is(c)) transfer_stop(t);
 *     }
 *     for (i < transfer_count(t)) transfer_result(t, i, &r) ...
 *     transfer_free(t);
 *     transfer_net_close(net);
 *
 * Downloads go into NAME's folder as ".NAME.dogs-part" with a record ".NAME.dogs-record" beside it,
 * and get their name in one step when length and digest are right; small ones are written at once.
 * What was interrupted, kill -9 included, is taken up by the same request later: parts that were
 * finished are not fetched again if the remote is still the same (checked by its ETag or date on
 * every range). Uploads in parts keep their record in the records folder.
 *
 * transfer_* may be called from the thread that made it; transfer_progress, _result and _stop from
 * any. The work is done by one or two threads of the engine's own, which never call up.
 */
#ifndef DOGS_TRANSFER_H
#define DOGS_TRANSFER_H

#include <dogs/digest.h>
#include <dogs/err.h>
#include <dogs/str.h>
#include <dogs/work.h>

enum {
    TRANSFER_CONNECTIONS = 8, /* default of -j */
    TRANSFER_CONNECTIONS_MAX = 64,
    TRANSFER_TRIES = 10, /* default: tries in a row without a byte of progress */
    TRANSFER_MAX_FILES = 10 * 1000 * 1000,
};

/* How a service is spoken to. All text is lent for as long as the transfer lives; NULL or "" is
 * unset. What each type takes stands in its backend_*.c; transfer_remote_ok checks it. */
struct remote {
    const char *name; /* as people call it: "spaces"; "" for a bare URL */
    const char *type; /* "http", "s3", "dropbox" */
    const char *url;  /* http: what addresses are added to ("" = they are whole URLs); s3: the
                         endpoint; dropbox: "" = the live service, else one host for both of its */
    const char *user, *password, *token;  /* http: basic or bearer; dropbox: an access token */
    const char *header;                   /* http: one more, "X-JFrog-Art-Api: KEY" */
    bool netrc;                           /* http */
    const char *region, *key_id, *secret; /* s3 */
    bool virtual_host;                    /* s3: bucket.endpoint instead of endpoint/bucket */
    const char *refresh_token, *app_key, *app_secret; /* dropbox: how access tokens are had */
};

/* CONFIG: type unknown, something is missing or does not belong, secrets in clear text. */
bool transfer_remote_ok(const struct remote *r, struct err *e);

enum transfer_way { TRANSFER_GET, TRANSFER_PUT };

/* All text is copied, the remote lent. */
struct transfer_item {
    enum transfer_way way;
    const struct remote *remote;
    const char *address; /* http: URL or what is added to the remote's; s3: "bucket/key"; dropbox:
                            "/folder/name" */
    const char *path;    /* the local file */
    const char *below;  /* GET: folders of path beneath this one are made, links among them refused;
                           NULL = path's folder must be there */
    const char *sha256; /* 64 hex digits that the file must have; NULL = not known */
    bool no_clobber;    /* what is there already stays, and the item counts as skipped */
};

/* The connection to the world that all of the below share: its TLS sessions and what DNS said. Safe
 * from any thread; closed after all that uses it. ca_file: PEM of the only CAs to trust, NULL or ""
 * = the system's; CONFIG if it cannot be read, FAILED if the HTTP library is not there. */
struct transfer_net;
struct transfer_net *transfer_net_open(const char *ca_file, struct err *e);
void transfer_net_close(struct transfer_net *net); /* NULL allowed */

struct transfer_opts {
    struct transfer_net *net;
    const char *records_dir; /* uploads' records; made when needed */
    int connections;         /* in all; 0 = TRANSFER_CONNECTIONS; 1 = one after the other */
    int tries;               /* 0 = TRANSFER_TRIES */
    int64_t bytes_per_s;     /* in all, both directions; 0 = no limit */
    int64_t part_bytes;      /* 0 = chosen for each file; brought within the service's limits */
    bool fail_fast;          /* the first failure stops the others */
    bool sync;               /* on the disk before the final name is given */
};

enum transfer_state {
    TRANSFER_WAITING,
    TRANSFER_RUNNING,
    TRANSFER_DONE,
    TRANSFER_SKIPPED, /* no_clobber, and it was there */
    TRANSFER_FAILED,
};

struct transfer_result {
    enum transfer_state state;
    struct err err;  /* if FAILED; stopped by transfer_stop: INTERRUPTED, by fail_fast: CANCELLED */
    int64_t size;    /* -1 = not known yet */
    int64_t done;    /* bytes of it that are safe, those of earlier runs included */
    int64_t resumed; /* of them from earlier runs */
    bool restarted;  /* the remote had changed, or a record was no good: from the beginning */
    bool verified;   /* a digest was compared, not only the length */
    const struct transfer_item *item; /* lent */
};

struct transfer_progress {
    size_t files, waiting, running, finished, skipped, failed;
    int64_t bytes;       /* moved by this run */
    int64_t done, total; /* of all files; total counts known sizes only */
    bool total_known;
    int64_t bytes_per_s; /* over the last seconds */
    int64_t left_ms;     /* -1 = not known */
    int retries;
};

struct transfer;
struct transfer *transfer_new(const struct transfer_opts *opts, struct err *e);
bool transfer_add(struct transfer *t, const struct transfer_item *item, struct err *e);
void transfer_start(struct transfer *t);
bool transfer_wait(struct transfer *t, int ms); /* true once all has ended */
void transfer_stop(struct transfer *t);         /* soon; what can be resumed is kept */
void transfer_pause(struct transfer *t, bool on);
void transfer_progress(struct transfer *t, struct transfer_progress *out);
size_t transfer_count(const struct transfer *t);
void transfer_result(struct transfer *t, size_t i, struct transfer_result *out);
void transfer_free(struct transfer *t); /* stops first */

/* What is below an address of s3 or dropbox, in the service's order, page by page. fn gets names
 * relative to the prefix, as the service gave them: not to be trusted (see transfer_name_ok). */
struct transfer_entry {
    const char *name;
    int64_t size;
};
bool transfer_list(struct transfer_net *net, const struct remote *remote, const char *prefix,
                   bool (*fn)(void *ctx, const struct transfer_entry *entry, struct err *e),
                   void *ctx, struct cancel *cancel, struct err *e);

/* Uploads in parts that were begun and neither finished nor given up: they cost storage. With
 * `abort` those older than older_s are given up. */
struct transfer_upload {
    const char *address, *id;
    int64_t started; /* Unix seconds */
    bool aborted;
};
bool transfer_uploads(struct transfer_net *net, const struct remote *remote, const char *prefix,
                      bool abort, int64_t older_s,
                      void (*fn)(void *ctx, const struct transfer_upload *upload), void *ctx,
                      struct cancel *cancel, struct err *e);

/* One object for good; that it is not there is success. CONFIG where the type of remote has no such
 * thing (only s3 has). */
bool transfer_delete(struct transfer_net *net, const struct remote *remote, const char *address,
                     struct cancel *cancel, struct err *e);

/* A URL that lets its holder get or put one object for so long (s3: at most 7 days). Yours. */
bool transfer_presign(const struct remote *remote, enum transfer_way way, const char *address,
                      int64_t seconds, char **url, struct err *e);

/* Whether a name from a stranger may become a path below a folder: relative, no "..", no empty or
 * too long part, no control characters, nothing that Windows would take for a device or a stream;
 * the reason in e (GUARD). '/' parts folders. */
bool transfer_name_ok(const char *name, struct err *e);
/* One path component made of whatever text: never empty, always transfer_name_ok. Yours. */
char *transfer_name_safe(const char *text);
/* '*' within a folder, '**' across folders, '?', '[a-z]'; a pattern without '/' is held against the
 * last part. */
bool transfer_glob(const char *pattern, const char *name);

#endif
