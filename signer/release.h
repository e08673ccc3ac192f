#ifndef SIGNER_RELEASE_H
#define SIGNER_RELEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "../firmware/image/image.h"
#include "../firmware/image/minisig.h"
#include "../firmware/image/sums.h"
#include "file.h"
#include "key.h"

/* A release on its way out: its artifacts and the two signed lists (SPEC 5). */
struct release_file {
    const char *path;
    struct sums_entry entry; /* name and digest */
    uint64_t size;
    bool is_image;
    struct image_info info; /* of an image */
};

/*
 * Hash the files and look into those that are MCUboot images; out has room for count and is
 * sorted by name.  Errors, said: the file's, OTA_E_FORMAT (a name that no artifact may have, or
 * twice; an image that otad would refuse), OTA_E_SIGNATURE (an image whose digest is wrong).
 */
OTA_MUST_CHECK ota_err release_scan(const char *const *paths, size_t count,
                                    struct release_file *out);

/*
 * All images carry this version and one counter, which *counter becomes; without images, and
 * when given, it stays as it is.  Errors, said: OTA_E_CONFLICT.
 */
OTA_MUST_CHECK ota_err release_check(const struct release_file *files, size_t count,
                                     const char *version, bool counter_given,
                                     uint32_t *counter);

/* SHA256SUMS, its minisign file, and the same list in signify's embedded form. */
struct release_lists {
    struct file_bytes sums, minisig, signify;
    uint8_t key_number[MINISIG_KEY_NUMBER_BYTES];
};

/* Errors, said: OTA_E_FORMAT (platform or version), OTA_E_NO_MEMORY, key_minisign's. */
OTA_MUST_CHECK ota_err release_sign(const struct release_file *files, size_t count,
                                    const struct minisig_release *what, const struct key *key,
                                    struct release_lists *out);
void release_lists_free(struct release_lists *l);

/* SHA256SUMS, .minisig and .sig into a folder. */
OTA_MUST_CHECK ota_err release_write(const struct release_lists *l, const char *folder);

#endif
