/*
 * Artifacts of a release (SPEC 8.6).  An upload is judged twice: before its first byte (may
 * they, is there such a file in the signed sums, is there room) and when its last has come
 * (digest, image).  Only what is good is kept, and the row comes after the durable file: what a
 * cut leaves behind is a temporary file at most, which the store removes.
 */
#include <stdatomic.h>
#include <string.h>

#include "firmware/image/image.h"
#include "handler.h"
#include "otad/db/platform.h"
#include "otad/db/release.h"
#include "otad/device/download.h"
#include "otad/fleet/fleet.h"
#include "otad/formats/esp_name.h"
#include "otad/formats/formats.h"
#include "otad/store/artifacts.h"
#include "release_check.h"

enum { CAPTURE_PLATFORM = 0, CAPTURE_VERSION = 1, CAPTURE_NAME = 2 };

struct upload {
    struct store_upload *store;
    struct platform platform;
    struct release release;
    struct manifest manifest;
    struct release_claim claim;
    struct release_sums sums;
};

static atomic_int uploads_now;

static ota_err refuse(struct http_request *rq, struct http_response *rs,
                      struct release_judgement j)
{
    return http_problem(rq, rs, release_judgement_err(j), release_judgement_code(j), "%s",
                        release_judgement_text(j));
}

static ota_err too_large(struct http_request *rq, struct http_response *rs)
{
    return http_problem(rq, rs, OTA_E_LIMIT, "artifact-too-large",
                        "The file is larger than the %lld bytes that this server accepts.",
                        (long long)rq->otad->config->artifact_bytes_max);
}

static ota_err store_problem(struct http_request *rq, struct http_response *rs, ota_err e)
{
    if (e == OTA_E_LIMIT)
        return too_large(rq, rs);
    if (e == OTA_E_BUSY)
        return http_problem_status(rq, rs, 507, e, "disk-full",
                                   "The server's disk is full; nothing was kept.");
    return http_problem(rq, rs, e, "store-failed", "The file could not be stored.");
}

/* The release, its platform and its sums, authentic under the manifest that is in force now. */
static ota_err load(struct http_request *rq, struct http_response *rs, struct upload *u)
{
    struct db_scope scope = api_scope(rq);
    ota_err err = db_platform_get(&scope, rq->capture[CAPTURE_PLATFORM], &u->platform);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    err = db_release_get(&scope, u->platform.name, rq->capture[CAPTURE_VERSION], &u->release);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "release; upload its SHA256SUMS first");
    if (u->release.state == RELEASE_WITHDRAWN)
        return http_problem(rq, rs, OTA_E_CONFLICT, "withdrawn", "The release was withdrawn.");
    if (api_manifest_open(&u->platform, &u->manifest) != OTA_OK)
        return http_problem(rq, rs, OTA_E_CONFLICT, "no-key-manifest",
                            "The platform has no key manifest.");
    u->claim = (struct release_claim){.manifest = &u->manifest,
                                      .platform = u->platform.name,
                                      .version = u->release.version,
                                      .sums = u->release.sums,
                                      .sums_bytes = strlen(u->release.sums),
                                      .minisig = u->release.minisig,
                                      .minisig_bytes = strlen(u->release.minisig)};
    struct release_judgement j = release_check_sums(&u->claim, &u->sums);
    if (j.verdict == RELEASE_GOOD &&
        sums_find(u->sums.entry, u->sums.count, rq->capture[CAPTURE_NAME]) == NULL)
        j.verdict = RELEASE_NOT_IN_SUMS;
    return j.verdict == RELEASE_GOOD ? OTA_OK : refuse(rq, rs, j);
}

static ota_err begin(struct http_request *rq, struct http_response *rs)
{
    const struct config *config = rq->otad->config;
    struct upload *u = ARENA_NEW(rq->arena, struct upload);
    if (u == NULL)
        return OTA_E_LIMIT;
    if (rq->content_length > config->artifact_bytes_max)
        return too_large(rq, rs);
    ota_err err = load(rq, rs, u);
    if (err != OTA_OK)
        return err;
    if (atomic_fetch_add(&uploads_now, 1) >= config->uploads_max) {
        (void)atomic_fetch_sub(&uploads_now, 1);
        return http_problem(rq, rs, OTA_E_BUSY, "too-many-uploads",
                            "Too many uploads run at the moment; try again.");
    }
    err = store_begin(rq->otad->store, (uint64_t)config->artifact_bytes_max, &u->store);
    if (err != OTA_OK) {
        (void)atomic_fetch_sub(&uploads_now, 1);
        return store_problem(rq, rs, err);
    }
    rq->state = u;
    return OTA_OK;
}

/* Whatever became of it: it no longer counts. */
static void end(struct http_request *rq)
{
    rq->state = NULL;
    (void)atomic_fetch_sub(&uploads_now, 1);
}

static void drop(struct http_request *rq)
{
    struct upload *u = rq->state;
    if (u == NULL)
        return;
    store_abort(u->store);
    end(rq);
}

static ota_err take(struct http_request *rq, struct http_response *rs, const void *data,
                    size_t len)
{
    struct upload *u = rq->state;
    const ota_err err = store_write(u->store, data, len);
    return err == OTA_OK ? OTA_OK : store_problem(rq, rs, err);
}

const struct http_sink api_artifact_sink = {.begin = begin, .write = take, .abort = drop};

static void fill(struct arena *a, const struct manifest *m, const struct image_info *image,
                 struct artifact *out)
{
    const struct manifest_key *key = image_key(image, m);
    const struct image_version v = image->version;
    out->kind = ARTIFACT_MCUBOOT;
    out->version = v.build == 0
                       ? arena_printf(a, "%u.%u.%u", v.major, v.minor, v.revision)
                       : arena_printf(a, "%u.%u.%u+%u", v.major, v.minor, v.revision, v.build);
    out->security_counter = image->security_counter;
    memcpy(out->hardware_class, image->hardware_class, sizeof out->hardware_class);
    if (key != NULL) /* always: the image has been verified */
        memcpy(out->key_hash, key->hash, sizeof out->key_hash);
}

/* ---- other formats (SPEC 5.4) -------------------------------------------------------- */

static enum artifact_kind kind_of(enum file_format f)
{
    switch (f) {
    case FORMAT_ESP:
        return ARTIFACT_ESP;
    case FORMAT_UF2:
        return ARTIFACT_UF2;
    case FORMAT_CORTEX_M:
        return ARTIFACT_CORTEX_M;
    case FORMAT_CYCLONEDX:
        return ARTIFACT_CYCLONEDX;
    case FORMAT_SPDX:
        return ARTIFACT_SPDX;
    case FORMAT_NONE:
        break;
    }
    return ARTIFACT_FILE;
}

/* Another file whose name tells no chip, so that it must be for the same one. */
static const struct artifact *sibling(const struct release *r, const char *name)
{
    for (size_t i = 0; i < r->artifact_count; i++)
        if (r->artifacts[i].chip != NULL && strcmp(r->artifacts[i].name, name) != 0 &&
            esp_chip_family(r->artifacts[i].name) == NULL)
            return &r->artifacts[i];
    return NULL;
}

/* In this release, else in the newest that its platform has on any channel. */
static const struct artifact *sibling_find(struct http_request *rq, const struct upload *u,
                                           const char *name)
{
    const struct artifact *found = sibling(&u->release, name);
    const struct fleet_wish newest = {.tenant_id = rq->principal->tenant,
                                      .platform = u->platform.name,
                                      .channel = CHANNEL_BETA};
    struct release r = {0};
    bool newer = false;
    if (found == NULL &&
        fleet_newest(rq->otad->fleet, &newest, rq->arena, &r, &newer) == OTA_OK)
        found = sibling(&r, "");
    return found;
}

static ota_err check_format(struct http_request *rq, struct http_response *rs,
                            const struct upload *u, const struct image_source *source,
                            struct artifact *out)
{
    const struct artifact *other = sibling_find(rq, u, out->name);
    const struct format_claim claim = {.name = out->name,
                                       .source = source,
                                       .platform = u->platform.name,
                                       .sibling = other == NULL ? NULL : other->name,
                                       .sibling_chip = other == NULL ? NULL : other->chip};
    struct format_facts facts;
    struct format_refusal why;
    const ota_err err = formats_check(rq->arena, &claim, &facts, &why);
    if (err == OTA_E_SIGNATURE)
        return http_problem(rq, rs, err, why.code, "%s", why.text);
    if (err != OTA_OK)
        return store_problem(rq, rs, err == OTA_E_NO_MEMORY ? OTA_E_INTERNAL : err);
    out->kind = kind_of(facts.format);
    out->chip = facts.chip;
    out->details = facts.details;
    return OTA_OK;
}

/* Hash and judge what came.  *out is the artifact as it would be kept. */
static ota_err check(struct http_request *rq, struct http_response *rs, struct upload *u,
                     struct artifact *out)
{
    struct digests digests;
    struct image_source source;
    struct image_info image;
    uint64_t bytes = 0;
    bool is_image = false;
    const ota_err err = store_seal(u->store, &digests, &bytes, &source);
    if (err != OTA_OK)
        return store_problem(rq, rs, err);
    const struct release_upload file = {
        .name = rq->capture[CAPTURE_NAME], .sha256 = digests.sha256, .source = &source};
    const struct release_judgement j =
        release_check_file(&u->claim, &u->sums, &file, &is_image, &image);
    if (j.verdict != RELEASE_GOOD)
        return refuse(rq, rs, j);
    *out = (struct artifact){
        .name = file.name, .size_bytes = (int64_t)bytes, .kind = ARTIFACT_FILE};
    memcpy(out->sha256, digests.sha256.b, sizeof out->sha256);
    memcpy(out->sha1, digests.sha1, sizeof out->sha1);
    memcpy(out->md5, digests.md5, sizeof out->md5);
    if (!is_image)
        return check_format(rq, rs, u, &source, out);
    fill(rq->arena, u->claim.manifest, &image, out);
    return OTA_OK;
}

static ota_err keep(struct http_request *rq, struct http_response *rs, struct upload *u,
                    const struct artifact *a)
{
    struct db_scope scope = api_scope(rq);
    struct release after;
    ota_err err = store_finish(u->store);
    if (err != OTA_OK)
        return store_problem(rq, rs, err);
    err = db_release_artifact_put(&scope, u->platform.name, u->release.version, a, &after);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "release");
    api_catch_up(rq, &scope);
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_artifact(&o, NULL, a);
    return http_json(rq, rs, 200, &o);
}

ota_err api_artifact_put(struct http_request *rq, struct http_response *rs)
{
    struct upload *u = rq->state;
    struct artifact a;
    ota_err err = check(rq, rs, u, &a);
    if (err != OTA_OK) {
        drop(rq);
        return err;
    }
    err = keep(rq, rs, u, &a);
    end(rq);
    return err;
}

static const struct artifact *find(const struct release *r, const char *name)
{
    for (size_t i = 0; i < r->artifact_count; i++)
        if (strcmp(r->artifacts[i].name, name) == 0)
            return &r->artifacts[i];
    return NULL;
}

ota_err api_artifact_get(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    const char *name = rq->capture[CAPTURE_NAME];
    struct release r;
    const ota_err err =
        db_release_get(&scope, rq->capture[CAPTURE_PLATFORM], rq->capture[CAPTURE_VERSION], &r);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "release");
    const char *text = strcmp(name, "SHA256SUMS") == 0           ? r.sums
                       : strcmp(name, "SHA256SUMS.minisig") == 0 ? r.minisig
                                                                 : NULL;
    if (text != NULL) {
        http_bytes(rs, 200, "text/plain; charset=utf-8", text, strlen(text));
        return OTA_OK;
    }
    const struct artifact *a = find(&r, name);
    if (a == NULL)
        return http_problem(rq, rs, OTA_E_NOT_FOUND, NULL,
                            "The release has no file of this name.");
    const ota_err sent = download_send(
        rq, rs, rq->principal->kind == PRINCIPAL_API_KEY ? DOWNLOAD_KEY : DOWNLOAD_SESSION, &r,
        a);
    return sent == OTA_E_IO
               ? http_problem(rq, rs, sent, "store-failed", "The file cannot be read.")
               : sent;
}
