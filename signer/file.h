#ifndef SIGNER_FILE_H
#define SIGNER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../firmware/image/err.h"

/* Files, with every failure said.  Errors: OTA_E_IO, OTA_E_NOT_FOUND, OTA_E_LIMIT (larger than
 * wanted), OTA_E_NO_MEMORY, OTA_E_CONFLICT (exists). */
struct file_bytes {
    uint8_t *data; /* malloc'd; a zero byte stands behind the last one */
    size_t len;
};

/* Read a whole file of at most max bytes.  Free with file_free. */
OTA_MUST_CHECK ota_err file_read(const char *path, size_t max, struct file_bytes *out);
void file_free(struct file_bytes *f);

/* Read a secret of at most room bytes into the caller's (locked) memory; warns when others may
 * read the file. */
OTA_MUST_CHECK ota_err file_read_secret(const char *path, void *out, size_t room,
                                        size_t *out_len);

/* Make a file that must not exist, or replace it when force; durable when it returns. */
OTA_MUST_CHECK ota_err file_write_new(const char *path, const void *data, size_t len,
                                      unsigned mode, bool force);

/* Replace path in one step: a reader sees the old contents or the new ones. */
OTA_MUST_CHECK ota_err file_write(const char *path, const void *data, size_t len);
/* The same, but not waiting for the disk: for what a build makes again. */
OTA_MUST_CHECK ota_err file_write_made(const char *path, const void *data, size_t len);

/* Errors: OTA_E_CONFLICT if path exists, said with a hint. */
OTA_MUST_CHECK ota_err file_absent(const char *path);

#endif
