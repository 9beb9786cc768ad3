/* Names from strangers: which may become paths here, and what becomes of those that may not. */
#include <dogs/transfer.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    /* 255 is what file systems take; the part file of a download has 14 more than its name. */
    PART_MAX_BYTES = 240,
    NAME_MAX_BYTES = 3000,
};

/* The character at p and its length, which is 0 at what is not UTF-8. */
static uint32_t character(const unsigned char *p, size_t *len)
{
    static const struct {
        unsigned char mask, mark;
    } heads[] = {{0x80, 0}, {0xe0, 0xc0}, {0xf0, 0xe0}, {0xf8, 0xf0}};
    *len = 0;
    for (size_t n = 0; n < sizeof heads / sizeof *heads; n++) {
        if ((p[0] & heads[n].mask) != heads[n].mark)
            continue;
        uint32_t c = p[0] & (unsigned char)~heads[n].mask;
        for (size_t i = 1; i <= n; i++) {
            if ((p[i] & 0xc0) != 0x80)
                return 0;
            c = c << 6 | (p[i] & 0x3f);
        }
        if (!str_is_utf8((const char *)p, n + 1))
            return 0;
        *len = n + 1;
        return c;
    }
    return 0;
}

/* Controls, and what turns the direction of the writing or breaks its line: a name that looks like
 * another one. Unicode's Bidi_Control, and U+2028, U+2029. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* What Windows opens instead of a file, whatever the ending: "Naming Files, Paths, and Namespaces".
 * The superscript digits count there as well. */
static bool is_device(const char *part, size_t len)
{
    static const char *const whole[] = {"con", "prn", "aux", "nul", "conin$", "conout$"};
    static const char *const numbered[] = {"com", "lpt"};
    static const char *const superscripts[] = {"\u00b9", "\u00b2", "\u00b3"};
    size_t stem = 0;
    while (stem < len && part[stem] != '.' && part[stem] != ':')
        stem++;
    while (stem && part[stem - 1] == ' ')
        stem--;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (strlen(whole[i]) == stem && strncasecmp(part, whole[i], stem) == 0)
            return true;
    for (size_t i = 0; i < sizeof numbered / sizeof *numbered; i++) {
        if (stem < 4 || strncasecmp(part, numbered[i], 3) != 0)
            continue;
        if (stem == 4 && part[3] >= '0' && part[3] <= '9')
            return true;
        for (size_t k = 0; k < sizeof superscripts / sizeof *superscripts; k++)
            if (stem == 5 && memcmp(part + 3, superscripts[k], 2) == 0)
                return true;
    }
    return false;
}

static bool ends_in(const char *part, size_t len, const char *ending)
{
    size_t n = strlen(ending);
    return len >= n && memcmp(part + len - n, ending, n) == 0;
}

/* NULL if one part of a path is good, else why not. */
static const char *part_fault(const char *part, size_t len)
{
    if (!len)
        return "has an empty part";
    if ((len == 1 && part[0] == '.') || (len == 2 && part[0] == '.' && part[1] == '.'))
        return "has '.' or '..' for a part";
    if (len > PART_MAX_BYTES)
        return "has a part that is too long";
    if (part[len - 1] == '.' || part[len - 1] == ' ')
        return "has a part that ends in a full stop or a blank, which Windows drops";
    if (is_device(part, len))
        return "is a device on Windows";
    if (part[0] == '.' && (ends_in(part, len, ".dogs-part") || ends_in(part, len, ".dogs-record")))
        return "is what dogs calls files of its own";
    return NULL;
}

static const char *text_fault(const char *name)
{
    size_t len, n = strlen(name);
    if (n > NAME_MAX_BYTES)
        return "is too long";
    if (!str_is_utf8(name, n))
        return "is not UTF-8";
    for (const unsigned char *p = (const unsigned char *)name; *p; p += len) {
        uint32_t c = character(p, &len);
        if (is_control(c))
            return "has a control character in it";
        if (c == '\\')
            return "has a backslash in it";
        if (c == ':')
            return "has a colon in it, which leads elsewhere on Windows";
    }
    return NULL;
}

bool transfer_name_ok(const char *name, struct err *e)
{
    const char *why = *name == '/' ? "is an absolute path" : *name ? text_fault(name) : "is empty";
    for (const char *part = name; !why; part++) {
        size_t len = strcspn(part, "/");
        why = part_fault(part, len);
        part += len;
        if (!*part)
            break;
    }
    if (!why)
        return true;
    struct str shown = STR(120);
    size_t len;
    for (const unsigned char *p = (const unsigned char *)name; *p; p += len + !len)
        if (!is_control(character(p, &len)) && len)
            str_addn(&shown, p, len);
        else
            str_add(&shown, "?");
    err_set(e, ERR_GUARD, "the name '%s%s' %s", str_text(&shown), shown.full ? "…" : "", why);
    str_release(&shown);
    return false;
}

static bool is_end_to_drop(const struct str *s)
{
    return s->len && (s->p[s->len - 1] == ' ' || s->p[s->len - 1] == '.');
}

char *transfer_name_safe(const char *text)
{
    struct str out = STR(PART_MAX_BYTES - 1);
    size_t len;
    text += strspn(text, " ");
    for (const unsigned char *p = (const unsigned char *)text; *p && !out.full; p += len + !len) {
        uint32_t c = character(p, &len);
        bool good = len && !is_control(c) && !(c < 0x80 && strchr("/\\:*?\"<>|", (int)c));
        if (good && out.len + len > out.max)
            break;
        str_addn(&out, good ? (const char *)p : "_", good ? len : 1);
    }
    while (is_end_to_drop(&out))
        out.p[--out.len] = '\0';
    const char *name = out.len ? str_text(&out) : "download";
    char *safe = part_fault(name, strlen(name)) ? xasprintf("_%s", name) : xstrdup(name);
    str_release(&out);
    return safe;
}
