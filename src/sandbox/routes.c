#include "routes.h"

#include "call.h"
#include "game_serve.h"
#include "route_table.h"

#include <dogs/httpd.h>
#include <dogs/log.h>
#include <dogs/os.h>
#include <dogs/sandbox.h>
#include <dogs/when.h>
#include <dogs/work.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char thin_prefix[] = "dop_v1_sandbox_thin_";

enum { MAX_ANSWER = 64 * 1024 * 1024, OVERSIZE = 40 * 1024 * 1024 };

/* What surrounds a call on its way out. */
struct answer {
    struct wire wire;
    struct rate rate;
    double speed;
    bool limited; /* the rate limit headers are due */
};

static void new_request_id(char out[37])
{
    unsigned char b[16];
    os_random(b, sizeof b);
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-4%x%02x-8%x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6] & 15u, b[7], b[8] & 15u, b[9], b[10], b[11], b[12],
             b[13], b[14], b[15]);
}

/* The path without trailing slashes, which the API tolerates (reference 1.1). */
static char *trimmed_path(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    return xstrndup(path, len);
}

static bool parse_body(struct call *c)
{
    struct err e;
    size_t len = 0;
    const char *bytes = httpd_body(c->req, &len);
    if (len == 0)
        return true;
    c->body = json_parse(bytes, len, &e);
    return cJSON_IsObject(c->body);
}

static void set_kind(struct call *c, const struct route *r)
{
    c->kind = r->kind;
    if (r->handler != droplet_action_post)
        return;
    const char *type = json_text(c->body, "type", "unknown");
    snprintf(c->kind_text, sizeof c->kind_text, "action.%s", type);
    c->kind = c->kind_text;
}

/* The comma list of scopes the token lacks; NULL = the token is not known. */
static char *lacking_scopes(const struct call *c)
{
    const char *header = call_asked_header(c, "authorization");
    if (!header || strncasecmp(header, "Bearer ", 7) != 0)
        return NULL;
    const char *token = header + 7;
    if (strcmp(token, SANDBOX_TOKEN) == 0)
        return xstrdup(",");
    size_t len = sizeof thin_prefix - 1;
    return strncmp(token, thin_prefix, len) == 0 ? xasprintf(",%s,", token + len) : NULL;
}

static bool may_use(const struct call *c, const struct route *r)
{
    char scope[64];
    for (const char *p = r->scopes; p && *p; p += strspn(p, " ")) {
        size_t len = strcspn(p, " ");
        snprintf(scope, sizeof scope, "%.*s", (int)len, p);
        if (!call_may(c, scope))
            return false;
        p += len;
    }
    return true;
}

static void handle(struct service *s, struct call *c, const struct route *r, struct answer *a)
{
    char *lacks = lacking_scopes(c);
    if (lacks)
        c->lacks = lacks;
    limiter_note(&s->limiter, c->w, c->now, r->handler == key_list, &a->rate);
    a->limited = true;
    if (!lacks)
        reply(c, 401, error_json(401, NULL, c->request_id));
    else if (a->rate.refused)
        reply(c, 429, error_json(429, NULL, c->request_id));
    else if (!may_use(c, r))
        refuse_scope(c);
    else if (httpd_body(c->req, NULL)[0] && !cJSON_IsObject(c->body))
        reply(c, 400, error_json(400, NULL, c->request_id));
    else
        r->handler(c);
    c->lacks = ",";
    free(lacks);
}

static void run_v2(struct service *s, struct call *c, const struct route *r, struct answer *a)
{
    set_kind(c, r);
    store_count(&s->store, c->kind);
    faults_meet(c->w, c->kind, &c->outcomes, &a->wire);
    a->rate = (struct rate){.limit = 5000, .remaining = 4999, .reset_s = c->now / 1000 + 3600};
    if (!a->wire.fault || a->wire.after || a->wire.fault->keeps_answer)
        handle(s, c, r, a);
    const struct wire_fault *f = a->wire.fault;
    store_log(&s->store, &(struct log_entry){
                             .method = c->method,
                             .path = c->path,
                             .kind = c->kind,
                             .fault = f ? f->name : "",
                             .status = f && !f->keeps_answer ? f->status : c->status,
                         });
}

/* --- the way out --- */

static void spoil_body(struct str *body, const struct wire_fault *f, const struct call *c)
{
    static const char html[] = "<html>\r\n<head><title>%d Bad Gateway</title></head>\r\n<body>\r\n"
                               "<center><h1>%d</h1></center>\r\n<hr><center>edge</center>\r\n"
                               "</body>\r\n</html>\r\n";
    char *text = NULL;
    switch (f->body) {
    case BODY_EMPTY:
        return;
    case BODY_HTML:
        text = xasprintf(html, f->status, f->status);
        break;
    case BODY_OBJECT:
        text = xasprintf("{\"id\":\"unprocessable_entity\",\"message\":{\"code\":422,\"text\":"
                         "\"odd\"},\"request_id\":\"%s\"}",
                         c->request_id);
        break;
    case BODY_GARBAGE:
        text = xstrdup("{\"droplet\":{\"id\":43\x01\xff\xfe,\"na");
        break;
    case BODY_OVERSIZE:
        while (body->len < OVERSIZE)
            str_add(body, "                                                                ");
        return;
    case BODY_ERROR: {
        cJSON *json = error_json(f->status, f->message, c->request_id);
        text = json_print(json);
        cJSON_Delete(json);
        break;
    }
    }
    str_add(body, text);
    free(text);
}

static void put_rate(struct httpd_resp *resp, const struct answer *a)
{
    const struct wire_fault *f = a->wire.fault;
    bool fault_429 = f && f->status == 429;
    int64_t remaining = fault_429 ? 0 : a->rate.remaining;
    httpd_add_header(resp, "ratelimit-limit", "%lld", (long long)a->rate.limit);
    httpd_add_header(resp, "ratelimit-remaining", "%lld", (long long)remaining);
    httpd_add_header(resp, "ratelimit-reset", "%lld", (long long)a->rate.reset_s);
    int64_t wait_s =
        fault_429 ? (f->retry_after ? a->wire.retry_after_s : 0) : a->rate.retry_after_s;
    if (wait_s > 0)
        httpd_add_header(resp, "retry-after", "%lld", (long long)wait_s);
}

static void send_answer(struct service *s, const struct call *c, const struct answer *a,
                        struct httpd_resp *resp)
{
    char date[WHEN_TEXT];
    const struct wire_fault *f = a->wire.fault;
    bool spoilt = f && !f->keeps_answer;
    if (f && f->hangs)
        cancel_sleep(s->stop, a->wire.hang_s * 1000);
    resp->status = spoilt ? f->status : c->status;
    if (resp->status == 0)
        return;
    resp->body = STR(MAX_ANSWER);
    resp->cut_body = f && f->cut_body;
    if (spoilt) {
        spoil_body(&resp->body, f, c);
    } else if (c->json) {
        char *text = json_print(c->json);
        str_add(&resp->body, text);
        free(text);
    }
    when_to_http(c->now / 1000, date);
    httpd_add_header(resp, "date", "%s", date);
    httpd_add_header(resp, "x-request-id", "%s", c->request_id);
    httpd_add_header(resp, "x-sandbox-speed", "%g", a->speed);
    httpd_add_header(resp, "x-sandbox-now", "%lld", (long long)c->now);
    if (resp->body.len > 0)
        httpd_add_header(resp, "content-type", "%s",
                         spoilt && f->body == BODY_HTML ? "text/html"
                                                        : "application/json; charset=utf-8");
    if (a->limited || spoilt)
        put_rate(resp, a);
}

/* A request that moves the stepped clock. */
static void answer_stepped(struct service *s, const char *path, const struct httpd_req *req,
                           struct httpd_resp *resp)
{
    struct err e;
    size_t len;
    const char *bytes = httpd_body(req, &len);
    cJSON *body = json_parse(bytes, len, &e);
    int64_t now_ms = 0;
    resp->status =
        body ? stepped_answer(&s->stepped, &s->store, path, body, s->stop, &now_ms) : 400;
    games_settle_any(s->games);
    resp->body = STR(MAX_ANSWER);
    str_addf(&resp->body, "{\"virtual_ms\":%lld}", (long long)now_ms);
    cJSON_Delete(body);
}

void service_answer(struct service *s, const struct httpd_req *req, struct httpd_resp *resp)
{
    struct err e = {0};
    struct answer a = {0};
    struct call c = {.store = &s->store, .req = req, .method = httpd_method(req), .lacks = ","};
    char *path = trimmed_path(httpd_path(req));
    c.path = path;
    if (stepped_is(path)) {
        answer_stepped(s, path, req, resp);
        free(path);
        return;
    }
    new_request_id(c.request_id);
    bool body_ok = parse_body(&c);
    bool known_path = false, changed = false;
    const struct route *r = route_find(c.method, path, c.args, &known_path);
    bool ok = store_enter(&s->store, &e);
    if (ok) {
        c.w = &s->store.world;
        c.now = s->store.now;
        if (!r)
            reply(&c, known_path ? 405 : 404,
                  error_json(known_path ? 405 : 404, NULL, c.request_id));
        else if (str_starts(path, "/v2"))
            run_v2(s, &c, r, &a);
        else if (body_ok)
            r->handler(&c);
        else
            refuse(&c, 400, "the body is not a JSON object");
        a.speed = setting_value(c.w, SET_SPEED);
        changed = (c.w->dirty || c.now != s->store.now) && c.w->gameservers.n > 0;
        c.now = s->store.now;
        ok = store_leave(&s->store, &e);
    }
    if (changed)
        games_settle(s->games);
    if (!ok) {
        log_line(LOG_WARN, "sandbox: %s", e.text);
        a = (struct answer){0};
        reply(&c, 500, error_json(500, e.text, c.request_id));
    }
    send_answer(s, &c, &a, resp);
    cJSON_Delete(c.json);
    cJSON_Delete(c.body);
    free(path);
}
