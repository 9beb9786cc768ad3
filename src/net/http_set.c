#include "http_call.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* body: one is sent even if it is empty. */
static const struct method {
    const char *name;
    bool body;
} methods[] = {{"GET", false}, {"HEAD", false}, {"DELETE", false},
               {"POST", true}, {"PATCH", true}, {"PUT", true}};

static const struct method *method_of(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

static bool is_clean(const char *text)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return false;
    return true;
}

static void add_line(struct http_call *c, const char *line)
{
    struct curl_slist *list = curl_slist_append(c->headers, line);
    if (!list)
        abort();
    c->headers = list;
}

static void add_header(struct http_call *c, const char *name, const char *value)
{
    /* libcurl removes a header of its own for "Name:" and sends an empty one for "Name;". */
    char *line = *value ? xasprintf("%s: %s", name, value) : xasprintf("%s;", name);
    add_line(c, line);
    free(line);
}

static bool in_clear(const struct http_call *c, const char *what, struct err *e)
{
    err_set(e, ERR_CONFIG, "%s is not sent in clear text to %s", what, c->url.host);
    return err_hint(e, "write https:// in the address");
}

static bool set_credentials(struct http_call *c, const struct http_flow_req *f, struct err *e)
{
    const char *bearer = f->req.bearer;
    bool safe = c->url.tls || c->url.loopback;

    if (bearer) {
        if (!safe)
            return in_clear(c, "the token", e);
        if (!*bearer || !is_clean(bearer))
            return err_set(e, ERR_CONFIG, "the token is empty or has a control character in it");
        char *line = xasprintf("Authorization: Bearer %s", bearer);
        add_line(c, line);
        free(line);
    }
    if (!safe && (f->user || f->password || c->url.has_user))
        return in_clear(c, "the password", e);
    curl_easy_setopt(c->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    if (f->user || f->password) {
        curl_easy_setopt(c->easy, CURLOPT_USERNAME, f->user ? f->user : "");
        curl_easy_setopt(c->easy, CURLOPT_PASSWORD, f->password ? f->password : "");
    } else if (f->netrc && c->http->netrc && !bearer && safe) {
        curl_easy_setopt(c->easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
    }
    return true;
}

static bool set_headers(struct http_call *c, const struct http_flow_req *f, bool has_body,
                        struct err *e)
{
    const struct http_req *q = &f->req;
    bool typed = false;

    for (size_t i = 0; i < q->n_headers; i++) {
        if (!is_clean(q->headers[i].name) || !is_clean(q->headers[i].value))
            return err_set(e, ERR_CONFIG, "a header for %s has a control character", c->url.host);
        typed = typed || strcasecmp(q->headers[i].name, "content-type") == 0;
        add_header(c, q->headers[i].name, q->headers[i].value);
    }
    if (c->plain)
        add_line(c, "Accept-Encoding: identity");
    if (!has_body)
        return true;
    /* Otherwise libcurl waits a second for "100 Continue" before a large body, and sends the
     * request again after a 417. */
    add_line(c, "Expect:");
    if (!typed)
        add_line(c, q->body ? "Content-Type: application/json" : "Content-Type:");
    return true;
}

/* libcurl by itself repeats a request whose reused connection died before a byte of the answer came
 * (Curl_retry_request), whatever its method. The server may have obeyed by then, so what must not
 * happen twice goes over a connection of its own (CURLOPT_FRESH_CONNECT), and is never let out
 * twice here. */
static int before_request(void *ctx, char *to_ip, char *from_ip, int to_port, int from_port)
{
    struct http_call *c = ctx;
    (void)to_ip;
    (void)from_ip;
    (void)to_port;
    (void)from_port;
    if (c->sent && c->once)
        return CURL_PREREQFUNC_ABORT;
    if (c->pinned && !http_pin_holds(c->easy, c->pin, c->distrust, sizeof c->distrust)) {
        c->untrusted = true;
        return CURL_PREREQFUNC_ABORT;
    }
    /* With a CA file libcurl itself has verified, whatever the TLS library does. */
    if (c->url.tls && !c->pinned && !c->http->ca_file &&
        !http_trusts(c->easy, c->url.name, c->distrust, sizeof c->distrust)) {
        c->untrusted = true;
        return CURL_PREREQFUNC_ABORT;
    }
    c->resp->repeated = c->sent;
    c->sent = true;
    return CURL_PREREQFUNC_OK;
}

static void set_body(struct http_call *c, const struct http_flow_req *f, bool has_body)
{
    const struct http_req *q = &f->req;

    if (f->source) {
        curl_easy_setopt(c->easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(c->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)f->upload_bytes);
    } else if (has_body) {
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, q->body ? q->body : "");
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)(q->body ? q->body_len : 0));
    }
    if (strcmp(c->method, "HEAD") == 0)
        curl_easy_setopt(c->easy, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, c->method);
}

static void set_tls(const struct http_call *c)
{
    curl_easy_setopt(c->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 2L);
    /* Schannel asks for revocations; OpenSSL does not. One that cannot be learnt, as of a CA of
     * one's own, is no reason to refuse. */
    curl_easy_setopt(c->easy, CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_REVOKE_BEST_EFFORT);
    if (c->http->ca_file) {
        curl_easy_setopt(c->easy, CURLOPT_CAINFO, c->http->ca_file);
        curl_easy_setopt(c->easy, CURLOPT_CAPATH, NULL);
    }
}

/* What the certificate is shows only in the handshake that made a connection (CURLOPT_CERTINFO), so
 * each request has its own: no connection is kept, no session resumed. */
static void set_pin(const struct http_call *c)
{
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(c->easy, CURLOPT_CERTINFO, 1L);
    curl_easy_setopt(c->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(c->easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(c->easy, CURLOPT_NOPROXY, "*");
}

static void set_options(struct http_call *c, const char *url)
{
    CURL *easy = c->easy;

    curl_easy_setopt(easy, CURLOPT_SHARE, c->http->share);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, c->once ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Without it giving up waits until the system's resolver has given up as well. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_ms);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, c->http->user_agent);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (c->url.loopback)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    if (c->url.tls)
        set_tls(c);
    if (c->pinned)
        set_pin(c);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->detail);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, c);
}

static int or_default(int ms, int usual)
{
    return ms > 0 ? ms : usual;
}

bool http_set(struct http_call *c, const struct http_flow_req *f, struct err *e)
{
    const struct http_req *q = &f->req;
    const struct method *method = method_of(q->method);

    c->connect_ms = or_default(q->connect_ms, HTTP_CONNECT_MS);
    c->idle_ms = or_default(q->idle_ms, HTTP_IDLE_MS);
    c->total_ms = or_default(q->total_ms, HTTP_TOTAL_MS);
    c->once = f->once;
    if (!http_url_parse(q->url, &c->url, e))
        return false;
    if (!method)
        return err_set(e, ERR_CONFIG, "HTTP method '%s' is not known", q->method);
    c->method = method->name;
    c->pinned = q->pin != NULL;
    if (q->pin && (!c->url.tls || !http_pin_parse(q->pin, c->pin)))
        return err_set(e, ERR_CONFIG,
                       c->url.tls ? "the pin for %s is not the SHA-256 of a certificate, 64 hex "
                                    "digits"
                                  : "%s is to be pinned, but is not asked over https",
                       c->url.host);
    bool has_body = method->body || q->body || f->source;
    if (!set_headers(c, f, has_body, e) || !set_credentials(c, f, e))
        return false;
    set_body(c, f, has_body);
    set_options(c, q->url);
    return true;
}

void http_call_release(struct http_call *c)
{
    curl_slist_free_all(c->headers);
    c->headers = NULL;
    http_url_release(&c->url);
}

bool http_take_header(struct http_call *c, const char *bytes, size_t len)
{
    c->header_bytes += len;
    if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0) {
        str_clear(&c->resp->headers);
        c->headers_whole = false;
    }
    while (len && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r' || bytes[len - 1] == ' '))
        len--;
    c->headers_whole = c->headers_whole || !len;
    if (c->header_bytes <= HTTP_MAX_HEADERS && str_addn(&c->resp->headers, bytes, len) &&
        str_addn(&c->resp->headers, "", 1))
        return true;
    c->headers_full = true;
    return false;
}

uint64_t http_moved(const struct http_call *c)
{
    curl_off_t up = 0, down = 0;
    long request = 0;
    curl_easy_getinfo(c->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(c->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &request);
    return (uint64_t)up + (uint64_t)down + (uint64_t)request + c->header_bytes + c->body_bytes;
}

bool http_verdict(struct http_call *c, CURLcode code, struct err *e)
{
    long status = 0;

    /* libcurl is content with a header that ends in its midst. */
    if (code == CURLE_OK && !c->headers_whole)
        code = CURLE_PARTIAL_FILE;
    if (c->untrusted)
        code = CURLE_PEER_FAILED_VERIFICATION;
    if (code != CURLE_OK)
        return http_fail(c, code, e);
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    c->resp->status = (int)status;
    return true;
}
