#include "awake_os.h"
#include <dogs/log.h>
#include <dogs/os.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

enum { LOGIND_LIMIT_MS = 2000, DESKTOP_LIMIT_MS = 1000 };
_Static_assert(LOGIND_LIMIT_MS + 2 * DESKTOP_LIMIT_MS <= AWAKE_LIMIT_MS, "the header's promise");

/* Found at run time: the program runs where neither library is, and loads one only when there is
 * something to wait for. */
#define CALLS(X)                                                                                   \
    X(open_system)                                                                                 \
    X(open_user)                                                                                   \
    X(is_ready)                                                                                    \
    X(process)                                                                                     \
    X(wait)                                                                                        \
    X(set_method_call_timeout)                                                                     \
    X(call_method)                                                                                 \
    X(message_read)                                                                                \
    X(message_unref)                                                                               \
    X(error_free)                                                                                  \
    X(close)                                                                                       \
    X(unref)

static struct {
#define X(name) __typeof__(&sd_bus_##name) name;
    CALLS(X)
#undef X
} bus;

struct awake_os {
    int fds[2];   /* logind's: the inhibitor lives until the last copy is closed; -1 = none */
    sd_bus *desk; /* the desktop's: it lives as long as the connection */
};

static bool load(void)
{
    static const char *const names[] = {"libsystemd.so.0", "libelogind.so.0", NULL};
    static const struct os_symbol symbols[] = {
#define X(name) {"sd_bus_" #name, &bus.name},
        CALLS(X){0}
#undef X
    };
    static struct os_library library = {.names = names, .symbols = symbols};
    struct err ignored;
    return os_load(&library, &ignored);
}

static void hang_up(sd_bus *b)
{
    /* Not the call that flushes first: on a bus that hangs it would wait for minutes. */
    if (b)
        bus.close(b);
    bus.unref(b);
}

/* A connection over which calls can be made. Left to itself the library would wait 90 s for a bus
 * that takes the connection and says nothing. */
static int dial(int (*open)(sd_bus **), int64_t end_ms, sd_bus **out)
{
    int r = open(out);
    while (r >= 0 && (r = bus.is_ready(*out)) == 0) {
        int64_t left_ms = end_ms - os_mono_ms();
        r = left_ms > 0 ? bus.process(*out, NULL) : -ETIMEDOUT;
        if (r == 0)
            r = bus.wait(*out, (uint64_t)left_ms * 1000);
    }
    if (r >= 0)
        return 0;
    hang_up(*out);
    *out = NULL;
    return r;
}

/* Adds "name: why". */
static void lacks(struct awake_part *got, const char *name, int r, const sd_bus_error *said)
{
    const char *why = strerror(-r);
    if (r == -ETIMEDOUT)
        why = "no answer in time";
    else if (r == -ENOMEDIUM)
        why = "no session of a desktop";
    else if (r == -ENOENT || r == -ECONNREFUSED)
        why = "there is no bus";
    else if (said && said->message)
        why = said->message;
    size_t used = strlen(got->lacks);
    snprintf(got->lacks + used, sizeof got->lacks - used, "%s%s: %s", used ? "; " : "", name, why);
    log_line(LOG_INFO, "awake: %s: %s", name, why);
}

struct call {
    const char *name, *path, *iface;
};

static int call(sd_bus *b, const struct call *to, int64_t end_ms, sd_bus_message **reply,
                sd_bus_error *said, const char *what, const char *why)
{
    int64_t left_ms = end_ms - os_mono_ms();
    if (left_ms <= 0)
        return -ETIMEDOUT;
    bus.set_method_call_timeout(b, (uint64_t)left_ms * 1000);
    return what ? bus.call_method(b, to->name, to->path, to->iface, "Inhibit", said, reply, "ssss",
                                  what, "dogs", why, "block")
                : bus.call_method(b, to->name, to->path, to->iface, "Inhibit", said, reply, "ss",
                                  "dogs", why);
}

/* One inhibitor of logind as a descriptor in *fd. */
static int inhibit(sd_bus *b, const char *what, const char *why, int64_t end_ms, int *fd,
                   sd_bus_error *said)
{
    static const struct call logind = {"org.freedesktop.login1", "/org/freedesktop/login1",
                                       "org.freedesktop.login1.Manager"};
    sd_bus_message *reply = NULL;
    int lent, r = call(b, &logind, end_ms, &reply, said, what, why);
    if (r >= 0)
        r = bus.message_read(reply, "h", &lent);
    if (r >= 0)
        r = *fd = fcntl(lent, F_DUPFD_CLOEXEC, 3);
    bus.message_unref(reply);
    return r;
}

static bool ask_logind(struct awake_os *os, const char *why, struct awake_part *got)
{
    static const char *const apart[] = {"sleep", "idle"};
    int64_t end_ms = os_mono_ms() + LOGIND_LIMIT_MS;
    sd_bus *b = NULL;
    sd_bus_error said = SD_BUS_ERROR_NULL;
    int r = dial(bus.open_system, end_ms, &b);
    if (r >= 0)
        r = inhibit(b, "sleep:idle", why, end_ms, &os->fds[0], &said);
    if (r < 0 && r != -EACCES && r != -EPERM)
        lacks(got, "logind", r, &said);
    /* Where two things are wanted at once logind was seen to ask for the permission of a third
     * (systemd issue 33834); and a session over the network may only inhibit idling. */
    for (size_t i = 0; (r == -EACCES || r == -EPERM) && i < 2; i++) {
        sd_bus_error no = SD_BUS_ERROR_NULL;
        char name[AWAKE_NAME];
        snprintf(name, sizeof name, "logind refuses '%s'", apart[i]);
        int one = inhibit(b, apart[i], why, end_ms, &os->fds[i], &no);
        if (one < 0)
            lacks(got, name, one, &no);
        bus.error_free(&no);
    }
    bus.error_free(&said);
    hang_up(b);
    got->held = os->fds[0] >= 0 || os->fds[1] >= 0;
    if (got->held)
        snprintf(got->by, sizeof got->by, "logind");
    return got->held;
}

static bool ask_desktop(struct awake_os *os, enum awake_what what, const char *why,
                        struct awake_part *got)
{
    static const struct call calls[] = {
        [AWAKE_SYSTEM] = {"org.freedesktop.PowerManagement",
                          "/org/freedesktop/PowerManagement/Inhibit",
                          "org.freedesktop.PowerManagement.Inhibit"},
        [AWAKE_DISPLAY] = {"org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver",
                           "org.freedesktop.ScreenSaver"},
    };
    static const char *const names[] = {
        [AWAKE_SYSTEM] = "PowerManagement", [AWAKE_DISPLAY] = "ScreenSaver"};
    int64_t end_ms = os_mono_ms() + DESKTOP_LIMIT_MS;
    sd_bus_error said = SD_BUS_ERROR_NULL;
    sd_bus_message *reply = NULL;
    int r = dial(bus.open_user, end_ms, &os->desk);
    if (r >= 0)
        r = call(os->desk, &calls[what], end_ms, &reply, &said, NULL, why);
    got->held = r >= 0;
    if (got->held) {
        snprintf(got->by, sizeof got->by, "%s", names[what]);
    } else {
        lacks(got, names[what], r, &said);
        hang_up(os->desk);
        os->desk = NULL;
    }
    bus.message_unref(reply);
    bus.error_free(&said);
    return got->held;
}

struct awake_os *awake_os_take(enum awake_what what, const char *why, struct awake_part *got)
{
    if (!load()) {
        snprintf(got->lacks, sizeof got->lacks, "neither libsystemd nor libelogind is here");
        return NULL;
    }
    struct awake_os *os = xcalloc(1, sizeof *os);
    *os = (struct awake_os){.fds = {-1, -1}};
    if ((what == AWAKE_SYSTEM && ask_logind(os, why, got)) || ask_desktop(os, what, why, got))
        return os;
    free(os);
    return NULL;
}

void awake_os_drop(struct awake_os *os)
{
    if (!os)
        return;
    for (size_t i = 0; i < 2; i++)
        if (os->fds[i] >= 0)
            close(os->fds[i]);
    if (os->desk)
        hang_up(os->desk);
    free(os);
}
