#include "menu.h"
#include <stdlib.h>
#include <string.h>

#define IN(state) (1u << SERVER_##state)

enum {
    DROPLET = IN(RUNNING) | IN(OFF),
    ANY_STATE = DROPLET | IN(NONE) | IN(STORED) | IN(STARTING) | IN(SEVERAL) | IN(UNKNOWN),
    BUSY = FACT_OPEN_RUN | FACT_FOREIGN,
};

const struct menu_action menu_actions[] = {
    {.in = MENU_HOME,
     .title = "sandbox",
     .does = DOES_SANDBOX,
     .what = "try it: an imitated cloud, no account, no cost",
     .line = "--sandbox",
     .unless = FACT_SANDBOX | FACT_TOKEN},
    {.in = MENU_HOME,
     .title = "init",
     .what = "write the configuration; asks",
     .line = "init",
     .unless = FACT_SANDBOX | FACT_CONFIG},
    {.in = MENU_HOME,
     .title = "check",
     .what = "every mistake in the configuration",
     .line = "config check",
     .needs = FACT_BROKEN},
    {.in = MENU_HOME,
     .title = "login",
     .what = "store and check the API token",
     .line = "login",
     .needs = FACT_CONFIG,
     .unless = FACT_SANDBOX | FACT_TOKEN | FACT_BROKEN},
    {.in = MENU_HOME,
     .title = "login",
     .what = "store and check another API token",
     .line = "login",
     .needs = FACT_REFUSED,
     .unless = FACT_SANDBOX},
    {.in = MENU_HOME,
     .title = "create",
     .does = DOES_NAME,
     .what = "a new server; asks for its name",
     .line = "create SERVER",
     .needs = FACT_ANY_NAME | FACT_TOKEN},
    {.in = MENU_HOME,
     .title = "list",
     .what = "all servers with costs and totals",
     .line = "list",
     .needs = FACT_SERVERS},
    {.in = MENU_HOME,
     .title = "status",
     .what = "every server in full",
     .line = "status",
     .needs = FACT_SERVERS},
    {.in = MENU_HOME,
     .title = "look",
     .does = DOES_LOOK,
     .what = "look again",
     .needs = FACT_TOKEN},
    {.in = MENU_HOME, .title = "help", .what = "all commands", .line = "help"},
    {.in = MENU_HOME,
     .title = "leave",
     .does = DOES_LIVE,
     .what = "leave the sandbox",
     .needs = FACT_ENTERED},
    {.in = MENU_HOME, .title = "quit", .does = DOES_QUIT},

    {.in = MENU_SERVER,
     .title = "resume",
     .what = "finish what was interrupted",
     .line = "resume SERVER",
     .states = ANY_STATE,
     .needs = FACT_NAMED | FACT_OPEN_RUN},
    {.in = MENU_SERVER,
     .title = "resume",
     .what = "wait until it is ready",
     .line = "resume SERVER",
     .states = IN(STARTING),
     .needs = FACT_NAMED,
     .unless = BUSY},
    {.in = MENU_SERVER,
     .title = "create",
     .what = "make it from a base image",
     .line = "create SERVER",
     .states = IN(NONE),
     .needs = FACT_NAMED,
     .unless = BUSY},
    {.in = MENU_SERVER,
     .title = "start",
     .what = "from its newest snapshot",
     .line = "start SERVER",
     .states = IN(STORED),
     .needs = FACT_NAMED,
     .unless = BUSY},
    {.in = MENU_SERVER,
     .title = "start",
     .what = "switch it on again",
     .line = "start SERVER",
     .states = IN(OFF),
     .needs = FACT_NAMED,
     .unless = BUSY},
    {.in = MENU_SERVER,
     .title = "adopt",
     .what = "take over the droplet, which has no tag of ours",
     .line = "start SERVER --adopt",
     .states = DROPLET,
     .needs = FACT_NAMED | FACT_FOREIGN},
    {.in = MENU_SERVER,
     .title = "address",
     .what = "print it alone",
     .line = "status SERVER --quiet",
     .states = ANY_STATE,
     .needs = FACT_ADDRESS},
    {.in = MENU_SERVER,
     .title = "stop",
     .what = "save the world and end the bill",
     .line = "stop SERVER",
     .states = DROPLET,
     .needs = FACT_NAMED,
     .unless = FACT_FOREIGN},
    {.in = MENU_SERVER,
     .title = "play",
     .what = "imitate an evening: the world grows",
     .line = "sandbox play SERVER",
     .states = IN(RUNNING),
     .needs = FACT_SANDBOX},
    {.in = MENU_SERVER,
     .title = "snapshot",
     .what = "save the world; the droplet stays",
     .line = "snapshot SERVER",
     .states = DROPLET,
     .needs = FACT_NAMED,
     .unless = BUSY},
    {.in = MENU_SERVER,
     .title = "power",
     .does = DOES_POWER,
     .what = "on, off, reboot, cycle",
     .states = DROPLET,
     .needs = FACT_NAMED,
     .unless = BUSY},
    {.in = MENU_SERVER,
     .title = "destroy",
     .what = "the droplet, where a proved snapshot holds its world",
     .line = "destroy SERVER",
     .states = IN(OFF),
     .needs = FACT_NAMED | FACT_SNAPSHOTS,
     .unless = BUSY},
    {.in = MENU_SERVER,
     .title = "status",
     .what = "look again, in full",
     .line = "status SERVER",
     .states = ANY_STATE},
    {.in = MENU_SERVER,
     .title = "snapshots",
     .what = "what is kept",
     .line = "snapshots SERVER",
     .states = ANY_STATE,
     .needs = FACT_SNAPSHOTS},
    {.in = MENU_SERVER,
     .title = "restore",
     .does = DOES_RESTORE,
     .what = "an older evening: choose a snapshot",
     .line = "restore SERVER --snapshot SNAPSHOT",
     .states = IN(STORED),
     .needs = FACT_NAMED | FACT_SNAPSHOTS,
     .unless = BUSY},
    {.in = MENU_SERVER,
     .title = "prune",
     .what = "delete snapshots beyond those to keep",
     .line = "prune SERVER",
     .states = IN(STORED) | DROPLET,
     .needs = FACT_NAMED | FACT_SPARE,
     .unless = BUSY},
    {.in = MENU_SERVER, .title = "back", .does = DOES_BACK, .states = ANY_STATE},

    {.in = MENU_POWER, .title = "on", .line = "power SERVER on", .states = IN(OFF)},
    {.in = MENU_POWER,
     .title = "reboot",
     .what = "shut down and start again",
     .line = "power SERVER reboot",
     .states = IN(RUNNING)},
    {.in = MENU_POWER,
     .title = "off",
     .what = "goes on costing the full price",
     .line = "power SERVER off",
     .states = IN(RUNNING)},
    {.in = MENU_POWER,
     .title = "cycle",
     .what = "cut the power and start again, as a last resort",
     .line = "power SERVER cycle",
     .states = IN(RUNNING)},
    {.in = MENU_POWER, .title = "back", .does = DOES_BACK, .states = ANY_STATE},
    {.title = NULL},
};

unsigned menu_server_facts(const struct server_view *v)
{
    return (v->configured ? FACT_NAMED : 0) | (v->droplet_id && !v->ours ? FACT_FOREIGN : 0) |
           (*v->unfinished ? FACT_OPEN_RUN : 0) | (v->n_snapshots ? FACT_SNAPSHOTS : 0) |
           (v->n_snapshots > 1 ? FACT_SPARE : 0) |
           (*v->ip && v->state == SERVER_RUNNING ? FACT_ADDRESS : 0);
}

size_t menu_offer(enum menu_list in, enum server_state state, unsigned facts,
                  const struct menu_action *out[MENU_MAX_ACTIONS])
{
    size_t n = 0;
    for (const struct menu_action *a = menu_actions; a->title; a++) {
        bool fits = in == MENU_HOME || a->states & 1u << state;
        if (a->in == in && fits && (facts & a->needs) == a->needs && !(facts & a->unless))
            out[n++] = a;
    }
    return n;
}

size_t menu_words(const char *line, const char *server, const char *snapshot,
                  char *out[MENU_MAX_WORDS + 1])
{
    size_t n = 0, len;
    const char *word;
    while (n < MENU_MAX_WORDS && opt_piece(&line, " ", &word, &len)) {
        out[n] = xstrndup(word, len);
        const char *value = strcmp(out[n], "SERVER") == 0     ? server
                            : strcmp(out[n], "SNAPSHOT") == 0 ? snapshot
                                                              : NULL;
        if (value) {
            free(out[n]);
            out[n] = xstrdup(value);
        }
        n++;
    }
    out[n] = NULL;
    return n;
}

/* Double quotes are understood by every shell, also that of Windows, whose paths need them. */
static void add_word(const char *word, struct str *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=@%+,";
    if (*word && !word[strspn(word, plain)])
        str_addf(out, " %s", word);
    else if (!strpbrk(word, "\"$`!"))
        str_addf(out, " \"%s\"", word);
    else {
        str_add(out, " '");
        for (; *word; word++)
            str_addf(out, *word == '\'' ? "'\\%c'" : "%c", *word);
        str_add(out, "'");
    }
}

void menu_typed(char *const *flags, char *const *words, struct str *out)
{
    str_add(out, "dogs");
    for (; *flags; flags++)
        add_word(*flags, out);
    for (; *words; words++)
        add_word(*words, out);
}
