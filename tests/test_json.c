#include "unit.h"
#include <dogs/json.h>

static cJSON *parsed(const char *text)
{
    struct err e = {0};
    cJSON *root = json_parse(text, strlen(text), &e);
    if (!root)
        fail_msg("%s: %s", text, e.text);
    return root;
}

static const char document[] =
    "{\"droplet\":{\"id\":3000000000,\"sid\":\"3000000001\",\"name\":\"mc\",\"ok\":true,"
    "\"none\":null,\"price\":0.0074,\"half\":1.5,\"networks\":{\"v4\":[{\"ip\":\"1.2.3.4\"},"
    "{\"ip\":5}]}},\"list\":[[1,2],[3]],\"droplet.id\":7,\"Droplet\":{}}";

static void test_paths(void **state)
{
    static const struct {
        const char *path, *json; /* NULL = absent */
    } rows[] = {
        {"droplet.name", "\"mc\""},
        {"droplet.none", "null"},
        {"droplet.networks.v4[0].ip", "\"1.2.3.4\""},
        {"droplet.networks.v4[1]", "{\"ip\":5}"},
        {"list[0][1]", "2"},
        {"list[1]", "[3]"},
        {"list[2]", NULL},
        {"list[0][2]", NULL},
        {"list.name", NULL},
        {"droplet.name.deeper", NULL},
        {"droplet.name[0]", NULL},
        {"droplet.absent", NULL},
        {"droplet.networks.v4[7].ip", NULL},
        {"DROPLET.name", NULL},
        {"Droplet.name", NULL},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaaaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         NULL},
    };
    cJSON *root = parsed(document);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const cJSON *node = json_at(root, rows[i].path);
        ROW(i, (node == NULL) == (rows[i].json == NULL));
        char *text = node ? json_print(node) : xstrdup("");
        ROW_TEXT(i, text, rows[i].json ? rows[i].json : "");
        free(text);
    }
    assert_ptr_equal(json_at(root, ""), root);
    assert_null(json_at(NULL, "droplet"));
    cJSON_Delete(root);
}

static void test_getters_with_a_default(void **state)
{
    cJSON *root = parsed(document);
    (void)state;
    assert_string_equal(json_text(root, "droplet.name", "-"), "mc");
    static const char *const no_text[] = {"droplet.id", "droplet.none", "droplet.absent", "list"};
    for (size_t i = 0; i < COUNT(no_text); i++)
        ROW_TEXT(i, json_text(root, no_text[i], "-"), "-");
    assert_int_equal(json_int(root, "droplet.id", -1), 3000000000);
    assert_int_equal(json_int(root, "droplet.sid", -1), 3000000001);
    static const char *const no_int[] = {"droplet.name", "droplet.none", "droplet.half",
                                         "droplet.ok", "droplet.absent"};
    for (size_t i = 0; i < COUNT(no_int); i++)
        ROW(i, json_int(root, no_int[i], -7) == -7);
    assert_true(json_real(root, "droplet.price", 0) > 0.0073);
    assert_true(json_real(root, "droplet.name", 2.5) == 2.5);
    assert_true(json_bool(root, "droplet.ok", false));
    assert_true(json_bool(root, "droplet.none", true));
    assert_false(json_bool(root, "droplet.absent", false));
    cJSON_Delete(root);
}

static void test_demanded_fields_name_their_path(void **state)
{
    static const struct {
        char what; /* t, i, a */
        const char *path, *error;
    } rows[] = {
        {'t', "droplet.name", NULL},
        {'t', "droplet.id", "droplet.id: expected text, got a number"},
        {'t', "droplet.networks.v4[1].ip",
         "droplet.networks.v4[1].ip: expected text, got a number"},
        {'t', "droplet.none", "droplet.none: expected text, got null"},
        {'t', "droplet.absent", "droplet.absent: expected text, got nothing"},
        {'t', "droplet.ok", "droplet.ok: expected text, got true or false"},
        {'t', "list", "list: expected text, got a list"},
        {'t', "droplet", "droplet: expected text, got an object"},
        {'i', "droplet.id", NULL},
        {'i', "droplet.sid", NULL},
        {'i', "droplet.half",
         "droplet.half: expected a whole number that can be kept exactly, got a number"},
        {'i', "droplet.name",
         "droplet.name: expected a whole number that can be kept exactly, got text"},
        {'a', "list", NULL},
        {'a', "list[0]", NULL},
        {'a', "droplet", "droplet: expected a list, got an object"},
        {'a', "droplet.none", "droplet.none: expected a list, got null"},
    };
    cJSON *root = parsed(document);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        const char *text, *path = rows[i].path;
        const cJSON *list;
        int64_t n;
        bool ok = rows[i].what == 't'   ? json_need_text(root, path, &text, &e)
                  : rows[i].what == 'i' ? json_need_int(root, path, &n, &e)
                                        : json_need_array(root, path, &list, &e);
        ROW(i, ok == (rows[i].error == NULL));
        ROW_TEXT(i, e.text, rows[i].error ? rows[i].error : "");
        ROW(i, ok || e.code == ERR_PROTOCOL);
    }
    cJSON_Delete(root);
}

static void test_ids_are_exact_or_refused(void **state)
{
    static const struct {
        const char *json;
        bool ok;
        int64_t value;
    } rows[] = {
        {"0", true, 0},
        {"2147483648", true, 2147483648},
        {"-2147483649", true, -2147483649},
        {"9007199254740991", true, 9007199254740991},
        {"9007199254740993", false, 0},
        {"9007199254740994", false, 0},
        {"-9007199254740993", false, 0},
        {"9223372036854775807", false, 0},
        {"1e300", false, 0},
        {"1e999", false, 0},
        {"0.5", false, 0},
        {"\"9007199254740993\"", true, 9007199254740993},
        {"\"9223372036854775807\"", true, INT64_MAX},
        {"\"9223372036854775808\"", false, 0},
        {"\"12 \"", false, 0},
        {"\"\"", false, 0},
        {"\"1.0\"", false, 0},
        {"null", false, 0},
        {"true", false, 0},
        {"[1]", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"id\":%s}", rows[i].json);
        cJSON *root = parsed(text);
        struct err e = {0};
        int64_t v = 0;
        ROW(i, json_need_int(root, "id", &v, &e) == rows[i].ok);
        ROW(i, !rows[i].ok || v == rows[i].value);
        ROW(i, json_int(root, "id", -9) == (rows[i].ok ? rows[i].value : -9));
        cJSON_Delete(root);
    }
}

static void test_what_is_no_json(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool ok;
    } rows[] = {
#define B(text) text, sizeof(text) - 1
        {B("{}"), true},
        {B("  [1]\r\n\t "), true},
        {B("null"), true},
        {B("\"]]]\\\"[[[\""), true},
        {B(""), false},
        {B("   "), false},
        {B("{"), false},
        {B("{\"a\":1"), false},
        {B("{\"a\":1}x"), false},
        {B("{}{}"), false},
        {B("{}\0"), false},
        {B("{}\0{}"), false},
        {B("<html><body>502 Bad Gateway</body></html>"), false},
        {B("\"half"), false},
        {B("[1,]"), false},
        {B("]"), false},
        {B("]]]]]]]]]][[[[[[[[[["), false},
        {B("\xFF\xFE{}"), false},
        {B("nul"), false},
#undef B
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* A copy without a byte behind it, so that reading on is seen. */
        char *copy = xmalloc(rows[i].len);
        memcpy(copy, rows[i].bytes, rows[i].len);
        struct err e = {0};
        cJSON *root = json_parse(copy, rows[i].len, &e);
        ROW(i, (root != NULL) == rows[i].ok);
        ROW(i, rows[i].ok || e.code == ERR_PROTOCOL);
        cJSON_Delete(root);
        free(copy);
    }
}

static void test_depth_has_a_limit(void **state)
{
    static const struct {
        int depth;
        bool ok;
    } rows[] = {{JSON_MAX_DEPTH, true}, {JSON_MAX_DEPTH + 1, false}, {100000, false}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t depth = (size_t)rows[i].depth;
        char *text = xmalloc(depth * 2);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        struct err e = {0};
        cJSON *root = json_parse(text, depth * 2, &e);
        ROW(i, (root != NULL) == rows[i].ok);
        cJSON_Delete(root);
        free(text);
    }
}

static void test_numbers_are_written_exactly(void **state)
{
    static const struct {
        int64_t value;
        const char *json;
    } rows[] = {
        {0, "{\"id\":0}"},
        {9007199254740993, "{\"id\":9007199254740993}"},
        {INT64_MAX, "{\"id\":9223372036854775807}"},
        {INT64_MIN, "{\"id\":-9223372036854775808}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cJSON *o = cJSON_CreateObject();
        json_put_int(o, "id", rows[i].value);
        char *text = json_print(o);
        ROW_TEXT(i, text, rows[i].json);
        free(text);
        cJSON_Delete(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_getters_with_a_default),
        cmocka_unit_test(test_demanded_fields_name_their_path),
        cmocka_unit_test(test_ids_are_exact_or_refused),
        cmocka_unit_test(test_what_is_no_json),
        cmocka_unit_test(test_depth_has_a_limit),
        cmocka_unit_test(test_numbers_are_written_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
