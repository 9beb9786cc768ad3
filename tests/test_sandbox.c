#include "sandbox_peer.h"

/* Reference 9, nos. 2, 3, 4, 6, 11: what is true when. */
static void test_evening(void **state)
{
    (void)state;
    CHECK(CREATE, GET("/v2/droplets", 200, "meta.total", "0"), STATUS("\"new\""),
          ACT("{\"type\":\"reboot\"}", 422),
          GET("/v2/droplets/%D/actions", 200, "actions[0].status", "\"in-progress\""), ADVANCE(3),
          GET("/v2/droplets/", 200, "meta.total", "1"), ADVANCE(43),
          GET("/v2/droplets/%D/actions", 200, "actions[0].status", "\"completed\""),
          STATUS("\"new\""), ADVANCE(4), STATUS("\"active\""),
          GET("/v2/droplets/%D", 200, "droplet.networks.v4", "[]"), ADVANCE(3),
          GET("/v2/droplets/%D", 200, "droplet.networks.v4[0].gateway", "\"nil\""),
          GET("/v2/droplets/%D", 200, "droplet.networks.v4[1].type", "\"public\""),
          POST("/sandbox/play", "{\"server\":\"mc\"}", 200, "world", "2"),
          ACT("{\"type\":\"shutdown\"}", 201), ADVANCE(3),
          GET("/v2/droplets/%D/actions", 200, "actions[0].status", "\"completed\""),
          STATUS("\"active\""), ADVANCE(13), STATUS("\"off\""),
          POST("/sandbox/play", "{\"server\":\"mc\"}", 404, NULL, NULL),
          ACT("{\"type\":\"power_off\"}", 422),
          ACT("{\"type\":\"snapshot\",\"name\":\"mc-1790000000\"}", 201),
          DELETE("/v2/droplets/%D", 422), ADVANCE(91),
          GET("/v2/droplets/%D/actions", 200, "actions[0].status", "\"completed\""),
          GET("/v2/snapshots", 200, "meta.total", "0"), ADVANCE(3),
          KEEP('S', "/v2/droplets/%D/snapshots", NULL, 200, "snapshots[0].id"),
          GET("/v2/snapshots?resource_type=droplet", 200, "snapshots[0].id", "\"%S\""),
          GET("/v2/snapshots/%S", 200, "snapshot.resource_id", "\"%D\""),
          GET("/v2/snapshots/%S", 200, "snapshot.min_disk_size", "25"),
          GET("/v2/snapshots/%S", 200, "snapshot.regions", "[\"fra1\"]"),
          DELETE("/v2/droplets/%D", 204), STATUS("\"off\""), ADVANCE(7),
          GET("/v2/droplets/%D", 404, "id", "\"not_found\""), DELETE("/v2/droplets/%D", 404),
          GET("/sandbox/state", 200, "counters.worlds_lost", "0"),
          GET("/sandbox/state", 200, "counters.deletes_repeated", "1"),
          KEEP('D', "/v2/droplets",
               "{\"name\":\"mc\",\"size\":\"c-2\",\"region\":\"fra1\",\"image\":%S}", 202,
               "droplet.id"),
          ADVANCE(70), STATUS("\"active\""),
          POST("/sandbox/play", "{\"droplet_id\":%D}", 200, "world", "3"));
}

static void test_refusals(void **state)
{
    (void)state;
    control("/sandbox/put", "{\"snapshots\":[{\"id\":7000000001,\"min_disk_gb\":50}],\"droplets\":"
                            "[{\"id\":7000000002,\"tags\":[\"t\"]}]}");
#define NEW(b, text) POST("/v2/droplets", "{\"name\":\"mc\"," b "}", 422, "message", "\"" text "\"")
#define SMALL "\"size\":\"s-1vcpu-1gb\""
#define DEBIAN "\"image\":\"debian-12-x64\""
    CHECK(NEW(SMALL "," DEBIAN ",\"region\":\"ams2\"", "Region is not available"),
          NEW(DEBIAN ",\"size\":\"m-2vcpu-16gb\",\"region\":\"fra1\"",
              "Size is not available in this region."),
          NEW(DEBIAN ",\"size\":\"s-1vcpu-3gb\",\"region\":\"fra1\"",
              "Size is not available in this region."),
          NEW(SMALL ",\"image\":\"mc-base\",\"region\":\"fra1\"",
              "You specified an invalid image for Droplet creation."),
          NEW(SMALL ",\"image\":7000000001,\"region\":\"nyc3\"",
              "The image is not available in the selected region."),
          NEW(SMALL ",\"image\":7000000001,\"region\":\"fra1\"",
              "The disk of this size is too small for the image (50 GB needed)."),
          POST("/v2/droplets", "{" MC ",\"region\":\"fra1\",\"ssh_keys\":[1]}", 422, NULL, NULL),
          POST("/v2/droplets", "{" MC ",\"region\":\"fra1\",\"tags\":[\"a.b\"]}", 422, NULL, NULL),
          POST("/v2/droplets", "{\"name\":\"a_b\"," SMALL "," DEBIAN "}", 422, NULL, NULL),
          POST("/v2/droplets", "{", 400, "id", "\"bad_request\""),
          GET("/v2/snapshots/194569101", 400, "message", "\"the resource is not a snapshot\""),
          POST("/v2/droplets/7000000002/actions", "{\"type\":\"fly\"}", 404, "message",
               "\"The specified action type is not available.\""),
          GET("/v2/droplets?tag_name=t&type=droplets", 422, NULL, NULL),
          GET("/v2/droplets?per_page=201", 422, NULL, NULL),
          POST("/v2/tags", "{\"name\":\"T\"}", 422, NULL, NULL),
          POST("/v2/tags", "{\"name\":\"a.b\"}", 400, "root_causes", "[]"),
          GET("/v2/nothing", 404, NULL, NULL), DELETE("/v2/account", 405),
          POST("/sandbox/settings", "{\"droplet_limit\":1}", 200, NULL, NULL),
          NEW(SMALL "," DEBIAN, "creating this/these droplet(s) will exceed your droplet limit"));
}

static void test_tokens(void **state)
{
    (void)state;
    control("/sandbox/put", "{\"droplets\":[{\"id\":7000000002,\"tags\":[\"t\"]}],\"snapshots\":"
                            "[{\"id\":7000000003,\"tags\":[\"t\"]}]}");
#define D_PATH "/v2/droplets/7000000002"
    static const struct row rows[] = {
        {"GET", "/v2/account", NULL, 401, "message", "\"Unable to authenticate you\"", "nobody", 0},
        {"GET", D_PATH, NULL, 200, "droplet.tags", "[\"t\"]", NULL, 0},
        {"GET", D_PATH, NULL, 403, "id", "\"forbidden\"", THIN "droplet:read", 0},
        {"GET", D_PATH, NULL, 200, "droplet.tags", "-", THIN "tag:read", 0},
        {"GET", D_PATH, NULL, 200, "droplet.image", "-", THIN "vpc:read,image:read", 0},
        {"GET", D_PATH, NULL, 200, "droplet.snapshot_ids", "-", THIN "image:read", 0},
        {"GET", D_PATH, NULL, 200, "droplet.volume_ids", "-", THIN "block_storage:read", 0},
        {"GET", D_PATH, NULL, 200, "droplet.vpc_uuid", "-", THIN "vpc:read", 0},
        {"GET", "/v2/snapshots/7000000003", NULL, 200, "snapshot.tags", "-", THIN "tag:read", 0},
        {"GET", "/v2/regions", NULL, 200, "regions[1].sizes", "-", THIN "sizes:read", 0},
        {"DELETE", D_PATH, NULL, 403, NULL, NULL, THIN "droplet:delete", 0},
        {"POST", D_PATH "/actions", "{\"type\":\"snapshot\"}", 403, NULL, NULL, THIN "image:create",
         0},
    };
    check_rows(rows, COUNT(rows));
}

static void test_lists(void **state)
{
    (void)state;
    control("/sandbox/put",
            "{\"droplets\":[{\"id\":7000000001,\"name\":\"Mc\"},{\"name\":\"mc\"},{\"name\":"
            "\"mc2\",\"tags\":[\"t\"]},{\"id\":5}],\"snapshots\":[{\"name\":\"a\"},{\"name\":\"b\","
            "\"resource_type\":\"volume\"}]}");
    CHECK(
        GET("/v2/droplets?name=MC", 200, "meta.total", "2"),
        GET("/v2/droplets?tag_name=t", 200, "meta.total", "1"),
        GET("/v2/droplets?tag_name=T", 200, "meta.total", "0"),
        GET("/v2/droplets?per_page=1", 200, "links.pages.prev", "-"),
        GET("/v2/droplets?per_page=1&page=2", 200, "meta.total", "4"),
        GET("/v2/droplets/5", 200, "droplet.id", "5"),
        GET("/v2/droplets?per_page=1&page=4", 200, "links.pages.next", "-"),
        GET("/v2/droplets?per_page=1&page=9", 200, "droplets", "[]"),
        GET("/v2/snapshots", 200, "meta.total", "2"),
        GET("/v2/snapshots?resource_type=volume", 200, "snapshots[0].resource_type", "\"volume\""),
        GET("/v2/snapshots?resource_type=droplet", 200, "meta.total", "1"),
        GET("/v2/images?private=true", 200, "images[0].name", "\"a\""),
        POST("/sandbox/faults", "{\"faults\":[{\"kind\":\"droplet.list\",\"do\":\"short_list\"}]}",
             200, NULL, NULL),
        GET("/v2/droplets", 200, "droplets[3]", "-"), GET("/v2/droplets", 200, "meta.total", "4"));
}

/* Each row: the account, what is deleted, how many worlds that loses. */
static void test_worlds_lost(void **state)
{
    (void)state;
#define D1 "{\"id\":7000000001,\"name\":\"mc\",\"world\":3,\"born_world\":2}"
#define COPY "{\"id\":7000000001,\"name\":\"mc\",\"world\":3,\"born_world\":3}"
#define D2 ",{\"id\":7000000002,\"name\":\"mc\",\"world\":3,\"born_world\":3}"
#define S(id, name, world) "{\"id\":" #id ",\"name\":\"" name "\",\"world\":" #world "}"
#define DROPLET "/v2/droplets/7000000001"
#define SNAPSHOT "/v2/snapshots/8000000001"
    static const struct {
        const char *droplets, *snapshots, *victim;
        int64_t lost;
    } rows[] = {
        {D1, "", DROPLET, 1},
        {D1, S(8000000001, "mc-1790000000", 2), DROPLET, 1},
        {D1, S(8000000001, "mc-1790000000", 3), DROPLET, 0},
        {D1, S(8000000001, "mc2-1790000000", 3), DROPLET, 1},
        {D1 D2, S(8000000001, "mc-1790000000", 2), DROPLET, 1},
        {COPY D2, "", DROPLET, 0},
        {COPY, "", DROPLET, 1},
        {"", S(8000000001, "mc-1790000000", 3), SNAPSHOT, 1},
        {"", S(8000000001, "mc-1790000000", 3) "," S(8000000002, "mc-1790000001", 3), SNAPSHOT, 0},
        {"", S(8000000001, "mc-1790000000", 3) "," S(8000000002, "mc2-1790000001", 3), SNAPSHOT, 1},
        {"", S(8000000001, "mc-1790000000", 2) "," S(8000000002, "mc-base", 3), SNAPSHOT, 0},
        {D1, S(8000000001, "mc-1790000000", 3), SNAPSHOT, 0},
        {"", S(8000000001, "other", 0), SNAPSHOT, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e;
        char *put = xasprintf("{\"droplets\":[%s],\"snapshots\":[%s]}", rows[i].droplets,
                              rows[i].snapshots);
        assert_true(sandbox_reset(dir, &e));
        control("/sandbox/put", put);
        assert_int_equal(send_to(sb, "DELETE", rows[i].victim, NULL, NULL, NULL), 204);
        int64_t lost = get_int("/sandbox/state", "counters.worlds_lost");
        if (lost != rows[i].lost)
            fail_msg("row %zu: %s: lost %d", i, put, (int)lost);
        free(put);
    }
}

static void test_counters(void **state)
{
    (void)state;
    control("/sandbox/put",
            "{\"droplets\":[{\"id\":7000000001,\"tags\":[\"t\"]},{\"id\":7000000002,\"tags\":"
            "[\"t\"]}]}");
    CHECK(
        DELETE("/v2/droplets/7000000001/destroy_with_associated_resources/dangerous", 400),
        POST("/v2/droplets/7000000001/actions", "{\"type\":\"rebuild\",\"image\":1}", 201, NULL,
             NULL),
        DELETE("/v2/droplets?tag_name=t", 204), DELETE("/v2/tags/t", 204),
        GET("/sandbox/state", 200, "counters",
            "{\"deletes_repeated\":0,\"dangerous_called\":1,\"by_tag_called\":1,\"tag_deleted\":1,"
            "\"put_firewall\":0,\"rebuild_restore_called\":1,\"worlds_lost\":1}"),
        GET("/sandbox/state", 200, "requests.tag\\.delete", NULL));
    assert_int_equal(get_int("/sandbox/log", "log[3].status"), 204);
}

/* Reference 9, no. 12. */
static void test_neighbours(void **state)
{
    (void)state;
    control("/sandbox/put",
            "{\"reserved_ips\":[{\"ip\":\"203.0.113.9\",\"droplet_id\":7000000001}],"
            "\"volumes\":[{\"uuid\":\"11111111-0000-4000-8000-000000000001\","
            "\"droplet_id\":7000000001}],\"droplets\":[{\"id\":7000000001}],"
            "\"tags\":[{\"name\":\"dogs\"}]}");
#define WALL "/v2/firewalls/00000000-0000-4000-8000-000000000001"
    CHECK(DELETE("/v2/volumes/11111111-0000-4000-8000-000000000001", 409),
          GET("/v2/droplets/7000000001", 200, "droplet.volume_ids[0]",
              "\"11111111-0000-4000-8000-000000000001\""),
          POST(WALL "/tags", "{\"tags\":[\"nowhere\"]}", 422, NULL, NULL),
          POST(WALL "/tags", "{\"tags\":[\"dogs\"]}", 204, NULL, NULL),
          KEEP('D', "/v2/droplets", "{" MC ",\"region\":\"fra1\",\"tags\":[\"dogs\"]}", 202,
               "droplet.id"),
          GET(WALL, 200, "firewall.status", "\"waiting\""),
          GET(WALL, 200, "firewall.pending_changes[0].droplet_id", "%D"), ADVANCE(6),
          GET(WALL, 200, "firewall.status", "\"succeeded\""),
          GET("/v2/droplets/%D/firewalls", 200, "meta.total", "1"),
          DELETE("/v2/droplets/7000000001", 204), ADVANCE(9),
          GET("/v2/reserved_ips/203.0.113.9", 200, "reserved_ip.droplet", "null"),
          GET("/sandbox/state", 200, "reserved_ips[0].droplet_id", "0"),
          DELETE("/v2/volumes/11111111-0000-4000-8000-000000000001", 204));
}

static int64_t virtual_ms(struct sandbox *of)
{
    cJSON *json = NULL;
    send_to(of, "GET", "/sandbox/state", NULL, NULL, &json);
    int64_t ms = json_int(json, "virtual_ms", 0);
    cJSON_Delete(json);
    return ms;
}

/* Fast while served, as the wall between; never back, whoever asks. */
static void test_clock(void **state)
{
    (void)state;
    sandbox_stop(sb);
    sb = start(1000);
    int64_t real = os_mono_ms();
    int64_t a = virtual_ms(sb);
    cancel_sleep(NULL, 50);
    int64_t b = virtual_ms(sb);
    assert_true(b - a >= 50 * 1000 && b - a <= (os_mono_ms() - real + 2) * 1000);
    struct sandbox *second = start(0);
    cancel_sleep(NULL, 20);
    int64_t of_second = virtual_ms(second);
    assert_true(of_second >= b + 20 * 1000);
    assert_true(virtual_ms(sb) >= of_second);
    sandbox_stop(second);
    cancel_sleep(NULL, 20);
    struct err e = {0};
    assert_false(sandbox_play(dir, "nobody", NULL, &e)); /* looks at the clock in passing */
    int64_t c = virtual_ms(sb);
    assert_true(c >= of_second + 20 * 1000);
    sandbox_stop(sb);
    real = os_mono_ms();
    cancel_sleep(NULL, 100);
    sb = start(0);
    int64_t d = virtual_ms(sb);
    assert_true(d >= c && d - c < 60 * 1000);
}

static void test_two_instances(void **state)
{
    (void)state;
    struct sandbox *second = start(0);
    struct err e = {0};
    long generation = 0;
    CHECK(CREATE, ADVANCE(60));
    char *path = filled("/v2/droplets/%D");
    assert_int_equal(send_to(second, "GET", path, NULL, NULL, NULL), 200);
    assert_true(sandbox_play(dir, "mc", &generation, &e));
    assert_int_equal(generation, 2);
    assert_false(sandbox_play(dir, "mc2", &generation, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_int_equal(get_int("/sandbox/state", "droplets[0].world"), 2);
    assert_int_equal(send_to(second, "DELETE", path, NULL, NULL, NULL), 204);
    CHECK(ADVANCE(10), GET("/v2/droplets/%D", 404, NULL, NULL));
    assert_true(sandbox_reset(dir, &e));
    CHECK(GET("/sandbox/state", 200, "droplets", "[]"));
    free(path);
    sandbox_stop(second);
}

/* Many objects: not timed, but quadratic work would be felt. */
static void test_many(void **state)
{
    struct str put = STR(4 * 1024 * 1024);
    (void)state;
    str_add(&put, "{\"droplets\":[{}");
    for (int i = 1; i < 2000; i++)
        str_add(&put, ",{\"name\":\"web\"}");
    str_add(&put, "],\"snapshots\":[{}");
    for (int i = 1; i < 5000; i++)
        str_add(&put, ",{\"name\":\"web-1\"}");
    str_add(&put, "]}");
    control("/sandbox/put", put.p);
    str_release(&put);
    CHECK(GET("/v2/droplets?per_page=200&page=10", 200, "links.pages.next", "-"),
          GET("/v2/droplets?per_page=200&page=10", 200, "meta.total", "2000"),
          GET("/v2/snapshots?per_page=200&page=25", 200, "meta.total", "5000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_evening),       TEST(test_refusals),    TEST(test_tokens),     TEST(test_lists),
        TEST(test_counters),      TEST(test_worlds_lost), TEST(test_neighbours), TEST(test_clock),
        TEST(test_two_instances), TEST(test_many),
    };
    return cmocka_run_group_tests(tests, open_client, close_client);
}
