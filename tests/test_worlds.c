#include "../src/core/worlds.h"
#include "unit.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_names(void **state)
{
    static const struct {
        const char *name, *server;
        bool ok, proof;
        int64_t at, size;
    } rows[] = {
        {"mc-1790000000.tar.zst", "mc", true, false, 1790000000, -1},
        {"mc-1790000000.tar.gz", "mc", true, false, 1790000000, -1},
        {"mc-0.tar.gz", "mc", true, false, 0, -1},
        {"mc-modded-5.tar.gz", "mc-modded", true, false, 5, -1},
        {"mc-5.tar.gz.12." SHA ".proof", "mc", true, true, 5, 12},
        {"mc-5.tar.zst.0." SHA ".proof", "mc", true, true, 5, 0},
        {"mc-modded-5.tar.gz", "mc", false, false, 0, 0},
        {"mc2-5.tar.gz", "mc", false, false, 0, 0},
        {"mc-5.tar.gz", "mc2", false, false, 0, 0},
        {"mc-.tar.gz", "mc", false, false, 0, 0},
        {"mc--5.tar.gz", "mc", false, false, 0, 0},
        {"mc-05.tar.gz", "mc", false, false, 0, 0},
        {"mc- 5.tar.gz", "mc", false, false, 0, 0},
        {"mc-99999999999999999999.tar.gz", "mc", false, false, 0, 0},
        {"mc-5", "mc", false, false, 0, 0},
        {"mc-5.tar", "mc", false, false, 0, 0},
        {"mc-5.tar.xz", "mc", false, false, 0, 0},
        {"mc-5.tar.gz2", "mc", false, false, 0, 0},
        {"mc-5.tar.gz/a", "mc", false, false, 0, 0},
        {"../mc-5.tar.gz", "mc", false, false, 0, 0},
        {"mc-5.tar.gz.proof", "mc", false, false, 0, 0},
        {"mc-5.tar.gz.12.proof", "mc", false, false, 0, 0},
        {"mc-5.tar.gz.-1." SHA ".proof", "mc", false, false, 0, 0},
        {"mc-5.tar.gz.12." SHA "0.proof", "mc", false, false, 0, 0},
        {"mc-5.tar.gz.12." SHA, "mc", false, false, 0, 0},
        {"mc-5.tar.gz.12." SHA ".proof.old", "mc", false, false, 0, 0},
        {"", "mc", false, false, 0, 0},
        {"mc", "mc", false, false, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world_view w;
        bool proof;
        bool ok = world_name_read(rows[i].name, rows[i].server, &w, &proof);
        ROW(i, ok == rows[i].ok);
        if (!ok)
            continue;
        ROW(i, proof == rows[i].proof && w.at == rows[i].at && w.size == rows[i].size);
        ROW(i, strncmp(rows[i].name, w.name, strlen(w.name)) == 0);
        ROW_TEXT(i, w.sha256, proof ? SHA : "");
    }
}

/* 'p' proved, 'u' not; each a day older than the one before it, the first a day old. The answer:
 * 'x' where it goes. */
static void test_retention(void **state)
{
    static const struct {
        const char *worlds;
        int keep, days;
        const char *should;
    } rows[] = {
        {"", 2, 0, ""},           {"p", 1, 0, "."},       {"p", 0, 0, "."},
        {"ppp", 0, 0, ".xx"},     {"pppp", 2, 0, "..xx"}, {"pppp", 9, 0, "...."},
        {"pppp", 1, 3, "..xx"},   {"pppp", 3, 2, "...x"}, {"pppp", 1, 1000, "...."},
        {"upp", 1, 0, "..x"},     {"upup", 1, 0, "...x"}, {"uuuu", 1, 0, "...."},
        {"upuup", 2, 0, "....."}, {"ppp", 1, -5, ".xx"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world_view worlds[8] = {0};
        char is[9] = "";
        size_t n = strlen(rows[i].worlds);
        int64_t now = 1790000000;
        for (size_t k = 0; k < n; k++) {
            worlds[k].proved = rows[i].worlds[k] == 'p';
            worlds[k].at = now - (int64_t)(k + 1) * 86400;
        }
        world_retention(worlds, n, rows[i].keep, rows[i].days, now);
        for (size_t k = 0; k < n; k++)
            is[k] = worlds[k].prunable ? 'x' : '.';
        ROW_TEXT(i, is, rows[i].should);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_retention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
