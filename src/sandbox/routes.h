/* routes: which handler answers what, and everything that happens around it: token, scopes, limits,
 * faults, request log. */
#ifndef SANDBOX_ROUTES_H
#define SANDBOX_ROUTES_H

#include "limiter.h"
#include "stepped.h"
#include "store.h"

struct cancel;
struct games;
struct httpd_req;
struct httpd_resp;

struct service {
    struct store store;
    struct limiter limiter; /* guarded by the store */
    struct stepped stepped;
    struct cancel *stop; /* ends requests that hang or sleep */
    struct games *games; /* is told when the world has changed */
};

void service_answer(struct service *s, const struct httpd_req *req, struct httpd_resp *resp);

#endif
