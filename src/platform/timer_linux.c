/* A timer of the user's systemd where that answers, else a line in the user's crontab. */
#include <dogs/os.h>
#include <dogs/timer.h>
#include <dogs/work.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ASK_MS = 20000 };

char *timer_program(void)
{
    return realpath("/proc/self/exe", NULL);
}

char *timer_full_path(const char *path)
{
    return realpath(path, NULL);
}

static char *unit_dir(void)
{
    const char *config = os_env("XDG_CONFIG_HOME"), *home = os_env("HOME");
    if (config)
        return os_path_join(config, "systemd/user");
    return home ? os_path_join(home, ".config/systemd/user") : NULL;
}

static char *unit_path(const char *name, const char *ending)
{
    char *dir = unit_dir(), *file = xasprintf("%s%s", name, ending);
    char *path = dir ? os_path_join(dir, file) : NULL;
    free(dir);
    free(file);
    return path;
}

/* What a command prints of either kind, and how it ends: os_run keeps the words of those only that
 * end well. FAILED with its first line. */
static bool run_said(const char *command, struct str *said, struct err *e)
{
    char *all = xasprintf("LC_ALL=C %s 2>&1; printf '\\n%%d' $?", command);
    bool ran = os_run(all, ASK_MS, said->max, said, e);
    free(all);
    char *end = ran ? strrchr(said->p, '\n') : NULL;
    if (!end)
        return !ran ? false : err_set(e, ERR_FAILED, "%s told nothing", command);
    bool ok = strcmp(end, "\n0") == 0;
    *end = '\0';
    said->len = (size_t)(end - said->p);
    return ok || err_set(e, ERR_FAILED, "%s: %.*s", command, (int)strcspn(said->p, "\n"), said->p);
}

static bool systemctl(const char *what, struct err *e)
{
    char *command = xasprintf("systemctl --user --no-ask-password %s", what);
    struct str said = STR(4096);
    bool ok = run_said(command, &said, e);
    str_release(&said);
    free(command);
    return ok;
}

static bool systemd_there(void)
{
    struct err ignored = {0};
    return systemctl("show --property=Version", &ignored);
}

static void say_lingering(struct timer_place *out)
{
    const struct passwd *me = getpwuid(geteuid());
    char *file = xasprintf("/var/lib/systemd/linger/%s", me ? me->pw_name : "");
    if (!me || !os_exists(file))
        snprintf(out->lacks, sizeof out->lacks,
                 "lingering is off: it runs only while you are logged in on this computer; "
                 "`loginctl enable-linger` changes that");
    free(file);
}

static bool systemd_look(const char *name, struct timer_place *out, struct err *e)
{
    char *path = unit_path(name, ".timer");
    struct str text = STR(8192);
    struct err why = {0};
    bool found = path && os_read_file(path, 8192, &text, &why);
    const char *calendar = found ? strstr(str_text(&text), "*:00/") : NULL;
    if (found) {
        out->kind = TIMER_SYSTEMD;
        out->every_min = calendar ? atoi(calendar + 5) : 0;
        str_copy(out->where, sizeof out->where, path);
        say_lingering(out);
        char *active = xasprintf("is-active --quiet '%s.timer'", name);
        struct err ignored = {0};
        if (!systemctl(active, &ignored))
            snprintf(out->lacks, sizeof out->lacks,
                     "systemd does not run it now; `dogs schedule add` puts that right");
        free(active);
    }
    str_release(&text);
    free(path);
    if (!found && why.code && why.code != ERR_NOT_FOUND) {
        *e = why;
        return false;
    }
    return true;
}

static bool write_unit(const char *name, const char *ending, const struct str *text, struct err *e)
{
    char *dir = unit_dir(), *path = unit_path(name, ending);
    bool ok = path ? os_mkdirs(dir, e) && os_replace_file(path, str_text(text), text->len, e)
                   : err_set(e, ERR_FAILED, "there is no $HOME for systemd's units");
    free(dir);
    free(path);
    return ok;
}

static bool systemd_remove(const char *name, struct err *e)
{
    char *stop = xasprintf("disable --now '%s.timer'", name);
    char *forget = xasprintf("reset-failed '%s.timer' '%s.service'", name, name);
    char *timer = unit_path(name, ".timer"), *service = unit_path(name, ".service");
    char *dir = unit_dir();
    struct err ignored = {0};
    /* Without a manager that runs, the link that `enable` made is all that there is to take out. */
    bool told = systemctl(stop, &ignored);
    char *link = xasprintf("%s/timers.target.wants/%s.timer", dir, name);
    bool ok = os_remove_file(link, e) && os_remove_file(timer, e) && os_remove_file(service, e);
    if (ok && told) {
        systemctl("daemon-reload", &ignored);
        systemctl(forget, &ignored);
    }
    /* Folders that are empty now; those that hold anything stay. */
    char *wants = os_path_join(dir, "timers.target.wants"), *above = os_path_dir(dir);
    rmdir(wants);
    rmdir(dir);
    rmdir(above);
    free(wants);
    free(above);
    free(link);
    free(dir);
    free(timer);
    free(service);
    free(stop);
    free(forget);
    return ok;
}

static bool systemd_add(const struct timer_opts *o, struct err *e)
{
    struct str service = STR(TIMER_MAX_TEXT), timer = STR(TIMER_MAX_TEXT);
    char *start = xasprintf("enable '%s.timer'", o->name);
    char *restart = xasprintf("restart '%s.timer'", o->name);
    timer_systemd_timer(o, &timer);
    struct err ignored = {0};
    bool ok = timer_systemd_service(o, &service, e) &&
              write_unit(o->name, ".service", &service, e) &&
              write_unit(o->name, ".timer", &timer, e) && systemctl("daemon-reload", e) &&
              systemctl(start, e) && systemctl(restart, e);
    if (!ok)
        systemd_remove(o->name, &ignored);
    free(start);
    free(restart);
    str_release(&service);
    str_release(&timer);
    return ok || err_wrap(e, "systemd") ||
           err_hint(e, "log in to a session of your own (not by su or sudo), or add --with cron");
}

/* --- cron --- */

/* Only what says that there is none counts as none: a table that could not be read must not be
 * replaced by ours alone. */
static bool cron_read(struct str *table, struct err *e)
{
    struct err why = {0};
    if (run_said("crontab -l", table, &why))
        return !table->full || err_set(e, ERR_FAILED, "the crontab is too long");
    bool none = str_has(str_text(table), "no crontab for");
    str_clear(table);
    if (!none)
        *e = why;
    return none;
}

static bool cron_write(const char *table, struct err *e)
{
    char template[] = "/tmp/dogs-crontab-XXXXXX";
    struct str said = STR(4096);
    struct err ignored;
    int fd = *table ? mkstemp(template) : -1;
    bool ok = true;
    if (*table && fd < 0)
        ok = err_set(e, ERR_IO, "no temporary file can be made in /tmp");
    if (fd >= 0) {
        close(fd);
        ok = os_replace_file(template, table, strlen(table), e);
    }
    char *command = xasprintf("crontab %s", *table ? template : "-r");
    ok = ok && run_said(command, &said, e);
    if (fd >= 0)
        os_remove_file(template, &ignored);
    str_release(&said);
    free(command);
    return ok;
}

static bool cron_there(void)
{
    struct str said = STR(1024);
    struct err ignored = {0};
    bool there = run_said("command -v crontab", &said, &ignored);
    str_release(&said);
    return there;
}

/* line NULL: takes ours out. *had: they were there. */
static bool cron_set(const char *name, const char *line, bool only_look, struct timer_place *out,
                     struct err *e)
{
    struct str table = STR(TIMER_MAX_TEXT), edited = STR(2 * TIMER_MAX_TEXT);
    bool had = false;
    int every = 0;
    bool ok = cron_read(&table, e) &&
              timer_cron_edit(str_text(&table), name, line, &edited, &had, &every, e);
    if (ok && !only_look && (line || had))
        ok = cron_write(str_text(&edited), e);
    /* cron looks at the time of the change in whole seconds: one that comes in the second in which
     * it has just looked is never seen. Written again a second later, it is. */
    if (ok && line && !cancel_sleep(NULL, 1100))
        ok = cron_write(str_text(&edited), e);
    if (ok && (had || line)) {
        out->kind = TIMER_CRON;
        out->every_min = every;
        str_copy(out->where, sizeof out->where, "the crontab (`crontab -l`)");
    }
    str_release(&table);
    str_release(&edited);
    return ok;
}

/* --- */

bool timer_look(const char *name, struct timer_place *out, struct err *e)
{
    *out = (struct timer_place){.kind = TIMER_NONE};
    if (!systemd_look(name, out, e))
        return false;
    return out->kind || !cron_there() || cron_set(name, NULL, true, out, e);
}

bool timer_remove(const char *name, struct timer_place *was, struct err *e)
{
    struct timer_place cron = {.kind = TIMER_NONE};
    *was = cron;
    if (!systemd_look(name, was, e) || (was->kind && !systemd_remove(name, e)))
        return false;
    if (cron_there() && !cron_set(name, NULL, false, &cron, e))
        return false;
    if (!was->kind)
        *was = cron;
    return true;
}

bool timer_add(const struct timer_opts *o, const char *kind, struct timer_place *out, struct err *e)
{
    bool systemd = kind ? strcmp(kind, "systemd") == 0 : systemd_there();
    struct timer_place was;
    struct str line = STR(TIMER_MAX_TEXT);
    if (kind && !systemd && strcmp(kind, "cron") != 0)
        return err_set(e, ERR_USAGE, "no scheduler '%s' here; there are systemd and cron", kind);
    if (!systemd && !cron_there()) {
        err_set(e, ERR_FAILED, "neither the user's systemd answers nor is there a crontab");
        return err_hint(e, "install cron, or log in to a session of your own (not by su or sudo)");
    }
    *out = (struct timer_place){.kind = TIMER_NONE};
    /* What was there of the other kind would do everything a second time. */
    bool ok = timer_remove(o->name, &was, e);
    if (ok && systemd)
        ok = systemd_add(o, e) && systemd_look(o->name, out, e);
    else if (ok)
        ok = timer_cron_line(o, &line, e) && cron_set(o->name, str_text(&line), false, out, e);
    out->every_min = o->every_min;
    str_release(&line);
    return ok;
}
