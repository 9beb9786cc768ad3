#include "sandbox_peer.h"

#include <pthread.h>

/* What the client sees of each fault, and whether the droplet was made. */
static void test_wire_faults(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int status;
        bool is_json;
    } faults[] = {
        {"cut", 0, false},
        {"cut_body", 0, false},
        {"500", 500, true},
        {"503", 503, true},
        {"502_html", 502, false},
        {"504_html", 504, false},
        {"429", 429, true},
        {"429_hour", 429, true},
        {"401", 401, true},
        {"403", 403, true},
        {"404", 404, true},
        {"422_pending", 422, true},
        {"message_object", 422, true},
        {"empty_body", 500, false},
        {"garbage", 200, false},
        {"oversize", 0, false},
    };
    static const char body[] = "{" MC ",\"region\":\"fra1\"}";
    int64_t made = 0;
    control("/sandbox/settings", "{\"droplet_limit\":1000,\"list_lag_s\":0}");
    for (size_t i = 0; i < COUNT(faults); i++) {
        for (int after = 0; after < 2; after++) {
            char *plan =
                xasprintf("{\"faults\":[{\"kind\":\"droplet.create\",\"nth\":2,\"do\":\"%s\","
                          "\"when\":\"%s\"}]}",
                          faults[i].what, after ? "after" : "before");
            cJSON *json = NULL;
            control("/sandbox/faults", plan);
            assert_int_equal(send_to(sb, "POST", "/v2/droplets", body, NULL, NULL), 202);
            int status = send_to(sb, "POST", "/v2/droplets", body, NULL, &json);
            bool works = after || strcmp(faults[i].what, "cut_body") == 0;
            made += 1 + works;
            if (status != faults[i].status || (json != NULL) != faults[i].is_json)
                fail_msg("%s: status %d", plan, status);
            if (get_int("/v2/droplets", "meta.total") != made)
                fail_msg("%s: the effect is wrong", plan);
            assert_int_equal(get_int("/sandbox/faults", "faults[0].fired"), 1);
            cJSON_Delete(json);
            free(plan);
        }
    }
}

#define FAULT(kind, what)                                                                          \
    POST("/sandbox/faults", "{\"faults\":[{\"kind\":\"" kind "\",\"do\":\"" what "\"}]}", 200,     \
         NULL, NULL)

static void test_outcomes(void **state)
{
    (void)state;
    CHECK(FAULT("droplet.create", "vanish"), CREATE, ADVANCE(2),
          GET("/v2/droplets/%D", 404, NULL, NULL), FAULT("droplet.create", "lag"), CREATE,
          ADVANCE(60), GET("/v2/droplets", 200, "meta.total", "0"), STATUS("\"active\""),
          ADVANCE(61), GET("/v2/droplets", 200, "meta.total", "1"),
          FAULT("action.shutdown", "no_effect"), ACT("{\"type\":\"shutdown\"}", 201), ADVANCE(60),
          STATUS("\"active\""), FAULT("action.shutdown", "errored"),
          ACT("{\"type\":\"shutdown\"}", 201), ADVANCE(60),
          GET("/v2/droplets/%D/actions", 200, "actions[0].status", "\"errored\""),
          STATUS("\"active\""), ACT("{\"type\":\"power_off\"}", 201), ADVANCE(8), STATUS("\"off\""),
          FAULT("action.snapshot", "no_effect"), ACT("{\"type\":\"snapshot\",\"name\":\"n\"}", 201),
          ADVANCE(100), FAULT("droplet.delete", "no_effect"), DELETE("/v2/droplets/%D", 204),
          ADVANCE(100), STATUS("\"off\""), FAULT("snapshot", "empty"),
          ACT("{\"type\":\"snapshot\",\"name\":\"e\"}", 201), ADVANCE(100),
          GET("/v2/snapshots", 200, "snapshots[0].size_gigabytes", "0"),
          FAULT("snapshot", "invisible"), ACT("{\"type\":\"snapshot\",\"name\":\"i\"}", 201),
          ADVANCE(9999), GET("/v2/snapshots", 200, "meta.total", "1"),
          FAULT("action.snapshot", "wakes"), ACT("{\"type\":\"snapshot\",\"name\":\"w\"}", 201),
          STATUS("\"off\""), ADVANCE(100), STATUS("\"active\""), FAULT("action.snapshot", "slow"),
          ACT("{\"type\":\"snapshot\",\"name\":\"s\"}", 201), ADVANCE(800),
          GET("/v2/droplets/%D/actions", 200, "actions[0].status", "\"in-progress\""), ADVANCE(200),
          GET("/v2/droplets/%D/actions", 200, "actions[0].status", "\"completed\""),
          FAULT("action.snapshot", "stuck"), ACT("{\"type\":\"snapshot\",\"name\":\"x\"}", 201),
          ADVANCE(100000),
          GET("/v2/droplets/%D/actions", 200, "actions[0].status", "\"in-progress\""),
          ACT("{\"type\":\"power_on\"}", 422),
          GET("/sandbox/state", 200, "droplets[1].unclean", "true"),
          FAULT("droplet.create", "errored"), CREATE, ADVANCE(100), STATUS("\"new\""),
          GET("/v2/droplets/%D/actions", 200, "actions[0].status", "\"errored\""),
          DELETE("/v2/droplets/%D", 204),
          GET("/sandbox/state", 200, "counters",
              "{\"deletes_repeated\":0,\"dangerous_called\":0,\"by_tag_called\":0,"
              "\"tag_deleted\":0,\"put_firewall\":0,\"rebuild_restore_called\":0,"
              "\"worlds_lost\":0}"));
}

static void *hanging(void *status)
{
    *(int *)status = send_to(sb, "GET", "/v2/account", NULL, NULL, NULL);
    return NULL;
}

/* A request that hangs holds up nobody and ends with the sandbox. */
static void test_hang(void **state)
{
    (void)state;
    int status = -1;
    pthread_t thread;
    control("/sandbox/faults", "{\"faults\":[{\"kind\":\"account\",\"do\":\"hang\"}]}");
    pthread_create(&thread, NULL, hanging, &status);
    while (get_int("/sandbox/faults", "faults[0].fired") < 1)
        cancel_sleep(NULL, 5);
    assert_int_equal(send_to(sb, "GET", "/v2/account", NULL, NULL, NULL), 200);
    int64_t began = os_mono_ms();
    sandbox_stop(sb);
    pthread_join(thread, NULL);
    assert_int_equal(status, 0);
    assert_true(os_mono_ms() - began < 5000);
    sb = start(0.001);
}

/* The status of one request, and its retry-after: -1 if there is none. */
static int ask_wait(const char *path, int64_t *wait_s)
{
    struct http_resp r = {0};
    struct err e = {0};
    char *url = xasprintf("%s%s", sandbox_url(sb), path);
    http_do(client, &(struct http_req){.method = "GET", .url = url, .bearer = SANDBOX_TOKEN}, &r,
            NULL, &e);
    const char *text = http_header(&r, "Retry-After");
    if (!text || !str_int64(text, 1, 3600, wait_s))
        *wait_s = -1;
    int status = r.status;
    http_resp_release(&r);
    free(url);
    return status;
}

/* Only the burst limits tell how long to wait (reference 1.3). */
static void test_retry_after(void **state)
{
    static const struct {
        const char *faults, *settings;
        int status;
        int64_t min, max;
    } rows[] = {
        {"{\"do\":\"429\"}", "{}", 429, 5, 5},
        {"{\"do\":\"429\",\"seconds\":9}", "{}", 429, 9, 9},
        {"{\"do\":\"429_hour\"}", "{}", 429, -1, -1},
        {"", "{\"rate_minute\":0}", 429, 1, 60},
        {"", "{\"rate_minute\":250,\"rate_hour\":0}", 429, -1, -1},
        {"", "{\"rate_hour\":5000}", 200, -1, -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t wait_s;
        char *plan = xasprintf("{\"faults\":[%s]}", rows[i].faults);
        control("/sandbox/faults", plan);
        control("/sandbox/settings", rows[i].settings);
        int status = ask_wait("/v2/account", &wait_s);
        if (status != rows[i].status || wait_s < rows[i].min || wait_s > rows[i].max)
            fail_msg("row %zu: status %d, retry-after %d", i, status, (int)wait_s);
        free(plan);
    }
}

static void test_rate_limit(void **state)
{
    (void)state;
    control("/sandbox/settings", "{\"rate_minute\":3,\"rate_hour\":5,\"rate_keys\":1}");
#define ASK(s) GET("/v2/account", s, NULL, NULL)
    CHECK(ASK(200), ASK(200), ASK(200), ASK(429), ADVANCE(61),
          GET("/v2/account/keys", 200, NULL, NULL), GET("/v2/account/keys", 429, NULL, NULL),
          ASK(200), ASK(429), ADVANCE(61), ASK(429), ADVANCE(3600), ASK(200),
          POST("/sandbox/settings", "{\"rate_limit\":0}", 200, NULL, NULL), ASK(200), ASK(200),
          ASK(200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_wire_faults), TEST(test_outcomes),    TEST(test_hang),
        TEST(test_rate_limit),  TEST(test_retry_after),
    };
    return cmocka_run_group_tests(tests, open_client, close_client);
}
