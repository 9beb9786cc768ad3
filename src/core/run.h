/* run: one verb for one server, from its lock to its end. A run is a list of steps; each step asks
 * the cloud whether it has already happened (observe) and makes it happen if not (run), so doing a
 * run again is harmless. Private to this folder. */
#ifndef CORE_RUN_H
#define CORE_RUN_H

#include "engine.h"
#include "journal.h"
#include "pace.h"
#include "server.h"
#include <dogs/awake.h>
#include <dogs/os.h>

struct site; /* site.h */

struct run {
    struct core *core;
    struct cloud *cloud;
    const struct server_cfg *srv;
    const struct request *req;
    enum verb verb;
    char id[24], tag[TAG_MAX];
    struct journal *journal; /* NULL in a dry run */
    struct last_run last;    /* as the journal was found */
    struct facts f;
    bool resumed;  /* facts come from an earlier process */
    bool begun;    /* the journal knows of this run */
    bool effects;  /* something was, or may have been, changed in the cloud */
    bool changed;  /* by this process */
    bool finished; /* a step found that nothing is left to do */
    const char *step;
    struct account_look look;
    struct server_look mine;
    struct droplet droplet; /* as last seen; id 0 = none */
    int64_t woke_at;        /* the cloud's time after the last sleep of this host; 0 = none */
    int64_t rival;          /* lowest id of other droplets with the tag; 0 = none */
    struct snapshot made;   /* the snapshot of this run as its proof saw it; id 0 = none */
    struct spans *spans;
    struct pace pace;
    long calls_before;
    int64_t end_ms;       /* real time after which waiting ends; 0 = by the work */
    struct awake *awake;  /* held from the first effect or wait on; NULL before */
    int64_t slept_ms;     /* awake_slept_ms when the steps began to look */
    int64_t slept_for_ms; /* since then, as a wait or an intent has found; 0 = not */
    struct facts written; /* f as the journal has it, or as the run began */
    struct site *site;    /* of the step that runs, for its looks */
    int ups;              /* how often in a row it was ready */
    char not_up[256];     /* why it was not */
    char no_archive[256]; /* why the stop went on without one of the world; "" = it did not */
    struct outcome *out;
};

struct step {
    const char *name;  /* in the journal and in events */
    const char *title; /* for people: "shut down" */
    /* Whether the config asks for it at all; where not, nobody hears of it. NULL: always. */
    bool (*wanted)(const struct run *r);
    /* *done = true: it has already happened. NULL: always run. */
    bool (*observe)(struct run *r, bool *done, struct err *e);
    bool (*run)(struct run *r, struct err *e);
    /* What run would send, for a dry run, as events of kind CALL. NULL: run only reads. */
    void (*plan)(struct run *r);
};

bool makes_droplet(enum verb verb); /* create, start, restore */
/* The steps of a verb, ending with a NULL name. steps.c */
const struct step *steps_of(enum verb verb);

bool look_run(struct run *r, struct err *e); /* steps_look.c */
bool look_again(struct run *r, struct err *e);
bool volumes_run(struct run *r, struct err *e);
bool present_run(struct run *r, struct err *e);

bool choose_observe(struct run *r, bool *done, struct err *e); /* steps_choose.c */
bool choose_run(struct run *r, struct err *e);
bool base_run(struct run *r, struct err *e);
bool firewall_observe(struct run *r, bool *done, struct err *e);
bool firewall_run(struct run *r, struct err *e);
void firewall_plan(struct run *r);
bool boot_observe(struct run *r, bool *done, struct err *e); /* steps_boot.c */
bool boot_run(struct run *r, struct err *e);
bool boot_script(struct run *r, struct str *out, struct err *e); /* user data; release it */
/* Looks whether a create without a clear answer made a droplet, until it must have shown. */
bool boot_read_back(struct run *r, struct err *e);
void boot_plan(struct run *r);
bool only_one_run(struct run *r, struct err *e);
bool ready_run(struct run *r, struct err *e); /* steps_game.c */
void ready_plan(struct run *r);
bool run_site(struct run *r, bool tell, struct site *out, struct err *e); /* the droplet's game */

/* --if-empty, just before the machine goes: asked again where archiving took its time. */
bool still_empty(struct run *r, struct err *e);
bool players_observe(struct run *r, bool *done, struct err *e); /* steps_leave.c */
bool players_run(struct run *r, struct err *e);
void players_plan(struct run *r);
bool save_observe(struct run *r, bool *done, struct err *e);
bool save_run(struct run *r, struct err *e);
void save_plan(struct run *r);

bool shutdown_observe(struct run *r, bool *done, struct err *e); /* steps_power.c */
bool shutdown_run(struct run *r, struct err *e);
void shutdown_plan(struct run *r);
bool power_observe(struct run *r, bool *done, struct err *e);
bool power_run(struct run *r, struct err *e);
void power_plan(struct run *r);
bool power_on(struct run *r, struct err *e);
bool boot_wake(struct run *r, struct err *e); /* power_on, unless a stop is under way */

bool snapshot_observe(struct run *r, bool *done, struct err *e); /* steps_snapshot.c */
bool snapshot_run(struct run *r, struct err *e);
void snapshot_plan(struct run *r);

bool prove_observe(struct run *r, bool *done, struct err *e); /* proof.c */
bool prove_run(struct run *r, struct err *e);
void prove_plan(struct run *r);
bool proof_trusts(const struct run *r, const struct snapshot *s);
/* The proof of a snapshot, from one answer about it. */
bool proof_holds(struct run *r, const struct snapshot *s, struct err *e);
/* The gate: everything that must hold at once before a droplet may be destroyed, asked of the cloud
 * anew, the droplet itself last. */
bool gate_open(struct run *r, struct err *e);
bool gate_closed(struct run *r, struct err *e, const char *why); /* says so; false */

bool destroy_observe(struct run *r, bool *done, struct err *e); /* steps_destroy.c */
bool destroy_run(struct run *r, struct err *e);
void destroy_plan(struct run *r);
bool find_proof_run(struct run *r, struct err *e);
bool destroy_duplicate(struct run *r, struct err *e);
/* After a DELETE was sent: waits until the droplet is gone, or TIMEOUT. */
bool destroy_wait(struct run *r, struct err *e);
bool prune_run(struct run *r, struct err *e);
void prune_plan(struct run *r);

bool world_wanted(const struct run *r); /* steps_world.c */
bool world_observe(struct run *r, bool *done, struct err *e);
bool world_run(struct run *r, struct err *e);
void world_plan(struct run *r);
bool archive_run(struct run *r, struct err *e);
bool unarchive_run(struct run *r, struct err *e);
void unarchive_plan(struct run *r);

void run_emit(struct run *r, enum event_kind kind, const char *fmt, ...) PRINTF(3, 4);
void run_took(struct run *r, int64_t elapsed_ms, const char *title); /* a step is done */
int64_t run_now(const struct run *r);                                /* the cloud's Unix seconds */

/* The journal line before an effect, and after it. The first one begins the run in the journal, and
 * ends what was open there: a run that is refused before leaves the journal as it was. */
bool run_intent(struct run *r, struct err *e);
bool run_fact(struct run *r, struct err *e);

/* sleep.c: the computer is kept awake from the first effect or wait on (what was obtained is said
 * once per process). If it slept all the same, nothing that was seen before counts: every wait and
 * every intent fails then (INTERRUPTED) until run_begin_anew has led back to the first step. */
void run_stay_awake(struct run *r);
bool run_rested(struct run *r, struct err *e);
bool run_nap(struct run *r, int64_t ms, struct err *e); /* the cloud's milliseconds */
/* True if that was why the steps failed: they are to be gone through again. */
bool run_begin_anew(struct run *r, struct err *e);
/* Seconds for which something sent at `sent` has had the time to show: not while this host slept,
 * for it may have left only after the sleep. */
int64_t run_since(const struct run *r, int64_t sent);

struct wait {
    const char *key;              /* durations are learnt under it; NULL = they are not */
    const char *text;             /* "the droplet is off" */
    int64_t typical_ms, limit_ms; /* the cloud's time */
    bool at_once;                 /* look before the first sleep */
    bool joined; /* so, too, and how long it took is not learnt: another began it */
    /* One look. False with a passing error is looked at again; TIMEOUT ends the wait. */
    bool (*look)(struct run *r, bool *ready, struct err *e);
};
/* Sleeps ms of the cloud's time with a sign of life each second: `text`, begun at began_ms
 * (cloud_mono_ms), expected to last so long (0 = not known). */
bool run_sleep(struct run *r, const char *text, int64_t began_ms, int64_t expected_ms, int64_t ms,
               struct err *e);
/* Passing failures of the network are waited out within the limit. TIMEOUT at the limit. */
bool run_wait(struct run *r, const struct wait *w, struct err *e);

/* r->droplet anew. NOT_FOUND only after a second look some seconds later. */
bool run_see_droplet(struct run *r, struct err *e);
/* All actions of the droplet. A 404 is believed only if the droplet is gone, too. Yours to free. */
bool run_actions(struct run *r, struct action **actions, size_t *n, struct err *e);
/* The same once none of them is unfinished. */
bool run_idle(struct run *r, struct action **actions, size_t *n, struct err *e);
/* The API said 404 about the droplet although nobody told us. True (and the run's facts say so) if
 * another run has finished this stop; an error if the droplet is lost, or is there after all. */
bool run_gone_elsewhere(struct run *r, struct err *e);

/* The series, newest first, with this run's own snapshot as its proof saw it: lists that were read
 * before do not have it, or have it without its tag. Yours to free. */
const struct snapshot **run_series(const struct run *r, size_t *n);

bool run_ask(struct run *r, enum question_kind kind, const char *expect, const char *flag,
             struct err *e, const char *fmt, ...) PRINTF(6, 7);

bool run_passing(const struct err *e);    /* may pass by itself: look again */
bool run_time_is_up(const struct run *r); /* --timeout */

int run_image_disk(const struct run *r); /* GB that the chosen snapshot needs; 0 = not known */
/* Why a create was refused, found out after the fact (sizes, regions, account, keys). */
void run_diagnose(struct run *r, struct err *e);

/* view.c */
void view_fill(const struct core *core, const char *server, const struct server_look *look,
               struct server_view *out);

#endif
