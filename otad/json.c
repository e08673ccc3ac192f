/*
 * Text to struct.  jansson parses; the table decides.  Depth is checked before jansson sees the
 * text, because its parser recurses and handler threads have small stacks.
 */
#include <inttypes.h>
#include <jansson.h>
#undef JSON_STRICT /* a flag of jansson without effect; our mode has the name */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "otad/json.h"

struct reader {
    struct arena *arena;
    enum json_mode mode;
    const struct json_field *field;
    size_t count;
    struct json_fault *fault;
};

static ota_err fail(const struct reader *r, const char *path, const char *detail, ota_err e)
{
    size_t at = 0;

    if (*path != '\0')
        r->fault->pointer[at++] = '/';
    for (; *path != '\0' && at + 1 < sizeof r->fault->pointer; path++) {
        r->fault->pointer[at] = *path;
        if (*path == '.')
            r->fault->pointer[at] = '/';
        at++;
    }
    r->fault->pointer[at] = '\0';
    r->fault->detail = detail;
    return e;
}

/* Nesting of brackets outside of strings stays within JSON_DEPTH_MAX? */
static bool is_shallow(const char *text, size_t len)
{
    bool in_string = false;
    int depth = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MAX)
                return false;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

/* The member at a dotted path, NULL if absent. */
static json_t *find(json_t *object, const char *path)
{
    const char *dot;

    while ((dot = strchr(path, '.')) != NULL) {
        char name[64];
        size_t len = (size_t)(dot - path);

        if (len >= sizeof name)
            return NULL;
        memcpy(name, path, len);
        name[len] = '\0';
        object = json_object_get(object, name);
        path = dot + 1;
    }
    return json_object_get(object, path);
}

/*
 * Text of a scalar: strings as they are; in tolerant mode numbers and booleans too.
 * NULL: of another kind (or the arena is full, which arena->full tells).
 */
static const char *scalar_text(const struct reader *r, const json_t *v)
{
    if (json_is_string(v))
        return arena_memdup(r->arena, json_string_value(v), json_string_length(v));
    if (r->mode != JSON_TOLERANT)
        return NULL;
    if (json_is_integer(v))
        return arena_printf(r->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    if (json_is_real(v))
        return arena_printf(r->arena, "%.17g", json_real_value(v));
    if (json_is_boolean(v))
        return json_is_true(v) ? "true" : "false";
    return NULL;
}

static ota_err check_length(const struct reader *r, const char *path, size_t len, int64_t min,
                            int64_t max)
{
    size_t most = max > 0 ? (size_t)max : JSON_STRING_BYTES_MAX;

    if (len > most)
        return fail(r, path, "is too long", OTA_E_LIMIT);
    if (min > 0 && len < (size_t)min)
        return fail(r, path, len == 0 ? "is empty" : "is too short", OTA_E_FORMAT);
    return OTA_OK;
}

static ota_err text_of(const struct reader *r, const char *path, const json_t *v, int64_t min,
                       int64_t max, const char **out)
{
    const char *text = scalar_text(r, v);
    ota_err e;

    if (text == NULL && r->arena->full)
        return fail(r, path, "needs too much memory", OTA_E_LIMIT);
    if (text == NULL)
        return fail(r, path, "is not a string", OTA_E_FORMAT);
    e = check_length(r, path, strlen(text), min, max);
    if (e == OTA_OK)
        *out = text;
    return e;
}

static ota_err read_string(const struct reader *r, const struct json_field *f, const json_t *v,
                           void *to)
{
    return text_of(r, f->path, v, f->min, f->max, (const char **)to);
}

static bool whole_number(const char *text, int64_t *out)
{
    char *end;
    long long value;

    if (*text == '\0' || strlen(text) > 19 || strspn(text, "-0123456789") != strlen(text))
        return false;
    value = strtoll(text, &end, 10);
    *out = value;
    return *end == '\0';
}

static ota_err read_int(const struct reader *r, const struct json_field *f, const json_t *v,
                        struct json_int *to)
{
    int64_t value;

    if (json_is_integer(v))
        value = json_integer_value(v);
    else if (r->mode != JSON_TOLERANT || !json_is_string(v) ||
             !whole_number(json_string_value(v), &value))
        return fail(r, f->path, "is not an integer", OTA_E_FORMAT);
    if ((f->min != 0 || f->max != 0) && (value < f->min || value > f->max))
        return fail(r, f->path, "is out of range", OTA_E_LIMIT);
    *to = (struct json_int){.present = true, .value = value};
    return OTA_OK;
}

static ota_err read_bool(const struct reader *r, const struct json_field *f, const json_t *v,
                         struct json_bool *to)
{
    if (!json_is_boolean(v))
        return fail(r, f->path, "is not true or false", OTA_E_FORMAT);
    *to = (struct json_bool){.present = true, .value = json_is_true(v)};
    return OTA_OK;
}

static ota_err fail_count(const struct reader *r, const char *path, const char *detail)
{
    r->fault->too_many = true;
    return fail(r, path, detail, OTA_E_LIMIT);
}

static ota_err read_strings(const struct reader *r, const struct json_field *f, json_t *v,
                            struct json_strings *to)
{
    bool alone = r->mode == JSON_TOLERANT && !json_is_array(v);
    size_t count = alone ? 1 : json_array_size(v);

    if (!alone && !json_is_array(v))
        return fail(r, f->path, "is not a list", OTA_E_FORMAT);
    if (f->max > 0 && count > (size_t)f->max)
        return fail_count(r, f->path, "has too many items");
    if (f->min > 0 && count < (size_t)f->min)
        return fail(r, f->path, "has too few items", OTA_E_FORMAT);
    to->item = arena_array(r->arena, count, sizeof *to->item);
    if (to->item == NULL)
        return fail(r, f->path, "needs too much memory", OTA_E_LIMIT);
    for (size_t i = 0; i < count; i++) {
        ota_err e = text_of(r, f->path, alone ? v : json_array_get(v, i), 0,
                            (int64_t)f->item_max, &to->item[i]);

        if (e != OTA_OK)
            return e;
    }
    to->count = count;
    to->present = true;
    return OTA_OK;
}

static ota_err read_map(const struct reader *r, const struct json_field *f, json_t *v,
                        struct json_map *to)
{
    const char *name;
    json_t *value;
    size_t n = 0;

    if (!json_is_object(v))
        return fail(r, f->path, "is not an object", OTA_E_FORMAT);
    if (f->max > 0 && json_object_size(v) > (size_t)f->max)
        return fail_count(r, f->path, "has too many members");
    to->pair = arena_array(r->arena, json_object_size(v), sizeof *to->pair);
    if (to->pair == NULL)
        return fail(r, f->path, "needs too much memory", OTA_E_LIMIT);
    json_object_foreach (v, name, value) {
        struct json_pair *p = &to->pair[n++];
        ota_err e = check_length(r, f->path, strlen(name), 1, (int64_t)f->item_max);

        if (e == OTA_OK && !json_is_null(value))
            e = text_of(r, f->path, value, 0, (int64_t)f->item_max, &p->value);
        p->name = arena_strdup(r->arena, name);
        if (e == OTA_OK && p->name == NULL)
            e = fail(r, f->path, "needs too much memory", OTA_E_LIMIT);
        if (e != OTA_OK)
            return e;
    }
    to->count = n;
    to->present = true;
    return OTA_OK;
}

/* Compact JSON of any value in the arena; NULL without memory. */
static const char *text_of_json(struct arena *a, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *copy = text == NULL ? NULL : arena_strdup(a, text);

    free(text);
    return copy;
}

static ota_err read_objects(const struct reader *r, const struct json_field *f, json_t *v,
                            struct json_strings *to)
{
    size_t count = json_array_size(v);

    if (!json_is_array(v))
        return fail(r, f->path, "is not a list", OTA_E_FORMAT);
    if (f->max > 0 && count > (size_t)f->max)
        return fail_count(r, f->path, "has too many items");
    if (f->min > 0 && count < (size_t)f->min)
        return fail(r, f->path, "has too few items", OTA_E_FORMAT);
    to->item = arena_array(r->arena, count, sizeof *to->item);
    for (size_t i = 0; to->item != NULL && i < count; i++) {
        if (!json_is_object(json_array_get(v, i)))
            return fail(r, f->path, "has an item that is not an object", OTA_E_FORMAT);
        to->item[i] = text_of_json(r->arena, json_array_get(v, i));
        if (to->item[i] == NULL)
            to->item = NULL;
    }
    if (to->item == NULL)
        return fail(r, f->path, "needs too much memory", OTA_E_LIMIT);
    to->count = count;
    to->present = true;
    return OTA_OK;
}

static ota_err read_count(const struct reader *r, const struct json_field *f, const json_t *v,
                          struct json_int *to)
{
    if (!json_is_array(v))
        return fail(r, f->path, "is not a list", OTA_E_FORMAT);
    *to = (struct json_int){.present = true, .value = (int64_t)json_array_size(v)};
    return to->value < f->min ? fail(r, f->path, "has too few items", OTA_E_FORMAT) : OTA_OK;
}

static ota_err read_value(const struct reader *r, const struct json_field *f, json_t *v,
                          void *to)
{
    switch (f->kind) {
    case FIELD_STRING:
        return read_string(r, f, v, to);
    case FIELD_INT:
        return read_int(r, f, v, to);
    case FIELD_BOOL:
        return read_bool(r, f, v, to);
    case FIELD_STRINGS:
        return read_strings(r, f, v, to);
    case FIELD_MAP:
        return read_map(r, f, v, to);
    case FIELD_COUNT:
        return read_count(r, f, v, to);
    case FIELD_OBJECTS:
        return read_objects(r, f, v, to);
    case FIELD_PRESENT:
        *(bool *)to = true;
        return OTA_OK;
    }
    return OTA_E_INTERNAL;
}

static ota_err read_field(const struct reader *r, const struct json_field *f, json_t *root,
                          unsigned char *out)
{
    json_t *v = find(root, f->path);
    ota_err e;

    if (v == NULL || (json_is_null(v) && f->kind != FIELD_PRESENT))
        return f->required ? fail(r, f->path, "is missing", OTA_E_FORMAT) : OTA_OK;
    e = read_value(r, f, v, out + f->offset);
    if (e == OTA_E_FORMAT && r->mode == JSON_TOLERANT && !f->required)
        return OTA_OK;
    return e;
}

/* How far does path name a field: exactly (a leaf), as the way to one, or not at all? */
static bool is_known(const struct reader *r, const char *path, bool *out_leaf)
{
    size_t len = strlen(path);

    *out_leaf = false;
    for (size_t i = 0; i < r->count; i++) {
        const char *field = r->field[i].path;

        if (strcmp(field, path) == 0) {
            *out_leaf = true;
            return true;
        }
        if (strncmp(field, path, len) == 0 && field[len] == '.')
            return true;
    }
    return false;
}

/* Strict mode: every member stands in the table.  Recursion ends with the table's paths. */
static ota_err refuse_unknown(const struct reader *r, const char *prefix, json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach (object, name, value) {
        char path[160];
        bool leaf;
        ota_err e = OTA_OK;
        int n = snprintf(path, sizeof path, "%s%s%s", prefix, *prefix == '\0' ? "" : ".", name);

        if (n < 0 || (size_t)n >= sizeof path || strchr(name, '.') != NULL ||
            !is_known(r, path, &leaf))
            return fail(r, path, "is not known here", OTA_E_FORMAT);
        if (!leaf && !json_is_object(value))
            e = fail(r, path, "is not an object", OTA_E_FORMAT);
        else if (!leaf)
            e = refuse_unknown(r, path, value);
        if (e != OTA_OK)
            return e;
    }
    return OTA_OK;
}

/* jansson tells the duplicate only in its message: duplicate object key near '"name"'. */
static ota_err parse_fault(const struct reader *r, const json_error_t *error)
{
    char name[64] = "";
    const char *start, *end;

    enum json_error_code code = json_error_code(error);

    if (code == json_error_duplicate_key) {
        start = strstr(error->text, "near '\"");
        end = start == NULL ? NULL : strchr(start + 7, '"');
        if (end != NULL && (size_t)(end - start - 7) < sizeof name)
            memcpy(name, start + 7, (size_t)(end - start - 7));
        return fail(r, name, "stands there twice", OTA_E_FORMAT);
    }
    if (code == json_error_invalid_utf8)
        return fail(r, "", "is not UTF-8", OTA_E_FORMAT);
    if (code == json_error_out_of_memory)
        return fail(r, "", "needs too much memory", OTA_E_NO_MEMORY);
    return fail(r, "", "is not JSON", OTA_E_FORMAT);
}

ota_err json_read(struct arena *a, const char *text, size_t len, enum json_mode mode,
                  const struct json_field *field, size_t count, void *out,
                  struct json_fault *fault)
{
    struct reader r = {
        .arena = a, .mode = mode, .field = field, .count = count, .fault = fault};
    size_t flags = mode == JSON_TOLERANT ? 0 : JSON_REJECT_DUPLICATES;
    json_error_t error;
    json_t *root;
    ota_err e;

    if (text == NULL || len == 0)
        return fail(&r, "", "is empty", OTA_E_FORMAT);
    if (!is_shallow(text, len))
        return fail(&r, "", "is nested too deeply", OTA_E_LIMIT);
    root = json_loadb(text, len, flags, &error);
    if (root == NULL)
        return parse_fault(&r, &error);
    e = json_is_object(root) ? OTA_OK : fail(&r, "", "is not an object", OTA_E_FORMAT);
    if (e == OTA_OK && mode == JSON_STRICT)
        e = refuse_unknown(&r, "", root);
    for (size_t i = 0; i < count && e == OTA_OK; i++)
        e = read_field(&r, &field[i], root, out);
    json_decref(root);
    return e;
}

static ota_err cell_of(struct arena *a, const json_t *value, struct json_cell *out)
{
    *out = (struct json_cell){.is_string = json_is_string(value)};
    if (value == NULL || json_is_null(value))
        return OTA_OK;
    out->text =
        out->is_string ? arena_strdup(a, json_string_value(value)) : text_of_json(a, value);
    return out->text == NULL ? OTA_E_LIMIT : OTA_OK;
}

ota_err json_cells(struct arena *a, const char *text, size_t len, const char *const *name,
                   size_t count, struct json_cell *out)
{
    json_error_t error;
    json_t *root;
    ota_err e;

    if (!is_shallow(text, len))
        return OTA_E_LIMIT;
    root = json_loadb(text, len, 0, &error);
    e = json_is_object(root) ? OTA_OK : OTA_E_FORMAT;
    for (size_t i = 0; i < count && e == OTA_OK; i++)
        e = cell_of(a, json_object_get(root, name[i]), &out[i]);
    json_decref(root);
    return e;
}
