#include <dogs/http.h>
#include <dogs/json.h>
#include <dogs/os.h>
#include <dogs/sandbox.h>
#include <dogs/work.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define THIN "dop_v1_sandbox_thin_"
#define MC "\"name\":\"mc\",\"size\":\"s-1vcpu-1gb\",\"image\":\"debian-12-x64\""

static struct http *client;
static char *dir;
static struct sandbox *sb;

static struct sandbox *start(double speed)
{
    struct err e = {0};
    struct sandbox *s = sandbox_start(&(struct sandbox_opts){.dir = dir, .speed = speed}, &e);
    if (!s)
        fail_msg("%s", e.text);
    return s;
}

/* Every test has a folder and a sandbox of its own whose clock hardly moves by itself. */
static int setup(void **state)
{
    static int n;
    (void)state;
    dir = xasprintf("/tmp/dogs-test-sandbox-%lld-%d", (long long)os_pid(), n++);
    sb = start(0.001);
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"world.json", "pulse", "log.jsonl", "world.lock",
                                        "serving.lock"};
    struct err e;
    (void)state;
    sandbox_stop(sb);
    for (size_t i = 0; i < COUNT(files); i++) {
        char *path = os_path_join(dir, files[i]);
        os_remove_file(path, &e);
        free(path);
    }
    remove(dir);
    free(dir);
    return 0;
}

/* One request to a sandbox; the status (0 = none came), and the JSON of the answer if asked for. */
static int send_to(struct sandbox *to, const char *method, const char *path, const char *body,
                   const char *token, cJSON **json)
{
    struct http_resp r = {0};
    struct err e = {0};
    char *url = xasprintf("%s%s", sandbox_url(to), path);
    bool ok = http_do(client,
                      &(struct http_req){.method = method,
                                         .url = url,
                                         .bearer = token ? token : SANDBOX_TOKEN,
                                         .body = body,
                                         .body_len = body ? strlen(body) : 0},
                      &r, NULL, &e);
    if (json)
        *json = ok ? json_parse(str_text(&r.body), r.body.len, &e) : NULL;
    int status = ok ? r.status : 0;
    http_resp_release(&r);
    free(url);
    return status;
}

static int64_t get_int(const char *path, const char *where)
{
    cJSON *json = NULL;
    send_to(sb, "GET", path, NULL, NULL, &json);
    int64_t value = json_int(json, where, -1);
    cJSON_Delete(json);
    return value;
}

static void control(const char *path, const char *body)
{
    int status = send_to(sb, "POST", path, body, NULL, NULL);
    if (status != 200 && status != 204)
        fail_msg("POST %s %s: %d", path, body, status);
}

/* A row: what is asked, and what must be answered. `want` is the JSON text of the value at `where`;
 * "-" means that it must be absent, NULL that nobody looks. %D and %S in paths and bodies are the
 * ids of the droplet and the snapshot that `keep` picked from earlier answers. */
struct row {
    const char *method, *path, *body;
    int status;
    const char *where, *want, *token;
    char keep; /* 'D' or 'S': the number at `where` is that id from now on */
};

static int64_t kept[128];

static char *filled(const char *text)
{
    struct str out = STR(64 * 1024);
    for (const char *p = text; p && *p; p++) {
        if (p[0] == '%' && (p[1] == 'D' || p[1] == 'S'))
            str_addf(&out, "%lld", (long long)kept[(int)*++p]);
        else
            str_addn(&out, p, 1);
    }
    return text ? str_take(&out) : NULL;
}

static void check(const struct row *r, size_t i)
{
    cJSON *json = NULL;
    char *path = filled(r->path), *body = filled(r->body), *want = filled(r->want);
    int status = send_to(sb, r->method, path, body, r->token, &json);
    const cJSON *at = json && r->where ? json_at(json, r->where) : NULL;
    char *text = at ? json_print(at) : xstrdup("-");
    if (status != r->status || (want && strcmp(text, want) != 0)) {
        char *all = json ? json_print(json) : NULL;
        fail_msg("row %zu: %s %s %s: %d (expected %d), %s = %s (expected %s) in %.2000s", i,
                 r->method, path, body ? body : "", status, r->status, r->where ? r->where : "-",
                 text, want ? want : "-", all ? all : "nothing");
    }
    if (r->keep)
        kept[(int)r->keep] = json_int(json, r->where, 0);
    free(text);
    free(want);
    free(body);
    free(path);
    cJSON_Delete(json);
}

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(&rows[i], i);
}

#define CHECK(...)                                                                                 \
    do {                                                                                           \
        static const struct row rows[] = {__VA_ARGS__};                                            \
        check_rows(rows, COUNT(rows));                                                             \
    } while (0)
#define GET(p, s, w, v)                                                                            \
    {                                                                                              \
        .method = "GET", .path = p, .status = s, .where = w, .want = v                             \
    }
#define POST(p, b, s, w, v)                                                                        \
    {                                                                                              \
        .method = "POST", .path = p, .body = b, .status = s, .where = w, .want = v                 \
    }
#define DELETE(p, s)                                                                               \
    {                                                                                              \
        .method = "DELETE", .path = p, .status = s                                                 \
    }
#define ADVANCE(s) POST("/sandbox/advance", "{\"seconds\":" #s "}", 200, NULL, NULL)
#define KEEP(which, p, b, s, w)                                                                    \
    {                                                                                              \
        .method = (b) ? "POST" : "GET", .path = p, .body = b, .status = s, .where = w,             \
        .keep = which                                                                              \
    }
#define CREATE KEEP('D', "/v2/droplets", "{" MC ",\"region\":\"fra1\"}", 202, "droplet.id")
#define ACT(b, s) POST("/v2/droplets/%D/actions", b, s, NULL, NULL)
#define STATUS(v) GET("/v2/droplets/%D", 200, "droplet.status", v)

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
            "\"mc2\",\"tags\":[\"t\"]}],\"snapshots\":[{\"name\":\"a\"},{\"name\":\"b\","
            "\"resource_type\":\"volume\"}]}");
    CHECK(
        GET("/v2/droplets?name=MC", 200, "meta.total", "2"),
        GET("/v2/droplets?tag_name=t", 200, "meta.total", "1"),
        GET("/v2/droplets?tag_name=T", 200, "meta.total", "0"),
        GET("/v2/droplets?per_page=1", 200, "links.pages.prev", "-"),
        GET("/v2/droplets?per_page=1&page=2", 200, "meta.total", "3"),
        GET("/v2/droplets?per_page=1&page=3", 200, "links.pages.next", "-"),
        GET("/v2/droplets?per_page=1&page=9", 200, "droplets", "[]"),
        GET("/v2/snapshots", 200, "meta.total", "2"),
        GET("/v2/snapshots?resource_type=volume", 200, "snapshots[0].resource_type", "\"volume\""),
        GET("/v2/snapshots?resource_type=droplet", 200, "meta.total", "1"),
        GET("/v2/images?private=true", 200, "images[0].name", "\"a\""),
        POST("/sandbox/faults", "{\"faults\":[{\"kind\":\"droplet.list\",\"do\":\"short_list\"}]}",
             200, NULL, NULL),
        GET("/v2/droplets", 200, "droplets[2]", "-"), GET("/v2/droplets", 200, "meta.total", "3"));
}

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
          FAULT("snapshot", "empty"), ACT("{\"type\":\"snapshot\",\"name\":\"e\"}", 201),
          ADVANCE(100), GET("/v2/snapshots", 200, "snapshots[0].size_gigabytes", "0"),
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
          GET("/sandbox/state", 200, "droplets[1].unclean", "true"));
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
    int64_t a = virtual_ms(sb), real = os_mono_ms();
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

static int open_client(void **state)
{
    struct err e = {0};
    (void)state;
    client = http_new(&(struct http_opts){.user_agent = "test"}, &e);
    return client ? 0 : -1;
}

static int close_client(void **state)
{
    (void)state;
    http_free(client);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_evening),    TEST(test_refusals),    TEST(test_tokens),
        TEST(test_lists),      TEST(test_wire_faults), TEST(test_outcomes),
        TEST(test_counters),   TEST(test_worlds_lost), TEST(test_neighbours),
        TEST(test_clock),      TEST(test_hang),        TEST(test_two_instances),
        TEST(test_rate_limit), TEST(test_retry_after), TEST(test_many),
    };
    return cmocka_run_group_tests(tests, open_client, close_client);
}
