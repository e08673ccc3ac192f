/*
 * The two-unit log.  Invariants: the unit in force is never erased; the other one is erased
 * immediately before it is used, whatever it reads like; a place is programmed once between two
 * erases, unless a torn record there reads blank, which nobody can tell from a blank place.
 *
 * What a power cut left half done may read well now and not the next time.  Two rules follow.
 * A commit record with nothing behind it is repeated before anything is built on it.  And after
 * an interrupted change of units the old unit is not continued: its successor may come to read
 * as committed later, and win over it.  Such a change shows, because the successor no longer
 * holds the predecessor of the unit in force; then the next append changes units first.
 *
 * Record: type u8, part u8, parts u8, bytes of the entry u8, sequence u32, payload 20, CRC-32.
 * The sequence is the unit's base plus the place, and each unit's base is a whole unit above
 * its predecessor's: what a half-done erase left behind never fits in.
 */
#include "log.h"

#include <stdbool.h>
#include <string.h>

#include "../image/le.h"
#include "crc32.h"

enum {
    CRC_AT = LOG_RECORD_BYTES - 4,
    PAYLOAD_AT = 8,
    COMMIT = 15,     /* no payload */
    APPEND_TRIES = 3 /* places that fail to take a record before the unit is given up */
};

/* How a place reads. */
enum place { PLACE_BLANK, PLACE_TORN, PLACE_RECORD };

struct record {
    uint8_t raw[LOG_RECORD_BYTES];
};

static uint8_t record_type(const struct record *r)
{
    return r->raw[0];
}

static uint32_t record_sequence(const struct record *r)
{
    return le32_load(r->raw + 4);
}

static uint32_t places(const struct log *l)
{
    return l->flash->erase_bytes / LOG_RECORD_BYTES;
}

static uint32_t address(const struct log *l, uint8_t page, uint32_t place)
{
    return l->at + page * l->flash->erase_bytes + place * LOG_RECORD_BYTES;
}

static enum place record_read(const struct log *l, uint8_t page, uint32_t place,
                              struct record *out)
{
    uint32_t blank = 0;

    if (l->flash->read(l->flash, address(l, page, place), out->raw, sizeof out->raw) != OTA_OK)
        return PLACE_TORN;
    for (uint32_t i = 0; i < LOG_RECORD_BYTES; i++)
        blank += out->raw[i] == l->flash->erased;
    if (blank == LOG_RECORD_BYTES)
        return PLACE_BLANK;
    return crc32_of(out->raw, CRC_AT) == le32_load(out->raw + CRC_AT) ? PLACE_RECORD
                                                                      : PLACE_TORN;
}

static void record_make(struct record *r, uint8_t type, uint32_t part, size_t len,
                        const uint8_t *data)
{
    size_t at = part * LOG_PART_BYTES,
           some = len - at < LOG_PART_BYTES ? len - at : LOG_PART_BYTES;

    memset(r, 0, sizeof *r);
    r->raw[0] = type;
    r->raw[1] = (uint8_t)part;
    r->raw[2] = (uint8_t)((len + LOG_PART_BYTES - 1) / LOG_PART_BYTES);
    r->raw[3] = (uint8_t)len;
    if (some > 0)
        memcpy(r->raw + PAYLOAD_AT, data + at, some);
}

/* Give r its sequence and checksum, program it and read it back. */
static ota_err record_write(const struct log *l, uint8_t page, uint32_t place,
                            uint32_t sequence, struct record *r)
{
    struct record back;
    ota_err e;

    le32_store(r->raw + 4, sequence);
    le32_store(r->raw + CRC_AT, crc32_of(r->raw, CRC_AT));
    e = l->flash->program(l->flash, address(l, page, place), r->raw, sizeof r->raw);
    if (e != OTA_OK)
        return e;
    if (record_read(l, page, place, &back) != PLACE_RECORD ||
        memcmp(back.raw, r->raw, sizeof back.raw) != 0)
        return OTA_E_IO;
    return OTA_OK;
}

/* The entry that a walk over a page is in the middle of. */
struct walk {
    uint16_t start; /* place of its first record + 1, 0 = none */
    uint8_t part;   /* its next part */
};

/* Take a record of an entry into account; the entry counts with its last part. */
static void walk_entry(struct log *l, struct walk *w, const struct record *r, uint32_t place)
{
    uint8_t type = record_type(r), part = r->raw[1], parts = r->raw[2];

    if (part == 0)
        *w = (struct walk){.start = (uint16_t)(place + 1)};
    if (w->start == 0 || part != w->part) {
        w->start = 0;
        return;
    }
    w->part++;
    if (w->part < parts)
        return;
    if (type >= 1 && type <= LOG_TYPES)
        l->newest[type - 1] = w->start;
    w->start = 0;
}

/* Read a page from its start.  True if it holds a committed log; l then stands at its end. */
static bool page_walk(struct log *l, uint8_t page)
{
    struct walk w = {.start = 0};
    bool committed = false, based = false;
    struct record r;

    l->page = page;
    for (uint32_t place = 0; place < places(l); place++) {
        enum place p = record_read(l, page, place, &r);

        if (p == PLACE_BLANK)
            continue;
        l->next = (uint16_t)(place + 1);
        if (p == PLACE_RECORD && !based) {
            l->base = record_sequence(&r) - place;
            based = true;
        }
        if (p == PLACE_RECORD && record_sequence(&r) == l->base + place) {
            l->commit_is_last = record_type(&r) == COMMIT;
            committed = committed || l->commit_is_last;
            walk_entry(l, &w, &r, place);
        } else {
            w.start = 0;
        }
    }
    return committed;
}

static ota_err log_bind(struct log *l, const struct flash *f, uint32_t at)
{
    *l = (struct log){.flash = f, .at = at};
    if (f->erase_bytes < LOG_ERASE_BYTES_MIN || f->program_bytes > LOG_RECORD_BYTES ||
        f->erase_bytes / LOG_RECORD_BYTES >= UINT16_MAX)
        return OTA_E_LIMIT;
    return OTA_OK;
}

ota_err log_open(struct log *l, const struct flash *f, uint32_t at)
{
    struct log other;
    bool here, there;
    ota_err e = log_bind(l, f, at);

    if (e != OTA_OK)
        return e;
    other = *l;
    here = page_walk(l, 0);
    there = page_walk(&other, 1);
    if (!here && !there)
        return OTA_E_NOT_FOUND;
    if (!here || (there && other.base > l->base)) {
        struct log swap = *l;

        *l = other;
        other = swap;
    }
    l->must_change = !(here && there) || other.base + places(l) != l->base;
    return OTA_OK;
}

/* Program r at the next place. */
static ota_err put(struct log *l, struct record *r)
{
    uint32_t place = l->next;

    if (place >= places(l))
        return OTA_E_LIMIT;
    l->next++;
    return record_write(l, l->page, place, l->base + place, r);
}

static ota_err put_commit(struct log *l)
{
    struct record r;

    record_make(&r, COMMIT, 0, 0, NULL);
    return put(l, &r);
}

/* The type of the entry at this place or the next one behind it; 0 if there is none. */
static uint8_t entry_behind(const struct log *l, uint32_t place)
{
    uint8_t best = 0;

    for (uint8_t t = 1; t <= LOG_TYPES; t++) {
        if (l->newest[t - 1] > place && (best == 0 || l->newest[t - 1] < l->newest[best - 1]))
            best = t;
    }
    return best;
}

/* Copy the newest entry of a type to where `to` stands. */
static ota_err entry_copy(const struct log *l, uint8_t type, struct log *to)
{
    uint32_t from = l->newest[type - 1] - 1u, parts = 1;
    ota_err e = OTA_OK;

    to->newest[type - 1] = (uint16_t)(to->next + 1);
    for (uint32_t i = 0; e == OTA_OK && i < parts; i++) {
        struct record r;

        if (record_read(l, l->page, from + i, &r) != PLACE_RECORD)
            return OTA_E_IO;
        parts = r.raw[2];
        e = put(to, &r);
    }
    return e;
}

/* Copy the newest entries to the other page, close them with a commit, and stand there. */
static ota_err page_change(struct log *l)
{
    struct log to = *l;
    uint32_t place = 0;
    ota_err e;

    l->must_change = true; /* until it has succeeded */
    to.page = (uint8_t)(1 - l->page);
    to.base = l->base + places(l);
    to.next = 0;
    e = l->flash->erase(l->flash, address(l, to.page, 0));
    for (uint8_t t; e == OTA_OK && (t = entry_behind(l, place)) != 0;) {
        place = l->newest[t - 1];
        e = entry_copy(l, t, &to);
    }
    if (e == OTA_OK)
        e = put_commit(&to);
    to.commit_is_last = false; /* written by us, now: it will not read differently */
    to.must_change = false;
    if (e == OTA_OK)
        *l = to;
    return e;
}

ota_err log_format(struct log *l, const struct flash *f, uint32_t at)
{
    ota_err e = log_bind(l, f, at);

    l->base = 1;
    if (e == OTA_OK)
        e = f->erase(f, address(l, 1, 0));
    if (e == OTA_OK)
        e = f->erase(f, address(l, 0, 0));
    return e == OTA_OK ? put_commit(l) : e;
}

/* Program the records of an entry at the next places of the page in force. */
static ota_err entry_write(struct log *l, uint8_t type, const uint8_t *data, size_t len)
{
    uint32_t parts = (uint32_t)((len + LOG_PART_BYTES - 1) / LOG_PART_BYTES);
    uint16_t start = (uint16_t)(l->next + 1);
    ota_err e = OTA_OK;

    for (uint32_t i = 0; e == OTA_OK && i < parts; i++) {
        struct record r;

        record_make(&r, type, i, len, data);
        e = put(l, &r);
    }
    if (e == OTA_OK)
        l->newest[type - 1] = start;
    return e;
}

/*
 * The commit record that closed this page may itself be torn and read differently next time.
 * Before anything is built upon it, it is written again.
 */
static ota_err commit_repeat(struct log *l)
{
    ota_err e = OTA_E_IO;

    if (!l->commit_is_last)
        return OTA_OK;
    for (int i = 0; e != OTA_OK && i < APPEND_TRIES && l->next < places(l); i++)
        e = put_commit(l);
    if (e == OTA_OK)
        l->commit_is_last = false;
    return e;
}

ota_err log_append(struct log *l, uint8_t type, const void *data, size_t len)
{
    uint32_t parts = (uint32_t)((len + LOG_PART_BYTES - 1) / LOG_PART_BYTES);
    ota_err e;

    if (type < 1 || type > LOG_TYPES || len == 0 || len > LOG_ENTRY_BYTES_MAX)
        return OTA_E_LIMIT;
    e = commit_repeat(l);
    if (e == OTA_OK && l->must_change)
        e = page_change(l);
    for (int i = 0; e == OTA_OK && i < APPEND_TRIES && l->next + parts <= places(l); i++) {
        if (entry_write(l, type, data, len) == OTA_OK)
            return OTA_OK;
    }
    if (e == OTA_OK)
        e = page_change(l);
    if (e == OTA_OK && l->next + parts > places(l))
        e = OTA_E_LIMIT;
    return e == OTA_OK ? entry_write(l, type, data, len) : e;
}

ota_err log_newest(const struct log *l, uint8_t type, void *out, size_t len,
                   uint32_t *out_order)
{
    uint8_t *to = out;
    struct record r;

    if (type < 1 || type > LOG_TYPES || l->newest[type - 1] == 0)
        return OTA_E_NOT_FOUND;
    for (size_t done = 0, i = 0; done < len; done += LOG_PART_BYTES, i++) {
        size_t some = len - done < LOG_PART_BYTES ? len - done : LOG_PART_BYTES;

        if (record_read(l, l->page, l->newest[type - 1] - 1u + (uint32_t)i, &r) != PLACE_RECORD)
            return OTA_E_IO;
        if (r.raw[3] != len)
            return OTA_E_LIMIT;
        memcpy(to + done, r.raw + PAYLOAD_AT, some);
    }
    *out_order = l->newest[type - 1];
    return OTA_OK;
}
