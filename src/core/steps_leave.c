/* Before a stop: players are counted and warned, the game is saved and stopped. */
#include "countdown.h"
#include "run.h"
#include "site.h"
#include "stay.h"
#include <stdio.h>
#include <string.h>

enum {
    TICK_S = 15,       /* between two counts */
    HOLDS_S = 10 * 60, /* what was said and saved counts for so long after a crash */
    SAVE_TRIES = 3,
    SAVE_PAUSE_MS = 5000,
    EMPTY_S = 60, /* that nobody plays counts for so long where the game is still on */
    STAY_BY_WORD_S = 30 * 60,
    STAYS_MAX = 2, /* by a player's word */
    SAID_MAX = 300,
};

static const int no_marks[] = {0};

/* A countdown under way. */
struct leave {
    struct site site;
    struct headcount n;
    const int *marks; /* that are left to announce */
    bool can_warn;
    bool deaf_told; /* that warnings do not arrive was said */
    int64_t began_ms, length_ms;
};

static bool is_over(const struct run *r)
{
    return r->f.destroyed || r->droplet.status != DROPLET_ACTIVE;
}

/* Of a time that may lie ahead. */
static bool is_fresh(const struct run *r, int64_t at)
{
    return at && run_now(r) - at < HOLDS_S;
}

static int64_t stay_of(const struct run *r)
{
    return stay_until(r->core->cfg->state_dir, r->srv->name, run_now(r));
}

static bool refuse_to_leave(struct run *r, int64_t until, struct err *e)
{
    char span[WHEN_TEXT];
    when_span(until - run_now(r), span);
    err_set(e, ERR_GUARD, "somebody asked that %s stays for another %s", r->srv->name, span);
    return err_hint(e, "`dogs stop %s --now` stops it all the same, `dogs stay %s off` ends that",
                    r->srv->name, r->srv->name);
}

/* --if-empty */
static bool need_empty(struct run *r, const struct site *site, struct err *e)
{
    struct headcount n;
    char text[300];
    if (!site_count(r->core, site, 0, &n, e))
        return false;
    if (n.players == 0) {
        r->f.empty_at = run_now(r);
        return true;
    }
    headcount_text(&n, text, sizeof text);
    err_set(e, ERR_GUARD, "%s on %s%s%s", text, r->srv->name, n.players < 0 ? ": " : "",
            n.players < 0 ? n.why : "");
    return err_hint(e, "`dogs stop %s` stops it whoever plays, after a warning", r->srv->name);
}

/* A game that this run has told to end answers nobody, and nobody plays it; unless somebody has
 * started it again. */
static bool game_is_gone(struct run *r, bool *gone, struct err *e)
{
    struct site site;
    struct headcount n;
    *gone = false;
    if (!r->f.game_stopped)
        return true;
    if (!run_site(r, true, &site, e) || !site_count(r->core, &site, 0, &n, e))
        return false;
    *gone = !n.up && n.players <= 0;
    r->f.game_stopped = *gone;
    return true;
}

bool still_empty(struct run *r, struct err *e)
{
    struct site site;
    if (!r->req->if_empty || r->resumed || r->f.game_stopped ||
        run_now(r) - r->f.empty_at < EMPTY_S)
        return true;
    return run_site(r, true, &site, e) && need_empty(r, &site, e);
}

bool players_observe(struct run *r, bool *done, struct err *e)
{
    struct site site;
    *done = is_over(r);
    if (*done)
        return true;
    if (!game_is_gone(r, done, e))
        return false;
    if (*done)
        return true;
    bool under_way = !r->f.left && is_fresh(r, r->f.leave_at);
    int64_t until = r->req->now ? 0 : stay_of(r);
    if (until && !under_way && !is_fresh(r, r->f.left))
        return refuse_to_leave(r, until, e);
    if (!run_site(r, true, &site, e) ||
        (r->req->if_empty && !is_fresh(r, r->f.empty_at) && !need_empty(r, &site, e)))
        return false;
    *done = r->req->now || r->req->if_empty || !site.place.game || is_fresh(r, r->f.left);
    return true;
}

static void write_marks(const int *marks, struct str *out)
{
    for (; *marks; marks++)
        str_addf(out, "%d%s", *marks, marks[1] ? marks[2] ? ", " : " and " : "");
}

void players_plan(struct run *r)
{
    struct site site;
    struct headcount n;
    struct err why = {0};
    char text[300];
    struct str marks = STR(200);
    if (!run_site(r, true, &site, &why) || !site_count(r->core, &site, 0, &n, &why))
        return;
    headcount_text(&n, text, sizeof text);
    write_marks(r->srv->warn_minutes, &marks);
    if (n.players == 0 || !marks.len)
        run_emit(r, EVENT_NOTE, "%s: nobody would be warned", text);
    else if (site_can_tell(&site, GAME_WARN, &why))
        run_emit(r, EVENT_NOTE, "%s: they would be warned %s minutes before the stop", text,
                 str_text(&marks));
    else
        run_emit(r, EVENT_NOTE, "%s, and cannot be warned: %s", text, why.text);
    str_release(&marks);
}

/* In the game, if that is possible. A warning that does not arrive is said once. */
static bool say(struct run *r, struct leave *l, const char *text, struct err *e)
{
    struct err why = {0};
    if (!l->can_warn || site_tell(r->core, &l->site, GAME_WARN, text, &why))
        return true;
    if (why.code == ERR_INTERRUPTED) {
        *e = why;
        return false;
    }
    if (!l->deaf_told)
        run_emit(r, EVENT_WARN, "the players could not be warned: %s", why.text);
    l->deaf_told = true;
    return true;
}

static bool announce(struct run *r, struct leave *l, int mark, struct err *e)
{
    char left[32], text[SAID_MAX];
    bool hears = l->site.tell == TELL_SSH && r->f.stays < STAYS_MAX;
    countdown_text(r->f.leave_at - run_now(r), left);
    snprintf(text, sizeof text, "%s%sThe server stops in %s.%s", r->req->who ? r->req->who : "",
             r->req->who ? " asked: " : "", left,
             hears ? " Write stay to have 30 minutes more." : "");
    r->f.warned = mark;
    /* The journal first: after a crash a warning may be missing, but none is said twice. */
    if (!run_intent(r, e) || !say(r, l, text, e))
        return false;
    if (l->can_warn && !l->deaf_told)
        run_emit(r, EVENT_NOTE, "the players were told: %s", text);
    return run_fact(r, e);
}

static bool put_off(struct run *r, struct leave *l, int64_t until, struct err *e)
{
    char left[32], text[SAID_MAX];
    int64_t now = run_now(r);
    r->f.leave_at = until;
    r->f.warned = 0;
    l->marks = r->srv->warn_minutes;
    l->length_ms = (until - now) * 1000;
    l->began_ms = cloud_mono_ms(r->cloud);
    countdown_text(until - now, left);
    /* That span is news, not a mark. */
    for (const int *m = l->marks; *m; m++)
        if (until - now <= *m * 60)
            r->f.warned = *m;
    snprintf(text, sizeof text, "The stop is put off: the server stops in %s.", left);
    if (!run_intent(r, e) || !say(r, l, text, e))
        return false;
    run_emit(r, EVENT_NOTE, "somebody asked that %s stays: it stops in %s", r->srv->name, left);
    return run_fact(r, e);
}

/* What `dogs stay` and the players say. */
static bool listen(struct run *r, struct leave *l, struct err *e)
{
    int64_t now = run_now(r), until = stay_of(r);
    int first = *l->marks ? *l->marks : 1;
    bool taken_back = !until && r->f.stay_seen > now && r->f.stay_seen == r->f.leave_at;
    if (r->f.stays < STAYS_MAX && site_heard(r->core, &l->site)) {
        r->f.stays++;
        until = (until > r->f.leave_at ? until : r->f.leave_at) + STAY_BY_WORD_S;
        return put_off(r, l, until, e);
    }
    if (until > r->f.leave_at) {
        r->f.stay_seen = until;
        return put_off(r, l, until, e);
    }
    if (taken_back && now + first * 60 < r->f.leave_at) {
        r->f.stay_seen = 0;
        return put_off(r, l, now + first * 60, e);
    }
    return true;
}

/* Nobody plays any more: only if it is said twice. */
static bool is_empty(struct run *r, struct leave *l, bool *empty, struct err *e)
{
    *empty = false;
    if (!site_count(r->core, &l->site, 0, &l->n, e))
        return false;
    if (l->n.players != 0)
        return true;
    if (!site_count(r->core, &l->site, 0, &l->n, e))
        return false;
    *empty = l->n.players == 0;
    return true;
}

static bool wait_a_tick(struct run *r, struct leave *l, struct err *e)
{
    char who[300], left[32], text[400];
    int64_t left_s = r->f.leave_at - run_now(r);
    headcount_text(&l->n, who, sizeof who);
    countdown_text(left_s, left);
    snprintf(text, sizeof text, "the stop, in %s; %s", left, who);
    if (run_time_is_up(r))
        return err_set(e, ERR_TIMEOUT, "%s is to stop in %s (--timeout)", r->srv->name, left);
    return run_sleep(r, text, l->began_ms, l->length_ms,
                     countdown_sleep_s(l->marks, left_s, TICK_S) * 1000, e);
}

static bool count_down(struct run *r, struct leave *l, struct err *e)
{
    bool empty = false;
    l->began_ms = cloud_mono_ms(r->cloud);
    l->length_ms = (r->f.leave_at - run_now(r)) * 1000;
    site_heard(r->core, &l->site); /* what was written before is no answer to this */
    while (run_now(r) < r->f.leave_at) {
        int due = countdown_due(l->marks, r->f.leave_at - run_now(r), (int)r->f.warned);
        if ((due && !announce(r, l, due, e)) || !wait_a_tick(r, l, e) || !is_empty(r, l, &empty, e))
            return false;
        if (empty) {
            run_emit(r, EVENT_NOTE, "nobody plays any more: the stop goes on at once");
            return true;
        }
        if (!listen(r, l, e))
            return false;
    }
    return true;
}

/* How long the players get: all marks if they can be told, or the shortest, in which whoever
 * watches can still say no. Unknown who cannot be told of: none. */
static void choose_marks(struct run *r, struct leave *l)
{
    struct err why = {0};
    const int *marks = r->srv->warn_minutes;
    char text[300];
    l->can_warn = site_can_tell(&l->site, GAME_WARN, &why);
    l->marks = marks;
    if (l->n.players == 0)
        l->marks = no_marks;
    if (l->n.players == 0 || !*marks || l->can_warn)
        return;
    headcount_text(&l->n, text, sizeof text);
    while (l->n.players > 0 && l->marks[1])
        l->marks++;
    if (l->n.players < 0)
        l->marks = no_marks;
    run_emit(r, l->n.players > 0 ? EVENT_WARN : EVENT_NOTE, "%s, and cannot be warned: %s", text,
             l->n.players > 0 ? why.text
             : *l->n.why      ? l->n.why
                              : why.text);
}

bool players_run(struct run *r, struct err *e)
{
    struct leave l = {0};
    char text[300];
    if (!run_site(r, true, &l.site, e) || !site_count(r->core, &l.site, 0, &l.n, e))
        return false;
    choose_marks(r, &l);
    if (*l.marks && !is_fresh(r, r->f.leave_at)) {
        r->f.leave_at = run_now(r) + *l.marks * 60;
        r->f.warned = r->f.stays = r->f.stay_seen = 0;
    }
    if (*l.marks && !count_down(r, &l, e))
        return false;
    if (*l.marks && l.n.players > 0) {
        headcount_text(&l.n, text, sizeof text);
        run_emit(r, EVENT_NOTE, "%s; they were given their time", text);
    }
    r->f.leave_at = r->f.left = run_now(r);
    return !r->begun || run_fact(r, e);
}

bool save_observe(struct run *r, bool *done, struct err *e)
{
    struct site site;
    *done = is_over(r) || r->f.game_stopped || is_fresh(r, r->f.saved_at);
    if (*done)
        return true;
    if (!run_site(r, true, &site, e))
        return false;
    *done = !site.place.game;
    return true;
}

void save_plan(struct run *r)
{
    struct site site;
    struct err why = {0};
    if (!run_site(r, true, &site, &why))
        return;
    bool saves = site_can_tell(&site, GAME_SAVE, &why),
         stops = site_can_tell(&site, GAME_STOP, &why);
    if (saves || stops)
        run_emit(r, EVENT_NOTE, "%s would be told to %s%s%s, %s", site.place.game->title,
                 saves ? "save" : "", saves && stops ? " and to " : "", stops ? "stop" : "",
                 site.tell == TELL_SSH ? "by ssh" : "over the network");
    else
        run_emit(r, EVENT_NOTE, "%s cannot be told to save: %s", site.place.game->title, why.text);
}

static bool save_once(struct run *r, const struct site *site, struct err *e)
{
    for (int tries = 1;; tries++) {
        struct err why = {0};
        if (!run_rested(r, e))
            return false;
        if (site_tell(r->core, site, GAME_SAVE, NULL, &why)) {
            r->f.saved_at = run_now(r);
            return run_rested(r, e) && run_fact(r, e);
        }
        *e = why;
        bool last = tries == SAVE_TRIES || why.code == ERR_AUTH || why.code == ERR_CONFIG ||
                    why.code == ERR_INTERRUPTED || run_time_is_up(r);
        if (last)
            return false;
        run_emit(r, EVENT_WARN, "the game was not saved: %s; trying again", why.text);
        if (!run_nap(r, SAVE_PAUSE_MS, e))
            return false;
    }
}

bool save_run(struct run *r, struct err *e)
{
    struct site site;
    struct err why = {0};
    if (!run_site(r, true, &site, e))
        return false;
    bool saves = site_can_tell(&site, GAME_SAVE, &why);
    bool stops = site_can_tell(&site, GAME_STOP, &why);
    if (!saves && !stops) {
        run_emit(r, EVENT_NOTE, "%s is not told to save: %s; the machine's shutdown ends it",
                 site.place.game->title, why.text);
        return true;
    }
    if (!run_intent(r, e))
        return false;
    why = (struct err){0};
    if (saves && !save_once(r, &site, &why)) {
        if (why.code == ERR_INTERRUPTED || (why.code == ERR_TIMEOUT && run_time_is_up(r))) {
            *e = why;
            return false;
        }
        run_emit(r, EVENT_WARN,
                 "the game did not confirm its save: %s. The machine is shut down cleanly now: its "
                 "system stops the game, which saves then",
                 why.text);
        return true;
    }
    if (saves)
        run_emit(r, EVENT_NOTE, "%s has confirmed its save", site.place.game->title);
    /* Before: a crash may come after the order, and who asks the game then finds out. */
    r->f.game_stopped = stops;
    if (stops && !run_intent(r, e))
        return false;
    if (stops && !site_tell(r->core, &site, GAME_STOP, NULL, &why)) {
        r->f.game_stopped = 0;
        if (why.code == ERR_INTERRUPTED) {
            *e = why;
            return false;
        }
        run_emit(r, EVENT_NOTE, "the game was not stopped: %s; the machine's shutdown does that",
                 why.text);
    }
    return run_fact(r, e);
}
