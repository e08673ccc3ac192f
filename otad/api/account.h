#ifndef OTAD_API_ACCOUNT_H
#define OTAD_API_ACCOUNT_H

#include "handler.h"
#include "otad/db/user.h"

/* One's own account.  All of it needs no right but being signed in. */

/* otad itself acts, for the caller and about the caller alone. */
struct db_scope account_scope(const struct http_request *rq);

/* The caller.  Answers and returns the error. */
ota_err account_get(struct http_request *rq, struct http_response *rs, struct user *out);

/* The same, and password is theirs; tries count as those to sign in do.  403 wrong-password. */
ota_err account_password_check(struct http_request *rq, struct http_response *rs,
                               const char *password, struct user *out);
ota_err account_wrong_password(struct http_request *rq, struct http_response *rs);

#endif
