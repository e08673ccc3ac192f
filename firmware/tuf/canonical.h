#ifndef TUF_CANONICAL_H
#define TUF_CANONICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../image/err.h"

/*
 * OLPC canonical JSON (SPEC 10.1): no white space, members in the order of their names' bytes,
 * none twice, only `"` and `\` escaped, integers below 2^53, printable ASCII.  Reading needs
 * no tokens and no memory: once a text is known to be canonical, values are views into it.
 */
enum { CANONICAL_DEPTH_MAX = 16 };
#define CANONICAL_UINT_MAX ((UINT64_C(1) << 53) - 1)

/* One value's text, or the inside of a string.  Lives as long as the bytes it points into. */
struct canonical {
    const uint8_t *at;
    size_t len;
};

/*
 * Is all of text one canonical value?
 * Errors: OTA_E_FORMAT (anything else, trailing bytes included), OTA_E_LIMIT (nested deeper
 * than CANONICAL_DEPTH_MAX).
 */
OTA_MUST_CHECK ota_err canonical_check(const uint8_t *text, size_t len);

/*
 * Copy JSON without its white space and with the fewest escapes: what is canonical but for the
 * order of members.  Also taken beyond SPEC 10.1: a newline in a string (PEM keys have them);
 * it is written raw, as OLPC wants it.  out needs room for len bytes and may be text itself.
 * Errors: as canonical_check; out is then garbage.
 */
OTA_MUST_CHECK ota_err canonical_compact(const uint8_t *text, size_t len, uint8_t *out,
                                         size_t *out_len);

/* A member while its object is being sorted. */
struct canonical_slot {
    size_t at, len;
};

/*
 * Put the members of all objects of a compact text into canonical order, in place.  copy has
 * room for len bytes; the longest object has at most `slots` members.
 * Errors: OTA_E_LIMIT (too many members), OTA_E_FORMAT (a member twice).
 */
OTA_MUST_CHECK ota_err canonical_sort(uint8_t *text, size_t len, uint8_t *copy,
                                      struct canonical_slot *slot, size_t slots);

/* --- reading a text that is canonical; on any other these stay inside it and find rubbish ---
 */

/* Position in an object or array. */
struct canonical_walk {
    struct canonical left;
};

bool canonical_is_object(struct canonical v);
bool canonical_is_array(struct canonical v);

/* From the first member or item of v; of anything else there is none. */
struct canonical_walk canonical_walk(struct canonical v);
/* False at the end.  name is without its quotes. */
bool canonical_next_member(struct canonical_walk *w, struct canonical *out_name,
                           struct canonical *out_value);
bool canonical_next_item(struct canonical_walk *w, struct canonical *out_value);

/* The member's value; len 0 when there is none, or object is no object. */
struct canonical canonical_member(struct canonical object, const char *name);
struct canonical canonical_member_of(struct canonical object, struct canonical name);
size_t canonical_count(struct canonical v); /* members or items */

/* The inside of a string, still escaped.  False if v is none. */
bool canonical_string(struct canonical v, struct canonical *out_inside);
/* Errors: OTA_E_FORMAT (no integer, or negative), OTA_E_LIMIT (above max). */
OTA_MUST_CHECK ota_err canonical_uint(struct canonical v, uint64_t max, uint64_t *out);
/* Errors: OTA_E_FORMAT. */
OTA_MUST_CHECK ota_err canonical_bool(struct canonical v, bool *out);
/* Lowercase hexadecimal digits, 2 * len of them.  Errors: OTA_E_FORMAT. */
OTA_MUST_CHECK ota_err canonical_hex(struct canonical v, uint8_t *out, size_t len);
/*
 * A string without escapes, NUL-terminated.
 * Errors: OTA_E_FORMAT (no string), OTA_E_LIMIT (size too small).
 */
OTA_MUST_CHECK ota_err canonical_text(struct canonical v, char *out, size_t size);

/* Compare insides of strings by the bytes they mean. */
int canonical_compare(struct canonical a, struct canonical b);
/* Is the string v this text? */
bool canonical_is(struct canonical v, const char *text);
bool canonical_same(struct canonical a, struct canonical b); /* byte for byte */

/* --- writing --------------------------------------------------------------------------------
 */

/* Canonical text being written into the caller's buffer.  Errors are kept until the end. */
struct canonical_out {
    uint8_t *at;
    size_t size, len;
    bool full, comma;
};

void canonical_begin(struct canonical_out *o, uint8_t *buf, size_t size);
void canonical_open(struct canonical_out *o, char bracket); /* '{' or '[' */
void canonical_close(struct canonical_out *o, char bracket);
void canonical_name(struct canonical_out *o, const char *name); /* in ascending order */
void canonical_put_text(struct canonical_out *o, const char *text);
void canonical_put_uint(struct canonical_out *o, uint64_t v);
void canonical_put_bool(struct canonical_out *o, bool v);
void canonical_put_hex(struct canonical_out *o, const uint8_t *bytes, size_t len);
void canonical_put(struct canonical_out *o, struct canonical v); /* text that is canonical */
/*
 * Errors: OTA_E_LIMIT (the buffer is too small), OTA_E_FORMAT (what was written is not
 * canonical: members out of order, a character outside printable ASCII, brackets).
 */
OTA_MUST_CHECK ota_err canonical_end(const struct canonical_out *o, struct canonical *out);

#endif
