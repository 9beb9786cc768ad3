/* core: the decisions. The only part that touches the cloud, and changes it only through a
 * journalled step. The command line, the menu, the page and the tests are listeners of this engine.
 *
 *     struct core *core = core_new(&(struct core_opts){.cfg = cfg, .on_event = show, ...}, &e);
 *     struct outcome out;
 *     if (!core_run(core, &(struct request){.verb = VERB_STOP, .server = "mc"}, &out, &e))
 *         ... e.code is the exit status, e.hint what to type next; out says what is known ...
 *     core_free(core);
 *
 * Values go up: results, an error, and events through the one sink of core_opts. Core never prints,
 * never exits, never asks by itself: a question goes through core_opts.ask.
 * Thread rule: one thread per struct core; several cores may share a state folder (locks).
 */
#ifndef DOGS_CORE_H
#define DOGS_CORE_H

#include <dogs/config.h>
#include <dogs/err.h>
#include <dogs/str.h>
#include <dogs/when.h>
#include <dogs/work.h>
#include <stddef.h>
#include <stdint.h>

enum { CORE_STAY_MAX_S = 12 * 3600 };

/* What a listener hears */

enum event_kind {
    EVENT_BEGIN, /* a run begins: run, verb, server */
    EVENT_STEP,  /* a step begins: step, text */
    EVENT_WAIT,  /* still waiting in it: elapsed_ms, expected_ms (0 = nothing learnt), text */
    EVENT_DONE,  /* the step did something: text names it, elapsed_ms is how long it took */
    EVENT_CALL,  /* dry run: text is the call that would be made */
    EVENT_NOTE,  /* worth knowing */
    EVENT_WARN,  /* worth acting upon */
    EVENT_END,   /* the run ended well */
    EVENT_FAIL,  /* the run ended with the error that core_run returns */
};
const char *event_name(enum event_kind kind); /* "step" */

/* All text lent for the time of the call, "" where it does not apply. Times are the cloud's. */
struct event {
    enum event_kind kind;
    int64_t at; /* Unix seconds */
    const char *run, *verb, *server, *step, *text;
    int64_t elapsed_ms, expected_ms;
};
typedef void core_sink(void *ctx, const struct event *ev);

/* What core must ask */

enum question_kind {
    ASK_YES,  /* yes or no */
    ASK_NAME, /* type `expect` to confirm */
};
struct question {
    enum question_kind kind;
    const char *text;   /* what is about to happen, several lines */
    const char *expect; /* for ASK_NAME */
    const char *flag;   /* the option that answers yes in advance: "--yes", "--adopt" */
};
/* True = go on. False with e set: CANCELLED (the user said no) or USAGE (nobody to ask). */
typedef bool core_ask(void *ctx, const struct question *q, struct err *e);

/* The engine */

struct core;

struct core_opts {
    const struct config *cfg; /* lent for the life of the core */
    const char *api_url;      /* overrides cfg's (sandbox); NULL = cfg's */
    const char *token;        /* overrides cfg's */
    struct cancel *cancel;    /* lent; NULL = never */
    core_sink *on_event;      /* NULL = nobody listens */
    core_ask *ask;            /* NULL = every question is answered USAGE */
    void *ctx;                /* for both */
};

struct core *core_new(const struct core_opts *opts, struct err *e);
void core_free(struct core *core);

enum verb {
    VERB_CREATE,
    VERB_START,
    VERB_STOP,
    VERB_RESTORE,
    VERB_SNAPSHOT,
    VERB_POWER,
    VERB_DESTROY,
    VERB_PRUNE,
    VERB_BACKUP,        /* the world of a running droplet as an archive beside the disk image */
    VERB_RESTORE_WORLD, /* and back */
    VERBS
};
const char *verb_name(enum verb verb); /* "start" */

struct request {
    enum verb verb;
    const char *server;
    const char *snapshot; /* start, restore: id or name instead of the newest; NULL */
    const char *region;   /* create, start, restore: instead of the config's; NULL */
    const char *size;
    const char *power;  /* power: "on", "off", "reboot", "cycle" */
    int64_t droplet_id; /* which, where several carry the server's tag; 0 = there is one */
    int keep;           /* prune: how many to keep; 0 = the config's snapshot_max */
    int64_t timeout_ms; /* real time after which waiting ends with exit 6; 0 = by the work */
    bool adopt;         /* take what has the exact name but not our tag */
    const char *world;  /* restore-world: which archive; NULL = the newest proved one */
    bool undo;          /* restore-world: what it put aside comes back */
    bool now;           /* stop: nobody is warned or waited for, nor is `stay` */
    const char *who;    /* stop: who asked, for the players to read; NULL = not known */
    bool if_empty;      /* stop: only if it is known that nobody plays; else GUARD */
    bool accept_size;   /* stop: go on although the snapshot is far smaller than the last */
    bool over_budget;   /* create, start, restore: past the month's budget, too */
    bool dry_run;
};

enum server_state {
    SERVER_NONE,     /* neither droplet nor snapshot */
    SERVER_STORED,   /* snapshots only: costs storage */
    SERVER_STARTING, /* droplet not yet reachable */
    SERVER_RUNNING,
    SERVER_OFF,     /* droplet is off and still billed in full */
    SERVER_SEVERAL, /* more than one droplet carries the server's tag */
    SERVER_UNKNOWN,
};
const char *server_state_name(enum server_state s); /* "running" */

/* One server as the cloud shows it. Money in millionths of a dollar. */
struct server_view {
    char name[64];
    enum server_state state;
    bool configured; /* stands in the config */
    bool ours;       /* the droplet carries our tag */
    size_t n_droplets;
    int64_t droplet_id; /* 0 = none; the lowest of several */
    char ip[64], region[32], size[64];
    int64_t created_at;               /* of the droplet */
    int64_t hourly_udollars;          /* what it costs now, all droplets of the server */
    int64_t session_udollars;         /* what the droplet has cost since created_at */
    int64_t storage_monthly_udollars; /* its snapshots */
    size_t n_snapshots;
    int64_t snapshot_id; /* newest of the series; 0 = none */
    char snapshot_name[256];
    int64_t snapshot_at;
    int64_t snapshots_mb;
    char unfinished[64]; /* id of a run of this host that did not end; "" = none */
    char note[256];      /* what to type next, "" if nothing is due */
};

struct outcome {
    char run[24];   /* id for resume */
    bool changed;   /* false: it already was so */
    bool have_view; /* the cloud could be read at the end */
    struct server_view view;
    int64_t snapshot_id; /* made, restored from, or 0 */
    char snapshot_name[256];
    size_t pruned;
    long calls;       /* API requests of this run */
    char address[80]; /* start: what a player types; "" = not known */
    char text[512];   /* one line for people: what was done */
};

/* Runs one verb to its end. Where the same verb for the same server is already under way on this
 * host, follows it; another verb there is refused with GUARD. On INTERRUPTED and TIMEOUT the run
 * stays open in the journal: resume it. out is always filled as far as known. */
bool core_run(struct core *core, const struct request *req, struct outcome *out, struct err *e);

/* A run in this host's journal that did not end. */
struct open_run {
    char id[24], verb[16], server[64], step[32];
    int64_t started_at;
};
/* Array yours to free. */
bool core_open_runs(struct core *core, struct open_run **out, size_t *n, struct err *e);
/* Takes up a run: by its id, by a server's name, or (NULL) the only open one. Where the journal of
 * this host knows nothing, what was under way is read from the cloud (a droplet that is being
 * made, or stopped). NOT_FOUND if there is nothing to resume. timeout_ms as in struct request. */
bool core_resume(struct core *core, const char *id_or_server, int64_t timeout_ms,
                 struct outcome *out, struct err *e);

/* Puts a server's stop off for so many seconds from now (60 to CORE_STAY_MAX_S; 0 = no longer): one
 * that counts down on this host hears it, others are refused with GUARD until then. *until is by
 * the cloud's clock. NOT_FOUND if the server has no droplet. */
bool core_stay(struct core *core, const char *server, int64_t seconds, int64_t *until,
               struct err *e);

/* Every server of the config and every tagged one in the account, or just one. Array yours to
 * free. NOT_FOUND for a name that is neither. */
bool core_status(struct core *core, const char *server, struct server_view **out, size_t *n,
                 struct err *e);

enum snapshot_kind {
    SNAPSHOT_SERIES, /* <server>-<digits> */
    SNAPSHOT_BASE,   /* <server>-base: kept for ever */
};
struct snapshot_view {
    int64_t id;
    char name[256];
    enum snapshot_kind kind;
    int64_t created_at, size_mb, monthly_udollars;
    int min_disk_gb;
    char regions[256];
    bool ours;     /* carries our tag */
    bool good;     /* counts for retention: size > 0, ours */
    bool prunable; /* retention would delete it now */
};
/* Newest first. Array yours to free. */
bool core_snapshots(struct core *core, const char *server, struct snapshot_view **out, size_t *n,
                    struct err *e);

/* An archive of a server's world, in the place that `world: to:` names. Beside each lies an object
 * whose name holds the size and the SHA-256 that the droplet reported; it is made only once the
 * service listed the archive with that size. */
struct world_view {
    char name[160]; /* "mc-1790000000.tar.zst" */
    int64_t at, size;
    bool proved;     /* that object is there, and the archive's size is still the same */
    char sha256[65]; /* "" if not proved */
    bool prunable;   /* retention would delete it after the next backup */
};
/* Newest first. Array yours to free. CONFIG if the server keeps none. */
bool core_worlds(struct core *core, const char *server, struct world_view **out, size_t *n,
                 struct err *e);

/* Lists for `init`. Array yours to free. */
enum choice_kind { CHOICE_REGION, CHOICE_SIZE, CHOICE_KEY };
struct choice {
    char value[64];    /* what the config wants */
    char text[128];    /* for people: "Frankfurt 1", "1 vCPU, 2 GB, 50 GB disk, $0.01786/h" */
    char regions[512]; /* sizes: slugs between blanks */
};
bool core_choices(struct core *core, enum choice_kind kind, struct choice **out, size_t *n,
                  struct err *e);

/* Whose token it is, and which of the scopes that can be known without changing anything it lacks.
 * AUTH if the API does not take it at all. */
struct whoami {
    char email[256]; /* "" where the token may not read the account */
    char status[32]; /* "active" */
    int droplet_limit;
    char missing[256]; /* "tag:read, sizes:read" */
};
bool core_whoami(struct core *core, struct whoami *out, struct err *e);

/* Watching: each minute one list of droplets and one question to every game; a server is stopped
 * when nobody has played for as long as its `idle_stop` says, or at its maximum. Stops run beside
 * the watching, in threads with engines of their own; on_event hears all, one at a time, from any
 * of these threads. Several watchers on several computers do the work once: a stop that is under
 * way is followed, one that is done is seen. Ends only with an error: INTERRUPTED, or what no
 * waiting mends (AUTH, CONFIG). */
struct watch_opts {
    const char *const *servers; /* n_servers of them; none: all that have a rule */
    size_t n_servers;
};
bool core_watch(const struct core_opts *opts, const struct watch_opts *watch, struct err *e);

/* Pure parts, public for tests and faces */

/* Whether the games that the config names are there: one line per server where not, as
 * config_load's. False if there was any. */
bool core_check_games(const struct config *cfg, struct str *problems);

/* "$0.018/h" and the like: an amount of millionths as dollars, at least two decimals, more only
 * where the amount needs them. */
void core_money(int64_t udollars, char out[WHEN_TEXT]);

#endif
