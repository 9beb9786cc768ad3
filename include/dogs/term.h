/* term: a terminal as keyboard and screen, for the menu. term_posix.c and term_win32.c define the
 * same functions; CMake chooses.
 *
 *     if (term_can_draw()) {
 *         term_enter();
 *         while (term_key(cancel, &key)) ...   // false: cancelled, or the terminal is gone
 *         term_leave();
 *     }
 *
 * Between enter and leave keys come one by one and are not echoed; Ctrl-C still interrupts (see
 * os_catch_interrupts), Ctrl-Z still suspends. What was there before is restored by term_leave and
 * on every other way out: exit(), a second Ctrl-C, suspension, a crash; only kill -9 leaves no time
 * for it. One thread only.
 */
#ifndef DOGS_TERM_H
#define DOGS_TERM_H

#include <dogs/work.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum term_key_kind {
    TERM_OTHER, /* a key without a meaning here */
    TERM_CHAR,  /* c is its code point */
    TERM_UP,
    TERM_DOWN,
    TERM_LEFT,
    TERM_RIGHT,
    TERM_HOME,
    TERM_END,
    TERM_PAGE_UP,
    TERM_PAGE_DOWN,
    TERM_ENTER,
    TERM_ESC,
    TERM_BACKSPACE,
    TERM_EOF,     /* Ctrl-D */
    TERM_RESIZED, /* no key: the size changed */
    TERM_RESUMED, /* no key: we come back from a suspension; others wrote to the screen */
};
struct term_key {
    enum term_key_kind kind;
    uint32_t c;
};

/* stdin and stdout are a terminal whose cursor can be moved (TERM=dumb is none). */
bool term_can_draw(void);
/* Of the moment; 80 and 24 where it is not known. */
void term_size(int *columns, int *rows);
/* What was typed before is forgotten. False where stdin is no terminal. */
bool term_enter(void);
void term_leave(void); /* async-signal-safe; harmless where term_enter was not called */
bool term_key(struct cancel *c, struct term_key *out);

/* True where the terminal goes away with this program: a console that was opened for a double
 * click. Then the last words must wait for a key. */
bool term_owns_console(void);

/* Pure: the first key in the bytes that a terminal sent. Returns how many bytes it took; 0 if it
 * may go on, which is not thought possible with `complete` (no more came for a while). */
size_t term_decode(const char *bytes, size_t len, bool complete, struct term_key *out);

#endif
