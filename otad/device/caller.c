/* Devices as callers.  No SQL: credentials are in memory. */
#include "caller.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "otad/auth/auth.h"
#include "otad/auth/permission.h"
#include "otad/http/route.h"
#include "otad/json.h"
#include "otad/otad.h"
#include "otad/store/artifacts.h"

enum { CAPTURE_TENANT = 0, CAPTURE_DEVICE = 1 };

int64_t device_now(void)
{
    return (int64_t)time(NULL);
}

bool device_id_valid(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";
    const size_t len = strlen(text);
    return len >= 1 && len <= 128 && strspn(text, allowed) == len && strcmp(text, ".") != 0 &&
           strcmp(text, "..") != 0;
}

/* The token behind this scheme word, or NULL. */
static const char *token_of(const char *authorization, const char *scheme)
{
    const size_t len = strlen(scheme);
    if (strncmp(authorization, scheme, len) != 0 || authorization[len] != ' ')
        return NULL;
    const char *token = authorization + len + 1;
    const size_t bytes = strnlen(token, TOKEN_PRESENTED_MAX);
    return bytes > 0 && bytes < TOKEN_PRESENTED_MAX ? token : NULL;
}

bool device_brings_token(const struct http_request *rq)
{
    const char *authorization = http_header(rq, "Authorization");
    return authorization != NULL && (token_of(authorization, "TargetToken") != NULL ||
                                     token_of(authorization, "GatewayToken") != NULL);
}

ota_err device_caller_called(const struct http_request *rq, const char *id,
                             struct fleet_caller *out)
{
    const char *authorization = http_header(rq, "Authorization");
    if (authorization == NULL)
        return OTA_E_AUTH;
    const char *token = token_of(authorization, "TargetToken");
    const bool is_gateway = token == NULL;
    if (is_gateway)
        token = token_of(authorization, "GatewayToken");
    if (token == NULL)
        return OTA_E_AUTH;
    if (!device_id_valid(id))
        return OTA_E_FORMAT;
    const struct token_hash hash = token_hash(&rq->otad->auth->pepper, token, strlen(token));
    *out = (struct fleet_caller){.tenant = rq->capture[CAPTURE_TENANT],
                                 .device_id = id,
                                 .is_gateway = is_gateway,
                                 .address = rq->client,
                                 .now_unix_s = device_now()};
    memcpy(out->token_hash, hash.b, sizeof out->token_hash);
    return OTA_OK;
}

ota_err device_caller(const struct http_request *rq, struct fleet_caller *out)
{
    return device_caller_called(rq, rq->capture[CAPTURE_DEVICE], out);
}

struct db_scope device_scope(const struct http_request *rq, int64_t tenant_id)
{
    return (struct db_scope){
        .db = rq->otad->db, .tenant_id = tenant_id, .arena = rq->arena, .actor = "device"};
}

struct error_row {
    int status;
    const char *class, *code;
};

static const struct error_row error_rows[] = {
    {400, "MessageNotReadableException", "hawkbit.server.error.rest.body.notReadable"},
    {404, "EntityNotFoundException", "hawkbit.server.error.repo.entitiyNotFound"},
    {405, "CancelActionNotAllowedException",
     "hawkbit.server.error.action.cancelActionNotAllowed"},
    {406, "NotAcceptableException", "hawkbit.server.error.rest.notAcceptable"},
    {410, "CancelActionNotAllowedException", "hawkbit.server.error.repo.actionNotActive"},
    {415, "UnsupportedMediaTypeException", "hawkbit.server.error.rest.unsupportedMediaType"},
    {429, "AssignmentQuotaExceededException", "hawkbit.server.error.quota.tooManyEntries"},
    {503, "ServiceUnavailableException", "hawkbit.server.error.unavailable"},
    {0, "InternalErrorException", "hawkbit.server.error.internal"},
};

ota_err device_error(struct http_request *rq, struct http_response *rs, ota_err e, int status,
                     const char *message)
{
    const struct error_row *row = error_rows;
    struct json_out o;
    const char *text = NULL;
    size_t len = 0;
    rs->err = e;
    if (status == 401) {
        http_empty(rs, 401);
        return e;
    }
    while (row->status != status && row->status != 0)
        row++;
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    json_put_string(&o, "exceptionClass", row->class);
    json_put_string(&o, "errorCode", row->code);
    json_put_string(&o, "message", message);
    json_close_object(&o);
    if (json_out_end(&o, &text, &len) == OTA_OK)
        http_bytes(rs, status, "application/json", text, len);
    else
        http_empty(rs, status);
    if (status == 503)
        http_header_add(rs, "Retry-After", "5");
    return e;
}

ota_err device_problem(struct http_request *rq, struct http_response *rs, ota_err e)
{
    switch (e) {
    case OTA_E_AUTH:
        return device_error(rq, rs, e, 401, "");
    case OTA_E_FORMAT:
        return device_error(rq, rs, e, 400, "The request cannot be understood.");
    case OTA_E_NOT_FOUND:
        return device_error(rq, rs, e, 404, "There is nothing here for this device.");
    case OTA_E_CONFLICT:
        return device_error(rq, rs, e, 410, "The action is closed.");
    case OTA_E_LIMIT:
        return device_error(rq, rs, e, 429, "That is too much.");
    case OTA_E_BUSY:
    case OTA_E_IO:
    case OTA_E_NO_MEMORY:
        return device_error(rq, rs, e, 503, "Try again later.");
    case OTA_OK:
    case OTA_E_SIGNATURE:
    case OTA_E_ROLLBACK:
    case OTA_E_DENIED:
    case OTA_E_INTERNAL:
        break;
    }
    return device_error(rq, rs, e, 500, "Something went wrong on the server.");
}

const char *device_hex(struct arena *a, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *b = bytes;
    char *out = arena_alloc(a, 2 * len + 1);
    for (size_t i = 0; out != NULL && i < len; i++) {
        out[2 * i] = digits[b[i] >> 4];
        out[2 * i + 1] = digits[b[i] & 15U];
    }
    return out;
}

const char *device_captured(const struct http_request *rq, const char *name)
{
    size_t capture = 0;
    for (const char *p = rq->route->pattern; (p = strchr(p, '{')) != NULL; p++, capture++)
        if (strncmp(p, name, strlen(name)) == 0)
            return rq->capture[capture];
    return NULL;
}

ota_err device_newest(const struct http_request *rq, const char *version, struct release *out,
                      bool *newer)
{
    const char *word = http_query(rq, "channel");
    const struct fleet_wish wish = {.tenant_id = rq->principal->tenant,
                                    .platform = device_captured(rq, "{platform}"),
                                    .channel =
                                        word != NULL ? channel_parse(word) : CHANNEL_STABLE,
                                    .current_version = version};
    if (wish.channel == CHANNEL_NONE)
        return OTA_E_FORMAT;
    return fleet_newest(rq->otad->fleet, &wish, rq->arena, out, newer);
}

ota_err device_send_artifact(struct http_request *rq, struct http_response *rs,
                             const struct artifact *a)
{
    struct store_file stored;
    struct sha256 name;
    const char *etag = device_hex(rq->arena, a->sha256, sizeof a->sha256);
    if (etag == NULL)
        return OTA_E_LIMIT;
    memcpy(name.b, a->sha256, sizeof name.b);
    const ota_err err = store_get(rq->otad->store, &name, (uint64_t)a->size_bytes, &stored);
    if (err != OTA_OK)
        return OTA_E_IO;
    const struct http_file file = {.fd = stored.fd,
                                   .size_bytes = stored.size_bytes,
                                   .etag = etag,
                                   .file_name = a->name,
                                   .modified_unix_s = stored.modified_unix_s,
                                   .stored_name = arena_strdup(rq->arena, stored.name)};
    http_send_file(rq, rs, &file);
    return OTA_OK;
}
