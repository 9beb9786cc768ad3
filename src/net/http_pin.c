#include "http_call.h"

#include <dogs/digest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CERT_MAX = 64 * 1024 };

bool http_pin_parse(const char *text, uint8_t pin[32])
{
    char hex[65] = "";
    size_t n = 0;
    for (; *text && n < 64; text++)
        if (*text != ':')
            hex[n++] = *text;
    return !*text && n == 64 && digest_from_hex(hex, 32, pin);
}

/* Lent; the first certificate that the server showed, which is its own. */
static const char *pem_of(CURL *easy)
{
    static const char label[] = "Cert:";
    struct curl_certinfo *info = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
        info->num_of_certs < 1)
        return NULL;
    for (const struct curl_slist *l = info->certinfo[0]; l; l = l->next)
        if (str_starts(l->data, label))
            return l->data + strlen(label);
    return NULL;
}

/* The certificate's bytes, yours to free; NULL if it is not in PEM form. */
static uint8_t *der_of(const char *pem, size_t *len)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    const char *p = strstr(pem, begin);
    const char *end = p ? strstr(p, "-----END") : NULL;
    struct str base64 = STR(CERT_MAX);
    uint8_t *der = NULL;

    if (!end)
        return NULL;
    for (p += strlen(begin); p < end; p++)
        if (!strchr(" \r\n\t", *p))
            str_addn(&base64, p, 1);
    *len = base64.len / 4 * 3;
    for (size_t i = base64.len; i > 0 && *len && base64.p[i - 1] == '='; i--)
        --*len;
    if (*len && !base64.full) {
        der = xmalloc(*len);
        if (!digest_from_base64(base64.p, *len, der)) {
            free(der);
            der = NULL;
        }
    }
    str_release(&base64);
    return der;
}

bool http_pin_holds(CURL *easy, const uint8_t pin[32], char *why, size_t size)
{
    struct err e = {0};
    uint8_t is[DIGEST_MAX];
    char hex[DIGEST_HEX];
    size_t len = 0;
    const char *pem = pem_of(easy);
    uint8_t *der = pem ? der_of(pem, &len) : NULL;
    bool known = der && digest_of(DIGEST_SHA256, der, len, is, &e);

    free(der);
    if (!known) {
        snprintf(why, size, "it cannot be looked at");
        return false;
    }
    if (memcmp(is, pin, 32) == 0)
        return true;
    digest_hex(is, 32, hex);
    snprintf(why, size, "it is not the one that is pinned: its SHA-256 is %s", hex);
    return false;
}
