/* --sha256 and --checksums: which file must have which digest. */
#include "transfer_plan.h"
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

enum { SUMS_MAX_BYTES = 1024 * 1024 * 1024 };

static int by_name(const void *a, const void *b)
{
    const struct sum_line *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static bool read_lines(struct plan *p, char *text, size_t len, struct err *e)
{
    struct spec_reader r = spec_reader(text, len);
    struct sum_line line;
    size_t room = 0;
    while (sum_next(&r, &line)) {
        if (line.why)
            return err_set(e, ERR_USAGE, "%s:%zu: %s", p->args->checksums, line.line, line.why);
        if (p->n_sums == room) {
            room = 2 * room + 16;
            p->sums = xrealloc(p->sums, room * sizeof *p->sums);
        }
        p->sums[p->n_sums++] = line;
    }
    if (!p->n_sums)
        return err_set(e, ERR_USAGE, "%s: there are no checksums in it", p->args->checksums);
    qsort(p->sums, p->n_sums, sizeof *p->sums, by_name);
    for (size_t i = 1; i < p->n_sums; i++)
        if (by_name(&p->sums[i - 1], &p->sums[i]) == 0 &&
            strcmp(p->sums[i - 1].sha256, p->sums[i].sha256) != 0)
            return err_set(e, ERR_USAGE, "%s: lines %zu and %zu say different things of '%.200s'",
                           p->args->checksums, p->sums[i - 1].line, p->sums[i].line,
                           p->sums[i].name);
    return true;
}

static bool read_sums(struct plan *p, struct err *e)
{
    struct str text = STR(SUMS_MAX_BYTES);
    bool ok = os_read_file(p->args->checksums, SUMS_MAX_BYTES, &text, e);
    size_t len = text.len;
    if (!ok && e->code == ERR_NOT_FOUND)
        e->code = ERR_USAGE;
    if (ok && !len)
        ok = err_set(e, ERR_USAGE, "%s is empty", p->args->checksums);
    if (ok)
        p->sums_text = str_take(&text);
    str_release(&text);
    return ok && read_lines(p, p->sums_text, len, e);
}

static const char *find(const struct plan *p, const char *name)
{
    while (str_starts(name, "./"))
        name += 2;
    const struct sum_line key = {.name = (char *)name};
    const struct sum_line *found = bsearch(&key, p->sums, p->n_sums, sizeof *p->sums, by_name);
    return found ? found->sha256 : NULL;
}

/* By its name below the folder it goes to; a file of its own by its source's name as well. */
static const char *find_for(const struct plan *p, const struct planned *f)
{
    size_t below = f->below ? strlen(f->below) : 0;
    const char *sum = NULL;
    if (below && strncmp(f->path, f->below, below) == 0)
        sum = find(p, f->path + below + strspn(f->path + below, "/\\"));
    if (!sum)
        sum = find(p, f->path);
    if (!sum && !p->args->recursive) {
        char *name = place_file_name(f->address, strcmp(f->remote->type, "http") == 0);
        sum = find(p, name);
        free(name);
    }
    return sum;
}

static bool give_sums(struct plan *p, struct err *e)
{
    size_t missing = 0, first = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->files[i].refused)
            continue;
        p->files[i].sha256 = find_for(p, &p->files[i]);
        if (!p->files[i].sha256 && !missing++)
            first = i;
    }
    if (!missing)
        return true;
    err_set(e, ERR_USAGE, "%s does not name %.300s", p->args->checksums, p->files[first].path);
    if (missing > 1)
        err_set(e, ERR_USAGE, "%s does not name %zu of the files, the first %.300s",
                p->args->checksums, missing, p->files[first].path);
    return err_hint(e, "leave them out with --exclude, or get them without --checksums");
}

bool plan_sums(struct plan *p, struct err *e)
{
    if (p->args->checksums)
        return read_sums(p, e) && give_sums(p, e);
    if (!p->args->sha256)
        return true;
    if (p->n != 1)
        return err_set(e, ERR_USAGE, "--sha256 is of one file, not of %zu", p->n) ||
               err_hint(e, "several have --checksums FILE");
    p->sha256 = xstrdup(p->args->sha256);
    if (!sum_ok(p->sha256))
        return err_set(e, ERR_USAGE, "--sha256: '%.80s' is not 64 hexadecimal digits",
                       p->args->sha256);
    p->files[0].sha256 = p->sha256;
    return true;
}

void plan_sums_release(struct plan *p)
{
    free(p->sums);
    free(p->sums_text);
    free(p->sha256);
}
