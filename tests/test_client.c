#include "../src/cloud/client.h"
#include "fake_api.h"
#include <dogs/log.h>
#include <pthread.h>

static struct fake_api api;
static struct cloud *cloud;
static struct cancel *cancel;

static int begin(void **state)
{
    (void)state;
    api_start(&api);
    cancel = cancel_new();
    cloud = api_cloud(&api, cancel);
    return 0;
}

static int end(void **state)
{
    (void)state;
    cloud_free(cloud);
    cancel_free(cancel);
    api_stop(&api);
    return 0;
}

#define ACCOUNT "{\"account\":{\"email\":\"a@b\",\"status\":\"active\",\"droplet_limit\":10}}"
#define HTML "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head></html>"
#define ACTION "{\"action\":{\"id\":2200000000,\"status\":\"in-progress\",\"type\":\"shutdown\"}}"

static void check_no_token(size_t row, const struct err *e)
{
    ROW(row, !strstr(e->text, API_TOKEN) && !strstr(e->hint, API_TOKEN));
    ROW(row, !strpbrk(e->text, "\r\n\033"));
    ROW(row, str_is_utf8(e->text, strlen(e->text)));
}

static void test_get_is_tried_again(void **state)
{
    static const struct {
        struct answer script[8];
        size_t asked;
        enum err_code code;
        const char *text;
    } rows[] = {
        {{SAY(200, ACCOUNT)}, 1, ERR_OK, ""},
        {{SAY(500, "{\"id\":\"server_error\",\"message\":\"Unexpected server-side error\"}"),
          SAY(200, ACCOUNT)},
         2,
         ERR_OK,
         ""},
        {{SAY(502, HTML), SAY(200, ACCOUNT)}, 2, ERR_OK, ""},
        {{SAY(503, ""), SAY(504, HTML), SAY(200, ACCOUNT)}, 3, ERR_OK, ""},
        {{CUT, SAY(200, ACCOUNT)}, 2, ERR_OK, ""},
        {{CUT, CUT, SAY(200, ACCOUNT)}, 3, ERR_OK, ""},
        {{HALF(ACCOUNT), SAY(200, ACCOUNT)}, 2, ERR_OK, ""},
        {{SAY(200, "{\"account\":{\"em"), SAY(200, ACCOUNT)}, 2, ERR_OK, ""},
        {{SAY(200, HTML), SAY(200, ACCOUNT)}, 2, ERR_OK, ""},
        {{SAY(200, ""), SAY(200, ACCOUNT)}, 2, ERR_OK, ""},
        {{SAY(204, ""), SAY(200, ACCOUNT)}, 2, ERR_OK, ""},
        {{SAY(500, ""), CUT, SAY(200, "nonsense"), HALF(ACCOUNT), SAY(502, HTML),
          SAY(200, ACCOUNT)},
         6,
         ERR_OK,
         ""},
        {{SAY(500, "")}, CLOUD_TRIES, ERR_REFUSED, "GET /v2/account: HTTP 500 without a reason"},
        {{SAY(502, HTML)}, CLOUD_TRIES, ERR_REFUSED, "HTTP 502 with an HTML page instead of JSON"},
        {{CUT}, CLOUD_TRIES, ERR_NETWORK, "GET /v2/account: "},
        {{SAY(200, "")}, CLOUD_TRIES, ERR_PROTOCOL, "HTTP 200 with an empty body"},
        {{SAY(200, "nonsense")}, CLOUD_TRIES, ERR_PROTOCOL, "not valid JSON"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct account a = {0};
        struct err e = {0};
        long before = cloud_calls(cloud);
        api_script(&api, rows[i].script, COUNT(rows[i].script));
        ROW(i, cloud_account(cloud, &a, &e) == (rows[i].code == ERR_OK));
        /* libcurl sends a GET again by itself where a connection of the pool was dead. */
        size_t asked = api_count(&api), calls = (size_t)(cloud_calls(cloud) - before);
        if (asked < rows[i].asked || asked > rows[i].asked + 1 || calls > CLOUD_TRIES)
            fail_msg("row %zu: asked %zu times in %zu calls", i, asked, calls);
        ROW(i, e.code == rows[i].code && strstr(e.text, rows[i].text));
        ROW(i, rows[i].code == ERR_OK ? strcmp(a.email, "a@b") == 0 : e.retryable);
        check_no_token(i, &e);
    }
}

/* Whoever waits between tries waits longer each time. */
static void test_back_off(void **state)
{
    static const struct answer script[] = {SAY(500, "")};
    struct account a;
    struct err e = {0};
    (void)state;
    api_script(&api, script, 1);
    assert_false(cloud_account(cloud, &a, &e));
    static const int64_t least_ms[] = {500, 1000, 2000, 4000, 8000};
    for (size_t i = 0; i < COUNT(least_ms); i++)
        ROW(i, api_gap_ms(&api, i, i + 1) >= least_ms[i] - 2 * API_SPEED);
    assert_true(api_gap_ms(&api, 0, 5) >= 15500 - 2 * API_SPEED);
}

/* An effect that may have happened is never sent a second time. */
static void test_post_is_sent_once(void **state)
{
    static const struct {
        struct answer script[8];
        size_t asked;
        enum err_code code;
        bool ambiguous, retryable;
    } rows[] = {
        {{SAY(201, ACTION)}, 1, ERR_OK, false, false},
        {{SAY(500, ""), SAY(201, ACTION)}, 1, ERR_REFUSED, true, true},
        {{SAY(502, HTML), SAY(201, ACTION)}, 1, ERR_REFUSED, true, true},
        {{SAY(503, "{\"id\":\"service_unavailable\"}"), SAY(201, ACTION)},
         1,
         ERR_REFUSED,
         true,
         true},
        {{SAY_WITH(503, "", "retry-after", "1"), SAY(201, ACTION)}, 1, ERR_REFUSED, true, true},
        {{SAY(504, HTML), SAY(201, ACTION)}, 1, ERR_REFUSED, true, true},
        {{CUT, SAY(201, ACTION)}, 1, ERR_NETWORK, true, true},
        {{HALF(ACTION), SAY(201, ACTION)}, 1, ERR_NETWORK, true, true},
        {{SAY(201, "nonsense"), SAY(201, ACTION)}, 1, ERR_PROTOCOL, true, true},
        {{SAY(201, ""), SAY(201, ACTION)}, 1, ERR_PROTOCOL, true, false},
        {{SAY(201, "{}"), SAY(201, ACTION)}, 1, ERR_PROTOCOL, true, false},
        {{SAY(201, "{\"action\":{\"id\":1e300}}"), SAY(201, ACTION)}, 1, ERR_PROTOCOL, true, false},
        {{SAY(400, "{\"message\":\"bad\"}"), SAY(201, ACTION)}, 1, ERR_REFUSED, false, false},
        {{SAY(401, "{}"), SAY(201, ACTION)}, 1, ERR_AUTH, false, false},
        {{SAY(403, "{}"), SAY(201, ACTION)}, 1, ERR_AUTH, false, false},
        {{SAY(404, "{}"), SAY(201, ACTION)}, 1, ERR_NOT_FOUND, false, false},
        {{SAY(409, "{}"), SAY(201, ACTION)}, 1, ERR_REFUSED, false, false},
        {{SAY(422, "{\"message\":\"Size is not available in this region.\"}"), SAY(201, ACTION)},
         1,
         ERR_REFUSED,
         false,
         false},
        {{SAY(422, "{\"message\":\"Droplet already has a pending event.\"}"), SAY(201, ACTION)},
         1,
         ERR_REFUSED,
         false,
         true},
        {{SAY(422, "{\"message\":\"there are currently blocking events processing for one or more "
                   "of the droplets\"}"),
          SAY(201, ACTION)},
         1,
         ERR_REFUSED,
         false,
         true},
        {{SAY_WITH(302, "", "location", "/elsewhere"), SAY(201, ACTION)},
         1,
         ERR_REFUSED,
         false,
         false},
        {{SAY(429, "{}"), SAY(201, ACTION)}, 2, ERR_OK, false, false},
        {{SAY(429, "{}"), SAY(429, ""), SAY(429, HTML), SAY(201, ACTION)}, 4, ERR_OK, false, false},
        {{SAY(429, "{}"), SAY(500, ""), SAY(201, ACTION)}, 2, ERR_REFUSED, true, true},
        {{SAY(429, "{}"), CUT, SAY(201, ACTION)}, 2, ERR_NETWORK, true, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct action a = {0};
        struct err e = {0};
        api_script(&api, rows[i].script, COUNT(rows[i].script));
        ROW(i, cloud_droplet_act(cloud, 5, "snapshot", "mc-1", &a, &e) == (rows[i].code == ERR_OK));
        if (api_count(&api) != rows[i].asked)
            fail_msg("row %zu: asked %zu times", i, api_count(&api));
        if (e.code != rows[i].code || e.ambiguous != rows[i].ambiguous ||
            e.retryable != rows[i].retryable)
            fail_msg("row %zu: %s, ambiguous %d, retryable %d: %s", i, err_name(e.code),
                     e.ambiguous, e.retryable, e.text);
        ROW_TEXT(i, api.asked[0].method, "POST");
        ROW_TEXT(i, api.asked[0].path, "/v2/droplets/5/actions");
        ROW_TEXT(i, api.asked[0].body, "{\"type\":\"snapshot\",\"name\":\"mc-1\"}");
        ROW(i, rows[i].code != ERR_OK || a.id == 2200000000);
        check_no_token(i, &e);
    }
}

/* Even a connection that died in the pool does not make libcurl send a POST again by itself. */
static void test_post_on_a_reused_connection_is_sent_once(void **state)
{
    static const struct answer good[] = {SAY(200, ACCOUNT)}, cut[] = {CUT};
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct account account;
        struct action a;
        struct err e = {0};
        api_script(&api, good, 1);
        OK(cloud_account(cloud, &account, &e), e);
        api_script(&api, cut, 1);
        assert_false(cloud_droplet_act(cloud, 5, "snapshot", "mc-1", &a, &e));
        assert_int_equal(api_count(&api), 1);
        assert_true(e.ambiguous);
        e = (struct err){0};
        api_script(&api, good, 1);
        OK(cloud_account(cloud, &account, &e), e);
        api_script(&api, cut, 1);
        assert_false(cloud_droplet_delete(cloud, 5, &e));
        assert_int_equal(api_count(&api), 1);
        assert_true(e.ambiguous);
    }
}

static void test_delete_is_sent_once(void **state)
{
    static const struct {
        struct answer script[3];
        size_t asked;
        enum err_code code;
        bool ambiguous;
    } rows[] = {
        {{SAY(204, "")}, 1, ERR_OK, false},
        {{SAY(404, "{\"message\":\"gone\"}")}, 1, ERR_OK, false},
        {{SAY(429, ""), SAY(204, "")}, 1, ERR_RATE_LIMIT, false},
        {{SAY_WITH(429, "", "retry-after", "1"), SAY(204, "")}, 1, ERR_RATE_LIMIT, false},
        {{SAY(500, ""), SAY(204, "")}, 1, ERR_REFUSED, true},
        {{SAY(504, HTML), SAY(204, "")}, 1, ERR_REFUSED, true},
        {{CUT, SAY(204, "")}, 1, ERR_NETWORK, true},
        {{SAY(422, "{\"message\":\"Droplet already has a pending event.\"}"), SAY(204, "")},
         1,
         ERR_REFUSED,
         false},
        {{SAY(409, "{}"), SAY(204, "")}, 1, ERR_REFUSED, false},
        {{SAY(403, "{}"), SAY(204, "")}, 1, ERR_AUTH, false},
    };
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct err e = {0};
            api_script(&api, rows[i].script, COUNT(rows[i].script));
            bool ok = k ? cloud_snapshot_delete(cloud, 3000000001, &e)
                        : cloud_droplet_delete(cloud, 3000000001, &e);
            ROW(i, ok == (rows[i].code == ERR_OK));
            ROW(i, api_count(&api) == rows[i].asked);
            ROW(i, e.code == rows[i].code && e.ambiguous == rows[i].ambiguous);
            ROW_TEXT(i, api.asked[0].method, "DELETE");
            ROW_TEXT(i, api.asked[0].path,
                     k ? "/v2/snapshots/3000000001" : "/v2/droplets/3000000001");
            ROW_TEXT(i, api.asked[0].query, "page= per_page= type= tag=");
        }
    }
}

/* --- 429 --- */

static void test_retry_after_is_honoured(void **state)
{
    static const int seconds[] = {1, 7, 30, 60, 150};
    (void)state;
    for (size_t i = 0; i < COUNT(seconds); i++) {
        char after[16];
        snprintf(after, sizeof after, "%d", seconds[i]);
        const struct answer script[] = {
            SAY_WITH(429, "{\"id\":\"too_many_requests\"}", "retry-after", after),
            SAY(201, ACTION)};
        struct action a;
        struct err e = {0};
        api_script(&api, script, COUNT(script));
        OK(cloud_droplet_act(cloud, 5, "shutdown", NULL, &a, &e), e);
        ROW(i, api_count(&api) == 2);
        /* The clock of the test ticks once per API_SPEED of the cloud's milliseconds. */
        ROW(i, api_gap_ms(&api, 0, 1) >= (seconds[i] - 1) * 1000);
        ROW_TEXT(i, api.asked[1].body, "{\"type\":\"shutdown\"}");
    }
}

static void test_ratelimit_reset_is_awaited(void **state)
{
    static const struct {
        int64_t in_s, least_s, most_s;
    } rows[] = {{30, 29, 20000}, {-100, 0, 20000}, {100000, 59, 60000}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char date[WHEN_TEXT], reset[32];
        int64_t now = cloud_now(cloud) + 1000;
        when_to_http(now, date);
        snprintf(reset, sizeof reset, "%lld", (long long)(now + rows[i].in_s));
        const struct answer script[] = {SAY_WITH(429, "{}", "ratelimit-reset", reset, "date", date),
                                        SAY(200, ACCOUNT)};
        struct account a;
        struct err e = {0};
        api_script(&api, script, COUNT(script));
        OK(cloud_account(cloud, &a, &e), e);
        ROW(i, api_gap_ms(&api, 0, 1) >= rows[i].least_s * 1000);
        ROW(i, api_gap_ms(&api, 0, 1) < rows[i].most_s * 1000);
    }
}

static struct answer plain_answer;

static void plain_handle(void *ctx, const struct httpd_req *q, struct httpd_resp *resp)
{
    (void)ctx;
    (void)q;
    resp->status = plain_answer.status;
    resp->body = STR(10000);
    str_add(&resp->body, plain_answer.body);
    for (int i = 0; i < 4 && plain_answer.headers[i]; i += 2)
        httpd_add_header(resp, plain_answer.headers[i], "%s", plain_answer.headers[i + 1]);
}

static void test_limit_without_end_is_an_error(void **state)
{
    struct err e = {0};
    struct httpd *d = httpd_start(&(struct httpd_opts){.handler = plain_handle}, &e);
    struct account a;
    char url[64];
    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", httpd_port(d));
    struct cloud *c = cloud_new(&(struct cloud_opts){.base_url = url, .token = API_TOKEN}, &e);
    plain_answer = (struct answer)SAY_WITH(429, "{\"message\":\"API Rate limit exceeded.\"}",
                                           "retry-after", "60", "x-sandbox-speed", "100000");
    assert_false(cloud_account(c, &a, &e));
    assert_int_equal(e.code, ERR_RATE_LIMIT);
    assert_true(e.retryable && !e.ambiguous);
    assert_true(cloud_calls(c) > 50 && cloud_calls(c) < 200);
    cloud_free(c);
    httpd_stop(d);
}

static void *lose_patience(void *arg)
{
    if (!cancel_sleep(arg, 20000))
        cancel_trigger(cancel);
    return NULL;
}

/* A GET that meets a 503 with an absurd retry-after does not sleep for a day. */
static void test_absurd_retry_after(void **state)
{
    static const struct answer script[] = {SAY_WITH(503, "", "retry-after", "86400"),
                                           SAY(200, ACCOUNT)};
    struct cancel *done = cancel_new();
    struct account a;
    struct err e = {0};
    pthread_t thread;
    (void)state;
    api_script(&api, script, COUNT(script));
    pthread_create(&thread, NULL, lose_patience, done);
    bool ok = cloud_account(cloud, &a, &e);
    cancel_trigger(done);
    pthread_join(thread, NULL);
    cancel_free(done);
    if (!ok)
        fail_msg("after 20,000 s: %s", e.text);
}

static void test_interrupt_ends_the_wait(void **state)
{
    static const struct answer script[] = {SAY_WITH(429, "", "retry-after", "50")};
    struct account a;
    struct err e = {0};
    (void)state;
    cancel_trigger(cancel);
    api_script(&api, script, 1);
    assert_false(cloud_account(cloud, &a, &e));
    assert_int_equal(e.code, ERR_INTERRUPTED);
    assert_true(api_count(&api) <= 1);
}

/* --- errors --- */

static void test_refusals_say_why(void **state)
{
    static const struct {
        struct answer script[2];
        enum err_code code;
        const char *text, *hint;
    } rows[] = {
        {{SAY(401, "{\"id\":\"Unauthorized\",\"message\":\"Unable to authenticate you\"}")},
         ERR_AUTH,
         "HTTP 401: Unable to authenticate you",
         "token is wrong"},
        {{SAY(403, "{\"id\":\"Forbidden\",\"message\":\"You do not have access\"}")},
         ERR_AUTH,
         "HTTP 403: You do not have access",
         "scope snapshot:read"},
        {{SAY(403, HTML)}, ERR_AUTH, "HTTP 403 with an HTML page", "scope snapshot:read"},
        {{SAY(404, "{\"id\":\"not_found\",\"message\":\"The resource you requested could not be "
                   "found.\",\"request_id\":\"4d9d8375-3c56\"}")},
         ERR_NOT_FOUND,
         "GET /v2/snapshots/77: HTTP 404: The resource you requested could not be found. "
         "(request 4d9d8375-3c56)",
         ""},
        {{SAY_WITH(404, "{\"message\":\"no\"}", "x-request-id", "abc-def")},
         ERR_NOT_FOUND,
         "HTTP 404: no (request abc-def)",
         ""},
        {{SAY_WITH(404, "", "X-Request-Id", "abc-def")},
         ERR_NOT_FOUND,
         "HTTP 404 without a reason (request abc-def)",
         ""},
        {{SAY_WITH(404, HTML, "x-request-id", "abc-def")},
         ERR_NOT_FOUND,
         "HTTP 404 with an HTML page instead of JSON (request abc-def)",
         ""},
        {{SAY(400,
              "{\"error\":\"Bad Request\",\"messages\":[\"invalid tag\"],\"root_causes\":[]}")},
         ERR_REFUSED,
         "HTTP 400: invalid tag",
         ""},
        {{SAY(422, "{\"id\":\"unprocessable_entity\",\"message\":{\"size\":[\"bad\"]}}")},
         ERR_REFUSED,
         "HTTP 422: {\"size\":[\"bad\"]}",
         ""},
        {{SAY(422, "{\"id\":\"unprocessable_entity\"}")},
         ERR_REFUSED,
         "HTTP 422: unprocessable_entity",
         ""},
        {{SAY(422, "{\"id\":5,\"message\":7}")}, ERR_REFUSED, "HTTP 422", ""},
        {{SAY(422, "[]")}, ERR_REFUSED, "HTTP 422", ""},
        {{SAY(422, "null")}, ERR_REFUSED, "HTTP 422", ""},
        {{SAY(422, "oops")}, ERR_REFUSED, "HTTP 422 with unreadable text instead of JSON", ""},
        {{SAY(422, "{\"message\":\"two\\nlines \\u001b[31mred\"}")}, ERR_REFUSED, "HTTP 422", ""},
        {{SAY_WITH(302, "", "location", "http://127.0.0.1:1/v2/snapshots/77")},
         ERR_REFUSED,
         "HTTP 302",
         ""},
        {{SAY(418, "{\"message\":\"teapot\"}")}, ERR_REFUSED, "HTTP 418: teapot", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct snapshot s;
        struct err e = {0};
        api_script(&api, rows[i].script, COUNT(rows[i].script));
        ROW(i, !cloud_snapshot(cloud, 77, &s, &e));
        ROW(i, api_count(&api) == 1);
        ROW(i, e.code == rows[i].code && e.http_status == rows[i].script[0].status);
        ROW(i, !e.retryable && !e.ambiguous);
        if (!strstr(e.text, rows[i].text))
            fail_msg("row %zu: %s", i, e.text);
        ROW(i, strstr(e.hint, rows[i].hint) && (*rows[i].hint != '\0') == (*e.hint != '\0'));
        check_no_token(i, &e);
    }
}

/* Long words of the other side are cut between characters. */
static void test_long_messages(void **state)
{
    (void)state;
    for (int pad = 280; pad < 304; pad++) {
        struct str body = STR(10000);
        struct snapshot s;
        struct err e = {0};
        str_add(&body, "{\"message\":\"");
        for (int i = 0; i < pad; i++)
            str_add(&body, "x");
        for (int i = 0; i < 1000; i++)
            str_add(&body, "\xE2\x82\xAC");
        str_add(&body, "\",\"request_id\":\"r-1\"}");
        const struct answer script[] = {SAY(422, str_text(&body))};
        api_script(&api, script, 1);
        assert_false(cloud_snapshot(cloud, 77, &s, &e));
        assert_non_null(strstr(e.text, "(request r-1)"));
        check_no_token((size_t)pad, &e);
        str_release(&body);
    }
}

/* The other side may say the token back; what a face prints has gone through log_mask. */
static void test_echoed_token_is_masked(void **state)
{
    static const struct answer script[] = {
        SAY(401, "{\"message\":\"unknown token " API_TOKEN "\"}")};
    struct snapshot s;
    struct err e = {0};
    (void)state;
    api_script(&api, script, 1);
    assert_false(cloud_snapshot(cloud, 77, &s, &e));
    log_mask(e.text);
    assert_non_null(strstr(e.text, "unknown token ***"));
    assert_string_equal(api.asked[0].auth, "Bearer " API_TOKEN);
}

/* --- lists --- */

#define SNAP(id)                                                                                   \
    "{\"id\":\"" #id "\",\"name\":\"mc-1\",\"created_at\":\"2026-11-20T18:00:00Z\",\"tags\":[]}"
#define NEXT "\"links\":{\"pages\":{\"next\":\"https://api.example/v2/snapshots?page=2\"}}"
#define LAST "\"links\":{\"pages\":{\"prev\":\"https://api.example/v2/snapshots?page=1\"}}"
#define PAGE(elements, links, total)                                                               \
    "{\"snapshots\":[" elements "]," links ",\"meta\":{\"total\":" #total "}}"

static void test_lists(void **state)
{
    static const struct {
        struct answer script[10];
        size_t asked;
        enum err_code code;
        const char *ids; /* or part of the error */
    } rows[] = {
        {{SAY(200, PAGE("", "\"links\":{}", 0))}, 1, ERR_OK, ""},
        /* not counted is not known */
        {{SAY(200, "{\"snapshots\":[]}")}, 4, ERR_PROTOCOL, "does not say how many"},
        {{SAY(200, "{\"snapshots\":[" SNAP(1) "],\"meta\":null}")},
         4,
         ERR_PROTOCOL,
         "does not say how many"},
        {{SAY(200, "{\"snapshots\":[]}"), SAY(200, PAGE(SNAP(1), LAST, 1))}, 2, ERR_OK, "1 "},
        {{SAY(200, PAGE(SNAP(3) "," SNAP(1), "\"links\":{\"pages\":{}}", 2))}, 1, ERR_OK, "1 3 "},
        {{SAY(200, PAGE(SNAP(3000000001) "," SNAP(9007199254740993), "\"links\":null", 2))},
         1,
         ERR_OK,
         "3000000001 9007199254740993 "},
        {{SAY(200, PAGE(SNAP(1) "," SNAP(2), NEXT, 5)),
          SAY(200, PAGE(SNAP(3) "," SNAP(4), NEXT, 5)), SAY(200, PAGE(SNAP(5), LAST, 5))},
         3,
         ERR_OK,
         "1 2 3 4 5 "},
        /* a page that fails is tried again, and then the list is unknown */
        {{SAY(200, PAGE(SNAP(1), NEXT, 2)), SAY(500, ""), CUT, SAY(200, PAGE(SNAP(2), LAST, 2))},
         4,
         ERR_OK,
         "1 2 "},
        {{SAY(200, PAGE(SNAP(1), NEXT, 2)), SAY(500, "")},
         1 + CLOUD_TRIES,
         ERR_REFUSED,
         "page=2&resource_type=droplet: HTTP 500"},
        {{SAY(200, PAGE(SNAP(1), NEXT, 2)), SAY(403, "{}")}, 2, ERR_AUTH, "page=2"},
        {{SAY(200, PAGE(SNAP(1), NEXT, 2)), SAY(404, "{}")}, 2, ERR_NOT_FOUND, "page=2"},
        {{SAY(200, PAGE(SNAP(1), NEXT, 2)), SAY(200, "{}")},
         2,
         ERR_PROTOCOL,
         "snapshots: expected a list, got nothing"},
        {{SAY(200, "{\"snapshots\":null}")}, 1, ERR_PROTOCOL, "expected a list, got null"},
        {{SAY(200, "{\"droplets\":[]}")}, 1, ERR_PROTOCOL, "expected a list, got nothing"},
        {{SAY(200, "[]")}, 1, ERR_PROTOCOL, "expected a list"},
        {{SAY(200, "null")}, 1, ERR_PROTOCOL, "expected a list"},
        {{SAY(200, PAGE(SNAP(1) ",{\"id\":2}", LAST, 2))}, 1, ERR_PROTOCOL, "name: expected text"},
        /* more is counted than shown */
        {{SAY(200, PAGE(SNAP(1), LAST, 2))}, 4, ERR_PROTOCOL, "counts 2 and shows 1"},
        {{SAY(200, PAGE("", LAST, 1))}, 4, ERR_PROTOCOL, "counts 1 and shows 0"},
        {{SAY(200, PAGE(SNAP(1), LAST, 2)), SAY(200, PAGE(SNAP(1) "," SNAP(2), LAST, 2))},
         2,
         ERR_OK,
         "1 2 "},
        {{SAY(200, PAGE(SNAP(1), LAST, 2)), SAY(200, PAGE("", LAST, 1)), SAY(500, ""),
          SAY(200, PAGE(SNAP(7), LAST, 1))},
         4,
         ERR_OK,
         "7 "},
        /* an element slid to the next page, and then one out of sight */
        {{SAY(200, PAGE(SNAP(1) "," SNAP(2), NEXT, 3)),
          SAY(200, PAGE(SNAP(2) "," SNAP(3), LAST, 3))},
         2,
         ERR_OK,
         "1 2 3 "},
        {{SAY(200, PAGE(SNAP(1) "," SNAP(2), NEXT, 4)),
          SAY(200, PAGE(SNAP(2) "," SNAP(4), LAST, 4)),
          SAY(200, PAGE(SNAP(1) "," SNAP(2), NEXT, 4)),
          SAY(200, PAGE(SNAP(3) "," SNAP(4), LAST, 4))},
         4,
         ERR_OK,
         "1 2 3 4 "},
        /* the count was told once, and not on the last page */
        {{
             SAY(200, PAGE(SNAP(1), NEXT, 3)),
             SAY(200, "{\"snapshots\":[" SNAP(2) "]}"),
             SAY(200, PAGE(SNAP(1), NEXT, 3)),
             SAY(200, "{\"snapshots\":[" SNAP(2) "]}"),
             SAY(200, PAGE(SNAP(1), NEXT, 3)),
             SAY(200, "{\"snapshots\":[" SNAP(2) "]}"),
             SAY(200, PAGE(SNAP(1), NEXT, 3)),
             SAY(200, "{\"snapshots\":[" SNAP(2) "]}"),
         },
         8,
         ERR_PROTOCOL,
         "counts 3 and shows 2"},
        /* "next" for ever with nothing on it */
        {{SAY(200, PAGE(SNAP(1), NEXT, 1)), SAY(200, PAGE("", NEXT, 1))}, 2, ERR_OK, "1 "},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct snapshot *s = NULL;
        size_t n = 0;
        struct err e = {0};
        struct str ids = STR(1000);
        api_script(&api, rows[i].script, COUNT(rows[i].script));
        bool ok = cloud_snapshots(cloud, &s, &n, &e);
        for (size_t k = 0; ok && k < n; k++)
            str_addf(&ids, "%lld ", (long long)s[k].id);
        free(s);
        if (ok != (rows[i].code == ERR_OK) || e.code != rows[i].code ||
            (rows[i].asked && api_count(&api) < rows[i].asked))
            fail_msg("row %zu: %zu asked, %s: %s", i, api_count(&api), err_name(e.code), e.text);
        if (ok)
            ROW_TEXT(i, str_text(&ids), rows[i].ids);
        else if (!strstr(e.text, rows[i].ids))
            fail_msg("row %zu: %s", i, e.text);
        ROW(i, rows[i].code != ERR_OK || api_count(&api) == rows[i].asked);
        str_release(&ids);
        check_no_token(i, &e);
    }
}

/* Pages are asked for by number at our own address, wherever "next" points. */
static void test_next_is_never_followed(void **state)
{
    static const struct answer away[] = {SAY(200, "{}")};
    struct fake_api other;
    char page[600];
    (void)state;
    api_start(&other);
    api_script(&other, away, 1);
    snprintf(page, sizeof page,
             "{\"snapshots\":[%s],\"links\":{\"pages\":{\"next\":"
             "\"http://127.0.0.1:%d/v2/snapshots?page=66&per_page=1\"}},\"meta\":{\"total\":3}}",
             SNAP(1), httpd_port(other.httpd));
    const struct answer script[] = {SAY(200, page), SAY(200, PAGE(SNAP(2), NEXT, 3)),
                                    SAY(200, PAGE(SNAP(3), LAST, 3))};
    struct snapshot *s = NULL;
    size_t n = 0;
    struct err e = {0};
    api_script(&api, script, COUNT(script));
    OK(cloud_snapshots(cloud, &s, &n, &e), e);
    assert_int_equal(n, 3);
    free(s);
    assert_int_equal(api_count(&other), 0);
    assert_int_equal(api_count(&api), 3);
    for (size_t i = 0; i < 3; i++) {
        char query[100];
        snprintf(query, sizeof query, "page=%zu per_page=200 type=droplet tag=", i + 1);
        ROW_TEXT(i, api.asked[i].path, "/v2/snapshots");
        ROW_TEXT(i, api.asked[i].query, query);
        ROW_TEXT(i, api.asked[i].auth, "Bearer " API_TOKEN);
    }
    api_stop(&other);
}

static char *endless_page(int page)
{
    return xasprintf("{\"snapshots\":[{\"id\":%d,\"name\":\"mc-1\",\"created_at\":"
                     "\"2026-11-20T18:00:00Z\",\"tags\":[]}]," NEXT ",\"meta\":{\"total\":5}}",
                     page);
}

static void test_endless_pages_have_an_end(void **state)
{
    static const struct answer script[] = {{.status = 200, .make = endless_page}};
    struct snapshot *s = NULL;
    size_t n = 0;
    struct err e = {0};
    (void)state;
    lock_take(api.lock);
    api.script = script;
    api.n_script = 1;
    api.n_asked = 0;
    lock_drop(api.lock);
    assert_false(cloud_snapshots(cloud, &s, &n, &e));
    assert_int_equal(e.code, ERR_PROTOCOL);
    assert_non_null(strstr(e.text, "more than 500 pages"));
    assert_int_equal(api_count(&api), CLOUD_MAX_PAGES);
}

/* A token without the scope makes fields vanish: an error, never "none". */
static void test_thinned_answers(void **state)
{
    static const struct {
        const char *body, *hint;
    } rows[] = {
        {"{\"droplets\":[{\"id\":1,\"name\":\"mc\",\"status\":\"active\",\"volume_ids\":[]}]}",
         "tag:read"},
        {"{\"droplets\":[{\"id\":1,\"name\":\"mc\",\"status\":\"active\",\"tags\":[]}]}",
         "block_storage:read"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct answer script[] = {SAY(200, rows[i].body)};
        struct droplet *d = NULL;
        size_t n = 0;
        struct err e = {0};
        api_script(&api, script, 1);
        ROW(i, !cloud_droplets(cloud, &d, &n, &e));
        ROW(i, e.code == ERR_AUTH && strstr(e.hint, rows[i].hint));
        ROW(i, api_count(&api) == 1);
    }
}

static void test_ids_in_lists(void **state)
{
    static const struct {
        const char *id;
        int64_t value; /* 0 = refused */
    } rows[] = {
        {"2147483648", 2147483648},
        {"4294967297", 4294967297},
        {"\"4294967297\"", 4294967297},
        {"9007199254740991", 9007199254740991},
        {"9007199254740993", 0},
        {"1e17", 0},
        {"1.5", 0},
        {"\"x\"", 0},
        {"null", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char body[200];
        snprintf(body, sizeof body,
                 "{\"droplets\":[{\"id\":%s,\"name\":\"mc\",\"status\":\"active\",\"tags\":[],"
                 "\"volume_ids\":[]}],\"meta\":{\"total\":1}}",
                 rows[i].id);
        const struct answer script[] = {SAY(200, body)};
        struct droplet *d = NULL;
        size_t n = 0;
        struct err e = {0};
        api_script(&api, script, 1);
        ROW(i, cloud_droplets(cloud, &d, &n, &e) == (rows[i].value != 0));
        ROW(i, rows[i].value ? d[0].id == rows[i].value : e.code == ERR_PROTOCOL);
        free(d);
    }
}

/* --- time --- */

static void test_the_clouds_clock(void **state)
{
    char date[WHEN_TEXT];
    struct account a;
    struct err e = {0};
    (void)state;
    assert_true(cloud_speed(cloud) == API_SPEED);
    when_to_http(2000000000, date);
    const struct answer script[] = {SAY_WITH(200, ACCOUNT, "date", date),
                                    SAY_WITH(200, ACCOUNT, "date", "yesterday")};
    api_script(&api, script, 2);
    OK(cloud_account(cloud, &a, &e), e);
    int64_t began = cloud_mono_ms(cloud);
    assert_true(cloud_now(cloud) >= 2000000000);
    assert_false(cloud_sleep(cloud, 100000));
    int64_t passed = cloud_mono_ms(cloud) - began;
    assert_true(passed >= 100000);
    assert_true(cloud_now(cloud) >= 2000000100);
    assert_true(cloud_now(cloud) <= 2000000000 + passed / 1000 + 60);
    assert_int_equal(cloud_clock_skew(cloud), 0); /* a sandbox has a clock of its own */
    OK(cloud_account(cloud, &a, &e), e);
    assert_true(cloud_now(cloud) >= 2000000100);
}

static void test_clock_skew_and_odd_speeds(void **state)
{
    static const struct {
        int64_t ahead_s;
        const char *speed;
        double is_speed;
    } rows[] = {
        {0, NULL, 1},   {3600, NULL, 1}, {-86400, NULL, 1}, {0, "60", 60},
        {0, "fast", 1}, {0, "0", 1},     {0, "-5", 1},      {0, "1e9", 1},
        {0, "nan", 1},  {0, "inf", 1},   {0, "0.5", 0.5},
    };
    struct err e = {0};
    struct httpd *d = httpd_start(&(struct httpd_opts){.handler = plain_handle}, &e);
    char url[64];
    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", httpd_port(d));
    for (size_t i = 0; i < COUNT(rows); i++) {
        char date[WHEN_TEXT];
        struct account a;
        struct cloud *c = cloud_new(&(struct cloud_opts){.base_url = url, .token = API_TOKEN}, &e);
        ROW(i, cloud_clock_skew(c) == 0 && cloud_speed(c) == 1);
        ROW(i, llabs(cloud_now(c) - os_unix_ms() / 1000) <= 1);
        when_to_http(os_unix_ms() / 1000 - rows[i].ahead_s, date);
        plain_answer = (struct answer)SAY_WITH(200, ACCOUNT, "date", date, "x-sandbox-speed",
                                               rows[i].speed ? rows[i].speed : "");
        if (!rows[i].speed)
            plain_answer.headers[2] = NULL;
        OK(cloud_account(c, &a, &e), e);
        ROW(i, cloud_speed(c) == rows[i].is_speed);
        ROW(i, llabs(cloud_clock_skew(c) - rows[i].ahead_s) <= 2);
        cloud_free(c);
    }
    httpd_stop(d);
    cloud_free(NULL);
}

/* Nobody listens: the request surely had no effect, so even a POST may be sent again. */
static void test_nobody_there(void **state)
{
    struct err e = {0};
    struct httpd *d = httpd_start(&(struct httpd_opts){.handler = plain_handle}, &e);
    struct action a;
    char url[64];
    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d", httpd_port(d));
    struct cloud *c =
        cloud_new(&(struct cloud_opts){.base_url = url, .token = API_TOKEN, .cancel = cancel}, &e);
    plain_answer = (struct answer)SAY_WITH(200, ACCOUNT, "x-sandbox-speed", "100000");
    struct account account;
    OK(cloud_account(c, &account, &e), e);
    httpd_stop(d);
    assert_false(cloud_droplet_act(c, 5, "snapshot", "mc-1", &a, &e));
    assert_int_equal(e.code, ERR_NETWORK);
    assert_int_equal(cloud_calls(c), 1 + CLOUD_TRIES);
    assert_false(e.ambiguous);
    assert_true(e.retryable);
    /* A DELETE is not: whoever sends it must have looked just before. */
    assert_false(cloud_droplet_delete(c, 5, &e));
    assert_int_equal(cloud_calls(c), 2 + CLOUD_TRIES);
    assert_false(e.ambiguous);
    cloud_free(c);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_get_is_tried_again),
        WITH(test_back_off),
        WITH(test_post_is_sent_once),
        WITH(test_post_on_a_reused_connection_is_sent_once),
        WITH(test_delete_is_sent_once),
        WITH(test_retry_after_is_honoured),
        WITH(test_ratelimit_reset_is_awaited),
        WITH(test_limit_without_end_is_an_error),
        WITH(test_absurd_retry_after),
        WITH(test_interrupt_ends_the_wait),
        WITH(test_refusals_say_why),
        WITH(test_long_messages),
        WITH(test_echoed_token_is_masked),
        WITH(test_lists),
        WITH(test_next_is_never_followed),
        WITH(test_endless_pages_have_an_end),
        WITH(test_thinned_answers),
        WITH(test_ids_in_lists),
        WITH(test_the_clouds_clock),
        WITH(test_clock_skew_and_odd_speeds),
        WITH(test_nobody_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
