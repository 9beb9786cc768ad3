/* What test_awake.py puts on a private bus: an imitation of polkit that allows the actions named on
 * the command line, or (without any) of a desktop's PowerManagement and ScreenSaver. One line on
 * stdout per event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

static char **allowed;

static void say(const char *what, const char *a, const char *b)
{
    printf("%s %s %s\n", what, a, b);
    fflush(stdout);
}

static int must(int r, const char *what)
{
    if (r < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-r));
        exit(1);
    }
    return r;
}

static int check(sd_bus_message *m, void *ctx, sd_bus_error *e)
{
    const char *action;
    int yes = 0;
    (void)ctx;
    (void)e;
    if (!sd_bus_message_is_method_call(m, NULL, "CheckAuthorization"))
        return 0;
    must(sd_bus_message_skip(m, "(sa{sv})"), "subject");
    must(sd_bus_message_read(m, "s", &action), "action");
    for (char **one = allowed; *one; one++)
        yes |= strcmp(*one, action) == 0;
    say("asked", action, yes ? "yes" : "no");
    return sd_bus_reply_method_return(m, "(bba{ss})", yes, 0, 0);
}

static int on_gone(sd_bus_track *track, void *ctx)
{
    say("released", ctx, "");
    free(ctx);
    sd_bus_track_unref(track);
    return 0;
}

static int inhibit(sd_bus_message *m, void *ctx, sd_bus_error *e)
{
    static unsigned cookie;
    const char *who, *why;
    (void)ctx;
    (void)e;
    if (!sd_bus_message_is_method_call(m, NULL, "Inhibit"))
        return 0;
    must(sd_bus_message_read(m, "ss", &who, &why), "arguments");
    char *interface = strdup(sd_bus_message_get_interface(m));
    sd_bus_track *track = NULL;
    must(sd_bus_track_new(sd_bus_message_get_bus(m), &track, on_gone, interface), "track");
    must(sd_bus_track_add_sender(track, m), "sender");
    printf("inhibit %s %s: %s\n", interface, who, why);
    fflush(stdout);
    return sd_bus_reply_method_return(m, "u", ++cookie);
}

int main(int argc, char **argv)
{
    sd_bus *bus = NULL;
    allowed = argv + 1;
    must(argc > 1 ? sd_bus_open_system(&bus) : sd_bus_open_user(&bus), "bus");
    if (argc > 1) {
        must(sd_bus_add_object(bus, NULL, "/org/freedesktop/PolicyKit1/Authority", check, NULL),
             "object");
        must(sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0), "name");
    } else {
        static const char *const rows[][2] = {
            {"/org/freedesktop/PowerManagement/Inhibit", "org.freedesktop.PowerManagement"},
            {"/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver"},
        };
        for (size_t i = 0; i < 2; i++) {
            must(sd_bus_add_object(bus, NULL, rows[i][0], inhibit, NULL), "object");
            must(sd_bus_request_name(bus, rows[i][1], 0), "name");
        }
    }
    say("ready", "", "");
    for (;;)
        if (must(sd_bus_process(bus, NULL), "process") == 0)
            must(sd_bus_wait(bus, UINT64_MAX), "wait");
}
