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

static wchar_t *command_line(char *const *argv)
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

/* They run in cmd.exe, which takes an argument apart by rules of its own. */
static bool is_batch(const char *name)
{
    size_t len = strlen(name);
    return len > 4 &&
           (_stricmp(name + len - 4, ".bat") == 0 || _stricmp(name + len - 4, ".cmd") == 0);
}

bool os_spawn_wait(char *const *argv, int *status, struct err *e)
{
    if (is_batch(argv[0])) {
        err_set(e, ERR_USAGE, "'%s' is no program but a batch file", argv[0]);
        return err_hint(e, "name its interpreter: cmd /c %s ...", argv[0]);
    }
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    wchar_t *line = command_line(argv);
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
