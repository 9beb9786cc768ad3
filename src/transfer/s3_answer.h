/* s3_answer: what S3's answers say, put into the call: the `accept` of each kind. Private to
 * transfer. Answers come from servers that are not trusted: sizes, numbers and dates are checked,
 * and pages must lead on. */
#ifndef TRANSFER_S3_ANSWER_H
#define TRANSFER_S3_ANSWER_H

#include "backend.h"

bool s3_accept_get(struct call *c, const struct http_resp *r, struct err *e);
bool s3_accept_put(struct call *c, const struct http_resp *r, struct err *e);
bool s3_accept_begin(struct call *c, const struct http_resp *r, struct err *e);
bool s3_accept_part(struct call *c, const struct http_resp *r, struct err *e);
bool s3_accept_finish(struct call *c, const struct http_resp *r, struct err *e);
bool s3_accept_abort(struct call *c, const struct http_resp *r, struct err *e);

/* Pages, in s3_pages.c. A page is the piece of the next request's query that leads to it. */
bool s3_accept_parts(struct call *c, const struct http_resp *r, struct err *e);
bool s3_accept_list(struct call *c, const struct http_resp *r, struct err *e);
bool s3_accept_uploads(struct call *c, const struct http_resp *r, struct err *e);

/* What LIST asks for and takes off the names: the address' key as a folder. Yours to free. */
char *s3_folder_of(const char *address);

/* The refusal that an answer is, in s3_refusal.c: in the service's own words, with what is known of
 * its codes. Returns false. */
bool s3_refused(struct call *c, const struct http_resp *r, struct err *e);
/* The same of a GET; true where it only says that the object has no byte. */
bool s3_refused_get(struct call *c, const struct http_resp *r, struct err *e);

/* An etag as it stands in an answer, quoted whether the service does or not; false if it is empty
 * or too long. */
bool s3_etag(const char *text, char out[ETAG_MAX]);

#endif
