/* load: what the file and the environment said, checked, before it becomes a struct config. */
#ifndef DOGS_CONFIG_LOAD_H
#define DOGS_CONFIG_LOAD_H

#include "problems.h"
#include "schema.h"
#include "yaml.h"

/* One key in one place: under a server, at the top level, or in the environment. */
struct raw {
    struct origin from;
    char **texts; /* NULL-terminated; NULL = the key is not there */
};

/* The keys of one place whose values are sections. */
struct raw_sections {
    struct origin schedule_from, session_from, month_from, prices_from;
    struct rule_cfg *rules; /* lent to cfg by load_fill */
    size_t n_rules;
    bool ruled;
    struct budget_cfg budget;
    struct prices_cfg prices;
};

struct raw_server {
    char *name;
    int line, column;
    struct raw *keys; /* n_keys */
    struct raw_sections sections;
};

struct load {
    struct problems pr;
    struct raw *env, *top;        /* n_keys each */
    struct raw_sections sections; /* of the top level */
    struct raw_server *servers;
    size_t n_servers;
    struct remote_cfg *remotes; /* without mistakes if there are none in pr */
    size_t n_remotes;
};

void load_init(struct load *ld, const char *path);
void load_release(struct load *ld);

/* Both add every mistake to ld->pr. */
void load_env(struct load *ld);
void load_tree(struct load *ld, const struct node *root);

/* remotes.c */
void load_remotes(struct load *ld, const struct node *remotes);
void remotes_release(struct remote_cfg *remotes, size_t n);
void remotes_show(const struct config *cfg, struct str *out);
void remotes_write_new(struct str *out); /* commented examples */

/* A path of the file is meant from where the file lies; one of the environment from where we are.
 * Yours. */
char *path_resolve(const char *path, enum layer layer, const char *file);

/* sections.c: a key that key_is_section; server NULL = at the top level. */
void section_load(struct load *ld, size_t k, const struct node *n, const char *server,
                  struct raw_sections *out);
void sections_fill(struct load *ld, struct config *cfg);
/* Shows key k of a server, SIZE_MAX = of the top level; false if it is no section. */
bool section_show(const struct config *cfg, size_t k, size_t server, struct str *out);

/* The comment behind a shown value that says where it comes from. */
void origin_show(struct str *out, const struct config *cfg, const struct origin *o, bool has_value);

/* Fills cfg, whose path is there already; only after a reading without mistakes. */
void load_fill(struct load *ld, struct config *cfg);

#endif
