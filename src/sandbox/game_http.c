/* As much of HTTP/1.1 as a game's admin API needs: a request with a body of known length, an answer
 * of JSON. */
#include "game_respond.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_MOST = 16 * 1024, BODY_MOST = 32 * 1024 };

/* The value of a header, copied; "" = absent. */
static char *header(const char *head, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        size_t len = strcspn(line, "\r");
        if (len > n && line[n] == ':') {
            char *key = xstrndup(line, n);
            bool same = strlen(key) == n && str_has(key, name);
            free(key);
            size_t skip = n + 1 + strspn(line + n + 1, " \t");
            if (same)
                return skip < len ? xstrndup(line + skip, len - skip) : xstrdup("");
        }
    }
    return xstrdup("");
}

/* The next word of a line, cut off in place; what follows it is in *rest. */
static char *word(char **rest)
{
    char *begin = *rest;
    *rest += strcspn(begin, " \r\n");
    if (**rest)
        *(*rest)++ = '\0';
    return begin;
}

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *words;
    } reasons[] = {{200, "OK"},
                   {204, "No Content"},
                   {400, "Bad Request"},
                   {401, "Unauthorized"},
                   {403, "Forbidden"},
                   {404, "Not Found"},
                   {500, "Internal Server Error"}};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].words;
    return "Other";
}

static void answer(const struct hosted *h, char *head, const char *body, struct response *r)
{
    struct str out = STR(RESPONSE_MAX / 2);
    char *authorization = header(head, "authorization"), *rest = head;
    struct rest_request q = {.body = body, .bearer = "", .basic = "", .query = ""};
    q.method = word(&rest);
    char *path = word(&rest), *mark = strchr(path, '?');
    if (mark) {
        *mark = '\0';
        q.query = mark + 1;
    }
    q.path = path;
    if (str_starts(authorization, "Bearer "))
        q.bearer = authorization + strlen("Bearer ");
    else if (str_starts(authorization, "Basic "))
        q.basic = authorization + strlen("Basic ");
    int status = rest_answer(h, &q, r, &out);
    str_addf(&r->out,
             "HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n"
             "connection: close\r\n\r\n",
             status, reason(status), out.len);
    str_addn(&r->out, str_text(&out), out.len);
    r->close = true;
    str_release(&out);
    free(authorization);
}

size_t respond_http(const struct hosted *h, struct talker *t, const unsigned char *bytes,
                    size_t len, struct response *r)
{
    (void)t;
    char *text = xstrndup((const char *)bytes, len);
    char *end = strstr(text, "\r\n\r\n");
    size_t used = 0;
    int64_t body_len = 0;
    if (!end) {
        r->close = len > HEAD_MOST || strlen(text) < len;
        used = r->close ? len : 0;
    } else {
        size_t head_len = (size_t)(end - text) + 4;
        char *length = header(text, "content-length");
        bool good = !*length || str_int64(length, 0, BODY_MOST, &body_len);
        free(length);
        if (!good) {
            r->close = true;
            used = len;
        } else if (len - head_len >= (size_t)body_len) {
            char *body = xstrndup((const char *)bytes + head_len, (size_t)body_len);
            end[2] = '\0';
            answer(h, text, body, r);
            free(body);
            used = head_len + (size_t)body_len;
        }
    }
    free(text);
    return used;
}

static int hex(char c)
{
    const char *at = strchr("0123456789abcdef", c | 32);
    return c && at ? (int)(at - "0123456789abcdef") : -1;
}

void rest_parameter(const char *query, const char *name, char *out, size_t size)
{
    size_t n = strlen(name), used = 0;
    const char *p = query;
    out[0] = '\0';
    while (*p && !(strncmp(p, name, n) == 0 && p[n] == '=')) {
        p += strcspn(p, "&");
        p += *p == '&';
    }
    if (!*p)
        return;
    for (p += n + 1; *p && *p != '&' && used + 1 < size; p++) {
        if (*p == '%' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
            out[used++] = (char)(hex(p[1]) * 16 + hex(p[2]));
            p += 2;
        } else {
            out[used++] = *p == '+' ? ' ' : *p;
        }
    }
    out[used] = '\0';
}
