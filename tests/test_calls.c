#include "fake_api.h"
#include <dogs/json.h>

static struct fake_api api;
static struct cloud *cloud;

static int begin(void **state)
{
    (void)state;
    api_start(&api);
    cloud = api_cloud(&api, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    cloud_free(cloud);
    api_stop(&api);
    return 0;
}

/* The conversation as "METHOD path; ...". */
static char *talk(void)
{
    struct str text = STR(10000);
    for (size_t i = 0; i < api_count(&api) && i < API_LOGGED; i++)
        str_addf(&text, "%s%s %s", i ? "; " : "", api.asked[i].method, api.asked[i].path);
    return str_take(&text);
}

static const char *const tags[] = {"dogs", "dogs:mc", NULL};

static void test_what_create_sends(void **state)
{
    static char *const keys[] = {"3000000001", "3b:16:bf", "0123", NULL};
    static const struct {
        struct droplet_new d;
        const char *body;
    } rows[] = {
        {{.name = "mc",
          .region = "fra1",
          .size = "s-1",
          .image_slug = "debian-12-x64",
          .tags = tags,
          .user_data = "#!/bin/sh\n\"x\""},
         "{\"name\":\"mc\",\"region\":\"fra1\",\"size\":\"s-1\",\"image\":\"debian-12-x64\","
         "\"tags\":[\"dogs\",\"dogs:mc\"],\"user_data\":\"#!/bin/sh\\n\\\"x\\\"\"}"},
        /* set-up never runs over a restored world */
        {{.name = "mc",
          .region = "fra1",
          .size = "s-1",
          .image_id = 3000000001,
          .tags = tags,
          .user_data = "#!/bin/sh",
          .monitoring = true,
          .ipv6 = true,
          .vpc_uuid = "v-1"},
         "{\"name\":\"mc\",\"region\":\"fra1\",\"size\":\"s-1\",\"image\":3000000001,"
         "\"tags\":[\"dogs\",\"dogs:mc\"],\"vpc_uuid\":\"v-1\",\"monitoring\":true,\"ipv6\":true}"},
        {{.name = "mc",
          .region = "fra1",
          .size = "s-1",
          .image_id = 5,
          .tags = tags,
          .ssh_keys = keys,
          .vpc_uuid = ""},
         "{\"name\":\"mc\",\"region\":\"fra1\",\"size\":\"s-1\",\"image\":5,\"ssh_keys\":"
         "[3000000001,\"3b:16:bf\",123],\"tags\":[\"dogs\",\"dogs:mc\"]}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        char *body = cloud_droplet_body(&rows[i].d);
        cJSON *json = json_parse(body, strlen(body), &e);
        if (!json)
            fail_msg("row %zu: %s: %s", i, e.text, body);
        cJSON_Delete(json);
        ROW_TEXT(i, body, rows[i].body);
        free(body);
    }
}

/* Whatever else the answer lacks: with an id the droplet is known, and without one nobody may think
 * that nothing happened. */
static void test_create_reads_its_droplet(void **state)
{
    static const struct {
        struct answer script[1];
        enum err_code code;
    } rows[] = {
        {{SAY(202, "{\"droplet\":{\"id\":3000000001,\"name\":\"mc\",\"status\":\"new\",\"tags\":"
                   "[\"dogs:mc\"],\"volume_ids\":[],\"networks\":{}},\"links\":{}}")},
         ERR_OK},
        {{SAY(202, "{\"droplet\":{\"id\":3000000001,\"name\":\"mc\",\"status\":\"new\"}}")},
         ERR_OK},
        {{SAY(202, "{\"droplet\":{\"id\":3000000001}}")}, ERR_OK},
        {{SAY(202, "{\"droplet\":{\"name\":\"mc\"}}")}, ERR_PROTOCOL},
        {{SAY(202, "{\"droplets\":[]}")}, ERR_PROTOCOL},
        {{SAY(202, "null")}, ERR_PROTOCOL},
        {{SAY(204, "")}, ERR_PROTOCOL},
    };
    const struct droplet_new d = {
        .name = "mc", .region = "fra1", .size = "s-1", .image_id = 5, .tags = tags};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct droplet made;
        struct err e = {0};
        api_script(&api, rows[i].script, 1);
        ROW(i, cloud_droplet_create(cloud, &d, &made, &e) == (rows[i].code == ERR_OK));
        ROW(i, e.code == rows[i].code && e.ambiguous == (rows[i].code != ERR_OK));
        ROW(i, rows[i].code != ERR_OK || made.id == 3000000001);
        ROW(i, api_count(&api) == 1);
    }
}

static void test_check_tags(void **state)
{
    static const struct answer yes[] = {SAY(200, "{\"tags\":[]}")}, no[] = {SAY(403, "{}")};
    struct err e = {0};
    (void)state;
    api_script(&api, yes, 1);
    OK(cloud_check_tags(cloud, &e), e);
    assert_string_equal(api.asked[0].path, "/v2/tags");
    api_script(&api, no, 1);
    assert_false(cloud_check_tags(cloud, &e));
    assert_int_equal(e.code, ERR_AUTH);
    assert_non_null(strstr(e.hint, "tag:read"));
}

/* Tags and firewalls: the tag is made where there is none; putting it on twice is harmless. */
static void test_tagging(void **state)
{
#define TAGS "POST /v2/tags"
#define IT "POST /v2/tags/dogs:mc/resources"
    static const struct {
        struct answer script[8];
        const char *talk;
        enum err_code code;
        int http_status;
        const char *hint;
    } rows[] = {
        {{SAY(204, "")}, IT, ERR_OK, 0, ""},
        {{SAY(404, "{}"), SAY(201, "{\"tag\":{}}"), SAY(204, "")},
         IT "; " TAGS "; " IT,
         ERR_OK,
         0,
         ""},
        {{SAY(404, "{}"), SAY(422, "{\"message\":\"exists\"}"), SAY(204, "")},
         IT "; " TAGS "; " IT,
         ERR_OK,
         0,
         ""},
        {{CUT, SAY(204, "")}, IT "; " IT, ERR_OK, 0, ""},
        {{SAY(500, ""), SAY(502, ""), SAY(204, "")}, IT "; " IT "; " IT, ERR_OK, 0, ""},
        /* a resource so new that it is not found everywhere yet */
        {{SAY(404, "{}"), SAY(201, "{}"), SAY(404, "{}"), SAY(404, "{}"), SAY(204, "")},
         IT "; " TAGS "; " IT "; " IT "; " IT,
         ERR_OK,
         0,
         ""},
        {{SAY(404, "{}"), SAY(201, "{}"), SAY(404, "{}")},
         IT "; " TAGS "; " IT "; " IT "; " IT "; " IT "; " IT,
         ERR_NOT_FOUND,
         404,
         ""},
        {{SAY(404, "{}"), SAY(201, "{}"), SAY(422, "{}"), SAY(204, "")},
         IT "; " TAGS "; " IT,
         ERR_REFUSED,
         422,
         ""},
        {{SAY(403, "{}")}, IT, ERR_AUTH, 403, "tag:create"},
        /* what hindered the making of the tag is what must be told */
        {{SAY(404, "{}"), SAY(403, "{}")}, IT "; " TAGS, ERR_AUTH, 403, "tag:create"},
        /* the tag is missing, but that is learnt at the second try only */
        {{SAY(500, ""), SAY(404, "{}"), SAY(201, "{}"), SAY(204, "")},
         IT "; " IT "; " TAGS "; " IT,
         ERR_OK,
         0,
         ""},
        {{SAY(500, "")}, IT "; " IT "; " IT "; " IT "; " IT "; " IT, ERR_REFUSED, 500, "trouble"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        api_script(&api, rows[i].script, COUNT(rows[i].script));
        bool ok = cloud_tag_snapshot(cloud, "dogs:mc", 3000000001, &e);
        char *was = talk();
        ROW_TEXT(i, was, rows[i].talk);
        free(was);
        ROW(i, ok == (rows[i].code == ERR_OK) && e.code == rows[i].code);
        ROW(i, e.http_status == rows[i].http_status && strstr(e.hint, rows[i].hint));
        ROW_TEXT(i, api.asked[0].body,
                 "{\"resources\":[{\"resource_id\":\"3000000001\",\"resource_type\":\"image\"}]}");
    }
#undef IT
#undef TAGS
}

static void test_tagging_others(void **state)
{
    static const struct answer good[] = {SAY(204, "")};
    struct err e = {0};
    (void)state;
    api_script(&api, good, 1);
    OK(cloud_tag_droplet(cloud, "dogs:mc", 5, &e), e);
    assert_string_equal(api.asked[0].body,
                        "{\"resources\":[{\"resource_id\":\"5\",\"resource_type\":\"droplet\"}]}");
    api_script(&api, good, 1);
    OK(cloud_firewall_add_tag(cloud, "bb4b2611-3d72-467b-8602-280330ecd65c", "dogs:mc", &e), e);
    assert_string_equal(api.asked[0].path,
                        "/v2/firewalls/bb4b2611-3d72-467b-8602-280330ecd65c/tags");
    assert_string_equal(api.asked[0].body, "{\"tags\":[\"dogs:mc\"]}");
}

static void test_actions_newest_first(void **state)
{
    static const struct answer script[] = {
        SAY(200, "{\"actions\":["
                 "{\"id\":5,\"status\":\"completed\",\"started_at\":\"2026-11-20T18:00:00Z\"},"
                 "{\"id\":9,\"status\":\"completed\",\"started_at\":\"2026-11-20T17:00:00Z\"},"
                 "{\"id\":7,\"status\":\"errored\",\"started_at\":\"2026-11-20T18:00:00Z\"},"
                 "{\"id\":2,\"status\":\"in-progress\",\"started_at\":\"2026-11-20T19:00:00Z\"}],"
                 "\"meta\":{\"total\":4}}")};
    static const int64_t order[] = {2, 7, 5, 9};
    struct action *a;
    size_t n;
    struct err e = {0};
    (void)state;
    api_script(&api, script, 1);
    OK(cloud_droplet_actions(cloud, 3000000001, &a, &n, &e), e);
    assert_int_equal(n, COUNT(order));
    for (size_t i = 0; i < n; i++)
        ROW(i, a[i].id == order[i]);
    free(a);
    assert_string_equal(api.asked[0].path, "/v2/droplets/3000000001/actions");
}

static void test_lists_ask_for_what_they_mean(void **state)
{
    static const struct answer script[] = {
        SAY(200, "{\"droplets\":[],\"snapshots\":[],\"sizes\":[],\"regions\":[],\"ssh_keys\":[],"
                 "\"meta\":{\"total\":0}}")};
    struct droplet *d;
    struct snapshot *s;
    struct size *sizes;
    struct region *regions;
    struct sshkey *keys;
    size_t n = 9;
    struct err e = {0};
    (void)state;
    api_script(&api, script, 1);
    OK(cloud_droplets_tagged(cloud, "dogs:mc", &d, &n, &e), e);
    free(d);
    OK(cloud_droplet_snapshots(cloud, 7, &s, &n, &e), e);
    free(s);
    OK(cloud_sizes(cloud, &sizes, &n, &e), e);
    free(sizes);
    OK(cloud_regions(cloud, &regions, &n, &e), e);
    free(regions);
    OK(cloud_keys(cloud, &keys, &n, &e), e);
    free(keys);
    assert_int_equal(n, 0);
    char *was = talk();
    assert_string_equal(was, "GET /v2/droplets; GET /v2/droplets/7/snapshots; GET /v2/sizes; "
                             "GET /v2/regions; GET /v2/account/keys");
    free(was);
    assert_string_equal(api.asked[0].query, "page=1 per_page=200 type= tag=dogs:mc");
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(test_what_create_sends),
        WITH(test_create_reads_its_droplet),
        WITH(test_check_tags),
        WITH(test_tagging),
        WITH(test_tagging_others),
        WITH(test_actions_newest_first),
        WITH(test_lists_ask_for_what_they_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
