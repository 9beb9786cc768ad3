/* schema: what each key of the configuration is. One row in schema.c makes a key load, be checked,
 * be overridden by its variable, be shown, and be explained in the file that `init` writes. */
#ifndef DOGS_CONFIG_SCHEMA_H
#define DOGS_CONFIG_SCHEMA_H

#include <dogs/config.h>

enum key_type { /* up to KEY_URL an empty text is a value */
                KEY_TEXT,
                KEY_SECRET, /* text that no message shows; kept aside until config_token */
                KEY_PATH,   /* text; relative to the file's folder */
                KEY_URL,    /* text; without the slash at its end */
                KEY_INT,
                KEY_SECONDS, /* 180, 180s, 3m, 1h */
                KEY_BOOL,
                KEY_ONE,     /* one element of the list whose field it shares */
                KEY_LIST,    /* of texts */
                KEY_MINUTES, /* a list of whole numbers; the field is an int *, descending, with 0
                                behind the last */
                KEY_GROUP,   /* a mapping, whose keys have rows of their own: "world.path" */
                KEY_SERVERS,
                KEY_REMOTES,
                KEY_SCHEDULE, /* this and those below: sections.c */
                KEY_BUDGET,
                KEY_PRICES,
};

/* The private columns of config_keys; same index. */
struct key {
    enum key_type type;
    size_t offset;   /* of the field in struct server_cfg if per_server, else in struct config */
    const char *def; /* as it would be written; "" = none */
    const char *(*check)(const char *text); /* NULL if good, else what is wrong; what to write */
};
extern const struct key key_columns[];
extern const size_t n_keys;

/* -1 if there is none of that name. */
int key_find(const char *name);
/* The name within its group: "path" of "world.path". */
const char *key_leaf(size_t k);
/* Whether a text may be the value of key k; NULL if so, else what is wrong and what to write. */
const char *key_check(size_t k, const char *text);
/* The same for any text that may not be empty, and its own check. */
const char *value_check(const char *text, const char *(*check)(const char *text));

/* For texts that key_check has passed. */
int key_int(size_t k, const char *text);
bool key_bool(const char *text);

/* A NULL-terminated list of numbers, each once, in the order of the field; yours. */
int *key_minutes(char *const *texts);

/* check_game.c: the keys that speak of games and their saves. */
const char *check_game(const char *text);
const char *check_port(const char *text);
const char *check_ready(const char *text);
const char *check_admin(const char *text);
const char *check_pin(const char *text);
const char *check_password(const char *text);
const char *check_minutes(const char *text);
const char *check_droplet_path(const char *text);
const char *check_archive(const char *text);
const char *check_keep(const char *text);
const char *check_days(const char *text);
const char *check_readings(const char *text);
const char *check_traffic(const char *text);

/* NULL if text is fit to be sent as a token. */
const char *check_token(const char *text);
const char *check_any(const char *text);
const char *check_bool(const char *text);

/* Sections whose shape is their own. */
bool key_is_section(size_t k);

/* Which layer gave a value. */
enum layer { LAYER_DEFAULT, LAYER_FILE, LAYER_ENV, LAYER_FLAG };
struct origin {
    enum layer layer;
    int line, column; /* LAYER_FILE */
    size_t key;       /* whose variable it is: LAYER_ENV */
};
struct config_origin {
    char *file_token;  /* of `token:`, "" if there is none */
    char **admin_text; /* of `admin_password:`, one per server; "" if it is not given so */
    size_t *admin_key; /* which of its three keys gives it */
    size_t n_admin;
    struct origin *of; /* n_keys for the top level, then n_keys per server */
};
const struct origin *origin_top(const struct config *cfg, size_t k);
const struct origin *origin_server(const struct config *cfg, size_t server, size_t k);

/* Adds a text as a YAML value, in quotes where YAML would read something else. */
void yaml_value(struct str *out, const char *text);

/* The environment's token, lent; NULL if there is none. */
const char *token_env(const char **variable);
/* What config_keep_token stored; NOT_FOUND if it did not. */
bool token_stored(struct str *out, struct err *e);

/* A secret and the three ways in which it may be given; "" or NULL = not this way. All lent. */
struct secret_source {
    const char *key;  /* "token", of which "token_file" and "token_command" are made */
    const char *text; /* as it stands in the file at line, column */
    int line, column;
    const char *file, *command;
    const char *(*check)(const char *text);
};
/* Looks where it is; *value and *source are yours, NULL if it is given in none of the ways. */
bool secret_find(const struct config *cfg, const struct secret_source *from, char **value,
                 char **source, struct err *e);
/* The first line of text, without blanks around it, if it can be the secret; log_secret knows it
 * then. */
bool secret_take(const struct secret_source *from, const char *text, const char *source,
                 char **value, struct err *e);
/* CONFIG if others can read the file that holds it. */
bool secret_refuse_shared(const char *key, const char *path, struct err *e);

#endif
