#include "engine.h"
#include <dogs/log.h>
#include <dogs/os.h>
#include <stdlib.h>

enum {
    TURN_MS = 200, /* at most between two looks at the clock */
    BACKOFF_MS = 500,
    BACKOFF_MOST_MS = 60000,
    BUFFERS_BYTES = 16 << 20, /* of all connections together */
    BUFFER_MOST = 512 * 1024,
    BUFFER_LEAST = 2 * 1024,
    TURNS_LEAST = 400, /* a second, each with a buffer full */
};

/* Between half of ms and all of it, so that those who failed together do not return together. */
static int64_t jittered(struct worker *w, int64_t ms)
{
    w->random = w->random * 6364136223846793005u + 1442695040888963407u;
    return ms / 2 + (int64_t)((w->random >> 33) % (uint64_t)(ms / 2 + 1));
}

/* A service that asks for patience twice, and gives nothing in between, means all who come from
 * here. As long as it gives something to others, asking again is no vain try. */
static bool be_patient(struct job *j, int64_t now, int64_t ms)
{
    struct access_box *box = j->box;
    int64_t before = atomic_exchange(&box->refused_ms, now);
    bool all = before && atomic_load(&box->landed_ms) < before;
    if (all && now + ms > atomic_load(&box->not_before))
        atomic_store(&box->not_before, now + ms);
    return atomic_load(&box->landed_ms) > j->failed_ms;
}

/* Of several requests that failed together the first counts as a try. */
bool job_wait(struct job *j, const struct err *why, int64_t sent_ms, int64_t retry_after_ms,
              struct err *e)
{
    struct transfer *t = j->worker->t;
    int64_t now = os_mono_ms(), done = atomic_load(&j->done), ms = BACKOFF_MS;
    bool limited = why->http_status == 429 || (why->http_status == 503 && retry_after_ms);
    bool same_wave = j->tries && sent_ms < j->failed_ms;
    if (!same_wave) {
        bool alive = limited && be_patient(j, now, retry_after_ms ? retry_after_ms : BACKOFF_MS);
        j->tries = done > j->done_at_fail || alive ? 1 : j->tries + 1;
        j->done_at_fail = done;
        j->failed_ms = now;
        atomic_fetch_add(&t->retries, 1);
    }
    if (j->tries >= t->opts.tries) {
        *e = *why;
        e->retryable = true;
        return err_wrap(e, "given up after %d tries", j->tries);
    }
    for (int i = 1; i < j->tries && ms < BACKOFF_MOST_MS; i++)
        ms *= 2;
    ms = jittered(j->worker, ms < BACKOFF_MOST_MS ? ms : BACKOFF_MOST_MS);
    ms = retry_after_ms ? retry_after_ms : ms;
    if (!same_wave || retry_after_ms)
        j->not_before = now + ms > j->not_before ? now + ms : j->not_before;
    log_line(LOG_INFO, "transfer: %s: %s; again in %lld ms", j->item.path, why->text,
             (long long)ms);
    return true;
}

static void unlink_job(struct worker *w, struct job *j)
{
    struct job **at = &w->jobs;
    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
}

/* Its requests are ended, and nobody hears of those that had ended. */
static void end_flights(struct worker *w, struct job *j)
{
    job_recall(j);
    for (struct flight **at = &w->landed, *f; (f = *at);) {
        if (f->job != j) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        flight_free(f);
    }
}

static void end_job(struct worker *w, struct job *j, enum transfer_state state, const struct err *e)
{
    end_flights(w, j);
    if (j->run)
        j->way->close(j, state == TRANSFER_DONE);
    unlink_job(w, j);
    transfer_settle(j, state, e);
    free(j->redirect);
    free(j->why);
    j->redirect = NULL;
    j->why = NULL;
}

static void begin_job(struct worker *w, struct job *j)
{
    struct err e = {0};
    bool skip = false;
    j->worker = w;
    j->way = j->item.way == TRANSFER_GET ? &way_get : &way_put;
    j->next = w->jobs;
    w->jobs = j;
    if (!j->way->open(j, &skip, &e))
        end_job(w, j, TRANSFER_FAILED, &e);
    else if (skip)
        end_job(w, j, TRANSFER_SKIPPED, NULL);
}

static bool start_one(struct worker *w, struct job *j, bool extra)
{
    struct err e = {0}, given_up = {0};
    bool started = false;
    if (j->way->start(j, extra, &started, &e))
        return started;
    if (!e.retryable || !job_wait(j, &e, os_mono_ms(), 0, &given_up))
        end_job(w, j, TRANSFER_FAILED, given_up.code ? &given_up : &e);
    return false;
}

static bool may_ask(const struct job *j, int64_t now)
{
    return j->not_before <= now && atomic_load(&j->box->not_before) <= now;
}

/* What has failed, or was sent elsewhere, tries the way with one request before more follow. */
static bool may_ask_more(const struct job *j, int64_t now)
{
    int most = j->backend->at_once;
    return j->flights && !j->tries && !j->hops && may_ask(j, now) && (!most || j->flights < most);
}

/* Each running file gets one request, then new files begin, then what is left over goes to those
 * that have parts to ask for side by side. */
static void fill(struct worker *w)
{
    struct transfer *t = w->t;
    int share = transfer_share(w), waiting = 0;
    int64_t now = os_mono_ms();
    struct job *j, *next;
    http_flows_limit(w->flows, transfer_connections(w));
    for (j = w->jobs; j; j = next) {
        next = j->next;
        if (!j->flights && w->in_flight < share && may_ask(j, now))
            waiting += !start_one(w, j, false);
        else
            waiting += !j->flights;
    }
    w->full = waiting >= transfer_most_waiting(t, share);
    while (!w->full && w->in_flight < share && transfer_take(t, &j)) {
        begin_job(w, j);
        if (w->jobs == j && may_ask(j, now))
            start_one(w, j, false);
        waiting += w->jobs == j && !j->flights;
        w->full = waiting >= transfer_most_waiting(t, share);
    }
    for (bool any = true; any && w->in_flight < share;) {
        any = false;
        for (j = w->jobs; j && w->in_flight < share; j = next) {
            next = j->next;
            if (may_ask_more(j, now))
                any = start_one(w, j, true) || any;
        }
    }
}

static void land(struct worker *w, struct flight *f)
{
    struct job *j = f->job;
    struct err e = {0};
    bool ok = f->outcome == FLIGHT_VOID || j->way->landed(j, f, &e);
    if (ok && f->outcome == FLIGHT_OK) {
        j->tries = 0;
        atomic_store(&j->box->landed_ms, os_mono_ms());
    }
    if (ok && f->outcome == FLIGHT_AGAIN) {
        j->ambiguous = j->ambiguous || f->err.ambiguous;
        ok = job_wait(j, &f->err, f->sent_ms, f->retry_after_ms, &e);
    }
    if (ok && f->outcome == FLIGHT_FAILED && !j->is_there) {
        e = f->err;
        ok = false;
    }
    flight_free(f);
    if (!ok)
        end_job(w, j, TRANSFER_FAILED, &e);
}

/* Landed flights are taken one by one: what is done for one may end others. */
static void land_all(struct worker *w)
{
    for (struct flight *f; (f = w->landed);) {
        w->landed = f->next;
        land(w, f);
    }
}

static void tend_all(struct worker *w)
{
    for (struct job *j = w->jobs, *next; j; j = next) {
        struct err e = {0};
        bool done = false;
        next = j->next;
        if (j->is_there)
            end_job(w, j, TRANSFER_SKIPPED, NULL);
        else if (j->why)
            end_job(w, j, TRANSFER_FAILED, j->why);
        else if (!j->way->tend(j, &done, &e))
            end_job(w, j, TRANSFER_FAILED, &e);
        else if (done)
            end_job(w, j, TRANSFER_DONE, NULL);
    }
}

/* Waits until what moved fits the limit: connections are not read meanwhile, so their peers slow
 * down. */
static void keep_limit(struct transfer *t)
{
    int64_t now = os_mono_ms(), moved = atomic_load(&t->moved), wait = 0;
    lock_take(t->lock);
    double most = (double)t->opts.bytes_per_s;
    t->allowance += most * (double)(now - t->allowed_ms) / 1000;
    t->allowance = t->allowance > most / 4 ? most / 4 : t->allowance;
    t->allowed_ms = now;
    t->allowance -= (double)(moved - t->charged);
    t->charged = moved;
    if (t->allowance < 0)
        wait = (int64_t)(-t->allowance * 1000 / most) + 1;
    lock_drop(t->lock);
    while (wait > 0 && !cancel_sleep(t->stop, wait < TURN_MS ? wait : TURN_MS))
        wait -= TURN_MS;
}

/* How long nothing can be done unless something comes. */
static int idle_ms(const struct worker *w)
{
    int64_t now = os_mono_ms(), ms = TURN_MS;
    for (const struct job *j = w->jobs; j; j = j->next) {
        int64_t box = atomic_load(&j->box->not_before);
        int64_t wait = j->busy ? 0 : (j->not_before > box ? j->not_before : box) - now;
        if (wait < ms && (j->busy || wait > 0))
            ms = wait;
    }
    return (int)ms;
}

static void give_up(struct worker *w, const struct err *why)
{
    while (w->jobs)
        end_job(w, w->jobs, TRANSFER_FAILED, why);
}

static void release(struct worker *w)
{
    http_flows_free(w->flows);
    for (struct flight *f = w->spare, *next; f; f = next) {
        next = f->next;
        free(f->buffer);
        free(f);
    }
    free(w->made_folder);
}

static size_t buffer_size(const struct transfer *t)
{
    int64_t each = BUFFERS_BYTES / t->opts.connections;
    /* A turn must not bring seconds' worth of bytes, and libcurl fills its buffer up to a hundred
     * times in one while more is there (readwrite_data). */
    if (t->opts.bytes_per_s && t->opts.bytes_per_s / TURNS_LEAST < each)
        each = t->opts.bytes_per_s / TURNS_LEAST;
    return (size_t)(each > BUFFER_MOST ? BUFFER_MOST : each < BUFFER_LEAST ? BUFFER_LEAST : each);
}

static void work(struct worker *w)
{
    struct transfer *t = w->t;
    struct err e = {0};
    while (!cancel_is(t->stop)) {
        bool paused = atomic_load(&t->paused);
        if (!paused)
            fill(w);
        if (!w->jobs && (!paused || !transfer_waiting(t)))
            return;
        if (paused && cancel_sleep(t->stop, TURN_MS))
            break;
        if (!paused && !http_flows_turn(w->flows, idle_ms(w), t->stop, &e) &&
            e.code != ERR_INTERRUPTED)
            break;
        land_all(w);
        tend_all(w);
        if (t->opts.bytes_per_s)
            keep_limit(t);
    }
    if (e.code == ERR_OK || e.code == ERR_INTERRUPTED)
        transfer_why_stopped(t, &e);
    give_up(w, &e);
}

static bool is_tls(const struct transfer_item *item)
{
    const char *url = item->remote->url && *item->remote->url ? item->remote->url : item->address;
    return str_starts(url, "https://");
}

void worker_run(void *ctx)
{
    struct worker *w = ctx;
    struct transfer *t = w->t;
    struct err e = {0};
    os_random(&w->random, sizeof w->random);
    w->http2 = t->n && is_tls(&t->jobs[0].item);
    w->flows = http_flows_new(
        t->http,
        &(struct http_flows_opts){.connections = t->opts.connections, .buffer = buffer_size(t)},
        &e);
    if (w->flows) {
        work(w);
        release(w);
    } else {
        for (struct job *j; transfer_take(t, &j);) {
            j->worker = w;
            transfer_settle(j, TRANSFER_FAILED, &e);
        }
    }
    lock_take(t->lock);
    bool last = --t->busy == 0;
    lock_drop(t->lock);
    if (last)
        cancel_trigger(t->ended);
}
