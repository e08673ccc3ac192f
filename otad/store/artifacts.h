#ifndef OTAD_STORE_ARTIFACTS_H
#define OTAD_STORE_ARTIFACTS_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"
#include "firmware/image/image.h"
#include "otad/digest.h"

/*
 * Artifacts in a folder, named by their SHA-256 ("ab/cd/abcd..."), immutable once there.  What
 * store_finish accepted is durable.  Written to a temporary name, hashed on the way, synced,
 * renamed; what a crash left behind is removed by store_open.
 */
struct store;
struct store_upload;

/* Errors: OTA_E_IO (not there, not writable; logged).  The folder is made if its parent exists.
 */
OTA_MUST_CHECK ota_err store_open(const char *folder, struct store **out);
void store_close(struct store *s);

/* Can it be written just now?  For /readyz.  Errors: OTA_E_IO. */
OTA_MUST_CHECK ota_err store_check(struct store *s);

/* ---- writing: begin, write..., then finish or abort, exactly one of them ---- */

/* Errors: OTA_E_IO, OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err store_begin(struct store *s, uint64_t bytes_max,
                                   struct store_upload **out);

/* Errors: OTA_E_LIMIT (more than bytes_max), OTA_E_BUSY (disk full: 507), OTA_E_IO.  After an
 * error only store_abort is allowed. */
OTA_MUST_CHECK ota_err store_write(struct store_upload *u, const void *data, size_t len);

/*
 * Hash what was written so far and show it, before anything is kept: source reads it (for
 * image_verify) and is valid until finish or abort.  No store_write afterwards.
 * Errors: OTA_E_IO, OTA_E_BUSY (disk full).
 */
OTA_MUST_CHECK ota_err store_seal(struct store_upload *u, struct digests *out_digests,
                                  uint64_t *out_bytes, struct image_source *out_source);

/* Keep it under its digest (seals if nobody did).  Already there: nothing changes, OTA_OK.
 * Frees u in any case.  Errors: OTA_E_BUSY (disk full), OTA_E_IO. */
OTA_MUST_CHECK ota_err store_finish(struct store_upload *u);

/* Forget it.  Frees u; NULL is fine. */
void store_abort(struct store_upload *u);

/* ---- reading ---- */

enum { STORE_NAME_BYTES = 80 };

struct store_file {
    int fd; /* the caller's to close, or to give to http_send_file */
    uint64_t size_bytes;
    int64_t modified_unix_s;
    char name[STORE_NAME_BYTES]; /* below the store's folder: "ab/cd/abcd..." */
};

/* Errors: OTA_E_NOT_FOUND, OTA_E_IO (also: its size is not size_bytes, unless that is 0). */
OTA_MUST_CHECK ota_err store_get(struct store *s, const struct sha256 *digest,
                                 uint64_t size_bytes, struct store_file *out);

/* Remove it.  Errors: OTA_E_NOT_FOUND, OTA_E_IO. */
OTA_MUST_CHECK ota_err store_remove(struct store *s, const struct sha256 *digest);

/* A source over an open file.  port must outlive it. */
struct image_source store_image_source(const struct store_file *file);

#endif
