#include "unit.h"
#include <dogs/file.h>
#include <dogs/os.h>
#include <windows.h>

/* "Spieler ä" and a game controller, which UTF-16 needs two units for. */
#define ODD "Spieler \xC3\xA4 \xF0\x9F\x8E\xAE"

static bool note(void *ctx, const char *relative, const struct file_info *info, struct err *e)
{
    (void)e;
    return str_addf(ctx, "%s=%d", relative, (int)info->size);
}

static void test_odd_names_and_long_paths(void **state)
{
    struct err e = {0};
    struct str below = STR(2000), found = STR(2000);
    struct file_info info;
    struct file *f;
    size_t left_out;
    (void)state;
    for (int i = 0; i < 12; i++)
        str_add(&below, "a folder whose name has forty letters...x/");
    str_add(&below, ODD);
    OK(file_make_folders(in_dir("long"), str_text(&below), &e), e);
    OK(file_make_folders(in_dir("long"), str_text(&below), &e), e);
    char *part = xasprintf("%s/%s/%s.part", in_dir("long"), str_text(&below), ODD);
    char *done = xasprintf("%s/%s/%s", in_dir("long"), str_text(&below), ODD);
    for (int i = 0; i < 2; i++) {
        OK(file_open_part(part, &f, &e), e);
        OK(file_write_at(f, "text", 4, 0, &e), e);
        OK(file_sync(f, &e), e);
        OK(file_finish(f, part, done, &e), e);
    }
    OK(file_look(done, &info, &e), e);
    assert_int_equal(info.size, 4);
    OK(file_write_new(part, "x", 1, 0, &e), e);
    OK(os_remove_file(part, &e), e);
    OK(file_walk(in_dir("long"), note, &found, &left_out, &e), e);
    str_addf(&below, "/%s=4", ODD);
    assert_string_equal(str_text(&found), str_text(&below));
    free(part);
    free(done);
    str_release(&below);
    str_release(&found);
}

/* What the other systems take for a plain name leads elsewhere here. */
static void test_names_that_lead_elsewhere(void **state)
{
    static const char *const rows[] = {
        "a\\..\\..\\out", "..\\out", "c:", "c:out", "x:stream", "\\out"};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        ROW(i, !file_make_folders(in_dir("base"), rows[i], &e) && e.code == ERR_GUARD);
    }
}

static void test_devices_are_no_files(void **state)
{
    static const char *const rows[] = {"NUL", "CON"};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct file *f;
        ROW(i, !file_open_part(rows[i], &f, &e) && e.code == ERR_IO);
    }
}

/* Where the system lets us make links; Wine 8 says that it has made one, and has not. */
static void test_links(void **state)
{
    struct err e = {0};
    struct file_info info;
    struct file *f;
    (void)state;
    OK(file_make_folders(in_dir("links/folder"), "", &e), e);
    OK(file_write_new(in_dir("links/file"), "old", 3, 0, &e), e);
    enum { UNPRIVILEGED = 2 };
    if (!CreateSymbolicLinkA(in_dir("links/l-file"), "file", UNPRIVILEGED) ||
        !CreateSymbolicLinkA(in_dir("links/l-folder"), "folder",
                             SYMBOLIC_LINK_FLAG_DIRECTORY | UNPRIVILEGED) ||
        !os_exists(in_dir("links/l-file")))
        skip();
    OK(file_look(in_dir("links/l-file"), &info, &e), e);
    assert_int_equal(info.kind, FILE_LINK);
    OK(file_look_through(in_dir("links/l-file"), &info, &e), e);
    assert_int_equal(info.kind, FILE_REGULAR);
    assert_false(file_open_part(in_dir("links/l-file"), &f, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_false(file_make_folders(in_dir("links"), "l-folder/x", &e));
    assert_int_equal(e.code, ERR_GUARD);
    OK(file_open_part(in_dir("links/part"), &f, &e), e);
    OK(file_finish(f, in_dir("links/part"), in_dir("links/l-file"), &e), e);
    OK(file_look(in_dir("links/l-file"), &info, &e), e);
    assert_int_equal(info.kind, FILE_REGULAR);
    OK(file_look(in_dir("links/file"), &info, &e), e);
    assert_int_equal(info.size, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odd_names_and_long_paths),
        cmocka_unit_test(test_names_that_lead_elsewhere),
        cmocka_unit_test(test_devices_are_no_files),
        cmocka_unit_test(test_links),
    };
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
