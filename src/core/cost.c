#include "cost.h"
#include <dogs/core.h>
#include <stdio.h>
#include <string.h>

enum {
    SESSION_MIN_S = 60,
    SESSION_MIN_UDOLLARS = 10000,
    SNAPSHOT_UDOLLARS_PER_GB_MONTH = 60000,
};

int64_t cost_session(int64_t seconds, int64_t hourly, int64_t monthly)
{
    if (hourly <= 0)
        return 0;
    int64_t s = seconds > SESSION_MIN_S ? seconds : SESSION_MIN_S;
    int64_t cost = s * hourly / 3600;
    cost = cost > SESSION_MIN_UDOLLARS ? cost : SESSION_MIN_UDOLLARS;
    int64_t months = s / (31 * 86400) + 1;
    return monthly > 0 && cost > monthly * months ? monthly * months : cost;
}

int64_t cost_storage_monthly(int64_t size_mb)
{
    return size_mb * SNAPSHOT_UDOLLARS_PER_GB_MONTH / 1000;
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
