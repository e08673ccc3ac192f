/*
 * The two-unit log.  Invariants: the unit in force is never erased; the other one is erased
 * immediately before it is used, whatever it reads like; a place is programmed once between two
 * erases, unless a torn record there reads blank, which nobody can tell from a blank place.
 *
 * After an interrupted change of units the old unit is not continued: its successor may come to
 * read as complete later, and win over it.  Such a change shows, because the other unit no
 * longer holds the predecessor of the one in force; then the next entry changes units.
 *
 * The first whole entry after log_open is followed by a seal.  A seal, torn or not, proves that
 * the entry before it is complete, so that the unit stands by itself and the other one may be
 * erased.  A unit that filled up without any seal, by one power cut after the other, has never
 * been relied upon: it is itself erased and begun anew, beside its intact predecessor.  That
 * erase may be cut, too, and let a torn seal show that did not before; so a seal of an earlier
 * boot counts only if it is there each time one looks.
 *
 * A place that cannot be read is taken for torn, which may bring an older truth back: that must
 * be the place's fault and not the hour's.  So a walk that met such places counts only if the
 * one before it met the same ones; a driver that fails for a while does not stop and begin at
 * the same places twice.
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
    NOTE = 15,
    SEAL = 16,
    TYPE_MAX = 14,
    PLACES_MAX = 0xffff,
    WALKS = 5, /* until two are alike; a failure shorter than a walk takes four at most */
    LOST_FACTOR = 33, /* odd: no place is shifted out */
    UNIT_FACTOR = 7,  /* no power of that, which would let one unit's places stand for others */
    PROOF_READS = 16, /* a half erased unit passes one with odds below a half */
    APPEND_TRIES = 3  /* places that fail to take a record before the unit is given up */
};

static const uint8_t seal_payload[1] = {0};

/* How a place reads. */
enum place { PLACE_BLANK, PLACE_TORN, PLACE_RECORD, PLACE_UNREADABLE };

struct record {
    uint8_t raw[LOG_RECORD_BYTES];
};

static uint32_t record_sequence(const struct record *r)
{
    return le32_load(r->raw + 4);
}

static uint32_t parts_of(size_t len)
{
    return (uint32_t)((len + LOG_PART_BYTES - 1) / LOG_PART_BYTES);
}

/* An entry of several records is written twice, so that no single place that goes bad loses it.
 */
static uint32_t records_of(size_t len)
{
    uint32_t parts = parts_of(len);

    return parts > 1 ? 2 * parts : parts;
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
        return PLACE_UNREADABLE;
    for (uint32_t i = 0; i < LOG_RECORD_BYTES; i++)
        blank += out->raw[i] == l->flash->erased;
    if (blank == LOG_RECORD_BYTES)
        return PLACE_BLANK;
    return crc32_of(out->raw, CRC_AT) == le32_load(out->raw + CRC_AT) ? PLACE_RECORD
                                                                      : PLACE_TORN;
}

static void record_make(struct record *r, uint8_t type, uint32_t part, size_t len,
                        const void *data)
{
    const uint8_t *from = data;
    size_t at = (size_t)part * LOG_PART_BYTES,
           some = len - at < LOG_PART_BYTES ? len - at : LOG_PART_BYTES;

    memset(r, 0, sizeof *r);
    r->raw[0] = type;
    r->raw[1] = (uint8_t)part;
    r->raw[2] = (uint8_t)parts_of(len);
    r->raw[3] = (uint8_t)len;
    memcpy(r->raw + PAYLOAD_AT, from + at, some);
}

/* Give r its sequence and checksum, program it and read it back. */
static ota_err record_write(const struct log *l, uint32_t place, struct record *r)
{
    uint32_t at = address(l, l->page, place);
    struct record back;
    ota_err e;

    le32_store(r->raw + 4, l->base + place);
    le32_store(r->raw + CRC_AT, crc32_of(r->raw, CRC_AT));
    e = l->flash->program(l->flash, at, r->raw, sizeof r->raw);
    if (e == OTA_OK)
        e = l->flash->read(l->flash, at, back.raw, sizeof back.raw);
    if (e == OTA_OK && memcmp(back.raw, r->raw, sizeof back.raw) != 0)
        e = OTA_E_IO;
    return e;
}

/* A walk over a page: the entry that it is in the middle of, and what it found. */
struct walk {
    uint8_t part; /* next part of the entry; 0 = in none */
    uint8_t entry[LOG_ENTRY_BYTES_MAX];
    bool based;
    struct log_found found; /* bytes 0: no whole entry yet */
};

/* An entry is complete. */
static void walk_entry(struct log *l, struct walk *w, const struct record *r)
{
    uint8_t len = r->raw[3];

    if (r->raw[0] == SEAL) {
        l->proven = true;
    } else if (r->raw[0] == NOTE) {
        w->found.note_bytes = len;
        memcpy(w->found.note, w->entry, LOG_NOTE_BYTES_MAX);
    } else {
        w->found.type = r->raw[0];
        w->found.bytes = len;
        w->found.note_bytes = 0;
        memcpy(w->found.whole, w->entry, sizeof w->found.whole);
    }
}

/* Take an intact record into account; an entry counts with its last part. */
static void walk_record(struct log *l, struct walk *w, const struct record *r)
{
    uint8_t part = r->raw[1], parts = r->raw[2];
    bool follows = part == 0 || part == w->part;

    w->part = 0;
    if (!follows || part >= parts || parts != parts_of(r->raw[3]) || parts > LOG_PARTS_MAX ||
        (r->raw[0] == NOTE && parts > 1))
        return;
    memcpy(w->entry + (size_t)part * LOG_PART_BYTES, r->raw + PAYLOAD_AT, LOG_PART_BYTES);
    if (part + 1 == parts)
        walk_entry(l, w, r);
    else
        w->part = (uint8_t)(part + 1);
}

/* Read a page from its start.  True if it holds a whole entry; l then stands at its end. */
static bool page_walk(struct log *l, uint8_t page, struct walk *w)
{
    struct record r;

    memset(w, 0, sizeof *w);
    l->page = page;
    l->lost = 0;
    for (uint32_t place = 0; place < places(l); place++) {
        enum place p = record_read(l, page, place, &r);

        l->lost = l->lost * LOST_FACTOR + (p == PLACE_UNREADABLE);
        if (p == PLACE_BLANK)
            continue;
        l->next = (uint16_t)(place + 1);
        if (p == PLACE_RECORD && !w->based) {
            l->base = record_sequence(&r) - place;
            w->based = true;
        }
        if (p == PLACE_RECORD && record_sequence(&r) == l->base + place)
            walk_record(l, w, &r);
        else
            w->part = 0;
    }
    return w->found.bytes > 0;
}

static ota_err log_bind(struct log *l, const struct flash *f, uint32_t at)
{
    *l = (struct log){.flash = f, .at = at};
    if (f->erase_bytes < LOG_ERASE_BYTES_MIN || f->program_bytes > LOG_RECORD_BYTES ||
        f->erase_bytes / LOG_RECORD_BYTES >= PLACES_MAX)
        return OTA_E_LIMIT;
    return OTA_OK;
}

/* log_open, by one walk; *out_lost tells which places could not be read, 0 if all could. */
static ota_err open_once(struct log *l, const struct flash *f, uint32_t at,
                         struct log_found *out, uint32_t *out_lost)
{
    struct log other;
    struct walk w;
    bool here, there;
    uint32_t before; /* the base of the unit that is not in force */
    ota_err e = log_bind(l, f, at);

    if (e != OTA_OK)
        return e;
    other = *l;
    here = page_walk(l, 0, &w);
    *out = w.found;
    there = page_walk(&other, 1, &w);
    *out_lost = l->lost * UNIT_FACTOR + other.lost;
    if (!here && !there)
        return *out_lost != 0 ? OTA_E_IO : OTA_E_NOT_FOUND;
    before = other.base;
    if (!here || (there && other.base > l->base)) {
        before = l->base;
        *l = other;
        *out = w.found;
    }
    l->must_change = !(here && there) || before + places(l) != l->base;
    return OTA_OK;
}

ota_err log_open(struct log *l, const struct flash *f, uint32_t at, struct log_found *out)
{
    uint32_t lost = 0, before = 1;
    ota_err e = OTA_E_IO;

    for (int i = 0; i < WALKS && lost != before; i++) {
        before = lost;
        e = open_once(l, f, at, out, &lost);
    }
    return lost == before ? e : OTA_E_IO;
}

/* Program an entry's records at the next places.  On failure those places are used up. */
static ota_err entry_write(struct log *l, uint8_t type, const void *data, size_t len)
{
    uint32_t records = records_of(len);
    ota_err e = OTA_OK;

    for (uint32_t i = 0; e == OTA_OK && i < records; i++) {
        uint32_t place = l->next++;
        struct record r;

        record_make(&r, type, i % parts_of(len), len, data);
        e = record_write(l, place, &r);
    }
    return e;
}

/* Try to append, leaving one place for a seal; OTA_E_LIMIT if there is no room (left). */
static ota_err append(struct log *l, uint8_t type, const void *data, size_t len)
{
    for (int i = 0; i < APPEND_TRIES && l->next + records_of(len) < places(l); i++) {
        if (entry_write(l, type, data, len) == OTA_OK)
            return OTA_OK;
    }
    return OTA_E_LIMIT;
}

/* Seal what was written before, if there is a place left. */
static ota_err seal(struct log *l)
{
    ota_err e = l->next < places(l) ? entry_write(l, SEAL, seal_payload, sizeof seal_payload)
                                    : OTA_E_LIMIT;

    if (e == OTA_OK)
        l->proven = l->sealed = true;
    return e;
}

/* Erase the page where l stands, and begin it with a whole entry. */
static ota_err page_begin(struct log *l, uint8_t type, const void *data, size_t len)
{
    ota_err e = l->flash->erase(l->flash, address(l, l->page, 0));

    l->next = 0;
    l->proven = l->sealed = false;
    if (e == OTA_OK)
        e = entry_write(l, type, data, len);
    return e == OTA_OK ? seal(l) : e;
}

/*
 * Is the page in force proven, by us or by a seal that does not come and go?  OTA_E_NOT_FOUND
 * if not; OTA_E_IO if other places of it cannot be read than when it was opened.
 */
static ota_err prove(struct log *l)
{
    struct walk w;

    for (int i = 0; !l->sealed && i < PROOF_READS; i++) {
        struct log again = *l;
        bool whole;

        again.proven = false;
        whole = page_walk(&again, l->page, &w);
        if (again.lost != l->lost)
            return OTA_E_IO;
        if (!whole || !again.proven)
            return OTA_E_NOT_FOUND;
        if (again.next > l->next)
            l->next = again.next; /* a torn place that read blank before */
    }
    return OTA_OK;
}

/* Leave the page in force, which is proven to stand by itself. */
static ota_err page_change(struct log *l, uint8_t type, const void *data, size_t len)
{
    struct log to = *l;
    ota_err e;

    l->must_change = true; /* until it has succeeded */
    to.page = (uint8_t)(1 - l->page);
    to.base = l->base + places(l);
    to.must_change = false;
    e = page_begin(&to, type, data, len);
    if (e == OTA_OK)
        *l = to;
    return e;
}

static bool fits(uint8_t type, size_t len)
{
    return type >= 1 && type <= TYPE_MAX && len > 0 && len <= LOG_ENTRY_BYTES_MAX;
}

ota_err log_format(struct log *l, const struct flash *f, uint32_t at, uint8_t type,
                   const void *data, size_t len)
{
    ota_err e = log_bind(l, f, at);

    if (e != OTA_OK || !fits(type, len))
        return OTA_E_LIMIT;
    l->base = 1;
    e = f->erase(f, address(l, 1, 0));
    return e == OTA_OK ? page_begin(l, type, data, len) : e;
}

ota_err log_put(struct log *l, uint8_t type, const void *data, size_t len)
{
    ota_err e;

    if (!fits(type, len))
        return OTA_E_LIMIT;
    if (!l->must_change && append(l, type, data, len) == OTA_OK &&
        (l->sealed || seal(l) == OTA_OK))
        return OTA_OK;
    e = l->must_change ? OTA_OK : prove(l);
    if (e == OTA_E_NOT_FOUND)
        return page_begin(l, type, data, len);
    if (e != OTA_OK)
        return e;
    if (!l->sealed)
        (void)seal(l); /* so that the next boot sees the proof too, if there is a place */
    return page_change(l, type, data, len);
}

ota_err log_note(struct log *l, const void *data, size_t len)
{
    if (l->must_change || !l->sealed || len == 0 || len > LOG_NOTE_BYTES_MAX)
        return OTA_E_LIMIT;
    return append(l, NOTE, data, len);
}
