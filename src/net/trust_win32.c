/* Schannel is asked to verify by itself, and Windows' own does. Wine's does not (its secur32 takes
 * any certificate, seen in 8.0), so that there the token would go to whoever answers. */
#define SECURITY_WIN32
#include "http_call.h"

#include <stdio.h>
#include <windows.h>

#include <schannel.h>
#include <security.h>
#include <wincrypt.h>

static const CERT_CONTEXT *certificate_of(CURL *easy)
{
    struct curl_tlssessioninfo *session = NULL;
    const CERT_CONTEXT *cert = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session ||
        !session->internals ||
        QueryContextAttributesW(session->internals, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &cert) !=
            SEC_E_OK)
        return NULL;
    return cert;
}

/* What Windows says of the chain, as TLS clients have to see it; 0 = trusted. */
static DWORD judge(const CERT_CONTEXT *cert, const char *name)
{
    static char server_auth[] = szOID_PKIX_KP_SERVER_AUTH;
    LPSTR usages[] = {server_auth};
    wchar_t host[256];
    if (!MultiByteToWideChar(CP_UTF8, 0, name, -1, host, 256))
        return (DWORD)CERT_E_CN_NO_MATCH;
    CERT_CHAIN_PARA want = {
        .cbSize = sizeof want,
        .RequestedUsage = {.dwType = USAGE_MATCH_TYPE_OR, .Usage = {1, usages}}};
    const CERT_CHAIN_CONTEXT *chain = NULL;
    if (!CertGetCertificateChain(NULL, cert, NULL, cert->hCertStore, &want, 0, NULL, &chain)) {
        DWORD why = GetLastError();
        return why ? why : (DWORD)TRUST_E_FAIL;
    }
    SSL_EXTRA_CERT_CHAIN_POLICY_PARA tls = {
        .cbSize = sizeof tls, .dwAuthType = AUTHTYPE_SERVER, .pwszServerName = host};
    CERT_CHAIN_POLICY_PARA policy = {.cbSize = sizeof policy, .pvExtraPolicyPara = &tls};
    CERT_CHAIN_POLICY_STATUS status = {.cbSize = sizeof status};
    /* Of what the policy sums up Wine overlooks some, an incomplete chain for one. */
    DWORD wrong = chain->TrustStatus.dwErrorStatus & ~(DWORD)CERT_TRUST_IS_NOT_TIME_NESTED;
    bool judged = CertVerifyCertificateChainPolicy(CERT_CHAIN_POLICY_SSL, chain, &policy, &status);
    DWORD verdict = judged ? status.dwError : GetLastError();
    CertFreeCertificateChain(chain);
    if (!verdict && (!judged || wrong))
        verdict = (DWORD)(wrong & CERT_TRUST_IS_PARTIAL_CHAIN ? CERT_E_CHAINING : TRUST_E_FAIL);
    return verdict;
}

bool http_trusts(CURL *easy, const char *name, char *why, size_t size)
{
    static const struct {
        HRESULT code;
        const char *words;
    } known[] = {{CERT_E_UNTRUSTEDROOT, "nobody whom this computer trusts has signed it"},
                 {CERT_E_CHAINING, "nobody whom this computer trusts has signed it"},
                 {CERT_E_CN_NO_MATCH, "it is another host's"},
                 {CERT_E_EXPIRED, "it has expired, or this computer's clock is wrong"},
                 {CERT_E_REVOKED, "it was revoked"}};
    const CERT_CONTEXT *cert = certificate_of(easy);
    if (!cert) {
        snprintf(why, size, "it cannot be looked at");
        return false;
    }
    DWORD verdict = judge(cert, name);
    CertFreeCertificateContext(cert);
    if (!verdict)
        return true;
    snprintf(why, size, "Windows' verdict is 0x%08lx", (unsigned long)verdict);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == (HRESULT)verdict)
            snprintf(why, size, "%s", known[i].words);
    return false;
}
