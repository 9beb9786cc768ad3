#include "zone_make.h"
#include <dogs/os.h>
#include <dogs/str.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const folders[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                      "/usr/share/lib/zoneinfo", "/etc/zoneinfo"};

bool zone_os_open(const char *name, struct zone **out, struct err *e)
{
    bool any = false;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (!os_exists(folders[i]))
            continue;
        any = true;
        if (zone_file(folders[i], name, out, e))
            return true;
        if (e->code != ERR_NOT_FOUND)
            return false;
    }
    if (any)
        return err_set(e, ERR_NOT_FOUND, "no such zone");
    err_set(e, ERR_FAILED, "this computer has no time zone database, so only UTC is known");
    return err_hint(e, "install the package tzdata, or write `zone: UTC`");
}

static bool take_name(const char *text, char out[ZONE_NAME])
{
    const char *folder = strstr(text, "zoneinfo/");
    const char *name = folder ? folder + strlen("zoneinfo/") : text;
    return zone_name_ok(name) && str_copy(out, ZONE_NAME, name);
}

void zone_here(char out[ZONE_NAME])
{
    const char *variable = os_env("TZ");
    char link[256];
    ssize_t len = readlink("/etc/localtime", link, sizeof link - 1);
    struct str text = STR(ZONE_NAME);
    struct err ignored;
    if (variable && take_name(variable + (*variable == ':'), out))
        return;
    link[len > 0 ? len : 0] = '\0';
    if (strstr(link, "zoneinfo/") && take_name(link, out))
        return;
    /* Debian writes the name there, and copies the file. */
    bool told = os_read_file("/etc/timezone", ZONE_NAME, &text, &ignored);
    char *line = xstrndup(str_text(&text), strcspn(str_text(&text), " \r\n"));
    if (!told || !take_name(line, out))
        str_copy(out, ZONE_NAME, "UTC");
    free(line);
    str_release(&text);
}
