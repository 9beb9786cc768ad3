#include "unit.h"
#include <dogs/log.h>
#include <pthread.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char last[8192];
static int lines;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void sink(void *ctx, enum log_level level, const char *line)
{
    (void)level;
    pthread_mutex_lock(&mutex);
    *(int *)ctx += 1;
    str_copy(last, sizeof last, line);
    pthread_mutex_unlock(&mutex);
}

static void test_mask(void **state)
{
    static const char *const secrets[] = {
        "hunter2-hunter2", "hunter2-hunter2",  "short", "", "********",
        "abcdefgh",        "abcdefgh-and-more"};
    static const struct {
        const char *text, *masked;
    } rows[] = {
        {"", ""},
        {"nothing here", "nothing here"},
        {"hunter2-hunter2", "***"},
        {"a hunter2-hunter2 b hunter2-hunter2", "a *** b ***"},
        {"hunter2-hunter2hunter2-hunter2", "******"},
        {"hunter2-hunter", "hunter2-hunter"},
        {"short words stay", "short words stay"},
        {"x ******** y", "x *** y"},
        {"dop_v1_" HEX64, "dop_v1_***"},
        {"doo_v1_" HEX64 "!", "doo_v1_***!"},
        {"dor_v1_" HEX64 " dop_v1_" HEX64, "dor_v1_*** dop_v1_***"},
        {"dop_v1_0123ABCD", "dop_v1_***"},
        {"dop_v1_1234567", "dop_v1_1234567"},
        {"dop_v1_", "dop_v1_"},
        {"_v1_" HEX64, "_v1_" HEX64},
        {"p_v1_" HEX64, "p_v1_" HEX64},
        {"xxx_v1_" HEX64, "xxx_v1_" HEX64},
        {"abcdefgh", "***"},
        {"abcdefgh-and-more", "***"},
    };
    (void)state;
    log_secret(NULL);
    for (size_t i = 0; i < COUNT(secrets); i++)
        log_secret(secrets[i]);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[512];
        str_copy(text, sizeof text, rows[i].text);
        log_mask(text);
        ROW_TEXT(i, text, rows[i].masked);
    }
}

static void test_levels(void **state)
{
    (void)state;
    for (int level = LOG_QUIET; level <= LOG_DEBUG; level++) {
        lines = 0;
        log_open((enum log_level)level, sink, &lines);
        for (int l = LOG_WARN; l <= LOG_DEBUG; l++) {
            assert_int_equal(log_wants((enum log_level)l), l <= level);
            log_line((enum log_level)l, "line %d of %s", l, "hunter2-hunter2");
        }
        assert_int_equal(lines, level);
    }
    assert_string_equal(last, "line 3 of ***");
    log_open(LOG_DEBUG, NULL, NULL);
    assert_false(log_wants(LOG_WARN));
    log_line(LOG_WARN, "to nobody");
}

/* A line is cut where its room ends; the beginning of a secret that stood there must not stay. */
static void test_long_lines_keep_secrets(void **state)
{
    static const char secret[] = "zzsecretsecretsecretsecretsecretzz";
    char pad[5000];
    (void)state;
    log_secret(secret);
    log_open(LOG_DEBUG, sink, &lines);
    for (size_t len = 4040; len < 4110; len++) {
        memset(pad, 'x', len);
        pad[len] = '\0';
        log_line(LOG_WARN, "%s%s", pad, secret);
        assert_true(strlen(last) >= 1000);
        if (strstr(last, "zzsecret"))
            fail_msg("behind %zu bytes: ...%s", len, strstr(last, "zzsecret"));
    }
    log_open(LOG_QUIET, NULL, NULL);
}

static void *talk(void *arg)
{
    for (int i = 0; i < 200; i++) {
        char text[64];
        snprintf(text, sizeof text, "secret-of-thread-%d", *(int *)arg);
        log_secret(text);
        log_line(LOG_WARN, "%s", text);
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    int numbers[4] = {0, 1, 2, 3};
    (void)state;
    lines = 0;
    log_open(LOG_WARN, sink, &lines);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, talk, &numbers[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(lines, 800);
    assert_string_equal(last, "***");
    log_open(LOG_QUIET, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_long_lines_keep_secrets),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
