/* config: config.yaml, the environment and the defaults become one checked value.
 *
 *     struct config *cfg = NULL;
 *     if (!config_load(&(struct config_opts){.path = opt_config}, &cfg, &e)) ...  e.text lists ALL
 *     const struct server_cfg *s = config_server(cfg, "mc");
 *
 * Order of layers: flag > DOGS_* environment > file > default. Files are looked for in: the path
 * given, $DOGS_CONFIG, ./config.yaml, the user's config folder, beside the executable; the first
 * that exists is the one used. Both shapes of the Python program load: `servers:` as a mapping
 * name -> keys, and as a list of mappings with `name`. Top-level region, size, snapshot_max,
 * ssh_key(s), firewall_id … are defaults for every server.
 *
 * All mistakes are found in one pass and reported together. YAML is limited: 1 MiB of file, depth
 * 16, 100,000 nodes, 64 KiB per scalar, no aliases/anchors, strict UTF-8.
 */
#ifndef DOGS_CONFIG_H
#define DOGS_CONFIG_H

#include <dogs/err.h>
#include <dogs/str.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CONFIG_MAX_FILE = 1024 * 1024,
    CONFIG_MAX_DEPTH = 16,
    CONFIG_MAX_NODES = 100000,
    CONFIG_MAX_SCALAR = 64 * 1024,
    CONFIG_MAX_SERVERS = 200,
    CONFIG_MAX_KEYS = 20,     /* ssh keys per server */
    CONFIG_MAX_PROBLEMS = 50, /* more are counted, not listed */
};

/* One game server. Text is "" (never NULL) where nothing was set. */
struct server_cfg {
    char *name;        /* [a-zA-Z0-9][a-zA-Z0-9-]*, at most 60, not ending in -<digits> or -base */
    char *region;      /* full slug, e.g. "fra1" */
    char *size;        /* plan, e.g. "s-1vcpu-2gb" */
    char *image;       /* for create: slug or id; default "debian-12-x64" */
    char *firewall_id; /* uuid */
    char *vpc_uuid;
    char *script;      /* for create: file sent as cloud-init user data; resolved against the config's folder */
    char **ssh_keys;   /* ids or fingerprints; NULL-terminated (from ssh_key and ssh_keys) */
    int snapshot_max;  /* 1..100, default 2: proved snapshots that retention keeps */
    int shutdown_grace_s; /* 10..3600, default 180: wait for a clean shutdown before the power is cut */
    bool monitoring;   /* default false */
    bool ipv6;         /* default false */
};

struct config {
    char *path;         /* the file that was used; "" if none */
    char *api_url;      /* default "https://api.digitalocean.com" */
    char *ca_file;      /* "" = the system's */
    char *state_dir;    /* never "" */
    char *token;        /* "" until config_token */
    char *token_source; /* where it came from, for messages: "config.yaml:3:8", "$DOGS_TOKEN", ... */
    char *token_command;
    struct server_cfg *servers;
    size_t n_servers;
    struct config_origin *origins; /* internal: which layer gave each value */
};

struct config_opts {
    const char *path;      /* --config; NULL = search */
    const char *state_dir; /* overrides; NULL = $DOGS_STATE_DIR, then the file, then os_state_dir() */
    bool no_file_ok;       /* true: go on with environment and defaults where no file exists */
};

/* Yours to config_free. On failure code is CONFIG (or NOT_FOUND if there is no file) and e->text
 * holds one line that counts the problems; the problems themselves, one "file:line:column: what is
 * wrong; what to write instead" per line, are in *problems if it was given (release it). */
bool config_load(const struct config_opts *opts, struct config **out, struct str *problems,
                 struct err *e);
void config_free(struct config *cfg);

/* NULL if there is none of exactly that name. */
const struct server_cfg *config_server(const struct config *cfg, const char *name);
/* NOT_FOUND with the nearest name in the hint, or how to add a server. */
bool config_need_server(const struct config *cfg, const char *name, const struct server_cfg **out,
                        struct err *e);
/* Whether a name is fit for a server (rules above); the reason in e. */
bool config_name_ok(const char *name, struct err *e);

/* Makes cfg->token available: $DOGS_TOKEN, $DIGITALOCEAN_ACCESS_TOKEN, `token:` (refused if others
 * can read the file; the fix is in the hint), `token_file:` (same rule), `token_command:` (run once,
 * first line of its output). AUTH if there is none. Registers the token with log_secret. */
bool config_token(struct config *cfg, struct err *e);

/* The files config_load would look at, in order, for `config path`: calls fn with each and whether it exists and
 * is the one used. */
void config_search(const struct config_opts *opts,
                   void (*fn)(void *ctx, const char *path, bool exists, bool used), void *ctx);

/* The effective values as YAML with the layer of each as a comment; secrets shown as "***". */
void config_show(const struct config *cfg, struct str *out);

/* The schema as a table, for help, `init` and the test that holds config.yaml.example against it. */
struct config_key {
    const char *name;     /* "snapshot_max" */
    const char *env;      /* "DOGS_SNAPSHOT_MAX" or NULL */
    const char *what;     /* one line for people */
    const char *example;  /* value for the commented config */
    bool per_server;      /* may stand under a server (and, as a default, at the top) */
};
extern const struct config_key config_keys[]; /* ends with a NULL name */

/* The commented file that `init` writes. Text values are quoted as YAML needs. */
struct config_new {
    const char *token; /* NULL = written as a comment that tells the alternatives */
    const char *token_command;
    const char *server, *region, *size, *image, *ssh_key, *firewall_id; /* NULL = commented out */
    int snapshot_max;
};
void config_write_new(const struct config_new *n, struct str *out);

#endif
