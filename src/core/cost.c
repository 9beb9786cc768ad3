#include "cost.h"
#include <dogs/core.h>
#include <stdio.h>
#include <string.h>

const struct price price_list[PRICE_COUNT] = {
    [PRICE_SNAPSHOT_GB_MONTH] = {"a GB of snapshots for a month", 60000, "2026-08",
                                 "DigitalOcean's page of snapshot prices"},
    [PRICE_MINIMUM] = {"the least that a droplet costs", 10000, "2026-01-01",
                       "DigitalOcean's change to billing by the second"},
    [PRICE_MINIMUM_S] = {"the least seconds that a droplet is billed for", 60, "2026-01-01",
                         "DigitalOcean's change to billing by the second"},
};

static int64_t price(const struct prices_cfg *own, enum price_of which)
{
    const struct price_cfg *const mine[] = {
        [PRICE_SNAPSHOT_GB_MONTH] = own ? &own->snapshot_gb_month : NULL,
        [PRICE_MINIMUM] = own ? &own->minimum : NULL,
        [PRICE_MINIMUM_S] = own ? &own->minimum_s : NULL,
    };
    return own && mine[which]->given ? mine[which]->value : price_list[which].value;
}

int64_t cost_session(const struct prices_cfg *own, int64_t seconds, int64_t hourly, int64_t monthly)
{
    int64_t least_s = price(own, PRICE_MINIMUM_S), least = price(own, PRICE_MINIMUM);
    if (hourly <= 0)
        return 0;
    int64_t s = seconds > least_s ? seconds : least_s;
    int64_t cost = s * hourly / 3600;
    cost = cost > least ? cost : least;
    int64_t months = s / (31 * 86400) + 1;
    return monthly > 0 && cost > monthly * months ? monthly * months : cost;
}

int64_t cost_storage_monthly(const struct prices_cfg *own, int64_t size_mb)
{
    return size_mb * price(own, PRICE_SNAPSHOT_GB_MONTH) / 1000;
}

void cost_month(int64_t t, int64_t *from, int64_t *to)
{
    struct when_civil c = when_civil(t);
    if (!when_from_civil(c.year, c.month, 1, 0, 0, 0, from))
        *from = t;
    if (!when_from_civil(c.year + c.month / 12, c.month % 12 + 1, 1, 0, 0, 0, to))
        *to = t;
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t cost_session_within(const struct prices_cfg *own, int64_t begin, int64_t end,
                            int64_t hourly, int64_t monthly, int64_t from, int64_t to)
{
    if (end < from || begin >= to)
        return 0;
    int64_t all = cost_session(own, least_of(end, to) - begin, hourly, monthly);
    return begin >= from ? all : all - cost_session(own, from - begin, hourly, monthly);
}

int64_t cost_storage_within(const struct prices_cfg *own, int64_t size_mb, int64_t begin,
                            int64_t end, int64_t from, int64_t to)
{
    int64_t first = begin > from ? begin : from, last = least_of(end, to);
    if (last <= first || to <= from)
        return 0;
    return cost_storage_monthly(own, size_mb) * (last - first) / (to - from);
}

void core_money(int64_t udollars, char out[WHEN_TEXT])
{
    const char *sign = udollars < 0 ? "-" : "";
    unsigned long long u =
        udollars < 0 ? 0ULL - (unsigned long long)udollars : (unsigned long long)udollars;
    /* Half a cent matters for a price per hour and is noise in a sum. */
    if (u >= 1000000)
        u = (u + 5000) / 10000 * 10000;
    snprintf(out, WHEN_TEXT, "%s$%llu.%06llu", sign, u / 1000000, u % 1000000);
    size_t len = strlen(out);
    size_t least = (size_t)(strchr(out, '.') - out) + 3;
    while (len > least && out[len - 1] == '0')
        out[--len] = '\0';
}
