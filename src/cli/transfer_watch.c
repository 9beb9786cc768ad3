#include "report.h"
#include "transfer_run.h"
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EVENT_EVERY_MS = 1000 };

static const char *const states[] = {
    [TRANSFER_WAITING] = "waiting", [TRANSFER_RUNNING] = "running", [TRANSFER_DONE] = "done",
    [TRANSFER_SKIPPED] = "skipped", [TRANSFER_FAILED] = "failed",
};

void plan_ends(const struct plan *p, const struct planned *f, char **source, char **target)
{
    char *typed = plan_far_end(p, f), *shown = place_shown(typed);
    char *far = report_clean(shown, false), *near = report_clean(f->path, false);
    free(typed);
    free(shown);
    *source = p->way == TRANSFER_GET ? far : near;
    *target = p->way == TRANSFER_GET ? near : far;
}

static void put_known(cJSON *o, const char *name, int64_t value, bool known)
{
    if (known)
        json_put_int(o, name, value);
    else
        cJSON_AddNullToObject(o, name);
}

cJSON *plan_file_json(cJSON *o, const struct plan *p, const struct planned *f,
                      const struct transfer_result *r)
{
    char *source, *target;
    plan_ends(p, f, &source, &target);
    put_text(o, "state", states[r->state]);
    put_text(o, "source", source);
    put_text(o, "target", target);
    put_known(o, "size", r->size, r->size >= 0);
    json_put_int(o, "resumed", r->resumed);
    cJSON_AddBoolToObject(o, "restarted", r->restarted);
    cJSON_AddBoolToObject(o, "verified", r->verified);
    if (r->state == TRANSFER_FAILED)
        put_error(o, &r->err);
    free(source);
    free(target);
    return o;
}

static void say_file(const struct watch *w, const struct planned *f,
                     const struct transfer_result *r)
{
    char *source, *target, size[BYTES_TEXT] = "";
    plan_ends(w->plan, f, &source, &target);
    if (r->size >= 0)
        bytes_text(r->size, size);
    if (w->plan->cli->g.verbose && r->state == TRANSFER_FAILED)
        report_talk(w->plan->cli, PAINT_NONE, "  failed   %s: %s", source, r->err.text);
    else if (w->plan->cli->g.verbose)
        report_talk(w->plan->cli, PAINT_NONE, "  %-8s %s -> %s%s%s%s", states[r->state], source,
                    target, *size ? " (" : "", size, *size ? ")" : "");
    if (r->restarted) {
        progress_end(w->plan->cli);
        report_talk(w->plan->cli, PAINT_YELLOW,
                    "  %s: it has changed, or what was kept of it was no good: moved from the "
                    "beginning",
                    source);
    }
    free(source);
    free(target);
}

static bool has_ended(const struct transfer_result *r)
{
    return r->state == TRANSFER_DONE || r->state == TRANSFER_SKIPPED || r->state == TRANSFER_FAILED;
}

/* Files begin in their order, so those that have ended newly stand near the first that has not. */
static void tell_ended(struct watch *w, size_t ended)
{
    size_t n = transfer_count(w->t);
    for (size_t i = w->first; i < n && w->n_told < ended; i++) {
        struct transfer_result r;
        if (w->told[i])
            continue;
        transfer_result(w->t, i, &r);
        if (!has_ended(&r))
            continue;
        const struct planned *f = &w->plan->files[w->file_of[i]];
        if (w->plan->cli->mode == MODE_LINES)
            progress_event_end(plan_file_json(progress_event_begin("file"), w->plan, f, &r));
        else
            say_file(w, f, &r);
        w->told[i] = true;
        w->n_told++;
    }
    while (w->first < n && w->told[w->first])
        w->first++;
}

static void progress_json(const struct transfer_progress *p)
{
    cJSON *o = progress_event_begin("progress");
    json_put_int(o, "count", (int64_t)p->files);
    json_put_int(o, "running", (int64_t)p->running);
    json_put_int(o, "done", (int64_t)p->finished);
    json_put_int(o, "skipped", (int64_t)p->skipped);
    json_put_int(o, "failed", (int64_t)p->failed);
    json_put_int(o, "bytes", p->bytes);
    json_put_int(o, "size_done", p->done);
    put_known(o, "size", p->total, p->total_known);
    json_put_int(o, "bytes_per_s", p->bytes_per_s);
    put_known(o, "left_ms", p->left_ms, p->left_ms >= 0);
    json_put_int(o, "retries", p->retries);
    progress_event_end(o);
}

/* "3 of 12 files, 1.2 GB of 3.4 GB (35 %), 12.3 MB/s, 1 min 05 s left" */
static void draw(struct cli *cli, const struct transfer_progress *p)
{
    char done[BYTES_TEXT], total[BYTES_TEXT], speed[BYTES_TEXT], left[WHEN_TEXT];
    struct str line = STR(256);
    size_t ended = p->finished + p->skipped + p->failed;
    bytes_text(p->done, done);
    bytes_text(p->total, total);
    bytes_text(p->bytes_per_s, speed);
    if (p->files > 1)
        str_addf(&line, "%zu of %zu files, ", ended, p->files);
    if (p->total_known && p->total > 0)
        str_addf(&line, "%s of %s (%d %%)", done, total,
                 (int)((double)p->done * 100 / (double)p->total));
    else
        str_add(&line, done);
    str_addf(&line, ", %s/s", speed);
    if (p->left_ms >= 0) {
        when_span((p->left_ms + 999) / 1000, left);
        str_addf(&line, ", %s left", left);
    }
    if (p->failed)
        str_addf(&line, ", %zu failed", p->failed);
    progress_line(cli, str_text(&line));
    str_release(&line);
}

void watch_begin(struct watch *w)
{
    int64_t total = 0;
    bool known = true;
    if (w->plan->cli->mode != MODE_LINES)
        return;
    for (size_t i = 0; i < w->plan->n; i++) {
        known = known && w->plan->files[i].size >= 0;
        total += known ? w->plan->files[i].size : 0;
    }
    cJSON *o = progress_event_begin("begin");
    put_text(o, "command", w->plan->cli->cmd->name);
    json_put_int(o, "count", (int64_t)w->plan->n);
    put_known(o, "size", total, known);
    progress_event_end(o);
}

void watch_look(struct watch *w, bool last)
{
    struct transfer_progress now;
    struct cli *cli = w->plan->cli;
    transfer_progress(w->t, &now);
    if (cli->mode == MODE_LINES || cli->g.verbose || last)
        tell_ended(w, now.finished + now.skipped + now.failed);
    if (cli->mode != MODE_LINES) {
        if (!last)
            draw(cli, &now);
        return;
    }
    int64_t ms = os_mono_ms();
    if (!last && ms - w->event_ms < EVENT_EVERY_MS)
        return;
    w->event_ms = ms;
    progress_json(&now);
}
