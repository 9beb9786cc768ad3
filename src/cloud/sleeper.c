#include "sleeper.h"
#include <dogs/json.h>
#include <dogs/os.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { DAY_MS = 24 * 3600 * 1000 };

static bool tell(const struct sleeper *s, struct http *http, const char *base_url, const char *verb,
                 int64_t ms, struct cancel *cancel, int64_t *now_ms)
{
    char url[256], body[160];
    struct http_resp resp = {0};
    struct err e = {0};
    snprintf(url, sizeof url, "%s/sandbox/%s", base_url, verb);
    snprintf(body, sizeof body, "{\"who\":\"%s\",\"ms\":%lld}", s->who, (long long)ms);
    bool ok = http_do(http,
                      &(struct http_req){.method = "POST",
                                         .url = url,
                                         .body = body,
                                         .body_len = strlen(body),
                                         .idle_ms = DAY_MS,
                                         .total_ms = DAY_MS},
                      &resp, cancel, &e);
    cJSON *json = ok ? json_parse(str_text(&resp.body), resp.body.len, &e) : NULL;
    if (now_ms)
        *now_ms = json_int(json, "virtual_ms", *now_ms);
    cJSON_Delete(json);
    http_resp_release(&resp);
    return ok;
}

/* The first of a process has the name that whoever started it may have given; it may have joined in
 * that name already, so that no time passes until it is there. */
void sleeper_join(struct sleeper *s, struct http *http, const char *base_url)
{
    static atomic_int clients;
    if (*s->who)
        return;
    int n = atomic_fetch_add(&clients, 1);
    const char *given = os_env("DOGS_SANDBOX_CLIENT");
    if (given)
        snprintf(s->who, sizeof s->who, "%.40s", given);
    else
        snprintf(s->who, sizeof s->who, "%lld", (long long)os_pid());
    size_t len = strlen(s->who);
    if (n)
        snprintf(s->who + len, sizeof s->who - len, "-%d", n);
    tell(s, http, base_url, "join", 0, NULL, NULL);
}

void sleeper_leave(struct sleeper *s, struct http *http, const char *base_url)
{
    if (*s->who)
        tell(s, http, base_url, "leave", 0, NULL, NULL);
    s->who[0] = '\0';
}

bool sleeper_sleep(struct sleeper *s, struct http *http, const char *base_url, int64_t ms,
                   struct cancel *cancel, int64_t *now_ms)
{
    /* A sandbox that has gone must not make of every sleep a busy loop. */
    if (!tell(s, http, base_url, "sleep", ms, cancel, now_ms))
        return cancel_sleep(cancel, 1000);
    return cancel_is(cancel);
}
