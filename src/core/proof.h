/* proof: what a snapshot must be before its droplet may be destroyed. Pure; proof.c asks the cloud
 * and uses it, and so does fuse.c. Private to core. */
#ifndef CORE_PROOF_H
#define CORE_PROOF_H

#include <dogs/cloud.h>

struct proof_want {
    const char *server; /* of whose series it is */
    const char *name;   /* exactly; "" = any of the series */
    const char *region; /* the droplet's */
    int64_t droplet_id;
    int64_t since; /* it was not begun before */
    int disk_gb;   /* the droplet's; 0 = not known */
    bool live;     /* it may be marked as one of a running machine */
};

/* What forbids trust in it, or NULL. */
const char *proof_flaw(const struct proof_want *w, const struct snapshot *s);
/* Absurdly smaller than the one before; 0 = there was none. */
bool proof_shrunk(int64_t mb, int64_t last_mb);

#endif
