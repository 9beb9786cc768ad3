/* config and init: making and checking the configuration. */
#include "report.h"
#include <dogs/log.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- config --- */

static bool no_file(struct err *e)
{
    err_set(e, ERR_NOT_FOUND, "there is no configuration file");
    return err_hint(e, "dogs init");
}

static bool config_check(struct cli *cli, struct err *e)
{
    if (!session_config(cli, e)) {
        /* Its advice would be this very command. */
        if (e->code == ERR_CONFIG)
            e->hint[0] = '\0';
        return false;
    }
    if (!*cli->cfg->path)
        return no_file(e);
    struct str problems = STR(64 * 1024);
    bool known = core_check_games(cli->cfg, &problems);
    if (!known)
        report_problems(cli, str_text(&problems));
    str_release(&problems);
    if (!known)
        return err_set(e, ERR_CONFIG, "a game in %s is not known", cli->cfg->path);
    put_text(cli->doc, "path", cli->cfg->path);
    json_put_int(cli->doc, "servers", (int64_t)cli->cfg->n_servers);
    cJSON_AddArrayToObject(cli->doc, "problems");
    report_line(cli, "%s: good, %zu server%s", cli->cfg->path, cli->cfg->n_servers,
                cli->cfg->n_servers == 1 ? "" : "s");
    return true;
}

struct search {
    struct cli *cli;
    cJSON *files;
    bool found;
};

static void tell_place(void *ctx, const char *path, bool exists, bool used)
{
    struct search *s = ctx;
    cJSON *file = cJSON_CreateObject();
    put_text(file, "path", path);
    cJSON_AddBoolToObject(file, "exists", exists);
    cJSON_AddBoolToObject(file, "used", used);
    cJSON_AddItemToArray(s->files, file);
    s->found = s->found || used;
    if (!s->cli->g.quiet)
        report_line(s->cli, "%-7s %s", used ? "used" : exists ? "there" : "absent", path);
    else if (used)
        report_line(s->cli, "%s", path);
}

static bool config_path(struct cli *cli, struct err *e)
{
    struct search s = {.cli = cli, .files = cJSON_AddArrayToObject(cli->doc, "files")};
    config_search(&(struct config_opts){.path = cli->g.config}, tell_place, &s);
    if (s.found)
        return true;
    return no_file(e);
}

static void put_server(cJSON *array, const struct server_cfg *s)
{
    cJSON *o = cJSON_CreateObject();
    const struct {
        const char *name, *text;
    } texts[] = {{"name", s->name},    {"region", s->region},           {"size", s->size},
                 {"image", s->image},  {"firewall_id", s->firewall_id}, {"vpc_uuid", s->vpc_uuid},
                 {"script", s->script}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put_text(o, texts[i].name, texts[i].text);
    cJSON *keys = cJSON_AddArrayToObject(o, "ssh_keys");
    for (char **k = s->ssh_keys; k && *k; k++)
        cJSON_AddItemToArray(keys, cJSON_CreateString(*k));
    json_put_int(o, "snapshot_max", s->snapshot_max);
    json_put_int(o, "shutdown_grace_s", s->shutdown_grace_s);
    cJSON_AddBoolToObject(o, "monitoring", s->monitoring);
    cJSON_AddBoolToObject(o, "ipv6", s->ipv6);
    cJSON_AddItemToArray(array, o);
}

static void put_remote(cJSON *array, const struct remote_cfg *r)
{
    cJSON *o = cJSON_CreateObject();
    const struct {
        const char *name, *text;
    } texts[] = {{"name", r->name},     {"type", r->type},      {"url", r->url},
                 {"region", r->region}, {"bucket", r->bucket},  {"key_id", r->key_id},
                 {"user", r->user},     {"app_key", r->app_key}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        put_text(o, texts[i].name, texts[i].text);
    cJSON_AddBoolToObject(o, "virtual_host", r->virtual_host);
    cJSON_AddBoolToObject(o, "netrc", r->netrc);
    cJSON_AddItemToArray(array, o);
}

static bool config_print(struct cli *cli, struct err *e)
{
    if (!session_config(cli, e))
        return false;
    const struct config *cfg = cli->cfg;
    struct str text = STR(1024 * 1024);
    config_show(cli->loaded, &text);
    char *masked = str_take(&text);
    log_mask(masked);
    size_t len = strlen(masked);
    if (len && masked[len - 1] == '\n')
        masked[len - 1] = '\0';
    report_line(cli, "%s", masked);
    free(masked);
    put_text(cli->doc, "path", cfg->path);
    put_text(cli->doc, "api_url", cfg->api_url);
    put_text(cli->doc, "state_dir", cfg->state_dir);
    put_text(cli->doc, "token_source", cfg->token_source);
    cJSON *servers = cJSON_AddArrayToObject(cli->doc, "servers");
    for (size_t i = 0; i < cfg->n_servers; i++)
        put_server(servers, &cfg->servers[i]);
    cJSON *remotes = cJSON_AddArrayToObject(cli->doc, "remotes");
    for (size_t i = 0; i < cfg->n_remotes; i++)
        put_remote(remotes, &cfg->remotes[i]);
    return true;
}

static bool run_config(struct cli *cli, struct err *e)
{
    static const struct {
        const char *name;
        bool (*run)(struct cli *, struct err *);
    } kinds[] = {{"check", config_check}, {"path", config_path}, {"show", config_print}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(cli->line.words[0], kinds[i].name) == 0)
            return kinds[i].run(cli, e);
    return err_set(e, ERR_USAGE, "config %s is not known", cli->line.words[0]);
}

/* --- init --- */

struct init_opts {
    const char *server, *region, *size, *ssh_key, *image, *firewall, *token_command, *output;
    int64_t snapshot_max;
    bool force;
};

#define AT(field) .at = offsetof(struct init_opts, field)

static const struct opt init_opts[] = {
    {"--server", "NAME", "the first server", AT(server), OPT_TEXT},
    {"--region", "REGION", "where, e.g. fra1", AT(region), OPT_TEXT},
    {"--size", "SIZE", "the plan, e.g. s-1vcpu-2gb", AT(size), OPT_TEXT},
    {"--ssh-key", "ID", "id or fingerprint of an SSH key of the account", AT(ssh_key), OPT_TEXT},
    {"--image", "IMAGE", "base image for `dogs create`", AT(image), OPT_TEXT},
    {"--firewall", "ID", "cloud firewall for the droplets", AT(firewall), OPT_TEXT},
    {"--snapshot-max", "N", "proved snapshots to keep (2)", AT(snapshot_max), OPT_INT, .min = 1,
     .max = 100},
    {"--token-command", "COMMAND", "prints the API token, e.g. from a keyring", AT(token_command),
     OPT_TEXT},
    {"--output", "FILE", "write here", AT(output), OPT_TEXT},
    {"--force", NULL, "write over a file that exists", AT(force)},
    {.name = NULL},
};

/* What is being put together; the texts are owned. */
struct draft {
    char *token, *server, *region, *size, *ssh_key;
};

enum { SHOWN_CHOICES = 20 };

/* The choices that go with the region, as far as the list is about plans. */
static size_t fitting(const struct choice *all, size_t n, const char *region,
                      const struct choice **out)
{
    char *slug = region ? xasprintf(" %s ", region) : NULL;
    size_t kept = 0;
    for (size_t i = 0; i < n && kept < SHOWN_CHOICES; i++)
        if (!slug || !*all[i].regions || strstr(all[i].regions, slug))
            out[kept++] = &all[i];
    free(slug);
    return kept;
}

/* A number picks from the list; anything else is taken as written. */
static bool pick(struct cli *cli, enum choice_kind kind, const char *prompt, const char *def,
                 const char *region, char **out, struct err *e)
{
    struct choice *all = NULL;
    const struct choice *shown[SHOWN_CHOICES];
    size_t n = 0, n_shown = 0;
    if (cli->core && !core_choices(cli->core, kind, &all, &n, e))
        return false;
    n_shown = fitting(all, n, region, shown);
    for (size_t i = 0; i < n_shown; i++)
        report_talk(cli, PAINT_NONE, "%4zu  %-20s %s", i + 1, shown[i]->value, shown[i]->text);
    char *answer = NULL;
    bool ok = ask_text(cli, prompt, def, true, &answer, e);
    int64_t number;
    if (ok && str_int64(answer, 1, (int64_t)n_shown, &number)) {
        free(answer);
        answer = xstrdup(shown[number - 1]->value);
    }
    *out = answer;
    free(all);
    return ok;
}

static bool ask_server(struct cli *cli, char **out, struct err *e)
{
    for (;;) {
        struct err why = {0};
        if (!ask_text(cli, "Name of the server", "mc", true, out, e))
            return false;
        if (config_name_ok(*out, &why))
            return true;
        report_talk(cli, PAINT_YELLOW, "%s", why.text);
        free(*out);
        *out = NULL;
    }
}

/* A token makes the lists of regions, plans and keys possible; without one they are typed. */
static bool find_token(struct cli *cli, const struct init_opts *o, struct draft *d, struct err *e)
{
    struct err none = {0};
    struct config *cfg = NULL;
    if (!config_load(&(struct config_opts){.no_file_ok = true}, &cfg, NULL, &none))
        return true;
    session_take_config(cli, cfg);
    if (cli->g.sandbox || config_token(cli->loaded, &none))
        return session_core(cli, NULL, e);
    if (o->token_command)
        return true;
    if (!ask_text(cli, "API token (is not shown; empty: leave it out of the file)", "", false,
                  &d->token, e))
        return false;
    if (*d->token) {
        log_secret(d->token);
        return session_core(cli, d->token, e);
    }
    free(d->token);
    d->token = NULL;
    return true;
}

static bool ask_draft(struct cli *cli, const struct init_opts *o, struct draft *d, struct err *e)
{
    return find_token(cli, o, d, e) && (d->server || ask_server(cli, &d->server, e)) &&
           (d->region || pick(cli, CHOICE_REGION, "Region", "fra1", NULL, &d->region, e)) &&
           (d->size || pick(cli, CHOICE_SIZE, "Plan", "s-1vcpu-2gb", d->region, &d->size, e)) &&
           (d->ssh_key || pick(cli, CHOICE_KEY, "SSH key (empty: none)", "", NULL, &d->ssh_key, e));
}

static char *copy_of(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

static bool fill_draft(struct cli *cli, const struct init_opts *o, struct draft *d, struct err *e)
{
    *d = (struct draft){.server = copy_of(o->server),
                        .region = copy_of(o->region),
                        .size = copy_of(o->size),
                        .ssh_key = copy_of(o->ssh_key)};
    if (o->server && !config_name_ok(o->server, e))
        return false;
    if (o->server && o->region && o->size && (cli->g.no_input || !os_is_terminal(OS_STDIN)))
        return true;
    return ask_somebody(cli, "--server, --region and --size", "init", e) && ask_draft(cli, o, d, e);
}

static char *output_path(const struct cli *cli, const struct init_opts *o)
{
    const char *named = o->output ? o->output : cli->g.config;
    if (named)
        return xstrdup(named);
    char *dir = os_config_dir();
    char *path = os_path_join(dir ? dir : ".", "config.yaml");
    free(dir);
    return path;
}

static bool make_folder_of(const char *path, struct err *e)
{
    char *dir = os_path_dir(path);
    bool ok = os_mkdirs(dir, e);
    free(dir);
    return ok;
}

/* What was written must load, or the mistake is told while it is fresh. */
static bool write_checked(struct cli *cli, const char *path, const struct str *text, struct err *e)
{
    if (!make_folder_of(path, e) || !os_replace_file(path, text->p, text->len, e))
        return err_wrap(e, "write %s", path);
    struct str problems = STR(64 * 1024);
    struct config *again = NULL;
    bool ok = config_load(&(struct config_opts){.path = path}, &again, &problems, e);
    if (!ok)
        report_problems(cli, str_text(&problems));
    config_free(again);
    str_release(&problems);
    return ok;
}

static bool write_config(struct cli *cli, const struct init_opts *o, const struct draft *d,
                         const char *path, struct err *e)
{
    struct str text = STR(256 * 1024);
    config_write_new(
        &(struct config_new){.token = d->token,
                             .token_command = o->token_command,
                             .server = d->server,
                             .region = d->region,
                             .size = d->size,
                             .image = o->image,
                             .ssh_key = d->ssh_key && *d->ssh_key ? d->ssh_key : NULL,
                             .firewall_id = o->firewall,
                             .snapshot_max = o->snapshot_max ? (int)o->snapshot_max : 2},
        &text);
    bool ok = true;
    put_text(cli->doc, "path", path);
    if (cli->g.dry_run) {
        char *masked = xstrdup(str_text(&text));
        log_mask(masked);
        put_text(cli->doc, "text", masked);
        report_line(cli, "%s", masked);
        free(masked);
    } else if ((ok = write_checked(cli, path, &text, e))) {
        report_line(cli, cli->g.quiet ? "%s" : "wrote %s", path);
        if (!cli->g.quiet)
            report_line(cli, "  next     dogs create %s", d->server);
    }
    str_release(&text);
    return ok;
}

static bool run_init(struct cli *cli, struct err *e)
{
    const struct init_opts *o = cli->opts;
    struct draft d = {0};
    char *path = output_path(cli, o);
    bool ok = false;
    if (!cli->g.dry_run && !o->force && os_exists(path)) {
        err_set(e, ERR_GUARD, "%s exists and is left as it is", path);
        err_hint(e, "--force writes over it, --output FILE writes elsewhere");
        goto out;
    }
    ok = fill_draft(cli, o, &d, e) && write_config(cli, o, &d, path, e);
out:
    free(d.token);
    free(d.server);
    free(d.region);
    free(d.size);
    free(d.ssh_key);
    free(path);
    return ok;
}

const struct cmd cmds_setup[] = {
    {.name = "init",
     .usage = "",
     .summary = "write a commented configuration",
     .examples = "dogs init                            # asks\n"
                 "dogs init --no-input --server mc --region fra1 --size s-1vcpu-2gb\n"
                 "dogs init --dry-run                  # shows the file only",
     .help = "Asks for the server, region, plan and SSH key, with lists from the account where\n"
             "a token is known or typed. A token is never given on the command line. The file\n"
             "is written with mode 0600 to the user's config folder, or to --output, and\n"
             "never over another one without --force.",
     .opts = init_opts,
     .opts_size = sizeof(struct init_opts),
     .run = run_init,
     .group = GROUP_SETUP,
     .flags = DRY},
    {.name = "config",
     .usage = "check|path|show",
     .summary = "check the configuration, say which file is used, show its values",
     .examples = "dogs config check                    # every mistake, with line and column\n"
                 "dogs config path                     # where it is looked for\n"
                 "dogs config show                     # values and where each comes from",
     .help = "Values are taken from options, then DOGS_* variables, then the file, then the\n"
             "defaults. Secrets are shown as ***.",
     .run = run_config,
     .group = GROUP_SETUP,
     .flags = READS},
    {.name = NULL},
};
