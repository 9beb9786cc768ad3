#include "schema.h"

#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

/* The form in which the nearest layer gives it, and nothing of the others. */
static struct secret_source source_of(const struct config *cfg, size_t i)
{
    const struct server_cfg *s = &cfg->servers[i];
    const struct origin *o = origin_server(cfg, i, cfg->origins->admin_key[i]);

    return (struct secret_source){.key = "admin_password",
                                  .text = cfg->origins->admin_text[i],
                                  .line = o->line,
                                  .column = o->column,
                                  .file = s->admin_password_file,
                                  .command = s->admin_password_command,
                                  .check = check_password};
}

bool config_admin_password(struct config *cfg, const char *server, struct err *e)
{
    const char *env = os_env("DOGS_GAME_PASSWORD");
    char *value = NULL, *source = NULL;
    size_t i = 0;

    while (i < cfg->n_servers && strcmp(cfg->servers[i].name, server) != 0)
        i++;
    if (i == cfg->n_servers || *cfg->servers[i].admin_password)
        return true;
    /* Servers that no file names have no origins. */
    struct secret_source from = {.key = "admin_password", .check = check_password};
    if (i < cfg->origins->n_admin)
        from = source_of(cfg, i);
    bool ok = env ? secret_take(&from, env, "$DOGS_GAME_PASSWORD", &value, e)
                  : secret_find(cfg, &from, &value, &source, e);
    free(source);
    if (!ok)
        return err_wrap(e, "server '%s'", server);
    if (value) {
        free(cfg->servers[i].admin_password);
        cfg->servers[i].admin_password = value;
    }
    return true;
}
