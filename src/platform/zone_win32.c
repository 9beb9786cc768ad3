/* Windows has no tz database that follows IANA's names but in the ICU that comes with it since
 * Windows 10 1903 (icu.dll). What it knows of the next hundred years becomes a zone like others.
 * https://learn.microsoft.com/en-us/windows/win32/intl/international-components-for-unicode--icu-
 */
#include "zone_make.h"
#include <dogs/os.h>
#include <dogs/str.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

enum {
    ICU_GREGORIAN = 1,
    ICU_TRANSITION_NEXT = 0,
    ICU_ZONE_OFFSET = 15,
    ICU_DST_OFFSET = 16,
    MAX_STEPS = 400,
};

static struct {
    HMODULE library;
    void *(*open)(const WCHAR *zone, int32_t len, const char *locale, int type, int *status);
    void (*close)(void *cal);
    void (*set)(void *cal, double ms, int *status);
    int32_t (*get)(const void *cal, int field, int *status);
    int8_t (*next)(const void *cal, int type, double *ms, int *status);
    int32_t (*id)(const void *cal, WCHAR *out, int32_t size, int *status);
    int32_t (*here)(WCHAR *out, int32_t size, int *status);
} icu;

static bool icu_load(void)
{
    static const struct {
        const char *name;
        void *to;
    } all[] = {
        {"ucal_open", &icu.open},
        {"ucal_close", &icu.close},
        {"ucal_setMillis", &icu.set},
        {"ucal_get", &icu.get},
        {"ucal_getTimeZoneTransitionDate", &icu.next},
        {"ucal_getTimeZoneID", &icu.id},
        {"ucal_getDefaultTimeZone", &icu.here},
    };
    if (icu.library)
        return true;
    HMODULE library = LoadLibraryExW(L"icu.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    for (size_t i = 0; library && i < sizeof all / sizeof *all; i++) {
        FARPROC found = GetProcAddress(library, all[i].name);
        if (!found)
            return false;
        memcpy(all[i].to, &found, sizeof found);
    }
    icu.library = library;
    return library != NULL;
}

static struct zone_time time_now(void *cal, int *status)
{
    int32_t daylight = icu.get(cal, ICU_DST_OFFSET, status);
    struct zone_time t = {
        .offset_s = (int)((icu.get(cal, ICU_ZONE_OFFSET, status) + daylight) / 1000),
        .daylight = daylight != 0,
    };
    str_copy(t.name, sizeof t.name, daylight ? "DST" : "STD");
    return t;
}

bool zone_os_open(const char *name, struct zone **out, struct err *e)
{
    WCHAR wide[ZONE_NAME], known[ZONE_NAME] = L"";
    int status = 0;
    if (!icu_load()) {
        err_set(e, ERR_FAILED, "this Windows has no icu.dll, so only UTC is known");
        return err_hint(e, "update to Windows 10 1903 or later, or write `zone: UTC`");
    }
    MultiByteToWideChar(CP_UTF8, 0, name, -1, wide, ZONE_NAME);
    void *cal = icu.open(wide, -1, "", ICU_GREGORIAN, &status);
    if (status <= 0)
        icu.id(cal, known, ZONE_NAME, &status);
    /* It takes any name, and means this one for those it does not know. */
    bool ok = status <= 0 && wcscmp(known, L"Etc/Unknown") != 0;
    struct zone_step *steps = xcalloc(MAX_STEPS, sizeof *steps);
    struct zone_time first = {0};
    size_t n = 0;
    if (ok) {
        double ms = (double)os_unix_ms() - 366.0 * 86400 * 1000;
        icu.set(cal, ms, &status);
        first = time_now(cal, &status);
        while (n < MAX_STEPS && icu.next(cal, ICU_TRANSITION_NEXT, &ms, &status) && status <= 0) {
            icu.set(cal, ms, &status);
            steps[n].at = (int64_t)(ms / 1000);
            steps[n++].to = time_now(cal, &status);
        }
        *out = zone_make(&first, steps, n);
    }
    if (cal)
        icu.close(cal);
    free(steps);
    return ok || err_set(e, ERR_NOT_FOUND, "no such zone");
}

void zone_here(char out[ZONE_NAME])
{
    WCHAR wide[ZONE_NAME] = L"";
    int status = 0;
    const char *variable = os_env("TZ");
    if (variable && zone_name_ok(variable) && str_copy(out, ZONE_NAME, variable))
        return;
    bool told = icu_load() && icu.here(wide, ZONE_NAME, &status) > 0 && status <= 0 &&
                WideCharToMultiByte(CP_UTF8, 0, wide, -1, out, ZONE_NAME, NULL, NULL) > 0;
    if (!told || !zone_name_ok(out))
        str_copy(out, ZONE_NAME, "UTC");
}
