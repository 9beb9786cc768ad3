#include "run.h"
#include "site.h"
#include <stdio.h>
#include <string.h>

enum {
    READY_TYPICAL_MS = 60000,
    READY_LIMIT_MS = 15 * 60000,
    READY_LIMIT_SPANS = 3, /* of the longest that was seen */
    READY_IN_A_ROW = 2,
};

bool run_site(struct run *r, bool tell, struct site *out, struct err *e)
{
    return site_open(r->core, r->srv, r->droplet.ip, tell ? SITE_TELL : SITE_ASK, out, e);
}

static bool seen_up(struct run *r, bool up, const char *why)
{
    r->ups = up ? r->ups + 1 : 0;
    if (!up)
        str_copy(r->not_up, sizeof r->not_up, why);
    return r->ups >= READY_IN_A_ROW;
}

static bool look_game(struct run *r, bool *ready, struct err *e)
{
    struct headcount n;
    if (!site_count(r->core, r->site, 1, &n, e))
        return false;
    *ready = seen_up(r, n.up, n.why);
    return true;
}

static bool look_port(struct run *r, bool *ready, struct err *e)
{
    struct err why = {0};
    bool open = site_listens(r->core, r->site, &why);
    if (why.code == ERR_INTERRUPTED || why.code == ERR_CONFIG) {
        *e = why;
        return false;
    }
    *ready = seen_up(r, open, why.text);
    return true;
}

/* The droplet runs and costs, whatever its game does. */
static bool never_answered(struct run *r, const char *what, int64_t limit_ms, struct err *e)
{
    char span[WHEN_TEXT];
    const char *game = r->site->place.game->name;
    bool by_user = run_time_is_up(r);
    when_span(limit_ms / 1000, span);
    err_set(e, ERR_TIMEOUT, "the droplet runs at %s, but %s%s%s%s%s", r->droplet.ip, what,
            by_user ? " before --timeout was over" : " within ", by_user ? "" : span,
            *r->not_up ? ": " : "", r->not_up);
    return err_hint(e,
                    "`dogs query %s --game %s` asks it; `ready: droplet` in the config waits for "
                    "the machine alone; `dogs %s %s` waits again",
                    r->droplet.ip, game, verb_name(r->verb), r->srv->name);
}

static bool wait_ready(struct run *r, enum ready ready, struct err *e)
{
    char key[64], text[96];
    struct err why = {0};
    struct span_seen seen = {0};
    const char *title = r->site->place.game->title;

    snprintf(key, sizeof key, "ready/%s", r->site->place.game->name);
    snprintf(text, sizeof text, ready == READY_GAME ? "%s answers" : "the port of %s is open",
             title);
    spans_seen(r->spans, r->srv->name, key, &seen);
    int64_t longest = READY_LIMIT_SPANS * seen.max_ms;
    struct wait w = {.key = key,
                     .text = text,
                     .typical_ms = READY_TYPICAL_MS,
                     .limit_ms = longest > READY_LIMIT_MS ? longest : READY_LIMIT_MS,
                     .at_once = true,
                     .joined = !r->f.droplet_mine || r->f.announced,
                     .look = ready == READY_GAME ? look_game : look_port};
    r->ups = 0;
    *r->not_up = '\0';
    if (run_wait(r, &w, &why))
        return true;
    if (why.code == ERR_TIMEOUT) {
        snprintf(text, sizeof text, ready == READY_GAME ? "%s did not answer" : "%s did not listen",
                 title);
        return never_answered(r, text, w.limit_ms, e);
    }
    *e = why;
    return false;
}

void ready_plan(struct run *r)
{
    struct site site;
    struct err ignored = {0};
    enum ready ready;
    if (run_site(r, false, &site, &ignored) && site_ready(&site, &ready, &ignored) &&
        ready != READY_DROPLET)
        run_emit(r, EVENT_NOTE, "it would wait until %s %s", site.place.game->title,
                 ready == READY_GAME ? "answers" : "listens");
}

/* A snapshot never goes back to a smaller disk than it was taken from. */
static void warn_of_disk(struct run *r)
{
    int needs = run_image_disk(r);
    if (needs && r->droplet.disk_gb > needs)
        run_emit(r, EVENT_WARN,
                 "this droplet's disk has %d GB, the snapshot needed %d GB: snapshots from now on "
                 "will not fit the smaller sizes any more",
                 r->droplet.disk_gb, needs);
}

bool ready_run(struct run *r, struct err *e)
{
    struct site site;
    enum ready ready;
    warn_of_disk(r);
    if (!run_site(r, false, &site, e) || !site_ready(&site, &ready, e))
        return false;
    r->site = &site;
    bool ok = ready == READY_DROPLET || wait_ready(r, ready, e);
    r->site = NULL;
    if (!ok)
        return false;
    bool first = !r->f.announced && r->begun;
    r->f.announced = 1;
    site_address(&site, r->out->address, sizeof r->out->address);
    snprintf(r->out->text, sizeof r->out->text, "%s is running at %s", r->srv->name,
             r->out->address);
    return !first || run_fact(r, e);
}
