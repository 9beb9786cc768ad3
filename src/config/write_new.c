#include "load.h"

#include <stdio.h>
#include <string.h>

/* The value that n gives for a key, or NULL. */
static const char *given(const struct config_new *n, const char *key, char number[16])
{
    const struct {
        const char *key, *value;
    } values[] = {
        {"token", n->token},     {"token_command", n->token_command},
        {"region", n->region},   {"size", n->size},
        {"image", n->image},     {"firewall_id", n->firewall_id},
        {"ssh_key", n->ssh_key},
    };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (!strcmp(values[i].key, key))
            return values[i].value;
    if (n->snapshot_max < 1 || strcmp(key, "snapshot_max"))
        return NULL;
    snprintf(number, 16, "%d", n->snapshot_max);
    return number;
}

static void add_key(struct str *out, const struct config_new *n, size_t k, const char *indent,
                    bool possible)
{
    const struct config_key *key = &config_keys[k];
    char number[16];
    const char *value = possible ? given(n, key->name, number) : NULL;

    bool leaf = key_leaf(k) != key->name, group = key_columns[k].type == KEY_GROUP;

    str_addf(out, "%s%s# %s", indent, leaf ? "  " : "", key->what);
    if (key->env)
        str_addf(out, "  ($%s)", key->env);
    str_addf(out, "\n%s%s%s%s:%s", indent, leaf ? "  " : "", value ? "" : "#", key_leaf(k),
             group ? "" : " ");
    if (value)
        yaml_value(out, value);
    else
        str_add(out, key->example);
    str_add(out, "\n");
}

void config_write_new(const struct config_new *n, struct str *out)
{
    str_add(
        out,
        "# The configuration of dogs. A line that begins with '#' sets nothing; what stands\n"
        "# there is an example. Indent with blanks. `dogs config check` finds mistakes, and\n"
        "# `dogs config show` tells where each value comes from. A variable in parentheses\n"
        "# overrides this file.\n\n"
        "# One of the three gives access, or `dogs login`. With 'token:' in it, this file must\n"
        "# be readable by you alone (chmod 600).\n");
    for (size_t k = 0; k < n_keys; k++)
        if (!config_keys[k].per_server &&
            (key_columns[k].offset || key_columns[k].type == KEY_SECRET || key_is_section(k)))
            add_key(out, n, k, "", true);
    str_add(out,
            "\n# Your game servers. Every key of a server may also stand out here at the left, as\n"
            "# default for all of them.\n"
            "servers:\n");
    str_addf(out, "  %s%s:\n", n->server ? "" : "#", n->server ? n->server : "mc");
    for (size_t k = 0; k < n_keys; k++)
        if (config_keys[k].per_server)
            add_key(out, n, k, "    ", n->server != NULL);
    remotes_write_new(out);
    str_add(out, "\n# The servers may be written as a list as well:\n"
                 "#servers:\n"
                 "#  - name: mc\n"
                 "#    region: fra1\n");
}
