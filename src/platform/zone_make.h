/* zone_make: what zone.c and the systems' own files share. */
#ifndef PLATFORM_ZONE_MAKE_H
#define PLATFORM_ZONE_MAKE_H

#include <dogs/zone.h>

struct zone_step {
    int64_t at;
    struct zone_time to;
};

/* Local time is `first` until the first of the steps, which ascend. */
struct zone *zone_make(const struct zone_time *first, const struct zone_step *steps, size_t n);

/* The zone of a name that is well formed, as this system knows it. */
bool zone_os_open(const char *name, struct zone **out, struct err *e);
/* The file `name` of a folder of the tz database; NOT_FOUND if it is not there. */
bool zone_file(const char *folder, const char *name, struct zone **out, struct err *e);
bool zone_name_ok(const char *name);

/* zone_rule.c: the footer of a TZif file, "CET-1CEST,M3.5.0,M10.5.0/3": what holds after its last
 * step. */
struct zone_day {
    enum { DAY_JULIAN, DAY_OF_YEAR, DAY_OF_MONTH } kind;
    int month, week, day; /* J1..365, 0..365, or M1..12.1..5.0..6 */
    int time_s;           /* of local time, from -167 to 167 hours */
};
struct zone_rule {
    struct zone_time standard, daylight;
    bool changes; /* else it is `standard` for ever */
    struct zone_day begin, end;
};
bool zone_rule_parse(const char *text, struct zone_rule *out);
struct zone_time zone_rule_at(const struct zone_rule *r, int64_t t);
/* The next two changes after t at the latest, whether or not the offset changes; false if none. */
bool zone_rule_next(const struct zone_rule *r, int64_t t, int64_t *at);

#endif
