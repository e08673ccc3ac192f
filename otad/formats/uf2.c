/*
 * UF2: one pass over the blocks.  Each family counts its blocks by itself, because boot loaders
 * pass over blocks of other families, and files of several are simply joined.  What was written
 * is kept as a bounded list of extents, so that blocks may come in any order.
 */
#include "uf2.h"

#include <string.h>

#include "firmware/image/le.h"

enum {
    BLOCK_BYTES = 512,
    DATA_AT = 32,
    DATA_BYTES = 476,
    MD5_BYTES = 24, /* at the end of the data, where the flag says so */
    EXTENTS_MAX = 64,
    FLAG_COMMENT = 0x1,
    FLAG_CONTAINER = 0x1000,
    FLAG_FAMILY = 0x2000,
    FLAG_MD5 = 0x4000,
    FLAG_TAGS = 0x8000,
    TAG_VERSION = 0x9fc7bc,
    TAG_DEVICE = 0x650d9d,
    TAG_HEAD_BYTES = 4
};

#define MAGIC_0   0x0a324655U
#define MAGIC_1   0x9e5d5157U
#define MAGIC_END 0x0ab16f30U
/* RP2350: one block of this family goes before, numbered as the first of two. */
#define FAMILY_ABSOLUTE 0xe48bff57U

struct verdict_row {
    const char *code, *text;
};

static const struct verdict_row rows[UF2_VERDICTS] = {
    [UF2_GOOD] = {"good", "The file is good."},
    [UF2_NOT_UF2] = {"uf2-not-uf2", "The file is named *.uf2, but its first block is no UF2 "
                                    "block. Was another file meant?"},
    [UF2_UNREADABLE] = {"store-failed", "The file could not be read back."},
    [UF2_BAD_LENGTH] = {"uf2-bad-length",
                        "A UF2 file consists of blocks of 512 bytes; this one "
                        "ends within a block. Copy it again."},
    [UF2_BAD_BLOCK] = {"uf2-bad-block",
                       "A block of the UF2 file lacks one of its magic numbers: "
                       "the file is damaged."},
    [UF2_BAD_PAYLOAD] = {"uf2-bad-payload",
                         "A block of the UF2 file has no data, more than 476 bytes, or an "
                         "address or length that is not a multiple of four."},
    [UF2_BAD_NUMBERING] = {"uf2-bad-numbering",
                           "The UF2 file's blocks are not numbered from 0 to the number that "
                           "they promise: one is missing, or stands there twice."},
    [UF2_OVERLAP] = {"uf2-overlap", "Two blocks of the UF2 file write the same address."},
    [UF2_BAD_TAG] = {"uf2-bad-tag", "An extension tag of the UF2 file leaves its block."},
    [UF2_TOO_SCATTERED] = {"uf2-too-scattered",
                           "The UF2 file writes more than 64 separate places."},
    [UF2_TOO_MANY_FAMILIES] = {"uf2-too-many-families",
                               "The UF2 file is for more than eight families of chips."},
    [UF2_NOTHING] = {"uf2-nothing", "Nothing in the UF2 file is for a chip's flash."},
};

static const struct {
    uint32_t id;
    const char *name;
} families[] = {
    {0x00ff6919, "STM32L4"},
    {0x04240bdf, "STM32L5"},
    {0x16573617, "ATmega32"},
    {0x1851780a, "SAML21"},
    {0x1b57745f, "nRF52"},
    {0x1c5f21b0, "ESP32"},
    {0x1e1f432d, "STM32L1"},
    {0x202e3a91, "STM32L0"},
    {0x21460ff0, "STM32WL"},
    {0x2abc77ec, "LPC55"},
    {0x2b88d29c, "ESP32-C2"},
    {0x300f5633, "STM32G0"},
    {0x332726f6, "ESP32-H2"},
    {0x3d308e94, "ESP32-P4"},
    {0x4c71240a, "STM32G4"},
    {0x4fb2d5bd, "i.MX RT10xx"},
    {0x53b80f00, "STM32F7"},
    {0x540ddf62, "ESP32-C6"},
    {0x55114460, "SAMD51"},
    {0x57755a57, "STM32F4"},
    {0x5d1a0a2e, "STM32F2"},
    {0x5ee21072, "STM32F1"},
    {0x621e937a, "nRF52833"},
    {0x647824b6, "STM32F0"},
    {0x68ed2b88, "SAMD21"},
    {0x6b846188, "STM32F3"},
    {0x6d0922fa, "STM32F407"},
    {0x6db66082, "STM32H7"},
    {0x70d16653, "STM32WB"},
    {0x7eab61ed, "ESP8266"},
    {0x7f83e793, "KL32L2"},
    {0x8fb060fe, "STM32F407VG"},
    {0x9af03e33, "GD32VF103"},
    {0xada52840, "nRF52840"},
    {0xbfdd4eee, "ESP32-S2"},
    {0xc47e5767, "ESP32-S3"},
    {0xd42ba06c, "ESP32-C3"},
    {0xe48bff56, "RP2040"},
    {0xe48bff57, "RP2 absolute"},
    {0xe48bff58, "RP2 data"},
    {0xe48bff59, "RP2350 Arm"},
    {0xe48bff5a, "RP2350 RISC-V"},
    {0xe48bff5b, "RP2350 Arm non-secure"},
};

const char *uf2_family_name(uint32_t id)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (families[i].id == id)
            return families[i].name;
    return NULL;
}

const char *uf2_verdict_code(enum uf2_verdict v)
{
    return rows[v].code;
}

const char *uf2_verdict_text(enum uf2_verdict v)
{
    return rows[v].text;
}

struct block {
    uint32_t flags, address, bytes, number, count, family;
    const uint8_t *data;
};

static bool block_read(const uint8_t b[BLOCK_BYTES], struct block *out)
{
    if (le32_load(b) != MAGIC_0 || le32_load(b + 4) != MAGIC_1 ||
        le32_load(b + BLOCK_BYTES - 4) != MAGIC_END)
        return false;
    *out = (struct block){.flags = le32_load(b + 8),
                          .address = le32_load(b + 12),
                          .bytes = le32_load(b + 16),
                          .number = le32_load(b + 20),
                          .count = le32_load(b + 24),
                          .data = b + DATA_AT};
    out->family = (out->flags & FLAG_FAMILY) != 0 ? le32_load(b + 28) : 0;
    return true;
}

/* ---- extents --------------------------------------------------------------------------- */

struct extent {
    uint32_t family;
    uint64_t from, to;
};

struct extents {
    unsigned count;
    struct extent list[EXTENTS_MAX];
};

/* An extent that grows may meet another one. */
static void join(struct extents *x, unsigned i)
{
    for (unsigned j = 0; j < x->count; j++) {
        if (j == i || x->list[j].family != x->list[i].family ||
            (x->list[j].from != x->list[i].to && x->list[j].to != x->list[i].from))
            continue;
        struct extent *a = &x->list[i], *b = &x->list[j];
        a->from = a->from < b->from ? a->from : b->from;
        a->to = a->to > b->to ? a->to : b->to;
        *b = x->list[--x->count];
        return;
    }
}

static enum uf2_verdict extent_add(struct extents *x, struct extent e)
{
    unsigned meets = EXTENTS_MAX;
    for (unsigned i = 0; i < x->count; i++) {
        struct extent *old = &x->list[i];
        if (old->family != e.family)
            continue;
        if (e.from < old->to && old->from < e.to)
            return UF2_OVERLAP;
        if (e.from == old->to || e.to == old->from)
            meets = i;
    }
    if (meets < EXTENTS_MAX) {
        struct extent *old = &x->list[meets];
        old->from = old->from < e.from ? old->from : e.from;
        old->to = old->to > e.to ? old->to : e.to;
        join(x, meets);
        return UF2_GOOD;
    }
    if (x->count == EXTENTS_MAX)
        return UF2_TOO_SCATTERED;
    x->list[x->count++] = e;
    return UF2_GOOD;
}

/* ---- families -------------------------------------------------------------------------- */

struct counting {
    uint32_t next, count; /* number that must come; how many are promised */
};

struct pass {
    struct uf2_info *out;
    struct counting counting[UF2_FAMILIES_MAX];
    struct extents extents;
};

static struct uf2_family *family_of(struct pass *p, uint32_t id, struct counting **out_counting)
{
    unsigned i = 0;
    while (i < p->out->family_count && p->out->family[i].id != id)
        i++;
    if (i == UF2_FAMILIES_MAX)
        return NULL;
    if (i == p->out->family_count) {
        p->out->family_count++;
        p->out->family[i] = (struct uf2_family){.id = id, .first_address = UINT32_MAX};
    }
    *out_counting = &p->counting[i];
    return &p->out->family[i];
}

/* Files may be joined: where one has ended another begins. */
static bool number_fits(struct counting *c, const struct block *b)
{
    if (c->next == c->count)
        *c = (struct counting){.count = b->count};
    if (b->number != c->next || b->count != c->count || b->number >= b->count)
        return false;
    c->next++;
    return true;
}

static bool all_came(const struct uf2_family *f, const struct counting *c)
{
    return c->next == c->count || (f->id == FAMILY_ABSOLUTE && f->blocks == 1);
}

static enum uf2_verdict family_add(struct pass *p, const struct block *b)
{
    struct counting *counting = NULL;
    struct uf2_family *f = family_of(p, b->family, &counting);
    if (f == NULL)
        return UF2_TOO_MANY_FAMILIES;
    if (!number_fits(counting, b))
        return UF2_BAD_NUMBERING;
    f->blocks++;
    if ((b->flags & (FLAG_COMMENT | FLAG_CONTAINER)) != 0) {
        p->out->comments += (b->flags & FLAG_CONTAINER) == 0;
        p->out->container = p->out->container || (b->flags & FLAG_CONTAINER) != 0;
        return UF2_GOOD;
    }
    const uint32_t end = b->address + b->bytes;
    if (end < b->address)
        return UF2_BAD_PAYLOAD;
    f->payload_bytes += b->bytes;
    f->first_address = b->address < f->first_address ? b->address : f->first_address;
    f->end_address = end > f->end_address ? end : f->end_address;
    return extent_add(&p->extents,
                      (struct extent){.family = b->family, .from = b->address, .to = end});
}

/* ---- tags ------------------------------------------------------------------------------ */

static void text_take(char out[UF2_TEXT_BYTES], const uint8_t *text, size_t len)
{
    size_t n = 0;
    if (out[0] != '\0')
        return; /* tags are repeated in blocks */
    while (n < len && n < UF2_TEXT_BYTES - 1 && text[n] != '\0')
        n++;
    memcpy(out, text, n);
    out[n] = '\0';
}

static enum uf2_verdict tags_read(const struct block *b, struct uf2_info *out)
{
    const size_t room = DATA_BYTES - ((b->flags & FLAG_MD5) != 0 ? MD5_BYTES : 0);
    for (size_t at = b->bytes; at + TAG_HEAD_BYTES <= room;) {
        const uint8_t *tag = b->data + at;
        const uint32_t head = le32_load(tag), type = head >> 8;
        const size_t len = tag[0];
        if (head == 0 || head == UINT32_MAX)
            return UF2_GOOD;
        if (len < TAG_HEAD_BYTES || len > room - at)
            return UF2_BAD_TAG;
        if (type == TAG_VERSION)
            text_take(out->version, tag + TAG_HEAD_BYTES, len - TAG_HEAD_BYTES);
        else if (type == TAG_DEVICE)
            text_take(out->device, tag + TAG_HEAD_BYTES, len - TAG_HEAD_BYTES);
        at += (len + 3) / 4 * 4;
    }
    return UF2_GOOD;
}

/* ---- the file -------------------------------------------------------------------------- */

static enum uf2_verdict block_take(struct pass *p, const struct block *b)
{
    const uint32_t room = DATA_BYTES - ((b->flags & FLAG_MD5) != 0 ? MD5_BYTES : 0U);
    const bool main_flash = (b->flags & (FLAG_COMMENT | FLAG_CONTAINER)) == 0;
    if (b->bytes > room ||
        (main_flash && (b->bytes == 0 || ((b->bytes | b->address) & 3) != 0)))
        return UF2_BAD_PAYLOAD;
    enum uf2_verdict v = family_add(p, b);
    if (v == UF2_GOOD && (b->flags & FLAG_TAGS) != 0)
        v = tags_read(b, p->out);
    return v;
}

static enum uf2_verdict finish(struct pass *p)
{
    uint32_t bytes = 0;
    for (unsigned i = 0; i < p->out->family_count; i++) {
        struct uf2_family *f = &p->out->family[i];
        if (!all_came(f, &p->counting[i]))
            return UF2_BAD_NUMBERING;
        bytes |= f->payload_bytes;
        if (f->payload_bytes == 0)
            f->first_address = 0;
    }
    for (unsigned i = 0; i < p->extents.count; i++)
        for (unsigned k = 0; k < p->out->family_count; k++)
            p->out->family[k].gaps += p->out->family[k].id == p->extents.list[i].family;
    for (unsigned k = 0; k < p->out->family_count; k++)
        if (p->out->family[k].gaps > 0)
            p->out->family[k].gaps--; /* n extents have n - 1 gaps between them */
    return bytes != 0 || p->out->container ? UF2_GOOD : UF2_NOTHING;
}

bool uf2_claims(const struct image_source *src)
{
    uint8_t b[8];
    return src->size_bytes >= sizeof b && src->read(src, 0, b, sizeof b) == OTA_OK &&
           le32_load(b) == MAGIC_0 && le32_load(b + 4) == MAGIC_1;
}

enum uf2_verdict uf2_check(const struct image_source *src, struct uf2_info *out)
{
    struct pass p = {.out = out};
    *out = (struct uf2_info){0};
    if (!uf2_claims(src))
        return UF2_NOT_UF2;
    if (src->size_bytes % BLOCK_BYTES != 0)
        return UF2_BAD_LENGTH;
    for (uint32_t at = 0; at < src->size_bytes; at += BLOCK_BYTES) {
        uint8_t bytes[BLOCK_BYTES];
        struct block b;
        if (src->read(src, at, bytes, sizeof bytes) != OTA_OK)
            return UF2_UNREADABLE;
        if (!block_read(bytes, &b))
            return UF2_BAD_BLOCK;
        const enum uf2_verdict v = block_take(&p, &b);
        if (v != UF2_GOOD)
            return v;
        out->blocks++;
    }
    return finish(&p);
}
