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
        bool console, obeys;
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

/* Some consoles take the mode and print the sequences all the same (Wine's): one without an effect
 * is written, and wiped again if the cursor moved. */
static bool sequences_work(HANDLE out)
{
    static const wchar_t nothing[] = L"\x1b[0m";
    CONSOLE_SCREEN_BUFFER_INFO before, after;
    DWORD n, len = (DWORD)wcslen(nothing);
    if (!GetConsoleScreenBufferInfo(out, &before) || !WriteConsoleW(out, nothing, len, &n, NULL) ||
        !GetConsoleScreenBufferInfo(out, &after))
        return false;
    COORD at = before.dwCursorPosition;
    if (after.dwCursorPosition.X == at.X && after.dwCursorPosition.Y == at.Y)
        return true;
    FillConsoleOutputCharacterW(out, L' ', len, at, &n);
    SetConsoleCursorPosition(out, at);
    return false;
}

static void prepare_stream(int i)
{
    HANDLE out = handle_of(i);
    DWORD mode = found.stream[i].mode | ENABLE_PROCESSED_OUTPUT | ENABLE_WRAP_AT_EOL_OUTPUT;
    found.stream[i].obeys =
        SetConsoleMode(out, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) && sequences_work(out);
    if (!found.stream[i].obeys)
        SetConsoleMode(out, mode);
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
            prepare_stream(i);
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

bool os_terminal_obeys(enum os_stream stream)
{
    const char *term = os_env("TERM");
    return os_is_terminal(stream) && found.stream[stream].obeys &&
           !(term && strcmp(term, "dumb") == 0);
}

int os_terminal_columns(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    for (int i = OS_STDOUT; i < N_STREAMS; i++)
        if (GetConsoleScreenBufferInfo(handle_of(i), &info))
            return info.srWindow.Right - info.srWindow.Left + 1;
    return 80;
}

static bool write_console(HANDLE console, const char *text)
{
    wchar_t *wide = wide_text(text);
    DWORD n;
    bool ok = WriteConsoleW(console, wide, (DWORD)wcslen(wide), &n, NULL);
    free(wide);
    return ok;
}

/* One character that was typed; false once cancelled. ReadConsole would edit the line more nicely,
 * but nothing but a key ends it. */
static bool next_key(HANDLE in, struct cancel *c, wchar_t *key)
{
    HANDLE const both[] = {in, c ? cancel_event(c) : NULL};
    for (;;) {
        INPUT_RECORD r;
        DWORD n = 0, which = WaitForMultipleObjects(c ? 2 : 1, both, FALSE, INFINITE);
        if (cancel_is(c) || which == WAIT_FAILED || !ReadConsoleInputW(in, &r, 1, &n))
            return false;
        if (!n || r.EventType != KEY_EVENT || !r.Event.KeyEvent.uChar.UnicodeChar)
            continue;
        /* What is entered as Alt and digits comes when Alt is let go. */
        if (r.Event.KeyEvent.bKeyDown || r.Event.KeyEvent.wVirtualKeyCode == VK_MENU) {
            *key = r.Event.KeyEvent.uChar.UnicodeChar;
            return true;
        }
    }
}

struct line {
    wchar_t text[2048];
    size_t len;
};

static void rub_out(struct line *line, HANDLE to, bool echo)
{
    if (!line->len)
        return;
    line->len--;
    if (line->len && IS_LOW_SURROGATE(line->text[line->len]))
        line->len--;
    if (echo)
        write_console(to, "\b \b");
}

static bool read_line(HANDLE in, HANDLE to, bool echo, struct cancel *c, struct line *line)
{
    enum { CTRL_D = 0x04, CTRL_Z = 0x1A, ESCAPE = 0x1B };
    wchar_t key;
    while (next_key(in, c, &key)) {
        if (key == '\r' || key == '\n')
            return true;
        if ((key == CTRL_Z || key == CTRL_D) && !line->len)
            return false;
        if (key == '\b')
            rub_out(line, to, echo);
        while (key == ESCAPE && line->len)
            rub_out(line, to, echo);
        if (key < ' ' || line->len == sizeof line->text / sizeof *line->text)
            continue;
        line->text[line->len++] = key;
        DWORD n;
        if (echo)
            WriteConsoleW(to, &key, 1, &n, NULL);
    }
    return false;
}

bool os_ask_line(const char *prompt, bool echo, struct cancel *c, struct str *out)
{
    const DWORD both = GENERIC_READ | GENERIC_WRITE, share = FILE_SHARE_READ | FILE_SHARE_WRITE;
    const DWORD cooked =
        ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_VIRTUAL_TERMINAL_INPUT | ENABLE_MOUSE_INPUT;
    HANDLE in = CreateFileW(L"CONIN$", both, share, NULL, OPEN_EXISTING, 0, NULL);
    HANDLE to = CreateFileW(L"CONOUT$", both, share, NULL, OPEN_EXISTING, 0, NULL);
    struct line line = {.len = 0};
    DWORD old = 0;
    bool got = false;
    *out = STR(4 * sizeof line.text);
    if (in != INVALID_HANDLE_VALUE && to != INVALID_HANDLE_VALUE && GetConsoleMode(in, &old)) {
        SetConsoleMode(in, (old & ~cooked) | ENABLE_PROCESSED_INPUT);
        fflush(stdout);
        write_console(to, prompt);
        got = read_line(in, to, echo, c, &line);
        if (got) {
            char *text = wide_utf8_n(line.text, line.len);
            str_add(out, text);
            free(text);
            write_console(to, "\n");
        }
        SetConsoleMode(in, old);
        SecureZeroMemory(&line, sizeof line);
    }
    if (in != INVALID_HANDLE_VALUE)
        CloseHandle(in);
    if (to != INVALID_HANDLE_VALUE)
        CloseHandle(to);
    return got;
}

/* What is written to a console goes there as whole UTF-16 text: MinGW's printf family hands a
 * stream one byte after the other, which a console, being unbuffered, shows as several characters
 * where they are one. The linker puts these in the place of what they are named after (--wrap,
 * CMakeLists.txt); elsewhere the bytes are written as they are, in one piece. */
static bool put(FILE *to, const char *text, size_t len)
{
    HANDLE h = (HANDLE)_get_osfhandle(_fileno(to));
    DWORD mode;
    if (GetConsoleMode(h, &mode)) {
        fflush(to);
        return write_console(h, text);
    }
    bool ok = fwrite(text, 1, len, to) == len;
    /* Unbuffered in Windows' own library, not so in Wine's. */
    return (to != stderr || fflush(to) == 0) && ok;
}

int __wrap___mingw_vfprintf(FILE *to, const char *fmt, va_list ap) PRINTF(2, 0);
int __wrap___mingw_vprintf(const char *fmt, va_list ap) PRINTF(1, 0);
int __wrap_fputs(const char *text, FILE *to);
int __wrap_puts(const char *text);

int __wrap___mingw_vfprintf(FILE *to, const char *fmt, va_list ap)
{
    char *text = xvasprintf(fmt, ap);
    size_t len = strlen(text);
    bool ok = put(to, text, len);
    free(text);
    return ok ? (int)len : -1;
}

int __wrap___mingw_vprintf(const char *fmt, va_list ap)
{
    return __wrap___mingw_vfprintf(stdout, fmt, ap);
}

int __wrap_fputs(const char *text, FILE *to)
{
    return put(to, text, strlen(text)) ? 0 : EOF;
}

int __wrap_puts(const char *text)
{
    char *line = xasprintf("%s\n", text);
    int done = __wrap_fputs(line, stdout);
    free(line);
    return done;
}
