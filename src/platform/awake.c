#include "awake_os.h"
#include <dogs/str.h>
#include <dogs/work.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct awake {
    bool display;
};

/* Both guarded by the lock. */
static struct slot {
    unsigned holds;
    struct awake_os *os;
    struct awake_part part;
} slots[AWAKE_WHATS];

static struct lock *the_lock(void)
{
    static _Atomic(struct lock *) made;
    struct lock *lock = atomic_load(&made);
    if (lock)
        return lock;
    struct lock *mine = lock_new();
    if (atomic_compare_exchange_strong(&made, &lock, mine))
        return mine;
    lock_free(mine);
    return lock;
}

static void take(enum awake_what what, const char *why, struct awake_part *got)
{
    struct slot *slot = &slots[what];
    if (slot->holds++ == 0) {
        slot->part = (struct awake_part){.held = false};
        slot->os = awake_os_take(what, why, &slot->part);
    }
    *got = slot->part;
}

static void drop(enum awake_what what)
{
    struct slot *slot = &slots[what];
    if (--slot->holds > 0)
        return;
    awake_os_drop(slot->os);
    slot->os = NULL;
}

static void describe(struct awake_report *got, bool display)
{
    const struct awake_part *s = &got->system, *d = &got->display;
    struct str text = STR(sizeof got->text - 1);
    if (s->held)
        str_addf(&text,
                 "this computer stays awake meanwhile (%s%s%s); closing its lid still "
                 "puts it to sleep",
                 s->by, *s->lacks ? "; " : "", s->lacks);
    else
        str_addf(&text, "this computer may fall asleep meanwhile: %s", s->lacks);
    if (display && d->held)
        str_addf(&text, "; its display stays on (%s)", d->by);
    else if (display)
        str_addf(&text, "; its display may go dark: %s", d->lacks);
    str_copy(got->text, sizeof got->text, str_text(&text));
    str_release(&text);
}

struct awake *awake_hold(const struct awake_opts *opts, struct awake_report *got)
{
    struct awake *hold = xcalloc(1, sizeof *hold);
    *got = (struct awake_report){.text = ""};
    hold->display = opts->display;
    lock_take(the_lock());
    take(AWAKE_SYSTEM, opts->why, &got->system);
    if (hold->display)
        take(AWAKE_DISPLAY, opts->why, &got->display);
    lock_drop(the_lock());
    describe(got, hold->display);
    return hold;
}

void awake_release(struct awake *hold)
{
    if (!hold)
        return;
    lock_take(the_lock());
    drop(AWAKE_SYSTEM);
    if (hold->display)
        drop(AWAKE_DISPLAY);
    lock_drop(the_lock());
    free(hold);
}
