/* remote_keys: what each key of a remote is. One row in remote_keys.c makes it load, be checked, be
 * shown, and be explained in the file that `init` writes. */
#ifndef DOGS_CONFIG_REMOTE_KEYS_H
#define DOGS_CONFIG_REMOTE_KEYS_H

#include "load.h"

enum { S3 = 1, DROPBOX = 2, HTTP = 4, ALL = S3 | DROPBOX | HTTP };

enum remote_kind {
    REMOTE_TEXT,
    REMOTE_URL,
    REMOTE_STYLE, /* bool virtual_host */
    REMOTE_BOOL,
    REMOTE_SECRET, /* may be given as KEY, KEY_file or KEY_command */
};

struct remote_key {
    const char *name;
    unsigned types;
    enum remote_kind kind;
    size_t at; /* of the field in struct remote_cfg */
    const char *(*check)(const char *text);
    const char *example;
    const char *what; /* NULL = the line above it says it */
};
extern const struct remote_key remote_keys[];
extern const size_t n_remote_keys;

/* What stands behind the name of a key that is a secret. */
enum { FORM_ITSELF, FORM_FILE, FORM_COMMAND, FORMS };
extern const char *const remote_forms[FORMS];

struct remote_given {
    int line, column; /* 0 = not given */
    int form;
    char *text; /* of a secret: itself, its file or its command */
};

/* The row and form of a key for remotes of these types; -1 if there is none. */
int remote_key_find(const char *given, unsigned types, int *form);
unsigned remote_type(const char *name); /* 0 = unknown */
int remote_key_forms(size_t k);         /* how many of them it has */
bool remote_key_is_text(size_t k);      /* its field is a char * */
const char *check_header(const char *text);

#endif
