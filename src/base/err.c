#include "err_words.h"
#include <dogs/err.h>
#include <dogs/str.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int exit_status;
} codes[] = {
#define X(code, slug, status) [ERR_##code] = {slug, status},
    ERR_CODES(X)
#undef X
};

/* A text that did not fit ends with a whole character. */
static void end_well(char *text, size_t size)
{
    size_t len = strlen(text);
    if (len + 1 < size)
        return;
    while (len > 0 && !str_is_utf8(text, len) && ((unsigned char)text[len - 1] & 0x80))
        len--;
    text[len] = '\0';
}

bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    *e = (struct err){.code = code};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    end_well(e->text, sizeof e->text);
    return false;
}

bool err_os(struct err *e, enum err_code code, int os_code, const char *fmt, ...)
{
    *e = (struct err){.code = code, .os_code = os_code};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    size_t used = strlen(e->text);
    char words[256];
    err_words(os_code, words);
    snprintf(e->text + used, sizeof e->text - used, ": %s", words);
    end_well(e->text, sizeof e->text);
    return false;
}

bool err_wrap(struct err *e, const char *fmt, ...)
{
    char old[sizeof e->text];
    memcpy(old, e->text, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    size_t used = strlen(e->text);
    snprintf(e->text + used, sizeof e->text - used, ": %s", old);
    end_well(e->text, sizeof e->text);
    return false;
}

bool err_hint(struct err *e, const char *fmt, ...)
{
    if (e->hint[0])
        return false;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->hint, sizeof e->hint, fmt, ap);
    va_end(ap);
    return false;
}

const char *err_name(enum err_code code)
{
    return codes[code].name;
}

int err_exit(enum err_code code)
{
    return codes[code].exit_status;
}
