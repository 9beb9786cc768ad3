#include "report.h"
#include <dogs/game.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *session_sandbox_dir(const struct cli *cli)
{
    const char *chosen = os_env("DOGS_SANDBOX_DIR");
    return chosen ? xstrdup(chosen) : os_path_join(cli->loaded->state_dir, "sandbox");
}

char *session_sandbox_state_dir(const struct cli *cli)
{
    char *dir = os_path_join(cli->loaded->state_dir, "sandbox");
    char *state = os_path_join(dir, "state");
    free(dir);
    return state;
}

/* An imitated droplet is reached through the imitation, whatever the config says. */
static char *own_ssh(const struct cli *cli)
{
    char *program = os_exe_path(), *dir = session_sandbox_dir(cli);
    char *command =
        xasprintf("\"%s\" sandbox ssh --dir \"%s\" --", program ? program : "dogs", dir);
    free(program);
    free(dir);
    return command;
}

/* What --sandbox changes: a state folder of its own, so that an imitated run is never taken up
 * against the live cloud, and room for servers that no file names. */
static void enter_sandbox(struct cli *cli)
{
    cli->effective.state_dir = session_sandbox_state_dir(cli);
    cli->effective.ssh_command = own_ssh(cli);
    if (*cli->loaded->path)
        return;
    cli->made_up = xcalloc(CONFIG_MAX_SERVERS, sizeof *cli->made_up);
    cli->effective.servers = cli->made_up;
    cli->effective.n_servers = 0;
}

void session_take_config(struct cli *cli, struct config *take_cfg)
{
    cli->loaded = take_cfg;
    cli->effective = *take_cfg;
    cli->cfg = &cli->effective;
    if (cli->g.sandbox)
        enter_sandbox(cli);
}

bool session_config(struct cli *cli, struct err *e)
{
    if (cli->cfg)
        return true;
    struct str problems = STR(256 * 1024);
    struct config *cfg = NULL;
    bool no_file_ok = cli->g.sandbox || cli->cmd->flags & (READS | NO_FILE);
    bool ok = config_load(&(struct config_opts){.path = cli->g.config, .no_file_ok = no_file_ok},
                          &cfg, &problems, e);
    if (ok)
        session_take_config(cli, cfg);
    else if (problems.len)
        report_problems(cli, str_text(&problems));
    str_release(&problems);
    return ok;
}

static char *or_default(const char *value, const char *def)
{
    return xstrdup(value ? value : def);
}

bool session_make_up_server(struct cli *cli, const char *name, struct err *e)
{
    if (!cli->made_up || config_server(cli->cfg, name))
        return true;
    if (!config_name_ok(name, e))
        return false;
    if (cli->effective.n_servers == CONFIG_MAX_SERVERS)
        return err_set(e, ERR_CONFIG, "more than %d servers", CONFIG_MAX_SERVERS);
    cli->made_up[cli->effective.n_servers++] = (struct server_cfg){
        .name = xstrdup(name),
        .region = or_default(os_env("DOGS_REGION"), "fra1"),
        .size = or_default(os_env("DOGS_SIZE"), "s-1vcpu-2gb"),
        .image = xstrdup("debian-12-x64"),
        .firewall_id = xstrdup(""),
        .vpc_uuid = xstrdup(""),
        .script = xstrdup(""),
        .ssh_keys = xcalloc(1, sizeof(char *)),
        .snapshot_max = 2,
        .shutdown_grace_s = 180,
        .game = or_default(os_env("DOGS_GAME"), ""),
        .ready = or_default(os_env("DOGS_READY"), ""),
        .admin = xstrdup(""),
        .admin_pin = xstrdup(""),
        .admin_password = xstrdup(""),
        .admin_password_file = xstrdup(""),
        .admin_password_command = xstrdup(""),
        .warn_minutes = xcalloc(4, sizeof(int)),
        .world = {.path = xstrdup(""), .to = xstrdup(""), .keep = 7},
    };
    memcpy(cli->made_up[cli->effective.n_servers - 1].warn_minutes, (int[]){10, 5, 1, 0},
           4 * sizeof(int));
    return true;
}

/* What the imitated droplets answer as, by the servers' `game`: its query, its console, and the
 * port that a player's client connects to. Whoever has a password is let in, so that none has to be
 * looked up. */
static void add_games(const struct server_cfg *s, struct sandbox_game *games, size_t *n)
{
    const struct game *g = s->game ? game_find(s->game) : NULL;
    if (!g)
        return;
    const struct game_place place = {
        .game = g, .port = (uint16_t)s->port, .query_port = (uint16_t)s->query_port};
    int port = s->port ? s->port : g->port, query = game_query_port(&place);
    if (*game_protocol(g))
        games[(*n)++] =
            (struct sandbox_game){.server = s->name, .protocol = game_protocol(g), .port = query};
    if (*game_admin_protocol(g))
        games[(*n)++] =
            (struct sandbox_game){.server = s->name,
                                  .protocol = game_admin_protocol(g),
                                  .port = s->admin_port ? s->admin_port : g->admin_port};
    if (g->tcp && port != query)
        games[(*n)++] = (struct sandbox_game){.server = s->name, .protocol = "tcp", .port = port};
}

static bool start_sandbox(struct cli *cli, struct err *e)
{
    enum { PER_SERVER = 3 };
    char *dir = session_sandbox_dir(cli);
    struct sandbox_game *games = xcalloc(PER_SERVER * cli->cfg->n_servers + 1, sizeof *games);
    size_t n = 0;
    for (size_t i = 0; i < cli->cfg->n_servers; i++)
        add_games(&cli->cfg->servers[i], games, &n);
    cli->sandbox =
        sandbox_start(&(struct sandbox_opts){.dir = dir, .games = games, .n_games = n}, e);
    free(games);
    free(dir);
    return cli->sandbox || err_wrap(e, "sandbox");
}

bool session_core(struct cli *cli, const char *token, struct err *e)
{
    if (!session_config(cli, e))
        return false;
    if (cli->g.sandbox && !start_sandbox(cli, e))
        return false;
    if (!cli->sandbox && !token && !config_token(cli->loaded, e))
        return false;
    /* config_token put it into the loaded value, of which the effective one is a copy. */
    cli->effective.token = cli->loaded->token;
    cli->effective.token_source = cli->loaded->token_source;
    cli->core_opts = (struct core_opts){.cfg = cli->cfg,
                                        .api_url = cli->sandbox ? sandbox_url(cli->sandbox) : NULL,
                                        .token = cli->sandbox ? SANDBOX_TOKEN : token,
                                        .cancel = cli->cancel,
                                        .on_event = progress_event,
                                        .ask = ask_question,
                                        .ctx = cli};
    cli->core = core_new(&cli->core_opts, e);
    return cli->core != NULL;
}

void session_blame_token(const struct cli *cli, struct err *e)
{
    if (e->code != ERR_AUTH || !cli->core || cli->sandbox || !*cli->cfg->token_source)
        return;
    size_t used = strlen(e->text);
    snprintf(e->text + used, sizeof e->text - used, "; the token came from %s",
             cli->cfg->token_source);
    err_hint(e, "give %s a token that is valid and has the scopes it needs",
             cli->cfg->token_source);
}

void session_close(struct cli *cli)
{
    core_free(cli->core);
    sandbox_stop(cli->sandbox);
    for (size_t i = 0; cli->made_up && i < cli->effective.n_servers; i++) {
        struct server_cfg *s = &cli->made_up[i];
        void *const texts[] = {s->name,
                               s->region,
                               s->size,
                               s->image,
                               s->firewall_id,
                               s->vpc_uuid,
                               s->script,
                               s->ssh_keys,
                               s->game,
                               s->ready,
                               s->admin,
                               s->admin_pin,
                               s->admin_password,
                               s->admin_password_file,
                               s->admin_password_command,
                               s->warn_minutes,
                               s->world.path,
                               s->world.to};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            free(texts[k]);
    }
    free(cli->made_up);
    if (cli->g.sandbox && cli->cfg) {
        free(cli->effective.state_dir);
        free(cli->effective.ssh_command);
    }
    config_free(cli->loaded);
}
