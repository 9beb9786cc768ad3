/* json: cJSON with limits, with 64-bit ids, and with the path of the field in every error
 * ("droplet.networks.v4[0].ip_address: expected text, got a number").
 *
 * A path is member names joined by dots, with [n] for elements. Getters with a `def` never fail:
 * absent, null or of another type gives def. Getters with `struct err *` demand the field
 * (ERR_PROTOCOL otherwise). Text returned is lent by the document.
 */
#ifndef DOGS_JSON_H
#define DOGS_JSON_H

#include <cjson/cJSON.h>
#include <dogs/err.h>
#include <stddef.h>

enum { JSON_MAX_DEPTH = 64 };

/* Parses exactly one value; trailing bytes other than blanks are an error. Yours to cJSON_Delete.
 */
cJSON *json_parse(const char *bytes, size_t len, struct err *e);

const cJSON *json_at(const cJSON *root,
                     const char *path); /* NULL if absent; null counts as there */
const char *json_text(const cJSON *root, const char *path, const char *def);
int64_t json_int(const cJSON *root, const char *path, int64_t def); /* numbers and digit strings */
double json_real(const cJSON *root, const char *path, double def);
bool json_bool(const cJSON *root, const char *path, bool def);

bool json_need_text(const cJSON *root, const char *path, const char **out, struct err *e);
/* Ids and counts: a JSON number or a string of digits. Numbers from 2^53 on are refused, because
 * the parser keeps numbers as doubles and the id would be another one. */
bool json_need_int(const cJSON *root, const char *path, int64_t *out, struct err *e);
bool json_need_array(const cJSON *root, const char *path, const cJSON **out, struct err *e);

/* Adds an exact 64-bit number (cJSON's own would pass through a double). */
void json_put_int(cJSON *object, const char *name, int64_t value);

/* One line of text without blanks; yours to free. */
char *json_print(const cJSON *root);

#endif
