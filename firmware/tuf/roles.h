#ifndef TUF_ROLES_H
#define TUF_ROLES_H

#include "canonical.h"
#include "rsa.h"
#include "verdict.h"

/*
 * Keys, roles and thresholds (TUF 1.0.34, 4.2 to 4.5 and 5.3; SPEC 10.1).  A keyid is known by
 * its 32 bytes.  Two keyids with one public key are one signer, and no keyid counts twice.
 */
enum { TUF_ROLE_KEYS_MAX = 64, TUF_SIGNATURES_MAX = 64 };

/* Not one of enum crypto_alg, whose numbers stand in key manifests: repositories alone have it.
 */
enum { TUF_ALG_RSA_PSS = 255 };

struct tuf_key {
    uint8_t id[CRYPTO_DIGEST_BYTES];
    uint8_t alg, bytes;                /* enum crypto_alg or TUF_ALG_RSA_PSS */
    uint8_t key[CRYPTO_KEY_BYTES_MAX]; /* of RSA: its SHA-256 */
};

/* Storage is the caller's: at most 64, as roles name them by a bit each. */
struct tuf_keys {
    struct tuf_key *key;
    unsigned count, max;
    struct crypto_rsa *rsa; /* rsa[n] of key[n], as many; NULL: RSA keys sign nothing here    */
};

struct tuf_role {
    uint64_t members; /* bit n: key n of the ring */
    uint32_t threshold;
};

/* How keys are taken. */
struct tuf_key_rules {
    unsigned role_keys_max; /* of one role, at most TUF_ROLE_KEYS_MAX */
    unsigned threshold_max;
    bool keyids_opaque; /* keyids are names (TAP 12), not digests of the keys                */
};

/* The keyid (a string) as it stands in tuf_key.id. */
enum tuf_verdict tuf_keyid(struct canonical keyid, const struct tuf_key_rules *rules,
                           uint8_t out[CRYPTO_DIGEST_BYTES]);

/*
 * Is it the form of a role, whosever keys it names?
 * Verdicts: TUF_MEMBER, TUF_TWICE, TUF_LIMIT.
 */
enum tuf_verdict tuf_role_check(struct canonical role, uint64_t *out_threshold);

/*
 * A role `{"keyids","threshold"}`, other members aside; its keys are looked up in the object
 * `keys` and added to the ring unless they are there.
 * Verdicts: TUF_MEMBER, TUF_KEY, TUF_KEYID, TUF_TWICE, TUF_LIMIT.  The ring may have grown.
 */
enum tuf_verdict tuf_role_read(struct canonical role, struct canonical keys,
                               const struct tuf_key_rules *rules, struct tuf_keys *ring,
                               struct tuf_role *out);

/*
 * Do enough of the role's keys sign this message?  A signature that is wrong or of a stranger
 * is passed over.
 * Verdicts: TUF_THRESHOLD, TUF_TWICE (one keyid twice), TUF_MEMBER, TUF_LIMIT (more than
 * TUF_SIGNATURES_MAX).
 */
enum tuf_verdict tuf_signed_by(const struct tuf_keys *ring, const struct tuf_role *role,
                               const struct tuf_key_rules *rules, struct canonical signatures,
                               struct canonical message);

/* The same signers in both?  Thresholds and keyids don't matter. */
bool tuf_role_same_signers(const struct tuf_keys *a_ring, const struct tuf_role *a,
                           const struct tuf_keys *b_ring, const struct tuf_role *b);

#endif
