#include "sigv4.h"

#include <dogs/digest.h>
#include <dogs/when.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_TEXT = 256 * 1024 };

#define ALGORITHM "AWS4-HMAC-SHA256"

/* What is signed as a header, by name. */
struct headers {
    struct http_header row[SIGV4_HEADERS + 3];
    size_t n;
};

void sigv4_date(int64_t at, char out[SIGV4_DATE])
{
    char iso[WHEN_TEXT];
    size_t n = 0;
    when_to_iso(at, iso);
    for (const char *p = iso; *p && n < SIGV4_DATE - 1; p++)
        if (*p != '-' && *p != ':')
            out[n++] = *p;
    out[n] = '\0';
}

static int by_name(const void *a, const void *b)
{
    return strcasecmp(((const struct http_header *)a)->name, ((const struct http_header *)b)->name);
}

/* "20130524/us-east-1/s3/aws4_request" */
static char *scope_of(const struct sigv4 *q)
{
    char date[SIGV4_DATE];
    sigv4_date(q->at, date);
    return xasprintf("%.8s/%s/s3/aws4_request", date, q->region);
}

static void add_names(struct str *out, const struct headers *h)
{
    for (size_t i = 0; i < h->n; i++) {
        str_add(out, i ? ";" : "");
        for (const char *p = h->row[i].name; *p; p++)
            str_addf(out, "%c", *p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    }
}

/* Without blanks around it, and one where several follow one another. */
static void add_value(struct str *out, const char *value)
{
    bool blank = false, first = true;
    for (const char *p = value; *p; p++) {
        if (*p == ' ' || *p == '\t') {
            blank = true;
            continue;
        }
        str_addf(out, "%s%c", blank && !first ? " " : "", *p);
        blank = first = false;
    }
}

static void add_headers(struct str *out, const struct headers *h)
{
    for (size_t i = 0; i < h->n; i++) {
        for (const char *p = h->row[i].name; *p; p++)
            str_addf(out, "%c", *p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        str_add(out, ":");
        add_value(out, h->row[i].value);
        str_add(out, "\n");
    }
}

/* Pairs are held against one another by name and then by value; as whole text "a-b=" would come
 * before "a=". */
static int by_pair(const void *a, const void *b)
{
    const char *one = *(const char *const *)a, *two = *(const char *const *)b;
    size_t n1 = strcspn(one, "="), n2 = strcspn(two, "=");
    size_t n = n1 < n2 ? n1 : n2;
    int order = memcmp(one, two, n);
    if (order == 0 && n1 != n2)
        return n1 < n2 ? -1 : 1;
    return order ? order : strcmp(one + n1, two + n2);
}

static bool add_query(struct str *out, const char *query, struct err *e)
{
    char *pairs[SIGV4_PAIRS];
    size_t n = 0;
    bool ok = true;
    for (const char *p = query; ok && *p; p += *p == '&') {
        size_t len = strcspn(p, "&");
        bool bare = !memchr(p, '=', len);
        ok = n < SIGV4_PAIRS;
        if (ok && len)
            pairs[n++] = xasprintf("%.*s%s", (int)len, p, bare ? "=" : "");
        p += len;
    }
    qsort(pairs, n, sizeof *pairs, by_pair);
    for (size_t i = 0; i < n; i++) {
        str_addf(out, "%s%s", i ? "&" : "", pairs[i]);
        free(pairs[i]);
    }
    return ok || err_set(e, ERR_FAILED, "a query of more than %d pairs", SIGV4_PAIRS);
}

static bool hex_sha256(const struct str *text, char out[DIGEST_HEX], struct err *e)
{
    uint8_t hash[DIGEST_MAX];
    if (!digest_of(DIGEST_SHA256, str_text(text), text->len, hash, e))
        return false;
    digest_hex(hash, 32, out);
    return true;
}

/* The key is made of the secret by way of date, region, service and a constant, so that what a
 * server needs to check signatures is good for one day and region only. */
static bool signature_of(const struct sigv4 *q, const char *scope, const char *text,
                         char out[DIGEST_HEX], struct err *e)
{
    uint8_t key[32], next[32];
    char *first = xasprintf("AWS4%s", q->secret);
    const char *part = scope;
    size_t len = strcspn(part, "/");
    bool ok = digest_hmac_sha256(first, strlen(first), part, len, key, e);
    while (ok && part[len]) {
        part += len + 1;
        len = strcspn(part, "/");
        ok = digest_hmac_sha256(key, sizeof key, part, len, next, e);
        memcpy(key, next, sizeof key);
    }
    ok = ok && digest_hmac_sha256(key, sizeof key, text, strlen(text), next, e);
    if (ok)
        digest_hex(next, sizeof next, out);
    free(first);
    return ok;
}

/* query: in canonical order. */
static bool signature(const struct sigv4 *q, const struct headers *h, const char *query,
                      char out[DIGEST_HEX], struct err *e)
{
    char date[SIGV4_DATE], hash[DIGEST_HEX];
    char *scope = scope_of(q), *text = NULL;
    struct str request = STR(MAX_TEXT);
    bool ok = false;

    str_addf(&request, "%s\n%s\n%s\n", q->method, q->path, query);
    add_headers(&request, h);
    str_add(&request, "\n");
    add_names(&request, h);
    str_addf(&request, "\n%s", q->payload);
    if (request.full) {
        err_set(e, ERR_FAILED, "a request too long to be signed");
        goto out;
    }
    if (!hex_sha256(&request, hash, e))
        goto out;
    sigv4_date(q->at, date);
    text = xasprintf(ALGORITHM "\n%s\n%s\n%s", date, scope, hash);
    ok = signature_of(q, scope, text, out, e);
out:
    str_release(&request);
    free(text);
    free(scope);
    return ok;
}

static bool take_headers(const struct sigv4 *q, struct headers *h, struct err *e)
{
    *h = (struct headers){.row = {{"host", q->host}}, .n = 1};
    if (q->n_headers > SIGV4_HEADERS)
        return err_set(e, ERR_FAILED, "more than %d headers to sign", SIGV4_HEADERS);
    for (size_t i = 0; i < q->n_headers; i++)
        h->row[h->n++] = q->headers[i];
    return true;
}

bool sigv4_sign(const struct sigv4 *q, char **authorization, struct err *e)
{
    struct headers h;
    struct str query = STR(MAX_TEXT), out = STR(MAX_TEXT);
    char date[SIGV4_DATE], hex[DIGEST_HEX];
    char *scope = scope_of(q);
    bool ok = take_headers(q, &h, e) && add_query(&query, q->query, e);

    sigv4_date(q->at, date);
    if (ok) {
        h.row[h.n++] = (struct http_header){"x-amz-content-sha256", q->payload};
        h.row[h.n++] = (struct http_header){"x-amz-date", date};
        qsort(h.row, h.n, sizeof *h.row, by_name);
        ok = signature(q, &h, str_text(&query), hex, e);
    }
    if (ok) {
        str_addf(&out, ALGORITHM " Credential=%s/%s,SignedHeaders=", q->key_id, scope);
        add_names(&out, &h);
        str_addf(&out, ",Signature=%s", hex);
        *authorization = str_take(&out);
    }
    str_release(&query);
    str_release(&out);
    free(scope);
    return ok;
}

bool sigv4_presign(const struct sigv4 *q, int64_t seconds, char **query, struct err *e)
{
    struct headers h;
    struct str asked = STR(MAX_TEXT), names = STR(MAX_TEXT), out = STR(MAX_TEXT);
    char date[SIGV4_DATE], hex[DIGEST_HEX];
    char *scope = scope_of(q), *credential = xasprintf("%s/%s", q->key_id, scope);
    bool ok = false;

    if (seconds < 1 || seconds > SIGV4_MAX_S) {
        err_set(e, ERR_USAGE, "an address may be lent for 1 second to 7 days, not %lld seconds",
                (long long)seconds);
        goto out;
    }
    if (!take_headers(q, &h, e))
        goto out;
    qsort(h.row, h.n, sizeof *h.row, by_name);
    add_names(&names, &h);
    sigv4_date(q->at, date);
    str_addf(&asked, "%s%sX-Amz-Algorithm=" ALGORITHM "&X-Amz-Credential=", q->query,
             *q->query ? "&" : "");
    http_escape(&asked, credential);
    str_addf(&asked, "&X-Amz-Date=%s&X-Amz-Expires=%lld&X-Amz-SignedHeaders=", date,
             (long long)seconds);
    http_escape(&asked, str_text(&names));
    if (!add_query(&out, str_text(&asked), e) || !signature(q, &h, str_text(&out), hex, e))
        goto out;
    str_addf(&out, "&X-Amz-Signature=%s", hex);
    *query = str_take(&out);
    ok = true;
out:
    str_release(&asked);
    str_release(&names);
    str_release(&out);
    free(credential);
    free(scope);
    return ok;
}
