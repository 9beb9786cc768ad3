/* when: points in time as Unix seconds (int64_t), and how they are read and written. Pure. */
#ifndef DOGS_WHEN_H
#define DOGS_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WHEN_TEXT = 40 }; /* room for any text below */

bool when_from_iso(const char *text, int64_t *out);  /* 2026-11-20T18:00:00Z, or with an offset */
bool when_from_http(const char *text, int64_t *out); /* Fri, 20 Nov 2026 18:00:00 GMT (RFC 9110) */
void when_to_iso(int64_t t, char out[WHEN_TEXT]);
void when_to_http(int64_t t, char out[WHEN_TEXT]);

/* The calendar, without any time zone: what the clocks of UTC show. */
struct when_civil {
    int64_t year;
    int month, day, hour, minute, second, weekday; /* 0 = Sunday */
};
struct when_civil when_civil(int64_t t);
/* False for what is in no calendar: 31 April, 24:00, a year beyond 1 to 9999. */
bool when_from_civil(int64_t year, int month, int day, int hour, int minute, int second,
                     int64_t *out);

/* "45 s", "3 min 20 s", "2 h 05 min", "3 d 4 h": what a person wants to read. */
void when_span(int64_t seconds, char out[WHEN_TEXT]);
/* The way back, for what people type: "90" and "90s" are seconds, "45m", "2h", "1h30m", "1d";
 * blanks and the words that when_span writes are understood too. At most a hundred years. */
bool when_from_span(const char *text, int64_t *seconds);

#endif
