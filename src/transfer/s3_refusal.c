#include "s3_answer.h"
#include "s3_xml.h"

#include <dogs/when.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Services refuse what is more than 15 minutes off; a correction of less would change nothing. */
enum { SKEW_WORTH_MS = 60000 };

struct refusal {
    char code[64], message[300], region[64], endpoint[256], size[24];
};

static bool has(const char *text)
{
    return text && *text;
}

static bool on_element(void *ctx, const char *way, const char *text, struct err *e)
{
    struct refusal *x = ctx;
    const struct {
        const char *way;
        char *to;
        size_t size;
    } wanted[] = {
        {"Error/Code", x->code, sizeof x->code},
        {"Error/Message", x->message, sizeof x->message},
        {"Error/Region", x->region, sizeof x->region},
        {"Error/Endpoint", x->endpoint, sizeof x->endpoint},
        {"Error/ActualObjectSize", x->size, sizeof x->size},
    };
    (void)e;
    way += str_starts(way, "ErrorResponse/") ? strlen("ErrorResponse/") : 0;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strcmp(way, wanted[i].way) == 0)
            str_copy(wanted[i].to, wanted[i].size, text);
    return true;
}

static void clean(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
}

static void read_refusal(const struct http_resp *r, struct refusal *x)
{
    const char *region = http_header(r, "x-amz-bucket-region");
    struct err ignored = {0};
    *x = (struct refusal){0};
    s3_xml_read(str_text(&r->body), r->body.len, on_element, x, &ignored);
    if (!*x->region && region)
        str_copy(x->region, sizeof x->region, region);
    clean(x->code);
    clean(x->message);
    clean(x->region);
    clean(x->endpoint);
}

/* "NoSuchKey: The specified key does not exist." */
static const char *words_of(const struct refusal *x, char out[400])
{
    snprintf(out, 400, "%s%s%s", x->code, *x->code && *x->message ? ": " : "", x->message);
    return out;
}

static bool wrong_clock(struct call *c, const struct http_resp *r, struct err *e)
{
    const char *date = http_header(r, "Date");
    int64_t used = c->access ? c->access->skew_ms : 0, there, skew = 0;
    bool known = date && when_from_http(date, &there);
    if (known)
        skew = there * 1000 - c->now_ms;
    e->code = ERR_AUTH;
    e->retryable = known && llabs(skew - used) >= SKEW_WORTH_MS;
    if (e->retryable)
        c->right_skew_ms = skew ? skew : 1;
    return err_hint(e, "set this computer's clock");
}

static bool wrong_place(const struct call *c, const struct refusal *x, struct err *e)
{
    const char *name = c->remote->name ? c->remote->name : "", *host = x->endpoint;
    size_t bucket = strcspn(c->address, "/");
    if (strncmp(host, c->address, bucket) == 0 && host[bucket] == '.')
        host += bucket + 1;
    e->code = ERR_CONFIG;
    e->retryable = false;
    if (*host && *x->region)
        return err_hint(e, "write url: https://%s and region: %s for the remote '%s'", host,
                        x->region, name);
    if (*host)
        return err_hint(e, "write url: https://%s for the remote '%s'", host, name);
    return err_hint(e, "write region: %s for the remote '%s', and an url of that region", x->region,
                    name);
}

static bool wrong_key(const struct call *c, const char *hint, struct err *e)
{
    const char *name = c->remote->name ? c->remote->name : "";
    if (!has(c->remote->secret))
        return err_hint(e, "the remote '%s' has no key_id and secret, so the bucket must be public",
                        name);
    return err_hint(e, "remote '%s': %s", name, hint);
}

/* Codes whose meaning the status does not tell, or not well enough. */
static const struct known {
    const char *code;
    enum err_code as;
    bool retryable;
    const char *hint; /* the remote is named before it; NULL = none */
} known[] = {
    {"SlowDown", ERR_RATE_LIMIT, true, NULL},
    {"Throttling", ERR_RATE_LIMIT, true, NULL},
    {"ThrottlingException", ERR_RATE_LIMIT, true, NULL},
    {"RequestLimitExceeded", ERR_RATE_LIMIT, true, NULL},
    {"TooManyRequests", ERR_RATE_LIMIT, true, NULL},
    {"ServiceUnavailable", ERR_REFUSED, true, NULL},
    {"InternalError", ERR_REFUSED, true, NULL},
    {"RequestTimeout", ERR_REFUSED, true, NULL},
    {"OperationAborted", ERR_REFUSED, true, NULL},
    {"ConditionalRequestConflict", ERR_REFUSED, true, NULL},
    /* The bytes that came are not those that were sent. */
    {"BadDigest", ERR_REFUSED, true, NULL},
    {"IncompleteBody", ERR_REFUSED, true, NULL},
    {"NoSuchBucket", ERR_NOT_FOUND, false, NULL},
    {"NoSuchKey", ERR_NOT_FOUND, false, NULL},
    {"NoSuchUpload", ERR_NOT_FOUND, false, NULL},
    {"AccessDenied", ERR_AUTH, false,
     "see what its key_id is allowed, and whether the bucket's name is right"},
    {"SignatureDoesNotMatch", ERR_AUTH, false,
     "look at its secret (and region), which does not belong to its key_id"},
    {"InvalidAccessKeyId", ERR_AUTH, false, "look at its key_id, which the service does not know"},
    {"AuthorizationHeaderMalformed", ERR_AUTH, false, "look at its key_id and region"},
    {"AccountProblem", ERR_AUTH, false, NULL},
};

/* Ceph says NoSuchKey of the list of parts of an upload that it does not know. */
static bool is_gone(const struct call *c, const struct refusal *x)
{
    bool of_upload = c->kind == CALL_PART || c->kind == CALL_PARTS || c->kind == CALL_FINISH;
    return of_upload && (strcmp(x->code, "NoSuchUpload") == 0 || strcmp(x->code, "NoSuchKey") == 0);
}

static bool explain(struct call *c, const struct http_resp *r, const struct refusal *x,
                    struct err *e)
{
    bool elsewhere = r->status == 301 || r->status == 307 ||
                     strcmp(x->code, "PermanentRedirect") == 0 ||
                     strcmp(x->code, "AuthorizationHeaderMalformed") == 0;
    bool conditional = c->kind == CALL_PUT || c->kind == CALL_FINISH;
    if (strcmp(x->code, "RequestTimeTooSkewed") == 0)
        return wrong_clock(c, r, e);
    /* OSS calls it AccessDenied and names the endpoint. */
    if ((elsewhere && (*x->region || *x->endpoint)) ||
        (*x->endpoint && strcmp(x->code, "AccessDenied") == 0))
        return wrong_place(c, x, e);
    if (c->no_clobber && conditional && strcmp(x->code, "FileAlreadyExists") == 0)
        e->code = ERR_GUARD;
    c->upload_is_gone = is_gone(c, x);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct known *k = &known[i];
        if (strcmp(x->code, k->code) != 0)
            continue;
        e->code = k->as;
        e->retryable = k->retryable;
        if (k->hint)
            wrong_key(c, k->hint, e);
    }
    return false;
}

bool s3_refused(struct call *c, const struct http_resp *r, struct err *e)
{
    struct refusal x;
    char words[400];
    read_refusal(r, &x);
    call_refused(c, r, words_of(&x, words), e);
    return explain(c, r, &x, e);
}

bool s3_refused_get(struct call *c, const struct http_resp *r, struct err *e)
{
    struct refusal x;
    char words[400];
    const char *etag = http_header(r, "ETag");
    read_refusal(r, &x);
    if (call_refused_get(c, r, words_of(&x, words), e))
        return true;
    /* A range that begins at 0 is out of bounds only where there is no byte at all; Ceph says no
     * more than that, neither in Content-Range nor here. */
    bool size_is_0 = !*x.size || strcmp(x.size, "0") == 0;
    if (r->status == 416 && c->from == 0 && strcmp(x.code, "InvalidRange") == 0 && size_is_0 &&
        (!c->pinned || c->pinned->size <= 0)) {
        c->object = (struct object){.size = 0};
        if (etag)
            s3_etag(etag, c->object.etag);
        c->got_from = c->got_to = 0;
        c->changed = false;
        return true;
    }
    return explain(c, r, &x, e);
}
