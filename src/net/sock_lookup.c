#include "sock_os.h"

#include <dogs/os.h>
#include <dogs/str.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOKUP_MAX = 16,
    SLICE_MS = 50, /* between looks at a second cancel object */
};

/* Shared with the thread that asks; the last of the two to leave frees it. */
struct lookup {
    atomic_int holders;
    struct cancel *done; /* triggered once what is below was written */
    char *host;
    uint16_t port;
    enum sock_found found;
    struct sock_addr addresses[LOOKUP_MAX];
    size_t n;
    char why[128];
};

static void let_go(struct lookup *l)
{
    if (atomic_fetch_sub(&l->holders, 1) > 1)
        return;
    cancel_free(l->done);
    free(l->host);
    free(l);
}

static void ask(void *ctx)
{
    struct lookup *l = ctx;
    l->found = sock_resolve(l->host, l->port, false, l->addresses, LOOKUP_MAX, &l->n, l->why,
                            sizeof l->why);
    cancel_trigger(l->done);
    let_go(l);
}

static struct lookup *lookup_start(const char *host, uint16_t port)
{
    struct lookup *l = xcalloc(1, sizeof *l);
    atomic_init(&l->holders, 2);
    l->done = cancel_new();
    l->host = xstrdup(host);
    l->port = port;
    thread_leave(thread_start(ask, l));
    return l;
}

/* False, with e, when the answer is not waited for any longer. */
static bool lookup_wait(struct lookup *l, int timeout_ms, struct cancel *cancel, struct err *e)
{
    int64_t end = os_mono_ms() + timeout_ms;
    while (!cancel_is(l->done)) {
        int64_t left = end - os_mono_ms();
        if (cancel_is(cancel))
            return err_set(e, ERR_INTERRUPTED, "interrupted while looking for %s", l->host);
        if (left <= 0) {
            err_set(e, ERR_TIMEOUT, "the address of %s was not found within %d ms", l->host,
                    timeout_ms);
            e->retryable = true;
            return err_hint(e, "check this machine's network connection and name server");
        }
        cancel_sleep(l->done, left < SLICE_MS ? left : SLICE_MS);
    }
    return true;
}

static bool take(const struct lookup *l, struct sock_addr *out, size_t max, size_t *n,
                 struct err *e)
{
    if (l->found == SOCK_NO_NAME) {
        err_set(e, ERR_NOT_FOUND, "there is no host '%s' (%s)", l->host, l->why);
        return err_hint(e, "check the name and this machine's network connection");
    }
    if (l->found == SOCK_NO_RESOLVER) {
        err_set(e, ERR_NETWORK, "cannot find the address of %s (%s)", l->host, l->why);
        e->retryable = true;
        return err_hint(e, "check this machine's network connection and name server");
    }
    *n = l->n < max ? l->n : max;
    memcpy(out, l->addresses, *n * sizeof *out);
    return true;
}

bool sock_lookup(const char *host, uint16_t port, struct sock_addr *out, size_t max, size_t *n,
                 int timeout_ms, struct cancel *cancel, struct err *e)
{
    char ignored[128];
    if (sock_resolve(host, port, true, out, max, n, ignored, sizeof ignored) == SOCK_FOUND)
        return true;
    if (!*host)
        return err_set(e, ERR_NOT_FOUND, "the name of the host is empty");
    struct lookup *l = lookup_start(host, port);
    bool ok = lookup_wait(l, timeout_ms, cancel, e) && take(l, out, max, n, e);
    let_go(l);
    return ok;
}
