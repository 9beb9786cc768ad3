#include "s3_answer.h"
#include "s3_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool unclear(struct err *e, const char *what)
{
    err_set(e, ERR_PROTOCOL, "the service's answer %s", what);
    e->retryable = true;
    return false;
}

bool s3_etag(const char *text, char out[ETAG_MAX])
{
    size_t len = strlen(text);
    bool quoted = *text == '"';
    if (len == 0 || len + (quoted ? 0 : 2) >= ETAG_MAX) {
        out[0] = '\0';
        return false;
    }
    snprintf(out, ETAG_MAX, quoted ? "%s" : "\"%s\"", text);
    return true;
}

/* An etag of 32 digits is the MD5 of the object's bytes, unless they are stored under a key of
 * someone's own (Amazon: Common Response Headers), or were appended piece by piece (OSS). */
static bool has_md5_etag(const struct http_resp *r)
{
    const char *how = http_header(r, "x-amz-server-side-encryption");
    const char *type = http_header(r, "x-oss-object-type");
    return (!how || strcmp(how, "AES256") == 0) && (!type || strcasecmp(type, "Normal") == 0) &&
           !http_header(r, "x-amz-server-side-encryption-customer-algorithm");
}

static void read_md5(struct object *o, const struct http_resp *r)
{
    char hex[33];
    if (strlen(o->etag) != 34 || o->etag[33] != '"' || !has_md5_etag(r))
        return;
    memcpy(hex, o->etag + 1, 32);
    hex[32] = '\0';
    if (digest_from_hex(hex, 16, o->digest[DIGEST_MD5]))
        o->digests |= 1u << DIGEST_MD5;
}

/* An object of parts may have a digest of its parts' digests ("…-3", or the type), and the answer
 * to a range that happens to be a part may tell that part's. */
static void read_checksums(struct call *c, const struct http_resp *r)
{
    static const struct {
        const char *header;
        enum digest_kind kind;
    } told[] = {
        {"x-amz-checksum-sha256", DIGEST_SHA256},
        {"x-amz-checksum-sha1", DIGEST_SHA1},
        {"x-amz-checksum-crc32", DIGEST_CRC32},
        {"x-amz-checksum-crc32c", DIGEST_CRC32C},
    };
    struct object *o = &c->object;
    const char *type = http_header(r, "x-amz-checksum-type");
    bool whole = r->status == 200 || (c->got_from == 0 && c->got_to == o->size);
    if (!whole || (type && strcasecmp(type, "COMPOSITE") == 0))
        return;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        const char *text = http_header(r, told[i].header);
        size_t n = digest_size(told[i].kind);
        if (text && digest_from_base64(text, n, o->digest[told[i].kind]))
            o->digests |= 1u << told[i].kind;
    }
}

static void read_crc64(struct object *o, const struct http_resp *r)
{
    const char *text = http_header(r, "x-oss-hash-crc64ecma");
    char *end;
    if (!text || *text < '0' || *text > '9')
        return;
    uint64_t v = strtoull(text, &end, 10);
    if (*end)
        return;
    for (size_t k = 0; k < 8; k++)
        o->digest[DIGEST_CRC64][k] = (uint8_t)(v >> (56 - 8 * k));
    o->digests |= 1u << DIGEST_CRC64;
}

bool s3_accept_get(struct call *c, const struct http_resp *r, struct err *e)
{
    const char *length = http_header(r, "Content-Length");
    struct object *o = &c->object;
    if (r->status != 200 && r->status != 206)
        return s3_refused_get(c, r, e);
    if (!call_read_head(c, r, e))
        return false;
    /* Content-Encoding is what the uploader wrote beside the object: the bytes are the object's. */
    if (o->packed && r->status == 200 && length && str_int64(length, 0, INT64_MAX, &o->size))
        c->got_to = o->size;
    o->packed = false;
    o->ranges = true;
    if (c->pinned && c->pinned->size >= 0 && o->size >= 0 && c->pinned->size != o->size) {
        c->changed = true;
        return err_set(e, ERR_REFUSED, "the object has changed on the server meanwhile");
    }
    read_md5(o, r);
    read_checksums(c, r);
    read_crc64(o, r);
    return true;
}

bool s3_accept_put(struct call *c, const struct http_resp *r, struct err *e)
{
    const char *etag = http_header(r, "ETag");
    if (r->status < 200 || r->status > 299)
        return s3_refused(c, r, e);
    c->object = (struct object){.size = -1};
    if (etag && s3_etag(etag, c->object.etag))
        read_md5(&c->object, r);
    return true;
}

static bool on_begin(void *ctx, const char *way, const char *text, struct err *e)
{
    struct call *c = ctx;
    if (strcmp(way, "InitiateMultipartUploadResult/UploadId") != 0)
        return true;
    if (!*text || strlen(text) >= UPLOAD_ID_MAX || c->got_upload)
        return unclear(e, "has no proper UploadId");
    c->got_upload = xstrdup(text);
    return true;
}

bool s3_accept_begin(struct call *c, const struct http_resp *r, struct err *e)
{
    if (r->status != 200)
        return s3_refused(c, r, e);
    if (!s3_xml_read(str_text(&r->body), r->body.len, on_begin, c, e)) {
        e->retryable = true;
        return false;
    }
    return c->got_upload || unclear(e, "has no UploadId");
}

bool s3_accept_part(struct call *c, const struct http_resp *r, struct err *e)
{
    const char *etag = http_header(r, "ETag");
    if (r->status < 200 || r->status > 299)
        return s3_refused(c, r, e);
    c->got_part = (struct part){.number = c->number, .size = c->len};
    if (!etag || !s3_etag(etag, c->got_part.etag))
        return unclear(e, "to a part has no ETag");
    c->got_part.opaque = !has_md5_etag(r);
    return true;
}

struct finished {
    struct call *c;
    bool done, refused;
};

static bool on_finish(void *ctx, const char *way, const char *text, struct err *e)
{
    struct finished *f = ctx;
    (void)e;
    if (strcmp(way, "CompleteMultipartUploadResult/ETag") == 0)
        s3_etag(text, f->c->object.etag);
    f->done = f->done || strcmp(way, "CompleteMultipartUploadResult") == 0;
    f->refused = f->refused || strcmp(way, "Error") == 0;
    return true;
}

/* 200 is sent before the parts are put together, so the body alone tells whether they were. */
bool s3_accept_finish(struct call *c, const struct http_resp *r, struct err *e)
{
    struct finished f = {.c = c};
    if (r->status != 200)
        return s3_refused(c, r, e);
    c->object = (struct object){.size = -1};
    bool read = s3_xml_read(str_text(&r->body), r->body.len, on_finish, &f, e);
    if (read && f.done)
        return true;
    if (read && f.refused)
        return s3_refused(c, r, e);
    if (read)
        unclear(e, "does not say whether the object was made of its parts");
    e->retryable = e->ambiguous = true;
    return false;
}

bool s3_accept_abort(struct call *c, const struct http_resp *r, struct err *e)
{
    struct err why = {0};
    if (r->status >= 200 && r->status <= 299)
        return true;
    s3_refused(c, r, &why);
    if (r->status == 404)
        return true;
    *e = why;
    return false;
}
