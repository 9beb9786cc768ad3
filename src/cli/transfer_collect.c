/* What -r stands for: the files below an address there, or below a folder here. */
#include "report.h"
#include "transfer_plan.h"
#include <dogs/file.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct collect {
    struct plan *plan;
    const struct remote *remote;
    const char *base;   /* of addresses */
    const char *folder; /* here */
    size_t seen;
};

char *plan_address_below(const struct remote *remote, const char *base, const char *name)
{
    size_t len = strlen(base);
    bool root = !len && strcmp(remote->type, "dropbox") == 0;
    struct str out = STR(64 * 1024);
    str_addf(&out, "%s%s", base, root || (len && base[len - 1] != '/') ? "/" : "");
    if (strcmp(remote->type, "http") == 0)
        place_add_encoded(&out, name);
    else
        str_add(&out, name);
    return str_take(&out);
}

/* Much can lie there, and it comes page by page. */
static void tell(const struct collect *c)
{
    char line[256];
    snprintf(line, sizeof line, "%zu files found", c->seen);
    progress_line(c->plan->cli, line);
}

static bool take_entry(void *ctx, const struct transfer_entry *entry, struct err *e)
{
    struct collect *c = ctx;
    struct err why = {0};
    size_t len = strlen(entry->name);
    c->seen++;
    tell(c);
    /* What consoles of S3 make to show an empty folder. */
    bool mark = !len || (entry->name[len - 1] == '/' && entry->size <= 0);
    if (mark || !plan_wants(c->plan, entry->name))
        return true;
    struct planned f = {.remote = c->remote, .size = entry->size};
    f.address = xasprintf("%s%s", c->base, entry->name);
    f.below = plan_folder(c->plan, c->folder);
    if (transfer_name_ok(entry->name, &why)) {
        f.path = plan_join(c->folder, entry->name);
    } else {
        char *safe = transfer_name_safe(entry->name);
        f.path = plan_join(c->folder, safe);
        f.refused = xstrdup(why.text);
        f.no_path = true;
        free(safe);
    }
    return plan_add(c->plan, &f, e);
}

bool plan_list(struct plan *p, const struct remote *remote, const char *address, const char *folder,
               struct err *e)
{
    bool s3 = strcmp(remote->type, "s3") == 0;
    struct collect c = {.plan = p, .remote = remote, .folder = folder};
    size_t len = strlen(address);
    if (strcmp(remote->type, "http") == 0) {
        err_set(e, ERR_USAGE, "-r: a web server does not list what it has");
        return err_hint(e, "name the files, or write them into --spec FILE");
    }
    while (len && address[len - 1] == '/')
        len--;
    char *base = xasprintf("%.*s/", (int)len, address);
    char *prefix = xstrndup(base, len + s3);
    c.base = base;
    bool ok =
        plan_net(p, e) && transfer_list(p->net, remote, prefix, take_entry, &c, p->cli->cancel, e);
    progress_end(p->cli);
    if (!ok)
        err_wrap(e, "look what is below %s:%s", remote->name, address);
    else if (!c.seen)
        ok = err_set(e, ERR_FAILED, "there is nothing below %s:%s", remote->name, prefix);
    free(base);
    free(prefix);
    return ok;
}

static bool take_file(void *ctx, const char *relative, const struct file_info *info, struct err *e)
{
    struct collect *c = ctx;
    if (cancel_is(c->plan->cli->cancel))
        return err_set(e, ERR_INTERRUPTED, "interrupted before anything was moved");
    c->seen++;
    tell(c);
    if (!plan_wants(c->plan, relative))
        return true;
    return plan_add(c->plan,
                    &(struct planned){
                        .remote = c->remote,
                        .address = plan_address_below(c->remote, c->base, relative),
                        .path = plan_join(c->folder, relative),
                        .size = info->size,
                    },
                    e);
}

bool plan_walk(struct plan *p, const char *folder, const struct remote *remote, const char *address,
               struct err *e)
{
    struct collect c = {.plan = p, .remote = remote, .base = address, .folder = folder};
    size_t left_out = 0;
    bool ok = file_walk(folder, take_file, &c, &left_out, e);
    progress_end(p->cli);
    p->left_out += left_out;
    return ok;
}
