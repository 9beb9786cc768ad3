/* schedule: when a server's rules stop and start it, and what is to be done about that now.
 *
 * The system's own scheduler wakes `dogs schedule run` every few minutes (schedule_every_min), on
 * the minute. So zones, daylight saving, missed runs and looking again are decided here alone and
 * alike everywhere, and the system's scheduler needs to know of none of them. A run with nothing
 * due reads the configuration and some small files and ends.
 *
 *     schedule_look(cfg, NULL, now, &due, &n, &e)       no network
 *     for each that has something to do: schedule_act(core, &due[i], &text, &e)
 *
 * A local time that is skipped when clocks are put forward comes at the first instant after; one
 * that comes twice comes once, the first. What was done is kept in <state>/<server>.schedule, under
 * a lock. The cloud is asked before anything is done late: a server that was started after its stop
 * was due is left alone. Two computers with the same rules do no harm: a stop of what is stopped,
 * and a start of what runs, do nothing.
 */
#ifndef DOGS_SCHEDULE_H
#define DOGS_SCHEDULE_H

#include <dogs/core.h>
#include <dogs/zone.h>

enum {
    SCHEDULE_PUNCTUAL_S = 20 * 60, /* later than that it was missed */
    SCHEDULE_FRESH_S = 60,         /* a rule that is seen for the first time is so old at most */
};

/* Pure */

struct occurrence {
    int64_t at;    /* Unix seconds; 0 = never */
    int64_t local; /* what the clocks show then, as if it were UTC */
    enum zone_local how;
    int offset_s;
};
/* The first after t, and the last at or before t. */
struct occurrence rule_next(const struct zone *z, const struct rule_cfg *r, int64_t t);
struct occurrence rule_last(const struct zone *z, const struct rule_cfg *r, int64_t t);
/* "stop at 02:00 on fri, sat (Europe/Berlin) unless somebody plays" */
void rule_text(const struct rule_cfg *r, struct str *out);
/* What is special about an occurrence, given the one before it: "" or "02:30 is skipped that night:
 * at 03:00, when clocks go forward". */
void occurrence_note(const struct rule_cfg *r, const struct occurrence *o, int offset_before_s,
                     struct str *out);

/* What is remembered of a rule. */
enum record_state {
    RECORD_NONE,
    RECORD_BEGUN,   /* its run may have been cut short */
    RECORD_WAITING, /* somebody played: look again at look_at */
    RECORD_FAILED,  /* it is tried again */
    RECORD_DONE,
    RECORD_SKIPPED,
};
const char *record_state_name(enum record_state s);
struct record {
    int64_t since; /* the rule is known; what came before does not count */
    int64_t at;    /* the occurrence that the rest tells of */
    enum record_state state;
    int64_t look_at;
    char text[256];
};

enum due_what { DUE_NOTHING, DUE_RUN, DUE_LATER, DUE_SKIP };
struct verdict {
    enum due_what what;
    struct occurrence last;
    bool late;       /* ask the cloud first whether it still makes sense */
    const char *why; /* DUE_SKIP: "it was missed …" */
};
/* The rules of one server together: what a later rule has overtaken is skipped. out has n. */
void schedule_judge(const struct rule_cfg *rules, const struct zone *const *zones,
                    const struct record *records, size_t n, int64_t now, struct verdict *out);

/* How often the scheduler must look so that every rule's time is met exactly: 15, 5, 3 or 1. */
int schedule_every_min(const struct config *cfg);

/* The zone of a rule, "" being this computer's. Yours to zone_free. */
bool rule_zone(const struct rule_cfg *r, struct zone **out, struct err *e);

/* With the files of the state folder */

struct due {
    const struct server_cfg *server; /* lent by the config */
    const struct rule_cfg *rule;
    struct verdict verdict;
    struct record record;
};
/* Every rule of the servers (or of one), whether or not there is something to do about it. Array
 * yours to free. A rule that is seen for the first time is remembered from now on if `remember`. */
bool schedule_look(const struct config *cfg, const char *server, int64_t now, bool remember,
                   struct due **out, size_t *n, struct err *e);
/* Does it: DUE_RUN (core is needed) or DUE_SKIP; judged again under the lock. *state: what became
 * of it, text says it. False if it failed: it is tried again at the next look, within its window.
 * GUARD if another run holds the server's schedule. */
bool schedule_act(struct core *core, const struct config *cfg, const struct due *d, int64_t now,
                  enum record_state *state, struct str *text, struct err *e);
/* Forgets what is remembered of every server: for `schedule remove`. */
bool schedule_forget(const struct config *cfg, struct err *e);

#endif
