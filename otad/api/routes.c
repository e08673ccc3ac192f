/* Who may ask what: every route of the API (SPEC 8), one row each. */
#include "api.h"
#include "audit.h"
#include "firmware/image/manifest.h"
#include "handler.h"
#include "otad/auth/admit.h"

#define BASE     "/api/v1"
#define PLATFORM BASE "/platforms/{platform}"
#define RELEASE  PLATFORM "/releases/{version}"
#define ARTIFACT RELEASE "/artifacts/{name}"
#define DEVICE   BASE "/devices/{id}"

/* clang-format off */
#define GET(path, who, may, fn)        {.method = HTTP_GET, .pattern = (path), .handler = (fn), \
                                        .auth = (who), .permission = (int)(may)}
#define DELETE(path, who, may, fn)     {.method = HTTP_DELETE, .pattern = (path), .handler = (fn), \
                                        .auth = (who), .permission = (int)(may)}
#define ACT(path, may, fn)             {.method = HTTP_POST, .pattern = (path), .handler = (fn), \
                                        .auth = ADMIT_USER_OR_KEY, .permission = (int)(may)}
#define JSON(verb, path, who, may, fn) {.method = (verb), .pattern = (path), .handler = (fn), \
                                        .auth = (who), .permission = (int)(may), \
                                        .body_bytes_max = HTTP_BODY_JSON}

const struct http_route api_routes[] = {
    GET(BASE "/setup", ADMIT_ANYONE, PERM_NONE, api_setup_get),
    JSON(HTTP_POST, BASE "/setup", ADMIT_ANYONE, PERM_NONE, api_setup_post),
    JSON(HTTP_POST, BASE "/session", ADMIT_ANYONE, PERM_NONE, api_session_post),
    GET(BASE "/session", ADMIT_USER, PERM_NONE, api_session_get),
    DELETE(BASE "/session", ADMIT_USER, PERM_NONE, api_session_delete),

    GET(BASE "/users", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_user_list),
    JSON(HTTP_POST, BASE "/users", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_user_post),
    GET(BASE "/users/{name}", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_user_get),
    JSON(HTTP_PATCH, BASE "/users/{name}", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_user_patch),
    DELETE(BASE "/users/{name}", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_user_delete),
    JSON(HTTP_POST, BASE "/users/{name}/reset", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_user_reset),
    GET(BASE "/users/{name}/sign-ins", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_user_sign_in_list),
    DELETE(BASE "/users/{name}/sign-ins/{id}", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_user_sign_in_delete),
    JSON(HTTP_POST, BASE "/join/check", ADMIT_ANYONE, PERM_NONE, api_join_check),
    JSON(HTTP_POST, BASE "/join", ADMIT_ANYONE, PERM_NONE, api_join_post),

    GET(BASE "/account", ADMIT_USER, PERM_NONE, api_account_get),
    JSON(HTTP_POST, BASE "/account/password", ADMIT_USER, PERM_NONE, api_account_password),
    GET(BASE "/account/sign-ins", ADMIT_USER, PERM_NONE, api_account_sign_in_list),
    DELETE(BASE "/account/sign-ins", ADMIT_USER, PERM_NONE, api_account_sign_in_clear),
    DELETE(BASE "/account/sign-ins/{id}", ADMIT_USER, PERM_NONE, api_account_sign_in_delete),
    JSON(HTTP_POST, BASE "/account/totp", ADMIT_USER, PERM_NONE, api_totp_post),
    JSON(HTTP_POST, BASE "/account/totp/confirm", ADMIT_USER, PERM_NONE, api_totp_confirm),
    JSON(HTTP_POST, BASE "/account/totp/disable", ADMIT_USER, PERM_NONE, api_totp_disable),
    JSON(HTTP_POST, BASE "/account/recovery-codes", ADMIT_USER, PERM_NONE, api_recovery_post),

    GET(BASE "/platforms", ADMIT_USER_OR_KEY, PERM_RELEASE_READ, api_platform_list),
    JSON(HTTP_POST, BASE "/platforms", ADMIT_USER_OR_KEY, PERM_PLATFORM_MANAGE, api_platform_post),
    GET(PLATFORM, ADMIT_USER_OR_KEY, PERM_RELEASE_READ, api_platform_get),
    JSON(HTTP_PATCH, PLATFORM, ADMIT_USER_OR_KEY, PERM_PLATFORM_MANAGE, api_platform_patch),
    {.method = HTTP_PUT, .pattern = PLATFORM "/key-manifest", .auth = ADMIT_USER_OR_KEY,
     .permission = PERM_PLATFORM_MANAGE, .body_bytes_max = MANIFEST_BYTES_MAX,
     .handler = api_platform_manifest_put},

    GET(PLATFORM "/tuf", ADMIT_USER_OR_KEY, PERM_RELEASE_READ, api_tuf_get),
    JSON(HTTP_PATCH, PLATFORM "/tuf", ADMIT_USER_OR_KEY, PERM_PLATFORM_MANAGE, api_tuf_patch),
    GET(PLATFORM "/tuf/pending", ADMIT_USER_OR_KEY, PERM_RELEASE_READ, api_tuf_pending_list),
    GET(PLATFORM "/tuf/pending/{id}", ADMIT_USER_OR_KEY, PERM_RELEASE_READ, api_tuf_pending_get),
    DELETE(PLATFORM "/tuf/pending/{id}", ADMIT_USER_OR_KEY, PERM_RELEASE_MANAGE, api_tuf_pending_delete),
    JSON(HTTP_PUT, PLATFORM "/tuf/{file}", ADMIT_USER_OR_KEY, PERM_RELEASE_MANAGE, api_tuf_put),

    GET(BASE "/releases", ADMIT_USER_OR_KEY, PERM_RELEASE_READ, api_release_list),
    GET(RELEASE, ADMIT_USER_OR_KEY, PERM_RELEASE_READ, api_release_get),
    JSON(HTTP_PUT, RELEASE, ADMIT_USER_OR_KEY, PERM_RELEASE_UPLOAD, api_release_put),
    JSON(HTTP_PATCH, RELEASE, ADMIT_USER_OR_KEY, PERM_RELEASE_MANAGE, api_release_patch),
    JSON(HTTP_POST, RELEASE "/promote", ADMIT_USER_OR_KEY, PERM_RELEASE_PROMOTE, api_release_promote),
    JSON(HTTP_POST, RELEASE "/release", ADMIT_USER_OR_KEY, PERM_RELEASE_MANAGE, api_release_release),
    JSON(HTTP_POST, RELEASE "/withdraw", ADMIT_USER_OR_KEY, PERM_RELEASE_WITHDRAW, api_release_withdraw),
    {.method = HTTP_GET, .pattern = ARTIFACT, .auth = ADMIT_USER_OR_KEY, .permission = PERM_RELEASE_READ,
     .deadline = HTTP_TRANSFER, .handler = api_artifact_get},
    {.method = HTTP_PUT, .pattern = ARTIFACT, .auth = ADMIT_USER_OR_KEY, .permission = PERM_RELEASE_UPLOAD,
     .deadline = HTTP_TRANSFER, .body_bytes_max = HTTP_BODY_ARTIFACT, .sink = &api_artifact_sink,
     .handler = api_artifact_put},

    JSON(HTTP_POST, ARTIFACT "/links", ADMIT_USER_OR_KEY, PERM_LINK_CREATE, api_link_post),
    GET(BASE "/links", ADMIT_USER_OR_KEY, PERM_LINK_CREATE, api_link_list),
    DELETE(BASE "/links/{id}", ADMIT_USER_OR_KEY, PERM_LINK_CREATE, api_link_delete),
    {.method = HTTP_GET, .pattern = BASE "/downloads", .auth = ADMIT_USER_OR_KEY,
     .permission = PERM_AUDIT_READ, .deadline = HTTP_TRANSFER, .handler = api_download_list},
    /* The token says who lets in whom. */
    {.method = HTTP_GET, .pattern = "/d/{token}/{name}", .flags = HTTP_ROUTE_SECRET, .auth = ADMIT_ANYONE,
     .permission = PERM_NONE, .deadline = HTTP_TRANSFER, .handler = api_link_use},

    GET(BASE "/devices", ADMIT_USER_OR_KEY, PERM_DEVICE_READ, api_device_list),
    JSON(HTTP_POST, BASE "/devices", ADMIT_USER_OR_KEY, PERM_DEVICE_WRITE, api_device_post),
    GET(DEVICE, ADMIT_USER_OR_KEY, PERM_DEVICE_READ, api_device_get),
    JSON(HTTP_PATCH, DEVICE, ADMIT_USER_OR_KEY, PERM_DEVICE_WRITE, api_device_patch),
    DELETE(DEVICE, ADMIT_USER_OR_KEY, PERM_DEVICE_WRITE, api_device_delete),
    ACT(DEVICE "/token", PERM_DEVICE_WRITE, api_device_token_post),
    GET(DEVICE "/updates", ADMIT_USER_OR_KEY, PERM_DEVICE_READ, api_device_update_list),
    JSON(HTTP_POST, DEVICE "/updates", ADMIT_USER_OR_KEY, PERM_DEVICE_WRITE, api_device_update_post),

    {.method = HTTP_GET, .pattern = BASE "/updates", .auth = ADMIT_USER_OR_KEY,
     .permission = PERM_DEVICE_READ, .deadline = HTTP_TRANSFER, .handler = api_update_list},
    GET(BASE "/updates/{id}", ADMIT_USER_OR_KEY, PERM_DEVICE_READ, api_update_get),
    ACT(BASE "/updates/{id}/cancel", PERM_DEVICE_WRITE, api_update_cancel),

    GET(BASE "/api-keys", ADMIT_USER_OR_KEY, PERM_KEY_MANAGE, api_key_list),
    JSON(HTTP_POST, BASE "/api-keys", ADMIT_USER_OR_KEY, PERM_KEY_MANAGE, api_key_post),
    DELETE(BASE "/api-keys/{id}", ADMIT_USER_OR_KEY, PERM_KEY_MANAGE, api_key_delete),
    GET(BASE "/gateway-tokens", ADMIT_USER_OR_KEY, PERM_KEY_MANAGE, api_gateway_list),
    JSON(HTTP_POST, BASE "/gateway-tokens", ADMIT_USER_OR_KEY, PERM_KEY_MANAGE, api_gateway_post),
    DELETE(BASE "/gateway-tokens/{id}", ADMIT_USER_OR_KEY, PERM_KEY_MANAGE, api_gateway_delete),

    GET(BASE "/statistics", ADMIT_USER_OR_KEY, PERM_DEVICE_READ, api_statistics_get),
    GET(BASE "/audit", ADMIT_USER_OR_KEY, PERM_AUDIT_READ, api_audit_list),
    GET(BASE "/audit/head", ADMIT_USER_OR_KEY, PERM_AUDIT_READ, api_audit_head),
    {.method = HTTP_GET, .pattern = BASE "/audit/export", .auth = ADMIT_USER_OR_KEY,
     .permission = PERM_AUDIT_READ, .deadline = HTTP_TRANSFER, .handler = api_audit_export},

    GET(BASE "/roles", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_role_list),
    GET(BASE "/roles/{name}", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_role_get),
    JSON(HTTP_PUT, BASE "/roles/{name}", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_role_put),
    DELETE(BASE "/roles/{name}", ADMIT_USER_OR_KEY, PERM_USER_MANAGE, api_role_delete),

    {.method = HTTP_GET, .pattern = BASE "/events", .auth = ADMIT_USER_OR_KEY,
     .permission = PERM_NONE, .deadline = HTTP_ENDLESS, .handler = api_event_get},
};
/* clang-format on */

const size_t api_route_count = sizeof api_routes / sizeof api_routes[0];
