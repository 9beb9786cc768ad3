#include "config_files.h"

/* One line at a time. */
static void test_values(void **state)
{
    static const struct {
        const char *line, *says; /* NULL = good */
    } rows[] = {
        {"region: sgp1", NULL},
        {"region: ''", NULL},
        {"region: ~", NULL},
        {"region: frankfurt", "full region slug"},
        {"region: fra1x", "not a region slug"},
        {"region: 1", "not a region slug"},
        {"region: [fra1]", "one value is expected, this is a list"},
        {"region: {a: b}", "one value is expected, this is a mapping"},
        {"region: \"fra\\n1\"", "line break"},
        {"size: so1_5-2vcpu-16gb", NULL},
        {"size: s-1vcpu/2gb", "not a slug"},
        {"image: 123456789", NULL},
        {"image: <image>", "placeholder"},
        {"firewall_id: " UUID, NULL},
        {"firewall_id: bb4b2611-3d72-467b-8602-280330ecd65", "8-4-4-4-12"},
        {"firewall_id: bb4b2611x3d72-467b-8602-280330ecd65c", "8-4-4-4-12"},
        {"vpc_uuid: gb4b2611-3d72-467b-8602-280330ecd65c", "8-4-4-4-12"},
        {"ssh_key: 1", NULL},
        {"ssh_key: " MD5, NULL},
        {"ssh_key: 0", "neither"},
        {"ssh_key: -5", "neither"},
        {"ssh_key: ''", "empty"},
        {"ssh_key: 3b:16", "neither"},
        {"ssh_key: " MD5 ":00", "longer"},
        {"ssh_key: MD5:" MD5, "without 'MD5:'"},
        {"ssh_key: SHA256:abc", "ssh-keygen"},
        {"ssh_key: ssh-ed25519 AAAA me@here", "the key itself"},
        {"ssh_keys: [1, [2]]", "plain values"},
        {"ssh_keys: [1, '']", "empty"},
        {"ssh_keys: [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", NULL},
        {"ssh_keys: [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "more than 20"},
        {"snapshot_max: 1", NULL},
        {"snapshot_max: 100", NULL},
        {"snapshot_max: 0", "delete every snapshot"},
        {"snapshot_max: -1", "delete every snapshot"},
        {"snapshot_max: 101", "costs money"},
        {"snapshot_max: 2.5", "whole number"},
        {"snapshot_max: two", "whole number"},
        {"snapshot_max: 99999999999999999999", "whole number"},
        {"snapshot_max: ''", "empty"},
        {"shutdown_grace: 10", NULL},
        {"shutdown_grace: 1h", NULL},
        {"shutdown_grace: 3 m", NULL},
        {"shutdown_grace: 9", "out of range"},
        {"shutdown_grace: 61m", "out of range"},
        {"shutdown_grace: -3m", "out of range"},
        {"shutdown_grace: m", "not a time"},
        {"shutdown_grace: 3d", "not a time"},
        {"monitoring: off", NULL},
        {"ipv6: 2", "true or false"},
        {"script: x/y.sh", NULL},
        {"game: minecraft-java", NULL},
        {"game: Minecraft", "not the name of a game"},
        {"port: 25565", NULL},
        {"port: 0", "not a port"},
        {"query_port: 65536", "not a port"},
        {"admin_port: x", "not a port"},
        {"ready: game", NULL},
        {"ready: soon", "droplet, port or game"},
        {"admin: off", NULL},
        {"admin: rcon", "network, ssh or off"},
        {"admin_pin: " HEX64, NULL},
        {"admin_pin: " HEX64 "0", "64 hexadecimal"},
        {"admin_password: 'SECRET \u00e9 %s'", NULL},
        {"admin_password: [SECRET]", "one value"},
        {"admin_password: \"SECRET\\tx\"", "control character"},
        {"warn: [10, 5, 1]", NULL},
        {"warn: []", NULL},
        {"warn: 10", "a list is expected"},
        {"warn: [0]", "1 to 120"},
        {"warn: [5, five]", "1 to 120"},
        {"world: x", "keys of its own"},
        {"world: {path: /srv/w}", NULL},
        {"world: {path: srv/w}", "from '/'"},
        {"world: {path: /srv/../w}", "'..'"},
        {"world: {to: 'spaces:w'}", "no remote 'spaces'; write it"},
        {"world: {to: 'b:w'}", "not a place"},
        {"world: {to: 'https://x'}", "not a place"},
        {"world: {to: 'boy:w'}\nremotes: {box: {type: dropbox, token_file: t}}",
         "did you mean 'box'"},
        {"world: {to: 'box:w'}\nremotes: {box: {type: dropbox, token_file: t}}", NULL},
        {"world: {keep: 0}", "1 to 1000"},
        {"world: {keep_days: -1}", "0 to 3650"},
        {"world: {kep: 1}", "did you mean 'keep'"},
        {"world: {zzzzzzz: 1}", "remove it"},
        {"world.keep: 1", "two lines"},
        {"servers: {mc: {world.keep: 1}}", "two lines"},
        {"servers: {mc: {world: [1]}}", "world of server 'mc'"},
        {"servers: {mc: {ssh_command: x}}", "top level"},
        {"api_url: http://127.0.0.1:8080/", NULL},
        {"api_url: https://a@b", "scheme and host"},
        {"api_url: https://", "scheme and host"},
        {"api_url: https://x/v2", "without its /v2"},
        {"api_url: ftp://x", "not a web address"},
        {"token: SECRET SECRET", "a blank"},
        {"token: [SECRET]", "one value"},
        {"token: <your token>", "placeholder"},
        {"region: " HEX64, "'***'"},
        {"region: dop_v1_" HEX64, "not a region slug"},
        {"Region: fra1", "did you mean 'region'?"},
        {"zzzzzzz: 1", "config.yaml.example"},
        {"servers: 5", "names with keys"},
        {"servers: [mc]", "needs a name"},
        {"servers: [{region: fra1}]", "needs a name"},
        {"servers: [{name: }]", "is empty"},
        {"servers: [{name: mc}, {name: mc}]", "there already"},
        {"servers: {mc: {name: mc}}", "list shape"},
        {"servers: {mc: [a]}", "keys of server 'mc'"},
        {"servers: {<name>: }", "placeholder"},
        {"servers:", NULL},
        {"[a]", "keys are expected"},
        {"token:SECRET", "keys are expected"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *path = write_file("config.yaml", rows[i].line);
        struct str problems = STR(65536);
        struct config *cfg = NULL;
        struct err e = {0};
        bool ok = config_load(&(struct config_opts){.path = path}, &cfg, &problems, &e);
        const char *said = str_text(&problems);
        if (ok != !rows[i].says || (rows[i].says && !strstr(said, rows[i].says)))
            fail_msg("row %zu, %s: %s", i, rows[i].line, said);
        assert_true(ok || strchr(said, ';') || strstr(said, "did you mean") ||
                    strstr(said, "write"));
        assert_null(strstr(said, "SECRET"));
        assert_null(strstr(said, HEX64));
        config_free(cfg);
        str_release(&problems);
        free(path);
    }
}

static void test_names(void **state)
{
    static const struct {
        const char *name;
        bool ok;
    } rows[] = {
        {"mc", true},
        {"ubuntu-1804-factorio", true},
        {"7", true},
        {"123", true},
        {"mc2", true},
        {"mc-2x", true},
        {"base", true},
        {"mc-based", true},
        {"", false},
        {"-mc", false},
        {"mc-", false},
        {"mc-2", false},
        {"mc-1700000000", false},
        {"mc-base", false},
        {"mc-BASE", false},
        {"mc_2", false},
        {"mc.2", false},
        {"mö", false},
        {"m c", false},
        {"<name>", false},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        if (config_name_ok(rows[i].name, &e) != rows[i].ok)
            fail_msg("'%s': %s", rows[i].name, e.text);
        assert_true(rows[i].ok || (e.code == ERR_CONFIG && *e.text && *e.hint));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_values, clean),
        cmocka_unit_test_setup(test_names, clean),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
