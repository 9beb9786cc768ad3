#include <dogs/term.h>
#include <string.h>

enum { ESC = 0x1b, MAX_SEQUENCE = 32 };

/* ECMA-48 sequences as xterm, the Linux console, tmux and Windows send them. */
static enum term_key_kind by_final(char final)
{
    static const struct {
        char final;
        enum term_key_kind kind;
    } finals[] = {{'A', TERM_UP},   {'B', TERM_DOWN}, {'C', TERM_RIGHT},
                  {'D', TERM_LEFT}, {'H', TERM_HOME}, {'F', TERM_END}};
    for (size_t i = 0; i < sizeof finals / sizeof *finals; i++)
        if (finals[i].final == final)
            return finals[i].kind;
    return TERM_OTHER;
}

static enum term_key_kind by_number(const char *parameters)
{
    static const enum term_key_kind numbers[] = {
        [1] = TERM_HOME,      [4] = TERM_END,  [5] = TERM_PAGE_UP,
        [6] = TERM_PAGE_DOWN, [7] = TERM_HOME, [8] = TERM_END,
    };
    size_t n = (size_t)(parameters[0] - '0');
    if (n >= sizeof numbers / sizeof *numbers)
        return TERM_OTHER;
    bool longer = parameters[1] >= '0' && parameters[1] <= '9';
    return longer ? TERM_OTHER : numbers[n];
}

/* Behind ESC [ : parameters from 0x20 to 0x3F, then one final byte. */
static size_t decode_csi(const char *bytes, size_t len, bool complete, struct term_key *out)
{
    size_t i = 2;
    /* The Linux console's function keys: ESC [ [ A. */
    if (len > 2 && bytes[2] == '[')
        return len > 3 ? 4 : complete ? 3 : 0;
    while (i < len && i < MAX_SEQUENCE && bytes[i] >= 0x20 && bytes[i] < 0x40)
        i++;
    if (i == len && i < MAX_SEQUENCE)
        return complete ? len : 0;
    if (i == MAX_SEQUENCE || bytes[i] < 0x40 || bytes[i] > 0x7e)
        return i;
    out->kind = bytes[i] == '~' ? by_number(bytes + 2) : by_final(bytes[i]);
    return i + 1;
}

static size_t decode_escape(const char *bytes, size_t len, bool complete, struct term_key *out)
{
    if (len == 1) {
        out->kind = TERM_ESC;
        return complete ? 1 : 0;
    }
    if (bytes[1] == '[')
        return decode_csi(bytes, len, complete, out);
    if (bytes[1] == 'O' && len > 2) {
        out->kind = by_final(bytes[2]);
        return 3;
    }
    if (bytes[1] == 'O')
        return complete ? 2 : 0;
    if (bytes[1] == ESC) {
        out->kind = TERM_ESC;
        return 1;
    }
    return 2; /* with Alt */
}

static size_t decode_utf8(const char *bytes, size_t len, bool complete, struct term_key *out)
{
    unsigned char first = (unsigned char)bytes[0];
    size_t n = first >= 0xf5 ? 0 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
    if (n == 0)
        return 1;
    uint32_t c = first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (i == len)
            return complete ? len : 0;
        if ((bytes[i] & 0xc0) != 0x80)
            return i;
        c = c << 6 | (bytes[i] & 0x3f);
    }
    *out = (struct term_key){TERM_CHAR, c};
    return n;
}

size_t term_decode(const char *bytes, size_t len, bool complete, struct term_key *out)
{
    static const struct {
        char byte;
        enum term_key_kind kind;
    } controls[] = {{'\r', TERM_ENTER},
                    {'\n', TERM_ENTER},
                    {0x7f, TERM_BACKSPACE},
                    {'\b', TERM_BACKSPACE},
                    {0x04, TERM_EOF}};
    *out = (struct term_key){TERM_OTHER, 0};
    if (len == 0)
        return 0;
    if (bytes[0] == ESC)
        return decode_escape(bytes, len, complete, out);
    if ((unsigned char)bytes[0] >= 0x80)
        return decode_utf8(bytes, len, complete, out);
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (controls[i].byte == bytes[0])
            out->kind = controls[i].kind;
    if (bytes[0] >= 0x20 && bytes[0] != 0x7f)
        *out = (struct term_key){TERM_CHAR, (uint32_t)bytes[0]};
    return 1;
}
