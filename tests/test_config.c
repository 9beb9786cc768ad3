#include "../src/config/load.h"
#include "config_files.h"

static void test_good_files(void **state)
{
    static const struct {
        const char *file;
        const char *servers[4];
    } rows[] = {
        {"tests/config/seed_mapping.yaml",
         {"ubuntu-1804-factorio region=nyc1 size=s-1vcpu-2gb image=debian-12-x64 fw=" UUID
          " script= keys=12345678, max=2 grace=180"}},
        {"tests/config/seed_list.yaml",
         {"ubuntu-1804-factorio region=nyc1 size=s-1vcpu-2gb image=debian-12-x64 fw=" UUID
          " script= keys=12345678, max=2 grace=180",
          "mc region=fra1 size= image=debian-12-x64 fw= script= keys= max=2 grace=180"}},
        {"tests/config/bom_crlf.yaml",
         {"mc region=fra1 size= image=debian-12-x64 fw= script= keys= max=3 grace=180"}},
        {"tests/config/defaults.yaml",
         {"plain region=fra1 size=s-1vcpu-2gb image=debian-12-x64 fw=" UUID
          " script=tests/config/setup/init.sh keys=111,222, max=5 grace=120 monitoring",
          "other region=nyc3 size=s-1vcpu-2gb image=debian-12-x64 fw= script=/abs/init.sh "
          "keys=333," MD5 ", max=1 grace=45 ipv6",
          "keyless region=fra1 size=c-2 image=debian-12-x64 fw=" UUID
          " script=tests/config/setup/init.sh keys= max=5 grace=120 monitoring"}},
        {"config.yaml.example",
         {"mc region=fra1 size=s-1vcpu-2gb image=debian-12-x64 fw= script= keys= max=2 "
          "grace=180"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config *cfg = load(rows[i].file);
        size_t n = 0;
        for (; n < cfg->n_servers && rows[i].servers[n]; n++) {
            char *is = describe(&cfg->servers[n]);
            assert_string_equal(is, rows[i].servers[n]);
            free(is);
        }
        assert_int_equal(n, cfg->n_servers);
        assert_null(rows[i].servers[n]);
        assert_string_equal(cfg->path, rows[i].file);
        assert_string_equal(cfg->token, "");
        config_free(cfg);
    }
}

/* What variables do to a server "mc" in fra1 with key 111 and at most 3 snapshots. */
static void test_environment(void **state)
{
    static const char text[] = "ssh_keys: [5]\nservers:\n  mc: {region: fra1, ssh_key: 111, "
                               "snapshot_max: 3, script: a.sh}\n";
    static const struct {
        const char *set[2], *means; /* NULL = refused */
    } rows[] = {
        {{NULL}, "region=fra1 size= image=debian-12-x64 fw= script=%s/a.sh keys=111, max=3"},
        {{"DOGS_REGION=", "DOGS_SNAPSHOT_MAX="},
         "region=fra1 size= image=debian-12-x64 fw= script=%s/a.sh keys=111, max=3"},
        {{"DOGS_REGION=nyc3", "DOGS_SNAPSHOT_MAX=7"},
         "region=nyc3 size= image=debian-12-x64 fw= script=%s/a.sh keys=111, max=7"},
        {{"DOGS_SSH_KEYS=1, 2,1", "DOGS_SCRIPT=b.sh"},
         "region=fra1 size= image=debian-12-x64 fw= script=b.sh keys=1,2, max=3"},
        {{"DOGS_SSH_KEY=9", "DOGS_SSH_KEYS=8"},
         "region=fra1 size= image=debian-12-x64 fw= script=%s/a.sh keys=9,8, max=3"},
        {{"DOGS_REGION=nyc"}, NULL},
        {{"DOGS_SNAPSHOT_MAX=0"}, NULL},
        {{"DOGS_SSH_KEYS=1,x"}, NULL},
        {{"DOGS_SSH_KEYS=1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"}, NULL},
        {{"DOGS_API_URL=example.org"}, NULL},
        {{"DOGS_IPV6=perhaps"}, NULL},
    };
    char *path = write_file("env.yaml", text);

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str problems = STR(65536);
        struct config *cfg = NULL;
        struct err e = {0};
        clean(state);
        for (size_t v = 0; v < 2 && rows[i].set[v]; v++) {
            char *name = xstrdup(rows[i].set[v]);
            name[strcspn(name, "=")] = 0;
            setenv(name, name + strlen(name) + 1, 1);
            free(name);
        }
        bool ok = config_load(&(struct config_opts){.path = path}, &cfg, &problems, &e);
        if (ok != (rows[i].means != NULL))
            fail_msg("row %zu: %s %s", i, e.text, str_text(&problems));
        if (ok) {
            char *is = describe(&cfg->servers[0]);
            const char *mark = strstr(rows[i].means, "%s");
            char *means = mark ? xasprintf("mc %.*s%s%s grace=180", (int)(mark - rows[i].means),
                                           rows[i].means, dir, mark + 2)
                               : xasprintf("mc %s grace=180", rows[i].means);
            assert_string_equal(is, means);
            free(means);
            free(is);
        } else {
            assert_int_equal(e.code, ERR_CONFIG);
            assert_true(str_starts(str_text(&problems), "$DOGS_"));
            assert_true(strchr(str_text(&problems), ';') || strstr(rows[i].set[0], "IPV6"));
        }
        config_free(cfg);
        str_release(&problems);
    }
    free(path);
}

static void expect_problems(const char *path, const char *const *expected)
{
    struct str problems = STR(65536);
    struct config *cfg = NULL;
    struct err e = {0};

    assert_false(config_load(&(struct config_opts){.path = path}, &cfg, &problems, &e));
    assert_null(cfg);
    assert_int_equal(e.code, ERR_CONFIG);
    const char *line = str_text(&problems);
    size_t n = 0;
    for (; expected[n] && *line; n++) {
        const char *words = strchr(expected[n], ' ') + 1;
        char *where = xasprintf("%s:%.*s: ", path, (int)(words - expected[n] - 1), expected[n]);
        char *said = xstrndup(line, strcspn(line, "\n"));
        if (!str_starts(said, where) || !strstr(said, words))
            fail_msg("expected '%s', not '%s'", expected[n], said);
        line += strlen(said) + 1;
        free(where);
        free(said);
    }
    if (*line || expected[n])
        fail_msg("%zu mistakes expected: %s", n, str_text(&problems));
    char *count = xasprintf("%zu mistake%s in %s", n, n == 1 ? "" : "s", path);
    assert_string_equal(e.text, count);
    assert_null(strstr(str_text(&problems), "SECRET"));
    free(count);
    str_release(&problems);
}

static void test_bad_files(void **state)
{
    static const struct {
        const char *file, *problems[24];
    } rows[] = {
        {"tests/config/seed_manual.yaml",
         {"2:2 'servers' is indented by 1 more than 'token', which has a value already"}},
        {"tests/config/seed_placeholders.yaml",
         {"1:8 token: still the placeholder of the example", "6:18 still the placeholder",
          "8:14 ssh_key '<8 digits from end of ssh public cert>' of server"}},
        {"tests/config/server_twice.yaml", {"3:3 key 'mc' is given twice, first at 2:3"}},
        {"tests/config/tab.yaml", {"3:1 a tab character in the indentation"}},
        {"tests/config/many_mistakes.yaml",
         {"17:5 'size' is given twice, first at 16:5",
          "1:1 unknown key 'tokem'; did you mean 'token'?",
          "2:10 api_url 'api.example.org': not a web address",
          "3:15 snapshot_max '0': keeping none would delete every snapshot",
          "4:9 region 'nyc': not a full region slug, so the cloud would choose any",
          "7:5 unknown key 'regoin' in server 'mc'; did you mean 'region'?",
          "8:19 snapshot_max '-1' of server 'mc': keeping none would delete every snapshot",
          "9:21 shutdown_grace '2s' of server 'mc': out of range; write 10s to 1h",
          "10:5 key 'token' cannot stand under server 'mc'; move it to the top level",
          "11:18 firewall_id of server 'mc': one value is expected, this is a list",
          "12:14 this is a list; write for example ssh_keys: [12345678, 23456789]",
          "13:15 a list is expected, this is one",
          "14:17 monitoring 'maybe' of server 'mc': write true or false",
          "15:3 server 'MC' is there already at 6:3, since the cloud",
          "16:11 size 's 1'",
          "18:3 ends in -<digits>",
          "19:3 ends in -base",
          "21:13 not a region slug; write small",
          "22:3 server name 'bad_name' has a character",
          "22:13 the keys of server 'bad_name' are expected",
          "23:1 unknown key 'mc2'; if it is a server, put it under 'servers:'"}},
        {"tests/config/schedule_mistakes.yaml",
         {"1:11 schedule: a list of rules is expected",
          "2:17 budget: month '0': nothing could ever be started",
          "2:29 budget: session '1,5': not an amount of dollars; write for example 2.50",
          "2:36 budget: unknown key 'yearly': remove it",
          "3:9 prices: keys with values are expected",
          "7:16 max_hours '-8' of server 'mc': not a number of hours",
          "8:13 budget of server 'mc': keys with values are expected",
          "10:13 schedule of server 'mc': do 'halt': write stop or start",
          "11:13 at '2:00 am': not a time of day",
          "12:21 days 'Sturday': write daily, or days such as [fri, sat]",
          "13:15 zone 'Europe/Berln': this computer knows no such time zone",
          "14:9 schedule of server 'mc': unknown key 'unless_playd': did you mean 'unless_played'?",
          "15:16 again '30': write whole minutes",
          "16:17 window '4 weeks': write a time from 1m to 7d",
          "10:9 again: only a stop with unless_played looks again",
          "17:63 missed 'never': write catch-up or skip",
          "17:9 unless_played: only a stop waits for players",
          "18:9 a rule is keys with values",
          "20:9 another rule comes at the same time",
          "21:14 at '24:00': not a time of day",
          "21:9 a rule needs do and at",
          "21:9 window: what is skipped has none"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        expect_problems(rows[i].file, rows[i].problems);
}

static void test_servers(void **state)
{
    static const struct {
        const char *text, *ask, *hint; /* NULL = found */
    } rows[] = {
        {"servers: {mc: , factorio: }", "mc", NULL},
        {"servers: {mc: , factorio: }", "MC", "did you mean 'mc'?"},
        {"servers: {mc: , factorio: }", "factoryo", "did you mean 'factorio'?"},
        {"servers: {mc: , factorio: }", "valheim", "there are mc, factorio;"},
        {"", "mc", "dogs init"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config *cfg = load_text(rows[i].text);
        const struct server_cfg *s;
        struct err e = {0};
        assert_int_equal(config_need_server(cfg, rows[i].ask, &s, &e), !rows[i].hint);
        assert_ptr_equal(s, config_server(cfg, rows[i].ask));
        if (rows[i].hint) {
            assert_int_equal(e.code, ERR_NOT_FOUND);
            assert_non_null(strstr(e.hint, rows[i].hint));
        }
        config_free(cfg);
    }
}

static void test_many(void **state)
{
    struct str text = STR(1024 * 1024), problems = STR(65536);
    struct config *cfg = NULL;
    struct err e = {0};

    (void)state;
    str_add(&text, "servers:\n");
    for (int i = 0; i < CONFIG_MAX_SERVERS; i++)
        str_addf(&text, "  s%d: {regoin: x}\n", i);
    char *path = write_file("many.yaml", str_text(&text));
    assert_false(config_load(&(struct config_opts){.path = path}, &cfg, &problems, &e));
    assert_non_null(strstr(e.text, "200 mistakes in "));
    assert_non_null(strstr(str_text(&problems), "\nand 150 more\n"));
    free(path);

    str_add(&text, "  onemore: {}\n");
    path = write_file("many.yaml", str_text(&text));
    assert_false(config_load(&(struct config_opts){.path = path}, &cfg, NULL, &e));
    assert_non_null(strstr(e.text, "more than 200"));
    free(path);
    str_release(&text);
    str_release(&problems);
}

/* --- which file --- */

struct places {
    int n, used;
    char used_path[256];
};

static void note_place(void *ctx, const char *path, bool exists, bool used)
{
    struct places *p = ctx;
    p->n++;
    p->used += used;
    assert_true(exists || !used);
    if (used)
        str_copy(p->used_path, sizeof p->used_path, path);
}

static void test_search(void **state)
{
    char *named = write_file("named.yaml", ""), *other = write_file("other.yaml", "");
    char *home = in_dir(".config/dogs");
    char old[1024];
    struct err e = {0};
    struct config *cfg = NULL;
    const struct config_opts none = {0};

    (void)state;
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(dir), 0);
    unlink("config.yaml");

    struct places p = {0};
    config_search(&none, note_place, &p);
    assert_int_equal(p.n, 3);
    assert_int_equal(p.used, 0);
    assert_false(config_load(&none, &cfg, NULL, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_true(config_load(&(struct config_opts){.no_file_ok = true}, &cfg, NULL, &e));
    assert_string_equal(cfg->path, "");
    assert_string_equal(cfg->api_url, "https://api.digitalocean.com");
    config_free(cfg);

    assert_true(os_mkdirs(home, &e));
    char *far = os_path_join(home, "config.yaml");
    assert_true(os_replace_file(far, "", 0, &e));
    const struct {
        const char *flag, *env, *used;
    } rows[] = {
        {NULL, NULL, far},      {NULL, "", far},         {NULL, named, named},
        {other, named, other},  {other, "/none", other}, {NULL, "/none", NULL},
        {"/none", named, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct config_opts opts = {.path = rows[i].flag, .no_file_ok = true};
        setenv("DOGS_CONFIG", rows[i].env ? rows[i].env : "", 1);
        p = (struct places){0};
        config_search(&opts, note_place, &p);
        assert_int_equal(p.used, rows[i].used != NULL);
        bool ok = config_load(&opts, &cfg, NULL, &e);
        assert_int_equal(ok, rows[i].used != NULL);
        if (ok) {
            assert_string_equal(p.used_path, rows[i].used);
            assert_string_equal(cfg->path, rows[i].used);
        } else {
            assert_int_equal(e.code, ERR_NOT_FOUND);
        }
        config_free(cfg);
    }
    unsetenv("DOGS_CONFIG");
    assert_true(os_replace_file("config.yaml", "", 0, &e));
    p = (struct places){0};
    config_search(&none, note_place, &p);
    assert_string_equal(p.used_path, "config.yaml");
    assert_int_equal(p.used, 1);

    assert_false(config_load(&(struct config_opts){.path = home}, &cfg, NULL, &e));
    assert_int_equal(e.code, ERR_CONFIG);
    unlink(far);
    assert_int_equal(chdir(old), 0);
    free(far);
    free(home);
    free(other);
    free(named);
}

static void test_state_dir(void **state)
{
    static const struct {
        const char *flag, *env, *file, *is;
    } rows[] = {
        {NULL, NULL, "", "%s/.local/state/dogs"},    {NULL, NULL, "state_dir: st", "%s/st"},
        {NULL, NULL, "state_dir: ~/st", "%s/st"},    {NULL, "/env", "state_dir: st", "/env"},
        {"/flag", "/env", "state_dir: st", "/flag"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *path = write_file("config.yaml", rows[i].file);
        struct config *cfg = NULL;
        struct err e = {0};
        setenv("DOGS_STATE_DIR", rows[i].env ? rows[i].env : "", 1);
        assert_true(config_load(&(struct config_opts){.path = path, .state_dir = rows[i].flag},
                                &cfg, NULL, &e));
        char *is =
            rows[i].is[0] == '%' ? xasprintf("%s%s", dir, rows[i].is + 2) : xstrdup(rows[i].is);
#ifndef __APPLE__
        assert_string_equal(cfg->state_dir, is);
#endif
        free(is);
        free(path);
        config_free(cfg);
    }
}

/* --- a little fuzzing: good files, broken at random places with a fixed seed --- */

static uint32_t seed = 20191103;

static size_t roll(size_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (size_t)(seed >> 8) % below;
}

static void mutate(struct str *s)
{
    static const char *const pieces[] = {
        "\t", ": ",       "- ",  "&a ", "*a", "!!x ", "---\n", "{",    "}",    "[",  "]",
        "\"", "'",        "|\n", ">\n", "%",  "\xff", "\r\n",  "~",    "<<: ", "? ", "\n  ",
        "#",  "servers:", ",",   "\\0", "-1", "mc:",  "ö",     "\xc2", "@",    "\n"};
    size_t at = roll(s->len + 1), len = roll(20);

    if (len > s->len - at)
        len = s->len - at;
    size_t tail_len = s->len - at;
    char *tail = xmalloc(tail_len + 1);
    memcpy(tail, s->p + at, tail_len);
    switch (roll(4)) {
    case 0:
        if (tail_len)
            tail[0] = (char)roll(256);
        s->len = at;
        str_addn(s, tail, tail_len);
        break;
    case 1:
        s->len = at;
        str_addn(s, tail + len, tail_len - len);
        break;
    case 2:
        str_addn(s, tail, len);
        break;
    default:
        s->len = at;
        str_add(s, pieces[roll(COUNT(pieces))]);
        str_addn(s, tail, tail_len);
        break;
    }
    free(tail);
}

static void check_lines(const char *text)
{
    while (*text) {
        int line, column, used = 0;
        size_t len = strcspn(text, "\n");
        if (sscanf(text, "f:%d:%d: %n", &line, &column, &used) != 2 || !used || line < 1 ||
            column < 1 || len < (size_t)used + 10 || !str_is_utf8(text, len))
            fail_msg("a strange message: %.200s", text);
        text += len + 1;
    }
}

static void test_fuzz(void **state)
{
    static const char *const files[] = {"config.yaml.example", "tests/config/defaults.yaml",
                                        "tests/config/seed_list.yaml",
                                        "tests/config/many_mistakes.yaml"};
    enum { ROUNDS = 20000 };
    int good = 0;

    (void)state;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct str s = STR(65536);
        struct err e = {0};
        struct load ld;
        struct node root;
        assert_true(os_read_file(files[i % COUNT(files)], 32768, &s, &e));
        for (size_t n = 1 + roll(4); n; n--)
            mutate(&s);
        load_init(&ld, "f");
        bool whole = node_parse(str_text(&s), s.len, &root, &ld.pr);
        if (whole)
            load_tree(&ld, &root);
        else
            assert_true(ld.pr.n > 0);
        check_lines(str_text(&ld.pr.text));
        if (!ld.pr.n) {
            struct config *cfg = xcalloc(1, sizeof *cfg);
            cfg->path = xstrdup("f");
            load_fill(&ld, cfg);
            struct str out = STR(65536);
            config_show(cfg, &out);
            str_release(&out);
            config_free(cfg);
            good++;
        }
        node_release(&root);
        load_release(&ld);
        str_release(&s);
    }
    print_message("%d files broken, %d of them still good\n", ROUNDS, good);
    assert_in_range(good, 1, ROUNDS - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_good_files, clean),
        cmocka_unit_test_setup(test_environment, clean),
        cmocka_unit_test_setup(test_bad_files, clean),
        cmocka_unit_test_setup(test_servers, clean),
        cmocka_unit_test_setup(test_many, clean),
        cmocka_unit_test_setup(test_search, clean),
        cmocka_unit_test_setup(test_state_dir, clean),
        cmocka_unit_test_setup(test_fuzz, clean),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
