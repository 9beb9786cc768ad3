#include "awake_os.h"
#include <stdio.h>

/* The library that speaks D-Bus comes only as a shared one, which a static program cannot load. */
struct awake_os *awake_os_take(enum awake_what what, const char *why, struct awake_part *got)
{
    (void)what;
    (void)why;
    snprintf(got->lacks, sizeof got->lacks, "this static dogs cannot speak to logind or a desktop");
    return NULL;
}

void awake_os_drop(struct awake_os *os)
{
    (void)os;
}
