/* schedule_view: what the files of `dogs schedule` share. */
#ifndef DOGS_CLI_SCHEDULE_VIEW_H
#define DOGS_CLI_SCHEDULE_VIEW_H

#include "report.h"
#include <dogs/schedule.h>
#include <dogs/timer.h>

struct upcoming {
    const struct due *due;
    struct zone *zone;
    struct occurrence next;
    int offset_before_s;
};

/* The rules of `due` with their next runs after t. */
bool upcoming_make(const struct due *due, size_t n, int64_t t, struct upcoming *up, struct err *e);
/* The earliest of all, NULL if none comes any more; *o is it, and the rule moves on behind it. */
const struct upcoming *upcoming_take(struct upcoming *up, size_t n, struct occurrence *o,
                                     int *offset_before_s);
void upcoming_release(struct upcoming *up, size_t n);

bool schedule_show_next(struct cli *cli, const char *after, size_t count, struct err *e);
bool schedule_show_list(struct cli *cli, struct err *e);
void schedule_put_place(struct cli *cli, const struct timer_place *at);

/* cmd_schedule.c */
int64_t schedule_now(void);
void schedule_entry_name(const struct cli *cli, char out[TIMER_NAME]);
/* The server named behind the sub-command, NULL = all. */
bool schedule_wanted(const struct cli *cli, const char **server, struct err *e);
bool schedule_no_rules(const struct cli *cli, struct err *e);

#endif
