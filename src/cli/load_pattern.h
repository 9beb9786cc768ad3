/* load_pattern: how busy each core is to be, over time. Pure. */
#ifndef DOGS_CLI_LOAD_PATTERN_H
#define DOGS_CLI_LOAD_PATTERN_H

#include <dogs/err.h>
#include <stddef.h>
#include <stdint.h>

enum { LOAD_CORES_MAX = 1024, LOAD_ROWS_MAX = 100000, LOAD_IMAGE_MAX = 4 * 1024 * 1024 };

/* duty[row * n_cores + i] percent of core cores[i] while the row lasts. */
struct load_pattern {
    int *cores;
    size_t n_cores, n_rows;
    uint8_t *duty;
};

/* "0,3,5", "0-3", "0-1,6" as one row of full duty; NULL: cores 0 to all - 1. */
bool load_cores(const char *text, int all, struct load_pattern *out, struct err *e);
/* "0=100,1=90", or "50" for all, into the duty of a pattern of one row. */
bool load_usage(struct load_pattern *p, const char *text, struct err *e);
/* A picture instead: its columns are the pattern's cores from the left (further ones stay idle),
 * its rows follow one another. A PBM (P1, P4; black is busy), or text in which a blank or '.' is
 * idle, a digit its tenfold in percent, and anything else busy. */
bool load_image(struct load_pattern *p, const void *bytes, size_t len, struct err *e);
void load_pattern_release(struct load_pattern *p);

#endif
