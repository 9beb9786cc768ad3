#include "console_win32.h"
#include "wide_win32.h"

#include <dogs/os.h>
#include <dogs/str.h>
#include <dogs/work.h>
#include <fcntl.h>
#include <io.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include <shellapi.h>

static const DWORD std_handles[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
enum { N_STREAMS = 3 };

/* As found by os_begin, written before the first thread starts. */
static struct {
    UINT input_page, output_page;
    struct {
        bool console;
        DWORD mode;
    } stream[N_STREAMS];
} found;

static HANDLE handle_of(int stream)
{
    return GetStdHandle(std_handles[stream]);
}

void console_restore(void)
{
    for (int i = 0; i < N_STREAMS; i++)
        if (found.stream[i].console)
            SetConsoleMode(handle_of(i), found.stream[i].mode);
    if (found.output_page)
        SetConsoleOutputCP(found.output_page);
    if (found.input_page)
        SetConsoleCP(found.input_page);
}

static void on_abort(int number)
{
    (void)number;
    console_restore();
}

static void prepare_console(void)
{
    found.input_page = GetConsoleCP();
    found.output_page = GetConsoleOutputCP();
    for (int i = 0; i < N_STREAMS; i++)
        found.stream[i].console = GetConsoleMode(handle_of(i), &found.stream[i].mode);
    atexit(console_restore);
    signal(SIGABRT, on_abort);
    SetConsoleOutputCP(CP_UTF8);
    SetConsoleCP(CP_UTF8);
    for (int i = OS_STDOUT; i < N_STREAMS; i++)
        if (found.stream[i].console)
            SetConsoleMode(handle_of(i), found.stream[i].mode | ENABLE_PROCESSED_OUTPUT |
                                             ENABLE_WRAP_AT_EOL_OUTPUT |
                                             ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

/* main's own argv is in the system's code page, in which most names do not exist. */
char **os_begin(int argc, char **argv)
{
    int n = 0;
    prepare_console();
    /* The same bytes as on every other system. */
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &n);
    if (!wide || n != argc) {
        LocalFree(wide);
        return argv;
    }
    char **words = xcalloc((size_t)n + 1, sizeof *words);
    for (int i = 0; i < n; i++)
        words[i] = wide_utf8(wide[i]);
    LocalFree(wide);
    return words;
}

bool os_is_terminal(enum os_stream stream)
{
    DWORD mode;
    return GetConsoleMode(handle_of((int)stream), &mode);
}

int os_terminal_columns(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    for (int i = OS_STDOUT; i < N_STREAMS; i++)
        if (GetConsoleScreenBufferInfo(handle_of(i), &info))
            return info.srWindow.Right - info.srWindow.Left + 1;
    return 80;
}

static void write_console(HANDLE console, const char *text)
{
    wchar_t *wide = wide_text(text);
    DWORD n;
    WriteConsoleW(console, wide, (DWORD)wcslen(wide), &n, NULL);
    free(wide);
}

/* Up to the end of the line that was typed; false at Ctrl-C, Ctrl-Z or failure. */
static bool read_line(HANDLE in, struct cancel *c, struct str *out)
{
    wchar_t buf[256], line[4096];
    size_t len = 0;
    for (;;) {
        DWORD n = 0;
        BOOL ok = ReadConsoleW(in, buf, 256, &n, NULL);
        if (!ok || !n) {
            /* Ctrl-C: its handler runs in another thread, perhaps after this. */
            cancel_sleep(c, 500);
            return false;
        }
        if (cancel_is(c) || (!len && buf[0] == 0x1A))
            return false;
        bool whole = buf[n - 1] == '\n';
        while (n && (buf[n - 1] == '\n' || buf[n - 1] == '\r'))
            n--;
        for (DWORD i = 0; i < n && len < sizeof line / sizeof *line; i++)
            line[len++] = buf[i];
        if (!whole)
            continue;
        char *text = wide_utf8_n(line, len);
        str_add(out, text);
        free(text);
        SecureZeroMemory(line, sizeof line);
        SecureZeroMemory(buf, sizeof buf);
        return true;
    }
}

bool os_ask_line(const char *prompt, bool echo, struct cancel *c, struct str *out)
{
    const DWORD both = GENERIC_READ | GENERIC_WRITE, share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    HANDLE in = CreateFileW(L"CONIN$", both, share, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE to = CreateFileW(L"CONOUT$", both, share, NULL, OPEN_EXISTING, 0, NULL);
    DWORD old = 0;
    bool got = false;
    *out = STR(4096);
    if (in != INVALID_HANDLE_VALUE && to != INVALID_HANDLE_VALUE && GetConsoleMode(in, &old)) {
        DWORD mode = old | ENABLE_PROCESSED_INPUT | ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT;
        fflush(stdout);
        write_console(to, prompt);
        SetConsoleMode(in, echo ? mode : mode & ~(DWORD)ENABLE_ECHO_INPUT);
        got = read_line(in, c, out);
        SetConsoleMode(in, old);
        if (!echo)
            write_console(to, "\n");
    }
    if (in != INVALID_HANDLE_VALUE)
        CloseHandle(in);
    if (to != INVALID_HANDLE_VALUE)
        CloseHandle(to);
    return got;
}

/* MinGW's printf family hands a stream one byte after the other. On an unbuffered stream, which a
 * console and stderr are, each becomes a write of its own, and the console shows the bytes of one
 * character as several. The linker puts these in their place (--wrap, CMakeLists.txt). */
int __wrap___mingw_vfprintf(FILE *to, const char *fmt, va_list ap)
    __attribute__((format(gnu_printf, 2, 0)));
int __wrap___mingw_vprintf(const char *fmt, va_list ap) __attribute__((format(gnu_printf, 1, 0)));

int __wrap___mingw_vfprintf(FILE *to, const char *fmt, va_list ap)
{
    char *text = xvasprintf(fmt, ap);
    size_t len = strlen(text), written = fwrite(text, 1, len, to);
    free(text);
    return written == len ? (int)len : -1;
}

int __wrap___mingw_vprintf(const char *fmt, va_list ap)
{
    return __wrap___mingw_vfprintf(stdout, fmt, ap);
}
