/* What the calls to Dropbox are made of. */
#include "backend_dropbox.h"
#include <dogs/when.h>
#include <stdlib.h>
#include <string.h>

/* Escaped, the longest addresses fit the texts below, a thousand of them into a body. */
enum { ADDRESS_MAX = 4096, ARG_MAX_BYTES = 64 * 1024, BODY_MAX_BYTES = 32 * 1024 * 1024 };

static const char *token_of(const struct call *c)
{
    return c->access && c->access->token ? c->access->token : c->remote->token;
}

bool dropbox_begin(struct call *c, const char *host, const char *route, struct err *e)
{
    const char *token = token_of(c);
    c->right_offset = -1;
    c->token_is_old = c->changed = c->upload_is_gone = false;
    if (!token || !*token) {
        c->token_is_old = c->remote->refresh_token && *c->remote->refresh_token;
        err_set(e, ERR_AUTH, "there is no access token yet");
        e->retryable = c->token_is_old;
        return false;
    }
    c->method = "POST";
    c->url = dropbox_url(c->remote, host, route);
    c->bearer = xstrdup(token);
    return true;
}

bool dropbox_path(const char *address, char **out, struct err *e)
{
    const char *name = address + strspn(address, "/");
    size_t len = strlen(name);
    while (len && name[len - 1] == '/')
        len--;
    if (len > ADDRESS_MAX)
        return err_set(e, ERR_REFUSED, "the address is longer than %d bytes", ADDRESS_MAX);
    if (!str_is_utf8(name, len))
        return err_set(e, ERR_REFUSED, "names in Dropbox are UTF-8, and this one is not");
    *out = len ? xasprintf("/%.*s", (int)len, name) : xstrdup("");
    return true;
}

static uint32_t next_point(const unsigned char **p)
{
    const unsigned char *s = *p;
    int more = *s < 0xc0 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
    uint32_t point = more ? *s & (0x3fu >> more) : *s;
    for (s++; more && (*s & 0xc0) == 0x80; more--)
        point = point << 6 | (*s++ & 0x3fu);
    *p = s;
    return more ? 0xfffd : point;
}

/* The argument of calls with bytes goes into a header, which must be ASCII: the rest, DEL included,
 * as \u ("JSON encoding" in the documentation). */
void dropbox_arg(struct call *c, cJSON *take_arg)
{
    char *json = json_print(take_arg);
    struct str ascii = STR(ARG_MAX_BYTES);
    for (const unsigned char *p = (const unsigned char *)json; *p;) {
        uint32_t point = next_point(&p);
        if (point >= ' ' && point < 0x7f) {
            str_addf(&ascii, "%c", (char)point);
        } else if (point < 0x10000) {
            str_addf(&ascii, "\\u%04x", (unsigned)point);
        } else {
            point -= 0x10000;
            str_addf(&ascii, "\\u%04x\\u%04x", 0xd800 + (unsigned)(point >> 10),
                     0xdc00 + (unsigned)(point & 0x3ff));
        }
    }
    call_header(c, "Dropbox-API-Arg", "%s", str_text(&ascii));
    str_release(&ascii);
    free(json);
    cJSON_Delete(take_arg);
}

void dropbox_body(struct call *c, cJSON *take_body)
{
    char *json = json_print(take_body);
    c->body = STR(BODY_MAX_BYTES);
    str_add(&c->body, json);
    free(json);
    cJSON_Delete(take_body);
}

cJSON *dropbox_cursor(const char *upload, int64_t offset)
{
    cJSON *cursor = cJSON_CreateObject();
    cJSON_AddStringToObject(cursor, "session_id", upload);
    json_put_int(cursor, "offset", offset);
    return cursor;
}

/* `add` is no conflict where the same content is there already, so an upload whose answer was lost
 * can be repeated. */
bool dropbox_commit(const char *address, int64_t mtime_ns, bool no_clobber, cJSON **out,
                    struct err *e)
{
    static const int64_t year_10000_s = INT64_C(253402300800);
    char *path, time[WHEN_TEXT];
    int64_t s = mtime_ns / 1000000000 - (mtime_ns % 1000000000 < 0);
    if (!dropbox_path(address, &path, e))
        return false;
    cJSON *commit = cJSON_CreateObject();
    cJSON_AddStringToObject(commit, "path", path);
    cJSON_AddStringToObject(commit, "mode", no_clobber ? "add" : "overwrite");
    cJSON_AddFalseToObject(commit, "autorename");
    cJSON_AddTrueToObject(commit, "mute");
    if (mtime_ns && s < year_10000_s) {
        when_to_iso(s, time);
        cJSON_AddStringToObject(commit, "client_modified", time);
    }
    free(path);
    *out = commit;
    return true;
}

void dropbox_read_file(const cJSON *file, struct object *o)
{
    const char *hash = json_text(file, "content_hash", "");
    int64_t modified;
    o->size = json_int(file, "size", -1);
    o->ranges = true;
    if (!str_copy(o->etag, sizeof o->etag, json_text(file, "rev", "")))
        o->etag[0] = '\0';
    if (when_from_iso(json_text(file, "client_modified", ""), &modified))
        o->modified_ns = modified * 1000000000;
    if (digest_from_hex(hash, digest_size(DIGEST_SHA256), o->digest[DIGEST_SHA256])) {
        o->digests |= 1u << DIGEST_SHA256;
        o->block_hash = true;
    }
}
