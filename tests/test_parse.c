#include "../src/cloud/parse.h"
#include "unit.h"

static cJSON *parsed(const char *text)
{
    struct err e = {0};
    cJSON *root = json_parse(text, strlen(text), &e);
    if (!root)
        fail_msg("%s: %s", text, e.text);
    return root;
}

#define DROPLET(more)                                                                              \
    "{\"id\":3000000001,\"name\":\"mc\",\"status\":\"active\",\"tags\":[],\"volume_ids\":[]" more  \
    "}"

static void test_droplet(void **state)
{
    cJSON *json = parsed(
        "{\"id\":3000000001,\"name\":\"mc\",\"memory\":2048,\"vcpus\":2,\"disk\":60,"
        "\"locked\":true,\"status\":\"active\",\"created_at\":\"2026-11-20T18:00:00Z\","
        "\"image\":{\"id\":4000000001,\"slug\":null},\"size\":{\"price_monthly\":18.0,"
        "\"price_hourly\":0.02678999952971935},\"size_slug\":\"s-2vcpu-2gb\",\"networks\":{\"v4\":["
        "{\"ip_address\":\"10.1.2.3\",\"type\":\"private\"},"
        "{\"ip_address\":\"203.0.113.5\",\"type\":\"public\",\"gateway\":\"nil\"}],\"v6\":["
        "{\"ip_address\":\"2001:db8::1\",\"type\":\"public\"}]},\"region\":{\"slug\":\"fra1\"},"
        "\"volume_ids\":[\"a\",\"b\"],\"tags\":[\"games\",\"dogs\",\"two words\",\"dogs:mc\",5]}");
    struct droplet d = {0};
    struct err e = {0};
    (void)state;
    OK(parse_droplet(json, &d, &e), e);
    cJSON_Delete(json);
    assert_int_equal(d.id, 3000000001);
    assert_string_equal(d.name, "mc");
    assert_int_equal(d.status, DROPLET_ACTIVE);
    assert_int_equal(d.created_at, 1795197600);
    assert_string_equal(d.region, "fra1");
    assert_string_equal(d.size, "s-2vcpu-2gb");
    assert_int_equal(d.price_hourly_udollars, 26790);
    assert_int_equal(d.price_monthly_udollars, 18000000);
    assert_int_equal(d.image_id, 4000000001);
    assert_true(d.disk_gb == 60 && d.n_volumes == 2);
    assert_string_equal(d.ip, "203.0.113.5");
    assert_string_equal(d.tags, " dogs dogs:mc ");
}

static void test_droplet_states(void **state)
{
    static const struct {
        const char *word;
        enum droplet_status status;
    } rows[] = {
        {"new", DROPLET_NEW},         {"active", DROPLET_ACTIVE},   {"off", DROPLET_OFF},
        {"archive", DROPLET_ARCHIVE}, {"unknown", DROPLET_UNKNOWN}, {"OFF", DROPLET_UNKNOWN},
        {"offline", DROPLET_UNKNOWN}, {"", DROPLET_UNKNOWN},        {"migrating", DROPLET_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[200];
        struct droplet d = {0};
        struct err e = {0};
        snprintf(text, sizeof text,
                 "{\"id\":1,\"name\":\"\",\"status\":\"%s\",\"tags\":[],\"volume_ids\":[]}",
                 rows[i].word);
        cJSON *json = parsed(text);
        OK(parse_droplet(json, &d, &e), e);
        ROW(i, d.status == rows[i].status);
        cJSON_Delete(json);
    }
}

static void test_action_states(void **state)
{
    static const struct {
        const char *word;
        enum action_status status;
    } rows[] = {
        {"completed", ACTION_COMPLETED},
        {"errored", ACTION_ERRORED},
        {"in-progress", ACTION_IN_PROGRESS},
        {"Completed", ACTION_IN_PROGRESS},
        {"", ACTION_IN_PROGRESS},
        {"paused", ACTION_IN_PROGRESS},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[200];
        struct action a = {0};
        struct err e = {0};
        snprintf(text, sizeof text,
                 "{\"id\":2147483649,\"status\":\"%s\",\"type\":\"snapshot\",\"resource_id\":null,"
                 "\"started_at\":\"2026-11-20T18:00:00Z\",\"completed_at\":null}",
                 rows[i].word);
        cJSON *json = parsed(text);
        OK(parse_action(json, &a, &e), e);
        ROW(i, a.status == rows[i].status && a.id == 2147483649 && a.resource_id == 0);
        ROW(i, a.started_at == 1795197600 && a.completed_at == 0);
        ROW_TEXT(i, a.type, "snapshot");
        cJSON_Delete(json);
    }
}

static void test_snapshot(void **state)
{
    cJSON *json = parsed("{\"id\":\"3000000001\",\"name\":\"mc-1795197600\",\"regions\":[\"fra1\","
                         "\"ams3\"],\"created_at\":\"2026-11-20T18:00:00Z\",\"resource_id\":"
                         "\"4000000001\",\"min_disk_size\":25,\"size_gigabytes\":2.34,"
                         "\"tags\":[\"dogs:mc\"]}");
    struct snapshot s = {0};
    struct err e = {0};
    (void)state;
    OK(parse_snapshot(json, &s, &e), e);
    cJSON_Delete(json);
    assert_int_equal(s.id, 3000000001);
    assert_string_equal(s.name, "mc-1795197600");
    assert_int_equal(s.created_at, 1795197600);
    assert_int_equal(s.droplet_id, 4000000001);
    assert_true(s.min_disk_gb == 25 && s.size_mb == 2340);
    assert_string_equal(s.regions, " fra1 ams3 ");
    assert_string_equal(s.tags, " dogs:mc ");
    assert_true(cloud_has(s.regions, "ams3") && !cloud_has(s.regions, "ams"));
}

#define SNAPSHOT(more)                                                                             \
    "{\"id\":1,\"name\":\"mc-5\",\"created_at\":\"2026-11-20T18:00:00Z\"" more "}"

/* What must not be taken for "none", "empty" or another one. */
static void test_refusals(void **state)
{
    static const struct {
        client_parse *parse;
        const char *json, *text, *hint; /* text NULL = accepted */
        enum err_code code;
    } rows[] = {
        {parse_droplet, DROPLET(""), NULL, NULL, ERR_OK},
        {parse_droplet, DROPLET(",\"networks\":{}"), NULL, NULL, ERR_OK},
        {parse_droplet, DROPLET(",\"networks\":null,\"region\":null,\"size\":null"), NULL, NULL,
         ERR_OK},
        {parse_droplet,
         "{\"id\":1,\"name\":\"\",\"status\":\"off\",\"tags\":null,\"volume_ids\":null}", NULL,
         NULL, ERR_OK},
        {parse_droplet, "{\"id\":1,\"name\":\"\",\"status\":\"off\",\"volume_ids\":[]}", "tags",
         "tag:read", ERR_AUTH},
        {parse_droplet, "{\"id\":1,\"name\":\"\",\"status\":\"off\",\"tags\":[]}", "volumes",
         "block_storage:read", ERR_AUTH},
        {parse_droplet, "{\"name\":\"\",\"status\":\"off\",\"tags\":[],\"volume_ids\":[]}",
         "id: expected", "", ERR_PROTOCOL},
        {parse_droplet, "{\"id\":1,\"status\":\"off\",\"tags\":[],\"volume_ids\":[]}",
         "name: expected text", "", ERR_PROTOCOL},
        {parse_droplet, "{\"id\":1,\"name\":\"x\",\"tags\":[],\"volume_ids\":[]}",
         "status: expected text", "", ERR_PROTOCOL},
        {parse_droplet,
         "{\"id\":9007199254740993,\"name\":\"\",\"status\":\"off\",\"tags\":[],\"volume_ids\":[]}",
         "id: expected a whole number that can be kept exactly", "", ERR_PROTOCOL},
        {parse_droplet, "[]", "id: expected", "", ERR_PROTOCOL},
        {parse_droplet, "null", "id: expected", "", ERR_PROTOCOL},
        {parse_snapshot, SNAPSHOT(",\"tags\":[]"), NULL, NULL, ERR_OK},
        {parse_snapshot, SNAPSHOT(",\"tags\":null"), NULL, NULL, ERR_OK},
        {parse_snapshot, SNAPSHOT(""), "tags", "tag:read", ERR_AUTH},
        {parse_droplet_snapshot, SNAPSHOT(""), NULL, NULL, ERR_OK},
        {parse_snapshot,
         "{\"id\":\"fbe805e8-866b-11e6-96bf-000f53315a41\",\"name\":\"v\",\"created_at\":"
         "\"2026-11-20T18:00:00Z\",\"tags\":[]}",
         "id: expected", "", ERR_PROTOCOL},
        {parse_snapshot, "{\"id\":1,\"name\":\"mc-5\",\"created_at\":\"soon\",\"tags\":[]}",
         "created_at: not a time: soon", "", ERR_PROTOCOL},
        {parse_snapshot, "{\"id\":1,\"name\":\"mc-5\",\"tags\":[]}", "created_at", "",
         ERR_PROTOCOL},
        {parse_action, "{\"id\":1}", "status", "", ERR_PROTOCOL},
        {parse_action, "{\"status\":\"completed\"}", "id", "", ERR_PROTOCOL},
        {parse_firewall, "{\"id\":\"u\",\"tags\":[]}", NULL, NULL, ERR_OK},
        {parse_firewall, "{\"id\":\"u\"}", "tags", "tag:read", ERR_AUTH},
        {parse_firewall, "{\"tags\":[]}", "id: expected text", "", ERR_PROTOCOL},
        {parse_account, "{}", NULL, NULL, ERR_OK},
        {parse_account, "null", "expected an object", "", ERR_PROTOCOL},
        {parse_size, "{}", "slug", "", ERR_PROTOCOL},
        {parse_region, "{}", "slug", "", ERR_PROTOCOL},
        {parse_key, "{}", "id", "", ERR_PROTOCOL},
    };
    static union {
        struct droplet droplet;
        struct snapshot snapshot;
        struct action action;
        struct firewall firewall;
        struct account account;
        struct size size;
        struct region region;
        struct sshkey key;
    } element;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        cJSON *json = parsed(rows[i].json);
        memset(&element, 0, sizeof element);
        ROW(i, rows[i].parse(json, &element, &e) == (rows[i].text == NULL));
        ROW(i, e.code == rows[i].code);
        ROW(i, !rows[i].text || (strstr(e.text, rows[i].text) && strstr(e.hint, rows[i].hint)));
        cJSON_Delete(json);
    }
}

static void test_odd_figures_become_none(void **state)
{
    static const char *const figures[] = {"-5", "1e300", "null", "\"x\"", "{}", "0"};
    (void)state;
    for (size_t i = 0; i < COUNT(figures); i++) {
        char text[400];
        struct snapshot s = {0};
        struct err e = {0};
        snprintf(text, sizeof text,
                 "{\"id\":1,\"name\":\"mc-5\",\"created_at\":\"2026-11-20T18:00:00Z\",\"tags\":[],"
                 "\"min_disk_size\":%s,\"size_gigabytes\":%s,\"resource_id\":%s}",
                 figures[i], figures[i], i ? figures[i] : "0");
        cJSON *json = parsed(text);
        OK(parse_snapshot(json, &s, &e), e);
        ROW(i, s.min_disk_gb == 0 && s.size_mb == 0 && s.droplet_id == 0);
        cJSON_Delete(json);
    }
}

/* Words that do not fit are left out whole; names are cut between characters. */
static void test_long_texts(void **state)
{
    struct str text = STR(10000);
    struct snapshot s = {0};
    struct err e = {0};
    (void)state;
    str_add(&text, "{\"id\":1,\"created_at\":\"2026-11-20T18:00:00Z\",\"name\":\"");
    for (int i = 0; i < 300; i++)
        str_add(&text, "\xC3\xA9");
    str_add(&text, "\",\"tags\":[\"dogs\"");
    for (int i = 100; i < 200; i++)
        str_addf(&text, ",\"dogs:server-%d\"", i);
    str_add(&text, "]}");
    cJSON *json = parsed(str_text(&text));
    OK(parse_snapshot(json, &s, &e), e);
    assert_true(str_is_utf8(s.name, strlen(s.name)));
    assert_true(strlen(s.name) >= 253);
    assert_true(strlen(s.tags) < sizeof s.tags && s.tags[strlen(s.tags) - 1] == ' ');
    assert_true(cloud_has(s.tags, "dogs:server-100") && cloud_has(s.tags, "dogs:server-110"));
    for (char *at = s.tags; (at = strstr(at, "dogs:")); at++)
        assert_int_equal(strcspn(at, " "), strlen("dogs:server-100"));
    cJSON_Delete(json);
    str_release(&text);
}

#define METRICS(values) "{\"resultType\":\"matrix\",\"result\":[" values "]}"
#define LINE(values) "{\"metric\":{\"host_id\":\"1\"},\"values\":[" values "]}"

static void test_traffic(void **state)
{
    static const struct {
        const char *json;
        int64_t kbps; /* -2: refused */
    } rows[] = {
        {METRICS(""), -1},
        {METRICS(LINE("")), -1},
        {METRICS(LINE("[1700000000,\"0\"]")), 0},
        {METRICS(LINE("[1700000000,\"0.25\"],[1700000120,\"1.5\"],[1700000240,\"0.1\"]")), 1500},
        {METRICS(LINE("[1,\"0.1\"]") "," LINE("[1,\"0.3\"]")), 300},
        {METRICS(LINE("[1,\"NaN\"],[2,\"\"],[3,\"-1\"],[4,\"1e99\"],[5,\"2x\"]")), -1},
        {METRICS(LINE("[1,2],[3],7,null,\"x\",[1,[2]]")), -1},
        {METRICS("null,3,\"x\",{}"), -1},
        {"{\"result\":{}}", -2},
        {"{}", -2},
        {"null", -2},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        cJSON *json = parsed(rows[i].json);
        int64_t kbps = 7;
        bool ok = parse_traffic(json, &kbps, &e);
        ROW(i, ok == (rows[i].kbps != -2));
        ROW(i, !ok || kbps == rows[i].kbps);
        cJSON_Delete(json);
    }
}

static void test_words(void **state)
{
    static const struct {
        const char *words, *word;
        bool has;
    } rows[] = {
        {" dogs dogs:mc ", "dogs", true},
        {" dogs dogs:mc ", "dogs:mc", true},
        {" dogs dogs:mc2 ", "dogs:mc", false},
        {" dogs:mc ", "dogs", false},
        {" dogs:mc-modded ", "dogs:mc", false},
        {" xdogs:mc ", "dogs:mc", false},
        {" dogs:MC ", "dogs:mc", false},
        {"", "dogs", false},
        {" dogs ", "", false},
        {"", "", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        ROW(i, cloud_has(rows[i].words, rows[i].word) == rows[i].has);
    for (int s = DROPLET_NEW; s <= DROPLET_UNKNOWN; s++)
        assert_true(*droplet_status_name((enum droplet_status)s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_droplet),       cmocka_unit_test(test_droplet_states),
        cmocka_unit_test(test_action_states), cmocka_unit_test(test_snapshot),
        cmocka_unit_test(test_refusals),      cmocka_unit_test(test_odd_figures_become_none),
        cmocka_unit_test(test_long_texts),    cmocka_unit_test(test_traffic),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
