/* fake_api: an API that answers each request with the next line of a script, and remembers what it
 * was asked. It calls itself a sandbox that runs a thousand times as fast as time, so that waits
 * are short. */
#ifndef DOGS_TESTS_FAKE_API_H
#define DOGS_TESTS_FAKE_API_H

#include "unit.h"
#include <dogs/cloud.h>
#include <dogs/httpd.h>
#include <dogs/os.h>

enum { API_SPEED = 1000, API_LOGGED = 32 };
#define API_TOKEN "unit-test-token-0123456789"

/* status 0: the connection is cut. The last answer of a script is given for ever. */
struct answer {
    int status;
    const char *body;
    const char *headers[4]; /* name, value, name, value */
    bool half;
    char *(*make)(int page); /* instead of body; to be freed */
};

#define SAY(status_, body_)                                                                        \
    {                                                                                              \
        .status = (status_), .body = (body_)                                                       \
    }
#define SAY_WITH(status_, body_, ...)                                                              \
    {                                                                                              \
        .status = (status_), .body = (body_), .headers = { __VA_ARGS__ }                           \
    }
#define HALF(body_)                                                                                \
    {                                                                                              \
        .status = 200, .body = (body_), .half = true                                               \
    }
#define CUT                                                                                        \
    {                                                                                              \
        .status = 0, .body = ""                                                                    \
    }

struct asked {
    char method[8], path[128], query[128], body[512], auth[128];
    int64_t at_ms;
};

struct fake_api {
    struct httpd *httpd;
    struct lock *lock;
    const struct answer *script; /* this and what follows: guarded by lock */
    size_t n_script;
    size_t n_asked;
    struct asked asked[API_LOGGED];
};

static inline void api_note(struct asked *a, const struct httpd_req *q)
{
    const char *auth = httpd_header(q, "authorization"), *page = httpd_query(q, "page"),
               *per_page = httpd_query(q, "per_page"), *type = httpd_query(q, "resource_type"),
               *tag = httpd_query(q, "tag_name");
    a->at_ms = os_mono_ms();
    str_copy(a->method, sizeof a->method, httpd_method(q));
    str_copy(a->path, sizeof a->path, httpd_path(q));
    str_copy(a->body, sizeof a->body, httpd_body(q, NULL));
    str_copy(a->auth, sizeof a->auth, auth ? auth : "");
    snprintf(a->query, sizeof a->query, "page=%s per_page=%s type=%s tag=%s", page ? page : "",
             per_page ? per_page : "", type ? type : "", tag ? tag : "");
}

static inline void api_handle(void *ctx, const struct httpd_req *q, struct httpd_resp *resp)
{
    struct fake_api *api = ctx;
    const char *page = httpd_query(q, "page");
    lock_take(api->lock);
    size_t nth = api->n_asked++;
    if (nth < API_LOGGED)
        api_note(&api->asked[nth], q);
    struct answer a = api->script[nth < api->n_script ? nth : api->n_script - 1];
    lock_drop(api->lock);
    resp->body = STR(1 << 22);
    resp->status = a.status;
    resp->cut_body = a.half;
    httpd_add_header(resp, "x-sandbox-speed", "%d", API_SPEED);
    for (size_t i = 0; i + 1 < COUNT(a.headers) && a.headers[i]; i += 2)
        httpd_add_header(resp, a.headers[i], "%s", a.headers[i + 1]);
    char *made = a.make ? a.make(page ? atoi(page) : 0) : NULL;
    str_add(&resp->body, made ? made : a.body ? a.body : "");
    free(made);
}

static inline void api_script(struct fake_api *api, const struct answer *script, size_t n)
{
    lock_take(api->lock);
    api->script = script;
    for (api->n_script = 0; api->n_script < n; api->n_script++)
        if (!script[api->n_script].status && !script[api->n_script].body)
            break;
    api->n_asked = 0;
    memset(api->asked, 0, sizeof api->asked);
    lock_drop(api->lock);
}

static inline size_t api_count(struct fake_api *api)
{
    lock_take(api->lock);
    size_t n = api->n_asked;
    lock_drop(api->lock);
    return n;
}

/* The cloud's milliseconds between two requests as the API saw them. */
static inline int64_t api_gap_ms(struct fake_api *api, size_t from, size_t to)
{
    lock_take(api->lock);
    int64_t ms = (api->asked[to].at_ms - api->asked[from].at_ms) * API_SPEED;
    lock_drop(api->lock);
    return ms;
}

static inline void api_start(struct fake_api *api)
{
    struct err e = {0};
    *api = (struct fake_api){.lock = lock_new()};
    api->httpd = httpd_start(&(struct httpd_opts){.handler = api_handle, .ctx = api}, &e);
    if (!api->httpd)
        fail_msg("%s", e.text);
}

static inline void api_stop(struct fake_api *api)
{
    httpd_stop(api->httpd);
    lock_free(api->lock);
}

/* A client that has had one answer, so that it knows the speed and has a connection to reuse. */
static inline struct cloud *api_cloud(struct fake_api *api, struct cancel *cancel)
{
    static const struct answer hello[] = {SAY(200, "{\"account\":{\"email\":\"a@b\"}}")};
    struct err e = {0};
    struct account account;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", httpd_port(api->httpd));
    struct cloud *c =
        cloud_new(&(struct cloud_opts){.base_url = url, .token = API_TOKEN, .cancel = cancel}, &e);
    if (!c)
        fail_msg("%s", e.text);
    api_script(api, hello, 1);
    OK(cloud_account(c, &account, &e), e);
    return c;
}

#endif
