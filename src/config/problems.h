/* problems: the list of mistakes that one load collects. At most CONFIG_MAX_PROBLEMS are kept as
 * text, the others are counted. */
#ifndef DOGS_CONFIG_PROBLEMS_H
#define DOGS_CONFIG_PROBLEMS_H

#include <dogs/str.h>
#include <stddef.h>

struct problems {
    const char *path; /* of the file, lent */
    struct str text;  /* one line per mistake */
    size_t n;
};

/* line 0: the mistake is not in the file and `fmt` says where it is. */
void problem_add(struct problems *pr, int line, int column, const char *fmt, ...) PRINTF(4, 5);

enum { QUOTE_SIZE = 64 };

/* What a message shows of a foreign text: its beginning, without control characters. */
const char *quote(char out[QUOTE_SIZE], const char *text);

#endif
