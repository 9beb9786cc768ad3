#include "transfer_run.h"
#include "report.h"
#include <dogs/awake.h>
#include <dogs/file.h>
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOOK_MS = 200 };

static bool open_transfer(struct watch *w, struct err *e)
{
    struct plan *p = w->plan;
    const struct transfer_args *a = p->args;
    char *records = os_path_join(p->cli->cfg->state_dir, "uploads");
    struct transfer_opts opts = {
        .net = p->net,
        .records_dir = records,
        .connections = (int)a->connections,
        .tries = (int)a->tries,
        .fail_fast = a->fail_fast,
        .sync = a->sync,
    };
    if (a->rate)
        bytes_from(a->rate, &opts.bytes_per_s);
    if (a->part_size)
        bytes_from(a->part_size, &opts.part_bytes);
    w->t = transfer_new(&opts, e);
    free(records);
    if (!w->t)
        return false;
    w->file_of = xcalloc(p->n + 1, sizeof *w->file_of);
    w->told = xcalloc(p->n + 1, sizeof *w->told);
    for (size_t i = 0; i < p->n; i++) {
        const struct planned *f = &p->files[i];
        if (f->refused)
            continue;
        w->file_of[transfer_count(w->t)] = i;
        if (!transfer_add(w->t,
                          &(struct transfer_item){.way = p->way,
                                                  .remote = f->remote,
                                                  .address = f->address,
                                                  .path = f->path,
                                                  .below = f->below,
                                                  .sha256 = f->sha256,
                                                  .no_clobber = a->no_clobber},
                          e))
            return false;
    }
    return true;
}

static void wait_for_end(struct watch *w, struct tally *tally)
{
    struct cli *cli = w->plan->cli;
    int64_t began = os_mono_ms(), limit = cli->g.timeout_s * 1000;
    transfer_start(w->t);
    while (!transfer_wait(w->t, LOOK_MS)) {
        bool late = limit && os_mono_ms() - began >= limit;
        if (!tally->interrupted && !tally->timed_out && (late || cancel_is(cli->cancel))) {
            tally->timed_out = late;
            tally->interrupted = !late;
            transfer_stop(w->t);
        }
        watch_look(w, false);
    }
    tally->elapsed_ms = os_mono_ms() - began;
    progress_end(cli);
    watch_look(w, true);
}

static bool tell_all(struct watch *w, struct tally *tally, struct err *e)
{
    struct plan *p = w->plan;
    struct telling tell;
    struct transfer_progress end;
    struct transfer_result r;
    tell_begin(&tell, p, tally);
    for (size_t i = 0; i < p->n; i++) {
        if (!p->files[i].refused)
            continue;
        r = (struct transfer_result){.state = TRANSFER_FAILED, .size = p->files[i].size};
        err_set(&r.err, ERR_GUARD, "%s", p->files[i].refused);
        tell_file(&tell, &p->files[i], &r);
    }
    for (size_t i = 0; i < transfer_count(w->t); i++) {
        transfer_result(w->t, i, &r);
        tell_file(&tell, &p->files[w->file_of[i]], &r);
    }
    transfer_progress(w->t, &end);
    tally->bytes = end.bytes;
    tally->retries = end.retries;
    return tell_end(&tell, e);
}

bool plan_run(struct plan *p, struct err *e)
{
    struct watch w = {.plan = p};
    struct tally tally = {0};
    struct awake_report got;
    bool ok = plan_net(p, e) && open_transfer(&w, e);
    if (ok) {
        char *why = xasprintf("dogs %s is under way", p->cli->cmd->name);
        struct awake *hold = awake_hold(&(struct awake_opts){.why = why}, &got);
        free(why);
        if (p->cli->g.verbose)
            report_talk(p->cli, PAINT_NONE, "  %s", got.text);
        progress_begin(p->cli);
        watch_begin(&w);
        wait_for_end(&w, &tally);
        awake_release(hold);
        ok = tell_all(&w, &tally, e);
    }
    transfer_free(w.t);
    free(w.file_of);
    free(w.told);
    return ok;
}

static bool is_there(const struct plan *p, const struct planned *f)
{
    struct file_info info;
    struct err ignored = {0};
    return p->way == TRANSFER_GET && p->args->no_clobber && file_look(f->path, &info, &ignored) &&
           info.kind != FILE_NONE;
}

static cJSON *print_json(const struct planned *f, const char *source, const char *target,
                         bool there)
{
    cJSON *o = cJSON_CreateObject();
    put_text(o, "source", source);
    put_text(o, "target", target);
    if (f->size >= 0)
        json_put_int(o, "size", f->size);
    else
        cJSON_AddNullToObject(o, "size");
    put_text(o, "sha256", f->sha256 ? f->sha256 : "");
    put_text(o, "refused", f->refused ? f->refused : "");
    cJSON_AddBoolToObject(o, "there", there);
    return o;
}

void plan_print(struct plan *p)
{
    bool text = p->cli->mode == MODE_TEXT;
    cJSON *files = text ? NULL : cJSON_AddArrayToObject(p->cli->doc, "files");
    size_t move = 0, unknown = 0;
    int64_t total = 0;
    char sum[BYTES_TEXT];
    for (size_t i = 0; i < p->n; i++) {
        const struct planned *f = &p->files[i];
        char *source, *target, size[BYTES_TEXT] = "size not known";
        bool there = is_there(p, f);
        plan_ends(p, f, &source, &target);
        if (f->size >= 0)
            bytes_text(f->size, size);
        report_line(p->cli, "%s -> %s (%s)", source, target,
                    f->refused ? f->refused
                    : there    ? "is there already"
                               : size);
        if (!text)
            cJSON_AddItemToArray(files, print_json(f, source, target, there));
        if (!f->refused && !there) {
            move++;
            unknown += f->size < 0;
            total += f->size > 0 ? f->size : 0;
        }
        free(source);
        free(target);
    }
    bytes_text(total, sum);
    report_talk(p->cli, PAINT_NONE, "%zu file%s would move, %s%s; nothing was done", move,
                move == 1 ? "" : "s", unknown ? "at least " : "", sum);
    cJSON_AddBoolToObject(p->cli->doc, "dry_run", true);
}
