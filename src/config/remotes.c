#include "remote_keys.h"

#include <ctype.h>
#include <dogs/log.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_LEN = 60 };

static void unknown_key(struct load *ld, const struct node *key, unsigned type, const char *remote)
{
    char **names = xcalloc(n_remote_keys * FORMS + 1, sizeof *names), q[QUOTE_SIZE], r[QUOTE_SIZE];
    size_t n = 0;
    int form;

    for (size_t k = 0; k < n_remote_keys; k++)
        for (int f = 0; remote_keys[k].types & type && f < remote_key_forms(k); f++)
            names[n++] = xasprintf("%s%s", remote_keys[k].name, remote_forms[f]);
    const char *near = str_nearest(key->text, (const char *const *)names);
    quote(q, key->text);
    quote(r, remote);
    if (remote_key_find(key->text, ALL, &form) >= 0)
        problem_add(&ld->pr, key->line, key->column,
                    "key '%s' is not one of remote '%s', whose type has no such thing; remove it",
                    q, r);
    else if (near)
        problem_add(&ld->pr, key->line, key->column,
                    "unknown key '%s' in remote '%s'; did you mean '%s'?", q, r, near);
    else
        problem_add(&ld->pr, key->line, key->column,
                    "unknown key '%s' in remote '%s'; remove it, or see config.yaml.example for "
                    "all keys",
                    q, r);
    while (n)
        free(names[--n]);
    free(names);
}

static void set(struct remote_cfg *r, int k, const char *text)
{
    void *field = (char *)r + remote_keys[k].at;
    size_t len = strlen(text);

    switch (remote_keys[k].kind) {
    case REMOTE_TEXT:
        free(*(char **)field);
        *(char **)field = xstrdup(text);
        break;
    case REMOTE_URL:
        while (len && text[len - 1] == '/')
            len--;
        free(*(char **)field);
        *(char **)field = xstrndup(text, len);
        break;
    case REMOTE_STYLE:
        *(bool *)field = !strcmp(text, "virtual");
        break;
    case REMOTE_BOOL:
        *(bool *)field = key_bool(text);
        break;
    case REMOTE_SECRET:
        break;
    }
}

static void take_key(struct load *ld, const struct node *key, const struct node *value, int k,
                     int form, struct remote_cfg *r)
{
    struct remote_given *g = &r->given[k];
    char q[QUOTE_SIZE], n[QUOTE_SIZE];
    bool secret = remote_keys[k].kind == REMOTE_SECRET;

    if (node_is_null(value))
        return;
    if (value->kind != NODE_TEXT) {
        problem_add(&ld->pr, value->line, value->column,
                    "%s of remote '%s': one value is expected; write it behind the colon",
                    key->text, quote(n, r->name));
        return;
    }
    const char *why = value_check(value->text, form ? check_any : remote_keys[k].check);
    /* Addresses may hold a password where they should not. */
    if (why && (secret || remote_keys[k].kind == REMOTE_URL))
        problem_add(&ld->pr, value->line, value->column, "%s of remote '%s': %s", key->text,
                    quote(n, r->name), why);
    else if (why)
        problem_add(&ld->pr, value->line, value->column, "%s '%s' of remote '%s': %s", key->text,
                    quote(q, value->text), quote(n, r->name), why);
    if (g->line) {
        problem_add(&ld->pr, key->line, key->column,
                    "'%s%s' of remote '%s' is given as well, at line %d; keep one of them",
                    remote_keys[k].name, remote_forms[g->form], quote(n, r->name), g->line);
        return;
    }
    *g = (struct remote_given){.line = value->line, .column = value->column, .form = form};
    if (secret)
        g->text = form == FORM_FILE ? path_resolve(value->text, LAYER_FILE, ld->pr.path)
                                    : xstrdup(value->text);
    else if (!why)
        set(r, k, value->text);
}

static const char *name_fault(const char *name)
{
    static const char *const taken[] = {"http", "https", "file"};
    size_t len = strlen(name);

    if (len > 0 && name[0] == '<')
        return "is still the placeholder of the example; write your own";
    if (len < 2)
        return "is too short, as a drive of Windows is one letter; write two or more";
    if (len > NAME_MAX_LEN)
        return "is too long; write at most 60 characters";
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && (!i || !strchr("-_", name[i])))
            return "is no name; write letters, digits, '-' and '_', beginning with a letter";
    if (!isalpha((unsigned char)name[0]))
        return "is no name; begin it with a letter";
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (!strcasecmp(name, taken[i]))
            return "means something else in front of a colon; write another name";
    return NULL;
}

static struct remote_cfg *add_remote(struct load *ld, const char *name)
{
    ld->remotes = xrealloc(ld->remotes, (ld->n_remotes + 1) * sizeof *ld->remotes);
    struct remote_cfg *r = &ld->remotes[ld->n_remotes++];

    *r = (struct remote_cfg){.name = xstrdup(name),
                             .given = xcalloc(n_remote_keys, sizeof *r->given)};
    for (size_t k = 0; k < n_remote_keys; k++) {
        char **field = (char **)((char *)r + remote_keys[k].at);
        if (remote_key_is_text(k) && !*field)
            *field = xstrdup("");
    }
    return r;
}

/* 0 after a mistake. */
static unsigned type_of(struct load *ld, const struct node *name, const struct node *of)
{
    char q[QUOTE_SIZE], n[QUOTE_SIZE];

    for (size_t i = 0; i < of->n_children; i += 2) {
        const struct node *value = &of->child[i + 1];
        if (strcmp(of->child[i].text, "type") != 0 || node_is_null(value))
            continue;
        unsigned bit = value->kind == NODE_TEXT ? remote_type(value->text) : 0;
        if (!bit)
            problem_add(&ld->pr, value->line, value->column,
                        "type '%s' of remote '%s' is not known; write s3, dropbox or http",
                        value->kind == NODE_TEXT ? quote(q, value->text) : "",
                        quote(n, name->text));
        return bit;
    }
    problem_add(&ld->pr, name->line, name->column,
                "remote '%s' has no type; write 'type: s3', 'type: dropbox' or 'type: http' below "
                "it",
                quote(n, name->text));
    return 0;
}

static void take_remote(struct load *ld, const struct node *name, const struct node *of)
{
    const char *why = name_fault(name->text);
    char q[QUOTE_SIZE];
    int form;

    if (why)
        problem_add(&ld->pr, name->line, name->column, "remote name '%s' %s", quote(q, name->text),
                    why);
    if (of->kind != NODE_MAP) {
        problem_add(&ld->pr, of->line, of->column,
                    "the keys of remote '%s' are expected; write them below it, indented, for "
                    "example 'type: s3'",
                    quote(q, name->text));
        return;
    }
    unsigned type = type_of(ld, name, of);
    if (!type)
        return;
    struct remote_cfg *r = add_remote(ld, name->text);
    for (size_t i = 0; i < of->n_children; i += 2) {
        const struct node *key = &of->child[i];
        int k = remote_key_find(key->text, type, &form);
        if (k < 0)
            unknown_key(ld, key, type, r->name);
        else if (!key->duplicate)
            take_key(ld, key, &of->child[i + 1], k, form, r);
    }
    if (!*r->url && type != DROPBOX)
        problem_add(&ld->pr, name->line, name->column,
                    "remote '%s' has no %s; write '%s: https://…' below it", quote(q, name->text),
                    type == S3 ? "endpoint" : "url", type == S3 ? "endpoint" : "url");
}

void load_remotes(struct load *ld, const struct node *remotes)
{
    if (node_is_null(remotes))
        return;
    if (remotes->kind != NODE_MAP) {
        problem_add(&ld->pr, remotes->line, remotes->column,
                    "remotes: names with keys are expected; write 'spaces:' on the next line, "
                    "indented by two blanks, and its keys below it");
        return;
    }
    if (remotes->n_children / 2 > CONFIG_MAX_REMOTES) {
        problem_add(&ld->pr, remotes->line, remotes->column, "remotes: more than %d; remove some",
                    CONFIG_MAX_REMOTES);
        return;
    }
    for (size_t i = 0; i < remotes->n_children; i += 2)
        if (!remotes->child[i].duplicate)
            take_remote(ld, &remotes->child[i], &remotes->child[i + 1]);
}

void remotes_release(struct remote_cfg *remotes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct remote_cfg *r = &remotes[i];
        for (size_t k = 0; k < n_remote_keys; k++) {
            char **field = (char **)((char *)r + remote_keys[k].at);
            free(r->given[k].text);
            if (!remote_key_is_text(k))
                continue;
            free(*field);
            *field = NULL;
        }
        free(r->given);
        free(r->name);
    }
    free(remotes);
}

/* Servers send back, and logs of theirs show, the value alone. */
static void keep_header_secret(const char *header)
{
    const char *value = strchr(header, ':');
    if (value)
        log_secret(value + 1 + strspn(value + 1, " "));
}

bool config_remote_secrets(struct config *cfg, const char *name, struct err *e)
{
    const struct remote_cfg *found;
    if (!config_need_remote(cfg, name, &found, e))
        return false;
    struct remote_cfg *r = &cfg->remotes[found - cfg->remotes];
    for (size_t k = 0; k < n_remote_keys; k++) {
        const struct remote_given *g = &r->given[k];
        char **field = (char **)((char *)r + remote_keys[k].at), *value, *source;
        if (remote_keys[k].kind != REMOTE_SECRET || !g->line || **field)
            continue;
        const struct secret_source from = {.key = remote_keys[k].name,
                                           .text = g->form == FORM_ITSELF ? g->text : NULL,
                                           .line = g->line,
                                           .column = g->column,
                                           .file = g->form == FORM_FILE ? g->text : NULL,
                                           .command = g->form == FORM_COMMAND ? g->text : NULL,
                                           .check = remote_keys[k].check};
        if (!secret_find(cfg, &from, &value, &source, e))
            return err_wrap(e, "remote '%s'", name);
        free(source);
        free(*field);
        *field = value;
        if (remote_keys[k].check == check_header)
            keep_header_secret(value);
    }
    return true;
}
