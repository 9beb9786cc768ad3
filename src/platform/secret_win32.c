#include "wide_win32.h"

#include <dogs/secret.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include <wincred.h>

static wchar_t *target_of(const char *name)
{
    char *text = xasprintf("dogs/%s", name);
    wchar_t *wide = wide_text(text);
    free(text);
    return wide;
}

bool secret_save(const char *name, const char *text, struct err *e)
{
    size_t len = strlen(text);
    if (len > SECRET_MAX)
        return err_set(e, ERR_CONFIG, "a secret of more than %d bytes cannot be kept", SECRET_MAX);
    wchar_t *target = target_of(name), user[] = L"dogs";
    CREDENTIALW c = {.Type = CRED_TYPE_GENERIC,
                     .TargetName = target,
                     .UserName = user,
                     .CredentialBlobSize = (DWORD)len,
                     .CredentialBlob = (LPBYTE)text,
                     .Persist = CRED_PERSIST_LOCAL_MACHINE};
    bool ok = CredWriteW(&c, 0);
    if (!ok)
        wide_fail(e, ERR_IO, "the Credential Manager does not take", name);
    free(target);
    return ok;
}

bool secret_load(const char *name, struct str *out, struct err *e)
{
    wchar_t *target = target_of(name);
    CREDENTIALW *c = NULL;
    bool ok = CredReadW(target, CRED_TYPE_GENERIC, 0, &c);
    if (ok) {
        *out = STR(SECRET_MAX);
        str_addn(out, c->CredentialBlob, c->CredentialBlobSize);
        SecureZeroMemory(c->CredentialBlob, c->CredentialBlobSize);
        CredFree(c);
    } else {
        bool absent = GetLastError() == ERROR_NOT_FOUND;
        wide_fail(e, absent ? ERR_NOT_FOUND : ERR_IO, "the Credential Manager does not give", name);
    }
    free(target);
    return ok;
}

bool secret_forget(const char *name, struct err *e)
{
    wchar_t *target = target_of(name);
    bool ok = CredDeleteW(target, CRED_TYPE_GENERIC, 0) || GetLastError() == ERROR_NOT_FOUND;
    if (!ok)
        wide_fail(e, ERR_IO, "the Credential Manager does not forget", name);
    free(target);
    return ok;
}

const char *secret_keeper(void)
{
    return "Credential Manager";
}
