/* client: what every call to the API shares – sending, waiting out limits, paging, errors. Private
 * to this folder; see dogs/cloud.h for the rules. */
#ifndef CLOUD_CLIENT_H
#define CLOUD_CLIENT_H

#include <dogs/cloud.h>
#include <dogs/json.h>

/* One call. `scope` is what the token needs for it, named when the API answers 403. */
struct call {
    const char *method;
    const char *path; /* "/v2/droplets/1", with a query if it has one */
    const char *body; /* JSON or NULL */
    const char *scope;
    bool once; /* never sent a second time here, whatever the answer: the caller must look first */
};

/* The answer's JSON, or NULL in *out where the answer has no body (204). *out is yours. */
bool client_call(struct cloud *c, const struct call *call, cJSON **out, struct err *e);

/* Reads one element into `element` (zeroed, of the given size). */
typedef bool client_parse(const cJSON *json, void *element, struct err *e);

struct list {
    const char *path;   /* "/v2/snapshots" */
    const char *filter; /* "resource_type=droplet", or NULL */
    const char *member; /* "snapshots" */
    const char *scope;
    client_parse *parse;
    size_t size; /* of an element; its first field is the int64_t id, unless no_id */
    bool no_id;  /* elements cannot be told apart (sizes, regions) */
};

/* The whole list or an error. */
bool client_list(struct cloud *c, const struct list *list, void **out, size_t *n, struct err *e);

#endif
