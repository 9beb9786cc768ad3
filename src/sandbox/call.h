/* call: one request under way, and the words in which the handlers answer.
 *
 * A handler looks at c->w as of c->now, changes it, and ends with exactly one of reply, refuse or
 * page_reply. It runs alone on the newest world and knows nothing of sockets or files. */
#ifndef SANDBOX_CALL_H
#define SANDBOX_CALL_H

#include "catalog.h"
#include "faults.h"
#include "world.h"

struct httpd_req;
struct store;

enum { CALL_ARGS = 2, CALL_ARG = 260 };

struct call {
    struct store *store;
    struct world *w;
    int64_t now;
    const struct httpd_req *req;
    const char *method, *path;
    const char *kind; /* of the route; "action.<type>" for the actions of a droplet */
    char kind_text[48];
    char args[CALL_ARGS][CALL_ARG]; /* what stood for the {} of the route's pattern */
    cJSON *body;                    /* an object, NULL if there was none */
    const char *lacks;              /* ",scope,scope," that the token has not */
    struct outcomes outcomes;       /* what the fault plan wants of this one's later course */
    char request_id[37];
    int status;
    cJSON *json; /* of the answer; NULL = no body */
};

typedef void handler(struct call *c);

/* --- reading --- */
const char *call_query(const struct call *c, const char *name); /* NULL if absent */
const char *call_asked_header(const struct call *c, const char *name);
int64_t call_id(const struct call *c, int arg); /* 0 if it is none */
bool call_may(const struct call *c, const char *scope);

/* --- answering --- */
void reply(struct call *c, int status, cJSON *take_json);
void refuse(struct call *c, int status, const char *fmt, ...) PRINTF(3, 4);
void refuse_missing(struct call *c); /* 404 in the words of the live API */
void refuse_pending(struct call *c); /* 422, both known texts in turn */
void refuse_scope(struct call *c);   /* 403 */
cJSON *error_json(int status, const char *message, const char *request_id);

/* {"name": take_value} */
cJSON *wrap(const char *name, cJSON *take_value);
void put_time(cJSON *object, const char *name, int64_t ms); /* null if 0 */
char *call_url(const struct call *c, const char *fmt, ...) PRINTF(2, 3);

/* --- lists --- */

/* Which elements of a list the page holds. The list is gone through once: offer each element; the
 * ones to be shown are to be added to page->list. */
struct page {
    int64_t first, last; /* indices, last excluded */
    int64_t number, per_page;
    int64_t seen;
    cJSON *list;
};
bool page_begin(struct call *c, struct page *p); /* false: refused, bad numbers */
bool page_offer(struct page *p);                 /* the next element; true = show it */
/* Ends the call with the page. `filters` is what follows ?page=..&per_page=.. in the links. */
void page_reply(struct call *c, struct page *p, const char *plural);

/* --- actions --- */

struct new_action {
    const char *type, *resource_type, *region;
    int64_t resource_id; /* 0 = null */
    int64_t blocks;
    int64_t duration_ms;
};
/* Begins an action, as the fault plan wants it. Its effect will come at ->ends_ms if action_works.
 */
struct action *action_begin(struct call *c, const struct new_action *n);
bool action_works(const struct action *a);
cJSON *action_json(const struct call *c, const struct action *a);

/* --- objects as the API shows them --- */
cJSON *droplet_json(const struct call *c, const struct droplet *d);
cJSON *image_json(const struct call *c, const struct snapshot *s);
cJSON *snapshot_regions_json(const struct call *c, const struct snapshot *s);
cJSON *base_image_json(const struct base_image *i);
cJSON *call_region_json(const struct call *c, const char *slug);

void droplet_set_addresses(struct droplet *d);

/* The routes' handlers, by family. */
handler account_get, key_list, key_get, region_list, size_list, vpc_list, project_list,
    project_default, metrics_bandwidth;
handler droplet_list, droplet_create, droplet_get, droplet_delete, droplet_delete_by_tag,
    droplet_snapshots, droplet_firewalls, droplet_associated, droplet_dangerous;
handler action_list, action_get, droplet_actions, droplet_action_post, droplet_action_get,
    droplet_actions_by_tag, image_action_post, image_actions, image_action_get;
handler snapshot_list, snapshot_get, snapshot_delete, image_list, image_get, image_put,
    image_delete;
handler firewall_list, firewall_get, firewall_create, firewall_put, firewall_delete,
    firewall_droplets_add, firewall_droplets_remove, firewall_tags_add, firewall_tags_remove,
    firewall_rules_add, firewall_rules_remove;
handler tag_list, tag_get, tag_create, tag_delete, tag_resources_add, tag_resources_remove;
handler reserved_ip_list, reserved_ip_get, reserved_ip_create, reserved_ip_delete,
    reserved_ip_action_post, reserved_ip_actions, reserved_ip_action_get;
handler volume_list, volume_get, volume_create, volume_delete, volume_action_post;
handler control_state, control_log, control_log_clear, control_play, control_faults_get,
    control_faults_set, control_settings, control_settings_get, control_advance, control_put,
    control_vanish, control_traffic, control_game, control_games, control_told;

/* Somebody plays on the first active droplet of the name, or on the one with the id. */
struct droplet *play(struct world *w, int64_t now, const char *server, int64_t id);

#endif
