#include "http_call.h"

#include <stdio.h>
#include <string.h>

/* libcurl 7.88 calls a header line beyond its own limit out of memory; later ones give code 100,
 * for which 7.88 has no name. */
enum { TOO_LARGE = 100 };

/* The text is "<before> HOST<after>", then libcurl's words in brackets if they say more. */
struct meaning {
    CURLcode code;
    enum err_code err;
    bool retryable, detailed;
    const char *before, *after, *hint;
};

static const struct meaning meanings[] = {
    {.code = CURLE_COULDNT_RESOLVE_HOST,
     .err = ERR_NETWORK,
     .retryable = true,
     .before = "cannot find the address of ",
     .hint = "check the name and this machine's network connection"},
    {.code = CURLE_COULDNT_RESOLVE_PROXY,
     .err = ERR_NETWORK,
     .retryable = true,
     .before = "cannot find the address of the proxy for ",
     .hint = "check HTTPS_PROXY and HTTP_PROXY in the environment"},
    {.code = CURLE_COULDNT_CONNECT,
     .err = ERR_NETWORK,
     .retryable = true,
     .detailed = true,
     .before = "cannot reach "},
    {.code = CURLE_PROXY,
     .err = ERR_NETWORK,
     .retryable = true,
     .detailed = true,
     .before = "no way through the proxy to ",
     .hint = "check HTTPS_PROXY and HTTP_PROXY in the environment"},
    {.code = CURLE_SSL_CONNECT_ERROR,
     .err = ERR_NETWORK,
     .retryable = true,
     .detailed = true,
     .before = "no secure connection with "},
    {.code = CURLE_PEER_FAILED_VERIFICATION,
     .err = ERR_NETWORK,
     .detailed = true,
     .before = "the certificate of ",
     .after = " is not trusted",
     .hint = "if the host is yours, name its CA's PEM file as ca_file in the config; if not, "
             "something reads along on the way"},
    {.code = CURLE_GOT_NOTHING,
     .err = ERR_NETWORK,
     .retryable = true,
     .after = " closed the connection without an answer"},
    {.code = CURLE_SEND_FAIL_REWIND,
     .err = ERR_NETWORK,
     .retryable = true,
     .after = " closed the connection without an answer"},
    {.code = CURLE_PARTIAL_FILE,
     .err = ERR_NETWORK,
     .retryable = true,
     .before = "the answer of ",
     .after = " broke off"},
    {.code = CURLE_UNSUPPORTED_PROTOCOL, .err = ERR_PROTOCOL, .after = " does not answer in HTTP"},
    {.code = CURLE_WEIRD_SERVER_REPLY,
     .err = ERR_PROTOCOL,
     .detailed = true,
     .before = "the answer of ",
     .after = " is not proper HTTP"},
    {.code = CURLE_BAD_CONTENT_ENCODING,
     .err = ERR_PROTOCOL,
     .detailed = true,
     .before = "the answer of ",
     .after = " cannot be unpacked"},
};

static const struct meaning otherwise = {.err = ERR_NETWORK,
                                         .retryable = true,
                                         .detailed = true,
                                         .before = "the talk with ",
                                         .after = " failed"};

/* Before the request left these are a failed connection (a proxy's or a handshake's); after it they
 * are an answer that did not come, or not whole. */
static CURLcode plain(const struct http_call *c, CURLcode code)
{
    bool cut = code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
               code == CURLE_ABORTED_BY_CALLBACK;
    if (!cut)
        return code;
    if (!c->sent)
        return CURLE_COULDNT_CONNECT;
    return c->header_bytes ? CURLE_PARTIAL_FILE : CURLE_GOT_NOTHING;
}

/* libcurl's words, or the system's where a connection was not made: "connection refused". */
static void add_detail(const struct http_call *c, CURLcode code, struct err *e)
{
    static const char *const prefixes[] = {"SSL certificate problem: ", "SSL: ", "schannel: "};
    const char *words = c->untrusted   ? c->distrust
                        : c->detail[0] ? c->detail
                                       : curl_easy_strerror(code);
    long os_code = 0;

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (str_starts(words, prefixes[i]))
            words += strlen(prefixes[i]);
    if (code == CURLE_COULDNT_CONNECT) {
        curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os_code);
        const char *better = http_os_words(os_code);
        words = better ? better : words;
    }
    size_t used = strlen(e->text);
    snprintf(e->text + used, sizeof e->text - used, " (%s)", words);
    for (char *p = e->text + used; *p; p++)
        if ((unsigned char)*p < ' ')
            *p = ' ';
    e->os_code = (int)os_code;
}

static bool header_too_large(const struct http_call *c, CURLcode code)
{
    return c->headers_full || code == CURLE_OUT_OF_MEMORY || (int)code == TOO_LARGE;
}

static bool fail_time(struct err *e, const char *what, const char *host, int ms)
{
    if (ms % 1000)
        return err_set(e, ERR_TIMEOUT, "%s %s within %d ms", what, host, ms);
    return err_set(e, ERR_TIMEOUT, "%s %s within %d s", what, host, ms / 1000);
}

static void fail_trust(struct err *e, const char *ca_file)
{
    if (ca_file) {
        err_set(e, ERR_CONFIG, "cannot use the CA file '%s'", ca_file);
        return;
    }
    err_set(e, ERR_CONFIG, "this system's trusted CAs cannot be read");
    err_hint(e, "install them (Debian, Ubuntu: apt install ca-certificates), or name a PEM file of "
                "CAs as ca_file in the config");
}

/* What we decided ourselves, before libcurl's codes are asked. True if that was it. */
static bool own_decision(const struct http_call *c, CURLcode code, struct err *e)
{
    const char *host = c->url.host;
    bool timed_out = code == CURLE_OPERATION_TIMEDOUT;

    if (c->stop == HTTP_CANCELLED)
        err_set(e, ERR_INTERRUPTED, "interrupted while waiting for %s", host);
    else if (c->stop == HTTP_SILENT)
        fail_time(e, "not a byte from", host, c->idle_ms);
    else if (c->stop == HTTP_TOO_LONG)
        fail_time(e, "no complete answer from", host, c->total_ms);
    else if (timed_out)
        fail_time(e, "no connection with", host, c->connect_ms);
    else if (c->body_full || code == CURLE_FILESIZE_EXCEEDED)
        err_set(e, ERR_PROTOCOL, "the answer of %s is larger than %zu bytes", host, c->max_body);
    else if (header_too_large(c, code))
        err_set(e, ERR_PROTOCOL, "the header of %s's answer is larger than %d bytes", host,
                HTTP_MAX_HEADERS);
    else if (code == CURLE_SSL_CACERT_BADFILE)
        fail_trust(e, c->http->ca_file);
    else
        return false;
    e->retryable = e->code == ERR_TIMEOUT;
    return true;
}

bool http_fail(const struct http_call *c, CURLcode code, struct err *e)
{
    const struct meaning *m = &otherwise;

    if (!own_decision(c, code, e)) {
        code = plain(c, code);
        for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
            if (meanings[i].code == code)
                m = &meanings[i];
        err_set(e, m->err, "%s%s%s", m->before ? m->before : "", c->url.host,
                m->after ? m->after : "");
        if (m->detailed)
            add_detail(c, code, e);
        if (c->pinned && c->untrusted)
            err_hint(e,
                     "if the server was set up anew, pin that one; if not, somebody else answers");
        if (m->hint)
            err_hint(e, "%s", m->hint);
        e->retryable = m->retryable;
    }
    e->ambiguous = c->sent;
    return false;
}
