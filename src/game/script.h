/* script: the files of game-scripts/, compiled in; the build writes the table. Private to game. */
#ifndef GAME_SCRIPT_H
#define GAME_SCRIPT_H

#include <stddef.h>

struct script_file {
    const char *folder; /* "" = shared by all */
    const char *name;
    const unsigned char *bytes; /* ends with a NUL, which len does not count; without CR */
    size_t len;
};

extern const struct script_file script_files[]; /* in order of folder and name */
extern const size_t script_files_n;

#endif
