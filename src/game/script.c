#include "script.h"

#include <dogs/game.h>
#include <string.h>

/* No line of a file may be this: it ends each of them. */
#define END_OF_FILE "DOGS-END-OF-FILE"
#define PLACE "/usr/local/lib/dogs/scripts"

static bool belongs(const struct script_file *f, const struct game *g)
{
    return !*f->folder || (g->script && !strcmp(f->folder, g->script));
}

const char *game_script(const struct game *g, const char *file, size_t *len)
{
    for (size_t i = 0; g->script && i < script_files_n; i++) {
        const struct script_file *f = &script_files[i];
        if (!belongs(f, g) || strcmp(f->name, file))
            continue;
        if (len)
            *len = f->len;
        return (const char *)f->bytes;
    }
    return NULL;
}

static void add_file(struct str *out, const struct script_file *f)
{
    const char *slash = *f->folder ? "/" : "";
    str_addf(out, "cat >\"$to/%s%s%s\" <<'" END_OF_FILE "'\n", f->folder, slash, f->name);
    str_addn(out, (const char *)f->bytes, f->len);
    str_addf(out, "%s" END_OF_FILE "\n", f->len && f->bytes[f->len - 1] == '\n' ? "" : "\n");
    size_t n = strlen(f->name);
    if (n > 3 && !strcmp(f->name + n - 3, ".sh"))
        str_addf(out, "chmod 0755 \"$to/%s%s%s\"\n", f->folder, slash, f->name);
}

bool game_user_data(const struct game *g, size_t max, struct str *out, struct err *e)
{
    if (!g->script)
        return err_set(e, ERR_CONFIG, "there is no script that sets up %s", g->title);
    *out = STR(1024 * 1024);
    str_addf(
        out,
        "#!/bin/sh\n"
        "# Sets up %s, once, at the first boot: puts the files of game-scripts/ in place\n"
        "# and runs the game's install.sh, whose words are in /var/log/cloud-init-output.log.\n"
        "set -eu\n"
        "umask 022\n"
        "to=\"${DOGS_ROOT-}" PLACE "\"\n"
        "mkdir -p \"$to/%s\"\n",
        g->name, g->script);
    for (size_t i = 0; i < script_files_n; i++)
        if (belongs(&script_files[i], g))
            add_file(out, &script_files[i]);
    str_addf(out, "exec bash \"$to/%s/install.sh\"\n", g->script);
    size_t len = out->len;
    if (len <= max)
        return true;
    str_release(out);
    return err_set(e, ERR_CONFIG,
                   "the script that sets up %s is too large: %zu bytes, of which "
                   "the cloud takes %zu",
                   g->name, len, max);
}
