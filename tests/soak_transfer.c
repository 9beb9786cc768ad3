/* A day of transfers in one process: its batches in quick succession, with all that goes right and
 * wrong on the way; descriptors, threads and memory are looked at each hour.
 *
 *     soak_transfer URL TLS-URL CA-FILE DEAD-URL FOLDER BATCHES
 *
 * The server's plan (test_soak.py) decides by the path what happens. Ends with 1 if anything grew.
 */
#include <dogs/os.h>
#include <dogs/str.h>
#include <dogs/transfer.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MEASURES_MEMORY = 0 };
#else
enum { MEASURES_MEMORY = 1 };
#endif

enum {
    HOURS = 24,
    LANES = 8, /* batches side by side: what a day has time for, one after the other */
    LAST_HOURS = 4,
    GROWTH_MOST_KB = 2000,
    STOP_BYTES = 600 * 1000,
    PATIENCE_MS = 60000,
};

enum ends { WELL, BADLY, EITHER };

static const struct kind {
    enum transfer_way way;
    enum ends ends;
    bool dead; /* nobody listens there */
    const char *path;
} kinds[] = {
    {TRANSFER_GET, WELL, false, "ok/small"},      {TRANSFER_GET, WELL, false, "ok/empty"},
    {TRANSFER_GET, WELL, false, "ok/large"},      {TRANSFER_GET, WELL, false, "elsewhere/a"},
    {TRANSFER_GET, EITHER, false, "wrong/a"},     {TRANSFER_GET, EITHER, false, "wrong/b"},
    {TRANSFER_GET, EITHER, false, "wrong/large"}, {TRANSFER_GET, EITHER, false, "moving/LANE"},
    {TRANSFER_GET, BADLY, false, "none/a"},       {TRANSFER_GET, BADLY, true, "dead"},
    {TRANSFER_PUT, WELL, false, "put/a"},         {TRANSFER_PUT, EITHER, false, "wrong-put/a"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

struct day {
    const char *url, *tls_url, *dead_url, *folder;
    struct transfer_net *net;
    long batches, done, failed, restarted, retries;
    int64_t resumed, bytes;
};

struct look {
    long fds, threads, kb;
};

static void die(const char *what)
{
    printf("soak: %s\n", what);
    exit(1);
}

static long entries(const char *dir)
{
    struct err e = {0};
    char **names;
    long n = 0;
    if (!os_list_dir(dir, &names, &e))
        die(e.text);
    while (names[n])
        n++;
    os_list_free(names);
    return n;
}

static struct look look_now(void)
{
    struct str status = STR(64 * 1024);
    struct err e = {0};
    malloc_trim(0); /* what was freed is no growth */
    if (!os_read_file("/proc/self/status", 64 * 1024, &status, &e))
        die(e.text);
    const char *line = strstr(str_text(&status), "VmRSS:");
    struct look look = {entries("/proc/self/fd"), entries("/proc/self/task"),
                        line ? strtol(line + 6, NULL, 10) : 0};
    str_release(&status);
    return look;
}

static struct transfer *new_batch(const struct day *d, int64_t bytes_per_s)
{
    struct err e = {0};
    struct transfer *t = transfer_new(&(struct transfer_opts){.net = d->net,
                                                              .records_dir = d->folder,
                                                              .connections = 4,
                                                              .tries = 2,
                                                              .part_bytes = 256 * 1024,
                                                              .bytes_per_s = bytes_per_s},
                                      &e);
    if (!t)
        die(e.text);
    return t;
}

static void add(struct transfer *t, enum transfer_way way, const char *base, const char *path,
                const char *local)
{
    static const struct remote web = {.name = "", .type = "http", .url = ""};
    struct err e = {0};
    char *address = xasprintf("%s/%s", base, path);
    struct transfer_item item = {.way = way, .remote = &web, .address = address, .path = local};
    if (!transfer_add(t, &item, &e))
        die(e.text);
    free(address);
}

static char *target(const struct day *d, int lane, int kind)
{
    return xasprintf("%s/%d-%d", d->folder, lane, kind);
}

static void begin(const struct day *d, struct transfer *t, int lane)
{
    char *source = os_path_join(d->folder, "source"), own[32];
    const char *base = lane % 2 ? d->tls_url : d->url;
    snprintf(own, sizeof own, "moving/%d", lane);
    for (int k = 0; k < KINDS; k++) {
        char *local = target(d, lane, k);
        add(t, kinds[k].way, kinds[k].dead ? d->dead_url : base,
            strcmp(kinds[k].path, "moving/LANE") == 0 ? own : kinds[k].path,
            kinds[k].way == TRANSFER_PUT ? source : local);
        free(local);
    }
    free(source);
    transfer_start(t);
}

static void wait_for(struct transfer *t)
{
    int64_t end = os_mono_ms() + PATIENCE_MS;
    struct transfer_progress p;
    while (!transfer_wait(t, 20)) {
        transfer_progress(t, &p);
        if (os_mono_ms() > end)
            die("a batch did not end");
    }
}

static void count_up(struct day *d, struct transfer *t)
{
    struct transfer_result r;
    struct transfer_progress p;
    transfer_progress(t, &p);
    d->bytes += p.bytes;
    d->retries += p.retries;
    for (size_t i = 0; i < transfer_count(t); i++) {
        transfer_result(t, i, &r);
        d->done += r.state == TRANSFER_DONE;
        d->failed += r.state == TRANSFER_FAILED;
        d->restarted += r.restarted;
        d->resumed += r.resumed;
    }
}

static void end(struct day *d, struct transfer *t, int lane)
{
    struct transfer_result r;
    struct err ignored;
    wait_for(t);
    count_up(d, t);
    for (int k = 0; k < KINDS; k++) {
        transfer_result(t, (size_t)k, &r);
        bool well = r.state == TRANSFER_DONE;
        if (well ? kinds[k].ends == BADLY : kinds[k].ends == WELL) {
            printf("soak: %s: state %d: %s\n", kinds[k].path, r.state, r.err.text);
            die("it should have ended otherwise");
        }
        char *local = target(d, lane, k);
        os_remove_file(local, &ignored);
        free(local);
    }
    transfer_free(t);
    d->batches++;
}

/* Stopped in the middle, and taken up by the next one. */
static void interrupted(struct day *d)
{
    struct err ignored;
    char *local = os_path_join(d->folder, "interrupted");
    struct transfer *t = new_batch(d, 64 * 1024 * 1024);
    struct transfer_progress p = {0};
    add(t, TRANSFER_GET, d->url, "slow/a", local);
    transfer_start(t);
    while (p.bytes < STOP_BYTES && !transfer_wait(t, 1))
        transfer_progress(t, &p);
    transfer_stop(t);
    wait_for(t);
    transfer_free(t);
    t = new_batch(d, 0);
    add(t, TRANSFER_GET, d->url, "slow/a", local);
    transfer_start(t);
    transfer_pause(t, true);
    transfer_pause(t, false);
    wait_for(t);
    count_up(d, t);
    transfer_free(t);
    os_remove_file(local, &ignored);
    free(local);
}

static void an_hour(struct day *d, long batches)
{
    for (long n = 0; n < batches; n += LANES) {
        struct transfer *all[LANES];
        for (int lane = 0; lane < LANES; lane++)
            begin(d, all[lane] = new_batch(d, 0), lane);
        interrupted(d);
        for (int lane = 0; lane < LANES; lane++)
            end(d, all[lane], lane);
    }
}

/* What the mix is made of must have come, or it was a day of nothing. */
static void check_mix(const struct day *d)
{
    printf("soak: %ld batches: %ld files done, %ld failed, %ld from the beginning, %ld tries "
           "again, %lld bytes, %lld of them from before\n",
           d->batches, d->done, d->failed, d->restarted, d->retries, (long long)d->bytes,
           (long long)d->resumed);
    if (!d->done || !d->failed || !d->restarted || !d->retries || !d->resumed)
        die("something of the mix never came");
}

/* An hour may end with more than it needs; a leak is there in all of the last ones. */
static bool grew(const struct look looks[HOURS])
{
    long least = looks[HOURS - 1].kb;
    for (int hour = 0; hour < HOURS; hour++) {
        const struct look *l = &looks[hour];
        if (l->fds != looks->fds || l->threads != looks->threads)
            return true;
        if (hour >= HOURS - LAST_HOURS && l->kb < least)
            least = l->kb;
    }
    return MEASURES_MEMORY && least - looks->kb > GROWTH_MOST_KB;
}

int main(int argc, char **argv)
{
    struct err e = {0};
    struct look looks[HOURS];
    if (argc != 7)
        die("URL TLS-URL CA-FILE DEAD-URL FOLDER BATCHES");
    mallopt(M_ARENA_MAX, 2); /* each thread's own would fill up during the first hours */
    struct day d = {.url = argv[1], .tls_url = argv[2], .dead_url = argv[4], .folder = argv[5]};
    d.net = transfer_net_open(argv[3], &e);
    if (!d.net)
        die(e.text);
    for (int hour = 0; hour < HOURS; hour++) {
        an_hour(&d, strtol(argv[6], NULL, 10) / HOURS);
        struct look *l = &looks[hour];
        *l = look_now();
        printf("hour %2d: %ld descriptors, %ld threads, %ld KB\n", hour + 1, l->fds, l->threads,
               l->kb);
    }
    check_mix(&d);
    transfer_net_close(d.net);
    return grew(looks);
}
