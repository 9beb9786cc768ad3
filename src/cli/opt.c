#include "opt.h"
#include <dogs/str.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 64 };

struct found {
    const struct opt *opt;
    struct opt_set *set;
};

static bool has_name(const struct opt *opt, const char *name, size_t len)
{
    return strlen(opt->name) == len && strncmp(opt->name, name, len) == 0;
}

static struct found find(struct opt_parser *p, const char *name, size_t len, char letter)
{
    /* The later table first: a command may give a letter another meaning. */
    for (struct opt_set *set = p->sets + 1; set >= p->sets; set--)
        for (const struct opt *o = set->opts; o && o->name; o++)
            if (letter ? o->letter == letter : has_name(o, name, len))
                return (struct found){o, set};
    return (struct found){NULL, NULL};
}

static bool unknown(const struct opt_parser *p, const char *name, struct err *e)
{
    const char *names[MAX_NAMES + 1] = {NULL};
    size_t n = 0;
    for (const struct opt_set *set = p->sets; set < p->sets + 2; set++)
        for (const struct opt *o = set->opts; o && o->name && n < MAX_NAMES; o++)
            names[n++] = o->name;
    const char *near = str_nearest(name, names);
    err_set(e, ERR_USAGE, "unknown option '%s'", name);
    return near ? err_hint(e, "did you mean %s?", near) : false;
}

static bool store_number(const struct opt *o, void *field, const char *value, struct err *e)
{
    if (o->kind == OPT_INT && str_int64(value, o->min, o->max, (int64_t *)field))
        return true;
    if (o->kind == OPT_REAL) {
        char *end;
        double real = strtod(value, &end);
        if (*value && !*end && real >= (double)o->min && real <= (double)o->max) {
            *(double *)field = real;
            return true;
        }
    }
    char letter[] = {'-', o->letter, ',', ' ', '\0'};
    return err_set(e, ERR_USAGE, "%s%s wants a %snumber from %lld to %lld, not '%s'",
                   o->letter ? letter : "", o->name, o->kind == OPT_INT ? "whole " : "",
                   (long long)o->min, (long long)o->max, value);
}

static bool store_one_more(const struct opt *o, struct opt_texts *texts, const char *value,
                           struct err *e)
{
    if (texts->n == OPT_MAX_TEXTS)
        return err_set(e, ERR_USAGE, "%s is given more than %d times", o->name, OPT_MAX_TEXTS);
    texts->text[texts->n++] = value;
    return true;
}

static bool store(struct found f, const char *value, struct err *e)
{
    void *field = (char *)f.set->values + f.opt->at;
    uint64_t bit = (uint64_t)1 << (f.opt - f.set->opts);
    bool again = f.set->seen & bit;
    f.set->seen |= bit;
    switch (f.opt->kind) {
    case OPT_FLAG:
        *(bool *)field = true;
        return true;
    case OPT_COUNT:
        ++*(int *)field;
        return true;
    case OPT_TEXTS:
        return store_one_more(f.opt, field, value, e);
    case OPT_TEXT:
    case OPT_INT:
    case OPT_REAL:
        break;
    }
    if (again)
        return err_set(e, ERR_USAGE, "%s is given twice", f.opt->name);
    if (f.opt->kind != OPT_TEXT)
        return store_number(f.opt, field, value, e);
    *(const char **)field = value;
    return true;
}

static bool takes_value(const struct opt *o)
{
    return o->kind != OPT_FLAG && o->kind != OPT_COUNT;
}

/* The word behind an option, as its value; NULL if it cannot be one. */
static const char *next_value(struct opt_parser *p)
{
    const char *value = *p->argv;
    if (!value || str_starts(value, "--"))
        return NULL;
    p->argv++;
    return value;
}

static bool store_value(struct found f, const char *value, struct err *e)
{
    if (!value)
        return err_set(e, ERR_USAGE, "%s needs a value: %s %s", f.opt->name, f.opt->name,
                       f.opt->value);
    if (!*value)
        return err_set(e, ERR_USAGE, "the value of %s is empty", f.opt->name);
    return store(f, value, e);
}

static bool parse_letters(struct opt_parser *p, const char *arg, struct err *e)
{
    for (const char *c = arg + 1; *c; c++) {
        struct found f = find(p, NULL, 0, *c);
        if (!f.opt)
            return unknown(p, arg, e);
        if (takes_value(f.opt))
            return store_value(f, c[1] ? c + 1 : next_value(p), e);
        if (!store(f, NULL, e))
            return false;
    }
    return true;
}

static bool parse_long(struct opt_parser *p, const char *arg, struct err *e)
{
    size_t len = strcspn(arg, "=");
    const char *value = arg[len] ? arg + len + 1 : NULL;
    struct found f = find(p, arg, len, 0);
    if (!f.opt) {
        char *name = xstrndup(arg, len);
        unknown(p, name, e);
        free(name);
        return false;
    }
    if (!takes_value(f.opt))
        return value ? err_set(e, ERR_USAGE, "%s takes no value", f.opt->name) : store(f, NULL, e);
    return store_value(f, value ? value : next_value(p), e);
}

bool opt_parse(struct opt_parser *p, bool stop_at_word, struct err *e)
{
    for (; *p->argv;) {
        const char *arg = *p->argv;
        bool word = p->only_words || arg[0] != '-' || !arg[1];
        if (word && p->rest_at_word && !stop_at_word)
            p->words[p->n_words++] = arg;
        if (word && (stop_at_word || p->rest_at_word))
            return true;
        p->argv++;
        if (word) {
            p->words[p->n_words++] = arg;
        } else if (strcmp(arg, "--") == 0) {
            p->only_words = true;
        } else if (!(arg[1] == '-' ? parse_long(p, arg, e) : parse_letters(p, arg, e))) {
            return false;
        }
    }
    return true;
}

bool opt_piece(const char **at, const char *separators, const char **piece, size_t *len)
{
    *piece = *at + strspn(*at, separators);
    *len = strcspn(*piece, separators);
    *at = *piece + *len;
    return *len > 0;
}

/* `allowed` is "on|off|reboot". */
static bool check_choice(const char *allowed, const char *word, struct err *e)
{
    char *choices[MAX_NAMES + 1] = {NULL};
    size_t n = 0, len;
    bool good = false;
    const char *one;
    for (const char *at = allowed; n < MAX_NAMES && opt_piece(&at, "|", &one, &len);) {
        choices[n] = xstrndup(one, len);
        good |= strcmp(choices[n++], word) == 0;
    }
    if (!good) {
        const char *near = str_nearest(word, (const char *const *)choices);
        err_set(e, ERR_USAGE, "'%s' is not one of %s", word, allowed);
        if (near)
            err_hint(e, "did you mean '%s'?", near);
    }
    while (n)
        free(choices[--n]);
    return good;
}

bool opt_check_words(const char *usage, const char *const *words, size_t n, struct err *e)
{
    bool good = true, many = false;
    size_t i = 0, len;
    const char *at = usage, *piece;
    for (; good && opt_piece(&at, " ", &piece, &len); i++) {
        bool optional = piece[0] == '[';
        char *place = optional ? xstrndup(piece + 1, len - 2) : xstrndup(piece, len);
        if (i < n && strchr(place, '|'))
            good = check_choice(place, words[i], e);
        else if (i >= n && !optional)
            good = err_set(e, ERR_USAGE, "%s is missing", place);
        many |= strstr(place, "...") != NULL;
        free(place);
    }
    if (good && n > i && !many)
        good = err_set(e, ERR_USAGE, "'%s' is one argument too many", words[i]);
    return good;
}

const char *opt_unique_prefix(const char *word, const char *const *names, struct err *e)
{
    const char *found = NULL;
    struct str all = STR(256);
    size_t n = 0;
    for (; *names; names++) {
        if (strcmp(*names, word) == 0) {
            found = *names;
            n = 1;
            break;
        }
        if (!str_starts(*names, word))
            continue;
        found = *names;
        str_addf(&all, "%s%s", n++ ? ", " : "", *names);
    }
    if (n > 1) {
        err_set(e, ERR_USAGE, "'%s' could be: %s", word, str_text(&all));
        found = NULL;
    }
    str_release(&all);
    return found;
}
