#include "load.h"

#include <stdio.h>
#include <string.h>

/* "2.50": as it would be written. */
static const char *money(int64_t udollars, char out[32])
{
    snprintf(out, 32, "%lld.%06lld", (long long)(udollars / 1000000),
             (long long)(udollars % 1000000));
    size_t len = strlen(out);
    size_t least = (size_t)(strchr(out, '.') - out) + 3;
    while (len > least && out[len - 1] == '0')
        out[--len] = '\0';
    return out;
}

static void add_span(struct str *out, const char *name, int seconds)
{
    const char unit = seconds % 3600 ? seconds % 60 ? 's' : 'm' : 'h';
    int each = unit == 'h' ? 3600 : unit == 'm' ? 60 : 1;
    str_addf(out, ", %s: %d%c", name, seconds / each, unit);
}

static void add_rule(struct str *out, const struct rule_cfg *r)
{
    static const char days[] = "sunmontuewedthufrisat";
    str_addf(out, "{do: %s, at: '%02d:%02d'", r->what == RULE_STOP ? "stop" : "start",
             r->minute / 60, r->minute % 60);
    if (r->days == 0x7f)
        str_add(out, ", days: daily");
    else
        str_add(out, ", days: [");
    const char *between = "";
    for (unsigned d = 0; r->days != 0x7f && d < 7; d++) {
        if (!(r->days & 1u << d))
            continue;
        str_addf(out, "%s%.3s", between, days + 3 * d);
        between = ", ";
    }
    str_add(out, r->days == 0x7f ? "" : "]");
    if (*r->zone)
        str_addf(out, ", zone: %s", r->zone);
    if (r->unless_played) {
        str_add(out, ", unless_played: true");
        add_span(out, "again", r->again_s);
    }
    str_addf(out, ", missed: %s", r->catch_up ? "catch-up" : "skip");
    if (r->catch_up)
        add_span(out, "window", r->window_s);
    str_add(out, "}");
}

static void add_member(struct str *out, const char *name, bool given, const char *value)
{
    if (!given)
        return;
    str_addf(out, "%s%s: %s", out->p[out->len - 1] == '{' ? "" : ", ", name, value);
}

static bool add_schedule(struct str *out, const struct rule_cfg *rules, size_t n)
{
    str_add(out, "[");
    for (size_t i = 0; i < n; i++) {
        str_add(out, i ? ", " : "");
        add_rule(out, &rules[i]);
    }
    str_add(out, "]");
    return n > 0;
}

static bool add_budget(struct str *out, const struct budget_cfg *b)
{
    char text[32];
    str_add(out, "{");
    add_member(out, "session", b->session_udollars, money(b->session_udollars, text));
    add_member(out, "month", b->month_udollars, money(b->month_udollars, text));
    str_add(out, "}");
    return b->session_udollars || b->month_udollars;
}

static bool add_prices(struct str *out, const struct prices_cfg *p)
{
    char text[32];
    str_add(out, "{");
    add_member(out, "snapshot_gb_month", p->snapshot_gb_month.given,
               money(p->snapshot_gb_month.value, text));
    add_member(out, "minimum", p->minimum.given, money(p->minimum.value, text));
    snprintf(text, sizeof text, "%lld", (long long)p->minimum_s.value);
    add_member(out, "minimum_seconds", p->minimum_s.given, text);
    str_add(out, "}");
    return p->snapshot_gb_month.given || p->minimum.given || p->minimum_s.given;
}

bool section_show(const struct config *cfg, size_t k, size_t server, struct str *out)
{
    bool top = server == SIZE_MAX, any = false;
    if (!key_is_section(k))
        return false;
    /* A schedule at the top stands in every server that it is for. */
    if (top && key_columns[k].type == KEY_SCHEDULE)
        return true;
    str_addf(out, "%s%s: ", top ? "" : "    ", config_keys[k].name);
    if (key_columns[k].type == KEY_PRICES)
        any = add_prices(out, &cfg->prices);
    else if (key_columns[k].type == KEY_SCHEDULE)
        any = add_schedule(out, cfg->servers[server].schedule, cfg->servers[server].n_rules);
    else
        any = add_budget(out, top ? &(struct budget_cfg){.month_udollars = cfg->month_udollars}
                                  : &cfg->servers[server].budget);
    const struct origin *from = top ? origin_top(cfg, k) : origin_server(cfg, server, k);
    origin_show(out, cfg, from, any);
    return true;
}
