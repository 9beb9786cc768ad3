#include "unit.h"
#include <dogs/file.h>
#include <dogs/os.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#endif

static void make(const char *path, const char *text)
{
    struct err e = {0};
    OK(file_write_new(path, text, strlen(text), 0, &e), e);
}

static void link_to(const char *target, const char *path)
{
    assert_int_equal(symlink(target, path), 0);
}

static mode_t mode_of(const char *path)
{
    struct stat st = {0};
    lstat(path, &st);
    return st.st_mode;
}

static void assert_text(const char *path, const char *text)
{
    struct err e = {0};
    struct str is;
    OK(os_read_file(path, 1000, &is, &e), e);
    assert_string_equal(str_text(&is), text);
    str_release(&is);
}

/* Runs fn in a process of its own; true if that said so. */
static bool elsewhere(bool (*fn)(void))
{
    pid_t child = fork();
    if (child == 0)
        _exit(fn() ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    return status == 0;
}

static void test_what_a_look_follows(void **state)
{
    static const struct {
        const char *name;
        enum file_kind kind, through;
    } rows[] = {
        {"l-file", FILE_LINK, FILE_REGULAR}, {"l-folder", FILE_LINK, FILE_FOLDER},
        {"l-nowhere", FILE_LINK, FILE_NONE}, {"pipe", FILE_OTHER, FILE_OTHER},
        {"l-pipe", FILE_LINK, FILE_OTHER},
    };
    struct err e = {0};
    (void)state;
    make(in_dir("file"), "text");
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    link_to("file", in_dir("l-file"));
    link_to(".", in_dir("l-folder"));
    link_to("absent", in_dir("l-nowhere"));
    link_to("pipe", in_dir("l-pipe"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct file_info info;
        OK(file_look(in_dir(rows[i].name), &info, &e), e);
        ROW(i, info.kind == rows[i].kind);
        OK(file_look_through(in_dir(rows[i].name), &info, &e), e);
        ROW(i, info.kind == rows[i].through);
    }
    struct file_info info;
    link_to("circle", in_dir("circle"));
    assert_false(file_look_through(in_dir("circle"), &info, &e));
    assert_int_equal(e.code, ERR_IO);
}

/* Nothing here may block, as opening a pipe does, nor write through a link. */
static void test_what_is_opened(void **state)
{
    static const struct {
        const char *name;
        bool read, part;
    } rows[] = {
        {"file", true, true},        {"l-file", true, false}, {"l-folder", false, false},
        {"l-nowhere", false, false}, {"pipe", false, false},  {"l-pipe", false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int part = 0; part < 2; part++) {
            struct err e = {0};
            struct file *f = NULL;
            bool should = part ? rows[i].part : rows[i].read;
            ROW(i,
                (part ? file_open_part : file_open_read)(in_dir(rows[i].name), &f, &e) == should);
            if (!should && strcmp(rows[i].name, "l-nowhere") != 0)
                ROW(i, e.code == ERR_IO && strstr(e.text, rows[i].name));
            file_close(f);
        }
    struct err e = {0};
    assert_false(file_write_new(in_dir("l-nowhere"), "x", 1, 0, &e));
    assert_int_equal(mode_of(in_dir("absent")), 0);
    assert_text(in_dir("file"), "text");
}

static void test_modes(void **state)
{
    struct err e = {0};
    struct file *f;
    (void)state;
    mode_t old = umask(027);
    OK(file_open_part(in_dir("mode-part"), &f, &e), e);
    file_close(f);
    make(in_dir("mode-new"), "");
    OK(file_make_folders(in_dir("mode/base"), "below", &e), e);
    umask(old);
    assert_int_equal(mode_of(in_dir("mode-part")), S_IFREG | 0640);
    assert_int_equal(mode_of(in_dir("mode-new")), S_IFREG | 0640);
    assert_int_equal(mode_of(in_dir("mode")), S_IFDIR | 0750);
    assert_int_equal(mode_of(in_dir("mode/base/below")), S_IFDIR | 0750);
}

static void test_links_below_a_base(void **state)
{
    static const struct {
        const char *base, *relative;
        enum err_code code;
        const char *says;
    } rows[] = {
        {"base", "out/x", ERR_GUARD, "base/out is a link"},
        {"base", "out", ERR_GUARD, "base/out is a link"},
        {"base", "in", ERR_GUARD, "base/in is a link"},
        {"base", "nowhere/x", ERR_GUARD, "base/nowhere is a link"},
        {"base", "inside/pipe/x", ERR_GUARD, "base/inside/pipe is a device"},
        {"to-base", "made", ERR_OK, NULL},
        {"base/out/more", "made", ERR_OK, NULL},
        {"base/nowhere", "x", ERR_GUARD, "base/nowhere is a link"},
    };
    struct err e = {0};
    (void)state;
    OK(file_make_folders(in_dir("base"), "inside", &e), e);
    OK(file_make_folders(in_dir("outside"), "", &e), e);
    link_to("../outside", in_dir("base/out"));
    link_to("inside", in_dir("base/in"));
    link_to("../not-there", in_dir("base/nowhere"));
    assert_int_equal(mkfifo(in_dir("base/inside/pipe"), 0600), 0);
    link_to("base", in_dir("to-base"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        e = (struct err){0};
        ROW(i, file_make_folders(in_dir(rows[i].base), rows[i].relative, &e) == !rows[i].says);
        ROW(i, e.code == rows[i].code);
        ROW(i, !rows[i].says || (strstr(e.text, rows[i].says) && *e.hint));
    }
    assert_int_equal(mode_of(in_dir("outside/x")), 0);
    assert_int_equal(mode_of(in_dir("not-there")), 0);
    assert_int_equal(mode_of(in_dir("outside/more/made")) & S_IFMT, S_IFDIR);
}

/* A folder that may be passed through but neither be read nor be written, as on a server that many
 * share. */
static bool makes_below_closed(void)
{
    struct err e = {0};
    return (geteuid() != 0 || seteuid(65534) == 0) &&
           file_make_folders(in_dir("closed/open"), "a/b", &e) &&
           !file_make_folders(in_dir("closed/other"), "a", &e) && e.code == ERR_IO &&
           e.os_code == EACCES;
}

static void test_closed_folders_are_passed_through(void **state)
{
    struct err e = {0};
    (void)state;
    OK(file_make_folders(in_dir("closed/open"), "", &e), e);
    chmod(unit_dir, 0755);
    chmod(in_dir("closed/open"), 0777);
    chmod(in_dir("closed"), 0111);
    bool ok = elsewhere(makes_below_closed);
    chmod(in_dir("closed"), 0755);
    assert_true(ok);
}

static void test_finish_takes_the_place_of(void **state)
{
    static const char *const names[] = {"fin-link", "fin-nowhere", "fin-to-folder", "fin-pipe"};
    struct err e = {0};
    struct str text;
    (void)state;
    make(in_dir("fin-target"), "old");
    link_to("fin-target", in_dir("fin-link"));
    link_to("fin-absent", in_dir("fin-nowhere"));
    link_to("base", in_dir("fin-to-folder"));
    assert_int_equal(mkfifo(in_dir("fin-pipe"), 0600), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct file *f;
        OK(file_open_part(in_dir("fin-part"), &f, &e), e);
        OK(file_write_at(f, "new", 3, 0, &e), e);
        OK(file_finish(f, in_dir("fin-part"), in_dir(names[i]), &e), e);
        ROW(i, S_ISREG(mode_of(in_dir(names[i]))));
        assert_text(in_dir(names[i]), "new");
    }
    assert_text(in_dir("fin-target"), "old");
    assert_int_equal(mode_of(in_dir("fin-absent")), 0);

    /* Who has the old one open goes on reading that. */
    struct file *reader, *f;
    char bytes[8];
    size_t got;
    OK(file_open_read(in_dir("fin-target"), &reader, &e), e);
    OK(file_open_part(in_dir("fin-part"), &f, &e), e);
    OK(file_write_at(f, "newer", 5, 0, &e), e);
    OK(file_finish(f, in_dir("fin-part"), in_dir("fin-target"), &e), e);
    OK(file_read_at(reader, bytes, 8, 0, &got, &e), e);
    assert_int_equal(got, 3);
    assert_memory_equal(bytes, "old", 3);
    file_close(reader);
    OK(os_read_file(in_dir("fin-target"), 10, &text, &e), e);
    assert_string_equal(str_text(&text), "newer");
    str_release(&text);
}

static void test_kill_releases(void **state)
{
    const char *path = in_dir("killed");
    struct err e = {0};
    struct file *f;
    int fds[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        bool ok = file_open_part(path, &f, &e) && file_write_at(f, "kept", 4, 0, &e);
        if (ok && write(fds[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(fds[0], &byte, 1), 1);
    assert_false(file_open_part(path, &f, &e));
    assert_int_equal(e.code, ERR_GUARD);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    OK(file_open_part(path, &f, &e), e);
    file_close(f);
    assert_text(path, "kept");
    close(fds[0]);
    close(fds[1]);
}

/* Two open the part and give it the final name, again and again: whoever gets the lock just after
 * the other one's rename must not write into the finished file. */
static bool races(void)
{
    bool ok = true;
    for (int i = 0; ok && i < 3000; i++) {
        struct err e = {0};
        struct file *f;
        struct file_info info = {.size = -1};
        if (!file_open_part(in_dir("race-part"), &f, &e)) {
            ok = e.code == ERR_GUARD;
            continue;
        }
        ok = file_info(f, &info, &e) && info.size == 0 && file_write_at(f, "x", 1, 0, &e);
        ok = file_finish(f, in_dir("race-part"), in_dir("race-done"), &e) && ok;
    }
    return ok;
}

static void test_a_race_for_the_part(void **state)
{
    pid_t children[3];
    (void)state;
    for (size_t i = 0; i < COUNT(children); i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(races() ? 0 : 1);
    }
    for (size_t i = 0; i < COUNT(children); i++) {
        int status = -1;
        waitpid(children[i], &status, 0);
        ROW(i, status == 0);
    }
}

static bool walk_count(void *ctx, const char *relative, const struct file_info *info, struct err *e)
{
    struct str *out = ctx;
    (void)e;
    str_addf(out, "%s=%d/%d ", relative, (int)info->kind, (int)info->size);
    return true;
}

static void test_walk_and_links(void **state)
{
    struct err e = {0};
    struct str out = STR(1000);
    size_t left_out;
    (void)state;
    OK(file_make_folders(in_dir("w"), "d", &e), e);
    make(in_dir("w/d/file"), "12345");
    link_to("d/file", in_dir("w/l-file"));
    link_to("d", in_dir("w/l-folder"));
    link_to("..", in_dir("w/d/up"));
    link_to("absent", in_dir("w/l-nowhere"));
    assert_int_equal(mkfifo(in_dir("w/pipe"), 0600), 0);
    link_to("w", in_dir("l-w"));
    for (int i = 0; i < 2; i++) {
        str_clear(&out);
        OK(file_walk(in_dir(i ? "l-w" : "w"), walk_count, &out, &left_out, &e), e);
        assert_string_equal(str_text(&out), "d/file=1/5 l-file=1/5 ");
        assert_int_equal(left_out, 4);
    }
    str_release(&out);
}

/* ulimit -f stands for whatever lets a file grow no further. */
static bool limited(void)
{
    struct rlimit limit = {4096, 4096};
    struct err e = {0};
    struct file_info info;
    struct file *f;
    static char bytes[8192];
    signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &limit) == 0 && file_open_part(in_dir("limited"), &f, &e) &&
           !file_reserve(f, 8192, &e) && e.os_code == EFBIG && file_info(f, &info, &e) &&
           info.size == 0 && !file_write_at(f, bytes, sizeof bytes, 0, &e) && e.code == ERR_IO &&
           !file_write_new(in_dir("limited-new"), bytes, sizeof bytes, 0, &e) &&
           file_look(in_dir("limited-new"), &info, &e) && info.kind == FILE_NONE;
}

static void test_a_file_that_may_not_grow(void **state)
{
    (void)state;
    assert_true(elsewhere(limited));
}

#ifdef __linux__
/* Runs fn in a process of its own, which has a disk of its own at "disk": nobody but root may. */
static void on_a_disk(const char *type, const char *options, void (*fn)(void))
{
    enum { MAY_NOT = 77 };
    pid_t child = fork();
    if (child == 0) {
        mkdir(in_dir("disk"), 0700);
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("none", in_dir("disk"), type, 0, options) != 0)
            _exit(MAY_NOT);
        fn();
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == MAY_NOT)
        skip();
    assert_int_equal(status, 0);
}

static void fill(void)
{
    static char bytes[3 << 20];
    struct err e = {0};
    struct file_info info;
    struct file *f;
    OK(file_open_part(in_dir("disk/part"), &f, &e), e);
    OK(file_write_at(f, "abc", 3, 0, &e), e);
    assert_false(file_reserve(f, sizeof bytes, &e));
    assert_int_equal(e.os_code, ENOSPC);
    assert_non_null(strstr(e.text, "No space left"));
    assert_non_null(strstr(e.hint, "make room"));
    e = (struct err){0};
    OK(file_info(f, &info, &e), e);
    assert_int_equal(info.size, 3);
    OK(file_reserve(f, 1 << 20, &e), e);
    assert_false(file_write_at(f, bytes, sizeof bytes, 0, &e));
    assert_int_equal(e.os_code, ENOSPC);
    assert_non_null(strstr(e.hint, "make room"));
    file_close(f);
    assert_false(file_write_new(in_dir("disk/new"), bytes, sizeof bytes, 0, &e));
    assert_int_equal(e.os_code, ENOSPC);
    OK(file_look(in_dir("disk/new"), &info, &e), e);
    assert_int_equal(info.kind, FILE_NONE);
}

static void test_a_full_disk(void **state)
{
    (void)state;
    on_a_disk("tmpfs", "size=2m", fill);
}

static void reserve_much(void)
{
    struct err e = {0};
    struct file_info info;
    struct file *f;
    OK(file_open_part(in_dir("disk/part"), &f, &e), e);
    OK(file_reserve(f, 1 << 30, &e), e);
    OK(file_info(f, &info, &e), e);
    assert_int_equal(info.size, 1 << 30);
    file_close(f);
}

/* This one knows neither how to promise room nor how much of it there is. */
static void test_a_disk_without_promises(void **state)
{
    (void)state;
    on_a_disk("ramfs", NULL, reserve_much);
}

static void test_boot_id(void **state)
{
    char boot[FILE_BOOT];
    struct stat st;
    (void)state;
    if (stat("/proc/sys/kernel/random/boot_id", &st) != 0)
        skip();
    file_boot(boot);
    assert_int_equal(strlen(boot), 36);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_look_follows),
        cmocka_unit_test(test_what_is_opened),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_links_below_a_base),
        cmocka_unit_test(test_closed_folders_are_passed_through),
        cmocka_unit_test(test_finish_takes_the_place_of),
        cmocka_unit_test(test_kill_releases),
        cmocka_unit_test(test_a_race_for_the_part),
        cmocka_unit_test(test_walk_and_links),
        cmocka_unit_test(test_a_file_that_may_not_grow),
#ifdef __linux__
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_a_disk_without_promises),
        cmocka_unit_test(test_boot_id),
#endif
    };
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
