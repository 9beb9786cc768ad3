#include "config_files.h"

#include <dogs/log.h>
#include <sys/stat.h>

/* --- the token --- */

static void test_token(void **state)
{
    static const char both[] = "token: FILETOKEN\ntoken_file: tok\ntoken_command: echo CMDTOKEN\n";
    static const struct {
        const char *dogs, *doctl, *text;
        mode_t mode, tok_mode;
        const char *token, *source; /* token NULL: code and a word of the error */
        enum err_code code;
        const char *says;
    } rows[] = {
        {"ENVTOKEN", "DOCTL", both, 0644, 0644, "ENVTOKEN", "$DOGS_TOKEN", ERR_OK, ""},
        {"", "DOCTLTOK", both, 0644, 0644, "DOCTLTOK", "$DIGITALOCEAN_ACCESS_TOKEN", ERR_OK, ""},
        {"", "", both, 0600, 0644, "FILETOKEN", "config.yaml:1:8", ERR_OK, ""},
        {"", "", both, 0644, 0600, NULL, "", ERR_CONFIG, "others can read"},
        {"", "", both, 0640, 0600, NULL, "", ERR_CONFIG, "others can read"},
        {"", "", "token_file: tok", 0644, 0600, "TOKTOKEN", "tok", ERR_OK, ""},
        {"", "", "token_file: tok", 0600, 0604, NULL, "", ERR_CONFIG, "others can read"},
        {"", "", "token_file: absent", 0600, 0600, NULL, "", ERR_CONFIG, "token_file"},
        {"", "", "token_command: printf 'CMDTOKEN\\r\\nmore\\n'", 0644, 0600, "CMDTOKEN",
         "token_command", ERR_OK, ""},
        {"", "", "token_command: echo LEAKED; exit 3", 0600, 0600, NULL, "", ERR_CONFIG,
         "status 3"},
        {"", "", "token_command: echo LEAKED two", 0600, 0600, NULL, "", ERR_CONFIG, "blank"},
        {"", "", "token_command: 'true'", 0600, 0600, NULL, "", ERR_CONFIG, "empty"},
        {"LEAKED\nX: y", "", "", 0600, 0600, "LEAKED", "$DOGS_TOKEN", ERR_OK, ""},
        {"LEAKED\x01", "", "", 0600, 0600, NULL, "", ERR_CONFIG, "foreign"},
        {"", "", "", 0600, 0600, NULL, "", ERR_AUTH, "no access token"},
    };
    char *tok = write_file("tok", "  TOKTOKEN \r\nsecond line\n");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *path = write_file("config.yaml", rows[i].text);
        struct err e = {0};
        setenv("DOGS_TOKEN", rows[i].dogs, 1);
        setenv("DIGITALOCEAN_ACCESS_TOKEN", rows[i].doctl, 1);
        assert_int_equal(chmod(path, rows[i].mode), 0);
        assert_int_equal(chmod(tok, rows[i].tok_mode), 0);
        struct config *cfg = load(path);
        assert_string_equal(cfg->token, "");
        bool ok = config_token(cfg, &e);
        if (ok != (rows[i].token != NULL))
            fail_msg("row %zu: %s", i, e.text);
        if (ok) {
            assert_string_equal(cfg->token, rows[i].token);
            assert_non_null(strstr(cfg->token_source, rows[i].source));
            assert_true(config_token(cfg, &e));
            char line[] = "x ENVTOKEN DOCTLTOK FILETOKEN TOKTOKEN CMDTOKEN";
            log_mask(line);
            assert_true(strlen(rows[i].token) < 8 || !strstr(line, rows[i].token));
        } else {
            assert_int_equal(e.code, rows[i].code);
            assert_non_null(strstr(e.text, rows[i].says));
            assert_null(strstr(e.text, "LEAKED"));
            assert_null(strstr(e.hint, "LEAKED"));
            assert_true(*e.hint || strchr(e.text, ';'));
            if (strstr(rows[i].says, "others"))
                assert_true(str_starts(e.hint, "chmod 600 /"));
        }
        config_free(cfg);
        free(path);
    }
    free(tok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_token, clean),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
