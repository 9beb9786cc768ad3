#include "config_files.h"

#include <sys/stat.h>

/* Which of the places wins, and that nothing is asked before it is needed. */
static void test_places(void **state)
{
    static const struct {
        const char *text, *env, *is; /* NULL: CONFIG, */
        const char *says;            /* and this is in the error */
    } rows[] = {
        {"servers: {mc: }", NULL, "", NULL},
        {"servers: {mc: {admin_password: own}}", NULL, "own", NULL},
        {"servers: {mc: {admin_password: own}}", "env", "env", NULL},
        {"admin_password: top\nservers: {mc: {admin_password: own}}", NULL, "own", NULL},
        {"admin_password: top\nservers: {mc: }", NULL, "top", NULL},
        {"admin_password: top\nservers: {mc: {admin_password_command: echo run}}", NULL, "run",
         NULL},
        {"admin_password_command: echo run\nservers: {mc: {admin_password: own}}", NULL, "own",
         NULL},
        {"servers: {mc: {admin_password_file: pw}}", NULL, "from file", NULL},
        {"servers: {mc: {admin_password_file: shared}}", NULL, NULL, "others can read"},
        {"servers: {mc: {admin_password_file: none}}", NULL, NULL, "admin_password_file"},
        {"servers: {mc: {admin_password_command: 'false'}}", NULL, NULL, "admin_password_command"},
        {"servers: {mc: {admin_password_command: 'false'}, b: }", "env", "env", NULL},
    };
    char *pw = write_file("pw", "from file\n"), *shared = write_file("shared", "SECRET\n");

    (void)state;
    assert_int_equal(chmod(pw, 0600), 0);
    assert_int_equal(chmod(shared, 0644), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *path = write_file("config.yaml", rows[i].text);
        struct err e = {0};
        assert_int_equal(chmod(path, 0600), 0);
        unsetenv("DOGS_GAME_PASSWORD");
        struct config *cfg = load(path);
        assert_string_equal(cfg->servers[0].admin_password, "");
        if (rows[i].env)
            setenv("DOGS_GAME_PASSWORD", rows[i].env, 1);
        bool ok = config_admin_password(cfg, "mc", &e);
        if (ok != !!rows[i].is || strcmp(cfg->servers[0].admin_password, ok ? rows[i].is : "") != 0)
            fail_msg("row %zu: '%s' %s", i, cfg->servers[0].admin_password, e.text);
        if (!ok && (e.code != ERR_CONFIG || !strstr(e.text, rows[i].says)))
            fail_msg("row %zu: %s", i, e.text);
        assert_null(strstr(e.text, "SECRET"));
        config_free(cfg);
        free(path);
    }
    free(pw);
    free(shared);
}

static void test_shared_file(void **state)
{
    char *path = write_file("config.yaml", "servers: {mc: {admin_password: SECRET}}");
    struct err e = {0};

    (void)state;
    assert_int_equal(chmod(path, 0644), 0);
    struct config *cfg = load(path);
    assert_false(config_admin_password(cfg, "mc", &e));
    assert_int_equal(e.code, ERR_CONFIG);
    assert_non_null(strstr(e.text, "others can read"));
    assert_non_null(strstr(e.hint, "chmod 600"));
    config_free(cfg);
    free(path);
}

/* Values that are not texts. */
static void test_values(void **state)
{
    struct config *cfg =
        load_text("world: {path: /srv/w, keep: 3}\nremotes: {box: {type: dropbox, token_file: t}}\n"
                  "servers:\n"
                  "  a: {warn: [1, 30, 5, 5], world: {to: 'box:a', keep: 9}}\n"
                  "  b: {warn: [], world: {to: 'box:b', on_stop: false}, port: 7000}\n"
                  "  c: {}\n");
    const struct server_cfg *a = &cfg->servers[0], *b = a + 1, *c = a + 2;

    (void)state;
    assert_int_equal(a->warn_minutes[0], 30);
    assert_int_equal(a->warn_minutes[1], 5);
    assert_int_equal(a->warn_minutes[2], 1);
    assert_int_equal(a->warn_minutes[3], 0);
    assert_int_equal(b->warn_minutes[0], 0);
    assert_int_equal(c->warn_minutes[0], 10);
    assert_int_equal(c->warn_minutes[3], 0);
    assert_string_equal(a->world.path, "/srv/w");
    assert_int_equal(a->world.keep, 9);
    assert_int_equal(b->world.keep, 3);
    assert_true(a->world.on_stop);
    assert_false(b->world.on_stop);
    assert_false(c->world.on_stop);
    assert_int_equal(b->port, 7000);
    assert_int_equal(c->port, 0);
    assert_true(str_starts(cfg->ssh_command, "ssh -l root -o BatchMode=yes"));
    config_free(cfg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_places, clean),
        cmocka_unit_test_setup(test_shared_file, clean),
        cmocka_unit_test_setup(test_values, clean),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
