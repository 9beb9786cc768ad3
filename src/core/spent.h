/* spent: what this host knows of the droplets that it saw, for what a month has cost so far. One
 * file for each month (UTC), <state>/spent-2026-11.log, to which every run adds a line; of a
 * droplet's lines the last one counts. A session that reaches into the next month has its line
 * there. Private to core. */
#ifndef CORE_SPENT_H
#define CORE_SPENT_H

#include "engine.h"

struct spent {
    int64_t droplet_id;
    char server[64];
    int64_t from, to; /* made at; seen last at */
    int64_t hourly, monthly;
    bool gone; /* destroyed at `to`; else it may have lived on */
};

bool spent_note(const char *dir, const struct spent *line, struct err *e);
/* One for each droplet; array yours to free. Lines that cannot be read are counted. */
bool spent_read(const char *dir, int64_t month, struct spent **out, size_t *n, size_t *damaged,
                struct err *e);

#endif
