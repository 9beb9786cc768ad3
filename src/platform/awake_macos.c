#include "awake_os.h"
#include <IOKit/pwr_mgt/IOPMLib.h>
#include <dogs/str.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct awake_os {
    IOPMAssertionID id;
};

int64_t awake_slept_ms(void)
{
    /* The first goes on in sleep on this system, the second does not. */
    uint64_t all = clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW);
    uint64_t awake = clock_gettime_nsec_np(CLOCK_UPTIME_RAW);
    return ((int64_t)all - (int64_t)awake) / 1000000;
}

struct awake_os *awake_os_take(enum awake_what what, const char *why, struct awake_part *got)
{
    CFStringRef type = what == AWAKE_SYSTEM ? kIOPMAssertPreventUserIdleSystemSleep
                                            : kIOPMAssertPreventUserIdleDisplaySleep;
    char *text = xasprintf("dogs: %s", why);
    CFStringRef name = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
    IOPMAssertionID id = 0;
    IOReturn r =
        IOPMAssertionCreateWithName(type, kIOPMAssertionLevelOn, name ? name : CFSTR("dogs"), &id);
    if (name)
        CFRelease(name);
    free(text);
    got->held = r == kIOReturnSuccess;
    if (!got->held) {
        snprintf(got->lacks, sizeof got->lacks, "the power assertion was refused (0x%08x)",
                 (unsigned)r);
        return NULL;
    }
    snprintf(got->by, sizeof got->by, "power assertion");
    struct awake_os *os = xcalloc(1, sizeof *os);
    os->id = id;
    return os;
}

void awake_os_drop(struct awake_os *os)
{
    if (!os)
        return;
    IOPMAssertionRelease(os->id);
    free(os);
}
