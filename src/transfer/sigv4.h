/* sigv4: signatures of requests as Amazon's services and those that imitate them want them
 * (AWS Signature Version 4, https://docs.aws.amazon.com/AmazonS3/latest/API/
 * sig-v4-authenticating-requests.html). Pure over its arguments; private to transfer.
 *
 * libcurl has a signer of its own, but the releases in use sign queries without values, unsorted
 * queries and some characters of paths wrongly (7.88; mended step by step until 8.14).
 *
 * Path and query are signed as they stand, so they must be sent as they stand: each part of the
 * path, each name and each value percent-encoded by http_escape, and no part of the path "." or
 * "..", which libcurl would take out. All headers that are given are signed, and the host. FAILED
 * as digest_new says it, when the system's library is not there.
 */
#ifndef TRANSFER_SIGV4_H
#define TRANSFER_SIGV4_H

#include <dogs/http.h>

#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

enum {
    SIGV4_DATE = 17,    /* 20130524T000000Z */
    SIGV4_HEADERS = 16, /* at most */
    SIGV4_PAIRS = 16,   /* of a query, at most */
    SIGV4_MAX_S = 7 * 24 * 3600,
};

struct sigv4 {
    const char *key_id, *secret, *region;
    const char *method, *host; /* host: as the Host header has it, in lower case */
    const char *path;          /* begins with '/' */
    const char *query;         /* "a=1&b=&c" in any order; "" = none */
    const struct http_header *headers;
    size_t n_headers;
    const char *payload; /* SHA-256 of the body in hex, or SIGV4_UNSIGNED */
    int64_t at;          /* Unix seconds */
};

void sigv4_date(int64_t at, char out[SIGV4_DATE]); /* the value of x-amz-date */

/* The value of the Authorization header. x-amz-date and x-amz-content-sha256 are signed without
 * being among the headers, and are to be sent with it. Yours to free. */
bool sigv4_sign(const struct sigv4 *q, char **authorization, struct err *e);

/* The whole query of an address that may be used for so many seconds, at most SIGV4_MAX_S. Yours to
 * free. */
bool sigv4_presign(const struct sigv4 *q, int64_t seconds, char **query, struct err *e);

#endif
