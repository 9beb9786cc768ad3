/* menu: what `dogs` without a command shows on a terminal. Everything it does is a command line
 * that could be typed, shown before it runs, and run by the same dispatch.
 *
 *   menu.c         what is offered: one const table, action x where it makes sense. Pure.
 *   menu_rows.c    servers as rows of a list
 *   menu_screen.c  drawing a list and having a line of it chosen
 *   menu_loop.c    look, choose, run, again
 */
#ifndef DOGS_CLI_MENU_H
#define DOGS_CLI_MENU_H

#include "report.h"

/* menu_loop.c */

/* Whether there is a person at a terminal. */
bool menu_possible(const struct cli *cli);
/* Until it is left (true), or interrupted. */
bool menu_run(struct cli *cli, struct err *e);

/* menu.c */

enum { MENU_MAX_ACTIONS = 32, MENU_MAX_WORDS = 8 };

enum menu_list { MENU_HOME, MENU_SERVER, MENU_POWER };

/* What choosing an action does. */
enum menu_does {
    DOES_RUN,     /* its line */
    DOES_NAME,    /* its line, once the name of a new server was asked for */
    DOES_RESTORE, /* its line, once a snapshot was chosen */
    DOES_POWER,   /* shows MENU_POWER */
    DOES_SANDBOX, /* --sandbox from now on */
    DOES_LIVE,    /* no longer */
    DOES_LOOK,
    DOES_BACK,
    DOES_QUIT,
};

/* What is known, beside the state of the server. */
enum menu_fact {
    FACT_SANDBOX = 1 << 0,   /* --sandbox is on */
    FACT_ENTERED = 1 << 1,   /* and was chosen in the menu */
    FACT_ANY_NAME = 1 << 2,  /* every name will do: the sandbox without a config file */
    FACT_CONFIG = 1 << 3,    /* there is a config file */
    FACT_BROKEN = 1 << 4,    /* with mistakes */
    FACT_TOKEN = 1 << 5,     /* a token was found, or none is needed */
    FACT_REFUSED = 1 << 6,   /* but it does not open the account */
    FACT_SERVERS = 1 << 7,   /* there is something to list */
    FACT_NAMED = 1 << 8,     /* the server stands in the config, or any name will do */
    FACT_FOREIGN = 1 << 9,   /* its droplet does not carry our tag */
    FACT_OPEN_RUN = 1 << 10, /* a run of this host for it did not end */
    FACT_SNAPSHOTS = 1 << 11,
    FACT_SPARE = 1 << 12, /* more than one */
    FACT_ADDRESS = 1 << 13,
};

struct menu_action {
    enum menu_list in;
    enum menu_does does;
    const char *title, *what; /* "stop", "save the world and end the bill" */
    const char *line;         /* the words behind dogs: "stop SERVER"; NULL = nothing is run */
    unsigned states;          /* bits 1 << SERVER_...; not looked at in MENU_HOME */
    unsigned needs, unless;   /* facts: all of the one, none of the other */
};
extern const struct menu_action menu_actions[]; /* ends with a NULL title */

unsigned menu_server_facts(const struct server_view *v);
/* The actions of a list that make sense, in the order of the table; how many. */
size_t menu_offer(enum menu_list in, enum server_state state, unsigned facts,
                  const struct menu_action *out[MENU_MAX_ACTIONS]);
/* The words of a line, with SERVER and SNAPSHOT replaced where they are given; NULL-terminated.
 * Free each. */
size_t menu_words(const char *line, const char *server, const char *snapshot,
                  char *out[MENU_MAX_WORDS + 1]);
/* "dogs --sandbox stop mc": flags and words (NULL-terminated) as they would be typed, in quotes
 * where a shell would read something else. */
void menu_typed(char *const *flags, char *const *words, struct str *out);

/* menu_rows.c */

/* One line per server of at most `width` columns: name, state, and as much of cost, address and
 * plan as has room in every line. */
void menu_rows(const struct server_view *views, size_t n, int width, struct str *lines);

/* menu_screen.c */

struct screen_item {
    char *title, *what; /* what: shown where it has room; NULL = none */
    char *typed;        /* the command line, shown while it is chosen; NULL = none */
    enum paint paint;
};
/* A list to choose from. */
struct screen {
    char *head; /* lines above, wrapped */
    struct screen_item *items;
    size_t n_items;
    const char *keys; /* lent */
};
void screen_release(struct screen *s);
/* Lent until the next one is added. */
struct screen_item *screen_add(struct screen *s, const char *title, const char *what);

/* Lines for a terminal of that size, with the item `chosen` marked; how many. Pure. */
int screen_lay(const struct screen *s, size_t chosen, int columns, int rows, bool colour,
               struct str *out);

enum screen_answer {
    SCREEN_CHOSEN, /* *chosen is it */
    SCREEN_BACK,
    SCREEN_LOOK,    /* look again */
    SCREEN_RESIZED, /* the items may be made for the new width */
    SCREEN_GONE,    /* interrupted, or end of input */
};
/* *chosen: which is marked at first. */
enum screen_answer screen_ask(struct cli *cli, const struct screen *s, bool draw, size_t *chosen);

#endif
