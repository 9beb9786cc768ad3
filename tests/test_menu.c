/* menu: what is offered in which state, command lines as they would be typed, rows of servers, and
 * screens of every size. */
#include "../src/cli/menu.h"
#include "unit.h"

enum { OPEN = 1, FOREIGN = 2, UNCONFIGURED = 4, SANDBOX = 8 };

/* Titles between blanks. */
static void offered(enum menu_list in, enum server_state state, unsigned facts, struct str *out)
{
    const struct menu_action *list[MENU_MAX_ACTIONS];
    size_t n = menu_offer(in, state, facts, list);
    for (size_t i = 0; i < n; i++)
        str_addf(out, "%s%s", i ? " " : "", list[i]->title);
}

static void test_server(void **state)
{
    static const struct {
        enum server_state state;
        size_t snapshots;
        int how;
        const char *titles;
    } rows[] = {
        {SERVER_NONE, 0, 0, "create status back"},
        {SERVER_NONE, 0, OPEN, "resume status back"},
        {SERVER_STORED, 1, 0, "start status snapshots restore back"},
        {SERVER_STORED, 2, 0, "start status snapshots restore prune back"},
        {SERVER_STORED, 2, OPEN, "resume status snapshots back"},
        {SERVER_STORED, 2, UNCONFIGURED, "status snapshots back"},
        {SERVER_STARTING, 1, 0, "resume status snapshots back"},
        {SERVER_STARTING, 1, OPEN, "resume status snapshots back"},
        {SERVER_RUNNING, 0, 0, "address stop snapshot power status back"},
        {SERVER_RUNNING, 2, 0, "address stop snapshot power status snapshots prune back"},
        {SERVER_RUNNING, 0, SANDBOX, "address stop play snapshot power status back"},
        {SERVER_RUNNING, 0, OPEN, "resume address stop status back"},
        {SERVER_RUNNING, 0, FOREIGN, "adopt address status back"},
        {SERVER_RUNNING, 0, UNCONFIGURED, "address status back"},
        {SERVER_OFF, 0, 0, "start stop snapshot power status back"},
        {SERVER_OFF, 2, 0, "start stop snapshot power destroy status snapshots prune back"},
        {SERVER_OFF, 2, OPEN, "resume stop status snapshots back"},
        {SERVER_SEVERAL, 1, 0, "status snapshots back"},
        {SERVER_SEVERAL, 1, OPEN, "resume status snapshots back"},
        {SERVER_UNKNOWN, 0, 0, "status back"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct server_view v = {.state = rows[i].state,
                                .configured = !(rows[i].how & UNCONFIGURED),
                                .ours = !(rows[i].how & FOREIGN),
                                .droplet_id = 7,
                                .n_snapshots = rows[i].snapshots};
        str_copy(v.ip, sizeof v.ip, "203.0.113.5");
        str_copy(v.unfinished, sizeof v.unfinished, rows[i].how & OPEN ? "65f2" : "");
        unsigned facts = menu_server_facts(&v) | (rows[i].how & SANDBOX ? FACT_SANDBOX : 0);
        struct str titles = STR(1024);
        offered(MENU_SERVER, v.state, facts, &titles);
        ROW_TEXT(i, str_text(&titles), rows[i].titles);
        str_release(&titles);
    }
}

static void test_home(void **state)
{
    static const struct {
        enum menu_list in;
        enum server_state state;
        unsigned facts;
        const char *titles;
    } rows[] = {
        {MENU_HOME, 0, 0, "sandbox init help quit"},
        {MENU_HOME, 0, FACT_CONFIG, "sandbox login help quit"},
        {MENU_HOME, 0, FACT_CONFIG | FACT_BROKEN, "sandbox check help quit"},
        {MENU_HOME, 0, FACT_CONFIG | FACT_TOKEN | FACT_REFUSED, "login look help quit"},
        {MENU_HOME, 0, FACT_CONFIG | FACT_TOKEN | FACT_SERVERS, "list status look help quit"},
        {MENU_HOME, 0, FACT_TOKEN | FACT_SERVERS, "init list status look help quit"},
        {MENU_HOME, 0, FACT_SANDBOX | FACT_TOKEN | FACT_ANY_NAME, "create look help quit"},
        {MENU_HOME, 0, FACT_SANDBOX | FACT_ENTERED | FACT_TOKEN | FACT_ANY_NAME | FACT_SERVERS,
         "create list status look help leave quit"},
        {MENU_POWER, SERVER_RUNNING, 0, "reboot off cycle back"},
        {MENU_POWER, SERVER_OFF, 0, "on back"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str titles = STR(1024);
        offered(rows[i].in, rows[i].state, rows[i].facts, &titles);
        ROW_TEXT(i, str_text(&titles), rows[i].titles);
        str_release(&titles);
    }
}

/* Every line of the table is one that the program would take. */
static void test_lines(void **state)
{
    (void)state;
    size_t i = 0;
    for (const struct menu_action *a = menu_actions; a->title; a++, i++) {
        ROW(i, a->in == MENU_HOME || a->states);
        bool runs = a->does == DOES_RUN || a->does == DOES_NAME || a->does == DOES_RESTORE;
        ROW(i, !runs || a->line);
        if (!runs)
            continue;
        char *words[MENU_MAX_WORDS + 1];
        struct err e = {0};
        const char *usage_words[MENU_MAX_WORDS];
        size_t n = menu_words(a->line, "mc", "123", words), n_usage = 0;
        const struct cmd *cmd = cmd_find(words[0], &e);
        ROW(i, cmd);
        for (size_t k = 1; k < n && words[k][0] != '-'; k++)
            usage_words[n_usage++] = words[k];
        if (!opt_check_words(cmd->usage, usage_words, n_usage, &e))
            fail_msg("row %zu: %s: %s", i, a->line, e.text);
        while (n)
            free(words[--n]);
    }
}

static void test_typed(void **state)
{
    static const struct {
        char *flags[4], *words[4];
        const char *typed;
    } rows[] = {
        {{NULL}, {"stop", "mc", NULL}, "dogs stop mc"},
        {{"--sandbox", NULL}, {"list", NULL}, "dogs --sandbox list"},
        {{"--config", "a b.yaml", NULL}, {"list", NULL}, "dogs --config \"a b.yaml\" list"},
        {{"--config", "C:\\x\\y.yaml", NULL},
         {"list", NULL},
         "dogs --config \"C:\\x\\y.yaml\" list"},
        {{"--config", "it's.yaml", NULL}, {"list", NULL}, "dogs --config \"it's.yaml\" list"},
        {{"--config", "$x'y", NULL}, {"list", NULL}, "dogs --config '$x'\\''y' list"},
        {{"--config", "", NULL}, {"list", NULL}, "dogs --config \"\" list"},
        {{"--config", "ö.yaml", NULL}, {"list", NULL}, "dogs --config \"ö.yaml\" list"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str typed = STR(256);
        menu_typed(rows[i].flags, rows[i].words, &typed);
        ROW_TEXT(i, str_text(&typed), rows[i].typed);
        str_release(&typed);
    }
}

static const struct server_view views[] = {
    {.name = "mc",
     .state = SERVER_RUNNING,
     .ip = "203.0.113.5",
     .hourly_udollars = 17860,
     .size = "s-1vcpu-2gb",
     .region = "fra1"},
    {.name = "a-rather-long-name",
     .state = SERVER_STORED,
     .storage_monthly_udollars = 102000,
     .size = "s-1vcpu-2gb",
     .region = "fra1"},
};

static void test_rows(void **state)
{
    static const struct {
        int width;
        const char *lines;
    } rows[] = {
        {75, "mc                  running  203.0.113.5  $0.01786/h    s-1vcpu-2gb fra1\n"
             "a-rather-long-name  stored                $0.102/month  s-1vcpu-2gb fra1\n"},
        {57, "mc                  running  203.0.113.5  $0.01786/h\n"
             "a-rather-long-name  stored                $0.102/month\n"},
        {44, "mc                  running  $0.01786/h\n"
             "a-rather-long-name  stored   $0.102/month\n"},
        {30, "mc                  running\n"
             "a-rather-long-name  stored\n"},
        {15, "mc      running\n"
             "a-rath  stored\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str lines = STR(4096);
        menu_rows(views, COUNT(views), rows[i].width, &lines);
        ROW_TEXT(i, str_text(&lines), rows[i].lines);
        str_release(&lines);
    }
}

static size_t longest(const char *text)
{
    size_t most = 0, now = 0;
    for (; *text; text++) {
        now = *text == '\n' ? 0 : now + (((unsigned char)*text & 0xC0) != 0x80);
        most = now > most ? now : most;
    }
    return most;
}

/* No size makes a line too wide, the screen too high, or hides what is chosen. */
static void test_sizes(void **state)
{
    static const size_t counts[] = {1, 3, 9, 10, 40, 150};
    (void)state;
    for (size_t c = 0; c < COUNT(counts); c++) {
        struct screen *s = xcalloc(1, sizeof *s);
        s->head = xstrdup("mc: running\n  address    203.0.113.5\n  näxt a word and another word, "
                          "and averyveryverylongwordthatfitsnowhere");
        s->keys = "keys";
        for (size_t i = 0; i < counts[c]; i++) {
            char title[32];
            snprintf(title, sizeof title, "title%zu", i);
            screen_add(s, title, "what it does, in some words")->typed = xstrdup("dogs stop mc");
        }
        for (int columns = 1; columns < 100; columns += columns < 24 ? 1 : 9)
            for (int rows = 1; rows < 60; rows += rows < 24 ? 1 : 7)
                for (size_t chosen = 0; chosen < counts[c]; chosen += 1 + counts[c] / 7) {
                    struct str out = STR(256 * 1024);
                    int height = screen_lay(s, chosen, columns, rows, false, &out), lines = 0;
                    for (const char *p = str_text(&out); *p; p++)
                        lines += *p == '\n';
                    ROW(columns, height == lines && (rows < 5 || height < rows));
                    ROW(columns, longest(str_text(&out)) < (size_t)(columns < 3 ? 3 : columns));
                    char mark[64];
                    snprintf(mark, sizeof mark, "%zu title%zu", chosen + 1, chosen);
                    ROW(rows, columns < 20 || strstr(str_text(&out), mark));
                    str_release(&out);
                }
        screen_release(s);
        free(s);
    }
}

static void test_screen(void **state)
{
    static const struct {
        int columns, rows;
        const char *text;
    } rows[] = {
        {60, 20,
         "mc: running\n  address    203.0.113.5\n\n  1 address  print it alone\n"
         "> 2 stop     save the world and end the bill\n  3 back\n\n$ dogs stop mc\n"
         "arrows or number, Enter\n"},
        {40, 20,
         "mc: running\n  address    203.0.113.5\n\n  1 address  print it alone\n"
         "> 2 stop\n  3 back\n\n$ dogs stop mc\narrows or number, Enter\n"},
        {20, 20,
         "mc: running\n  address\n203.0.113.5\n\n  1 address\n> 2 stop\n  3 back\n\n"
         "$ dogs stop mc\nj, k, Enter, r, q\n"},
        {60, 5,
         "mc: running\n  1 address  print it alone\n"
         "> 2 stop     save the world and end the bill\n  3 back\n"},
    };
    (void)state;
    struct screen *s = xcalloc(1, sizeof *s);
    s->head = xstrdup("mc: running\n  address    203.0.113.5");
    s->keys = "arrows or number, Enter";
    screen_add(s, "address", "print it alone");
    screen_add(s, "stop", "save the world and end the bill")->typed = xstrdup("dogs stop mc");
    screen_add(s, "back", NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str out = STR(4096);
        screen_lay(s, 1, rows[i].columns, rows[i].rows, false, &out);
        ROW_TEXT(i, str_text(&out), rows[i].text);
        str_release(&out);
    }
    screen_release(s);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server), cmocka_unit_test(test_home), cmocka_unit_test(test_lines),
        cmocka_unit_test(test_typed),  cmocka_unit_test(test_rows), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
