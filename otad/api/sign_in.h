#ifndef OTAD_API_SIGN_IN_H
#define OTAD_API_SIGN_IN_H

#include "handler.h"
#include "otad/auth/token.h"
#include "otad/db/session.h"

/* What setting up, signing in, joining and changing a password have in common. */

/* A session that is about to be made; its strings are in the request's arena or here, so it is
 * not copied. */
struct sign_in {
    char token[TOKEN_TEXT_BYTES], csrf[TOKEN_TEXT_BYTES];
    struct session session;
};

/* A new token for user, who signs in from where rq comes from. */
void api_sign_in_begin(const struct http_request *rq, const struct user *user,
                       struct sign_in *out);

/*
 * The session is in the database: its cookie, and its JSON as the answer.  The session of the
 * cookie that came with rq ends: nobody goes on with a token that was there before.
 */
ota_err api_sign_in_answer(struct http_request *rq, struct http_response *rs,
                           const struct sign_in *s);

/* All of it, for a person who has shown password and second factor. */
ota_err api_sign_in(struct http_request *rq, struct http_response *rs, const struct user *user,
                    const struct factor_proof *proof);

/* The JSON of a session (session.c). */
ota_err api_session_answer(struct http_request *rq, struct http_response *rs,
                           const struct session *session);

/* otad itself acts for this person, who asks about nobody else; the log names them. */
struct db_scope api_scope_of(const struct http_request *rq, const struct user *user);

/* The hash of the cookie's token; the guard saw that there is a good one. */
struct token_hash api_cookie_hash(const struct http_request *rq);

/* ---- attempts -------------------------------------------------------------------------------
 */

/* 401, which does not say what was wrong.  account: the name of one that exists, for the log;
 * NULL = of none. */
ota_err api_bad_credentials(struct http_request *rq, struct http_response *rs,
                            const char *account);

/* 429 with Retry-After. */
ota_err api_too_many(struct http_request *rq, struct http_response *rs, int64_t wait_s);

/*
 * Take one attempt from the address's allowance and, unless name is NULL, from the name's.
 * Answers and returns the error when there is none left.
 */
ota_err api_attempt(struct http_request *rq, struct http_response *rs, const char *name);
/* It was a good one: it does not count, and the name's failures are forgiven. */
void api_attempt_good(const struct http_request *rq, const char *name);

/* The same for codes of an account. */
ota_err api_code_attempt(struct http_request *rq, struct http_response *rs, int64_t user_id);
void api_code_good(const struct http_request *rq, int64_t user_id);

/* ---- second factor --------------------------------------------------------------------------
 */

/*
 * What code proves of the second factor t, for the database to spend.
 * Errors: OTA_E_AUTH (nothing), OTA_E_INTERNAL (the secret does not open).
 */
OTA_MUST_CHECK ota_err api_code_read(const struct http_request *rq, int64_t user_id,
                                     const struct totp *t, const char *code,
                                     struct factor_proof *out);

/*
 * The code of somebody who signs in; *out is FACTOR_NONE for a person without second factor.
 * Answers and returns the error: 401 code-needed or bad-credentials, 429 after too many.
 */
ota_err api_factor_check(struct http_request *rq, struct http_response *rs,
                         const struct user *user, const char *code, struct factor_proof *out);

#endif
