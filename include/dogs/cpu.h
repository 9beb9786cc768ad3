/* cpu: threads on cores that are chosen, and what they use.
 */
#ifndef DOGS_CPU_H
#define DOGS_CPU_H

#include <dogs/err.h>
#include <stdbool.h>
#include <stdint.h>

/* Cores are numbered from 0 as the system numbers them. How many there are; those among them that
 * this process may use are fewer in a container or under taskset. */
int cpu_cores(void);
bool cpu_may_use(int core);
/* The calling thread runs on this core only, from now on. CONFIG where it may not; FAILED where the
 * system knows no such thing (macOS). */
bool cpu_pin(int core, struct err *e);
/* Processor time of the calling thread so far. */
int64_t cpu_used_us(void);

#endif
