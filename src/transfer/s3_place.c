#include "s3_place.h"

#include <dogs/http.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SPACES ".digitaloceanspaces.com"
#define DEFAULT_REGION "us-east-1"

static bool ends(const char *text, const char *with)
{
    size_t n = strlen(text), m = strlen(with);
    return n >= m && strcmp(text + n - m, with) == 0;
}

static bool wrong_endpoint(struct err *e, const char *why)
{
    err_set(e, ERR_CONFIG, "url of an s3 remote: %s", why);
    return err_hint(e, "write the service's endpoint there, such as https://fra1" SPACES
                       "; buckets belong into the addresses");
}

/* The part of host that is left of `suffix`, from the last dot on: "s3.eu-west-1.amazonaws.com" and
 * ".amazonaws.com" give "eu-west-1". */
static bool label_before(const char *host, const char *suffix, char *out, size_t size)
{
    size_t end = strlen(host) - strlen(suffix), begin = end;
    if (!ends(host, suffix))
        return false;
    while (begin > 0 && host[begin - 1] != '.')
        begin--;
    if (end == begin || end - begin >= size)
        return false;
    memcpy(out, host + begin, end - begin);
    out[end - begin] = '\0';
    return true;
}

/* Services whose hosts tell the region, and what else stands in that part of the host. */
static void region_of_host(const char *host, char out[S3_REGION_MAX])
{
    static const struct {
        const char *suffix, *prefix, *tail;
    } known[] = {
        {SPACES, "", ""},
        {".amazonaws.com", "s3-", ""},
        {".amazonaws.com.cn", "s3-", ""},
        {".aliyuncs.com", "oss-", "-internal"},
    };
    /* Their hosts without a region. */
    static const char *const none[] = {"s3", "accelerate", "external-1", "accelerate-overseas"};
    char name[S3_REGION_MAX];
    str_copy(out, S3_REGION_MAX, DEFAULT_REGION);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!label_before(host, known[i].suffix, name, sizeof name))
            continue;
        const char *begin = name;
        if (str_starts(begin, known[i].prefix))
            begin += strlen(known[i].prefix);
        if (ends(begin, known[i].tail))
            name[strlen(name) - strlen(known[i].tail)] = '\0';
        for (size_t k = 0; k < sizeof none / sizeof *none; k++)
            if (strcmp(begin, none[k]) == 0)
                return;
        str_copy(out, S3_REGION_MAX, begin);
        return;
    }
}

static bool take_scheme(const char **text, bool *tls)
{
    const char *p = *text, *mark = strstr(p, "://");
    *tls = true;
    if (!mark)
        return true;
    *tls = strncasecmp(p, "https://", 8) == 0;
    *text = mark + 3;
    return *tls || strncasecmp(p, "http://", 7) == 0;
}

static bool take_host(const char *text, size_t len, struct s3_endpoint *out, struct err *e)
{
    static const char fit[] = "abcdefghijklmnopqrstuvwxyz0123456789-._:[]";
    if (len == 0)
        return wrong_endpoint(e, "it names no host");
    if (len >= sizeof out->host)
        return wrong_endpoint(e, "the host is too long");
    for (size_t i = 0; i < len; i++)
        out->host[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
    out->host[len] = '\0';
    if (strspn(out->host, fit) != len)
        return wrong_endpoint(e, "letters, digits, dots and a port are a host, nothing else");
    const char *usual = out->tls ? ":443" : ":80";
    if (ends(out->host, usual))
        out->host[len - strlen(usual)] = '\0';
    if (ends(out->host, SPACES) &&
        strcspn(out->host, ".") != strlen(out->host) - (sizeof SPACES - 1))
        return wrong_endpoint(e, "it has a bucket in it");
    return true;
}

static bool take_base(const char *text, struct s3_endpoint *out, struct err *e)
{
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '/')
        len--;
    if (len >= sizeof out->base)
        return wrong_endpoint(e, "the path is too long");
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f || strchr("?#\"<>\\^`{|}", text[i]))
            return wrong_endpoint(e, "a path is letters, digits and percent signs, without '?'");
    memcpy(out->base, text, len);
    out->base[len] = '\0';
    return true;
}

bool s3_endpoint_of(const struct remote *r, struct s3_endpoint *out, struct err *e)
{
    const char *text = r->url ? r->url : "";
    *out = (struct s3_endpoint){.tls = true};
    if (!*text)
        return wrong_endpoint(e, "it is missing");
    if (!take_scheme(&text, &out->tls))
        return wrong_endpoint(e, "only https:// and http:// are spoken");
    size_t len = strcspn(text, "/?#");
    if (!take_host(text, len, out, e) || !take_base(text + len, out, e))
        return false;
    out->oss = ends(out->host, ".aliyuncs.com");
    if (!r->region || !*r->region)
        region_of_host(out->host, out->region);
    else if (!str_copy(out->region, sizeof out->region, r->region) ||
             strpbrk(r->region, "/ \t\r\n"))
        return err_set(e, ERR_CONFIG, "region '%.64s' is none", r->region);
    if (out->tls || !r->secret || !*r->secret)
        return true;
    char *root = xasprintf("http://%s/", out->host);
    bool loopback = http_is_loopback(root);
    free(root);
    if (loopback)
        return true;
    err_set(e, ERR_CONFIG, "url of an s3 remote: what the secret signs is not sent in clear to %s",
            out->host);
    return err_hint(e, "write https:// in the remote's url");
}

static bool wrong_address(struct err *e, const char *address, const char *why)
{
    err_set(e, ERR_USAGE, "'%.200s': %s", address, why);
    return err_hint(e, "an address of s3 is written as BUCKET/KEY");
}

static bool is_dots(const char *part, size_t len)
{
    return (len == 1 && *part == '.') || (len == 2 && part[0] == '.' && part[1] == '.');
}

static bool key_ok(const char *address, const char *key, bool whole, struct err *e)
{
    size_t len = strlen(key);
    if (whole && len == 0)
        return wrong_address(e, address, "a bucket, but no key in it");
    if (len > S3_KEY_MAX)
        return wrong_address(e, address, "a key has at most 1024 bytes");
    if (!str_is_utf8(key, len))
        return wrong_address(e, address, "a key is UTF-8");
    for (const char *p = key; whole && *p; p += *p == '/') {
        size_t n = strcspn(p, "/");
        if (is_dots(p, n))
            return wrong_address(e, address, "a key cannot have '.' or '..' for a folder");
        p += n;
    }
    return true;
}

/* Whether a bucket can be a part of a host's name for which one certificate is good. */
static bool fits_host(const char *bucket)
{
    return strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(bucket);
}

static char *escaped_path(const char *base, const char *bucket, const char *key)
{
    struct str out = STR(8 * S3_KEY_MAX), part = STR(8 * S3_KEY_MAX);
    str_add(&out, base);
    if (bucket)
        str_addf(&out, "/%s", bucket);
    str_add(&out, "/");
    for (const char *p = key; *p;) {
        size_t n = strcspn(p, "/");
        str_clear(&part);
        str_addn(&part, p, n);
        http_escape(&out, str_text(&part));
        p += n;
        if (*p == '/') {
            str_add(&out, "/");
            p++;
        }
    }
    str_release(&part);
    return str_take(&out);
}

bool s3_place_of(const struct remote *r, const char *address, bool whole, struct s3_place *out,
                 struct err *e)
{
    static const char fit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    struct s3_endpoint at;
    size_t len = strcspn(address, "/");
    const char *key = address + len + (address[len] == '/');

    *out = (struct s3_place){0};
    if (!s3_endpoint_of(r, &at, e))
        return false;
    if (len == 0)
        return wrong_address(e, address, "it names no bucket");
    if (strspn(address, fit) < len || len > 255 || is_dots(address, len))
        return wrong_address(e, address, "letters, digits, '-', '.' and '_' are a bucket's name");
    if (!key_ok(address, key, whole, e))
        return false;
    out->bucket = xstrndup(address, len);
    out->key = xstrdup(key);
    out->oss = at.oss;
    str_copy(out->region, sizeof out->region, at.region);
    bool in_host = (r->virtual_host || at.oss) && fits_host(out->bucket);
    out->host = in_host ? xasprintf("%s.%s", out->bucket, at.host) : xstrdup(at.host);
    out->path = escaped_path(at.base, in_host ? NULL : out->bucket, whole ? key : "");
    /* The bucket itself: without the slash, which some services take for a key without a name. */
    size_t n = strlen(out->path);
    if (!whole && !in_host && out->path[n - 1] == '/')
        out->path[n - 1] = '\0';
    out->origin = xasprintf("%s://%s", at.tls ? "https" : "http", out->host);
    return true;
}

void s3_place_release(struct s3_place *p)
{
    free(p->bucket);
    free(p->key);
    free(p->host);
    free(p->path);
    free(p->origin);
    *p = (struct s3_place){0};
}
