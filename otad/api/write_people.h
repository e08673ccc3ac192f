#ifndef OTAD_API_WRITE_PEOPLE_H
#define OTAD_API_WRITE_PEOPLE_H

#include "otad/auth/totp.h"
#include "otad/db/join.h"
#include "otad/json.h"

/* People, their sign-ins, links and second factors as the JSON of SPEC 8.13; see write.h. */

void write_user(struct json_out *o, const char *key, const struct user *u);

/* One's own: with what is left of the recovery codes. */
void write_account(struct json_out *o, const struct user *u, int64_t recovery_codes_left);

/* current: it is the one that asks. */
void write_sign_in(struct json_out *o, const struct session *s, bool current);

/* A one-time link that was just made; u NULL = of a reset, which names nobody. */
void write_invitation(struct json_out *o, const struct user *u, const char *link,
                      int64_t expires_at_unix_s);

/* What a link is for, to who holds it. */
void write_join(struct json_out *o, const struct user *u, enum join_kind kind);

void write_totp(struct json_out *o, const char *secret, const char *uri);

struct recovery_codes {
    char code[RECOVERY_CODES][RECOVERY_CODE_BYTES];
};
void write_recovery_codes(struct json_out *o, const struct recovery_codes *codes);

#endif
