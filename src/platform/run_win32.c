#include "process_win32.h"
#include "wide_win32.h"

#include <dogs/os.h>
#include <dogs/str.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum { LOOK_MS = 10 }; /* between two looks into the pipe, which cannot be waited for */

/* A command with all that it starts, and the end of its output. */
struct child {
    HANDLE job, process, output;
};

/* cmd.exe by its full path: one that lies in the current folder shall not be taken for it. */
static wchar_t *shell_line(const char *command)
{
    wchar_t folder[MAX_PATH] = L"";
    GetSystemDirectoryW(folder, MAX_PATH);
    char *dir = wide_utf8(folder);
    /* With /s it takes away the outer quotes and leaves the rest as it stands. */
    char *line = xasprintf("\"%s\\cmd.exe\" /d /s /c \"%s\"", dir, command);
    wchar_t *wide = wide_text(line);
    free(line);
    free(dir);
    return wide;
}

static bool start(struct child *c, const char *command, struct err *e)
{
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof inherit, .bInheritHandle = TRUE};
    HANDLE handles[3] = {NULL, NULL, process_inheritable(GetStdHandle(STD_ERROR_HANDLE))};
    PROCESS_INFORMATION started = {0};
    bool ok = CreatePipe(&c->output, &handles[1], &inherit, 0) &&
              SetHandleInformation(c->output, HANDLE_FLAG_INHERIT, 0);
    handles[0] = CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit,
                             OPEN_EXISTING, 0, NULL);
    wchar_t *line = shell_line(command);
    ok = ok && process_start(line, handles, 0, &started);
    if (!ok)
        err_os(e, ERR_IO, (int)GetLastError(), "cannot start a shell");
    free(line);
    for (int i = 0; i < 3; i++)
        if (handles[i] && handles[i] != INVALID_HANDLE_VALUE)
            CloseHandle(handles[i]);
    if (!ok)
        return false;
    c->process = started.hProcess;
    c->job = CreateJobObjectW(NULL, NULL);
    if (c->job)
        AssignProcessToJobObject(c->job, c->process);
    ResumeThread(started.hThread);
    CloseHandle(started.hThread);
    return true;
}

/* Reads until all writers have gone; false if time ran out first. */
static bool drain(HANDLE pipe, int64_t end_ms, struct str *out)
{
    char buf[4096];
    for (;;) {
        DWORD there = 0, n = 0;
        if (!PeekNamedPipe(pipe, NULL, 0, NULL, &there, NULL))
            return true;
        if (there && ReadFile(pipe, buf, sizeof buf, &n, NULL)) {
            str_addn(out, buf, n);
            continue;
        }
        if (os_mono_ms() >= end_ms)
            return false;
        Sleep(LOOK_MS);
    }
}

bool os_run(const char *command, int timeout_ms, size_t max, struct str *out, struct err *e)
{
    struct child c = {0};
    int64_t end_ms = os_mono_ms() + timeout_ms;
    DWORD status = 0;
    *out = STR(max);
    bool started = start(&c, command, e);
    bool finished = started && drain(c.output, end_ms, out);
    if (finished) {
        int64_t left = end_ms - os_mono_ms();
        finished = WaitForSingleObject(c.process, left > 0 ? (DWORD)left : 0) == WAIT_OBJECT_0;
    }
    if (started && !finished) {
        if (c.job)
            TerminateJobObject(c.job, 1);
        TerminateProcess(c.process, 1);
    }
    if (finished)
        GetExitCodeProcess(c.process, &status);
    HANDLE const handles[] = {c.job, c.process, c.output};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        if (handles[i])
            CloseHandle(handles[i]);
    bool full = out->full;
    if (finished && !full && status == 0)
        return true;
    str_release(out);
    if (!started)
        return false;
    if (!finished)
        return err_set(e, ERR_TIMEOUT, "the command did not end within %d s", timeout_ms / 1000);
    if (full)
        return err_set(e, ERR_FAILED, "the command printed more than %zu bytes", max);
    return err_set(e, ERR_FAILED, "the command ended with status %lu", (unsigned long)status);
}
