/* What unit tests share: cmocka with the headers that it needs before it, rows, a folder that goes
 * away. */
#ifndef DOGS_TESTS_UNIT_H
#define DOGS_TESTS_UNIT_H

#include <dogs/err.h>
#include <dogs/str.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Fails the test and says in which row of its table. */
#define ROW(i, condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("row %zu: not so: %s", (size_t)(i), #condition);                              \
    } while (0)
#define ROW_TEXT(i, is, should)                                                                    \
    do {                                                                                           \
        if (strcmp(is, should) != 0)                                                               \
            fail_msg("row %zu: \"%s\" instead of \"%s\"", (size_t)(i), is, should);                \
    } while (0)
#define OK(call, e)                                                                                \
    do {                                                                                           \
        if (!(call))                                                                               \
            fail_msg("%s: %s", #call, (e).text);                                                   \
    } while (0)

static char unit_dir[64];

#ifdef _WIN32
/* In the current folder, a disposable one of the build, and left there: `rmdir /s` of Wine's cmd,
 * given a folder with too long paths in it, was seen to empty the current folder instead. */
static inline int unit_dir_make(void **state)
{
    (void)state;
    snprintf(unit_dir, sizeof unit_dir, "dogs-unit-%d-%d", (int)getpid(), (int)time(NULL));
    return mkdir(unit_dir);
}

static inline int unit_dir_remove(void **state)
{
    (void)state;
    return 0;
}
#else
static inline int unit_dir_make(void **state)
{
    (void)state;
    snprintf(unit_dir, sizeof unit_dir, "/tmp/dogs-unit-XXXXXX");
    return mkdtemp(unit_dir) ? 0 : -1;
}

static inline int unit_dir_remove(void **state)
{
    (void)state;
    char *command = xasprintf("rm -rf '%s'", unit_dir);
    int failed = system(command);
    free(command);
    return failed;
}
#endif

/* A path in the folder; lent until the next but seven. */
static inline const char *in_dir(const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % COUNT(paths)];
    snprintf(path, sizeof paths[0], "%s/%s", unit_dir, name);
    return path;
}

/* Numbers that look random and are the same in every run. */
static inline uint64_t unit_random(void)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

#endif
