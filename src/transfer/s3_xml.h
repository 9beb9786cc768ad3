/* s3_xml: reads the XML that S3 answers with, from servers that are not trusted. Private to
 * transfer.
 *
 * Each element that ends is told by its way from the root ("ListBucketResult/Contents/Key") and the
 * text that stands directly in it; an element that contains others is told after them. Prefixes of
 * names are left out. Refused (PROTOCOL): what is not XML, a document type (so there are no
 * entities but XML's five), elements deeper than S3_XML_DEPTH, texts and documents longer than
 * below. The text is lent for the call.
 */
#ifndef TRANSFER_S3_XML_H
#define TRANSFER_S3_XML_H

#include <dogs/err.h>
#include <dogs/str.h>

enum {
    S3_XML_DEPTH = 8,
    S3_XML_WAY = 256,              /* bytes of a way */
    S3_XML_TEXT = 16 * 1024,       /* of one element; a key has 1,024 bytes, at most 3 for each */
    S3_XML_ALL = 16 * 1024 * 1024, /* 1,000 entries with room to spare */
};

/* False with *e ends the reading. */
typedef bool s3_xml_fn(void *ctx, const char *way, const char *text, struct err *e);
bool s3_xml_read(const char *bytes, size_t len, s3_xml_fn *fn, void *ctx, struct err *e);

#endif
