/* opt: one parser for every command line, from const tables. The same tables give the help and the
 * completion.
 *
 *     struct opt_parser p = {.argv = argv + 1, .words = words, .sets = {{globals, &g}}};
 *     opt_parse(&p, true, &e);              stops before the first word: the command
 *     p.sets[1] = (struct opt_set){cmd->opts, values};
 *     opt_parse(&p, false, &e);             the rest; words are collected in p.words
 *     opt_check_words(cmd->usage, p.words, p.n_words, &e);
 *
 * With p.rest_at_word the first word and all behind it are another program's: left in p.argv.
 *
 * Understood: --name, --name VALUE, --name=VALUE, -l, several letters as -vv, -l VALUE, -lVALUE,
 * and
 * "--", after which everything is a word. A value that begins with "--" must be written with "=".
 * Names are never abbreviated. An option with a value may stand only once, but for OPT_TEXTS. All
 * errors are USAGE.
 */
#ifndef DOGS_CLI_OPT_H
#define DOGS_CLI_OPT_H

#include <dogs/err.h>
#include <stddef.h>
#include <stdint.h>

enum { OPT_MAX_TEXTS = 64 };

struct opt_texts {
    size_t n;
    const char *text[OPT_MAX_TEXTS]; /* lent by argv */
};

enum opt_kind {
    OPT_FLAG,  /* bool */
    OPT_COUNT, /* int: how often it was given */
    OPT_TEXT,  /* const char *, lent by argv */
    OPT_TEXTS, /* struct opt_texts: one more each time */
    OPT_INT,   /* int64_t within min and max */
    OPT_REAL,  /* double within min and max */
};

struct opt {
    const char *name;  /* "--region"; NULL ends a table */
    const char *value; /* "REGION", for the help; NULL for flags */
    const char *what;  /* one line for people */
    size_t at;         /* offsetof the field it sets */
    enum opt_kind kind;
    char letter; /* 'v' for -v; 0 = none */
    int64_t min, max;
};

/* A table and the zeroed struct that its options set. */
struct opt_set {
    const struct opt *opts;
    void *values;
    uint64_t seen; /* bit i: opts[i] was given */
};

struct opt_parser {
    char *const *argv; /* NULL-terminated; moves on */
    struct opt_set sets[2];
    const char **words; /* the caller's, with room for all of argv */
    size_t n_words;
    bool only_words;   /* "--" was met */
    bool rest_at_word; /* the first word ends the parsing; it stands in words as well */
};

bool opt_parse(struct opt_parser *p, bool stop_at_word, struct err *e);

/* The next piece of text between separators: *at moves on behind it. False where none is left. */
bool opt_piece(const char **at, const char *separators, const char **piece, size_t *len);

/* The words against a usage text: blanks between, [X] may be left out, a|b|c are the only words
 * allowed in that place, and behind X... come as many as there are. */
bool opt_check_words(const char *usage, const char *const *words, size_t n, struct err *e);

/* The one of `names` (NULL-terminated) that is `word` or, alone among them, begins with it. NULL if
 * none does; USAGE in e if several do. */
const char *opt_unique_prefix(const char *word, const char *const *names, struct err *e);

#endif
