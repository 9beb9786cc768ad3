/* str: text that grows up to a limit, and the few helpers for text that all floors share.
 *
 * A builder is given its limit at birth, because everything a peer or a file can grow has a cap:
 *
 *     struct str s = STR(64 * 1024);
 *     str_addf(&s, "%s=%d", key, n);
 *     if (s.full) ...                // the limit was met; what fitted is there
 *     str_release(&s);
 *
 * Running out of memory aborts the process (crash recovery is the handler), hence the x-functions.
 */
#ifndef DOGS_STR_H
#define DOGS_STR_H

#include <dogs/printf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    char *p;    /* NUL-terminated; NULL while nothing was added (see str_text) */
    size_t len; /* bytes without the NUL */
    size_t cap; /* bytes held */
    size_t max; /* most bytes of text ever held */
    bool full;  /* something did not fit */
};

#define STR(limit) ((struct str){.max = (limit)})

/* Each returns false, with s->full set, if not all of it fitted. */
bool str_add(struct str *s, const char *text);
bool str_addn(struct str *s, const void *bytes, size_t len);
bool str_addf(struct str *s, const char *fmt, ...) PRINTF(2, 3);

const char *str_text(const struct str *s); /* lent; "" where nothing was added */
void str_clear(struct str *s);             /* empty, memory and limit kept */
void str_release(struct str *s);           /* empty, memory freed, limit kept */
char *str_take(struct str *s);             /* the text is yours (free); s is empty again */

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF(1, 2);
char *xvasprintf(const char *fmt, va_list ap) PRINTF(1, 0);

/* Copy into a fixed array, cut at the end of a UTF-8 character; false if it was cut. */
bool str_copy(char *to, size_t size, const char *from);

/* The candidate nearest to word (by edits, case ignored), or NULL if none is near enough that a
 * person would have meant it. Candidates end with NULL. */
const char *str_nearest(const char *word, const char *const *candidates);

/* Whole text as a decimal number within [min, max]; false otherwise. */
bool str_int64(const char *text, int64_t min, int64_t max, int64_t *out);

bool str_starts(const char *text, const char *prefix);
bool str_has(const char *text, const char *word); /* in letters of any case */
bool str_is_utf8(const char *bytes, size_t len);  /* strict: no overlongs, surrogates or NUL */

#endif
