/* http: any server that speaks it. Addresses are whole URLs, or what is added to the remote's url.
 * Takes url, user and password or token, header, netrc. */
#include "backend.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool has(const char *text)
{
    return text && *text;
}

static bool check(const struct remote *r, struct err *e)
{
    if (has(r->token) && has(r->user))
        return err_set(e, ERR_CONFIG, "a token or a user with a password, not both");
    if (has(r->user) != has(r->password))
        return err_set(e, ERR_CONFIG, "user and password belong together");
    if (has(r->header) && !strchr(r->header, ':'))
        return err_set(e, ERR_CONFIG, "header is written as \"Name: value\"");
    return true;
}

static char *whole_url(const struct remote *r, const char *address)
{
    if (!has(r->url))
        return xstrdup(address);
    struct str path = STR(64 * 1024);
    size_t len = strlen(r->url);
    /* Blanks and the like are for people; what is already encoded stays as it is. */
    for (const char *p = address + strspn(address, "/"); *p; p++) {
        unsigned char ch = (unsigned char)*p;
        bool bare = ch > ' ' && ch < 0x7f && !strchr("\"<>\\^`{|}", ch);
        str_addf(&path, bare ? "%c" : "%%%02X", ch);
    }
    bool slash = r->url[len - 1] == '/';
    char *url = xasprintf("%s%s%s", r->url, slash ? "" : "/", str_text(&path));
    str_release(&path);
    return url;
}

static void prepare(struct call *c)
{
    const struct remote *r = c->remote;
    c->url = whole_url(r, c->address);
    c->bearer = has(r->token) ? xstrdup(r->token) : NULL;
    c->user = has(r->user) ? xstrdup(r->user) : NULL;
    c->password = has(r->user) ? xstrdup(r->password) : NULL;
    c->netrc = r->netrc;
}

/* The remote's own header goes last: its name is lent by the value's text. */
static void add_own_header(struct call *c)
{
    const char *text = c->remote->header;
    if (!has(text))
        return;
    const char *value = strchr(text, ':') + 1;
    free(c->header_name);
    c->header_name = xstrndup(text, (size_t)(value - 1 - text));
    call_header(c, c->header_name, "%s", value + strspn(value, " "));
}

/* What comes packed although it was not asked for is unpacked, unless the file itself is meant to
 * be packed. */
static bool wants_unpacking(const char *url)
{
    static const char *const packed[] = {".gz", ".tgz", ".svgz", ".br", ".zst", ".z"};
    size_t len = strcspn(url, "?#");
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
        size_t n = strlen(packed[i]);
        if (len >= n && strncasecmp(url + len - n, packed[i], n) == 0)
            return false;
    }
    return true;
}

static bool prepare_get(struct call *c, struct err *e)
{
    (void)e;
    prepare(c);
    c->method = "GET";
    c->decode = wants_unpacking(c->url);
    call_range(c);
    add_own_header(c);
    return true;
}

static bool prepare_put(struct call *c, struct err *e)
{
    (void)e;
    prepare(c);
    c->method = "PUT";
    call_header(c, "Content-Type", "application/octet-stream");
    if (c->no_clobber)
        call_header(c, "If-None-Match", "*");
    add_own_header(c);
    return true;
}

/* Digests of the whole file that servers tell: Artifactory's, OSS's, RFC 1864's. */
static void read_digests(struct object *o, const struct http_resp *r, bool whole)
{
    static const struct {
        const char *header;
        enum digest_kind kind;
        enum { HEX, BASE64, DECIMAL } form;
        bool of_body; /* of what this answer carries, hence only of a whole one */
    } told[] = {
        {"X-Checksum-Sha256", DIGEST_SHA256, HEX, false},
        {"X-Checksum-Sha1", DIGEST_SHA1, HEX, false},
        {"X-Checksum-Md5", DIGEST_MD5, HEX, false},
        {"Content-MD5", DIGEST_MD5, BASE64, true},
        {"x-oss-hash-crc64ecma", DIGEST_CRC64, DECIMAL, false},
    };
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        const char *text = http_header(r, told[i].header);
        uint8_t *to = o->digest[told[i].kind];
        size_t n = digest_size(told[i].kind);
        bool ok = false;
        if (!text || (told[i].of_body && !whole))
            continue;
        if (told[i].form == DECIMAL) {
            char *end;
            uint64_t v = strtoull(text, &end, 10);
            ok = *text >= '0' && *text <= '9' && !*end;
            for (size_t k = 0; k < 8; k++)
                to[k] = (uint8_t)(v >> (56 - 8 * k));
        } else {
            ok = told[i].form == HEX ? digest_from_hex(text, n, to)
                                     : digest_from_base64(text, n, to);
        }
        if (ok)
            o->digests |= 1u << told[i].kind;
    }
}

static bool accept_get(struct call *c, const struct http_resp *r, struct err *e)
{
    if (r->status != 200 && r->status != 206)
        return call_refused_get(c, r, NULL, e);
    if (!call_read_head(c, r, e))
        return false;
    if (!c->object.packed)
        read_digests(&c->object, r, c->got_from == 0 && c->got_to == c->object.size);
    return true;
}

static bool accept_put(struct call *c, const struct http_resp *r, struct err *e)
{
    if (r->status < 200 || r->status > 299)
        return call_refused(c, r, NULL, e);
    c->object = (struct object){.size = -1};
    return true;
}

const struct backend backend_http = {
    .type = "http",
    .check = check,
    .whole_most = INT64_MAX,
    .op = {[CALL_GET] = {prepare_get, accept_get}, [CALL_PUT] = {prepare_put, accept_put}},
};
