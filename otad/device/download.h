#ifndef OTAD_DEVICE_DOWNLOAD_H
#define OTAD_DEVICE_DOWNLOAD_H

#include "device.h"
#include "otad/fleet/download.h"

/*
 * Downloads that the log tells of (SPEC 8.14): all but those of DDI devices, whose update
 * sessions tell.  An entry is made when the answer has left or was cut, for a GET that a file
 * was sent for (200, 206); by a link, for everything.
 */
struct download {
    enum download_via via;
    const char *who;      /* in the arena or constant, like all of them */
    const char *platform; /* canonical name */
    const char *version;
    const char *artifact;
    /* for links */
    int64_t tenant_id, link_id;
    int64_t reserved; /* bytes of its budget, set by whoever reserves them; -1 = none */
};

/* From now on this request's answer is logged, whatever it will be.  *out (may be NULL) is the
 * request's own copy.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err download_note(struct http_request *rq, struct http_response *rs,
                                     const struct download *d, struct download **out);

/* device_send_artifact, noted; who is rq's principal.  Errors: as that. */
OTA_MUST_CHECK ota_err download_send(struct http_request *rq, struct http_response *rs,
                                     enum download_via via, const struct release *r,
                                     const struct artifact *a);

/* Bytes of the file that the answer takes at most: what we send, or what the proxy does. */
int64_t download_bytes(const struct http_request *rq, const struct http_response *rs);

#endif
