/* transfer_spec: what people write for transfers: lists of files, checksums, places, amounts. Pure.
 */
#ifndef DOGS_CLI_TRANSFER_SPEC_H
#define DOGS_CLI_TRANSFER_SPEC_H

#include <dogs/str.h>

enum { SPEC_MAX_LINE = 64 * 1024, PLACE_NAME = 64, BYTES_TEXT = 24 };

/* Reads the lines of a text, which it changes: what it gives points into it. The text ends with a
 * NUL behind its len bytes.
 *
 *     struct spec_reader r = spec_reader(text, len);
 *     while (spec_next(&r, &line))
 *         if (line.why) ... else ...
 */
struct spec_reader {
    char *at, *end;
    size_t line;
};
struct spec_reader spec_reader(char *text, size_t len);

struct spec_line {
    size_t line;     /* from 1 */
    const char *why; /* NULL, or what is wrong with it; the rest is not there then */
    char *source;
    char *target; /* NULL if there is one word only */
};
/* "source target", parted by blanks; '…' and "…" around what has blanks in it, joined as in a
 * shell; a word that begins with '#' begins a comment. */
bool spec_next(struct spec_reader *r, struct spec_line *out);

/* Adds a word as spec_next reads it. False if it has a line break in it, which cannot be written.
 */
bool spec_add_word(struct str *out, const char *word);

struct sum_line {
    size_t line;
    const char *why;
    char *sha256; /* 64 small hex digits */
    char *name;   /* without "./" in front */
};
/* As sha256sum writes them, and its --tag. */
bool sum_next(struct spec_reader *r, struct sum_line *out);

/* Lower-cases 64 hex digits in place; false if it is not that. */
bool sum_ok(char *text);

/* Where a file is, as it is typed. */
enum place_kind {
    PLACE_FILE,   /* here */
    PLACE_URL,    /* http or https */
    PLACE_REMOTE, /* NAME:ADDRESS; whether there is a remote of that name is not known here */
    PLACE_OTHER,  /* another scheme: ftp://… */
};
struct place {
    enum place_kind kind;
    char name[PLACE_NAME]; /* PLACE_REMOTE, and the scheme of PLACE_OTHER */
    const char *address;   /* lent: behind the colon, else all of it */
};
struct place place_of(const char *text);
/* The last part of an address, without what follows '?' or '#' and with its %XX decoded where
 * `encoded`. May be "". Yours. */
char *place_file_name(const char *address, bool encoded);
/* As it may be shown: a URL without user, password, query and fragment. Yours. */
char *place_shown(const char *text);
/* A name below a URL: all but letters, digits, "-._~" and '/' as %XX. */
void place_add_encoded(struct str *out, const char *name);

/* "500", "64k", "1.5M", "2G" of 1024, with or without B or iB; more than 0. */
bool bytes_from(const char *text, int64_t *out);
/* "999 B", "1.5 kB", "12.3 MB" of 1000 */
void bytes_text(int64_t bytes, char out[BYTES_TEXT]);

#endif
