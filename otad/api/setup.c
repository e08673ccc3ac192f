/* The first admin (SPEC 8.4): made with the one-time link, and then never again. */
#include "otad/auth/setup.h"

#include <string.h>

#include "api.h"
#include "handler.h"
#include "otad/auth/auth.h"
#include "otad/auth/password.h"
#include "otad/db/user.h"
#include "otad/log.h"
#include "person.h"
#include "sign_in.h"

enum { LINK_LIFE_S = 7 * 24 * 3600 };

struct setup {
    const char *token, *name, *password;
};

static const struct json_field setup_fields[] = {
    {"token", FIELD_STRING, true, 1, TOKEN_PRESENTED_MAX, 0, offsetof(struct setup, token)},
    {"name", FIELD_STRING, true, 1, 64, 0, offsetof(struct setup, name)},
    {"password", FIELD_STRING, true, PASSWORD_BYTES_MIN, PASSWORD_BYTES_MAX, 0,
     offsetof(struct setup, password)},
};

ota_err api_start(struct otad *otad)
{
    struct arena arena;
    arena_init(&arena, ARENA_REQUEST_BYTES);
    struct db_scope scope = {.db = otad->db, .tenant_id = TENANT_DEFAULT, .arena = &arena};
    char path[SETUP_PATH_BYTES];
    struct token_hash hash;
    int64_t users = 0;
    ota_err err = db_user_count(&scope, &users);
    if (err == OTA_OK && users == 0) {
        err = setup_link_make(&otad->auth->pepper, otad->config->state_dir,
                              otad->config->public_url, path, &hash);
        if (err == OTA_OK)
            err = db_setup_token_put(&scope, hash.b, api_now() + LINK_LIFE_S);
        if (err == OTA_OK)
            log_info("setup-link", LOG_STR("path", path));
    }
    arena_done(&arena);
    return err;
}

ota_err api_setup_get(struct http_request *rq, struct http_response *rs)
{
    struct db_scope scope = api_scope(rq);
    struct json_out o;
    int64_t users = 0;
    const ota_err err = db_user_count(&scope, &users);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "user");
    json_out_begin(&o, rq->arena);
    json_open_object(&o, NULL);
    json_put_bool(&o, "needed", users == 0);
    json_close_object(&o);
    return http_json(rq, rs, 200, &o);
}

static ota_err spend(struct http_request *rq, struct http_response *rs, const struct setup *in,
                     struct user *out)
{
    const struct user person = {.name = in->name};
    struct db_scope scope = api_scope_of(rq, &person);
    char phc[PASSWORD_PHC_BYTES];
    ota_err err = password_hash(in->password, phc);
    if (err != OTA_OK)
        return err;
    const struct token_hash hash =
        token_hash(&rq->otad->auth->pepper, in->token, strlen(in->token));
    const char *const role = role_name(ROLE_ADMIN);
    const struct user admin = {.name = in->name, .roles = {1, &role}, .password_hash = phc};
    err = db_setup_token_consume(&scope, hash.b, &admin, out);
    if (err == OTA_E_AUTH)
        return http_problem(rq, rs, err, "bad-setup-token",
                            "The set-up link is wrong or has expired; start otad again for a "
                            "new one.");
    return err == OTA_OK ? OTA_OK : api_db_problem(rq, rs, err, &scope, "user");
}

ota_err api_setup_post(struct http_request *rq, struct http_response *rs)
{
    struct setup in = {0};
    struct user user;
    struct db_scope scope = api_scope(rq);
    int64_t users = 0;
    ota_err err = API_BODY(rq, rs, setup_fields, &in);
    if (err != OTA_OK)
        return err;
    if (!person_name_valid(in.name))
        return api_invalid(rq, rs, "/name", "is not acceptable as a name");
    err = db_user_count(&scope, &users);
    if (err != OTA_OK)
        return api_db_problem(rq, rs, err, &scope, "user");
    if (users != 0)
        return http_problem(rq, rs, OTA_E_CONFLICT, "already-set-up",
                            "There is an admin already; sign in.");
    err = api_attempt(rq, rs, NULL);
    if (err == OTA_OK)
        err = spend(rq, rs, &in, &user);
    if (err != OTA_OK)
        return err;
    api_attempt_good(rq, NULL);
    setup_link_remove(rq->otad->config->state_dir);
    return api_sign_in(rq, rs, &user, &(struct factor_proof){0});
}
