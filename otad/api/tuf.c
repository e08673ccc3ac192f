/* Repositories of signed metadata (SPEC 10.8): what stands, what waits, and what is sent. */
#include <string.h>

#include "handler.h"
#include "otad/db/tuf.h"
#include "otad/tuf/review.h"

enum { CAPTURE_PLATFORM, CAPTURE_FILE };

struct sent {
    struct http_request *rq;
    enum repo_role role;
    int64_t version; /* in the file's name, 0 = none */
    enum review_verdict verdict;
    enum tuf_verdict meta;
    bool is_forbidden; /* a first root, by somebody who may not manage the platform */
};

static struct review review_of(const struct http_request *rq, const struct repo_state *state,
                               const struct repo_store *store)
{
    return (struct review){.state = state,
                           .store = store,
                           .online = {.keys = rq->otad->online_keys,
                                      .arena = rq->arena,
                                      .now_unix_s = api_now(),
                                      .snapshot_s = rq->otad->config->tuf_snapshot_s,
                                      .timestamp_s = rq->otad->config->tuf_timestamp_s}};
}

/* ---- writing ------------------------------------------------------------------------------
 */

static void put_file(struct json_out *o, const struct repo_state *s, const struct repo_file *f)
{
    char name[REPO_NAME_BYTES];
    repo_file_name(f->role, s->platform, f->version, name);
    json_put_string(o, "role", repo_role_name(f->role, s->platform));
    json_put_string(o, "file", name);
    json_put_int(o, "version", f->version);
    json_put_int(o, "size", (int64_t)f->len);
    json_put_time(o, "expires", f->expires_unix_s);
}

static void put_pending(struct json_out *o, const struct review *r, const struct repo_file *f)
{
    struct review_item item;
    review_look(r, f, &item);
    json_open_object(o, NULL);
    json_put_hex(o, "id", f->id, sizeof f->id);
    put_file(o, r->state, f);
    json_put_time(o, "submitted_at", f->at_unix_s);
    json_put_string(o, "submitted_by", f->by);
    json_put_bool(o, "complete", item.complete);
    json_put_string(o, "waits_for", item.waits_for);
    json_put_int(o, "threshold", item.threshold);
    json_put_int(
        o, "missing",
        item.signed_count < item.threshold ? (int64_t)(item.threshold - item.signed_count) : 0);
    json_open_array(o, "keys");
    for (unsigned i = 0; i < item.key_count; i++)
        json_put_hex(o, NULL, item.key[i], sizeof item.key[i]);
    json_close_array(o);
    json_open_array(o, "signed_by");
    for (unsigned i = 0; i < item.key_count; i++)
        if (item.has_signed[i])
            json_put_hex(o, NULL, item.key[i], sizeof item.key[i]);
    json_close_array(o);
    json_close_object(o);
}

static void put_queue(struct json_out *o, const struct review *r)
{
    json_open_array(o, "pending");
    for (size_t i = 0; i < r->state->pending_count; i++)
        put_pending(o, r, &r->state->pending[i]);
    json_close_array(o);
}

/* The key that a new root should name: the successor where there is one. */
static void put_next_key(struct json_out *o, struct online_keys *keys, enum online_role role)
{
    struct online_public list[ONLINE_KEYS_MAX];
    const size_t count = online_keys_list(keys, role, list);
    if (count == 0) { /* its token has never answered */
        json_put_null(o, online_role_name(role));
        return;
    }
    json_open_object(o, online_role_name(role));
    json_put_string(o, "keytype", "ed25519");
    json_open_object(o, "keyval");
    json_put_hex(o, "public", list[count - 1].key, ONLINE_PUBLIC_BYTES);
    json_close_object(o);
    json_put_string(o, "scheme", "ed25519");
    json_close_object(o);
}

/* Does root name it now? */
static bool is_used(const struct review *r, enum online_role role,
                    const uint8_t key[ONLINE_PUBLIC_BYTES])
{
    const struct repo_file *root = &r->state->file[REPO_ROOT];
    uint8_t used[ONLINE_PUBLIC_BYTES];
    struct document d;
    return root->bytes != NULL &&
           document_open(REPO_ROOT, root->bytes, root->len, &d) == TUF_GOOD &&
           online_key_of(r->online.keys, d.part.body, role, used) == OTA_OK &&
           memcmp(used, key, sizeof used) == 0;
}

static void put_online(struct json_out *o, const struct review *r)
{
    json_open_object(o, "online");
    for (int role = 0; role < ONLINE_ROLES; role++)
        put_next_key(o, r->online.keys, (enum online_role)role);
    json_close_object(o);
    json_open_array(o, "online_keys");
    for (int role = 0; role < ONLINE_ROLES; role++) {
        struct online_public list[ONLINE_KEYS_MAX];
        const size_t count = online_keys_list(r->online.keys, (enum online_role)role, list);
        for (size_t i = 0; i < count; i++) {
            json_open_object(o, NULL);
            json_put_string(o, "role", online_role_name((enum online_role)role));
            json_put_string(o, "keyid", list[i].id);
            json_put_hex(o, "public", list[i].key, ONLINE_PUBLIC_BYTES);
            json_put_bool(o, "used", is_used(r, (enum online_role)role, list[i].key));
            json_close_object(o);
        }
    }
    json_close_array(o);
}

static void put_roles(struct json_out *o, const struct repo_state *s)
{
    json_open_array(o, "roles");
    for (int i = 0; i < REPO_ROLES; i++) {
        const struct repo_file *f = &s->file[i];
        if (f->bytes == NULL)
            continue;
        json_open_object(o, NULL);
        put_file(o, s, f);
        json_put_time(o, "published_at", f->at_unix_s);
        json_put_string(o, "published_by", f->by);
        json_close_object(o);
    }
    json_close_array(o);
    json_open_array(o, "files");
    for (int i = 0; i < REPO_ROLES; i++) {
        char name[REPO_NAME_BYTES];
        repo_file_name((enum repo_role)i, s->platform, s->file[i].version, name);
        if (s->file[i].bytes != NULL)
            json_put_string(o, NULL, name);
    }
    json_close_array(o);
}

static void put_published(struct json_out *o, const char *platform, const struct repo_change *c)
{
    json_open_array(o, "published");
    for (size_t i = 0; i < c->publish_count; i++) {
        char name[REPO_NAME_BYTES];
        repo_file_name(c->publish[i].role, platform, c->publish[i].version, name);
        json_put_string(o, NULL, name);
    }
    json_close_array(o);
}

static void put_target(struct json_out *o, const struct repo_target *t)
{
    json_open_object(o, NULL);
    json_put_string(o, "path", t->path);
    json_put_raw(o, "entry", t->entry);
    json_close_object(o);
}

/* ---- reading ------------------------------------------------------------------------------
 */

static ota_err answer(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct repo_state s;
    const struct repo_target *t = NULL;
    size_t count = 0;
    ota_err err = db_tuf_get(&scope, rq->capture[CAPTURE_PLATFORM], &s);
    if (err == OTA_OK)
        err = db_tuf_target_list(&scope, rq->capture[CAPTURE_PLATFORM], &t, &count);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    const struct review r = review_of(rq, &s, NULL);
    struct json_out o;
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    json_put_string(&o, "platform", s.platform);
    json_put_bool(&o, "protected", s.file[REPO_ROOT].bytes != NULL);
    json_put_bool(&o, "public_targets", s.public_targets);
    json_put_string(&o, "metadata",
                    arena_printf(rq->arena, "/tuf/%s/%s/metadata/", s.tenant, s.platform));
    put_online(&o, &r);
    put_roles(&o, &s);
    json_open_array(&o, "targets");
    for (size_t i = 0; i < count; i++)
        put_target(&o, &t[i]);
    json_close_array(&o);
    put_queue(&o, &r);
    json_close_object(&o);
    return http_json(rq, rs, 200, &o);
}

ota_err api_tuf_get(struct http_request *rq, struct http_response *rs)
{
    return answer(rq, rs);
}

struct tuf_body {
    struct json_bool public_targets;
};

ota_err api_tuf_patch(struct http_request *rq, struct http_response *rs)
{
    static const struct json_field fields[] = {
        {"public_targets", FIELD_BOOL, true, 0, 0, 0,
         offsetof(struct tuf_body, public_targets)},
    };
    struct tuf_body in = {0};
    struct db_scope scope = api_scope(rq);
    ota_err err = API_BODY(rq, rs, fields, &in);
    if (err != OTA_OK)
        return err;
    err = db_tuf_public_set(&scope, rq->capture[CAPTURE_PLATFORM], in.public_targets.value);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    api_catch_up(rq, &scope);
    return answer(rq, rs);
}

/* What waits, behind what was just published; published NULL = that is not asked for. */
static ota_err answer_queue(struct http_request *rq, struct http_response *rs,
                            const struct repo_change *published)
{
    struct db_scope scope = api_scope(rq);
    struct repo_state s;
    struct json_out o;
    const ota_err err = db_tuf_get(&scope, rq->capture[CAPTURE_PLATFORM], &s);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    const struct review r = review_of(rq, &s, NULL);
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    if (published != NULL)
        put_published(&o, s.platform, published);
    put_queue(&o, &r);
    json_close_object(&o);
    return http_json(rq, rs, 200, &o);
}

ota_err api_tuf_pending_list(struct http_request *rq, struct http_response *rs)
{
    return answer_queue(rq, rs, NULL);
}

/* The capture as a digest.  Errors: OTA_E_NOT_FOUND. */
static ota_err read_id(const struct http_request *rq, uint8_t out[32])
{
    const char *text = rq->capture[CAPTURE_FILE];
    const char *quoted = arena_printf(rq->arena, "\"%s\"", text);
    if (quoted == NULL || strlen(text) != 64 ||
        canonical_hex((struct canonical){.at = (const uint8_t *)quoted, .len = 66}, out, 32) !=
            OTA_OK)
        return OTA_E_NOT_FOUND;
    return OTA_OK;
}

ota_err api_tuf_pending_get(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct repo_state s;
    uint8_t id[32];
    ota_err err = read_id(rq, id);
    if (err == OTA_OK)
        err = db_tuf_get(&scope, rq->capture[CAPTURE_PLATFORM], &s);
    for (size_t i = 0; err == OTA_OK && i < s.pending_count; i++) {
        if (memcmp(s.pending[i].id, id, sizeof id) != 0)
            continue;
        http_header_add(rs, "Cache-Control", "no-store");
        http_bytes(rs, 200, "application/json", s.pending[i].bytes, s.pending[i].len);
        return OTA_OK;
    }
    return api_db_problem(rq, rs, err == OTA_OK ? OTA_E_NOT_FOUND : err, &scope,
                          "waiting file");
}

ota_err api_tuf_pending_delete(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    uint8_t id[32];
    ota_err err = read_id(rq, id);
    if (err == OTA_OK)
        err = db_tuf_pending_remove(&scope, rq->capture[CAPTURE_PLATFORM], id);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "waiting file");
    http_empty(rs, 204);
    return OTA_OK;
}

/* ---- sending ------------------------------------------------------------------------------
 */

static ota_err decide_put(void *arg, const struct repo_state *state,
                          const struct repo_store *store, struct repo_change *out)
{
    struct sent *sent = arg;
    const struct http_request *rq = sent->rq;
    struct review r = review_of(rq, state, store);
    sent->verdict =
        review_put(&r, sent->role, sent->version,
                   (const uint8_t *)(rq->body == NULL ? "" : rq->body), rq->body_bytes, out);
    sent->meta = r.meta;
    sent->is_forbidden = sent->verdict == REVIEW_GOOD && sent->role == REPO_ROOT &&
                         state->file[REPO_ROOT].bytes == NULL &&
                         !api_may(sent->rq, PERM_PLATFORM_MANAGE, state->platform);
    return sent->is_forbidden ? OTA_E_DENIED : review_err(sent->verdict);
}

/* Is it what was published as this version long ago?  Whoever sends a whole folder again does
 * no harm. */
static bool stood_before(struct http_request *rq, struct db_scope *scope, enum repo_role role)
{
    const uint8_t *bytes = NULL, *old = NULL;
    size_t len = 0, old_len = 0;
    struct document d, before;
    uint8_t id[32], old_id[32];
    if (document_canonical(rq->arena, (const uint8_t *)rq->body, rq->body_bytes, &bytes,
                           &len) != OTA_OK ||
        document_open(role, bytes, len, &d) != TUF_GOOD ||
        db_tuf_file_get(scope, rq->capture[CAPTURE_PLATFORM], role, (int64_t)d.head.version,
                        &old, &old_len) != OTA_OK ||
        document_open(role, old, old_len, &before) != TUF_GOOD)
        return false;
    document_id(&d, id);
    document_id(&before, old_id);
    return memcmp(id, old_id, sizeof id) == 0;
}

static ota_err problem(struct http_request *rq, struct http_response *rs,
                       const struct sent *sent)
{
    const ota_err err = review_err(sent->verdict);
    if ((err == OTA_E_BUSY && sent->verdict != REVIEW_KEY_AWAY) || err == OTA_E_LIMIT)
        return err;
    if (sent->verdict == REVIEW_BAD_METADATA)
        return http_problem(rq, rs, err, review_code(sent->verdict), "%s (%s)",
                            review_text(sent->verdict), tuf_verdict_name(sent->meta));
    return http_problem(rq, rs, err, review_code(sent->verdict), "%s",
                        review_text(sent->verdict));
}

/* The role that the path names.  Errors: OTA_E_NOT_FOUND. */
static ota_err read_name(struct http_request *rq, struct sent *out)
{
    const char *platform = NULL;
    ota_err err = fleet_platform(rq->otad->fleet, rq->principal->tenant,
                                 rq->capture[CAPTURE_PLATFORM], rq->arena, &platform);
    if (err == OTA_OK)
        err = repo_file_parse(rq->capture[CAPTURE_FILE], platform, &out->role, &out->version);
    return err == OTA_OK && out->role > REPO_PLATFORM ? OTA_E_NOT_FOUND : err;
}

ota_err api_tuf_put(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct sent sent = {.rq = rq};
    struct repo_change *c = ARENA_NEW(rq->arena, struct repo_change);
    if (c == NULL)
        return OTA_E_LIMIT;
    ota_err err = api_is_json(rq, rs);
    if (err != OTA_OK)
        return err;
    err = read_name(rq, &sent);
    if (err == OTA_E_NOT_FOUND)
        return http_problem(rq, rs, err, NULL,
                            "Only root.json, targets.json and the platform's own role are "
                            "taken.");
    if (err == OTA_OK)
        err = db_tuf_change(&scope, rq->capture[CAPTURE_PLATFORM], decide_put, &sent, c);
    if (sent.is_forbidden)
        return api_forbidden(rq, rs, PERM_PLATFORM_MANAGE, rq->capture[CAPTURE_PLATFORM]);
    if (sent.verdict == REVIEW_LOWER_VERSION && stood_before(rq, &scope, sent.role)) {
        *c = (struct repo_change){0};
        return answer_queue(rq, rs, c);
    }
    if (sent.verdict != REVIEW_GOOD)
        return problem(rq, rs, &sent);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "platform");
    api_catch_up(rq, &scope);
    return answer_queue(rq, rs, c);
}
