/*
 * Signing in and out (SPEC 8.4, 8.13).  A failed sign-in says nothing about whether the name
 * exists, neither in words nor in time.
 */
#include "otad/db/session.h"

#include "handler.h"
#include "otad/auth/auth.h"
#include "otad/auth/password.h"
#include "otad/log.h"
#include "sign_in.h"

struct credentials {
    const char *name, *password, *code;
};

static const struct json_field fields[] = {
    {"name", FIELD_STRING, true, 1, 64, 0, offsetof(struct credentials, name)},
    {"password", FIELD_STRING, true, 1, PASSWORD_BYTES_MAX, 0,
     offsetof(struct credentials, password)},
    {"code", FIELD_STRING, false, 1, FACTOR_CODE_MAX, 0, offsetof(struct credentials, code)},
};

ota_err api_session_answer(struct http_request *rq, struct http_response *rs,
                           const struct session *session)
{
    struct principal who;
    struct json_out o;
    const ota_err err = api_person(rq, session->user.id, &who);
    if (err != OTA_OK)
        return err;
    json_out_begin(&o, rq->arena);
    write_session(&o, session, &who);
    return http_json(rq, rs, 200, &o);
}

/* While the password is at hand: its hash with today's parameters.  Best effort, as it works
 * with the old one too. */
static void renew(const struct http_request *rq, struct user *user, const char *password)
{
    char phc[PASSWORD_PHC_BYTES];
    struct db_scope scope = api_scope_of(rq, user);
    if (!password_outdated(user->password_hash))
        return;
    ota_err err = password_hash(password, phc);
    const char *copy = err == OTA_OK ? arena_strdup(rq->arena, phc) : NULL;
    if (err == OTA_OK)
        err = copy == NULL ? OTA_E_LIMIT : db_password_renew(&scope, user, copy);
    if (err == OTA_OK)
        user->password_hash = copy;
    else
        log_warn("password-not-renewed", LOG_ERR(err));
}

ota_err api_session_post(struct http_request *rq, struct http_response *rs)
{
    struct credentials in = {0};
    struct user user = {0};
    struct factor_proof proof;
    struct db_scope scope = api_scope(rq);
    ota_err err = API_BODY(rq, rs, fields, &in);
    if (err == OTA_OK)
        err = api_attempt(rq, rs, in.name);
    if (err != OTA_OK)
        return err;
    err = db_user_get_by_name(&scope, in.name, &user);
    if (err != OTA_OK && err != OTA_E_NOT_FOUND)
        return api_db_problem(rq, rs, err, &scope, "user");
    const bool known = err == OTA_OK;
    err = password_verify(known && !user.disabled ? user.password_hash : NULL, in.password);
    if (err == OTA_E_AUTH)
        return api_bad_credentials(rq, rs, known ? user.name : NULL);
    if (err == OTA_OK)
        err = api_factor_check(rq, rs, &user, in.code, &proof);
    if (err != OTA_OK)
        return err;
    renew(rq, &user, in.password);
    err = api_sign_in(rq, rs, &user, &proof);
    if (err != OTA_OK)
        return err;
    api_attempt_good(rq, in.name);
    if (proof.kind != FACTOR_NONE)
        api_code_good(rq, user.id);
    return OTA_OK;
}

ota_err api_session_get(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct session session;
    const struct token_hash hash = api_cookie_hash(rq);
    const ota_err err = db_session_get(&scope, hash.b, &session);
    if (err == OTA_E_NOT_FOUND) /* it counted at the door, and has ended since */
        return http_problem(rq, rs, OTA_E_AUTH, "not-signed-in",
                            "This session has just ended.");
    return err == OTA_OK ? api_session_answer(rq, rs, &session)
                         : api_db_problem(rq, rs, err, &scope, "session");
}

ota_err api_session_delete(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    const struct token_hash hash = api_cookie_hash(rq);
    const ota_err err = db_session_delete(&scope, hash.b);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "session");
    api_catch_up(rq, &scope);
    http_cookie_set(rq, rs, SESSION_COOKIE, "", 0);
    http_empty(rs, 204);
    return OTA_OK;
}
