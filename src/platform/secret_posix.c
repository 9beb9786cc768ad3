#include <dogs/secret.h>

static bool no_keeper(struct err *e, enum err_code code)
{
    err_set(e, code, "dogs keeps no secrets on this system");
    return err_hint(e, "set 'token_command:' to a command that prints the token, or 'token_file:' "
                       "to a file with mode 0600");
}

bool secret_save(const char *name, const char *text, struct err *e)
{
    (void)name;
    (void)text;
    return no_keeper(e, ERR_CONFIG);
}

bool secret_load(const char *name, struct str *out, struct err *e)
{
    (void)name;
    (void)out;
    return no_keeper(e, ERR_NOT_FOUND);
}

bool secret_forget(const char *name, struct err *e)
{
    (void)name;
    (void)e;
    return true;
}

const char *secret_keeper(void)
{
    return NULL;
}
