/* cost: money as millionths of a dollar. Pure. Sources and dates of the constants: DigitalOcean's
 * pricing pages as of 2026-08: droplets by the second since 2026-01-01, at least one minute and one
 * cent; snapshots $0.06 per GB and month. */
#ifndef CORE_COST_H
#define CORE_COST_H

#include <stdint.h>

int64_t cost_session(int64_t seconds, int64_t hourly, int64_t monthly);
int64_t cost_storage_monthly(int64_t size_mb);

#endif
