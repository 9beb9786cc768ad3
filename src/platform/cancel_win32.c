#include "console_win32.h"

#include <dogs/os.h>
#include <dogs/str.h>
#include <dogs/work.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <windows.h>

struct cancel {
    atomic_bool triggered;
    HANDLE event;
};

struct cancel *cancel_new(void)
{
    struct cancel *c = xcalloc(1, sizeof *c);
    c->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!c->event)
        abort();
    return c;
}

void cancel_free(struct cancel *c)
{
    if (!c)
        return;
    CloseHandle(c->event);
    free(c);
}

void cancel_trigger(struct cancel *c)
{
    if (!atomic_exchange(&c->triggered, true))
        SetEvent(c->event);
}

bool cancel_is(const struct cancel *c)
{
    return c && atomic_load(&((struct cancel *)c)->triggered);
}

bool cancel_sleep(struct cancel *c, int64_t ms)
{
    int64_t end = os_mono_ms() + ms;
    for (int64_t left = ms; left > 0 && !cancel_is(c); left = end - os_mono_ms()) {
        DWORD slice = left > 3600000 ? 3600000 : (DWORD)left;
        if (c)
            WaitForSingleObject(c->event, slice);
        else
            Sleep(slice);
    }
    return cancel_is(c);
}

int cancel_fd(const struct cancel *c)
{
    (void)c;
    return -1;
}

void *cancel_event(const struct cancel *c)
{
    return c->event;
}

static struct cancel *_Atomic interrupted;
static atomic_bool must_end;

enum { LAST_WORDS_MS = 4000 }; /* the system ends us after 5 s */

/* Runs in a thread of its own. */
static BOOL WINAPI on_event(DWORD kind)
{
    bool key = kind == CTRL_C_EVENT || kind == CTRL_BREAK_EVENT;
    struct cancel *c = atomic_load(&interrupted);
    if (key && cancel_is(c)) {
        console_restore();
        TerminateProcess(GetCurrentProcess(), 130);
    }
    if (!key)
        atomic_store(&must_end, true);
    cancel_trigger(c);
    if (!key) {
        /* The window was closed, or the user logs off: once this returns the process is ended. The
         * run writes its journal and says how it is resumed meanwhile. */
        Sleep(LAST_WORDS_MS);
        console_restore();
    }
    return TRUE;
}

bool os_must_end(void)
{
    return atomic_load(&must_end);
}

void os_catch_interrupts(struct cancel *c)
{
    if (!atomic_exchange(&interrupted, c))
        SetConsoleCtrlHandler(on_event, TRUE);
}
