#include "report.h"
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REDRAW_MS = 250, SAY_EVERY_MS = 30000 };

static cJSON *begin_event(const char *name, int64_t at)
{
    cJSON *o = cJSON_CreateObject();
    json_put_int(o, "v", 1);
    put_text(o, "event", name);
    put_when(o, "at", at);
    return o;
}

cJSON *progress_event_begin(const char *name)
{
    return begin_event(name, os_unix_ms() / 1000);
}

void progress_event_end(cJSON *take_event)
{
    report_json(take_event);
    cJSON_Delete(take_event);
}

static void event_json(const struct event *ev)
{
    cJSON *o = begin_event(event_name(ev->kind), ev->at);
    const struct {
        const char *name, *text;
    } members[] = {{"run", ev->run},
                   {"verb", ev->verb},
                   {"server", ev->server},
                   {"step", ev->step},
                   {"text", ev->text}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        put_text(o, members[i].name, members[i].text);
    if (ev->kind == EVENT_WAIT || ev->kind == EVENT_DONE) {
        json_put_int(o, "elapsed_ms", ev->elapsed_ms);
        put_id(o, "expected_ms", ev->expected_ms);
    }
    progress_event_end(o);
}

/* "1 min 05 s of about 2 min, 55 s left (until the droplet is gone)" */
static void say_times(const struct event *ev, char *out, size_t size)
{
    char spent[WHEN_TEXT], usual[WHEN_TEXT], left[WHEN_TEXT];
    when_span(ev->elapsed_ms / 1000, spent);
    when_span((ev->expected_ms + 500) / 1000, usual);
    when_span((ev->expected_ms - ev->elapsed_ms + 999) / 1000, left);
    if (ev->expected_ms <= 0)
        snprintf(out, size, "%s", spent);
    else if (ev->elapsed_ms < ev->expected_ms)
        snprintf(out, size, "%s of about %s, %s left", spent, usual, left);
    else
        snprintf(out, size, "%s, usually %s", spent, usual);
    if (!*ev->text)
        return;
    char *until = report_clean(ev->text, false);
    size_t used = strlen(out);
    snprintf(out + used, size - used, " (until %s)", until);
    free(until);
}

static void draw(struct cli *cli, const char *times)
{
    struct progress *p = &cli->progress;
    char line[512], cut[512];
    snprintf(line, sizeof line, "  %s%s%s", p->label, *times ? " - " : "", times);
    int columns = os_terminal_columns() - 1;
    str_copy(cut, columns > 0 && columns < (int)sizeof cut ? (size_t)columns + 1 : sizeof cut,
             line);
    fprintf(stderr, "\r%s\x1b[K", cut);
    fflush(stderr);
    p->open = true;
    p->drawn_ms = os_mono_ms();
}

static void wipe(struct cli *cli)
{
    if (!cli->progress.open)
        return;
    fputs("\r\x1b[K", stderr);
    cli->progress.open = false;
}

void progress_end(struct cli *cli)
{
    wipe(cli);
    fflush(stderr);
}

void progress_begin(struct cli *cli)
{
    cli->progress.said_ms = os_mono_ms();
    cli->progress.drawn_ms = 0;
}

void progress_line(struct cli *cli, const char *text)
{
    struct progress *p = &cli->progress;
    int64_t now = os_mono_ms();
    if (cli->live ? now - p->drawn_ms < REDRAW_MS : now - p->said_ms < SAY_EVERY_MS)
        return;
    char *clean = report_clean(text, false);
    str_copy(p->label, sizeof p->label, clean);
    free(clean);
    p->said_ms = now;
    if (cli->live)
        draw(cli, "");
    else
        report_talk(cli, PAINT_NONE, "  %s", p->label);
}

static void on_begin(struct cli *cli, const struct event *ev)
{
    report_talk(cli, PAINT_BOLD, cli->g.verbose ? "%s (run %s)" : "%s", ev->text, ev->run);
}

static void on_step(struct cli *cli, const struct event *ev)
{
    struct progress *p = &cli->progress;
    char *clean = report_clean(ev->text, false);
    str_copy(p->label, sizeof p->label, clean);
    free(clean);
    p->said_ms = os_mono_ms();
    if (cli->live)
        draw(cli, "");
    else
        report_talk(cli, PAINT_NONE, "  %s ...", p->label);
}

static void on_wait(struct cli *cli, const struct event *ev)
{
    struct progress *p = &cli->progress;
    int64_t now = os_mono_ms();
    char times[4 * WHEN_TEXT + 512];
    say_times(ev, times, sizeof times);
    if (cli->live && now - p->drawn_ms >= REDRAW_MS) {
        draw(cli, times);
    } else if (!cli->live && now - p->said_ms >= SAY_EVERY_MS) {
        p->said_ms = now;
        report_talk(cli, PAINT_NONE, "  %s - %s", p->label, times);
    }
}

/* What was done at once and found nothing new is not worth a line. */
static void on_done(struct cli *cli, const struct event *ev)
{
    char span[WHEN_TEXT];
    when_span(ev->elapsed_ms / 1000, span);
    wipe(cli);
    if (ev->elapsed_ms >= 1000)
        report_talk(cli, PAINT_NONE, "  %s (%s)", ev->text, span);
    else if (strcmp(ev->text, cli->progress.label) != 0)
        report_talk(cli, PAINT_NONE, "  %s", ev->text);
}

static void on_call(struct cli *cli, const struct event *ev)
{
    wipe(cli);
    if (cli->mode == MODE_TEXT)
        report_line(cli, "%s", ev->text);
    cJSON *calls = cJSON_GetObjectItem(cli->doc, "calls");
    if (!calls)
        calls = cJSON_AddArrayToObject(cli->doc, "calls");
    char *text = report_clean(ev->text, true);
    cJSON_AddItemToArray(calls, cJSON_CreateString(text));
    free(text);
}

static void on_note(struct cli *cli, const struct event *ev)
{
    wipe(cli);
    report_talk(cli, PAINT_NONE, "  %s", ev->text);
}

static void on_warn(struct cli *cli, const struct event *ev)
{
    wipe(cli);
    char *text = report_clean(ev->text, true);
    fprintf(stderr, "%swarning:%s %s\n", report_paint(cli->colour_err, PAINT_YELLOW),
            report_unpaint(cli->colour_err, PAINT_YELLOW), text);
    free(text);
}

static void on_end(struct cli *cli, const struct event *ev)
{
    (void)ev;
    wipe(cli);
}

static void (*const listeners[])(struct cli *, const struct event *) = {
    [EVENT_BEGIN] = on_begin, [EVENT_STEP] = on_step, [EVENT_WAIT] = on_wait,
    [EVENT_DONE] = on_done,   [EVENT_CALL] = on_call, [EVENT_NOTE] = on_note,
    [EVENT_WARN] = on_warn,   [EVENT_END] = on_end,   [EVENT_FAIL] = on_end,
};

void progress_event(void *ctx, const struct event *ev)
{
    struct cli *cli = ctx;
    if (cli->mode == MODE_LINES)
        event_json(ev);
    else
        listeners[ev->kind](cli, ev);
}
