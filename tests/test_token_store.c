/* token_store: what `dogs login` keeps, on a system without a keeper of secrets: a file. */
#include "unit.h"
#include <dogs/config.h>
#include <dogs/os.h>
#include <sys/stat.h>

static void test_store(void **state)
{
    static const char token[] = "dop_v1_0123456789abcdef";
    struct err e = {0};
    struct config *cfg = NULL;
    struct stat st;
    bool was_there;
    (void)state;
    setenv("XDG_CONFIG_HOME", unit_dir, 1);
    unsetenv("DOGS_TOKEN");
    unsetenv("DIGITALOCEAN_ACCESS_TOKEN");
    char *place = config_token_place();
    assert_string_equal(place, in_dir("dogs/token"));
    OK(config_load(&(struct config_opts){.no_file_ok = true, .state_dir = unit_dir}, &cfg, NULL,
                   &e),
       e);
    assert_false(config_token(cfg, &e));
    assert_int_equal(e.code, ERR_AUTH);
    assert_false(config_keep_token("two words", &e));
    assert_false(config_keep_token("", &e));
    assert_false(os_exists(place));

    OK(config_keep_token(token, &e), e);
    assert_int_equal(stat(place, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    OK(config_token(cfg, &e), e);
    assert_string_equal(cfg->token, token);
    assert_string_equal(cfg->token_source, place);
    config_free(cfg);

    OK(config_load(&(struct config_opts){.no_file_ok = true, .state_dir = unit_dir}, &cfg, NULL,
                   &e),
       e);
    chmod(place, 0640);
    assert_false(config_token(cfg, &e));
    assert_int_equal(e.code, ERR_CONFIG);
    OK(config_forget_token(&was_there, &e) && was_there, e);
    OK(config_forget_token(&was_there, &e) && !was_there, e);
    assert_false(os_exists(place));
    config_free(cfg);
    free(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_store, unit_dir_make, unit_dir_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
