#include "load.h"

#include <ctype.h>
#include <dogs/log.h>
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_word(const char *text)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on",
                                        "off",  "null",  "y",   "n",  NULL};

    for (size_t i = 0; words[i]; i++)
        if (!strcasecmp(text, words[i]))
            return true;
    return false;
}

void yaml_value(struct str *out, const char *text)
{
    bool control = false;
    bool plain = isalnum((unsigned char)text[0]) || (text[0] == '/' && text[1]);

    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        control |= *p < ' ' || *p == 0x7f;
        plain &= *p < 0x80 && (isalnum(*p) || strchr("._-/+@", *p));
    }
    if (plain && !is_word(text)) {
        str_add(out, text);
        return;
    }
    str_add(out, control ? "\"" : "'");
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (!control)
            str_addf(out, "%s%c", *p == '\'' ? "'" : "", *p);
        else if (*p < ' ' || *p == 0x7f)
            str_addf(out, "\\x%02x", *p);
        else
            str_addf(out, "%s%c", strchr("\"\\", *p) ? "\\" : "", *p);
    }
    str_add(out, control ? "\"" : "'");
}

void origin_show(struct str *out, const struct config *cfg, const struct origin *o, bool has_value)
{
    switch (o->layer) {
    case LAYER_DEFAULT:
        str_add(out, has_value ? "  # default\n" : "  # not set\n");
        return;
    case LAYER_FILE:
        str_addf(out, "  # %s:%d:%d\n", cfg->path, o->line, o->column);
        return;
    case LAYER_ENV:
        str_addf(out, "  # $%s\n", config_keys[o->key].env);
        return;
    case LAYER_FLAG:
        str_add(out, "  # command line\n");
        return;
    }
}

/* False if the value is empty. */
static bool add_field(struct str *out, const void *base, size_t k)
{
    const void *field = (const char *)base + key_columns[k].offset;

    switch (key_columns[k].type) {
    case KEY_TEXT:
    case KEY_PATH:
    case KEY_URL:
        yaml_value(out, *(char *const *)field);
        return **(char *const *)field;
    case KEY_INT:
    case KEY_SECONDS:
        if (!*key_columns[k].def && !*(const int *)field)
            return false;
        str_addf(out, "%d", *(const int *)field);
        return true;
    case KEY_BOOL:
        str_add(out, *(const bool *)field ? "true" : "false");
        return true;
    case KEY_LIST:
        str_add(out, "[");
        for (char *const *item = *(char **const *)field; *item; item++) {
            str_add(out, item == *(char **const *)field ? "" : ", ");
            yaml_value(out, *item);
        }
        str_add(out, "]");
        return **(char **const *)field;
    case KEY_MINUTES:
        str_add(out, "[");
        for (const int *m = *(int *const *)field; *m; m++)
            str_addf(out, "%s%d", m == *(int *const *)field ? "" : ", ", *m);
        str_add(out, "]");
        return true;
    case KEY_SECRET:
    case KEY_ONE:
    case KEY_GROUP:
    case KEY_SERVERS:
    case KEY_REMOTES:
    case KEY_SCHEDULE:
    case KEY_BUDGET:
    case KEY_PRICES:
        break;
    }
    return false;
}

static void show_token(const struct config *cfg, struct str *out)
{
    const char *variable;

    if (token_env(&variable)) {
        str_addf(out, "token: '***'  # $%s\n", variable);
    } else if (*cfg->origins->file_token) {
        str_add(out, "token: '***'");
        origin_show(out, cfg, origin_top(cfg, (size_t)key_find("token")), true);
    }
}

static void show_of_server(const struct config *cfg, size_t i, size_t k, struct str *out)
{
    const char *leaf = key_leaf(k);

    if (section_show(cfg, k, i, out))
        return;
    if (key_columns[k].type == KEY_GROUP) {
        str_addf(out, "    %s:\n", leaf);
        return;
    }
    str_addf(out, "    %s%s: ", leaf == config_keys[k].name ? "" : "  ", leaf);
    if (key_columns[k].type != KEY_SECRET) {
        bool any = add_field(out, &cfg->servers[i], k);
        origin_show(out, cfg, origin_server(cfg, i, k), any);
    } else if (os_env(config_keys[k].env)) {
        str_addf(out, "'***'  # $%s\n", config_keys[k].env);
    } else {
        bool any = *cfg->origins->admin_text[i];
        str_add(out, any ? "'***'" : "''");
        origin_show(out, cfg, origin_server(cfg, i, k), any);
    }
}

void config_show(const struct config *cfg, struct str *out)
{
    size_t before = out->len;

    for (size_t k = 0; k < n_keys; k++) {
        if (key_columns[k].type == KEY_SECRET && !config_keys[k].per_server)
            show_token(cfg, out);
        if (config_keys[k].per_server || !key_columns[k].offset)
            continue;
        str_addf(out, "%s: ", config_keys[k].name);
        bool any = add_field(out, cfg, k);
        origin_show(out, cfg, origin_top(cfg, k), any);
    }
    for (size_t k = 0; k < n_keys; k++)
        section_show(cfg, k, SIZE_MAX, out);
    str_addf(out, "servers:%s\n", cfg->n_servers ? "" : " {}");
    for (size_t i = 0; i < cfg->n_servers; i++) {
        str_addf(out, "  %s:\n", cfg->servers[i].name);
        for (size_t k = 0; k < n_keys; k++)
            if (config_keys[k].per_server && key_columns[k].type != KEY_ONE &&
                !section_show(cfg, k, i, out))
                show_of_server(cfg, i, k, out);
    }
    remotes_show(cfg, out);
    if (out->len > before) {
        log_mask(out->p + before);
        out->len = before + strlen(out->p + before);
    }
}
