/* file_posix: what Linux and macOS each do in their own way. Private to platform. */
#ifndef DOGS_PLATFORM_FILE_POSIX_H
#define DOGS_PLATFORM_FILE_POSIX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#ifdef __APPLE__
#define FILE_MTIME(st) ((st)->st_mtimespec)
#else
#define FILE_MTIME(st) ((st)->st_mtim)
#endif

/* Room for the first `size` bytes of a file that is as st says; its length may grow to them. 0 or
 * errno: ENOSPC where there is none. */
int file_posix_room(int fd, const struct stat *st, int64_t size);
/* The bytes of an open file or folder are on the disk; false with errno. */
bool file_posix_sync(int fd);
/* 0, or ENOSPC if the file system tells that so many more bytes do not fit. */
int file_posix_fits(int fd, int64_t more);
/* A new file in a folder, open for writing, without a name; and a free name for it. -1 and false
 * where there is no such thing. */
int file_posix_nameless(const char *folder);
bool file_posix_name(int fd, const char *path);

#endif
