/* s3_place: where an address "bucket/key" of a remote lies: host, path and region. Pure; private to
 * transfer.
 *
 * The remote's url is the endpoint: "https://fra1.digitaloceanspaces.com", with or without
 * "https://", with a path in front of the buckets where a service has one. Keys are any UTF-8 but
 * for the folders "." and "..", which no HTTP client sends as they stand.
 */
#ifndef TRANSFER_S3_PLACE_H
#define TRANSFER_S3_PLACE_H

#include <dogs/transfer.h>

enum { S3_REGION_MAX = 64, S3_KEY_MAX = 1024 };

struct s3_endpoint {
    bool tls, oss;
    char host[256]; /* lower case, with the port where it is not the scheme's own */
    char base[256]; /* path in front of the bucket: "" or "/x", percent-encoded as written */
    char region[S3_REGION_MAX];
};

struct s3_place {
    char *bucket, *key; /* as people write them; key "" where the address has none */
    char *host;         /* as the Host header has it */
    char *path;         /* percent-encoded, begins with '/' */
    char *origin;       /* "https://host" */
    char region[S3_REGION_MAX];
    bool oss;
};

/* CONFIG with what to write instead. */
bool s3_endpoint_of(const struct remote *r, struct s3_endpoint *out, struct err *e);
/* whole: the address names an object; else the bucket is asked about what begins with key, which
 * then is not in path. USAGE where the address is none. */
bool s3_place_of(const struct remote *r, const char *address, bool whole, struct s3_place *out,
                 struct err *e);
void s3_place_release(struct s3_place *p);

#endif
