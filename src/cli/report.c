#include "report.h"
#include <dogs/log.h>
#include <dogs/os.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 64 * 1024 };

char *report_clean(const char *text, bool keep_newlines)
{
    char *out = xstrdup(text);
    bool utf8 = str_is_utf8(out, strlen(out));
    for (unsigned char *p = (unsigned char *)out; *p; p++) {
        bool control = (*p < 0x20 && !(keep_newlines && *p == '\n')) || *p == 0x7F;
        if (control || (!utf8 && *p > 0x7F))
            *p = '?';
        /* U+0080 to U+009F are control characters too: terminals take U+009B for ESC [. */
        else if (*p == 0xC2 && p[1] < 0xA0)
            p[0] = p[1] = '?';
    }
    return out;
}

static char *format(const char *fmt, va_list ap) PRINTF(1, 0);
static char *format(const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *raw = xmalloc((size_t)len + 1);
    vsnprintf(raw, (size_t)len + 1, fmt, ap);
    char *clean = report_clean(raw, true);
    free(raw);
    return clean;
}

static const char *const escapes[] = {[PAINT_NONE] = "",
                                      [PAINT_BOLD] = "\x1b[1m",
                                      [PAINT_GREEN] = "\x1b[32m",
                                      [PAINT_YELLOW] = "\x1b[33m",
                                      [PAINT_RED] = "\x1b[31m"};

const char *report_paint(bool colour, enum paint paint)
{
    return colour ? escapes[paint] : "";
}

const char *report_unpaint(bool colour, enum paint paint)
{
    return colour && paint != PAINT_NONE ? "\x1b[0m" : "";
}

void report_line(const struct cli *cli, const char *fmt, ...)
{
    if (cli->mode != MODE_TEXT)
        return;
    va_list ap;
    va_start(ap, fmt);
    char *line = format(fmt, ap);
    va_end(ap);
    printf("%s\n", line);
    free(line);
}

static void talk(const struct cli *cli, enum paint paint, const char *fmt, va_list ap) PRINTF(3, 0);
static void talk(const struct cli *cli, enum paint paint, const char *fmt, va_list ap)
{
    char *line = format(fmt, ap);
    log_mask(line);
    fprintf(stderr, "%s%s%s\n", report_paint(cli->colour_err, paint), line,
            report_unpaint(cli->colour_err, paint));
    free(line);
}

void report_talk(const struct cli *cli, enum paint paint, const char *fmt, ...)
{
    if (cli->g.quiet)
        return;
    va_list ap;
    va_start(ap, fmt);
    talk(cli, paint, fmt, ap);
    va_end(ap);
}

void report_failure(const struct cli *cli, const char *fmt, ...)
{
    if (cli->mode != MODE_TEXT)
        return;
    va_list ap;
    va_start(ap, fmt);
    talk(cli, PAINT_NONE, fmt, ap);
    va_end(ap);
}

void table_add(struct table *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *cell = format(fmt, ap);
    va_end(ap);
    if (!*cell) {
        free(cell);
        cell = xstrdup("-");
    }
    t->cells = xrealloc(t->cells, (t->n_cells + 1) * sizeof *t->cells);
    t->cells[t->n_cells++] = cell;
}

static size_t width(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void print_row(const struct table *t, const struct cli *cli, const size_t *widths,
                      char *const *cells)
{
    struct str line = STR(LINE_MAX_BYTES);
    for (size_t i = 0; i < t->n_columns; i++) {
        const struct column *col = &t->columns[i];
        const char *text = cells ? cells[i] : col->title;
        enum paint paint = !cells ? PAINT_BOLD : col->paint ? col->paint(text) : PAINT_NONE;
        int pad = (int)(widths[i] - width(text));
        bool last = i + 1 == t->n_columns;
        str_addf(&line, "%s%*s%s%s%s%*s", i ? "  " : "", col->right ? pad : 0, "",
                 report_paint(cli->colour_out, paint), text, report_unpaint(cli->colour_out, paint),
                 col->right || last ? 0 : pad, "");
    }
    puts(str_text(&line));
    str_release(&line);
}

void table_print(const struct table *t, const struct cli *cli)
{
    if (cli->mode != MODE_TEXT)
        return;
    size_t *widths = xcalloc(t->n_columns, sizeof *widths);
    for (size_t i = 0; i < t->n_columns; i++)
        widths[i] = width(t->columns[i].title);
    for (size_t i = 0; i < t->n_cells; i++)
        if (width(t->cells[i]) > widths[i % t->n_columns])
            widths[i % t->n_columns] = width(t->cells[i]);
    print_row(t, cli, widths, NULL);
    for (size_t i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns)
        print_row(t, cli, widths, t->cells + i);
    free(widths);
}

void table_release(struct table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cells[i]);
    free(t->cells);
    t->cells = NULL;
    t->n_cells = 0;
}

void put_text(cJSON *object, const char *name, const char *text)
{
    if (!*text) {
        cJSON_AddNullToObject(object, name);
        return;
    }
    /* Arguments and cut-off error texts need not be UTF-8, but JSON is. */
    char *valid = str_is_utf8(text, strlen(text)) ? xstrdup(text) : report_clean(text, true);
    cJSON_AddStringToObject(object, name, valid);
    free(valid);
}

void put_id(cJSON *object, const char *name, int64_t id)
{
    if (id)
        json_put_int(object, name, id);
    else
        cJSON_AddNullToObject(object, name);
}

void put_when(cJSON *object, const char *name, int64_t t)
{
    char iso[WHEN_TEXT] = "";
    if (t)
        when_to_iso(t, iso);
    put_text(object, name, iso);
}

void put_dollars(cJSON *object, const char *name, int64_t udollars)
{
    cJSON_AddNumberToObject(object, name, (double)udollars / 1e6);
}

void report_problems(struct cli *cli, const char *lines)
{
    char *clean = report_clean(lines, true);
    log_mask(clean);
    cJSON *array = cJSON_AddArrayToObject(cli->doc, "problems");
    const char *at = clean, *piece;
    for (size_t len; opt_piece(&at, "\n", &piece, &len);) {
        char *line = xstrndup(piece, len);
        cJSON_AddItemToArray(array, cJSON_CreateString(line));
        if (cli->mode == MODE_TEXT)
            fprintf(stderr, "%s\n", line);
        free(line);
    }
    free(clean);
}

void report_json(const cJSON *object)
{
    char *line = json_print(object);
    puts(line);
    fflush(stdout);
    free(line);
}

void put_error(cJSON *root, const struct err *e)
{
    cJSON *error = cJSON_AddObjectToObject(root, "error");
    put_text(error, "code", err_name(e->code));
    put_text(error, "message", e->text);
    put_text(error, "hint", e->hint);
    if (e->http_status)
        json_put_int(error, "http_status", e->http_status);
    json_put_int(error, "exit", err_exit(e->code));
}

void report_document(struct cli *cli, bool ok, const struct err *e)
{
    cJSON *root = cJSON_CreateObject();
    json_put_int(root, "v", 1);
    if (cli->mode == MODE_LINES)
        put_text(root, "event", "result");
    put_text(root, "command", cli->cmd ? cli->cmd->name : "");
    cJSON_AddBoolToObject(root, "ok", ok);
    for (cJSON *member; (member = cli->doc->child);) {
        cJSON_DetachItemViaPointer(cli->doc, member);
        cJSON_AddItemToObject(root, member->string, member);
    }
    if (!ok)
        put_error(root, e);
    report_json(root);
    cJSON_Delete(root);
    cli->reported = true;
}

static void print_error(struct cli *cli, const struct err *e)
{
    char *text = report_clean(e->text, true), *hint = report_clean(e->hint, true);
    fprintf(stderr, "%sdogs: %s%s\n", report_paint(cli->colour_err, PAINT_RED), text,
            report_unpaint(cli->colour_err, PAINT_RED));
    if (cli->afterword)
        fprintf(stderr, "  %s\n", cli->afterword);
    if (*hint)
        fprintf(stderr, "  next: %s\n", hint);
    free(text);
    free(hint);
}

int report_end(struct cli *cli, bool ok, struct err *e)
{
    progress_end(cli);
    if (!ok) {
        log_mask(e->text);
        log_mask(e->hint);
    }
    if (cli->mode != MODE_TEXT && !(ok && cli->reported))
        report_document(cli, ok, e);
    else if (!ok)
        print_error(cli, e);
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && ok) {
        /* A reader that has seen enough (head) is no news; a full disk is. */
        if (errno != EPIPE)
            fprintf(stderr, "dogs: write to stdout: %s\n", strerror(errno));
        return err_exit(ERR_IO);
    }
    return ok ? 0 : err_exit(e->code);
}
