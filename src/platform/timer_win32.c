/* Two tasks of Task Scheduler: NAME looks every few minutes while the computer is awake, NAME-wake
 * wakes it at the instants that are known. Both are made from XML: what /SC and its like say of
 * dates depends on the locale. */
#include "wide_win32.h"
#include <dogs/os.h>
#include <dogs/timer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { ASK_MS = 60000 };

char *timer_program(void)
{
    WCHAR wide[4096];
    DWORD n = GetModuleFileNameW(NULL, wide, 4096);
    return n && n < 4096 ? wide_utf8(wide) : NULL;
}

char *timer_full_path(const char *path)
{
    WCHAR wide[4096], full[4096];
    int given = MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, 4096);
    DWORD n = given > 0 ? GetFullPathNameW(wide, 4096, full, NULL) : 0;
    return n && n < 4096 ? wide_utf8(full) : NULL;
}

static bool schtasks(const char *what, struct str *said, struct err *e)
{
    char *command = xasprintf("schtasks.exe %s", what);
    bool ok = os_run(command, ASK_MS, said->max, said, e);
    free(command);
    return ok;
}

/* UTF-16 with its mark, as schtasks.exe wants it. */
static bool write_wide(const char *path, const struct str *xml, struct err *e)
{
    size_t max = xml->len + 2;
    WCHAR *wide = xcalloc(max, sizeof *wide);
    wide[0] = 0xFEFF;
    int n = MultiByteToWideChar(CP_UTF8, 0, str_text(xml), (int)xml->len, wide + 1, (int)max - 1);
    bool ok = n > 0 ? os_replace_file(path, wide, (size_t)(n + 1) * sizeof *wide, e)
                    : err_set(e, ERR_FAILED, "a path that is no text cannot be scheduled");
    free(wide);
    return ok;
}

static bool create(const struct timer_opts *o, bool wake, struct err *e)
{
    struct str xml = STR(TIMER_MAX_TEXT), said = STR(4096);
    char *dir = os_state_dir();
    char *file = xasprintf("%s%s.xml", o->name, wake ? "-wake" : "");
    char *path = dir ? os_path_join(dir, file) : xstrdup(file);
    char *what = xasprintf("/Create /F /TN %s%s /XML \"%s\"", o->name, wake ? "-wake" : "", path);
    struct err ignored;
    bool ok = (!dir || os_mkdirs(dir, e)) &&
              timer_task_xml(o, wake, os_unix_ms() / 1000, &xml, e) && write_wide(path, &xml, e) &&
              schtasks(what, &said, e);
    os_remove_file(path, &ignored);
    str_release(&xml);
    str_release(&said);
    free(dir);
    free(file);
    free(path);
    free(what);
    return ok || err_wrap(e, "Task Scheduler");
}

/* The task as Task Scheduler has it. The status alone is not believed: Wine's is always 0.
 * *every_min: 0 = not told. */
static bool there(const char *name, const char *ending, int *every_min)
{
    struct str said = STR(TIMER_MAX_TEXT);
    struct err ignored = {0};
    char *what = xasprintf("/Query /TN %s%s /XML 2>nul", name, ending);
    bool found = schtasks(what, &said, &ignored);
    /* It may be written with two bytes for each letter. */
    size_t n = 0;
    for (size_t i = 0; i < said.len; i++)
        if (said.p[i])
            said.p[n++] = said.p[i];
    if (said.p)
        said.p[n] = '\0';
    found = found && strstr(str_text(&said), "<Task");
    const char *interval = found ? strstr(str_text(&said), "<Interval>PT") : NULL;
    *every_min = interval ? atoi(interval + strlen("<Interval>PT")) : 0;
    str_release(&said);
    free(what);
    return found;
}

/* *gone: it was there. What cannot be deleted matters only if it is there still. */
static bool delete_one(const char *name, const char *ending, bool *gone, struct err *e)
{
    struct str said = STR(4096);
    struct err why = {0};
    int ignored;
    char *what = xasprintf("/Delete /F /TN %s%s 2>nul", name, ending);
    bool deleted = schtasks(what, &said, &why);
    *gone = *gone || deleted;
    str_release(&said);
    free(what);
    if (deleted || !there(name, ending, &ignored))
        return true;
    *e = why;
    return err_wrap(e, "Task Scheduler");
}

static void tell(const char *name, struct timer_place *out)
{
    out->kind = TIMER_TASKS;
    snprintf(out->where, sizeof out->where, "Task Scheduler, task %s", name);
    snprintf(out->lacks, sizeof out->lacks,
             "it runs only while you are logged on; a computer that is switched off stops nothing");
}

bool timer_look(const char *name, struct timer_place *out, struct err *e)
{
    (void)e;
    *out = (struct timer_place){.kind = TIMER_NONE};
    if (there(name, "", &out->every_min))
        tell(name, out);
    return true;
}

bool timer_remove(const char *name, struct timer_place *was, struct err *e)
{
    bool gone = false;
    *was = (struct timer_place){.kind = TIMER_NONE};
    if (!delete_one(name, "", &gone, e) || !delete_one(name, "-wake", &gone, e))
        return false;
    if (gone)
        tell(name, was);
    return true;
}

bool timer_add(const struct timer_opts *o, const char *kind, struct timer_place *out, struct err *e)
{
    if (kind && strcmp(kind, "tasks") != 0)
        return err_set(e, ERR_USAGE, "no scheduler '%s' here; there is tasks", kind);
    *out = (struct timer_place){.every_min = o->every_min};
    if (!create(o, false, e) || (o->n_wakes && !create(o, true, e)))
        return false;
    tell(o->name, out);
    return true;
}
