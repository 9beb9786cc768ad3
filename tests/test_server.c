#include "../src/core/server.h"
#include "fake_api.h"

static const char long63[] = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-12345678x";
static const char long64[] = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-123456789x";

static void test_whose_name_it_is(void **state)
{
    static const struct {
        const char *snapshot, *server; /* NULL = nobody's */
        enum snapshot_kind kind;
    } rows[] = {
        {"mc-1700000000", "mc", SNAPSHOT_SERIES},
        {"mc-0", "mc", SNAPSHOT_SERIES},
        {"mc2-1700000000", "mc2", SNAPSHOT_SERIES},
        {"mc-modded-1700000000", "mc-modded", SNAPSHOT_SERIES},
        {"MC-1700000000", "MC", SNAPSHOT_SERIES},
        {"mc-base", "mc", SNAPSHOT_BASE},
        {"mc-modded-base", "mc-modded", SNAPSHOT_BASE},
        {"mc-base-base", "mc-base", SNAPSHOT_BASE},
        {"mc-base-1700000000", "mc-base", SNAPSHOT_SERIES},
        {"mc-1700000000-1", "mc-1700000000", SNAPSHOT_SERIES},
        {"mc-1700000000-base", "mc-1700000000", SNAPSHOT_BASE},
        {"12345-1700000000", "12345", SNAPSHOT_SERIES},
        {"mc--5", "mc-", SNAPSHOT_SERIES},
        {"\xC3\xA9-5", "\xC3\xA9", SNAPSHOT_SERIES},
        {"mc-99999999999999999999999999999", "mc", SNAPSHOT_SERIES},
        {"mc", NULL, 0},
        {"mc-", NULL, 0},
        {"-5", NULL, 0},
        {"-base", NULL, 0},
        {"-", NULL, 0},
        {"", NULL, 0},
        {"base", NULL, 0},
        {"1700000000", NULL, 0},
        {"mc1700000000", NULL, 0},
        {"mc-1700000000a", NULL, 0},
        {"mc-x1700000000", NULL, 0},
        {"mc- 1700000000", NULL, 0},
        {"mc-1700000000 ", NULL, 0},
        {"mc-+5", NULL, 0},
        {"mc-Base", NULL, 0},
        {"mc-bases", NULL, 0},
        {"mc_1700000000", NULL, 0},
        {"mc-before-update", NULL, 0},
        {"mc-\xD9\xA1", NULL, 0},
        {"mc\xE2\x80\x91"
         "5",
         NULL, 0},
    };
    static const char *const servers[] = {
        "mc", "mc2",           "mc-modded", "MC",       "mc-base", "m",   "mc-",
        "",   "mc-1700000000", "12345",     "\xC3\xA9", "base",    "mc-1"};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char server[CLOUD_TEXT] = "";
        ROW(i, server_of_name(rows[i].snapshot, server, sizeof server) == (rows[i].server != NULL));
        ROW_TEXT(i, server, rows[i].server ? rows[i].server : "");
        for (size_t k = 0; k < COUNT(servers); k++) {
            enum snapshot_kind kind = 77;
            bool should = rows[i].server && strcmp(rows[i].server, servers[k]) == 0;
            ROW(i, server_owns_name(servers[k], rows[i].snapshot, &kind) == should);
            ROW(i, kind == (should ? rows[i].kind : 77));
        }
    }
}

static void test_long_names(void **state)
{
    char name[CLOUD_TEXT], server[CLOUD_TEXT] = "";
    enum snapshot_kind kind;
    (void)state;
    snprintf(name, sizeof name, "%s-1700000000", long64);
    assert_int_equal(strlen(long64), 64);
    assert_true(server_of_name(name, server, sizeof server));
    assert_string_equal(server, long64);
    assert_true(server_owns_name(long64, name, &kind));
    assert_false(server_owns_name(long63, name, &kind));
    assert_false(server_of_name(name, server, 64));
    assert_true(server_of_name(name, server, 65));
}

/* --- what of an account is whose: said as "droplets | untagged | series | base" by id --- */

struct thing {
    int64_t id;
    const char *name, *tags; /* tags as JSON */
    int64_t at;              /* snapshots only: seconds after noon; 0 = this is a droplet */
};
enum { THINGS = 10 };

static void add_thing(struct str *droplets, struct str *snapshots, const struct thing *t)
{
    if (t->at)
        str_addf(snapshots,
                 "%s{\"id\":\"%lld\",\"name\":\"%s\",\"created_at\":\"2026-11-20T12:%02d:%02dZ\","
                 "\"resource_id\":\"1\",\"size_gigabytes\":2.5,\"regions\":[\"fra1\"],\"tags\":%s}",
                 snapshots->len ? "," : "", (long long)t->id, t->name, (int)(t->at / 60),
                 (int)(t->at % 60), t->tags);
    else
        str_addf(droplets,
                 "%s{\"id\":%lld,\"name\":\"%s\",\"status\":\"active\",\"tags\":%s,"
                 "\"volume_ids\":[]}",
                 droplets->len ? "," : "", (long long)t->id, t->name, t->tags);
}

static void look_at(struct account_look *look, const struct thing *things, size_t n)
{
    struct str droplets = STR(1 << 20), snapshots = STR(1 << 20);
    struct fake_api api;
    struct err e = {0};
    size_t count[2] = {0, 0};
    for (size_t i = 0; i < n && things[i].id; i++) {
        add_thing(&droplets, &snapshots, &things[i]);
        count[things[i].at > 0]++;
    }
    char *one =
        xasprintf("{\"droplets\":[%s],\"meta\":{\"total\":%zu}}", str_text(&droplets), count[0]);
    char *two =
        xasprintf("{\"snapshots\":[%s],\"meta\":{\"total\":%zu}}", str_text(&snapshots), count[1]);
    struct answer script[] = {SAY(200, one), SAY(200, two)};
    api_start(&api);
    struct cloud *c = api_cloud(&api, NULL);
    api_script(&api, script, COUNT(script));
    OK(look_read(c, look, &e), e);
    assert_int_equal(api_count(&api), 2);
    assert_string_equal(api.asked[0].path, "/v2/droplets");
    assert_string_equal(api.asked[1].query, "page=1 per_page=200 type=droplet tag=");
    cloud_free(c);
    api_stop(&api);
    free(one);
    free(two);
    str_release(&droplets);
    str_release(&snapshots);
}

static char *picked(const struct account_look *look, const char *server)
{
    struct server_look s;
    struct str text = STR(10000);
    server_pick(look, server, &s);
    for (size_t i = 0; i < s.n_droplets; i++)
        str_addf(&text, "%lld ", (long long)s.droplets[i]->id);
    str_addf(&text, "| %lld", s.n_untagged == 1 ? (long long)s.untagged[0]->id : 0);
    str_addf(&text, s.n_untagged > 1 ? " of %zu | " : " | ", s.n_untagged);
    for (size_t i = 0; i < s.n_series; i++)
        str_addf(&text, "%lld ", (long long)s.series[i]->id);
    str_addf(&text, "| %lld", s.base ? (long long)s.base->id : 0);
    server_look_release(&s);
    return str_take(&text);
}

#define MC "[\"dogs\",\"dogs:mc\"]"
#define MC2 "[\"dogs\",\"dogs:mc2\"]"

static void test_pick(void **state)
{
    static const struct {
        struct thing things[THINGS];
        const char *mc, *mc2; /* what each has */
    } rows[] = {
        {{{0}}, "| 0 | | 0", "| 0 | | 0"},
        {{{1, "mc", MC, 0}}, "1 | 0 | | 0", "| 0 | | 0"},
        {{{1, "mc", "[]", 0}}, "| 1 | | 0", "| 0 | | 0"},
        {{{1, "mc", "null", 0}}, "| 1 | | 0", "| 0 | | 0"},
        {{{1, "mc", "[\"dogs\"]", 0}}, "| 1 | | 0", "| 0 | | 0"},
        {{{1, "mc", "[]", 0}, {2, "mc", "[\"games\"]", 0}, {3, "mc2", "[]", 0}},
         "| 0 of 2 | | 0",
         "| 3 | | 0"},
        {{{1, "mc", "[\"games\",\"xdogs:mc2\"]", 0}}, "| 1 | | 0", "| 0 | | 0"},
        /* the tag decides, not the name */
        {{{1, "mc", MC2, 0}}, "| 0 | | 0", "1 | 0 | | 0"},
        {{{1, "mc2", MC, 0}}, "1 | 0 | | 0", "| 0 | | 0"},
        {{{1, "renamed", MC, 0}}, "1 | 0 | | 0", "| 0 | | 0"},
        {{{1, "mc", "[\"dogs:mc\",\"dogs:mc2\"]", 0}}, "1 | 0 | | 0", "1 | 0 | | 0"},
        /* whole names, as they are written */
        {{{1, "MC", "[]", 0}, {2, "Mc", "[\"dogs:MC\"]", 0}}, "| 0 | | 0", "| 0 | | 0"},
        {{{1, "mc", "[\"dogs:MC\"]", 0}}, "| 0 | | 0", "| 0 | | 0"},
        {{{1, "mc-modded", "[]", 0}, {2, "x", "[\"dogs:mc-modded\"]", 0}},
         "| 0 | | 0",
         "| 0 | | 0"},
        {{{1, "m", "[]", 0}, {2, "", "[]", 0}, {3, "x", "[\"dogs:\"]", 0}},
         "| 0 | | 0",
         "| 0 | | 0"},
        /* several: the lowest id first */
        {{{9, "mc", MC, 0}, {5, "mc", MC, 0}, {7, "mc", "[]", 0}, {8, "mc2", MC2, 0}},
         "5 9 | 7 | | 0",
         "8 | 0 | | 0"},
        {{{5000000000, "mc", MC, 0}, {3000000000, "mc", MC, 0}},
         "3000000000 5000000000 | 0 | | 0",
         "| 0 | | 0"},
        /* snapshots: newest by the cloud's time, not by name or id */
        {{{11, "mc-1700000001", MC, 10}, {12, "mc-1700000002", MC, 30}, {13, "mc-9", MC, 20}},
         "| 0 | 12 13 11 | 0",
         "| 0 | | 0"},
        {{{11, "mc-1", MC, 10}, {12, "mc-2", MC, 10}}, "| 0 | 12 11 | 0", "| 0 | | 0"},
        /* untagged ones are seen; tagged for another they are nobody's */
        {{{11, "mc-1", "[]", 10}, {12, "mc-2", "null", 20}}, "| 0 | 12 11 | 0", "| 0 | | 0"},
        {{{11, "mc-1", MC2, 10}, {12, "mc2-1", MC, 20}}, "| 0 | | 0", "| 0 | | 0"},
        {{{11, "mc-1", "[\"dogs:mc2\",\"dogs:mc\"]", 10}}, "| 0 | 11 | 0", "| 0 | | 0"},
        {{{11, "mc-1", "[\"dogs:MC\"]", 10}, {12, "MC-1", "[]", 20}}, "| 0 | | 0", "| 0 | | 0"},
        {{{11, "mc-modded-1", "[]", 10}, {12, "mc-1-1", "[]", 20}, {13, "mc--1", "[]", 30}},
         "| 0 | | 0",
         "| 0 | | 0"},
        {{{11, "mc-1", MC, 10}, {12, "mc2-1", MC2, 20}, {13, "mc-base", "[]", 30}},
         "| 0 | 11 | 13",
         "| 0 | 12 | 0"},
        {{{11, "mc-base", MC2, 10}, {12, "mc2-base", MC2, 20}, {13, "mc-base-5", "[]", 30}},
         "| 0 | | 0",
         "| 0 | | 12"},
        {{{11, "mc", MC, 10}, {12, "mc-before-update", MC, 10}}, "| 0 | | 0", "| 0 | | 0"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct account_look look;
        look_at(&look, rows[i].things, THINGS);
        char *mc = picked(&look, "mc"), *mc2 = picked(&look, "mc2");
        ROW_TEXT(i, mc, rows[i].mc);
        ROW_TEXT(i, mc2, rows[i].mc2);
        free(mc);
        free(mc2);
        look_release(&look);
    }
}

static void note_server(void *ctx, const char *server)
{
    str_addf(ctx, "%s ", server);
}

static void test_servers_of_the_account(void **state)
{
    static const struct thing things[] = {
        {1, "mc", MC, 0},
        {2, "x", "[\"dogs:zomboid\",\"dogs:mc\"]", 0},
        {3, "valheim", "[]", 0},
        {11, "mc2-5", MC2, 10},
        {12, "mc-5", MC, 10},
        {13, "factorio-5", "[]", 10},
        {14, "lie-5", "[\"dogs:other\"]", 10},
    };
    struct account_look look;
    struct str text = STR(1000);
    (void)state;
    look_at(&look, things, COUNT(things));
    look_servers(&look, note_server, &text);
    assert_string_equal(str_text(&text), "mc mc2 zomboid ");
    str_release(&text);
    look_release(&look);
    look_release(&look);
}

/* What server_pick should find, said as plainly as can be: by looking at everything. */
static char *plainly_picked(const struct thing *things, size_t n, const char *server)
{
    char tag[80], prefix[80], base[80];
    struct str text = STR(10000);
    snprintf(tag, sizeof tag, "\"dogs:%s\"", server);
    snprintf(prefix, sizeof prefix, "%s-", server);
    snprintf(base, sizeof base, "%s-base", server);
    for (size_t i = 0; i < n; i++)
        if (!things[i].at && strstr(things[i].tags, tag))
            str_addf(&text, "%lld ", (long long)things[i].id);
    str_add(&text, "|");
    for (size_t i = n; i-- > 0;) {
        const struct thing *t = &things[i];
        size_t len = strlen(prefix);
        if (!t->at || !str_starts(t->name, prefix) || strcmp(t->name, base) == 0 ||
            t->name[len + strspn(t->name + len, "0123456789")] || !t->name[len])
            continue;
        if (strstr(t->tags, tag) || !strstr(t->tags, "dogs:"))
            str_addf(&text, " %lld", (long long)t->id);
    }
    return str_take(&text);
}

static void test_pick_among_many(void **state)
{
    static const char *const servers[] = {"mc", "mc2", "mc-modded", "m", "mc-base", "MC", "zz"};
    static const char *const tags[] = {"[]",
                                       MC,
                                       MC2,
                                       "[\"dogs:mc-modded\"]",
                                       "[\"dogs:m\"]",
                                       "[\"dogs:MC\"]",
                                       "[\"dogs\"]",
                                       "[\"dogs:mc\",\"dogs:m\"]"};
    static const char *const ends[] = {"", "-5", "-1700000000", "-5-6", "-x", "-", "5"};
    enum { MANY = 1500 };
    static struct thing things[MANY];
    static char names[MANY][64];
    struct account_look look;
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "%s%s", servers[unit_random() % COUNT(servers)],
                 ends[unit_random() % COUNT(ends)]);
        things[i] = (struct thing){.id = (int64_t)i + 1,
                                   .name = names[i],
                                   .tags = tags[unit_random() % COUNT(tags)],
                                   .at = i % 2 ? (int64_t)i + 1 : 0};
    }
    look_at(&look, things, MANY);
    for (size_t k = 0; k < COUNT(servers); k++) {
        struct server_look s;
        struct str text = STR(100000);
        server_pick(&look, servers[k], &s);
        for (size_t i = 0; i < s.n_droplets; i++)
            str_addf(&text, "%lld ", (long long)s.droplets[i]->id);
        str_add(&text, "|");
        for (size_t i = 0; i < s.n_series; i++)
            str_addf(&text, " %lld", (long long)s.series[i]->id);
        char *should = plainly_picked(things, MANY, servers[k]);
        ROW_TEXT(k, str_text(&text), should);
        free(should);
        str_release(&text);
        server_look_release(&s);
    }
    look_release(&look);
}

/* One list that fails: nothing is known, not even the other one. */
static void test_half_a_look_is_none(void **state)
{
    static const struct answer first[] = {SAY(403, "{\"message\":\"no\"}")};
    static const struct answer second[] = {SAY(200, "{\"droplets\":[],\"meta\":{\"total\":0}}"),
                                           SAY(403, "{\"message\":\"no\"}")};
    struct fake_api api;
    struct account_look look;
    (void)state;
    api_start(&api);
    struct cloud *c = api_cloud(&api, NULL);
    for (int i = 0; i < 2; i++) {
        struct err e = {0};
        i ? api_script(&api, second, 2) : api_script(&api, first, 1);
        assert_false(look_read(c, &look, &e));
        assert_int_equal(e.code, ERR_AUTH);
        assert_null(look.droplets);
        assert_null(look.index);
    }
    cloud_free(c);
    api_stop(&api);
}

/* --- retention. One letter per snapshot, newest first --- */

static const struct {
    char letter;
    int64_t size_mb;
    const char *tags;
} letters[] = {
    {'p', 2000, " dogs dogs:mc "},              /* proved */
    {'u', 2000, " dogs dogs:mc dogs-unclean "}, /* proved, unclean */
    {'-', 2000, ""},                            /* without our tag */
    {'x', 2000, " dogs-unclean "},
    {'0', 0, " dogs dogs:mc "}, /* empty */
    {'o', 2000, " dogs dogs:mc2 "},
};

static size_t make_series(const char *kinds, struct snapshot *s, const struct snapshot **series)
{
    size_t n = 0;
    for (; kinds[n]; n++) {
        size_t k = 0;
        while (letters[k].letter != kinds[n])
            k++;
        s[n] = (struct snapshot){.id = 1000 - (int64_t)n, .size_mb = letters[k].size_mb};
        str_copy(s[n].tags, sizeof s[n].tags, letters[k].tags);
        series[n] = &s[n];
    }
    return n;
}

enum { SERIES_MAX = 16 };

/* 'v' for each victim. */
static void retain(const char *kinds, int keep, bool adopt, char *out)
{
    struct snapshot s[SERIES_MAX];
    const struct snapshot *series[SERIES_MAX] = {0};
    bool victims[SERIES_MAX];
    size_t n = make_series(kinds, s, series), count = 0;
    size_t told = retention(series, n, "mc", keep, adopt, victims);
    for (size_t i = 0; i < n; i++) {
        out[i] = victims[i] ? 'v' : '.';
        count += victims[i];
    }
    out[n] = '\0';
    assert_int_equal(told, count);
}

static void test_retention(void **state)
{
    static const struct {
        const char *series;
        int keep;
        bool adopt;
        const char *victims;
    } rows[] = {
        {"", 2, false, ""},
        {"p", 1, false, "."},
        {"pppp", 1, false, ".vvv"},
        {"pppp", 2, false, "..vv"},
        {"pppp", 3, false, "...v"},
        {"pppp", 4, false, "...."},
        {"pppp", 100, false, "...."},
        {"pppp", 0, false, ".vvv"},
        {"pppp", -1, false, ".vvv"},
        {"pppp", INT32_MIN, false, ".vvv"},
        {"pppp", INT32_MAX, false, "...."},
        /* what is not proved is neither counted nor deleted */
        {"-ppp", 2, false, "...v"},
        {"p-p-p", 1, false, "..v.v"},
        {"-----", 1, false, "....."},
        {"0ppp", 1, false, "..vv"},
        {"p0p0p", 2, false, "....v"},
        {"00000", 1, false, "....."},
        {"oppo", 1, false, "..v."},
        {"ooo", 1, false, "..."},
        /* the newest clean one stays behind unclean ones */
        {"uppp", 1, false, "..vv"},
        {"uppp", 2, false, "..vv"},
        {"uuup", 1, false, ".vv."},
        {"uuupp", 2, false, "..v.v"},
        {"uuu", 1, false, ".vv"},
        {"pup", 1, false, ".vv"},
        {"u-pp", 1, false, "...v"},
        {"u0pp", 1, false, "...v"},
        {"uopp", 1, false, "...v"},
        {"xupp", 1, false, "...v"},
        {"-uup", 1, false, "..v."},
        /* adopted, untagged ones count as proved */
        {"----", 2, true, "..vv"},
        {"-ppp", 2, true, "..vv"},
        {"x--", 1, true, "..v"},
        {"p-p-p", 2, true, "..vvv"},
        {"p0-", 1, true, "..v"},
        {"000", 1, true, "..."},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char victims[SERIES_MAX + 1];
        retain(rows[i].series, rows[i].keep, rows[i].adopt, victims);
        ROW_TEXT(i, victims, rows[i].victims);
    }
}

static void check_promises(const char *kinds, int keep, bool adopt, const char *victims)
{
    int proved = 0, left = 0, wanted = keep > 0 ? keep : 1;
    bool seen_proved = false, seen_clean = false, bad = victims[0] == 'v';
    for (size_t i = 0; kinds[i]; i++) {
        bool clean = strchr("p-", kinds[i]) != NULL;
        /* With adopt, what is tagged for another would count: the picking leaves it out. */
        bool good = strchr(adopt ? "pu-x" : "pu", kinds[i]) != NULL;
        bool victim = victims[i] == 'v';
        bad = bad || (victim && !good) || (victim && !seen_proved);
        bad = bad || (victim && clean && !seen_clean) || (victim && left < wanted);
        proved += good;
        left += good && !victim;
        seen_proved = seen_proved || good;
        seen_clean = seen_clean || (good && clean && !victim);
    }
    if (bad || left < (proved < wanted ? proved : wanted))
        fail_msg("%s keep %d adopt %d: %s", kinds, keep, adopt, victims);
}

static void test_retention_promises(void **state)
{
    (void)state;
    for (int round = 0; round < 200000; round++) {
        char kinds[SERIES_MAX + 1], victims[SERIES_MAX + 1], more[SERIES_MAX + 1];
        char rest[SERIES_MAX + 1];
        size_t n = unit_random() % SERIES_MAX + 1, m = 0;
        int keep = (int)(unit_random() % 9) - 2;
        bool adopt = unit_random() % 4 == 0;
        for (size_t i = 0; i < n; i++)
            kinds[i] = letters[unit_random() % (COUNT(letters) - adopt)].letter;
        kinds[n] = '\0';
        retain(kinds, keep, adopt, victims);
        check_promises(kinds, keep, adopt, victims);
        /* Keeping more never deletes more. */
        retain(kinds, (keep > 0 ? keep : 1) + 1, adopt, more);
        for (size_t i = 0; i < n; i++)
            if (more[i] == 'v' && victims[i] != 'v')
                fail_msg("%s keep %d: %s, one more: %s", kinds, keep, victims, more);
        /* Done twice is done once. */
        for (size_t i = 0; i < n; i++)
            if (victims[i] != 'v')
                rest[m++] = kinds[i];
        rest[m] = '\0';
        retain(rest, keep, adopt, more);
        if (strchr(more, 'v'))
            fail_msg("%s keep %d: left %s, then %s", kinds, keep, rest, more);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whose_name_it_is),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_pick),
        cmocka_unit_test(test_servers_of_the_account),
        cmocka_unit_test(test_pick_among_many),
        cmocka_unit_test(test_half_a_look_is_none),
        cmocka_unit_test(test_retention),
        cmocka_unit_test(test_retention_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
