#include "../src/transfer/s3_place.h"
#include "unit.h"

static void test_endpoints(void **state)
{
    static const struct {
        const char *url, *region, *host, *base, *region_is;
        bool tls, oss;
    } rows[] = {
        {"https://fra1.digitaloceanspaces.com", NULL, "fra1.digitaloceanspaces.com", "", "fra1",
         true, false},
        {"FRA1.DigitalOceanSpaces.com/", "", "fra1.digitaloceanspaces.com", "", "fra1", true,
         false},
        {"nyc3.digitaloceanspaces.com", "us-east-1", "nyc3.digitaloceanspaces.com", "", "us-east-1",
         true, false},
        {"https://s3.amazonaws.com", NULL, "s3.amazonaws.com", "", "us-east-1", true, false},
        {"s3.eu-central-1.amazonaws.com:443", NULL, "s3.eu-central-1.amazonaws.com", "",
         "eu-central-1", true, false},
        {"s3-eu-west-1.amazonaws.com", NULL, "s3-eu-west-1.amazonaws.com", "", "eu-west-1", true,
         false},
        {"s3.dualstack.us-west-2.amazonaws.com", NULL, "s3.dualstack.us-west-2.amazonaws.com", "",
         "us-west-2", true, false},
        {"s3.cn-north-1.amazonaws.com.cn", NULL, "s3.cn-north-1.amazonaws.com.cn", "", "cn-north-1",
         true, false},
        {"s3-accelerate.amazonaws.com", NULL, "s3-accelerate.amazonaws.com", "", "us-east-1", true,
         false},
        {"https://s3.oss-cn-hangzhou.aliyuncs.com", NULL, "s3.oss-cn-hangzhou.aliyuncs.com", "",
         "cn-hangzhou", true, true},
        {"s3.oss-eu-central-1-internal.aliyuncs.com", NULL,
         "s3.oss-eu-central-1-internal.aliyuncs.com", "", "eu-central-1", true, true},
        {"https://minio.example:9000/s3//", NULL, "minio.example:9000", "/s3", "us-east-1", true,
         false},
        {"HTTP://127.0.0.1:8000", NULL, "127.0.0.1:8000", "", "us-east-1", false, false},
        {"http://localhost:80/", "here", "localhost", "", "here", false, false},
        {"http://[::1]:7480", NULL, "[::1]:7480", "", "us-east-1", false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct remote r = {.url = rows[i].url, .region = rows[i].region, .secret = "s"};
        struct s3_endpoint at;
        struct err e = {0};
        if (!s3_endpoint_of(&r, &at, &e))
            fail_msg("row %zu: %s", i, e.text);
        ROW_TEXT(i, at.host, rows[i].host);
        ROW_TEXT(i, at.base, rows[i].base);
        ROW_TEXT(i, at.region, rows[i].region_is);
        ROW(i, at.tls == rows[i].tls && at.oss == rows[i].oss);
    }
}

static void test_wrong_endpoints(void **state)
{
    static const struct {
        const char *url, *region, *text;
    } rows[] = {
        {NULL, NULL, "missing"},
        {"", NULL, "missing"},
        {"https://", NULL, "no host"},
        {"ftp://x", NULL, "only https"},
        {"https://key:secret@x", NULL, "nothing else"},
        {"https://x y", NULL, "nothing else"},
        {"https://münchen.example", NULL, "nothing else"},
        {"https://x\r\nHost: y", NULL, "nothing else"},
        {"https://x/?a=b", NULL, "without '?'"},
        {"https://x?a", NULL, "without '?'"},
        {"https://x/a b", NULL, "without '?'"},
        {"https://worlds.fra1.digitaloceanspaces.com", NULL, "has a bucket"},
        {"https://fra1.cdn.digitaloceanspaces.com", NULL, "has a bucket"},
        {"http://minio.example:9000", NULL, "in clear"},
        {"http://127.0.0.1.example", NULL, "in clear"},
        {"https://x", "a/b", "region"},
        {"https://x", "a b", "region"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct remote r = {.url = rows[i].url, .region = rows[i].region, .secret = "hush-hush"};
        struct s3_endpoint at;
        struct err e = {0};
        ROW(i, !s3_endpoint_of(&r, &at, &e));
        ROW(i, e.code == ERR_CONFIG && strstr(e.text, rows[i].text));
        ROW(i, !strstr(e.text, "hush") && !strstr(e.hint, "hush"));
    }
    struct remote open = {.url = "http://minio.example:9000"};
    struct s3_endpoint at;
    struct err e = {0};
    OK(s3_endpoint_of(&open, &at, &e), e);
}

static void test_addresses(void **state)
{
    static const struct {
        const char *url, *address, *origin, *path;
        bool virtual_host, whole;
    } rows[] = {
        {"https://h", "b/k", "https://h", "/b/k", false, true},
        {"https://h", "b/k", "https://b.h", "/k", true, true},
        {"https://h/x", "b/k/l", "https://h", "/x/b/k/l", false, true},
        {"https://h/x", "b/k/l", "https://b.h", "/x/k/l", true, true},
        /* A name that no certificate for *.h covers, or that a host's name cannot hold. */
        {"https://h", "my.bucket/k", "https://h", "/my.bucket/k", true, true},
        {"https://h", "My_bucket/k", "https://h", "/My_bucket/k", true, true},
        {"https://s3.oss-x.aliyuncs.com", "b/k", "https://b.s3.oss-x.aliyuncs.com", "/k", false,
         true},
        {"https://h", "b", "https://h", "/b", false, false},
        {"https://h", "b/", "https://h", "/b", false, false},
        {"https://h", "b/some/prefix", "https://h", "/b", false, false},
        {"https://h", "b/some/../prefix", "https://b.h", "/", true, false},
        {"http://127.0.0.1:9", "b//k", "http://127.0.0.1:9", "/b//k", false, true},
        {"https://h", "b/ä+ %/~", "https://h", "/b/%C3%A4%2B%20%25/~", false, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct remote r = {.url = rows[i].url, .virtual_host = rows[i].virtual_host};
        struct s3_place at;
        struct err e = {0};
        if (!s3_place_of(&r, rows[i].address, rows[i].whole, &at, &e))
            fail_msg("row %zu: %s", i, e.text);
        ROW_TEXT(i, at.origin, rows[i].origin);
        ROW_TEXT(i, at.path, rows[i].path);
        ROW(i, str_starts(strstr(at.origin, "//") + 2, at.host));
        s3_place_release(&at);
    }
}

static void test_wrong_addresses(void **state)
{
    static const struct {
        const char *address;
        bool whole;
    } rows[] = {
        {"", true},           {"", false},       {"/k", true},    {"/", false},
        {"b", true},          {"b/", true},      {"b c/k", true}, {"b@evil/k", true},
        {"b?x/k", true},      {"b:1/k", true},   {"../k", true},  {"./k", false},
        {"b/../k", true},     {"b/a/./k", true}, {"b/..", true},  {"b/\xff", true},
        {"b/\xc0\xaf", true}, {"b/\xff", false},
    };
    (void)state;
    struct remote r = {.url = "https://h"};
    struct s3_place at;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        ROW(i, !s3_place_of(&r, rows[i].address, rows[i].whole, &at, &e));
        ROW(i, e.code == ERR_USAGE && strstr(e.hint, "BUCKET/KEY"));
    }
    char *longest = xcalloc(1, 2 + S3_KEY_MAX + 2);
    struct err e = {0};
    memcpy(longest, "b/", 2);
    memset(longest + 2, '%', S3_KEY_MAX);
    OK(s3_place_of(&r, longest, true, &at, &e), e);
    assert_int_equal(strlen(at.path), 3 + 3 * S3_KEY_MAX);
    s3_place_release(&at);
    longest[2 + S3_KEY_MAX] = 'x';
    assert_false(s3_place_of(&r, longest, true, &at, &e));
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoints),
        cmocka_unit_test(test_wrong_endpoints),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_wrong_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
