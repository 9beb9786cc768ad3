/* sandbox_peer: what the tests of the sandbox share: a sandbox of their own in a folder of their
 * own, and rows of requests with what must be answered. */
#ifndef DOGS_TESTS_SANDBOX_PEER_H
#define DOGS_TESTS_SANDBOX_PEER_H

#include <dogs/http.h>
#include <dogs/json.h>
#include <dogs/os.h>
#include <dogs/sandbox.h>
#include <dogs/work.h>
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

static inline struct sandbox *start(double speed)
{
    struct err e = {0};
    struct sandbox *s = sandbox_start(&(struct sandbox_opts){.dir = dir, .speed = speed}, &e);
    if (!s)
        fail_msg("%s", e.text);
    return s;
}

/* Every test has a folder and a sandbox of its own whose clock hardly moves by itself. */
static inline int setup(void **state)
{
    static int n;
    (void)state;
    dir = xasprintf("/tmp/dogs-test-sandbox-%lld-%d", (long long)os_pid(), n++);
    sb = start(0.001);
    return 0;
}

static inline int teardown(void **state)
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
static inline int send_to(struct sandbox *to, const char *method, const char *path,
                          const char *body, const char *token, cJSON **json)
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

static inline int64_t get_int(const char *path, const char *where)
{
    cJSON *json = NULL;
    send_to(sb, "GET", path, NULL, NULL, &json);
    int64_t value = json_int(json, where, -1);
    cJSON_Delete(json);
    return value;
}

static inline void control(const char *path, const char *body)
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

static inline char *filled(const char *text)
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

static inline void check(const struct row *r, size_t i)
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

static inline void check_rows(const struct row *rows, size_t n)
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

static inline int open_client(void **state)
{
    struct err e = {0};
    (void)state;
    client = http_new(&(struct http_opts){.user_agent = "test"}, &e);
    return client ? 0 : -1;
}

static inline int close_client(void **state)
{
    (void)state;
    http_free(client);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
