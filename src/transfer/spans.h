/* spans: which bytes of a file are there, as sorted stretches that do not touch. Pure. */
#ifndef TRANSFER_SPANS_H
#define TRANSFER_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    int64_t from, to; /* bytes from..to-1 */
};

struct spans {
    struct span *all;
    size_t n, room;
    int64_t bytes; /* in all of them */
};

void spans_add(struct spans *s, int64_t from, int64_t to); /* what is there already stays */
void spans_remove(struct spans *s, int64_t from, int64_t to);
/* The first gap at or behind `from` and before `end`, cut there; false if there is none. */
bool spans_gap(const struct spans *s, int64_t from, int64_t end, struct span *gap);
bool spans_have(const struct spans *s, int64_t from, int64_t to);
void spans_copy(struct spans *to, const struct spans *from);
void spans_clear(struct spans *s);
void spans_release(struct spans *s);

#endif
