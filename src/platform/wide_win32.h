/* wide: between UTF-8 and the UTF-16 of Windows' own calls. Private to platform, Windows only. */
#ifndef DOGS_PLATFORM_WIDE_WIN32_H
#define DOGS_PLATFORM_WIDE_WIN32_H

#include <dogs/err.h>
#include <stddef.h>
#include <wchar.h>

/* Yours to free, never NULL. What is not valid becomes U+FFFD. */
wchar_t *wide_text(const char *utf8);
char *wide_utf8(const wchar_t *wide);
char *wide_utf8_n(const wchar_t *wide, size_t len);

/* A path for the calls of Windows: absolute and with its prefix for long ones where it needs that.
 */
wchar_t *wide_path(const char *utf8);

bool wide_is_folder(const wchar_t *path);
/* `to` is replaced, in one step; false with GetLastError(). */
bool wide_move_over(const wchar_t *from, const wchar_t *to);

/* err_os with GetLastError(). */
bool wide_fail(struct err *e, enum err_code code, const char *what, const char *path);

#endif
