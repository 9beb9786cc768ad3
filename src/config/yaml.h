/* yaml: a YAML text becomes a tree of nodes, each with its place in the file.
 *
 * All values are text; what they mean is the schema's matter. Time and memory are bounded while
 * parsing (limits in dogs/config.h and below). Refused: anchors, aliases, tags, several documents,
 * keys that are not text, NUL, anything but UTF-8. A byte order mark and CRLF are accepted.
 */
#ifndef DOGS_CONFIG_YAML_H
#define DOGS_CONFIG_YAML_H

#include "problems.h"

#include <stdbool.h>
#include <stddef.h>

enum { NODE_MAX_PAIRS = 1000 }; /* keys of one mapping; bounds the search for duplicates */

enum node_kind { NODE_TEXT, NODE_MAP, NODE_LIST };

struct node {
    enum node_kind kind;
    bool plain;         /* text without quotes, so that ~ and nothing mean null */
    bool duplicate;     /* a key that was there before; reported already */
    int line, column;   /* from 1 */
    char *text;         /* NODE_TEXT, never with a NUL inside */
    struct node *child; /* NODE_LIST: the items; NODE_MAP: key, value, key, value … */
    size_t n_children;
};

/* False after a mistake that ends the reading. Duplicate keys are added to pr and do not end it.
 * An empty text is an empty mapping. Release *root in any case. */
bool node_parse(const char *bytes, size_t len, struct node *root, struct problems *pr);
void node_release(struct node *n);
bool node_is_null(const struct node *n);

/* For yaml.c: says in words what stopped libyaml (a yaml_parser_t) over `bytes`. */
void yaml_explain(const void *parser, const char *bytes, size_t len, struct problems *pr);

#endif
