#include <dogs/os.h>
#include <dogs/term.h>
#include <stdlib.h>
#include <windows.h>

/* The cancel object has nothing to wait for here, so the wait is cut into slices. */
enum { SLICE_MS = 100 };

#ifndef ENABLE_VIRTUAL_TERMINAL_PROCESSING
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 0x0004
#endif

static HANDLE keyboard = INVALID_HANDLE_VALUE, screen = INVALID_HANDLE_VALUE;
static DWORD keyboard_before, screen_before;
static volatile LONG entered;

static HANDLE console(DWORD which)
{
    HANDLE h = GetStdHandle(which);
    DWORD mode;
    return h && h != INVALID_HANDLE_VALUE && GetConsoleMode(h, &mode) ? h : INVALID_HANDLE_VALUE;
}

bool term_can_draw(void)
{
    return console(STD_INPUT_HANDLE) != INVALID_HANDLE_VALUE && os_terminal_obeys(OS_STDOUT);
}

void term_size(int *columns, int *rows)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    HANDLE out = console(STD_OUTPUT_HANDLE);
    bool known = out != INVALID_HANDLE_VALUE && GetConsoleScreenBufferInfo(out, &info);
    *columns = known ? info.srWindow.Right - info.srWindow.Left + 1 : 80;
    *rows = known ? info.srWindow.Bottom - info.srWindow.Top + 1 : 24;
}

bool term_enter(void)
{
    static bool registered;
    if (entered)
        return true;
    keyboard = console(STD_INPUT_HANDLE);
    screen = console(STD_OUTPUT_HANDLE);
    if (keyboard == INVALID_HANDLE_VALUE || !GetConsoleMode(keyboard, &keyboard_before))
        return false;
    if (!registered)
        registered = atexit(term_leave) == 0;
    /* Processed input: Ctrl-C goes to the control handler, as everywhere in the program. */
    DWORD mode = ENABLE_PROCESSED_INPUT | ENABLE_WINDOW_INPUT | ENABLE_EXTENDED_FLAGS;
    if (!SetConsoleMode(keyboard, mode))
        return false;
    if (screen != INVALID_HANDLE_VALUE && GetConsoleMode(screen, &screen_before))
        SetConsoleMode(screen, screen_before | ENABLE_PROCESSED_OUTPUT |
                                   ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    else
        screen = INVALID_HANDLE_VALUE;
    FlushConsoleInputBuffer(keyboard);
    InterlockedExchange(&entered, 1);
    return true;
}

void term_leave(void)
{
    if (!InterlockedExchange(&entered, 0))
        return;
    SetConsoleMode(keyboard, keyboard_before);
    if (screen != INVALID_HANDLE_VALUE)
        SetConsoleMode(screen, screen_before);
}

static enum term_key_kind by_virtual_key(WORD code)
{
    static const struct {
        WORD code;
        enum term_key_kind kind;
    } keys[] = {{VK_UP, TERM_UP},         {VK_DOWN, TERM_DOWN},      {VK_LEFT, TERM_LEFT},
                {VK_RIGHT, TERM_RIGHT},   {VK_HOME, TERM_HOME},      {VK_END, TERM_END},
                {VK_PRIOR, TERM_PAGE_UP}, {VK_NEXT, TERM_PAGE_DOWN}, {VK_RETURN, TERM_ENTER},
                {VK_ESCAPE, TERM_ESC},    {VK_BACK, TERM_BACKSPACE}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].code == code)
            return keys[i].kind;
    return TERM_OTHER;
}

/* Characters beyond the first plane come as two events; no key of ours is among them. */
static bool key_of(const INPUT_RECORD *record, struct term_key *out)
{
    *out = (struct term_key){TERM_OTHER, 0};
    if (record->EventType == WINDOW_BUFFER_SIZE_EVENT) {
        out->kind = TERM_RESIZED;
        return true;
    }
    const KEY_EVENT_RECORD *key = &record->Event.KeyEvent;
    if (record->EventType != KEY_EVENT || !key->bKeyDown)
        return false;
    WCHAR c = key->uChar.UnicodeChar;
    out->kind = by_virtual_key(key->wVirtualKeyCode);
    if (out->kind != TERM_OTHER)
        return true;
    if (c == 4)
        out->kind = TERM_EOF;
    else if (c == '\r' || c == '\n')
        out->kind = TERM_ENTER; /* pasted, or sent by a program */
    else if (c >= 0x20 && c != 0x7f && (c < 0xd800 || c > 0xdfff))
        *out = (struct term_key){TERM_CHAR, c};
    return true;
}

bool term_key(struct cancel *c, struct term_key *out)
{
    while (!cancel_is(c)) {
        DWORD ready = WaitForSingleObject(keyboard, SLICE_MS);
        if (ready == WAIT_TIMEOUT)
            continue;
        INPUT_RECORD record;
        DWORD n = 0;
        if (ready != WAIT_OBJECT_0 || !ReadConsoleInputW(keyboard, &record, 1, &n) || n == 0)
            return false;
        if (key_of(&record, out))
            return true;
    }
    return false;
}

bool term_owns_console(void)
{
    DWORD processes[2];
    return GetConsoleProcessList(processes, 2) == 1;
}
