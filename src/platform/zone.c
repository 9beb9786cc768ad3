#include "zone_make.h"
#include <ctype.h>
#include <dogs/os.h>
#include <dogs/str.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct zone {
    struct zone_time first;
    struct zone_step *steps;
    size_t n;
    bool ruled; /* the rule holds from the last step on; of no steps, always */
    struct zone_rule rule;
};

enum {
    HEAD = 44,
    MAX_STEPS = 16384,
    MAX_TYPES = 256,
    TYPE_SIZE = 6,
};

static const int64_t MAX_TIME = (int64_t)1 << 60; /* the Big Bang is at -2^59 */

/* What is left to read. Every read is asked for first. */
struct reader {
    const unsigned char *p;
    size_t left;
};

static bool has(const struct reader *r, size_t n)
{
    return r->left >= n;
}

static const unsigned char *take(struct reader *r, size_t n)
{
    const unsigned char *p = r->p;
    r->p += n;
    r->left -= n;
    return p;
}

static int64_t number(const unsigned char *p, size_t size)
{
    uint64_t u = p[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        u = u << 8 | p[i];
    return (int64_t)u;
}

struct head {
    int version;
    uint32_t isut, isstd, leap, time, type, chars;
};

static bool damaged(struct err *e, const char *why)
{
    return err_set(e, ERR_PROTOCOL, "not a time zone file: %s", why);
}

static bool take_head(struct reader *r, struct head *h, struct err *e)
{
    if (!has(r, HEAD))
        return damaged(e, "it ends too early");
    const unsigned char *p = take(r, HEAD);
    if (memcmp(p, "TZif", 4) != 0)
        return damaged(e, "it does not begin with TZif");
    h->version = p[4] ? p[4] - '0' : 1;
    uint32_t *const counts[] = {&h->isut, &h->isstd, &h->leap, &h->time, &h->type, &h->chars};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        *counts[i] = (uint32_t)number(p + 20 + 4 * i, 4);
    if (h->time > MAX_STEPS || h->type > MAX_TYPES || h->chars > 4096 || h->leap > 4096 ||
        h->isut > MAX_TYPES || h->isstd > MAX_TYPES)
        return damaged(e, "a count in it is absurd");
    return true;
}

static size_t body_size(const struct head *h, size_t time_size)
{
    return h->time * (time_size + 1) + h->type * TYPE_SIZE + h->chars + h->leap * (time_size + 4) +
           h->isstd + h->isut;
}

static bool type_of(const unsigned char *p, const char *names, size_t n_chars,
                    struct zone_time *out)
{
    int64_t offset = number(p, 4);
    size_t at = p[5];
    const char *end = at < n_chars ? memchr(names + at, '\0', n_chars - at) : NULL;
    if (offset < -ZONE_MAX_OFFSET_S || offset > ZONE_MAX_OFFSET_S || p[4] > 1 || !end ||
        (size_t)(end - (names + at)) >= sizeof out->name)
        return false;
    for (const char *c = names + at; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '+' && *c != '-')
            return false;
    *out = (struct zone_time){.offset_s = (int)offset, .daylight = p[4]};
    str_copy(out->name, sizeof out->name, names + at);
    return true;
}

static bool take_body(struct reader *r, const struct head *h, size_t time_size, struct zone *z,
                      struct err *e)
{
    if (!has(r, body_size(h, time_size)))
        return damaged(e, "it ends too early");
    if (h->type == 0 || h->chars == 0)
        return damaged(e, "it has no kinds of local time");
    if (h->leap)
        return damaged(e, "it counts leap seconds, which Unix time does not");
    const unsigned char *times = take(r, h->time * time_size), *which = take(r, h->time);
    const unsigned char *types = take(r, h->type * TYPE_SIZE);
    const char *names = (const char *)take(r, h->chars);
    take(r, h->isstd + h->isut);
    struct zone_time all[MAX_TYPES];
    for (size_t i = 0; i < h->type; i++)
        if (!type_of(types + i * TYPE_SIZE, names, h->chars, &all[i]))
            return damaged(e, "a kind of local time in it cannot be");
    z->first = all[0];
    z->steps = xcalloc(h->time + 1, sizeof *z->steps);
    z->n = h->time;
    for (size_t i = 0; i < z->n; i++) {
        if (which[i] >= h->type)
            return damaged(e, "a change leads to no kind of local time");
        z->steps[i].at = number(times + i * time_size, time_size);
        z->steps[i].to = all[which[i]];
        if (z->steps[i].at < -MAX_TIME || z->steps[i].at > MAX_TIME)
            return damaged(e, "a change lies beyond all time");
        if (i && z->steps[i].at <= z->steps[i - 1].at)
            return damaged(e, "its changes are not in order");
    }
    return true;
}

static bool take_footer(struct reader *r, struct zone *z, struct err *e)
{
    char text[256];
    const unsigned char *end =
        r->left > 1 && r->p[0] == '\n' ? memchr(r->p + 1, '\n', r->left - 1) : NULL;
    size_t len = end ? (size_t)(end - r->p - 1) : sizeof text;
    if (len >= sizeof text || memchr(r->p + 1, '\0', len))
        return damaged(e, "its last line is not whole");
    memcpy(text, r->p + 1, len);
    text[len] = '\0';
    z->ruled = len > 0;
    return !z->ruled || zone_rule_parse(text, &z->rule) ||
           damaged(e, "its last line is no rule for local time");
}

bool zone_parse(const void *bytes, size_t len, struct zone **out, struct err *e)
{
    struct reader r = {bytes, len};
    struct head h;
    struct zone *z = xcalloc(1, sizeof *z);
    bool ok = len <= ZONE_MAX_FILE || damaged(e, "it is too large");
    ok = ok && take_head(&r, &h, e);
    if (ok && h.version >= 2) {
        /* Times of 4 bytes come first, for old readers. */
        ok = has(&r, body_size(&h, 4)) || damaged(e, "it ends too early");
        if (ok)
            take(&r, body_size(&h, 4));
        ok = ok && take_head(&r, &h, e) && take_body(&r, &h, 8, z, e) && take_footer(&r, z, e);
    } else if (ok) {
        ok = take_body(&r, &h, 4, z, e);
    }
    if (ok)
        *out = z;
    else
        zone_free(z);
    return ok;
}

void zone_free(struct zone *z)
{
    if (!z)
        return;
    free(z->steps);
    free(z);
}

struct zone *zone_make(const struct zone_time *first, const struct zone_step *steps, size_t n)
{
    struct zone *z = xcalloc(1, sizeof *z);
    z->first = *first;
    z->n = n;
    z->steps = xcalloc(n + 1, sizeof *z->steps);
    if (n)
        memcpy(z->steps, steps, n * sizeof *steps);
    return z;
}

/* How many steps lie at or before t. */
static size_t steps_until(const struct zone *z, int64_t t)
{
    size_t low = 0, high = z->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->steps[middle].at <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct zone_time zone_at(const struct zone *z, int64_t t)
{
    size_t i = steps_until(z, t);
    if (i == z->n && z->ruled)
        return zone_rule_at(&z->rule, t);
    return i ? z->steps[i - 1].to : z->first;
}

/* The next step or change of the rule, which may change nothing. */
static bool next_step(const struct zone *z, int64_t t, int64_t *at)
{
    size_t i = steps_until(z, t);
    if (i < z->n) {
        *at = z->steps[i].at;
        return true;
    }
    return z->ruled && zone_rule_next(&z->rule, t, at);
}

bool zone_next(const struct zone *z, int64_t t, int64_t *at)
{
    int before = zone_at(z, t).offset_s;
    int64_t step = t;
    /* Rules have two changes a year; a few that change nothing may follow one another. */
    for (size_t i = steps_until(z, t); i < z->n + 8 && next_step(z, step, &step); i++) {
        if (zone_at(z, step).offset_s == before)
            continue;
        *at = step;
        return true;
    }
    return false;
}

enum zone_local zone_of_local(const struct zone *z, int64_t local, int64_t *at)
{
    /* Here the clocks surely show less, whatever the zone. */
    int64_t begin = local - ZONE_MAX_OFFSET_S - 3600, end;
    for (;; begin = end) {
        int64_t offset = zone_at(z, begin).offset_s;
        bool last = !zone_next(z, begin, &end);
        if (local < begin + offset) {
            *at = begin;
            return ZONE_SKIPPED;
        }
        if (!last && local >= end + offset)
            continue;
        *at = local - offset;
        return !last && local >= end + zone_at(z, end).offset_s ? ZONE_TWICE : ZONE_ONCE;
    }
}

bool zone_name_ok(const char *name)
{
    size_t len = strlen(name);
    if (!len || len >= ZONE_NAME || !isalpha((unsigned char)name[0]) || strstr(name, "//") ||
        name[len - 1] == '/')
        return false;
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("/_+-", *p))
            return false;
    return true;
}

bool zone_file(const char *folder, const char *name, struct zone **out, struct err *e)
{
    struct str bytes = STR(ZONE_MAX_FILE);
    char *path = os_path_join(folder, name);
    bool ok = os_read_file(path, ZONE_MAX_FILE, &bytes, e) &&
              (zone_parse(str_text(&bytes), bytes.len, out, e) || err_wrap(e, "%s", path));
    str_release(&bytes);
    free(path);
    return ok;
}

static bool is_utc(const char *name)
{
    static const char *const names[] = {"UTC", "Etc/UTC", "Z"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

bool zone_open(const char *name, struct zone **out, struct err *e)
{
    const char *own = os_env("TZDIR");
    if (!zone_name_ok(name)) {
        err_set(e, ERR_CONFIG, "'%.40s' is not the name of a time zone", name);
        return err_hint(e, "write a name such as Europe/Berlin, America/New_York or UTC");
    }
    if (is_utc(name)) {
        *out = zone_make(&(struct zone_time){.name = "UTC"}, NULL, 0);
        return true;
    }
    bool ok = own ? zone_file(own, name, out, e) : zone_os_open(name, out, e);
    if (ok || e->code != ERR_NOT_FOUND)
        return ok;
    err_set(e, ERR_NOT_FOUND, "this computer knows no time zone '%s'", name);
    return err_hint(e, "write a name such as Europe/Berlin, America/New_York or UTC");
}
