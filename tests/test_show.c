#include "../src/config/yaml.h"
#include "config_files.h"

/* --- what is written --- */

static void test_show(void **state)
{
    static const char text[] = "token: SECRETSECRET\ntoken_command: echo dop_v1_" HEX64 "\n"
                               "region: fra1\nservers:\n  mc:\n    ssh_keys: [1, '" MD5 "']\n";
    static const char *const lines[] = {
        "token: '***'  # CONFIG:1:8\n",
        "token_file: ''  # not set\n",
        "token_command: 'echo dop_v1_***'  # CONFIG:2:16\n",
        "api_url: 'https://x.example'  # $DOGS_API_URL\n",
        "state_dir: /flag  # command line\n",
        "servers:\n  mc:\n    region: fra1  # CONFIG:3:9\n",
        "    size: c-2  # $DOGS_SIZE\n",
        "    image: debian-12-x64  # default\n",
        "    ssh_keys: [1, '" MD5 "']  # CONFIG:6:15\n",
        "    snapshot_max: 2  # default\n",
        "    ipv6: false  # default\n",
        "    port:   # not set\n",
        "    admin_password: '***'  # $DOGS_GAME_PASSWORD\n",
        "    warn: [10, 5, 1]  # default\n",
        "    world:\n      path: ''  # not set\n",
        "      keep: 7  # default\n",
    };
    char *path = write_file("config.yaml", text);
    struct str out = STR(65536), again = STR(65536);
    struct problems pr = {.path = "shown", .text = STR(65536)};
    struct config *cfg;
    struct node root;
    struct err e = {0};

    (void)state;
    setenv("DOGS_API_URL", "https://x.example/", 1);
    setenv("DOGS_SIZE", "c-2", 1);
    setenv("DOGS_GAME_PASSWORD", "SECRETTOO", 1);
    assert_true(
        config_load(&(struct config_opts){.path = path, .state_dir = "/flag"}, &cfg, NULL, &e));
    config_show(cfg, &out);
    for (size_t i = 0; i < COUNT(lines); i++) {
        const char *mark = strstr(lines[i], "CONFIG");
        char *line = mark ? xasprintf("%.*s%s%s", (int)(mark - lines[i]), lines[i], path, mark + 6)
                          : xstrdup(lines[i]);
        if (!strstr(str_text(&out), line))
            fail_msg("no '%s' in\n%s", line, str_text(&out));
        free(line);
    }
    assert_null(strstr(str_text(&out), "SECRET"));
    assert_null(strstr(str_text(&out), "0123456789abcdef"));
    assert_true(node_parse(str_text(&out), out.len, &root, &pr));
    node_release(&root);

    assert_true(config_token(cfg, &e));
    config_show(cfg, &again);
    assert_string_equal(str_text(&again), str_text(&out));
    config_free(cfg);
    str_release(&out);
    str_release(&again);
    str_release(&pr.text);
    free(path);
}

static void test_write_new(void **state)
{
    static const struct config_new rows[] = {
        {0},
        {.token = HEX64, .server = "mc"},
        {.token_command = "it's: \"x\" # \t\x7f \\", .server = "no", .snapshot_max = 9},
        {.server = "a-b",
         .region = "nyc3",
         .size = "s-1vcpu-2gb",
         .image = "123",
         .ssh_key = MD5,
         .firewall_id = UUID,
         .snapshot_max = 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct config_new *n = &rows[i];
        struct str out = STR(65536);
        config_write_new(n, &out);
        /* The command with control characters is only quoted, the load would refuse it. */
        struct problems pr = {.path = "new", .text = STR(65536)};
        struct node root;
        if (!node_parse(str_text(&out), out.len, &root, &pr))
            fail_msg("row %zu: %s\n%s", i, str_text(&pr.text), str_text(&out));
        if (n->token_command) {
            assert_string_equal(root.child[0].text, "token_command");
            assert_string_equal(root.child[1].text, n->token_command);
        } else {
            struct config *cfg = load_text(str_text(&out));
            assert_int_equal(cfg->n_servers, n->server != NULL);
            if (n->region) {
                char *is = describe(&cfg->servers[0]);
                assert_string_equal(is, "a-b region=nyc3 size=s-1vcpu-2gb image=123 fw=" UUID
                                        " script= keys=" MD5 ", max=1 grace=180");
                free(is);
            }
            config_free(cfg);
        }
        node_release(&root);
        str_release(&pr.text);
        str_release(&out);
    }
}

/* The example is what `init` writes, shows every key, and loads with every line in force. */
static void test_example(void **state)
{
    struct str file = STR(65536), out = STR(65536), all = STR(65536);
    struct err e = {0};

    (void)state;
    assert_true(os_read_file("config.yaml.example", 65536, &file, &e));
    config_write_new(
        &(struct config_new){
            .server = "mc", .region = "fra1", .size = "s-1vcpu-2gb", .snapshot_max = 2},
        &out);
    assert_string_equal(str_text(&file), str_text(&out));
    for (const struct config_key *k = config_keys; k->name; k++) {
        const char *dot = strchr(k->name, '.');
        char *line = xasprintf("#%s:", dot ? dot + 1 : k->name);
        char *bare = strchr(line, '#') + 1;
        if (!strstr(str_text(&file), line))
            assert_non_null(strstr(str_text(&file), bare));
        free(line);
        assert_true(!k->env || strstr(str_text(&file), k->env));
    }
    bool tail = false;
    for (char *p = file.p, *end; *p; p = end) {
        end = p + strcspn(p, "\n") + 1;
        char *hash = p + strspn(p, " ");
        tail |= str_starts(hash, "#servers:");
        if (tail || (hash[0] == '#' && (hash[1] == ' ' || hash[1] == '\n')) ||
            str_starts(hash, "#token: ") || str_starts(hash, "#admin_password: "))
            continue;
        str_addn(&all, p, (size_t)(hash - p));
        hash += *hash == '#';
        str_addn(&all, hash, (size_t)(end - hash));
    }
    struct config *cfg = load_text(str_text(&all));
    char *is = describe(&cfg->servers[0]);
    assert_non_null(strstr(is, "keys=12345678," MD5 ", max=2 grace=180 vpc"));
    free(is);
    config_free(cfg);
    str_release(&file);
    str_release(&out);
    str_release(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_show, clean),
        cmocka_unit_test_setup(test_write_new, clean),
        cmocka_unit_test_setup(test_example, clean),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
