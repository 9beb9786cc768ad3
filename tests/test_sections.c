#include "../src/config/load.h"
#include "config_files.h"

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

static void test_what_the_sections_say(void **state)
{
    (void)state;
    static const struct {
        const char *server;
        size_t n_rules;
        int max_hours;
        int64_t session, month;
    } rows[] = {
        {"mc", 2, 8, 1500000, 15000001},
        {"other", 1, 0, 1500000, 0},
        {"none", 0, 0, 3000000, 0},
    };
    struct config *cfg = load("tests/config/schedule.yaml");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct server_cfg *s = config_server(cfg, rows[i].server);
        ROW(i, s->n_rules == rows[i].n_rules);
        ROW(i, s->max_hours == rows[i].max_hours);
        ROW(i, s->budget.session_udollars == rows[i].session);
        ROW(i, s->budget.month_udollars == rows[i].month);
    }
    assert_int_equal(cfg->month_udollars, 40000000);
    assert_false(cfg->prices.snapshot_gb_month.given);
    assert_true(cfg->prices.minimum.given);
    assert_int_equal(cfg->prices.minimum.value, 0);
    assert_int_equal(cfg->prices.minimum_s.value, 3600);
    config_free(cfg);
}

static void test_rules(void **state)
{
    (void)state;
    static const struct {
        const char *server;
        size_t rule;
        struct rule_cfg is;
    } rows[] = {
        {"mc", 0, {RULE_STOP, 125, 1u << 5 | 1u << 6, "UTC", true, 1800, true, 14400}},
        {"mc", 1, {RULE_START, 570, 1u << 1 | 1u << 3, "Etc/UTC", false, 900, false, 3600}},
        {"other", 0, {RULE_STOP, 180, 0x7f, "", false, 900, true, 12 * 3600}},
    };
    struct config *cfg = load("tests/config/schedule.yaml");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct rule_cfg *r = &config_server(cfg, rows[i].server)->schedule[rows[i].rule];
        const struct rule_cfg *is = &rows[i].is;
        ROW(i, r->what == is->what);
        ROW(i, r->minute == is->minute);
        ROW(i, r->days == is->days);
        ROW_TEXT(i, r->zone, is->zone);
        ROW(i, r->unless_played == is->unless_played);
        ROW(i, r->again_s == is->again_s);
        ROW(i, r->catch_up == is->catch_up);
        ROW(i, r->window_s == is->window_s);
    }
    config_free(cfg);
}

/* What `config show` prints of a section can be loaded, and is the same then. */
static void test_shown_and_loaded_again(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "    schedule: [{do: stop, at: '02:05', days: [fri, sat], zone: UTC, unless_played: true, "
        "again: 30m, missed: catch-up, window: 4h}, {do: start, at: '09:30', days: [mon, wed], "
        "zone: Etc/UTC, missed: skip}]  # tests/config/schedule.yaml:11:7\n",
        "    budget: {session: 1.50, month: 15.000001}  # tests/config/schedule.yaml:9:13\n",
        "\nbudget: {month: 40.00}  # tests/config/schedule.yaml:3:9\n",
        "\nprices: {minimum: 0.00, minimum_seconds: 3600}  # tests/config/schedule.yaml:4:9\n",
    };
    struct config *cfg = load("tests/config/schedule.yaml");
    struct str out = STR(65536);
    config_show(cfg, &out);
    for (size_t i = 0; i < COUNT(lines); i++)
        if (!strstr(str_text(&out), lines[i]))
            fail_msg("row %zu is not in:\n%s", i, str_text(&out));
    str_release(&out);
    config_free(cfg);
}

static void test_amounts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t udollars; /* -1 = refused */
    } rows[] = {
        {"2", 2000000},  {"2.5", 2500000},
        {"0.000001", 1}, {"1000000", 1000000000000},
        {"1000001", -1}, {"2.", -1},
        {".5", -1},      {"-1", -1},
        {"1e3", -1},     {"0.0000001", -1},
        {"$2", -1},      {"0.00", -1},
        {"two", -1},     {"99999999999999999999", -1},
        {"2.5 ", -1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct load ld;
        struct node root;
        char *text = xasprintf("budget: {month: '%s'}", rows[i].text);
        load_init(&ld, "f");
        ROW(i, node_parse(text, strlen(text), &root, &ld.pr));
        load_tree(&ld, &root);
        ROW(i, (ld.pr.n == 0) == (rows[i].udollars >= 0));
        ROW(i, ld.pr.n || ld.sections.budget.month_udollars == rows[i].udollars);
        node_release(&root);
        load_release(&ld);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_what_the_sections_say, clean),
        cmocka_unit_test_setup(test_rules, clean),
        cmocka_unit_test_setup(test_shown_and_loaded_again, clean),
        cmocka_unit_test(test_amounts),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
