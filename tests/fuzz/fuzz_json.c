/* link: otad_base */
/*
 * Arbitrary bytes as a JSON body in both modes; what was read is written again and must be read
 * the same.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "otad/json.h"

struct body {
    const char *name;
    const char *deep;
    struct json_int number;
    struct json_bool on;
    struct json_strings list;
    struct json_map map;
    bool there;
    struct json_strings objects;
};

static const struct json_field fields[] = {
    {.path = "name",
     .kind = FIELD_STRING,
     .required = true,
     .max = 200,
     .offset = offsetof(struct body, name)},
    {.path = "status.result.deep", .kind = FIELD_STRING, .offset = offsetof(struct body, deep)},
    {.path = "number",
     .kind = FIELD_INT,
     .min = -5,
     .max = 1000,
     .offset = offsetof(struct body, number)},
    {.path = "on", .kind = FIELD_BOOL, .offset = offsetof(struct body, on)},
    {.path = "list",
     .kind = FIELD_STRINGS,
     .max = 8,
     .item_max = 100,
     .offset = offsetof(struct body, list)},
    {.path = "map",
     .kind = FIELD_MAP,
     .max = 8,
     .item_max = 100,
     .offset = offsetof(struct body, map)},
    {.path = "there", .kind = FIELD_PRESENT, .offset = offsetof(struct body, there)},
    {.path = "objects",
     .kind = FIELD_OBJECTS,
     .max = 8,
     .offset = offsetof(struct body, objects)},
};

static void write_body(struct json_out *o, const struct body *b)
{
    json_open_object(o, NULL);
    json_put_string(o, "name", b->name);
    if (b->number.present)
        json_put_int(o, "number", b->number.value);
    json_open_array(o, "list");
    for (size_t i = 0; i < b->list.count; i++)
        json_put_string(o, NULL, b->list.item[i]);
    json_close_array(o);
    json_close_object(o);
}

static void round_trip(struct arena *a, const struct body *b)
{
    struct json_out o;
    struct json_fault fault;
    struct body again = {0};
    const char *text;
    size_t len;

    json_out_begin(&o, a);
    write_body(&o, b);
    if (json_out_end(&o, &text, &len) != OTA_OK)
        return;
    assert(JSON_READ(a, text, len, JSON_STRICT, fields, &again, &fault) == OTA_OK || a->full);
    if (a->full)
        return;
    assert(strcmp(again.name, b->name) == 0 && again.number.value == b->number.value);
    assert(again.list.count == b->list.count);
}

/* Each object of a list is a document that can be read. */
static void read_objects(struct arena *a, const struct body *b)
{
    for (size_t i = 0; i < b->objects.count && !a->full; i++) {
        struct json_strings inside = {0};
        const struct json_field field = {.path = "objects", .kind = FIELD_OBJECTS, .max = 8};
        struct json_fault fault = {.detail = NULL};
        const char *text = b->objects.item[i];
        const ota_err err =
            json_read(a, text, strlen(text), JSON_OPEN, &field, 1, &inside, &fault);

        assert(text[0] == '{' && (err == OTA_OK || fault.detail != NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int mode = JSON_STRICT; mode <= JSON_TOLERANT; mode++) {
        struct body b = {0};
        struct json_fault fault = {.detail = NULL};
        struct arena a;

        arena_init(&a, (size_t)64 * 1024);
        if (JSON_READ(&a, (const char *)data, size, (enum json_mode)mode, fields, &b, &fault) ==
            OTA_OK) {
            round_trip(&a, &b);
            read_objects(&a, &b);
        } else {
            assert(fault.detail != NULL);
        }
        arena_done(&a);
    }
    return 0;
}
