#include "unit.h"
#include <dogs/os.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void write_text(const char *path, const char *text)
{
    struct err e = {0};
    OK(os_replace_file(path, text, strlen(text), &e), e);
}

static char *read_text(const char *path)
{
    struct err e = {0};
    struct str text;
    OK(os_read_file(path, 1 << 20, &text, &e), e);
    return str_take(&text);
}

static void assert_file(const char *path, const char *should)
{
    char *is = read_text(path);
    assert_string_equal(is, should);
    free(is);
}

static mode_t mode_of(const char *path)
{
    struct stat st = {0};
    stat(path, &st);
    return st.st_mode & 07777;
}

static size_t files_in(const char *dir)
{
    char **names;
    size_t n = 0;
    struct err e = {0};
    OK(os_list_dir(dir, &names, &e), e);
    while (names[n])
        n++;
    os_list_free(names);
    return n;
}

static void test_read_has_a_limit(void **state)
{
    static const struct {
        size_t size, max;
        enum err_code code;
    } rows[] = {
        {0, 0, ERR_OK}, {0, 10, ERR_OK},        {10, 10, ERR_OK},       {11, 10, ERR_IO},
        {1, 0, ERR_IO}, {16384, 16384, ERR_OK}, {16385, 16384, ERR_IO}, {100000, 1 << 20, ERR_OK},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct str text;
        char *bytes = xcalloc(1, rows[i].size + 1);
        memset(bytes, 'x', rows[i].size);
        write_text(in_dir("f"), bytes);
        ROW(i, os_read_file(in_dir("f"), rows[i].max, &text, &e) == (rows[i].code == ERR_OK));
        ROW(i, e.code == rows[i].code);
        if (rows[i].code == ERR_OK) {
            ROW(i, text.len == rows[i].size && strcmp(str_text(&text), bytes) == 0);
            str_release(&text);
        }
        free(bytes);
    }
    struct err e = {0};
    struct str text;
    assert_false(os_read_file(in_dir("absent"), 10, &text, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "absent: No such file"));
    assert_false(os_read_file(unit_dir, 10, &text, &e));
    assert_int_equal(e.code, ERR_IO);
}

static void test_replace(void **state)
{
    const char *path = in_dir("replaced"), *private = in_dir("open-to-all");
    struct err e = {0};
    (void)state;
    mode_t old = umask(0);
    write_text(path, "one");
    assert_int_equal(mode_of(path), 0600);
    assert_false(os_others_can_read(path));
    close(open(private, O_CREAT | O_WRONLY, 0644));
    assert_true(os_others_can_read(private));
    write_text(private, "secret");
    assert_int_equal(mode_of(private), 0600);
    umask(old);
    size_t n = files_in(unit_dir);
    OK(os_replace_file(path, "a\0b", 3, &e), e);
    struct str text;
    OK(os_read_file(path, 10, &text, &e), e);
    assert_int_equal(text.len, 3);
    assert_memory_equal(text.p, "a\0b", 4);
    str_release(&text);
    assert_false(os_replace_file(in_dir("no/such/folder"), "x", 1, &e));
    assert_int_equal(e.code, ERR_IO);
    OK(os_mkdirs(in_dir("a-folder/in-it"), &e), e);
    assert_false(os_replace_file(in_dir("a-folder"), "x", 1, &e));
    assert_int_equal(files_in(unit_dir), n + 1);
}

/* Whoever reads while the file is replaced sees one whole text or the other. */
static void test_replace_is_atomic(void **state)
{
    const char *path = in_dir("atomic");
    static char a[50001], b[30001];
    (void)state;
    memset(a, 'a', sizeof a - 1);
    memset(b, 'b', sizeof b - 1);
    write_text(path, a);
    pid_t child = fork();
    if (child == 0) {
        struct err e = {0};
        bool ok = true;
        for (int i = 0; i < 100; i++)
            ok = os_replace_file(path, i % 2 ? a : b, strlen(i % 2 ? a : b), &e) && ok;
        _exit(ok ? 0 : 1);
    }
    int status = -1, looks = 0;
    for (; waitpid(child, &status, WNOHANG) == 0; looks++) {
        char *text = read_text(path);
        if (strcmp(text, a) != 0 && strcmp(text, b) != 0)
            fail_msg("look %d: half a file of %zu bytes", looks, strlen(text));
        free(text);
    }
    assert_int_equal(status, 0);
    assert_true(looks > 1);
}

static void test_remove(void **state)
{
    struct err e = {0};
    (void)state;
    write_text(in_dir("gone"), "");
    assert_true(os_exists(in_dir("gone")));
    OK(os_remove_file(in_dir("gone"), &e), e);
    assert_false(os_exists(in_dir("gone")));
    OK(os_remove_file(in_dir("gone"), &e), e);
    assert_false(os_remove_file(unit_dir, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_false(os_others_can_read(in_dir("gone")));
}

static void test_mkdirs(void **state)
{
    static const struct {
        const char *dir;
        bool ok;
    } rows[] = {
        {"m", true},        {"m", true},     {"m/a/b/c", true},     {"m/d/", true},
        {"m//e///f", true}, {"m/./g", true}, {"m/file/sub", false}, {"m/file", false},
    };
    struct err e = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (i == 6)
            write_text(in_dir("m/file"), "");
        bool ok = os_mkdirs(in_dir(rows[i].dir), &e);
        ROW(i, ok == rows[i].ok);
        ROW(i, !ok || mode_of(in_dir(rows[i].dir)) == 0700);
    }
    OK(os_mkdirs("/", &e), e);
    char *endless = xmalloc(PATH_MAX + 10);
    memset(endless, 'x', PATH_MAX + 9);
    endless[PATH_MAX + 9] = '\0';
    assert_false(os_mkdirs(endless, &e));
    free(endless);
}

static void test_mkdirs_of_nothing(void **state)
{
    struct err e = {0};
    (void)state;
    assert_false(os_mkdirs("", &e));
    assert_int_equal(e.code, ERR_IO);
}

static void test_list(void **state)
{
    struct err e = {0};
    char **names;
    (void)state;
    OK(os_mkdirs(in_dir("list"), &e), e);
    for (int i = 25; i > 0; i--) {
        char name[32];
        snprintf(name, sizeof name, "list/%02d", i);
        write_text(in_dir(name), "");
    }
    write_text(in_dir("list/.hidden"), "");
    OK(os_list_dir(in_dir("list"), &names, &e), e);
    for (int i = 0; i < 25; i++)
        assert_int_equal(atoi(names[i]), i + 1);
    assert_null(names[25]);
    os_list_free(names);
    OK(os_list_dir(in_dir("no-list"), &names, &e), e);
    assert_null(names[0]);
    os_list_free(names);
    os_list_free(NULL);
    assert_false(os_list_dir(in_dir("list/01"), &names, &e));
    assert_int_equal(e.code, ERR_IO);
}

static void test_log(void **state)
{
    const char *path = in_dir("log");
    struct err e = {0};
    struct os_log *log, *other;
    (void)state;
    OK(os_log_open(path, &log, &e), e);
    assert_int_equal(mode_of(path), 0600);
    OK(os_log_append(log, "one\n", 4, &e), e);
    assert_file(path, "one\n");
    OK(os_log_open(path, &other, &e), e);
    OK(os_log_append(other, "two\n", 4, &e), e);
    OK(os_log_append(log, "three\n", 6, &e), e);
    OK(os_log_append(log, "", 0, &e), e);
    os_log_close(log);
    OK(os_log_append(other, "four\n", 5, &e), e);
    os_log_close(other);
    OK(os_log_open(path, &log, &e), e);
    OK(os_log_append(log, "five\n", 5, &e), e);
    os_log_close(log);
    assert_file(path, "one\ntwo\nthree\nfour\nfive\n");
    os_log_close(NULL);
    assert_false(os_log_open(in_dir("no/such/log"), &log, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_non_null(strstr(e.text, "no/such/log"));
}

static void test_log_says_when_the_disk_is_full(void **state)
{
    struct err e = {0};
    struct os_log *log;
    (void)state;
    if (!os_exists("/dev/full"))
        skip();
    OK(os_log_open("/dev/full", &log, &e), e);
    assert_false(os_log_append(log, "x", 1, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_non_null(strstr(e.text, "/dev/full: No space left"));
    os_log_close(log);
}

/* A child that takes the lock, says so with a byte, and holds it until it is killed. */
static pid_t holder(const char *path)
{
    int fds[2];
    char byte;
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct os_lock *lock;
        struct err e = {0};
        if (!os_lock_try(path, &lock, &e) || write(fds[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], &byte, 1), 1);
    close(fds[0]);
    return pid;
}

static void test_lock_between_processes(void **state)
{
    const char *path = in_dir("lock");
    struct os_lock *lock = NULL;
    struct err e = {0};
    (void)state;
    pid_t pid = holder(path);
    assert_int_equal(mode_of(path), 0600);
    for (int i = 0; i < 3; i++) {
        e = (struct err){0};
        assert_false(os_lock_try(path, &lock, &e));
        assert_int_equal(e.code, ERR_GUARD);
        assert_null(lock);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    OK(os_lock_try(path, &lock, &e), e);
    struct os_lock *again = NULL;
    assert_false(os_lock_try(path, &again, &e));
    os_lock_drop(lock);
    OK(os_lock_try(path, &again, &e), e);
    os_lock_drop(again);
    os_lock_drop(NULL);
    assert_false(os_lock_try(in_dir("no/such/lock"), &lock, &e));
    assert_int_equal(e.code, ERR_IO);
}

static void test_lock_wait(void **state)
{
    const char *path = in_dir("lock-wait");
    struct os_lock *lock = NULL;
    (void)state;
    pid_t pid = holder(path);
    pid_t killer = fork();
    if (killer == 0) {
        usleep(200 * 1000);
        kill(pid, SIGKILL);
        _exit(0);
    }
    int64_t began = os_mono_ms();
    os_lock_wait(path, &lock);
    assert_non_null(lock);
    assert_true(os_mono_ms() - began >= 150);
    os_lock_drop(lock);
    waitpid(pid, NULL, 0);
    waitpid(killer, NULL, 0);
    os_lock_wait(in_dir("no/such/lock"), &lock);
    assert_null(lock);
}

/* What a command leaves running must not keep the lock. */
static void test_lock_is_not_inherited(void **state)
{
    const char *path = in_dir("lock-run");
    struct os_lock *lock, *again;
    struct err e = {0};
    struct str out;
    (void)state;
    OK(os_lock_try(path, &lock, &e), e);
    OK(os_run("sleep 3 >/dev/null 2>&1 & echo", 2500, 10, &out, &e), e);
    str_release(&out);
    os_lock_drop(lock);
    OK(os_lock_try(path, &again, &e), e);
    os_lock_drop(again);
}

static void test_run(void **state)
{
    static const struct {
        const char *command;
        int timeout_ms;
        size_t max;
        enum err_code code;
        const char *text; /* output, or part of the error */
    } rows[] = {
        {"echo hello", 5000, 100, ERR_OK, "hello\n"},
        {"printf ''", 5000, 100, ERR_OK, ""},
        {"printf 12345", 5000, 5, ERR_OK, "12345"},
        {"printf 123456", 5000, 5, ERR_FAILED, "more than 5 bytes"},
        {"cat", 5000, 100, ERR_OK, ""},
        {"echo out; exit 3", 5000, 100, ERR_FAILED, "status 3"},
        {"exit 127", 5000, 100, ERR_FAILED, "status 127"},
        {"kill -9 $$", 5000, 100, ERR_FAILED, "status 137"},
        {"echo 'a b' | tr a c", 5000, 100, ERR_OK, "c b\n"},
        {"sleep 6", 300, 100, ERR_TIMEOUT, "did not end"},
        {"echo early; sleep 6", 300, 100, ERR_TIMEOUT, "did not end"},
        {"sleep 6 & sleep 6 & wait", 300, 100, ERR_TIMEOUT, "did not end"},
        {"trap '' TERM INT; sleep 6", 300, 100, ERR_TIMEOUT, "did not end"},
        {"sleep 6", 0, 100, ERR_TIMEOUT, "did not end"},
        {"exec >&-; sleep 6", 300, 100, ERR_TIMEOUT, "did not end"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct str out;
        int64_t began = os_mono_ms();
        ROW(i, os_run(rows[i].command, rows[i].timeout_ms, rows[i].max, &out, &e) ==
                   (rows[i].code == ERR_OK));
        ROW(i, os_mono_ms() - began < 4000);
        ROW(i, e.code == rows[i].code);
        if (rows[i].code == ERR_OK)
            ROW_TEXT(i, str_text(&out), rows[i].text);
        else
            ROW(i, strstr(e.text, rows[i].text) != NULL);
        str_release(&out);
    }
}

static void test_time_out_kills_the_whole_group(void **state)
{
    struct err e = {0};
    struct str out;
    (void)state;
    char *command = xasprintf("sh -c 'sleep 1; echo late > %s' & wait", in_dir("late"));
    assert_false(os_run(command, 400, 100, &out, &e));
    assert_int_equal(e.code, ERR_TIMEOUT);
    free(command);
    usleep(1000 * 1000);
    assert_false(os_exists(in_dir("late")));
}

static void test_places(void **state)
{
    static const struct {
        const char *xdg, *home, *config;
    } rows[] = {
        {"/x", "/h", "/x/dogs"},
        {"", "/h", "/h/.config/dogs"},
        {NULL, "/h", "/h/.config/dogs"},
        {"relative", "/h", "/h/.config/dogs"},
        {NULL, NULL, NULL},
        {NULL, "", NULL},
        {"/x/", NULL, "/x/dogs"},
    };
    (void)state;
#ifdef __APPLE__
    skip();
#endif
    for (size_t i = 0; i < COUNT(rows); i++) {
        rows[i].xdg ? setenv("XDG_CONFIG_HOME", rows[i].xdg, 1) : unsetenv("XDG_CONFIG_HOME");
        rows[i].home ? setenv("HOME", rows[i].home, 1) : unsetenv("HOME");
        char *dir = os_config_dir();
        ROW(i, (dir == NULL) == (rows[i].config == NULL));
        if (dir)
            ROW_TEXT(i, dir, rows[i].config);
        free(dir);
    }
    setenv("HOME", "/h", 1);
    unsetenv("XDG_STATE_HOME");
    char *state_dir = os_state_dir(), *exe = os_exe_dir();
    assert_string_equal(state_dir, "/h/.local/state/dogs");
    char *self = os_path_join(exe, "test_os");
    assert_true(os_exists(self));
    free(state_dir), free(exe), free(self);
}

static void test_small_things(void **state)
{
    (void)state;
    setenv("DOGS_UNIT", "", 1);
    assert_null(os_env("DOGS_UNIT"));
    setenv("DOGS_UNIT", "v", 1);
    assert_string_equal(os_env("DOGS_UNIT"), "v");
    unsetenv("DOGS_UNIT");
    assert_null(os_env("DOGS_UNIT"));
    assert_int_equal(os_pid(), getpid());
    uint64_t a = 0, b = 0;
    os_random(&a, sizeof a);
    os_random(&b, sizeof b);
    assert_true(a != b);
    int64_t before = os_mono_ms();
    usleep(20000);
    assert_true(os_mono_ms() - before >= 19);
    assert_true(os_unix_ms() > 1700000000000);
    assert_true(os_terminal_columns() > 0);
}

static void test_libraries_are_tried_in_turn(void **state)
{
    static const char *const good[] = {"libnone.so.0", "libm.so.6", NULL};
    static const char *const none[] = {"libnone.so.0", NULL};
    static double (*cosine)(double);
    static int (*nothing)(void);
    static const struct os_symbol there[] = {{"cos", &cosine}, {0}};
    static const struct os_symbol not_there[] = {{"cos", &cosine}, {"cosn", &nothing}, {0}};
    static const struct {
        const char *const *names;
        const struct os_symbol *symbols;
        const char *says; /* NULL: it is loaded */
    } rows[] = {
        {good, there, NULL},
        {good, not_there, "cosn"},
        {none, there, "libnone.so.0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct os_library library = {.names = rows[i].names, .symbols = rows[i].symbols};
        struct err e = {0};
        cosine = NULL;
        for (int twice = 0; twice < 2; twice++)
            assert_int_equal(os_load(&library, &e), !rows[i].says);
        assert_int_equal(e.code, rows[i].says ? ERR_FAILED : ERR_OK);
        if (rows[i].says)
            assert_non_null(strstr(e.text, rows[i].says));
        else
            assert_true(cosine(0) > 0.99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_has_a_limit),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_replace_is_atomic),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_mkdirs),
        cmocka_unit_test(test_mkdirs_of_nothing),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_log_says_when_the_disk_is_full),
        cmocka_unit_test(test_lock_between_processes),
        cmocka_unit_test(test_lock_wait),
        cmocka_unit_test(test_lock_is_not_inherited),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_time_out_kills_the_whole_group),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_small_things),
        cmocka_unit_test(test_libraries_are_tried_in_turn),
    };
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
