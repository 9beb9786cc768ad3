#include "load.h"

#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

static bool is_absolute(const char *path)
{
    return path[0] == '/' || path[0] == '\\' || (path[0] && path[1] == ':');
}

char *path_resolve(const char *path, enum layer layer, const char *file)
{
    const char *home = os_env("HOME");
    size_t dir = 0;

    if (!home)
        home = os_env("USERPROFILE");
    if (path[0] == '~' && (path[1] == '/' || path[1] == '\\') && home)
        return os_path_join(home, path + 2);
    for (size_t i = 0; file[i]; i++)
        if (file[i] == '/' || file[i] == '\\')
            dir = i + 1;
    if (!*path || is_absolute(path) || layer != LAYER_FILE || !dir)
        return xstrdup(path);
    return xasprintf("%.*s%s", (int)dir, file, path);
}

static char *text_of(size_t k, const char *text, enum layer layer, const char *file)
{
    size_t len = strlen(text);

    if (key_columns[k].type == KEY_PATH)
        return path_resolve(text, layer, file);
    if (key_columns[k].type == KEY_URL)
        while (len && text[len - 1] == '/')
            len--;
    return xstrndup(text, len);
}

static bool same_field(size_t a, size_t b)
{
    return config_keys[a].per_server == config_keys[b].per_server &&
           key_columns[a].offset == key_columns[b].offset;
}

/* ssh_key and ssh_keys of one place together, each key once. */
static char **join_lists(const struct raw *keys, size_t k)
{
    char **out = xcalloc(2 * CONFIG_MAX_KEYS + 1, sizeof *out);
    size_t n = 0;

    for (size_t other = 0; keys && other < n_keys; other++) {
        if (!same_field(other, k))
            continue;
        for (char **t = keys[other].texts; t && *t && n < 2 * CONFIG_MAX_KEYS; t++) {
            bool seen = false;
            for (size_t i = 0; i < n; i++)
                seen |= !strcmp(out[i], *t);
            if (!seen)
                out[n++] = xstrdup(*t);
        }
    }
    return out;
}

static const struct raw *find_raw(const struct raw *keys, size_t k)
{
    for (size_t other = 0; other < n_keys; other++)
        if (same_field(other, k) && keys[other].texts)
            return &keys[other];
    return NULL;
}

static int *default_minutes(const char *def)
{
    char *texts[CONFIG_MAX_KEYS + 1] = {NULL};
    size_t n = 0;

    for (const char *p = def; *p && n < CONFIG_MAX_KEYS; p += strspn(p, " ")) {
        texts[n++] = xstrndup(p, strcspn(p, " "));
        p += strcspn(p, " ");
    }
    int *out = key_minutes(texts);
    while (n)
        free(texts[--n]);
    return out;
}

/* The first of `layers` that says anything about the field of key k gives the value. */
static void fill_field(const struct raw *const layers[3], size_t k, void *base, const char *file,
                       struct origin *from)
{
    const struct key *key = &key_columns[k];
    void *field = (char *)base + key->offset;
    const struct raw *keys = NULL, *raw = NULL;
    const char *text = key->def;

    for (size_t i = 0; i < 3 && !raw; i++) {
        keys = layers[i];
        raw = keys ? find_raw(keys, k) : NULL;
    }
    *from = raw ? raw->from : (struct origin){.layer = LAYER_DEFAULT};
    if (key->type == KEY_LIST) {
        *(char ***)field = join_lists(raw ? keys : NULL, k);
        return;
    }
    if (key->type == KEY_MINUTES) {
        *(int **)field = raw ? key_minutes(raw->texts) : default_minutes(key->def);
        return;
    }
    if (raw && *raw->texts[0])
        text = raw->texts[0];
    else if (*key->def)
        from->layer = LAYER_DEFAULT;
    switch (key->type) {
    case KEY_TEXT:
    case KEY_PATH:
    case KEY_URL:
        *(char **)field = text_of(k, text, from->layer, file);
        break;
    case KEY_INT:
    case KEY_SECONDS:
        *(int *)field = key_int(k, text);
        break;
    case KEY_BOOL:
        *(bool *)field = key_bool(text);
        break;
    case KEY_SECRET:
    case KEY_ONE:
    case KEY_LIST:
    case KEY_MINUTES:
    case KEY_GROUP:
    case KEY_SERVERS:
    case KEY_REMOTES:
    case KEY_SCHEDULE:
    case KEY_BUDGET:
    case KEY_PRICES:
        break;
    }
}

static bool has_field(size_t k)
{
    enum key_type t = key_columns[k].type;
    return t != KEY_SECRET && t != KEY_ONE && t != KEY_GROUP && t != KEY_SERVERS &&
           t != KEY_REMOTES && !key_is_section(k);
}

/* Of the three ways to give the admin password only that of the nearest layer counts. */
static void fill_admin(const struct raw *const layers[2], struct server_cfg *s, struct origin *of,
                       char **take_text, size_t *take_key)
{
    const size_t keys[] = {(size_t)key_find("admin_password"),
                           (size_t)key_find("admin_password_file"),
                           (size_t)key_find("admin_password_command")};
    char **const fields[] = {take_text, &s->admin_password_file, &s->admin_password_command};
    const struct raw *nearest = NULL;

    s->admin_password = xstrdup("");
    *take_text = NULL;
    *take_key = keys[0];
    for (size_t l = 0; l < 2 && !nearest; l++)
        for (size_t i = 0; i < 3 && !nearest; i++) {
            const struct raw *raw = &layers[l][keys[i]];
            if (!raw->texts || !*raw->texts[0])
                continue;
            nearest = raw;
            *take_key = keys[i];
        }
    for (size_t i = 0; i < 3; i++) {
        bool given = nearest && keys[i] == *take_key;
        of[keys[i]] = given ? nearest->from : (struct origin){.layer = LAYER_DEFAULT};
        if (i == 0)
            *take_text = xstrdup(given ? nearest->texts[0] : "");
        else if (!given)
            **fields[i] = 0;
    }
}

static void fill_server(struct load *ld, struct config *cfg, size_t i)
{
    const struct raw *const layers[3] = {ld->env, ld->servers[i].keys, ld->top};
    struct config_origin *o = cfg->origins;
    struct origin *of = &o->of[(1 + i) * n_keys];
    struct server_cfg *s = &cfg->servers[i];

    s->name = xstrdup(ld->servers[i].name);
    for (size_t k = 0; k < n_keys; k++)
        if (config_keys[k].per_server && has_field(k))
            fill_field(layers, k, s, cfg->path, &of[k]);
    fill_admin(&layers[1], s, of, &o->admin_text[i], &o->admin_key[i]);
    if (of[key_find("world.on_stop")].layer == LAYER_DEFAULT)
        s->world.on_stop = *s->world.to;
}

void load_fill(struct load *ld, struct config *cfg)
{
    struct config_origin *o = xcalloc(1, sizeof *o);
    size_t token = (size_t)key_find("token");

    o->of = xcalloc((1 + ld->n_servers) * n_keys, sizeof *o->of);
    o->n_admin = ld->n_servers;
    o->admin_text = xcalloc(ld->n_servers + 1, sizeof *o->admin_text);
    o->admin_key = xcalloc(ld->n_servers + 1, sizeof *o->admin_key);
    o->file_token = xstrdup(ld->top[token].texts ? ld->top[token].texts[0] : "");
    o->of[token] = ld->top[token].from;
    cfg->origins = o;
    cfg->token = xstrdup("");
    cfg->token_source = xstrdup("");
    cfg->remotes = ld->remotes;
    cfg->n_remotes = ld->n_remotes;
    ld->remotes = NULL;
    ld->n_remotes = 0;
    cfg->n_servers = ld->n_servers;
    cfg->servers = xcalloc(ld->n_servers + 1, sizeof *cfg->servers);
    for (size_t k = 0; k < n_keys; k++) {
        const struct raw *const layers[3] = {ld->env, ld->top};
        if (!config_keys[k].per_server && has_field(k))
            fill_field(layers, k, cfg, cfg->path, &o->of[k]);
    }
    for (size_t i = 0; i < ld->n_servers; i++)
        fill_server(ld, cfg, i);
    sections_fill(ld, cfg);
}
