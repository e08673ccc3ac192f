#ifndef OTAD_DB_DOWNLOAD_H
#define OTAD_DB_DOWNLOAD_H

#include "db.h"
#include "otad/fleet/download.h"

/* The download log (SPEC 8.14).  It is written by the feed alone. */
struct download_row {
    int64_t id;
    struct fleet_download download; /* without tenant */
};

/* Members that are NULL or 0 let all through. */
struct download_filter {
    const char *platform; /* or alias */
    const char *who, *version;
    enum download_via via;
    int64_t from_unix_s, to_unix_s; /* to: the first second that is out */
};

/* Newest first, keyset by id.  Errors: OTA_E_NOT_FOUND (platform). */
OTA_MUST_CHECK ota_err db_download_list(struct db_scope *s,
                                        const struct download_filter *filter,
                                        const struct db_page *page, struct download_row **out,
                                        size_t *out_count);

#endif
