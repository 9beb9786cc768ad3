#include "run.h"
#include "history.h"
#include <dogs/log.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLICE_MS = 1000,        /* real time between two signs of life */
    OUTAGE_STEP_MS = 15000, /* between looks while nothing answers */
    RELOOK_MS = 4000,       /* a 404 is believed when it is still there then */
    IDLE_LIMIT_MS = 60 * 60000,
    STOP_BEFORE_S = 2 * 3600, /* how long another's stop may have begun before ours */
};

static void emit(struct run *r, struct event *ev)
{
    ev->at = cloud_now(r->cloud);
    ev->run = r->id;
    ev->verb = verb_name(r->verb);
    ev->server = r->srv->name;
    ev->step = r->step ? r->step : "";
    if (r->core->on_event)
        r->core->on_event(r->core->ctx, ev);
}

void run_emit(struct run *r, enum event_kind kind, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    emit(r, &(struct event){.kind = kind, .text = text});
}

void run_took(struct run *r, int64_t elapsed_ms, const char *title)
{
    emit(r, &(struct event){.kind = EVENT_DONE, .text = title, .elapsed_ms = elapsed_ms});
}

int64_t run_now(const struct run *r)
{
    return cloud_now(r->cloud);
}

static bool add(struct run *r, const char *ev, struct err *e)
{
    if (!journal_add(r->journal, ev, r->id, r->verb, r->step, run_now(r), &r->f, e))
        return false;
    r->written = r->f;
    return true;
}

bool run_intent(struct run *r, struct err *e)
{
    if (cancel_is(r->core->cancel))
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    run_stay_awake(r);
    if (!run_rested(r, e))
        return false;
    if (!r->begun && r->last.open &&
        !journal_add(r->journal, "end", r->last.run.id, r->last.verb, "superseded", run_now(r),
                     &r->last.facts, e))
        return false;
    if (!r->begun && !add(r, "begin", e))
        return false;
    r->begun = true;
    if (!add(r, "intent", e))
        return false;
    r->effects = r->changed = true;
    return true;
}

bool run_fact(struct run *r, struct err *e)
{
    return add(r, "done", e);
}

bool run_passing(const struct err *e)
{
    return e->retryable && e->code != ERR_INTERRUPTED && e->code != ERR_AUTH;
}

bool run_time_is_up(const struct run *r)
{
    return r->end_ms && os_mono_ms() >= r->end_ms;
}

static bool out_of_time(struct run *r, const struct wait *w, int64_t elapsed, struct err *e)
{
    bool by_user = run_time_is_up(r);
    if (!by_user && elapsed < w->limit_ms)
        return false;
    char span[WHEN_TEXT];
    when_span(elapsed / 1000, span);
    err_set(e, ERR_TIMEOUT, "%s: not within %s%s; the cloud may still be working on it", w->text,
            span, by_user ? " (--timeout)" : "");
    return true;
}

bool run_sleep(struct run *r, const char *text, int64_t began_ms, int64_t expected_ms, int64_t ms,
               struct err *e)
{
    if (ms > 0)
        run_stay_awake(r);
    int64_t slice = (int64_t)(SLICE_MS * cloud_speed(r->cloud));
    while (ms > 0) {
        int64_t part = slice && slice < ms ? slice : ms;
        if (!run_nap(r, part, e))
            return false;
        ms -= part;
        emit(r, &(struct event){.kind = EVENT_WAIT,
                                .text = text,
                                .elapsed_ms = cloud_mono_ms(r->cloud) - began_ms,
                                .expected_ms = expected_ms});
        if (run_time_is_up(r))
            break;
    }
    if (cancel_is(r->core->cancel))
        return err_set(e, ERR_INTERRUPTED, "interrupted");
    return run_rested(r, e);
}

static bool sleep_with_signs(struct run *r, const struct wait *w, const struct span_seen *seen,
                             int64_t began, int64_t ms, struct err *e)
{
    return run_sleep(r, w->text, began, seen->max_ms ? seen->typical_ms : 0, ms, e);
}

bool run_wait(struct run *r, const struct wait *w, struct err *e)
{
    struct span_seen seen = {.typical_ms = w->typical_ms};
    if (w->key)
        spans_seen(r->spans, r->srv->name, w->key, &seen);
    int64_t began = cloud_mono_ms(r->cloud), elapsed = 0;
    bool outage = false;
    for (bool first = true;; first = false) {
        int64_t ms = outage                               ? OUTAGE_STEP_MS
                     : first && (w->at_once || w->joined) ? 0
                                                          : pace_next(&r->pace, &seen, elapsed);
        if (!sleep_with_signs(r, w, &seen, began, ms, e))
            return r->slept_for_ms
                       ? false
                       : err_set(e, ERR_INTERRUPTED, "interrupted while waiting: %s", w->text);
        bool ready = false;
        struct err why = {0};
        bool ok = w->look(r, &ready, &why);
        /* Asleep in the middle of the look: its answer is old, and the limit met only by clock. */
        if (!run_rested(r, e))
            return false;
        elapsed = cloud_mono_ms(r->cloud) - began;
        if (ok && ready)
            break;
        if (!ok && !run_passing(&why)) {
            *e = why;
            return false;
        }
        if (!ok && !outage)
            run_emit(r, EVENT_WARN, "%s; still waiting, and looking again", why.text);
        outage = !ok;
        if (out_of_time(r, w, elapsed, e))
            return false;
    }
    if (w->key && !w->joined && !r->resumed)
        spans_learn(r->spans, r->srv->name, w->key, elapsed);
    return true;
}

bool run_see_droplet(struct run *r, struct err *e)
{
    struct droplet d;
    struct err why = {0};
    bool ok = cloud_droplet(r->cloud, r->f.droplet_id, &d, &why);
    if (!ok && why.code == ERR_NOT_FOUND) {
        if (!run_nap(r, RELOOK_MS, e))
            return false;
        why = (struct err){0};
        ok = cloud_droplet(r->cloud, r->f.droplet_id, &d, &why);
    }
    if (!ok) {
        *e = why;
        return false;
    }
    r->droplet = d;
    if (d.status != DROPLET_OFF)
        r->f.active_at = cloud_answered_at(r->cloud);
    return true;
}

bool run_actions(struct run *r, struct action **actions, size_t *n, struct err *e)
{
    struct err why = {0};
    if (cloud_droplet_actions(r->cloud, r->f.droplet_id, actions, n, &why))
        return true;
    *e = why;
    if (why.code == ERR_NOT_FOUND && run_see_droplet(r, e)) {
        err_set(e, ERR_PROTOCOL, "the API does not find the actions of droplet %lld, which it has",
                (long long)r->f.droplet_id);
        e->retryable = true;
    }
    return false;
}

bool run_idle(struct run *r, struct action **actions, size_t *n, struct err *e)
{
    const struct wait w = {.text = "no other work on the droplet", .limit_ms = IDLE_LIMIT_MS};
    const struct span_seen seen = {.typical_ms = 5000};
    int64_t began = cloud_mono_ms(r->cloud);
    for (;;) {
        struct err why = {0};
        bool ok = run_actions(r, actions, n, &why);
        bool rested = run_rested(r, e);
        if (ok && rested && !history_busy(*actions, *n))
            return true;
        if (ok)
            free(*actions);
        if (!rested)
            return false;
        if (!ok && !run_passing(&why)) {
            *e = why;
            return false;
        }
        int64_t elapsed = cloud_mono_ms(r->cloud) - began;
        if (out_of_time(r, &w, elapsed, e))
            return false;
        if (!sleep_with_signs(r, &w, &seen, began, pace_next(&r->pace, &seen, elapsed), e))
            return false;
    }
}

/* Whether a snapshot can be the one with which another run stopped this droplet. */
static bool ends_the_stop(const struct run *r, const struct snapshot *s)
{
    if (s->droplet_id != r->f.droplet_id || s->size_mb == 0 || cloud_has(s->tags, TAG_LIVE))
        return false;
    return s->id == r->f.snapshot_id ||
           (r->f.action_started && s->created_at == r->f.action_started) ||
           (cloud_has(s->tags, r->tag) &&
            s->created_at >= r->f.began - (r->f.seen_off ? STOP_BEFORE_S : 0));
}

bool run_gone_elsewhere(struct run *r, struct err *e)
{
    struct err why = {0};
    if (run_see_droplet(r, &why)) {
        err_set(e, ERR_PROTOCOL, "the API answered 404 about droplet %lld, which is there",
                (long long)r->f.droplet_id);
        return err_hint(e, "`dogs resume %s` goes on", r->srv->name);
    }
    *e = why;
    if (why.code != ERR_NOT_FOUND || !look_again(r, e))
        return false;
    for (size_t i = 0; i < r->mine.n_series; i++) {
        const struct snapshot *s = r->mine.series[i];
        if (!ends_the_stop(r, s))
            continue;
        if (!r->f.delete_sent)
            run_emit(r, EVENT_NOTE,
                     "the droplet is gone: another run has finished the stop, its snapshot is %s",
                     s->name);
        r->f.snapshot_id = s->id;
        str_copy(r->f.snapshot_name, sizeof r->f.snapshot_name, s->name);
        r->f.destroyed = r->f.proved = 1;
        r->droplet = (struct droplet){0};
        return cloud_has(s->tags, r->tag) ||
               cloud_tag_snapshot(r->cloud, r->tag, r->f.snapshot_id, e);
    }
    err_set(e, ERR_NOT_FOUND,
            "droplet %lld is gone, and not by this run; the newest snapshot of %s is %s",
            (long long)r->f.droplet_id, r->srv->name,
            r->mine.n_series ? r->mine.series[0]->name : "not there either");
    r->f.droplet_id = 0;
    r->droplet = (struct droplet){0};
    return err_hint(e, "`dogs snapshots %s` lists what there is", r->srv->name);
}

const struct snapshot **run_series(const struct run *r, size_t *n)
{
    const struct snapshot **all = xcalloc(r->mine.n_series + 1, sizeof *all);
    *n = 0;
    if (r->made.id)
        all[(*n)++] = &r->made;
    for (size_t i = 0; i < r->mine.n_series; i++)
        if (r->mine.series[i]->id != r->made.id)
            all[(*n)++] = r->mine.series[i];
    return all;
}

bool run_ask(struct run *r, enum question_kind kind, const char *expect, const char *flag,
             struct err *e, const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (r->core->ask)
        return r->core->ask(
            r->core->ctx,
            &(struct question){.kind = kind, .text = text, .expect = expect, .flag = flag}, e);
    err_set(e, ERR_USAGE, "%s", text);
    return err_hint(e, "say %s if that is right", flag);
}
