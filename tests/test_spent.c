#include "../src/core/spent.h"
#include "unit.h"
#include <dogs/os.h>

enum { NOV = 1793491200, DEC = NOV + 30 * 86400 };

static struct spent line(int64_t id, int64_t from, int64_t to, bool gone)
{
    return (struct spent){id, "mc", from, to, 17860, 12000000, gone};
}

static void note(struct spent s)
{
    struct err e = {0};
    OK(spent_note(unit_dir, &s, &e), e);
}

static void test_the_last_line_of_a_droplet_counts(void **state)
{
    (void)state;
    struct spent *all;
    size_t n, damaged;
    struct err e = {0};
    OK(spent_read(unit_dir, NOV, &all, &n, &damaged, &e), e);
    assert_int_equal(n, 0);
    free(all);
    note(line(1, NOV + 100, NOV + 200, false));
    note(line(2, NOV + 300, NOV + 400, false));
    note(line(1, NOV + 100, NOV + 4000, true));
    /* Through the turn of the month: its last line stands in the next one. */
    note(line(3, DEC - 3600, DEC - 1800, false));
    note(line(3, DEC - 3600, DEC + 1800, true));
    OK(spent_read(unit_dir, NOV + 86400, &all, &n, &damaged, &e), e);
    assert_int_equal(n, 3);
    assert_int_equal(damaged, 0);
    assert_int_equal(all[0].to, NOV + 4000);
    assert_true(all[0].gone);
    assert_int_equal(all[1].hourly, 17860);
    assert_string_equal(all[1].server, "mc");
    assert_false(all[2].gone);
    free(all);
    OK(spent_read(unit_dir, DEC + 5, &all, &n, &damaged, &e), e);
    assert_int_equal(n, 1);
    assert_int_equal(all[0].from, DEC - 3600);
    free(all);
}

static void test_damaged_lines_are_counted(void **state)
{
    (void)state;
    static const char text[] = "\n{\"droplet\":7,\"server\":\"mc\",\"from\":1793491300,\"to\":17934"
                               "\n{\"droplet\":8,\"server\":\"mc\",\"from\":1793491300,"
                               "\"to\":1793491400,\"hourly\":5,\"monthly\":0,\"gone\":true}\n"
                               "{\"droplet\":8,\"from\":9,\"to\":3,\"hourly\":5}\nrubbish\n\n\n";
    struct spent *all;
    size_t n, damaged;
    struct err e = {0};
    assert_true(os_replace_file(in_dir("spent-2026-11.log"), text, sizeof text - 1, &e));
    OK(spent_read(unit_dir, NOV, &all, &n, &damaged, &e), e);
    assert_int_equal(n, 1);
    assert_int_equal(all[0].droplet_id, 8);
    assert_int_equal(damaged, 3);
    free(all);
    /* What a crash left without its newline does not take the next line with it. */
    assert_true(os_replace_file(in_dir("spent-2026-11.log"), text, 40, &e));
    note(line(9, NOV + 100, NOV + 200, true));
    OK(spent_read(unit_dir, NOV, &all, &n, &damaged, &e), e);
    assert_int_equal(n, 1);
    assert_int_equal(all[0].droplet_id, 9);
    assert_int_equal(damaged, 1);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_line_of_a_droplet_counts),
        cmocka_unit_test(test_damaged_lines_are_counted),
    };
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
