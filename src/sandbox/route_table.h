/* route_table: method and path -> kind, scopes, handler. {} stands for one segment of the path. */
#ifndef SANDBOX_ROUTE_TABLE_H
#define SANDBOX_ROUTE_TABLE_H

#include "call.h"

struct route {
    const char *method, *pattern;
    const char *kind;   /* name in fault plans, counts and the request log */
    const char *scopes; /* that the token needs, with blanks between */
    handler *handler;
};

/* NULL if there is none; *known_path tells whether the path exists with another method. */
const struct route *route_find(const char *method, const char *path, char args[CALL_ARGS][CALL_ARG],
                               bool *known_path);

#endif
