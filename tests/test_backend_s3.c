#include "../src/transfer/backend.h"
#include "unit.h"

#define KEY_ID "AKIAIOSFODNN7EXAMPLE"
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define NS " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""
#define NOW 1795197600 /* 2026-11-20T18:00:00Z */
#define DATE "Date: Fri, 20 Nov 2026 18:00:00 GMT"

static const struct remote spaces = {.name = "spaces",
                                     .type = "s3",
                                     .url = "https://fra1.digitaloceanspaces.com",
                                     .key_id = KEY_ID,
                                     .secret = SECRET};
static const struct remote oss = {.name = "oss",
                                  .type = "s3",
                                  .url = "s3.oss-cn-hangzhou.aliyuncs.com",
                                  .key_id = KEY_ID,
                                  .secret = SECRET};
static const struct remote keyless = {.name = "keyless", .type = "s3", .url = "https://h.example"};

static struct call question(enum call_kind kind, const char *address)
{
    return (struct call){.kind = kind,
                         .remote = &spaces,
                         .address = address,
                         .now_ms = (int64_t)NOW * 1000,
                         .to = -1,
                         .total = -1,
                         .right_offset = -1};
}

static void prepared(struct call *c)
{
    struct err e = {0};
    OK(backend_s3.op[c->kind].prepare(c, &e), e);
}

static const char *header_of(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->n_headers; i++)
        if (strcasecmp(c->headers[i].name, name) == 0)
            return c->headers[i].value;
    return "";
}

/* headers: lines parted by '\n'. */
static struct http_resp answer(int status, const char *headers, const char *body)
{
    struct http_resp r = {.status = status, .headers = STR(4096), .body = STR(1 << 20)};
    for (const char *p = headers; *p;) {
        size_t n = strcspn(p, "\n");
        str_addn(&r.headers, p, n);
        str_addn(&r.headers, "", 1);
        p += n + (p[n] == '\n');
    }
    str_add(&r.body, body);
    return r;
}

static bool accepted(struct call *c, int status, const char *headers, const char *body,
                     struct err *e)
{
    struct http_resp r = answer(status, headers, body);
    *e = (struct err){0};
    bool ok = backend_s3.op[c->kind].accept(c, &r, e);
    http_resp_release(&r);
    return ok;
}

static const struct object pinned = {.size = 100, .etag = "\"abc\""};
static const struct part two_parts[] = {{.number = 1, .etag = "\"a\""},
                                        {.number = 2, .etag = "\"<&>\""}};

static void test_requests(void **state)
{
    static const struct {
        struct call ask;
        const char *method, *url, *headers, *body;
    } rows[] = {
        {{.kind = CALL_GET, .address = "b/k", .to = -1},
         "GET",
         "/b/k",
         "x-amz-checksum-mode: ENABLED",
         ""},
        {{.kind = CALL_GET, .address = "b/k", .from = 10, .to = 20, .pinned = &pinned},
         "GET",
         "/b/k",
         "x-amz-checksum-mode: ENABLED\nRange: bytes=10-19\nIf-Match: \"abc\"",
         ""},
        {{.kind = CALL_PUT, .address = "b/ä k", .len = 5},
         "PUT",
         "/b/%C3%A4%20k",
         "Content-Type: application/octet-stream",
         ""},
        {{.kind = CALL_PUT, .address = "b/k", .len = 5, .no_clobber = true},
         "PUT",
         "/b/k",
         "Content-Type: application/octet-stream\nIf-None-Match: *",
         ""},
        {{.kind = CALL_BEGIN, .address = "b/k"},
         "POST",
         "/b/k?uploads=",
         "Content-Type: application/octet-stream",
         ""},
        {{.kind = CALL_PART, .address = "b/k", .upload = "2~x/+", .number = 7},
         "PUT",
         "/b/k?uploadId=2~x%2F%2B&partNumber=7",
         "Content-Type: application/octet-stream",
         ""},
        {{.kind = CALL_PARTS, .address = "b/k", .upload = "u"},
         "GET",
         "/b/k?uploadId=u&max-parts=200",
         "",
         ""},
        {{.kind = CALL_PARTS, .address = "b/k", .upload = "u", .page = "part-number-marker=9"},
         "GET",
         "/b/k?uploadId=u&max-parts=200&part-number-marker=9",
         "",
         ""},
        {{.kind = CALL_FINISH,
          .address = "b/k",
          .upload = "u",
          .parts = two_parts,
          .n_parts = 2,
          .no_clobber = true},
         "POST",
         "/b/k?uploadId=u",
         "Content-Type: application/xml\nIf-None-Match: *",
         "<CompleteMultipartUpload" NS "><Part><PartNumber>1</PartNumber><ETag>&#34;a&#34;</ETag>"
         "</Part><Part><PartNumber>2</PartNumber><ETag>&#34;&#60;&#38;&#62;&#34;</ETag></Part>"
         "</CompleteMultipartUpload>"},
        {{.kind = CALL_ABORT, .address = "b/k", .upload = "u"},
         "DELETE",
         "/b/k?uploadId=u",
         "",
         ""},
        {{.kind = CALL_DELETE, .address = "b/x y"}, "DELETE", "/b/x%20y", "", ""},
        {{.kind = CALL_LIST, .address = "b"},
         "GET",
         "/b?list-type=2&max-keys=1000&encoding-type=url",
         "",
         ""},
        {{.kind = CALL_LIST, .address = "b/x y", .page = "continuation-token=t"},
         "GET",
         "/b?list-type=2&max-keys=1000&encoding-type=url&prefix=x%20y%2F&continuation-token=t",
         "",
         ""},
        {{.kind = CALL_LIST, .address = "b/x/"},
         "GET",
         "/b?list-type=2&max-keys=1000&encoding-type=url&prefix=x%2F",
         "",
         ""},
        {{.kind = CALL_UPLOADS, .address = "b/x", .page = "key-marker=k&upload-id-marker=u"},
         "GET",
         "/b?uploads=&max-uploads=1000&prefix=x&key-marker=k"
         "&upload-id-marker=u",
         "",
         ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call c = rows[i].ask;
        struct str url = STR(1000), headers = STR(1000);
        c.remote = &spaces;
        c.now_ms = (int64_t)NOW * 1000;
        prepared(&c);
        ROW_TEXT(i, c.method, rows[i].method);
        str_addf(&url, "%s%s", spaces.url, rows[i].url);
        ROW_TEXT(i, c.url, str_text(&url));
        ROW_TEXT(i, str_text(&c.body), rows[i].body);
        for (size_t k = 0; k < c.n_headers; k++) {
            const char *name = c.headers[k].name;
            bool signs = strcmp(name, "Authorization") == 0 || strcmp(name, "x-amz-date") == 0 ||
                         strcmp(name, "x-amz-content-sha256") == 0;
            if (!signs)
                str_addf(&headers, "%s%s: %s", headers.len ? "\n" : "", name, c.headers[k].value);
        }
        ROW_TEXT(i, str_text(&headers), rows[i].headers);
        ROW_TEXT(i, header_of(&c, "x-amz-date"), "20261120T180000Z");
        ROW(i, str_starts(header_of(&c, "Authorization"),
                          "AWS4-HMAC-SHA256 Credential=" KEY_ID "/20261120/fra1/s3/"));
        ROW(i, (strcmp(header_of(&c, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD") == 0) ==
                   (c.kind == CALL_PUT || c.kind == CALL_PART));
        ROW(i, !c.bearer && !c.user && !c.decode && !c.netrc);
        call_release(&c);
        str_release(&url);
        str_release(&headers);
    }
}

/* What else changes a request: whose clock is right, no key, OSS. */
static void test_requests_of_others(void **state)
{
    struct access ahead = {.skew_ms = 3600000};
    struct call c = question(CALL_GET, "b/k");
    (void)state;
    c.access = &ahead;
    prepared(&c);
    assert_string_equal(header_of(&c, "x-amz-date"), "20261120T190000Z");
    call_release(&c);

    c = question(CALL_PUT, "b/k");
    c.remote = &keyless;
    prepared(&c);
    assert_string_equal(c.url, "https://h.example/b/k");
    assert_int_equal(c.n_headers, 1);
    call_release(&c);

    c = question(CALL_PUT, "b/k");
    c.remote = &oss;
    c.no_clobber = true;
    prepared(&c);
    assert_string_equal(c.url, "https://b.s3.oss-cn-hangzhou.aliyuncs.com/k");
    assert_string_equal(header_of(&c, "x-oss-forbid-overwrite"), "true");
    assert_non_null(strstr(header_of(&c, "Authorization"), "/cn-hangzhou/s3/"));
    call_release(&c);

    struct err e = {0};
    c = question(CALL_GET, "b");
    assert_false(backend_s3.op[CALL_GET].prepare(&c, &e));
    assert_int_equal(e.code, ERR_USAGE);
    call_release(&c);
}

static void test_check(void **state)
{
    static const struct {
        struct remote r;
        const char *text; /* NULL = it is right */
    } rows[] = {
        {{.url = "h", .key_id = "AAA", .secret = "SSSSSSSS"}, NULL},
        {{.url = "h"}, NULL},
        {{.url = "http://localhost:9", .key_id = "A", .secret = "S"}, NULL},
        {{.url = "http://h"}, NULL},
        {{.url = "http://h", .key_id = "A", .secret = "S"}, "in clear"},
        {{.url = "h", .key_id = "A"}, "belong together"},
        {{.url = "h", .secret = "S"}, "belong together"},
        {{.url = "h", .key_id = "A/B", .secret = "S"}, "key_id"},
        {{.url = "h", .user = "u", .password = "p"}, "takes no user"},
        {{.url = "h", .token = "t"}, "takes no user"},
        {{.url = "h", .header = "X: y"}, "takes no user"},
        {{.key_id = "A", .secret = "S"}, "missing"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        ROW(i, backend_s3.check(&rows[i].r, &e) == !rows[i].text);
        ROW(i, !rows[i].text || (e.code == ERR_CONFIG && strstr(e.text, rows[i].text)));
    }
}

/* Keys, as they are sent, and their signatures as botocore makes them. */
static void test_presign(void **state)
{
    static const struct {
        const char *key, *path, *signature;
    } rows[] = {
        {"plain.txt", "plain.txt",
         "f838eebdcb70605d492488b1bb848c9ae5a52344f1b1cb5c106d2826973a5cbf"},
        {"a b/c+d~e%f(g)&h'i*j.bin", "a%20b/c%2Bd~e%25f%28g%29%26h%27i%2Aj.bin",
         "fd3f171cdddbfd9e32ccc4ad6bc270fe4069fccaf1fca054a45b89795eb82567"},
        {"käse/日本語 😀", "k%C3%A4se/%E6%97%A5%E6%9C%AC%E8%AA%9E%20%F0%9F%98%80",
         "00057e15dbe96e46565798697c904b8af68bd0e9f707c055346c3df7aa500fe3"},
        {"//double//", "//double//",
         "a6e8406f7c72f12fe632dd7543c2b4d3d74fc231103de8340a831d17db25e4a6"},
        {"x?y#z=1;2:3@4,5!$", "x%3Fy%23z%3D1%3B2%3A3%404%2C5%21%24",
         "c806e7d3a3cc59f3d36fb341cd776f6ff692b3e2a986134c0cf569443602fba8"},
        {"100%25", "100%2525", "b866cf6da32bdd5f0019386d800a0a851ff7b2287e976e3516f2d4117c1ddf0d"},
        {"tab\tnew\nline", "tab%09new%0Aline",
         "e2854219eb91f5451061d49713b502aa2c1fa62ff933e9691250cbc73be0fd5d"},
        {"[a]{b}|c\\d^e`f\"<g>", "%5Ba%5D%7Bb%7D%7Cc%5Cd%5Ee%60f%22%3Cg%3E",
         "1ce5462696d4c858111010f5a24e95f8dada90cdca001b76805e47c0f8a5127f"},
        {"...hidden/..x", "...hidden/..x",
         "24ac7fb64c31d2b3e92d1aedb816c0fc978d5505ce047e400e3d714e18befa32"},
    };
    struct err e = {0};
    char *url;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char address[200], should[600];
        snprintf(address, sizeof address, "my-bucket/%s", rows[i].key);
        snprintf(should, sizeof should,
                 "https://fra1.digitaloceanspaces.com/my-bucket/%s?X-Amz-Algorithm="
                 "AWS4-HMAC-SHA256&X-Amz-Credential=" KEY_ID "%%2F20261120%%2Ffra1%%2Fs3%%2F"
                 "aws4_request&X-Amz-Date=20261120T180000Z&X-Amz-Expires=3600"
                 "&X-Amz-SignedHeaders=host&X-Amz-Signature=%s",
                 rows[i].path, rows[i].signature);
        OK(backend_s3.presign(&spaces, TRANSFER_GET, address, 3600, (int64_t)NOW * 1000, &url, &e),
           e);
        ROW_TEXT(i, url, should);
        free(url);
    }
    const struct remote clear = {.url = "http://h", .key_id = "A", .secret = "S"};
    assert_false(backend_s3.presign(&keyless, TRANSFER_PUT, "b/k", 60, 0, &url, &e));
    assert_int_equal(e.code, ERR_CONFIG);
    assert_false(backend_s3.presign(&clear, TRANSFER_PUT, "b/k", 60, 0, &url, &e));
    assert_int_equal(e.code, ERR_CONFIG);
    assert_false(backend_s3.presign(&spaces, TRANSFER_PUT, "b", 60, 0, &url, &e));
    assert_false(backend_s3.presign(&spaces, TRANSFER_PUT, "b/k", 604801, 0, &url, &e));
}

#define MD5_ETAG "ETag: \"d41d8cd98f00b204e9800998ecf8427e\""
#define SHA256_OF_NOTHING "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define BIT(kind) (1u << DIGEST_##kind)

static void test_digests_of_a_get(void **state)
{
    static const struct {
        int status;
        const char *headers;
        uint32_t digests;
    } rows[] = {
        {200, MD5_ETAG, BIT(MD5)},
        {206, MD5_ETAG "\nContent-Range: bytes 0-9/100", BIT(MD5)},
        {200, "ETag: \"D41D8CD98F00B204E9800998ECF8427E\"", BIT(MD5)},
        {200, "ETag: \"d41d8cd98f00b204e9800998ecf8427e-2\"", 0},
        {200, "ETag: \"g41d8cd98f00b204e9800998ecf8427e\"", 0},
        {200, "ETag: W/\"d41d8cd98f00b204e9800998ecf8427e\"", 0},
        {200, MD5_ETAG "\nx-amz-server-side-encryption: AES256", BIT(MD5)},
        {200, MD5_ETAG "\nx-amz-server-side-encryption: aws:kms", 0},
        {200, MD5_ETAG "\nx-amz-server-side-encryption: aws:kms:dsse", 0},
        {200, MD5_ETAG "\nx-amz-server-side-encryption-customer-algorithm: AES256", 0},
        {200, MD5_ETAG "\nx-oss-object-type: Normal", BIT(MD5)},
        {200, MD5_ETAG "\nx-oss-object-type: Appendable", 0},
        {200, "x-amz-checksum-sha256: " SHA256_OF_NOTHING, BIT(SHA256)},
        {200, "x-amz-checksum-sha256: " SHA256_OF_NOTHING "-3", 0},
        {200, "x-amz-checksum-type: COMPOSITE\nx-amz-checksum-sha256: " SHA256_OF_NOTHING, 0},
        {200, "x-amz-checksum-type: FULL_OBJECT\nx-amz-checksum-crc32: AAAAAA==", BIT(CRC32)},
        {206, "Content-Range: bytes 0-9/100\nx-amz-checksum-crc32: AAAAAA==", 0},
        {200, "x-amz-checksum-crc32c: AAAAAA==\nx-amz-checksum-crc32: AAAAAAA=", BIT(CRC32C)},
        {206, "Content-Range: bytes 0-9/10\nx-amz-checksum-crc32: AAAAAA==", BIT(CRC32)},
        {206, "Content-Range: bytes 0-9/100\nx-oss-hash-crc64ecma: 18446744073709551615",
         BIT(CRC64)},
        {200, "x-oss-hash-crc64ecma: -1", 0},
        {200, "x-oss-hash-crc64ecma: 12x", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call c = question(CALL_GET, "b/k");
        struct err e = {0};
        c.to = rows[i].status == 206 ? 10 : -1;
        if (!accepted(&c, rows[i].status, rows[i].headers, "", &e))
            fail_msg("row %zu: %s", i, e.text);
        ROW(i, c.object.digests == rows[i].digests);
        ROW(i, c.object.ranges && !c.object.packed);
        call_release(&c);
    }
}

static void test_heads_of_a_get(void **state)
{
    struct call c = question(CALL_GET, "b/k");
    struct err e = {0};
    (void)state;
    OK(accepted(&c, 200, "Content-Length: 70\nContent-Encoding: gzip\nETag: \"abc\"", "", &e), e);
    assert_true(c.object.size == 70 && c.got_to == 70 && !c.object.packed);
    assert_string_equal(c.object.etag, "\"abc\"");
    c.pinned = &pinned;
    assert_false(
        accepted(&c, 200, "Content-Length: 70\nContent-Encoding: gzip\nETag: \"abc\"", "", &e));
    assert_true(c.changed);
    c.changed = false;
    OK(accepted(&c, 200, "Content-Length: 100\nETag: \"abc\"", "", &e), e);
    assert_false(accepted(&c, 200, "Content-Length: 100\nETag: \"abd\"", "", &e));
    assert_true(c.changed);
    c.changed = false;
    assert_false(accepted(&c, 412, "", XML "<Error><Code>PreconditionFailed</Code></Error>", &e));
    assert_true(c.changed && e.code == ERR_REFUSED);
    /* Without a byte there is no range. */
    c = question(CALL_GET, "b/k");
    c.to = 100;
    OK(accepted(&c, 416, MD5_ETAG,
                "<Error><Code>InvalidRange</Code><ActualObjectSize>0</ActualObjectSize></Error>",
                &e),
       e);
    assert_true(c.object.size == 0 && c.got_to == 0);
    OK(accepted(&c, 416, "Content-Range: bytes */0", "", &e), e);
    OK(accepted(&c, 416, "", "<Error><Code>InvalidRange</Code></Error>", &e), e);
    c.pinned = &pinned;
    assert_false(accepted(&c, 416, "", "<Error><Code>InvalidRange</Code></Error>", &e));
    assert_true(c.changed);
    c.pinned = NULL;
    c.from = 1;
    assert_false(accepted(&c, 416, "", "<Error><Code>InvalidRange</Code></Error>", &e));
    c.from = 0;
    assert_false(accepted(&c, 416, "", "", &e));
    assert_false(accepted(
        &c, 416, "",
        "<Error><Code>InvalidRange</Code><ActualObjectSize>50</ActualObjectSize></Error>", &e));
}

#define ERROR(code, more) XML "<Error><Code>" code "</Code><Message>Why.</Message>" more "</Error>"

static void test_refusals(void **state)
{
    static const struct {
        enum call_kind kind;
        int status;
        const char *headers, *body;
        enum err_code code;
        bool retryable;
        const char *text, *hint;
    } rows[] = {
        {CALL_PUT, 503, "", ERROR("SlowDown", ""), ERR_RATE_LIMIT, true, "SlowDown: Why.", ""},
        {CALL_PUT, 500, "", ERROR("InternalError", ""), ERR_REFUSED, true, "InternalError", ""},
        {CALL_PART, 400, "", ERROR("RequestTimeout", ""), ERR_REFUSED, true, "RequestTimeout", ""},
        {CALL_PUT, 400, "", ERROR("BadDigest", ""), ERR_REFUSED, true, "BadDigest", ""},
        {CALL_PUT, 409, "", ERROR("OperationAborted", ""), ERR_REFUSED, true, "Operation", ""},
        {CALL_PUT, 400, "", ERROR("EntityTooLarge", ""), ERR_REFUSED, false, "EntityTooLarge", ""},
        {CALL_GET, 403, "", ERROR("AccessDenied", ""), ERR_AUTH, false, "HTTP 403: AccessDenied",
         "remote 'spaces': see what its key_id"},
        {CALL_GET, 403, "", ERROR("SignatureDoesNotMatch", ""), ERR_AUTH, false, "Signature",
         "remote 'spaces': look at its secret"},
        {CALL_GET, 403, "", ERROR("InvalidAccessKeyId", ""), ERR_AUTH, false, "InvalidAccess",
         "remote 'spaces': look at its key_id"},
        {CALL_GET, 403, "", "", ERR_AUTH, false, "HTTP 403: not allowed", ""},
        {CALL_GET, 404, "", ERROR("NoSuchKey", ""), ERR_NOT_FOUND, false, "NoSuchKey: Why.", ""},
        {CALL_LIST, 404, "", ERROR("NoSuchBucket", ""), ERR_NOT_FOUND, false, "NoSuchBucket", ""},
        {CALL_GET, 404, "", "<html>nginx", ERR_NOT_FOUND, false, "HTTP 404: there is no such", ""},
        {CALL_GET, 400, "", ERROR("AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>"),
         ERR_CONFIG, false, "Malformed", "write region: eu-central-1 for the remote 'spaces'"},
        {CALL_GET, 400, "", ERROR("AuthorizationHeaderMalformed", ""), ERR_AUTH, false, "Malformed",
         "look at its key_id and region"},
        {CALL_GET, 301, "x-amz-bucket-region: eu-west-3",
         ERROR("PermanentRedirect", "<Endpoint>b.s3.eu-west-3.amazonaws.com</Endpoint>"),
         ERR_CONFIG, false, "HTTP 301: PermanentRedirect",
         "write url: https://s3.eu-west-3.amazonaws.com and region: eu-west-3"},
        {CALL_GET, 301, "x-amz-bucket-region: eu-west-3", "", ERR_CONFIG, false, "HTTP 301",
         "write region: eu-west-3"},
        {CALL_PUT, 403, "",
         ERROR("AccessDenied", "<Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>"), ERR_CONFIG,
         false, "AccessDenied", "write url: https://oss-cn-beijing.aliyuncs.com for"},
        {CALL_GET, 403, "",
         "<ErrorResponse>"
         "<Error><Code>AccessDenied</Code></Error>"
         "</ErrorResponse>",
         ERR_AUTH, false, "AccessDenied", "key_id"},
        {CALL_GET, 400, "", ERROR("A&#10;B\x01", ""), ERR_REFUSED, false, "HTTP 400", ""},
        {CALL_GET, 501, "", ERROR("NotImplemented", ""), ERR_REFUSED, false, "NotImplemented", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call c = question(rows[i].kind, "b/k");
        struct err e;
        ROW(i, !accepted(&c, rows[i].status, rows[i].headers, rows[i].body, &e));
        ROW(i, e.code == rows[i].code);
        ROW(i, e.retryable == rows[i].retryable);
        ROW(i, e.http_status == rows[i].status);
        ROW(i, strstr(e.text, rows[i].text));
        ROW(i, strstr(e.hint, rows[i].hint) && (*rows[i].hint || !*e.hint));
        ROW(i, !strchr(e.text, '\n') && !c.upload_is_gone && !c.right_skew_ms);
        call_release(&c);
    }
    struct call c = question(CALL_GET, "b/k");
    struct err e;
    c.remote = &keyless;
    assert_false(accepted(&c, 403, "", ERROR("AccessDenied", ""), &e));
    assert_non_null(strstr(e.hint, "'keyless' has no key_id and secret"));
}

static void test_clocks(void **state)
{
    static const struct {
        int64_t late_s, used_s; /* ours behind theirs; what was corrected already */
        const char *date;
        int64_t right_ms;
    } rows[] = {
        {3600, 0, DATE, 3600000}, {-3600, 0, DATE, -3600000},
        {0, 3600, DATE, 1},       {7200, 3600, DATE, 7200000},
        {30, 0, DATE, 0},         {3600, 3600, DATE, 0},
        {3600, 0, "", 0},         {3600, 0, "Date: yesterday", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call c = question(CALL_LIST, "b");
        struct access a = {.skew_ms = rows[i].used_s * 1000};
        struct err e;
        c.access = &a;
        c.now_ms = (NOW - rows[i].late_s) * 1000;
        ROW(i, !accepted(&c, 403, rows[i].date, ERROR("RequestTimeTooSkewed", ""), &e));
        ROW(i, e.code == ERR_AUTH && strstr(e.hint, "clock"));
        ROW(i, c.right_skew_ms == rows[i].right_ms);
        ROW(i, e.retryable == (rows[i].right_ms != 0));
    }
}

static void test_uploads_in_parts(void **state)
{
    struct call c = question(CALL_BEGIN, "b/k");
    struct err e;
    (void)state;
    OK(accepted(&c, 200, "",
                XML "<InitiateMultipartUploadResult" NS "><Bucket>b</Bucket><Key>k</Key>"
                    "<UploadId>2~abc/+</UploadId></InitiateMultipartUploadResult>",
                &e),
       e);
    assert_string_equal(c.got_upload, "2~abc/+");
    call_release(&c);
    static const char *const wrong[] = {
        "", "<a/>", "<InitiateMultipartUploadResult><UploadId/></InitiateMultipartUploadResult>",
        ("<InitiateMultipartUploadResult><UploadId>a</UploadId><UploadId>b</UploadId>"
         "</InitiateMultipartUploadResult>")};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        ROW(i, !accepted(&c, 200, "", wrong[i], &e));
        ROW(i, e.code == ERR_PROTOCOL && e.retryable);
        call_release(&c);
    }

    c = question(CALL_PART, "b/k");
    c.number = 3;
    c.len = 77;
    OK(accepted(&c, 200, MD5_ETAG, "", &e), e);
    assert_true(c.got_part.number == 3 && c.got_part.size == 77 && !c.got_part.opaque);
    assert_string_equal(c.got_part.etag, "\"d41d8cd98f00b204e9800998ecf8427e\"");
    OK(accepted(&c, 200, "ETag: abc\nx-amz-server-side-encryption: aws:kms", "", &e), e);
    assert_true(c.got_part.opaque);
    assert_string_equal(c.got_part.etag, "\"abc\"");
    assert_false(accepted(&c, 200, "", "", &e));
    assert_true(e.code == ERR_PROTOCOL && e.retryable);
    assert_false(accepted(&c, 404, "", ERROR("NoSuchUpload", ""), &e));
    assert_true(c.upload_is_gone && e.code == ERR_NOT_FOUND && !e.retryable);

    c = question(CALL_PARTS, "b/k");
    assert_false(accepted(&c, 404, "", ERROR("NoSuchKey", ""), &e));
    assert_true(c.upload_is_gone);
    c = question(CALL_PARTS, "b/k");
    assert_false(accepted(&c, 404, "", ERROR("NoSuchBucket", ""), &e));
    assert_false(c.upload_is_gone);

    static const struct {
        int status;
        const char *body;
        bool done;
    } aborts[] = {
        {204, "", true},
        {200, "", true},
        {404, ERROR("NoSuchUpload", ""), true},
        {404, "", true},
        {403, ERROR("AccessDenied", ""), false},
        {503, ERROR("SlowDown", ""), false},
    };
    for (size_t i = 0; i < COUNT(aborts); i++) {
        c = question(CALL_ABORT, "b/k");
        ROW(i, accepted(&c, aborts[i].status, "", aborts[i].body, &e) == aborts[i].done);
        ROW(i, (e.code == ERR_OK) == aborts[i].done);
    }
}

static void test_put_and_finish(void **state)
{
    struct err e;
    struct call c = question(CALL_PUT, "b/k");
    (void)state;
    OK(accepted(&c, 200, MD5_ETAG, "", &e), e);
    assert_true(c.object.digests == BIT(MD5) && c.object.digest[DIGEST_MD5][0] == 0xd4);
    OK(accepted(&c, 200, "", "", &e), e);
    assert_true(c.object.digests == 0 && !c.object.etag[0]);
    c.no_clobber = true;
    assert_false(accepted(&c, 412, "", ERROR("PreconditionFailed", ""), &e));
    assert_int_equal(e.code, ERR_GUARD);
    assert_false(accepted(&c, 409, "", ERROR("FileAlreadyExists", ""), &e));
    assert_int_equal(e.code, ERR_GUARD);
    assert_false(accepted(&c, 409, "", ERROR("ConditionalRequestConflict", ""), &e));
    assert_true(e.code == ERR_REFUSED && e.retryable);

#define DONE                                                                                       \
    "<CompleteMultipartUploadResult" NS "><Location>x</Location><ETag>&quot;ab-2&quot;</ETag>"     \
    "</CompleteMultipartUploadResult>"
    static const struct {
        int status;
        const char *body;
        enum err_code code;
        bool retryable, ambiguous, gone;
    } rows[] = {
        {200, XML DONE, ERR_OK, false, false, false},
        {200, "  \n \n" XML DONE, ERR_OK, false, false, false},
        {200, XML "  \n" DONE, ERR_OK, false, false, false},
        {200, "\n\n" ERROR("InternalError", ""), ERR_REFUSED, true, false, false},
        {200, ERROR("SlowDown", ""), ERR_RATE_LIMIT, true, false, false},
        {200, ERROR("InvalidPart", ""), ERR_REFUSED, false, false, false},
        {200, "", ERR_PROTOCOL, true, true, false},
        {200, "   ", ERR_PROTOCOL, true, true, false},
        {200, XML "<CompleteMultipartUploadResult>", ERR_PROTOCOL, true, true, false},
        {200, "<html/>", ERR_PROTOCOL, true, true, false},
        {404, ERROR("NoSuchUpload", ""), ERR_NOT_FOUND, false, false, true},
        {412, ERROR("PreconditionFailed", ""), ERR_GUARD, false, false, false},
        {500, "", ERR_REFUSED, true, false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        c = question(CALL_FINISH, "b/k");
        c.no_clobber = true;
        ROW(i, accepted(&c, rows[i].status, "", rows[i].body, &e) == (rows[i].code == ERR_OK));
        ROW(i, e.code == rows[i].code && e.retryable == rows[i].retryable);
        ROW(i, e.ambiguous == rows[i].ambiguous && c.upload_is_gone == rows[i].gone);
        if (rows[i].code == ERR_OK)
            ROW_TEXT(i, c.object.etag, "\"ab-2\"");
        ROW(i, c.object.digests == 0);
    }
}

/* "name=size" or "name=time=id" of each, then "|next". */
static char *told(const struct call *c)
{
    struct str s = STR(100000);
    for (size_t i = 0; i < c->n_names; i++) {
        str_addf(&s, "%s=%lld", c->names[i], (long long)(c->ids ? c->times[i] : c->sizes[i]));
        str_addf(&s, "%s%s;", c->ids ? "=" : "", c->ids ? c->ids[i] : "");
    }
    for (size_t i = 0; i < c->n_got_parts; i++)
        str_addf(&s, "%d=%lld=%s;", c->got_parts[i].number, (long long)c->got_parts[i].size,
                 c->got_parts[i].etag);
    str_addf(&s, "|%s", c->next ? c->next : "");
    return str_take(&s);
}

#define LIST(inside) XML "<ListBucketResult" NS "><Name>b</Name>" inside "</ListBucketResult>"
#define ITEM(key, size)                                                                            \
    "<Contents><Key>" key "</Key><LastModified>2026-11-20T18:00:00.000Z</LastModified>"            \
    "<ETag>&quot;a&quot;</ETag><Size>" size "</Size><Owner><ID>1</ID></Owner></Contents>"
#define URL_ENCODED "<EncodingType>url</EncodingType>"
#define UPLOADS(inside)                                                                            \
    XML "<ListMultipartUploadsResult" NS "><Bucket>b</Bucket>" inside                              \
        "</ListMultipartUploadsResult>"
#define UPLOAD(key, id, at)                                                                        \
    "<Upload><Key>" key "</Key><UploadId>" id "</UploadId><Initiator><ID>i</ID></Initiator>"       \
    "<Initiated>" at "</Initiated></Upload>"
#define PARTS(inside)                                                                              \
    XML "<ListPartsResult" NS "><UploadId>u</UploadId>" inside "</ListPartsResult>"
#define PART(n, size)                                                                              \
    "<Part><PartNumber>" n "</PartNumber><ETag>&quot;e&quot;</ETag><Size>" size "</Size></Part>"
#define MORE "<IsTruncated>true</IsTruncated>"

static void test_pages(void **state)
{
    static const struct {
        enum call_kind kind;
        const char *address, *page, *body;
        const char *told; /* NULL = refused */
    } rows[] = {
        {CALL_LIST, "b", NULL, LIST(""), "|"},
        {CALL_LIST, "b", NULL, LIST(ITEM("a", "5") ITEM("d/e", "0")), "a=5;d/e=0;|"},
        {CALL_LIST, "b", NULL,
         LIST(URL_ENCODED ITEM("a+b%2Bc%20%C3%A4%0A", "1") ITEM("100%25", "2")),
         "a b+c ä\n=1;100%=2;|"},
        /* Told last, it holds for those before it. */
        {CALL_LIST, "b", NULL, LIST(ITEM("a%2Fb", "1") URL_ENCODED), "a/b=1;|"},
        {CALL_LIST, "b", NULL, LIST(ITEM("a+b%2Fc&amp;d", "1")), "a+b%2Fc&d=1;|"},
        {CALL_LIST, "b", NULL, LIST(URL_ENCODED ITEM("a%00b%zz%", "1")), "a%00b%zz%=1;|"},
        {CALL_LIST, "b/d", NULL,
         LIST(ITEM("d/", "0") ITEM("d/e", "1") ITEM("d/f/", "0") ITEM("d/g/", "3")
                  ITEM("d/f/h", "2")),
         "e=1;g/=3;f/h=2;|"},
        {CALL_LIST, "b/d/", NULL, LIST(ITEM("d/e", "1")), "e=1;|"},
        {CALL_LIST, "b/d", NULL, LIST(ITEM("d/e", "1") ITEM("other", "1")), NULL},
        {CALL_LIST, "b", NULL, LIST(MORE "<NextContinuationToken>a/b+==</NextContinuationToken>"),
         "|continuation-token=a%2Fb%2B%3D%3D"},
        {CALL_LIST, "b", "continuation-token=t",
         LIST(MORE "<NextContinuationToken>t</NextContinuationToken>"), NULL},
        {CALL_LIST, "b", NULL, LIST(MORE), NULL},
        {CALL_LIST, "b", NULL, LIST(MORE "<NextContinuationToken/>"), NULL},
        {CALL_LIST, "b", NULL,
         LIST("<IsTruncated>false</IsTruncated><NextContinuationToken>t</NextContinuationToken>"),
         "|"},
        {CALL_LIST, "b", NULL, LIST(ITEM("a", "-1")), NULL},
        {CALL_LIST, "b", NULL, LIST(ITEM("a", "9223372036854775808")), NULL},
        {CALL_LIST, "b", NULL, LIST(ITEM("a", "5") "<Contents><Key>a</Key></Contents>"), NULL},
        {CALL_LIST, "b", NULL, LIST("<Contents><Size>1</Size></Contents>"), NULL},
        {CALL_LIST, "b", NULL, "<html/>", NULL},
        {CALL_LIST, "b", NULL, "", NULL},
        {CALL_LIST, "b", NULL, "<ListBucketResult>" ITEM("a", "1"), NULL},
        {CALL_UPLOADS, "b/x", NULL,
         UPLOADS(UPLOAD("x/y", "id1", "2026-11-20T18:00:00.000Z")
                     UPLOAD("x/z", "id2", "2026-11-20T18:00:01Z")),
         "b/x/y=1795197600=id1;b/x/z=1795197601=id2;|"},
        {CALL_UPLOADS, "b", NULL,
         UPLOADS(URL_ENCODED UPLOAD("a%20b", "i", "2026-11-20T18:00:00Z") MORE
                 "<NextKeyMarker>a%20b</NextKeyMarker><NextUploadIdMarker>i/</NextUploadIdMarker>"),
         "b/a b=1795197600=i;|key-marker=a%20b&upload-id-marker=i%2F"},
        {CALL_UPLOADS, "b", "key-marker=k&upload-id-marker=i",
         UPLOADS(MORE "<NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>i</NextUploadIdMarker>"),
         NULL},
        {CALL_UPLOADS, "b", NULL, UPLOADS(UPLOAD("a", "i", "yesterday")), NULL},
        {CALL_UPLOADS, "b", NULL, UPLOADS(UPLOAD("a", "", "2026-11-20T18:00:00Z")), NULL},
        {CALL_UPLOADS, "b", NULL, UPLOADS("<Upload><Key>a</Key><UploadId>i</UploadId></Upload>"),
         NULL},
        {CALL_UPLOADS, "b", NULL, UPLOADS(MORE), NULL},
        {CALL_PARTS, "b/k", NULL, PARTS(PART("1", "5242880") PART("10000", "7")),
         "1=5242880=\"e\";10000=7=\"e\";|"},
        {CALL_PARTS, "b/k", NULL, PARTS("<Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>"),
         "1=0=\"e\";|"},
        {CALL_PARTS, "b/k", NULL,
         PARTS("<NextPartNumberMarker>1</NextPartNumberMarker>" MORE PART("1", "5")),
         "1=5=\"e\";|part-number-marker=1"},
        {CALL_PARTS, "b/k", "part-number-marker=1",
         PARTS("<NextPartNumberMarker>1</NextPartNumberMarker>" MORE), NULL},
        {CALL_PARTS, "b/k", "part-number-marker=5",
         PARTS("<NextPartNumberMarker>4</NextPartNumberMarker>" MORE), NULL},
        {CALL_PARTS, "b/k", NULL, PARTS(MORE), NULL},
        {CALL_PARTS, "b/k", NULL, PARTS(PART("0", "5")), NULL},
        {CALL_PARTS, "b/k", NULL, PARTS(PART("10001", "5")), NULL},
        {CALL_PARTS, "b/k", NULL, PARTS(PART("1", "x")), NULL},
        {CALL_PARTS, "b/k", NULL, PARTS("<Part><PartNumber>1</PartNumber></Part>"), NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call c = question(rows[i].kind, rows[i].address);
        struct err e;
        c.page = rows[i].page;
        bool ok = accepted(&c, 200, "", rows[i].body, &e);
        if (ok != !!rows[i].told)
            fail_msg("row %zu: %s", i, ok ? "accepted" : e.text);
        char *is = told(&c);
        if (ok)
            ROW_TEXT(i, is, rows[i].told);
        else
            ROW(i, e.code == ERR_PROTOCOL);
        free(is);
        call_release(&c);
    }
}

static void test_a_thousand_entries(void **state)
{
    struct call c = question(CALL_LIST, "b");
    struct str body = STR(1 << 20);
    struct err e;
    (void)state;
    str_add(&body, "<ListBucketResult>");
    for (int i = 0; i < 1000; i++)
        str_addf(&body, "<Contents><Key>k%d</Key><Size>%d</Size></Contents>", i, i % 3);
    str_add(&body, "</ListBucketResult>");
    OK(accepted(&c, 200, "", str_text(&body), &e), e);
    assert_int_equal(c.n_names, 1000);
    assert_string_equal(c.names[999], "k999");
    call_release(&c);
    str_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_requests_of_others),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_presign),
        cmocka_unit_test(test_digests_of_a_get),
        cmocka_unit_test(test_heads_of_a_get),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_clocks),
        cmocka_unit_test(test_uploads_in_parts),
        cmocka_unit_test(test_put_and_finish),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_a_thousand_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
