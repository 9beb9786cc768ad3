/* What came of it, and what to type next. */
#include "report.h"
#include "transfer_run.h"
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MOST = 20, FAILED_MAX_BYTES = 1024 * 1024 * 1024 };

static const char *failed_file(const struct plan *p)
{
    return p->args->retry_failed ? p->args->retry_failed : p->args->failed;
}

void tell_begin(struct telling *tell, struct plan *p, struct tally *tally)
{
    *tell = (struct telling){.plan = p, .tally = tally, .lines = STR(FAILED_MAX_BYTES)};
    if (p->cli->mode == MODE_JSON)
        tell->files = cJSON_AddArrayToObject(p->cli->doc, "files");
}

/* Whole, as only so it can be tried again: with what a URL has behind its '?'. */
static void add_line(struct telling *tell, const struct planned *f, const struct err *why)
{
    struct str line = STR(SPEC_MAX_LINE);
    char *far = plan_far_end(tell->plan, f), *reason = report_clean(why->text, false);
    bool get = tell->plan->way == TRANSFER_GET;
    str_addf(&tell->lines, "# %s\n", reason);
    bool ok = spec_add_word(&line, get ? far : f->path) && str_add(&line, " ") &&
              spec_add_word(&line, get ? f->path : far);
    str_addf(&tell->lines, "%s\n",
             ok ? str_text(&line) : "# its name has a line break, which cannot be written here");
    str_release(&line);
    free(far);
    free(reason);
}

static bool was_stopped(const struct err *why)
{
    return why->code == ERR_INTERRUPTED || why->code == ERR_CANCELLED;
}

static void tell_failed(struct telling *tell, const struct planned *f, const struct err *why)
{
    char *source, *target;
    bool stopped = was_stopped(why);
    if (failed_file(tell->plan))
        add_line(tell, f, why);
    if (!stopped && !tell->tally->first.code)
        tell->tally->first = *why;
    if (stopped || tell->plan->n == 1 || tell->shown++ >= SHOWN_MOST)
        return;
    plan_ends(tell->plan, f, &source, &target);
    report_failure(tell->plan->cli, "  %s: %s", source, why->text);
    free(source);
    free(target);
}

static void count(struct tally *t, const struct transfer_result *r)
{
    if (r->state == TRANSFER_DONE) {
        t->done++;
        t->size += r->size > 0 ? r->size : 0;
        t->resumed += r->resumed > 0;
        t->resumed_bytes += r->resumed;
        t->restarted += r->restarted;
        t->verified += r->verified;
    } else if (r->state == TRANSFER_SKIPPED) {
        t->skipped++;
    } else {
        t->kept_bytes += r->done;
        if (r->state != TRANSFER_FAILED || was_stopped(&r->err))
            t->unfinished++;
        else
            t->failed++;
    }
}

void tell_file(struct telling *tell, const struct planned *f, const struct transfer_result *r)
{
    count(tell->tally, r);
    if (tell->files)
        cJSON_AddItemToArray(tell->files, plan_file_json(cJSON_CreateObject(), tell->plan, f, r));
    if (r->state != TRANSFER_DONE && r->state != TRANSFER_SKIPPED)
        tell_failed(tell, f, &r->err);
}

static void put_tally(cJSON *doc, const struct tally *t)
{
    const struct {
        const char *name;
        int64_t n;
    } members[] = {
        {"count", (int64_t)(t->done + t->skipped + t->failed + t->unfinished)},
        {"done", (int64_t)t->done},
        {"skipped", (int64_t)t->skipped},
        {"failed", (int64_t)t->failed},
        {"unfinished", (int64_t)t->unfinished},
        {"resumed", (int64_t)t->resumed},
        {"restarted", (int64_t)t->restarted},
        {"verified", (int64_t)t->verified},
        {"bytes", t->bytes},
        {"size_done", t->size},
        {"resumed_bytes", t->resumed_bytes},
        {"kept_bytes", t->kept_bytes},
        {"retries", t->retries},
        {"elapsed_ms", t->elapsed_ms},
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_put_int(doc, members[i].name, members[i].n);
}

/* "12 files, 3.4 GB in 2 min 03 s, 27.6 MB/s; 2 were there already" */
static void say_summary(const struct plan *p, const struct tally *t)
{
    char size[BYTES_TEXT], speed[BYTES_TEXT], kept[BYTES_TEXT], span[WHEN_TEXT];
    struct str line = STR(512);
    bytes_text(t->size, size);
    bytes_text((int64_t)((double)t->bytes * 1000 / (double)(t->elapsed_ms + 1)), speed);
    if (t->elapsed_ms < 10000)
        snprintf(span, sizeof span, "%.1f s", (double)t->elapsed_ms / 1000);
    else
        when_span(t->elapsed_ms / 1000, span);
    str_addf(&line, "%zu file%s, %s in %s", t->done, t->done == 1 ? "" : "s", size, span);
    /* Of less than a second it says nothing. */
    if (t->elapsed_ms >= 1000)
        str_addf(&line, ", %s/s", speed);
    if (t->skipped)
        str_addf(&line, "; %zu %s there already", t->skipped, t->skipped == 1 ? "was" : "were");
    if (t->resumed) {
        bytes_text(t->resumed_bytes, kept);
        str_addf(&line, "; %zu taken up again, %s of them moved before", t->resumed, kept);
    }
    if (p->left_out)
        str_addf(&line, "; %zu left out, neither files nor folders", p->left_out);
    report_talk(p->cli, PAINT_NONE, "%s", str_text(&line));
    str_release(&line);
}

/* Written if something failed, else gone. */
static bool keep_failed(struct telling *tell, struct err *e)
{
    const char *path = failed_file(tell->plan);
    if (!path)
        return true;
    if (tell->lines.full)
        return err_set(e, ERR_IO, "%s would be larger than 1 GiB", path);
    if (!tell->lines.len)
        return os_remove_file(path, e) || err_wrap(e, "remove %s", path);
    return os_replace_file(path, str_text(&tell->lines), tell->lines.len, e) ||
           err_wrap(e, "write %s", path);
}

static bool say_next(const struct plan *p, struct err *e)
{
    const char *path = failed_file(p), *name = p->cli->cmd->name;
    if (path)
        return err_hint(e, "dogs %s --retry-failed %s", name, path);
    if (p->n > 1)
        return err_hint(e, "the same command again, with --no-clobber to move only what is "
                           "missing; with --failed FILE the list is kept for --retry-failed");
    return e->retryable ? err_hint(e, "the same command again goes on where this one stopped")
                        : false;
}

static bool say_stopped(struct telling *tell, struct err *e)
{
    const struct tally *t = tell->tally;
    struct plan *p = tell->plan;
    const char *path = failed_file(p);
    char kept[BYTES_TEXT];
    err_set(e, t->timed_out ? ERR_TIMEOUT : ERR_INTERRUPTED, "%s with %zu of %zu file%s done",
            t->timed_out ? "the time is over," : "interrupted", t->done + t->skipped, p->n,
            p->n == 1 ? "" : "s");
    if (t->kept_bytes > 0) {
        bytes_text(t->kept_bytes, kept);
        p->cli->afterword = xasprintf("%s of the rest are kept and need not move again", kept);
    }
    if (path)
        return err_hint(e, "dogs %s --retry-failed %s", p->cli->cmd->name, path);
    return err_hint(e, "the same command again goes on where this one stopped");
}

/* One file speaks for itself; the exit status is that of any failure. */
static bool say_failed(const struct telling *tell, struct err *e)
{
    const struct tally *t = tell->tally;
    const struct plan *p = tell->plan;
    if (t->failed > SHOWN_MOST && p->cli->mode == MODE_TEXT)
        report_failure(p->cli, "  and %zu more", t->failed - SHOWN_MOST);
    if (p->n == 1) {
        char *source, *target;
        plan_ends(p, &p->files[0], &source, &target);
        *e = t->first;
        e->code = ERR_FAILED;
        err_wrap(e, "%.300s", source);
        free(source);
        free(target);
    } else {
        err_set(e, ERR_FAILED, "%zu of %zu files failed", t->failed, p->n);
        if (t->unfinished)
            err_set(e, ERR_FAILED, "%zu of %zu files failed, %zu more were not tried", t->failed,
                    p->n, t->unfinished);
    }
    return say_next(p, e);
}

bool tell_end(struct telling *tell, struct err *e)
{
    const struct tally *t = tell->tally;
    struct plan *p = tell->plan;
    struct err why = {0};
    put_tally(p->cli->doc, t);
    if (p->cli->mode == MODE_LINES) {
        cJSON *o = progress_event_begin("end");
        put_tally(o, t);
        progress_event_end(o);
    }
    if (t->done || t->skipped || !p->n)
        say_summary(p, t);
    bool kept = keep_failed(tell, &why), stopped = t->interrupted || t->timed_out;
    str_release(&tell->lines);
    if (!kept)
        report_failure(p->cli, "  %s", why.text);
    if (t->unfinished && stopped)
        return say_stopped(tell, e);
    if (t->failed || t->unfinished)
        return say_failed(tell, e);
    if (!kept)
        *e = why;
    return kept;
}
