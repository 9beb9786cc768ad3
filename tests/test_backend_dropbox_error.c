/* What Dropbox's refusals mean, with the tags of its specification. */
#include "unit.h"

#include "dropbox_answer.h"

enum { NO_CLOBBER = 1, LAST = 2, REFRESH = 4 };         /* of the call */
enum { RETRY = 1, GONE = 2, OLD_TOKEN = 4, THERE = 8 }; /* of what it means */

/* The part that is sent is bytes 8 to 11. */
static const struct {
    enum call_kind kind;
    int call, status;
    const char *body;
    enum err_code code;
    int means;
    const char *text;
} rows[] = {
    {CALL_GET, 0, 409, ERROR(IN("path", TAG("not_found"))), ERR_NOT_FOUND, 0,
     "HTTP 409: there is no such file (path/not_found)"},
    {CALL_GET, 0, 409, ERROR(IN("path", TAG("not_file"))), ERR_REFUSED, 0, "a folder, not"},
    {CALL_GET, 0, 409, ERROR(TAG("unsupported_file")), ERR_REFUSED, 0, "only be exported"},
    {CALL_GET, 0, 409, ERROR(IN("path", IN("malformed_path", "null"))), ERR_REFUSED, 0,
     "does not take this path (path/malformed_path)"},
    {CALL_GET, 0, 409, "", ERR_REFUSED, 0, "HTTP 409: Dropbox does not say why"},
    {CALL_GET, 0, 409, ERROR(TAG("brand_new")), ERR_REFUSED, 0, "HTTP 409: brand_new"},
    {CALL_GET, 0, 409,
     "{\"error\": " TAG("brand_new") ", \"user_message\": {\"text\": \"Not\\ntoday\\u001b\"}}",
     ERR_REFUSED, 0, "HTTP 409: Not today (brand_new)"},
    {CALL_GET, 0, 400, "Error in call to API function \"files/download\":\n caf\xc3\xa9\x1b[m",
     ERR_REFUSED, 0, "HTTP 400: Error in call to API function \"files/download\": caf?? [m"},

    {CALL_PUT, NO_CLOBBER, 409, ERROR(UPLOAD_PATH(IN("conflict", TAG("file")))), ERR_GUARD, 0,
     "there is a file of this name (path/conflict/file)"},
    {CALL_FINISH, NO_CLOBBER, 409, ERROR(IN("path", IN("conflict", TAG("file")))), ERR_GUARD, 0,
     "(path/conflict/file)"},
    {CALL_PUT, NO_CLOBBER, 409, ERROR(UPLOAD_PATH(IN("conflict", TAG("new")))), ERR_GUARD, 0,
     "something of this name"},
    {CALL_PUT, 0, 409, ERROR(UPLOAD_PATH(IN("conflict", TAG("file")))), ERR_REFUSED, 0, "a file"},
    {CALL_PUT, NO_CLOBBER, 409, ERROR(UPLOAD_PATH(IN("conflict", TAG("folder")))), ERR_REFUSED, 0,
     "a folder of this name"},
    {CALL_PUT, NO_CLOBBER, 409, ERROR(UPLOAD_PATH(IN("conflict", TAG("file_ancestor")))),
     ERR_REFUSED, 0, "is a file there"},
    {CALL_PUT, 0, 409, ERROR(UPLOAD_PATH(TAG("insufficient_space"))), ERR_REFUSED, 0,
     "the Dropbox is full (path/insufficient_space)"},
    {CALL_PUT, 0, 409, ERROR(UPLOAD_PATH(TAG("no_write_permission"))), ERR_AUTH, 0, "may not"},
    {CALL_PUT, 0, 409, ERROR(UPLOAD_PATH(TAG("too_many_write_operations"))), ERR_RATE_LIMIT, RETRY,
     "too many writes"},
    {CALL_FINISH, 0, 409, ERROR(TAG("too_many_write_operations")), ERR_RATE_LIMIT, RETRY,
     "too many writes"},
    {CALL_PUT, 0, 409, ERROR(TAG("payload_too_large")), ERR_REFUSED, 0, "one request"},

    {CALL_PART, 0, 409, ERROR(TAG("content_hash_mismatch")), ERR_REFUSED, RETRY, "damaged"},
    {CALL_PART, 0, 409, ERROR(OFFSET("12")), ERR_OK, 0, ""},
    {CALL_PART, 0, 409, ERROR(OFFSET("16")), ERR_OK, 0, ""},
    {CALL_PART, 0, 409, ERROR(OFFSET("11")), ERR_REFUSED, RETRY | THERE, "other bytes"},
    {CALL_PART, 0, 409, ERROR(IN("lookup_failed", OFFSET("11"))), ERR_REFUSED, RETRY | THERE,
     "other bytes"},
    {CALL_PART, 0, 409, ERROR(TAG("incorrect_offset")), ERR_REFUSED, RETRY, "other bytes"},
    {CALL_PART, 0, 409, ERROR(TAG("closed")), ERR_REFUSED, GONE, "closed already"},
    {CALL_PART, LAST, 409, ERROR(TAG("closed")), ERR_OK, 0, ""},
    {CALL_PART, 0, 409, ERROR(TAG("not_found")), ERR_NOT_FOUND, GONE, "gone"},
    {CALL_FINISH, 0, 409, ERROR(IN("lookup_failed", TAG("not_found"))), ERR_NOT_FOUND, GONE,
     "gone"},
    {CALL_FINISH, 0, 409, ERROR(IN("lookup_failed", OFFSET("16"))), ERR_REFUSED, GONE,
     "not all bytes"},
    {CALL_FINISH, 0, 409, ERROR(TAG("concurrent_session_missing_data")), ERR_REFUSED, GONE,
     "not all parts"},
    {CALL_FINISH, 0, 409, ERROR(TAG("concurrent_session_not_closed")), ERR_REFUSED, GONE,
     "lacks its last part"},
    {CALL_PART, 0, 409, ERROR(TAG("concurrent_session_invalid_offset")), ERR_REFUSED, 0,
     "begin at multiples of 4 MiB"},
    {CALL_PART, 0, 409, ERROR(TAG("concurrent_session_invalid_data_size")), ERR_REFUSED, 0,
     "multiples of 4 MiB long"},
    {CALL_PART, 0, 409, ERROR(TAG("too_large")), ERR_REFUSED, 0, "that large"},

    {CALL_LIST, 0, 409, ERROR(IN("path", TAG("not_found"))), ERR_NOT_FOUND, 0, "such folder"},
    {CALL_LIST, 0, 409, ERROR(IN("path", TAG("not_folder"))), ERR_REFUSED, 0, "not a folder"},
    {CALL_LIST, 0, 409, ERROR(TAG("reset")), ERR_REFUSED, 0, "changed too much"},

    {CALL_LIST, 0, 429, ERROR(RATE("too_many_requests")), ERR_RATE_LIMIT, RETRY,
     "HTTP 429: too many requests (too_many_requests)"},
    {CALL_COMMIT, 0, 429, ERROR(RATE("too_many_write_operations")), ERR_RATE_LIMIT, RETRY,
     "too many writes"},
    {CALL_PART, 0, 429, "too_many_requests", ERR_RATE_LIMIT, RETRY, "HTTP 429: too_many_requests"},
    {CALL_PUT, 0, 429, "", ERR_RATE_LIMIT, RETRY, "HTTP 429: too many requests"},

    {CALL_PUT, REFRESH, 401, ERROR(TAG("expired_access_token")), ERR_AUTH, RETRY | OLD_TOKEN,
     "has run out"},
    {CALL_PUT, 0, 401, ERROR(TAG("expired_access_token")), ERR_AUTH, 0, "has run out"},
    {CALL_PUT, REFRESH, 401, ERROR(TAG("invalid_access_token")), ERR_AUTH, 0, "is not valid"},
    {CALL_PUT, 0, 401,
     ERROR("{\".tag\": \"missing_scope\", \"required_scope\": \"files.content.write\"}"), ERR_AUTH,
     0, "lacks a permission, files.content.write (missing_scope)"},
    {CALL_PUT, 0, 403, ERROR(TAG("brand_new")), ERR_AUTH, 0, "HTTP 403: brand_new"},
    {CALL_PUT, 0, 500, "failed", ERR_REFUSED, RETRY, "HTTP 500: failed"},
    {CALL_PUT, 0, 503, ERROR(TAG("not_found")), ERR_REFUSED, RETRY, "HTTP 503"},
    {CALL_BEGIN, 0, 409, "{\"error\": [1, 2]}", ERR_REFUSED, 0, "does not say why"},
    {CALL_BEGIN, 0, 409, "{\"error\": \"brand_new\"}", ERR_REFUSED, 0, "brand_new"},
    {CALL_BEGIN, 0, 307, "", ERR_REFUSED, 0, "HTTP 307"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct call c = {.kind = rows[i].kind,
                         .remote = rows[i].call & REFRESH ? &refreshing : &live,
                         .no_clobber = rows[i].call & NO_CLOBBER,
                         .last = rows[i].call & LAST,
                         .offset = 8,
                         .len = 4};
        struct err e = {0};
        struct http_resp r = answer(rows[i].status, NULL, rows[i].body);
        bool ok = backend_dropbox.op[c.kind].accept(&c, &r, &e);
        ROW(i, ok == (rows[i].code == ERR_OK) && e.code == rows[i].code);
        if (!strstr(e.text, rows[i].text))
            fail_msg("row %zu: \"%s\" is not in \"%s\"", i, rows[i].text, e.text);
        ROW(i, ok || e.http_status == rows[i].status);
        ROW(i, e.retryable == !!(rows[i].means & RETRY));
        ROW(i, c.upload_is_gone == !!(rows[i].means & GONE));
        ROW(i, c.token_is_old == !!(rows[i].means & OLD_TOKEN));
        ROW(i, c.kind != CALL_PART || c.right_offset == (rows[i].means & THERE ? 11 : -1));
        ROW(i, c.kind != CALL_PART || c.got_part.size == (ok ? 4 : 0));
        for (const char *p = e.text; *p; p++)
            ROW(i, *p >= ' ' && *p < 0x7f);
        http_resp_release(&r);
    }
}

static void test_a_page_of_html_is_not_shown(void **state)
{
    struct call c = {.kind = CALL_PUT, .remote = &live};
    struct err e = {0};
    struct http_resp r = answer(502, "Content-Type: text/html; charset=utf-8\n", "<html>");
    (void)state;
    assert_false(backend_dropbox.op[CALL_PUT].accept(&c, &r, &e));
    assert_string_equal(e.text, "HTTP 502: a server behind it failed");
    http_resp_release(&r);
}

/* Answers with some bytes changed and ends cut off: read to the end or refused with words. */
static void test_nonsense_is_survived(void **state)
{
    static const struct {
        enum call_kind kind;
        int status;
        const char *body;
    } whole[] = {
        {CALL_FINISH, 409, ERROR(UPLOAD_PATH(IN("conflict", TAG("file"))))},
        {CALL_PART, 409, ERROR(IN("lookup_failed", OFFSET("16")))},
        {CALL_PUT, 200, "{\"rev\": \"a1c10ce0dd78\", \"size\": 5, \"content_hash\": \"00\"}"},
        {CALL_BEGIN, 200, "{\"session_id\": \"pid_upload_session:1\"}"},
        {CALL_COMMIT, 200,
         "{\"entries\": [{\".tag\": \"success\", \"size\": 5}, {\".tag\": \"failure\", "
         "\"failure\": " IN("path", IN("conflict", TAG("file"))) "}]}"},
        {CALL_LIST, 200,
         "{\"entries\": [{\".tag\": \"file\", \"path_display\": \"/a/b\", \"size\": 5}, "
         "{\".tag\": \"folder\"}], \"cursor\": \"c\", \"has_more\": true}"},
    };
    (void)state;
    for (int i = 0; i < 60000; i++) {
        size_t row = (size_t)i % COUNT(whole);
        struct commit commits[2] = {{.no_clobber = true}, {.no_clobber = true}};
        struct call c = {.kind = whole[row].kind, .remote = &live, .address = "/a"};
        struct http_resp r = answer(whole[row].status, NULL, whole[row].body);
        struct err e = {0};
        c.commits = commits;
        c.n_commits = 2;
        for (uint64_t n = unit_random() % 4 + 1; n; n--)
            r.body.p[unit_random() % r.body.len] = (char)unit_random();
        r.body.len -= unit_random() % 2 ? unit_random() % r.body.len : 0;
        r.body.p[r.body.len] = '\0';
        bool ok = backend_dropbox.op[c.kind].accept(&c, &r, &e);
        ROW(row, ok ? e.code == ERR_OK : e.code != ERR_OK && *e.text);
        for (size_t k = 0; ok && c.kind == CALL_COMMIT && k < 2; k++)
            ROW(row, commits[k].ok || *commits[k].e.text);
        call_release(&c);
        http_resp_release(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_page_of_html_is_not_shown),
        cmocka_unit_test(test_nonsense_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
