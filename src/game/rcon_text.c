/* What consoles are told and what they answer, as text. */
#include "rcon.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 512, COUNT_MAX = 1000000 };

static size_t character(const char *p)
{
    size_t n = 1;
    while (n < 4 && ((unsigned char)p[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* The text as it may stand in a command, as long as it fits. */
static void put_text(struct str *out, const char *text, size_t room)
{
    static const char unwanted[] = ";\"\\", instead[] = ",'/";
    if (!out->len)
        text += strspn(text, "/ ");
    while (*text) {
        const char *found = strchr(unwanted, *text);
        size_t n = character(text);
        if (n > room)
            return;
        if (found)
            str_addn(out, &instead[found - unwanted], 1);
        else if ((unsigned char)*text < ' ' || *text == 0x7f)
            str_add(out, " ");
        else
            str_addn(out, text, n);
        text += n;
        room -= n;
    }
}

void rcon_command(struct str *out, const char *template_, const char *text)
{
    const char *hole = strstr(template_, "%s");
    size_t before = hole ? (size_t)(hole - template_) : strlen(template_);
    const char *after = hole ? hole + 2 : "";
    size_t fixed = before + strlen(after);

    str_addn(out, template_, before);
    if (hole && text && fixed < RCON_BODY_MAX)
        put_text(out, text, RCON_BODY_MAX - fixed);
    str_add(out, after);
}

/* The next line, printable, from *at, which is moved on; false at the end. */
static bool next_line(const char **at, char to[LINE])
{
    if (!**at)
        return false;
    size_t len = strcspn(*at, "\r\n");
    talk_text(to, LINE, *at, len);
    *at += len;
    *at += strspn(*at, "\r\n");
    return true;
}

/* Digits from *at on, all of them; false if they are no count. *at is behind them in any case. */
static bool take_count(const char **at, int *out)
{
    size_t len = strspn(*at, "0123456789");
    bool ok = talk_count(*at, len, out) && *out <= COUNT_MAX;
    *at += len;
    return ok;
}

/* The next number in the text and whether it is one that may be a count. */
static bool find_count(const char **at, int *out)
{
    const char *start = *at;
    *at += strcspn(*at, "0123456789");
    bool negative = *at > start && (*at)[-1] == '-';
    return take_count(at, out) && !negative && !(**at == '.' && strchr("0123456789", (*at)[1]));
}

static void list_names(const char *at, struct game_answer *a)
{
    while (*at) {
        size_t len = strcspn(at, ",");
        talk_name(a, at, len);
        at += len;
        at += *at == ',';
    }
}

/* "There are 2 of a max of 20 players online: ann, bob", and the like of other servers that are
 * Minecraft's: "There are 2/20 players online:", "There are 2 out of maximum 20 players online." */
static bool read_list(const char *text, bool names, struct game_answer *a)
{
    size_t size = strlen(text) + 1;
    char *line = xmalloc(size);
    talk_text(line, size, text, size - 1);
    const char *at = line;
    int players = -1, max = -1;
    bool ok = str_starts(line, "There are ") && find_count(&at, &players) &&
              find_count(&at, &max) && str_has(line, "players online");
    if (ok) {
        a->players = players;
        a->max = max;
    }
    at = ok && names ? strchr(at, ':') : NULL;
    if (at)
        list_names(at + 1, a);
    free(line);
    return ok;
}

/* The number that stands alone in brackets, round ones of either width. */
static bool bracketed(const char *line, int *out)
{
    for (const char *at = line; *at; at++) {
        bool wide = str_starts(at, "（");
        if (*at != '(' && !wide)
            continue;
        const char *p = at + (wide ? strlen("（") : 1);
        if (take_count(&p, out) && (*p == ')' || str_starts(p, "）")))
            return true;
    }
    return false;
}

/* "Online players (2):" in any language, "Players connected (2):"; then a name a line, "-ann" or
 * "ann (online)". */
static bool read_brackets(const char *text, bool names, struct game_answer *a)
{
    char line[LINE];
    int players;
    text += strspn(text, "\r\n");
    if (!next_line(&text, line) || !bracketed(line, &players))
        return false;
    a->players = players;
    while (names && next_line(&text, line)) {
        char *name = line + (*line == '-'), *bracket = strrchr(name, '(');
        if (bracket && bracket > name + 1 && bracket[-1] == ' ')
            bracket[-1] = '\0';
        talk_name(a, name, strlen(name));
    }
    return true;
}

/* "0. ann, 76561198000000000" a line, or "No Players Connected". */
static bool read_numbered(const char *text, bool names, struct game_answer *a)
{
    char line[LINE];
    const char *at = text;
    int players = 0, number;
    while (next_line(&at, line)) {
        const char *name = line;
        if (!*line)
            continue;
        if (!take_count(&name, &number) || *name != '.')
            return players == 0 && str_has(line, "no players connected") && (a->players = 0, true);
        players++;
        name++;
        if (names)
            talk_name(a, name, strcspn(name, ","));
    }
    if (players)
        a->players = players;
    return players > 0;
}

static const struct reading {
    const char *ask;
    bool (*read)(const char *text, bool names, struct game_answer *a);
} readings[] = {
    {"list", read_list},
    {"players", read_brackets},
    {"/players online", read_brackets},
    {"/players online count", read_brackets},
    {"ListPlayers", read_numbered},
};

static const struct reading *reading_of(const char *ask)
{
    for (size_t i = 0; ask && i < sizeof readings / sizeof *readings; i++)
        if (strcmp(readings[i].ask, ask) == 0)
            return &readings[i];
    return NULL;
}

bool rcon_knows(const char *ask)
{
    return reading_of(ask) != NULL;
}

bool rcon_count(const char *ask, const char *text, bool names, struct game_answer *a)
{
    const struct reading *r = reading_of(ask);
    return r && r->read(text, names, a);
}

bool rcon_unknown(const char *text)
{
    static const char *const beginnings[] = {"Unknown command", "Unknown or incomplete command",
                                             "Unrecognized command", "Unknown request"};
    char line[LINE];
    talk_text(line, sizeof line, text, strlen(text));
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (str_has(line, beginnings[i]))
            return true;
    return false;
}

bool rcon_complains(const char *text)
{
    static const char *const words[] = {"fail", "error", "unable", "can't", "cannot", "could not"};
    bool found = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        found = found || str_has(text, words[i]);
    return found;
}
