#include "../src/core/journal.h"
#include "unit.h"
#include <dogs/hash.h>
#include <dogs/os.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static const char run_a[] = "aaaaaaaaaaaaaaaa", run_b[] = "bbbbbbbbbbbbbbbb";

static char *file_of(const char *server)
{
    return xasprintf("%s/%s.journal", unit_dir, server);
}

static struct str content(const char *server)
{
    struct err e = {0};
    struct str text;
    char *path = file_of(server);
    OK(os_read_file(path, 1 << 26, &text, &e), e);
    free(path);
    return text;
}

static void put(const char *server, const void *bytes, size_t len)
{
    struct err e = {0};
    char *path = file_of(server);
    OK(os_replace_file(path, bytes, len, &e), e);
    free(path);
}

static struct journal *opened(const char *server)
{
    struct err e = {0};
    struct journal *j = NULL;
    OK(journal_open(unit_dir, server, &j, &e), e);
    return j;
}

static struct last_run peeked(const char *server)
{
    struct err e = {0};
    struct last_run last;
    OK(journal_peek(unit_dir, server, &last, &e), e);
    return last;
}

struct record {
    const char *ev, *run;
    enum verb verb;
    const char *what;
    int64_t at, droplet_id;
};

static void add(struct journal *j, const struct record *r)
{
    struct err e = {0};
    struct facts f = {.droplet_id = r->droplet_id};
    OK(journal_add(j, r->ev, r->run, r->verb, r->what, r->at, &f, &e), e);
}

/* A new file with these records, up to one without an event. */
static void write_records(const char *server, const struct record *r, size_t n)
{
    put(server, "", 0);
    struct journal *j = opened(server);
    for (size_t i = 0; i < n && r[i].ev; i++)
        add(j, &r[i]);
    journal_close(j);
}

static const struct record evening[] = {
    {"begin", run_a, VERB_STOP, "", 100, 7},
    {"intent", run_a, VERB_STOP, "shutdown", 101, 7},
    {"done", run_a, VERB_STOP, "shutdown", 102, 7},
    {"intent", run_a, VERB_STOP, "snapshot", 103, 7},
};

static void assert_is_evening(const struct last_run *last)
{
    assert_true(last->any && last->open);
    assert_int_equal(last->verb, VERB_STOP);
    assert_string_equal(last->run.id, run_a);
    assert_string_equal(last->run.verb, "stop");
    assert_int_equal(last->run.started_at, 100);
    assert_int_equal(last->facts.droplet_id, 7);
}

static void test_every_fact_comes_back(void **state)
{
    struct facts f = {0};
    int64_t n = 3000000000;
    struct err e = {0};
    (void)state;
#define I(name) f.name = n += 1234567;
#define T(name, size_)                                                                             \
    memset(f.name, 'a', size_ - 1);                                                                \
    snprintf(f.name, size_, "%s \"\\\n\xC3\xA9", #name);                                           \
    memset(f.name + strlen(f.name), 'z', size_ - 1 - strlen(f.name));
    FACTS(I, T)
#undef I
#undef T
    put("facts", "", 0);
    struct journal *j = opened("facts");
    OK(journal_add(j, "begin", run_a, VERB_START, "", 5, &f, &e), e);
    OK(journal_add(j, "intent", run_a, VERB_START, "boot", 6, &f, &e), e);
    journal_close(j);
    struct last_run last = peeked("facts");
#define I(name)                                                                                    \
    if (last.facts.name != f.name)                                                                 \
        fail_msg("%s: %lld", #name, (long long)last.facts.name);
#define T(name, size_)                                                                             \
    if (strcmp(last.facts.name, f.name) != 0)                                                      \
        fail_msg("%s: %s", #name, last.facts.name);
    FACTS(I, T)
#undef I
#undef T
    assert_string_equal(last.run.step, "boot");
    assert_int_equal(last.at, 6);
    /* Facts are what the newest record says, not a sum of all. */
    j = opened("facts");
    OK(journal_add(j, "done", run_a, VERB_START, "boot", 7, &(struct facts){.live = 1}, &e), e);
    journal_close(j);
    last = peeked("facts");
    struct facts only = {.live = 1};
    assert_memory_equal(&last.facts, &only, sizeof only);
}

/* Ids come as text too, and then up to 2^63. */
static void test_great_numbers_come_back(void **state)
{
    static const int64_t ids[] = {INT64_MAX, 9007199254740993, 9007199254740991, -1, INT64_MIN};
    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct record r = {"begin", run_a, VERB_STOP, "", 5, ids[i]};
        write_records("great", &r, 1);
        struct last_run last = peeked("great");
        if (last.facts.droplet_id != ids[i])
            fail_msg("row %zu: %lld", i, (long long)last.facts.droplet_id);
    }
}

static void test_which_run_is_the_last(void **state)
{
    static const struct {
        struct record records[6];
        bool any, open;
        const char *run, *step;
        enum verb verb;
        int64_t started_at, at, droplet_id;
    } rows[] = {
        {{{0}}, false, false, "", "", VERB_CREATE, 0, 0, 0},
        {{{"begin", run_a, VERB_START, "", 1, 0}}, true, true, run_a, "", VERB_START, 1, 1, 0},
        {{{"begin", run_a, VERB_START, "", 1, 0}, {"intent", run_a, VERB_START, "boot", 2, 9}},
         true,
         true,
         run_a,
         "boot",
         VERB_START,
         1,
         2,
         9},
        {{{"begin", run_a, VERB_PRUNE, "", 1, 0}, {"end", run_a, VERB_PRUNE, "ok", 2, 9}},
         true,
         false,
         run_a,
         "",
         VERB_PRUNE,
         1,
         2,
         9},
        {{{"begin", run_a, VERB_START, "", 1, 8},
          {"intent", run_a, VERB_START, "boot", 2, 8},
          {"end", run_a, VERB_START, "failed", 3, 9}},
         true,
         false,
         run_a,
         "boot",
         VERB_START,
         1,
         3,
         9},
        {{{"begin", run_a, VERB_START, "", 1, 8},
          {"begin", run_b, VERB_STOP, "", 5, 9},
          {"intent", run_b, VERB_STOP, "shutdown", 6, 9}},
         true,
         true,
         run_b,
         "shutdown",
         VERB_STOP,
         5,
         6,
         9},
        /* what an older run says late is not this one's */
        {{{"begin", run_a, VERB_START, "", 1, 8},
          {"begin", run_b, VERB_STOP, "", 5, 9},
          {"done", run_a, VERB_START, "boot", 6, 4},
          {"end", run_a, VERB_START, "ok", 7, 4}},
         true,
         true,
         run_b,
         "",
         VERB_STOP,
         5,
         5,
         9},
        {{{"end", run_a, VERB_START, "ok", 7, 4}}, false, false, "", "", VERB_CREATE, 0, 0, 0},
        {{{"begin", run_a, VERB_STOP, "", 1, 8},
          {"end", run_a, VERB_STOP, "ok", 2, 8},
          {"begin", run_b, VERB_START, "", 3, 9},
          {"end", run_b, VERB_START, "ok", 4, 9}},
         true,
         false,
         run_b,
         "",
         VERB_START,
         3,
         4,
         9},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        write_records("mc", rows[i].records, COUNT(rows[i].records));
        struct last_run last = peeked("mc");
        ROW(i, last.any == rows[i].any && last.open == rows[i].open);
        ROW_TEXT(i, last.run.id, rows[i].run);
        ROW_TEXT(i, last.run.step, rows[i].step);
        ROW(i, last.verb == rows[i].verb && last.run.started_at == rows[i].started_at);
        ROW(i, last.at == rows[i].at && last.facts.droplet_id == rows[i].droplet_id);
        ROW_TEXT(i, last.run.server, rows[i].any ? "mc" : "");
        struct journal *j = opened("mc");
        ROW(i, memcmp(journal_last(j), &last, sizeof last) == 0);
        journal_close(j);
    }
}

static void test_every_verb_comes_back(void **state)
{
    (void)state;
    for (int v = VERB_CREATE; v <= VERB_PRUNE; v++) {
        struct record r = {"begin", run_a, (enum verb)v, "", 1, 1};
        write_records("verbs", &r, 1);
        struct last_run last = peeked("verbs");
        ROW(v, last.any && last.open && last.verb == (enum verb)v);
        ROW_TEXT(v, last.run.verb, verb_name((enum verb)v));
    }
}

/* Cut after every byte: what is left is what the whole lines say, and the next record is kept. */
static void test_torn_last_line(void **state)
{
    write_records("torn", evening, COUNT(evening));
    struct str whole = content("torn");
    size_t lines = 0;
    (void)state;
    for (size_t len = 0; len <= whole.len; len++) {
        put("torn", whole.p, len);
        /* A line that lacks but its newline is whole. */
        size_t sound = lines + (whole.p[len] == '\n');
        struct last_run last = peeked("torn");
        if (last.any != (sound > 0))
            fail_msg("cut at %zu", len);
        if (last.any) {
            assert_is_evening(&last);
            assert_int_equal(last.at, evening[sound - 1].at);
            assert_string_equal(last.run.step, evening[sound - 1].what);
        }
        struct journal *j = opened("torn");
        add(j, &(struct record){"begin", run_b, VERB_DESTROY, "", 900, 55});
        add(j, &(struct record){"intent", run_b, VERB_DESTROY, "destroy", 901, 55});
        journal_close(j);
        last = peeked("torn");
        if (!last.any || strcmp(last.run.id, run_b) != 0 || last.at != 901 ||
            last.facts.droplet_id != 55)
            fail_msg("cut at %zu: what was added is lost", len);
        if (len < whole.len && whole.p[len] == '\n')
            lines++;
    }
    str_release(&whole);
}

/* One byte changed, anywhere: never a crash, never a record that was not written. */
static void test_damaged_byte(void **state)
{
    write_records("damaged", evening, COUNT(evening));
    struct str whole = content("damaged");
    static const char flips[] = {1, 0x20, (char)0x80};
    size_t first = (size_t)(strchr(whole.p, '\n') - whole.p);
    (void)state;
    for (size_t at = 0; at < whole.len; at++) {
        for (size_t k = 0; k < COUNT(flips); k++) {
            whole.p[at] ^= flips[k];
            put("damaged", whole.p, whole.len);
            struct last_run last = peeked("damaged");
            whole.p[at] ^= flips[k];
            /* All hangs on the first line. */
            assert_int_equal(last.any, at > first);
            if (!last.any)
                continue;
            assert_is_evening(&last);
            assert_true(last.at >= 100 && last.at <= 103);
        }
    }
    str_release(&whole);
}

static void test_damaged_middle_line(void **state)
{
    write_records("mc", evening, COUNT(evening));
    struct str whole = content("mc");
    char *second = strchr(whole.p, '\n') + 1;
    (void)state;
    memcpy(second, "0123456789abcdef", 16);
    put("mc", whole.p, whole.len);
    struct last_run last = peeked("mc");
    assert_is_evening(&last);
    assert_int_equal(last.at, 103);
    assert_string_equal(last.run.step, "snapshot");
    str_release(&whole);
}

/* A line with the right checksum. */
static char *summed(const char *json)
{
    return xasprintf("%016llx %s\n", (unsigned long long)hash_fnv64(json, strlen(json)), json);
}

static void test_what_is_not_ours_is_not_believed(void **state)
{
    static const char *const jsons[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"ev\":\"begin\"}",
        "{\"ev\":\"begin\",\"run\":\"x\",\"server\":\"mc\"}",
        "{\"ev\":\"begin\",\"run\":\"x\",\"verb\":\"dance\",\"server\":\"mc\"}",
        "{\"ev\":\"begin\",\"run\":\"\",\"verb\":\"stop\",\"server\":\"mc\"}",
        "{\"ev\":\"begin\",\"run\":5,\"verb\":\"stop\",\"server\":\"mc\"}",
        "{\"ev\":5,\"run\":\"x\",\"verb\":\"stop\",\"server\":\"mc\"}",
        /* a journal that was copied, or two names that one file system takes for the same */
        "{\"ev\":\"begin\",\"run\":\"x\",\"verb\":\"stop\",\"server\":\"mc2\",\"at\":5,"
        "\"facts\":{\"droplet_id\":666}}",
        "{\"ev\":\"begin\",\"run\":\"x\",\"verb\":\"stop\",\"server\":\"MC\",\"at\":5,"
        "\"facts\":{\"droplet_id\":666}}",
    };
    static const char *const texts[] = {
        "hello\n",
        "\n\n\n",
        "\r\n\r\n",
        "# a comment\n",
        "0123456789abcdef",
        "0123456789abcdef \n",
        "{\"ev\":\"begin\",\"run\":\"x\",\"verb\":\"stop\",\"server\":\"mc\"}\n",
        "0000000000000000 {\"ev\":\"begin\",\"run\":\"x\",\"verb\":\"stop\",\"server\":\"mc\"}\n",
    };
    (void)state;
    write_records("mc", evening, COUNT(evening));
    struct str good = content("mc");
    for (size_t i = 0; i < COUNT(jsons) + COUNT(texts); i++) {
        char *bad = i < COUNT(jsons) ? summed(jsons[i]) : xstrdup(texts[i - COUNT(jsons)]);
        put("mc", bad, strlen(bad));
        struct last_run last = peeked("mc");
        ROW(i, !last.any);
        char *both = xasprintf("%s%s%s", str_text(&good), bad, "");
        put("mc", both, strlen(both));
        last = peeked("mc");
        ROW(i, last.any && strcmp(last.run.id, run_a) == 0 && last.facts.droplet_id == 7);
        free(both);
        free(bad);
    }
    str_release(&good);
}

static void test_odd_bytes(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        char bytes[2000];
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = (char)unit_random();
            if (unit_random() % 50 == 0)
                bytes[i] = '\n';
        }
        put("odd", bytes, sizeof bytes);
        struct last_run last = peeked("odd");
        assert_false(last.any);
    }
}

static void test_absent_and_unreadable(void **state)
{
    struct err e = {0};
    struct last_run last;
    struct journal *j = NULL;
    (void)state;
    last = peeked("never-was");
    assert_false(last.any);
    assert_false(os_exists(in_dir("never-was.journal")));
    OK(os_mkdirs(in_dir("a-folder.journal"), &e), e);
    assert_false(journal_peek(unit_dir, "a-folder", &last, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_false(journal_open(unit_dir, "a-folder", &j, &e));
    e = (struct err){0};
    assert_false(journal_open(in_dir("no/folder"), "mc", &j, &e));
    assert_int_equal(e.code, ERR_IO);
    journal_close(NULL);
}

static void test_huge_file_is_unknown_not_empty(void **state)
{
    struct err e = {0};
    struct last_run last;
    struct journal *j = NULL;
    (void)state;
    char *path = file_of("huge");
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(ftruncate(fd, 9 << 20), 0);
    close(fd);
    assert_false(journal_peek(unit_dir, "huge", &last, &e));
    assert_int_equal(e.code, ERR_IO);
    assert_true(strlen(e.hint) > 0);
    assert_false(journal_open(unit_dir, "huge", &j, &e));
    free(path);
}

/* Many ended runs are dropped at the next opening; an open one never is. */
static void test_long_files_are_trimmed(void **state)
{
    (void)state;
    for (int open = 0; open < 2; open++) {
        struct str text = STR(1 << 22);
        write_records("long", evening, COUNT(evening));
        struct str one = content("long");
        while (text.len < 300 * 1024)
            str_addn(&text, one.p, one.len);
        put("long", text.p, text.len);
        struct journal *j = opened("long");
        if (!open)
            add(j, &(struct record){"end", run_a, VERB_STOP, "ok", 110, 7});
        journal_close(j);
        struct last_run before = peeked("long");
        j = opened("long");
        assert_true(journal_last(j)->any && journal_last(j)->open == open);
        journal_close(j);
        struct str after = content("long");
        assert_int_equal(after.len > 300 * 1024, open);
        assert_true(open || after.len < 2000);
        struct last_run last = peeked("long");
        assert_int_equal(last.open, open);
        assert_string_equal(last.run.id, run_a);
        assert_int_equal(last.run.started_at, 100);
        assert_int_equal(last.at, before.at);
        assert_memory_equal(&last.facts, &before.facts, sizeof last.facts);
        str_release(&text);
        str_release(&one);
        str_release(&after);
    }
}

static void limit_files(rlim_t bytes)
{
    struct rlimit r;
    getrlimit(RLIMIT_FSIZE, &r);
    r.rlim_cur = bytes < r.rlim_max ? bytes : r.rlim_max;
    setrlimit(RLIMIT_FSIZE, &r);
}

/* A record that could not be written whole is an error; the next stands on a line of its own. */
static void test_full_disk(void **state)
{
    struct facts f = {.droplet_id = 7};
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t fits = 0; fits < 120; fits += 17) {
        struct err e = {0};
        write_records("full", evening, 1);
        struct str one = content("full");
        struct journal *j = opened("full");
        limit_files(one.len + fits);
        bool ok = journal_add(j, "intent", run_a, VERB_STOP, "snapshot", 101, &f, &e);
        limit_files(RLIM_INFINITY);
        assert_false(ok);
        assert_int_equal(e.code, ERR_IO);
        assert_non_null(strstr(e.hint, "dogs resume full"));
        assert_string_equal(peeked("full").run.step, "");
        add(j, &evening[2]);
        journal_close(j);
        struct last_run last = peeked("full");
        assert_is_evening(&last);
        assert_int_equal(last.at, 102);
        assert_string_equal(last.run.step, "shutdown");
        str_release(&one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_fact_comes_back),
        cmocka_unit_test(test_great_numbers_come_back),
        cmocka_unit_test(test_which_run_is_the_last),
        cmocka_unit_test(test_every_verb_comes_back),
        cmocka_unit_test(test_torn_last_line),
        cmocka_unit_test(test_damaged_byte),
        cmocka_unit_test(test_damaged_middle_line),
        cmocka_unit_test(test_what_is_not_ours_is_not_believed),
        cmocka_unit_test(test_odd_bytes),
        cmocka_unit_test(test_absent_and_unreadable),
        cmocka_unit_test(test_huge_file_is_unknown_not_empty),
        cmocka_unit_test(test_long_files_are_trimmed),
        cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
