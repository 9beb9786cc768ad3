#include "load.h"

#include <ctype.h>
#include <dogs/when.h>
#include <dogs/zone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    AGAIN_S = 15 * 60,
    STOP_WINDOW_S = 12 * 3600,
    START_WINDOW_S = 3600,
    EVERY_DAY = 0x7f,
    MONEY_DIGITS = 6,
    MONEY_MOST = 1000000, /* dollars */
};

/* A key of a mapping inside a section. What take finds wrong it returns, with what to write. */
struct member {
    const char *name;
    const char *(*take)(const char *text, void *field);
    size_t at;
    bool list; /* may be a list, of which every item is taken */
};

static const char *take_do(const char *text, void *field)
{
    bool start = !strcmp(text, "start");
    *(enum rule_do *)field = start ? RULE_START : RULE_STOP;
    return start || !strcmp(text, "stop") ? NULL : "write stop or start";
}

static const char *take_at(const char *text, void *field)
{
    char tail;
    int hour = 0, minute = 0;
    size_t hours = strspn(text, "0123456789");
    bool shape = hours && hours <= 2 && text[hours] == ':' && strlen(text + hours + 1) == 2;
    if (!shape || sscanf(text, "%2d:%2d%c", &hour, &minute, &tail) != 2 || hour > 23 || minute > 59)
        return "not a time of day; write 00:00 to 23:59";
    *(int *)field = hour * 60 + minute;
    return NULL;
}

static const char *const day_names[] = {"sunday",   "monday", "tuesday", "wednesday",
                                        "thursday", "friday", "saturday"};

static const char *take_days(const char *text, void *field)
{
    for (const char *p = text; *p; p += strspn(p, ", ")) {
        size_t len = strcspn(p, ", ");
        unsigned days = len == 5 && !strncasecmp(p, "daily", len) ? EVERY_DAY : 0;
        for (unsigned d = 0; d < 7; d++)
            if ((len == 3 || len == strlen(day_names[d])) && !strncasecmp(p, day_names[d], len))
                days = 1u << d;
        if (!days)
            return "write daily, or days such as [fri, sat]";
        *(unsigned *)field |= days;
        p += len;
    }
    return NULL;
}

static const char *take_zone(const char *text, void *field)
{
    struct zone *z = NULL;
    struct err e = {0};
    if (!str_copy(field, ZONE_NAME, text))
        return "longer than any time zone's name; write for example Europe/Berlin";
    bool known = zone_open(text, &z, &e);
    zone_free(z);
    /* A database that is missing or damaged is no mistake of this file. */
    if (known || (e.code != ERR_NOT_FOUND && e.code != ERR_CONFIG))
        return NULL;
    return "this computer knows no such time zone; write for example Europe/Berlin or UTC";
}

static const char *take_bool(const char *text, void *field)
{
    *(bool *)field = key_bool(text);
    return check_bool(text);
}

static const char *take_again(const char *text, void *field)
{
    int64_t s;
    if (!when_from_span(text, &s) || s < 60 || s > 86400 || s % 60)
        return "write whole minutes from 1m to 24h, for example 15m";
    *(int *)field = (int)s;
    return NULL;
}

static const char *take_missed(const char *text, void *field)
{
    bool catch_up = !strcmp(text, "catch-up");
    *(bool *)field = catch_up;
    return catch_up || !strcmp(text, "skip") ? NULL : "write catch-up or skip";
}

static const char *take_window(const char *text, void *field)
{
    int64_t s;
    if (!when_from_span(text, &s) || s < 60 || s > 7 * 86400)
        return "write a time from 1m to 7d, for example 4h";
    *(int *)field = (int)s;
    return NULL;
}

/* "2", "2.5", "15.00": exact, without passing through a fraction of the machine. */
static const char *take_money(const char *text, void *field)
{
    size_t whole = strspn(text, "0123456789"), digits = 0;
    const char *fraction = text + whole + (text[whole] == '.');
    digits = strspn(fraction, "0123456789");
    int64_t n = 0;
    char *number = xstrndup(text, whole);
    bool ok = whole && str_int64(number, 0, MONEY_MOST, &n) && digits <= MONEY_DIGITS &&
              !fraction[digits] && (text[whole] != '.' || digits);
    free(number);
    if (!ok)
        return "not an amount of dollars; write for example 2.50";
    for (size_t i = 0; i < MONEY_DIGITS; i++)
        n = n * 10 + (i < digits ? fraction[i] - '0' : 0);
    *(int64_t *)field = n;
    return NULL;
}

static const char *take_limit(const char *text, void *field)
{
    const char *why = take_money(text, field);
    return why || *(int64_t *)field ? why
                                    : "nothing could ever be started; write an amount above 0, or "
                                      "remove the line";
}

static const char *take_price(const char *text, void *field)
{
    struct price_cfg *p = field;
    p->given = true;
    return take_money(text, &p->value);
}

static const char *take_seconds(const char *text, void *field)
{
    struct price_cfg *p = field;
    p->given = true;
    return str_int64(text, 0, 86400, &p->value) ? NULL : "write a number of seconds, 0 to 86400";
}

#define RULE(field) offsetof(struct rule_cfg, field)
static const struct member rule_members[] = {
    {"do", take_do, RULE(what), false},
    {"at", take_at, RULE(minute), false},
    {"days", take_days, RULE(days), true},
    {"zone", take_zone, RULE(zone), false},
    {"unless_played", take_bool, RULE(unless_played), false},
    {"again", take_again, RULE(again_s), false},
    {"missed", take_missed, RULE(catch_up), false},
    {"window", take_window, RULE(window_s), false},
    {.name = NULL},
};
enum { RULE_DO = 1, RULE_AT = 2, RULE_UNLESS = 16, RULE_AGAIN = 32, RULE_WINDOW = 128 };

static const struct member budget_members[] = {
    {"session", take_limit, offsetof(struct budget_cfg, session_udollars), false},
    {"month", take_limit, offsetof(struct budget_cfg, month_udollars), false},
    {.name = NULL},
};

static const struct member price_members[] = {
    {"snapshot_gb_month", take_price, offsetof(struct prices_cfg, snapshot_gb_month), false},
    {"minimum", take_price, offsetof(struct prices_cfg, minimum), false},
    {"minimum_seconds", take_seconds, offsetof(struct prices_cfg, minimum_s), false},
    {.name = NULL},
};

struct place {
    struct load *ld;
    const char *section, *server;
};

static void mistake(const struct place *at, const struct node *n, const char *key, const char *what,
                    const char *why)
{
    char owner[QUOTE_SIZE + 16] = "", q[QUOTE_SIZE];
    if (at->server)
        snprintf(owner, sizeof owner, " of server '%s'", quote(q, at->server));
    problem_add(&at->ld->pr, n->line, n->column, "%s%s%s%s%s%s: %s", at->section, owner,
                *key ? ": " : "", key, *what ? *key ? " " : ": " : "", what, why);
}

static void take_member(const struct place *at, const struct member *m, const struct node *n,
                        void *base)
{
    char q[QUOTE_SIZE], what[QUOTE_SIZE + 2];
    if (n->kind == NODE_LIST && m->list) {
        for (size_t i = 0; i < n->n_children; i++)
            take_member(at, m, &n->child[i], base);
        return;
    }
    if (n->kind != NODE_TEXT) {
        mistake(at, n, m->name, "", "one value is expected; write it behind the colon");
        return;
    }
    const char *why = value_check(n->text, check_any);
    if (!why)
        why = m->take(n->text, (char *)base + m->at);
    snprintf(what, sizeof what, "'%s'", quote(q, n->text));
    if (why)
        mistake(at, n, m->name, what, why);
}

/* The bits of the members that were there. */
static unsigned take_map(const struct place *at, const struct member *members,
                         const struct node *map, void *base)
{
    unsigned seen = 0;
    const char *names[16] = {NULL};
    char q[QUOTE_SIZE], what[2 * QUOTE_SIZE];
    for (size_t m = 0; members[m].name; m++)
        names[m] = members[m].name;
    for (size_t i = 0; i < map->n_children; i += 2) {
        const struct node *key = &map->child[i], *value = key + 1;
        size_t m = 0;
        while (members[m].name && strcmp(members[m].name, key->text) != 0)
            m++;
        if (!members[m].name) {
            const char *near = str_nearest(key->text, names);
            snprintf(what, sizeof what, "unknown key '%s'", quote(q, key->text));
            char *why = near ? xasprintf("did you mean '%s'?", near) : NULL;
            mistake(at, key, "", what,
                    why ? why : "remove it, or see config.yaml.example for all keys");
            free(why);
        } else if (!key->duplicate && !node_is_null(value)) {
            seen |= 1u << m;
            take_member(at, &members[m], value, base);
        }
    }
    return seen;
}

static bool overlap(const struct rule_cfg *a, const struct rule_cfg *b)
{
    return a->minute == b->minute && a->days & b->days && !strcmp(a->zone, b->zone);
}

static void take_rule(const struct place *at, const struct node *n, struct raw_sections *out)
{
    struct rule_cfg *r = &out->rules[out->n_rules];
    size_t before = at->ld->pr.n;
    *r = (struct rule_cfg){.again_s = AGAIN_S, .catch_up = true, .minute = -1};
    if (n->kind != NODE_MAP) {
        mistake(at, n, "", "", "a rule is keys with values; write {do: stop, at: '02:00'}");
        return;
    }
    unsigned seen = take_map(at, rule_members, n, r);
    if (!(seen & RULE_DO) || !(seen & RULE_AT))
        mistake(at, n, "", "", "a rule needs do and at; write {do: stop, at: '02:00'}");
    if (seen & RULE_AGAIN && !r->unless_played)
        mistake(at, n, "again", "", "only a stop with unless_played looks again; remove it");
    if (seen & RULE_WINDOW && !r->catch_up)
        mistake(at, n, "window", "",
                "what is skipped has none; remove it, or write missed: "
                "catch-up");
    if (r->unless_played && r->what == RULE_START)
        mistake(at, n, "unless_played", "", "only a stop waits for players; remove it");
    if (!r->days)
        r->days = EVERY_DAY;
    if (!r->window_s)
        r->window_s = r->what == RULE_STOP ? STOP_WINDOW_S : START_WINDOW_S;
    for (size_t i = 0; at->ld->pr.n == before && i < out->n_rules; i++)
        if (overlap(&out->rules[i], r))
            mistake(at, n, "", "", "another rule comes at the same time; change one of them");
    out->n_rules++;
}

static void load_schedule(const struct place *at, const struct node *n, struct raw_sections *out)
{
    if (n->kind != NODE_LIST) {
        mistake(at, n, "", "",
                "a list of rules is expected; write for example "
                "[{do: stop, at: '02:00'}]");
        return;
    }
    if (n->n_children > CONFIG_MAX_RULES) {
        mistake(at, n, "", "", "more than 50 rules; remove some");
        return;
    }
    out->ruled = true;
    out->rules = xcalloc(n->n_children + 1, sizeof *out->rules);
    for (size_t i = 0; i < n->n_children; i++)
        take_rule(at, &n->child[i], out);
}

void section_load(struct load *ld, size_t k, const struct node *n, const char *server,
                  struct raw_sections *out)
{
    const struct place at = {ld, config_keys[k].name, server};
    const struct origin here = {.layer = LAYER_FILE, .line = n->line, .column = n->column};
    bool prices = key_columns[k].type == KEY_PRICES;
    if (node_is_null(n))
        return;
    if (key_columns[k].type == KEY_SCHEDULE) {
        out->schedule_from = here;
        load_schedule(&at, n, out);
        return;
    }
    if (n->kind != NODE_MAP) {
        char *why = xasprintf("keys with values are expected; write for example %s",
                              config_keys[k].example);
        mistake(&at, n, "", "", why);
        free(why);
        return;
    }
    unsigned seen = take_map(&at, prices ? price_members : budget_members, n,
                             prices ? (void *)&out->prices : (void *)&out->budget);
    if (prices)
        out->prices_from = here;
    if (!prices && seen & 1)
        out->session_from = here;
    if (!prices && seen & 2)
        out->month_from = here;
}

void sections_fill(struct load *ld, struct config *cfg)
{
    size_t schedule = (size_t)key_find("schedule"), budget = (size_t)key_find("budget");
    const struct raw_sections *top = &ld->sections;
    cfg->month_udollars = top->budget.month_udollars;
    cfg->prices = top->prices;
    cfg->origins->of[key_find("prices")] = top->prices_from;
    cfg->origins->of[budget] = top->month_from;
    for (size_t i = 0; i < cfg->n_servers; i++) {
        const struct raw_sections *own = &ld->servers[i].sections;
        const struct raw_sections *rules = own->ruled ? own : top;
        struct server_cfg *s = &cfg->servers[i];
        struct origin *of = &cfg->origins->of[(1 + i) * n_keys];
        s->n_rules = rules->n_rules;
        s->schedule = xcalloc(s->n_rules + 1, sizeof *s->schedule);
        if (s->n_rules)
            memcpy(s->schedule, rules->rules, s->n_rules * sizeof *s->schedule);
        s->budget = own->budget;
        if (!s->budget.session_udollars)
            s->budget.session_udollars = top->budget.session_udollars;
        of[schedule] = rules->schedule_from;
        of[budget] = own->session_from.layer || own->month_from.layer
                         ? (own->session_from.layer ? own->session_from : own->month_from)
                         : top->session_from;
    }
}
