#include "../src/transfer/sigv4.h"
#include "unit.h"

#define KEY_ID "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define HOST "examplebucket.s3.amazonaws.com"
#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MAY_24 1369353600 /* 2013-05-24 */

/* The examples of Amazon's documentation, "Authenticating Requests: Using the Authorization
 * Header". */
static void test_published(void **state)
{
    static const struct {
        const char *method, *path, *query, *payload;
        struct http_header headers[2];
        size_t n_headers;
        const char *names, *signature;
    } rows[] = {
        {"GET",
         "/test.txt",
         "",
         OF_NOTHING,
         {{"Range", "bytes=0-9"}},
         1,
         "host;range;x-amz-content-sha256;x-amz-date",
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {"PUT",
         "/test%24file.text",
         "",
         "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
         {{"x-amz-storage-class", "REDUCED_REDUNDANCY"}, {"Date", "Fri, 24 May 2013 00:00:00 GMT"}},
         2,
         "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {"GET",
         "/",
         "lifecycle",
         OF_NOTHING,
         {{0}},
         0,
         "host;x-amz-content-sha256;x-amz-date",
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {"GET",
         "/",
         "prefix=J&max-keys=2",
         OF_NOTHING,
         {{0}},
         0,
         "host;x-amz-content-sha256;x-amz-date",
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        char *is = NULL, should[400];
        struct sigv4 q = {.key_id = KEY_ID,
                          .secret = SECRET,
                          .region = "us-east-1",
                          .method = rows[i].method,
                          .host = HOST,
                          .path = rows[i].path,
                          .query = rows[i].query,
                          .headers = rows[i].headers,
                          .n_headers = rows[i].n_headers,
                          .payload = rows[i].payload,
                          .at = MAY_24};
        OK(sigv4_sign(&q, &is, &e), e);
        snprintf(should, sizeof should,
                 "AWS4-HMAC-SHA256 Credential=" KEY_ID "/20130524/us-east-1/s3/aws4_request,"
                 "SignedHeaders=%s,Signature=%s",
                 rows[i].names, rows[i].signature);
        ROW_TEXT(i, is, should);
        free(is);
    }
}

/* "Authenticating Requests: Using Query Parameters". */
static void test_published_presigned(void **state)
{
    struct err e = {0};
    char *is = NULL;
    struct sigv4 q = {.key_id = KEY_ID,
                      .secret = SECRET,
                      .region = "us-east-1",
                      .method = "GET",
                      .host = HOST,
                      .path = "/test.txt",
                      .query = "",
                      .payload = SIGV4_UNSIGNED,
                      .at = MAY_24};
    (void)state;
    OK(sigv4_presign(&q, 86400, &is, &e), e);
    assert_string_equal(is,
                        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" KEY_ID
                        "%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
                        "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
                        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    free(is);
    static const int64_t wrong[] = {-1, 0, 604801};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        ROW(i, !sigv4_presign(&q, wrong[i], &is, &e));
        ROW(i, e.code == ERR_USAGE);
    }
    OK(sigv4_presign(&q, 604800, &is, &e), e);
    free(is);
}

static char *signed_query(const char *query, const char *value, size_t n_headers, struct err *e)
{
    static struct http_header headers[SIGV4_HEADERS + 1];
    char *out = NULL;
    for (size_t i = 0; i < COUNT(headers); i++)
        headers[i] = (struct http_header){"x-amz-meta-a", value};
    struct sigv4 q = {.key_id = KEY_ID,
                      .secret = SECRET,
                      .region = "fra1",
                      .method = "GET",
                      .host = "h",
                      .path = "/",
                      .query = query,
                      .headers = headers,
                      .n_headers = n_headers,
                      .payload = OF_NOTHING,
                      .at = MAY_24};
    return sigv4_sign(&q, &out, e) ? out : NULL;
}

/* What must, and what must not, change the signature. */
static void test_canonical(void **state)
{
    static const struct {
        const char *query1, *query2, *value1, *value2;
        bool same;
    } rows[] = {
        {"a=1&b=2", "b=2&a=1", "x", "x", true},
        {"uploads", "uploads=", "x", "x", true},
        {"a=1&a-b=2", "a-b=2&a=1", "x", "x", true},
        {"a=2&a=1", "a=1&a=2", "x", "x", true},
        {"a=1", "a=2", "x", "x", false},
        {"a=1&b=", "a=1", "x", "x", false},
        {"", "", "a b", "  a   b ", true},
        {"", "", "a b", "ab", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        char *one = signed_query(rows[i].query1, rows[i].value1, 1, &e);
        char *two = signed_query(rows[i].query2, rows[i].value2, 1, &e);
        ROW(i, one && two && (strcmp(one, two) == 0) == rows[i].same);
        free(one);
        free(two);
    }
}

/* Held against botocore's signer. */
static void test_order_of_names(void **state)
{
    struct err e = {0};
    char *is = signed_query("ab=1&a-b=2&a=3&a%2Fb=4&a.b=5&A=6&a1=", "x", 0, &e);
    (void)state;
    assert_non_null(is);
    assert_non_null(
        strstr(is, "Signature=92f38346c66a5b6aeea7ef3ca1a3dc9644cb190f42142b468e19df22958618d8"));
    free(is);
}

static void test_limits(void **state)
{
    struct err e = {0};
    struct str query = STR(512 * 1024);
    (void)state;
    assert_null(signed_query("", "x", SIGV4_HEADERS + 1, &e));
    for (int i = 0; i < SIGV4_PAIRS; i++)
        str_addf(&query, "%sa%d=", i ? "&" : "", i);
    char *is = signed_query(str_text(&query), "x", SIGV4_HEADERS, &e);
    assert_non_null(is);
    free(is);
    str_add(&query, "&b=");
    assert_null(signed_query(str_text(&query), "x", 1, &e));
    str_clear(&query);
    str_add(&query, "a=");
    while (query.len < 300000)
        str_add(&query, "0123456789");
    assert_null(signed_query(str_text(&query), "x", 1, &e));
    str_release(&query);
}

static void test_date(void **state)
{
    char date[SIGV4_DATE];
    (void)state;
    sigv4_date(MAY_24 + 3661, date);
    assert_string_equal(date, "20130524T010101Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published), cmocka_unit_test(test_published_presigned),
        cmocka_unit_test(test_canonical), cmocka_unit_test(test_order_of_names),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
