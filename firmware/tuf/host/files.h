#ifndef TUF_FILES_H
#define TUF_FILES_H

#include "../client.h"

/* A folder as a client's store: what is saved is there whole or not at all. */
struct files {
    const char *folder;
};

void files_store(struct files *f, struct tuf_store *out);

/* A file of any folder.  Errors: OTA_E_NOT_FOUND, OTA_E_LIMIT, OTA_E_IO. */
OTA_MUST_CHECK ota_err files_read(const char *path, uint8_t *buf, size_t max, size_t *out_len);
/* FOLDER/NAME.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err files_path(const char *folder, const char *name, char *out, size_t size);

#endif
