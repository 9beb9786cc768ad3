/* load: makes chosen cores of this computer as busy as asked, to see what that does. */
#include "load_pattern.h"
#include "report.h"
#include <dogs/cpu.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PERIOD_MS = 100, /* busy for its share of each, asleep for the rest */
    USUAL_S = 60,
    ROW_S = 2,
};

struct load_args {
    const char *cores, *usage, *image, *time, *row;
};

#define AT(field) .at = offsetof(struct load_args, field)

static const struct opt load_args[] = {
    {"--cores", "LIST", "these cores: 0,3,5 or 0-3 (all)", AT(cores), OPT_TEXT},
    {"--usage", "LIST", "percent of each: 50, or 0=100,1=90 (100)", AT(usage), OPT_TEXT},
    {"--image", "FILE", "draw it: columns are cores, rows are time", AT(image), OPT_TEXT},
    {"--row", "TIME", "how long a row of the picture lasts (2s)", AT(row), OPT_TEXT},
    {"--for", "TIME", "end after 90s, 45m (60s; a picture once)", AT(time), OPT_TEXT},
    {.name = NULL},
};

/* What its threads share; read only once they run. */
struct load {
    struct load_pattern pattern;
    int64_t began_ms, row_ms, end_ms;
    struct cancel *cancel;
};

struct worker {
    const struct load *load;
    size_t nth;
    struct thread *thread;
    bool pinned;
    int64_t used_us, asked_us;
};

static int duty_at(const struct load *l, size_t nth, int64_t ms)
{
    const struct load_pattern *p = &l->pattern;
    size_t row = (size_t)((ms - l->began_ms) / l->row_ms) % p->n_rows;
    return p->duty[row * p->n_cores + nth];
}

static void spin_until(int64_t goal_us, int64_t end_ms)
{
    volatile unsigned long work = 0;
    while (cpu_used_us() < goal_us && os_mono_ms() < end_ms)
        for (int i = 0; i < 2000; i++)
            work = work * 31 + 7;
}

/* The goal is processor time, counted from the beginning: whatever a period missed or overdid, the
 * next one mends, at any clock speed. What a busy computer did not give is forgotten after a
 * period, so that nothing is caught up for minutes. */
static void work(void *ctx)
{
    struct worker *w = ctx;
    const struct load *l = w->load;
    struct err why;
    w->pinned = cpu_pin(l->pattern.cores[w->nth], &why);
    int64_t first_us = cpu_used_us(), goal_us = first_us;
    for (int64_t now = l->began_ms; now < l->end_ms && !cancel_is(l->cancel);) {
        int64_t until = now + PERIOD_MS < l->end_ms ? now + PERIOD_MS : l->end_ms;
        int64_t share_us = (until - now) * 10 * duty_at(l, w->nth, now);
        int64_t used = cpu_used_us();
        if (goal_us < used - share_us || goal_us < used - PERIOD_MS * 1000)
            goal_us = used;
        goal_us += share_us;
        w->asked_us += share_us;
        spin_until(goal_us, until);
        int64_t left = until - os_mono_ms();
        if (left > 0 && cancel_sleep(l->cancel, left))
            break;
        if (cpu_used_us() < goal_us - PERIOD_MS * 1000)
            goal_us = cpu_used_us();
        now = os_mono_ms();
    }
    w->used_us = cpu_used_us() - first_us;
}

static bool time_of(const char *name, const char *text, int64_t usual_s, int64_t *ms, struct err *e)
{
    int64_t seconds = usual_s;
    if (text && (!when_from_span(text, &seconds) || !seconds))
        return err_set(e, ERR_USAGE, "%s: '%s' is not a time such as 90s or 45m", name, text);
    *ms = seconds * 1000;
    return true;
}

static bool read_image(struct load_pattern *p, const char *path, struct err *e)
{
    struct str bytes = {0};
    bool ok = os_read_file(path, LOAD_IMAGE_MAX, &bytes, e) &&
              load_image(p, str_text(&bytes), bytes.len, e);
    str_release(&bytes);
    return ok;
}

static bool prepare(struct load *l, const struct load_args *o, struct err *e)
{
    int64_t lasts_ms = 0;
    if (o->image && o->usage)
        return err_set(e, ERR_USAGE, "--image or --usage: one of them says how busy");
    if (!load_cores(o->cores, cpu_cores(), &l->pattern, e) ||
        (o->usage && !load_usage(&l->pattern, o->usage, e)) ||
        (o->image && !read_image(&l->pattern, o->image, e)) ||
        !time_of("--row", o->row, ROW_S, &l->row_ms, e))
        return false;
    int64_t once_s = o->image ? (int64_t)l->pattern.n_rows * l->row_ms / 1000 : USUAL_S;
    if (!time_of("--for", o->time, once_s, &lasts_ms, e))
        return false;
    for (size_t i = 0; i < l->pattern.n_cores; i++)
        if (!cpu_may_use(l->pattern.cores[i])) {
            err_set(e, ERR_CONFIG, "core %d may not be used here", l->pattern.cores[i]);
            return err_hint(e, "name others with --cores");
        }
    l->began_ms = os_mono_ms();
    l->end_ms = l->began_ms + lasts_ms;
    return true;
}

static void report(struct cli *cli, const struct load *l, const struct worker *workers)
{
    int64_t spent_us = (os_mono_ms() - l->began_ms) * 1000;
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "cores");
    for (size_t i = 0; i < l->pattern.n_cores; i++) {
        const struct worker *w = &workers[i];
        int used = spent_us > 0 ? (int)((100 * w->used_us + spent_us / 2) / spent_us) : 0;
        int asked = spent_us > 0 ? (int)((100 * w->asked_us + spent_us / 2) / spent_us) : 0;
        cJSON *o = cJSON_CreateObject();
        json_put_int(o, "core", l->pattern.cores[i]);
        json_put_int(o, "asked_percent", asked);
        json_put_int(o, "used_percent", used);
        cJSON_AddBoolToObject(o, "pinned", w->pinned);
        cJSON_AddItemToArray(list, o);
        report_line(cli, "core %-3d %3d %% asked, %3d %% used%s", l->pattern.cores[i], asked, used,
                    w->pinned ? "" : " (on no certain core)");
    }
}

static bool run_load(struct cli *cli, struct err *e)
{
    struct load l = {.cancel = cli->cancel};
    bool ok = prepare(&l, cli->opts, e);
    struct worker *workers = ok ? xcalloc(l.pattern.n_cores, sizeof *workers) : NULL;
    for (size_t i = 0; ok && i < l.pattern.n_cores; i++) {
        workers[i] = (struct worker){.load = &l, .nth = i};
        workers[i].thread = thread_start(work, &workers[i]);
    }
    for (size_t i = 0; ok && i < l.pattern.n_cores; i++)
        thread_join(workers[i].thread);
    if (ok)
        report(cli, &l, workers);
    free(workers);
    load_pattern_release(&l.pattern);
    return ok && (!cancel_is(cli->cancel) || err_set(e, ERR_INTERRUPTED, "interrupted"));
}

const struct cmd cmds_load[] = {
    {.name = "load",
     .usage = "",
     .summary = "keep processor cores of this computer busy",
     .examples = "dogs load                            # all of them, for a minute\n"
                 "dogs load --cores 0,3 --for 10m      # two of them\n"
                 "dogs load --usage 0=100,1=40         # each as much as is said\n"
                 "dogs load --image heart.pbm          # a picture in the task manager",
     .help = "To see what a load does: to a computer that should stay awake, to one that gets\n"
             "hot, to a graph. Ends by itself. Each core is met within a few points as long as\n"
             "nobody else uses it. A picture is a PBM, or text: a blank or '.' is idle, a digit\n"
             "its tenfold in percent, anything else busy.",
     .opts = load_args,
     .opts_size = sizeof(struct load_args),
     .run = run_load,
     .group = GROUP_SETUP,
     .flags = NO_FILE},
    {.name = NULL},
};
