#include "stay.h"
#include "engine.h"
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 64, MIN_S = 60 };

static char *path_of(const char *dir, const char *server)
{
    char *name = xasprintf("%s.stay", server);
    char *path = os_path_join(dir, name);
    free(name);
    return path;
}

int64_t stay_until(const char *dir, const char *server, int64_t now)
{
    char *path = path_of(dir, server);
    struct str text = {0};
    struct err ignored = {0};
    int64_t until = 0;

    if (os_read_file(path, MAX_FILE, &text, &ignored)) {
        char *line = xstrndup(str_text(&text), strcspn(str_text(&text), "\r\n"));
        if (!str_int64(line, 0, INT64_MAX, &until))
            until = 0;
        free(line);
        str_release(&text);
    }
    free(path);
    return until > now && until - now <= CORE_STAY_MAX_S ? until : 0;
}

bool stay_set(const char *dir, const char *server, int64_t until, struct err *e)
{
    char *path = path_of(dir, server), text[32];
    bool ok;

    snprintf(text, sizeof text, "%lld\n", (long long)until);
    if (until)
        ok = os_mkdirs(dir, e) && os_replace_file(path, text, strlen(text), e);
    else
        ok = os_remove_file(path, e);
    free(path);
    return ok || err_wrap(e, "note the wish that %s stays", server);
}

bool core_stay(struct core *core, const char *server, int64_t seconds, int64_t *until,
               struct err *e)
{
    const struct server_cfg *srv;
    struct droplet *list;
    char tag[TAG_MAX];
    size_t n;

    *until = 0;
    if (!config_need_server(core->cfg, server, &srv, e))
        return false;
    if (seconds == 0)
        return stay_set(core->cfg->state_dir, server, 0, e);
    if (seconds < MIN_S || seconds > CORE_STAY_MAX_S) {
        err_set(e, ERR_USAGE, "a stop is put off by 1 minute to %d hours", CORE_STAY_MAX_S / 3600);
        return err_hint(e, "say for example `dogs stay %s 30m`", server);
    }
    server_tag(server, tag);
    if (!cloud_droplets_tagged(core->cloud, tag, &list, &n, e))
        return false;
    free(list);
    if (n == 0) {
        err_set(e, ERR_NOT_FOUND, "%s has no droplet that could stay", server);
        return err_hint(e, "`dogs start %s` makes one", server);
    }
    *until = cloud_now(core->cloud) + seconds;
    return stay_set(core->cfg->state_dir, server, *until, e);
}
