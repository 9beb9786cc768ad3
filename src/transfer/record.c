#include "record.h"
#include <dogs/hash.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD_MAX = 8 * 1024 * 1024, NAME_KEPT = 180 };

static const char first_line[] = "dogs transfer record 1";

bool record_key(const struct transfer_item *item, char key[2 * 32 + 1], struct err *e)
{
    const struct remote *r = item->remote;
    uint8_t bytes[DIGEST_MAX];
    /* A file that goes has its record far from it, so its name counts. */
    char *text = xasprintf("%d\n%s\n%s\n%s\n%s", (int)item->way, r->type, r->url ? r->url : "",
                           item->address, item->way == TRANSFER_PUT ? item->path : "");
    bool ok = digest_of(DIGEST_SHA256, text, strlen(text), bytes, e);
    if (ok)
        digest_hex(bytes, 32, key);
    free(text);
    return ok;
}

char *record_part_name(const char *path, const char *suffix)
{
    const char *name = path;
    for (const char *p = path; *p; p++)
        if (*p == '/' || *p == '\\')
            name = p + 1;
    char short_name[NAME_KEPT + 1];
    char more[20] = "";
    /* The name with its suffix must fit where the name alone does. */
    if (!str_copy(short_name, sizeof short_name, name))
        snprintf(more, sizeof more, "~%016llx", (unsigned long long)hash_fnv64(name, strlen(name)));
    return xasprintf("%.*s.%s%s.%s", (int)(name - path), path, short_name, more, suffix);
}

static void add_spans(struct str *s, const char *name, const struct spans *spans)
{
    for (size_t i = 0; i < spans->n; i++)
        str_addf(s, "%s %lld %lld\n", name, (long long)spans->all[i].from,
                 (long long)spans->all[i].to);
}

static void add_lines(struct str *s, const struct record *r, const char *boot)
{
    str_addf(s, "%s\nkey %s\nboot %s\n", first_line, r->key, boot);
    if (r->upload) {
        str_addf(s, "local %lld %lld\npart %lld\nupload %s\n", (long long)r->size,
                 (long long)r->mtime_ns, (long long)r->part_bytes, r->upload);
        for (size_t i = 0; i < r->n_parts; i++)
            str_addf(s, "have %d %s\n", r->parts[i].number, r->parts[i].etag);
        return;
    }
    str_addf(s, "remote %lld %lld\netag %s\nmodified %s\n", (long long)r->object.size,
             (long long)r->object.modified_ns, r->object.etag, r->object.modified);
    add_spans(s, "span", &r->spans);
    add_spans(s, "safe", &r->safe);
}

/* Without waiting for the disk, which may have gigabytes to write first: after a crash of the
 * system the checksum and the boot tell. */
bool record_save(const char *path, const char *boot, const struct record *r, struct err *e)
{
    struct str s = STR(RECORD_MAX);
    add_lines(&s, r, boot);
    str_addf(&s, "sum %016llx\n", (unsigned long long)hash_fnv64(str_text(&s), s.len));
    bool ok = !s.full || err_set(e, ERR_IO, "the record of '%s' grew too large", path);
    char *temp = xasprintf("%s~", path);
    struct err ignored;
    if (ok) {
        os_remove_file(temp, &ignored);
        ok = file_write_new(temp, str_text(&s), s.len, 0, e) && file_rename(temp, path, e);
    }
    if (!ok)
        os_remove_file(temp, &ignored);
    free(temp);
    str_release(&s);
    return ok;
}

static bool read_two(const char *text, int64_t *a, int64_t *b)
{
    char first[24];
    size_t n = strcspn(text, " ");
    if (!text[n] || n >= sizeof first)
        return false;
    memcpy(first, text, n);
    first[n] = '\0';
    return str_int64(first, INT64_MIN, INT64_MAX, a) &&
           str_int64(text + n + 1, INT64_MIN, INT64_MAX, b);
}

static bool read_part(struct record *r, const char *text, size_t *room)
{
    struct part p = {0};
    char number[12];
    int64_t n;
    size_t len = strcspn(text, " ");
    if (!text[len] || len >= sizeof number)
        return false;
    memcpy(number, text, len);
    number[len] = '\0';
    if (!str_int64(number, 1, PARTS_MAX, &n) || !str_copy(p.etag, sizeof p.etag, text + len + 1))
        return false;
    p.number = (int)n;
    if (r->n_parts == *room) {
        *room = 2 * *room + 64;
        r->parts = xrealloc(r->parts, *room * sizeof *r->parts);
    }
    r->parts[r->n_parts++] = p;
    return true;
}

/* One line; false if it is not one of ours. */
static bool read_line(struct record *r, const char *name, const char *value, char *boot,
                      size_t *room)
{
    int64_t a, b;
    if (strcmp(name, "key") == 0)
        return str_copy(r->key, sizeof r->key, value);
    if (strcmp(name, "boot") == 0)
        return str_copy(boot, FILE_BOOT, value);
    if (strcmp(name, "local") == 0)
        return read_two(value, &r->size, &r->mtime_ns) && r->size >= 0;
    if (strcmp(name, "part") == 0)
        return str_int64(value, 1, INT64_MAX, &r->part_bytes);
    if (strcmp(name, "upload") == 0)
        return !r->upload && (r->upload = xstrdup(value));
    if (strcmp(name, "have") == 0)
        return read_part(r, value, room);
    if (strcmp(name, "remote") == 0)
        return read_two(value, &r->object.size, &r->object.modified_ns) && r->object.size >= 0;
    if (strcmp(name, "etag") == 0)
        return str_copy(r->object.etag, sizeof r->object.etag, value);
    if (strcmp(name, "modified") == 0)
        return str_copy(r->object.modified, sizeof r->object.modified, value);
    struct spans *to = strcmp(name, "span") == 0   ? &r->spans
                       : strcmp(name, "safe") == 0 ? &r->safe
                                                   : NULL;
    if (to && read_two(value, &a, &b) && a >= 0 && a < b && b <= r->object.size) {
        spans_add(to, a, b);
        return true;
    }
    return false;
}

static bool read_all(struct record *r, char *text, size_t len, const char *boot, const char *key)
{
    char was[FILE_BOOT] = "", sum[32];
    size_t room = 0, last = len;
    bool ok = len > 22 && text[len - 1] == '\n' && strlen(text) == len;
    for (last = ok ? len - 1 : 0; last > 0 && text[last - 1] != '\n';)
        last--;
    snprintf(sum, sizeof sum, "sum %016llx\n", (unsigned long long)hash_fnv64(text, last));
    ok = ok && strcmp(text + last, sum) == 0;
    text[ok ? last : 0] = '\0';
    for (char *line = text, *next; ok && *line; line = next) {
        next = line + strcspn(line, "\n");
        *next++ = '\0';
        if (line == text) {
            ok = strcmp(line, first_line) == 0;
            continue;
        }
        char *value = line + strcspn(line, " ");
        ok = *value == ' ';
        if (ok) {
            *value++ = '\0';
            ok = read_line(r, line, value, was, &room);
        }
    }
    if (strcmp(boot, was) != 0) {
        struct spans lost = r->spans;
        r->spans = r->safe;
        r->safe = lost;
        spans_clear(&r->safe);
    }
    return ok && strcmp(r->key, key) == 0;
}

bool record_load(const char *path, const char *boot, const char *key, struct record *r,
                 bool *damaged)
{
    struct str text = STR(RECORD_MAX);
    struct err ignored = {0};
    *r = (struct record){0};
    *damaged = false;
    if (!os_read_file(path, RECORD_MAX, &text, &ignored)) {
        *damaged = ignored.code != ERR_NOT_FOUND;
        return false;
    }
    bool ok = text.len && read_all(r, text.p, text.len, boot, key);
    *damaged = !ok;
    if (!ok)
        record_release(r);
    str_release(&text);
    return ok;
}

void record_release(struct record *r)
{
    free(r->upload);
    free(r->parts);
    spans_release(&r->spans);
    spans_release(&r->safe);
    *r = (struct record){0};
}
