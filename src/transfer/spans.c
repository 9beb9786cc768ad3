#include "spans.h"
#include <dogs/str.h>
#include <stdlib.h>
#include <string.h>

/* Index of the first stretch that ends at or behind `at`. */
static size_t first_ending(const struct spans *s, int64_t at)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->all[mid].to < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static void replace(struct spans *s, size_t at, size_t count, const struct span *with, size_t n)
{
    if (s->n + n - count > s->room) {
        s->room = 2 * (s->n + n) + 8;
        s->all = xrealloc(s->all, s->room * sizeof *s->all);
    }
    for (size_t i = at; i < at + count; i++)
        s->bytes -= s->all[i].to - s->all[i].from;
    if (s->n > at + count)
        memmove(s->all + at + n, s->all + at + count, (s->n - at - count) * sizeof *s->all);
    for (size_t i = 0; i < n; i++) {
        s->all[at + i] = with[i];
        s->bytes += with[i].to - with[i].from;
    }
    s->n += n - count;
}

void spans_add(struct spans *s, int64_t from, int64_t to)
{
    if (from >= to)
        return;
    size_t at = first_ending(s, from), end = at;
    while (end < s->n && s->all[end].from <= to) {
        from = s->all[end].from < from ? s->all[end].from : from;
        to = s->all[end].to > to ? s->all[end].to : to;
        end++;
    }
    replace(s, at, end - at, &(struct span){from, to}, 1);
}

void spans_remove(struct spans *s, int64_t from, int64_t to)
{
    if (from >= to)
        return;
    size_t at = first_ending(s, from + 1), end = at, n = 0;
    struct span rest[2];
    while (end < s->n && s->all[end].from < to) {
        if (s->all[end].from < from)
            rest[n++] = (struct span){s->all[end].from, from};
        if (s->all[end].to > to)
            rest[n++] = (struct span){to, s->all[end].to};
        end++;
    }
    if (end > at)
        replace(s, at, end - at, rest, n);
}

bool spans_gap(const struct spans *s, int64_t from, int64_t end, struct span *gap)
{
    size_t at = first_ending(s, from + 1);
    if (at < s->n && s->all[at].from <= from)
        from = s->all[at++].to;
    gap->from = from;
    gap->to = at < s->n && s->all[at].from < end ? s->all[at].from : end;
    return gap->from < gap->to;
}

bool spans_have(const struct spans *s, int64_t from, int64_t to)
{
    struct span gap;
    return !spans_gap(s, from, to, &gap);
}

void spans_copy(struct spans *to, const struct spans *from)
{
    spans_clear(to);
    replace(to, 0, 0, from->all, from->n);
}

void spans_clear(struct spans *s)
{
    s->n = 0;
    s->bytes = 0;
}

void spans_release(struct spans *s)
{
    free(s->all);
    *s = (struct spans){0};
}
