#include "upload.h"
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

enum { WHOLE_USUALLY = 16 * 1024 * 1024 }; /* more goes in parts where the service takes them */

static enum upload_stage first_stage(const struct job *j, const struct upload *u)
{
    const struct backend *b = j->backend;
    bool several = j->worker->t->n > 1;
    int64_t whole = j->worker->t->opts.part_bytes;
    whole = whole ? whole : WHOLE_USUALLY;
    if (!b->parts_most || (b->batch && !several && u->local.size <= b->whole_most))
        return UPLOAD_WHOLE;
    return b->batch || u->local.size > whole ? UPLOAD_BEGIN : UPLOAD_WHOLE;
}

static bool open_put(struct job *j, bool *skip, struct err *e)
{
    struct upload *u = j->run = xcalloc(1, sizeof *u);
    struct transfer *t = j->worker->t;
    *skip = false;
    u->stored.size = -1;
    u->saved_ms = os_mono_ms();
    if (!file_open_read(j->item.path, &u->file, e) || !file_info(u->file, &u->local, e))
        return false;
    atomic_store(&j->size, u->local.size);
    u->stage = first_stage(j, u);
    if (u->stage == UPLOAD_WHOLE && u->local.size > j->backend->whole_most)
        return err_set(e, ERR_REFUSED, "'%s' is larger than the service takes in one request",
                       j->item.path);
    char key[2 * 32 + 1];
    bool ok =
        u->stage == UPLOAD_WHOLE || (upload_plan_parts(j, u, e) && record_key(&j->item, key, e));
    if (ok && u->stage != UPLOAD_WHOLE) {
        u->record_path = os_path_join(t->records_dir, key);
        ok = upload_take_up(j, u, e);
    }
    u->after_look = u->stage;
    if (j->item.no_clobber && !j->backend->batch)
        u->stage = UPLOAD_LOOK;
    return ok;
}

static bool sums(const struct job *j, enum call_kind kind, bool whole)
{
    bool md5 = j->backend->etag_is_md5 && (kind == CALL_PUT || kind == CALL_PART);
    return md5 || (j->backend->batch && whole && kind != CALL_PART);
}

/* A request that carries bytes from..to-1. */
static bool send_bytes(struct job *j, struct upload *u, enum call_kind kind, int64_t from,
                       int64_t to, int part, struct err *e)
{
    /* Closed while it waited to be committed, if the service has forgotten it since. */
    if (!upload_reopen(j, u, e))
        return false;
    struct flight *f = flight_new(j, kind);
    bool whole = from == 0 && to == u->local.size;
    f->from = from;
    f->to = to;
    f->call.offset = from;
    f->call.len = to - from;
    f->call.total = u->local.size;
    f->call.number = part + 1;
    f->call.last = to == u->local.size;
    f->call.upload = u->id;
    f->call.mtime_ns = u->local.mtime_ns;
    if (sums(j, kind, whole) && !sum_new(j->backend->batch ? SUM_BLOCKS : DIGEST_MD5, &f->sum, e)) {
        flight_free(f);
        return false;
    }
    return flight_send(f, e);
}

static bool send_plain(struct job *j, struct upload *u, enum call_kind kind, struct err *e)
{
    struct flight *f = flight_new(j, kind);
    f->call.total = u->local.size;
    f->call.upload = u->id;
    f->call.mtime_ns = u->local.mtime_ns;
    f->call.page = u->page;
    return flight_send(f, e);
}

static bool send_look(struct job *j, struct err *e)
{
    struct flight *f = flight_new(j, CALL_GET);
    f->call.to = 1;
    return flight_send(f, e);
}

static void landed_look(struct job *j, struct upload *u, struct flight *f)
{
    j->is_there = f->outcome == FLIGHT_OK;
    if (f->outcome == FLIGHT_FAILED && f->err.code == ERR_NOT_FOUND) {
        f->outcome = FLIGHT_OK;
        u->stage = u->after_look;
    }
}

static bool next_part(struct job *j, struct upload *u, bool *started, struct err *e)
{
    int i = u->first_missing;
    while (i < u->n_parts && u->states[i] != PART_MISSING)
        i++;
    if (i == u->n_parts)
        return true;
    if (j->backend->last_alone && i == u->n_parts - 1 && j->flights)
        return true;
    *started = send_bytes(j, u, CALL_PART, upload_part_from(u, i), upload_part_to(u, i), i, e);
    if (*started)
        upload_part_is(j, u, i, PART_ON_ITS_WAY);
    return *started;
}

static bool start_put(struct job *j, bool extra, bool *started, struct err *e)
{
    struct upload *u = j->run;
    *started = false;
    if (u->stage == UPLOAD_PARTS)
        return next_part(j, u, started, e);
    if (extra || u->stage == UPLOAD_COMPARE || u->stage == UPLOAD_HASH || u->stage == UPLOAD_DONE)
        return true;
    if (u->stage >= UPLOAD_FINISH)
        return upload_start_end(j, u, started, e);
    if (u->stage == UPLOAD_LOOK)
        *started = send_look(j, e);
    else if (u->stage == UPLOAD_WHOLE)
        *started = send_bytes(j, u, CALL_PUT, 0, u->local.size, 0, e);
    else if (u->stage == UPLOAD_BEGIN && j->backend->begin_takes_data && u->n_parts == 1)
        *started = send_bytes(j, u, CALL_BEGIN, 0, u->local.size, 0, e);
    else
        *started = send_plain(j, u, u->stage == UPLOAD_LIST ? CALL_PARTS : CALL_BEGIN, e);
    return *started;
}

bool upload_bytes(struct flight *f, void *to, size_t max, size_t *n, struct err *e)
{
    struct upload *u = f->job->run;
    int64_t left = f->to - f->pos;
    size_t want = left < (int64_t)max ? (size_t)left : max;
    if (!file_read_at(u->file, to, want, f->pos, n, e))
        return false;
    if (!*n) {
        err_set(e, ERR_IO, "'%s' became shorter while it was sent", f->job->item.path);
        e->retryable = true;
        return false;
    }
    if (f->sum)
        sum_add(f->sum, to, *n);
    f->pos += (int64_t)*n;
    return true;
}

bool upload_rewind(struct flight *f)
{
    f->pos = f->from;
    if (f->sum)
        sum_again(f->sum);
    return true;
}

static bool damaged(struct flight *f, const char *what)
{
    f->outcome = FLIGHT_AGAIN;
    err_set(&f->err, ERR_UNVERIFIED, "%s was damaged on its way", what);
    f->err.retryable = true;
    return true;
}

/* An MD5 between quotes, against that of what was sent. */
static bool etag_fits(const char *etag, const uint8_t md5[DIGEST_MAX])
{
    uint8_t told[16];
    char hex[33];
    if (strlen(etag) != 34 || etag[0] != '"')
        return true;
    memcpy(hex, etag + 1, 32);
    hex[32] = '\0';
    return !digest_from_hex(hex, 16, told) || memcmp(told, md5, 16) == 0;
}

static bool landed_whole(struct job *j, struct upload *u, struct flight *f, struct err *e)
{
    uint8_t got[DIGEST_MAX];
    bool again = false;
    u->stored = f->call.object;
    if (!upload_still_same(j, u, &again, e))
        return false;
    if (again) {
        f->outcome = FLIGHT_AGAIN;
        err_set(&f->err, ERR_IO, "'%s' changed while it was sent", j->item.path);
        return true;
    }
    if (f->sum) {
        bool blocks = j->backend->batch != 0;
        enum digest_kind kind = blocks ? DIGEST_SHA256 : DIGEST_MD5;
        bool told = blocks ? u->stored.block_hash : u->stored.digests & 1u << kind;
        sum_end(f->sum, got);
        if (told && memcmp(got, u->stored.digest[kind], digest_size(kind)) != 0)
            return damaged(f, "the file");
        j->verified = told;
    }
    atomic_store(&j->done, u->local.size);
    u->stage = UPLOAD_DONE;
    return true;
}

static bool landed_begin(struct job *j, struct upload *u, struct flight *f, struct err *e)
{
    free(u->id);
    u->id = f->call.got_upload;
    f->call.got_upload = NULL;
    u->stage = UPLOAD_PARTS;
    if (f->to >= 0)
        upload_part_is(j, u, 0, PART_THERE);
    if (f->sum) {
        sum_end(f->sum, u->blocks);
        u->has_blocks = true;
    }
    upload_save(j, u);
    (void)e;
    return true;
}

static bool landed_part(struct job *j, struct upload *u, struct flight *f, struct err *e)
{
    int i = f->call.number - 1;
    uint8_t got[DIGEST_MAX];
    (void)e;
    if (f->outcome == FLIGHT_OK && f->sum) {
        sum_end(f->sum, got);
        if (!f->call.got_part.opaque && !etag_fits(f->call.got_part.etag, got))
            damaged(f, "a part");
    }
    if (f->outcome == FLIGHT_OK) {
        u->parts[i] = f->call.got_part;
        u->parts[i].number = i + 1;
        u->parts[i].size = f->to - f->from;
    }
    upload_part_is(j, u, i, f->outcome == FLIGHT_OK ? PART_THERE : PART_MISSING);
    u->unsaved = true;
    return true;
}

static bool lost(struct job *j, struct upload *u, struct flight *f, struct err *e)
{
    if (++u->changes > CHANGES_MOST)
        return err_set(e, ERR_REFUSED, "the service forgets the upload again and again: %s",
                       f->err.text);
    upload_forget(j, u);
    j->restarted = true;
    f->outcome = FLIGHT_OK;
    return true;
}

static bool landed_put(struct job *j, struct flight *f, struct err *e)
{
    struct upload *u = j->run;
    enum call_kind kind = f->call.kind;
    if (u->stage == UPLOAD_LOOK)
        return landed_look(j, u, f), true;
    bool end =
        u->stage == UPLOAD_MINE || kind == CALL_FINISH || kind == CALL_COMMIT || kind == CALL_GET;
    if (j->item.no_clobber && f->err.code == ERR_GUARD && f->outcome == FLIGHT_FAILED) {
        /* Perhaps by ourselves: a try whose answer was lost. */
        j->is_there = !j->ambiguous || u->stage == UPLOAD_MINE;
        u->stage = UPLOAD_MINE;
        f->outcome = FLIGHT_OK;
        return true;
    }
    if (end)
        return upload_land_end(j, u, f, e);
    bool no_list = kind == CALL_PARTS && f->outcome == FLIGHT_FAILED;
    if ((f->call.upload_is_gone && f->outcome != FLIGHT_OK) || no_list)
        return lost(j, u, f, e);
    if (kind == CALL_PART)
        return landed_part(j, u, f, e);
    if (f->outcome != FLIGHT_OK)
        return true;
    if (kind == CALL_PUT)
        return landed_whole(j, u, f, e);
    if (kind == CALL_BEGIN)
        return landed_begin(j, u, f, e);
    return upload_take_list(j, u, f);
}

static bool tend_put(struct job *j, bool *done, struct err *e)
{
    struct upload *u = j->run;
    bool each = u->unsaved && !j->backend->op[CALL_PARTS].prepare;
    j->busy = u->stage == UPLOAD_COMPARE || u->stage == UPLOAD_HASH;
    *done = u->stage == UPLOAD_DONE;
    if (u->stage == UPLOAD_COMPARE)
        return upload_compare(j, u, e);
    if (u->stage == UPLOAD_HASH)
        return upload_hash(u, e);
    if (u->stage == UPLOAD_PARTS && u->n_there == u->n_parts) {
        bool hash = j->backend->batch && !u->has_blocks;
        u->stage = hash ? UPLOAD_HASH : j->backend->batch ? UPLOAD_COMMIT : UPLOAD_FINISH;
    }
    if (u->stage == UPLOAD_COMMIT && u->file && !u->committing) {
        /* It may wait for hundreds of others. */
        file_close(u->file);
        u->file = NULL;
    }
    if (u->unsaved && (each || os_mono_ms() - u->saved_ms >= SAVE_MS))
        upload_save(j, u);
    return true;
}

static void close_put(struct job *j, bool done)
{
    struct upload *u = j->run;
    struct err ignored;
    if (!done && u->unsaved && u->id)
        upload_save(j, u);
    sum_free(u->sum);
    if (done && u->recorded)
        os_remove_file(u->record_path, &ignored);
    file_close(u->file);
    free(u->record_path);
    free(u->parts);
    free(u->states);
    free(u->id);
    free(u->page);
    free(u->commits);
    free(u->batch);
    free(u);
    j->run = NULL;
}

const struct way way_put = {.open = open_put,
                            .start = start_put,
                            .landed = landed_put,
                            .tend = tend_put,
                            .close = close_put};
