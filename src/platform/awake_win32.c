#include "awake_os.h"
#include <dogs/log.h>
#include <dogs/str.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

/* The state belongs to the thread that set it and ends with it, so the hold keeps one. */
struct awake_os {
    HANDLE thread, held, release; /* held: the state was tried; release: give it back */
    EXECUTION_STATE flags;
    bool got;
    HANDLE request; /* NULL where the system does not take it */
    POWER_REQUEST_TYPE types[2];
    size_t n_types;
};

int64_t awake_slept_ms(void)
{
    ULONGLONG awake_100ns = 0;
    QueryUnbiasedInterruptTime(&awake_100ns);
    return (int64_t)GetTickCount64() - (int64_t)(awake_100ns / 10000);
}

/* Each call answers with the state before it, so saying it twice reads it back. */
static bool set_state(EXECUTION_STATE state)
{
    EXECUTION_STATE before = SetThreadExecutionState(state);
    EXECUTION_STATE is = before ? SetThreadExecutionState(state) : 0;
    log_line(LOG_DEBUG, "awake: execution state 0x%08lx, read back 0x%08lx", (unsigned long)state,
             (unsigned long)is);
    return before != 0;
}

static DWORD WINAPI keep_state(void *arg)
{
    struct awake_os *os = arg;
    os->got = set_state(ES_CONTINUOUS | os->flags);
    SetEvent(os->held);
    WaitForSingleObject(os->release, INFINITE);
    set_state(ES_CONTINUOUS);
    return 0;
}

static bool start_thread(struct awake_os *os)
{
    os->held = CreateEventW(NULL, TRUE, FALSE, NULL);
    os->release = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (os->held && os->release)
        os->thread = CreateThread(NULL, 64 * 1024, keep_state, os, 0, NULL);
    if (os->thread)
        WaitForSingleObject(os->held, INFINITE);
    return os->thread && os->got;
}

/* For `powercfg /requests`. On Modern Standby only "execution required" keeps a program running;
 * Windows 7 does not know it, hence each type by itself. */
static bool make_request(struct awake_os *os, const char *why)
{
    static const POWER_REQUEST_TYPE wanted[] = {PowerRequestSystemRequired,
                                                PowerRequestExecutionRequired};
    static const POWER_REQUEST_TYPE display[] = {PowerRequestDisplayRequired};
    char *text = xasprintf("dogs: %s", why);
    wchar_t wide[AWAKE_TEXT];
    if (!MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, AWAKE_TEXT))
        lstrcpynW(wide, L"dogs is at work", AWAKE_TEXT);
    free(text);
    REASON_CONTEXT reason = {.Version = POWER_REQUEST_CONTEXT_VERSION,
                             .Flags = POWER_REQUEST_CONTEXT_SIMPLE_STRING,
                             .Reason.SimpleReasonString = wide};
    os->request = PowerCreateRequest(&reason);
    if (os->request == INVALID_HANDLE_VALUE)
        os->request = NULL;
    bool for_display = os->flags == ES_DISPLAY_REQUIRED;
    const POWER_REQUEST_TYPE *types = for_display ? display : wanted;
    for (size_t i = 0; os->request && i < (for_display ? 1 : 2); i++)
        if (PowerSetRequest(os->request, types[i]))
            os->types[os->n_types++] = types[i];
    log_line(LOG_DEBUG, "awake: power request, %u of its types set", (unsigned)os->n_types);
    return os->n_types > 0;
}

struct awake_os *awake_os_take(enum awake_what what, const char *why, struct awake_part *got)
{
    struct awake_os *os = xcalloc(1, sizeof *os);
    os->flags = what == AWAKE_SYSTEM ? ES_SYSTEM_REQUIRED : ES_DISPLAY_REQUIRED;
    bool state = start_thread(os), request = make_request(os, why);
    got->held = state || request;
    if (!got->held) {
        snprintf(got->lacks, sizeof got->lacks, "Windows refused both ways (error %lu)",
                 (unsigned long)GetLastError());
        awake_os_drop(os);
        return NULL;
    }
    snprintf(got->by, sizeof got->by, "Windows");
    return os;
}

void awake_os_drop(struct awake_os *os)
{
    if (!os)
        return;
    if (os->thread) {
        SetEvent(os->release);
        WaitForSingleObject(os->thread, INFINITE);
    }
    for (size_t i = 0; i < os->n_types; i++)
        PowerClearRequest(os->request, os->types[i]);
    HANDLE const handles[] = {os->thread, os->held, os->release, os->request};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
        if (handles[i])
            CloseHandle(handles[i]);
    free(os);
}
