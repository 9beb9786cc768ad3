#include "wide_win32.h"

#include <dogs/str.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

wchar_t *wide_text(const char *utf8)
{
    int n = MultiByteToWideChar(CP_UTF8, 0, utf8, -1, NULL, 0);
    wchar_t *out = xcalloc((size_t)n + 1, sizeof *out);
    MultiByteToWideChar(CP_UTF8, 0, utf8, -1, out, n);
    return out;
}

char *wide_utf8_n(const wchar_t *wide, size_t len)
{
    int n = len ? WideCharToMultiByte(CP_UTF8, 0, wide, (int)len, NULL, 0, NULL, NULL) : 0;
    char *out = xcalloc((size_t)n + 1, 1);
    if (n)
        WideCharToMultiByte(CP_UTF8, 0, wide, (int)len, out, n, NULL, NULL);
    return out;
}

char *wide_utf8(const wchar_t *wide)
{
    return wide_utf8_n(wide, wcslen(wide));
}

/* CreateDirectory leaves room for a name of the form 8.3 behind the path. */
enum { SHORT_PATH = MAX_PATH - 12 };

wchar_t *wide_path(const char *utf8)
{
    static const wchar_t local[] = L"\\\\?\\", remote[] = L"\\\\?\\UNC\\";
    wchar_t *given = wide_text(utf8);
    DWORD room = *given ? GetFullPathNameW(given, 0, NULL, NULL) : 0;
    if (room < SHORT_PATH || wcsncmp(given, local, 4) == 0)
        return given;

    wchar_t *full = xcalloc(room + 1, sizeof *full);
    GetFullPathNameW(given, room, full, NULL);
    bool share = full[0] == '\\' && full[1] == '\\';
    const wchar_t *prefix = share ? remote : local, *rest = share ? full + 2 : full;
    wchar_t *out = xcalloc(wcslen(prefix) + wcslen(rest) + 1, sizeof *out);
    wcscpy(out, prefix);
    wcscat(out, rest);
    free(full);
    free(given);
    return out;
}

bool wide_fail(struct err *e, enum err_code code, const char *what, const char *path)
{
    return err_os(e, code, (int)GetLastError(), "%s %s", what, path);
}

bool wide_is_folder(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);
    return attributes != INVALID_FILE_ATTRIBUTES && attributes & FILE_ATTRIBUTE_DIRECTORY;
}

/* Another process that reads the old file, or a virus scanner that looks at the new one, makes this
 * fail for a moment. */
bool wide_move_over(const wchar_t *from, const wchar_t *to)
{
    enum { TRIES = 60 };
    for (DWORD n = 0;; n++) {
        if (MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
            return true;
        DWORD why = GetLastError();
        bool passing = why == ERROR_SHARING_VIOLATION || why == ERROR_ACCESS_DENIED ||
                       why == ERROR_LOCK_VIOLATION;
        if (!passing || n == TRIES || wide_is_folder(to)) {
            SetLastError(why);
            return false;
        }
        Sleep(1 + n);
    }
}
