#ifndef OTAD_FLEET_DOWNLOAD_H
#define OTAD_FLEET_DOWNLOAD_H

#include "firmware/image/err.h"
#include "model.h"

/*
 * Downloads that are over and wait to be written to the log (SPEC 8.14): a queue of bounded
 * length, so that a download needs no database.  What finds it full is counted, not kept.
 */
struct arena;
struct fleet;

enum download_via {
    DOWNLOAD_LINK = 1,
    DOWNLOAD_SESSION,
    DOWNLOAD_KEY,
    DOWNLOAD_PLAIN,
    DOWNLOAD_ESP,
    DOWNLOAD_GITHUB,
    DOWNLOAD_VIAS
};
const char *download_via_name(enum download_via v);     /* NULL for 0 */
enum download_via download_via_parse(const char *text); /* 0 for any other text */

struct fleet_download {
    int64_t tenant_id, at_unix_s, duration_ms;
    int64_t link_id; /* 0 = none */
    int64_t bytes;
    enum download_via via;
    int status;
    const char *who, *platform, *version, *artifact, *address;
};

enum { FLEET_DOWNLOADS_MAX = 8192 };

/* Copied.  Full, or no memory: counted as lost. */
void fleet_download_put(struct fleet *f, const struct fleet_download *d);

/* Take the oldest, at most max.  Errors: OTA_E_LIMIT (arena), nothing taken. */
OTA_MUST_CHECK ota_err fleet_take_downloads(struct fleet *f, size_t max, struct arena *a,
                                            struct fleet_download *out, size_t *out_count);
/* They will never be written. */
void fleet_downloads_lose(struct fleet *f, uint64_t count);

struct fleet_download_stats {
    uint64_t lost, waiting;
};
void fleet_download_stats(struct fleet *f, struct fleet_download_stats *out);

#endif
