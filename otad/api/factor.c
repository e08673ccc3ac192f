/* One's own second factor (SPEC 8.13).  What is shown here is shown once. */
#include <string.h>

#include "account.h"
#include "otad/auth/auth.h"
#include "otad/auth/password.h"
#include "sign_in.h"
#include "write_people.h"

struct factor_body {
    const char *password, *code;
};

#define AT(member) offsetof(struct factor_body, member)

static const struct json_field begin_fields[] = {
    {"password", FIELD_STRING, true, 1, PASSWORD_BYTES_MAX, 0, AT(password)},
};

static const struct json_field code_fields[] = {
    {"code", FIELD_STRING, true, 1, FACTOR_CODE_MAX, 0, AT(code)},
};

static const struct json_field disable_fields[] = {
    {"password", FIELD_STRING, true, 1, PASSWORD_BYTES_MAX, 0, AT(password)},
    {"code", FIELD_STRING, true, 1, FACTOR_CODE_MAX, 0, AT(code)},
};

#undef AT

/* "ota.example" of "https://ota.example:8443": what the app shows beside the code. */
static const char *issuer_of(const struct http_request *rq)
{
    const char *host = strstr(rq->otad->config->public_url, "://");
    host = host != NULL ? host + 3 : rq->otad->config->public_url;
    const size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    return arena_printf(rq->arena, "%.*s", (int)len, host);
}

ota_err api_totp_post(struct http_request *rq, struct http_response *rs)
{
    struct factor_body in = {0};
    struct user user;
    struct totp_secret secret;
    uint8_t sealed[TOTP_SEALED];
    char text[TOTP_SECRET_TEXT_BYTES], uri[TOTP_URI_BYTES];
    struct db_scope scope = account_scope(rq);
    ota_err err = API_BODY(rq, rs, begin_fields, &in);
    if (err == OTA_OK)
        err = account_password_check(rq, rs, in.password, &user);
    if (err != OTA_OK)
        return err;
    totp_secret_new(&secret);
    totp_seal(&rq->otad->auth->totp_key, scope.tenant_id, user.id, &secret, sealed);
    totp_secret_write(&secret, text);
    const char *issuer = issuer_of(rq);
    err = issuer == NULL ? OTA_E_LIMIT : totp_uri(&secret, issuer, user.name, uri);
    token_wipe(&secret, sizeof secret);
    if (err != OTA_OK)
        return err;
    err = db_totp_begin(&scope, user.id, sealed);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "second factor");
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_totp(&o, text, uri);
    return http_json(rq, rs, 200, &o);
}

static ota_err wrong_code(struct http_request *rq, struct http_response *rs)
{
    return http_problem(rq, rs, OTA_E_DENIED, "wrong-code",
                        "The code is wrong, or was used already.");
}

static ota_err factor_problem(struct http_request *rq, struct http_response *rs, ota_err err,
                              const struct db_scope *scope)
{
    if (err == OTA_E_AUTH)
        return wrong_code(rq, rs);
    return api_db_problem(rq, rs, err, scope, "second factor");
}

/* What code proves of the caller's factor, in force or waiting.  Answers and returns the error.
 */
static ota_err read_code(struct http_request *rq, struct http_response *rs, const char *code,
                         struct totp *out_totp, struct factor_proof *out)
{
    struct db_scope scope = account_scope(rq);
    const int64_t id = rq->principal->id;
    ota_err err = api_code_attempt(rq, rs, id);
    if (err != OTA_OK)
        return err;
    err = db_totp_get(&scope, id, out_totp);
    if (err == OTA_E_NOT_FOUND)
        return http_problem(rq, rs, OTA_E_CONFLICT, db_why_name(DB_WHY_TOTP_OFF),
                            "There is no second factor.");
    if (err == OTA_OK)
        err = api_code_read(rq, id, out_totp, code, out);
    return err == OTA_OK ? OTA_OK : factor_problem(rq, rs, err, &scope);
}

/* Ten new codes, and their hashes for the database. */
static void make_codes(const struct http_request *rq, struct recovery_codes *out,
                       struct recovery_hashes *out_hashes)
{
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        recovery_code_new(out->code[i]);
        const struct token_hash hash = recovery_code_hash(
            &rq->otad->auth->pepper, rq->principal->tenant, rq->principal->id, out->code[i]);
        memcpy(out_hashes->hash[i], hash.b, sizeof out_hashes->hash[i]);
    }
}

/* The code of the body, and what it proves.  Answers and returns the error. */
static ota_err read_proof(struct http_request *rq, struct http_response *rs,
                          struct totp *out_totp, struct factor_proof *out)
{
    struct factor_body in = {0};
    const ota_err err = API_BODY(rq, rs, code_fields, &in);
    return err == OTA_OK ? read_code(rq, rs, in.code, out_totp, out) : err;
}

/* New codes are kept, and fresh, if there is one, is in force from now on; the codes are the
 * answer. */
static ota_err give_codes(struct http_request *rq, struct http_response *rs,
                          const struct totp *fresh, const struct factor_proof *proof)
{
    struct recovery_codes codes;
    struct recovery_hashes hashes;
    struct db_scope scope = account_scope(rq);
    const int64_t id = rq->principal->id;
    make_codes(rq, &codes, &hashes);
    const ota_err err = fresh != NULL ? db_totp_confirm(&scope, id, fresh, proof, &hashes)
                                      : db_recovery_put(&scope, id, proof, &hashes);
    if (err != OTA_OK)
        return factor_problem(rq, rs, err, &scope);
    api_catch_up(rq, &scope);
    api_code_good(rq, id);
    struct json_out o;
    json_out_begin(&o, rq->arena);
    write_recovery_codes(&o, &codes);
    return http_json(rq, rs, 200, &o);
}

ota_err api_totp_confirm(struct http_request *rq, struct http_response *rs)
{
    struct totp totp = {0};
    struct factor_proof proof = {0};
    const ota_err err = read_proof(rq, rs, &totp, &proof);
    if (err != OTA_OK)
        return err;
    if (totp.in_force)
        return http_problem(rq, rs, OTA_E_CONFLICT, db_why_name(DB_WHY_TOTP_ON),
                            "A second factor is set already; take it off first.");
    if (proof.kind != FACTOR_STEP)
        return wrong_code(rq, rs);
    return give_codes(rq, rs, &totp, &proof);
}

ota_err api_totp_disable(struct http_request *rq, struct http_response *rs)
{
    struct factor_body in = {0};
    struct user user;
    struct totp totp = {0};
    struct factor_proof proof = {0};
    struct db_scope scope = account_scope(rq);
    ota_err err = API_BODY(rq, rs, disable_fields, &in);
    if (err == OTA_OK)
        err = account_password_check(rq, rs, in.password, &user);
    if (err == OTA_OK)
        err = read_code(rq, rs, in.code, &totp, &proof);
    if (err != OTA_OK)
        return err;
    err = db_totp_remove(&scope, user.id, &proof);
    if (err != OTA_OK)
        return factor_problem(rq, rs, err, &scope);
    api_catch_up(rq, &scope);
    api_code_good(rq, user.id);
    http_empty(rs, 204);
    return OTA_OK;
}

ota_err api_recovery_post(struct http_request *rq, struct http_response *rs)
{
    struct totp totp = {0};
    struct factor_proof proof = {0};
    const ota_err err = read_proof(rq, rs, &totp, &proof);
    return err == OTA_OK ? give_codes(rq, rs, NULL, &proof) : err;
}
