#include "http_call.h"
#include "late.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Four decimal numbers of which the first is 127; libcurl has brought other spellings (0x7f.1) into
 * this form. */
static bool is_loopback_v4(const char *host)
{
    int64_t part;
    int n = 0;
    for (const char *p = host;; n++) {
        char digits[4] = "";
        size_t len = strcspn(p, ".");
        if (len > 3)
            return false;
        memcpy(digits, p, len);
        if (!str_int64(digits, 0, 255, &part) || (n == 0 && part != 127))
            return false;
        if (!p[len])
            return n == 3;
        p += len + 1;
    }
}

static bool is_loopback_host(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 || is_loopback_v4(host);
}

bool http_url_parse(const char *text, struct http_url *u, struct err *e)
{
    char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL, *query = NULL, *user = NULL;
    bool ok = false;

    *u = (struct http_url){0};
    if (!late_curl(e))
        return false;
    CURLU *url = curl_url();
    if (!url)
        abort();
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OK)
        code = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(url, CURLUPART_HOST, &host, 0);
    if (code == CURLUE_OK)
        code = curl_url_get(url, CURLUPART_PATH, &path, 0);
    if (code != CURLUE_OK) {
        err_set(e, ERR_CONFIG, "not a URL: %s", curl_url_strerror(code));
        err_hint(e, "a whole URL begins with https:// or http:// and a host");
        goto out;
    }
    u->tls = strcasecmp(scheme, "https") == 0;
    if (!u->tls && strcasecmp(scheme, "http") != 0) {
        err_set(e, ERR_CONFIG, "'%s' URLs are not spoken, only https and http", scheme);
        goto out;
    }
    curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
    curl_url_get(url, CURLUPART_QUERY, &query, 0);
    u->has_user = curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK;
    u->loopback = is_loopback_host(host);
    size_t bracket = *host == '[';
    u->name = xstrndup(host + bracket, strlen(host) - 2 * bracket);
    u->host = xasprintf("%s%s%s", host, port ? ":" : "", port ? port : "");
    u->shown = xasprintf("%s://%s%s%s", scheme, u->host, path, query ? "?..." : "");
    ok = true;
out:
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_free(query);
    curl_free(user);
    curl_url_cleanup(url);
    return ok;
}

void http_url_release(struct http_url *u)
{
    free(u->host);
    free(u->name);
    free(u->shown);
    *u = (struct http_url){0};
}

bool http_is_loopback(const char *url)
{
    struct http_url u;
    struct err ignored;
    bool yes = http_url_parse(url, &u, &ignored) && u.loopback;
    http_url_release(&u);
    return yes;
}

void http_escape(struct str *out, const char *text)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~";
    for (const char *p = text; *p; p++) {
        if (strchr(unreserved, *p))
            str_addn(out, p, 1);
        else
            str_addf(out, "%%%02X", (unsigned)(unsigned char)*p);
    }
}

char *http_url_shown(const char *url)
{
    struct http_url u;
    struct err ignored;
    char *shown = http_url_parse(url, &u, &ignored) ? xstrdup(u.shown) : xstrdup("(not a URL)");
    http_url_release(&u);
    return shown;
}

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) % 16 : -1;
}

/* In place. What would be a NUL stays as it was written. */
static void decode(char *text)
{
    char *to = text;
    for (const char *p = text; *p; p++) {
        int high = *p == '%' ? hex_value(p[1]) : -1;
        int low = high >= 0 ? hex_value(p[2]) : -1;
        if (low >= 0 && high + low > 0) {
            *to++ = (char)(high * 16 + low);
            p += 2;
        } else {
            *to++ = *p;
        }
    }
    *to = '\0';
}

/* A handle with this URL in it; NULL with CONFIG if it is none that is spoken here. */
static CURLU *open_url(const char *text, struct err *e)
{
    struct http_url u;
    bool ok = http_url_parse(text, &u, e);
    http_url_release(&u);
    CURLU *url = ok ? curl_url() : NULL;
    if (ok && (!url || curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK))
        abort();
    return url;
}

char *http_url_name(const char *url, struct err *e)
{
    CURLU *u = open_url(url, e);
    char *path = NULL, *name = NULL;
    if (u && curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK) {
        const char *slash = strrchr(path, '/');
        name = xstrdup(slash ? slash + 1 : path);
        decode(name);
    }
    curl_free(path);
    curl_url_cleanup(u);
    return name;
}

/* Whether both have this part, and it is the same. */
static bool same_part(CURLU *a, CURLU *b, CURLUPart what)
{
    char *one = NULL, *other = NULL;
    bool same = curl_url_get(a, what, &one, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(b, what, &other, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                strcasecmp(one, other) == 0;
    curl_free(one);
    curl_free(other);
    return same;
}

static void lend_part(CURLU *from, CURLU *to, CURLUPart what)
{
    char *part = NULL;
    if (curl_url_get(from, what, &part, 0) == CURLUE_OK)
        curl_url_set(to, what, part, 0);
    curl_free(part);
}

bool http_url_follow(const char *base, const char *location, char **out, bool *same, struct err *e)
{
    struct http_url from = {0}, to = {0};
    char *whole = NULL;
    CURLU *old = open_url(base, e), *new = old ? open_url(base, e) : NULL;
    bool ok = old && new &&http_url_parse(base, &from, e);

    if (!ok)
        goto out;
    ok = curl_url_set(new, CURLUPART_URL, location,
                      CURLU_URLENCODE | CURLU_ALLOW_SPACE | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
    if (ok)
        curl_url_set(new, CURLUPART_FRAGMENT, NULL, 0);
    ok = ok && curl_url_get(new, CURLUPART_URL, &whole, 0) == CURLUE_OK;
    if (!ok) {
        err_set(e, ERR_CONFIG, "%s leads to something that is no address", from.host);
        goto out;
    }
    ok = http_url_parse(whole, &to, e);
    if (!ok) {
        err_wrap(e, "follow %s", from.host);
        goto out;
    }
    ok = to.tls || !from.tls;
    if (!ok) {
        err_set(e, ERR_CONFIG, "%s leads from https to http", from.host);
        goto out;
    }
    *same = same_part(old, new, CURLUPART_SCHEME) && same_part(old, new, CURLUPART_HOST) &&
            same_part(old, new, CURLUPART_PORT);
    if (*same && from.has_user && !to.has_user) {
        lend_part(old, new, CURLUPART_USER);
        lend_part(old, new, CURLUPART_PASSWORD);
        curl_free(whole);
        whole = NULL;
        curl_url_get(new, CURLUPART_URL, &whole, 0);
    }
    *out = xstrdup(whole);
out:
    curl_free(whole);
    curl_url_cleanup(old);
    curl_url_cleanup(new);
    http_url_release(&from);
    http_url_release(&to);
    return ok;
}
