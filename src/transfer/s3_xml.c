#include "s3_xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    XML_Parser parser;
    s3_xml_fn *fn;
    void *ctx;
    struct err *e;
    bool failed; /* *e is set */
    char way[S3_XML_WAY];
    size_t way_len;
    int depth;
    struct str text[S3_XML_DEPTH];
};

static void fail(struct reading *r, const char *why)
{
    if (!r->failed && why)
        err_set(r->e, ERR_PROTOCOL, "the service's XML is refused: %s", why);
    r->failed = true;
    XML_StopParser(r->parser, XML_FALSE);
}

/* After XML_StopParser expat may still tell what it has read already. */
static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = ctx;
    const char *colon = strchr(name, ':');
    size_t len;
    (void)attributes;
    if (r->failed)
        return;
    name = colon ? colon + 1 : name;
    len = strlen(name);
    if (r->depth == S3_XML_DEPTH) {
        fail(r, "elements lie too deep in one another");
        return;
    }
    if (r->way_len + len + 2 > sizeof r->way || strchr(name, '/')) {
        fail(r, "an element's name is too long");
        return;
    }
    if (r->depth > 0)
        r->way[r->way_len++] = '/';
    memcpy(r->way + r->way_len, name, len + 1);
    r->way_len += len;
    str_clear(&r->text[r->depth++]);
}

static void on_text(void *ctx, const XML_Char *bytes, int len)
{
    struct reading *r = ctx;
    if (!r->failed && r->depth > 0 && !str_addn(&r->text[r->depth - 1], bytes, (size_t)len))
        fail(r, "an element's text is too long");
}

static void on_end(void *ctx, const XML_Char *name)
{
    struct reading *r = ctx;
    (void)name;
    if (r->failed)
        return;
    if (!r->fn(r->ctx, r->way, str_text(&r->text[--r->depth]), r->e)) {
        fail(r, NULL);
        return;
    }
    char *slash = strrchr(r->way, '/');
    r->way_len = slash ? (size_t)(slash - r->way) : 0;
    r->way[r->way_len] = '\0';
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public, int internal)
{
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    fail(ctx, "it declares a document type");
}

bool s3_xml_read(const char *bytes, size_t len, s3_xml_fn *fn, void *ctx, struct err *e)
{
    struct reading r = {.fn = fn, .ctx = ctx, .e = e};

    if (len > S3_XML_ALL)
        return err_set(e, ERR_PROTOCOL, "the service's XML is refused: it is too long");
    /* White space keeps the connection alive while a service puts an object together; XML allows
     * none before its declaration. */
    while (len > 0 && strchr(" \t\r\n", *bytes) && *bytes) {
        bytes++;
        len--;
    }
    r.parser = XML_ParserCreate(NULL);
    if (!r.parser)
        abort();
    for (size_t i = 0; i < S3_XML_DEPTH; i++)
        r.text[i] = STR(S3_XML_TEXT);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
    if (XML_Parse(r.parser, bytes, (int)len, XML_TRUE) == XML_STATUS_ERROR && !r.failed) {
        r.failed = true;
        err_set(e, ERR_PROTOCOL, "the service's answer is no whole XML: %s in line %lu",
                XML_ErrorString(XML_GetErrorCode(r.parser)),
                (unsigned long)XML_GetCurrentLineNumber(r.parser));
    }
    XML_ParserFree(r.parser);
    for (size_t i = 0; i < S3_XML_DEPTH; i++)
        str_release(&r.text[i]);
    return !r.failed;
}
