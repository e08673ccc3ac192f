/*
 * The two copies of what is trusted.  A copy is written root, head, first record in this order
 * and counts from the record on; the copy in force is never erased.  Records are never written
 * over, and read back.
 *
 * What a power cut tore may read differently the next time.  So before anything rests on what
 * was read it is written again, behind the records of the copy in force; and a copy that was
 * being begun is erased, lest its record shows later.  A record's place gives it its number:
 * what is written behind a torn one, or into the other copy, has a higher one.
 */
#include "trust_store.h"

#include <stdbool.h>
#include <string.h>

#include "../image/crypto.h"
#include "../image/le.h"
#include "../slot/crc32.h"

enum {
    HEAD_BYTES = 64, /* magic, root's length, its SHA-256, CRC-32 of the head */
    AT_ROOT_BYTES = 8,
    AT_ROOT_SHA256 = 16,
    AT_HEAD_CRC = HEAD_BYTES - 4,
    RECORD_BYTES = 96, /* as the head: whole program units of 1 to 32 bytes */
    RECORD_MAGIC = 0x5441544f,
    AT_SEQUENCE = 4,
    AT_VERSIONS = 8, /* five */
    AT_NUMBERS = 32, /* six */
    VERSIONS = 5,
    NUMBERS = 6,
    AT_RECORD_CRC = RECORD_BYTES - 4,
    PIECE_BYTES = 64 /* of a root on its way between copies: whole program units */
};
_Static_assert(AT_VERSIONS + 4 * VERSIONS <= AT_NUMBERS, "versions end before the numbers");
_Static_assert(AT_NUMBERS + 8 * NUMBERS <= AT_RECORD_CRC, "numbers end before the checksum");

static const uint8_t magic[8] = {'O', 'T', 'A', 'D', 'T', 'U', 'F', '1'};

static uint32_t copy_bytes(const struct trust_region *r)
{
    return TRUST_COPY_BYTES(r->flash->erase_bytes);
}

static uint32_t copy_at(const struct trust_region *r, unsigned copy)
{
    return r->at + copy * copy_bytes(r);
}

/* Behind the largest root: the same place whatever the root. */
static uint32_t records_at(const struct trust_region *r, unsigned copy)
{
    return copy_at(r, copy) + HEAD_BYTES + TRUST_ROOT_BYTES_MAX;
}

static uint32_t records_end(const struct trust_region *r, unsigned copy)
{
    return copy_at(r, copy) + copy_bytes(r);
}

static void le64_put(uint8_t *p, uint64_t v)
{
    le32_store(p, (uint32_t)v);
    le32_store(p + 4, (uint32_t)(v >> 32));
}

static uint64_t le64_get(const uint8_t *p)
{
    return le32_load(p) | (uint64_t)le32_load(p + 4) << 32;
}

static void record_write(const struct trust_state *s, uint8_t b[RECORD_BYTES])
{
    const uint32_t versions[VERSIONS] = {s->root, s->timestamp, s->snapshot, s->targets,
                                         s->role};
    const uint64_t numbers[NUMBERS] = {s->time_s,         s->director,
                                       s->root_expires_s, s->targets_expires_s,
                                       s->role_expires_s, s->updates_s};

    memset(b, 0, RECORD_BYTES);
    le32_store(b, RECORD_MAGIC);
    le32_store(b + AT_SEQUENCE, s->sequence);
    for (size_t i = 0; i < VERSIONS; i++) {
        le32_store(b + AT_VERSIONS + 4 * i, versions[i]);
    }
    for (size_t i = 0; i < NUMBERS; i++) {
        le64_put(b + AT_NUMBERS + 8 * i, numbers[i]);
    }
    le32_store(b + AT_RECORD_CRC, crc32_of(b, AT_RECORD_CRC));
}

static bool record_good(const uint8_t b[RECORD_BYTES])
{
    return le32_load(b) == RECORD_MAGIC &&
           le32_load(b + AT_RECORD_CRC) == crc32_of(b, AT_RECORD_CRC);
}

static void record_read(const uint8_t b[RECORD_BYTES], struct trust_state *s)
{
    uint32_t *const versions[VERSIONS] = {&s->root, &s->timestamp, &s->snapshot, &s->targets,
                                          &s->role};
    uint64_t *const numbers[NUMBERS] = {&s->time_s,         &s->director,
                                        &s->root_expires_s, &s->targets_expires_s,
                                        &s->role_expires_s, &s->updates_s};

    s->sequence = le32_load(b + AT_SEQUENCE);
    for (size_t i = 0; i < VERSIONS; i++) {
        *versions[i] = le32_load(b + AT_VERSIONS + 4 * i);
    }
    for (size_t i = 0; i < NUMBERS; i++) {
        *numbers[i] = le64_get(b + AT_NUMBERS + 8 * i);
    }
}

static bool all(const uint8_t *b, size_t len, uint8_t value)
{
    for (size_t i = 0; i < len; i++) {
        if (b[i] != value) {
            return false;
        }
    }
    return true;
}

/* --- reading ---------------------------------------------------------------------------- */

enum copy_kind { COPY_BLANK, COPY_BAD, COPY_GOOD };

/* A digest over flash, piece by piece: the root need not be in RAM for it. */
static ota_err flash_sha256(const struct flash *f, uint32_t at, uint32_t len,
                            uint8_t out[CRYPTO_DIGEST_BYTES])
{
    struct crypto_sha256 h;
    uint8_t piece[PIECE_BYTES];

    crypto_sha256_init(&h);
    for (uint32_t done = 0; done < len;) {
        uint32_t n = len - done < sizeof piece ? len - done : (uint32_t)sizeof piece;

        if (f->read(f, at + done, piece, n)) {
            return OTA_E_IO;
        }
        crypto_sha256_update(&h, piece, n);
        done += n;
    }
    crypto_sha256_final(&h, out);
    return OTA_OK;
}

/* Head and root of a copy.  A copy that cannot be read holds nothing. */
static enum copy_kind head_read(const struct trust_region *r, unsigned copy, uint32_t *out_len)
{
    uint8_t b[HEAD_BYTES], digest[CRYPTO_DIGEST_BYTES];
    uint32_t len;

    if (r->flash->read(r->flash, copy_at(r, copy), b, sizeof b)) {
        return COPY_BAD;
    }
    if (all(b, sizeof b, r->flash->erased)) {
        return COPY_BLANK;
    }
    len = le32_load(b + AT_ROOT_BYTES);
    if (memcmp(b, magic, sizeof magic) != 0 || len == 0 || len > TRUST_ROOT_BYTES_MAX ||
        le32_load(b + AT_HEAD_CRC) != crc32_of(b, AT_HEAD_CRC) ||
        flash_sha256(r->flash, copy_at(r, copy) + HEAD_BYTES, len, digest) ||
        memcmp(b + AT_ROOT_SHA256, digest, sizeof digest) != 0) {
        return COPY_BAD;
    }
    *out_len = len;
    return COPY_GOOD;
}

ota_err trust_load(const struct trust_region *r, struct trust_state *out)
{
    struct trust_state best = {.root_bytes = 0};
    uint8_t b[RECORD_BYTES];
    bool blank = true;

    for (unsigned copy = 0; copy < TRUST_COPIES; copy++) {
        uint32_t len = 0;
        enum copy_kind kind = head_read(r, copy, &len);

        blank = blank && kind == COPY_BLANK;
        for (uint32_t at = records_at(r, copy);
             kind == COPY_GOOD && at + RECORD_BYTES <= records_end(r, copy);
             at += RECORD_BYTES) {
            if (r->flash->read(r->flash, at, b, sizeof b) || !record_good(b) ||
                le32_load(b + AT_SEQUENCE) <= best.sequence) {
                continue;
            }
            record_read(b, &best);
            best.root_bytes = len;
            best.copy = (uint8_t)copy;
            best.next_at = at + RECORD_BYTES;
        }
    }
    if (best.root_bytes == 0) {
        return blank ? OTA_E_NOT_FOUND : OTA_E_FORMAT;
    }
    *out = best;
    return OTA_OK;
}

ota_err trust_root_read(const struct trust_region *r, const struct trust_state *s, uint8_t *buf)
{
    return r->flash->read(r->flash, copy_at(r, s->copy) + HEAD_BYTES, buf, s->root_bytes)
               ? OTA_E_IO
               : OTA_OK;
}

/* --- writing ---------------------------------------------------------------------------- */

/* One attempt at one place: false if it is used or does not read back. */
static bool write_at(const struct flash *f, uint32_t at, const uint8_t record[RECORD_BYTES])
{
    uint8_t b[RECORD_BYTES];

    if (f->read(f, at, b, sizeof b) || !all(b, sizeof b, f->erased)) {
        return false;
    }
    return f->program(f, at, record, RECORD_BYTES) == OTA_OK &&
           f->read(f, at, b, sizeof b) == OTA_OK && memcmp(b, record, RECORD_BYTES) == 0;
}

/* A record of s at or behind this place of the copy; sequence is that of the place before. */
static ota_err append(const struct trust_region *r, struct trust_state *s, unsigned copy,
                      uint32_t at)
{
    struct trust_state next = *s;
    uint8_t record[RECORD_BYTES];

    for (; at + RECORD_BYTES <= records_end(r, copy); at += RECORD_BYTES) {
        next.sequence++;
        record_write(&next, record);
        if (write_at(r->flash, at, record)) {
            next.copy = (uint8_t)copy;
            next.next_at = at + RECORD_BYTES;
            *s = next;
            return OTA_OK;
        }
    }
    return OTA_E_IO;
}

/* Where the bytes of a new copy come from: RAM, or flash if bytes is NULL. */
struct root_source {
    const uint8_t *bytes;
    uint32_t at, len;
};

static ota_err piece_get(const struct flash *f, const struct root_source *from, uint32_t done,
                         uint8_t piece[PIECE_BYTES])
{
    uint32_t n = from->len - done < PIECE_BYTES ? from->len - done : PIECE_BYTES;

    memset(piece, f->erased, PIECE_BYTES);
    if (from->bytes == NULL) {
        return f->read(f, from->at + done, piece, n) ? OTA_E_IO : OTA_OK;
    }
    memcpy(piece, from->bytes + done, n);
    return OTA_OK;
}

static ota_err root_write(const struct trust_region *r, unsigned copy,
                          const struct root_source *from)
{
    const struct flash *f = r->flash;
    uint8_t head[HEAD_BYTES] = {0}, piece[PIECE_BYTES], written[CRYPTO_DIGEST_BYTES];
    struct crypto_sha256 h;
    uint32_t to = copy_at(r, copy) + HEAD_BYTES;

    crypto_sha256_init(&h);
    for (uint32_t done = 0; done < from->len; done += PIECE_BYTES) {
        uint32_t n = from->len - done < PIECE_BYTES ? from->len - done : PIECE_BYTES;

        if (piece_get(f, from, done, piece) || f->program(f, to + done, piece, PIECE_BYTES)) {
            return OTA_E_IO;
        }
        crypto_sha256_update(&h, piece, n);
    }
    memcpy(head, magic, sizeof magic);
    le32_store(head + AT_ROOT_BYTES, from->len);
    crypto_sha256_final(&h, head + AT_ROOT_SHA256);
    le32_store(head + AT_HEAD_CRC, crc32_of(head, AT_HEAD_CRC));
    if (flash_sha256(f, to, from->len, written) ||
        memcmp(written, head + AT_ROOT_SHA256, sizeof written) != 0) {
        return OTA_E_IO;
    }
    return f->program(f, copy_at(r, copy), head, HEAD_BYTES) ? OTA_E_IO : OTA_OK;
}

/* Into the copy that is not in force. */
static ota_err change_copy(const struct trust_region *r, struct trust_state *s,
                           const struct root_source *from)
{
    unsigned copy = s->root_bytes == 0 ? 0 : 1u - s->copy;
    struct trust_state next = *s;
    uint32_t len;
    ota_err e;

    for (uint32_t at = copy_at(r, copy); at < records_end(r, copy);
         at += r->flash->erase_bytes) {
        if (r->flash->erase(r->flash, at)) {
            return OTA_E_IO;
        }
    }
    if (root_write(r, copy, from) || head_read(r, copy, &len) != COPY_GOOD) {
        return OTA_E_IO;
    }
    if (s->root_bytes != 0) { /* above all places of the copy that is left */
        next.sequence += (records_end(r, s->copy) - s->next_at) / RECORD_BYTES;
    }
    next.root_bytes = from->len;
    e = append(r, &next, copy, records_at(r, copy));
    if (e == OTA_OK) {
        *s = next;
    }
    return e;
}

/* Is the other copy one that was being begun, or may it show to be? */
static bool begun(const struct trust_region *r, const struct trust_state *s)
{
    unsigned copy = 1u - s->copy;
    uint8_t b[RECORD_BYTES];
    uint32_t len, newest = 0;

    if (head_read(r, copy, &len) != COPY_GOOD) {
        return false; /* a record is written behind a whole head only */
    }
    for (uint32_t at = records_at(r, copy); at + RECORD_BYTES <= records_end(r, copy);
         at += RECORD_BYTES) {
        if (r->flash->read(r->flash, at, b, sizeof b) == OTA_OK && record_good(b) &&
            le32_load(b + AT_SEQUENCE) > newest) {
            newest = le32_load(b + AT_SEQUENCE);
        }
    }
    return newest == 0 || newest >= s->sequence;
}

ota_err trust_save(const struct trust_region *r, struct trust_state *s)
{
    const struct root_source same = {.at = copy_at(r, s->copy) + HEAD_BYTES,
                                     .len = s->root_bytes};
    ota_err e = append(r, s, s->copy, s->next_at);

    if (e != OTA_OK || (!s->settled && begun(r, s))) {
        e = change_copy(r, s, &same); /* a full copy has older records that nothing tore */
    }
    s->settled = s->settled || e == OTA_OK;
    return e;
}

ota_err trust_root_save(const struct trust_region *r, struct trust_state *s,
                        const uint8_t *root, uint32_t len)
{
    const struct root_source fresh = {.bytes = root, .len = len};
    ota_err e;

    if (len == 0 || len > TRUST_ROOT_BYTES_MAX) {
        return OTA_E_LIMIT;
    }
    if (!s->settled && s->root_bytes != 0) {
        return OTA_E_CONFLICT;
    }
    e = change_copy(r, s, &fresh);
    s->settled = s->settled || e == OTA_OK;
    return e;
}
