/* The Dropbox backend: what is asked for, and what answers mean. The answers are written after its
 * HTTP documentation and its specification. */
#include "unit.h"

#include "dropbox_answer.h"

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define FILE_JSON                                                                                  \
    "{\"name\": \"b\", \"path_display\": \"/a/b\", \"rev\": \"a1c10ce0dd78\", \"size\": 5, "       \
    "\"client_modified\": \"2026-11-20T18:00:00Z\", \"content_hash\": \"" HASH "\"}"

static const struct remote local = {.type = "dropbox", .token = "t0", .url = "http://127.0.0.1:9/"};

static const char *asked_header(const struct call *c, const char *name)
{
    for (size_t i = 0; i < c->n_headers; i++)
        if (strcmp(c->headers[i].name, name) == 0)
            return c->headers[i].value;
    return "";
}

#define MTIME INT64_C(1795197600123456789) /* 2026-11-20T18:00:00Z and a bit */
#define MODIFIED "\"client_modified\":\"2026-11-20T18:00:00Z\""

static const struct object pinned = {.size = 5, .etag = "a1c10ce0dd78"};

static const struct {
    struct call c;
    const char *method, *url, *arg, *body, *range;
} requests[] = {
    {{.kind = CALL_GET, .address = "/a/b", .to = -1},
     "GET",
     "https://content.dropboxapi.com/2/files/download",
     "{\"path\":\"/a/b\"}",
     "",
     ""},
    {{.kind = CALL_GET, .address = "a/b", .from = 10, .to = 20, .pinned = &pinned},
     "GET",
     "https://content.dropboxapi.com/2/files/download",
     "{\"path\":\"/a/b\"}",
     "",
     "bytes=10-19"},
    {{.kind = CALL_GET, .remote = &local, .address = "//a/b/", .from = 10, .to = -1},
     "GET",
     "http://127.0.0.1:9/2/files/download",
     "{\"path\":\"/a/b\"}",
     "",
     "bytes=10-"},
    {{.kind = CALL_PUT, .address = "/a/b", .len = 5, .total = 5, .mtime_ns = MTIME},
     "POST",
     "https://content.dropboxapi.com/2/files/upload",
     "{\"path\":\"/a/b\",\"mode\":\"overwrite\",\"autorename\":false,\"mute\":true," MODIFIED "}",
     "",
     ""},
    {{.kind = CALL_PUT, .address = "/a/b", .no_clobber = true},
     "POST",
     "https://content.dropboxapi.com/2/files/upload",
     "{\"path\":\"/a/b\",\"mode\":\"add\",\"autorename\":false,\"mute\":true}",
     "",
     ""},
    {{.kind = CALL_PUT, .address = "/a/b", .mtime_ns = -1},
     "POST",
     "https://content.dropboxapi.com/2/files/upload",
     "{\"path\":\"/a/b\",\"mode\":\"overwrite\",\"autorename\":false,\"mute\":true,"
     "\"client_modified\":\"1969-12-31T23:59:59Z\"}",
     "",
     ""},
    {{.kind = CALL_BEGIN, .address = "/a/b", .total = 1000000000},
     "POST",
     "https://content.dropboxapi.com/2/files/upload_session/start",
     "{\"close\":false,\"session_type\":\"concurrent\"}",
     "",
     ""},
    {{.kind = CALL_BEGIN, .address = "/a/b", .len = 5, .total = 5, .last = true},
     "POST",
     "https://content.dropboxapi.com/2/files/upload_session/start",
     "{\"close\":true}",
     "",
     ""},
    {{.kind = CALL_BEGIN, .address = "/a/b", .len = 5, .total = 9, .last = true},
     "POST",
     "https://content.dropboxapi.com/2/files/upload_session/start",
     "{\"close\":false,\"session_type\":\"concurrent\"}",
     "",
     ""},
    {{.kind = CALL_BEGIN, .address = "/a/b", .last = true},
     "POST",
     "https://content.dropboxapi.com/2/files/upload_session/start",
     "{\"close\":true}",
     "",
     ""},
    {{.kind = CALL_PART, .upload = "s1", .number = 2, .offset = 8388608, .len = 8388608},
     "POST",
     "https://content.dropboxapi.com/2/files/upload_session/append_v2",
     "{\"cursor\":{\"session_id\":\"s1\",\"offset\":8388608},\"close\":false}",
     "",
     ""},
    {{.kind = CALL_PART, .upload = "s1", .offset = INT64_C(346000000001), .len = 1, .last = true},
     "POST",
     "https://content.dropboxapi.com/2/files/upload_session/append_v2",
     "{\"cursor\":{\"session_id\":\"s1\",\"offset\":346000000001},\"close\":true}",
     "",
     ""},
    {{.kind = CALL_FINISH, .address = "/a/b", .upload = "s1", .total = 99, .mtime_ns = MTIME},
     "POST",
     "https://content.dropboxapi.com/2/files/upload_session/finish",
     "{\"cursor\":{\"session_id\":\"s1\",\"offset\":99},\"commit\":{\"path\":\"/a/b\",\"mode\":"
     "\"overwrite\",\"autorename\":false,\"mute\":true," MODIFIED "}}",
     "",
     ""},
    {{.kind = CALL_LIST, .address = "/a/"},
     "POST",
     "https://api.dropboxapi.com/2/files/list_folder",
     "",
     "{\"path\":\"/a\",\"recursive\":true,\"limit\":2000}",
     ""},
    {{.kind = CALL_LIST, .address = "/"},
     "POST",
     "https://api.dropboxapi.com/2/files/list_folder",
     "",
     "{\"path\":\"\",\"recursive\":true,\"limit\":2000}",
     ""},
    {{.kind = CALL_LIST, .address = "/a", .page = "c\"1"},
     "POST",
     "https://api.dropboxapi.com/2/files/list_folder/continue",
     "",
     "{\"cursor\":\"c\\\"1\"}",
     ""},
};

static void test_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct call c = requests[i].c;
        struct err e = {0};
        c.remote = c.remote ? c.remote : &live;
        OK(backend_dropbox.op[c.kind].prepare(&c, &e), e);
        ROW_TEXT(i, c.method, requests[i].method);
        ROW_TEXT(i, c.url, requests[i].url);
        ROW_TEXT(i, c.bearer, "t0");
        ROW_TEXT(i, asked_header(&c, "Dropbox-API-Arg"), requests[i].arg);
        ROW_TEXT(i, str_text(&c.body), requests[i].body);
        ROW_TEXT(i, asked_header(&c, "Range"), requests[i].range);
        ROW_TEXT(i, asked_header(&c, "If-Match"), "");
        bool bytes = *requests[i].arg && c.kind != CALL_GET;
        ROW_TEXT(i, asked_header(&c, "Content-Type"), bytes ? "application/octet-stream" : "");
        ROW(i, c.pinned == requests[i].c.pinned && !c.user && !c.password);
        call_release(&c);
    }
}

static void test_the_argument_is_ascii(void **state)
{
    static const struct {
        const char *address, *arg;
    } rows[] = {
        {"/a \"b\"\\c", "{\"path\":\"/a \\\"b\\\"\\\\c\"}"},
        {"/gr\xc3\xbc\xc3\x9f", "{\"path\":\"/gr\\u00fc\\u00df\"}"},
        {"/\xc2\x80\xdf\xbf\xe0\xa0\x80\xe6\x97\xa5",
         "{\"path\":\"/\\u0080\\u07ff\\u0800\\u65e5\"}"},
        {"/\xee\x80\x80\xef\xbf\xbf", "{\"path\":\"/\\ue000\\uffff\"}"},
        {"/\xf0\x90\x80\x80\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf",
         "{\"path\":\"/\\ud800\\udc00\\ud83d\\ude00\\udbff\\udfff\"}"},
        {"/~\x7f!", "{\"path\":\"/~\\u007f!\"}"},
        {"/a\nb\tc\x01", "{\"path\":\"/a\\nb\\tc\\u0001\"}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call c = {.kind = CALL_GET, .remote = &live, .address = rows[i].address, .to = -1};
        struct err e = {0};
        OK(backend_dropbox.op[CALL_GET].prepare(&c, &e), e);
        ROW_TEXT(i, asked_header(&c, "Dropbox-API-Arg"), rows[i].arg);
        call_release(&c);
    }
}

/* A record may have been damaged. */
static void test_an_id_of_any_bytes(void **state)
{
    static const char *const ids[] = {"s\xf0", "s\xe2\x82", "\xff\xff", "\xc3(", "\x80", ""};
    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct call c = {.kind = CALL_PART, .remote = &live, .upload = ids[i]};
        struct err e = {0};
        OK(backend_dropbox.op[CALL_PART].prepare(&c, &e), e);
        const char *arg = asked_header(&c, "Dropbox-API-Arg");
        for (const char *p = arg; *p; p++)
            ROW(i, *p >= ' ' && *p < 0x7f);
        ROW(i, strstr(arg, "\",\"offset\":0},\"close\":false}"));
        call_release(&c);
    }
}

static void test_what_is_not_asked_for(void **state)
{
    static char too_long[5001];
    static const struct {
        struct call c;
        enum err_code code;
        const char *text;
    } rows[] = {
        {{.kind = CALL_GET, .remote = &live, .address = "/gr\xfc"}, ERR_REFUSED, "UTF-8"},
        {{.kind = CALL_PUT, .remote = &live, .address = "/\xed\xa0\x80"}, ERR_REFUSED, "UTF-8"},
        {{.kind = CALL_FINISH, .remote = &live, .upload = "s", .address = "/\xc3"},
         ERR_REFUSED,
         "UTF-8"},
        {{.kind = CALL_LIST, .remote = &live, .address = too_long}, ERR_REFUSED, "4096 bytes"},
        {{.kind = CALL_BEGIN, .remote = &live, .address = "/a", .total = INT64_C(400000000000)},
         ERR_REFUSED,
         "350 GB"},
        {{.kind = CALL_LIST, .remote = &refreshing, .address = "/"}, ERR_AUTH, "no access token"},
    };
    (void)state;
    memset(too_long, 'x', sizeof too_long - 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call c = rows[i].c;
        struct err e = {0};
        ROW(i, !backend_dropbox.op[c.kind].prepare(&c, &e));
        ROW(i, e.code == rows[i].code && strstr(e.text, rows[i].text));
        /* Whoever can get a token is told to. */
        ROW(i, c.token_is_old == (e.code == ERR_AUTH) && e.retryable == c.token_is_old);
        call_release(&c);
    }
}

static void test_the_token_in_use(void **state)
{
    const struct access old = {.token = "t1"}, none = {0};
    struct call c = {.kind = CALL_LIST, .remote = &live, .access = &old, .address = "/"};
    struct err e = {0};
    (void)state;
    OK(backend_dropbox.op[CALL_LIST].prepare(&c, &e), e);
    assert_string_equal(c.bearer, "t1");
    call_release(&c);
    c.access = &none;
    OK(backend_dropbox.op[CALL_LIST].prepare(&c, &e), e);
    assert_string_equal(c.bearer, "t0");
    call_release(&c);
}

static void test_heads_of_downloads(void **state)
{
#define RESULT "Dropbox-API-Result: " FILE_JSON "\n"
    static const struct object older = {.size = 5, .etag = "a1c10ce0dd77"},
                               shorter = {.size = 4, .etag = "a1c10ce0dd78"};
    static const struct {
        struct call c;
        int status;
        const char *headers;
        bool ok, changed, retryable;
        int64_t from, to;
        const char *text;
    } rows[] = {
        {{.to = -1}, 200, RESULT "Content-Length: 5\nETag: W/\"a1c10ce0dd78\"\n", true, .to = 5},
        {{.to = -1}, 200, RESULT "Content-Length: 5\nETag: \"other\"\n", true, .to = 5},
        {{.to = -1}, 200, RESULT, true, .to = 5},
        {{.from = 1, .to = 3, .pinned = &pinned},
         206,
         RESULT "Content-Length: 2\nContent-Range: bytes 1-2/5\n",
         true,
         .from = 1,
         .to = 3},
        {{.from = 1, .to = -1, .pinned = &pinned},
         206,
         RESULT "Content-Range: bytes 1-4/5\n",
         true,
         .from = 1,
         .to = 5},
        {{.from = 1, .to = 3}, 200, RESULT "Content-Length: 5\n", true, .to = 5},
        {{.from = 1, .to = 3, .pinned = &older},
         206,
         RESULT "Content-Range: bytes 1-2/5\n",
         false,
         true,
         .text = "changed"},
        {{.to = -1, .pinned = &shorter},
         200,
         RESULT "Content-Length: 5\n",
         false,
         true,
         .text = "changed"},
        {{.from = 1, .to = 3},
         206,
         RESULT "Content-Range: bytes 2-3/5\n",
         false,
         .retryable = true,
         .text = "range"},
        {{.from = 1, .to = 3},
         206,
         RESULT "Content-Range: bytes 1-2/6\n",
         false,
         .retryable = true,
         .text = "a file of 5"},
        {{.to = -1},
         200,
         RESULT "Content-Length: 4\n",
         false,
         .retryable = true,
         .text = "4 bytes come"},
        {{.to = -1}, 200, "Content-Length: 5\n", false, .text = "not Dropbox's"},
        {{.to = -1}, 200, "Dropbox-API-Result: {\"size\": \n", false, .text = "not valid JSON"},
        {{.from = 9, .to = 12, .pinned = &pinned},
         416,
         "Content-Range: bytes */5\n",
         false,
         true,
         .text = "HTTP 416"},
    };
    uint8_t sum[32];
    (void)state;
    assert_true(digest_from_hex(HASH, 32, sum));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call c = rows[i].c;
        struct http_resp r = answer(rows[i].status, rows[i].headers, NULL);
        struct err e = {0};
        c.remote = &live;
        ROW(i, backend_dropbox.op[CALL_GET].accept(&c, &r, &e) == rows[i].ok);
        ROW(i, c.changed == rows[i].changed && e.retryable == rows[i].retryable);
        ROW(i, rows[i].ok || strstr(e.text, rows[i].text));
        if (rows[i].ok) {
            ROW(i, c.got_from == rows[i].from && c.got_to == rows[i].to);
            ROW_TEXT(i, c.object.etag, "a1c10ce0dd78");
            ROW(i, c.object.size == 5 && c.object.ranges && !c.object.modified[0]);
            ROW(i, c.object.modified_ns == MTIME / 1000000000 * 1000000000);
            ROW(i, c.object.block_hash && c.object.digests == 1u << DIGEST_SHA256);
            ROW(i, memcmp(c.object.digest[DIGEST_SHA256], sum, 32) == 0);
        }
        http_resp_release(&r);
        call_release(&c);
    }
}

static void test_what_was_stored(void **state)
{
    static const enum call_kind kinds[] = {CALL_PUT, CALL_FINISH};
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct call c = {.kind = kinds[i], .remote = &live};
        struct err e = {0};
        struct http_resp r = answer(200, NULL, FILE_JSON);
        OK(backend_dropbox.op[kinds[i]].accept(&c, &r, &e), e);
        ROW(i, c.object.size == 5 && c.object.block_hash);
        ROW_TEXT(i, c.object.etag, "a1c10ce0dd78");
        http_resp_release(&r);
        r = answer(200, NULL, "<html>");
        ROW(i, !backend_dropbox.op[kinds[i]].accept(&c, &r, &e) && e.code == ERR_PROTOCOL);
        http_resp_release(&r);
    }
}

static void test_uploads_begin_and_go_on(void **state)
{
    struct call c = {.kind = CALL_BEGIN, .remote = &live};
    struct err e = {0};
    struct http_resp r = answer(200, NULL, "{\"session_id\": \"pid_upload_session:ABC\"}");
    (void)state;
    OK(backend_dropbox.op[CALL_BEGIN].accept(&c, &r, &e), e);
    assert_string_equal(c.got_upload, "pid_upload_session:ABC");
    call_release(&c);
    http_resp_release(&r);
    r = answer(200, NULL, "{\"session_id\": \"\"}");
    assert_false(backend_dropbox.op[CALL_BEGIN].accept(&c, &r, &e));
    http_resp_release(&r);

    c = (struct call){.kind = CALL_PART, .remote = &live, .number = 3, .offset = 8, .len = 4};
    r = answer(200, NULL, "null");
    OK(backend_dropbox.op[CALL_PART].accept(&c, &r, &e), e);
    assert_true(c.got_part.number == 3 && c.got_part.size == 4 && c.right_offset == -1);
    http_resp_release(&r);
}

static void test_batches(void **state)
{
    struct commit commits[] = {
        {.address = "/a/b", .upload = "s1", .total = 5, .mtime_ns = MTIME},
        {.address = "/a/c", .upload = "s2", .total = 0, .no_clobber = true},
        {.address = "/a/d", .upload = "s3", .total = 7},
        {.address = "/a/e", .upload = "s4", .total = 7},
        {.address = "/a/f", .upload = "s5", .total = 7},
    };
    static const struct {
        bool ok, retryable;
        enum err_code code;
        const char *text;
    } results[COUNT(commits)] = {
        {true, false, ERR_OK, ""},
        {false, false, ERR_GUARD, "there is a file of this name (path/conflict/file)"},
        {false, true, ERR_RATE_LIMIT, "too many writes"},
        {false, false, ERR_NOT_FOUND, "gone"},
        {false, false, ERR_PROTOCOL, "neither"},
    };
    struct call c = {.kind = CALL_COMMIT, .remote = &live, .commits = commits, .n_commits = 5};
    struct err e = {0};
    (void)state;
    OK(backend_dropbox.op[CALL_COMMIT].prepare(&c, &e), e);
    assert_string_equal(c.url, "https://api.dropboxapi.com/2/files/upload_session/finish_batch_v2");
    assert_true(str_starts(
        str_text(&c.body),
        "{\"entries\":[{\"cursor\":{\"session_id\":\"s1\",\"offset\":5},\"commit\":{\"path\":"
        "\"/a/b\",\"mode\":\"overwrite\",\"autorename\":false,\"mute\":true," MODIFIED "}},"
        "{\"cursor\":{\"session_id\":\"s2\",\"offset\":0},\"commit\":{\"path\":\"/a/c\",\"mode\":"
        "\"add\",\"autorename\":false,\"mute\":true}},"));
    call_release(&c);

    struct http_resp r =
        answer(200, NULL,
               "{\"entries\": [{\".tag\": \"success\", \"size\": 5, \"rev\": \"a1c10ce0dd78\", "
               "\"content_hash\": \"" HASH "\"},"
               "{\".tag\": \"failure\", \"failure\": " IN(
                   "path",
                   IN("conflict",
                      TAG("file"))) "},"
                                    "{\".tag\": \"failure\", \"failure\": " TAG(
                                        "too_many_write_operations") "},"
                                                                     "{\".tag\": \"failure\", "
                                                                     "\"failure\": " IN(
                                                                         "lookup_failed",
                                                                         TAG("not_closed")) "},"
                                                                                            "{}]}");
    OK(backend_dropbox.op[CALL_COMMIT].accept(&c, &r, &e), e);
    for (size_t i = 0; i < COUNT(results); i++) {
        ROW(i, commits[i].ok == results[i].ok && commits[i].e.retryable == results[i].retryable);
        ROW(i, commits[i].e.code == results[i].code);
        ROW(i, results[i].ok || strstr(commits[i].e.text, i == 3 ? "last part" : results[i].text));
    }
    assert_true(commits[0].object.size == 5 && commits[0].object.block_hash);
    c.n_commits = 4;
    assert_false(backend_dropbox.op[CALL_COMMIT].accept(&c, &r, &e));
    assert_string_equal(e.text, "5 results came for 4 files");
    http_resp_release(&r);
}

static void test_the_largest_batch_fits(void **state)
{
    enum { N = 1000 };
    struct commit *commits = xcalloc(N, sizeof *commits);
    struct call c = {.kind = CALL_COMMIT, .remote = &live, .commits = commits, .n_commits = N};
    struct err e = {0};
    static char address[4097], id[UPLOAD_ID_MAX];
    (void)state;
    memset(address, 1, sizeof address - 1); /* each becomes six */
    address[0] = '/';
    memset(id, 'i', sizeof id - 1);
    for (size_t i = 0; i < N; i++)
        commits[i] = (struct commit){.address = address, .upload = id, .total = INT64_MAX};
    OK(backend_dropbox.op[CALL_COMMIT].prepare(&c, &e), e);
    assert_false(c.body.full);
    assert_int_equal(c.body.p[c.body.len - 1], '}');
    call_release(&c);
    free(commits);
}

static void test_lists(void **state)
{
    static const char page[] =
        "{\"entries\": ["
        "{\".tag\": \"folder\", \"path_display\": \"/Top/Gr\xc3\xbc\xc3\x9f\"},"
        "{\".tag\": \"file\", \"path_display\": \"/Top/Gr\xc3\xbc\xc3\x9f/a/b.txt\", \"size\": 7},"
        "{\".tag\": \"deleted\", \"path_display\": \"/Top/Gr\xc3\xbc\xc3\x9f/gone\"},"
        "{\".tag\": \"file\", \"path_display\": \"/TOP/GR\xc3\x9c\xe1\xba\x9e/c\", \"size\": "
        "350000000000}], \"cursor\": \"next one\", \"has_more\": %s}";
    static const struct {
        const char *prefix, *more;
        size_t n;
        const char *first, *second;
    } rows[] = {
        {"/top/gr\xc3\xbc\xc3\x9f", "true", 2, "a/b.txt", "c"},
        {"top/gr\xc3\xbc\xc3\x9f/", "false", 2, "a/b.txt", "c"},
        {"/top", "false", 2, "Gr\xc3\xbc\xc3\x9f/a/b.txt", "GR\xc3\x9c\xe1\xba\x9e/c"},
        {"/", "false", 2, "Top/Gr\xc3\xbc\xc3\x9f/a/b.txt", "TOP/GR\xc3\x9c\xe1\xba\x9e/c"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call c = {.kind = CALL_LIST, .remote = &live, .address = rows[i].prefix};
        struct err e = {0};
        char body[1024];
        snprintf(body, sizeof body, page, rows[i].more);
        struct http_resp r = answer(200, NULL, body);
        OK(backend_dropbox.op[CALL_LIST].accept(&c, &r, &e), e);
        ROW(i, c.n_names == rows[i].n && c.sizes[0] == 7 && c.sizes[1] == INT64_C(350000000000));
        ROW_TEXT(i, c.names[0], rows[i].first);
        ROW_TEXT(i, c.names[1], rows[i].second);
        ROW_TEXT(i, c.next ? c.next : "", i == 0 ? "next one" : "");
        call_release(&c);
        http_resp_release(&r);
    }
}

static void test_limits(void **state)
{
    const struct backend *b = &backend_dropbox;
    (void)state;
    assert_true(b->part_most <= b->whole_most && b->whole_most <= 150000000);
    assert_true(b->part_most % b->part_step == 0 && b->part_least % b->part_step == 0);
    assert_int_equal(b->part_step, 4 << 20);
    assert_true(b->part_most * b->parts_most > INT64_C(350) << 30);
    assert_true(b->batch == 1000 && b->begin_takes_data && !b->etag_is_md5);
    assert_true(!b->op[CALL_PARTS].prepare && !b->op[CALL_ABORT].prepare &&
                !b->op[CALL_UPLOADS].prepare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_the_argument_is_ascii),
        cmocka_unit_test(test_an_id_of_any_bytes),
        cmocka_unit_test(test_what_is_not_asked_for),
        cmocka_unit_test(test_the_token_in_use),
        cmocka_unit_test(test_heads_of_downloads),
        cmocka_unit_test(test_what_was_stored),
        cmocka_unit_test(test_uploads_begin_and_go_on),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_the_largest_batch_fits),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
