#include <dogs/timer.h>
#include <dogs/when.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASK_COMMAND_MAX = 260 };

const char *timer_kind_name(enum timer_kind kind)
{
    static const char *const names[] = {[TIMER_NONE] = "none",
                                        [TIMER_SYSTEMD] = "systemd",
                                        [TIMER_CRON] = "cron",
                                        [TIMER_LAUNCHD] = "launchd",
                                        [TIMER_TASKS] = "tasks"};
    return names[kind];
}

/* No scheduler's file can hold these in one word. */
static bool words_ok(const struct timer_opts *o, struct err *e)
{
    for (size_t i = 0; o->argv[i]; i++)
        if (strpbrk(o->argv[i], "\r\n"))
            return err_set(e, ERR_CONFIG, "a path with a line break in it cannot be scheduled");
    for (size_t i = 0; o->env && o->env[i]; i++)
        if (strpbrk(o->env[i], "\r\n"))
            return err_set(e, ERR_CONFIG, "%.40s: a value with a line break cannot be scheduled",
                           o->env[i]);
    return true;
}

static bool whole(const struct str *s, struct err *e)
{
    return !s->full || err_set(e, ERR_CONFIG, "too long for a scheduler's entry");
}

/* --- systemd --- */

/* systemd.service(5): quotes and backslashes, and % and $ of its own. */
static void add_systemd_word(struct str *out, const char *word, bool command)
{
    str_add(out, "\"");
    for (const char *p = word; *p; p++) {
        if (*p == '"' || *p == '\\')
            str_add(out, "\\");
        if (*p == '%' || (*p == '$' && command))
            str_addn(out, p, 1);
        str_addn(out, p, 1);
    }
    str_add(out, "\"");
}

bool timer_systemd_service(const struct timer_opts *o, struct str *out, struct err *e)
{
    if (!words_ok(o, e))
        return false;
    str_addf(out, "[Unit]\nDescription=%s\n\n[Service]\nType=oneshot\n", o->what);
    for (size_t i = 0; o->env && o->env[i]; i++) {
        str_add(out, "Environment=");
        add_systemd_word(out, o->env[i], false);
        str_add(out, "\n");
    }
    str_add(out, "ExecStart=");
    for (size_t i = 0; o->argv[i]; i++) {
        str_add(out, i ? " " : "");
        add_systemd_word(out, o->argv[i], true);
    }
    str_add(out, "\n");
    return whole(out, e);
}

void timer_systemd_timer(const struct timer_opts *o, struct str *out)
{
    str_addf(out,
             "[Unit]\nDescription=%s\n\n[Timer]\nOnCalendar=*-*-* *:00/%d:00 UTC\n"
             "AccuracySec=1s\n\n[Install]\nWantedBy=timers.target\n",
             o->what, o->every_min);
}

/* --- cron --- */

static void add_shell_word(struct str *out, const char *word)
{
    str_add(out, "'");
    for (const char *p = word; *p; p++) {
        if (*p == '\'')
            str_add(out, "'\\''");
        else if (*p == '%') /* a line break to cron, whatever the quotes */
            str_add(out, "\\%");
        else
            str_addn(out, p, 1);
    }
    str_add(out, "'");
}

bool timer_cron_line(const struct timer_opts *o, struct str *out, struct err *e)
{
    if (!words_ok(o, e))
        return false;
    /* Whole hours of a zone's offset are all that cron's clock can differ in, or a quarter. */
    if (o->every_min == 1)
        str_add(out, "* * * * *");
    else
        str_addf(out, "*/%d * * * *", o->every_min);
    for (size_t i = 0; o->env && o->env[i]; i++) {
        size_t name = strcspn(o->env[i], "=");
        str_addf(out, " %.*s=", (int)name, o->env[i]);
        add_shell_word(out, o->env[i] + name + (o->env[i][name] == '='));
    }
    for (size_t i = 0; o->argv[i]; i++) {
        str_add(out, " ");
        add_shell_word(out, o->argv[i]);
    }
    str_add(out, " >/dev/null 2>&1\n");
    return whole(out, e);
}

static const char *find_line(const char *table, const char *line)
{
    size_t len = strlen(line);
    for (const char *p = table; p && *p; p = strchr(p, '\n'), p += p != NULL)
        if (strncmp(p, line, len) == 0 && (p[len] == '\n' || !p[len]))
            return p;
    return NULL;
}

static const char *line_end(const char *p)
{
    const char *end = strchr(p, '\n');
    return end ? end + 1 : p + strlen(p);
}

static int cron_every(const char *line)
{
    int n = 0;
    if (*line == '*' && line[1] == ' ')
        return 1;
    return sscanf(line, "*/%d ", &n) == 1 ? n : 0;
}

bool timer_cron_edit(const char *table, const char *name, const char *line, struct str *out,
                     bool *had, int *every_min, struct err *e)
{
    char *first =
        xasprintf("# >>> %s: made by dogs, which replaces what is between these lines", name);
    char *last = xasprintf("# <<< %s", name);
    const char *begin = find_line(table, first), *end = find_line(table, last);
    const char *again = begin ? find_line(line_end(begin), first) : NULL;
    size_t len = strlen(table);
    bool ok = (begin != NULL) == (end != NULL) && (!begin || begin < end) && !again &&
              (!end || !find_line(line_end(end), last));
    *had = begin != NULL;
    *every_min = ok && begin ? cron_every(line_end(begin)) : 0;
    if (!ok) {
        err_set(e, ERR_CONFIG, "the lines of %s in the crontab are not whole", name);
        err_hint(e,
                 "look with `crontab -e`, and take out what begins with '# >>> %s' and "
                 "'# <<< %s' with what is between",
                 name, name);
        goto out;
    }
    str_addn(out, table, begin ? (size_t)(begin - table) : len);
    if (line) {
        if (out->len && out->p[out->len - 1] != '\n')
            str_add(out, "\n");
        str_addf(out, "%s\n%s%s\n", first, line, last);
    }
    if (begin)
        str_add(out, line_end(end));
    ok = whole(out, e);
out:
    free(first);
    free(last);
    return ok;
}

/* --- XML: launchd and Task Scheduler --- */

static void add_xml(struct str *out, const char *text)
{
    static const struct {
        char c;
        const char *as;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};
    for (const char *p = text; *p; p++) {
        const char *as = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            if (*p == entities[i].c)
                as = entities[i].as;
        if (as)
            str_add(out, as);
        else
            str_addn(out, p, 1);
    }
}

static void add_element(struct str *out, const char *name, const char *text)
{
    str_addf(out, "<%s>", name);
    add_xml(out, text);
    str_addf(out, "</%s>\n", name);
}

bool timer_launchd_agent(const struct timer_opts *o, struct str *out, struct err *e)
{
    if (!words_ok(o, e))
        return false;
    str_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                 "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
                 "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
                 "<plist version=\"1.0\">\n<dict>\n<key>Label</key>\n");
    add_element(out, "string", o->name);
    str_add(out, "<key>ProgramArguments</key>\n<array>\n");
    for (size_t i = 0; o->argv[i]; i++)
        add_element(out, "string", o->argv[i]);
    str_add(out, "</array>\n");
    if (o->env && o->env[0])
        str_add(out, "<key>EnvironmentVariables</key>\n<dict>\n");
    for (size_t i = 0; o->env && o->env[i]; i++) {
        size_t name = strcspn(o->env[i], "=");
        char *key = xstrndup(o->env[i], name);
        add_element(out, "key", key);
        add_element(out, "string", o->env[i] + name + (o->env[i][name] == '='));
        free(key);
    }
    if (o->env && o->env[0])
        str_add(out, "</dict>\n");
    str_add(out, "<key>StartCalendarInterval</key>\n<array>\n");
    for (int minute = 0; minute < 60; minute += o->every_min)
        str_addf(out, "<dict><key>Minute</key><integer>%d</integer></dict>\n", minute);
    str_add(out, "</array>\n</dict>\n</plist>\n");
    return whole(out, e);
}

/* One argument as CommandLineToArgvW and the C runtime take it apart. */
static void add_windows_word(struct str *out, const char *word)
{
    size_t slashes = 0;
    str_add(out, "\"");
    for (const char *p = word; *p; p++) {
        slashes = *p == '\\' ? slashes + 1 : slashes;
        if (*p == '"')
            for (slashes++; slashes; slashes--)
                str_add(out, "\\");
        if (*p != '\\')
            slashes = 0;
        str_addn(out, p, 1);
    }
    for (; slashes; slashes--)
        str_add(out, "\\");
    str_add(out, "\"");
}

static void add_triggers(struct str *out, const struct timer_opts *o, bool wake, int64_t now)
{
    char from[WHEN_TEXT];
    str_add(out, "<Triggers>\n");
    for (size_t i = 0; wake && i < o->n_wakes && i < TIMER_MAX_WAKES; i++) {
        when_to_iso(o->wakes[i], from);
        str_addf(out,
                 "<TimeTrigger><Enabled>true</Enabled><StartBoundary>%s</StartBoundary>"
                 "</TimeTrigger>\n",
                 from);
    }
    /* From a whole hour that is past on, for ever. */
    when_to_iso(now / 3600 * 3600, from);
    if (!wake)
        str_addf(out,
                 "<TimeTrigger><Enabled>true</Enabled><StartBoundary>%s</StartBoundary>"
                 "<Repetition><Interval>PT%dM</Interval>"
                 "<StopAtDurationEnd>false</StopAtDurationEnd></Repetition></TimeTrigger>\n",
                 from, o->every_min);
    str_add(out, "</Triggers>\n");
}

/* By Microsoft's Task Scheduler Schema, which orders what stands in a trigger and lets a program's
 * path have 260 characters. The defaults of the settings would not start on battery, end when it is
 * unplugged, and let a second run begin beside the first. */
bool timer_task_xml(const struct timer_opts *o, bool wake, int64_t now, struct str *out,
                    struct err *e)
{
    struct str arguments = STR(8192);
    if (!words_ok(o, e))
        return false;
    if (strlen(o->argv[0]) > TASK_COMMAND_MAX)
        return err_set(e, ERR_CONFIG,
                       "Task Scheduler takes no program whose path is longer than "
                       "%d characters",
                       TASK_COMMAND_MAX);
    for (size_t i = 1; o->argv[i]; i++) {
        str_add(&arguments, i > 1 ? " " : "");
        add_windows_word(&arguments, o->argv[i]);
    }
    str_add(out, "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\n"
                 "<Task version=\"1.3\" "
                 "xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\n"
                 "<RegistrationInfo>\n");
    add_element(out, "Description", o->what);
    str_add(out, "</RegistrationInfo>\n");
    add_triggers(out, o, wake, now);
    str_addf(out,
             "<Principals><Principal id=\"Author\"><LogonType>InteractiveToken</LogonType>"
             "<RunLevel>LeastPrivilege</RunLevel></Principal></Principals>\n"
             "<Settings>\n<MultipleInstancesPolicy>%s</MultipleInstancesPolicy>\n"
             "<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>\n"
             "<StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>\n"
             "<AllowHardTerminate>true</AllowHardTerminate>\n"
             "<StartWhenAvailable>true</StartWhenAvailable>\n"
             "<RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>\n"
             "<Enabled>true</Enabled>\n<Hidden>false</Hidden>\n"
             "<WakeToRun>%s</WakeToRun>\n<ExecutionTimeLimit>PT6H</ExecutionTimeLimit>\n"
             "</Settings>\n<Actions Context=\"Author\"><Exec>\n",
             "IgnoreNew", wake ? "true" : "false");
    add_element(out, "Command", o->argv[0]);
    add_element(out, "Arguments", str_text(&arguments));
    str_add(out, "</Exec></Actions>\n</Task>\n");
    bool ok = whole(&arguments, e) && whole(out, e);
    str_release(&arguments);
    return ok;
}
