#include "menu.h"
#include <dogs/os.h>
#include <dogs/term.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCREEN_MAX_BYTES = 256 * 1024, LINES_ABOVE_MAX = 64 };

struct screen_item *screen_add(struct screen *s, const char *title, const char *what)
{
    s->items = xrealloc(s->items, (s->n_items + 1) * sizeof *s->items);
    struct screen_item *item = &s->items[s->n_items++];
    *item = (struct screen_item){.title = report_clean(title, false),
                                 .what = what ? report_clean(what, false) : NULL};
    return item;
}

void screen_release(struct screen *s)
{
    for (size_t i = 0; i < s->n_items; i++) {
        free(s->items[i].title);
        free(s->items[i].what);
        free(s->items[i].typed);
    }
    free(s->items);
    free(s->head);
    *s = (struct screen){.n_items = 0};
}

static int columns_of(const char *text, size_t len)
{
    int n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

/* Bytes of the first `width` characters. */
static size_t cut(const char *text, int width)
{
    size_t i = 0;
    for (int n = 0; text[i]; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80 && n++ == width)
            break;
    return i;
}

static void add_cut(struct str *out, const char *text, int width)
{
    str_addn(out, text, cut(text, width));
}

/* The next line of a text, broken behind a word where it is too wide; *at moves on. */
static size_t next_line(const char **at, int width, const char **line)
{
    *line = *at;
    size_t len = strcspn(*at, "\n");
    if (columns_of(*at, len) <= width) {
        *at += len + ((*at)[len] == '\n');
        return len;
    }
    size_t most = cut(*at, width + 1), n = most;
    while (n > 0 && (*at)[n - 1] != ' ')
        n--;
    bool blank_before = strspn(*at, " ") >= n;
    if (n == 0 || blank_before)
        n = cut(*at, width);
    *at += n;
    while (n > 0 && (*line)[n - 1] == ' ')
        n--;
    return n;
}

/* How the rows of the terminal are shared out. */
struct plan {
    int head, items, first;
    bool gaps, typed, keys;
};

static int head_lines(const char *head, int width)
{
    int n = 0;
    for (const char *line; *head && n < LINES_ABOVE_MAX; n++)
        next_line(&head, width, &line);
    return n;
}

/* What helps least goes first: blank lines, the keys, the command line, the end of the head. */
static struct plan make_plan(const struct screen *s, size_t chosen, int width, int rows)
{
    int n = (int)s->n_items, room = rows > 2 ? rows - 1 : 1;
    struct plan p = {.head = head_lines(s->head ? s->head : "", width),
                     .gaps = true,
                     .typed = true,
                     .keys = true};
    p.gaps = p.head + n + 4 <= room;
    p.keys = p.head + n + 2 <= room || room > 12;
    p.typed = p.head + n + 1 <= room || room > 9;
    int least = room / 2 > 3 ? room / 2 : 3, below = 2 * p.gaps + p.typed + p.keys;
    least = least < n ? least : n;
    if (p.head + least + below > room)
        p.head = room - least - below > 0 ? room - least - below : 0;
    p.items = room - p.head - below;
    if (p.items > n)
        p.items = n;
    p.first = (int)chosen - p.items / 2;
    if (p.first > n - p.items)
        p.first = n - p.items;
    if (p.first < 0)
        p.first = 0;
    return p;
}

static int title_width(const struct screen *s)
{
    int widest = 0;
    for (size_t i = 0; i < s->n_items; i++) {
        int w = columns_of(s->items[i].title, strlen(s->items[i].title));
        if (s->items[i].what && w > widest)
            widest = w;
    }
    return widest;
}

/* "> 3 stop       save the world" */
static void add_item(const struct screen *s, size_t i, bool marked, int width, struct str *out)
{
    const struct screen_item *item = &s->items[i];
    int digits = s->n_items > 9 ? (s->n_items > 99 ? 3 : 2) : 1;
    struct str line = STR(1024);
    str_addf(&line, "%s%*zu %s", marked ? "> " : "  ", digits, i + 1, item->title);
    if (item->what) {
        int pad = title_width(s) - columns_of(item->title, strlen(item->title));
        int used = columns_of(line.p, line.len) + pad + 2;
        if (used + columns_of(item->what, strlen(item->what)) <= width)
            str_addf(&line, "%*s%s", pad + 2, "", item->what);
    }
    add_cut(out, str_text(&line), width);
    str_release(&line);
}

static void add_items(const struct screen *s, size_t chosen, const struct plan *p, int width,
                      bool colour, struct str *out)
{
    for (int i = p->first; i < p->first + p->items; i++) {
        bool marked = (size_t)i == chosen;
        enum paint paint = marked ? PAINT_BOLD : s->items[i].paint;
        str_add(out, report_paint(colour, paint));
        add_item(s, (size_t)i, marked, width, out);
        str_add(out, report_unpaint(colour, paint));
        str_add(out, "\n");
    }
}

static void add_head(const struct screen *s, int lines, int width, bool colour, struct str *out)
{
    const char *at = s->head ? s->head : "", *line;
    for (int i = 0; i < lines; i++) {
        enum paint paint = i ? PAINT_NONE : PAINT_BOLD;
        size_t len = next_line(&at, width, &line);
        str_add(out, report_paint(colour, paint));
        str_addn(out, line, len);
        str_add(out, report_unpaint(colour, paint));
        str_add(out, "\n");
    }
}

int screen_lay(const struct screen *s, size_t chosen, int columns, int rows, bool colour,
               struct str *out)
{
    /* A line that fills the last column would wrap on some terminals and not on others. */
    int width = columns > 2 ? columns - 1 : 1;
    struct plan p = make_plan(s, chosen, width, rows);
    add_head(s, p.head, width, colour, out);
    str_add(out, p.gaps ? "\n" : "");
    add_items(s, chosen, &p, width, colour, out);
    str_add(out, p.gaps ? "\n" : "");
    const char *typed = chosen < s->n_items ? s->items[chosen].typed : NULL;
    if (p.typed) {
        char *shown = typed ? xasprintf("$ %s", typed) : xstrdup("");
        add_cut(out, shown, width);
        str_add(out, "\n");
        free(shown);
    }
    if (p.keys) {
        bool fits = columns_of(s->keys, strlen(s->keys)) <= width;
        add_cut(out, fits ? s->keys : "j, k, Enter, r, q", width);
        str_add(out, "\n");
    }
    return p.head + p.items + 2 * p.gaps + p.typed + p.keys;
}

static void show(const struct str *text)
{
    fwrite(str_text(text), 1, text->len, stdout);
    fflush(stdout);
}

static void erase(int height)
{
    if (height > 0)
        printf("\x1b[%dA\r\x1b[J", height);
    fflush(stdout);
}

static int draw_screen(const struct cli *cli, const struct screen *s, size_t chosen, int before)
{
    int columns, rows;
    term_size(&columns, &rows);
    struct str text = STR(SCREEN_MAX_BYTES);
    if (before > 0)
        str_addf(&text, "\x1b[%dA\r\x1b[J", before);
    int height = screen_lay(s, chosen, columns, rows, cli->colour_out, &text);
    show(&text);
    str_release(&text);
    return height;
}

/* A digit is enough where no longer number begins with it; else Enter ends the number. */
static bool take_digit(const struct screen *s, size_t *number, uint32_t c, size_t *chosen)
{
    size_t digit = c - '0', longer = *number * 10 + digit;
    *number = longer >= 1 && longer <= s->n_items ? longer : digit;
    if (*number < 1 || *number > s->n_items) {
        *number = 0;
        return false;
    }
    *chosen = *number - 1;
    return *number * 10 > s->n_items;
}

static size_t moved(const struct screen *s, enum term_key_kind kind, size_t chosen)
{
    enum { PAGE = 10 };
    size_t n = s->n_items, last = n - 1;
    if (kind == TERM_UP)
        return chosen ? chosen - 1 : last;
    if (kind == TERM_DOWN)
        return chosen < last ? chosen + 1 : 0;
    if (kind == TERM_HOME)
        return 0;
    if (kind == TERM_END)
        return last;
    if (kind == TERM_PAGE_UP)
        return chosen > PAGE ? chosen - PAGE : 0;
    if (kind == TERM_PAGE_DOWN)
        return chosen + PAGE < last ? chosen + PAGE : last;
    return chosen;
}

/* Letters that stand for keys. */
static enum term_key_kind meaning(const struct term_key *key)
{
    static const struct {
        uint32_t c;
        enum term_key_kind kind;
    } letters[] = {{'k', TERM_UP},   {'j', TERM_DOWN}, {'g', TERM_HOME}, {'G', TERM_END},
                   {'h', TERM_LEFT}, {'q', TERM_ESC},  {'l', TERM_RIGHT}};
    for (size_t i = 0; key->kind == TERM_CHAR && i < sizeof letters / sizeof *letters; i++)
        if (letters[i].c == key->c)
            return letters[i].kind;
    return key->kind;
}

/* True once the key is an answer. */
static bool on_key(const struct screen *s, const struct term_key *key, size_t *number,
                   size_t *chosen, enum screen_answer *answer)
{
    enum term_key_kind kind = meaning(key);
    size_t so_far = *number;
    *number = 0;
    if (kind == TERM_ENTER || kind == TERM_RIGHT)
        return *answer = SCREEN_CHOSEN, true;
    if (kind == TERM_ESC || kind == TERM_LEFT || kind == TERM_BACKSPACE)
        return *answer = SCREEN_BACK, true;
    if (kind == TERM_EOF)
        return *answer = SCREEN_GONE, true;
    if (kind == TERM_RESIZED)
        return *answer = SCREEN_RESIZED, true;
    if (kind == TERM_CHAR && (key->c == 'r' || key->c == 'R'))
        return *answer = SCREEN_LOOK, true;
    if (kind == TERM_CHAR && key->c >= '0' && key->c <= '9') {
        *number = so_far;
        return *answer = SCREEN_CHOSEN, take_digit(s, number, key->c, chosen);
    }
    *chosen = moved(s, kind, *chosen);
    return false;
}

static enum screen_answer ask_drawn(struct cli *cli, const struct screen *s, size_t *chosen)
{
    enum screen_answer answer = SCREEN_GONE;
    struct term_key key;
    size_t number = 0;
    int height = draw_screen(cli, s, *chosen, 0);
    for (;;) {
        if (!term_key(cli->cancel, &key)) {
            answer = SCREEN_GONE;
            break;
        }
        if (on_key(s, &key, &number, chosen, &answer))
            break;
        /* After a suspension the shell's lines stand where ours were. */
        height = draw_screen(cli, s, *chosen, key.kind == TERM_RESUMED ? 0 : height);
    }
    /* How a terminal wraps what it showed when its width changes is its own business. */
    if (answer == SCREEN_RESIZED)
        fputs("\x1b[H\x1b[2J", stdout);
    else
        erase(height);
    fflush(stdout);
    return answer;
}

static bool find_typed(const struct screen *s, const char *text, size_t *chosen)
{
    int64_t number;
    if (str_int64(text, 1, (int64_t)s->n_items, &number)) {
        *chosen = (size_t)number - 1;
        return true;
    }
    for (size_t i = 0; i < s->n_items; i++) {
        size_t word = strcspn(s->items[i].title, " ");
        if (strlen(text) == word && strncmp(text, s->items[i].title, word) == 0) {
            *chosen = i;
            return true;
        }
    }
    return false;
}

/* Without a cursor that can be moved: a list and a line to type. */
static enum screen_answer ask_plain(struct cli *cli, const struct screen *s, size_t *chosen)
{
    int columns, rows;
    term_size(&columns, &rows);
    int width = columns > 2 ? columns - 1 : 1;
    struct str text = STR(SCREEN_MAX_BYTES);
    str_add(&text, "\n");
    add_head(s, head_lines(s->head ? s->head : "", width), width, false, &text);
    for (size_t i = 0; i < s->n_items; i++) {
        add_item(s, i, false, width, &text);
        str_add(&text, "\n");
    }
    show(&text);
    str_release(&text);
    for (;;) {
        struct err e = {0};
        char *typed = NULL;
        if (!ask_text(cli, "Number, or q", "", true, &typed, &e))
            return SCREEN_GONE;
        bool found = find_typed(s, typed, chosen);
        enum screen_answer answer = found                        ? SCREEN_CHOSEN
                                    : !*typed                    ? SCREEN_LOOK
                                    : strcmp(typed, "q") == 0    ? SCREEN_BACK
                                    : strcmp(typed, "back") == 0 ? SCREEN_BACK
                                                                 : SCREEN_GONE;
        free(typed);
        if (answer != SCREEN_GONE)
            return answer;
        report_talk(cli, PAINT_NONE, "not one of 1 to %zu", s->n_items);
    }
}

enum screen_answer screen_ask(struct cli *cli, const struct screen *s, bool draw, size_t *chosen)
{
    if (*chosen >= s->n_items)
        *chosen = 0;
    return draw ? ask_drawn(cli, s, chosen) : ask_plain(cli, s, chosen);
}
