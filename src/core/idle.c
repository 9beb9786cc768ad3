#include "idle.h"

void idle_begin(struct idle *s, int64_t since)
{
    *s = (struct idle){.since = since};
}

void idle_forget(struct idle *s)
{
    s->zeros = 0;
    s->unknown_since = 0;
}

static int64_t window_of(const struct idle *s, const struct idle_rule *r)
{
    return s->joined ? r->window_s : r->never_joined_s;
}

static enum idle_verdict unknown(struct idle *s, const struct idle_rule *r, int64_t at)
{
    if (!s->unknown_since)
        s->unknown_since = at;
    if (s->alarmed || at - s->unknown_since < r->alarm_s || at - s->since < r->grace_s)
        return IDLE_STAY;
    s->alarmed = true;
    return IDLE_ALARM;
}

static enum idle_verdict nobody(struct idle *s, const struct idle_rule *r, int64_t at)
{
    if (s->zeros && at - s->zero_at > r->gap_s)
        s->zeros = 0;
    if (!s->zeros)
        s->zero_since = at;
    s->zeros++;
    s->zero_at = at;
    if (at - s->since < r->grace_s || s->zeros < r->zeros || at - s->zero_since < window_of(s, r))
        return IDLE_STAY;
    return r->traffic ? IDLE_TRAFFIC : IDLE_EMPTY;
}

enum idle_verdict idle_feed(struct idle *s, const struct idle_rule *r, int64_t at, int players)
{
    /* A clock that was set back: what was seen later did not happen in a row with this. */
    if (at < s->seen_at)
        idle_forget(s);
    s->seen_at = at;
    if (players > 0) {
        s->joined = true;
        s->zeros = 0;
    }
    if (players >= 0) {
        s->unknown_since = 0;
        s->alarmed = false;
    }
    if (r->max_s && at - s->since >= r->max_s - r->lead_s)
        return IDLE_MAX;
    if (players < 0)
        return unknown(s, r, at);
    return players ? IDLE_STAY : nobody(s, r, at);
}

enum idle_verdict idle_traffic(const struct idle *s, const struct idle_rule *r, enum traffic t)
{
    switch (t) {
    case TRAFFIC_LOW:
        return IDLE_EMPTY;
    case TRAFFIC_HIGH:
        return IDLE_STAY;
    case TRAFFIC_UNKNOWN:
        break;
    }
    return s->zero_at - s->zero_since >= 2 * window_of(s, r) ? IDLE_EMPTY : IDLE_STAY;
}

int64_t idle_left(const struct idle *s, const struct idle_rule *r, int64_t now)
{
    if (!s->zeros || now - s->zero_at > r->gap_s)
        return -1;
    int64_t window = s->zero_since + window_of(s, r) - now;
    int64_t grace = s->since + r->grace_s - now;
    int64_t left = window > grace ? window : grace;
    return left > 0 ? left : 0;
}
