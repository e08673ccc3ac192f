#ifndef OTAD_JSON_H
#define OTAD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"
#include "otad/arena.h"

/*
 * JSON at the edge: a table of fields turns text into a plain struct, a builder turns structs
 * into text.  The only module that sees jansson.
 */

/* ---- reading ---- */

enum {
    JSON_DEPTH_MAX = 16,
    JSON_STRING_BYTES_MAX = 1024 * 1024 /* where a field names no maximum of its own */
};

/* What a field accepts, and what it writes at its offset.  Absent members write nothing: the
 * caller's zeroed struct says "absent". */
enum json_kind {
    FIELD_STRING,  /* const char *: bytes between min and max                                 */
    FIELD_INT,     /* struct json_int: value between min and max (both 0 = any)               */
    FIELD_BOOL,    /* struct json_bool                                                        */
    FIELD_STRINGS, /* struct json_strings: count between min and max, each <= item_max bytes  */
    FIELD_MAP,     /* struct json_map: at most max pairs, values <= item_max bytes            */
    FIELD_COUNT,   /* struct json_int: how many items a list of anything has, min at least    */
    FIELD_OBJECTS, /* struct json_strings: count between min and max, each the text of an
                      object, to be read by a table of its own                                */
    FIELD_PRESENT  /* bool: a member of any kind, even null, stands there                     */
};

struct json_int {
    bool present;
    int64_t value;
};

struct json_bool {
    bool present;
    bool value;
};

struct json_strings {
    bool present;
    size_t count;
    const char **item;
};

struct json_pair {
    const char *name;
    const char *value; /* NULL: the member was null (DDI configData: delete) */
};

struct json_map {
    bool present;
    size_t count;
    struct json_pair *pair;
};

struct json_field {
    const char *path; /* "status.result.finished" */
    enum json_kind kind;
    bool required;
    int64_t min, max; /* by kind, see above; max 0 = the general limit */
    size_t item_max;  /* bytes of one item, 0 = JSON_STRING_BYTES_MAX  */
    size_t offset;    /* in the struct that is filled                  */
};

enum json_mode {
    JSON_STRICT,  /* our own API: unknown and duplicate members are refused; null is absent   */
    JSON_OPEN,    /* documents of others: as strict, but unknown members are ignored          */
    JSON_TOLERANT /* device dialects: unknown ignored, last duplicate wins, numbers and booleans
                     pass as strings, digits as integers, one scalar as a list, members of a
                     wrong kind that are not required count as absent                         */
};

/* What was wrong, for a problem document. */
struct json_fault {
    char pointer[128];  /* JSON pointer (RFC 6901) of the member, "" = the document */
    const char *detail; /* constant text ("is missing", "is too long", ...)         */
    bool too_many;      /* items or members                                         */
};

/*
 * Read len bytes of text, an object, into out by the table.  Strings land in the arena.
 * Errors: OTA_E_FORMAT, OTA_E_LIMIT (too deep, too long, too many; or the arena is full), with
 * *fault saying where and what.  *out may be half written then.
 */
OTA_MUST_CHECK ota_err json_read(struct arena *a, const char *text, size_t len,
                                 enum json_mode mode, const struct json_field *field,
                                 size_t count, void *out, struct json_fault *fault);

#define JSON_READ(a, text, len, mode, table, out, fault)                                       \
    json_read((a), (text), (len), (mode), (table), sizeof(table) / sizeof((table)[0]), (out),  \
              (fault))

/* A member of an object as one piece of text: a string is itself, everything else its compact
 * JSON; NULL if it is null or not there. */
struct json_cell {
    const char *text;
    bool is_string;
};

/*
 * These members of the object text, for tables (CSV).  Errors: OTA_E_FORMAT (not an object),
 * OTA_E_LIMIT (too deep, or the arena is full).
 */
OTA_MUST_CHECK ota_err json_cells(struct arena *a, const char *text, size_t len,
                                  const char *const *name, size_t count, struct json_cell *out);

/* ---- writing ---- */

/*
 * Compact, '/' never escaped, strings checked to be UTF-8 (bytes that are not become U+FFFD).
 * key is NULL inside arrays and for the outermost value.  Errors stick: check json_out_end
 * alone.
 */
struct json_out {
    struct arena *arena;
    char *text;
    size_t len, cap;
    uint32_t depth;
    bool comma;
    bool failed;
};

void json_out_begin(struct json_out *o, struct arena *a);
void json_open_object(struct json_out *o, const char *key);
void json_close_object(struct json_out *o);
void json_open_array(struct json_out *o, const char *key);
void json_close_array(struct json_out *o);
/* text NULL writes null. */
void json_put_string(struct json_out *o, const char *key, const char *text);
void json_put_string_len(struct json_out *o, const char *key, const char *text, size_t len);
void json_put_int(struct json_out *o, const char *key, int64_t value);
void json_put_bool(struct json_out *o, const char *key, bool value);
void json_put_null(struct json_out *o, const char *key);
/* Lower-case hex of bytes. */
void json_put_hex(struct json_out *o, const char *key, const void *bytes, size_t len);
/* RFC 3339 in UTC ("2026-11-20T09:30:53Z"); 0 writes null. */
void json_put_time(struct json_out *o, const char *key, int64_t unix_s);
/* text is JSON already (a jsonb column); NULL writes null. */
void json_put_raw(struct json_out *o, const char *key, const char *text);

/*
 * Zero-terminated text in the arena.
 * Errors: OTA_E_LIMIT (arena full), OTA_E_INTERNAL (unbalanced).
 */
OTA_MUST_CHECK ota_err json_out_end(struct json_out *o, const char **out_text, size_t *out_len);

#endif
