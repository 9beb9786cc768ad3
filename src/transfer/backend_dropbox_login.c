/* What a Dropbox remote needs, and how a refresh token is turned into an access token. */
#include "backend_dropbox.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_ANSWER = 64 * 1024 };

static bool has(const char *text)
{
    return text && *text;
}

char *dropbox_url(const struct remote *r, const char *live_host, const char *tail)
{
    if (!has(r->url))
        return xasprintf("https://%s%s", live_host, tail);
    size_t len = strlen(r->url);
    while (len && r->url[len - 1] == '/')
        len--;
    return xasprintf("%.*s%s", (int)len, r->url, tail);
}

static bool check_url(const char *url, struct err *e)
{
    if (!has(url) || str_starts(url, "https://"))
        return true;
    if (!str_starts(url, "http://"))
        return err_set(e, ERR_CONFIG, "url: an http or https address is expected");
    if (http_is_loopback(url))
        return true;
    err_set(e, ERR_CONFIG, "url: tokens are not sent in clear text");
    return err_hint(e, "write https://, or leave url out for Dropbox itself");
}

bool dropbox_check(const struct remote *r, struct err *e)
{
    const struct {
        const char *name;
        bool is_set;
    } foreign[] = {
        {"user", has(r->user)},     {"password", has(r->password)},    {"header", has(r->header)},
        {"netrc", r->netrc},        {"region", has(r->region)},        {"key_id", has(r->key_id)},
        {"secret", has(r->secret)}, {"virtual_host", r->virtual_host},
    };
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (foreign[i].is_set)
            return err_set(e, ERR_CONFIG, "a remote of type dropbox has no %s", foreign[i].name);
    if (!has(r->token) && !has(r->refresh_token)) {
        err_set(e, ERR_CONFIG, "refresh_token is missing");
        return err_hint(e, "set refresh_token and app_key, or for a few hours token alone");
    }
    if (has(r->refresh_token) != has(r->app_key))
        return err_set(e, ERR_CONFIG, "refresh_token and app_key belong together");
    if (has(r->app_secret) && !has(r->app_key))
        return err_set(e, ERR_CONFIG, "app_secret belongs to an app_key");
    return check_url(r->url, e);
}

static void add_field(struct str *form, const char *name, const char *value)
{
    str_addf(form, "%s%s=", form->len ? "&" : "", name);
    http_escape(form, value);
}

/* RFC 6749 5.2: {"error": "invalid_grant", "error_description": "…"}, with 400 or 401. */
static bool refused(const struct remote *r, const struct http_resp *resp, const cJSON *json,
                    struct err *e)
{
    static const struct {
        const char *error, *words, *hint;
    } known[] = {
        {"invalid_grant", "the refresh token is not valid, or was withdrawn",
         "get a new refresh token for the app and set it as the remote's refresh_token"},
        {"invalid_client", "Dropbox does not know this app_key with this app_secret",
         "compare them with the app's page at Dropbox"},
        {"unauthorized_client", "the refresh token is of another app",
         "compare app_key with the app's page at Dropbox"},
    };
    const struct call none = {.remote = r};
    const char *error = json_text(json, "error", "");
    const char *said = json_text(json, "error_description", error);
    char *words = dropbox_words(said, strlen(said));
    const char *meaning = words, *hint = "compare refresh_token, app_key and app_secret";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].error, error) == 0) {
            meaning = known[i].words;
            hint = known[i].hint;
        }
    call_refused(&none, resp, meaning, e);
    if (resp->status >= 400 && resp->status < 500 && !e->retryable) {
        e->code = ERR_AUTH;
        err_hint(e, "%s", hint);
    }
    free(words);
    return false;
}

bool dropbox_login(const struct remote *r, struct http *http, struct cancel *cancel, char **token,
                   struct err *e)
{
    if (!has(r->refresh_token) && has(r->token)) {
        *token = xstrdup(r->token);
        return true;
    }
    if (!has(r->refresh_token) || !has(r->app_key)) {
        err_set(e, ERR_AUTH, "the remote has no refresh_token to get an access token with");
        return err_hint(e, "set its refresh_token and app_key");
    }
    if (!check_url(r->url, e))
        return false;
    struct str form = STR(MAX_ANSWER);
    add_field(&form, "grant_type", "refresh_token");
    add_field(&form, "refresh_token", r->refresh_token);
    add_field(&form, "client_id", r->app_key);
    /* An app that was allowed by PKCE has none. */
    if (has(r->app_secret))
        add_field(&form, "client_secret", r->app_secret);
    char *url = dropbox_url(r, "api.dropbox.com", "/oauth2/token");
    const struct http_header type = {"Content-Type", "application/x-www-form-urlencoded"};
    const struct http_req q = {.method = "POST",
                               .url = url,
                               .headers = &type,
                               .n_headers = 1,
                               .body = str_text(&form),
                               .body_len = form.len,
                               .max_body = MAX_ANSWER};
    struct http_resp resp = {0};
    cJSON *json = NULL;
    const char *text;
    bool ok = http_do(http, &q, &resp, cancel, e);
    if (ok && resp.status != 200) {
        struct err unread = {0};
        json = json_parse(str_text(&resp.body), resp.body.len, &unread);
        ok = refused(r, &resp, json, e);
    } else if (ok) {
        json = json_parse(str_text(&resp.body), resp.body.len, e);
        ok = json && json_need_text(json, "access_token", &text, e);
        if (ok && !*text)
            ok = err_set(e, ERR_PROTOCOL, "access_token: is empty");
    }
    if (ok)
        *token = xstrdup(text);
    else
        err_wrap(e, "get an access token");
    cJSON_Delete(json);
    http_resp_release(&resp);
    str_release(&form);
    free(url);
    return ok;
}
