/* timer: has the system's own scheduler run a command every few minutes, for this user.
 *
 *     if (!timer_add(&opts, NULL, &at, &e)) ...     puts it in, or in place of what was there
 *     timer_look("dogs-1a2b3c4d", &at, &e)
 *     timer_remove("dogs-1a2b3c4d", &gone, &e)      no trace of it is left
 *
 * Linux: a timer of the user's systemd, else cron. macOS: a launch agent. Windows: Task Scheduler.
 * The minutes are those of UTC's hours, so zones with odd quarters are met as well.
 */
#ifndef DOGS_TIMER_H
#define DOGS_TIMER_H

#include <dogs/err.h>
#include <dogs/str.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TIMER_NAME = 64, TIMER_MAX_WAKES = 40, TIMER_MAX_TEXT = 256 * 1024 };

struct timer_opts {
    const char *name;       /* [a-z0-9-]+, the same for looking and removing */
    const char *what;       /* one line for people who find it */
    char *const *argv;      /* NULL-terminated; the program by its full path */
    const char *const *env; /* "NAME=value", NULL-terminated; NULL = none. Not on Windows. */
    int every_min;          /* 1 to 30, a divisor of 60: at those minutes of every hour */
    const int64_t *wakes;   /* instants at which a computer that sleeps is woken; ascending */
    size_t n_wakes;         /* at most TIMER_MAX_WAKES; obeyed on Windows alone */
};

enum timer_kind { TIMER_NONE, TIMER_SYSTEMD, TIMER_CRON, TIMER_LAUNCHD, TIMER_TASKS };
const char *timer_kind_name(enum timer_kind kind); /* "systemd" */
struct timer_place {
    enum timer_kind kind; /* TIMER_NONE: it is not there */
    int every_min;        /* 0 = not known */
    char where[512];      /* the file, or the scheduler's own name of it */
    char lacks[512];      /* when it will not run, and what to type; "" */
};

/* kind NULL = the best that this system has; else its name (USAGE if there is none such). */
bool timer_add(const struct timer_opts *opts, const char *kind, struct timer_place *out,
               struct err *e);
bool timer_look(const char *name, struct timer_place *out, struct err *e);
bool timer_remove(const char *name, struct timer_place *was, struct err *e);

/* What an entry needs, since it runs in another folder: this program, and the full path of a file
 * that is there. Yours to free; NULL where the system does not tell. */
char *timer_program(void);
char *timer_full_path(const char *path);

/* Pure: what is written. NAME.service and NAME.timer of systemd, the lines of a crontab, the agent
 * of launchd, the tasks of Task Scheduler (UTF-8; the file is UTF-16). */
bool timer_systemd_service(const struct timer_opts *opts, struct str *out, struct err *e);
void timer_systemd_timer(const struct timer_opts *opts, struct str *out);
bool timer_cron_line(const struct timer_opts *opts, struct str *out, struct err *e);
/* `table` with our lines in place of those that were there, or without them (line NULL); all other
 * bytes stay. *every_min of what was there, *had whether something was. CONFIG if our marks in it
 * are not in order: then nobody knows whose lines are between them. */
bool timer_cron_edit(const char *table, const char *name, const char *line, struct str *out,
                     bool *had, int *every_min, struct err *e);
bool timer_launchd_agent(const struct timer_opts *opts, struct str *out, struct err *e);
/* Every few minutes, or (wake) at the wakes and then waking the computer. now: Unix seconds. */
bool timer_task_xml(const struct timer_opts *opts, bool wake, int64_t now, struct str *out,
                    struct err *e);

#endif
