#include "upload.h"
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ABORT_MS = 10000, HASH_SLICE = 256 * 1024, HASH_STEP = 8 << 20, AGAIN_MS = 1000 };

/* What lies there would cost storage for ever. Best effort: `dogs put --uploads` lists the rest. */
void upload_abort(struct job *j, const char *id)
{
    const struct backend_op *op = &j->backend->op[CALL_ABORT];
    struct flight *f;
    struct http_resp resp = {0};
    struct err ignored = {0};
    if (!id || !op->prepare)
        return;
    f = flight_new(j, CALL_ABORT);
    f->call.upload = id;
    f->call.now_ms = os_unix_ms();
    lock_take(j->box->lock);
    f->access.skew_ms = j->box->access.skew_ms;
    lock_drop(j->box->lock);
    f->call.access = &f->access;
    if (op->prepare(&f->call, &ignored)) {
        struct http_req q = {.method = f->call.method,
                             .url = f->call.url,
                             .headers = f->call.headers,
                             .n_headers = f->call.n_headers,
                             .bearer = f->call.bearer,
                             .total_ms = ABORT_MS};
        http_do(j->worker->t->http, &q, &resp, j->worker->t->stop, &ignored);
    }
    http_resp_release(&resp);
    flight_free(f);
}

bool upload_reopen(struct job *j, struct upload *u, struct err *e)
{
    return u->file || file_open_read(j->item.path, &u->file, e);
}

bool upload_still_same(struct job *j, struct upload *u, bool *again, struct err *e)
{
    struct file_info now;
    *again = false;
    if (!upload_reopen(j, u, e) || !file_info(u->file, &now, e))
        return false;
    if (now.size == u->local.size && now.mtime_ns == u->local.mtime_ns)
        return true;
    if (++u->changes > CHANGES_MOST) {
        err_set(e, ERR_IO, "'%s' changes faster than it can be sent", j->item.path);
        return err_hint(e, "stop what writes it, or send a copy");
    }
    *again = true;
    u->local = now;
    atomic_store(&j->size, now.size);
    j->restarted = true;
    if (u->stage == UPLOAD_WHOLE)
        return true;
    upload_abort(j, u->id);
    upload_forget(j, u);
    return upload_plan_parts(j, u, e);
}

/* The MD5 of the parts' MD5s, as S3 writes it; false if they are not known. */
static bool whole_etag(const struct upload *u, char out[ETAG_MAX], struct err *e)
{
    struct digest *d = NULL;
    uint8_t md5[DIGEST_MAX];
    char hex[DIGEST_HEX];
    bool ok = digest_new(DIGEST_MD5, &d, e);
    for (int i = 0; ok && i < u->n_parts; i++) {
        const char *etag = u->parts[i].etag;
        ok = strlen(etag) == 34 && !u->parts[i].opaque;
        if (ok) {
            memcpy(hex, etag + 1, 32);
            hex[32] = '\0';
            ok = digest_from_hex(hex, 16, md5);
        }
        if (ok)
            digest_add(d, md5, 16);
    }
    if (ok) {
        digest_end(d, md5);
        digest_hex(md5, 16, hex);
        snprintf(out, ETAG_MAX, "\"%s-%d\"", hex, u->n_parts);
    }
    digest_free(d);
    return ok;
}

bool upload_hash(struct upload *u, struct err *e)
{
    if (!u->sum && !sum_new(SUM_BLOCKS, &u->sum, e))
        return false;
    char *buffer = xmalloc(HASH_SLICE);
    int64_t stop = u->hashed + HASH_STEP;
    bool ok = true;
    size_t got = 1;
    while (ok && got && u->hashed < stop) {
        ok = file_read_at(u->file, buffer, HASH_SLICE, u->hashed, &got, e);
        if (ok)
            sum_add(u->sum, buffer, got);
        u->hashed += (int64_t)got;
    }
    free(buffer);
    if (ok && !got) {
        sum_end(u->sum, u->blocks);
        u->has_blocks = true;
        u->stage = UPLOAD_COMMIT;
    }
    return ok;
}

bool upload_verify(struct job *j, struct upload *u, struct err *e)
{
    char etag[ETAG_MAX];
    struct err ignored;
    bool ok = true, known = false;
    if (u->stored.size >= 0 && u->stored.size != u->local.size)
        return err_set(e, ERR_UNVERIFIED, "the service has %lld bytes of '%s', which has %lld",
                       (long long)u->stored.size, j->item.path, (long long)u->local.size);
    if (u->stored.block_hash && u->has_blocks) {
        known = true;
        ok = memcmp(u->blocks, u->stored.digest[DIGEST_SHA256], 32) == 0;
    } else if (j->backend->etag_is_md5 && strchr(u->stored.etag, '-') &&
               whole_etag(u, etag, &ignored)) {
        known = true;
        ok = strcmp(etag, u->stored.etag) == 0;
    }
    j->verified = known && ok;
    return ok ||
           err_set(e, ERR_UNVERIFIED, "what the service stored of '%s' is damaged", j->item.path);
}

static void fail_later(struct job *j, const struct err *why)
{
    j->why = xmalloc(sizeof *j->why);
    *j->why = *why;
}

/* The upload of another file that can be finished with j's now. */
static struct upload *ready(const struct job *j, const struct job *other, int64_t now)
{
    struct upload *its = other->way == &way_put ? other->run : NULL;
    bool is = its && other->box == j->box && its->stage == UPLOAD_COMMIT && !its->committing &&
              !other->why && other->not_before <= now;
    return is ? its : NULL;
}

/* Those that wait to be finished together with this one; they belong to the same worker. Of each
 * it is seen that its file is still the one that was sent. */
static void gather_batch(struct job *j, struct upload *u)
{
    size_t most = (size_t)j->backend->batch;
    int64_t now = os_mono_ms();
    u->batch = xrealloc(u->batch, most * sizeof *u->batch);
    u->commits = xrealloc(u->commits, most * sizeof *u->commits);
    u->n_batch = 0;
    for (struct job *other = j->worker->jobs; other && u->n_batch < most; other = other->next) {
        struct upload *its = ready(j, other, now);
        struct err why = {0};
        bool again = false;
        if (!its)
            continue;
        bool ok = upload_still_same(other, its, &again, &why);
        if (!ok)
            fail_later(other, &why);
        if (!ok || again)
            continue;
        file_close(its->file);
        its->file = NULL;
        its->committing = true;
        u->batch[u->n_batch] = other;
        u->commits[u->n_batch++] = (struct commit){.address = other->item.address,
                                                   .upload = its->id,
                                                   .total = its->local.size,
                                                   .mtime_ns = its->local.mtime_ns,
                                                   .no_clobber = other->item.no_clobber};
    }
}

/* One batch at a time: the service refuses writes side by side in one place. It goes when it is
 * full, or when nothing else can go on. */
static bool batch_is_due(const struct job *j)
{
    const struct worker *w = j->worker;
    int64_t now = os_mono_ms();
    int n = 0;
    for (const struct job *other = w->jobs; other; other = other->next) {
        const struct upload *its = other->way == &way_put ? other->run : NULL;
        if (its && other->box == j->box && its->committing)
            return false;
        n += ready(j, other, now) != NULL;
    }
    bool alone = w->in_flight == 0 && (w->full || !transfer_waiting(w->t));
    return n >= j->backend->batch || (n && alone);
}

static bool send_finish(struct job *j, struct upload *u, enum call_kind kind, struct err *e)
{
    struct flight *f = flight_new(j, kind);
    f->call.upload = u->id;
    f->call.parts = u->parts;
    f->call.n_parts = (size_t)u->n_parts;
    f->call.total = u->local.size;
    f->call.mtime_ns = u->local.mtime_ns;
    f->call.to = kind == CALL_GET ? 1 : -1;
    f->call.commits = u->commits;
    f->call.n_commits = u->n_batch;
    return flight_send(f, e);
}

static bool send_batch(struct job *j, struct upload *u, bool *started, struct err *e)
{
    if (!batch_is_due(j))
        return true;
    gather_batch(j, u);
    if (!u->n_batch)
        return true;
    *started = send_finish(j, u, CALL_COMMIT, e);
    for (size_t i = 0; !*started && i < u->n_batch; i++)
        ((struct upload *)u->batch[i]->run)->committing = false;
    return *started;
}

bool upload_start_end(struct job *j, struct upload *u, bool *started, struct err *e)
{
    bool again = false;
    if (u->stage == UPLOAD_COMMIT)
        return send_batch(j, u, started, e);
    if (u->stage == UPLOAD_FINISH && !upload_still_same(j, u, &again, e))
        return false;
    if (!again)
        *started = send_finish(j, u, u->stage == UPLOAD_FINISH ? CALL_FINISH : CALL_GET, e);
    return again || *started;
}

static bool land_finish(struct job *j, struct upload *u, struct flight *f, struct err *e)
{
    if (f->outcome == FLIGHT_OK) {
        u->stored = f->call.object;
        u->finished = true;
        /* Ceph leaves the etag out, which is to be compared. */
        bool told = u->stored.etag[0] || !j->backend->etag_is_md5;
        u->stage = told ? UPLOAD_DONE : UPLOAD_CONFIRM;
        return !told || upload_verify(j, u, e);
    }
    /* An answer that got lost: the upload may be gone because it became the object. */
    if (f->call.upload_is_gone) {
        u->stage = UPLOAD_CONFIRM;
        f->outcome = FLIGHT_OK;
    }
    return true;
}

/* Whether the object at the address is made of our parts. */
static bool land_confirm(struct job *j, struct upload *u, struct flight *f, struct err *e)
{
    char etag[ETAG_MAX];
    if (f->outcome == FLIGHT_AGAIN || f->outcome == FLIGHT_MOVED)
        return true;
    bool seen = f->outcome == FLIGHT_OK;
    f->outcome = FLIGHT_OK;
    u->stage = UPLOAD_DONE;
    u->stored = f->call.object;
    if (u->finished)
        return !seen || upload_verify(j, u, e);
    j->verified = seen && u->stored.size == u->local.size && whole_etag(u, etag, e) &&
                  strcmp(etag, u->stored.etag) == 0;
    if (j->verified)
        return true;
    if (++u->changes > CHANGES_MOST)
        return err_set(e, ERR_REFUSED, "the service forgets the upload again and again");
    j->restarted = true;
    upload_forget(j, u);
    return true;
}

/* What became of one of the batch. */
static void land_one(struct job *j, const struct commit *c)
{
    struct upload *u = j->run;
    struct err why = {0};
    u->stored = c->object;
    if (c->ok) {
        u->stage = UPLOAD_DONE;
        if (!upload_verify(j, u, &why))
            fail_later(j, &why);
    } else if (c->e.code == ERR_GUARD && j->item.no_clobber) {
        j->is_there = !j->ambiguous;
        u->stage = UPLOAD_MINE;
    } else if (c->e.code == ERR_NOT_FOUND && ++u->changes <= CHANGES_MOST) {
        j->restarted = true;
        upload_forget(j, u);
    } else if (!c->e.retryable || !job_wait(j, &c->e, os_mono_ms(), AGAIN_MS, &why)) {
        fail_later(j, why.code ? &why : &c->e);
    }
}

/* Each file of the batch by itself; if the whole was put off, all of them are. */
static void land_commit(struct job *j, struct upload *u, struct flight *f)
{
    int64_t now = os_mono_ms(), wait = f->retry_after_ms ? f->retry_after_ms : AGAIN_MS;
    for (size_t i = 0; i < u->n_batch; i++) {
        struct job *other = u->batch[i];
        ((struct upload *)other->run)->committing = false;
        other->ambiguous = other->ambiguous || f->err.ambiguous || f->repeated;
        if (f->outcome == FLIGHT_OK)
            land_one(other, &u->commits[i]);
        else if (other != j)
            other->not_before = now + wait;
    }
    u->n_batch = 0;
}

/* Something is there: the same bytes are taken for our own. */
static bool land_mine(struct job *j, struct upload *u, struct flight *f, struct err *e)
{
    const struct object *o = &f->call.object;
    enum digest_kind md5 = DIGEST_MD5;
    uint8_t got[DIGEST_MAX];
    if (f->outcome != FLIGHT_OK)
        return true;
    bool same = o->size == u->local.size;
    if (same && o->digests & 1u << md5)
        same = upload_md5(u, 0, u->local.size, got, e) && memcmp(got, o->digest[md5], 16) == 0;
    if (same && o->block_hash && u->has_blocks)
        same = memcmp(u->blocks, o->digest[DIGEST_SHA256], 32) == 0;
    j->is_there = !same;
    u->stage = UPLOAD_DONE;
    atomic_store(&j->done, u->local.size);
    return true;
}

bool upload_land_end(struct job *j, struct upload *u, struct flight *f, struct err *e)
{
    if (f->call.kind == CALL_COMMIT)
        return land_commit(j, u, f), true;
    if (u->stage == UPLOAD_MINE)
        return land_mine(j, u, f, e);
    return f->call.kind == CALL_GET ? land_confirm(j, u, f, e) : land_finish(j, u, f, e);
}
