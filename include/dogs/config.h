/* config: config.yaml, the environment and the defaults become one checked value.
 *
 *     struct config *cfg = NULL;
 *     struct str problems = STR(64 * 1024);
 *     if (!config_load(&(struct config_opts){.path = opt_config}, &cfg, &problems, &e)) ...
 *     const struct server_cfg *s = config_server(cfg, "mc");
 *
 * Order of layers: flag > DOGS_* environment > file > default; an empty variable overrides nothing.
 * The file is the path given, else $DOGS_CONFIG (a file that is named must be there), else the
 * first that exists of ./config.yaml, the user's config folder, beside the executable. Both shapes
 * of the Python program load: `servers:` as a mapping name -> keys, and as a list of mappings with
 * `name`. Top-level region, size, snapshot_max, ssh_key(s), firewall_id … are defaults for every
 * server; a server that names any ssh key takes none of the defaults. A key without a value counts
 * as absent. `remotes:` are the places that `dogs get` and `dogs put` know by name.
 *
 * All mistakes are found in one pass and reported together. YAML is limited: 1 MiB of file, depth
 * 16, 100,000 nodes, 1,000 keys per mapping, 64 KiB per scalar, no anchors, aliases or tags, one
 * document, strict UTF-8.
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
    CONFIG_MAX_KEYS = 20, /* ssh keys per server */
    CONFIG_MAX_REMOTES = 100,
    CONFIG_MAX_RULES = 50,    /* of a schedule, per server */
    CONFIG_MAX_PROBLEMS = 50, /* more are counted, not listed */
};

/* When a server is stopped or started by itself: one entry of `schedule:`. */
enum rule_do { RULE_STOP, RULE_START };
struct rule_cfg {
    enum rule_do what;
    int minute;         /* of the day, by the clocks of the zone: 0 to 1439 */
    unsigned days;      /* bit 0: Sunday, bit 6: Saturday */
    char zone[64];      /* IANA name; "" = this computer's */
    bool unless_played; /* stop only an empty server, and look again after again_s if it is not */
    int again_s;        /* whole minutes; default 15 m */
    bool catch_up;      /* a run that was missed is done later, within window_s; default true */
    int window_s;       /* default: stop 12 h, start 1 h */
};

/* Limits in millionths of a dollar; 0 = none. */
struct budget_cfg {
    int64_t session_udollars; /* of one droplet, from start to stop */
    int64_t month_udollars;   /* of a calendar month, in UTC */
};

/* What overrides the price list of dogs. */
struct price_cfg {
    bool given;
    int64_t value; /* millionths of a dollar, or seconds */
};
struct prices_cfg {
    struct price_cfg snapshot_gb_month, minimum, minimum_s;
};

/* One game server. Text is "" (never NULL) where nothing was set. */
struct server_cfg {
    char *name;        /* [a-zA-Z0-9][a-zA-Z0-9-]*, at most 60, ending in a letter or digit, but not
                          in -<digits> or -base, as the names of its snapshots do */
    char *region;      /* full slug, e.g. "fra1" */
    char *size;        /* plan, e.g. "s-1vcpu-2gb" */
    char *image;       /* for create: slug or id; default "debian-12-x64" */
    char *firewall_id; /* uuid */
    char *vpc_uuid;
    char *script;    /* for create: file sent as cloud-init user data; resolved against the config's
                        folder, not looked into */
    char **ssh_keys; /* ids or fingerprints; NULL-terminated (from ssh_key and ssh_keys) */
    int snapshot_max;     /* 1..100, default 2: proved snapshots that retention keeps */
    int shutdown_grace_s; /* 10..3600, default 180: for a clean shutdown before the power is cut */
    bool monitoring;      /* default false */
    bool ipv6;            /* default false */
    char *game;           /* which game, as `dogs query --help` names them; "" = none of ours */
    int port, query_port, admin_port; /* 0 = the game's own */
    char *ready;                      /* "droplet", "port", "game", or "" = by the game */
    char *admin;     /* how it is warned and saved: "network", "ssh", "off", or "" = network with
                        an admin password, else not at all */
    char *admin_pin; /* SHA-256 of the game's own certificate; "" */
    char *admin_password;                               /* "" until config_admin_password */
    char *admin_password_file, *admin_password_command; /* "" if it is not given so */
    int *warn_minutes; /* before a stop with players on: descending, ends with 0; default 10 5 1 */
    struct world_cfg {
        char *path;    /* folder on the droplet, absolute; "" = the game's own, if it has one */
        char *to;      /* "remote:folder" for its archives; "" = none are made */
        int keep;      /* archives that retention keeps at least; default 7, 1..1000 */
        int keep_days; /* and all that are younger; default 0 = by count alone */
        bool on_stop;  /* archive before each stop; default true where `to` is set */
    } world;
    struct rule_cfg *schedule; /* n_rules: its own, else those of the top level */
    size_t n_rules;
    struct idle_cfg {
        int after_s;        /* `dogs watch` stops it when nobody played for so long; 0 = never */
        int never_joined_s; /* the same where nobody ever came; default 30 minutes */
        int grace_s;        /* not so soon after its start; default 10 minutes */
        int readings;       /* 2..100, default 5: so many answers in a row must say so */
        int traffic_kbps;   /* nor may more than this come in, where `monitoring` is on; default 64,
                               0 = whatever comes in */
    } idle;
    int max_hours;            /* longest session; 0 = no limit, at most 720 */
    struct budget_cfg budget; /* of this server; `session` of the top level is its default */
};

/* A place to get files from and to put them to. Text is "" (never NULL) where nothing was set. */
struct remote_cfg {
    char *name; /* [a-zA-Z][a-zA-Z0-9_-]*, 2 to 60 characters, not "http", "https" or "file" */
    char *type; /* "s3", "dropbox", "http" */
    char *url;  /* http, dropbox; s3: its `endpoint` */
    char *region, *bucket, *key_id; /* s3 */
    char *app_key;                  /* dropbox */
    char *user;                     /* http */
    bool virtual_host;              /* s3: `style: virtual` */
    bool netrc;                     /* http */
    /* "" until config_remote_secrets */
    char *secret;                     /* s3 */
    char *token;                      /* dropbox, http */
    char *refresh_token, *app_secret; /* dropbox */
    char *password, *header;          /* http */
    struct remote_given *given;       /* internal: where each key stands, where each secret is */
};

struct config {
    char *path;          /* the file that was used; "" if none */
    char *api_url;       /* default "https://api.digitalocean.com" */
    char *ca_file;       /* "" = the system's */
    char *state_dir;     /* never "" */
    char *token;         /* "" until config_token */
    char *token_source;  /* for messages: "config.yaml:3:8", "$DOGS_TOKEN", ... */
    char *token_file;    /* "" if none */
    char *token_command; /* "" if none */
    char *ssh_command;   /* how a droplet is reached: words, split at blanks ("…" keeps some
                            together); its address and "sh -s" are added. Default: ssh as root,
                            asking nothing, 15 s to connect, new host keys accepted, changed ones
                            never */
    struct server_cfg *servers;
    size_t n_servers;
    struct remote_cfg *remotes;
    size_t n_remotes;
    int64_t month_udollars; /* `budget: month:` of the top level: of all servers; 0 = no limit */
    struct prices_cfg prices;
    struct config_origin *origins; /* internal: which layer gave each value */
};

struct config_opts {
    const char *path;      /* --config; NULL = search */
    const char *state_dir; /* NULL = $DOGS_STATE_DIR, then the file, then os_state_dir() */
    bool no_file_ok;       /* go on with environment and defaults where no file is found or named */
};

/* Yours to config_free. On failure code is CONFIG (or NOT_FOUND if there is no file) and e->text
 * holds one line that counts the problems (and cites the first if `problems` is NULL); the problems
 * themselves, one "file:line:column: what is wrong; what to write instead" per line, are in
 * *problems if it was given (release it). */
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

/* The same for remotes. */
const struct remote_cfg *config_remote(const struct config *cfg, const char *name);
bool config_need_remote(const struct config *cfg, const char *name, const struct remote_cfg **out,
                        struct err *e);
/* Fills in the secrets of a remote of cfg: each from its own key, from KEY_file or from
 * KEY_command, by the rules of config_token. Looked for only now, so that a remote that is not used
 * costs nothing. CONFIG. Registers them with log_secret. */
bool config_remote_secrets(struct config *cfg, const char *name, struct err *e);

/* Fills in the admin_password of a server of cfg, if one is given: $DOGS_GAME_PASSWORD, then the
 * server's own key, _file or _command, then the top level's, by the rules of config_token. Looked
 * for only now. Stays "" where there is none. CONFIG. Registers it with log_secret. */
bool config_admin_password(struct config *cfg, const char *server, struct err *e);

/* Makes cfg->token available: $DOGS_TOKEN, $DIGITALOCEAN_ACCESS_TOKEN, `token:` (CONFIG if others
 * can read the file; the fix is in the hint), `token_file:` (same rule; its first line),
 * `token_command:` (run once, 30 s at most, the first line it prints), what `dogs login` stored.
 * AUTH if there is none of these, CONFIG if what was found is no token. Registers the token with
 * log_secret. */
bool config_token(struct config *cfg, struct err *e);

/* What `dogs login` stores: in the system's keeper of secrets where it has one, else in a file of
 * mode 0600, "token" in the user's config folder. */
bool config_token_ok(const char *token, struct err *e); /* CONFIG if it cannot be one */
bool config_keep_token(const char *token, struct err *e);
bool config_forget_token(bool *was_there, struct err *e);
/* "Credential Manager", or the file's path; yours to free. NULL if there is no such place. */
char *config_token_place(void);

/* For `config path`: calls fn with each file that config_load would look at, in order, whether it
 * exists, and whether it is the one used. A named file is the only one. */
void config_search(const struct config_opts *opts,
                   void (*fn)(void *ctx, const char *path, bool exists, bool used), void *ctx);

/* The effective values as YAML with the layer of each as a comment; secrets shown as "***". */
void config_show(const struct config *cfg, struct str *out);

/* The schema as a table, for help, `init` and the test that holds config.yaml.example against it.
 */
struct config_key {
    const char *name;    /* "snapshot_max"; "world.path" stands as `path` below `world` */
    const char *env;     /* "DOGS_SNAPSHOT_MAX" or NULL */
    const char *what;    /* one line for people */
    const char *example; /* value for the commented config */
    bool per_server;     /* may stand under a server (and, as a default, at the top) */
};
extern const struct config_key config_keys[]; /* ends with a NULL name */

/* The commented file that `init` writes; config.yaml.example is its output for an "mc" in fra1.
 * Text values are quoted as YAML needs, not checked: load what was written. */
struct config_new {
    const char *token; /* NULL = written as a comment that tells the alternatives */
    const char *token_command;
    const char *server, *region, *size, *image, *ssh_key, *firewall_id; /* NULL = commented out */
    int snapshot_max;
};
void config_write_new(const struct config_new *n, struct str *out);

#endif
