#include <dogs/str.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void *checked(void *p)
{
    if (!p) {
        fputs("dogs: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *xmalloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *xcalloc(size_t n, size_t size)
{
    return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t size)
{
    return checked(realloc(p, size ? size : 1));
}

char *xstrndup(const char *s, size_t n)
{
    size_t len = 0;
    while (len < n && s[len])
        len++;
    char *copy = xmalloc(len + 1);
    memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

char *xstrdup(const char *s)
{
    return xstrndup(s, strlen(s));
}

char *xvasprintf(const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *text = xmalloc((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, fmt, ap);
    return text;
}

char *xasprintf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = xvasprintf(fmt, ap);
    va_end(ap);
    return text;
}

/* Room for `more` further bytes and the NUL; less if the limit says so. Returns the room. */
static size_t make_room(struct str *s, size_t more)
{
    if (more > s->max - s->len) {
        more = s->max - s->len;
        s->full = true;
    }
    size_t need = s->len + more + 1;
    if (need > s->cap) {
        size_t cap = s->cap ? s->cap : 64;
        while (cap < need)
            cap *= 2;
        s->p = xrealloc(s->p, cap);
        s->cap = cap;
    }
    return more;
}

bool str_addn(struct str *s, const void *bytes, size_t len)
{
    size_t fits = make_room(s, len);
    if (fits)
        memcpy(s->p + s->len, bytes, fits);
    s->len += fits;
    s->p[s->len] = '\0';
    return fits == len;
}

bool str_add(struct str *s, const char *text)
{
    return str_addn(s, text, strlen(text));
}

bool str_addf(struct str *s, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    size_t fits = make_room(s, (size_t)len);
    vsnprintf(s->p + s->len, fits + 1, fmt, again);
    va_end(again);
    s->len += fits;
    return fits == (size_t)len;
}

const char *str_text(const struct str *s)
{
    return s->p ? s->p : "";
}

void str_clear(struct str *s)
{
    s->len = 0;
    s->full = false;
    if (s->p)
        s->p[0] = '\0';
}

void str_release(struct str *s)
{
    free(s->p);
    *s = STR(s->max);
}

char *str_take(struct str *s)
{
    char *p = s->p ? s->p : xstrdup("");
    *s = STR(s->max);
    return p;
}

bool str_copy(char *to, size_t size, const char *from)
{
    size_t len = strlen(from);
    bool fits = len < size;
    if (!fits) {
        len = size - 1;
        while (len > 0 && ((unsigned char)from[len] & 0xC0) == 0x80)
            len--;
    }
    memcpy(to, from, len);
    to[len] = '\0';
    return fits;
}

enum { NEAREST_MAX = 64 };

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

/* Optimal string alignment distance: a swap of neighbours, the commonest slip, counts once. */
static size_t edits(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][NEAREST_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            size_t best = last[j - 1] + !same;
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]) && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[m];
}

const char *str_nearest(const char *word, const char *const *candidates)
{
    size_t len = strlen(word);
    if (len == 0 || len > NEAREST_MAX)
        return NULL;
    const char *nearest = NULL;
    size_t limit = len < 3 ? 1 : len / 3 + 1;
    for (; *candidates; candidates++) {
        size_t other = strlen(*candidates);
        if (other > NEAREST_MAX)
            continue;
        size_t d = edits(word, len, *candidates, other);
        if (d <= limit && d < other) {
            nearest = *candidates;
            if (d == 0)
                break;
            limit = d - 1;
        }
    }
    return nearest;
}

bool str_int64(const char *text, int64_t min, int64_t max, int64_t *out)
{
    if (!(text[0] == '-' || (text[0] >= '0' && text[0] <= '9')))
        return false;
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (errno || *end || end == text || v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool str_has(const char *text, const char *word)
{
    size_t len = strlen(word);
    for (; *text; text++)
        if (strncasecmp(text, word, len) == 0)
            return true;
    return !len;
}

bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_is_utf8(const char *bytes, size_t len)
{
    /* Smallest code point that each sequence length may carry. */
    static const uint32_t least[5] = {0, 1, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)bytes, *end = p + len;
    while (p < end) {
        int n = *p < 0x80 ? 1 : (*p >> 5) == 6 ? 2 : (*p >> 4) == 14 ? 3 : (*p >> 3) == 30 ? 4 : 0;
        if (n == 0 || end - p < n)
            return false;
        uint32_t c = n == 1 ? *p : *p & (0xFFu >> (n + 1));
        for (int i = 1; i < n; i++) {
            if ((p[i] & 0xC0) != 0x80)
                return false;
            c = c << 6 | (p[i] & 0x3F);
        }
        if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
            return false;
        p += n;
    }
    return true;
}
