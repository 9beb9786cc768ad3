#include "problems.h"

#include <ctype.h>
#include <dogs/config.h>
#include <dogs/log.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void problem_add(struct problems *pr, int line, int column, const char *fmt, ...)
{
    char what[800];
    va_list ap;

    if (++pr->n > CONFIG_MAX_PROBLEMS)
        return;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    /* A token may stand where a key was meant ("token:dop_v1_…" without the blank). */
    log_mask(what);
    if (line)
        str_addf(&pr->text, "%s:%d:%d: %s\n", pr->path, line, column, what);
    else
        str_addf(&pr->text, "%s\n", what);
}

/* Tokens of before 2022 are 64 bare hexadecimal digits, which log_mask cannot know. */
static bool has_old_token(const char *text)
{
    size_t run = 0;

    for (; *text && run < 40; text++)
        run = isxdigit((unsigned char)*text) ? run + 1 : 0;
    return run >= 40;
}

const char *quote(char out[QUOTE_SIZE], const char *text)
{
    static const char dots[] = "…";

    if (has_old_token(text))
        text = "***";
    if (!str_copy(out, QUOTE_SIZE - sizeof dots, text))
        memcpy(out + strlen(out), dots, sizeof dots);
    for (unsigned char *p = (unsigned char *)out; *p; p++) {
        if (*p < ' ' || *p == 0x7f)
            *p = '?';
        else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
            p[0] = p[1] = '?';
    }
    return out;
}
