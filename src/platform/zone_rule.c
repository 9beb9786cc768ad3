#include "zone_make.h"
#include <ctype.h>
#include <dogs/when.h>
#include <string.h>

/* POSIX (TZ, section 8.3) with what RFC 8536 adds: hours from -167 to 167. */

static bool take_number(const char **p, int max, int *out)
{
    int n = 0, digits = 0;
    for (; digits < 4 && isdigit((unsigned char)**p); digits++)
        n = n * 10 + (*(*p)++ - '0');
    *out = n;
    return digits && n <= max;
}

/* CET, or <+0530>. */
static bool take_name(const char **p, char out[16])
{
    bool quoted = **p == '<';
    size_t n = 0;
    *p += quoted;
    for (; n < 15; n++, (*p)++) {
        unsigned char c = (unsigned char)**p;
        if (!(isalpha(c) || (quoted && (isdigit(c) || c == '+' || c == '-'))))
            break;
        out[n] = (char)c;
    }
    out[n] = '\0';
    if (quoted && *(*p)++ != '>')
        return false;
    return n >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(const char **p, int max_hours, int *out)
{
    int sign = **p == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;
    if (**p == '-' || **p == '+')
        (*p)++;
    if (!take_number(p, max_hours, &hours))
        return false;
    if (**p == ':' && ((*p)++, !take_number(p, 59, &minutes)))
        return false;
    if (**p == ':' && ((*p)++, !take_number(p, 59, &seconds)))
        return false;
    *out = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
}

static bool take_char(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

static bool take_day(const char **p, struct zone_day *d)
{
    bool ok;
    d->time_s = 2 * 3600;
    if (take_char(p, 'M')) {
        d->kind = DAY_OF_MONTH;
        ok = take_number(p, 12, &d->month) && d->month && take_char(p, '.') &&
             take_number(p, 5, &d->week) && d->week && take_char(p, '.') &&
             take_number(p, 6, &d->day);
    } else if (take_char(p, 'J')) {
        d->kind = DAY_JULIAN;
        ok = take_number(p, 365, &d->day) && d->day;
    } else {
        d->kind = DAY_OF_YEAR;
        ok = take_number(p, 365, &d->day);
    }
    return ok && (!take_char(p, '/') || take_time(p, 167, &d->time_s));
}

bool zone_rule_parse(const char *text, struct zone_rule *r)
{
    const char *p = text;
    int west;
    *r = (struct zone_rule){0};
    if (!take_name(&p, r->standard.name) || !take_time(&p, 24, &west))
        return false;
    r->standard.offset_s = -west;
    if (!*p)
        return true;
    r->changes = true;
    r->daylight.daylight = true;
    r->daylight.offset_s = r->standard.offset_s + 3600;
    if (!take_name(&p, r->daylight.name))
        return false;
    if (*p != ',') {
        if (!take_time(&p, 24, &west))
            return false;
        r->daylight.offset_s = -west;
    }
    return take_char(&p, ',') && take_day(&p, &r->begin) && take_char(&p, ',') &&
           take_day(&p, &r->end) && !*p;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Local time at which the day's change comes in a year, as if it were UTC. */
static int64_t local_of(const struct zone_day *d, int64_t year)
{
    int64_t first = 0, day;
    /* Years beyond the calendar's have no changes that anybody could ask for. */
    if (!when_from_civil(year, d->kind == DAY_OF_MONTH ? d->month : 1, 1, 0, 0, 0, &first))
        return INT64_MIN / 2;
    if (d->kind == DAY_OF_MONTH) {
        int64_t next;
        day = (d->day - when_civil(first).weekday + 7) % 7 + (d->week - 1) * 7;
        if (!when_from_civil(year + d->month / 12, d->month % 12 + 1, 1, 0, 0, 0, &next))
            next = first + 31 * 86400;
        while (first + day * 86400 >= next)
            day -= 7;
    } else if (d->kind == DAY_JULIAN) {
        day = d->day - 1 + (is_leap(year) && d->day >= 60);
    } else {
        day = d->day;
    }
    return first + day * 86400 + d->time_s;
}

/* Changes of three years around t; of two at the same instant the later year's counts. */
enum { EVENTS = 6 };
struct event_at {
    int64_t at;
    bool begins;
};

static void events_around(const struct zone_rule *r, int64_t t, struct event_at out[EVENTS])
{
    int64_t year = when_civil(t + r->standard.offset_s).year - 1;
    for (size_t i = 0; i < EVENTS; i += 2, year++) {
        out[i] = (struct event_at){local_of(&r->begin, year) - r->standard.offset_s, true};
        out[i + 1] = (struct event_at){local_of(&r->end, year) - r->daylight.offset_s, false};
    }
}

struct zone_time zone_rule_at(const struct zone_rule *r, int64_t t)
{
    struct event_at events[EVENTS];
    const struct event_at *last = NULL;
    if (!r->changes)
        return r->standard;
    events_around(r, t, events);
    for (size_t i = 0; i < EVENTS; i++)
        if (events[i].at <= t && (!last || events[i].at >= last->at))
            last = &events[i];
    return last && last->begins ? r->daylight : r->standard;
}

bool zone_rule_next(const struct zone_rule *r, int64_t t, int64_t *at)
{
    struct event_at events[EVENTS];
    bool any = false;
    if (!r->changes)
        return false;
    events_around(r, t, events);
    for (size_t i = 0; i < EVENTS; i++) {
        if (events[i].at <= t || (any && events[i].at >= *at))
            continue;
        *at = events[i].at;
        any = true;
    }
    return any;
}
