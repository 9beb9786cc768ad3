#include "process_win32.h"

#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* What the child's C library takes apart again: quotes around what has blanks, a backslash before a
 * quote, and backslashes doubled where a quote follows ("Parsing C command-line arguments"). */
static void add_argument(struct str *line, const char *arg)
{
    /* Not around everything: cmd.exe takes "/c" for no option. */
    bool quoted = !*arg || strpbrk(arg, " \t\n\v\"");
    size_t slashes = 0;
    if (line->len)
        str_add(line, " ");
    str_add(line, quoted ? "\"" : "");
    for (const char *p = arg; *p; p++) {
        if (*p == '"')
            for (size_t i = 0; i <= slashes; i++)
                str_add(line, "\\");
        slashes = *p == '\\' ? slashes + 1 : 0;
        str_addn(line, p, 1);
    }
    for (size_t i = 0; quoted && i < slashes; i++)
        str_add(line, "\\");
    str_add(line, quoted ? "\"" : "");
}

wchar_t *process_line(char *const *argv)
{
    struct str line = STR(32766);
    for (char *const *arg = argv; *arg; arg++)
        add_argument(&line, *arg);
    wchar_t *wide = xcalloc(line.len + 1, sizeof *wide);
    bool good = !line.full && MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, str_text(&line),
                                                  -1, wide, (int)line.len + 1);
    str_release(&line);
    if (good)
        return wide;
    free(wide);
    return NULL;
}

/* The console tells every program in it of Ctrl-C; what to make of it is the child's business. */
static BOOL WINAPI leave_to_child(DWORD event)
{
    return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
}

bool process_no_batch(const char *name, struct err *e)
{
    size_t len = strlen(name);
    if (len <= 4 ||
        (_stricmp(name + len - 4, ".bat") != 0 && _stricmp(name + len - 4, ".cmd") != 0))
        return true;
    err_set(e, ERR_USAGE, "'%s' is no program but a batch file", name);
    return err_hint(e, "name its interpreter: cmd /c %s ...", name);
}

bool process_start(wchar_t *line, HANDLE handles[3], DWORD flags, PROCESS_INFORMATION *started)
{
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    LPPROC_THREAD_ATTRIBUTE_LIST list = xcalloc(1, size);
    STARTUPINFOEXW start = {.StartupInfo = {.cb = sizeof start,
                                            .dwFlags = STARTF_USESTDHANDLES,
                                            .hStdInput = handles[0],
                                            .hStdOutput = handles[1],
                                            .hStdError = handles[2]},
                            .lpAttributeList = list};
    bool ok = InitializeProcThreadAttributeList(list, 1, 0, &size) &&
              UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles,
                                        (handles[2] ? 3 : 2) * sizeof *handles, NULL, NULL) &&
              CreateProcessW(NULL, line, NULL, NULL, TRUE,
                             CREATE_SUSPENDED | EXTENDED_STARTUPINFO_PRESENT | flags, NULL, NULL,
                             &start.StartupInfo, started);
    DWORD why = GetLastError();
    DeleteProcThreadAttributeList(list);
    free(list);
    SetLastError(why);
    return ok;
}

HANDLE process_inheritable(HANDLE from)
{
    HANDLE self = GetCurrentProcess(), to = NULL;
    if (!from || from == INVALID_HANDLE_VALUE ||
        !DuplicateHandle(self, from, self, &to, 0, TRUE, DUPLICATE_SAME_ACCESS))
        return NULL;
    return to;
}

bool os_spawn_wait(char *const *argv, int *status, struct err *e)
{
    if (!process_no_batch(argv[0], e))
        return false;
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    wchar_t *line = process_line(argv);
    if (!line)
        return err_set(e, ERR_USAGE, "the command line is too long, or not UTF-8");
    SetConsoleCtrlHandler(leave_to_child, TRUE);
    BOOL started = CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process);
    DWORD why = GetLastError(), code = 0;
    free(line);
    if (started) {
        CloseHandle(process.hThread);
        WaitForSingleObject(process.hProcess, INFINITE);
        GetExitCodeProcess(process.hProcess, &code);
        CloseHandle(process.hProcess);
    }
    SetConsoleCtrlHandler(leave_to_child, FALSE);
    *status = (int)code;
    bool missing = why == ERROR_FILE_NOT_FOUND || why == ERROR_PATH_NOT_FOUND;
    return started
               ? true
               : err_os(e, missing ? ERR_NOT_FOUND : ERR_IO, (int)why, "cannot run '%s'", argv[0]);
}
