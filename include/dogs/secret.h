/* secret: short texts that the system keeps for its user, out of files: the access token.
 *
 * Windows: generic credentials in the Credential Manager, named "dogs/<name>". Where the system
 * has no such keeper save fails with CONFIG and the hint names the other ways.
 */
#ifndef DOGS_SECRET_H
#define DOGS_SECRET_H

#include <dogs/err.h>
#include <dogs/str.h>

enum { SECRET_MAX = 2560 }; /* bytes; CRED_MAX_CREDENTIAL_BLOB_SIZE */

bool secret_save(const char *name, const char *text, struct err *e);
/* NOT_FOUND if there is none. On success *out is yours to release. */
bool secret_load(const char *name, struct str *out, struct err *e);
bool secret_forget(const char *name, struct err *e); /* absent is success */
/* "Credential Manager"; NULL where the system keeps no secrets. */
const char *secret_keeper(void);

#endif
