/*
 * The plain door (SPEC 7): one GET with an API key and the version that runs; the answer is the
 * build or 304.  No SQL.
 */
#include <string.h>

#include "caller.h"
#include "ddi.h"
#include "download.h"
#include "otad/auth/permission.h"
#include "otad/otad.h"
#include "session.h"

/* 3 for a signed image, 2 for another one, 1 for what could be one; 0: not for devices. */
static int rank(const struct artifact *a)
{
    if (a->kind == ARTIFACT_MCUBOOT)
        return 3;
    return !artifact_is_for_devices(a) ? 0 : a->kind == ARTIFACT_FILE ? 1 : 2;
}

/* The file asked for; else the image, else the first by name that is for devices. */
static const struct artifact *choose(const struct release *r, const char *file)
{
    const struct artifact *best = NULL;
    for (size_t i = 0; i < r->artifact_count; i++) {
        const struct artifact *a = &r->artifacts[i];
        if (file != NULL && strcmp(a->name, file) == 0)
            return a;
        if (file == NULL && rank(a) > (best == NULL ? 0 : rank(best)))
            best = a;
    }
    return best;
}

static ota_err send(struct http_request *rq, struct http_response *rs, const struct release *r,
                    bool newer)
{
    const struct artifact *a = choose(r, http_query(rq, "file"));
    if (a == NULL)
        return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL,
                            "The release has no file of this name.");
    http_header_add(rs, "X-Firmware-Version", r->version);
    if (newer) {
        http_header_add(rs, "X-Firmware-SHA256",
                        device_hex(rq->arena, a->sha256, sizeof a->sha256));
        return download_send(rq, rs, DOWNLOAD_PLAIN, r, a);
    }
    rq->quiet = true;
    http_header_add(
        rs, "ETag",
        arena_printf(rq->arena, "\"%s\"", device_hex(rq->arena, a->sha256, sizeof a->sha256)));
    http_empty(rs, 304);
    return OTA_OK;
}

ota_err plain_get(struct http_request *rq, struct http_response *rs)
{
    const char *version = http_query(rq, "version");
    struct release r;
    bool newer = false;
    if (version == NULL)
        version = http_header(rq, "X-Firmware-Version");
    const ota_err err = device_newest(rq, version, &r, &newer);
    if (err == OTA_E_FORMAT)
        return http_problem(rq, rs, err, "bad-query",
                            "The parameter 'channel' must be stable or beta.");
    if (err == OTA_E_NOT_FOUND)
        return http_problem(rq, rs, err, NULL, "Nothing is released for this platform.");
    if (err != OTA_OK)
        return err;
    const ota_err sent = send(rq, rs, &r, newer);
    if (sent == OTA_OK)
        session_note(rq, rs, &r, version);
    return sent;
}
