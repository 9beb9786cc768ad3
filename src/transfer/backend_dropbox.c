/* dropbox: Dropbox's API, version 2. Addresses are "/folder/name". Takes refresh_token with app_key
 * (and app_secret, if the app has one), or an access token, which lives for some hours; url only to
 * speak to something else than Dropbox.
 *
 * What the service allows, from its HTTP documentation, its specification (files.stone) and its
 * performance guide: 150 MB per request, 350 GB per file; parts of an upload in any order and at
 * once ("concurrent session") if all begin and but for the last one end at multiples of 4 MiB;
 * nothing can be added after the part that closes, so the last one is sent when the others are
 * there. Unfinished uploads die after 7 days; they can neither be listed nor given up, nor can
 * their parts be asked for. */
#include "backend_dropbox.h"
#include <stdlib.h>
#include <string.h>

enum {
    STEP = 4 * 1024 * 1024,
    /* The documentation said 150 MB and says MiB in newer places; this is below both. */
    WHOLE_MOST = 150 * 1000 * 1000,
    PART_MOST = WHOLE_MOST / STEP * STEP,
    BATCH = 1000,
    PAGE = 2000,
};
static const int64_t FILE_MOST = INT64_C(350) << 30;

/* GET rather than the usual POST: the documentation allows it for downloads, and a GET is repeated
 * by whatever lies between. */
static bool prepare_get(struct call *c, struct err *e)
{
    char *path;
    if (!dropbox_begin(c, DROPBOX_CONTENT, "/2/files/download", e) ||
        !dropbox_path(c->address, &path, e))
        return false;
    c->method = "GET";
    cJSON *arg = cJSON_CreateObject();
    cJSON_AddStringToObject(arg, "path", path);
    dropbox_arg(c, arg);
    free(path);
    /* Its ETag is weak and If-Match unheard of; the revision is compared when the answer is there.
     */
    const struct object *pinned = c->pinned;
    c->pinned = NULL;
    call_range(c);
    c->pinned = pinned;
    return true;
}

/* The result tells what the headers do not: revision, hash, and of a range the whole size. */
static bool read_result(struct call *c, const char *result, struct err *e)
{
    struct object *o = &c->object;
    int64_t size = o->size;
    cJSON *file = json_parse(result, strlen(result), e);
    if (!file)
        return err_wrap(e, "Dropbox-API-Result");
    dropbox_read_file(file, o);
    cJSON_Delete(file);
    if (o->size < 0)
        o->size = size;
    if (size >= 0 && size != o->size) {
        err_set(e, ERR_PROTOCOL, "%lld bytes come of a file of %lld", (long long)size,
                (long long)o->size);
        e->retryable = true;
        return false;
    }
    c->got_to = c->got_to < 0 ? o->size : c->got_to;
    if (!c->pinned || (strcmp(c->pinned->etag, o->etag) == 0 && c->pinned->size == o->size))
        return true;
    c->changed = true;
    return err_set(e, ERR_REFUSED, "the file has changed in Dropbox meanwhile");
}

static bool accept_get(struct call *c, const struct http_resp *r, struct err *e)
{
    const char *result = http_header(r, "Dropbox-API-Result");
    const struct object *pinned = c->pinned;
    if (r->status == 416)
        return call_refused_get(c, r, NULL, e);
    if (r->status != 200 && r->status != 206)
        return dropbox_refused(c, r, e);
    if (!result)
        return err_set(e, ERR_PROTOCOL, "the answer is not Dropbox's: no Dropbox-API-Result");
    c->pinned = NULL;
    bool ok = call_read_head(c, r, e);
    c->pinned = pinned;
    return ok && read_result(c, result, e);
}

static bool prepare_put(struct call *c, struct err *e)
{
    cJSON *commit;
    if (!dropbox_begin(c, DROPBOX_CONTENT, "/2/files/upload", e) ||
        !dropbox_commit(c->address, c->mtime_ns, c->no_clobber, &commit, e))
        return false;
    call_header(c, "Content-Type", "application/octet-stream");
    dropbox_arg(c, commit);
    return true;
}

/* PUT and FINISH. */
static bool accept_file(struct call *c, const struct http_resp *r, struct err *e)
{
    if (r->status != 200)
        return dropbox_refused(c, r, e);
    cJSON *file = json_parse(str_text(&r->body), r->body.len, e);
    if (!file)
        return false;
    c->object = (struct object){.size = -1};
    dropbox_read_file(file, &c->object);
    cJSON_Delete(file);
    return true;
}

/* One part is sent and closed here; of several none is, as a concurrent session wants it. */
static bool prepare_begin(struct call *c, struct err *e)
{
    bool whole = c->last && c->len == c->total;
    if (c->total > FILE_MOST)
        return err_set(e, ERR_REFUSED, "Dropbox takes files up to 350 GB");
    if (!dropbox_begin(c, DROPBOX_CONTENT, "/2/files/upload_session/start", e))
        return false;
    cJSON *arg = cJSON_CreateObject();
    cJSON_AddBoolToObject(arg, "close", whole);
    if (!whole)
        cJSON_AddStringToObject(arg, "session_type", "concurrent");
    call_header(c, "Content-Type", "application/octet-stream");
    dropbox_arg(c, arg);
    return true;
}

static bool accept_begin(struct call *c, const struct http_resp *r, struct err *e)
{
    const char *id;
    if (r->status != 200)
        return dropbox_refused(c, r, e);
    cJSON *json = json_parse(str_text(&r->body), r->body.len, e);
    bool ok = json && json_need_text(json, "session_id", &id, e);
    if (ok && (!*id || strlen(id) >= UPLOAD_ID_MAX))
        ok = err_set(e, ERR_PROTOCOL, "session_id: is empty or too long");
    if (ok)
        c->got_upload = xstrdup(id);
    cJSON_Delete(json);
    return ok;
}

static bool prepare_part(struct call *c, struct err *e)
{
    if (!dropbox_begin(c, DROPBOX_CONTENT, "/2/files/upload_session/append_v2", e))
        return false;
    cJSON *arg = cJSON_CreateObject();
    cJSON_AddItemToObject(arg, "cursor", dropbox_cursor(c->upload, c->offset));
    cJSON_AddBoolToObject(arg, "close", c->last);
    call_header(c, "Content-Type", "application/octet-stream");
    dropbox_arg(c, arg);
    return true;
}

static bool accept_part(struct call *c, const struct http_resp *r, struct err *e)
{
    c->right_offset = -1;
    if (r->status != 200 && !dropbox_refused(c, r, e))
        return false;
    c->right_offset = -1;
    c->got_part = (struct part){.number = c->number, .size = c->len};
    return true;
}

static bool prepare_finish(struct call *c, struct err *e)
{
    cJSON *commit;
    if (!dropbox_begin(c, DROPBOX_CONTENT, "/2/files/upload_session/finish", e) ||
        !dropbox_commit(c->address, c->mtime_ns, c->no_clobber, &commit, e))
        return false;
    cJSON *arg = cJSON_CreateObject();
    cJSON_AddItemToObject(arg, "cursor", dropbox_cursor(c->upload, c->total));
    cJSON_AddItemToObject(arg, "commit", commit);
    call_header(c, "Content-Type", "application/octet-stream");
    dropbox_arg(c, arg);
    return true;
}

static bool prepare_commit(struct call *c, struct err *e)
{
    if (!dropbox_begin(c, DROPBOX_API, "/2/files/upload_session/finish_batch_v2", e))
        return false;
    cJSON *body = cJSON_CreateObject(), *entries = cJSON_AddArrayToObject(body, "entries");
    bool ok = true;
    for (size_t i = 0; ok && i < c->n_commits; i++) {
        const struct commit *it = &c->commits[i];
        cJSON *entry, *commit;
        ok = dropbox_commit(it->address, it->mtime_ns, it->no_clobber, &commit, e);
        if (!ok)
            break;
        entry = cJSON_CreateObject();
        cJSON_AddItemToObject(entry, "cursor", dropbox_cursor(it->upload, it->total));
        cJSON_AddItemToObject(entry, "commit", commit);
        cJSON_AddItemToArray(entries, entry);
    }
    if (!ok) {
        cJSON_Delete(body);
        return false;
    }
    dropbox_body(c, body);
    return true;
}

static void read_entry(const cJSON *entry, struct commit *it)
{
    const cJSON *tag = cJSON_GetObjectItemCaseSensitive(entry, ".tag");
    const char *text = cJSON_IsString(tag) ? tag->valuestring : "";
    it->ok = false;
    it->e = (struct err){0};
    it->object = (struct object){.size = -1};
    if (strcmp(text, "success") == 0) {
        dropbox_read_file(entry, &it->object);
        it->ok = true;
    } else if (strcmp(text, "failure") == 0) {
        dropbox_entry_refused(it, json_at(entry, "failure"), &it->e);
    } else {
        err_set(&it->e, ERR_PROTOCOL, "neither success nor failure is told of it");
    }
}

static bool accept_commit(struct call *c, const struct http_resp *r, struct err *e)
{
    const cJSON *entries, *entry;
    size_t n = 0;
    if (r->status != 200)
        return dropbox_refused(c, r, e);
    cJSON *json = json_parse(str_text(&r->body), r->body.len, e);
    bool ok = json && json_need_array(json, "entries", &entries, e);
    if (ok && (size_t)cJSON_GetArraySize(entries) != c->n_commits)
        ok = err_set(e, ERR_PROTOCOL, "%d results came for %zu files", cJSON_GetArraySize(entries),
                     c->n_commits);
    if (ok)
        cJSON_ArrayForEach(entry, entries) read_entry(entry, &c->commits[n++]);
    cJSON_Delete(json);
    return ok;
}

static bool prepare_list(struct call *c, struct err *e)
{
    char *path;
    const char *route = c->page ? "/2/files/list_folder/continue" : "/2/files/list_folder";
    if (!dropbox_begin(c, DROPBOX_API, route, e) || !dropbox_path(c->address, &path, e))
        return false;
    cJSON *body = cJSON_CreateObject();
    if (c->page) {
        cJSON_AddStringToObject(body, "cursor", c->page);
    } else {
        cJSON_AddStringToObject(body, "path", path);
        cJSON_AddTrueToObject(body, "recursive");
        json_put_int(body, "limit", PAGE);
    }
    dropbox_body(c, body);
    free(path);
    return true;
}

/* Relative to the prefix by its number of folders, not by its letters: those of path_display may
 * be larger or smaller ones than were asked for. */
static const char *below(const char *path, const char *prefix)
{
    for (prefix += strspn(prefix, "/"); *prefix; prefix += strspn(prefix, "/")) {
        prefix += strcspn(prefix, "/");
        path += strspn(path, "/");
        path += strcspn(path, "/");
    }
    return path + strspn(path, "/");
}

static bool read_list(struct call *c, const cJSON *json, struct err *e)
{
    const cJSON *entries, *entry;
    const char *cursor, *path;
    if (!json_need_array(json, "entries", &entries, e) ||
        !json_need_text(json, "cursor", &cursor, e))
        return false;
    size_t room = (size_t)cJSON_GetArraySize(entries);
    c->names = xcalloc(room + 1, sizeof *c->names);
    c->sizes = xcalloc(room + 1, sizeof *c->sizes);
    cJSON_ArrayForEach(entry, entries)
    {
        const cJSON *tag = cJSON_GetObjectItemCaseSensitive(entry, ".tag");
        if (!cJSON_IsString(tag) || strcmp(tag->valuestring, "file") != 0)
            continue;
        if (!json_need_text(entry, "path_display", &path, e))
            return false;
        c->sizes[c->n_names] = json_int(entry, "size", -1);
        c->names[c->n_names++] = xstrdup(below(path, c->address));
    }
    if (json_bool(json, "has_more", false))
        c->next = xstrdup(cursor);
    return true;
}

static bool accept_list(struct call *c, const struct http_resp *r, struct err *e)
{
    if (r->status != 200)
        return dropbox_refused(c, r, e);
    cJSON *json = json_parse(str_text(&r->body), r->body.len, e);
    bool ok = json && read_list(c, json, e);
    cJSON_Delete(json);
    return ok;
}

const struct backend backend_dropbox = {
    .type = "dropbox",
    .check = dropbox_check,
    .login = dropbox_login,
    .whole_most = WHOLE_MOST,
    .part_least = STEP,
    .part_most = PART_MOST,
    .part_step = STEP,
    .parts_most = PARTS_MAX,
    .batch = BATCH,
    .begin_takes_data = true,
    .last_alone = true,
    /* No PARTS, ABORT, UPLOADS: the service has no such calls. */
    .op = {[CALL_GET] = {prepare_get, accept_get},
           [CALL_PUT] = {prepare_put, accept_file},
           [CALL_BEGIN] = {prepare_begin, accept_begin},
           [CALL_PART] = {prepare_part, accept_part},
           [CALL_FINISH] = {prepare_finish, accept_file},
           [CALL_COMMIT] = {prepare_commit, accept_commit},
           [CALL_LIST] = {prepare_list, accept_list}},
};
