#include "history.h"
#include <string.h>

static bool is(const struct action *a, const char *type)
{
    return strcmp(a->type, type) == 0;
}

static bool is_power_cut(const struct action *a)
{
    return is(a, "shutdown") || is(a, "power_off");
}

/* Leaves the disk and the power as they are. */
static bool is_quiet(const struct action *a)
{
    return is(a, "snapshot") || is(a, "destroy") || a->status == ACTION_ERRORED;
}

bool history_busy(const struct action *actions, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (actions[i].status == ACTION_IN_PROGRESS)
            return true;
    return false;
}

const struct action *history_running_snapshot(const struct action *actions, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is(&actions[i], "snapshot") && actions[i].status == ACTION_IN_PROGRESS)
            return &actions[i];
    return NULL;
}

/* The newest action that is not quiet, or NULL. */
static const struct action *last_loud(const struct action *actions, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_quiet(&actions[i]))
            return &actions[i];
    return NULL;
}

bool history_stopping(const struct action *actions, size_t n)
{
    const struct action *last = last_loud(actions, n);
    return last && is_power_cut(last);
}

const struct action *history_final_snapshot(const struct action *actions, size_t n)
{
    const struct action *last = last_loud(actions, n);
    for (size_t i = 0; i < n; i++) {
        if (!is(&actions[i], "snapshot") || actions[i].status != ACTION_COMPLETED)
            continue;
        bool after = last && is_power_cut(last) && last->started_at <= actions[i].started_at;
        return after ? &actions[i] : NULL;
    }
    return NULL;
}

bool history_changed(const struct action *actions, size_t n, int64_t began, int64_t off_at)
{
    const struct action *last = last_loud(actions, n);
    if (!last)
        return off_at == 0;
    if (last->started_at >= began)
        return true;
    return !is_power_cut(last) && (off_at == 0 || last->started_at >= off_at);
}

bool history_touched(const struct action *actions, size_t n, int64_t since)
{
    const struct action *last = last_loud(actions, n);
    return !last || last->started_at >= since;
}
