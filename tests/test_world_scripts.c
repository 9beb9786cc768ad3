#include "../src/core/world_scripts.h"
#include "unit.h"
#include <dogs/os.h>
#include <signal.h>

enum { LONG_MS = 60000, TEXT_MAX = 65536 };

/* Runs a script in unit_dir as on a droplet whose disk that is; its last line of errors, or what it
 * printed. Yours. */
static char *run(const struct str *script, int *status)
{
    struct err e = {0};
    struct str out, errors;
    char *root = xasprintf("DOGS_ROOT=%s", unit_dir);
    char *argv[] = {"env", root, "sh", "-s", NULL};
    OK(os_run_program(&(struct os_program){.argv = argv,
                                           .input = script->p,
                                           .input_len = script->len,
                                           .timeout_ms = LONG_MS,
                                           .max_output = TEXT_MAX},
                      &out, &errors, status, &e),
       e);
    char *said = *status ? str_take(&errors) : str_take(&out);
    str_release(&out);
    str_release(&errors);
    free(root);
    return said ? said : xstrdup("");
}

static void shell(const char *command)
{
    struct err e = {0};
    struct str out;
    char *whole = xasprintf("cd '%s' && { %s\n}", unit_dir, command);
    OK(os_run(whole, LONG_MS, TEXT_MAX, &out, &e), e);
    str_release(&out);
    free(whole);
}

/* What ends a backup before anything was sent. */
static void test_what_is_not_packed(void **state)
{
    static const struct {
        const char *before, *path, *most, *text;
    } rows[] = {
        {"true", "/none", "9999999", "there is no folder /none on the droplet"},
        {"echo x > file", "/file", "9999999", "there is no folder /file on the droplet"},
        {"mkdir big; head -c 100000 /dev/urandom > big/x", "/big", "5000",
         "one upload takes at most 5000: it stays in the disk image alone"},
        {"mkdir \"it's b\"", "/it's b", "10", "at most 10"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str script = STR(TEXT_MAX);
        int status;
        shell(rows[i].before);
        world_script_var(&script, "path", rows[i].path);
        world_script_var(&script, "unit", "");
        world_script_var(&script, "save", "");
        world_script_var(&script, "most", rows[i].most);
        world_script_var(&script, "put_zst", "http://127.0.0.1:9/zst");
        world_script_var(&script, "put_gz", "http://127.0.0.1:9/gz");
        str_add(&script, world_script_pack);
        char *said = run(&script, &status);
        ROW(i, status == 1);
        if (!strstr(said, rows[i].text))
            fail_msg("row %zu: %s", i, said);
        free(said);
        str_release(&script);
        shell("! ls var/tmp/* 2>/dev/null");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_packed),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
