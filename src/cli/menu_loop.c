#include "menu.h"
#include <dogs/os.h>
#include <dogs/term.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was seen so long ago is looked at again before a server is chosen. */
enum { STALE_MS = 60 * 1000, MAX_FLAGS = 64 };

static const char home_keys[] = "arrows or number, Enter; r look again, q quit";
static const char keys[] = "arrows or number, Enter; r look again, q back";

struct menu {
    struct cli *cli; /* of the line that opened the menu */
    bool draw;
    char *flags[MAX_FLAGS + 2]; /* lent: what was typed, and --sandbox once it was chosen */
    size_t n_flags;
    bool entered_sandbox, quit;
    struct server_view *views;
    size_t n_views;
    unsigned facts;
    struct err trouble; /* of the last look */
    int64_t looked_ms;
    struct cancel *spent; /* of the command before; a late signal may still know it */
};

bool menu_possible(const struct cli *cli)
{
    return cli->mode == MODE_TEXT && !cli->g.quiet && !cli->g.no_input &&
           os_is_terminal(OS_STDIN) && os_is_terminal(OS_STDOUT);
}

/* --- looking --- */

static const struct cmd look_cmd = {.name = "menu", .usage = "", .flags = READS};

/* Opens the account as a command would. */
static bool begin_look(struct menu *m, struct cli *one, struct err *e)
{
    *one = (struct cli){.cmd = &look_cmd,
                        .g = m->cli->g,
                        .doc = cJSON_CreateObject(),
                        .colour_err = m->cli->colour_err,
                        .cancel = m->cli->cancel};
    if (!session_config(one, e))
        return false;
    if (m->draw) {
        fputs("looking ...", stdout);
        fflush(stdout);
    }
    return session_core(one, NULL, e);
}

static void end_look(struct menu *m, struct cli *one)
{
    if (m->draw) {
        fputs("\r\x1b[K", stdout);
        fflush(stdout);
    }
    session_close(one);
    cJSON_Delete(one->doc);
    /* What was typed meanwhile was typed at something else. */
    term_leave();
    if (m->draw)
        term_enter();
}

static unsigned facts_of(const struct menu *m, const struct cli *one)
{
    bool broken = !one->cfg && m->trouble.code == ERR_CONFIG;
    bool token = one->core != NULL;
    return (m->cli->g.sandbox ? FACT_SANDBOX : 0) | (m->entered_sandbox ? FACT_ENTERED : 0) |
           (one->made_up ? FACT_ANY_NAME : 0) |
           (broken || (one->cfg && *one->cfg->path) ? FACT_CONFIG : 0) |
           (broken ? FACT_BROKEN : 0) | (token ? FACT_TOKEN : 0) |
           (token && m->trouble.code == ERR_AUTH ? FACT_REFUSED : 0) |
           (m->n_views ? FACT_SERVERS : 0);
}

/* What could not be seen is in m->trouble, and no server is shown then. */
static void look(struct menu *m)
{
    struct cli one;
    struct err e = {0};
    free(m->views);
    m->views = NULL;
    m->n_views = 0;
    bool ok = begin_look(m, &one, &e) && core_status(one.core, NULL, &m->views, &m->n_views, &e);
    if (!ok)
        session_blame_token(&one, &e);
    m->trouble = ok ? (struct err){0} : e;
    m->facts = facts_of(m, &one);
    m->looked_ms = os_mono_ms();
    end_look(m, &one);
}

static bool look_at_snapshots(struct menu *m, const char *server, struct snapshot_view **out,
                              size_t *n, struct err *e)
{
    struct cli one;
    bool ok = begin_look(m, &one, e) && session_make_up_server(&one, server, e) &&
              core_snapshots(one.core, server, out, n, e);
    end_look(m, &one);
    return ok;
}

static const struct server_view *find_view(const struct menu *m, const char *server)
{
    for (size_t i = 0; i < m->n_views; i++)
        if (strcmp(m->views[i].name, server) == 0)
            return &m->views[i];
    return NULL;
}

/* --- running --- */

/* Ctrl-C in a command ends the command, as it does when it was typed. */
static void run_words(struct menu *m, char *const *words)
{
    char *line[MAX_FLAGS + MENU_MAX_WORDS + 4] = {NULL};
    size_t n = 0;
    struct str typed = STR(4096);
    for (char *const *flag = m->flags; *flag; flag++)
        line[n++] = *flag;
    for (char *const *word = words; *word; word++)
        line[n++] = *word;
    term_leave();
    menu_typed(m->flags, words, &typed);
    report_line(m->cli, "$ %s", str_text(&typed));
    str_release(&typed);
    fflush(stdout);
    struct cancel *cancel = cancel_new();
    os_catch_interrupts(cancel);
    cli_run(line, cancel);
    os_catch_interrupts(m->cli->cancel);
    cancel_free(m->spent);
    m->spent = cancel;
    if (os_must_end())
        cancel_trigger(m->cli->cancel);
    putchar('\n');
    look(m);
}

static void run_line(struct menu *m, const char *line, const char *server, const char *snapshot)
{
    char *words[MENU_MAX_WORDS + 1];
    menu_words(line, server, snapshot, words);
    run_words(m, words);
    for (char **word = words; *word; word++)
        free(*word);
}

static void set_sandbox(struct menu *m, bool on)
{
    static char flag[] = "--sandbox";
    m->entered_sandbox = m->cli->g.sandbox = on;
    m->flags[m->n_flags] = on ? flag : NULL;
    look(m);
}

static void show_server(struct menu *m, const char *name);

static void run_named(struct menu *m, const char *line)
{
    char *name = NULL;
    struct err e = {0};
    term_leave();
    if (ask_text(m->cli, "Name of the server", find_view(m, "mc") ? NULL : "mc", true, &name, &e)) {
        run_line(m, line, name, NULL);
        show_server(m, name);
    } else if (m->draw)
        term_enter();
    free(name);
}

/* --- the lists --- */

static void add_actions(const struct menu *m, struct screen *s,
                        const struct menu_action *const *offered, size_t n, const char *server)
{
    for (size_t i = 0; i < n; i++) {
        struct screen_item *item = screen_add(s, offered[i]->title, offered[i]->what);
        if (!offered[i]->line)
            continue;
        char *words[MENU_MAX_WORDS + 1];
        struct str typed = STR(4096);
        menu_words(offered[i]->line, server, NULL, words);
        menu_typed(m->flags, words, &typed);
        item->typed = str_take(&typed);
        for (char **word = words; *word; word++)
            free(*word);
    }
}

/* True once a list was left for the one above it, or the menu for good. */
static bool leave(struct menu *m, enum screen_answer answer)
{
    m->quit = m->quit || answer == SCREEN_GONE;
    return m->quit || answer == SCREEN_BACK;
}

/* A list that does not change while it is shown. False: left. */
static bool ask_simply(struct menu *m, struct screen *s, size_t *chosen)
{
    enum screen_answer answer;
    do
        answer = screen_ask(m->cli, s, m->draw, chosen);
    while (answer == SCREEN_RESIZED || answer == SCREEN_LOOK);
    screen_release(s);
    return !leave(m, answer);
}

static void choose_snapshot(struct menu *m, const char *line, const char *server)
{
    struct snapshot_view *snaps = NULL;
    size_t n = 0, chosen = 0;
    struct err e = {0};
    if (!look_at_snapshots(m, server, &snaps, &n, &e)) {
        report_talk(m->cli, PAINT_RED, "%s", e.text);
        return;
    }
    struct screen s = {.head = xasprintf("Which snapshot of %s?", server), .keys = keys};
    for (size_t i = 0; i < n; i++) {
        char at[WHEN_TEXT], what[WHEN_TEXT + 64];
        when_to_iso(snaps[i].created_at, at);
        snprintf(what, sizeof what, "%s, %.1f GB", at, (double)snaps[i].size_mb / 1000);
        screen_add(&s, snaps[i].name, what);
    }
    screen_add(&s, "back", NULL);
    if (ask_simply(m, &s, &chosen) && chosen < n) {
        char *id = xasprintf("%lld", (long long)snaps[chosen].id);
        run_line(m, line, server, id);
        free(id);
    }
    free(snaps);
}

static void show_power(struct menu *m, const struct server_view *v)
{
    const struct menu_action *offered[MENU_MAX_ACTIONS];
    size_t n = menu_offer(MENU_POWER, v->state, 0, offered), chosen = 0;
    struct screen s = {.head = xasprintf("Power of %s", v->name), .keys = keys};
    char *server = xstrdup(v->name);
    add_actions(m, &s, offered, n, server);
    if (ask_simply(m, &s, &chosen) && offered[chosen]->does == DOES_RUN)
        run_line(m, offered[chosen]->line, server, NULL);
    free(server);
}

static void act(struct menu *m, const struct menu_action *a, const char *server)
{
    switch (a->does) {
    case DOES_RUN:
        run_line(m, a->line, server, NULL);
        break;
    case DOES_NAME:
        run_named(m, a->line);
        break;
    case DOES_RESTORE:
        choose_snapshot(m, a->line, server);
        break;
    case DOES_POWER:
        show_power(m, find_view(m, server));
        break;
    case DOES_SANDBOX:
    case DOES_LIVE:
        set_sandbox(m, a->does == DOES_SANDBOX);
        break;
    case DOES_LOOK:
        look(m);
        break;
    case DOES_QUIT:
        m->quit = true;
        break;
    case DOES_BACK:
        break;
    }
}

/* One server, until it is left or gone. */
static void show_server(struct menu *m, const char *name)
{
    const struct server_view *v;
    size_t chosen = 0;
    while (!m->quit && (v = find_view(m, name))) {
        const struct menu_action *offered[MENU_MAX_ACTIONS];
        unsigned facts = m->facts | menu_server_facts(v);
        if (facts & FACT_ANY_NAME)
            facts |= FACT_NAMED;
        size_t n = menu_offer(MENU_SERVER, v->state, facts, offered);
        struct str head = STR(8192);
        view_text(v, &head);
        struct screen s = {.head = report_clean(str_text(&head), true), .keys = keys};
        str_release(&head);
        add_actions(m, &s, offered, n, name);
        enum screen_answer answer = screen_ask(m->cli, &s, m->draw, &chosen);
        screen_release(&s);
        if (leave(m, answer) || (answer == SCREEN_CHOSEN && offered[chosen]->does == DOES_BACK))
            return;
        if (answer == SCREEN_LOOK)
            look(m);
        if (answer != SCREEN_CHOSEN)
            continue;
        act(m, offered[chosen], name);
        chosen = 0;
    }
}

static char *home_head(const struct menu *m)
{
    struct str head = STR(8192);
    str_addf(&head, "dogs%s - game servers that exist only while people play\n",
             m->cli->g.sandbox ? " (sandbox)" : "");
    if (m->trouble.code == ERR_AUTH && !(m->facts & FACT_TOKEN))
        str_add(&head, m->facts & FACT_CONFIG ? "There is no API token yet."
                                              : "There is no configuration and no API token yet.");
    else if (m->trouble.code) {
        str_addf(&head, "%s", m->trouble.text);
        if (*m->trouble.hint)
            str_addf(&head, "\nnext: %s", m->trouble.hint);
    } else if (m->n_views) {
        view_totals(m->views, m->n_views, &head);
    } else {
        str_add(&head, "no servers yet");
    }
    char *clean = report_clean(str_text(&head), true);
    str_release(&head);
    return clean;
}

static void add_servers(const struct menu *m, struct screen *s)
{
    int columns, rows;
    term_size(&columns, &rows);
    struct str lines = STR(256 * 1024);
    menu_rows(m->views, m->n_views, columns - 6, &lines);
    const char *at = str_text(&lines), *line;
    size_t len;
    for (size_t i = 0; i < m->n_views && opt_piece(&at, "\n", &line, &len); i++) {
        char *title = xstrndup(line, len);
        screen_add(s, title, NULL)->paint = view_paint(m->views[i].state);
        free(title);
    }
    str_release(&lines);
}

static void show_home(struct menu *m)
{
    size_t chosen = 0;
    while (!m->quit) {
        const struct menu_action *offered[MENU_MAX_ACTIONS];
        size_t n = menu_offer(MENU_HOME, SERVER_UNKNOWN, m->facts, offered);
        struct screen s = {.head = home_head(m), .keys = home_keys};
        add_servers(m, &s);
        size_t n_servers = s.n_items;
        add_actions(m, &s, offered, n, NULL);
        enum screen_answer answer = screen_ask(m->cli, &s, m->draw, &chosen);
        screen_release(&s);
        if (leave(m, answer))
            return;
        if (answer == SCREEN_LOOK)
            look(m);
        if (answer != SCREEN_CHOSEN)
            continue;
        if (chosen >= n_servers) {
            act(m, offered[chosen - n_servers], NULL);
            chosen = 0;
            continue;
        }
        char name[sizeof m->views->name];
        str_copy(name, sizeof name, m->views[chosen].name);
        if (os_mono_ms() - m->looked_ms > STALE_MS)
            look(m);
        show_server(m, name);
    }
}

bool menu_run(struct cli *cli, struct err *e)
{
    struct menu m = {.cli = cli, .draw = cli->colour_out && term_can_draw()};
    for (char *const *word = cli->typed; *word && m.n_flags < MAX_FLAGS; word++)
        if (strcmp(*word, "--") != 0)
            m.flags[m.n_flags++] = *word;
    if (m.draw && !term_enter())
        m.draw = false;
    look(&m);
    show_home(&m);
    term_leave();
    cancel_free(m.spent);
    free(m.views);
    return !cancel_is(cli->cancel) || err_set(e, ERR_INTERRUPTED, "interrupted");
}
