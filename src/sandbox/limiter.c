#include "limiter.h"

static const int64_t hour_ms = 3600 * 1000, minute_ms = 60 * 1000;

static void forget_before(int64_t *ring, size_t *first, size_t *n, int64_t ms)
{
    while (*n > 0 && ring[*first] <= ms) {
        *first = (*first + 1) % LIMITER_MAX;
        (*n)--;
    }
}

static void push(int64_t *ring, size_t *first, size_t *n, int64_t ms)
{
    if (*n == LIMITER_MAX)
        forget_before(ring, first, n, ring[*first]);
    ring[(*first + *n) % LIMITER_MAX] = ms;
    (*n)++;
}

/* How many of the last hour's requests came after `ms`; *oldest is the first of them. */
static int64_t since(const struct limiter *l, int64_t ms, int64_t *oldest)
{
    int64_t count = 0;
    while (count < (int64_t)l->n) {
        int64_t at = l->at_ms[(l->first + l->n - 1 - (size_t)count) % LIMITER_MAX];
        if (at <= ms)
            break;
        *oldest = at;
        count++;
    }
    return count;
}

static int64_t wait_s(int64_t oldest, int64_t now)
{
    int64_t ms = oldest + minute_ms - now;
    return ms <= 1000 ? 1 : (ms + 999) / 1000;
}

static bool enforced(const struct world *w)
{
    double mode = setting_value(w, SET_RATE_LIMIT);
    return mode == 1 || (mode > 1 && setting_value(w, SET_SPEED) <= 1);
}

void limiter_note(struct limiter *l, const struct world *w, int64_t now, bool key_list,
                  struct rate *out)
{
    int64_t oldest = now, limit = (int64_t)setting_value(w, SET_RATE_HOUR);
    *out = (struct rate){.limit = limit, .remaining = limit - 1, .reset_s = now / 1000 + 3600};
    if (!enforced(w))
        return;
    forget_before(l->at_ms, &l->first, &l->n, now - hour_ms);
    forget_before(l->keys_at_ms, &l->keys_first, &l->keys_n, now - minute_ms);
    bool keys_full = key_list && (double)l->keys_n >= setting_value(w, SET_RATE_KEYS);
    bool burst = (double)since(l, now - minute_ms, &oldest) >= setting_value(w, SET_RATE_MINUTE);
    bool hour = (int64_t)l->n >= limit;
    if (keys_full)
        oldest = l->keys_at_ms[l->keys_first];
    if (keys_full || burst)
        out->retry_after_s = wait_s(oldest, now);
    out->refused = keys_full || burst || hour;
    if (!out->refused) {
        push(l->at_ms, &l->first, &l->n, now);
        if (key_list)
            push(l->keys_at_ms, &l->keys_first, &l->keys_n, now);
    }
    if (l->n > 0)
        out->reset_s = (l->at_ms[l->first] + hour_ms) / 1000;
    out->remaining = out->refused ? 0 : limit - (int64_t)l->n;
}
