/* file: files that are read and written at positions, as transfers need them. One meaning on every
 * system; file_posix.c and file_win32.c define the same functions. Paths are UTF-8. A struct file
 * belongs to one thread at a time. Errors are IO unless said otherwise; a full disk says so.
 */
#ifndef DOGS_FILE_H
#define DOGS_FILE_H

#include <dogs/err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;

enum file_kind { FILE_NONE, FILE_REGULAR, FILE_FOLDER, FILE_LINK, FILE_OTHER };

struct file_info {
    enum file_kind kind;
    int64_t size;
    int64_t mtime_ns; /* since 1970, UTC */
};

/* Without following a link at the end of the path. Nothing there is success with FILE_NONE. */
bool file_look(const char *path, struct file_info *out, struct err *e);
/* The same, with links followed: what a source of an upload is. */
bool file_look_through(const char *path, struct file_info *out, struct err *e);

/* A source: read only, links followed, a regular file. NOT_FOUND, IO. */
bool file_open_read(const char *path, struct file **out, struct err *e);

/* A part file that only this process writes: made if it is not there (mode 0666 less the umask),
 * else opened with what is in it. A link, or anything but a regular file, in its place is refused
 * with IO. GUARD if another process (or another open of this one) writes it, on every file system
 * that knows locks. */
bool file_open_part(const char *path, struct file **out, struct err *e);

/* Writes a whole small file under a new name (mode as above). GUARD if something has that name
 * already; whatever else fails, nothing stays under it. */
bool file_write_new(const char *path, const void *bytes, size_t len, int64_t mtime_ns,
                    struct err *e);

/* A whole small file under a name that is free, in one step: until then nobody sees anything of it,
 * and whatever ends us leaves nothing. False, with nothing done, where the name is taken or the
 * system knows no such way. */
bool file_appear(const char *path, const void *bytes, size_t len, int64_t mtime_ns);

bool file_info(struct file *f, struct file_info *out, struct err *e);
/* Makes the file size bytes long with room on the disk where the file system can promise it; where
 * it cannot, and has told that there is not enough, fails as well. On failure the length stays. */
bool file_reserve(struct file *f, int64_t size, struct err *e);
bool file_cut(struct file *f, int64_t size, struct err *e); /* exactly so long */
bool file_write_at(struct file *f, const void *bytes, size_t len, int64_t at, struct err *e);
/* *got is less than len only at the end of the file. */
bool file_read_at(struct file *f, void *to, size_t len, int64_t at, size_t *got, struct err *e);
bool file_sync(struct file *f, struct err *e);
bool file_set_mtime(struct file *f, int64_t mtime_ns, struct err *e); /* 0 = leave it */
void file_close(struct file *f);                                      /* NULL allowed */

/* The open part file takes the final name, in one step, in place of what was there (a link itself,
 * not what it points to; a folder is refused). Closes f in either case; on failure the file keeps
 * its old name. */
bool file_finish(struct file *take_f, const char *from, const char *to, struct err *e);
/* The same for a file that is not open. */
bool file_rename(const char *from, const char *to, struct err *e);

/* Folders for base/relative, whose parts are made one by one below base and never followed through
 * a link; mode 0777 less the umask. base itself is made like mkdir -p. "" is base alone. GUARD if a
 * link or a file is in the way. */
bool file_make_folders(const char *base, const char *relative, struct err *e);

/* Calls fn for each regular file below folder, folders in turn, names in byte order; relative paths
 * with '/'. Links to files are followed, links to folders not; what is neither is left out and
 * counted. fn returning false ends it with false. NOT_FOUND if there is no folder; IO if folders
 * lie more than FILE_DEPTH deep. */
enum { FILE_DEPTH = 64 };
bool file_walk(const char *folder,
               bool (*fn)(void *ctx, const char *relative, const struct file_info *info,
                          struct err *e),
               void *ctx, size_t *left_out, struct err *e);

/* Changes with each start of the system; the same text as long as it runs. What was written but not
 * synced in another boot may be lost. */
enum { FILE_BOOT = 64 };
void file_boot(char out[FILE_BOOT]);

#endif
