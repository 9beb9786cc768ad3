/* What the files of the Dropbox backend share. */
#ifndef TRANSFER_BACKEND_DROPBOX_H
#define TRANSFER_BACKEND_DROPBOX_H

#include "backend.h"
#include <dogs/json.h>

#define DROPBOX_CONTENT "content.dropboxapi.com"
#define DROPBOX_API "api.dropboxapi.com"

/* Method POST, url, bearer; what an earlier answer said is forgotten. */
bool dropbox_begin(struct call *c, const char *host, const char *route, struct err *e);
/* "/folder/name", and "" for the top. Yours. */
bool dropbox_path(const char *address, char **out, struct err *e);
void dropbox_arg(struct call *c, cJSON *take_arg);   /* into the header */
void dropbox_body(struct call *c, cJSON *take_body); /* of calls that send no file bytes */
cJSON *dropbox_cursor(const char *upload, int64_t offset);
bool dropbox_commit(const char *address, int64_t mtime_ns, bool no_clobber, cJSON **out,
                    struct err *e);
void dropbox_read_file(const cJSON *file, struct object *o); /* FileMetadata; size -1: not told */

/* An answer other than 200 and 206: what it means, by the tags that it carries. True where it means
 * all the same that the effect is there (a part that had arrived before). */
bool dropbox_refused(struct call *c, const struct http_resp *r, struct err *e);
/* The failure of one entry of a batch. */
bool dropbox_entry_refused(const struct commit *entry, const cJSON *failure, struct err *e);

/* The service's words fit to be shown: one line of ASCII, cut. */
char *dropbox_words(const char *text, size_t len);

/* `tail` below the remote's url, or below the live host where that is empty. Yours. */
char *dropbox_url(const struct remote *r, const char *live_host, const char *tail);

bool dropbox_check(const struct remote *r, struct err *e);
/* Without a refresh token it is the remote's own access token that is got. */
bool dropbox_login(const struct remote *r, struct http *http, struct cancel *cancel, char **token,
                   struct err *e);

#endif
