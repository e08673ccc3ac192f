/*
 * New sessions, attempts and codes.  Every sign-in gets a token of its own, made here and never
 * taken from the request.
 */
#include "sign_in.h"

#include <string.h>

#include "audit.h"
#include "otad/auth/auth.h"
#include "otad/log.h"

/* ---- sessions -------------------------------------------------------------------------------
 */

/* A header's text as PostgreSQL and a page may show it: visible ASCII, cut to the column. */
static const char *agent_of(const struct http_request *rq)
{
    const char *text = http_header(rq, "User-Agent");
    const size_t len = text != NULL ? strnlen(text, SESSION_AGENT_MAX) : 0;
    char *copy = len > 0 ? arena_memdup(rq->arena, text, len) : NULL;
    if (copy == NULL)
        return "";
    for (char *c = copy; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return copy;
}

static const char *address_of(const struct http_request *rq)
{
    return strlen(rq->client) <= SESSION_ADDRESS_MAX ? rq->client : "";
}

void api_sign_in_begin(const struct http_request *rq, const struct user *user,
                       struct sign_in *out)
{
    token_new(out->token);
    token_new(out->csrf);
    const struct token_hash hash =
        token_hash(&rq->otad->auth->pepper, out->token, sizeof out->token - 1);
    out->session = (struct session){.csrf_token = out->csrf,
                                    .user = *user,
                                    .address = address_of(rq),
                                    .agent = agent_of(rq),
                                    .expires_at_unix_s =
                                        api_now() + rq->otad->config->session_hours * 3600};
    memcpy(out->session.hash, hash.b, sizeof out->session.hash);
}

struct db_scope api_scope_of(const struct http_request *rq, const struct user *user)
{
    struct db_scope s = api_scope(rq);
    s.rights = NULL;
    s.actor = user->name;
    return s;
}

struct token_hash api_cookie_hash(const struct http_request *rq)
{
    const char *token = http_cookie(rq, SESSION_COOKIE);
    return token_hash(&rq->otad->auth->pepper, token, strlen(token));
}

/* Best effort: it would expire by itself. */
static void end_session_before(const struct http_request *rq, struct db_scope *scope)
{
    const char *token = http_cookie(rq, SESSION_COOKIE);
    if (token == NULL || !session_token_valid(token))
        return;
    const struct token_hash hash = api_cookie_hash(rq);
    const ota_err err = db_session_delete(scope, hash.b);
    if (err == OTA_OK)
        api_catch_up(rq, scope);
    else
        log_warn("session-not-ended", LOG_ERR(err));
}

ota_err api_sign_in_answer(struct http_request *rq, struct http_response *rs,
                           const struct sign_in *s)
{
    struct db_scope scope = api_scope_of(rq, &s->session.user);
    struct session made;
    const ota_err err = db_session_get(&scope, s->session.hash, &made);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "session");
    end_session_before(rq, &scope);
    http_cookie_set(rq, rs, SESSION_COOKIE, s->token, rq->otad->config->session_hours * 3600);
    return api_session_answer(rq, rs, &made);
}

ota_err api_sign_in(struct http_request *rq, struct http_response *rs, const struct user *user,
                    const struct factor_proof *proof)
{
    struct sign_in s;
    struct db_scope scope = api_scope_of(rq, user);
    api_sign_in_begin(rq, user, &s);
    const ota_err err = db_session_start(&scope, &s.session, proof);
    if (err == OTA_E_AUTH)
        return api_bad_credentials(rq, rs, user->name);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "session");
    return api_sign_in_answer(rq, rs, &s);
}

/* ---- attempts -------------------------------------------------------------------------------
 */

ota_err api_bad_credentials(struct http_request *rq, struct http_response *rs,
                            const char *account)
{
    api_audit_refused(rq, account);
    return http_problem(rq, rs, OTA_E_AUTH, "bad-credentials",
                        "Name, password or code is wrong.");
}

ota_err api_too_many(struct http_request *rq, struct http_response *rs, int64_t wait_s)
{
    http_header_add(rs, "Retry-After", arena_printf(rq->arena, "%lld", (long long)wait_s));
    return http_problem_status(rq, rs, 429, OTA_E_BUSY, "too-many-attempts",
                               "Too many attempts; try again in %lld seconds.",
                               (long long)wait_s);
}

ota_err api_attempt(struct http_request *rq, struct http_response *rs, const char *name)
{
    struct auth *auth = rq->otad->auth;
    const int64_t now = api_now();
    char address[RATE_LIMIT_SUBJECT_BYTES];
    rate_limit_subject(rq->client, address);
    int64_t wait = rate_limit_take(&auth->addresses, address, now);
    if (wait == 0 && name != NULL)
        wait = rate_limit_take(&auth->names, name, now);
    return wait == 0 ? OTA_OK : api_too_many(rq, rs, wait);
}

void api_attempt_good(const struct http_request *rq, const char *name)
{
    char address[RATE_LIMIT_SUBJECT_BYTES];
    rate_limit_subject(rq->client, address);
    rate_limit_return(&rq->otad->auth->addresses, address);
    if (name != NULL)
        rate_limit_forgive(&rq->otad->auth->names, name);
}

/* ---- second factor --------------------------------------------------------------------------
 */

ota_err api_code_attempt(struct http_request *rq, struct http_response *rs, int64_t user_id)
{
    const char *subject = arena_printf(rq->arena, "%lld", (long long)user_id);
    if (subject == NULL)
        return OTA_E_LIMIT;
    const int64_t wait = rate_limit_take(&rq->otad->auth->codes, subject, api_now());
    return wait == 0 ? OTA_OK : api_too_many(rq, rs, wait);
}

void api_code_good(const struct http_request *rq, int64_t user_id)
{
    const char *subject = arena_printf(rq->arena, "%lld", (long long)user_id);
    if (subject != NULL)
        rate_limit_forgive(&rq->otad->auth->codes, subject);
}

/* Errors: OTA_E_AUTH (not a good code), OTA_E_INTERNAL (the secret does not open). */
static ota_err check_step(const struct http_request *rq, int64_t user_id, const struct totp *t,
                          const char *digits, struct factor_proof *out)
{
    struct totp_secret secret;
    struct factor_proof proof = {.kind = FACTOR_STEP};
    const int64_t tenant = api_scope(rq).tenant_id;
    ota_err err = totp_open(&rq->otad->auth->totp_key, tenant, user_id, t->sealed, &secret);
    if (err != OTA_OK) {
        log_error("totp-secret-does-not-open", LOG_INT("account", user_id));
        return OTA_E_INTERNAL;
    }
    err = totp_check(&secret, digits, api_now(), t->last_step, &proof.step);
    token_wipe(&secret, sizeof secret);
    if (err == OTA_OK)
        *out = proof;
    return err;
}

ota_err api_code_read(const struct http_request *rq, int64_t user_id, const struct totp *t,
                      const char *code, struct factor_proof *out)
{
    char plain[RECOVERY_CODE_BYTES];
    const enum factor_code kind = factor_code_read(code, plain);
    if (kind == FACTOR_CODE_TOTP)
        return check_step(rq, user_id, t, plain, out);
    if (kind != FACTOR_CODE_RECOVERY)
        return OTA_E_AUTH;
    struct factor_proof proof = {.kind = FACTOR_RECOVERY};
    const struct token_hash hash =
        recovery_code_hash(&rq->otad->auth->pepper, api_scope(rq).tenant_id, user_id, plain);
    memcpy(proof.code_hash, hash.b, sizeof proof.code_hash);
    *out = proof;
    return OTA_OK;
}

ota_err api_factor_check(struct http_request *rq, struct http_response *rs,
                         const struct user *user, const char *code, struct factor_proof *out)
{
    struct totp totp;
    struct db_scope scope = api_scope_of(rq, user);
    *out = (struct factor_proof){.kind = FACTOR_NONE};
    if (!user->totp)
        return OTA_OK;
    if (code == NULL)
        return http_problem(rq, rs, OTA_E_AUTH, "code-needed",
                            "A code of the second factor is needed.");
    ota_err err = api_code_attempt(rq, rs, user->id);
    if (err != OTA_OK)
        return err;
    err = db_totp_get(&scope, user->id, &totp);
    if (err == OTA_OK)
        err = api_code_read(rq, user->id, &totp, code, out);
    if (err == OTA_E_AUTH || err == OTA_E_NOT_FOUND)
        return api_bad_credentials(rq, rs, user->name);
    return err == OTA_OK ? OTA_OK : api_db_problem(rq, rs, err, &scope, "second factor");
}
