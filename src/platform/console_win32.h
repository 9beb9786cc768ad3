/* console: what os_begin changed at the console of Windows. Private to platform. */
#ifndef DOGS_PLATFORM_CONSOLE_WIN32_H
#define DOGS_PLATFORM_CONSOLE_WIN32_H

struct cancel;

/* The event that a cancel object sets (a HANDLE, lent). */
void *cancel_event(const struct cancel *c);

/* Puts modes and code pages back as they were found; more than once is harmless. Any thread. */
void console_restore(void);

#endif
