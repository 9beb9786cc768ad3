#include "unit.h"
#include <dogs/file.h>
#include <dogs/os.h>

/* What this program was started as: it starts itself as another process. */
static const char *self;

static void assert_bytes(const char *path, const void *bytes, size_t len)
{
    struct file *f;
    struct err e = {0};
    size_t got;
    char *is = xcalloc(1, len + 1);
    OK(file_open_read(path, &f, &e), e);
    OK(file_read_at(f, is, len + 1, 0, &got, &e), e);
    assert_int_equal(got, len);
    assert_memory_equal(is, bytes, len);
    file_close(f);
    free(is);
}

static void assert_text(const char *path, const char *text)
{
    assert_bytes(path, text, strlen(text));
}

static void make(const char *path, const char *text)
{
    struct err e = {0};
    OK(file_write_new(path, text, strlen(text), 0, &e), e);
}

static enum file_kind kind_of(const char *path)
{
    struct file_info info;
    struct err e = {0};
    OK(file_look(path, &info, &e), e);
    return info.kind;
}

static void test_look(void **state)
{
    struct err e = {0};
    struct file_info info;
    (void)state;
    make(in_dir("looked-at"), "four");
    const struct {
        const char *name;
        enum file_kind kind;
    } rows[] = {
        {"looked-at", FILE_REGULAR}, {".", FILE_FOLDER},         {"absent", FILE_NONE},
        {"absent/below", FILE_NONE}, {"looked-at/x", FILE_NONE},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OK(file_look(in_dir(rows[i].name), &info, &e), e);
        ROW(i, info.kind == rows[i].kind);
        OK(file_look_through(in_dir(rows[i].name), &info, &e), e);
        ROW(i, info.kind == rows[i].kind);
    }
    OK(file_look(in_dir("looked-at"), &info, &e), e);
    assert_int_equal(info.size, 4);
    int64_t age_s = (os_unix_ms() - info.mtime_ns / 1000000) / 1000;
    assert_true(age_s >= -5 && age_s < 60);
}

static void test_read(void **state)
{
    static const struct {
        int64_t at;
        size_t len, got;
    } rows[] = {{0, 10, 10}, {0, 4, 4}, {6, 4, 4}, {6, 10, 4}, {10, 5, 0}, {1000, 5, 0}, {3, 0, 0}};
    struct err e = {0};
    struct file *f;
    (void)state;
    make(in_dir("read"), "0123456789");
    OK(file_open_read(in_dir("read"), &f, &e), e);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char to[16];
        size_t got = 99;
        OK(file_read_at(f, to, rows[i].len, rows[i].at, &got, &e), e);
        ROW(i, got == rows[i].got);
        ROW(i, got == 0 || memcmp(to, &"0123456789"[rows[i].at], got) == 0);
    }
    file_close(f);
    file_close(NULL);
    assert_false(file_open_read(in_dir("absent"), &f, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_false(file_open_read(in_dir("no/folder"), &f, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_false(file_open_read(unit_dir, &f, &e));
    assert_int_equal(e.code, ERR_IO);
}

static void test_a_part_keeps_what_is_in_it(void **state)
{
    struct err e = {0};
    struct file *f;
    struct file_info info;
    char to[8];
    size_t got;
    (void)state;
    OK(file_open_part(in_dir("part"), &f, &e), e);
    OK(file_write_at(f, "def", 3, 3, &e), e);
    OK(file_write_at(f, "abc", 3, 0, &e), e);
    OK(file_read_at(f, to, 8, 0, &got, &e), e);
    assert_int_equal(got, 6);
    file_close(f);
    OK(file_open_part(in_dir("part"), &f, &e), e);
    OK(file_write_at(f, "X", 1, 5000000000, &e), e);
    OK(file_info(f, &info, &e), e);
    assert_int_equal(info.size, 5000000001);
    assert_int_equal(info.kind, FILE_REGULAR);
    OK(file_read_at(f, to, 8, 4999999999, &got, &e), e);
    assert_int_equal(got, 2);
    assert_memory_equal(to, "\0X", 2);
    OK(file_cut(f, 6, &e), e);
    OK(file_sync(f, &e), e);
    file_close(f);
    assert_text(in_dir("part"), "abcdef");
    assert_false(file_open_part(unit_dir, &f, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_false(file_open_part(in_dir("no/folder"), &f, &e));
    assert_int_equal(e.code, ERR_IO);
}

static void test_reserve(void **state)
{
    static const struct {
        int64_t before, size;
    } rows[] = {{0, 0}, {0, 1}, {0, 1 << 20}, {5, 5000}, {5000, 5000}, {5000, 3}, {5000, 0}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct file *f;
        struct file_info info;
        uint8_t last = 1;
        size_t got, kept = rows[i].before < rows[i].size ? rows[i].before : rows[i].size;
        char bytes[5000], is[5000];
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (char)unit_random();
        OK(file_open_part(in_dir("reserved"), &f, &e), e);
        OK(file_cut(f, 0, &e), e);
        OK(file_write_at(f, bytes, (size_t)rows[i].before, 0, &e), e);
        OK(file_reserve(f, rows[i].size, &e), e);
        OK(file_info(f, &info, &e), e);
        ROW(i, info.size == rows[i].size);
        OK(file_read_at(f, is, kept, 0, &got, &e), e);
        ROW(i, got == kept && memcmp(is, bytes, kept) == 0);
        if (rows[i].size > rows[i].before) {
            OK(file_read_at(f, &last, 1, rows[i].size - 1, &got, &e), e);
            ROW(i, got == 1 && last == 0);
        }
        file_close(f);
    }
}

/* No disk has room for it, and nothing of it stays. */
static void test_more_than_the_disk_holds(void **state)
{
    struct err e = {0};
    struct file *f;
    struct file_info info;
    (void)state;
    OK(file_open_part(in_dir("huge"), &f, &e), e);
    OK(file_write_at(f, "abc", 3, 0, &e), e);
    assert_false(file_reserve(f, (int64_t)1 << 50, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_non_null(strstr(e.text, "reserve"));
    assert_non_null(strstr(e.hint, "make room"));
    e = (struct err){0};
    OK(file_info(f, &info, &e), e);
    assert_int_equal(info.size, 3);
    file_close(f);
    assert_text(in_dir("huge"), "abc");
}

static void test_times(void **state)
{
    static const int64_t s = 1000000000;
    const int64_t rows[] = {1732118400 * s + 123456700, 1 * s, 1732118400 * s,
                            4102444800 * s + 100};
    struct err e = {0};
    struct file_info info, same;
    struct file *f;
    (void)state;
    OK(file_open_part(in_dir("timed"), &f, &e), e);
    for (size_t i = 0; i < COUNT(rows); i++) {
        OK(file_write_at(f, "x", 1, (int64_t)i, &e), e);
        OK(file_set_mtime(f, rows[i], &e), e);
        OK(file_info(f, &info, &e), e);
        ROW(i, info.mtime_ns == rows[i]);
        OK(file_set_mtime(f, 0, &e), e);
        OK(file_info(f, &same, &e), e);
        ROW(i, same.mtime_ns == rows[i]);
    }
    OK(file_finish(f, in_dir("timed"), in_dir("timed-2"), &e), e);
    OK(file_look(in_dir("timed-2"), &info, &e), e);
    assert_int_equal(info.mtime_ns, rows[COUNT(rows) - 1]);
    OK(file_write_new(in_dir("timed-3"), "x", 1, rows[0], &e), e);
    OK(file_look(in_dir("timed-3"), &info, &e), e);
    assert_int_equal(info.mtime_ns, rows[0]);
}

static void test_write_new_is_exclusive(void **state)
{
    struct err e = {0};
    (void)state;
    OK(file_write_new(in_dir("new"), "first", 5, 0, &e), e);
    assert_false(file_write_new(in_dir("new"), "2", 1, 0, &e));
    assert_int_equal(e.code, ERR_GUARD);
    assert_text(in_dir("new"), "first");
    OK(file_write_new(in_dir("new-empty"), NULL, 0, 0, &e), e);
    assert_text(in_dir("new-empty"), "");
    assert_false(file_write_new(in_dir("no/new"), "2", 1, 0, &e));
    assert_int_equal(e.code, ERR_IO);
}

/* 0: it could be opened; else the exit status of the error. */
static int open_elsewhere(const char *path)
{
    struct err e = {0};
    struct str out;
    char *command = xasprintf("%s open %s", self, path);
    bool ok = os_run(command, 60000, 1000, &out, &e);
    free(command);
    const char *status = ok ? NULL : strstr(e.text, "status ");
    if (ok)
        str_release(&out);
    else if (!status)
        fail_msg("%s", e.text);
    return ok ? 0 : atoi(status + 7);
}

static void test_one_writer_at_a_time(void **state)
{
    const char *path = in_dir("written");
    struct err e = {0};
    struct file *f, *again;
    (void)state;
    assert_int_equal(open_elsewhere(path), 0);
    OK(file_open_part(path, &f, &e), e);
    assert_false(file_open_part(path, &again, &e));
    assert_int_equal(e.code, ERR_GUARD);
    assert_non_null(strstr(e.text, path));
    assert_int_equal(open_elsewhere(path), err_exit(ERR_GUARD));
    OK(file_write_at(f, "mine", 4, 0, &e), e);
    assert_text(path, "mine");
    OK(file_finish(f, path, in_dir("written-done"), &e), e);
    assert_int_equal(open_elsewhere(path), 0);
    assert_int_equal(open_elsewhere(in_dir("written-done")), 0);
    assert_text(in_dir("written-done"), "mine");
}

static void test_finish(void **state)
{
    static const struct {
        const char *to;
        bool sync, ok;
    } rows[] = {
        {"finished", false, true},   {"finished", true, true},         {"fin-folder", false, false},
        {"no/folder", false, false}, {"fin-folder/in it", true, true},
    };
    struct err e = {0};
    (void)state;
    OK(file_make_folders(in_dir("fin-folder"), "", &e), e);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct file *f;
        char text[8];
        snprintf(text, sizeof text, "row %d", (int)i);
        OK(file_open_part(in_dir("fin-part"), &f, &e), e);
        OK(file_cut(f, 0, &e), e);
        OK(file_write_at(f, text, strlen(text), 0, &e), e);
        if (rows[i].sync)
            OK(file_sync(f, &e), e);
        e = (struct err){0};
        ROW(i, file_finish(f, in_dir("fin-part"), in_dir(rows[i].to), &e) == rows[i].ok);
        ROW(i, rows[i].ok || (e.code == ERR_IO && strstr(e.text, rows[i].to)));
        assert_text(in_dir(rows[i].ok ? rows[i].to : "fin-part"), text);
        ROW(i, kind_of(in_dir("fin-part")) == (rows[i].ok ? FILE_NONE : FILE_REGULAR));
    }
    make(in_dir("moved"), "moved");
    OK(file_rename(in_dir("moved"), in_dir("finished"), &e), e);
    assert_text(in_dir("finished"), "moved");
    assert_false(file_rename(in_dir("moved"), in_dir("finished"), &e));
    assert_int_equal(e.code, ERR_IO);
}

static void test_make_folders(void **state)
{
    static const struct {
        const char *base, *relative;
        enum err_code code;
        const char *made;
    } rows[] = {
        {"m", "", ERR_OK, "m"},
        {"m", "a", ERR_OK, "m/a"},
        {"m", "a/b/c", ERR_OK, "m/a/b/c"},
        {"m", "a/b/c", ERR_OK, "m/a/b/c"},
        {"m/deep/base", "x/y", ERR_OK, "m/deep/base/x/y"},
        {"m/", "slash//twice/./dot/", ERR_OK, "m/slash/twice/dot"},
        {"m", "..", ERR_GUARD, NULL},
        {"m", "a/../../n", ERR_GUARD, NULL},
        {"m", "a file", ERR_GUARD, NULL},
        {"m", "a file/below", ERR_GUARD, NULL},
        {"m/a file", "below", ERR_GUARD, NULL},
    };
    struct err e = {0};
    (void)state;
    OK(file_make_folders(in_dir("m"), "", &e), e);
    make(in_dir("m/a file"), "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        e = (struct err){0};
        file_make_folders(in_dir(rows[i].base), rows[i].relative, &e);
        if (e.code != rows[i].code)
            fail_msg("row %zu: %s %s", i, err_name(e.code), e.text);
        ROW(i, !rows[i].made || kind_of(in_dir(rows[i].made)) == FILE_FOLDER);
    }
    assert_int_equal(kind_of(in_dir("n")), FILE_NONE);
    assert_false(file_make_folders("", "a", &e));
}

static bool gather(void *ctx, const char *relative, const struct file_info *info, struct err *e)
{
    struct str *out = ctx;
    str_addf(out, "%s=%d ", relative, (int)info->size);
    return strcmp(relative, "stop") != 0 ? true : err_set(e, ERR_CANCELLED, "stopped");
}

static void test_walk(void **state)
{
    static const char *const files[] = {"w/b/2",   "w/b/10",       "w/B/x",    "w/a",
                                        "w/b.txt", "w/c/d/e/deep", "w/.hidden"};
    struct err e = {0};
    struct str out = STR(1000);
    size_t left_out = 99;
    (void)state;
    OK(file_make_folders(in_dir("w"), "c/d/e", &e), e);
    OK(file_make_folders(in_dir("w"), "empty", &e), e);
    OK(file_make_folders(in_dir("w"), "b", &e), e);
#ifndef _WIN32 /* where b and B are one */
    OK(file_make_folders(in_dir("w"), "B", &e), e);
#endif
    for (size_t i = 0; i < COUNT(files); i++)
        make(in_dir(files[i]), "12345");
    OK(file_walk(in_dir("w"), gather, &out, &left_out, &e), e);
#ifdef _WIN32
    assert_string_equal(str_text(&out), ".hidden=5 a=5 b/10=5 b/2=5 b/x=5 b.txt=5 c/d/e/deep=5 ");
#else
    assert_string_equal(str_text(&out), ".hidden=5 B/x=5 a=5 b/10=5 b/2=5 b.txt=5 c/d/e/deep=5 ");
#endif
    assert_int_equal(left_out, 0);
    make(in_dir("w/stop"), "");
    make(in_dir("w/then"), "");
    str_clear(&out);
    assert_false(file_walk(in_dir("w"), gather, &out, &left_out, &e));
    assert_int_equal(e.code, ERR_CANCELLED);
    assert_null(strstr(str_text(&out), "then"));
    assert_false(file_walk(in_dir("absent"), gather, &out, &left_out, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_false(file_walk(in_dir("w/stop"), gather, &out, &left_out, &e));
    assert_int_equal(e.code, ERR_IO);
    str_release(&out);
}

static void test_walk_has_a_depth(void **state)
{
    struct err e = {0};
    struct str path = STR(1000), out = STR(10000);
    size_t left_out;
    (void)state;
    for (int depth = 0; depth < FILE_DEPTH; depth++)
        str_add(&path, "d/");
    OK(file_make_folders(in_dir("wd"), str_text(&path), &e), e);
    char *file = xasprintf("%s/%sfile", in_dir("wd"), str_text(&path));
    make(file, "");
    OK(file_walk(in_dir("wd"), gather, &out, &left_out, &e), e);
    assert_non_null(strstr(str_text(&out), "d/d/file=0"));
    str_add(&path, "d");
    OK(file_make_folders(in_dir("wd"), str_text(&path), &e), e);
    assert_false(file_walk(in_dir("wd"), gather, &out, &left_out, &e));
    assert_int_equal(e.code, ERR_IO);
    free(file);
    str_release(&path);
    str_release(&out);
}

static void test_boot(void **state)
{
    char one[FILE_BOOT], two[FILE_BOOT];
    (void)state;
    file_boot(one);
    file_boot(two);
    assert_true(strlen(one) > 5);
    assert_string_equal(one, two);
    assert_null(strchr(one, '\n'));
}

static int open_here(const char *path)
{
    struct err e = {0};
    struct file *f = NULL;
    bool ok = file_open_part(path, &f, &e);
    file_close(f);
    return ok ? 0 : err_exit(e.code);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_a_part_keeps_what_is_in_it),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_more_than_the_disk_holds),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_write_new_is_exclusive),
        cmocka_unit_test(test_one_writer_at_a_time),
        cmocka_unit_test(test_finish),
        cmocka_unit_test(test_make_folders),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_walk_has_a_depth),
        cmocka_unit_test(test_boot),
    };
    if (argc == 3 && strcmp(argv[1], "open") == 0)
        return open_here(argv[2]);
    self = argv[0];
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
