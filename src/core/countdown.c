#include "countdown.h"
#include <stdio.h>

enum { MINUTE_S = 60, ROUND_FROM_S = 50 };

int countdown_due(const int *marks, int64_t left_s, int warned)
{
    int due = 0;

    for (; *marks; marks++)
        if (left_s <= (int64_t)*marks * MINUTE_S && (!warned || *marks < warned))
            due = *marks;
    return due;
}

int64_t countdown_sleep_s(const int *marks, int64_t left_s, int64_t tick_s)
{
    int64_t next = left_s;

    for (; *marks; marks++)
        if ((int64_t)*marks * MINUTE_S < left_s)
            next = left_s - (int64_t)*marks * MINUTE_S < next ? left_s - (int64_t)*marks * MINUTE_S
                                                              : next;
    return next < 1 ? 1 : next < tick_s ? next : tick_s;
}

void countdown_text(int64_t left_s, char out[32])
{
    int64_t minutes = (left_s + MINUTE_S / 2) / MINUTE_S;

    if (left_s < ROUND_FROM_S)
        snprintf(out, 32, "%lld seconds", (long long)(left_s < 1 ? 1 : left_s));
    else
        snprintf(out, 32, "%lld minute%s", (long long)minutes, minutes == 1 ? "" : "s");
}
