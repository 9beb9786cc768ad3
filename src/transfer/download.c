#include "download.h"
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_BYTES = 1024 * 1024,       /* asked for while the size is not known yet */
    FIRST_OF_MANY = 8 * 1024 * 1024, /* the same where other files wait for the connection */
    PIECE_LEAST = 1024 * 1024,
    PIECE_USUALLY = 4 * 1024 * 1024,
    PIECE_MOST = 64 * 1024 * 1024,
    PIECES_EACH = 4,     /* of a file, per connection */
    ANSWERS_EACH = 20,   /* times to an answer, per piece */
    ANSWER_LEAST_MS = 5, /* a near server's requests cost work instead */
    HASH_STEP = 8 << 20, /* hashed between two looks at the sockets */
    SYNC_MS = 30000,     /* what a crash of the system can cost */
    CHANGES_MOST = 2,
};

static bool open_part(struct job *j, struct download *d, struct err *e)
{
    if (d->file)
        return true;
    if (!file_open_part(d->part_path, &d->file, e)) {
        if (e->code == ERR_GUARD) {
            err_set(e, ERR_GUARD, "another dogs is fetching '%s'", j->item.path);
            err_hint(e, "wait for it, or end it first");
        }
        return false;
    }
    return true;
}

/* How much to ask for at once. Each request costs a time in which its connection is silent, so as
 * much as comes in twenty such times; but no more than leaves each connection some pieces, so that
 * the last to end is not far behind the others. */
static int64_t piece_size(const struct job *j, const struct download *d)
{
    const struct transfer *t = j->worker->t;
    int64_t most = d->object.size / ((int64_t)t->opts.connections * PIECES_EACH);
    int64_t answer_ms = d->answer_ms > ANSWER_LEAST_MS ? d->answer_ms : ANSWER_LEAST_MS;
    int64_t piece = d->bytes_per_s * answer_ms / 1000 * ANSWERS_EACH;
    if (t->opts.connections == 1)
        return INT64_MAX;
    piece = piece < PIECE_USUALLY ? PIECE_USUALLY : piece > PIECE_MOST ? PIECE_MOST : piece;
    piece = piece < most ? piece : most < PIECE_LEAST ? PIECE_LEAST : most;
    piece = t->opts.part_bytes ? t->opts.part_bytes : piece;
    return (piece + GATHER - 1) / GATHER * GATHER;
}

static void learn_speed(struct download *d, const struct flight *f)
{
    int64_t answer = f->head_ms - f->sent_ms, took = os_mono_ms() - f->head_ms;
    int64_t speed = (f->pos - f->from) * 1000 / (took > 0 ? took : 1);
    if (!f->head_ms)
        return;
    d->answer_ms = d->answer_ms < 0 || answer < d->answer_ms ? answer : d->answer_ms;
    d->bytes_per_s = speed > d->bytes_per_s ? speed : d->bytes_per_s;
}

/* The record's word for it; what does not fit the part file is not believed. */
static bool take_up(struct job *j, struct download *d, struct err *e)
{
    char key[2 * 32 + 1];
    struct record r;
    struct file_info info;
    bool damaged = false;
    if (!os_exists(d->record_path))
        return true;
    if (!record_key(&j->item, key, e) || !open_part(j, d, e))
        return false;
    bool ok = record_load(d->record_path, j->worker->t->boot, key, &r, &damaged) &&
              file_info(d->file, &info, e) && info.size == r.object.size;
    if (ok) {
        d->object = r.object;
        d->object.ranges = d->known = d->resumed = d->recorded = true;
        /* If nothing is missing the last byte is fetched again, to see that the remote is the same.
         */
        spans_copy(&d->have, &r.spans);
        if (d->have.bytes == d->object.size)
            spans_remove(&d->have, d->object.size - 1, d->object.size);
        spans_copy(&d->asked, &d->have);
        spans_copy(&d->safe, &r.safe);
        spans_remove(&d->safe, d->object.size - 1, d->object.size);
        atomic_store(&j->size, d->object.size);
        atomic_store(&j->done, d->have.bytes);
        atomic_store(&j->resumed, d->have.bytes);
        ok = download_begin_hash(j, d, e);
    } else {
        j->restarted = true;
        ok = file_cut(d->file, 0, e);
    }
    record_release(&r);
    return ok;
}

static bool open_get(struct job *j, bool *skip, struct err *e)
{
    const struct transfer_item *item = &j->item;
    struct worker *w = j->worker;
    struct download *d = j->run = xcalloc(1, sizeof *d);
    d->part_path = record_part_name(item->path, "dogs-part");
    d->record_path = record_part_name(item->path, "dogs-record");
    d->saved_ms = d->synced_ms = os_mono_ms();
    d->answer_ms = -1;
    if (!file_look(item->path, &d->target, e))
        return false;
    if (d->target.kind == FILE_FOLDER) {
        err_set(e, ERR_IO, "'%s' is a folder", item->path);
        return err_hint(e, "name a file in it, or write '%s/'", item->path);
    }
    *skip = item->no_clobber && d->target.kind != FILE_NONE;
    if (*skip)
        return true;
    if (item->below) {
        char *folder = os_path_dir(item->path);
        size_t len = strlen(item->below);
        bool known = w->made_folder && strcmp(w->made_folder, folder) == 0;
        bool inside = str_starts(folder, item->below);
        bool ok = known || file_make_folders(item->below, inside ? folder + len : "", e);
        free(known ? folder : w->made_folder);
        w->made_folder = known ? w->made_folder : folder;
        if (!ok)
            return false;
    }
    return take_up(j, d, e);
}

static bool start_get(struct job *j, bool extra, bool *started, struct err *e)
{
    struct download *d = j->run;
    bool ranged = download_is_ranged(d);
    struct span gap = {0, -1};
    *started = false;
    if (download_is_there(d) || (extra && !ranged))
        return true;
    if (ranged) {
        if (!spans_gap(&d->asked, 0, d->object.size, &gap))
            return true;
        int64_t piece = piece_size(j, d);
        gap.to = gap.to - gap.from > piece ? gap.from + piece : gap.to;
        spans_add(&d->asked, gap.from, gap.to);
    } else if (!d->unranged && j->worker->t->opts.connections > 1) {
        gap.to = transfer_waiting(j->worker->t) ? FIRST_OF_MANY : FIRST_BYTES;
    }
    struct flight *f = flight_new(j, CALL_GET);
    f->from = f->call.from = gap.from;
    f->to = f->call.to = gap.to;
    f->call.pinned = ranged ? &d->object : NULL;
    *started = flight_send(f, e);
    if (!*started && ranged)
        spans_remove(&d->asked, gap.from, gap.to);
    return *started;
}

static bool no_ranges(struct download *d, struct err *e, const char *why)
{
    d->unranged = true;
    err_set(e, ERR_PROTOCOL, "%s: fetching it in one stream", why);
    e->retryable = true;
    return false;
}

/* The first head tells what is to be fetched. */
static bool learn(struct job *j, struct download *d, struct flight *f, struct err *e)
{
    const struct call *c = &f->call;
    d->object = c->object;
    d->known = true;
    bool part = c->got_to >= 0 && c->got_to != c->object.size;
    if (part && c->object.packed)
        return no_ranges(d, e, "the server packs parts of the file");
    if (part && !download_is_ranged(d))
        return no_ranges(d, e, "the server does not tell the file from a later one of its name");
    if (d->object.packed)
        d->object.size = -1;
    atomic_store(&j->size, d->object.size);
    return download_begin_hash(j, d, e);
}

bool download_head(struct flight *f, struct err *e)
{
    struct job *j = f->job;
    struct download *d = j->run;
    const struct call *c = &f->call;
    f->head_ms = os_mono_ms();
    if (!d->known) {
        if (!learn(j, d, f, e))
            return false;
    } else if (c->got_from != f->from) {
        return no_ranges(d, e, "the server ignores which part was asked for");
    }
    if (d->resumed) {
        /* The record does not tell the digests. */
        int64_t size = d->object.size;
        d->resumed = false;
        d->object = c->object;
        d->object.ranges = true;
        d->object.size = size;
        if (!d->sum && !download_begin_hash(j, d, e))
            return false;
    }
    spans_remove(&d->asked, f->from, f->to < 0 ? INT64_MAX : f->to);
    f->to = d->object.packed ? -1 : c->got_to;
    spans_add(&d->asked, f->from, f->to < 0 ? INT64_MAX : f->to);
    bool whole = f->from == 0 && f->to >= 0 && f->to == d->object.size;
    if (d->file || (whole && f->to <= WHOLE_MOST) || d->object.size < 0)
        return true;
    return open_part(j, d, e) && file_reserve(d->file, d->object.size, e);
}

static bool flush(struct job *j, struct download *d, struct flight *f, struct err *e)
{
    int64_t at = f->pos - (int64_t)f->filled;
    if (!f->filled)
        return true;
    if (!file_write_at(d->file, f->buffer, f->filled, at, e))
        return false;
    if (d->sum && at == d->hashed) {
        sum_add(d->sum, f->buffer, f->filled);
        d->hashed = f->pos;
    }
    spans_add(&d->have, at, f->pos);
    f->filled = 0;
    d->unsaved = true;
    atomic_store_explicit(&j->done, d->have.bytes, memory_order_relaxed);
    return true;
}

static void make_room(struct flight *f, size_t len)
{
    if (f->filled + len <= f->room)
        return;
    f->room = f->filled + len < GATHER ? GATHER : WHOLE_MOST;
    f->buffer = xrealloc(f->buffer, f->room);
}

bool download_bytes(struct flight *f, const void *bytes, size_t len, struct err *e)
{
    struct job *j = f->job;
    struct download *d = j->run;
    const char *p = bytes;
    int64_t end = f->to < 0 ? d->object.size : f->to;
    if (end >= 0 && f->pos + (int64_t)len > end) {
        err_set(e, ERR_PROTOCOL, "more bytes came than were announced");
        e->retryable = true;
        return false;
    }
    while (len) {
        size_t most = d->file ? GATHER - (size_t)(f->pos % GATHER) : WHOLE_MOST - f->filled;
        size_t n = len < most ? len : most;
        make_room(f, n);
        memcpy(f->buffer + f->filled, p, n);
        f->filled += n;
        f->pos += (int64_t)n;
        p += n;
        len -= n;
        if (!d->file && f->filled == WHOLE_MOST && !open_part(j, d, e))
            return false;
        if (d->file && f->pos % GATHER == 0 && !flush(j, d, f, e))
            return false;
    }
    return true;
}

static void keep_whole(struct job *j, struct download *d, struct flight *f)
{
    if (d->sum)
        sum_add(d->sum, f->buffer, f->filled);
    d->hashed = f->pos;
    spans_add(&d->have, f->from, f->pos);
    free(d->whole);
    d->whole = f->buffer ? f->buffer : xmalloc(GATHER);
    f->buffer = NULL;
    f->room = f->filled = 0;
    atomic_store_explicit(&j->done, d->have.bytes, memory_order_relaxed);
}

/* The rest of a stretch; of a small file all of it, over whatever an older part file holds. */
static bool write_last(struct job *j, struct download *d, struct flight *f, struct err *e)
{
    struct file_info info;
    if (d->file)
        return flush(j, d, f, e);
    if (d->target.kind == FILE_NONE && !j->worker->t->opts.sync) {
        keep_whole(j, d, f);
        return true;
    }
    return open_part(j, d, e) && file_info(d->file, &info, e) &&
           (info.size == 0 || file_cut(d->file, 0, e)) && flush(j, d, f, e);
}

/* 416 to the first request: a file without a byte. */
static bool learn_empty(struct job *j, struct download *d, struct flight *f, struct err *e)
{
    d->object = f->call.object;
    d->known = true;
    f->pos = f->to = 0;
    return download_begin_hash(j, d, e);
}

static bool land_well(struct job *j, struct download *d, struct flight *f, struct err *e)
{
    if (!d->known && !learn_empty(j, d, f, e))
        return false;
    if (d->object.size < 0 && f->from == 0 && f->to < 0)
        d->object.size = f->pos;
    atomic_store(&j->size, d->object.size);
    d->piece_done = true;
    learn_speed(d, f);
    return write_last(j, d, f, e);
}

static bool landed_get(struct job *j, struct flight *f, struct err *e)
{
    struct download *d = j->run;
    bool ranged = download_is_ranged(d);
    if (f->outcome == FLIGHT_OK && d->known && f->to >= 0 && f->pos != f->to) {
        f->outcome = FLIGHT_AGAIN;
        err_set(&f->err, ERR_NETWORK, "the answer broke off");
        f->err.retryable = true;
    }
    /* Ceph says so of a file without a byte, and does not say how long it is. */
    if (f->outcome == FLIGHT_FAILED && f->err.http_status == 416 && !d->known && !d->unranged) {
        d->unranged = true;
        f->outcome = FLIGHT_MOVED;
    }
    if (f->outcome == FLIGHT_CHANGED) {
        j->restarted = true;
        /* Machines behind one name may each have validators of their own. */
        d->unranged = ++d->changes == CHANGES_MOST;
        if (d->changes <= CHANGES_MOST)
            return download_start_over(j, d, e);
        err_set(e, ERR_REFUSED, "the file on the server changes faster than it can be fetched");
        return err_hint(e, "try again later");
    }
    if (f->outcome != FLIGHT_OK && !ranged)
        return download_start_over(j, d, e);
    if (f->outcome != FLIGHT_OK && !d->file) {
        f->filled = 0;
        f->pos = f->from;
    }
    bool ok = f->outcome == FLIGHT_OK ? land_well(j, d, f, e) : flush(j, d, f, e);
    spans_remove(&d->asked, f->pos, f->to < 0 ? INT64_MAX : f->to);
    return ok;
}

const struct way way_get = {.open = open_get,
                            .start = start_get,
                            .landed = landed_get,
                            .tend = download_tend,
                            .close = download_close};
