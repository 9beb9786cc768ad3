#include "../src/transfer/spans.h"
#include "unit.h"

enum { LENGTH = 64 };

/* The same by brute force: one flag for each byte. */
static void check(const struct spans *s, const bool *flags)
{
    int64_t bytes = 0;
    for (int i = 0; i < LENGTH; i++) {
        assert_true(spans_have(s, i, i + 1) == flags[i]);
        bytes += flags[i];
    }
    assert_int_equal(s->bytes, bytes);
    for (size_t i = 0; i + 1 < s->n; i++)
        assert_true(s->all[i].to < s->all[i + 1].from);
    for (int from = 0; from < LENGTH; from++) {
        struct span gap;
        int a = from, b;
        while (a < LENGTH && flags[a])
            a++;
        for (b = a; b < LENGTH && !flags[b];)
            b++;
        bool any = spans_gap(s, from, LENGTH, &gap);
        assert_true(any == (a < LENGTH));
        if (any)
            assert_true(gap.from == a && gap.to == b);
    }
}

static void test_as_one_flag_a_byte(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct spans s = {0};
        bool flags[LENGTH] = {false};
        for (int step = 0; step < 20; step++) {
            int from = (int)(unit_random() % LENGTH);
            int to = from + (int)(unit_random() % (unsigned)(LENGTH - from + 1));
            bool add = unit_random() % 3 != 0;
            if (add)
                spans_add(&s, from, to);
            else
                spans_remove(&s, from, to);
            for (int i = from; i < to; i++)
                flags[i] = add;
            check(&s, flags);
        }
        spans_clear(&s);
        assert_int_equal(s.bytes, 0);
        spans_release(&s);
    }
}

static void test_neighbours_become_one(void **state)
{
    (void)state;
    struct spans s = {0};
    spans_add(&s, 0, 10);
    spans_add(&s, 20, 30);
    assert_int_equal(s.n, 2);
    spans_add(&s, 10, 20);
    assert_int_equal(s.n, 1);
    assert_int_equal(s.bytes, 30);
    struct span gap;
    assert_false(spans_gap(&s, 0, 30, &gap));
    assert_true(spans_gap(&s, 5, 40, &gap) && gap.from == 30 && gap.to == 40);
    spans_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_one_flag_a_byte),
        cmocka_unit_test(test_neighbours_become_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
