#include "s3_answer.h"
#include "s3_xml.h"

#include <dogs/when.h>
#include <stdlib.h>
#include <string.h>

/* One page while it is read. */
struct page {
    struct call *c;
    size_t cap;
    bool done, truncated, encoded; /* done: the root element was the right one, and it ended */
    char *key, *id;                /* of the entry that is being read */
    int64_t size, time;
    struct part part;
    char *marker, *marker2; /* where the next page begins */
};

struct element {
    const char *way;
    bool (*read)(struct page *p, const char *text, struct err *e);
};

static bool wrong(struct err *e, const char *what, const char *text)
{
    return err_set(e, ERR_PROTOCOL, "the service's list is refused: %s '%.100s'", what, text);
}

static void set(char **to, const char *text)
{
    free(*to);
    *to = xstrdup(text);
}

static bool on_root(struct page *p, const char *text, struct err *e)
{
    (void)text;
    (void)e;
    return p->done = true;
}

static bool on_truncated(struct page *p, const char *text, struct err *e)
{
    (void)e;
    p->truncated = strcmp(text, "true") == 0;
    return true;
}

static bool on_encoding(struct page *p, const char *text, struct err *e)
{
    (void)e;
    p->encoded = strcmp(text, "url") == 0;
    return true;
}

static bool on_key(struct page *p, const char *text, struct err *e)
{
    (void)e;
    set(&p->key, text);
    return true;
}

static bool on_size(struct page *p, const char *text, struct err *e)
{
    return str_int64(text, 0, INT64_MAX, &p->size) || wrong(e, "a size of", text);
}

static bool on_marker(struct page *p, const char *text, struct err *e)
{
    (void)e;
    set(&p->marker, text);
    return true;
}

static bool on_marker2(struct page *p, const char *text, struct err *e)
{
    (void)e;
    set(&p->marker2, text);
    return true;
}

/* An upload whose age is not known must not be taken for an old one. */
static bool on_initiated(struct page *p, const char *text, struct err *e)
{
    return when_from_iso(text, &p->time) || wrong(e, "an upload that was begun at", text);
}

static bool on_upload_id(struct page *p, const char *text, struct err *e)
{
    if (!*text || strlen(text) >= UPLOAD_ID_MAX)
        return wrong(e, "the upload id", text);
    set(&p->id, text);
    return true;
}

static bool on_number(struct page *p, const char *text, struct err *e)
{
    int64_t n;
    if (!str_int64(text, 1, PARTS_MAX, &n))
        return wrong(e, "the part number", text);
    p->part.number = (int)n;
    return true;
}

static bool on_part_size(struct page *p, const char *text, struct err *e)
{
    return str_int64(text, 0, INT64_MAX, &p->part.size) || wrong(e, "a part's size of", text);
}

static bool on_part_etag(struct page *p, const char *text, struct err *e)
{
    return s3_etag(text, p->part.etag) || wrong(e, "the etag", text);
}

static bool on_part(struct page *p, const char *text, struct err *e)
{
    struct call *c = p->c;
    if (!p->part.number || !p->part.etag[0])
        return wrong(e, "a part without number and etag", text);
    if (c->n_got_parts == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 64;
        c->got_parts = xrealloc(c->got_parts, p->cap * sizeof *c->got_parts);
    }
    c->got_parts[c->n_got_parts++] = p->part;
    p->part = (struct part){0};
    return true;
}

static bool add_entry(struct page *p, struct err *e)
{
    struct call *c = p->c;
    bool uploads = c->kind == CALL_UPLOADS;
    if (!p->key || (uploads ? !p->id || p->time == INT64_MIN : p->size < 0))
        return wrong(e, "an entry that is not whole:", p->key ? p->key : "");
    if (c->n_names == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 256;
        c->names = xrealloc(c->names, p->cap * sizeof *c->names);
        c->sizes = xrealloc(c->sizes, p->cap * sizeof *c->sizes);
        if (uploads) {
            c->times = xrealloc(c->times, p->cap * sizeof *c->times);
            c->ids = xrealloc(c->ids, p->cap * sizeof *c->ids);
        }
    }
    c->names[c->n_names] = p->key;
    c->sizes[c->n_names] = p->size;
    if (uploads) {
        c->times[c->n_names] = p->time;
        c->ids[c->n_names] = p->id;
        p->id = NULL;
    }
    c->n_names++;
    p->key = NULL;
    p->size = -1;
    p->time = INT64_MIN;
    return true;
}

static bool on_entry(struct page *p, const char *text, struct err *e)
{
    (void)text;
    return add_entry(p, e);
}

static const struct element of_parts[] = {
    {"ListPartsResult/Part/PartNumber", on_number},
    {"ListPartsResult/Part/Size", on_part_size},
    {"ListPartsResult/Part/ETag", on_part_etag},
    {"ListPartsResult/Part", on_part},
    {"ListPartsResult/IsTruncated", on_truncated},
    {"ListPartsResult/NextPartNumberMarker", on_marker},
    {"ListPartsResult", on_root},
    {0},
};
static const struct element of_list[] = {
    {"ListBucketResult/Contents/Key", on_key},
    {"ListBucketResult/Contents/Size", on_size},
    {"ListBucketResult/Contents", on_entry},
    {"ListBucketResult/IsTruncated", on_truncated},
    {"ListBucketResult/EncodingType", on_encoding},
    {"ListBucketResult/NextContinuationToken", on_marker},
    {"ListBucketResult", on_root},
    {0},
};
static const struct element of_uploads[] = {
    {"ListMultipartUploadsResult/Upload/Key", on_key},
    {"ListMultipartUploadsResult/Upload/UploadId", on_upload_id},
    {"ListMultipartUploadsResult/Upload/Initiated", on_initiated},
    {"ListMultipartUploadsResult/Upload", on_entry},
    {"ListMultipartUploadsResult/IsTruncated", on_truncated},
    {"ListMultipartUploadsResult/EncodingType", on_encoding},
    {"ListMultipartUploadsResult/NextKeyMarker", on_marker},
    {"ListMultipartUploadsResult/NextUploadIdMarker", on_marker2},
    {"ListMultipartUploadsResult", on_root},
    {0},
};

struct reading {
    const struct element *elements;
    struct page *page;
};

static bool on_element(void *ctx, const char *way, const char *text, struct err *e)
{
    struct reading *r = ctx;
    for (const struct element *el = r->elements; el->way; el++)
        if (strcmp(el->way, way) == 0)
            return el->read(r->page, text, e);
    return true;
}

static bool read_page(struct page *p, const struct element *elements, const struct http_resp *r,
                      struct err *e)
{
    struct reading reading = {.elements = elements, .page = p};
    p->size = -1;
    p->time = INT64_MIN;
    if (r->status != 200)
        return s3_refused(p->c, r, e);
    if (!s3_xml_read(str_text(&r->body), r->body.len, on_element, &reading, e))
        return false;
    return p->done || err_set(e, ERR_PROTOCOL, "the service's answer is not the list asked for");
}

static void page_release(struct page *p)
{
    free(p->key);
    free(p->id);
    free(p->marker);
    free(p->marker2);
}

/* take_next becomes the next page; one that leads back would be followed for ever. */
static bool lead_on(struct page *p, char *take_next, struct err *e)
{
    struct call *c = p->c;
    c->next = take_next;
    if (!c->page || strcmp(c->page, take_next) != 0)
        return true;
    return err_set(e, ERR_PROTOCOL, "the service's list comes back to where it was");
}

static bool no_marker(struct err *e)
{
    return err_set(e, ERR_PROTOCOL, "the service's list goes on, but it does not say where");
}

static int hex_digit(char ch)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = ch ? strchr(digits, ch) : NULL;
    return at ? (int)((at - digits) % 16) : -1;
}

/* In place; what is no escape, or one of NUL, stays as it is. */
static void decode(char *text)
{
    char *to = text;
    for (const char *p = text; *p; p++) {
        int high = *p == '%' ? hex_digit(p[1]) : -1, low = high >= 0 ? hex_digit(p[2]) : -1;
        if (low >= 0 && high * 16 + low > 0) {
            *to++ = (char)(high * 16 + low);
            p += 2;
        } else {
            *to++ = (char)(*p == '+' ? ' ' : *p);
        }
    }
    *to = '\0';
}

char *s3_folder_of(const char *address)
{
    const char *key = strchr(address, '/');
    size_t len = key ? strlen(++key) : 0;
    bool open = len > 0 && key[len - 1] != '/';
    return xasprintf("%s%s", len ? key : "", open ? "/" : "");
}

/* Keys become names below the folder. A key that ends in '/' and holds nothing is how consoles draw
 * an empty folder. */
static bool name_objects(struct page *p, struct err *e)
{
    struct call *c = p->c;
    char *folder = s3_folder_of(c->address);
    size_t len = strlen(folder), n = 0, i = 0;
    bool ok = true;
    for (; ok && i < c->n_names; i++) {
        char *key = c->names[i];
        size_t key_len;
        if (p->encoded)
            decode(key);
        key_len = strlen(key);
        ok = strncmp(key, folder, len) == 0;
        if (!ok) {
            wrong(e, "a key that was not asked for:", key);
            break;
        }
        if (key_len == len || (key[key_len - 1] == '/' && c->sizes[i] == 0)) {
            free(key);
            continue;
        }
        memmove(key, key + len, key_len - len + 1);
        c->names[n] = key;
        c->sizes[n++] = c->sizes[i];
    }
    for (; i < c->n_names; i++)
        free(c->names[i]);
    c->n_names = n;
    free(folder);
    return ok;
}

bool s3_accept_list(struct call *c, const struct http_resp *r, struct err *e)
{
    struct page p = {.c = c};
    struct str next = STR(64 * 1024);
    bool ok = read_page(&p, of_list, r, e) && name_objects(&p, e);
    if (ok && p.truncated) {
        str_add(&next, "continuation-token=");
        http_escape(&next, p.marker ? p.marker : "");
        ok = p.marker && *p.marker ? lead_on(&p, str_take(&next), e) : no_marker(e);
    }
    str_release(&next);
    page_release(&p);
    return ok;
}

bool s3_accept_uploads(struct call *c, const struct http_resp *r, struct err *e)
{
    struct page p = {.c = c};
    struct str next = STR(64 * 1024);
    int bucket = (int)strcspn(c->address, "/");
    bool ok = read_page(&p, of_uploads, r, e);
    for (size_t i = 0; i < c->n_names; i++) {
        char *key = c->names[i];
        if (p.encoded)
            decode(key);
        c->names[i] = xasprintf("%.*s/%s", bucket, c->address, key);
        free(key);
    }
    if (ok && p.encoded && p.marker)
        decode(p.marker);
    if (ok && p.truncated) {
        str_add(&next, "key-marker=");
        http_escape(&next, p.marker ? p.marker : "");
        str_add(&next, "&upload-id-marker=");
        http_escape(&next, p.marker2 ? p.marker2 : "");
        ok = p.marker && *p.marker ? lead_on(&p, str_take(&next), e) : no_marker(e);
    }
    str_release(&next);
    page_release(&p);
    return ok;
}

bool s3_accept_parts(struct call *c, const struct http_resp *r, struct err *e)
{
    struct page p = {.c = c};
    bool ok = read_page(&p, of_parts, r, e);
    const char *at = c->page ? strchr(c->page, '=') : NULL;
    int64_t was = 0, n;
    if (at)
        str_int64(at + 1, 1, PARTS_MAX, &was);
    if (ok && p.truncated && (!p.marker || !str_int64(p.marker, was + 1, PARTS_MAX, &n)))
        ok = no_marker(e);
    else if (ok && p.truncated)
        ok = lead_on(&p, xasprintf("part-number-marker=%s", p.marker), e);
    page_release(&p);
    return ok;
}
