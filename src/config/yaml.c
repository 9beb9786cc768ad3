#include "yaml.h"

#include <dogs/config.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

struct builder {
    struct node *root;
    struct node *open[CONFIG_MAX_DEPTH]; /* containers not yet ended; stable while they are here */
    size_t depth;
    size_t n_nodes;
    size_t n_documents;
    struct problems *pr;
};

static bool refuse(struct builder *b, const yaml_mark_t *at, const char *what)
{
    problem_add(b->pr, (int)at->line + 1, (int)at->column + 1, "%s", what);
    return false;
}

static bool refuse_limit(struct builder *b, const yaml_mark_t *at, const char *what, int limit)
{
    problem_add(b->pr, (int)at->line + 1, (int)at->column + 1, "%s; at most %d are allowed", what,
                limit);
    return false;
}

static void mark_duplicate(struct builder *b, const struct node *map, struct node *key)
{
    char q[QUOTE_SIZE];

    for (size_t i = 0; i + 1 < map->n_children; i += 2) {
        const struct node *other = &map->child[i];
        if (other == key || strcmp(other->text, key->text))
            continue;
        key->duplicate = true;
        problem_add(b->pr, key->line, key->column,
                    "key '%s' is given twice, first at %d:%d; remove one of them",
                    quote(q, key->text), other->line, other->column);
        return;
    }
}

static struct node *add_child(struct node *parent)
{
    size_t n = parent->n_children;

    if ((n & (n - 1)) == 0)
        parent->child = xrealloc(parent->child, (n ? 2 * n : 1) * sizeof *parent->child);
    parent->child[n] = (struct node){0};
    parent->n_children++;
    return &parent->child[n];
}

static bool add_node(struct builder *b, const yaml_event_t *ev, enum node_kind kind,
                     struct node **out)
{
    struct node *parent = b->depth ? b->open[b->depth - 1] : NULL;
    bool is_key = parent && parent->kind == NODE_MAP && parent->n_children % 2 == 0;

    if (++b->n_nodes > CONFIG_MAX_NODES)
        return refuse_limit(b, &ev->start_mark, "too many values", CONFIG_MAX_NODES);
    if (is_key && kind != NODE_TEXT)
        return refuse(b, &ev->start_mark, "a key must be one word; write 'key: value'");
    if (is_key && parent->n_children / 2 >= NODE_MAX_PAIRS)
        return refuse_limit(b, &ev->start_mark, "too many keys in one mapping", NODE_MAX_PAIRS);

    struct node *n = parent ? add_child(parent) : b->root;
    *n = (struct node){.kind = kind,
                       .line = (int)ev->start_mark.line + 1,
                       .column = (int)ev->start_mark.column + 1};
    *out = n;
    return true;
}

static bool refuse_marks(struct builder *b, const yaml_event_t *ev, const yaml_char_t *anchor,
                         const yaml_char_t *tag)
{
    if (anchor)
        return refuse(b, &ev->start_mark,
                      "anchors (&name) are not understood here; write the value out, or put text "
                      "that begins with & in quotes");
    if (tag)
        return refuse(b, &ev->start_mark,
                      "tags (!name) are not understood here; leave the tag out, or put text that "
                      "begins with ! in quotes");
    return true;
}

static bool add_text(struct builder *b, const yaml_event_t *ev)
{
    const char *text = (const char *)ev->data.scalar.value;
    size_t len = ev->data.scalar.length;
    struct node *n;

    if (!refuse_marks(b, ev, ev->data.scalar.anchor, ev->data.scalar.tag))
        return false;
    if (len > CONFIG_MAX_SCALAR)
        return refuse_limit(b, &ev->start_mark, "a text of too many bytes", CONFIG_MAX_SCALAR);
    if (memchr(text, 0, len))
        return refuse(b, &ev->start_mark, "a text with a zero byte (\\0) in it; remove it");
    if (!add_node(b, ev, NODE_TEXT, &n))
        return false;
    n->text = xstrndup(text, len);
    n->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

    struct node *parent = b->depth ? b->open[b->depth - 1] : NULL;
    if (parent && parent->kind == NODE_MAP && parent->n_children % 2 == 1)
        mark_duplicate(b, parent, n);
    return true;
}

static bool add_container(struct builder *b, const yaml_event_t *ev, enum node_kind kind)
{
    bool map = kind == NODE_MAP;
    struct node *n;

    if (!refuse_marks(b, ev, map ? ev->data.mapping_start.anchor : ev->data.sequence_start.anchor,
                      map ? ev->data.mapping_start.tag : ev->data.sequence_start.tag))
        return false;
    if (b->depth == CONFIG_MAX_DEPTH)
        return refuse_limit(b, &ev->start_mark, "too many levels inside one another",
                            CONFIG_MAX_DEPTH);
    if (!add_node(b, ev, kind, &n))
        return false;
    b->open[b->depth++] = n;
    return true;
}

static bool take_event(struct builder *b, const yaml_event_t *ev)
{
    switch (ev->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++b->n_documents > 1)
            return refuse(b, &ev->start_mark,
                          "a second document begins here; one file holds one, remove the '---'");
        return true;
    case YAML_ALIAS_EVENT:
        return refuse(b, &ev->start_mark,
                      "aliases (*name) are not understood here; write the value out, or put text "
                      "that begins with * in quotes");
    case YAML_SCALAR_EVENT:
        return add_text(b, ev);
    case YAML_SEQUENCE_START_EVENT:
        return add_container(b, ev, NODE_LIST);
    case YAML_MAPPING_START_EVENT:
        return add_container(b, ev, NODE_MAP);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        b->depth--;
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

/* Before libyaml: it would take these for UTF-16 text and read them. */
static bool check_encoding(const char *bytes, size_t len, struct problems *pr)
{
    if (len >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2))) {
        problem_add(pr, 1, 1, "the file is UTF-16; save it as UTF-8");
        return false;
    }
    return true;
}

bool node_parse(const char *bytes, size_t len, struct node *root, struct problems *pr)
{
    struct builder b = {.root = root, .pr = pr};
    yaml_parser_t parser;
    yaml_event_t ev;
    bool ok = true, end = false;

    *root = (struct node){.kind = NODE_MAP, .line = 1, .column = 1};
    if (len > CONFIG_MAX_FILE) {
        problem_add(pr, 1, 1, "the file is too large; at most %d bytes are read", CONFIG_MAX_FILE);
        return false;
    }
    if (!check_encoding(bytes, len, pr))
        return false;
    if (len >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
        bytes += 3;
        len -= 3;
    }
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, len);
    while (ok && !end) {
        if (!yaml_parser_parse(&parser, &ev)) {
            yaml_explain(&parser, bytes, len, pr);
            ok = false;
            break;
        }
        ok = take_event(&b, &ev);
        end = ev.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&ev);
    }
    yaml_parser_delete(&parser);
    return ok;
}

void node_release(struct node *n)
{
    for (size_t i = 0; i < n->n_children; i++)
        node_release(&n->child[i]);
    free(n->child);
    free(n->text);
    *n = (struct node){0};
}

bool node_is_null(const struct node *n)
{
    return n->kind == NODE_TEXT && n->plain &&
           (!*n->text || !strcmp(n->text, "~") || !strcasecmp(n->text, "null"));
}
