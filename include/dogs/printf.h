/* printf: has the compiler check the formats of functions of our own.
 *
 *     bool str_addf(struct str *s, const char *fmt, ...) PRINTF(2, 3);
 *
 * The build defines DOGS_PRINTF where the compiler's "printf" is not the one that is linked.
 */
#ifndef DOGS_PRINTF_H
#define DOGS_PRINTF_H

#ifndef DOGS_PRINTF
#define DOGS_PRINTF printf
#endif

/* Which argument is the format, which the first to be formatted (0: a va_list). */
#define PRINTF(format_at, first) __attribute__((format(DOGS_PRINTF, format_at, first)))

#endif
