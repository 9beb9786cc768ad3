#include "limits.h"
#include "run.h"
#include "spent.h"
#include <dogs/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *limit_name(enum limit_kind kind)
{
    static const char *const names[] = {[LIMIT_HOURS] = "max_hours",
                                        [LIMIT_SESSION] = "budget of a session",
                                        [LIMIT_MONTH] = "budget of the month",
                                        [LIMIT_ALL_MONTH] = "budget of the month for all servers"};
    return names[kind];
}

/* 80 % of it, rounded up; without passing the range of the type. */
static int64_t near_of(int64_t most)
{
    return most / 100 * LIMIT_NEAR_PERCENT + (most % 100 * LIMIT_NEAR_PERCENT + 99) / 100;
}

enum limit_level limit_judge(struct limit l)
{
    if (l.most <= 0)
        return LIMIT_FREE;
    if (l.used >= l.most)
        return LIMIT_REACHED;
    return l.used >= near_of(l.most) ? LIMIT_NEAR : LIMIT_FREE;
}

/* Seconds until `used` has grown to `goal`; hourly 0: it does not grow. */
static int64_t seconds_to(int64_t used, int64_t goal, enum limit_kind kind, int64_t hourly)
{
    if (used >= goal)
        return 0;
    if (kind == LIMIT_HOURS)
        return goal - used;
    return hourly > 0 ? (goal - used) * 3600 / hourly : INT64_MAX;
}

struct limits_state limits_now(const struct limits *l)
{
    struct limits_state s = {.near_s = -1, .left_s = -1};
    for (int k = 0; k < LIMIT_KINDS; k++) {
        struct limit one = l->of[k];
        if (one.most <= 0)
            continue;
        int64_t left = seconds_to(one.used, one.most, (enum limit_kind)k, l->hourly);
        if (s.left_s >= 0 && left >= s.left_s)
            continue;
        s = (struct limits_state){
            .level = limit_judge(one),
            .kind = (enum limit_kind)k,
            .near_s = seconds_to(one.used, near_of(one.most), (enum limit_kind)k, l->hourly),
            .left_s = left};
    }
    return s;
}

static bool is_ours(const char *tags, const char *server)
{
    char tag[TAG_MAX];
    if (!server)
        return cloud_has(tags, TAG_ALL);
    server_tag(server, tag);
    return cloud_has(tags, tag);
}

static bool lives(const struct account_look *look, int64_t droplet_id)
{
    for (size_t i = 0; i < look->n_droplets; i++)
        if (look->droplets[i].id == droplet_id)
            return true;
    return false;
}

void month_cost(const struct prices_cfg *prices, const char *server,
                const struct account_look *look, const struct spent *spent, size_t n, int64_t now,
                struct month_cost *out)
{
    int64_t from, to;
    cost_month(now, &from, &to);
    *out = (struct month_cost){0};
    for (size_t i = 0; i < look->n_droplets; i++) {
        const struct droplet *d = &look->droplets[i];
        if (!is_ours(d->tags, server))
            continue;
        out->n_unknown += !d->created_at || !d->price_hourly_udollars;
        if (d->created_at)
            out->droplets_udollars +=
                cost_session_within(prices, d->created_at, now, d->price_hourly_udollars,
                                    d->price_monthly_udollars, from, to);
    }
    for (size_t i = 0; i < n; i++) {
        const struct spent *s = &spent[i];
        if ((server && strcmp(s->server, server) != 0) || lives(look, s->droplet_id))
            continue;
        out->n_unknown += !s->gone;
        out->droplets_udollars +=
            cost_session_within(prices, s->from, s->to, s->hourly, s->monthly, from, to);
    }
    for (size_t i = 0; i < look->n_snapshots; i++) {
        const struct snapshot *s = &look->snapshots[i];
        if (is_ours(s->tags, server))
            out->storage_udollars +=
                cost_storage_within(prices, s->size_mb, s->created_at, now, from, to);
    }
}

static void add_unknown(const struct month_cost *m, struct str *out)
{
    if (m->n_unknown)
        str_addf(out, "; not known: how long %zu droplet%s ran that this computer did not stop",
                 m->n_unknown, m->n_unknown == 1 ? "" : "s");
    if (m->n_damaged)
        str_addf(out, "; not known: %zu damaged lines of this computer's history", m->n_damaged);
}

/* The price of the size that is about to be made; hourly 0 where the API does not tell it. */
static bool size_price(struct run *r, int64_t *hourly, int64_t *monthly, struct err *e)
{
    struct size *sizes;
    size_t n;
    *hourly = *monthly = 0;
    if (!cloud_sizes(r->cloud, &sizes, &n, e))
        return err_wrap(e, "what %s costs", r->f.size);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(sizes[i].slug, r->f.size) != 0)
            continue;
        *hourly = sizes[i].price_hourly_udollars;
        *monthly = sizes[i].price_monthly_udollars;
    }
    free(sizes);
    return true;
}

static bool over(struct run *r, const char *whose, const struct month_cost *m, int64_t evening,
                 int64_t most, struct err *e)
{
    int64_t so_far = m->droplets_udollars + m->storage_udollars;
    char spent[WHEN_TEXT], next[WHEN_TEXT], limit[WHEN_TEXT];
    struct str unknown = STR(256);
    core_money(so_far, spent);
    core_money(evening, next);
    core_money(most, limit);
    add_unknown(m, &unknown);
    run_emit(r, EVENT_NOTE, "%s cost %s this month so far, of %s; this evening about %s%s", whose,
             spent, limit, next, str_text(&unknown));
    str_release(&unknown);
    if (most >= so_far && evening <= most - so_far)
        return true;
    if (r->req->over_budget || r->req->dry_run) {
        run_emit(r, EVENT_WARN, "that is beyond the month's budget");
        return true;
    }
    err_set(e, ERR_GUARD, "the month's budget of %s: %s cost %s so far, and this evening about %s",
            limit, whose, spent, next);
    return err_hint(e,
                    "nothing was made; `dogs %s %s --over-budget` does it all the same, or "
                    "raise `budget: {month: …}`",
                    verb_name(r->verb), r->srv->name);
}

static int64_t evening_cost(struct run *r, int64_t hourly, int64_t monthly)
{
    const struct server_cfg *s = r->srv;
    int hours = s->max_hours ? s->max_hours : EVENING_HOURS;
    int64_t cost = cost_session(&r->core->cfg->prices, hours * 3600, hourly, monthly);
    int64_t most = s->budget.session_udollars;
    char each[WHEN_TEXT], sum[WHEN_TEXT], cap[WHEN_TEXT] = "";
    core_money(hourly, each);
    core_money(cost, sum);
    if (most && cost > most)
        core_money(most, cap);
    run_emit(r, EVENT_NOTE, "%s costs %s/h: %s for %d hours%s%s", r->f.size, each, sum, hours,
             *cap ? ", of which its session's budget allows " : "", cap);
    return *cap ? most : cost;
}

bool limits_allow(struct run *r, struct err *e)
{
    const struct server_cfg *s = r->srv;
    const struct config *cfg = r->core->cfg;
    bool any = s->max_hours || s->budget.session_udollars || s->budget.month_udollars ||
               cfg->month_udollars;
    int64_t hourly, monthly;
    /* What may have been made already is not refused. */
    if (!any || r->f.create_sent || !makes_droplet(r->verb))
        return true;
    if (!size_price(r, &hourly, &monthly, e))
        return false;
    if (!hourly && (s->budget.month_udollars || cfg->month_udollars) && !r->req->over_budget) {
        err_set(e, ERR_GUARD, "the cloud does not tell what %s costs, and a budget is set",
                r->f.size);
        return err_hint(e, "`dogs %s %s --over-budget` does it all the same", verb_name(r->verb),
                        s->name);
    }
    int64_t evening = evening_cost(r, hourly, monthly);
    struct spent *spent;
    size_t n, damaged;
    if (!spent_read(cfg->state_dir, run_now(r), &spent, &n, &damaged, e))
        return err_wrap(e, "what this month has cost so far");
    const struct {
        const char *server, *whose;
        int64_t most;
    } limits[] = {{s->name, s->name, s->budget.month_udollars},
                  {NULL, "all servers together", cfg->month_udollars}};
    bool ok = true;
    for (size_t i = 0; ok && i < sizeof limits / sizeof *limits; i++) {
        struct month_cost m;
        if (!limits[i].most)
            continue;
        month_cost(&cfg->prices, limits[i].server, &r->look, spent, n, run_now(r), &m);
        m.n_damaged = damaged;
        ok = over(r, limits[i].whose, &m, evening, limits[i].most, e);
    }
    free(spent);
    return ok;
}

void limits_note(struct run *r)
{
    const struct droplet *d = r->droplet.id ? &r->droplet : NULL;
    struct err ignored = {0};
    for (size_t i = 0; !d && i < r->look.n_droplets; i++)
        if (r->look.droplets[i].id == r->f.droplet_id)
            d = &r->look.droplets[i];
    if (!d || !d->id || !d->created_at || r->req->dry_run)
        return;
    struct spent s = {.droplet_id = d->id,
                      .from = d->created_at,
                      .to = run_now(r),
                      .hourly = d->price_hourly_udollars,
                      .monthly = d->price_monthly_udollars,
                      .gone = r->f.destroyed != 0};
    str_copy(s.server, sizeof s.server, r->srv->name);
    if (!spent_note(r->core->cfg->state_dir, &s, &ignored))
        log_line(LOG_WARN, "what %s has cost is not written down: %s", s.server, ignored.text);
}
