#ifndef OTA_SLOT_H
#define OTA_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "../image/image.h"
#include "flash.h"

/*
 * What both the bootloader and the update agent know about a device's flash (SPEC 4) and the
 * questions and requests the agent has.  The swap itself is the bootloader's
 * (bootloader/swap.h).
 */
struct slot_map {
    const struct flash *flash;
    uint32_t journal_at;  /* two erase units                                                  */
    uint32_t manifest_at; /* two erase units: key manifests                                   */
    uint32_t agent_at;    /* two erase units: the update agent's own log (SPEC 4.4)           */
    uint32_t settings_at; /* one erase unit: written once when the device is made (SPEC 4.5)  */
    uint32_t a_at;        /* slot A: runs                                                     */
    uint32_t b_at;        /* slot B: staged or previous image; one erase unit more than A     */
    uint32_t slot_bytes;  /* of A; an image must fit into it                                  */
};

enum slot_phase {
    SLOT_IDLE = 0,      /* A is confirmed (or was there first); nothing is asked for          */
    SLOT_REQUESTED = 1, /* the staged image shall be tried at the next reset                  */
    SLOT_TRIAL = 2,     /* A runs on trial and must confirm                                   */
    SLOT_SWAPPING = 3   /* never seen by an app: the bootloader finishes first                */
};

struct slot_state {
    enum slot_phase phase;
    uint8_t tries_left;         /* SLOT_TRIAL: boots left, this one not counted               */
    uint32_t security_floor;    /* of the newest confirmed image                              */
    uint32_t manifest_sequence; /* in force                                                   */
    uint32_t boot_count;        /* resets the journal has seen where it was written anyway    */
    uint8_t last_decision;      /* enum boot_decision of the last swap or refusal; 0 = none
                                   since the last request                                     */
    uint8_t last_cause;         /* enum boot_cause of the reset that led to it                */
    uint32_t last_why;          /* enum image_verdict that led to it, or 0                    */
};

/* Errors: OTA_E_IO; OTA_E_NOT_FOUND if the journal was never formatted. */
OTA_MUST_CHECK ota_err slot_state_get(const struct slot_map *m, struct slot_state *out);

/* Sources over the running image (A), the previous one (B) and the staged one (B, one up). */
struct image_source slot_running(const struct slot_map *m);
struct image_source slot_previous(const struct slot_map *m);
struct image_source slot_staged(const struct slot_map *m);

/*
 * Write part of the new image into the staging place.  at is an offset in the image and a
 * multiple of program_bytes; so is len, except at the end, where it is padded with the erased
 * value.  The erase unit that a write enters at its first byte is erased before; so writes go
 * upwards, and a download resumes at a multiple of erase_bytes.
 * Errors: OTA_E_CONFLICT while A is on trial or a request stands, OTA_E_LIMIT, OTA_E_IO.
 */
OTA_MUST_CHECK ota_err slot_stage(const struct slot_map *m, uint32_t at, const void *data,
                                  uint32_t len);

/*
 * Ask for the staged image at the next reset.  The caller has verified it (image_verify on
 * slot_staged); the bootloader does again.  Durable when it returns.
 * Errors: OTA_E_CONFLICT while A is on trial, OTA_E_IO.
 */
OTA_MUST_CHECK ota_err slot_request(const struct slot_map *m, const struct image_info *info);

/* Take a standing request back (server cancelled).  Errors: OTA_E_CONFLICT in a trial,
 * OTA_E_IO. */
OTA_MUST_CHECK ota_err slot_request_withdraw(const struct slot_map *m);

/*
 * The running image is good: keep it, raise the floor to its security counter.  Durable when it
 * returns; harmless when already confirmed.
 * Errors: OTA_E_IO.
 */
OTA_MUST_CHECK ota_err slot_confirm(const struct slot_map *m, const struct image_info *running);

/*
 * Make a blank device: journal with this floor, key manifest in force.  For provisioning tools
 * and tests; a running device never calls it.
 */
OTA_MUST_CHECK ota_err slot_format(const struct slot_map *m, const uint8_t *manifest,
                                   uint32_t manifest_bytes, uint32_t security_floor);

/*
 * Key manifests.  The one in force decides which images are authentic.  A newer one is pending
 * until an image valid under it is confirmed.
 */
enum slot_manifest_which { SLOT_MANIFEST_IN_FORCE = 1, SLOT_MANIFEST_PENDING = 2 };

/* The manifest, verified against the boot root.  Errors: OTA_E_NOT_FOUND, OTA_E_IO. */
OTA_MUST_CHECK ota_err slot_manifest(const struct slot_map *m,
                                     const struct manifest_root roots[MANIFEST_ROOTS],
                                     struct manifest *out);
OTA_MUST_CHECK ota_err slot_manifest_pending(const struct slot_map *m,
                                             const struct manifest_root roots[MANIFEST_ROOTS],
                                             struct manifest *out);

/*
 * The same in two steps, for who cannot afford the stack of a signature's verification beside a
 * struct manifest: find one and verify it, then read it, which fails if it reads differently
 * now. Errors of find: OTA_E_NOT_FOUND, OTA_E_IO; of load: OTA_E_SIGNATURE, OTA_E_IO.
 */
enum { SLOT_MANIFEST_SECTORS = 2 };
struct slot_manifest_ref {
    uint32_t sector;
    uint8_t digest[CRYPTO_DIGEST_BYTES]; /* what its signatures are over */
};
OTA_MUST_CHECK ota_err slot_manifest_find(const struct slot_map *m,
                                          const struct manifest_root roots[MANIFEST_ROOTS],
                                          enum slot_manifest_which which,
                                          struct slot_manifest_ref *out);
OTA_MUST_CHECK ota_err slot_manifest_load(const struct slot_map *m,
                                          const struct slot_manifest_ref *ref,
                                          struct manifest *out);

/*
 * What lies in a sector, verified by nobody, and the digest that its signatures are over: for a
 * second opinion.  Errors: OTA_E_FORMAT, OTA_E_LIMIT, OTA_E_IO; *out is undefined then.
 */
OTA_MUST_CHECK ota_err slot_manifest_look(const struct slot_map *m, uint32_t sector,
                                          struct manifest *out,
                                          uint8_t digest[CRYPTO_DIGEST_BYTES]);

/*
 * Store a newer key manifest.  It is pending until an image valid under it is confirmed; only
 * then does it take effect and its sequence become the lowest acceptable one, so that revoking
 * a key cannot brick a device.  Storing another one replaces it.
 * Errors: OTA_E_FORMAT, OTA_E_LIMIT, OTA_E_SIGNATURE; OTA_E_ROLLBACK if the sequence is not
 * above the one in force; OTA_E_DENIED if it is for other hardware; OTA_E_CONFLICT while A is
 * on trial or a request stands; OTA_E_IO.
 */
OTA_MUST_CHECK ota_err slot_manifest_stage(const struct slot_map *m,
                                           const struct manifest_root roots[MANIFEST_ROOTS],
                                           const uint8_t *bytes, uint32_t len);

#endif
