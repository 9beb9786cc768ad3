/* err: an error is a value. It lives on the caller's stack, is filled once where the failure is
 * known, and grows to the left as it rises:
 *
 *     struct err e = {0};
 *     if (!cloud_droplet(cl, id, &d, &e))
 *         return err_wrap(&e, "look at droplet %lld", (long long)id);
 *
 * What can fail returns bool and takes `struct err *e` last; e is never NULL. On success e is not
 * touched. err_set and err_wrap return false, so that `return err_set(...)` reads well. No memory
 * is owned, so an err may be copied and dropped at will.
 */
#ifndef DOGS_ERR_H
#define DOGS_ERR_H

#include <dogs/printf.h>
#include <stdbool.h>
#include <stdint.h>

/* code, name in JSON, exit status. The exit statuses are the product's contract. */
#define ERR_CODES(X)                                                                               \
    X(OK, "ok", 0)                                                                                 \
    X(FAILED, "failed", 1)         /* anything without a better name */                            \
    X(IO, "io", 1)                 /* this machine: files, disk, memory maps */                    \
    X(NETWORK, "network", 1)       /* no complete answer came */                                   \
    X(PROTOCOL, "protocol", 1)     /* an answer came and cannot be understood */                   \
    X(REFUSED, "refused", 1)       /* the service said no; http_status tells */                    \
    X(RATE_LIMIT, "rate_limit", 1) /* 429 beyond what waiting could cure */                        \
    X(USAGE, "usage", 2)           /* the command line */                                          \
    X(CONFIG, "config", 2)         /* the configuration */                                         \
    X(CANCELLED, "cancelled", 3)   /* the user said no to a question */                            \
    X(AUTH, "auth", 4)             /* token wrong, or lacks a scope */                             \
    X(NOT_FOUND, "not_found", 5)                                                                   \
    X(TIMEOUT, "timeout", 6)           /* stopped waiting; the work may go on; resume */           \
    X(GUARD, "guard", 7)               /* a rule of ours refused */                                \
    X(UNVERIFIED, "unverified", 8)     /* the gate did not open; nothing was destroyed */          \
    X(INTERRUPTED, "interrupted", 130) /* Ctrl-C, or cancelled by the caller */

enum err_code {
#define X(code, name, exit) ERR_##code,
    ERR_CODES(X)
#undef X
};

struct err {
    enum err_code code;
    int http_status; /* of the answer that failed, else 0 */
    int os_code;     /* errno or GetLastError, else 0 */
    bool retryable;  /* the same call may succeed later */
    bool ambiguous;  /* the effect may have happened although no good answer came */
    char text[1024]; /* what and why, one line, no final full stop */
    char hint[512];  /* what to type or do next; "" if nothing is known */
};

/* Forget what e says and say this. */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF(3, 4);

/* The same for a failed system call: appends the system's own words for os_code. */
bool err_os(struct err *e, enum err_code code, int os_code, const char *fmt, ...) PRINTF(4, 5);

/* Put "fmt: " before the text. */
bool err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/* Say what to do next; returns false as well. The hint nearest to the cause wins: a hint that is
 * already there stays. */
bool err_hint(struct err *e, const char *fmt, ...) PRINTF(2, 3);

const char *err_name(enum err_code code); /* "not_found" */
int err_exit(enum err_code code);         /* 5 */

#endif
