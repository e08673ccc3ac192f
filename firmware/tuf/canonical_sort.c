/*
 * Canonical order for a compact text, in place and without a heap: from the innermost object
 * outwards, so that what is moved is sorted already.  Heapsort over the members' places,
 * because the text is an attacker's.
 */
#include "canonical.h"

#include <string.h>

#include "canonical_scan.h"

struct sorter {
    uint8_t *text, *copy;
    struct canonical_slot *slot;
    size_t slots;
};

/* The inside of the member's name. */
static struct canonical name_at(const struct sorter *s, struct canonical_slot m)
{
    struct canonical_walk w = {{s->text + m.at, m.len}};
    struct canonical quoted = {NULL, 0}, name = {NULL, 0};

    if (canonical_next_item(&w, &quoted)) /* it ends at the colon: the value isn't read */
        (void)canonical_string(quoted, &name);
    return name;
}

static int order(const struct sorter *s, size_t a, size_t b)
{
    return canonical_compare(name_at(s, s->slot[a]), name_at(s, s->slot[b]));
}

static void swap(const struct sorter *s, size_t a, size_t b)
{
    struct canonical_slot kept = s->slot[a];

    s->slot[a] = s->slot[b];
    s->slot[b] = kept;
}

static void sift(const struct sorter *s, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && order(s, child, child + 1) < 0)
            child++;
        if (order(s, at, child) >= 0)
            return;
        swap(s, at, child);
    }
}

static void heapsort_slots(const struct sorter *s, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift(s, i, count);
    for (size_t n = count; n-- > 1;) {
        swap(s, 0, n);
        sift(s, 0, n);
    }
}

/* The places of an object's members. */
static ota_err places(const struct sorter *s, size_t at, size_t len, size_t *out_count)
{
    struct canonical object = {s->text + at, len};
    struct canonical_walk w = canonical_walk(object);
    struct canonical name, value;
    size_t count = 0;

    while (canonical_next_member(&w, &name, &value)) {
        if (count == s->slots)
            return OTA_E_LIMIT;
        s->slot[count].at = (size_t)(name.at - 1 - s->text);
        s->slot[count].len = (size_t)(value.at + value.len - (name.at - 1));
        count++;
    }
    *out_count = count;
    return OTA_OK;
}

static bool ascends(const struct sorter *s, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (order(s, i - 1, i) >= 0)
            return false;
    return true;
}

static ota_err sort_object(const struct sorter *s, size_t at, size_t len)
{
    size_t count = 0, n = 0;
    ota_err e = places(s, at, len, &count);

    if (e != OTA_OK || ascends(s, count))
        return e;
    heapsort_slots(s, count);
    if (!ascends(s, count))
        return OTA_E_FORMAT; /* a name twice */
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            s->copy[n++] = ',';
        memcpy(s->copy + n, s->text + s->slot[i].at, s->slot[i].len);
        n += s->slot[i].len;
    }
    memcpy(s->text + at + 1, s->copy, n);
    return OTA_OK;
}

ota_err canonical_sort(uint8_t *text, size_t len, uint8_t *copy, struct canonical_slot *slot,
                       size_t slots)
{
    struct sorter s = {text, copy, slot, slots};
    size_t open[CANONICAL_DEPTH_MAX];
    unsigned depth = 0;
    ota_err e = OTA_OK;

    for (size_t i = 0; i < len && e == OTA_OK; i++) {
        uint8_t c = text[i];

        if (c == '"') {
            i = canonical_string_end(text, len, i);
        } else if (c == '{' || c == '[') {
            if (depth == CANONICAL_DEPTH_MAX)
                return OTA_E_LIMIT;
            open[depth++] = i;
        } else if (c == '}' || c == ']') {
            if (depth == 0)
                return OTA_E_FORMAT;
            depth--;
            if (c == '}')
                e = sort_object(&s, open[depth], i + 1 - open[depth]);
        }
    }
    return e;
}
