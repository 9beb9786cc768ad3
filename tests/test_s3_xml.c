#include "../src/transfer/s3_xml.h"
#include "unit.h"

/* "way=text;" of all that was told. */
static bool note(void *ctx, const char *way, const char *text, struct err *e)
{
    (void)e;
    str_addf(ctx, "%s=%s;", way, text);
    return true;
}

static bool read_text(const char *text, struct str *seen, struct err *e)
{
    return s3_xml_read(text, strlen(text), note, seen, e);
}

static void test_what_is_told(void **state)
{
    static const struct {
        const char *xml, *told;
    } rows[] = {
        {"<a/>", "a=;"},
        {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a><b>x</b><b>y</b></a>", "a/b=x;a/b=y;a=;"},
        {" \r\n\t <?xml version=\"1.0\"?>\n \n<a>1</a>", "a=1;"},
        {"<s:a xmlns:s=\"http://s3.amazonaws.com/doc/2006-03-01/\"><s:b q=\"1\">x</s:b></s:a>",
         "a/b=x;a=;"},
        {"<a><b>&quot;e&amp;&lt;&gt;&apos;&#228;&#x1F600;</b></a>", "a/b=\"e&<>'ä😀;a=;"},
        {"<a><b><![CDATA[<&]]></b><!-- <c>n</c> --><?p q?></a>", "a/b=<&;a=;"},
        {"<a><b>one<c>two</c>three</b></a>", "a/b/c=two;a/b=onethree;a=;"},
        {"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe4</a>", "a=ä;"},
        {"<a><b><c><d><e><f><g><h>8</h></g></f></e></d></c></b></a>",
         "a/b/c/d/e/f/g/h=8;a/b/c/d/e/f/g=;a/b/c/d/e/f=;a/b/c/d/e=;a/b/c/d=;a/b/c=;a/b=;a=;"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str seen = STR(4096);
        struct err e = {0};
        if (!read_text(rows[i].xml, &seen, &e))
            fail_msg("row %zu: %s", i, e.text);
        ROW_TEXT(i, str_text(&seen), rows[i].told);
        str_release(&seen);
    }
}

static void test_what_is_refused(void **state)
{
    static const struct {
        const char *xml, *why;
    } rows[] = {
        {"", "no whole XML"},
        {"   ", "no whole XML"},
        {"{\"error\": \"no\"}", "no whole XML"},
        {"<html><p>oops</html>", "no whole XML"},
        {"<a><b>x</b>", "no whole XML"},
        {"<a/><a/>", "no whole XML"},
        {"<a>&nbsp;</a>", "no whole XML"},
        {"<a>\xc3\x28</a>", "no whole XML"},
        {"<a>&#0;</a>", "no whole XML"},
        {"<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>", "no whole XML"},
        {"<!DOCTYPE html><html/>", "document type"},
        {"<!DOCTYPE a [<!ENTITY x \"ha\"><!ENTITY y \"&x;&x;&x;\">]><a>&y;</a>", "document type"},
        {"<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>", "document type"},
        {"<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/a.dtd\"><a/>", "document type"},
        {"<a><b><c><d><e><f><g><h><i/></h></g></f></e></d></c></b></a>", "too deep"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str seen = STR(4096);
        struct err e = {0};
        ROW(i, !read_text(rows[i].xml, &seen, &e));
        ROW(i, e.code == ERR_PROTOCOL);
        ROW(i, strstr(e.text, rows[i].why));
        ROW(i, !strstr(str_text(&seen), "ha"));
        str_release(&seen);
    }
}

static void test_lengths(void **state)
{
    struct str xml = STR(S3_XML_ALL + 100), seen = STR(S3_XML_ALL);
    struct err e = {0};
    (void)state;
    for (int over = 0; over < 2; over++) {
        str_clear(&xml);
        str_add(&xml, "<a>");
        while (xml.len < 3 + S3_XML_TEXT + (size_t)over)
            str_add(&xml, "x");
        str_add(&xml, "</a>");
        ROW(over, read_text(str_text(&xml), &seen, &e) == !over);
    }
    assert_non_null(strstr(e.text, "text is too long"));
    str_clear(&xml);
    str_add(&xml, "<");
    while (xml.len < 300)
        str_add(&xml, "n");
    str_add(&xml, "/>");
    assert_false(read_text(str_text(&xml), &seen, &e));
    assert_non_null(strstr(e.text, "name is too long"));
    str_clear(&xml);
    str_add(&xml, "<a>");
    while (xml.len <= S3_XML_ALL)
        str_add(&xml, "<b/>");
    str_add(&xml, "</a>");
    assert_false(read_text(str_text(&xml), &seen, &e));
    assert_non_null(strstr(e.text, "it is too long"));
    str_release(&xml);
    str_release(&seen);
}

static bool stop(void *ctx, const char *way, const char *text, struct err *e)
{
    (void)way;
    (void)text;
    ++*(int *)ctx;
    return err_set(e, ERR_GUARD, "enough");
}

static void test_the_reader_may_stop(void **state)
{
    static const char xml[] = "<a><b/><b/><b/></a>";
    struct err e = {0};
    int told = 0;
    (void)state;
    assert_false(s3_xml_read(xml, strlen(xml), stop, &told, &e));
    assert_int_equal(told, 1);
    assert_int_equal(e.code, ERR_GUARD);
    assert_string_equal(e.text, "enough");
}

/* Whatever comes: no crash, no endless loop, and an error is PROTOCOL. */
static void test_damaged(void **state)
{
    static const char xml[] = "<?xml version=\"1.0\"?><L xmlns=\"http://x/\"><C><Key>a&amp;b</Key>"
                              "<Size>5</Size></C><T>true</T></L>";
    (void)state;
    for (size_t i = 0; i < 20000; i++) {
        char text[sizeof xml];
        struct str seen = STR(4096);
        struct err e = {0};
        memcpy(text, xml, sizeof xml);
        for (int n = 0; n < 3; n++)
            text[unit_random() % (sizeof xml - 1)] = (char)unit_random();
        size_t len = unit_random() % 4 ? sizeof xml - 1 : unit_random() % sizeof xml;
        if (!s3_xml_read(text, len, note, &seen, &e))
            ROW(i, e.code == ERR_PROTOCOL && e.text[0]);
        str_release(&seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_told), cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_lengths),      cmocka_unit_test(test_the_reader_may_stop),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
