#include "config_files.h"

#include <dogs/log.h>
#include <sys/stat.h>

#define SPACES "remotes:\n  spaces:\n    type: s3\n    endpoint: https://x.example/\n"

static void test_good(void **state)
{
    static const char text[] =
        SPACES "    region: fra1\n    bucket: worlds\n    style: virtual\n    key_id: K\n"
               "    secret: SECRETSECRET\n"
               "  box: {type: dropbox, refresh_token_command: echo r, app_key: a}\n"
               "  art_2-x: {type: http, url: 'http://h/a/', user: me, netrc: yes,\n"
               "            password_file: pw, style: x}\n";
    struct config *cfg = NULL;
    const struct remote_cfg *r;
    struct err e = {0};

    (void)state;
    cfg = load_text("remotes: ~\n");
    assert_int_equal(cfg->n_remotes, 0);
    assert_false(config_need_remote(cfg, "box", &r, &e));
    assert_non_null(strstr(e.hint, "under 'remotes:'"));
    config_free(cfg);

    /* `style` is none of http's. */
    char *path = write_file("config.yaml", text);
    assert_false(config_load(&(struct config_opts){.path = path}, &cfg, NULL, &e));
    assert_non_null(strstr(e.text, "12:32: key 'style' is not one of remote 'art_2-x'"));
    free(path);

    char *good = xstrdup(text);
    memcpy(strstr(good, ", style: x}"), "}\n\0", 3);
    cfg = load_text(good);
    free(good);
    assert_int_equal(cfg->n_remotes, 3);
    r = config_remote(cfg, "spaces");
    assert_string_equal(r->type, "s3");
    assert_string_equal(r->url, "https://x.example");
    assert_string_equal(r->region, "fra1");
    assert_string_equal(r->bucket, "worlds");
    assert_string_equal(r->key_id, "K");
    assert_true(r->virtual_host);
    assert_string_equal(r->secret, "");
    r = config_remote(cfg, "art_2-x");
    assert_string_equal(r->url, "http://h/a");
    assert_string_equal(r->user, "me");
    assert_true(r->netrc);
    assert_string_equal(r->header, "");
    assert_null(config_remote(cfg, "Spaces"));
    e = (struct err){0};
    assert_false(config_need_remote(cfg, "spcaes", &r, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_non_null(strstr(e.hint, "'spaces'"));
    config_free(cfg);
}

static void test_bad(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"remotes: x\n", "1:10: remotes: names with keys are expected"},
        {"remotes: [a]\n", "1:10: remotes: names with keys are expected"},
        {"remotes: {aa: }\n", "1:15: the keys of remote 'aa' are expected"},
        {"remotes: {aa: {}}\n", "1:11: remote 'aa' has no type"},
        {"remotes: {aa: {type: ftp}}\n", "1:22: type 'ftp' of remote 'aa' is not known"},
        {"remotes: {aa: {type: [s3]}}\n", "1:22: type"},
        {"remotes: {a: {type: dropbox}}\n", "1:11: remote name 'a' is too short"},
        {"remotes: {http: {type: dropbox}}\n", "1:11: remote name 'http' means something else"},
        {"remotes: {a:b: {type: dropbox}}\n", "1:11: remote name 'a:b' is no name"},
        {"remotes: {2a: {type: dropbox}}\n", "1:11: remote name '2a' is no name"},
        {"remotes: {<n>: {type: dropbox}}\n", "placeholder"},
        {"remotes: {aa: {type: s3}}\n", "1:11: remote 'aa' has no endpoint"},
        {"remotes: {aa: {type: http}}\n", "1:11: remote 'aa' has no url"},
        {SPACES "    regoin: x\n", "5:5: unknown key 'regoin' in remote 'spaces'; did you mean "
                                   "'region'?"},
        {SPACES "    secrt_file: x\n", "did you mean 'secret_file'?"},
        {SPACES "    zzzzzzzzz: x\n", "5:5: unknown key 'zzzzzzzzz' in remote 'spaces'; remove"},
        {SPACES "    region_file: x\n", "5:5: unknown key 'region_file'"},
        {SPACES "    netrc: true\n", "5:5: key 'netrc' is not one of remote 'spaces'"},
        {SPACES "    token_command: x\n", "5:5: key 'token_command' is not one of"},
        {SPACES "    style: both\n", "5:12: style 'both' of remote 'spaces': write path or"},
        {SPACES "    region: [a]\n", "5:13: region of remote 'spaces': one value is expected"},
        {SPACES "    region: ''\n", "5:13: region '' of remote 'spaces': empty"},
        {SPACES "    secret: SECRET x\n", "5:13: secret of remote 'spaces': there is a blank"},
        {SPACES "    secret: \"SECRET\\nx\"\n", "5:13: secret of remote 'spaces': a line break"},
        {SPACES "    secret: <SECRET>\n", "5:13: secret of remote 'spaces': still the placeholder"},
        {SPACES "    secret: SECRET\n    secret_file: x\n",
         "6:5: 'secret' of remote 'spaces' is given as well, at line 5"},
        {"remotes: {aa: {type: http, url: ftp://x}}\n", "not a web address"},
        {"remotes: {aa: {type: http, url: 'https://u:SECRET@x'}}\n", "keys of their own"},
        {"remotes: {aa: {type: http, url: 'https://x/?k=SECRET'}}\n", "keys of their own"},
        {"remotes: {aa: {type: http, url: 'https://x', header: SECRET}}\n", "not a header"},
        {"remotes: {aa: {type: http, url: 'https://x', header: 'A B: SECRET'}}\n", "not a header"},
        {"remotes: {aa: {type: http, url: 'https://x', header: 'A: '}}\n", "not a header"},
        {"remotes: {aa: {type: http, url: 'https://x', netrc: 7}}\n", "true or false"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *path = write_file("config.yaml", rows[i].text);
        struct str problems = STR(65536);
        struct config *cfg = NULL;
        struct err e = {0};
        if (config_load(&(struct config_opts){.path = path}, &cfg, &problems, &e))
            fail_msg("row %zu loads", i);
        if (!strstr(str_text(&problems), rows[i].says))
            fail_msg("row %zu: no '%s' in %s", i, rows[i].says, str_text(&problems));
        assert_null(strstr(str_text(&problems), "SECRET"));
        str_release(&problems);
        free(path);
    }
}

static void test_secrets(void **state)
{
    static const char spaces[] = SPACES;
    static const struct {
        const char *key;
        mode_t mode, file_mode;
        const char *value; /* NULL: what the error says */
        const char *says;
    } rows[] = {
        {"secret: TEXTSECRET", 0600, 0600, "TEXTSECRET", NULL},
        {"secret: TEXTSECRET", 0640, 0600, NULL, "holds the secret, and others can read"},
        {"secret_file: sec", 0644, 0600, "FILESECRET", NULL},
        {"secret_file: sec", 0600, 0604, NULL, "remote 'spaces': "},
        {"secret_file: absent", 0600, 0600, NULL, "remote 'spaces': secret_file: "},
        {"secret_command: echo CMDSECRET", 0644, 0600, "CMDSECRET", NULL},
        {"secret_command: echo LEAKED; exit 3", 0600, 0600, NULL, "status 3"},
        {"secret_command: echo LEAKED two", 0600, 0600, NULL, "blank"},
        {"secret_command: 'true'", 0600, 0600, NULL, "empty"},
        {"region: fra1", 0644, 0600, "", NULL},
    };
    char *file = write_file("sec", " FILESECRET \r\nmore\n");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = xasprintf("%s    %s\n", spaces, rows[i].key);
        char *path = write_file("config.yaml", text);
        struct err e = {0};
        assert_int_equal(chmod(path, rows[i].mode), 0);
        assert_int_equal(chmod(file, rows[i].file_mode), 0);
        struct config *cfg = load(path);
        assert_string_equal(cfg->remotes[0].secret, "");
        bool ok = config_remote_secrets(cfg, "spaces", &e);
        if (ok != (rows[i].value != NULL))
            fail_msg("row %zu: %s", i, e.text);
        if (ok) {
            assert_string_equal(cfg->remotes[0].secret, rows[i].value);
            assert_true(config_remote_secrets(cfg, "spaces", &e));
            char line[] = "x TEXTSECRET FILESECRET CMDSECRET";
            log_mask(line);
            assert_true(!*rows[i].value || !strstr(line, rows[i].value));
        } else {
            assert_int_equal(e.code, ERR_CONFIG);
            assert_non_null(strstr(e.text, rows[i].says));
            assert_null(strstr(e.text, "LEAKED"));
            assert_true(*e.hint || strchr(e.text, ';'));
        }
        config_free(cfg);
        free(path);
        free(text);
    }
    free(file);
}

/* The value of a header is masked although the log shows headers by name. */
static void test_header(void **state)
{
    struct config *cfg = load_text("remotes: {art: {type: http, url: 'https://x', header_command: "
                                   "'echo X-JFrog-Art-Api: KEYKEYKEY'}}\n");
    struct err e = {0};
    char line[] = "> x-jfrog-art-api: KEYKEYKEY";

    (void)state;
    assert_true(config_remote_secrets(cfg, "art", &e));
    assert_string_equal(cfg->remotes[0].header, "X-JFrog-Art-Api: KEYKEYKEY");
    log_mask(line);
    assert_null(strstr(line, "KEYKEYKEY"));
    e = (struct err){0};
    assert_false(config_remote_secrets(cfg, "other", &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    config_free(cfg);
}

static void test_shown(void **state)
{
    static const char text[] = SPACES "    style: virtual\n    secret: SECRETSECRET\n"
                                      "  art: {type: http, url: 'http://h', netrc: on,\n"
                                      "        token_file: t, header_command: 'echo x'}\n";
    static const char *const lines[] = {
        "remotes:\n  spaces:\n    type: s3  # CONFIG:3:11\n",
        "    endpoint: 'https://x.example'  # CONFIG:4:15\n",
        "    style: virtual  # CONFIG:5:12\n",
        "    secret: '***'  # CONFIG:6:13\n  art:\n",
        "    token_file: DIR/t  # CONFIG:8:21\n",
        "    header_command: 'echo x'  # CONFIG:8:40\n    netrc: true  # CONFIG:7:45\n",
    };
    struct config *cfg = load_text(text);
    struct str out = STR(65536), plain = STR(65536);
    struct err e = {0};

    (void)state;
    (void)config_remote_secrets(cfg, "spaces", &e);
    config_show(cfg, &out);
    for (const char *p = str_text(&out); *p;) {
        bool is_path = str_starts(p, cfg->path), is_dir = str_starts(p, dir);
        str_add(&plain, is_path ? "CONFIG" : is_dir ? "DIR" : (char[]){*p, 0});
        p += is_path ? strlen(cfg->path) : is_dir ? strlen(dir) : 1;
    }
    for (size_t i = 0; i < COUNT(lines); i++)
        if (!strstr(str_text(&plain), lines[i]))
            fail_msg("no '%s' in\n%s", lines[i], str_text(&plain));
    assert_null(strstr(str_text(&out), "SECRETSECRET"));
    str_release(&out);
    str_release(&plain);
    config_free(cfg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_good, clean),    cmocka_unit_test_setup(test_bad, clean),
        cmocka_unit_test_setup(test_secrets, clean), cmocka_unit_test_setup(test_header, clean),
        cmocka_unit_test_setup(test_shown, clean),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
