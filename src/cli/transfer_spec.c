#include "transfer_spec.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHA256_HEX = 64 };

struct spec_reader spec_reader(char *text, size_t len)
{
    size_t mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    return (struct spec_reader){.at = text + mark, .end = text + len};
}

/* The next line, without its end and NUL-terminated. False where none is left. */
static bool next_line(struct spec_reader *r, char **line, const char **why)
{
    if (r->at >= r->end)
        return false;
    char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));
    if (!end)
        end = r->end;
    *line = r->at;
    r->at = end + 1;
    r->line++;
    *end = '\0';
    size_t len = (size_t)(end - *line);
    bool cr = len && end[-1] == '\r';
    if (cr)
        end[-1] = '\0';
    *why = NULL;
    if (len > SPEC_MAX_LINE)
        *why = "the line is longer than 64 KiB";
    else if (strlen(*line) + cr != len)
        *why = "there is a NUL in the line";
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The word at *at, its quotes taken off in place; *at moves on behind it. NULL after a mistake, and
 * where there is no word. */
static char *next_word(char **at, const char **why)
{
    char *from = *at, *to, *word, quote = 0;
    while (is_blank(*from))
        from++;
    word = to = from;
    if (!*from || *from == '#') {
        *at = from + strlen(from);
        return NULL;
    }
    for (; *from && (quote || !is_blank(*from)); from++)
        if (quote ? *from == quote : *from == '\'' || *from == '"')
            quote = quote ? 0 : *from;
        else
            *to++ = *from;
    *at = *from ? from + 1 : from;
    *to = '\0';
    if (quote)
        *why = "a quote is not closed";
    else if (!*word)
        *why = "a word is empty";
    return *why ? NULL : word;
}

bool spec_next(struct spec_reader *r, struct spec_line *out)
{
    char *at;
    *out = (struct spec_line){0};
    while (!out->source && !out->why) {
        if (!next_line(r, &at, &out->why))
            return false;
        out->line = r->line;
        if (out->why)
            return true;
        out->source = next_word(&at, &out->why);
        if (out->source)
            out->target = next_word(&at, &out->why);
        if (out->target && !out->why && next_word(&at, &out->why) && !out->why)
            out->why = "more than two words; what has blanks in it needs quotes";
    }
    return true;
}

bool spec_add_word(struct str *out, const char *word)
{
    if (strchr(word, '\n'))
        return false;
    if (*word && *word != '#' && !strpbrk(word, " \t'\"\r"))
        return str_add(out, word);
    char quote = strchr(word, '\'') ? '"' : '\'';
    bool ok = str_addf(out, "%c", quote);
    for (const char *p = word; ok && *p; p++) {
        if (*p == quote) {
            /* The other mark takes over, as this one cannot stand within itself. */
            char other = quote == '"' ? '\'' : '"';
            ok = str_addf(out, "%c%c", quote, other);
            quote = other;
        }
        ok = ok && str_addn(out, p, 1);
    }
    return ok && str_addf(out, "%c", quote);
}

bool sum_ok(char *text)
{
    for (size_t i = 0; i < SHA256_HEX; i++) {
        if (!isxdigit((unsigned char)text[i]))
            return false;
        text[i] = (char)tolower((unsigned char)text[i]);
    }
    return !text[SHA256_HEX];
}

/* "\\" and "\n" of names that sha256sum marks with a backslash in front of the line. */
static bool unescape(char *name)
{
    char *to = name;
    for (const char *p = name; *p; p++) {
        if (*p != '\\') {
            *to++ = *p;
            continue;
        }
        p++;
        if (*p != '\\' && *p != 'n' && *p != 'r')
            return false;
        *to++ = *p == 'n' ? '\n' : *p == 'r' ? '\r' : '\\';
    }
    *to = '\0';
    return true;
}

static bool read_sum(char *line, struct sum_line *out)
{
    static const char tag[] = "SHA256 (";
    bool escaped = *line == '\\';
    line += escaped;
    if (str_starts(line, tag)) {
        char *end = line + strlen(line);
        out->name = line + strlen(tag);
        if (end - out->name < SHA256_HEX + 4)
            return false;
        out->sha256 = end - SHA256_HEX;
        if (memcmp(out->sha256 - 4, ") = ", 4) != 0)
            return false;
        out->sha256[-4] = '\0';
    } else {
        if (strlen(line) < SHA256_HEX + 3 || line[SHA256_HEX] != ' ' ||
            !strchr(" *", line[SHA256_HEX + 1]))
            return false;
        line[SHA256_HEX] = '\0';
        out->sha256 = line;
        out->name = line + SHA256_HEX + 2;
    }
    if ((escaped && !unescape(out->name)) || !sum_ok(out->sha256))
        return false;
    while (str_starts(out->name, "./"))
        out->name += 2;
    return *out->name;
}

bool sum_next(struct spec_reader *r, struct sum_line *out)
{
    char *line;
    do {
        *out = (struct sum_line){0};
        if (!next_line(r, &line, &out->why))
            return false;
        out->line = r->line;
    } while (!out->why && (!line[strspn(line, " \t")] || *line == '#'));
    if (!out->why && !read_sum(line, out))
        out->why = "not a line of sha256sum; it is 64 hexadecimal digits, two blanks, a name";
    return true;
}

struct place place_of(const char *text)
{
    struct place p = {.kind = PLACE_FILE, .address = text};
    size_t len = 0;
    while (isalnum((unsigned char)text[len]) || (len && strchr("-_", text[len]) && text[len]))
        len++;
    /* One letter is a drive of Windows. */
    if (len < 2 || text[len] != ':' || !isalpha((unsigned char)*text) || len >= PLACE_NAME)
        return p;
    memcpy(p.name, text, len);
    p.name[len] = '\0';
    if (!str_starts(text + len, "://")) {
        p.kind = PLACE_REMOTE;
        p.address = text + len + 1;
    } else {
        bool web = !strcasecmp(p.name, "http") || !strcasecmp(p.name, "https");
        p.kind = web ? PLACE_URL : PLACE_OTHER;
    }
    return p;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

char *place_file_name(const char *address, bool encoded)
{
    const char *host = strstr(address, "://");
    const char *path = encoded && host ? host + 3 + strcspn(host + 3, "/?#") : address;
    size_t len = encoded ? strcspn(path, "?#") : strlen(path);
    size_t from = len, n = 0;
    while (from && path[from - 1] != '/')
        from--;
    char *name = xmalloc(len - from + 1);
    for (size_t i = from; i < len; i++) {
        int high = encoded && path[i] == '%' ? hex_digit(path[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(path[i + 2]) : -1;
        /* %00 would end the name before what is seen of it. */
        bool decode = low >= 0 && high + low > 0;
        name[n++] = decode ? (char)(high * 16 + low) : path[i];
        i += decode ? 2 : 0;
    }
    name[n] = '\0';
    return name;
}

char *place_shown(const char *text)
{
    if (place_of(text).kind != PLACE_URL)
        return xstrdup(text);
    const char *host = strstr(text, "://") + 3;
    size_t len = strcspn(text, "?#"), authority = strcspn(host, "/?#");
    const char *real = host;
    for (size_t i = 0; i < authority; i++)
        if (host[i] == '@')
            real = host + i + 1;
    return xasprintf("%.*s%.*s", (int)(host - text), text, (int)(text + len - real), real);
}

void place_add_encoded(struct str *out, const char *name)
{
    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        str_addf(out, isalnum(*p) || strchr("-._~/", *p) ? "%c" : "%%%02X", *p);
}

bool bytes_from(const char *text, int64_t *out)
{
    static const char units[] = "kMGT";
    const int64_t most = (int64_t)1 << 50;
    int64_t n = 0, thousandths = 0, unit = 1;
    const char *p = text;
    if (!isdigit((unsigned char)*p))
        return false;
    for (; isdigit((unsigned char)*p); p++)
        if ((n = n * 10 + (*p - '0')) > most)
            return false;
    if (*p == '.') {
        int64_t each = 100;
        if (!isdigit((unsigned char)*++p))
            return false;
        for (; isdigit((unsigned char)*p); p++, each /= 10)
            thousandths += (*p - '0') * each;
    }
    for (const char *u = units; *u && *p; u++) {
        unit *= 1024;
        if (tolower((unsigned char)*u) != tolower((unsigned char)*p))
            continue;
        p++;
        if (*p == 'i' && tolower((unsigned char)p[1]) == 'b')
            p++;
        unit = -unit;
        break;
    }
    unit = unit < 0 ? -unit : 1;
    p += tolower((unsigned char)*p) == 'b';
    if (*p || n > most / unit)
        return false;
    *out = n * unit + thousandths * unit / 1000;
    return *out > 0;
}

void bytes_text(int64_t bytes, char out[BYTES_TEXT])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    size_t u = 0;
    double n = (double)bytes;
    /* What would be rounded to 1000.0 is one of the next unit. */
    for (; n >= (u ? 999.95 : 1000) && u + 1 < sizeof units / sizeof *units; u++)
        n /= 1000;
    snprintf(out, BYTES_TEXT, "%.*f %s", u ? 1 : 0, n, units[u]);
}
