/* backend: how one kind of service is asked for what the engine wants. Private to transfer.
 *
 * A backend is a const table: for each kind of call a `prepare`, which makes the request, and an
 * `accept`, which reads the answer. Both are pure over their arguments: no sockets, no files, no
 * state; the engine sends (http_flow for bodies, http_do for the rest), retries, waits and decides.
 * So they are tested with rows of text.
 */
#ifndef TRANSFER_BACKEND_H
#define TRANSFER_BACKEND_H

#include <dogs/http.h>
#include <dogs/transfer.h>

enum call_kind {
    CALL_GET,     /* bytes of an object; `accept` sees the head of the answer, before the body */
    CALL_PUT,     /* a whole object in one request */
    CALL_BEGIN,   /* an upload in parts; takes data too where the table says so */
    CALL_PART,    /* one part of it */
    CALL_PARTS,   /* which parts the service has; page by page */
    CALL_FINISH,  /* an object of its parts */
    CALL_COMMIT,  /* the same for many uploads at once */
    CALL_ABORT,   /* the parts are freed */
    CALL_LIST,    /* objects below a prefix; page by page */
    CALL_UPLOADS, /* uploads that were begun; page by page */
    CALL_DELETE,  /* an object; one that is not there is success */
    CALL_KINDS
};

enum { CALL_HEADERS = 16, ETAG_MAX = 256, UPLOAD_ID_MAX = 1024, PARTS_MAX = 10000 };

/* What tells one state of an object from another, and what its bytes must add up to. */
struct object {
    int64_t size;        /* -1 = not told */
    char etag[ETAG_MAX]; /* as the service writes it, with quotes; "" if none or weak */
    char modified[64];   /* Last-Modified as it came; "" if none */
    int64_t modified_ns; /* the same as a number; 0 if none */
    bool ranges;         /* parts of it can be asked for */
    bool packed;         /* Content-Encoding other than identity */
    uint32_t digests;    /* bit of each digest_kind that the service told of the whole object */
    uint8_t digest[DIGEST_KINDS][DIGEST_MAX];
    bool block_hash; /* digest[SHA256] is Dropbox's content_hash: see digest of blocks */
};

struct part {
    int number;          /* from 1 */
    int64_t size;        /* 0 = not told */
    char etag[ETAG_MAX]; /* with quotes, as it came */
    bool opaque;         /* surely no MD5, although it may look like one (encrypted) */
};

/* One upload that CALL_COMMIT turns into an object. */
struct commit {
    const char *address, *upload;
    int64_t total, mtime_ns;
    bool no_clobber;
    bool ok;              /* after accept */
    struct object object; /* what was stored */
    struct err e; /* why not; GUARD: no_clobber, and it is there; NOT_FOUND: the upload is gone */
};

/* What a service is known to say of itself during a run: shared by its calls, guarded by the
 * engine. */
struct access {
    char *token;     /* dropbox: the access token in use; NULL = none yet */
    int64_t skew_ms; /* the service's clock less ours */
};

struct call {
    enum call_kind kind;
    const struct remote *remote;
    const struct access *access;
    const char *address;
    int64_t now_ms; /* wall clock, for signatures (access->skew_ms is added by the backend) */

    /* What is asked. */
    int64_t from, to; /* GET: bytes from..to-1; to < 0: to the end. 0 and < 0: no Range */
    const struct object
        *pinned;              /* GET: must still be this one (If-Match, or by date); NULL = any */
    int64_t offset, len;      /* BEGIN with data, PART: which bytes; PUT: 0 and the length */
    int64_t total;            /* size of the whole file */
    int number;               /* PART */
    bool last;                /* PART, BEGIN with data: nothing comes behind it */
    const char *upload;       /* PART, PARTS, FINISH, ABORT: its id */
    const struct part *parts; /* FINISH, ascending */
    size_t n_parts;
    struct commit *commits; /* COMMIT */
    size_t n_commits;
    int64_t mtime_ns; /* PUT, BEGIN, FINISH: of the local file */
    bool no_clobber;  /* PUT, FINISH */
    const char *page; /* PARTS, LIST, UPLOADS: where to go on; NULL = at the beginning */

    /* Made by prepare; freed by call_release. */
    const char *method;
    char *url;
    struct http_header headers[CALL_HEADERS]; /* name lent, value owned */
    size_t n_headers;
    char *header_name;              /* one that is not a constant; lent by the header that has it */
    char *bearer, *user, *password; /* NULL = none */
    bool netrc, decode;
    struct str body; /* sent, where the kind sends no file bytes */

    /* Made by accept; freed by call_release. */
    struct object object; /* GET: the whole object; PUT, FINISH: what was stored, as far as told */
    int64_t got_from;     /* GET: where the body begins */
    int64_t got_to;       /* GET: where it ends; -1 = not told */
    char *got_upload;     /* BEGIN */
    struct part got_part; /* PART: its etag */
    struct part *got_parts; /* PARTS */
    size_t n_got_parts;
    char **names; /* LIST: objects, relative to the prefix; UPLOADS: addresses */
    int64_t *sizes;
    int64_t *times; /* UPLOADS: Unix seconds */
    char **ids;     /* UPLOADS */
    size_t n_names;
    char *next;            /* the next page; NULL = that was the last */
    int64_t right_offset;  /* PART refused: the service has the bytes before this; else -1 */
    int64_t right_skew_ms; /* refused because our clock is wrong by this; 0 = no */
    bool token_is_old;     /* refused because the access token has run out */
    bool changed;          /* GET refused or answered by another object than `pinned` */
    bool upload_is_gone; /* PART, PARTS, FINISH: the service does not know the upload (any more) */
};

struct backend_op {
    bool (*prepare)(struct call *c, struct err *e);
    /* Sees every complete answer of whatever status (2xx, 4xx …; the engine follows redirects
     * before). True: the effect is there and told. False: e says what and why, in the service's own
     * words where it has some; e->retryable: the same may succeed later (408, 425, 429, 5xx and
     * what the service says is passing). */
    bool (*accept)(struct call *c, const struct http_resp *r, struct err *e);
};

struct backend {
    const char *type;
    bool (*check)(const struct remote *r, struct err *e); /* transfer_remote_ok */
    /* A new access token into *token; NULL where there is no such thing. Blocks. */
    bool (*login)(const struct remote *r, struct http *http, struct cancel *cancel, char **token,
                  struct err *e);
    bool (*presign)(const struct remote *r, enum transfer_way way, const char *address,
                    int64_t seconds, int64_t now_ms, char **url, struct err *e);
    int64_t whole_most;            /* bytes of one PUT */
    int64_t part_least, part_most; /* the last part may be smaller */
    int64_t part_step;             /* parts are multiples of it */
    int parts_most;                /* 0 = no parts */
    int at_once;                   /* requests on one object at a time; 0 = as many as there are */
    int batch;                     /* uploads per COMMIT; 0 = it has none, FINISH is used */
    bool begin_takes_data;         /* an upload of one part is its BEGIN alone */
    bool last_alone;  /* the last part closes the upload: sent when the others are there */
    bool etag_is_md5; /* a part's etag of 32 hex digits is its MD5 */
    struct backend_op op[CALL_KINDS];
};

extern const struct backend backend_http, backend_s3, backend_dropbox;
const struct backend *backend_of(const char *type); /* NULL if there is none */

/* Helpers for prepare and accept. */
void call_header(struct call *c, const char *name, const char *fmt, ...) PRINTF(3, 4);
void call_release(struct call *c); /* what prepare and accept made; the questions stay */
/* The one meaning of statuses: AUTH 401 403, NOT_FOUND 404 410, RATE_LIMIT 429, GUARD 412 when
 * no_clobber, else REFUSED; retryable for 408 425 429 500 502 503 504. words: the service's own, or
 * NULL. Returns false. */
bool call_refused(const struct call *c, const struct http_resp *r, const char *words,
                  struct err *e);
/* Range and, with `pinned`, If-Match or If-Unmodified-Since (If-Range is ignored by some servers).
 */
void call_range(struct call *c);
/* The same of a GET: 412 and 416 mean that the object changed, where one is pinned. */
bool call_refused_get(struct call *c, const struct http_resp *r, const char *words, struct err *e);
/* size, etag, modified, ranges, packed, got_from, got_to from the headers of a 200 or 206, held
 * against what was asked: PROTOCOL (retryable) if the range is another one, `changed` if the object
 * is. */
bool call_read_head(struct call *c, const struct http_resp *r, struct err *e);
/* Seconds to wait that the answer names (Retry-After in either form); 0 = none. */
int64_t call_retry_after_ms(const struct http_resp *r, int64_t now_ms);

#endif
