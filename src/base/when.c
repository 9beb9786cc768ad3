#include <dogs/when.h>
#include <stdio.h>
#include <string.h>

/* Days since 1970-01-01 of a proleptic Gregorian date; the year is counted from March so that the
 * leap day comes last. No libc call does this without the process's time zone on every system. */
static int64_t days_of(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct when_civil when_civil(int64_t t)
{
    int64_t days = t / 86400, rest = t % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    struct when_civil c = {.day = (int)(doy - (153 * mp + 2) / 5 + 1),
                           .month = (int)(mp < 10 ? mp + 3 : mp - 9),
                           .hour = (int)(rest / 3600),
                           .minute = (int)(rest / 60 % 60),
                           .second = (int)(rest % 60),
                           .weekday = (int)(((days + 4) % 7 + 7) % 7)};
    c.year = yoe + era * 400 + (c.month <= 2);
    return c;
}

bool when_from_civil(int64_t y, int mo, int d, int h, int mi, int s, int64_t *out)
{
    if (mo < 1 || mo > 12 || d < 1 || d > 31 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 ||
        s > 60 || y < 1 || y > 9999)
        return false;
    int64_t midnight = days_of(y, mo, d) * 86400;
    if (when_civil(midnight).month != mo) /* 31 April */
        return false;
    *out = midnight + h * 3600 + mi * 60 + s;
    return true;
}

bool when_from_iso(const char *text, int64_t *out)
{
    int y, mo, d, h, mi, s, used = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &y, &mo, &d, &h, &mi, &s, &used) != 6)
        return false;
    const char *p = text + used;
    if (*p == '.')
        p += 1 + strspn(p + 1, "0123456789");
    int zh = 0, zm = 0;
    if (*p == '+' || *p == '-') {
        int n = 0;
        if (sscanf(p + 1, "%2d:%2d%n", &zh, &zm, &n) != 2 || p[1 + n] || zh > 23 || zm > 59)
            return false;
        if (*p == '-') {
            zh = -zh;
            zm = -zm;
        }
    } else if (strcmp(p, "Z") != 0) {
        return false;
    }
    int64_t t;
    if (!when_from_civil(y, mo, d, h, mi, s, &t))
        return false;
    *out = t - zh * 3600 - zm * 60;
    return true;
}

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char weekdays[] = "SunMonTueWedThuFriSat";

bool when_from_http(const char *text, int64_t *out)
{
    int d, y, h, mi, s, used = 0;
    char month[4];
    sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT%n", &d, month, &y, &h, &mi, &s, &used);
    if (used == 0 || text[used])
        return false;
    const char *at = strstr(months, month);
    if (!at || strlen(month) != 3 || (at - months) % 3)
        return false;
    return when_from_civil(y, (int)(at - months) / 3 + 1, d, h, mi, s, out);
}

void when_to_iso(int64_t t, char out[WHEN_TEXT])
{
    struct when_civil c = when_civil(t);
    snprintf(out, WHEN_TEXT, "%04lld-%02d-%02dT%02d:%02d:%02dZ", (long long)c.year, c.month, c.day,
             c.hour, c.minute, c.second);
}

void when_to_http(int64_t t, char out[WHEN_TEXT])
{
    struct when_civil c = when_civil(t);
    snprintf(out, WHEN_TEXT, "%.3s, %02d %.3s %04lld %02d:%02d:%02d GMT", weekdays + c.weekday * 3,
             c.day, months + (c.month - 1) * 3, (long long)c.year, c.hour, c.minute, c.second);
}

void when_span(int64_t s, char out[WHEN_TEXT])
{
    long long n = s < 0 ? 0 : (long long)s;
    if (n < 120)
        snprintf(out, WHEN_TEXT, "%lld s", n);
    else if (n < 3600)
        snprintf(out, WHEN_TEXT, "%lld min %02lld s", n / 60, n % 60);
    else if (n < 48 * 3600)
        snprintf(out, WHEN_TEXT, "%lld h %02lld min", n / 3600, n / 60 % 60);
    else
        snprintf(out, WHEN_TEXT, "%lld d %lld h", n / 86400, n / 3600 % 24);
}

static int64_t unit_seconds(const char *unit, size_t len)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"", 1},     {"s", 1},    {"sec", 1},      {"m", 60},
                 {"min", 60}, {"h", 3600}, {"d", 24 * 3600}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].name) == len && strncmp(units[i].name, unit, len) == 0)
            return units[i].seconds;
    return 0;
}

bool when_from_span(const char *text, int64_t *seconds)
{
    const int64_t most = (int64_t)100 * 365 * 24 * 3600;
    int64_t sum = 0, last = INT64_MAX;
    const char *p = text + strspn(text, " ");
    if (!*p)
        return false;
    while (*p) {
        int64_t n = 0;
        size_t digits = strspn(p, "0123456789");
        for (size_t i = 0; i < digits; i++)
            if ((n = n * 10 + (p[i] - '0')) > most)
                return false;
        p += digits;
        p += strspn(p, " ");
        size_t letters = strcspn(p, " 0123456789");
        int64_t unit = unit_seconds(p, letters);
        if (!digits || !unit || unit >= last || n > most / unit || (sum += n * unit) > most)
            return false;
        last = unit;
        p += letters;
        p += strspn(p, " ");
    }
    *seconds = sum;
    return true;
}
