/*
 * Signing in and out (SPEC 8.4).  A failed sign-in says nothing about whether the name exists,
 * neither in words nor in time.
 */
#include <stdio.h>
#include <string.h>

#include "handler.h"
#include "otad/auth/auth.h"
#include "otad/auth/password.h"
#include "otad/db/session.h"
#include "otad/log.h"

struct sign_in {
    const char *name, *password;
};

static const struct json_field sign_in_fields[] = {
    {"name", FIELD_STRING, true, 1, 64, 0, offsetof(struct sign_in, name)},
    {"password", FIELD_STRING, true, 1, PASSWORD_BYTES_MAX, 0,
     offsetof(struct sign_in, password)},
};

static ota_err answer(struct http_request *rq, struct http_response *rs,
                      const struct session *session)
{
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_session(&o, session);
    return http_json(rq, rs, 200, &o);
}

/* Who signs in again has one session, not two.  Best effort: it would expire by itself. */
static void end_session_before(const struct http_request *rq)
{
    const char *token = http_cookie(rq, SESSION_COOKIE);
    struct db_scope scope = api_scope(rq);
    if (token == NULL || !session_token_valid(token))
        return;
    const struct token_hash hash = token_hash(&rq->otad->auth->pepper, token, strlen(token));
    const ota_err err = db_session_delete(&scope, hash.b);
    if (err != OTA_OK && err != OTA_E_NOT_FOUND)
        log_warn("session-not-ended", LOG_ERR(err));
}

ota_err api_session_start(struct http_request *rq, struct http_response *rs,
                          const struct user *user)
{
    char token[TOKEN_TEXT_BYTES], csrf[TOKEN_TEXT_BYTES];
    struct db_scope scope = api_scope(rq);
    const int64_t life_s = rq->otad->config->session_hours * 3600;
    token_new(token);
    token_new(csrf);
    const struct token_hash hash = token_hash(&rq->otad->auth->pepper, token, sizeof token - 1);
    struct session session = {
        .csrf_token = csrf, .user = *user, .expires_at_unix_s = api_now() + life_s};
    memcpy(session.hash, hash.b, sizeof session.hash);
    ota_err err = db_session_put(&scope, &session);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "session");
    end_session_before(rq);
    http_cookie_set(rq, rs, SESSION_COOKIE, token, life_s);
    return answer(rq, rs, &session);
}

ota_err api_too_many(struct http_request *rq, struct http_response *rs, int64_t wait_s)
{
    http_header_add(rs, "Retry-After", arena_printf(rq->arena, "%lld", (long long)wait_s));
    return http_problem_status(rq, rs, 429, OTA_E_BUSY, "too-many-attempts",
                               "Too many attempts; try again in %lld seconds.",
                               (long long)wait_s);
}

/* Take one attempt from the address's and the name's allowance.  0 = granted. */
static int64_t take_attempt(const struct http_request *rq, const char *name)
{
    struct auth *auth = rq->otad->auth;
    const int64_t now = api_now();
    const int64_t wait = rate_limit_take(&auth->addresses, rq->client, now);
    return wait != 0 ? wait : rate_limit_take(&auth->names, name, now);
}

ota_err api_session_post(struct http_request *rq, struct http_response *rs)
{
    struct sign_in in = {0};
    ota_err err = API_BODY(rq, rs, sign_in_fields, &in);
    if (err != OTA_OK)
        return err;
    const int64_t wait = take_attempt(rq, in.name);
    if (wait != 0)
        return api_too_many(rq, rs, wait);

    struct db_scope scope = api_scope(rq);
    struct user user = {0};
    err = db_user_get_by_name(&scope, in.name, &user);
    if (err != OTA_OK && err != OTA_E_NOT_FOUND)
        return api_db_problem(rq, rs, err, &scope, "user");
    const bool known = err == OTA_OK && !user.disabled;
    err = password_verify(known ? user.password_hash : NULL, in.password);
    if (err == OTA_E_AUTH)
        return http_problem(rq, rs, err, "bad-credentials", "Name or password is wrong.");
    if (err != OTA_OK)
        return err;
    rate_limit_forgive(&rq->otad->auth->names, in.name);
    return api_session_start(rq, rs, &user);
}

/* The hash of the cookie's token; the guard saw that there is a good one. */
static struct token_hash cookie_hash(const struct http_request *rq)
{
    const char *token = http_cookie(rq, SESSION_COOKIE);
    return token_hash(&rq->otad->auth->pepper, token, strlen(token));
}

ota_err api_session_get(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct session session;
    const struct token_hash hash = cookie_hash(rq);
    const ota_err err = db_session_get(&scope, hash.b, &session);
    return err == OTA_OK ? answer(rq, rs, &session)
                         : api_db_problem(rq, rs, err, &scope, "session");
}

ota_err api_session_delete(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    const struct token_hash hash = cookie_hash(rq);
    const ota_err err = db_session_delete(&scope, hash.b);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "session");
    http_cookie_set(rq, rs, SESSION_COOKIE, "", 0);
    http_empty(rs, 204);
    return OTA_OK;
}
