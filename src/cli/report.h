/* report: everything that reaches a person's eyes or a script's pipe. Data goes to stdout, talk to
 * stderr; nothing that a peer wrote can move the cursor; errors are masked.
 */
#ifndef DOGS_CLI_REPORT_H
#define DOGS_CLI_REPORT_H

#include "cmd.h"

enum paint { PAINT_NONE, PAINT_BOLD, PAINT_GREEN, PAINT_YELLOW, PAINT_RED };

/* Copies with control characters (and, where it is not UTF-8, bytes above 127) as '?'. Newlines
 * are kept only if asked. Yours to free. */
char *report_clean(const char *text, bool keep_newlines);

/* A line of data on stdout (only in MODE_TEXT), and a line of talk on stderr (not with --quiet). */
void report_line(const struct cli *cli, const char *fmt, ...) PRINTF(2, 3);
void report_talk(const struct cli *cli, enum paint paint, const char *fmt, ...) PRINTF(3, 4);

/* A line on stderr that --quiet does not silence: what failed. Only in MODE_TEXT. */
void report_failure(const struct cli *cli, const char *fmt, ...) PRINTF(2, 3);

/* Escape sequences to wrap around text for one of the two streams; "" where there is no colour. */
const char *report_paint(bool colour, enum paint paint);
const char *report_unpaint(bool colour, enum paint paint);

/* Aligned columns on stdout. Cells are added row by row; "" is shown as "-". */
struct column {
    const char *title;
    bool right;
    enum paint (*paint)(const char *cell); /* NULL = none */
};
struct table {
    const struct column *columns;
    size_t n_columns, n_cells;
    char **cells;
};
void table_add(struct table *t, const char *fmt, ...) PRINTF(2, 3);
void table_print(const struct table *t, const struct cli *cli);
void table_release(struct table *t);

/* Members of JSON objects: null where the text is "" or the time or id is 0. */
void put_text(cJSON *object, const char *name, const char *text);
void put_id(cJSON *object, const char *name, int64_t id);
void put_when(cJSON *object, const char *name, int64_t t);
void put_dollars(cJSON *object, const char *name, int64_t udollars);

/* cmd_view.c: servers as JSON and as lines for people, the last without its newline */
cJSON *view_json(const struct server_view *v);
void view_text(const struct server_view *v, struct str *out);
void view_totals(const struct server_view *views, size_t n, struct str *out);
enum paint view_paint(enum server_state state);

/* An error as "error" of an object. */
void put_error(cJSON *object, const struct err *e);

/* The lines that config_load gave, for people and as "problems" of the document. */
void report_problems(struct cli *cli, const char *lines);
/* One JSON object and a newline on stdout. */
void report_json(const cJSON *object);
/* The document now, for a command that goes on afterwards (a server): report_end says no more. */
void report_document(struct cli *cli, bool ok, const struct err *e);
/* The end of every run: the JSON document, or the error for people. Returns the exit status. */
int report_end(struct cli *cli, bool ok, struct err *e);

#endif
