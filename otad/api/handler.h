#ifndef OTAD_API_HANDLER_H
#define OTAD_API_HANDLER_H

#include "otad/auth/permission.h"
#include "otad/config.h"
#include "otad/db/db.h"
#include "otad/http/request.h"
#include "otad/http/response.h"
#include "otad/http/route.h"
#include "otad/json.h"
#include "otad/otad.h"
#include "write.h"

/* What the handlers of this folder share. */

enum { API_LIST_MAX = 200, API_LIST_DEFAULT = 50 };

/* Handlers, by noun. */
http_handler api_setup_get, api_setup_post;
http_handler api_session_post, api_session_get, api_session_delete;
http_handler api_user_list, api_user_get, api_user_post, api_user_patch, api_user_delete,
    api_user_reset, api_user_sign_in_list, api_user_sign_in_delete;
http_handler api_join_check, api_join_post;
http_handler api_account_get, api_account_password, api_account_sign_in_list,
    api_account_sign_in_delete, api_account_sign_in_clear;
http_handler api_totp_post, api_totp_confirm, api_totp_disable, api_recovery_post;
http_handler api_platform_list, api_platform_post, api_platform_get, api_platform_patch,
    api_platform_manifest_put;
http_handler api_release_list, api_release_get, api_release_put, api_release_release,
    api_release_patch, api_release_promote, api_release_withdraw;
http_handler api_artifact_put, api_artifact_get;
extern const struct http_sink api_artifact_sink;
http_handler api_device_list, api_device_post, api_device_get, api_device_patch,
    api_device_delete, api_device_token_post, api_device_update_list, api_device_update_post;
http_handler api_update_list, api_update_get, api_update_cancel;
http_handler api_key_list, api_key_post, api_key_delete;
http_handler api_gateway_list, api_gateway_post, api_gateway_delete;
http_handler api_link_post, api_link_list, api_link_delete, api_link_use;
http_handler api_download_list;
http_handler api_role_list, api_role_get, api_role_put, api_role_delete;
http_handler api_event_get;
http_handler api_tuf_get, api_tuf_patch, api_tuf_put, api_tuf_pending_list, api_tuf_pending_get,
    api_tuf_pending_delete;
http_handler api_statistics_get;
http_handler api_metrics_get, api_openapi_get, api_docs_get;

/* A scope in the caller's name and with the caller's rights; without a principal otad's own, in
 * the default tenant. */
struct db_scope api_scope(const struct http_request *rq);

/* Who an account is now, also one that another otad has just made.  Errors: as
 * device_principal. */
OTA_MUST_CHECK ota_err api_person(const struct http_request *rq, int64_t account_id,
                                  struct principal *out);

/* Seconds since 1970. */
int64_t api_now(void);
struct write_clock api_clock(const struct http_request *rq);
struct write_clock api_clock_of(const struct config *c);

/* Body by table, strictly.  Answers and returns the error when it is not good. */
ota_err api_body(struct http_request *rq, struct http_response *rs,
                 const struct json_field *field, size_t count, void *out);
#define API_BODY(rq, rs, table, out)                                                           \
    api_body((rq), (rs), (table), sizeof(table) / sizeof((table)[0]), (out))

/* Does the body say that it is JSON, or nothing?  Else answered: 415. */
ota_err api_is_json(struct http_request *rq, struct http_response *rs);

/* 400 that points at a member: api_invalid(rq, rs, "/name", "is not a platform's name"). */
ota_err api_invalid(struct http_request *rq, struct http_response *rs, const char *pointer,
                    const char *detail);

/* The problem for a failed db_* call.  what: "device", for 404. */
ota_err api_db_problem(struct http_request *rq, struct http_response *rs, ota_err e,
                       const struct db_scope *scope, const char *what);

/* Make what was committed true in memory, so that devices and listeners see it. */
void api_catch_up(const struct http_request *rq, const struct db_scope *scope);

/* May the caller see or do this there?  platform NULL = the whole installation. */
bool api_may(const struct http_request *rq, enum permission what, const char *platform);
/* ... anywhere?  For a list. */
bool api_may_any(const struct http_request *rq, enum permission what);
/* May the caller give somebody this role: do they have all that it has?
 * Errors: OTA_E_DENIED, OTA_E_NOT_FOUND (no such role), OTA_E_BUSY, OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err api_may_give(const struct http_request *rq, const char *role);

/*
 * The caller has the right what on platform: OTA_OK.  Else answered: 403 if they have the right
 * see there, 404 as of a noun that does not exist.
 */
OTA_MUST_CHECK ota_err api_check(struct http_request *rq, struct http_response *rs,
                                 enum permission what, enum permission see,
                                 const char *platform, const char *noun);

/* 403, as the guard says it. */
ota_err api_forbidden(struct http_request *rq, struct http_response *rs, enum permission what,
                      const char *platform);

/* ?name=, or NULL if it is absent or empty. */
const char *api_query(const struct http_request *rq, const char *name);

/* ?limit= and ?after=.  Answers and returns the error when they are not good. */
enum api_order { API_BY_ID, API_BY_TEXT };
ota_err api_page(struct http_request *rq, struct http_response *rs, enum api_order order,
                 struct db_page *out);

/* {"items":[ ... items are written in between ... */
void api_list_begin(struct http_request *rq, struct json_out *o);
/* ... ],"next":...} and send.  next: last_id or last_text, if the page was full. */
ota_err api_list_end(struct http_request *rq, struct http_response *rs, struct json_out *o,
                     bool more, int64_t last_id, const char *last_text);

/* The capture as a positive integer.  Errors: OTA_E_NOT_FOUND, answered. */
ota_err api_id(struct http_request *rq, struct http_response *rs, int capture, int64_t max,
               int64_t *out);

/* SPEC 1.2. */
bool api_name_valid(const char *text);
bool api_device_id_valid(const char *text);

/* Open p's key manifest.  Errors: OTA_E_NOT_FOUND (it has none), OTA_E_INTERNAL. */
struct manifest;
struct platform;
OTA_MUST_CHECK ota_err api_manifest_open(const struct platform *p, struct manifest *out);

#endif
