#include "load.h"

#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void load_init(struct load *ld, const char *path)
{
    *ld = (struct load){.pr = {.path = path, .text = STR(64 * 1024)}};
    ld->env = xcalloc(n_keys, sizeof *ld->env);
    ld->top = xcalloc(n_keys, sizeof *ld->top);
}

static void free_raws(struct raw *keys)
{
    for (size_t k = 0; keys && k < n_keys; k++) {
        for (char **t = keys[k].texts; t && *t; t++)
            free(*t);
        free(keys[k].texts);
    }
    free(keys);
}

void load_release(struct load *ld)
{
    free_raws(ld->env);
    free_raws(ld->top);
    for (size_t i = 0; i < ld->n_servers; i++) {
        free(ld->servers[i].name);
        free_raws(ld->servers[i].keys);
        free(ld->servers[i].sections.rules);
    }
    free(ld->sections.rules);
    free(ld->servers);
    remotes_release(ld->remotes, ld->n_remotes);
    str_release(&ld->pr.text);
    *ld = (struct load){0};
}

static void raw_add(struct raw *raw, const char *text)
{
    size_t n = 0;

    while (raw->texts && raw->texts[n])
        n++;
    raw->texts = xrealloc(raw->texts, (n + 2) * sizeof *raw->texts);
    raw->texts[n] = xstrdup(text);
    raw->texts[n + 1] = NULL;
}

/* " of server 'mc'", or nothing at the top level. */
static const char *owner(char out[QUOTE_SIZE + 16], const char *server)
{
    char q[QUOTE_SIZE];

    *out = 0;
    if (server)
        snprintf(out, QUOTE_SIZE + 16, " of server '%s'", quote(q, server));
    return out;
}

static void check_text(struct load *ld, size_t k, const struct node *n, const char *server)
{
    const char *why = key_check(k, n->text);
    char q[QUOTE_SIZE], o[QUOTE_SIZE + 16];

    if (!why)
        return;
    if (key_columns[k].type == KEY_SECRET)
        problem_add(&ld->pr, n->line, n->column, "%s: %s", config_keys[k].name, why);
    else
        problem_add(&ld->pr, n->line, n->column, "%s '%s'%s: %s", config_keys[k].name,
                    quote(q, n->text), owner(o, server), why);
}

static bool is_list(size_t k)
{
    return key_columns[k].type == KEY_LIST || key_columns[k].type == KEY_MINUTES;
}

static void take_list(struct load *ld, size_t k, const struct node *n, const char *server,
                      struct raw *raw)
{
    char o[QUOTE_SIZE + 16];

    if (n->n_children > CONFIG_MAX_KEYS) {
        problem_add(&ld->pr, n->line, n->column, "%s%s: more than %d; remove some",
                    config_keys[k].name, owner(o, server), CONFIG_MAX_KEYS);
        return;
    }
    raw->texts = xcalloc(1, sizeof *raw->texts);
    for (size_t i = 0; i < n->n_children; i++) {
        const struct node *item = &n->child[i];
        if (item->kind != NODE_TEXT) {
            problem_add(&ld->pr, item->line, item->column,
                        "%s%s: a list of plain values is expected; write for example %s",
                        config_keys[k].name, owner(o, server), config_keys[k].example);
            continue;
        }
        check_text(ld, k, item, server);
        raw_add(raw, item->text);
    }
}

static void take_value(struct load *ld, size_t k, const struct node *n, const char *server,
                       struct raw *raw)
{
    bool list = is_list(k);
    char o[QUOTE_SIZE + 16];

    if (node_is_null(n))
        return;
    raw->from = (struct origin){.layer = LAYER_FILE, .line = n->line, .column = n->column};
    if (list && n->kind == NODE_LIST) {
        take_list(ld, k, n, server, raw);
    } else if (!list && n->kind == NODE_TEXT) {
        check_text(ld, k, n, server);
        raw_add(raw, n->text);
    } else {
        static const char *const kinds[] = {
            [NODE_TEXT] = "one value", [NODE_MAP] = "a mapping", [NODE_LIST] = "a list"};
        problem_add(
            &ld->pr, n->line, n->column,
            "%s%s: %s is expected, this is %s; write for example %s: %s", config_keys[k].name,
            owner(o, server), list ? "a list" : "one value", kinds[n->kind],
            key_columns[k].type == KEY_ONE ? "ssh_keys" : config_keys[k].name,
            key_columns[k].type == KEY_ONE ? "[12345678, 23456789]" : config_keys[k].example);
    }
}

static void unknown_key(struct load *ld, const struct node *key, const struct node *value,
                        const char *server)
{
    const char **names = xcalloc(n_keys + 1, sizeof *names);
    char q[QUOTE_SIZE], s[QUOTE_SIZE];
    size_t n = 0;

    for (size_t k = 0; k < n_keys; k++)
        if (key_leaf(k) == config_keys[k].name && (!server || config_keys[k].per_server))
            names[n++] = config_keys[k].name;
    const char *near = str_nearest(key->text, names);
    free(names);
    quote(q, key->text);
    if (server)
        quote(s, server);
    const char *in = server ? " in server '" : "", *end = server ? "'" : "";
    int k = key_find(key->text);
    if (k >= 0 && key_leaf((size_t)k) != config_keys[k].name)
        problem_add(&ld->pr, key->line, key->column,
                    "key '%s' takes two lines; write '%.*s:', and below it, indented, '%s:'", q,
                    (int)strcspn(key->text, "."), key->text, key_leaf((size_t)k));
    else if (server && k >= 0)
        problem_add(&ld->pr, key->line, key->column,
                    "key '%s' cannot stand under server '%s'; move it to the top level", q, s);
    else if (near)
        problem_add(&ld->pr, key->line, key->column, "unknown key '%s'%s%s%s; did you mean '%s'?",
                    q, in, server ? s : "", end, near);
    else if (!server && value->kind == NODE_MAP)
        problem_add(&ld->pr, key->line, key->column,
                    "unknown key '%s'; if it is a server, put it under 'servers:', indented", q);
    else
        problem_add(&ld->pr, key->line, key->column,
                    "unknown key '%s'%s%s%s; remove it, or see config.yaml.example for all keys", q,
                    in, server ? s : "", end);
}

static void unknown_leaf(struct load *ld, size_t group, const struct node *key, const char *server)
{
    const char **names = xcalloc(n_keys + 1, sizeof *names);
    char q[QUOTE_SIZE], o[QUOTE_SIZE + 16];
    size_t n = 0, len = strlen(config_keys[group].name);

    for (size_t k = 0; k < n_keys; k++)
        if (!strncmp(config_keys[k].name, config_keys[group].name, len) &&
            config_keys[k].name[len] == '.')
            names[n++] = key_leaf(k);
    const char *near = str_nearest(key->text, names);
    problem_add(&ld->pr, key->line, key->column, "unknown key '%s' in %s%s; %s%s%s",
                quote(q, key->text), config_keys[group].name, owner(o, server),
                near ? "did you mean '" : "remove it, or see config.yaml.example for all keys",
                near ? near : "", near ? "'?" : "");
    free(names);
}

/* Of a mapping such as `world:`. */
static void take_group(struct load *ld, size_t group, const struct node *n, const char *server,
                       struct raw *keys)
{
    char q[QUOTE_SIZE], o[QUOTE_SIZE + 16], name[QUOTE_SIZE * 2];

    if (n->kind != NODE_MAP) {
        if (!node_is_null(n))
            problem_add(&ld->pr, n->line, n->column,
                        "%s%s: keys of its own are expected; write them below it, indented",
                        config_keys[group].name, owner(o, server));
        return;
    }
    for (size_t i = 0; i < n->n_children; i += 2) {
        const struct node *key = &n->child[i];
        snprintf(name, sizeof name, "%s.%s", config_keys[group].name, quote(q, key->text));
        int k = key_find(name);
        if (k < 0)
            unknown_leaf(ld, group, key, server);
        else if (!key->duplicate)
            take_value(ld, (size_t)k, &n->child[i + 1], server, &keys[k]);
    }
}

/* One key that has a row; keys are the raws of its place. */
static void take_key(struct load *ld, size_t k, const struct node *value, const char *server,
                     struct raw *keys)
{
    if (key_columns[k].type == KEY_GROUP)
        take_group(ld, k, value, server, keys);
    else
        take_value(ld, k, value, server, &keys[k]);
}

/* The row of a key as it may stand in the file; -1 if it may not. */
static int key_written(const char *name, bool under_server)
{
    int k = key_find(name);
    bool may = k >= 0 && key_leaf((size_t)k) == config_keys[k].name &&
               (!under_server || config_keys[k].per_server);
    return may ? k : -1;
}

static struct raw_server *add_server(struct load *ld, const struct node *name)
{
    char q[QUOTE_SIZE];
    struct err e = {0};

    if (!config_name_ok(name->text, &e))
        problem_add(&ld->pr, name->line, name->column, "%s; %s", e.text, e.hint);
    for (size_t i = 0; i < ld->n_servers; i++) {
        const struct raw_server *other = &ld->servers[i];
        if (name->duplicate || strcasecmp(other->name, name->text))
            continue;
        problem_add(&ld->pr, name->line, name->column,
                    "server '%s' is there already at %d:%d%s; give one of them another name",
                    quote(q, name->text), other->line, other->column,
                    strcmp(other->name, name->text)
                        ? ", since the cloud does not tell large from small letters"
                        : "");
        break;
    }
    ld->servers = xrealloc(ld->servers, (ld->n_servers + 1) * sizeof *ld->servers);
    struct raw_server *s = &ld->servers[ld->n_servers++];
    *s = (struct raw_server){.name = xstrdup(name->text),
                             .line = name->line,
                             .column = name->column,
                             .keys = xcalloc(n_keys, sizeof *s->keys)};
    return s;
}

static void take_server(struct load *ld, const struct node *name, const struct node *keys,
                        bool list_shape)
{
    struct raw_server *s = add_server(ld, name);
    char q[QUOTE_SIZE];

    if (keys->kind != NODE_MAP) {
        if (!node_is_null(keys))
            problem_add(&ld->pr, keys->line, keys->column,
                        "the keys of server '%s' are expected; write them below it, indented, for "
                        "example 'region: fra1'",
                        quote(q, s->name));
        return;
    }
    for (size_t i = 0; i < keys->n_children; i += 2) {
        const struct node *key = &keys->child[i], *value = &keys->child[i + 1];
        int k = key_written(key->text, true);
        if (!strcmp(key->text, "name")) {
            if (!list_shape)
                problem_add(&ld->pr, key->line, key->column,
                            "'name' belongs to the list shape ('- name: mc'); this server is "
                            "called '%s' already, so remove the line",
                            quote(q, s->name));
        } else if (k < 0) {
            unknown_key(ld, key, value, s->name);
        } else if (!key->duplicate && key_is_section((size_t)k)) {
            section_load(ld, (size_t)k, value, s->name, &s->sections);
        } else if (!key->duplicate) {
            take_key(ld, (size_t)k, value, s->name, s->keys);
        }
    }
}

static const struct node *name_of(const struct node *map)
{
    for (size_t i = 0; map->kind == NODE_MAP && i < map->n_children; i += 2)
        if (!strcmp(map->child[i].text, "name") && map->child[i + 1].kind == NODE_TEXT)
            return &map->child[i + 1];
    return NULL;
}

static void take_servers(struct load *ld, const struct node *n)
{
    size_t step = n->kind == NODE_MAP ? 2 : 1;

    if (n->kind == NODE_TEXT) {
        if (!node_is_null(n))
            problem_add(&ld->pr, n->line, n->column,
                        "servers: names with keys are expected; write 'mc:' on the next line, "
                        "indented by two blanks, and its keys below it");
        return;
    }
    if (n->n_children / step > CONFIG_MAX_SERVERS) {
        problem_add(&ld->pr, n->line, n->column, "servers: more than %d; remove some",
                    CONFIG_MAX_SERVERS);
        return;
    }
    for (size_t i = 0; i < n->n_children; i += step) {
        const struct node *item = &n->child[i];
        const struct node *name = n->kind == NODE_MAP ? item : name_of(item);
        if (name)
            take_server(ld, name, step == 2 ? item + 1 : item, step == 1);
        else
            problem_add(&ld->pr, item->line, item->column,
                        "a server of the list shape needs a name; write '- name: mc' and its other "
                        "keys below, in the column of 'name'");
    }
}

/* A remote that is named must be there: it is found out now, not in the night. */
static void check_remotes(struct load *ld, const struct raw *keys, const char *server)
{
    const struct raw *to = &keys[key_find("world.to")];
    const char **names = xcalloc(ld->n_remotes + 1, sizeof *names);
    char q[QUOTE_SIZE], o[QUOTE_SIZE + 16];
    bool there = !to->texts || !to->texts[0];

    char *name = there ? NULL : xstrndup(to->texts[0], strcspn(to->texts[0], ":"));
    for (size_t i = 0; i < ld->n_remotes; i++) {
        names[i] = ld->remotes[i].name;
        there |= name && !strcmp(names[i], name);
    }
    const char *near = there ? NULL : str_nearest(name, names);
    if (!there && near)
        problem_add(&ld->pr, to->from.line, to->from.column,
                    "world.to%s: there is no remote '%s'; did you mean '%s'?", owner(o, server),
                    quote(q, name), near);
    else if (!there)
        problem_add(&ld->pr, to->from.line, to->from.column,
                    "world.to%s: there is no remote '%s'; write it under 'remotes:', or name one "
                    "that is there",
                    owner(o, server), quote(q, name));
    free(name);
    free(names);
}

void load_tree(struct load *ld, const struct node *root)
{
    if (root->kind != NODE_MAP) {
        if (!node_is_null(root))
            problem_add(&ld->pr, root->line, root->column,
                        "keys are expected, for example 'servers:'; write 'key: value', with a "
                        "blank after the colon");
        return;
    }
    for (size_t i = 0; i < root->n_children; i += 2) {
        const struct node *key = &root->child[i], *value = &root->child[i + 1];
        int k = key_written(key->text, false);
        if (k < 0)
            unknown_key(ld, key, value, NULL);
        else if (key->duplicate)
            continue;
        else if (key_columns[k].type == KEY_SERVERS)
            take_servers(ld, value);
        else if (key_columns[k].type == KEY_REMOTES)
            load_remotes(ld, value);
        else if (key_is_section((size_t)k))
            section_load(ld, (size_t)k, value, NULL, &ld->sections);
        else
            take_key(ld, (size_t)k, value, NULL, ld->top);
    }
    check_remotes(ld, ld->top, NULL);
    for (size_t i = 0; i < ld->n_servers; i++)
        check_remotes(ld, ld->servers[i].keys, ld->servers[i].name);
}

static void take_variable(struct load *ld, size_t k, const char *text)
{
    struct raw *raw = &ld->env[k];
    const char *between = is_list(k) ? ", " : "";
    int n = 0;

    raw->from = (struct origin){.layer = LAYER_ENV, .key = k};
    for (const char *p = text + strspn(text, between); *p; p += strspn(p, between)) {
        char *item = xstrndup(p, strcspn(p, between));
        const char *why = key_check(k, item);
        char q[QUOTE_SIZE];
        if (why)
            problem_add(&ld->pr, 0, 0, "$%s '%s': %s", config_keys[k].env, quote(q, item), why);
        if (n++ < CONFIG_MAX_KEYS)
            raw_add(raw, item);
        p += strlen(item);
        free(item);
    }
    if (n > CONFIG_MAX_KEYS)
        problem_add(&ld->pr, 0, 0, "$%s: more than %d; remove some", config_keys[k].env,
                    CONFIG_MAX_KEYS);
}

void load_env(struct load *ld)
{
    for (size_t k = 0; k < n_keys; k++) {
        const char *text = config_keys[k].env ? os_env(config_keys[k].env) : NULL;
        /* The token is read by config_token, so that only it can fail for it. */
        if (text && key_columns[k].type != KEY_SECRET)
            take_variable(ld, k, text);
    }
}
