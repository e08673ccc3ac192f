/* Platforms and their key manifests (SPEC 8.5). */
#include "otad/db/platform.h"

#include <string.h>

#include "handler.h"
#include "otad/auth/public_key.h"

enum { ALIASES_MAX = 32, PEM_BYTES_MAX = 512, MANIFEST_BASE64_MAX = 2 * MANIFEST_BYTES_MAX };

struct platform_body {
    const char *name, *title, *key_manifest;
    struct json_strings aliases, boot_roots;
    struct json_bool follow_channel;
};

#define AT(member) offsetof(struct platform_body, member)

static const struct json_field create_fields[] = {
    {"name", FIELD_STRING, true, 1, 63, 0, AT(name)},
    {"title", FIELD_STRING, true, 1, 128, 0, AT(title)},
    {"aliases", FIELD_STRINGS, false, 0, ALIASES_MAX, 63, AT(aliases)},
    {"follow_channel", FIELD_BOOL, false, 0, 0, 0, AT(follow_channel)},
    {"boot_roots", FIELD_STRINGS, false, MANIFEST_ROOTS, MANIFEST_ROOTS, PEM_BYTES_MAX,
     AT(boot_roots)},
    {"key_manifest", FIELD_STRING, false, 1, MANIFEST_BASE64_MAX, 0, AT(key_manifest)},
};

static const struct json_field patch_fields[] = {
    {"title", FIELD_STRING, false, 1, 128, 0, AT(title)},
    {"aliases", FIELD_STRINGS, false, 0, ALIASES_MAX, 63, AT(aliases)},
    {"follow_channel", FIELD_BOOL, false, 0, 0, 0, AT(follow_channel)},
};

#undef AT

/* key may be NULL; writes into o. */
static void put(struct json_out *o, const struct platform *p)
{
    struct manifest m;
    const bool has = api_manifest_open(p, &m) == OTA_OK;
    write_platform(o, NULL, p, has ? &m : NULL);
}

static ota_err answer(struct http_request *rq, struct http_response *rs,
                      const struct platform *p)
{
    struct json_out o;
    json_out_begin(&o, rq->arena);
    put(&o, p);
    return http_json(rq, rs, 200, &o);
}

ota_err api_platform_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct db_page page;
    struct platform *p = NULL;
    size_t count = 0;
    ota_err err = api_page(rq, rs, API_BY_TEXT, &page);
    if (err != OTA_OK)
        return err;
    err = db_platform_list(&scope, &page, &p, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    struct json_out o;
    api_list_begin(rq, &o);
    for (size_t i = 0; i < count; i++)
        if (api_may(rq, PERM_RELEASE_READ, p[i].name))
            put(&o, &p[i]);
    return api_list_end(rq, rs, &o, count == page.limit, 0,
                        count > 0 ? p[count - 1].name : NULL);
}

ota_err api_platform_get(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct platform p;
    const ota_err err = db_platform_get(&scope, rq->capture[0], &p);
    return err == OTA_OK ? answer(rq, rs, &p) : api_db_problem(rq, rs, err, &scope, "platform");
}

static ota_err check_aliases(struct http_request *rq, struct http_response *rs,
                             const struct json_strings *aliases)
{
    for (size_t i = 0; i < aliases->count; i++)
        if (!api_name_valid(aliases->item[i]))
            return api_invalid(rq, rs, "/aliases",
                               "must be names of lower-case letters, digits, '.', '_' and '-'");
    return OTA_OK;
}

static ota_err read_roots(struct http_request *rq, struct http_response *rs,
                          const struct json_strings *pem, struct platform *p)
{
    if (!pem->present)
        return OTA_OK;
    for (size_t i = 0; i < MANIFEST_ROOTS; i++)
        if (public_key_parse(pem->item[i], &p->roots[i]) != OTA_OK)
            return api_invalid(rq, rs, "/boot_roots",
                               "must be three PEM public keys (Ed25519 or P-256)");
    p->has_roots = true;
    return OTA_OK;
}

static ota_err manifest_problem(struct http_request *rq, struct http_response *rs, ota_err e)
{
    if (e == OTA_E_SIGNATURE)
        return http_problem(rq, rs, e, "bad-signature",
                            "The key manifest is not signed by two of the platform's boot "
                            "roots.");
    return http_problem(rq, rs, OTA_E_FORMAT, "bad-key-manifest",
                        "This is not a key manifest.");
}

static ota_err read_manifest(struct http_request *rq, struct http_response *rs,
                             const char *base64, struct platform *p)
{
    struct manifest m;
    size_t len = 0;
    if (base64 == NULL)
        return OTA_OK;
    if (!p->has_roots)
        return api_invalid(rq, rs, "/boot_roots", "is needed to check the key manifest");
    uint8_t *bytes = arena_alloc(rq->arena, MANIFEST_BYTES_MAX);
    if (bytes == NULL)
        return OTA_E_LIMIT;
    if (base64_decode(base64, strlen(base64), bytes, MANIFEST_BYTES_MAX, &len) != OTA_OK)
        return api_invalid(rq, rs, "/key_manifest", "is not base64 of a key manifest");
    const ota_err err = manifest_open(bytes, len, p->roots, &m);
    if (err != OTA_OK)
        return manifest_problem(rq, rs, err);
    p->key_manifest = bytes;
    p->key_manifest_bytes = len;
    p->key_manifest_sequence = m.sequence;
    p->has_class = true;
    memcpy(p->hardware_class, m.hardware_class, sizeof p->hardware_class);
    return OTA_OK;
}

ota_err api_platform_post(struct http_request *rq, struct http_response *rs)
{
    struct platform_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct platform created;
    ota_err err = API_BODY(rq, rs, create_fields, &in);
    if (err != OTA_OK)
        return err;
    if (!api_name_valid(in.name))
        return api_invalid(rq, rs, "/name",
                           "must begin with a lower-case letter or digit and go on with these, "
                           "'.', '_' and '-'");
    struct platform p = {.name = in.name,
                         .title = in.title,
                         .aliases = {in.aliases.count, in.aliases.item},
                         .follow_channel = in.follow_channel.value};
    err = check_aliases(rq, rs, &in.aliases);
    if (err == OTA_OK)
        err = read_roots(rq, rs, &in.boot_roots, &p);
    if (err == OTA_OK)
        err = read_manifest(rq, rs, in.key_manifest, &p);
    if (err != OTA_OK)
        return err;
    err = db_platform_create(&scope, &p, &created);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    api_catch_up(rq, &scope);
    return answer(rq, rs, &created);
}

ota_err api_platform_patch(struct http_request *rq, struct http_response *rs)
{
    struct platform_body in = {0};
    struct db_scope scope = api_scope(rq);
    struct platform p;
    ota_err err = API_BODY(rq, rs, patch_fields, &in);
    if (err == OTA_OK)
        err = check_aliases(rq, rs, &in.aliases);
    if (err != OTA_OK)
        return err;
    const struct db_names aliases = {in.aliases.count, in.aliases.item};
    const struct platform_patch patch = {
        .title = in.title,
        .aliases = in.aliases.present ? &aliases : NULL,
        .follow_channel = in.follow_channel.present ? &in.follow_channel.value : NULL};
    err = db_platform_patch(&scope, rq->capture[0], &patch, &p);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    api_catch_up(rq, &scope);
    return answer(rq, rs, &p);
}

ota_err api_platform_manifest_put(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct platform p;
    struct manifest m;
    ota_err err = db_platform_get(&scope, rq->capture[0], &p);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    if (!p.has_roots)
        return http_problem(rq, rs, OTA_E_CONFLICT, "no-boot-roots",
                            "The platform was made without boot roots, so nothing can be "
                            "checked against them.");
    err = manifest_open((const uint8_t *)(rq->body != NULL ? rq->body : ""), rq->body_bytes,
                        p.roots, &m);
    if (err != OTA_OK)
        return manifest_problem(rq, rs, err);
    struct platform_manifest put_it = {
        .bytes = (const uint8_t *)rq->body, .len = rq->body_bytes, .sequence = m.sequence};
    memcpy(put_it.hardware_class, m.hardware_class, sizeof put_it.hardware_class);
    err = db_platform_manifest_put(&scope, p.name, &put_it, &p);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    api_catch_up(rq, &scope);
    return answer(rq, rs, &p);
}
