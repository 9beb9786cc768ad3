#include "download.h"
#include <dogs/log.h>
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

enum {
    HASH_STEP = 8 << 20, /* hashed between two looks at the sockets */
    HASH_SLICE = 256 * 1024,
    SYNC_MS = 30000, /* what a crash of the system can cost */
};

bool download_is_ranged(const struct download *d)
{
    return d->known && !d->unranged && d->object.ranges && d->object.size >= 0 &&
           (d->object.etag[0] || d->object.modified[0]);
}

bool download_is_there(const struct download *d)
{
    return d->known && d->object.size >= 0 && d->have.bytes == d->object.size &&
           (d->file || d->whole);
}

static bool can_resume(const struct download *d)
{
    return download_is_ranged(d) && d->object.size > 0;
}

bool download_begin_hash(struct job *j, struct download *d, struct err *e)
{
    static const enum digest_kind order[] = {DIGEST_SHA256, DIGEST_SHA1,   DIGEST_CRC64,
                                             DIGEST_MD5,    DIGEST_CRC32C, DIGEST_CRC32};
    if (j->item.sha256) {
        d->kind = DIGEST_SHA256;
        d->has_digest = digest_from_hex(j->item.sha256, 32, d->want);
    }
    if (!d->has_digest && d->object.block_hash) {
        d->kind = SUM_BLOCKS;
        d->has_digest = true;
        memcpy(d->want, d->object.digest[DIGEST_SHA256], sizeof d->want);
    }
    for (size_t i = 0; !d->has_digest && i < sizeof order / sizeof *order; i++)
        if (d->object.digests & 1u << order[i]) {
            d->kind = order[i];
            d->has_digest = true;
            memcpy(d->want, d->object.digest[order[i]], sizeof d->want);
        }
    d->hashed = 0;
    if (!d->has_digest)
        return true;
    if (d->sum) {
        sum_again(d->sum);
        return true;
    }
    return sum_new(d->kind, &d->sum, e);
}

/* From the beginning again: the remote is another one, or what came was no good. */
bool download_start_over(struct job *j, struct download *d, struct err *e)
{
    struct err ignored;
    job_recall(j);
    spans_clear(&d->have);
    spans_clear(&d->asked);
    spans_clear(&d->safe);
    d->known = d->resumed = d->checked = d->has_digest = d->unsaved = d->recorded = false;
    sum_free(d->sum);
    d->sum = NULL;
    atomic_store(&j->done, 0);
    atomic_store(&j->resumed, 0);
    j->done_at_fail = 0;
    os_remove_file(d->record_path, &ignored);
    free(d->whole);
    d->whole = NULL;
    return !d->file || file_cut(d->file, 0, e);
}

/* Best effort: a record that cannot be written costs what would be fetched again, no more. */
static bool save(struct job *j, struct download *d)
{
    struct record r = {.object = d->object, .spans = d->have, .safe = d->safe};
    struct err e = {0};
    d->unsaved = d->piece_done = false;
    d->saved_ms = os_mono_ms();
    bool ok =
        record_key(&j->item, r.key, &e) && record_save(d->record_path, j->worker->t->boot, &r, &e);
    d->recorded = d->recorded || ok;
    if (!ok)
        log_line(LOG_WARN, "transfer: %s", e.text);
    return ok;
}

static void keep_record(struct job *j, struct download *d)
{
    int64_t now = os_mono_ms();
    struct err ignored = {0};
    if (!d->unsaved || !d->file || !can_resume(d))
        return;
    if (now - d->synced_ms > SYNC_MS) {
        d->piece_done = file_sync(d->file, &ignored);
        if (d->piece_done)
            spans_copy(&d->safe, &d->have);
        d->synced_ms = os_mono_ms();
    }
    if (d->piece_done || now - d->saved_ms >= SAVE_MS)
        save(j, d);
}

/* *hashed once all of the file has gone through the digest. */
static bool hash_on(struct download *d, bool *hashed, struct err *e)
{
    int64_t stop = d->hashed + HASH_STEP;
    *hashed = !d->sum || d->hashed == d->object.size;
    if (*hashed)
        return true;
    char *buffer = xmalloc(HASH_SLICE);
    bool ok = true;
    while (ok && d->hashed < stop && d->hashed < d->object.size) {
        int64_t left = d->object.size - d->hashed;
        size_t want = left < HASH_SLICE ? (size_t)left : HASH_SLICE, got = 0;
        ok = file_read_at(d->file, buffer, want, d->hashed, &got, e) &&
             (got == want || err_set(e, ERR_IO, "the part file has become shorter"));
        if (ok)
            sum_add(d->sum, buffer, got);
        d->hashed += (int64_t)got;
    }
    free(buffer);
    *hashed = d->hashed == d->object.size;
    return ok;
}

static bool check_digest(struct job *j, struct download *d, bool *over, struct err *e)
{
    uint8_t got[DIGEST_MAX];
    char is[DIGEST_HEX], should[DIGEST_HEX];
    size_t n = sum_size(d->kind);
    *over = false;
    d->checked = true;
    if (!d->sum)
        return true;
    sum_end(d->sum, got);
    j->verified = memcmp(got, d->want, n) == 0;
    if (j->verified)
        return true;
    digest_hex(got, n, is);
    digest_hex(d->want, n, should);
    if (!j->item.sha256 && ++d->mismatches < 2) {
        *over = true;
        atomic_store(&j->restarted, true);
        return download_start_over(j, d, e);
    }
    err_set(e, ERR_UNVERIFIED,
            "what came is damaged or another file: its %s is %s, and should be %s",
            sum_name(d->kind), is, should);
    struct err ignored;
    if (download_start_over(j, d, &ignored))
        d->known = false;
    return err_hint(e, "nothing of it was kept");
}

static bool target_is_as_before(struct job *j, const struct download *d, struct err *e)
{
    struct file_info now;
    if (!file_look(j->item.path, &now, e))
        return false;
    bool same = now.kind == d->target.kind && now.size == d->target.size &&
                now.mtime_ns == d->target.mtime_ns;
    if (same)
        return true;
    j->is_there = j->item.no_clobber;
    err_set(e, ERR_GUARD, "'%s' was changed by somebody else meanwhile", j->item.path);
    return err_hint(e, "the same command again puts the new one in its place");
}

/* A small file that could not come by its name in one step. */
static bool write_whole(struct download *d, struct err *e)
{
    return file_open_part(d->part_path, &d->file, e) && file_cut(d->file, 0, e) &&
           file_write_at(d->file, d->whole, (size_t)d->object.size, 0, e);
}

/* The record goes first: behind the rename both names may be another's. */
static bool finish(struct job *j, struct download *d, struct err *e)
{
    struct err ignored;
    if (d->whole &&
        file_appear(j->item.path, d->whole, (size_t)d->object.size, d->object.modified_ns))
        return true;
    if (d->whole && !write_whole(d, e))
        return false;
    bool ok = file_cut(d->file, d->object.size, e) &&
              file_set_mtime(d->file, d->object.modified_ns, e) &&
              (!j->worker->t->opts.sync || file_sync(d->file, e)) && target_is_as_before(j, d, e);
    if (!ok)
        return false;
    if (d->recorded)
        os_remove_file(d->record_path, &ignored);
    struct file *file = d->file;
    d->file = NULL;
    return file_finish(file, d->part_path, j->item.path, e);
}

bool download_tend(struct job *j, bool *done, struct err *e)
{
    struct download *d = j->run;
    bool ready = download_is_there(d) && !j->flights, over = false;
    *done = false;
    if (!ready) {
        keep_record(j, d);
        return true;
    }
    if (!hash_on(d, &ready, e))
        return false;
    j->busy = !ready;
    if (!ready)
        return true;
    if (!d->checked && !check_digest(j, d, &over, e))
        return false;
    if (over)
        return true;
    *done = finish(j, d, e);
    return *done;
}

/* What is kept must outlast the system's end. Names go before the lock on the part does. */
static void leave(struct job *j, struct download *d)
{
    struct err ignored = {0};
    bool keep = d->have.bytes && can_resume(d);
    if (keep && file_sync(d->file, &ignored))
        spans_copy(&d->safe, &d->have);
    if (!keep || (!save(j, d) && !d->recorded)) {
        os_remove_file(d->record_path, &ignored);
        os_remove_file(d->part_path, &ignored);
    }
    file_close(d->file);
}

/* To one of the flights that wait for work, so that the next small file needs no new buffer. */
static void give_back(struct worker *w, char *buffer)
{
    struct flight *f = w->spare;
    while (f && f->buffer)
        f = f->next;
    if (f && buffer) {
        f->buffer = buffer;
        f->room = GATHER;
    } else {
        free(buffer);
    }
}

void download_close(struct job *j, bool done)
{
    struct download *d = j->run;
    if (!done && d->file)
        leave(j, d);
    give_back(j->worker, d->whole);
    sum_free(d->sum);
    spans_release(&d->have);
    spans_release(&d->asked);
    spans_release(&d->safe);
    free(d->part_path);
    free(d->record_path);
    free(d);
    j->run = NULL;
}
