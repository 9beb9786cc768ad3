#include "file_os.h"
#include <dogs/os.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool file_in_the_way(const char *path, enum file_kind kind, struct err *e)
{
    static const char *const names[] = {
        [FILE_NONE] = "not there any more", [FILE_REGULAR] = "a file",
        [FILE_FOLDER] = "a folder",         [FILE_LINK] = "a link",
        [FILE_OTHER] = "a device",
    };
    err_set(e, ERR_GUARD, "%s is %s, not a folder", path, names[kind]);
    return err_hint(e, "move it out of the way, or name another target");
}

bool file_is_written(const char *path, struct err *e)
{
    err_set(e, ERR_GUARD, "another transfer is writing %s", path);
    return err_hint(e, "wait until it has ended, or name another target");
}

bool file_full_hint(struct err *e)
{
    return err_hint(e, "make room on that disk, then give the same command again");
}

void file_boot_unknown(char out[FILE_BOOT])
{
    uint64_t unique[2];
    os_random(unique, sizeof unique);
    snprintf(out, FILE_BOOT, "unknown-%016" PRIx64 "%016" PRIx64, unique[0], unique[1]);
}

bool file_make_folders(const char *base, const char *relative, struct err *e)
{
    struct file_place *at = NULL;
    bool ok = file_os_base(base, &at, e);
    size_t n = 0;
    for (const char *p = relative; ok && *p; p += n + (p[n] == '/')) {
        n = strcspn(p, "/");
        char *part = xstrndup(p, n);
        if (strcmp(part, "..") == 0)
            ok = err_set(e, ERR_GUARD, "'%s' leads out of %s", relative, base);
        else if (n && strcmp(part, ".") != 0)
            ok = file_os_below(at, part, e);
        free(part);
    }
    file_os_leave(at);
    return ok;
}

struct walk {
    bool (*fn)(void *ctx, const char *relative, const struct file_info *info, struct err *e);
    void *ctx;
    size_t left_out;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool walk_folder(struct walk *w, const char *folder, const char *relative, int depth,
                        struct err *e);

static bool walk_name(struct walk *w, const char *path, const char *relative, int depth,
                      struct err *e)
{
    struct file_info info;
    if (!file_look(path, &info, e))
        return false;
    if (info.kind == FILE_FOLDER)
        return walk_folder(w, path, relative, depth + 1, e);
    if (info.kind == FILE_LINK && !file_look_through(path, &info, e))
        return false;
    if (info.kind == FILE_REGULAR)
        return w->fn(w->ctx, relative, &info, e);
    w->left_out++;
    return true;
}

static bool walk_folder(struct walk *w, const char *folder, const char *relative, int depth,
                        struct err *e)
{
    if (depth > FILE_DEPTH)
        return err_set(e, ERR_IO, "folders in one another deeper than %d: %s", FILE_DEPTH, folder);
    char **names;
    if (!file_os_names(folder, &names, e))
        return false;
    size_t n = 0;
    while (names[n])
        n++;
    qsort(names, n, sizeof *names, by_name);
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        char *path = os_path_join(folder, names[i]);
        char *below = *relative ? xasprintf("%s/%s", relative, names[i]) : xstrdup(names[i]);
        ok = walk_name(w, path, below, depth, e);
        free(below);
        free(path);
    }
    os_list_free(names);
    return ok;
}

bool file_walk(const char *folder,
               bool (*fn)(void *ctx, const char *relative, const struct file_info *info,
                          struct err *e),
               void *ctx, size_t *left_out, struct err *e)
{
    struct walk w = {.fn = fn, .ctx = ctx};
    bool ok = walk_folder(&w, folder, "", 0, e);
    *left_out = w.left_out;
    return ok;
}
