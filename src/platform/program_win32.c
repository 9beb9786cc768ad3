#include "process_win32.h"

#include <dogs/os.h>
#include <dogs/work.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 10, TAIL_BYTES = 4096 }; /* between two looks into pipes */

/* With all that it starts; ours: the end of its input to write to, those of its output and errors
 * to read from. */
struct program {
    HANDLE job, process, in, out, err;
    const char *input;
    size_t left;
};

static void shut(HANDLE *h)
{
    if (*h && *h != INVALID_HANDLE_VALUE)
        CloseHandle(*h);
    *h = NULL;
}

static bool make_pipe(HANDLE *ours, HANDLE *theirs, bool we_read)
{
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof inherit, .bInheritHandle = TRUE};
    return CreatePipe(we_read ? ours : theirs, we_read ? theirs : ours, &inherit, 0) &&
           SetHandleInformation(*ours, HANDLE_FLAG_INHERIT, 0);
}

static bool start(struct program *p, char *const *argv, struct err *e)
{
    HANDLE theirs[3] = {NULL, NULL, NULL};
    PROCESS_INFORMATION started = {0};
    if (!process_no_batch(argv[0], e))
        return false;
    wchar_t *line = process_line(argv);
    if (!line)
        return err_set(e, ERR_USAGE, "the command line is too long, or not UTF-8");
    bool ok = make_pipe(&p->in, &theirs[0], false) && make_pipe(&p->out, &theirs[1], true) &&
              make_pipe(&p->err, &theirs[2], true) &&
              process_start(line, theirs, CREATE_NEW_PROCESS_GROUP, &started);
    DWORD why = GetLastError();
    free(line);
    for (int i = 0; i < 3; i++)
        shut(&theirs[i]);
    bool missing = why == ERROR_FILE_NOT_FOUND || why == ERROR_PATH_NOT_FOUND;
    if (!ok)
        return err_os(e, missing ? ERR_NOT_FOUND : ERR_IO, (int)why, "cannot run '%s'", argv[0]);
    p->process = started.hProcess;
    p->job = CreateJobObjectW(NULL, NULL);
    if (p->job)
        AssignProcessToJobObject(p->job, p->process);
    ResumeThread(started.hThread);
    CloseHandle(started.hThread);
    return true;
}

/* In a thread of its own: a full pipe cannot be waited for. It breaks when its reader ends. */
static void feed(void *ctx)
{
    struct program *p = ctx;
    DWORD n;
    while (p->left) {
        DWORD most = p->left > 65536 ? 65536 : (DWORD)p->left;
        if (!WriteFile(p->in, p->input, most, &n, NULL))
            break;
        p->input += n;
        p->left -= n;
    }
    shut(&p->in);
}

/* What is there now; false once there was nothing. */
static bool take(HANDLE *pipe, struct str *to, struct str *tail)
{
    char buf[4096];
    DWORD there = 0, n = 0;
    if (!*pipe)
        return false;
    if (!PeekNamedPipe(*pipe, NULL, 0, NULL, &there, NULL)) {
        shut(pipe);
        return false;
    }
    if (!there || !ReadFile(*pipe, buf, sizeof buf, &n, NULL))
        return false;
    if (to)
        str_addn(to, buf, n);
    else
        os_tail(tail, buf, n);
    return true;
}

static bool attend(struct program *p, const struct os_program *what, int64_t end_ms,
                   struct str *out, struct str *errors, struct err *e)
{
    for (;;) {
        bool some = take(&p->out, out, NULL);
        some = take(&p->err, NULL, errors) || some;
        if (out->full)
            return err_set(e, ERR_FAILED, "it printed more than %zu bytes", what->max_output);
        if (some)
            continue;
        if (!p->out && !p->err && WaitForSingleObject(p->process, 0) == WAIT_OBJECT_0)
            return true;
        if (os_mono_ms() >= end_ms)
            return err_set(e, ERR_TIMEOUT, "it did not end within %lld s",
                           (long long)(what->timeout_ms / 1000));
        if (cancel_sleep(what->cancel, LOOK_MS))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
    }
}

bool os_run_program(const struct os_program *what, struct str *out, struct str *errors, int *status,
                    struct err *e)
{
    struct program p = {.input = what->input, .left = what->input_len};
    DWORD code = 0;
    *out = STR(what->max_output);
    *errors = STR(TAIL_BYTES);
    bool started = start(&p, what->argv, e);
    int64_t end_ms = os_mono_ms() + what->timeout_ms;
    struct thread *feeder = started ? thread_start(feed, &p) : NULL;
    bool ok = started && attend(&p, what, end_ms, out, errors, e);
    if (started && !ok) {
        if (p.job)
            TerminateJobObject(p.job, 1);
        TerminateProcess(p.process, 1);
    }
    thread_join(feeder);
    if (ok)
        GetExitCodeProcess(p.process, &code);
    *status = (int)code;
    shut(&p.in);
    shut(&p.out);
    shut(&p.err);
    shut(&p.job);
    shut(&p.process);
    if (ok)
        return true;
    str_release(out);
    if (!started)
        str_release(errors);
    return started ? err_wrap(e, "'%s'", what->argv[0]) : false;
}
