/*
 * Key manifests in their two sectors.  Which one is in force is what the journal says: the one
 * with its sequence number.  A newer one is pending.  An older one is never used.
 */
#include "slot.h"

#include <string.h>

#include "../image/le.h"
#include "../image/manifest_parts.h"
#include "journal.h"

enum {
    SECTORS = SLOT_MANIFEST_SECTORS,
    SEQUENCE_AT = 12, /* in a manifest's body (SPEC 3.1) */
    SEQUENCE_END = 16,
    BLOCK_BYTES = 64, /* a multiple of every program unit */
    /* The longest there can be: all keys, all signatures, each as long as may be. */
    ROOM = MANIFEST_BODY_FIXED_BYTES + MANIFEST_KEYS_MAX * (4 + CRYPTO_KEY_BYTES_MAX) +
           MANIFEST_SIGNATURES_FIXED_BYTES + MANIFEST_ROOTS * (4 + CRYPTO_SIGNATURE_BYTES_MAX),
};

static uint32_t sector_at(const struct slot_map *m, uint32_t sector)
{
    return m->manifest_at + sector * m->flash->erase_bytes;
}

/* The sequence that a sector states, unverified; 0 if it cannot be read. */
static uint32_t stated_sequence(const struct slot_map *m, uint32_t sector)
{
    uint8_t head[SEQUENCE_END];

    if (m->flash->read(m->flash, sector_at(m, sector), head, sizeof head) != OTA_OK)
        return 0;
    return le32_load(head + SEQUENCE_AT);
}

/* Read a sector's manifest, whatever it says, and the digest that its signatures are over. raw:
 * ROOM bytes. */
static ota_err sector_read(const struct slot_map *m, uint32_t sector, uint8_t *raw,
                           struct manifest_parts *out, uint8_t digest[CRYPTO_DIGEST_BYTES])
{
    size_t room = m->flash->erase_bytes < ROOM ? m->flash->erase_bytes : (size_t)ROOM;
    ota_err e = m->flash->read(m->flash, sector_at(m, sector), raw, room);

    if (e == OTA_OK)
        e = manifest_split(raw, room, out);
    if (e == OTA_OK)
        manifest_digest(out, digest);
    return e;
}

/* Not inlined: its buffer must be gone from the stack before images are verified. */
__attribute__((noinline)) static ota_err
sector_check(const struct slot_map *m, uint32_t sector,
             const struct manifest_root roots[MANIFEST_ROOTS], struct slot_manifest_ref *out)
{
    struct manifest_parts parts;
    uint8_t raw[ROOM];
    ota_err e = sector_read(m, sector, raw, &parts, out->digest);

    out->sector = sector;
    return e == OTA_OK ? manifest_signed(&parts, out->digest, roots) : e;
}

/* The intact manifest with the lowest sequence that is at least this. */
static ota_err find_from(const struct slot_map *m, uint32_t sequence,
                         const struct manifest_root roots[MANIFEST_ROOTS],
                         struct slot_manifest_ref *out)
{
    uint32_t stated[SECTORS] = {stated_sequence(m, 0), stated_sequence(m, 1)};
    uint32_t sector =
        stated[0] >= sequence && (stated[1] < sequence || stated[0] <= stated[1]) ? 0 : 1;

    for (uint32_t i = 0; i < SECTORS; i++, sector = 1 - sector) {
        if (stated[sector] >= sequence && sector_check(m, sector, roots, out) == OTA_OK)
            return OTA_OK;
    }
    return OTA_E_NOT_FOUND;
}

/* Without a journal any intact manifest serves, the newest first. */
static ota_err find_newest(const struct slot_map *m,
                           const struct manifest_root roots[MANIFEST_ROOTS],
                           struct slot_manifest_ref *out)
{
    uint32_t sector = stated_sequence(m, 0) >= stated_sequence(m, 1) ? 0 : 1;

    if (sector_check(m, sector, roots, out) == OTA_OK)
        return OTA_OK;
    return sector_check(m, 1 - sector, roots, out) == OTA_OK ? OTA_OK : OTA_E_NOT_FOUND;
}

/* What the journal says is in force.  Not inlined: no journal beside a verification. */
__attribute__((noinline)) static ota_err sequence_in_force(const struct slot_map *m,
                                                           uint32_t *out)
{
    struct journal j;
    ota_err e = journal_open(&j, m);

    if (e == OTA_OK)
        *out = j.state.manifest_sequence;
    return e;
}

ota_err slot_manifest_find(const struct slot_map *m,
                           const struct manifest_root roots[MANIFEST_ROOTS],
                           enum slot_manifest_which which, struct slot_manifest_ref *out)
{
    uint32_t sequence = 0;
    ota_err e = sequence_in_force(m, &sequence);

    if (e == OTA_E_NOT_FOUND && which == SLOT_MANIFEST_IN_FORCE)
        return find_newest(m, roots, out);
    if (e != OTA_OK)
        return e;
    if (which == SLOT_MANIFEST_IN_FORCE)
        return find_from(m, sequence, roots, out);
    return sequence == UINT32_MAX ? OTA_E_NOT_FOUND : find_from(m, sequence + 1, roots, out);
}

/* Not inlined, for the same reason. */
__attribute__((noinline)) ota_err slot_manifest_look(const struct slot_map *m, uint32_t sector,
                                                     struct manifest *out,
                                                     uint8_t digest[CRYPTO_DIGEST_BYTES])
{
    struct manifest_parts parts;
    uint8_t raw[ROOM];
    ota_err e = sector_read(m, sector, raw, &parts, digest);

    return e == OTA_OK ? manifest_body_read(parts.body, parts.body_bytes, out) : e;
}

ota_err slot_manifest_load(const struct slot_map *m, const struct slot_manifest_ref *ref,
                           struct manifest *out)
{
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    ota_err e = slot_manifest_look(m, ref->sector, out, digest);

    if (e == OTA_OK && !crypto_equal(digest, ref->digest, sizeof digest))
        e = OTA_E_SIGNATURE;
    return e;
}

static ota_err open_which(const struct slot_map *m,
                          const struct manifest_root roots[MANIFEST_ROOTS],
                          enum slot_manifest_which which, struct manifest *out)
{
    struct slot_manifest_ref ref;
    ota_err e = slot_manifest_find(m, roots, which, &ref);

    return e == OTA_OK ? slot_manifest_load(m, &ref, out) : e;
}

ota_err slot_manifest(const struct slot_map *m,
                      const struct manifest_root roots[MANIFEST_ROOTS], struct manifest *out)
{
    return open_which(m, roots, SLOT_MANIFEST_IN_FORCE, out);
}

ota_err slot_manifest_pending(const struct slot_map *m,
                              const struct manifest_root roots[MANIFEST_ROOTS],
                              struct manifest *out)
{
    return open_which(m, roots, SLOT_MANIFEST_PENDING, out);
}

/* Erase a sector and write a manifest into it, the last unit padded, read back. */
static ota_err sector_write(const struct slot_map *m, uint32_t sector, const uint8_t *bytes,
                            uint32_t len)
{
    const struct flash *f = m->flash;
    uint32_t at = sector_at(m, sector);
    ota_err e = f->erase(f, at);

    for (uint32_t done = 0; e == OTA_OK && done < len; done += BLOCK_BYTES) {
        uint8_t block[BLOCK_BYTES], back[BLOCK_BYTES];
        uint32_t some = len - done < BLOCK_BYTES ? len - done : (uint32_t)BLOCK_BYTES;

        memset(block, f->erased, sizeof block);
        memcpy(block, bytes + done, some);
        e = f->program(f, at + done, block, sizeof block);
        if (e == OTA_OK)
            e = f->read(f, at + done, back, sizeof back);
        if (e == OTA_OK && memcmp(block, back, sizeof back) != 0)
            e = OTA_E_IO;
    }
    return e;
}

/* May this manifest, which is authentic, follow the one in force?  *out_keep: where that lies.
 */
static ota_err successor_check(const struct slot_map *m,
                               const struct manifest_root roots[MANIFEST_ROOTS],
                               const struct manifest *fresh, uint32_t *out_keep)
{
    struct slot_manifest_ref ref;
    struct manifest in_force;
    struct slot_state s;
    ota_err e = slot_state_get(m, &s);

    if (e == OTA_OK && s.phase != SLOT_IDLE)
        e = OTA_E_CONFLICT;
    if (e == OTA_OK)
        e = slot_manifest_find(m, roots, SLOT_MANIFEST_IN_FORCE, &ref);
    if (e == OTA_OK)
        e = slot_manifest_load(m, &ref, &in_force);
    if (e != OTA_OK)
        return e;
    if (fresh->sequence <= s.manifest_sequence || fresh->sequence <= in_force.sequence)
        return OTA_E_ROLLBACK;
    *out_keep = ref.sector;
    return memcmp(fresh->hardware_class, in_force.hardware_class,
                  sizeof in_force.hardware_class) == 0
               ? OTA_OK
               : OTA_E_DENIED;
}

/*
 * The sector that is not the verified one's: what the other states of itself means nothing, a
 * write that was torn may read like any number.
 */
ota_err slot_manifest_stage(const struct slot_map *m,
                            const struct manifest_root roots[MANIFEST_ROOTS],
                            const uint8_t *bytes, uint32_t len)
{
    struct manifest fresh;
    uint32_t keep;
    ota_err e = manifest_open(bytes, len, roots, &fresh);

    if (e == OTA_OK)
        e = successor_check(m, roots, &fresh, &keep);
    if (e != OTA_OK)
        return e;
    return len > m->flash->erase_bytes ? OTA_E_LIMIT : sector_write(m, 1 - keep, bytes, len);
}

ota_err slot_format(const struct slot_map *m, const uint8_t *manifest, uint32_t manifest_bytes,
                    uint32_t security_floor)
{
    struct journal_state s = {.security_floor = security_floor};
    struct journal j;
    ota_err e;

    if (manifest_bytes < SEQUENCE_END || manifest_bytes > m->flash->erase_bytes ||
        manifest_bytes > ROOM)
        return OTA_E_LIMIT;
    s.manifest_sequence = s.trial_sequence = le32_load(manifest + SEQUENCE_AT);
    e = m->flash->erase(m->flash, sector_at(m, 1));
    if (e == OTA_OK)
        e = sector_write(m, 0, manifest, manifest_bytes);
    return e == OTA_OK ? journal_format(&j, m, &s) : e;
}
