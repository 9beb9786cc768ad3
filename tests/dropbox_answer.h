/* What the tests of the Dropbox backend share: remotes, and answers made of text. */
#ifndef DOGS_TESTS_DROPBOX_ANSWER_H
#define DOGS_TESTS_DROPBOX_ANSWER_H

#include "../src/transfer/backend.h"

/* Errors as the documentation writes them. */
#define ERROR(tags) "{\"error_summary\": \"for/people/..\", \"error\": " tags "}"
#define TAG(t) "{\".tag\": \"" t "\"}"
#define IN(t, inner) "{\".tag\": \"" t "\", \"" t "\": " inner "}"
#define UPLOAD_PATH(inner)                                                                         \
    "{\".tag\": \"path\", \"reason\": " inner ", \"upload_session_id\": \"s\"}"
#define RATE(t) "{\"reason\": " TAG(t) ", \"retry_after\": 5}"
#define OFFSET(n) "{\".tag\": \"incorrect_offset\", \"correct_offset\": " n "}"

static const struct remote live = {.type = "dropbox", .token = "t0", .app_key = "key"},
                           refreshing = {
                               .type = "dropbox", .refresh_token = "r0", .app_key = "key"};

/* headers: lines that end with '\n'; NULL allowed. */
static inline struct http_resp answer(int status, const char *headers, const char *body)
{
    struct http_resp r = {.status = status, .headers = STR(8192), .body = STR(65536)};
    for (const char *p = headers ? headers : ""; *p; p += strcspn(p, "\n") + 1) {
        str_addn(&r.headers, p, strcspn(p, "\n"));
        str_addn(&r.headers, "", 1);
    }
    str_add(&r.body, body ? body : "");
    return r;
}

#endif
