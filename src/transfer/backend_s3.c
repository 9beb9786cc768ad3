/* s3: Amazon's S3 and what speaks like it (DigitalOcean Spaces, Ceph, MinIO, OSS). Addresses are
 * "bucket/key". Takes url (the endpoint), region, key_id and secret, virtual_host; without key_id
 * and secret requests go unsigned, as public buckets allow.
 *
 * OSS is spoken to through its S3 endpoint, https://s3.oss-REGION.aliyuncs.com, which takes these
 * signatures, parts, lists and presigned addresses, buckets in the host's name only. Its own
 * signature would give nothing that is needed here: even x-oss-hash-crc64ecma comes this way too.
 *
 * Signing bodies of files would cost a pass of SHA-256 over them (0.75 s/GiB); TLS guards them on
 * the way, and ETags tell afterwards what came. */
#include "s3_answer.h"
#include "s3_place.h"
#include "sigv4.h"

#include <dogs/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S3_XMLNS "http://s3.amazonaws.com/doc/2006-03-01/"

/* A page of parts must come within what a flow collects of an answer: 64 KiB. */
enum { MAX_PARTS_XML = 16 * 1024 * 1024, PARTS_PAGE = 200 };

#define MIB ((int64_t)1024 * 1024)
#define GIB (1024 * MIB)

static bool has(const char *text)
{
    return text && *text;
}

static bool check(const struct remote *r, struct err *e)
{
    struct s3_endpoint at;
    if (has(r->secret))
        log_secret(r->secret);
    if (has(r->user) || has(r->password) || has(r->token) || has(r->header)) {
        err_set(e, ERR_CONFIG, "an s3 remote takes no user, password, token or header");
        return err_hint(e, "write its access key as key_id and secret");
    }
    if (has(r->key_id) != has(r->secret))
        return err_set(e, ERR_CONFIG, "key_id and secret belong together");
    if (has(r->key_id) && strpbrk(r->key_id, "/, \t\r\n"))
        return err_set(e, ERR_CONFIG, "key_id cannot have a slash, comma or blank in it");
    return s3_endpoint_of(r, &at, e);
}

/* The headers that were added to c so far are signed; those that come later are not. */
static bool sign(struct call *c, const struct s3_place *at, const char *query, struct err *e)
{
    char date[SIGV4_DATE], hash[DIGEST_HEX] = SIGV4_UNSIGNED;
    char *authorization = NULL;
    uint8_t digest[DIGEST_MAX];
    int64_t skew = c->access ? c->access->skew_ms : 0;
    bool of_file = c->kind == CALL_PUT || c->kind == CALL_PART;

    if (!of_file && !digest_of(DIGEST_SHA256, str_text(&c->body), c->body.len, digest, e))
        return false;
    if (!of_file)
        digest_hex(digest, 32, hash);
    struct sigv4 q = {
        .key_id = c->remote->key_id,
        .secret = c->remote->secret,
        .region = at->region,
        .method = c->method,
        .host = at->host,
        .path = at->path,
        .query = query,
        .headers = c->headers,
        .n_headers = c->n_headers,
        .payload = hash,
        .at = (c->now_ms + skew) / 1000,
    };
    if (!sigv4_sign(&q, &authorization, e))
        return false;
    sigv4_date(q.at, date);
    call_header(c, "x-amz-content-sha256", "%s", hash);
    call_header(c, "x-amz-date", "%s", date);
    call_header(c, "Authorization", "%s", authorization);
    free(authorization);
    return true;
}

static bool ask(struct call *c, const char *method, bool whole, const char *query, struct err *e)
{
    struct s3_place at;
    bool ok = true;
    if (!s3_place_of(c->remote, c->address, whole, &at, e))
        return false;
    c->method = method;
    c->url = xasprintf("%s%s%s%s", at.origin, at.path, *query ? "?" : "", query);
    if (has(c->remote->secret))
        ok = sign(c, &at, query, e);
    if (ok && c->no_clobber && (c->kind == CALL_PUT || c->kind == CALL_FINISH)) {
        call_header(c, "If-None-Match", "*");
        if (at.oss) /* which knows no If-None-Match here */
            call_header(c, "x-oss-forbid-overwrite", "true");
    }
    s3_place_release(&at);
    return ok;
}

/* "uploadId=…", and more behind it. */
static bool ask_upload(struct call *c, const char *method, const char *more, struct err *e)
{
    struct str query = STR(8 * UPLOAD_ID_MAX);
    str_add(&query, "uploadId=");
    http_escape(&query, c->upload);
    str_add(&query, more);
    bool ok = ask(c, method, true, str_text(&query), e);
    str_release(&query);
    return ok;
}

static bool prepare_get(struct call *c, struct err *e)
{
    call_header(c, "x-amz-checksum-mode", "ENABLED");
    if (!ask(c, "GET", true, "", e))
        return false;
    call_range(c);
    return true;
}

static bool prepare_put(struct call *c, struct err *e)
{
    call_header(c, "Content-Type", "application/octet-stream");
    return ask(c, "PUT", true, "", e);
}

static bool prepare_begin(struct call *c, struct err *e)
{
    call_header(c, "Content-Type", "application/octet-stream");
    return ask(c, "POST", true, "uploads=", e);
}

static bool prepare_part(struct call *c, struct err *e)
{
    char number[40];
    snprintf(number, sizeof number, "&partNumber=%d", c->number);
    call_header(c, "Content-Type", "application/octet-stream");
    return ask_upload(c, "PUT", number, e);
}

static bool prepare_parts(struct call *c, struct err *e)
{
    char *more =
        xasprintf("&max-parts=%d%s%s", PARTS_PAGE, c->page ? "&" : "", c->page ? c->page : "");
    bool ok = ask_upload(c, "GET", more, e);
    free(more);
    return ok;
}

static void add_escaped(struct str *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("&<>\"", *text))
            str_addf(out, "&#%d;", *text);
        else
            str_addn(out, text, 1);
    }
}

static bool prepare_finish(struct call *c, struct err *e)
{
    c->body = STR(MAX_PARTS_XML);
    str_add(&c->body, "<CompleteMultipartUpload xmlns=\"" S3_XMLNS "\">");
    for (size_t i = 0; i < c->n_parts; i++) {
        str_addf(&c->body, "<Part><PartNumber>%d</PartNumber><ETag>", c->parts[i].number);
        add_escaped(&c->body, c->parts[i].etag);
        str_add(&c->body, "</ETag></Part>");
    }
    str_add(&c->body, "</CompleteMultipartUpload>");
    if (c->body.full)
        return err_set(e, ERR_FAILED, "the list of parts is too long to be sent");
    call_header(c, "Content-Type", "application/xml");
    return ask_upload(c, "POST", "", e);
}

static bool prepare_abort(struct call *c, struct err *e)
{
    return ask_upload(c, "DELETE", "", e);
}

static bool prepare_delete(struct call *c, struct err *e)
{
    return ask(c, "DELETE", true, "", e);
}

static bool ask_page(struct call *c, const char *what, const char *prefix, struct err *e)
{
    struct str query = STR(128 * 1024);
    str_add(&query, what);
    if (*prefix) {
        str_add(&query, "&prefix=");
        http_escape(&query, prefix);
    }
    if (c->page)
        str_addf(&query, "&%s", c->page);
    bool ok = ask(c, "GET", false, str_text(&query), e);
    str_release(&query);
    return ok;
}

static bool prepare_list(struct call *c, struct err *e)
{
    char *folder = s3_folder_of(c->address);
    bool ok = ask_page(c, "list-type=2&max-keys=1000&encoding-type=url", folder, e);
    free(folder);
    return ok;
}

static bool prepare_uploads(struct call *c, struct err *e)
{
    /* No encoding-type here: Ceph encodes the keys then, but does not say so. */
    const char *key = strchr(c->address, '/');
    return ask_page(c, "uploads=&max-uploads=1000", key ? key + 1 : "", e);
}

static bool presign(const struct remote *r, enum transfer_way way, const char *address,
                    int64_t seconds, int64_t now_ms, char **url, struct err *e)
{
    struct s3_place at;
    char *query;
    if (!check(r, e))
        return false;
    if (!has(r->secret)) {
        err_set(e, ERR_CONFIG, "only a key can lend an address, and the remote has none");
        return err_hint(e, "write key_id and secret for the remote '%s'", r->name ? r->name : "");
    }
    if (!s3_place_of(r, address, true, &at, e))
        return false;
    struct sigv4 q = {
        .key_id = r->key_id,
        .secret = r->secret,
        .region = at.region,
        .method = way == TRANSFER_GET ? "GET" : "PUT",
        .host = at.host,
        .path = at.path,
        .query = "",
        .payload = SIGV4_UNSIGNED,
        .at = now_ms / 1000,
    };
    bool ok = sigv4_presign(&q, seconds, &query, e);
    if (ok) {
        *url = xasprintf("%s%s?%s", at.origin, at.path, query);
        free(query);
    }
    s3_place_release(&at);
    return ok;
}

/* Sizes: "Amazon S3 multipart upload limits". Spaces refuses more than ten PUTs at once on one
 * object. */
const struct backend backend_s3 = {
    .type = "s3",
    .check = check,
    .presign = presign,
    .whole_most = 5 * GIB,
    .part_least = 5 * MIB,
    .part_most = 5 * GIB,
    .part_step = 1,
    .parts_most = PARTS_MAX,
    .at_once = 10,
    .etag_is_md5 = true,
    .op =
        {
            [CALL_GET] = {prepare_get, s3_accept_get},
            [CALL_PUT] = {prepare_put, s3_accept_put},
            [CALL_BEGIN] = {prepare_begin, s3_accept_begin},
            [CALL_PART] = {prepare_part, s3_accept_part},
            [CALL_PARTS] = {prepare_parts, s3_accept_parts},
            [CALL_FINISH] = {prepare_finish, s3_accept_finish},
            [CALL_ABORT] = {prepare_abort, s3_accept_abort},
            [CALL_LIST] = {prepare_list, s3_accept_list},
            [CALL_UPLOADS] = {prepare_uploads, s3_accept_uploads},
            [CALL_DELETE] = {prepare_delete, s3_accept_abort},
        },
};
