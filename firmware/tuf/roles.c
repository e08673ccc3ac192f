/*
 * Keys into a ring, roles as bits of it, thresholds.  What an attacker may choose here is the
 * number and order of entries, so everything is bounded before it is looked at twice.
 */
#include "roles.h"

#include <string.h>

#include "../image/crypto_message.h"
#include "spki.h"

static void digest_of(struct canonical bytes, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    struct crypto_sha256 h;

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, bytes.at, bytes.len);
    crypto_sha256_final(&h, out);
}

enum tuf_verdict tuf_keyid(struct canonical keyid, const struct tuf_key_rules *rules,
                           uint8_t out[CRYPTO_DIGEST_BYTES])
{
    struct canonical inside;

    if (!canonical_string(keyid, &inside))
        return TUF_MEMBER;
    if (!rules->keyids_opaque)
        return canonical_hex(keyid, out, CRYPTO_DIGEST_BYTES) == OTA_OK ? TUF_GOOD : TUF_KEYID;
    digest_of(inside, out);
    return TUF_GOOD;
}

static bool is_p256(struct canonical type, struct canonical scheme)
{
    return (canonical_is(type, "ecdsa") || canonical_is(type, "ecdsa-sha2-nistp256")) &&
           canonical_is(scheme, "ecdsa-sha2-nistp256");
}

static bool is_rsa(struct canonical type, struct canonical scheme)
{
    return canonical_is(type, "rsa") && canonical_is(scheme, "rsassa-pss-sha256");
}

/* What tells one RSA key from another. */
static void rsa_digest(const struct crypto_rsa *rsa, uint8_t out[CRYPTO_DIGEST_BYTES])
{
    const uint8_t exponent[] = {(uint8_t)(rsa->exponent >> 24), (uint8_t)(rsa->exponent >> 16),
                                (uint8_t)(rsa->exponent >> 8), (uint8_t)rsa->exponent};
    struct crypto_sha256 h;

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, exponent, sizeof exponent);
    crypto_sha256_update(&h, rsa->modulus, rsa->bytes);
    crypto_sha256_final(&h, out);
}

/* What the key is.  A type or scheme that we can't verify gives alg 0 and is good: such a key
 * signs nothing. */
static bool key_value(struct canonical object, struct tuf_key *out, struct crypto_rsa *rsa)
{
    struct canonical type = canonical_member(object, "keytype");
    struct canonical scheme = canonical_member(object, "scheme");
    struct canonical value = canonical_member(canonical_member(object, "keyval"), "public");
    struct canonical inside;

    if (!canonical_string(type, &inside) || !canonical_string(scheme, &inside) ||
        !canonical_string(value, &inside))
        return false;
    if (canonical_is(type, "ed25519") && canonical_is(scheme, "ed25519")) {
        out->alg = CRYPTO_ED25519;
        out->bytes = 32;
        return canonical_hex(value, out->key, 32) == OTA_OK;
    }
    if (is_p256(type, scheme)) {
        out->alg = CRYPTO_P256;
        out->bytes = 64;
        return tuf_spki_p256(inside.at, inside.len, out->key) == OTA_OK;
    }
    if (rsa != NULL && is_rsa(type, scheme)) {
        out->alg = TUF_ALG_RSA_PSS;
        out->bytes = CRYPTO_DIGEST_BYTES;
        if (tuf_rsa_read(inside.at, inside.len, rsa) != OTA_OK)
            return false;
        rsa_digest(rsa, out->key);
    }
    return true;
}

/* One key object, with its keyid.  Verdicts: TUF_MEMBER, TUF_KEY, TUF_KEYID. */
static enum tuf_verdict key_read(struct canonical object, struct canonical keyid,
                                 const struct tuf_key_rules *rules, struct tuf_key *out,
                                 struct crypto_rsa *rsa)
{
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    enum tuf_verdict v = tuf_keyid(keyid, rules, out->id);

    if (v != TUF_GOOD)
        return v;
    digest_of(object, digest);
    if (!rules->keyids_opaque && memcmp(digest, out->id, sizeof digest) != 0)
        return TUF_KEYID;
    out->alg = 0;
    out->bytes = 0;
    memset(out->key, 0, sizeof out->key);
    return key_value(object, out, rsa) ? TUF_GOOD : TUF_KEY;
}

static unsigned find(const struct tuf_keys *ring, const uint8_t id[CRYPTO_DIGEST_BYTES])
{
    unsigned i = 0;

    while (i < ring->count && memcmp(ring->key[i].id, id, CRYPTO_DIGEST_BYTES) != 0)
        i++;
    return i;
}

/* The keyid's place in the ring, where its key is put if it wasn't there; count if there's no
 * such key. */
static enum tuf_verdict place(struct canonical keyid, struct canonical keys,
                              const struct tuf_key_rules *rules, struct tuf_keys *ring,
                              unsigned *out)
{
    uint8_t id[CRYPTO_DIGEST_BYTES];
    struct canonical inside, object;
    enum tuf_verdict v = tuf_keyid(keyid, rules, id);

    if (v != TUF_GOOD)
        return v;
    *out = find(ring, id);
    if (*out < ring->count)
        return TUF_GOOD;
    (void)canonical_string(keyid, &inside);
    object = canonical_member_of(keys, inside);
    if (object.len == 0)
        return TUF_GOOD;
    if (ring->count >= ring->max || ring->count >= TUF_ROLE_KEYS_MAX)
        return TUF_LIMIT;
    v = key_read(object, keyid, rules, &ring->key[ring->count],
                 ring->rsa == NULL ? NULL : &ring->rsa[ring->count]);
    if (v == TUF_GOOD)
        ring->count++;
    return v;
}

/* Does any item of a list of strings, or of objects' `member`, occur twice?  Lists are short.
 */
static bool any_twice(struct canonical list, const char *member)
{
    struct canonical_walk outer = canonical_walk(list), inner;
    struct canonical a, b;

    while (canonical_next_item(&outer, &a)) {
        inner = outer;
        while (canonical_next_item(&inner, &b))
            if (member == NULL
                    ? canonical_same(a, b)
                    : canonical_same(canonical_member(a, member), canonical_member(b, member)))
                return true;
    }
    return false;
}

enum tuf_verdict tuf_role_check(struct canonical role, uint64_t *out_threshold)
{
    struct canonical ids = canonical_member(role, "keyids");

    if (!canonical_is_array(ids) ||
        canonical_uint(canonical_member(role, "threshold"), UINT32_MAX, out_threshold) !=
            OTA_OK ||
        *out_threshold == 0)
        return TUF_MEMBER;
    if (canonical_count(ids) > TUF_ROLE_KEYS_MAX)
        return TUF_LIMIT;
    return any_twice(ids, NULL) ? TUF_TWICE : TUF_GOOD;
}

enum tuf_verdict tuf_role_read(struct canonical role, struct canonical keys,
                               const struct tuf_key_rules *rules, struct tuf_keys *ring,
                               struct tuf_role *out)
{
    struct canonical ids = canonical_member(role, "keyids"), id;
    struct canonical_walk w = canonical_walk(ids);
    struct tuf_role found = {0};
    uint64_t threshold = 0;
    enum tuf_verdict form = tuf_role_check(role, &threshold);

    if (form != TUF_GOOD)
        return form;
    if (!canonical_is_object(keys))
        return TUF_MEMBER;
    if (canonical_count(ids) > rules->role_keys_max || threshold > rules->threshold_max)
        return TUF_LIMIT;
    while (canonical_next_item(&w, &id)) {
        unsigned at = 0;
        enum tuf_verdict v = place(id, keys, rules, ring, &at);

        if (v != TUF_GOOD)
            return v;
        if (at < ring->count)
            found.members |= UINT64_C(1) << at;
    }
    found.threshold = (uint32_t)threshold;
    *out = found;
    return TUF_GOOD;
}

/* Hexadecimal of any even length up to the longest signature. */
static bool signature_bytes(struct canonical v, uint8_t out[CRYPTO_SIGNATURE_BYTES_MAX],
                            size_t *out_len)
{
    struct canonical inside;

    if (!canonical_string(v, &inside) || inside.len % 2 != 0 ||
        inside.len / 2 > CRYPTO_SIGNATURE_BYTES_MAX)
        return false;
    *out_len = inside.len / 2;
    return canonical_hex(v, out, *out_len) == OTA_OK;
}

static bool verifies(const struct tuf_keys *ring, unsigned at, struct canonical message,
                     struct canonical sig)
{
    const struct tuf_key *key = &ring->key[at];
    uint8_t bytes[CRYPTO_SIGNATURE_BYTES_MAX];
    size_t len = 0;

    if (key->alg == TUF_ALG_RSA_PSS)
        return tuf_rsa_signed(&ring->rsa[at], message, sig);
    if (!signature_bytes(sig, bytes, &len))
        return false;
    if (key->alg == CRYPTO_ED25519)
        return len == 64 && crypto_verify_ed25519_message(key->key, message.at, message.len,
                                                          bytes) == OTA_OK;
    return key->alg == CRYPTO_P256 &&
           crypto_verify_p256_message(key->key, message.at, message.len, bytes, len) == OTA_OK;
}

static bool same_key(const struct tuf_key *a, const struct tuf_key *b)
{
    return a->alg == b->alg && memcmp(a->key, b->key, sizeof a->key) == 0;
}

/* Has this key, under whatever keyid, signed already? */
static bool counted(const struct tuf_keys *ring, uint64_t signers, const struct tuf_key *key)
{
    for (unsigned i = 0; i < ring->count; i++)
        if ((signers >> i & 1U) != 0 && same_key(&ring->key[i], key))
            return true;
    return false;
}

enum tuf_verdict tuf_signed_by(const struct tuf_keys *ring, const struct tuf_role *role,
                               const struct tuf_key_rules *rules, struct canonical signatures,
                               struct canonical message)
{
    struct canonical_walk w = canonical_walk(signatures);
    uint64_t signers = 0;
    uint32_t count = 0;
    struct canonical entry;

    if (!canonical_is_array(signatures))
        return TUF_MEMBER;
    if (canonical_count(signatures) > TUF_SIGNATURES_MAX)
        return TUF_LIMIT;
    if (any_twice(signatures, "keyid"))
        return TUF_TWICE;
    while (count < role->threshold && canonical_next_item(&w, &entry)) {
        uint8_t id[CRYPTO_DIGEST_BYTES];
        unsigned at;

        if (tuf_keyid(canonical_member(entry, "keyid"), rules, id) != TUF_GOOD)
            return TUF_MEMBER;
        at = find(ring, id);
        if (at == ring->count || (role->members >> at & 1U) == 0 ||
            counted(ring, signers, &ring->key[at]) ||
            !verifies(ring, at, message, canonical_member(entry, "sig")))
            continue;
        signers |= UINT64_C(1) << at;
        count++;
    }
    return role->threshold > 0 && count >= role->threshold ? TUF_GOOD : TUF_THRESHOLD;
}

/* Every signer of a is one of b. */
static bool within(const struct tuf_keys *a_ring, const struct tuf_role *a,
                   const struct tuf_keys *b_ring, const struct tuf_role *b)
{
    for (unsigned i = 0; i < a_ring->count; i++)
        if ((a->members >> i & 1U) != 0 && !counted(b_ring, b->members, &a_ring->key[i]))
            return false;
    return true;
}

bool tuf_role_same_signers(const struct tuf_keys *a_ring, const struct tuf_role *a,
                           const struct tuf_keys *b_ring, const struct tuf_role *b)
{
    return within(a_ring, a, b_ring, b) && within(b_ring, b, a_ring, a);
}
