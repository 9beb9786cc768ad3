#include "upload.h"
#include <dogs/log.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PART_USUALLY = 16 * 1024 * 1024,
    PARTS_USUALLY = 9000, /* some are left for what grows */
    MIB = 1024 * 1024,
    COMPARE_SLICE = 256 * 1024,
};

int64_t upload_part_from(const struct upload *u, int part)
{
    return part * u->part_bytes;
}

int64_t upload_part_to(const struct upload *u, int part)
{
    return part == u->n_parts - 1 ? u->local.size : (part + 1) * u->part_bytes;
}

void upload_part_is(struct job *j, struct upload *u, int part, enum part_state state)
{
    int64_t bytes = upload_part_to(u, part) - upload_part_from(u, part);
    bool was = u->states[part] == PART_THERE, is = state == PART_THERE;
    u->states[part] = (unsigned char)state;
    u->n_there += is - was;
    if (is != was)
        atomic_fetch_add(&j->done, is ? bytes : -bytes);
    if (state == PART_MISSING && part < u->first_missing)
        u->first_missing = part;
    while (u->first_missing < u->n_parts && u->states[u->first_missing] != PART_MISSING)
        u->first_missing++;
}

static void set_parts(struct job *j, struct upload *u, int64_t part_bytes)
{
    u->part_bytes = part_bytes;
    u->n_parts = (int)((u->local.size + part_bytes - 1) / part_bytes);
    u->n_parts = u->n_parts ? u->n_parts : 1;
    u->parts = xrealloc(u->parts, (size_t)u->n_parts * sizeof *u->parts);
    u->states = xrealloc(u->states, (size_t)u->n_parts);
    memset(u->parts, 0, (size_t)u->n_parts * sizeof *u->parts);
    memset(u->states, PART_MISSING, (size_t)u->n_parts);
    for (int i = 0; i < u->n_parts; i++)
        u->parts[i].number = i + 1;
    u->first_missing = u->n_there = 0;
    atomic_store(&j->done, 0);
}

bool upload_plan_parts(struct job *j, struct upload *u, struct err *e)
{
    const struct backend *b = j->backend;
    int64_t wanted = j->worker->t->opts.part_bytes, least = (u->local.size / b->parts_most) + 1;
    if (!wanted) {
        int64_t by_size = (u->local.size / PARTS_USUALLY + MIB) / MIB * MIB;
        wanted = by_size > PART_USUALLY ? by_size : PART_USUALLY;
    }
    wanted = wanted < b->part_least ? b->part_least : wanted;
    wanted = wanted < least ? least : wanted;
    if (b->part_step)
        wanted = (wanted + b->part_step - 1) / b->part_step * b->part_step;
    wanted = wanted > b->part_most ? b->part_most : wanted;
    if (u->local.size > wanted * b->parts_most)
        return err_set(e, ERR_REFUSED, "'%s' is larger than the service takes", j->item.path);
    set_parts(j, u, wanted);
    return true;
}

/* The record is believed if the file is the one that it tells of; then the service is asked for its
 * parts. A service that cannot tell takes the record's word. */
bool upload_take_up(struct job *j, struct upload *u, struct err *e)
{
    char key[2 * 32 + 1];
    struct record r;
    bool damaged = false;
    if (!os_exists(u->record_path))
        return true;
    u->recorded = true;
    if (!record_key(&j->item, key, e))
        return false;
    bool ok = record_load(u->record_path, j->worker->t->boot, key, &r, &damaged) && r.upload &&
              r.size == u->local.size && r.mtime_ns == u->local.mtime_ns && r.part_bytes > 0 &&
              r.size / r.part_bytes < PARTS_MAX;
    j->restarted = !ok;
    if (!ok && r.upload)
        upload_abort(j, r.upload);
    if (ok) {
        bool lists = j->backend->op[CALL_PARTS].prepare != NULL;
        set_parts(j, u, r.part_bytes);
        u->id = r.upload;
        r.upload = NULL;
        for (size_t i = 0; i < r.n_parts; i++)
            if (r.parts[i].number <= u->n_parts) {
                int part = r.parts[i].number - 1;
                u->parts[part] = r.parts[i];
                if (!lists)
                    upload_part_is(j, u, part, PART_THERE);
            }
        u->stage = lists ? UPLOAD_LIST : UPLOAD_PARTS;
        atomic_store(&j->resumed, atomic_load(&j->done));
    }
    record_release(&r);
    return true;
}

bool upload_save(struct job *j, struct upload *u)
{
    const struct transfer *t = j->worker->t;
    struct err e = {0};
    struct record r = {.size = u->local.size,
                       .mtime_ns = u->local.mtime_ns,
                       .part_bytes = u->part_bytes,
                       .upload = u->id};
    r.parts = xmalloc((size_t)u->n_parts * sizeof *r.parts);
    for (int i = 0; i < u->n_parts; i++)
        if (u->states[i] == PART_THERE)
            r.parts[r.n_parts++] = u->parts[i];
    bool ok = record_key(&j->item, r.key, &e) && (u->recorded || os_mkdirs(t->records_dir, &e)) &&
              record_save(u->record_path, t->boot, &r, &e);
    free(r.parts);
    u->recorded = u->recorded || ok;
    u->unsaved = false;
    u->saved_ms = os_mono_ms();
    if (!ok)
        log_line(LOG_WARN, "transfer: %s", e.text);
    return ok;
}

void upload_forget(struct job *j, struct upload *u)
{
    struct err ignored;
    job_recall(j);
    if (u->recorded)
        os_remove_file(u->record_path, &ignored);
    free(u->id);
    free(u->page);
    u->id = u->page = NULL;
    u->recorded = u->unsaved = u->committing = u->has_blocks = false;
    u->compared = 0;
    u->hashed = 0;
    sum_free(u->sum);
    u->sum = NULL;
    u->stage = UPLOAD_BEGIN;
    set_parts(j, u, u->part_bytes);
    atomic_store(&j->resumed, 0);
}

bool upload_take_list(struct job *j, struct upload *u, struct flight *f)
{
    const struct call *c = &f->call;
    for (size_t i = 0; i < c->n_got_parts; i++) {
        const struct part *p = &c->got_parts[i];
        int at = p->number - 1;
        if (at < 0 || at >= u->n_parts ||
            p->size != upload_part_to(u, at) - upload_part_from(u, at))
            continue;
        /* What the record knows of is ours; of others it has to be seen. */
        bool ours = u->parts[at].etag[0] && strcmp(u->parts[at].etag, p->etag) == 0;
        u->parts[at] = *p;
        upload_part_is(j, u, at, ours ? PART_THERE : PART_TOLD);
    }
    free(u->page);
    u->page = f->call.next;
    f->call.next = NULL;
    if (!u->page)
        u->stage = UPLOAD_COMPARE;
    return true;
}

bool upload_md5(struct upload *u, int64_t at, int64_t to, uint8_t out[DIGEST_MAX], struct err *e)
{
    struct digest *d;
    char *buffer;
    bool ok = digest_new(DIGEST_MD5, &d, e);
    if (!ok)
        return false;
    buffer = xmalloc(COMPARE_SLICE);
    while (ok && at < to) {
        size_t want = to - at < COMPARE_SLICE ? (size_t)(to - at) : COMPARE_SLICE, got = 0;
        ok = file_read_at(u->file, buffer, want, at, &got, e) &&
             (got || err_set(e, ERR_IO, "the file became shorter"));
        if (ok)
            digest_add(d, buffer, got);
        at += (int64_t)got;
    }
    digest_end(d, out);
    digest_free(d);
    free(buffer);
    return ok;
}

/* One part that the service has and the record does not know: its bytes must be the file's. */
bool upload_compare(struct job *j, struct upload *u, struct err *e)
{
    uint8_t md5[DIGEST_MAX];
    char quoted[DIGEST_HEX + 2], hex[DIGEST_HEX];
    while (u->compared < u->n_parts && u->states[u->compared] != PART_TOLD)
        u->compared++;
    if (u->compared == u->n_parts) {
        u->stage = UPLOAD_PARTS;
        u->unsaved = true;
        atomic_store(&j->resumed, atomic_load(&j->done));
        return true;
    }
    int i = u->compared++;
    if (!j->backend->etag_is_md5 ||
        !upload_md5(u, upload_part_from(u, i), upload_part_to(u, i), md5, e))
        return !j->backend->etag_is_md5;
    digest_hex(md5, 16, hex);
    snprintf(quoted, sizeof quoted, "\"%s\"", hex);
    bool same = strcmp(u->parts[i].etag, quoted) == 0;
    upload_part_is(j, u, i, same ? PART_THERE : PART_MISSING);
    return true;
}
