#include "../src/core/fuse.h"
#include "unit.h"

/* An evening that may end: the game stopped at 1000, the snapshot ran from 1003 to 1100. */
static const struct fuse_facts good_facts = {
    .droplet_id = 7,
    .boot = "boot-a",
    .quiet_at = 1000,
    .quiet_until = 1101,
    .snapshot_name = "mc-1002",
    .action_id = 50,
    .action_started = 1003,
    .action_ended = 1100,
    .snapshot_id = 90,
    .last_snapshot_mb = 6000,
    .proved = true,
};
static const struct snapshot good_snapshot = {
    .id = 90,
    .name = "mc-1002",
    .created_at = 1003,
    .droplet_id = 7,
    .min_disk_gb = 50,
    .size_mb = 6200,
    .regions = " fra1 ",
    .tags = " dogs:mc ",
};
static const struct droplet good_droplet = {
    .id = 7,
    .status = DROPLET_ACTIVE,
    .region = "fra1",
    .disk_gb = 50,
    .tags = " dogs dogs:mc ",
};
static const struct action good_actions[] = {
    {.id = 50,
     .status = ACTION_COMPLETED,
     .type = "snapshot",
     .started_at = 1003,
     .completed_at = 1100},
    {.id = 40, .status = ACTION_COMPLETED, .type = "create", .started_at = 10, .completed_at = 60},
};

/* All of it, to be spoilt in one place. */
struct evening {
    struct fuse_facts f;
    struct snapshot s;
    struct droplet d;
    struct action actions[3];
    struct fuse_sight see;
};

static void begin(struct evening *v)
{
    *v = (struct evening){.f = good_facts, .s = good_snapshot, .d = good_droplet};
    memcpy(v->actions, good_actions, sizeof good_actions);
    v->see = (struct fuse_sight){.own_id = 7,
                                 .boot = "boot-a",
                                 .stopped = true,
                                 .snapshot = &v->s,
                                 .actions = v->actions,
                                 .n_actions = COUNT(good_actions),
                                 .droplet = &v->d};
}

/* One more action, the newest. */
static void act(struct evening *v, const char *type, enum action_status status, int64_t at)
{
    memmove(v->actions + 1, v->actions, 2 * sizeof *v->actions);
    v->actions[0] = (struct action){.id = 60, .status = status, .started_at = at};
    str_copy(v->actions[0].type, sizeof v->actions[0].type, type);
    v->see.n_actions = 3;
}

#define SPOIL(name, statement)                                                                     \
    static void name(struct evening *v)                                                            \
    {                                                                                              \
        statement;                                                                                 \
    }
SPOIL(nothing, (void)v)
SPOIL(never_quiet, v->f.quiet_at = 0)
SPOIL(quiet_late, v->f.quiet_at = 1004)
SPOIL(quiet_same_second, v->f.quiet_at = 1003)
SPOIL(quiet_just_before, v->f.quiet_at = 1002)
SPOIL(made_in_quiet_second, (v->f.quiet_at = 1002, v->s.created_at = 1002))
SPOIL(no_action, v->f.action_id = 0)
SPOIL(no_start, v->f.action_started = 0)
SPOIL(unfinished, v->f.action_ended = 0)
SPOIL(not_seen_after, v->f.quiet_until = 1099)
SPOIL(seen_at_the_end, v->f.quiet_until = 1100)
SPOIL(no_name, v->f.snapshot_name[0] = '\0')
SPOIL(other_name, str_copy(v->s.name, sizeof v->s.name, "mc-1003"))
SPOIL(other_series, (str_copy(v->s.name, sizeof v->s.name, "mc2-1002"),
                     str_copy(v->f.snapshot_name, CLOUD_TEXT, "mc2-1002")))
SPOIL(other_droplet, v->s.droplet_id = 8)
SPOIL(older, v->s.created_at = 1001)
SPOIL(second_before, v->s.created_at = 1002)
SPOIL(second_after, v->s.created_at = 1004)
SPOIL(newer, v->s.created_at = 1005)
SPOIL(no_size, v->s.size_mb = 0)
SPOIL(shrunk, v->s.size_mb = 1499)
SPOIL(just_not_shrunk, v->s.size_mb = 1500)
SPOIL(first_ever, (v->f.last_snapshot_mb = 0, v->s.size_mb = 1))
SPOIL(other_region, str_copy(v->s.regions, CLOUD_TEXT, " ams3 "))
SPOIL(bigger_disk, v->s.min_disk_gb = 80)
SPOIL(live, str_copy(v->s.tags, CLOUD_TEXT, " dogs:mc dogs-live "))

static const struct {
    void (*spoil)(struct evening *v);
    const char *flaw; /* NULL: it is proved */
} flaws[] = {
    {nothing, NULL},
    {never_quiet, "the game was not seen stopped"},
    {quiet_late, "it was begun before the game had stopped"},
    {quiet_same_second, "it was begun before the game had stopped"},
    {quiet_just_before, NULL},
    {made_in_quiet_second, "it was begun before this run"},
    {no_action, "when it was begun is not known"},
    {no_start, "when it was begun is not known"},
    {unfinished, "it is not known to be complete"},
    {not_seen_after, "the game was not seen stopped to its end"},
    {seen_at_the_end, NULL},
    {no_name, "its name is not known"},
    {other_name, "it has another name"},
    {other_series, "its name is not of this server's series"},
    {other_droplet, "it is of another droplet"},
    {older, "it was begun before this run"},
    {second_before, NULL},
    {second_after, NULL},
    {newer, "another action made it"},
    {no_size, "its size is 0"},
    {shrunk, "it is far smaller than the last one"},
    {just_not_shrunk, NULL},
    {first_ever, NULL},
    {other_region, "it is not in the droplet's region"},
    {bigger_disk, "it wants a bigger disk than the droplet has"},
    {live, "it was taken while the machine was running"},
};

static void test_what_proves_a_snapshot(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(flaws); i++) {
        struct evening v;
        begin(&v);
        flaws[i].spoil(&v);
        const char *flaw = fuse_flaw(&v.f, "mc", &v.d, &v.s);
        ROW_TEXT(i, flaw ? flaw : "", flaws[i].flaw ? flaws[i].flaw : "");
    }
}

SPOIL(id_not_told, v->see.own_id = 0)
SPOIL(restored, v->see.own_id = 8)
SPOIL(rebooted, v->see.boot = "boot-b")
SPOIL(boot_not_told, (v->see.boot = "", v->f.boot[0] = '\0'))
SPOIL(runs_again, v->see.stopped = false)
SPOIL(not_proved, v->f.proved = false)
SPOIL(another_snapshot, v->s.id = 91)
SPOIL(no_snapshot, v->f.snapshot_id = v->s.id = 0)
SPOIL(untagged, str_copy(v->s.tags, CLOUD_TEXT, " dogs:mc2 "))
SPOIL(busy, act(v, "snapshot", ACTION_IN_PROGRESS, 1110))
SPOIL(shut_down, act(v, "shutdown", ACTION_COMPLETED, 1110))
SPOIL(power_cycled, act(v, "power_cycle", ACTION_COMPLETED, 1000))
SPOIL(loud_before, act(v, "power_cycle", ACTION_COMPLETED, 999))
SPOIL(loud_but_failed, act(v, "power_cycle", ACTION_ERRORED, 1110))
SPOIL(second_snapshot, act(v, "snapshot", ACTION_COMPLETED, 1110))
SPOIL(no_history, v->see.n_actions = 0)
SPOIL(history_cut_off, v->see.n_actions = 1)
SPOIL(droplet_not_ours, str_copy(v->d.tags, CLOUD_TEXT, " dogs dogs:mc2 "))
SPOIL(droplet_of_another_id, v->d.id = 8)
SPOIL(droplet_off, v->d.status = DROPLET_OFF)
SPOIL(status_unknown, v->d.status = DROPLET_UNKNOWN)
SPOIL(volumes, v->d.n_volumes = 1)

static void test_what_bars_the_delete(void **state)
{
    static const char *const not_here = "what was begun is not this machine's, or not in this boot";
    static const char *const none = "no proved snapshot is at hand";
    static const char *const touched = "something was done to the droplet since the game stopped";
    static const char *const not_ours = "the droplet does not carry the server's tag";
    static const char *const not_on = "the cloud does not say that it runs";
    const struct {
        void (*spoil)(struct evening *v);
        const char *bar; /* NULL: it may go */
    } rows[] = {
        {nothing, NULL},
        {id_not_told, not_here},
        {restored, not_here},
        {rebooted, not_here},
        {boot_not_told, not_here},
        {runs_again, "the game is not seen stopped"},
        {not_proved, none},
        {another_snapshot, none},
        {no_snapshot, none},
        {untagged, "its snapshot does not carry the server's tag"},
        {busy, "something is under way on the droplet"},
        {shut_down, touched},
        {power_cycled, touched},
        {loud_before, NULL},
        {loud_but_failed, NULL},
        {second_snapshot, NULL},
        {no_history, touched},
        {history_cut_off, touched},
        {droplet_not_ours, not_ours},
        {droplet_of_another_id, not_ours},
        {droplet_off, not_on},
        {status_unknown, not_on},
        {volumes, "volumes are attached, which no snapshot holds"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct evening v;
        begin(&v);
        rows[i].spoil(&v);
        const char *bar = fuse_bar(&v.f, "mc", &v.see);
        ROW_TEXT(i, bar ? bar : "", rows[i].bar ? rows[i].bar : "");
    }
    /* And whatever is wrong with the snapshot. */
    for (size_t i = 0; i < COUNT(flaws); i++) {
        struct evening v;
        begin(&v);
        flaws[i].spoil(&v);
        const char *bar = fuse_bar(&v.f, "mc", &v.see);
        ROW_TEXT(i, bar ? bar : "", flaws[i].flaw ? flaws[i].flaw : "");
    }
}

static void test_whose_journal_it_is(void **state)
{
    static const struct {
        int64_t droplet_id, own_id;
        const char *boot;
        enum fuse_place place;
    } rows[] = {
        {0, 7, "boot-a", FUSE_FRESH},    {0, 0, "", FUSE_FRESH},
        {7, 0, "boot-a", FUSE_UNKNOWN},  {7, 7, "", FUSE_UNKNOWN},
        {7, 7, "boot-a", FUSE_GOES_ON},  {7, 7, "boot-b", FUSE_REBOOTED},
        {7, 8, "boot-a", FUSE_RESTORED}, {7, 8, "boot-b", FUSE_RESTORED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct fuse_facts f = good_facts;
        f.droplet_id = rows[i].droplet_id;
        ROW(i, fuse_place(&f, rows[i].own_id, rows[i].boot) == rows[i].place);
    }
}

static void test_when_it_is_due(void **state)
{
    static const struct {
        enum idle_verdict verdict;
        int64_t checked_in;
        bool due;
    } rows[] = {
        {IDLE_EMPTY, 0, true},     {IDLE_MAX, 0, true},
        {IDLE_STAY, 0, false},     {IDLE_ALARM, 0, false},
        {IDLE_TRAFFIC, 0, false},  {IDLE_EMPTY, 4100, true},
        {IDLE_EMPTY, 4101, false}, {IDLE_MAX, 4101, false},
        {IDLE_EMPTY, 9000, false}, /* a clock that was set back: somebody was here all the same */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        ROW(i, fuse_due(rows[i].verdict, 5000, rows[i].checked_in, 900) == rows[i].due);
}

/* None that could delete a snapshot, make a droplet or change the account. */
static void test_its_token_may_little(void **state)
{
    (void)state;
    for (const struct fuse_scope *s = fuse_scopes; s->name; s++) {
        assert_true(s->why && *s->why);
        const char *verb = strchr(s->name, ':');
        assert_non_null(verb);
        bool deletes = strcmp(verb, ":delete") == 0;
        assert_true(!deletes || strcmp(s->name, "droplet:delete") == 0);
        assert_string_not_equal(s->name, "droplet:create");
        assert_true(strncmp(s->name, "account:", 8) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_proves_a_snapshot), cmocka_unit_test(test_what_bars_the_delete),
        cmocka_unit_test(test_whose_journal_it_is),    cmocka_unit_test(test_when_it_is_due),
        cmocka_unit_test(test_its_token_may_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
