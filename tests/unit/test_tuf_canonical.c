/* link: tuf */
/* Canonical JSON: what is it, what becomes it, reading and writing it (SPEC 10.1). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/tuf/canonical.h"

/* From a copy of exactly this size, so that the sanitizer sees reads behind the end. */
static ota_err check(const char *text)
{
    size_t len = strlen(text);
    uint8_t *copy = malloc(len + 1);
    ota_err e;

    assert(copy != NULL);
    memcpy(copy, text, len);
    copy = realloc(copy, len == 0 ? 1 : len);
    assert(copy != NULL);
    e = canonical_check(copy, len);
    free(copy);
    return e;
}

static void what_is_canonical(void)
{
    static const char *const good[] = {
        "{}",
        "[]",
        "0",
        "-1",
        "\"\"",
        "true",
        "false",
        "null",
        "9007199254740991",
        "{\"a\":1,\"b\":[{},[],\"x\"]}",
        "{\"A\":1,\"B\":2,\"a\":3}",
        "[\"\\\"\\\\\"]",
        "{\"a\":{\"b\":1,\"c\":2},\"b\":{\"a\":1}}",
        "{\"\":1,\" \":2}",
        "{\"!\":1,\"\\\"\":2,\"#\":3}", /* by the byte meant, not by the backslash */
        "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"};
    static const char *const bad[] = {"",
                                      " ",
                                      "{",
                                      "}",
                                      "{]",
                                      "[}",
                                      "[1,]",
                                      "[,1]",
                                      "[1 ,2]",
                                      "{\"a\":1,}",
                                      "{\"a\"}",
                                      "{1:2}",
                                      "{\"a\":1 }",
                                      "{}{}",
                                      "{} ",
                                      "{}\n",
                                      "1.0",
                                      "1e3",
                                      "01",
                                      "-0",
                                      "-01",
                                      "-",
                                      "+1",
                                      "9007199254740992",
                                      "99999999999999999999",
                                      "nul",
                                      "truex",
                                      "True",
                                      "'a'",
                                      "\"a",
                                      "\"\\n\"",
                                      "\"\\u0041\"",
                                      "\"\\/\"",
                                      "\"a\nb\"",
                                      "\"\x7f\"",
                                      "\"\xc3\xa4\"",
                                      "\"\\",
                                      "\"\\\"",
                                      "{\"b\":1,\"a\":2}",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"\\\"\":1,\"!\":2}",
                                      "[1 2]",
                                      "{\"a\":1:2}"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert(check(good[i]) == OTA_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert(check(bad[i]) == OTA_E_FORMAT);
    assert(check("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]") == OTA_E_LIMIT);
}

/* in becomes want, or is refused with e. */
static void becomes(const char *in, ota_err e, const char *want)
{
    size_t len = strlen(in), n = 0;
    uint8_t *text = malloc(len + 1), *copy = malloc(len + 1);
    struct canonical_slot slot[8];

    assert(text != NULL && copy != NULL);
    memcpy(text, in, len);
    ota_err is = canonical_compact(text, len, text, &n);
    if (is == OTA_OK)
        is = canonical_sort(text, n, copy, slot, 8);
    assert(is == e);
    if (e == OTA_OK)
        assert(n == strlen(want) && memcmp(text, want, n) == 0);
    free(text);
    free(copy);
}

static void what_becomes_canonical(void)
{
    becomes(" { \"b\" : [ 1 , 10 , -2 ] , \"a\" : null } \r\n\t", OTA_OK,
            "{\"a\":null,\"b\":[1,10,-2]}");
    becomes("{\"c\":1,\"b\":{\"z\":[{\"y\":1,\"x\":2}],\"a\":0},\"a\":\"}{\"}", OTA_OK,
            "{\"a\":\"}{\",\"b\":{\"a\":0,\"z\":[{\"x\":2,\"y\":1}]},\"c\":1}");
    becomes("\"\\u0041\\/\\u0022\\u005C\\n\"", OTA_OK, "\"A/\\\"\\\\\n\"");
    becomes("{\"\\u0062\":1,\"a\":2}", OTA_OK, "{\"a\":2,\"b\":1}");
    becomes("{\"\\\"\":1,\"!\":2}", OTA_OK, "{\"!\":2,\"\\\"\":1}");
    becomes("{\"8\":0,\"7\":0,\"6\":0,\"5\":0,\"4\":0,\"3\":0,\"2\":0,\"1\":0}", OTA_OK,
            "{\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,\"8\":0}");
    becomes("{\"8\":0,\"7\":0,\"6\":0,\"5\":0,\"4\":0,\"3\":0,\"2\":0,\"1\":0,\"0\":0}",
            OTA_E_LIMIT, NULL);
    becomes("{\"a\":1,\"b\":2,\"a\":3}", OTA_E_FORMAT, NULL);
    becomes("{\"a\":1,\"\\u0061\":3}", OTA_E_FORMAT, NULL);
    becomes("[1.5]", OTA_E_FORMAT, NULL);
    becomes("[ -0]", OTA_E_FORMAT, NULL);
    becomes(" 10", OTA_OK, "10");
    becomes(" 01", OTA_E_FORMAT, NULL);
    becomes("\"\\u00e4\"", OTA_E_FORMAT, NULL);
    becomes("\"\\u000\"", OTA_E_FORMAT, NULL);
    becomes("\"\\x\"", OTA_E_FORMAT, NULL);
    becomes("\"\t\"", OTA_E_FORMAT, NULL);
    becomes("{} x", OTA_E_FORMAT, NULL);
}

static struct canonical of(const char *text)
{
    return (struct canonical){(const uint8_t *)text, strlen(text)};
}

static void reading(void)
{
    struct canonical v = of("{\"a\":[1,\"x:,]\",{}],\"b\\\"\":\"q\\\\\",\"c\":\"0aff\"}"), item,
                     in;
    struct canonical_walk w = canonical_walk(canonical_member(v, "a"));
    uint8_t bytes[2];
    uint64_t n = 7;
    char text[4];
    bool b;

    assert(canonical_count(v) == 3 && canonical_count(canonical_member(v, "a")) == 3);
    assert(canonical_next_item(&w, &item) && canonical_uint(item, 1, &n) == OTA_OK && n == 1);
    assert(canonical_uint(item, 0, &n) == OTA_E_LIMIT && n == 1);
    assert(canonical_next_item(&w, &item) && canonical_is(item, "x:,]"));
    assert(canonical_uint(item, 9, &n) == OTA_E_FORMAT);
    assert(canonical_next_item(&w, &item) && canonical_is_object(item));
    assert(!canonical_next_item(&w, &item));
    assert(canonical_member(v, "d").len == 0 && canonical_member(item, "a").len == 0);
    assert(canonical_member(of("[\"a\",1]"), "a").len == 0);
    item = canonical_member_of(v, of("b\\\""));
    assert(canonical_is(item, "q\\") && !canonical_is(item, "q") &&
           !canonical_is(item, "q\\q"));
    assert(canonical_text(item, text, 3) == OTA_OK && strcmp(text, "q\\") == 0);
    assert(canonical_text(item, text, 2) == OTA_E_LIMIT);
    assert(canonical_string(item, &in) && in.len == 3);
    item = canonical_member(v, "c");
    assert(canonical_hex(item, bytes, 2) == OTA_OK && bytes[0] == 0x0a && bytes[1] == 0xff);
    assert(canonical_hex(item, bytes, 1) == OTA_E_FORMAT);
    assert(canonical_hex(of("\"0AFF\""), bytes, 2) == OTA_E_FORMAT);
    assert(canonical_bool(of("true"), &b) == OTA_OK && b);
    assert(canonical_bool(of("1"), &b) == OTA_E_FORMAT);
    assert(canonical_uint(of("-1"), 9, &n) == OTA_E_FORMAT);
    assert(canonical_compare(of("a"), of("ab")) < 0 &&
           canonical_compare(of("b"), of("ab")) > 0);
}

static void write_one(struct canonical_out *o, uint8_t *buf, size_t size)
{
    canonical_begin(o, buf, size);
    canonical_open(o, '{');
    canonical_name(o, "a");
    canonical_open(o, '[');
    canonical_put_uint(o, 0);
    canonical_put_uint(o, CANONICAL_UINT_MAX);
    canonical_put_bool(o, true);
    canonical_put_bool(o, false);
    canonical_close(o, ']');
    canonical_name(o, "b\"");
    canonical_put_text(o, "\\");
    canonical_name(o, "c");
    canonical_put_hex(o, (const uint8_t *)"\x0a\xff", 2);
    canonical_name(o, "d");
    canonical_put(o, of("{\"x\":1}"));
    canonical_close(o, '}');
}

static void writing(void)
{
    static const char want[] = "{\"a\":[0,9007199254740991,true,false],\"b\\\"\":\"\\\\\","
                               "\"c\":\"0aff\",\"d\":{\"x\":1}}";
    uint8_t buf[sizeof want];
    struct canonical_out o;
    struct canonical v;

    write_one(&o, buf, sizeof want - 1);
    assert(canonical_end(&o, &v) == OTA_OK && canonical_same(v, of(want)));
    for (size_t size = 0; size < sizeof want - 1; size++) {
        write_one(&o, buf, size);
        assert(canonical_end(&o, &v) == OTA_E_LIMIT);
    }
    canonical_begin(&o, buf, sizeof buf);
    canonical_open(&o, '{');
    canonical_name(&o, "b");
    canonical_put_uint(&o, 1);
    canonical_name(&o, "a");
    canonical_put_uint(&o, 1);
    canonical_close(&o, '}');
    assert(canonical_end(&o, &v) == OTA_E_FORMAT);
    canonical_begin(&o, buf, sizeof buf);
    canonical_put_text(&o, "\n");
    assert(canonical_end(&o, &v) == OTA_E_FORMAT);
}

int main(void)
{
    what_is_canonical();
    what_becomes_canonical();
    reading();
    writing();
    return 0;
}
