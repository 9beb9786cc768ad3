/* zone: time zones by their IANA names ("Europe/Berlin"), without the C library, whose time zone is
 * one for the whole process and comes from a variable.
 *
 *     struct zone *z;
 *     if (!zone_open("Europe/Berlin", &z, &e)) ...
 *     enum zone_local how = zone_of_local(z, local, &at);
 *     zone_free(z);
 *
 * What is known of zones is the system's: files of its tz database (RFC 8536, TZif of any version)
 * in $TZDIR or the usual places; on Windows, without $TZDIR, what its ICU knows (Windows 10 1903
 * and later). UTC is always there. A zone is not changed once it is open: safe from any thread.
 */
#ifndef DOGS_ZONE_H
#define DOGS_ZONE_H

#include <dogs/err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ZONE_NAME = 64,                /* room for the name of a zone */
    ZONE_MAX_FILE = 256 * 1024,    /* the largest files there are have 4 KiB */
    ZONE_MAX_OFFSET_S = 26 * 3600, /* RFC 8536: from -25 to 26 hours */
};

struct zone;

/* NOT_FOUND if the database has no such zone (CONFIG if that cannot be its name), PROTOCOL if its
 * file cannot be believed, FAILED if this system has no database. Yours to zone_free. */
bool zone_open(const char *name, struct zone **out, struct err *e);
/* The bytes of a TZif file. Pure. PROTOCOL says what is wrong with them. */
bool zone_parse(const void *bytes, size_t len, struct zone **out, struct err *e);
void zone_free(struct zone *z); /* NULL allowed */

/* The zone that this computer is set to; "UTC" where it does not tell. */
void zone_here(char out[ZONE_NAME]);

/* What the clocks show: local time is UTC + offset_s. */
struct zone_time {
    int offset_s;
    bool daylight;
    char name[16]; /* "CEST" */
};
struct zone_time zone_at(const struct zone *z, int64_t t);
/* The first instant after t from which the offset is another one; false if it stays for ever. */
bool zone_next(const struct zone *z, int64_t t, int64_t *at);

/* A local time, written as if it were Unix seconds of UTC. */
enum zone_local {
    ZONE_ONCE,
    ZONE_TWICE,   /* clocks were put back over it: *at is the first of the two instants */
    ZONE_SKIPPED, /* clocks were put forward over it: *at is the first instant after */
};
enum zone_local zone_of_local(const struct zone *z, int64_t local, int64_t *at);

#endif
