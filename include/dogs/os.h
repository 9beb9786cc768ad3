/* os: everything that differs between systems, with one meaning. os_posix.c and os_win32.c define
 * the same functions; CMake chooses. All text is UTF-8; paths are accepted with the system's
 * separators. Safe from any thread unless said otherwise.
 */
#ifndef DOGS_OS_H
#define DOGS_OS_H

#include <dogs/err.h>
#include <dogs/str.h>
#include <stdbool.h>
#include <stdint.h>

struct cancel;

/* Call first in main: the command line as UTF-8 (lent for ever), streams and console ready for text
 * and colour. What was changed at the console is put back at every exit. */
char **os_begin(int argc, char **argv);

/* Time */
int64_t os_mono_ms(void); /* never goes back, goes on in sleep; its zero means nothing */
int64_t os_unix_ms(void); /* the wall clock, which may be wrong */

/* Places (yours to free; NULL where the system does not tell, e.g. no $HOME) */
char *os_config_dir(
    void); /* $XDG_CONFIG_HOME/dogs · ~/Library/Application Support/dogs · %APPDATA%\DOGS */
char *os_state_dir(
    void); /* $XDG_STATE_HOME/dogs  · the same folder's state/ · %LOCALAPPDATA%\DOGS */
char *os_exe_dir(void);
char *os_exe_path(void); /* this program */
char *os_path_join(const char *dir, const char *name);
char *os_path_dir(const char *path); /* the folder that it lies in; "." for a bare name */

/* Environment: NULL if unset or empty (an empty variable overrides nothing) */
const char *os_env(const char *name);

/* Files */
bool os_mkdirs(const char *dir, struct err *e); /* like mkdir -p, mode 0700 */
bool os_exists(const char *path);
/* Reads a whole file of at most max bytes. NOT_FOUND if there is none, IO if larger or unreadable.
 */
bool os_read_file(const char *path, size_t max, struct str *out, struct err *e);
/* Atomically and durably: temporary file beside it, sync, rename, sync of the folder. Mode 0600. */
bool os_replace_file(const char *path, const void *bytes, size_t len, struct err *e);
bool os_remove_file(const char *path, struct err *e); /* absent is success */
/* True if others than the owner may read it (always false where the system has no such modes). */
bool os_others_can_read(const char *path);
/* Names of the files in dir, sorted, NULL-terminated; free with os_list_free. No folder: empty. */
bool os_list_dir(const char *dir, char ***names, struct err *e);
void os_list_free(char **names);

/* An append-only file. os_append returns only once the bytes are on the disk (fdatasync). */
struct os_log;
bool os_log_open(const char *path, struct os_log **out, struct err *e);
bool os_log_append(struct os_log *log, const void *bytes, size_t len, struct err *e);
void os_log_close(struct os_log *log);

/* A lock that dies with its process. Try returns false with GUARD if another process holds it. */
struct os_lock;
bool os_lock_try(const char *path, struct os_lock **out, struct err *e);
void os_lock_wait(const char *path, struct os_lock **out); /* blocks; NULL only if impossible */
void os_lock_drop(struct os_lock *lock);

/* Processes */
int64_t os_pid(void);
void os_random(void *bytes, size_t len);
/* Runs a command line with the system's shell, no input, its stdout up to max bytes. FAILED with
 * the exit status if not 0, TIMEOUT after timeout_ms (then it is killed). Its stderr is ours. */
bool os_run(const char *command, int timeout_ms, size_t max, struct str *out, struct err *e);

/* Runs a program (looked for on the PATH) with our input, output and errors, and waits for its end.
 * What is sent to us meanwhile (SIGINT, SIGTERM, SIGHUP, SIGQUIT) is its business: passed on,
 * unless the terminal gave it to both. *status: its exit status, or 128 + the signal that ended it.
 * False if it could not be started (NOT_FOUND, IO). One at a time. */
bool os_spawn_wait(char *const *argv, int *status, struct err *e);

/* Runs a program (looked for on the PATH, no shell) in a group of its own, gives it the input, and
 * waits for its end and that of its output. True with its exit status (or 128 + the signal that
 * ended it) in *status, its output in *out, the last few KiB of its errors in *errors (release
 * both, in either case). Else it has been killed with its group: TIMEOUT, INTERRUPTED, FAILED where
 * it printed more than max_output; or it could not be started: NOT_FOUND, IO. A signal for a pipe
 * that nobody reads must be ignored (os_catch_interrupts does that). */
struct os_program {
    char *const *argv;
    const char *input; /* NULL = none */
    size_t input_len;
    int64_t timeout_ms;
    size_t max_output;
    struct cancel *cancel; /* NULL = never */
};
bool os_run_program(const struct os_program *what, struct str *out, struct str *errors, int *status,
                    struct err *e);
/* Adds to a text that keeps only what came last, as much as it may hold. */
void os_tail(struct str *tail, const char *bytes, size_t len);

/* Libraries of the system that are looked for when they are first needed, and then stay. Not on
 * Windows, where all is linked in. */
struct os_symbol {
    const char *name;
    void *to; /* the pointer to a function that is filled */
};
struct os_library {
    const char *const *names;        /* tried in turn; ends with NULL */
    const struct os_symbol *symbols; /* ends with a NULL name */
    bool loaded;                     /* os_load's own; false at first */
};
/* Nothing is done but the first time. FAILED, in the system's words, if none of the names stands
 * for a library that has all of the symbols. */
bool os_load(struct os_library *library, struct err *e);

/* Terminal */
enum os_stream { OS_STDIN, OS_STDOUT, OS_STDERR };
bool os_is_terminal(enum os_stream stream);
/* A terminal that obeys escape sequences (colour, cursor): not TERM=dumb, not an old console. */
bool os_terminal_obeys(enum os_stream stream);
int os_terminal_columns(void); /* 80 where it is not known */
/* One line from the terminal itself (not stdin), without its newline; echo off for secrets.
 * False when cancelled, at end of input, or where there is no terminal. */
bool os_ask_line(const char *prompt, bool echo, struct cancel *c, struct str *out);

/* Ctrl-C and friends (SIGINT, SIGTERM, SIGHUP), from the main thread. The first triggers the
 * cancel object, the next ends the process at once with status 130. Called again (by the menu, for
 * each command) it only names another object; the old one must live on for a while. */
void os_catch_interrupts(struct cancel *c);
/* One of them was not Ctrl-C: the whole program is to end, not what it is doing just now. */
bool os_must_end(void);

#endif
