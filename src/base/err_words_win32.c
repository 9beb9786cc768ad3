#include "err_words.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

void err_words(int os_code, char out[256])
{
    wchar_t wide[240];
    DWORD n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                             (DWORD)os_code, 0, wide, 240, NULL);
    while (n && (wide[n - 1] <= L' ' || wide[n - 1] == L'.'))
        n--;
    int len = n ? WideCharToMultiByte(CP_UTF8, 0, wide, (int)n, out, 255, NULL, NULL) : 0;
    out[len] = '\0';
    if (!len)
        snprintf(out, 256, "Windows error %d", os_code);
    for (char *p = out; *p; p++)
        if (*p == '\r' || *p == '\n')
            *p = ' ';
}
