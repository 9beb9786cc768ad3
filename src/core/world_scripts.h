/* world_scripts: what is run on a droplet to pack its world and to bring it back. Private to core.
 *
 * Each is a head of assignments (world_script_var) and one of these bodies. Addresses stand in the
 * script alone, which comes on standard input, and reach curl on its own: neither a process list
 * nor a file of the droplet ever holds them. */
#ifndef CORE_WORLD_SCRIPTS_H
#define CORE_WORLD_SCRIPTS_H

#include <dogs/str.h>

/* name='value' */
void world_script_var(struct str *script, const char *name, const char *value);

/* In: path, unit, save ("1": the game is to save first; ""), put_zst, put_gz, most (bytes of one
 * upload). Out: "packed EXT SIZE SHA256 CHANGED SAVED": CHANGED 1 if files changed while they were
 * read, SAVED 0 if the game could not be told. */
extern const char world_script_pack[];
/* In: path, unit, get, ext, size, sha256. Nothing of the present world is touched before the
 * download is known to be right and is unpacked. Out: "restored ASIDE". */
extern const char world_script_unpack[];
/* In: path, unit. The world that was put aside last comes back. Out: "restored ASIDE". */
extern const char world_script_undo[];

#endif
