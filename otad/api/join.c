/*
 * One-time links, from the side of who follows one (SPEC 8.13).  The token is the credential;
 * a second factor that is in force is asked for all the same, so that a link that fell into
 * other hands is no way around it.
 */
#include "otad/db/join.h"

#include <string.h>

#include "audit.h"
#include "handler.h"
#include "otad/auth/auth.h"
#include "otad/auth/password.h"
#include "sign_in.h"
#include "write_people.h"

struct join_body {
    const char *token, *password, *code;
};

#define AT(member) offsetof(struct join_body, member)

static const struct json_field check_fields[] = {
    {"token", FIELD_STRING, true, 1, TOKEN_PRESENTED_MAX, 0, AT(token)},
};

static const struct json_field join_fields[] = {
    {"token", FIELD_STRING, true, 1, TOKEN_PRESENTED_MAX, 0, AT(token)},
    {"password", FIELD_STRING, true, PASSWORD_BYTES_MIN, PASSWORD_BYTES_MAX, 0, AT(password)},
    {"code", FIELD_STRING, false, 1, FACTOR_CODE_MAX, 0, AT(code)},
};

#undef AT

static ota_err dead(struct http_request *rq, struct http_response *rs)
{
    return http_problem(rq, rs, OTA_E_NOT_FOUND, "link-dead",
                        "The link is wrong, was used, or has expired; ask for a new one.");
}

/* Whose link it is; answers and returns the error. */
static ota_err find(struct http_request *rq, struct http_response *rs, const char *token,
                    struct token_hash *out_hash, struct user *out, enum join_kind *out_kind)
{
    struct db_scope scope = api_scope(rq);
    ota_err err = api_attempt(rq, rs, NULL);
    if (err != OTA_OK)
        return err;
    *out_hash = token_hash(&rq->otad->auth->pepper, token, strlen(token));
    err = db_join_get(&scope, out_hash->b, out, out_kind);
    if (err == OTA_E_NOT_FOUND) {
        api_audit_refused(rq, NULL);
        return dead(rq, rs);
    }
    return err == OTA_OK ? OTA_OK : api_db_problem(rq, rs, err, &scope, "link");
}

ota_err api_join_check(struct http_request *rq, struct http_response *rs)
{
    struct join_body in = {0};
    struct token_hash hash;
    struct user user;
    enum join_kind kind;
    ota_err err = API_BODY(rq, rs, check_fields, &in);
    if (err == OTA_OK)
        err = find(rq, rs, in.token, &hash, &user, &kind);
    if (err != OTA_OK)
        return err;
    api_attempt_good(rq, NULL);
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_join(&o, &user, kind);
    return http_json(rq, rs, 200, &o);
}

static ota_err spend(struct http_request *rq, struct http_response *rs,
                     const struct token_hash *hash, const struct user *user,
                     const struct factor_proof *proof)
{
    struct sign_in s;
    struct db_scope scope = api_scope_of(rq, user);
    api_sign_in_begin(rq, user, &s);
    const ota_err err = db_join_spend(&scope, hash->b, &s.session, proof);
    if (err == OTA_E_NOT_FOUND)
        return dead(rq, rs);
    if (err == OTA_E_AUTH)
        return api_bad_credentials(rq, rs, user->name);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "link");
    api_catch_up(rq, &scope);
    return api_sign_in_answer(rq, rs, &s);
}

ota_err api_join_post(struct http_request *rq, struct http_response *rs)
{
    struct join_body in = {0};
    struct token_hash hash;
    struct user user;
    enum join_kind kind;
    struct factor_proof proof;
    char phc[PASSWORD_PHC_BYTES];
    ota_err err = API_BODY(rq, rs, join_fields, &in);
    if (err == OTA_OK)
        err = find(rq, rs, in.token, &hash, &user, &kind);
    if (err == OTA_OK)
        err = api_factor_check(rq, rs, &user, in.code, &proof);
    if (err == OTA_OK)
        err = password_hash(in.password, phc);
    if (err != OTA_OK)
        return err;
    user.password_hash = phc;
    err = spend(rq, rs, &hash, &user, &proof);
    if (err != OTA_OK)
        return err;
    api_attempt_good(rq, user.name);
    api_code_good(rq, user.id);
    return OTA_OK;
}
