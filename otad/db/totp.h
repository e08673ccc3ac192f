#ifndef OTAD_DB_TOTP_H
#define OTAD_DB_TOTP_H

#include "db.h"

/* Second factors of people (SPEC 8.13).  The secret is known here only sealed. */
enum { TOTP_SEALED = 60, RECOVERY_HASHES = 10 };

struct totp {
    uint8_t sealed[TOTP_SEALED];
    bool in_force;     /* else it waits for its first code               */
    int64_t last_step; /* only codes of later time steps count           */
    int64_t recovery_codes_left;
};

struct recovery_hashes {
    uint8_t hash[RECOVERY_HASHES][32];
};

/* What auth/ found good; whoever relies on it spends it in the same transaction. */
enum factor_kind { FACTOR_NONE, FACTOR_STEP, FACTOR_RECOVERY };
struct factor_proof {
    enum factor_kind kind;
    int64_t step;          /* FACTOR_STEP: the time step of the code      */
    uint8_t code_hash[32]; /* FACTOR_RECOVERY                            */
};

/* A secret that waits for its first code, instead of an earlier one that waits.
 * Errors: OTA_E_CONFLICT totp-on. */
OTA_MUST_CHECK ota_err db_totp_begin(struct db_scope *s, int64_t user_id,
                                     const uint8_t sealed[TOTP_SEALED]);

/* Errors: OTA_E_NOT_FOUND. */
OTA_MUST_CHECK ota_err db_totp_get(struct db_scope *s, int64_t user_id, struct totp *out);

/* From now on it is asked for; sealed is the secret whose code was right.
 * Errors: OTA_E_CONFLICT totp-on, totp-off (it does not wait any more). */
OTA_MUST_CHECK ota_err db_totp_confirm(struct db_scope *s, int64_t user_id,
                                       const struct totp *totp,
                                       const struct factor_proof *proof,
                                       const struct recovery_hashes *codes);

/* Spends proof.  Errors: OTA_E_AUTH (it was spent before), OTA_E_CONFLICT totp-off. */
OTA_MUST_CHECK ota_err db_totp_remove(struct db_scope *s, int64_t user_id,
                                      const struct factor_proof *proof);

/* Spends proof; the old codes are gone.  Errors: as db_totp_remove. */
OTA_MUST_CHECK ota_err db_recovery_put(struct db_scope *s, int64_t user_id,
                                       const struct factor_proof *proof,
                                       const struct recovery_hashes *codes);

#endif
