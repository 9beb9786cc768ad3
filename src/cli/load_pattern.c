#include "load_pattern.h"
#include "opt.h"
#include <ctype.h>
#include <dogs/str.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void load_pattern_release(struct load_pattern *p)
{
    free(p->cores);
    free(p->duty);
    *p = (struct load_pattern){0};
}

static bool number_of(const char *piece, size_t len, int64_t max, int64_t *out)
{
    char text[16];
    if (!len || len >= sizeof text)
        return false;
    memcpy(text, piece, len);
    text[len] = '\0';
    return str_int64(text, 0, max, out);
}

static ptrdiff_t place_of(const struct load_pattern *p, int64_t core)
{
    for (size_t i = 0; i < p->n_cores; i++)
        if (p->cores[i] == core)
            return (ptrdiff_t)i;
    return -1;
}

static bool add_core(struct load_pattern *p, int64_t core, struct err *e)
{
    if (place_of(p, core) >= 0)
        return err_set(e, ERR_USAGE, "--cores: core %lld stands there twice", (long long)core);
    if (p->n_cores == LOAD_CORES_MAX)
        return err_set(e, ERR_USAGE, "--cores: more than %d", LOAD_CORES_MAX);
    p->cores[p->n_cores++] = (int)core;
    return true;
}

static bool add_range(struct load_pattern *p, const char *piece, size_t len, int all, struct err *e)
{
    const char *dash = memchr(piece, '-', len);
    size_t first_len = dash ? (size_t)(dash - piece) : len;
    int64_t first, last;
    if (!number_of(piece, first_len, LOAD_CORES_MAX - 1, &first) ||
        (dash && !number_of(dash + 1, len - first_len - 1, LOAD_CORES_MAX - 1, &last)))
        return err_set(e, ERR_USAGE, "--cores: '%.*s' is not a core; write 0,3,5 or 0-3", (int)len,
                       piece);
    if (!dash)
        last = first;
    if (last < first || last >= all)
        return err_set(e, ERR_USAGE, "--cores: this computer has cores 0 to %d", all - 1);
    for (int64_t core = first; core <= last; core++)
        if (!add_core(p, core, e))
            return false;
    return true;
}

bool load_cores(const char *text, int all, struct load_pattern *out, struct err *e)
{
    const char *piece;
    size_t len;
    *out = (struct load_pattern){.cores = xcalloc(LOAD_CORES_MAX, sizeof(int)), .n_rows = 1};
    for (int core = 0; !text && core < all && core < LOAD_CORES_MAX; core++)
        out->cores[out->n_cores++] = core;
    while (text && opt_piece(&text, ",", &piece, &len))
        if (!add_range(out, piece, len, all, e))
            return false;
    if (!out->n_cores)
        return err_set(e, ERR_USAGE, "--cores: none is named; write 0,3,5 or 0-3");
    out->duty = xcalloc(out->n_cores, 1);
    memset(out->duty, 100, out->n_cores);
    return true;
}

bool load_usage(struct load_pattern *p, const char *text, struct err *e)
{
    const char *piece;
    size_t len;
    while (opt_piece(&text, ",", &piece, &len)) {
        const char *is = memchr(piece, '=', len);
        int64_t core, percent;
        size_t before = is ? (size_t)(is - piece) + 1 : 0;
        if (!number_of(piece + before, len - before, 100, &percent) ||
            (is && !number_of(piece, before - 1, LOAD_CORES_MAX - 1, &core)))
            return err_set(
                e, ERR_USAGE,
                "--usage: '%.*s' is not understood; write 50 for all cores, or 0=100,1=90",
                (int)len, piece);
        if (!is) {
            memset(p->duty, (int)percent, p->n_cores);
            continue;
        }
        ptrdiff_t i = place_of(p, core);
        if (i < 0)
            return err_set(e, ERR_USAGE, "--usage: core %lld is not among --cores",
                           (long long)core);
        p->duty[i] = (uint8_t)percent;
    }
    return true;
}

/* Reading a picture */

struct picture {
    const unsigned char *at, *end;
};

/* The next number of a PBM's head; blanks and comments before it are left out. */
static bool head_number(struct picture *in, size_t max, size_t *out)
{
    bool comment = false;
    while (in->at < in->end && (comment || isspace(*in->at) || *in->at == '#')) {
        comment = *in->at == '#' || (comment && *in->at != '\n');
        in->at++;
    }
    size_t n = 0;
    const unsigned char *first = in->at;
    for (; in->at < in->end && isdigit(*in->at) && n <= max; in->at++)
        n = n * 10 + (size_t)(*in->at - '0');
    *out = n;
    return in->at > first && n > 0 && n <= max;
}

static void make_rows(struct load_pattern *p, size_t rows)
{
    free(p->duty);
    p->n_rows = rows;
    p->duty = xcalloc(rows, p->n_cores);
}

static void paint(struct load_pattern *p, size_t row, size_t column, int percent)
{
    if (column < p->n_cores)
        p->duty[row * p->n_cores + column] = (uint8_t)percent;
}

/* P1: a digit for each point, blanks anywhere. */
static bool plain_points(struct load_pattern *p, struct picture *in, size_t width)
{
    for (size_t i = 0; i < width * p->n_rows; i++, in->at++) {
        while (in->at < in->end && isspace(*in->at))
            in->at++;
        if (in->at == in->end || (*in->at != '0' && *in->at != '1'))
            return false;
        paint(p, i / width, i % width, *in->at == '1' ? 100 : 0);
    }
    return true;
}

/* P4: one blank, then each row in whole bytes, the first point highest. */
static bool packed_points(struct load_pattern *p, struct picture *in, size_t width)
{
    size_t bytes = (width + 7) / 8;
    in->at += in->at < in->end;
    if ((size_t)(in->end - in->at) / bytes < p->n_rows)
        return false;
    for (size_t row = 0; row < p->n_rows; row++, in->at += bytes)
        for (size_t x = 0; x < width; x++)
            paint(p, row, x, in->at[x / 8] >> (7 - x % 8) & 1 ? 100 : 0);
    return true;
}

static bool read_pbm(struct load_pattern *p, struct picture *in, bool packed, struct err *e)
{
    size_t width, height;
    in->at += 2;
    if (!head_number(in, LOAD_IMAGE_MAX, &width) || !head_number(in, LOAD_ROWS_MAX, &height))
        return err_set(e, ERR_USAGE, "--image: a PBM without a proper width and height");
    make_rows(p, height);
    if (!(packed ? packed_points : plain_points)(p, in, width))
        return err_set(e, ERR_USAGE, "--image: a PBM that ends before its %zu by %zu points", width,
                       height);
    return true;
}

static int shade(unsigned char c)
{
    if (c == ' ' || c == '.')
        return 0;
    return isdigit(c) ? 10 * (c - '0') : 100;
}

static bool read_text(struct load_pattern *p, const char *text, size_t len, struct err *e)
{
    size_t rows = 0, row = 0, column = 0;
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    for (size_t i = 0; i < len; i++)
        rows += text[i] == '\n';
    if (!len || memchr(text, '\0', len) || ++rows > LOAD_ROWS_MAX)
        return err_set(e, ERR_USAGE, "--image: neither a PBM nor 1 to %d lines of text",
                       LOAD_ROWS_MAX);
    make_rows(p, rows);
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            row++;
            column = 0;
        } else if (text[i] != '\r') {
            paint(p, row, column++, shade((unsigned char)text[i]));
        }
    }
    return true;
}

bool load_image(struct load_pattern *p, const void *bytes, size_t len, struct err *e)
{
    struct picture in = {.at = bytes, .end = (const unsigned char *)bytes + len};
    bool pbm = len > 2 && in.at[0] == 'P' && (in.at[1] == '1' || in.at[1] == '4') &&
               (isspace(in.at[2]) || in.at[2] == '#');
    return pbm ? read_pbm(p, &in, in.at[1] == '4', e) : read_text(p, bytes, len, e);
}
