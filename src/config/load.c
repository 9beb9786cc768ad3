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
    bool list = key_columns[k].type == KEY_LIST;
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
    const char *names[128];
    char q[QUOTE_SIZE], s[QUOTE_SIZE];
    size_t n = 0;

    for (size_t k = 0; k < n_keys && n + 1 < sizeof names / sizeof *names; k++)
        if (!server || config_keys[k].per_server)
            names[n++] = config_keys[k].name;
    names[n] = NULL;

    const char *near = str_nearest(key->text, names);
    quote(q, key->text);
    if (server)
        quote(s, server);
    const char *in = server ? " in server '" : "", *end = server ? "'" : "";
    if (server && key_find(key->text) >= 0)
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
        int k = key_find(key->text);
        if (!strcmp(key->text, "name")) {
            if (!list_shape)
                problem_add(&ld->pr, key->line, key->column,
                            "'name' belongs to the list shape ('- name: mc'); this server is "
                            "called '%s' already, so remove the line",
                            quote(q, s->name));
        } else if (k < 0 || !config_keys[k].per_server) {
            unknown_key(ld, key, value, s->name);
        } else if (!key->duplicate && key_is_section((size_t)k)) {
            section_load(ld, (size_t)k, value, s->name, &s->sections);
        } else if (!key->duplicate) {
            take_value(ld, (size_t)k, value, s->name, &s->keys[k]);
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
        int k = key_find(key->text);
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
            take_value(ld, (size_t)k, value, NULL, &ld->top[k]);
    }
}

static void take_variable(struct load *ld, size_t k, const char *text)
{
    struct raw *raw = &ld->env[k];
    const char *between = key_columns[k].type == KEY_LIST ? ", " : "";
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
