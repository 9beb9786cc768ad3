#include "../src/transfer/record.h"
#include "unit.h"
#include <dogs/hash.h>
#include <dogs/os.h>

static const char key[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static void fill_get(struct record *r)
{
    *r = (struct record){0};
    memcpy(r->key, key, sizeof key);
    r->object.size = 1000;
    r->object.modified_ns = 1700000000000000000;
    str_copy(r->object.etag, sizeof r->object.etag, "\"a b c\"");
    str_copy(r->object.modified, sizeof r->object.modified, "Fri, 20 Nov 2026 18:00:23 GMT");
    spans_add(&r->spans, 0, 100);
    spans_add(&r->spans, 300, 1000);
    spans_add(&r->safe, 0, 50);
}

static void fill_put(struct record *r)
{
    *r = (struct record){.size = 5000, .mtime_ns = 77, .part_bytes = 1000};
    memcpy(r->key, key, sizeof key);
    r->upload = xstrdup("2~AbC/+= d");
    r->parts = xcalloc(2, sizeof *r->parts);
    r->n_parts = 2;
    r->parts[0].number = 1;
    r->parts[1].number = 5;
    str_copy(r->parts[0].etag, sizeof r->parts[0].etag, "\"11\"");
    str_copy(r->parts[1].etag, sizeof r->parts[1].etag, "\"55\"");
}

static void (*const fills[])(struct record *) = {fill_get, fill_put};

static void test_there_and_back(void **state)
{
    (void)state;
    struct record r, back;
    bool damaged;
    struct err e = {0};
    for (size_t i = 0; i < COUNT(fills); i++) {
        fills[i](&r);
        OK(record_save(in_dir("r"), "boot", &r, &e), e);
        OK(record_save(in_dir("r"), "boot", &r, &e), e); /* in place of the first */
        assert_true(record_load(in_dir("r"), "boot", key, &back, &damaged));
        assert_false(damaged);
        assert_int_equal(back.object.size, r.object.size);
        assert_string_equal(back.object.etag, r.object.etag);
        assert_string_equal(back.object.modified, r.object.modified);
        assert_int_equal(back.spans.bytes, r.spans.bytes);
        assert_int_equal(back.safe.bytes, r.safe.bytes);
        assert_int_equal(back.size, r.size);
        assert_int_equal(back.mtime_ns, r.mtime_ns);
        assert_int_equal(back.n_parts, r.n_parts);
        for (size_t k = 0; k < r.n_parts; k++) {
            assert_int_equal(back.parts[k].number, r.parts[k].number);
            assert_string_equal(back.parts[k].etag, r.parts[k].etag);
        }
        if (r.upload)
            assert_string_equal(back.upload, r.upload);
        record_release(&back);
        record_release(&r);
    }
}

static void write_text(const char *text, size_t len)
{
    struct err e = {0};
    OK(os_replace_file(in_dir("r"), text, len, &e), e);
}

static void test_what_is_damaged_is_not_believed(void **state)
{
    (void)state;
    struct record r, back;
    struct err e = {0};
    bool damaged;
    for (size_t i = 0; i < COUNT(fills); i++) {
        struct str text = STR(100000);
        fills[i](&r);
        OK(record_save(in_dir("r"), "boot", &r, &e), e);
        OK(os_read_file(in_dir("r"), 100000, &text, &e), e);
        for (size_t at = 0; at < text.len; at++) {
            write_text(text.p, at);
            ROW(at, !record_load(in_dir("r"), "boot", key, &back, &damaged) && damaged);
            text.p[at] ^= 1;
            write_text(text.p, text.len);
            ROW(at, !record_load(in_dir("r"), "boot", key, &back, &damaged) && damaged);
            text.p[at] ^= 1;
        }
        str_release(&text);
        record_release(&r);
    }
    assert_false(record_load(in_dir("nothing"), "boot", key, &back, &damaged));
    assert_false(damaged);
}

static void test_another_address_is_foreign(void **state)
{
    (void)state;
    struct record r, back;
    struct err e = {0};
    bool damaged;
    char other[sizeof key];
    memcpy(other, key, sizeof key);
    other[5] = 'f';
    fill_get(&r);
    OK(record_save(in_dir("r"), "boot", &r, &e), e);
    assert_false(record_load(in_dir("r"), "boot", other, &back, &damaged));
    assert_true(damaged);
    record_release(&r);
}

/* With a right sum, as a program that means ill would write it. */
static void write_lines(const char *lines)
{
    char *text =
        xasprintf("%ssum %016llx\n", lines, (unsigned long long)hash_fnv64(lines, strlen(lines)));
    write_text(text, strlen(text));
    free(text);
}

static void test_after_a_new_start_only_what_was_synced(void **state)
{
    (void)state;
    struct record back;
    bool damaged;
    char *lines = xasprintf("dogs transfer record 1\nkey %s\nboot another\nremote 1000 0\netag "
                            "\"x\"\nmodified \nspan 0 900\nsafe 0 64\n",
                            key);
    write_lines(lines);
    assert_true(record_load(in_dir("r"), "boot", key, &back, &damaged));
    assert_int_equal(back.spans.bytes, 64);
    record_release(&back);
    free(lines);
}

static void test_lines_that_cannot_be(void **state)
{
    static const char *const rows[] = {
        "remote -1 0\n",
        "remote 10\n",
        "remote 100 0\nspan 50 101\n",
        "remote 100 0\nspan 60 50\n",
        "remote 100 0\nspan -5 50\n",
        "span 0 1\nremote 100 0\n",
        "local -5 0\n",
        "part 0\n",
        "upload x\nupload y\n",
        "have 0 \"e\"\n",
        "have 10001 \"e\"\n",
        "what is this\n",
        "\n",
        "remote 99999999999999999999 0\n",
    };
    (void)state;
    struct record back;
    bool damaged;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *lines = xasprintf("dogs transfer record 1\nkey %s\nboot boot\n%s", key, rows[i]);
        write_lines(lines);
        ROW(i, !record_load(in_dir("r"), "boot", key, &back, &damaged) && damaged);
        free(lines);
    }
}

static void test_names_beside(void **state)
{
    static const struct {
        const char *path, *part;
    } rows[] = {
        {"mc.tar", ".mc.tar.dogs-part"},
        {"a/b/mc.tar", "a/b/.mc.tar.dogs-part"},
        {"/x", "/.x.dogs-part"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *part = record_part_name(rows[i].path, "dogs-part");
        assert_string_equal(part, rows[i].part);
        free(part);
    }
    char a[256], b[256];
    memset(a, 'x', 255);
    a[255] = '\0';
    memcpy(b, a, 256);
    b[254] = 'y';
    char *one = record_part_name(a, "dogs-part"), *two = record_part_name(b, "dogs-part");
    assert_true(strlen(one) <= 255 && strcmp(one, two) != 0);
    free(one);
    free(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_what_is_damaged_is_not_believed),
        cmocka_unit_test(test_another_address_is_foreign),
        cmocka_unit_test(test_after_a_new_start_only_what_was_synced),
        cmocka_unit_test(test_lines_that_cannot_be),
        cmocka_unit_test(test_names_beside),
    };
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
