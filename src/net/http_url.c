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
    char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL, *query = NULL;
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
