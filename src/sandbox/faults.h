/* faults: the plan of what is to go wrong. A fault names a kind of request ("droplet.get", "*"),
 * the how manieth of them is meant (nth, 0 = every; then for `times` of them), and what happens:
 * something on the wire, or an outcome that shows later. Format: tests/sandbox.md. */
#ifndef SANDBOX_FAULTS_H
#define SANDBOX_FAULTS_H

#include "world.h"

enum outcome {
    OUTCOME_ERRORED,
    OUTCOME_STUCK,
    OUTCOME_SLOW,
    OUTCOME_VANISH,
    OUTCOME_NO_EFFECT,
    OUTCOME_INVISIBLE,
    OUTCOME_EMPTY,
    OUTCOME_WAKES,
    OUTCOME_SHORT_LIST,
    OUTCOME_LAG,
};

struct outcomes {
    unsigned wanted; /* 1u << enum outcome */
    int64_t seconds, factor;
};

/* What happens to the answer. */
struct wire_fault {
    const char *name;
    int status; /* 0 = the connection is cut */
    enum { BODY_ERROR, BODY_HTML, BODY_OBJECT, BODY_EMPTY, BODY_GARBAGE, BODY_OVERSIZE } body;
    const char *message; /* NULL = the usual one of the status */
    bool retry_after, cut_body, keeps_answer, hangs;
};

struct wire {
    const struct wire_fault *fault; /* NULL = none */
    bool after;                     /* the effect comes first */
    int64_t hang_s, retry_after_s;
};

/* Replaces the plan. Refuses unknown kinds of faults, naming them. */
bool faults_read(struct world *w, const cJSON *plan, struct err *e);
cJSON *faults_json(const struct world *w);

/* A request of this kind comes: what is to happen? Without wire: an object ("snapshot") comes. */
void faults_meet(struct world *w, const char *kind, struct outcomes *outcomes, struct wire *wire);
bool outcome_wanted(const struct outcomes *o, enum outcome which);

#endif
