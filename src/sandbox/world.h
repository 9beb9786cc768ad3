/* world: everything the imitated account holds, as plain lists sorted by id, and what can be said
 * of it at a moment. Nothing here knows of HTTP or of files.
 *
 * Time is virtual milliseconds. What takes time is decided when it is asked for and written down as
 * the moment from which it holds (`active_ms`, `power_ms`, `ends_ms` ...), so no thread has to make
 * it come true and any number of processes see the same. */
#ifndef SANDBOX_WORLD_H
#define SANDBOX_WORLD_H

#include <dogs/err.h>
#include <dogs/json.h>
#include <dogs/str.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEVER_MS INT64_C(9000000000000000) /* below 2^53, so JSON keeps it */

struct texts {
    char **v;
    size_t n;
};

struct ints {
    int64_t *v;
    size_t n;
};

struct droplet {
    int64_t id;
    char *name, *size, *region, *vpc_uuid;
    char *distribution, *image_name;
    int64_t image_id;
    int64_t disk_gb;
    struct texts tags;
    char *ipv4, *ipv4_private, *ipv6;
    bool monitoring, backups;
    int64_t created_ms;
    int64_t listed_ms;   /* lists hold it from */
    int64_t active_ms;   /* "new" before */
    int64_t networks_ms; /* no addresses before */
    int64_t tagged_ms;   /* when firewalls last had to look at it */
    int64_t gone_ms;     /* 404 from; 0 = lives */
    bool deleted;        /* a DELETE was accepted */
    bool off;            /* what it is from power_ms on; the opposite before */
    int64_t power_ms;
    bool unclean; /* the power was cut while it ran */
    int64_t world, born_world;
    int64_t traffic_kbps; /* comes in while it is active */
    int64_t booted_ms;    /* its last boot after the first; 0 = there was none */
    int64_t stopped_ms;   /* when its game was told to stop */
    int64_t saved_world;  /* the generation that its game last saved when told to */
    int64_t players, players_ms;
    struct texts player_names;
};

/* A game's server, or its console: installed on a droplet, contained in a snapshot, or (with
 * neither) what the droplets of a server get when they are made. */
struct gameserver {
    int64_t id, droplet_id, snapshot_id;
    char *server, *protocol, *password, *mode;
    int64_t port, max;
    int64_t boot_ms; /* it answers so long after its droplet is active */
};

/* What a game was told. */
struct order {
    int64_t id, droplet_id, at_ms, port;
    char *what, *text;
};

/* A droplet's snapshot, or (with a uuid) a volume's. */
struct snapshot {
    int64_t id;
    char *uuid, *name, *distribution;
    int64_t droplet_id;
    char *volume_uuid;
    int64_t created_ms;
    int64_t visible_ms;
    struct texts regions, tags;
    char *moving_to; /* a transfer: this region is in the list from moved_ms on */
    int64_t moved_ms;
    int64_t min_disk_gb;
    double size_gb;
    bool unclean;
    int64_t world;
};

struct action {
    int64_t id;
    char *type, *resource_type, *region;
    int64_t resource_id; /* 0 = null */
    int64_t blocks;      /* droplet or image that can do nothing else meanwhile */
    int64_t started_ms, ends_ms;
    int64_t nested_ms; /* the path below the droplet is 404 before */
    bool errored;
};

struct firewall {
    int64_t id;
    char *uuid, *name;
    struct ints droplet_ids;
    struct texts tags;
    cJSON *inbound, *outbound; /* lists of rules as they were given */
    int64_t created_ms, changed_ms;
};

struct volume {
    int64_t id;
    char *uuid, *name, *description, *region, *filesystem_type, *filesystem_label;
    int64_t size_gb, droplet_id;
    struct texts tags;
    int64_t created_ms;
};

struct reserved_ip {
    int64_t id;
    char *ip, *region;
    int64_t droplet_id;
};

struct tag {
    int64_t id;
    char *name;
};

struct fault {
    int64_t id;
    char *kind, *what, *when;
    int64_t nth, times, hang_s, seconds, factor;
    int64_t seen, fired;
};

struct counter {
    int64_t id;
    char *name;
    int64_t value;
};

struct range {
    double min, max;
};

/* Every number that can be set, with its default. Seconds are virtual. */
#define SETTINGS(X)                                                                                \
    X(SPEED, NULL, "speed", 60)                                                                    \
    X(CREATE, "durations", "create", 45)                                                           \
    X(CREATE_SNAPSHOT, "durations", "create_snapshot", 60)                                         \
    X(POWER_ON, "durations", "power_on", 12)                                                       \
    X(REBOOT, "durations", "reboot", 12)                                                           \
    X(POWER_CYCLE, "durations", "power_cycle", 12)                                                 \
    X(SHUTDOWN, "durations", "shutdown", 2)                                                        \
    X(SHUTDOWN_OFF, "durations", "shutdown_off", 15)                                               \
    X(POWER_OFF, "durations", "power_off", 5)                                                      \
    X(SNAPSHOT, "durations", "snapshot", 90)                                                       \
    X(TRANSFER, "durations", "transfer", 120)                                                      \
    X(DELETE, "durations", "delete", 6)                                                            \
    X(RESIZE, "durations", "resize", 30)                                                           \
    X(OTHER, "durations", "other", 5)                                                              \
    X(LIST_LAG, NULL, "list_lag_s", 2)                                                             \
    X(SNAPSHOT_LAG, NULL, "snapshot_lag_s", 3)                                                     \
    X(ACTIVE_LAG, NULL, "active_lag_s", 4)                                                         \
    X(NETWORK_LAG, NULL, "network_lag_s", 3)                                                       \
    X(POWER_LAG, NULL, "power_lag_s", 2)                                                           \
    X(NESTED_LAG, NULL, "nested_lag_s", 2)                                                         \
    X(FIREWALL_LAG, NULL, "firewall_lag_s", 5)                                                     \
    X(DROPLET_LIMIT, NULL, "droplet_limit", 25)                                                    \
    X(LOCKED_DURING_EVENTS, NULL, "locked_during_events", 0)                                       \
    X(ACCOUNT_LOCKED, NULL, "account_locked", 0)                                                   \
    X(RATE_LIMIT, NULL, "rate_limit", 2) /* 0 never, 1 always, 2 while speed <= 1 */               \
    X(RATE_HOUR, NULL, "rate_hour", 5000)                                                          \
    X(RATE_MINUTE, NULL, "rate_minute", 250)                                                       \
    X(RATE_KEYS, NULL, "rate_keys", 10)

enum setting {
#define X(id, group, name, value) SET_##id,
    SETTINGS(X)
#undef X
        SET_COUNT
};

enum id_series { ID_DROPLET, ID_ACTION, ID_OTHER };

struct list {
    void *items;
    size_t n, cap;
};

struct world {
    int64_t generation; /* grows with every save */
    int64_t next_id[3]; /* by enum id_series */
    uint64_t seed;
    struct range settings[SET_COUNT];
    char *public_ip; /* every droplet's public address; "" = one each */
    struct list droplets, snapshots, actions, firewalls, volumes, reserved_ips, tags, faults;
    struct list counters, gameservers, orders;
    bool dirty;
};

/* What a list is made of, for reading and writing it. */
struct record_kind {
    const char *plural;
    size_t size, list_at;
    const struct field *fields;
};
extern const struct record_kind droplet_kind, snapshot_kind, action_kind, firewall_kind,
    volume_kind, reserved_ip_kind, tag_kind, fault_kind, counter_kind, gameserver_kind, order_kind;
extern const struct record_kind *const record_kinds[]; /* ends with NULL */

void world_first(struct world *w, int64_t now);
void world_release(struct world *w);
bool world_read(struct world *w, const cJSON *json, struct err *e);
cJSON *world_json(const struct world *w);
/* Forgets what was destroyed or finished long ago. */
void world_trim(struct world *w, int64_t now);

struct list *world_list(struct world *w, const struct record_kind *kind);
void *list_push(struct world *w, const struct record_kind *kind); /* zeroed but for texts: "" */
void *list_at(const struct world *w, const struct record_kind *kind, size_t i);
void *list_find(const struct world *w, const struct record_kind *kind, int64_t id);
void list_remove(struct world *w, const struct record_kind *kind, void *item);
void list_sort(struct world *w, const struct record_kind *kind);
/* Fills what the object names; false if a member has the wrong type. */
bool record_read(const struct record_kind *kind, void *item, const cJSON *object, struct err *e);
cJSON *record_json(const struct record_kind *kind, const void *item);
void records_release(const struct record_kind *kind, void *item);

#define EACH(type, item, w, list)                                                                  \
    struct type *item = (w)->list.items, *item##_end = item ? item + (w)->list.n : item;           \
    item < item##_end;                                                                             \
    item++

void text_set(char **to, const char *text);
bool texts_has(const struct texts *t, const char *text);
void texts_add(struct texts *t, const char *text); /* once */
void texts_drop(struct texts *t, const char *text);
void texts_clear(struct texts *t);
cJSON *texts_json(const struct texts *t);
bool ints_has(const struct ints *t, int64_t value);
void ints_add(struct ints *t, int64_t value);
void ints_drop(struct ints *t, int64_t value);
cJSON *ints_json(const struct ints *t);

uint64_t world_random(struct world *w);
int64_t world_new_id(struct world *w, enum id_series series);
void world_new_uuid(struct world *w, char out[37]);
int64_t setting_ms(struct world *w, enum setting s); /* drawn from the range, as milliseconds */
double setting_value(const struct world *w, enum setting s);
void settings_first(struct world *w);
bool settings_read(struct world *w, const cJSON *json, struct err *e);
cJSON *settings_json(const struct world *w);
void count_up(struct world *w, const char *name);

bool droplet_lives(const struct droplet *d, int64_t now);
const char *droplet_status(const struct droplet *d, int64_t now);
struct droplet *droplet_find(const struct world *w, int64_t id, int64_t now); /* living */
/* The unfinished action that blocks the droplet or image, or NULL. */
const struct action *action_blocking(const struct world *w, int64_t id, int64_t now);
const char *action_status(const struct action *a, int64_t now);
struct snapshot *snapshot_find(const struct world *w, int64_t id, int64_t now); /* visible */
struct snapshot *snapshot_find_uuid(const struct world *w, const char *uuid, int64_t now);
bool snapshot_in_region(const struct snapshot *s, const char *region, int64_t now);
const struct tag *tag_find(const struct world *w, const char *name);
void tag_ensure(struct world *w, const char *name);

/* Ends a droplet's life at gone_ms: reserved addresses and volumes survive it, its world counts as
 * lost if nothing else holds it. */
void droplet_destroy(struct world *w, struct droplet *d, int64_t now, int64_t gone_ms);
void snapshot_destroy(struct world *w, struct snapshot *s, int64_t now);

/* Games go along into a snapshot, and come out of it onto a droplet that was made of it. */
void gameservers_keep(struct world *w, const struct droplet *d, int64_t snapshot_id);
void gameservers_drop(struct world *w, int64_t droplet_id, int64_t snapshot_id);

#endif
