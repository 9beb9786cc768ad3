/* An agent of launchd: runs while the user is logged in, and once after a sleep for all that was
 * missed. */
#include <dogs/os.h>
#include <dogs/timer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ASK_MS = 20000 };

char *timer_program(void)
{
    char *dir = os_exe_dir();
    char *path = dir ? os_path_join(dir, "dogs") : NULL;
    free(dir);
    return path;
}

char *timer_full_path(const char *path)
{
    return realpath(path, NULL);
}

static char *agent_path(const char *name)
{
    const char *home = os_env("HOME");
    return home ? xasprintf("%s/Library/LaunchAgents/%s.plist", home, name) : NULL;
}

static bool launchctl(const char *what, const char *name, struct err *e)
{
    char *command = xasprintf("launchctl %s gui/%d%s%s 2>&1", what, (int)getuid(), name, "");
    struct str said = STR(1024);
    bool ok = os_run(command, ASK_MS, 1024, &said, e);
    if (!ok && said.len)
        err_wrap(e, "%.*s", (int)strcspn(str_text(&said), "\n"), str_text(&said));
    str_release(&said);
    free(command);
    return ok;
}

bool timer_look(const char *name, struct timer_place *out, struct err *e)
{
    char *path = agent_path(name);
    struct str text = STR(TIMER_MAX_TEXT);
    struct err why = {0};
    *out = (struct timer_place){.kind = TIMER_NONE};
    bool found = path && os_read_file(path, TIMER_MAX_TEXT, &text, &why);
    if (found) {
        out->kind = TIMER_LAUNCHD;
        str_copy(out->where, sizeof out->where, path);
        int times = 0;
        for (const char *p = str_text(&text); (p = strstr(p, "<key>Minute</key>")); p++)
            times++;
        out->every_min = times ? 60 / times : 0;
    }
    str_release(&text);
    free(path);
    if (!found && why.code && why.code != ERR_NOT_FOUND) {
        *e = why;
        return false;
    }
    return true;
}

bool timer_remove(const char *name, struct timer_place *was, struct err *e)
{
    struct err ignored = {0};
    if (!timer_look(name, was, e))
        return false;
    if (!was->kind)
        return true;
    char *target = xasprintf("/%s", name);
    launchctl("bootout", target, &ignored);
    free(target);
    return os_remove_file(was->where, e);
}

bool timer_add(const struct timer_opts *o, const char *kind, struct timer_place *out, struct err *e)
{
    if (kind && strcmp(kind, "launchd") != 0)
        return err_set(e, ERR_USAGE, "no scheduler '%s' here; there is launchd", kind);
    struct str text = STR(TIMER_MAX_TEXT);
    char *path = agent_path(o->name), *dir = path ? os_path_dir(path) : NULL;
    char *target = xasprintf(" '%s'", path ? path : "");
    struct timer_place was;
    struct err ignored = {0};
    bool ok = path ? timer_launchd_agent(o, &text, e) && timer_remove(o->name, &was, e) &&
                         os_mkdirs(dir, e) && os_replace_file(path, str_text(&text), text.len, e)
                   : err_set(e, ERR_FAILED, "there is no $HOME for launchd's agents");
    if (ok && !launchctl("bootstrap", target, e)) {
        os_remove_file(path, &ignored);
        ok = err_wrap(e, "launchd");
    }
    ok = ok && timer_look(o->name, out, e);
    str_release(&text);
    free(path);
    free(dir);
    free(target);
    return ok;
}
