/*
 * The agent's log in flash: two pages used in turn.  A record is written into the first blank
 * place behind the newest one and read back; when the page is full the other one is erased,
 * which never holds the newest record.
 */
#include "notes.h"

#include <string.h>

#include "../image/image.h"
#include "../image/le.h"
#include "../slot/crc32.h"
#include "trust.h"

enum {
    RECORD_BYTES = 160, /* divides into program units of 1 to 32 bytes */
    RECORD_MAGIC = 0x4e41544f,
    AT_SEQUENCE = 4,
    AT_ACTION = 8,
    AT_SIZE = 12,
    AT_OFFSET = 16,
    AT_PHASE = 20,
    AT_SUCCESS = 21,
    AT_REASON = 22,
    AT_SHA256 = 24,
    AT_DIGEST = 56,
    AT_ETAG = 88,
    AT_ATTEMPTS = 154,
    AT_REFUSALS = 155,
    AT_CRC = 156,
    ETAG_BYTES = AT_ATTEMPTS - AT_ETAG, /* without the NUL, padded with zeros */
    PAGES = 2
};
_Static_assert((int)ETAG_BYTES < (int)HTTP1_ETAG_MAX, "a recorded etag must fit with its NUL");

static void record_write(const struct ota_notes *n, uint8_t b[RECORD_BYTES])
{
    size_t etag = strlen(n->etag);

    memset(b, 0, RECORD_BYTES);
    le32_store(b, RECORD_MAGIC);
    le32_store(b + AT_SEQUENCE, n->sequence);
    le32_store(b + AT_ACTION, n->action);
    le32_store(b + AT_SIZE, n->size_bytes);
    le32_store(b + AT_OFFSET, n->offset);
    b[AT_PHASE] = (uint8_t)n->phase;
    b[AT_SUCCESS] = n->success;
    le16_store(b + AT_REASON, n->reason);
    memcpy(b + AT_SHA256, n->file_sha256, sizeof n->file_sha256);
    memcpy(b + AT_DIGEST, n->image_digest, sizeof n->image_digest);
    if (etag <= ETAG_BYTES) { /* a longer one is not kept: the download then starts over */
        memcpy(b + AT_ETAG, n->etag, etag);
    }
    b[AT_ATTEMPTS] = n->attempts;
    b[AT_REFUSALS] = n->refusals;
    le32_store(b + AT_CRC, crc32_of(b, AT_CRC));
}

static bool record_good(const uint8_t b[RECORD_BYTES])
{
    return le32_load(b) == RECORD_MAGIC && le32_load(b + AT_CRC) == crc32_of(b, AT_CRC) &&
           b[AT_PHASE] <= OTA_CLOSED && b[AT_SUCCESS] <= 1;
}

static void record_read(const uint8_t b[RECORD_BYTES], struct ota_notes *n)
{
    memset(n, 0, sizeof *n);
    n->sequence = le32_load(b + AT_SEQUENCE);
    n->action = le32_load(b + AT_ACTION);
    n->size_bytes = le32_load(b + AT_SIZE);
    n->offset = le32_load(b + AT_OFFSET);
    n->phase = (enum ota_phase)b[AT_PHASE];
    n->success = b[AT_SUCCESS] == 1;
    n->reason = le16_load(b + AT_REASON);
    memcpy(n->file_sha256, b + AT_SHA256, sizeof n->file_sha256);
    memcpy(n->image_digest, b + AT_DIGEST, sizeof n->image_digest);
    memcpy(n->etag, b + AT_ETAG, ETAG_BYTES);
    n->attempts = b[AT_ATTEMPTS];
    n->refusals = b[AT_REFUSALS];
}

static uint32_t places(const struct slot_map *m)
{
    return m->flash->erase_bytes / RECORD_BYTES;
}

static uint32_t place_at(const struct slot_map *m, uint32_t page, uint32_t place)
{
    return m->agent_at + page * m->flash->erase_bytes + place * RECORD_BYTES;
}

ota_err ota_notes_load(const struct slot_map *m, struct ota_notes *out)
{
    const struct flash *f = m->flash;
    struct ota_notes best = {.next_at = m->agent_at};
    uint8_t b[RECORD_BYTES];

    for (uint32_t page = 0; page < PAGES; page++) {
        for (uint32_t i = 0; i < places(m); i++) {
            /* A page that cannot be read holds nothing; the log starts over in the other. */
            if (f->read(f, place_at(m, page, i), b, sizeof b) || !record_good(b) ||
                le32_load(b + AT_SEQUENCE) <= best.sequence) {
                continue;
            }
            record_read(b, &best);
            best.next_at = place_at(m, page, i) + RECORD_BYTES;
        }
    }
    *out = best;
    return OTA_OK;
}

static bool blank(const struct flash *f, const uint8_t *b)
{
    for (uint32_t i = 0; i < RECORD_BYTES; i++) {
        if (b[i] != f->erased) {
            return false;
        }
    }
    return true;
}

/* One attempt at one place: false if it is used or does not read back. */
static bool write_at(const struct flash *f, uint32_t at, const uint8_t record[RECORD_BYTES])
{
    uint8_t b[RECORD_BYTES];

    if (f->read(f, at, b, sizeof b) || !blank(f, b)) {
        return false;
    }
    return f->program(f, at, record, RECORD_BYTES) == OTA_OK &&
           f->read(f, at, b, sizeof b) == OTA_OK && memcmp(b, record, RECORD_BYTES) == 0;
}

/* The page an address lies in; the end of a page belongs to it. */
static uint32_t page_of(const struct slot_map *m, uint32_t at)
{
    return at > m->agent_at && (at - m->agent_at - 1) / m->flash->erase_bytes > 0 ? 1 : 0;
}

ota_err ota_notes_save(const struct slot_map *m, struct ota_notes *n)
{
    const struct flash *f = m->flash;
    uint8_t record[RECORD_BYTES];
    uint32_t page = page_of(m, n->next_at);
    uint32_t place = (n->next_at - place_at(m, page, 0)) / RECORD_BYTES;

    n->sequence++;
    record_write(n, record);
    for (uint32_t tried = 0; tried < PAGES; tried++) {
        for (; place < places(m); place++) {
            uint32_t at = place_at(m, page, place);

            if (write_at(f, at, record)) {
                n->next_at = at + RECORD_BYTES;
                return OTA_OK;
            }
        }
        page = 1 - page;
        place = 0;
        if (tried + 1 < PAGES && f->erase(f, place_at(m, page, 0))) {
            return OTA_E_IO;
        }
    }
    return OTA_E_IO;
}

const char *ota_reason_name(uint16_t reason)
{
    switch (reason) {
    case OTA_REASON_NONE:
        return "none";
    case OTA_REASON_BAD_HASH:
        return "bad-hash";
    case OTA_REASON_VERSION_TOO_LOW:
        return "version-too-low";
    case OTA_REASON_NOT_CONFIRMED:
        return "reverted-not-confirmed";
    case OTA_REASON_CRASHED:
        return "reverted-crashed";
    case OTA_REASON_NOT_INSTALLED:
        return "not-installed";
    case OTA_REASON_NO_MANIFEST:
        return "no-key-manifest";
    case OTA_REASON_FLASH:
        return "flash-failed";
    case OTA_REASON_CANCELLED:
        return "cancelled";
    case OTA_REASON_TRAILING_BYTES:
        return "trailing-bytes";
    case OTA_REASON_DOWNLOAD:
        return "download-failed";
    case OTA_REASON_TUF_UNSIGNED:
        return "tuf-unsigned-server";
    case OTA_REASON_TUF_NOT_ASSIGNED:
        return "tuf-not-assigned";
    case OTA_REASON_TUF_CLASS:
        return "tuf-wrong-class";
    case OTA_REASON_TUF_PLATFORM:
        return "tuf-wrong-platform";
    case OTA_REASON_TUF_COUNTER:
        return "tuf-counter-too-low";
    case OTA_REASON_TUF_LOST:
        return "tuf-state-lost";
    default:
        if (reason >= OTA_REASON_TUF) {
            return trust_verdict_name((enum tuf_verdict)(reason - OTA_REASON_TUF));
        }
        return image_verdict_name((enum image_verdict)reason);
    }
}
