#include "run.h"
#include <stdatomic.h>
#include <stdlib.h>

void run_stay_awake(struct run *r)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;
    if (r->awake || r->req->dry_run)
        return;
    struct awake_report got;
    char *why = xasprintf("%s %s is under way", verb_name(r->verb), r->srv->name);
    r->awake = awake_hold(&(struct awake_opts){.why = why}, &got);
    free(why);
    if (!atomic_flag_test_and_set(&told))
        run_emit(r, EVENT_NOTE, "%s", got.text);
}

bool run_rested(struct run *r, struct err *e)
{
    int64_t slept_ms = awake_slept_ms() - r->slept_ms;
    if (slept_ms < AWAKE_SLEPT_MS || r->req->dry_run)
        return true;
    r->slept_for_ms = slept_ms;
    return err_set(e, ERR_INTERRUPTED, "this computer slept");
}

bool run_nap(struct run *r, int64_t ms, struct err *e)
{
    if (cloud_sleep(r->cloud, ms))
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    return run_rested(r, e);
}

int64_t run_since(const struct run *r, int64_t sent)
{
    return run_now(r) - (sent > r->woke_at ? sent : r->woke_at);
}

bool run_begin_anew(struct run *r, struct err *e)
{
    struct err ignored;
    /* A request that this computer slept through was cut off by its time-out. */
    if (!r->slept_for_ms && (run_passing(e) || e->ambiguous || e->code == ERR_TIMEOUT))
        run_rested(r, &ignored);
    if (!r->slept_for_ms)
        return false;
    if (cancel_is(r->core->cancel))
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    char span[WHEN_TEXT];
    when_span(r->slept_for_ms / 1000, span);
    if (run_time_is_up(r))
        return err_set(e, ERR_TIMEOUT, "this computer slept %s, past the time of --timeout", span);
    run_emit(r, EVENT_NOTE, "this computer slept %s: looking at everything anew", span);
    *e = (struct err){0};
    /* As after a crash: only what the journal knows counts, and the steps find out the rest. */
    r->f = r->written;
    r->resumed = r->begun;
    r->finished = false;
    r->slept_for_ms = 0;
    r->woke_at = run_now(r);
    r->made = (struct snapshot){0};
    r->droplet = (struct droplet){0};
    r->rival = 0;
    return true;
}
