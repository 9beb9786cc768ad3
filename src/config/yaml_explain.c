/* libyaml says what its grammar wanted ("mapping values are not allowed in this context"). People
 * need the place they typed and what to type instead. */
#include "yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum explain_at { AT_PROBLEM, AT_CONTEXT };

static const struct {
    const char *problem; /* libyaml's words, src/scanner.c and src/parser.c */
    enum explain_at at;
    const char *say;
} riddles[] = {
    {"could not find expected ':'", AT_CONTEXT,
     "no 'key: value' here; a key is followed by a colon and a blank"},
    {"block sequence entries are not allowed", AT_PROBLEM,
     "a list item ('- …') cannot stand here; begin the list in a line of its own"},
    {"mapping keys are not allowed", AT_PROBLEM,
     "a '?' cannot stand here; put text that begins with ? in quotes"},
    {"mapping values are not allowed", AT_PROBLEM,
     "a second ': ' in one line; put the value in quotes if the colon belongs to it"},
    {"found unexpected end of stream", AT_CONTEXT, "this quote is never closed"},
    {"found unexpected document indicator", AT_CONTEXT, "this quote is never closed"},
    {"found unknown escape character", AT_PROBLEM,
     "a backslash inside \"…\" begins an escape; use '…' quotes, or write \\\\"},
    {"did not find expected hexdecimal number", AT_PROBLEM,
     "a backslash inside \"…\" begins an escape; use '…' quotes, or write \\\\"},
    {"found invalid Unicode character escape code", AT_PROBLEM,
     "this escape is no character; write the character itself"},
    {"did not find expected ',' or ']'", AT_PROBLEM,
     "the list that '[' opened goes wrong here; write [one, two]"},
    {"did not find expected ',' or '}'", AT_PROBLEM,
     "the mapping that '{' opened goes wrong here; write {key: value, key: value}"},
    {"did not find expected alphabetic or numeric character", AT_PROBLEM,
     "put text that begins with & or * in quotes"},
    {"did not find expected node content", AT_PROBLEM, "a value is missing here"},
    {"found undefined tag handle", AT_PROBLEM, "put text that begins with ! in quotes"},
};

struct line {
    const char *p;
    size_t len;
    size_t indent; /* blanks and tabs at its head */
};

/* CR, LF and CRLF end a line, as in libyaml (which knows three rarer characters as well). */
static bool line_at(const char *bytes, size_t len, size_t number, struct line *out)
{
    size_t i = 0;

    for (size_t n = 0; i < len; n++) {
        size_t start = i;
        while (i < len && bytes[i] != '\n' && bytes[i] != '\r')
            i++;
        if (n == number) {
            *out = (struct line){.p = bytes + start, .len = i - start};
            out->indent = 0;
            while (out->indent < out->len &&
                   (out->p[out->indent] == ' ' || out->p[out->indent] == '\t'))
                out->indent++;
            return true;
        }
        if (i < len && bytes[i++] == '\r' && i < len && bytes[i] == '\n')
            i++;
    }
    return false;
}

/* The byte that is `column` characters after the start of the line. */
static size_t byte_of(const struct line *l, size_t column)
{
    size_t i = 0;

    for (; i < l->len && column; column--) {
        i++;
        while (i < l->len && ((unsigned char)l->p[i] & 0xc0) == 0x80)
            i++;
    }
    return i;
}

/* The key at the head of the line, for a message; false if there is none. Never the value, which
 * may be the token. */
static bool line_key(const struct line *l, char out[QUOTE_SIZE])
{
    const char *head = l->p + l->indent;
    const char *colon = memchr(head, ':', l->len - l->indent);

    if (!colon || colon == head || colon - head >= QUOTE_SIZE / 2)
        return false;
    char key[QUOTE_SIZE];
    memcpy(key, head, (size_t)(colon - head));
    key[colon - head] = 0;
    quote(out, key);
    return true;
}

static bool explain_tab(const struct line *l, size_t line, size_t column, struct problems *pr)
{
    size_t at = byte_of(l, column);
    const char *tab = memchr(l->p, '\t', l->indent);

    if (tab)
        at = (size_t)(tab - l->p);
    else if (at >= l->len || l->p[at] != '\t')
        return false;
    problem_add(pr, (int)line + 1, (int)at + 1,
                "a tab character in the indentation; YAML allows blanks only, write two blanks "
                "per level");
    return true;
}

/* The example of the Python program's manual, with one blank before `servers:`, ends here. */
static bool explain_deeper(const char *bytes, size_t len, const struct line *l, size_t line,
                           size_t column, struct problems *pr)
{
    struct line above = {0};
    char key[QUOTE_SIZE], other[QUOTE_SIZE];
    size_t n = line;

    if (!line_key(l, key) || byte_of(l, column) > l->indent + strcspn(l->p + l->indent, ":"))
        return false;
    do {
        if (!n || !line_at(bytes, len, --n, &above))
            return false;
    } while (above.indent == above.len || above.p[above.indent] == '#');
    if (above.indent >= l->indent)
        return false;
    if (!line_key(&above, other))
        snprintf(other, sizeof other, "the line above");
    problem_add(pr, (int)line + 1, (int)l->indent + 1,
                "'%s' is indented by %zu more than '%s', which has a value already; keys of one "
                "level begin in the same column, so remove %zu blank%s",
                key, l->indent - above.indent, other, l->indent - above.indent,
                l->indent - above.indent == 1 ? "" : "s");
    return true;
}

static void explain_bytes(const yaml_parser_t *p, const char *bytes, size_t len,
                          struct problems *pr)
{
    int line = 1, column = 1;

    for (size_t i = 0; i < p->problem_offset && i < len; i++) {
        if (bytes[i] == '\n' || (bytes[i] == '\r' && (i + 1 == len || bytes[i + 1] != '\n'))) {
            line++;
            column = 1;
        } else if (((unsigned char)bytes[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    if (strstr(p->problem, "control characters") && p->problem_value == 0)
        problem_add(pr, line, column, "a zero byte; remove it, or save the file as UTF-8");
    else if (strstr(p->problem, "control characters"))
        problem_add(pr, line, column, "a control character (code 0x%02x); remove it",
                    (unsigned)p->problem_value);
    else
        problem_add(pr, line, column, "not valid UTF-8; save the file as UTF-8");
}

static bool explain_context(const yaml_parser_t *p, const char *bytes, size_t len,
                            struct problems *pr)
{
    size_t line = p->problem_mark.line, column = p->problem_mark.column;
    struct line l;

    if (!line_at(bytes, len, line, &l))
        return false;
    if (explain_tab(&l, line, column, pr))
        return true;
    if (strstr(p->problem, "mapping values are not allowed"))
        return explain_deeper(bytes, len, &l, line, column, pr);
    if (strstr(p->problem, "cannot start any token")) {
        size_t at = byte_of(&l, column);
        problem_add(pr, (int)line + 1, (int)column + 1,
                    "text that begins with '%c' needs quotes: '%c…'", at < l.len ? l.p[at] : '?',
                    at < l.len ? l.p[at] : '?');
        return true;
    }
    if (strstr(p->problem, "did not find expected key") ||
        strstr(p->problem, "did not find expected '-' indicator") ||
        strstr(p->problem, "did not find expected <document start>")) {
        bool begins = byte_of(&l, column) == l.indent;
        if (begins && explain_deeper(bytes, len, &l, line, column, pr))
            return true;
        problem_add(pr, (int)line + 1, (int)column + 1, "%s",
                    begins ? "this line begins in a column that fits no line above; keys of one "
                             "level begin in the same column"
                           : "unexpected text after the value; put the whole value in quotes");
        return true;
    }
    return false;
}

void yaml_explain(const void *parser, const char *bytes, size_t len, struct problems *pr)
{
    const yaml_parser_t *p = parser;

    if (p->error == YAML_MEMORY_ERROR || !p->problem)
        abort();
    if (p->error == YAML_READER_ERROR) {
        explain_bytes(p, bytes, len, pr);
        return;
    }
    if (explain_context(p, bytes, len, pr))
        return;
    for (size_t i = 0; i < sizeof riddles / sizeof *riddles; i++) {
        if (!strstr(p->problem, riddles[i].problem))
            continue;
        const yaml_mark_t *m = riddles[i].at == AT_CONTEXT ? &p->context_mark : &p->problem_mark;
        problem_add(pr, (int)m->line + 1, (int)m->column + 1, "%s", riddles[i].say);
        return;
    }
    problem_add(pr, (int)p->problem_mark.line + 1, (int)p->problem_mark.column + 1,
                "not valid YAML: %s", p->problem);
}
