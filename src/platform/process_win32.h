/* process: what those share that start programs. Private to platform, Windows only. */
#ifndef DOGS_PLATFORM_PROCESS_WIN32_H
#define DOGS_PLATFORM_PROCESS_WIN32_H

#include <dogs/err.h>
#include <windows.h>

/* The words as one line that the child's C library takes apart again. Yours; NULL: too long, or not
 * UTF-8. */
wchar_t *process_line(char *const *argv);

/* Suspended, with only the given handles inherited (input, output, errors or NULL), so that no file
 * of ours stays open in the child. False with GetLastError(). */
bool process_start(wchar_t *line, HANDLE handles[3], DWORD flags, PROCESS_INFORMATION *started);

/* A copy that may be inherited; NULL where there is none to copy. */
HANDLE process_inheritable(HANDLE from);

/* They run in cmd.exe, which takes an argument apart by rules of its own: USAGE. */
bool process_no_batch(const char *program, struct err *e);

#endif
