/* link: otad_base */
#include "otad/json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct body {
    const char *name;
    const char *finished;
    struct json_int id;
    struct json_bool on;
    struct json_strings tags;
    struct json_map data;
    bool mode_there;
    struct json_strings grants;
};

static const struct json_field fields[] = {
    {.path = "name",
     .kind = FIELD_STRING,
     .required = true,
     .min = 1,
     .max = 10,
     .offset = offsetof(struct body, name)},
    {.path = "status.result.finished",
     .kind = FIELD_STRING,
     .offset = offsetof(struct body, finished)},
    {.path = "id",
     .kind = FIELD_INT,
     .min = 1,
     .max = 100,
     .offset = offsetof(struct body, id)},
    {.path = "on", .kind = FIELD_BOOL, .offset = offsetof(struct body, on)},
    {.path = "tags",
     .kind = FIELD_STRINGS,
     .max = 3,
     .item_max = 4,
     .offset = offsetof(struct body, tags)},
    {.path = "data",
     .kind = FIELD_MAP,
     .max = 4,
     .item_max = 8,
     .offset = offsetof(struct body, data)},
    {.path = "mode", .kind = FIELD_PRESENT, .offset = offsetof(struct body, mode_there)},
    {.path = "grants",
     .kind = FIELD_OBJECTS,
     .min = 1,
     .max = 2,
     .offset = offsetof(struct body, grants)},
};

static struct arena arena;
static struct json_fault fault;

static ota_err read_text(enum json_mode mode, const char *text, struct body *out)
{
    memset(out, 0, sizeof *out);
    memset(&fault, 0, sizeof fault);
    arena_done(&arena);
    arena_init(&arena, 1 << 20);
    return JSON_READ(&arena, text, strlen(text), mode, fields, out, &fault);
}

static void test_strict(void)
{
    struct body b;

    assert(read_text(JSON_STRICT,
                     "{\"name\":\"n\",\"status\":{\"result\":{\"finished\":\"none\"}},\"id\":7,"
                     "\"on\":false,\"tags\":[\"a\",\"b\"],\"data\":{\"k\":\"v\",\"gone\":null},"
                     "\"mode\":null}",
                     &b) == OTA_OK);
    assert(strcmp(b.name, "n") == 0 && strcmp(b.finished, "none") == 0);
    assert(b.id.present && b.id.value == 7 && b.on.present && !b.on.value);
    assert(b.tags.count == 2 && strcmp(b.tags.item[1], "b") == 0);
    assert(b.data.count == 2 && strcmp(b.data.pair[0].value, "v") == 0);
    assert(b.data.pair[1].value == NULL && strcmp(b.data.pair[1].name, "gone") == 0);
    assert(b.mode_there);
    assert(read_text(JSON_STRICT, "{\"name\":\"n\"}", &b) == OTA_OK);
    assert(!b.id.present && !b.on.present && !b.tags.present && b.finished == NULL);
}

static void test_strict_refusals(void)
{
    static const struct {
        const char *text, *pointer;
        ota_err err;
    } table[] = {
        {"{\"id\":7}", "/name", OTA_E_FORMAT},
        {"{\"name\":null}", "/name", OTA_E_FORMAT},
        {"{\"name\":\"\"}", "/name", OTA_E_FORMAT},
        {"{\"name\":\"01234567890\"}", "/name", OTA_E_LIMIT},
        {"{\"name\":5}", "/name", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"id\":\"7\"}", "/id", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"id\":0}", "/id", OTA_E_LIMIT},
        {"{\"name\":\"n\",\"id\":101}", "/id", OTA_E_LIMIT},
        {"{\"name\":\"n\",\"id\":1.0}", "/id", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"on\":1}", "/on", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"tags\":\"a\"}", "/tags", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"tags\":[1]}", "/tags", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"tags\":[\"a\",\"b\",\"c\",\"d\"]}", "/tags", OTA_E_LIMIT},
        {"{\"name\":\"n\",\"tags\":[\"abcde\"]}", "/tags", OTA_E_LIMIT},
        {"{\"name\":\"n\",\"data\":{\"k\":\"123456789\"}}", "/data", OTA_E_LIMIT},
        {"{\"name\":\"n\",\"data\":[]}", "/data", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"nme\":1}", "/nme", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"status\":{\"x\":1}}", "/status/x", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"status\":1}", "/status", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"status.result\":{}}", "/status/result", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"name\":\"m\"}", "/name", OTA_E_FORMAT},
        {"{\"name\":\"n\"} x", "", OTA_E_FORMAT},
        {"[]", "", OTA_E_FORMAT},
        {"", "", OTA_E_FORMAT},
        {"{\"name\":\"\xff\"}", "", OTA_E_FORMAT},
        {"{\"name\":\"a\\u0000b\"}", "", OTA_E_FORMAT},
        {"{\"name\":\"n\",\"id\":99999999999999999999}", "", OTA_E_FORMAT},
        {"{\"name\":\"n\"", "", OTA_E_FORMAT},
    };
    struct body b;

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        ota_err e = read_text(JSON_STRICT, table[i].text, &b);

        if (e != table[i].err || strcmp(fault.pointer, table[i].pointer) != 0)
            fprintf(stderr, "%s: %d '%s' %s\n", table[i].text, e, fault.pointer, fault.detail);
        assert(e == table[i].err);
        assert(strcmp(fault.pointer, table[i].pointer) == 0);
        assert(fault.detail != NULL);
    }
}

static void test_tolerant(void)
{
    struct body b;

    assert(read_text(JSON_TOLERANT,
                     "{\"name\":42,\"id\":\"7\",\"unknown\":{\"x\":[1]},\"tags\":\"one\","
                     "\"on\":\"yes\",\"data\":{\"a\":1,\"b\":true,\"c\":2.5,\"d\":null}}",
                     &b) == OTA_OK);
    assert(strcmp(b.name, "42") == 0 && b.id.value == 7);
    assert(b.tags.count == 1 && strcmp(b.tags.item[0], "one") == 0);
    assert(!b.on.present); /* not required and of a wrong kind: absent */
    assert(b.data.count == 4 && strcmp(b.data.pair[0].value, "1") == 0);
    assert(strcmp(b.data.pair[1].value, "true") == 0);
    assert(strcmp(b.data.pair[2].value, "2.5") == 0 && b.data.pair[3].value == NULL);
    assert(read_text(JSON_TOLERANT, "{\"name\":\"a\",\"name\":\"b\"}", &b) == OTA_OK);
    assert(strcmp(b.name, "b") == 0);
    assert(read_text(JSON_TOLERANT, "{\"name\":{}}", &b) == OTA_E_FORMAT);
    assert(read_text(JSON_TOLERANT, "{\"name\":\"a\",\"id\":\"7x\"}", &b) == OTA_OK);
    assert(!b.id.present);
    assert(read_text(JSON_TOLERANT, "{\"name\":\"a\",\"id\":101}", &b) == OTA_E_LIMIT);
    assert(read_text(JSON_TOLERANT, "{\"name\":\"a\",\"status\":{\"result\":[]}}", &b) ==
           OTA_OK);
}

/* Objects of a list, each its own text, to be read by a table of its own. */
static void test_objects(void)
{
    struct body b, inner;
    assert(
        read_text(JSON_STRICT,
                  "{\"name\":\"x\",\"grants\":[{\"name\": \"p\"},{\"a\":[1,{}],\"b\":\"/\"}]}",
                  &b) == OTA_OK);
    assert(b.grants.present && b.grants.count == 2);
    assert(strcmp(b.grants.item[0], "{\"name\":\"p\"}") == 0);
    assert(strcmp(b.grants.item[1], "{\"a\":[1,{}],\"b\":\"/\"}") == 0);
    memset(&inner, 0, sizeof inner);
    assert(JSON_READ(&arena, b.grants.item[0], strlen(b.grants.item[0]), JSON_STRICT, fields,
                     &inner, &fault) == OTA_OK);
    assert(strcmp(inner.name, "p") == 0);
    assert(read_text(JSON_STRICT, "{\"name\":\"x\"}", &b) == OTA_OK && !b.grants.present);
    static const char *const bad[] = {"{}", "\"x\"", "[]", "[1]", "[{},\"x\"]", "[{},null]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "{\"name\":\"x\",\"grants\":%s}", bad[i]);
        assert(read_text(JSON_STRICT, text, &b) == OTA_E_FORMAT);
        assert(strcmp(fault.pointer, "/grants") == 0 && !b.grants.present);
    }
    assert(read_text(JSON_STRICT, "{\"name\":\"x\",\"grants\":[{},{},{}]}", &b) ==
               OTA_E_LIMIT &&
           fault.too_many);
    assert(read_text(JSON_STRICT, "{\"name\":\"x\",\"grants\":[{\"a\":1,\"a\":2}]}", &b) ==
           OTA_E_FORMAT);
}

static void test_too_many_is_told_apart(void)
{
    struct body b;

    fault.too_many = false;
    assert(read_text(JSON_TOLERANT, "{\"name\":\"01234567890\"}", &b) == OTA_E_LIMIT);
    assert(!fault.too_many);
    assert(read_text(JSON_TOLERANT, "{\"name\":\"n\",\"tags\":[1,2,3,4]}", &b) == OTA_E_LIMIT);
    assert(fault.too_many);
}

static void test_depth(void)
{
    char text[4096] = "{\"name\":\"[[[[[[[[[[[[[[[[[[[[{{{{\\\"[[[\",\"data\":{\"x\":";
    struct body b;
    size_t len = strlen(text);

    assert(read_text(JSON_TOLERANT, "{\"name\":\"[[[[[[[[[\\\"\"}", &b) == OTA_OK);
    memset(text + len, '[', 3000);
    text[len + 3000] = '\0';
    assert(read_text(JSON_TOLERANT, text, &b) == OTA_E_LIMIT);
    assert(strcmp(fault.detail, "is nested too deeply") == 0);
}

static void test_arena_full(void)
{
    static char long_value[2900], text[3000];
    struct body b = {0};
    struct arena small;

    memset(long_value, 'x', sizeof long_value - 1);
    snprintf(text, sizeof text,
             "{\"name\":\"n\",\"status\":{\"result\":{\"finished\":\"%s\"}}}", long_value);
    arena_init(&small, 1000);
    assert(JSON_READ(&small, text, strlen(text), JSON_STRICT, fields, &b, &fault) ==
           OTA_E_LIMIT);
    arena_done(&small);
}

static const char *built(void (*build)(struct json_out *o), ota_err expected)
{
    struct json_out o;
    const char *text = NULL;
    size_t len = 0;

    json_out_begin(&o, &arena);
    build(&o);
    assert(json_out_end(&o, &text, &len) == expected);
    assert(expected != OTA_OK || strlen(text) == len);
    return text;
}

static void everything(struct json_out *o)
{
    const unsigned char bytes[] = {0, 0xab, 0xff};

    json_open_object(o, NULL);
    json_put_string(o, "s", "a/b\"\\\n\t\x01\x7fz\xc3\xa9");
    json_put_string(o, "bad", "x\xc3(\xff\xed\xa0\x80y");
    json_put_string(o, "none", NULL);
    json_put_int(o, "i", INT64_MIN);
    json_put_bool(o, "t", true);
    json_put_bool(o, "f", false);
    json_open_array(o, "a");
    json_put_int(o, NULL, 1);
    json_open_object(o, NULL);
    json_close_object(o);
    json_open_array(o, NULL);
    json_close_array(o);
    json_close_array(o);
    json_put_hex(o, "h", bytes, sizeof bytes);
    json_put_time(o, "at", 1);
    json_put_time(o, "never", 0);
    json_put_raw(o, "raw", "{\"x\":1}");
    json_close_object(o);
}

static void unbalanced(struct json_out *o)
{
    json_open_object(o, NULL);
}

static void huge(struct json_out *o)
{
    json_open_array(o, NULL);
    for (int i = 0; i < 200000; i++)
        json_put_string(o, NULL, "0123456789");
    json_close_array(o);
}

static void test_output(void)
{
    arena_done(&arena);
    arena_init(&arena, 1 << 20);
    assert(strcmp(built(everything, OTA_OK),
                  "{\"s\":\"a/b\\\"\\\\\\n\\t\\u0001\\u007fz\xc3\xa9\","
                  "\"bad\":\"x\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy\","
                  "\"none\":null,\"i\":-9223372036854775808,\"t\":true,\"f\":false,"
                  "\"a\":[1,{},[]],\"h\":\"00abff\",\"at\":\"1970-01-01T00:00:01Z\","
                  "\"never\":null,\"raw\":{\"x\":1}}") == 0);
    (void)built(unbalanced, OTA_E_INTERNAL);
    (void)built(huge, OTA_E_LIMIT);
}

/* Documents of others: what is not asked for may be anything, what is asked for is strict. */
static void test_open(void)
{
    struct document {
        const char *name;
        struct json_int items;
    } d;
    static const struct json_field table[] = {
        {"name", FIELD_STRING, true, 1, 10, 0, offsetof(struct document, name)},
        {"list.items", FIELD_COUNT, true, 1, 0, 0, offsetof(struct document, items)},
    };
    static const struct {
        const char *text;
        ota_err err;
        const char *pointer;
    } row[] = {
        {"{\"name\":\"n\",\"list\":{\"items\":[1,{\"a\":[]},null]},\"x\":[{}]}", OTA_OK, ""},
        {"{\"name\":7,\"list\":{\"items\":[1]}}", OTA_E_FORMAT, "/name"},
        {"{\"name\":\"n\",\"name\":\"m\",\"list\":{\"items\":[1]}}", OTA_E_FORMAT, "/name"},
        {"{\"name\":\"n\",\"x\":1,\"x\":2,\"list\":{\"items\":[1]}}", OTA_E_FORMAT, "/x"},
        {"{\"name\":\"n\",\"list\":{\"items\":{}}}", OTA_E_FORMAT, "/list/items"},
        {"{\"name\":\"n\",\"list\":{\"items\":[]}}", OTA_E_FORMAT, "/list/items"},
        {"{\"name\":\"n\",\"list\":[]}", OTA_E_FORMAT, "/list/items"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        memset(&d, 0, sizeof d);
        memset(&fault, 0, sizeof fault);
        arena_done(&arena);
        arena_init(&arena, 1 << 20);
        assert(JSON_READ(&arena, row[i].text, strlen(row[i].text), JSON_OPEN, table, &d,
                         &fault) == row[i].err);
        assert(strcmp(fault.pointer, row[i].pointer) == 0);
        assert(row[i].err != OTA_OK || (d.items.present && d.items.value == 3));
    }
}

int main(void)
{
    arena_init(&arena, 1 << 20);
    test_strict();
    test_open();
    test_strict_refusals();
    test_tolerant();
    test_objects();
    test_too_many_is_told_apart();
    test_depth();
    test_arena_full();
    test_output();
    arena_done(&arena);
    return 0;
}
