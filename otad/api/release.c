/* Releases (SPEC 8.6): made from signed sums, completed by artifacts, put on a channel. */
#include "otad/db/release.h"

#include <string.h>

#include "handler.h"
#include "otad/db/platform.h"
#include "otad/fleet/version.h"
#include "release_check.h"

enum { NOTES_BYTES_MAX = 16384, REASON_BYTES_MAX = 500 };

struct release_body {
    const char *sums, *minisig, *notes;
};

static const struct json_field put_fields[] = {
    {"sums", FIELD_STRING, true, 1, SUMS_BYTES_MAX, 0, offsetof(struct release_body, sums)},
    {"minisig", FIELD_STRING, true, 1, MINISIG_BYTES_MAX, 0,
     offsetof(struct release_body, minisig)},
    {"notes", FIELD_STRING, false, 0, NOTES_BYTES_MAX, 0, offsetof(struct release_body, notes)},
};

struct word_body {
    const char *word;
};

/* minimum_version stands there twice: the second says that null was given. */
struct patch_body {
    const char *notes, *minimum_version;
    bool minimum_given;
};

static const struct json_field patch_fields[] = {
    {"notes", FIELD_STRING, false, 0, NOTES_BYTES_MAX, 0, offsetof(struct patch_body, notes)},
    {"minimum_version", FIELD_STRING, false, 1, VERSION_TEXT_MAX, 0,
     offsetof(struct patch_body, minimum_version)},
    {"minimum_version", FIELD_PRESENT, false, 0, 0, 0,
     offsetof(struct patch_body, minimum_given)},
};

static const struct json_field release_fields[] = {
    {"channel", FIELD_STRING, true, 1, 16, 0, offsetof(struct word_body, word)},
};

static const struct json_field withdraw_fields[] = {
    {"reason", FIELD_STRING, true, 1, REASON_BYTES_MAX, 0, offsetof(struct word_body, word)},
};

static ota_err answer(struct http_request *rq, struct http_response *rs,
                      const struct release *r)
{
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_release(&o, NULL, r);
    return http_json(rq, rs, 200, &o);
}

/* The answer after a change. */
static ota_err changed(struct http_request *rq, struct http_response *rs, ota_err err,
                       const struct db_scope *scope, const struct release *r)
{
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, scope, "release");
    api_catch_up(rq, scope);
    return answer(rq, rs, r);
}

ota_err api_release_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct db_page page;
    struct release *r = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_ID, &page);
    if (err != OTA_OK)
        return err;
    err = db_release_list(&scope, api_query(rq, "platform"), &page, &r, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        if (api_may(rq, PERM_RELEASE_READ, r[i].platform))
            write_release(&o, NULL, &r[i]);
    return api_list_end(rq, rs, &o, count == page.limit, count > 0 ? r[count - 1].id : 0, NULL);
}

ota_err api_release_get(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct release r;
    const ota_err err = db_release_get(&scope, rq->capture[0], rq->capture[1], &r);
    return err == OTA_OK ? answer(rq, rs, &r) : api_db_problem(rq, rs, err, &scope, "release");
}

static ota_err judge(struct http_request *rq, struct http_response *rs,
                     const struct platform *p, const struct release_body *in,
                     struct release_sums *out)
{
    struct manifest m;
    if (api_manifest_open(p, &m) != OTA_OK)
        return http_problem(rq, rs, OTA_E_CONFLICT, "no-key-manifest",
                            "The platform has no key manifest yet, so no signature can be "
                            "checked.");
    const struct release_claim claim = {.manifest = &m,
                                        .platform = p->name,
                                        .version = rq->capture[1],
                                        .sums = in->sums,
                                        .sums_bytes = strlen(in->sums),
                                        .minisig = in->minisig,
                                        .minisig_bytes = strlen(in->minisig)};
    const struct release_judgement j = release_check_sums(&claim, out);
    if (j.verdict == RELEASE_GOOD)
        return OTA_OK;
    return http_problem(rq, rs, release_judgement_err(j), release_judgement_code(j), "%s",
                        release_judgement_text(j));
}

static struct release_file *files_of(struct arena *a, const struct release_sums *sums)
{
    struct release_file *files = arena_array(a, sums->count, sizeof *files);
    for (size_t i = 0; files != NULL && i < sums->count; i++) {
        files[i].name = sums->entry[i].name;
        memcpy(files[i].sha256, sums->entry[i].sha256, sizeof files[i].sha256);
    }
    return files;
}

ota_err api_release_put(struct http_request *rq, struct http_response *rs)
{
    struct release_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct platform p;
    struct release made;
    struct release_sums *sums = ARENA_NEW(rq->arena, struct release_sums);
    if (sums == NULL)
        return OTA_E_LIMIT;
    ota_err err = API_BODY(rq, rs, put_fields, &in);
    if (err != OTA_OK)
        return err;
    err = db_platform_get(&scope, rq->capture[0], &p);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    err = judge(rq, rs, &p, &in, sums);
    if (err != OTA_OK)
        return err;
    const struct release_new r = {.platform = p.name,
                                  .version = rq->capture[1],
                                  .sums = in.sums,
                                  .minisig = in.minisig,
                                  .notes = in.notes != NULL ? in.notes : "",
                                  .sums_signed_by = sums->signed_by,
                                  .security_counter = sums->security_counter,
                                  .file_count = sums->count,
                                  .files = files_of(rq->arena, sums)};
    if (r.files == NULL)
        return OTA_E_LIMIT;
    err = db_release_create(&scope, &r, &made);
    return changed(rq, rs, err, &scope, &made);
}

typedef ota_err channel_fn(struct db_scope *s, const char *platform, const char *version,
                           enum channel channel, struct release *out);

static ota_err to_channel(struct http_request *rq, struct http_response *rs, channel_fn *go)
{
    struct word_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct release r;
    ota_err err = API_BODY(rq, rs, release_fields, &in);
    if (err != OTA_OK)
        return err;
    const enum channel channel = channel_parse(in.word);
    if (channel == CHANNEL_NONE)
        return api_invalid(rq, rs, "/channel", "must be 'stable' or 'beta'");
    err = go(&scope, rq->capture[0], rq->capture[1], channel, &r);
    return changed(rq, rs, err, &scope, &r);
}

ota_err api_release_release(struct http_request *rq, struct http_response *rs)
{
    return to_channel(rq, rs, db_release_release);
}

ota_err api_release_promote(struct http_request *rq, struct http_response *rs)
{
    return to_channel(rq, rs, db_release_promote);
}

ota_err api_release_patch(struct http_request *rq, struct http_response *rs)
{
    struct patch_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct release r;
    ota_err err = API_BODY(rq, rs, patch_fields, &in);
    if (err != OTA_OK)
        return err;
    const struct release_patch patch = {.notes = in.notes,
                                        .set_minimum = in.minimum_given,
                                        .minimum_version = in.minimum_version};
    err = db_release_change(&scope, rq->capture[0], rq->capture[1], &patch, &r);
    if (err == OTA_E_FORMAT)
        return api_invalid(rq, rs, "/minimum_version",
                           "must be null or a version below the release's");
    return changed(rq, rs, err, &scope, &r);
}

ota_err api_release_withdraw(struct http_request *rq, struct http_response *rs)
{
    struct word_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct release r;
    ota_err err = API_BODY(rq, rs, withdraw_fields, &in);
    if (err != OTA_OK)
        return err;
    err = db_release_withdraw(&scope, rq->capture[0], rq->capture[1], in.word, &r);
    return changed(rq, rs, err, &scope, &r);
}
