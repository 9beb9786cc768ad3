#include "engine.h"
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

enum { SPEED_STEP_MS = 500, SPEEDS = 8, ADDRESS_MOST = 16 * 1024 };

static const struct backend *const backends[] = {&backend_http, &backend_s3, &backend_dropbox};

const struct backend *backend_of(const char *type)
{
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
        if (strcmp(backends[i]->type, type) == 0)
            return backends[i];
    return NULL;
}

bool transfer_remote_ok(const struct remote *r, struct err *e)
{
    const struct backend *b = backend_of(r->type ? r->type : "");
    if (b)
        return b->check(r, e);
    err_set(e, ERR_CONFIG, "type '%s' is not known", r->type ? r->type : "");
    return err_hint(e, "types: http, s3, dropbox");
}

struct transfer_net *transfer_net_open(const char *ca_file, struct err *e)
{
    struct http *http =
        http_new(&(struct http_opts){.user_agent = "dogs/" DOGS_VERSION,
                                     .ca_file = ca_file && *ca_file ? ca_file : NULL},
                 e);
    if (!http)
        return NULL;
    struct transfer_net *net = xcalloc(1, sizeof *net);
    net->http = http;
    return net;
}

void transfer_net_close(struct transfer_net *net)
{
    if (!net)
        return;
    http_free(net->http);
    free(net);
}

struct transfer *transfer_new(const struct transfer_opts *opts, struct err *e)
{
    if (opts->connections < 0 || opts->connections > TRANSFER_CONNECTIONS_MAX) {
        err_set(e, ERR_USAGE, "1 to %d connections at once", TRANSFER_CONNECTIONS_MAX);
        return NULL;
    }
    struct transfer *t = xcalloc(1, sizeof *t);
    t->opts = *opts;
    t->http = opts->net->http;
    t->records_dir = xstrdup(opts->records_dir ? opts->records_dir : "");
    if (!t->opts.connections)
        t->opts.connections = TRANSFER_CONNECTIONS;
    if (!t->opts.tries)
        t->opts.tries = TRANSFER_TRIES;
    file_boot(t->boot);
    t->lock = lock_new();
    t->stop = cancel_new();
    t->ended = cancel_new();
    return t;
}

/* The host of a bare URL; what belongs to a remote shares the remote's box whatever its host. */
static size_t host_of(const struct remote *r, const char *address, const char **host)
{
    const char *begin = strstr(address, "://");
    bool bare = strcmp(r->type, "http") == 0 && !(r->url && *r->url) && begin;
    *host = bare ? begin + 3 : "";
    return strcspn(*host, "/?#");
}

static struct access_box *box_of(struct transfer *t, const struct remote *r, const char *address)
{
    const char *host;
    size_t len = host_of(r, address, &host);
    struct access_box *box = t->boxes;
    while (box && (box->remote != r || strlen(box->host) != len || memcmp(box->host, host, len)))
        box = box->next;
    if (!box) {
        box = xcalloc(1, sizeof *box);
        box->remote = r;
        box->host = xstrndup(host, len);
        box->lock = lock_new();
        box->next = t->boxes;
        t->boxes = box;
    }
    return box;
}

static char *copied(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

bool transfer_add(struct transfer *t, const struct transfer_item *item, struct err *e)
{
    uint8_t sum[32];
    const struct backend *b = backend_of(item->remote->type);
    enum call_kind kind = item->way == TRANSFER_GET ? CALL_GET : CALL_PUT;
    if (!b || !b->op[kind].prepare)
        return err_set(e, ERR_CONFIG, "remotes of type '%s' cannot do this", item->remote->type);
    if (t->n == TRANSFER_MAX_FILES)
        return err_set(e, ERR_USAGE, "more than %d files at once", TRANSFER_MAX_FILES);
    if (strlen(item->address) > ADDRESS_MOST)
        return err_set(e, ERR_USAGE, "an address longer than %d bytes", ADDRESS_MOST);
    if (item->sha256 && !digest_from_hex(item->sha256, sizeof sum, sum))
        return err_set(e, ERR_USAGE, "a SHA-256 is 64 hex digits, not '%.80s'", item->sha256);
    if (t->n == t->room) {
        t->room = 2 * t->room + 64;
        t->jobs = xrealloc(t->jobs, t->room * sizeof *t->jobs);
    }
    struct job *j = &t->jobs[t->n++];
    *j = (struct job){.item = *item, .backend = b, .box = box_of(t, item->remote, item->address)};
    j->item.address = xstrdup(item->address);
    j->item.path = xstrdup(item->path);
    j->item.below = copied(item->below);
    j->item.sha256 = copied(item->sha256);
    atomic_store(&j->size, -1);
    t->counts[TRANSFER_WAITING]++;
    return true;
}

void transfer_start(struct transfer *t)
{
    bool batched = false;
    for (const struct access_box *box = t->boxes; box; box = box->next)
        batched = batched || backend_of(box->remote->type)->batch;
    /* A batch is of files of one worker; and where hosts have HTTP/2 each needs two connections. */
    bool one = t->n < 2 || t->opts.connections < 2 * WORKERS_MOST || batched;
    t->n_workers = one ? 1 : WORKERS_MOST;
    t->busy = t->n_workers;
    t->began_ms = t->allowed_ms = os_mono_ms();
    for (int i = 0; i < t->n_workers; i++)
        t->workers[i].t = t;
    for (int i = 0; i < t->n_workers; i++)
        t->workers[i].thread = thread_start(worker_run, &t->workers[i]);
}

bool transfer_take(struct transfer *t, struct job **j)
{
    lock_take(t->lock);
    bool any = t->next < t->n && !cancel_is(t->stop);
    if (any) {
        *j = &t->jobs[t->next++];
        (*j)->state = TRANSFER_RUNNING;
        t->counts[TRANSFER_WAITING]--;
        t->counts[TRANSFER_RUNNING]++;
    }
    lock_drop(t->lock);
    return any;
}

bool transfer_waiting(struct transfer *t)
{
    lock_take(t->lock);
    bool any = t->next < t->n;
    lock_drop(t->lock);
    return any;
}

void transfer_settle(struct job *j, enum transfer_state state, const struct err *e)
{
    struct transfer *t = j->worker->t;
    lock_take(t->lock);
    t->counts[j->state]--;
    t->counts[state]++;
    j->state = state;
    if (e && state == TRANSFER_FAILED) {
        j->failure = xmalloc(sizeof *j->failure);
        *j->failure = (struct failure){.code = e->code,
                                       .http_status = e->http_status,
                                       .os_code = e->os_code,
                                       .retryable = e->retryable,
                                       .text = xstrdup(e->text),
                                       .hint = xstrdup(e->hint)};
    }
    lock_drop(t->lock);
    if (state == TRANSFER_FAILED && t->opts.fail_fast && !cancel_is(t->stop)) {
        atomic_store(&t->failed_fast, true);
        cancel_trigger(t->stop);
    }
}

void transfer_why_stopped(struct transfer *t, struct err *e)
{
    if (t->opts.fail_fast && atomic_load(&t->failed_fast))
        err_set(e, ERR_CANCELLED, "not done, because another file failed");
    else
        err_set(e, ERR_INTERRUPTED, "stopped before it was done");
}

/* Files that wait – to ask again, or to be finished together – are open or remembered. */
int transfer_most_waiting(const struct transfer *t, int share)
{
    int most = 64 + 4 * share;
    for (const struct access_box *box = t->boxes; box; box = box->next) {
        int batch = 2 * backend_of(box->remote->type)->batch;
        most = batch > most ? batch : most;
    }
    return most;
}

/* The last worker that works may use all. */
static int share_of(const struct worker *w, int most)
{
    struct transfer *t = w->t;
    lock_take(t->lock);
    int busy = t->busy;
    lock_drop(t->lock);
    bool first = w == t->workers;
    return busy > 1 ? most / busy + (first ? most % busy : 0) : most;
}

int transfer_connections(const struct worker *w)
{
    return share_of(w, w->t->opts.connections);
}

int transfer_share(const struct worker *w)
{
    int most = w->t->opts.connections, streams = STREAMS_EACH * most;
    if (w->http2 && most > 1)
        most = streams < STREAMS ? streams : STREAMS;
    return share_of(w, most);
}

bool transfer_wait(struct transfer *t, int ms)
{
    return cancel_sleep(t->ended, ms);
}

void transfer_stop(struct transfer *t)
{
    cancel_trigger(t->stop);
}

void transfer_pause(struct transfer *t, bool on)
{
    atomic_store(&t->paused, on);
}

/* Bytes a second over the last few looks; guarded by t->lock. */
static int64_t speed(struct transfer *t, int64_t moved)
{
    int64_t now = os_mono_ms();
    unsigned newest = (t->n_seen + SPEEDS - 1) % SPEEDS;
    if (!t->n_seen || now - t->seen_ms[newest] >= SPEED_STEP_MS) {
        newest = t->n_seen++ % SPEEDS;
        t->seen_ms[newest] = now;
        t->seen_bytes[newest] = moved;
    }
    unsigned oldest = t->n_seen < SPEEDS ? 0 : t->n_seen % SPEEDS;
    int64_t since = t->n_seen < SPEEDS ? t->began_ms : t->seen_ms[oldest];
    int64_t then = t->n_seen < SPEEDS ? 0 : t->seen_bytes[oldest];
    return now > since ? (moved - then) * 1000 / (now - since) : 0;
}

void transfer_progress(struct transfer *t, struct transfer_progress *out)
{
    *out = (struct transfer_progress){.files = t->n, .total_known = true};
    for (size_t i = 0; i < t->n; i++) {
        int64_t size = atomic_load_explicit(&t->jobs[i].size, memory_order_relaxed);
        out->done += atomic_load_explicit(&t->jobs[i].done, memory_order_relaxed);
        out->total_known = out->total_known && size >= 0 && size <= INT64_MAX - out->total;
        out->total += size >= 0 && size <= INT64_MAX - out->total ? size : 0;
    }
    out->bytes = atomic_load(&t->moved);
    out->retries = atomic_load(&t->retries);
    lock_take(t->lock);
    out->waiting = t->counts[TRANSFER_WAITING];
    out->running = t->counts[TRANSFER_RUNNING];
    out->finished = t->counts[TRANSFER_DONE];
    out->skipped = t->counts[TRANSFER_SKIPPED];
    out->failed = t->counts[TRANSFER_FAILED];
    out->bytes_per_s = speed(t, out->bytes);
    lock_drop(t->lock);
    bool known = out->total_known && out->bytes_per_s > 0;
    double left = (double)(out->total - out->done) * 1000 / (double)(known ? out->bytes_per_s : 1);
    out->left_ms = known && left < 1e15 ? (int64_t)left : -1;
}

size_t transfer_count(const struct transfer *t)
{
    return t->n;
}

static void tell_failure(const struct failure *f, struct err *e)
{
    err_set(e, f->code, "%s", f->text);
    str_copy(e->hint, sizeof e->hint, f->hint);
    e->http_status = f->http_status;
    e->os_code = f->os_code;
    e->retryable = f->retryable;
}

void transfer_result(struct transfer *t, size_t i, struct transfer_result *out)
{
    struct job *j = &t->jobs[i];
    lock_take(t->lock);
    *out = (struct transfer_result){.state = j->state, .item = &j->item};
    if (j->failure)
        tell_failure(j->failure, &out->err);
    lock_drop(t->lock);
    out->restarted = atomic_load(&j->restarted);
    out->verified = atomic_load(&j->verified);
    out->size = atomic_load(&j->size);
    out->done = atomic_load(&j->done);
    out->resumed = atomic_load(&j->resumed);
    if (out->state == TRANSFER_WAITING && (cancel_is(t->stop) || cancel_is(t->ended))) {
        out->state = TRANSFER_FAILED;
        transfer_why_stopped(t, &out->err);
    }
}

void transfer_free(struct transfer *t)
{
    if (!t)
        return;
    transfer_stop(t);
    for (int i = 0; i < t->n_workers; i++)
        thread_join(t->workers[i].thread);
    for (size_t i = 0; i < t->n; i++) {
        struct transfer_item *item = &t->jobs[i].item;
        free((char *)item->address);
        free((char *)item->path);
        free((char *)item->below);
        free((char *)item->sha256);
        if (t->jobs[i].failure) {
            free(t->jobs[i].failure->text);
            free(t->jobs[i].failure->hint);
        }
        free(t->jobs[i].failure);
    }
    for (struct access_box *box = t->boxes, *next; box; box = next) {
        next = box->next;
        lock_free(box->lock);
        free(box->access.token);
        free(box->host);
        free(box);
    }
    free(t->jobs);
    free(t->records_dir);
    lock_free(t->lock);
    cancel_free(t->stop);
    cancel_free(t->ended);
    free(t);
}
