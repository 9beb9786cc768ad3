#include "backend.h"
#include <dogs/when.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RETRY_AFTER_MAX_MS = 900000 };
static const int64_t DATE_MOST = INT64_C(9000000000); /* in nanoseconds it fits 64 bits */
static const int64_t SIZE_MOST = INT64_C(1) << 60;

void call_header(struct call *c, const char *name, const char *fmt, ...)
{
    va_list ap;
    if (c->n_headers == CALL_HEADERS)
        abort();
    va_start(ap, fmt);
    c->headers[c->n_headers++] = (struct http_header){name, xvasprintf(fmt, ap)};
    va_end(ap);
}

void call_release(struct call *c)
{
    for (size_t i = 0; i < c->n_headers; i++)
        free((char *)c->headers[i].value);
    for (size_t i = 0; i < c->n_names; i++) {
        free(c->names[i]);
        if (c->ids)
            free(c->ids[i]);
    }
    free(c->url);
    free(c->header_name);
    free(c->bearer);
    free(c->user);
    free(c->password);
    free(c->got_upload);
    free(c->got_parts);
    free(c->names);
    free(c->sizes);
    free(c->times);
    free(c->ids);
    free(c->next);
    str_release(&c->body);
    c->n_headers = c->n_names = c->n_got_parts = 0;
    c->url = c->header_name = c->bearer = c->user = c->password = c->got_upload = c->next = NULL;
    c->got_parts = NULL;
    c->names = c->ids = NULL;
    c->sizes = c->times = NULL;
}

bool call_refused(const struct call *c, const struct http_resp *r, const char *words, struct err *e)
{
    static const struct {
        int status;
        enum err_code code;
        bool retryable;
        const char *meaning;
    } known[] = {
        {400, ERR_REFUSED, false, "the request is not understood"},
        {401, ERR_AUTH, false, "who asks is not known, or the password is wrong"},
        {403, ERR_AUTH, false, "not allowed"},
        {404, ERR_NOT_FOUND, false, "there is no such file"},
        {405, ERR_REFUSED, false, "this is not possible there"},
        {407, ERR_AUTH, false, "the proxy asks for a password"},
        {408, ERR_REFUSED, true, "the server waited too long"},
        {409, ERR_REFUSED, false, "something else is in the way"},
        {410, ERR_NOT_FOUND, false, "the file is gone"},
        {412, ERR_REFUSED, false, "it is not the same as before"},
        {413, ERR_REFUSED, false, "too large for this server"},
        {416, ERR_REFUSED, false, "the file is shorter than was asked for"},
        {425, ERR_REFUSED, true, "too early"},
        {429, ERR_RATE_LIMIT, true, "too many requests"},
        {500, ERR_REFUSED, true, "the server failed"},
        {502, ERR_REFUSED, true, "a server behind it failed"},
        {503, ERR_REFUSED, true, "the server is busy"},
        {504, ERR_REFUSED, true, "a server behind it did not answer"},
        {507, ERR_REFUSED, false, "the server's storage is full"},
    };
    enum err_code code = ERR_REFUSED;
    bool retryable = false;
    const char *meaning = words && *words ? words : "an answer that was not expected";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == r->status) {
            code = known[i].code;
            retryable = known[i].retryable;
            meaning = words && *words ? words : known[i].meaning;
        }
    if (r->status == 412 && c->no_clobber)
        code = ERR_GUARD;
    err_set(e, code, "HTTP %d: %s", r->status, meaning);
    e->http_status = r->status;
    e->retryable = retryable;
    return false;
}

/* "bytes 0-99/1000", "bytes 0-99/" and an asterisk, "bytes" and an asterisk with the size. */
static bool read_range(const char *text, int64_t *from, int64_t *to, int64_t *size)
{
    char first[24], last[24], whole[24];
    *from = *to = *size = -1;
    if (strncasecmp(text, "bytes ", 6) != 0)
        return false;
    text += 6;
    size_t n = strcspn(text, "/");
    if (text[n] != '/' || strlen(text + n + 1) >= sizeof whole)
        return false;
    memcpy(whole, text + n + 1, strlen(text + n + 1) + 1);
    if (strcmp(whole, "*") != 0 && !str_int64(whole, 0, INT64_MAX, size))
        return false;
    if (n == 1 && *text == '*')
        return true;
    size_t dash = strcspn(text, "-");
    if (dash >= n || dash >= sizeof first || n - dash - 1 >= sizeof last)
        return false;
    memcpy(first, text, dash);
    first[dash] = '\0';
    memcpy(last, text + dash + 1, n - dash - 1);
    last[n - dash - 1] = '\0';
    if (!str_int64(first, 0, INT64_MAX - 1, from) || !str_int64(last, *from, INT64_MAX - 1, to))
        return false;
    ++*to;
    return *size < 0 || *to <= *size;
}

static void read_object(struct object *o, const struct http_resp *r)
{
    const char *etag = http_header(r, "ETag"), *date = http_header(r, "Last-Modified");
    const char *packing = http_header(r, "Content-Encoding");
    int64_t t;
    /* A weak one promises the same meaning, not the same bytes (RFC 9110 8.8.1). */
    bool weak = etag && strncmp(etag, "W/", 2) == 0;
    if (etag && !weak && !str_copy(o->etag, sizeof o->etag, etag))
        o->etag[0] = '\0';
    if (date && str_copy(o->modified, sizeof o->modified, date) && when_from_http(date, &t) &&
        t < DATE_MOST && t > -DATE_MOST)
        o->modified_ns = t * 1000000000;
    else
        o->modified[0] = '\0';
    o->packed = packing && *packing && strcasecmp(packing, "identity") != 0;
}

void call_range(struct call *c)
{
    bool whole = c->from == 0 && c->to < 0;
    if (c->to >= 0)
        call_header(c, "Range", "bytes=%lld-%lld", (long long)c->from, (long long)c->to - 1);
    else if (!whole)
        call_header(c, "Range", "bytes=%lld-", (long long)c->from);
    if (c->pinned && c->pinned->etag[0])
        call_header(c, "If-Match", "%s", c->pinned->etag);
    else if (c->pinned && c->pinned->modified[0])
        call_header(c, "If-Unmodified-Since", "%s", c->pinned->modified);
}

bool call_refused_get(struct call *c, const struct http_resp *r, const char *words, struct err *e)
{
    const char *range = http_header(r, "Content-Range");
    int64_t from, to, size;
    c->changed = c->pinned && (r->status == 412 || r->status == 416);
    /* A file without a byte has no range of bytes. */
    bool empty = r->status == 416 && c->from == 0 && range &&
                 read_range(range, &from, &to, &size) && size == 0;
    if (!empty)
        return call_refused(c, r, words, e);
    c->object = (struct object){.size = 0};
    read_object(&c->object, r);
    c->got_from = c->got_to = 0;
    return true;
}

static bool is_same(const struct object *then, const struct object *now)
{
    if (then->size >= 0 && now->size >= 0 && then->size != now->size)
        return false;
    if (then->etag[0] && now->etag[0])
        return strcmp(then->etag, now->etag) == 0;
    bool dated = then->modified[0] && now->modified[0];
    if (dated)
        return strcmp(then->modified, now->modified) == 0;
    return !then->etag[0] && !then->modified[0];
}

static bool wrong_range(struct err *e, const char *said)
{
    err_set(e, ERR_PROTOCOL,
            "the answer is not the range that was asked for (Content-Range: %.60s)",
            said ? said : "missing");
    e->retryable = true;
    return false;
}

bool call_read_head(struct call *c, const struct http_resp *r, struct err *e)
{
    const char *range = http_header(r, "Content-Range"), *length = http_header(r, "Content-Length");
    struct object *o = &c->object;
    bool partial = r->status == 206;
    *o = (struct object){.size = -1};
    read_object(o, r);
    c->got_from = 0;
    c->got_to = -1;
    if (partial) {
        if (!range || !read_range(range, &c->got_from, &c->got_to, &o->size) || c->got_from < 0)
            return wrong_range(e, range);
        int64_t end = c->to < 0 || (o->size >= 0 && o->size < c->to) ? o->size : c->to;
        if (c->got_from != c->from || (end >= 0 && c->got_to > end))
            return wrong_range(e, range);
        o->ranges = true;
    } else {
        const char *accepts = http_header(r, "Accept-Ranges");
        if (length && !str_int64(length, 0, INT64_MAX, &o->size))
            return err_set(e, ERR_PROTOCOL, "a Content-Length of %.40s cannot be", length);
        o->size = o->packed ? -1 : o->size;
        c->got_to = o->size;
        o->ranges = accepts && strcasecmp(accepts, "bytes") == 0;
    }
    if (o->size > SIZE_MOST)
        return err_set(e, ERR_PROTOCOL, "a file of %lld bytes cannot be", (long long)o->size);
    if (c->pinned && !is_same(c->pinned, o)) {
        c->changed = true;
        return err_set(e, ERR_REFUSED, "the file has changed on the server meanwhile");
    }
    return true;
}

int64_t call_retry_after_ms(const struct http_resp *r, int64_t now_ms)
{
    const char *text = http_header(r, "Retry-After");
    int64_t seconds, at, ms = 0;
    if (!text)
        return 0;
    if (str_int64(text, 0, RETRY_AFTER_MAX_MS, &seconds))
        ms = seconds * 1000;
    else if (when_from_http(text, &at))
        ms = at * 1000 - now_ms;
    return ms < 0 ? 0 : ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : ms;
}
