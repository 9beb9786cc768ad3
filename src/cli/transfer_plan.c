#include "transfer_plan.h"
#include "report.h"
#include <dogs/file.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPEC_MAX_BYTES = 1024 * 1024 * 1024, SHOWN_PROBLEMS = 20 };

bool plan_add(struct plan *p, const struct planned *take_file, struct err *e)
{
    if (p->n == p->room) {
        p->room = 2 * p->room + 16;
        p->files = xrealloc(p->files, p->room * sizeof *p->files);
    }
    p->files[p->n++] = *take_file;
    return p->n <= TRANSFER_MAX_FILES ||
           err_set(e, ERR_USAGE, "more than %d files at once", TRANSFER_MAX_FILES);
}

bool plan_wants(const struct plan *p, const char *name)
{
    const struct opt_texts *in = &p->args->include, *out = &p->args->exclude;
    bool wanted = !in->n;
    for (size_t i = 0; i < in->n && !wanted; i++)
        wanted = transfer_glob(in->text[i], name);
    for (size_t i = 0; i < out->n && wanted; i++)
        wanted = !transfer_glob(out->text[i], name);
    return wanted;
}

const char *plan_folder(struct plan *p, const char *name)
{
    if (p->folders && strcmp(p->folders->name, name) == 0)
        return p->folders->name;
    struct folder *f = xmalloc(sizeof *f + strlen(name) + 1);
    memcpy(f->name, name, strlen(name) + 1);
    f->next = p->folders;
    p->folders = f;
    return f->name;
}

char *plan_join(const char *dir, const char *name)
{
    return strcmp(dir, ".") == 0 ? xstrdup(name) : os_path_join(dir, name);
}

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

static bool ends_in_slash(const char *text)
{
    size_t len = strlen(text);
    return len && is_separator(text[len - 1]);
}

static bool is_folder(const char *path)
{
    struct file_info info;
    struct err ignored = {0};
    return file_look_through(path, &info, &ignored) && info.kind == FILE_FOLDER;
}

/* The last part of a path, whatever this system parts them with. */
static const char *base_name(const char *path)
{
    char *dir = os_path_dir(path);
    size_t len = strlen(dir);
    bool inside = strncmp(path, dir, len) == 0 &&
                  (is_separator(path[len]) || is_separator(dir[len - 1]) || dir[len - 1] == ':');
    free(dir);
    return inside ? path + len + is_separator(path[len]) : path;
}

/* --- get --- */

/* Takes remote and address from f. */
static bool get_one(struct plan *p, struct planned f, const char *dest, bool in_folder,
                    bool make_folders, struct err *e)
{
    bool http = strcmp(f.remote->type, "http") == 0;
    char *last = place_file_name(f.address, http), *name = transfer_name_safe(last);
    bool ok = true, is_file = *last || http;
    if (!is_file) {
        ok = err_set(e, ERR_USAGE, "'%.200s' ends in '/', which is a folder", f.address) ||
             err_hint(e, "-r gets what is below it");
    } else if (plan_wants(p, name)) {
        char *dir = in_folder ? xstrdup(dest) : os_path_dir(dest);
        f.path = in_folder ? plan_join(dest, name) : xstrdup(dest);
        f.below = in_folder || make_folders ? plan_folder(p, dir) : NULL;
        free(dir);
        ok = plan_add(p, &f, e);
        f.address = NULL;
    }
    free(f.address);
    free(last);
    free(name);
    return ok;
}

static bool get_source(struct plan *p, const char *source, const char *dest, bool in_folder,
                       bool make_folders, struct err *e)
{
    struct planned f = {.size = -1};
    if (!plan_place(p, source, &f.remote, &f.address, e))
        return false;
    if (!p->args->recursive)
        return get_one(p, f, dest, in_folder, make_folders, e);
    bool ok = plan_list(p, f.remote, f.address, dest, e);
    free(f.address);
    return ok;
}

static bool get_words(struct plan *p, struct err *e)
{
    const char *const *words = p->cli->line.words, *dest = ".";
    size_t n = p->cli->line.n_words;
    if (!n)
        return err_set(e, ERR_USAGE, "SOURCE is missing");
    if (n > 1 && place_of(words[n - 1]).kind == PLACE_FILE)
        dest = words[--n];
    bool in_folder = n > 1 || p->args->recursive || ends_in_slash(dest) || is_folder(dest);
    for (size_t i = 0; i < n; i++)
        if (!get_source(p, words[i], dest, in_folder, false, e))
            return false;
    return true;
}

/* --- put --- */

static bool put_one(struct plan *p, const char *file, const char *dest, bool add_name,
                    struct err *e)
{
    struct planned f = {.size = -1};
    struct file_info info;
    struct err why = {0};
    char *base;
    if (place_of(file).kind == PLACE_URL || place_of(file).kind == PLACE_OTHER)
        return err_set(e, ERR_USAGE, "'%.200s' is not a file here; `dogs get` fetches it", file);
    if (!plan_place(p, dest, &f.remote, &base, e))
        return false;
    bool found = file_look_through(file, &info, &why);
    if (found && info.kind == FILE_FOLDER && p->args->recursive) {
        bool ok = plan_walk(p, file, f.remote, base, e);
        free(base);
        return ok;
    }
    if (found && info.kind == FILE_REGULAR)
        f.size = info.size;
    else if (found)
        f.refused = xstrdup(info.kind == FILE_NONE     ? "there is no such file"
                            : info.kind == FILE_FOLDER ? "it is a folder; -r puts what is in it"
                                                       : "it is not a regular file");
    else
        f.refused = xstrdup(why.text);
    /* A bucket alone is a folder. */
    add_name = add_name || (strcmp(f.remote->type, "s3") == 0 && !strchr(base, '/'));
    f.address = add_name ? plan_address_below(f.remote, base, base_name(file)) : xstrdup(base);
    f.path = xstrdup(file);
    free(base);
    if (plan_wants(p, base_name(file)))
        return plan_add(p, &f, e);
    free(f.address);
    free(f.path);
    free(f.refused);
    return true;
}

static bool is_remote_folder(const char *dest)
{
    struct place place = place_of(dest);
    size_t len = strlen(place.address);
    return !len || place.address[len - 1] == '/';
}

static bool put_words(struct plan *p, struct err *e)
{
    const char *const *words = p->cli->line.words;
    size_t n = p->cli->line.n_words;
    if (!n)
        return err_set(e, ERR_USAGE, "FILE is missing");
    if (n == 1)
        return err_set(e, ERR_USAGE, "DEST is missing");
    const char *dest = words[--n];
    bool add_name = n > 1 || p->args->recursive || is_remote_folder(dest);
    for (size_t i = 0; i < n; i++)
        if (!put_one(p, words[i], dest, add_name, e))
            return false;
    return true;
}

/* --- --spec --- */

static bool read_stdin(struct str *text, struct err *e)
{
    char piece[16384];
    for (size_t n; (n = fread(piece, 1, sizeof piece, stdin)) > 0;)
        if (!str_addn(text, piece, n))
            return err_set(e, ERR_USAGE, "more than 1 GiB of lines on standard input");
    return !ferror(stdin) || err_set(e, ERR_IO, "standard input cannot be read");
}

static bool take_line(struct plan *p, const struct spec_line *line, struct err *e)
{
    if (p->way == TRANSFER_PUT) {
        if (!line->target)
            return err_set(e, ERR_USAGE, "the target is missing");
        return put_one(p, line->source, line->target, is_remote_folder(line->target), e);
    }
    const char *target = line->target ? line->target : ".";
    /* Most targets are files; asking the disk for each would cost. */
    bool in_folder = !line->target || ends_in_slash(target) || strcmp(target, ".") == 0;
    return get_source(p, line->source, target, in_folder, true, e);
}

static bool take_lines(struct plan *p, struct spec_reader r, const char *file, struct err *e)
{
    struct str problems = STR(64 * 1024);
    struct spec_line line;
    size_t bad = 0;
    bool fatal = false;
    while (!fatal && spec_next(&r, &line)) {
        struct err why = {0};
        if (line.why)
            err_set(&why, ERR_USAGE, "%s", line.why);
        else if (take_line(p, &line, &why))
            continue;
        /* A remote whose secret is not there is not the line's fault. */
        fatal = why.code != ERR_USAGE;
        if (fatal)
            *e = why;
        else if (++bad <= SHOWN_PROBLEMS)
            str_addf(&problems, "%s:%zu: %s\n", file, line.line, why.text);
    }
    if (bad && !fatal) {
        report_problems(p->cli, str_text(&problems));
        err_set(e, ERR_USAGE, "%zu mistake%s in %s; nothing was moved", bad, bad == 1 ? "" : "s",
                file);
    }
    str_release(&problems);
    return !bad && !fatal;
}

static bool read_spec(struct plan *p, const char *name, struct err *e)
{
    struct str text = STR(SPEC_MAX_BYTES);
    bool is_stdin = strcmp(name, "-") == 0;
    bool ok = is_stdin ? read_stdin(&text, e) : os_read_file(name, SPEC_MAX_BYTES, &text, e);
    if (!ok && e->code == ERR_NOT_FOUND)
        e->code = ERR_USAGE;
    size_t len = text.len;
    p->spec_text = ok ? str_take(&text) : NULL;
    str_release(&text);
    if (ok && p->spec_text)
        ok = take_lines(p, spec_reader(p->spec_text, len), is_stdin ? "standard input" : name, e);
    return ok;
}

/* --- the whole --- */

static int by_age(const struct planned *a, const struct planned *b)
{
    return (a > b) - (a < b);
}

static int by_path(const void *a, const void *b)
{
    const struct planned *x = *(const struct planned *const *)a,
                         *y = *(const struct planned *const *)b;
    int order = strcmp(x->path, y->path);
    return order ? order : by_age(x, y);
}

static int by_address(const void *a, const void *b)
{
    const struct planned *x = *(const struct planned *const *)a,
                         *y = *(const struct planned *const *)b;
    int order = strcmp(x->address, y->address);
    if (!order)
        order = (x->remote > y->remote) - (x->remote < y->remote);
    return order ? order : by_age(x, y);
}

static void drop(struct planned *f)
{
    free(f->address);
    free(f->path);
    free(f->refused);
    f->address = NULL;
}

static bool refuse_pair(const struct plan *p, const struct planned *a, const struct planned *b,
                        struct err *e)
{
    bool get = p->way == TRANSFER_GET;
    char *ends[] = {plan_far_end(p, a), plan_far_end(p, b)};
    char *far[] = {place_shown(ends[0]), place_shown(ends[1])};
    err_set(e, ERR_USAGE, "'%.200s' and '%.200s' would both become '%.200s'",
            get ? far[0] : a->path, get ? far[1] : b->path, get ? a->path : far[0]);
    for (size_t i = 0; i < 2; i++) {
        free(ends[i]);
        free(far[i]);
    }
    return err_hint(e, "give each its own target, in lines of --spec FILE");
}

/* Two files that would become one are a mistake; one file that is named twice moves once. */
static bool drop_doubles(struct plan *p, struct err *e)
{
    struct planned **order = xcalloc(p->n + 1, sizeof(struct planned *));
    size_t kept = 0;
    bool ok = true, get = p->way == TRANSFER_GET;
    for (size_t i = 0; i < p->n; i++)
        order[i] = &p->files[i];
    qsort(order, p->n, sizeof(struct planned *), get ? by_path : by_address);
    for (size_t i = 1, last = 0; ok && i < p->n; i++) {
        struct planned *a = order[last], *b = order[i];
        bool same_near = strcmp(a->path, b->path) == 0;
        bool same_far = a->remote == b->remote && strcmp(a->address, b->address) == 0;
        if (same_near && same_far) {
            drop(b);
            continue;
        }
        last = i;
        if ((get ? same_near : same_far) && !a->no_path && !b->no_path)
            ok = refuse_pair(p, a, b, e);
    }
    for (size_t i = 0; i < p->n; i++)
        if (p->files[i].address)
            p->files[kept++] = p->files[i];
    p->n = kept;
    free(order);
    return ok;
}

bool plan_make(struct plan *p, struct err *e)
{
    const struct transfer_args *a = p->args;
    const char *spec = a->retry_failed ? a->retry_failed : a->spec;
    if (spec && p->cli->line.n_words)
        return err_set(e, ERR_USAGE, "'%.200s' and the lines of %s: one of them says what moves",
                       p->cli->line.words[0], spec);
    if (spec && a->recursive)
        return err_set(e, ERR_USAGE, "-r does not go with lines of a file");
    bool ok = spec                     ? read_spec(p, spec, e)
              : p->way == TRANSFER_GET ? get_words(p, e)
                                       : put_words(p, e);
    return ok && drop_doubles(p, e) && plan_sums(p, e);
}

void plan_release(struct plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        drop(&p->files[i]);
    free(p->files);
    plan_remotes_release(p);
    for (struct folder *f = p->folders, *next; f; f = next) {
        next = f->next;
        free(f);
    }
    free(p->spec_text);
    plan_sums_release(p);
    transfer_net_close(p->net);
}
