/* engine: what the files of the engine share. Private to transfer.
 *
 * transfer.c   the list of files, the threads, what the outside asks
 * worker.c     one thread: gives its connections to its files, waits, keeps time
 * flight.c     one request on its way: made from a call, its redirect, its retry
 * download.c   a file that comes   } a table of verbs each, `struct way`: the worker knows no more
 * upload.c     a file that goes    }
 * record.c     what is known of a file that was interrupted
 *
 * A running file belongs to one worker. What others read of it is atomic or guarded by
 * transfer.lock.
 */
#ifndef TRANSFER_ENGINE_H
#define TRANSFER_ENGINE_H

#include "backend.h"
#include "sum.h"
#include <dogs/file.h>
#include <dogs/http_flow.h>
#include <stdatomic.h>

enum {
    GATHER =
        64 * 1024, /* written at once: larger pieces leave the cache, smaller ones cost calls */
    WHOLE_MOST = 256 * 1024, /* files up to this are gathered and written in one go */
    REDIRECTS_MOST = 10,
    WORKERS_MOST = 2,  /* a third brings nothing: copying is bound by memory, TLS by two cores */
    SAVE_MS = 1000,    /* records are written so often at most, and when a part is done */
    STREAMS = 100,     /* requests at once where they share an HTTP/2 connection … */
    STREAMS_EACH = 12, /* … and for each connection that was allowed */
};

struct transfer_net {
    struct http *http;
};

struct job;
struct flight;
struct worker;

/* What a direction does. Called by the worker that has the job, never from a callback of http. */
struct way {
    /* Looks at the file, at a record; false: it has failed. *skip: there is nothing to do. */
    bool (*open)(struct job *j, bool *skip, struct err *e);
    /* One more request if there is something that can be asked for now; *started tells. False: the
     * file has failed. extra: it has one on its way already. */
    bool (*start)(struct job *j, bool extra, bool *started, struct err *e);
    /* A flight has ended well or not at all (f->outcome); the way takes from it what it brought.
     * False: the file has failed. */
    bool (*landed)(struct job *j, struct flight *f, struct err *e);
    /* After each turn: saves records, hashes on, finishes. *done: all is there. */
    bool (*tend)(struct job *j, bool *done, struct err *e);
    /* Ends, failed or not; whatever can be resumed is kept. */
    void (*close)(struct job *j, bool done);
};
extern const struct way way_get, way_put;

struct job {
    struct transfer_item item;
    const struct backend *backend;
    struct access_box *box;
    /* Guarded by transfer.lock. */
    enum transfer_state state;
    struct failure *failure; /* if FAILED */
    _Atomic bool restarted, verified;
    _Atomic int64_t size, done, resumed;
    /* Its worker's, while it runs. */
    struct worker *worker;
    const struct way *way;
    void *run; /* struct download or upload */
    struct flight *flying;
    int flights;          /* of them */
    char *redirect;       /* where its address leads to; NULL = nowhere else */
    unsigned redirects;   /* changes of it: which one a request was sent with */
    bool stranger;        /* that is another host: no credentials */
    int hops;             /* redirects in a row */
    int tries;            /* waves of failures in a row without progress */
    int64_t failed_ms;    /* the last one; what was sent before it belongs to it */
    int64_t done_at_fail; /* what was there at the last of them */
    int64_t not_before;   /* os_mono_ms */
    bool is_there;        /* no_clobber, and something is there */
    bool ambiguous;       /* a request without an answer may have had its effect */
    struct err *why;      /* another file's batch brought a failure of this one */
    bool busy;            /* there is work on it that waits for nothing: set by `tend` */
    struct job *next;     /* in the worker's list */
};

/* What the files of one remote share; of bare URLs, those of one host. */
struct access_box {
    const struct remote *remote;
    char *host; /* of bare URLs; else "" */
    struct lock *lock;
    struct access access;       /* guarded by lock */
    _Atomic int64_t not_before; /* os_mono_ms: the service asked for patience */
    _Atomic int64_t refused_ms; /* when it last did so */
    _Atomic int64_t landed_ms;  /* the last time that it gave something */
    struct access_box *next;
};

/* An error as it is kept: a million of them may be. */
struct failure {
    enum err_code code;
    int http_status, os_code;
    bool retryable;
    char *text, *hint;
};

enum outcome {
    FLIGHT_ON,      /* still there */
    FLIGHT_VOID,    /* cancelled by us: nobody waits for it */
    FLIGHT_MOVED,   /* redirected: job->redirect is where to ask */
    FLIGHT_OK,      /* the backend accepted, and all of the body came or went */
    FLIGHT_FAILED,  /* for good: f->err */
    FLIGHT_AGAIN,   /* may succeed later: f->err; the job's waiting time is set */
    FLIGHT_CHANGED, /* the remote is another one than before */
};

/* One request: the call it answers, and a stretch of the file that it carries. */
struct flight {
    struct job *job;
    struct call call;
    struct access access; /* as it was when the request left */
    struct http_flow *flow;
    enum outcome outcome;
    struct err err;
    bool asked_2;  /* by HTTP/2, if the server can */
    bool accepted; /* by the backend; of a GET that brings bytes: its head */
    bool repeated; /* what the answer is to may have had its effect before */
    int64_t retry_after_ms;
    /* The stretch. */
    int64_t from, to, pos; /* pos: behind the last byte that moved; to -1 = not known */
    char *buffer;          /* GET: bytes that end at pos and are not written yet */
    size_t filled, room;
    unsigned redirects;       /* job's, when it was sent */
    char *sent_to;            /* the address, if it was redirected */
    int64_t sent_ms, head_ms; /* of a GET: when it left, when the bytes began */
    struct sum *sum;          /* of the bytes that leave, where the answer can be held against it */
    struct flight *next;
};

struct worker {
    struct transfer *t;
    struct thread *thread;
    struct http_flows *flows;
    struct job *jobs;      /* running */
    struct flight *landed; /* ended since the last look, in no order */
    struct flight *spare;  /* kept with their buffers */
    int in_flight;
    bool http2; /* an answer came that way: many requests share one connection */
    bool full;  /* enough files wait for something: no more are begun */
    uint64_t random;
    char *made_folder; /* the last one that was made sure of */
};

struct transfer {
    struct transfer_opts opts;
    struct http *http;
    char *records_dir;
    char boot[FILE_BOOT];
    struct lock *lock;
    struct job *jobs;
    size_t n, room;
    size_t next;                        /* guarded: first that no worker has taken */
    int busy;                           /* guarded: workers that still work */
    size_t counts[TRANSFER_FAILED + 1]; /* guarded: jobs in each state */
    struct access_box *boxes;
    struct worker workers[WORKERS_MOST];
    int n_workers;
    struct cancel *stop, *ended;
    _Atomic int64_t moved;
    _Atomic int retries;
    _Atomic bool paused, failed_fast;
    int64_t began_ms;
    /* Speed: guarded by lock. */
    int64_t seen_ms[8], seen_bytes[8];
    unsigned n_seen;
    /* Limit: guarded by lock. */
    double allowance;
    int64_t allowed_ms, charged;
};

/* A flight for a call of this kind; fill its questions and the stretch, then send it. */
struct flight *flight_new(struct job *j, enum call_kind kind);
/* On its way, in j->flying; its end is told to way->landed. On failure it is freed, and
 * e->retryable says whether it may be tried again. */
bool flight_send(struct flight *take_f, struct err *e);
void flight_free(struct flight *f); /* one that is not on its way */

/* Sets when the job may ask again after a failure that may pass, of something sent at sent_ms;
 * false (e = why) after too many. */
bool job_wait(struct job *j, const struct err *why, int64_t sent_ms, int64_t retry_after_ms,
              struct err *e);
/* Nobody hears any more of its requests, those that ended unheard included. */
void job_recall(struct job *j);

void worker_run(void *ctx);
bool transfer_take(struct transfer *t, struct job **j); /* the next that waits; false: none */
void transfer_settle(struct job *j, enum transfer_state state, const struct err *e);
void transfer_why_stopped(struct transfer *t, struct err *e);
bool transfer_waiting(struct transfer *t); /* files that nobody has begun */
int transfer_most_waiting(const struct transfer *t, int share);
int transfer_connections(const struct worker *w); /* that a worker may use now */
int transfer_share(const struct worker *w);       /* requests at once on them */

/* The download's hooks into its flights, called in http's callbacks. */
bool download_head(struct flight *f, struct err *e);
bool download_bytes(struct flight *f, const void *bytes, size_t len, struct err *e);
bool upload_bytes(struct flight *f, void *to, size_t max, size_t *n, struct err *e);
bool upload_rewind(struct flight *f);

#endif
