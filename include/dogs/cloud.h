/* cloud: typed calls to the DigitalOcean API v2. Only core uses it.
 *
 * Facts and marks: DigitalOcean's OpenAPI document and the observations its users published.
 *
 *  - GETs are retried on 429, 5xx and network failures, with jittered back-off, up to
 *    CLOUD_TRIES. POSTs are retried on 429 only (not applied, by contract); anything else that
 *    leaves the outcome open comes back with e->ambiguous, and the caller reads back before it
 *    repeats. DELETE is sent once (repeated ones get accounts blocked); 404 counts as done.
 *  - 429: Retry-After is honoured; without it, steps of at most 60 s until ratelimit-reset.
 *  - A list is complete or an error: every page must arrive, elements are counted against
 *    meta.total (re-read when they do not match), page URLs in answers are never followed.
 *  - Fields that a thinned token makes vanish (tags, image…) are an AUTH error naming the scope,
 *    never "empty".
 *  - Error text: "HTTP 422: Size is not available in this region. (request 3f…)".
 *
 * Thread rule: a struct cloud is used by one thread at a time.
 */
#ifndef DOGS_CLOUD_H
#define DOGS_CLOUD_H

#include <dogs/err.h>
#include <dogs/str.h>
#include <dogs/when.h>
#include <dogs/work.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLOUD_TRIES = 6,
    CLOUD_MAX_PAGES = 500,
    CLOUD_TEXT = 256,
};

struct cloud;

struct cloud_opts {
    const char *base_url;  /* "https://api.digitalocean.com", without a final slash */
    const char *token;     /* copied, registered with log_secret */
    const char *ca_file;   /* NULL or "" = the system's */
    struct cancel *cancel; /* lent; may be NULL */
};

struct cloud *cloud_new(const struct cloud_opts *opts, struct err *e);
void cloud_free(struct cloud *c);

/* The cloud's own time, from the newest Date header and the time since; this host's clock before
 * the first answer. Seconds. */
int64_t cloud_now(const struct cloud *c);
/* The cloud's time at which it gave its newest answer: what that answer shows was so then. */
int64_t cloud_answered_at(const struct cloud *c);
/* Seconds this host's clock is ahead (+) or behind (-) the cloud's; 0 before the first answer and
 * for a sandbox, whose clock is its own. */
int64_t cloud_clock_skew(const struct cloud *c);
/* How many times faster than real time the other side runs: 1, or what a sandbox announces; 0: its
 * clock moves only when its clients sleep. */
double cloud_speed(const struct cloud *c);
/* Sleeps that many of the cloud's milliseconds; true if cancelled. */
bool cloud_sleep(struct cloud *c, int64_t ms);
/* The cloud's milliseconds, monotonic, for measuring. */
int64_t cloud_mono_ms(const struct cloud *c);
/* After this moment (os_mono_ms; 0 = never) nothing is tried again or waited for: TIMEOUT. */
void cloud_set_end(struct cloud *c, int64_t mono_ms);
/* Requests sent so far. */
long cloud_calls(const struct cloud *c);

/* What the API tells; all text NUL-terminated, "" where absent */

/* Lists of short words (tags, regions) are kept as one text, each word between blanks:
 * " fra1 ams3 ". Of tags only those that begin with "dogs" are kept: the others are not ours. */
bool cloud_has(const char *words, const char *word);

enum droplet_status { DROPLET_NEW, DROPLET_ACTIVE, DROPLET_OFF, DROPLET_ARCHIVE, DROPLET_UNKNOWN };
const char *droplet_status_name(enum droplet_status s);

struct droplet {
    int64_t id;
    char name[CLOUD_TEXT];
    enum droplet_status status;
    int64_t created_at;
    char region[32], size[64];
    int64_t price_hourly_udollars,
        price_monthly_udollars; /* millionths of a dollar; 0 = not told */
    int64_t image_id;
    int disk_gb;
    int n_volumes;
    char ip[64]; /* the public one; "" while there is none */
    char tags[CLOUD_TEXT];
};

struct snapshot {
    int64_t id;
    char name[CLOUD_TEXT];
    int64_t created_at; /* the moment the snapshot action started */
    int64_t droplet_id; /* resource_id */
    int min_disk_gb;
    int64_t size_mb; /* size_gigabytes × 1000 */
    char regions[CLOUD_TEXT];
    char tags[CLOUD_TEXT];
};

enum action_status { ACTION_IN_PROGRESS, ACTION_COMPLETED, ACTION_ERRORED };
struct action {
    int64_t id;
    enum action_status status; /* an unknown word counts as in progress */
    char type[48];
    int64_t started_at, completed_at; /* completed_at 0 while running */
    int64_t resource_id;              /* 0 = null */
};

struct size {
    char slug[64];
    int memory_mb, vcpus, disk_gb;
    int64_t price_hourly_udollars, price_monthly_udollars;
    bool available;
    char regions[2 * CLOUD_TEXT];
};
struct region {
    char slug[32], name[64];
    bool available;
};
struct sshkey {
    int64_t id;
    char name[CLOUD_TEXT], fingerprint[CLOUD_TEXT];
};
struct firewall {
    char id[64], name[CLOUD_TEXT];
    char tags[CLOUD_TEXT];
};
struct account {
    char email[CLOUD_TEXT], status[32];
    int droplet_limit;
};

/* Reading. Arrays are yours to free(); on failure nothing is allocated. */
bool cloud_account(struct cloud *c, struct account *out, struct err *e);
bool cloud_droplets(struct cloud *c, struct droplet **out, size_t *n, struct err *e);
bool cloud_droplets_tagged(struct cloud *c, const char *tag, struct droplet **out, size_t *n,
                           struct err *e);
bool cloud_droplet(struct cloud *c, int64_t id, struct droplet *out, struct err *e); /* NOT_FOUND */
/* Newest first. */
bool cloud_droplet_actions(struct cloud *c, int64_t id, struct action **out, size_t *n,
                           struct err *e);
bool cloud_action(struct cloud *c, int64_t id, struct action *out, struct err *e);
/* Its snapshots; tags are not told there and stay "". */
bool cloud_droplet_snapshots(struct cloud *c, int64_t id, struct snapshot **out, size_t *n,
                             struct err *e);
/* Droplet snapshots only. */
bool cloud_snapshots(struct cloud *c, struct snapshot **out, size_t *n, struct err *e);
bool cloud_snapshot(struct cloud *c, int64_t id, struct snapshot *out, struct err *e);
bool cloud_sizes(struct cloud *c, struct size **out, size_t *n, struct err *e);
bool cloud_regions(struct cloud *c, struct region **out, size_t *n, struct err *e);
bool cloud_keys(struct cloud *c, struct sshkey **out, size_t *n, struct err *e);
bool cloud_firewall(struct cloud *c, const char *id, struct firewall *out, struct err *e);
/* The most that came in over the public interface between two of the cloud's times (Unix seconds),
 * in kbit/s. *kbps -1: there are no values, which is not the same as no traffic (they come with
 * minutes of delay, and on some droplets only with the metrics agent). */
bool cloud_droplet_traffic(struct cloud *c, int64_t id, int64_t from, int64_t to, int64_t *kbps,
                           struct err *e);

/* Changing */
struct droplet_new {
    const char *name, *region, *size;
    int64_t image_id;        /* a snapshot; or */
    const char *image_slug;  /* a base image (slug, or digits) */
    char *const *ssh_keys;   /* NULL-terminated; ids or fingerprints; NULL = none */
    const char *const *tags; /* NULL-terminated */
    const char *vpc_uuid;    /* "" or NULL = the region's default */
    const char *user_data;   /* only ever with a base image */
    bool monitoring, ipv6;
};
/* The JSON that would be sent, for --dry-run and for the call itself; yours to free. */
char *cloud_droplet_body(const struct droplet_new *d);
bool cloud_droplet_create(struct cloud *c, const struct droplet_new *d, struct droplet *out,
                          struct err *e);
/* 204 or 404. Sent once and never again here, not even after a 429: the caller must look first. */
bool cloud_droplet_delete(struct cloud *c, int64_t id, struct err *e);
/* type: shutdown, power_off, power_on, reboot, power_cycle, snapshot (with name). A pending-event
 * 422 comes back as REFUSED with e->retryable. */
bool cloud_droplet_act(struct cloud *c, int64_t id, const char *type, const char *name,
                       struct action *out, struct err *e);
bool cloud_snapshot_delete(struct cloud *c, int64_t id, struct err *e); /* as droplet_delete */
/* AUTH if the token does not let tags be seen. */
bool cloud_check_tags(struct cloud *c, struct err *e);
/* Makes the tag if there is none yet. */
bool cloud_tag_snapshot(struct cloud *c, const char *tag, int64_t snapshot_id, struct err *e);
bool cloud_tag_droplet(struct cloud *c, const char *tag, int64_t droplet_id, struct err *e);
/* Makes the tag if there is none yet, then puts it on the firewall. */
bool cloud_firewall_add_tag(struct cloud *c, const char *firewall_id, const char *tag,
                            struct err *e);

#endif
