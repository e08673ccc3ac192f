/*
 * The newest metadata and the files are served from memory.  What has a version never changes,
 * so that older ones may come from the database: a reader who began before a publication ends
 * with the repository that it began with.
 */
#include "tuf.h"

#include <string.h>
#include <time.h>

#include "caller.h"
#include "download.h"
#include "otad/auth/auth.h"
#include "otad/auth/permission.h"
#include "otad/db/tuf.h"
#include "otad/fleet/metadata.h"
#include "otad/otad.h"
#include "session.h"

enum { CAPTURE_TENANT, CAPTURE_PLATFORM, CAPTURE_FIRST, CAPTURE_SECOND };

/* "DIGEST.": consistent snapshots put it before a file's name. */
enum { DIGEST_TEXT = 64 };

static struct fleet_metadata_at at_of(const struct http_request *rq)
{
    return (struct fleet_metadata_at){.tenant = rq->capture[CAPTURE_TENANT],
                                      .platform = rq->capture[CAPTURE_PLATFORM]};
}

static ota_err nothing(struct http_request *rq, struct http_response *rs)
{
    return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL, "There is nothing at this address.");
}

/* What was asked for.  wait_s: the address has asked the database too often and waits so long.
 */
struct found {
    enum repo_role role;
    struct fleet_metadata_file file;
    int64_t wait_s;
};

/*
 * A file that was published before the newest of its role that memory knows, or just now.
 * Anybody may ask and each asking costs a query, so an address has so many and no more.
 */
static ota_err older(struct http_request *rq, const struct fleet_metadata_where *where,
                     struct found *f)
{
    struct db_scope scope = device_scope(rq, where->tenant_id);
    char address[RATE_LIMIT_SUBJECT_BYTES];
    rate_limit_subject(rq->client, address);
    f->wait_s = rate_limit_take(&rq->otad->auth->lookups, address, (int64_t)time(NULL));
    if (f->wait_s > 0)
        return OTA_E_BUSY;
    return db_tuf_file_get(&scope, where->platform, f->role, f->file.version, &f->file.bytes,
                           &f->file.len);
}

static ota_err find(struct http_request *rq, struct found *out)
{
    const struct fleet_metadata_at at = at_of(rq);
    struct fleet_metadata_where where;
    int64_t version = 0;
    ota_err err = fleet_metadata_find(rq->otad->fleet, &at, rq->arena, &where);
    if (err == OTA_OK)
        err = repo_file_parse(rq->capture[CAPTURE_FIRST], where.platform, &out->role, &version);
    if (err == OTA_OK && (version == 0) != (out->role == REPO_TIMESTAMP))
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK)
        err = fleet_metadata_file(rq->otad->fleet, &at, out->role, rq->arena, &out->file);
    if (err != OTA_OK || version == 0 || version == out->file.version)
        return err;
    /* Every client asks for the next root.  Others than this otad may have published what
     * memory is about to learn. */
    if (version > out->file.version && out->role == REPO_ROOT)
        return OTA_E_NOT_FOUND;
    out->file.version = version;
    return older(rq, &where, out);
}

static ota_err asked_too_often(struct http_request *rq, struct http_response *rs,
                               int64_t wait_s)
{
    http_header_add(rs, "Retry-After", arena_printf(rq->arena, "%lld", (long long)wait_s));
    return http_problem_status(rq, rs, 429, OTA_E_BUSY, "too-many-lookups",
                               "Too many old versions were asked for from your address; try "
                               "again in %lld seconds.",
                               (long long)wait_s);
}

static bool has_it(const struct http_request *rq, const char *tag)
{
    const char *asked = http_header(rq, "If-None-Match");
    return asked != NULL && strstr(asked, tag) != NULL;
}

ota_err tuf_metadata_get(struct http_request *rq, struct http_response *rs)
{
    struct found f = {.role = REPO_ROLES};
    const ota_err err = find(rq, &f);
    if (f.wait_s > 0)
        return asked_too_often(rq, rs, f.wait_s);
    if (err != OTA_OK)
        return err == OTA_E_NOT_FOUND ? nothing(rq, rs) : err;
    const char *tag = arena_printf(rq->arena, "\"%s-%lld\"", repo_role_word(f.role),
                                   (long long)f.file.version);
    http_header_add(rs, "Cache-Control",
                    f.role == REPO_TIMESTAMP ? "no-cache"
                                             : "public, max-age=31536000, immutable");
    http_header_add(rs, "ETag", tag);
    rq->quiet = true;
    if (tag != NULL && has_it(rq, tag))
        http_empty(rs, 304);
    else
        http_bytes(rs, 200, "application/json", f.file.bytes, f.file.len);
    return OTA_OK;
}

/* ---- files --------------------------------------------------------------------------------
 */

/* The path's file, "DIGEST.NAME". */
struct named {
    const char *version, *digest, *name;
};

/* Errors: OTA_E_NOT_FOUND. */
static ota_err read_name(const struct http_request *rq, struct named *out)
{
    const char *file = rq->capture[CAPTURE_SECOND];
    if (strlen(file) <= DIGEST_TEXT + 1 || file[DIGEST_TEXT] != '.')
        return OTA_E_NOT_FOUND;
    *out = (struct named){rq->capture[CAPTURE_FIRST], file, file + DIGEST_TEXT + 1};
    return OTA_OK;
}

/* Errors: OTA_E_NOT_FOUND (the path says another digest), OTA_E_LIMIT. */
static ota_err check_digest(struct http_request *rq, const struct named *n,
                            const struct artifact *a)
{
    const char *digest = device_hex(rq->arena, a->sha256, sizeof a->sha256);
    if (digest == NULL)
        return OTA_E_LIMIT;
    return strncmp(digest, n->digest, DIGEST_TEXT) == 0 ? OTA_OK : OTA_E_NOT_FOUND;
}

/* Errors: OTA_E_NOT_FOUND, and fleet_metadata_artifact's. */
static ota_err find_target(struct http_request *rq, struct artifact *out, bool *out_listed)
{
    const struct fleet_metadata_at at = at_of(rq);
    struct named n;
    ota_err err = read_name(rq, &n);
    if (err == OTA_OK)
        err = fleet_metadata_artifact(rq->otad->fleet, &at, n.version, n.name, rq->arena, out,
                                      out_listed);
    return err == OTA_OK ? check_digest(rq, &n, out) : err;
}

bool tuf_targets_are_public(struct http_request *rq)
{
    const struct fleet_metadata_at at = at_of(rq);
    struct fleet_metadata_where where;
    struct artifact a;
    bool listed = false;
    return fleet_metadata_find(rq->otad->fleet, &at, rq->arena, &where) == OTA_OK &&
           where.public_targets && find_target(rq, &a, &listed) == OTA_OK && listed;
}

/* Of the log: somebody with a name, or whoever came. */
static ota_err send(struct http_request *rq, struct http_response *rs, const struct artifact *a,
                    const struct fleet_metadata_where *where)
{
    const struct release r = {.platform = where->platform,
                              .version = rq->capture[CAPTURE_FIRST]};
    if (rq->principal == NULL)
        return device_send_artifact(rq, rs, a);
    return download_send(
        rq, rs, rq->principal->kind == PRINCIPAL_API_KEY ? DOWNLOAD_KEY : DOWNLOAD_SESSION, &r,
        a);
}

/* Whose credentials the guard has looked at, or nobody's, if the files are open. */
static ota_err send_found(struct http_request *rq, struct http_response *rs)
{
    const struct fleet_metadata_at at = at_of(rq);
    struct fleet_metadata_where where;
    struct artifact a;
    bool listed = false;
    ota_err err = fleet_metadata_find(rq->otad->fleet, &at, rq->arena, &where);
    if (err == OTA_OK && rq->principal != NULL && rq->principal->tenant != where.tenant_id)
        err = OTA_E_NOT_FOUND;
    if (err == OTA_OK)
        err = find_target(rq, &a, &listed);
    if (err == OTA_OK)
        err = send(rq, rs, &a, &where);
    if (err == OTA_OK)
        http_header_add(rs, "Cache-Control",
                        where.public_targets ? "public, max-age=31536000, immutable"
                                             : "private, max-age=31536000, immutable");
    return err;
}

/* A device fetches what its own platform's role lists; what it brings is looked at here. */
static ota_err send_to_device(struct http_request *rq, struct http_response *rs)
{
    const char *id = session_device(rq);
    struct fleet_caller who;
    struct artifact a;
    struct named n;
    ota_err err = id == NULL ? OTA_E_AUTH : device_caller_called(rq, id, &who);
    if (err == OTA_OK)
        err = read_name(rq, &n);
    if (err == OTA_OK)
        err = fleet_metadata_artifact_of(rq->otad->fleet, &who, rq->capture[CAPTURE_PLATFORM],
                                         n.version, n.name, rq->arena, &a);
    if (err == OTA_OK)
        err = check_digest(rq, &n, &a);
    if (err == OTA_OK)
        err = device_send_artifact(rq, rs, &a);
    if (err == OTA_OK)
        http_header_add(rs, "Cache-Control", "private, max-age=31536000, immutable");
    if (err == OTA_E_AUTH) {
        http_header_add(rs, "WWW-Authenticate", "TargetToken realm=\"otad\"");
        return http_problem(rq, rs, err, "not-signed-in",
                            "No device of this name and token; X-Device-Id says who asks.");
    }
    return err;
}

ota_err tuf_target_get(struct http_request *rq, struct http_response *rs)
{
    const bool open = rq->principal != NULL || tuf_targets_are_public(rq);
    const ota_err err = open ? send_found(rq, rs) : send_to_device(rq, rs);
    return err == OTA_E_NOT_FOUND ? nothing(rq, rs) : err;
}
