/* Patterns of names. All the ways in which a pattern may go on are followed at once, so the time is
 * that of its length times the name's, whatever its stars. */
#include <dogs/transfer.h>
#include <stdlib.h>
#include <string.h>

/* The length of the character at p; bytes that are no UTF-8 stand for themselves. */
static size_t width(const char *p)
{
    unsigned char c = (unsigned char)*p;
    size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    for (size_t i = 1; i < n; i++)
        if (((unsigned char)p[i] & 0xc0) != 0x80)
            return 1;
    return n;
}

/* UTF-8 sorts as its characters do, so bytes are compared. */
static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* The length of the class that begins at p; 0 if it is not closed, and '[' is a '['. */
static size_t class_length(const char *p)
{
    const char *at = p + 1;
    if (*at == '!' || *at == '^')
        at++;
    if (*at == ']')
        at++;
    at += strcspn(at, "]");
    return *at ? (size_t)(at + 1 - p) : 0;
}

static bool in_class(const char *p, size_t len, const char *c, size_t c_len)
{
    const char *at = p + 1, *end = p + len - 1;
    bool inverted = *at == '!' || *at == '^', found = false;
    at += inverted;
    while (at < end) {
        const char *from = at, *to = at;
        size_t from_len = width(from), to_len = from_len;
        at += from_len;
        if (at + 1 < end && *at == '-') {
            to = at + 1;
            to_len = width(to);
            at = to + to_len;
        }
        found |= compare(from, from_len, c, c_len) <= 0 && compare(c, c_len, to, to_len) <= 0;
    }
    return found != inverted;
}

/* Marks place s of the pattern, and those that are reached from it without a character. */
static void enter(bool *places, const char *pattern, size_t s, bool by_loop)
{
    while (!places[s]) {
        places[s] = true;
        if (pattern[s] != '*')
            return;
        bool across = pattern[s + 1] == '*';
        /* "**" and its slash stand for no folder at all as well. */
        if (across && pattern[s + 2] == '/' && (!s || pattern[s - 1] == '/') && !by_loop)
            enter(places, pattern, s + 3, false);
        s += across ? 2 : 1;
        by_loop = false;
    }
}

static void step(bool *next, const char *pattern, size_t s, const char *c, size_t c_len)
{
    const char *p = pattern + s;
    bool slash = *c == '/';
    size_t len = width(p);
    size_t class = *p == '[' ? class_length(p) : 0;
    if (*p == '*') {
        if (!slash || p[1] == '*')
            enter(next, pattern, s, true);
    } else if (*p == '?') {
        if (!slash)
            enter(next, pattern, s + 1, false);
    } else if (class) {
        if (!slash && in_class(p, class, c, c_len))
            enter(next, pattern, s + class, false);
    } else if (*p && len == c_len && memcmp(p, c, len) == 0) {
        enter(next, pattern, s + len, false);
    }
}

bool transfer_glob(const char *pattern, const char *name)
{
    const char *slash = strrchr(name, '/');
    if (!strchr(pattern, '/') && slash)
        name = slash + 1;
    pattern += *pattern == '/';

    size_t n = strlen(pattern) + 1;
    bool *places = xcalloc(2 * n, sizeof *places), *now = places, *next = places + n;
    bool alive = true;
    enter(now, pattern, 0, false);
    for (size_t len; *name && alive; name += len) {
        len = width(name);
        memset(next, 0, n * sizeof *next);
        alive = false;
        for (size_t s = 0; s < n; s++)
            if (now[s]) {
                step(next, pattern, s, name, len);
                alive = true;
            }
        bool *swap = now;
        now = next;
        next = swap;
    }
    bool fits = now[n - 1];
    free(places);
    return fits;
}
