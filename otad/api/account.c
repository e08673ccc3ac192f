/* One's own account (SPEC 8.13): password and sign-ins.  Whoever is signed in asks only about
 * themselves. */
#include "account.h"

#include "otad/auth/auth.h"
#include "otad/auth/password.h"
#include "person.h"
#include "sign_in.h"
#include "write_people.h"

struct password_body {
    const char *current, *new_one;
};

static const struct json_field password_fields[] = {
    {"current", FIELD_STRING, true, 1, PASSWORD_BYTES_MAX, 0,
     offsetof(struct password_body, current)},
    {"new", FIELD_STRING, true, PASSWORD_BYTES_MIN, PASSWORD_BYTES_MAX, 0,
     offsetof(struct password_body, new_one)},
};

struct db_scope account_scope(const struct http_request *rq)
{
    struct db_scope s = api_scope(rq);
    s.rights = NULL;
    return s;
}

ota_err account_get(struct http_request *rq, struct http_response *rs, struct user *out)
{
    struct db_scope scope = account_scope(rq);
    const ota_err err = db_user_get_by_name(&scope, rq->principal->name, out);
    return err == OTA_OK ? OTA_OK : api_db_problem(rq, rs, err, &scope, "user");
}

ota_err account_wrong_password(struct http_request *rq, struct http_response *rs)
{
    return http_problem(rq, rs, OTA_E_DENIED, "wrong-password", "The password is wrong.");
}

ota_err account_password_check(struct http_request *rq, struct http_response *rs,
                               const char *password, struct user *out)
{
    ota_err err = api_attempt(rq, rs, rq->principal->name);
    if (err == OTA_OK)
        err = account_get(rq, rs, out);
    if (err != OTA_OK)
        return err;
    err = password_verify(out->password_hash, password);
    if (err == OTA_E_AUTH)
        return account_wrong_password(rq, rs);
    if (err == OTA_OK)
        api_attempt_good(rq, out->name);
    return err;
}

ota_err api_account_get(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = account_scope(rq);
    struct user user;
    struct totp totp = {0};
    ota_err err = account_get(rq, rs, &user);
    if (err != OTA_OK)
        return err;
    err = db_totp_get(&scope, user.id, &totp);
    if (err != OTA_OK && err != OTA_E_NOT_FOUND)
        return api_db_problem(rq, rs, err, &scope, "second factor");
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_account(&o, &user, totp.recovery_codes_left);
    return http_json(rq, rs, 200, &o);
}

ota_err api_account_password(struct http_request *rq, struct http_response *rs)
{
    struct password_body in = {0};
    struct user user;
    struct sign_in s;
    char phc[PASSWORD_PHC_BYTES];
    struct db_scope scope = account_scope(rq);
    ota_err err = API_BODY(rq, rs, password_fields, &in);
    if (err == OTA_OK)
        err = account_password_check(rq, rs, in.current, &user);
    if (err == OTA_OK)
        err = password_hash(in.new_one, phc);
    if (err != OTA_OK)
        return err;
    api_sign_in_begin(rq, &user, &s);
    err = db_password_change(&scope, &s.session, phc);
    if (err == OTA_E_AUTH)
        return account_wrong_password(rq, rs);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "user");
    api_catch_up(rq, &scope);
    return api_sign_in_answer(rq, rs, &s);
}

ota_err api_account_sign_in_list(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = account_scope(rq);
    return api_sign_in_list(rq, rs, &scope, rq->principal->name);
}

ota_err api_account_sign_in_delete(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = account_scope(rq);
    return api_sign_in_end(rq, rs, &scope, rq->principal->name, 0);
}

ota_err api_account_sign_in_clear(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = account_scope(rq);
    const ota_err err =
        db_session_end_others(&scope, rq->principal->name, rq->principal->credential);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "user");
    api_catch_up(rq, &scope);
    http_empty(rs, 204);
    return OTA_OK;
}
