/* file_os: what file.c asks of a system besides dogs/file.h. Private to platform. */
#ifndef DOGS_PLATFORM_FILE_OS_H
#define DOGS_PLATFORM_FILE_OS_H

#include <dogs/file.h>

/* All names in a folder but "." and "..", in no order; free with os_list_free. NOT_FOUND, IO. */
bool file_os_names(const char *folder, char ***names, struct err *e);

/* Stands in a folder and goes down part by part, making what is not there. */
struct file_place;
bool file_os_base(const char *base, struct file_place **out, struct err *e);
bool file_os_below(struct file_place *at, const char *part, struct err *e);
void file_os_leave(struct file_place *at); /* NULL allowed */

/* GUARD: "PATH is a link, not a folder". */
bool file_in_the_way(const char *path, enum file_kind kind, struct err *e);
/* GUARD: another transfer writes it. */
bool file_is_written(const char *path, struct err *e);
/* The disk cannot hold it: what to do next. */
bool file_full_hint(struct err *e);

/* For file_boot where the system does not tell: what nothing that was recorded can be equal to. */
void file_boot_unknown(char out[FILE_BOOT]);

#endif
