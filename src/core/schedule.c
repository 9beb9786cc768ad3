#include <dogs/schedule.h>
#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, LONGEST_PAUSE_DAYS = 9 };

static const char day_names[] = "sunmontuewedthufrisat";

bool rule_zone(const struct rule_cfg *r, struct zone **out, struct err *e)
{
    char here[ZONE_NAME];
    if (*r->zone)
        return zone_open(r->zone, out, e);
    zone_here(here);
    return zone_open(here, out, e) || err_wrap(e, "the time zone of this computer");
}

static int64_t day_of(int64_t local)
{
    return local >= 0 ? local / DAY_S : -((-local + DAY_S - 1) / DAY_S);
}

/* The occurrence of a day, counted from 1970; at 0 if the rule has none on it. */
static struct occurrence on_day(const struct zone *z, const struct rule_cfg *r, int64_t day)
{
    struct occurrence o = {0};
    int weekday = (int)(((day + 4) % 7 + 7) % 7);
    if (!(r->days & 1u << weekday))
        return o;
    o.how = zone_of_local(z, day * DAY_S + r->minute * 60, &o.at);
    o.offset_s = zone_at(z, o.at).offset_s;
    o.local = o.at + o.offset_s;
    return o;
}

struct occurrence rule_next(const struct zone *z, const struct rule_cfg *r, int64_t t)
{
    /* Two days before: where a day was skipped, its occurrence comes late. */
    int64_t day = day_of(t + zone_at(z, t).offset_s) - 2;
    for (int i = 0; i < LONGEST_PAUSE_DAYS + 3; i++) {
        struct occurrence o = on_day(z, r, day + i);
        if (o.at > t)
            return o;
    }
    return (struct occurrence){0};
}

struct occurrence rule_last(const struct zone *z, const struct rule_cfg *r, int64_t t)
{
    int64_t day = day_of(t + zone_at(z, t).offset_s) + 2;
    for (int i = 0; i < LONGEST_PAUSE_DAYS + 3; i++) {
        struct occurrence o = on_day(z, r, day - i);
        if (o.at && o.at <= t)
            return o;
    }
    return (struct occurrence){0};
}

void rule_text(const struct rule_cfg *r, struct str *out)
{
    str_addf(out, "%s at %02d:%02d", r->what == RULE_STOP ? "stop" : "start", r->minute / 60,
             r->minute % 60);
    const char *between = " on ";
    for (unsigned d = 0; r->days != 0x7f && d < 7; d++) {
        if (!(r->days & 1u << d))
            continue;
        str_addf(out, "%s%.3s", between, day_names + 3 * d);
        between = ", ";
    }
    if (r->days == 0x7f)
        str_add(out, " daily");
    if (*r->zone)
        str_addf(out, " (%s)", r->zone);
    if (r->unless_played)
        str_add(out, " unless somebody plays");
}

void occurrence_note(const struct rule_cfg *r, const struct occurrence *o, int offset_before_s,
                     struct str *out)
{
    int shift = o->offset_s - offset_before_s;
    struct when_civil local = when_civil(o->local);
    if (o->how == ZONE_SKIPPED)
        str_addf(out, "%02d:%02d is skipped, as clocks go forward: at %02d:%02d", r->minute / 60,
                 r->minute % 60, local.hour, local.minute);
    else if (o->how == ZONE_TWICE)
        str_addf(out, "%02d:%02d comes twice, as clocks go back: the first", r->minute / 60,
                 r->minute % 60);
    else if (shift)
        str_addf(out, "clocks went %s by %d min since the run before",
                 shift > 0 ? "forward" : "back", (shift > 0 ? shift : -shift) / 60);
}

const char *record_state_name(enum record_state s)
{
    static const char *const names[] = {
        [RECORD_NONE] = "none",     [RECORD_BEGUN] = "begun", [RECORD_WAITING] = "waiting",
        [RECORD_FAILED] = "failed", [RECORD_DONE] = "done",   [RECORD_SKIPPED] = "skipped"};
    return names[s];
}

static bool is_open(const struct record *rec)
{
    return rec->state == RECORD_BEGUN || rec->state == RECORD_WAITING ||
           rec->state == RECORD_FAILED;
}

static void judge(const struct rule_cfg *r, const struct record *rec, int64_t now,
                  struct verdict *v)
{
    int64_t at = v->last.at, late = now - at;
    v->late = late > SCHEDULE_PUNCTUAL_S;
    /* A clock that was put back has no new occurrences. */
    if (!at || at <= rec->since || at < rec->at || (at == rec->at && !is_open(rec)))
        return;
    bool met = at == rec->at;
    bool over = late > r->window_s && late > SCHEDULE_PUNCTUAL_S;
    v->what = DUE_RUN;
    if (met && rec->state == RECORD_WAITING)
        v->what = now >= rec->look_at ? DUE_RUN : DUE_LATER;
    else if (met && over)
        v->why = "it did not succeed within its window";
    else if (!met && v->late && !r->catch_up)
        v->why = "it was missed, and `missed: skip` says to leave it";
    else if (!met && over)
        v->why = "it was missed, and its window is over";
    if (v->why)
        v->what = DUE_SKIP;
}

void schedule_judge(const struct rule_cfg *rules, const struct zone *const *zones,
                    const struct record *records, size_t n, int64_t now, struct verdict *out)
{
    int64_t newest = 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct verdict){.last = rule_last(zones[i], &rules[i], now)};
        judge(&rules[i], &records[i], now, &out[i]);
        if (out[i].last.at > records[i].since && out[i].last.at > newest)
            newest = out[i].last.at;
    }
    for (size_t i = 0; i < n; i++) {
        if (out[i].what == DUE_NOTHING || out[i].last.at == newest)
            continue;
        out[i].what = DUE_SKIP;
        out[i].why = "a later rule of the server has come since";
    }
}

static int gcd(int a, int b)
{
    return b ? gcd(b, a % b) : a;
}

int schedule_every_min(const struct config *cfg)
{
    int every = 15;
    for (size_t s = 0; s < cfg->n_servers; s++) {
        for (size_t i = 0; i < cfg->servers[s].n_rules; i++) {
            const struct rule_cfg *r = &cfg->servers[s].schedule[i];
            every = gcd(every, r->minute % 15);
            if (r->unless_played)
                every = gcd(every, r->again_s / 60);
        }
    }
    return every;
}
