#include "load.h"

#include <ctype.h>
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_LEN = 60, N_PLACES = 3 };

/* The file that somebody named, which must be there then; NULL = the usual places. */
static const char *named_file(const struct config_opts *opts)
{
    return opts->path ? opts->path : os_env("DOGS_CONFIG");
}

static char *file_in(char *dir)
{
    char *path = dir ? os_path_join(dir, "config.yaml") : NULL;
    free(dir);
    return path;
}

static void usual_files(char *out[N_PLACES])
{
    out[0] = xstrdup("config.yaml");
    out[1] = file_in(os_config_dir());
    out[2] = file_in(os_exe_dir());
}

void config_search(const struct config_opts *opts,
                   void (*fn)(void *ctx, const char *path, bool exists, bool used), void *ctx)
{
    const char *named = named_file(opts);
    char *files[N_PLACES];
    bool found = false;

    if (named) {
        fn(ctx, named, os_exists(named), os_exists(named));
        return;
    }
    usual_files(files);
    for (size_t i = 0; i < N_PLACES; i++) {
        if (!files[i])
            continue;
        bool exists = os_exists(files[i]);
        fn(ctx, files[i], exists, exists && !found);
        found |= exists;
        free(files[i]);
    }
}

static void keep_used(void *ctx, const char *path, bool exists, bool used)
{
    char **out = ctx;
    (void)exists;
    if (used)
        *out = xstrdup(path);
}

static bool find_file(const struct config_opts *opts, char **out, struct err *e)
{
    const char *named = named_file(opts);

    *out = NULL;
    config_search(opts, keep_used, out);
    if (*out)
        return true;
    if (named) {
        err_set(e, ERR_NOT_FOUND, "there is no file %s%s", named,
                opts->path ? "" : " ($DOGS_CONFIG)");
        return err_hint(e, "name the right file, or `dogs init` writes one");
    }
    *out = xstrdup("");
    if (opts->no_file_ok)
        return true;
    free(*out);
    *out = NULL;
    err_set(e, ERR_NOT_FOUND, "there is no config.yaml");
    return err_hint(e, "`dogs init` writes one; `dogs config path` shows where it is looked for");
}

static bool read_file(struct load *ld, const char *path, struct err *e)
{
    struct str text = STR(CONFIG_MAX_FILE);
    struct node root = {0};

    if (!os_read_file(path, CONFIG_MAX_FILE, &text, e)) {
        str_release(&text);
        e->code = ERR_CONFIG;
        return false;
    }
    if (node_parse(str_text(&text), text.len, &root, &ld->pr))
        load_tree(ld, &root);
    node_release(&root);
    str_release(&text);
    return true;
}

static bool count_problems(const struct load *ld, struct str *problems, struct err *e)
{
    const char *text = str_text(&ld->pr.text);
    bool one = ld->pr.n == 1;

    if (problems) {
        str_add(problems, text);
        if (ld->pr.n > CONFIG_MAX_PROBLEMS)
            str_addf(problems, "and %zu more\n", ld->pr.n - CONFIG_MAX_PROBLEMS);
    }
    err_set(e, ERR_CONFIG, "%zu mistake%s in %s", ld->pr.n, one ? "" : "s",
            *ld->pr.path ? ld->pr.path : "the environment");
    if (!problems)
        err_set(e, ERR_CONFIG, "%zu mistake%s in the configuration, %s%.*s", ld->pr.n,
                one ? "" : "s", one ? "" : "the first: ", (int)strcspn(text, "\n"), text);
    return err_hint(e, "`dogs config check` lists every mistake");
}

static bool set_state_dir(struct config *cfg, const char *flag, struct err *e)
{
    struct origin *from = &cfg->origins->of[key_find("state_dir")];

    if (!flag && *cfg->state_dir)
        return true;
    free(cfg->state_dir);
    *from = (struct origin){.layer = flag ? LAYER_FLAG : LAYER_DEFAULT};
    cfg->state_dir = flag ? xstrdup(flag) : os_state_dir();
    if (cfg->state_dir && *cfg->state_dir)
        return true;
    err_set(e, ERR_CONFIG, "this system does not tell a folder for what dogs must remember");
    return err_hint(e, "set DOGS_STATE_DIR, or 'state_dir:' in config.yaml");
}

bool config_load(const struct config_opts *opts, struct config **out, struct str *problems,
                 struct err *e)
{
    struct config *cfg = xcalloc(1, sizeof *cfg);
    struct load ld = {0};
    bool ok = false;

    *out = NULL;
    if (!find_file(opts, &cfg->path, e))
        goto out;
    load_init(&ld, cfg->path);
    load_env(&ld);
    if (*cfg->path && !read_file(&ld, cfg->path, e))
        goto out;
    if (ld.pr.n) {
        count_problems(&ld, problems, e);
        goto out;
    }
    load_fill(&ld, cfg);
    ok = set_state_dir(cfg, opts->state_dir, e);
out:
    load_release(&ld);
    if (ok)
        *out = cfg;
    else
        config_free(cfg);
    return ok;
}

static void release_server(struct server_cfg *s)
{
    for (char **k = s->ssh_keys; k && *k; k++)
        free(*k);
    free(s->ssh_keys);
    free(s->name);
    free(s->region);
    free(s->size);
    free(s->image);
    free(s->firewall_id);
    free(s->vpc_uuid);
    free(s->script);
    free(s->game);
    free(s->ready);
    free(s->admin);
    free(s->admin_pin);
    free(s->admin_password);
    free(s->admin_password_file);
    free(s->admin_password_command);
    free(s->warn_minutes);
    free(s->world.path);
    free(s->world.to);
    free(s->schedule);
}

void config_free(struct config *cfg)
{
    if (!cfg)
        return;
    for (size_t i = 0; i < cfg->n_servers; i++)
        release_server(&cfg->servers[i]);
    free(cfg->servers);
    remotes_release(cfg->remotes, cfg->n_remotes);
    if (cfg->origins) {
        for (size_t i = 0; i < cfg->origins->n_admin; i++)
            free(cfg->origins->admin_text[i]);
        free(cfg->origins->admin_text);
        free(cfg->origins->admin_key);
        free(cfg->origins->file_token);
        free(cfg->origins->of);
    }
    free(cfg->origins);
    free(cfg->path);
    free(cfg->api_url);
    free(cfg->ca_file);
    free(cfg->state_dir);
    free(cfg->token);
    free(cfg->token_source);
    free(cfg->token_file);
    free(cfg->token_command);
    free(cfg->ssh_command);
    free(cfg);
}

const struct server_cfg *config_server(const struct config *cfg, const char *name)
{
    for (size_t i = 0; i < cfg->n_servers; i++)
        if (!strcmp(cfg->servers[i].name, name))
            return &cfg->servers[i];
    return NULL;
}

/* NOT_FOUND; `names` are those that there are, ending with NULL. */
static bool none_such(const struct config *cfg, const char *what, const char *name,
                      const char *const *names, const char *how_to_add, struct err *e)
{
    struct str all = STR(300);
    char q[QUOTE_SIZE];

    for (size_t i = 0; names[i]; i++)
        str_addf(&all, "%s%s", i ? ", " : "", names[i]);
    const char *near = str_nearest(name, names);
    err_set(e, ERR_NOT_FOUND, "there is no %s '%s' in %s", what, quote(q, name),
            *cfg->path ? cfg->path : "config.yaml");
    if (near)
        err_hint(e, "did you mean '%s'?", near);
    else if (*names)
        err_hint(e, "there are %s%s; others are added under '%ss:'", str_text(&all),
                 all.full ? "…" : "", what);
    else
        err_hint(e, "%s", how_to_add);
    str_release(&all);
    return false;
}

bool config_need_server(const struct config *cfg, const char *name, const struct server_cfg **out,
                        struct err *e)
{
    *out = config_server(cfg, name);
    if (*out)
        return true;
    const char **names = xcalloc(cfg->n_servers + 1, sizeof *names);
    for (size_t i = 0; i < cfg->n_servers; i++)
        names[i] = cfg->servers[i].name;
    none_such(cfg, "server", name, names, "`dogs init` adds one, or write it under 'servers:'", e);
    free(names);
    return false;
}

const struct remote_cfg *config_remote(const struct config *cfg, const char *name)
{
    for (size_t i = 0; i < cfg->n_remotes; i++)
        if (!strcmp(cfg->remotes[i].name, name))
            return &cfg->remotes[i];
    return NULL;
}

bool config_need_remote(const struct config *cfg, const char *name, const struct remote_cfg **out,
                        struct err *e)
{
    *out = config_remote(cfg, name);
    if (*out)
        return true;
    const char **names = xcalloc(cfg->n_remotes + 1, sizeof *names);
    for (size_t i = 0; i < cfg->n_remotes; i++)
        names[i] = cfg->remotes[i].name;
    none_such(cfg, "remote", name, names, "write it under 'remotes:', as config.yaml.example shows",
              e);
    free(names);
    return false;
}

static bool bad_name(struct err *e, const char *name, const char *why, const char *instead)
{
    char q[QUOTE_SIZE];

    err_set(e, ERR_CONFIG, "server name '%s' %s", quote(q, name), why);
    return err_hint(e, "%s", instead);
}

bool config_name_ok(const char *name, struct err *e)
{
    static const char rule[] = "write letters, digits and '-', beginning and ending with a letter "
                               "or digit, at most 60";
    size_t len = strlen(name), digits = 0;

    if (!len)
        return bad_name(e, name, "is empty", rule);
    if (len > NAME_MAX_LEN)
        return bad_name(e, name, "is too long", rule);
    if (name[0] == '<')
        return bad_name(e, name, "is still the placeholder of the example", "write your own");
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && (*p != '-' || p == name || !p[1]))
            return bad_name(e, name, "has a character in a place where the cloud forbids it", rule);
    while (digits < len && isdigit((unsigned char)name[len - 1 - digits]))
        digits++;
    if (digits && digits < len && name[len - 1 - digits] == '-')
        return bad_name(e, name,
                        "ends in -<digits>, as the names of snapshots do (<server>-<Unix time>)",
                        "leave the '-' out, or put a letter behind it");
    if (len >= 5 && !strcasecmp(name + len - 5, "-base"))
        return bad_name(e, name, "ends in -base, as the name of a server's first snapshot does",
                        "choose another ending");
    return true;
}
