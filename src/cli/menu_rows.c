#include "menu.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum cell { COLUMN_NAME, COLUMN_STATE, COLUMN_COST, COLUMN_ADDRESS, COLUMN_PLAN, N_COLUMNS };

/* As it is read; columns are dropped from the end of the enum, so the plan goes first. */
static const enum cell order[] = {COLUMN_NAME, COLUMN_STATE, COLUMN_ADDRESS, COLUMN_COST,
                                  COLUMN_PLAN};

static void fill_cells(const struct server_view *v, char cells[N_COLUMNS][128])
{
    char money[WHEN_TEXT];
    memset(cells, 0, N_COLUMNS * sizeof cells[0]);
    str_copy(cells[COLUMN_NAME], sizeof cells[0], v->name);
    str_copy(cells[COLUMN_STATE], sizeof cells[0], server_state_name(v->state));
    str_copy(cells[COLUMN_ADDRESS], sizeof cells[0], v->ip);
    if (v->hourly_udollars) {
        core_money(v->hourly_udollars, money);
        snprintf(cells[COLUMN_COST], sizeof cells[0], "%s/h", money);
    } else if (v->storage_monthly_udollars) {
        core_money(v->storage_monthly_udollars, money);
        snprintf(cells[COLUMN_COST], sizeof cells[0], "%s/month", money);
    }
    snprintf(cells[COLUMN_PLAN], sizeof cells[0], "%s %s", v->size, v->region);
}

/* How many of the columns have room beside one another, the name always. */
static int fitting(const int widths[N_COLUMNS], int width)
{
    int used = widths[COLUMN_NAME], n = COLUMN_STATE;
    while (n < N_COLUMNS && used + 2 + widths[n] <= width)
        used += 2 + widths[n++];
    return n;
}

static void add_line(char cells[N_COLUMNS][128], const int widths[N_COLUMNS], int shown,
                     struct str *out)
{
    size_t begin = out->len;
    for (size_t i = 0; i < N_COLUMNS; i++) {
        if ((int)order[i] >= shown || !widths[order[i]])
            continue;
        str_addf(out, "%s%-*s", out->len > begin ? "  " : "", widths[order[i]], cells[order[i]]);
    }
    while (out->len > begin && out->p[out->len - 1] == ' ')
        out->p[--out->len] = '\0';
    str_add(out, "\n");
}

void menu_rows(const struct server_view *views, size_t n, int width, struct str *lines)
{
    int widths[N_COLUMNS] = {0};
    char cells[N_COLUMNS][128];
    for (size_t i = 0; i < n; i++) {
        fill_cells(&views[i], cells);
        for (size_t c = 0; c < N_COLUMNS; c++)
            if ((int)strlen(cells[c]) > widths[c])
                widths[c] = (int)strlen(cells[c]);
    }
    /* A long name leaves room for the state, which tells more than its end. */
    int longest = width - 2 - widths[COLUMN_STATE];
    if (widths[COLUMN_NAME] > longest && longest >= 4)
        widths[COLUMN_NAME] = longest;
    int shown = fitting(widths, width);
    for (size_t i = 0; i < n; i++) {
        fill_cells(&views[i], cells);
        cells[COLUMN_NAME][widths[COLUMN_NAME]] = '\0';
        add_line(cells, widths, shown, lines);
    }
}
