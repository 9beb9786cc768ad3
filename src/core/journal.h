/* journal: what this host was doing. One append-only file per server, <state>/<server>.journal;
 * each line is a checksum, a blank and one JSON object, and is on the disk before journal_add
 * returns.
 *
 *     {"ev":"begin","run":"...","verb":"stop","server":"mc","at":…,"facts":{…}}
 *     {"ev":"intent","run":"...","step":"snapshot","at":…,"facts":{…}}   before an effect
 *     {"ev":"done","run":"...","step":"snapshot","at":…,"facts":{…}}     after it
 *     {"ev":"end","run":"...","status":"ok","at":…,"facts":{…}}
 *
 * A line whose checksum does not fit (a torn last one, a damaged one) is not believed. The cloud is
 * the truth; facts only say where to look.
 */
#ifndef CORE_JOURNAL_H
#define CORE_JOURNAL_H

#include "engine.h"

/* Everything that must survive a crash. I: number, T: text. */
#define FACTS(I, T)                                                                                \
    I(began)        /* the cloud's time at the run's first look */                                 \
    I(droplet_id)   /* the server's droplet */                                                     \
    I(droplet_mine) /* 1: made by this run, for certain */                                         \
    I(doubtful)     /* 1: found after a create without an answer */                                \
    I(create_sent)  /* time at which a create was sent whose outcome is not known; 0 = none */     \
    I(announced)    /* 1: its address was told to somebody */                                      \
    I(image_id)     /* snapshot to boot from */                                                    \
    I(image_created_at)                                                                            \
    I(active_at) /* when the droplet was last seen not off; 0 = never by this run */               \
    I(seen_off)  /* 1: the droplet was seen off in this run */                                     \
    I(off_at)    /* when it was seen off just before the snapshot */                               \
    I(cut_power) /* 1: it had to be switched off */                                                \
    I(live)      /* 1: the snapshot was taken of a running droplet */                              \
    I(since)     /* the snapshot must not have been started before */                              \
    I(action_id) /* of the snapshot */                                                             \
    I(action_started)                                                                              \
    I(failed_action) /* of a snapshot that came to nothing */                                      \
    I(snapshot_sent) /* time at which its POST was sent; 0 = not yet */                            \
    I(snapshot_tries)                                                                              \
    I(followed) /* 1: the snapshot is another run's */                                             \
    I(snapshot_id)                                                                                 \
    I(proved)      /* 1: first proof done and tagged */                                            \
    I(delete_sent) /* time at which the DELETE was sent; 0 = not yet */                            \
    I(delete_ok)   /* 1: and was accepted */                                                       \
    I(destroyed)                                                                                   \
    I(last_snapshot_mb) /* the newest good one before this run */                                  \
    I(keep)             /* prune: how many */                                                      \
    I(confirmed)        /* prune: 1: the user agreed */                                            \
    I(leave_at)         /* when the players' time is over; 0 = they were given none */             \
    I(warned)           /* the last mark that was announced, in minutes; 0 = none */               \
    I(stays)            /* how often a player's word put it off */                                 \
    I(stay_seen)        /* until when `dogs stay` has put it off; 0 = not */                       \
    I(left)             /* time at which the players were done with */                             \
    I(empty_at)         /* --if-empty: when it was last known that nobody plays */                 \
    I(game_stopped)     /* 1: the game was told to end */                                          \
    I(saved_at)         /* time at which the game confirmed its save; 0 = not */                   \
    I(world_sent)       /* time in the name of the world's archive; 0 = none begun */              \
    I(world_done)       /* 1: it is there and proved */                                            \
    T(snapshot_name, 256)                                                                          \
    T(region, 32)                                                                                  \
    T(size, 64)                                                                                    \
    T(image, 128) /* what was asked for: a base image, or a snapshot by name or id */              \
    T(power, 16)  /* wanted by `power` */

struct facts {
#define I(name) int64_t name;
#define T(name, size_) char name[size_];
    FACTS(I, T)
#undef I
#undef T
};

struct journal;

/* The last run in the file. */
struct last_run {
    bool any, open; /* open: began and did not end */
    struct open_run run;
    enum verb verb;
    struct facts facts;
    int64_t at; /* of its last record */
};

bool journal_open(const char *dir, const char *server, struct journal **out, struct err *e);
void journal_close(struct journal *j);
/* The run that the file ends with; filled at journal_open. Lent. */
const struct last_run *journal_last(const struct journal *j);
/* Appends; `what` is the step, or the status of an "end". */
bool journal_add(struct journal *j, const char *ev, const char *run, enum verb verb,
                 const char *what, int64_t at, const struct facts *facts, struct err *e);

/* Reads the file of a server without holding it. */
bool journal_peek(const char *dir, const char *server, struct last_run *out, struct err *e);

#endif
