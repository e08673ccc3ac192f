/*
 * minisign's signatures over libsodium (SPEC 5.2): Ed25519 over BLAKE2b-512 of the message, and
 * a second signature over the first one and the trusted comment.
 */
#include "minisign.h"

#include <sodium.h>
#include <string.h>

#include "../../image/crypto.h"

enum { MESSAGE_DIGEST_BYTES = 64 };

void minisign_key_number(const uint8_t key[32], uint8_t out[MINISIG_KEY_NUMBER_BYTES])
{
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    struct crypto_sha256 h;

    crypto_sha256_init(&h);
    crypto_sha256_update(&h, key, 32);
    crypto_sha256_final(&h, digest);
    memcpy(out, digest, MINISIG_KEY_NUMBER_BYTES);
}

ota_err minisign_verify(const uint8_t key[32], const uint8_t number[MINISIG_KEY_NUMBER_BYTES],
                        const void *message, size_t len, const struct minisig *sig)
{
    uint8_t digest[MESSAGE_DIGEST_BYTES];
    uint8_t global[MINISIG_SIGNATURE_BYTES + MINISIG_COMMENT_BYTES_MAX];

    if (sig->comment_bytes > MINISIG_COMMENT_BYTES_MAX ||
        sodium_memcmp(number, sig->key_number, MINISIG_KEY_NUMBER_BYTES) != 0)
        return OTA_E_SIGNATURE;
    if (crypto_generichash(digest, sizeof digest, message, len, NULL, 0) != 0 ||
        crypto_sign_verify_detached(sig->signature, digest, sizeof digest, key) != 0)
        return OTA_E_SIGNATURE;
    memcpy(global, sig->signature, MINISIG_SIGNATURE_BYTES);
    memcpy(global + MINISIG_SIGNATURE_BYTES, sig->comment, sig->comment_bytes);
    if (crypto_sign_verify_detached(sig->global_signature, global,
                                    MINISIG_SIGNATURE_BYTES + sig->comment_bytes, key) != 0)
        return OTA_E_SIGNATURE;
    return OTA_OK;
}

/* The manifest's release key with this number, or NULL. */
static const struct manifest_key *release_key(const struct manifest *m,
                                              const uint8_t number[MINISIG_KEY_NUMBER_BYTES])
{
    for (uint8_t i = 0; i < m->key_count && i < MANIFEST_KEYS_MAX; i++) {
        const struct manifest_key *k = &m->key[i];
        uint8_t own[MINISIG_KEY_NUMBER_BYTES];

        if (k->purpose != MANIFEST_RELEASE || k->alg != CRYPTO_ED25519)
            continue;
        minisign_key_number(k->key, own);
        if (memcmp(own, number, sizeof own) == 0)
            return k;
    }
    return NULL;
}

ota_err minisign_release_open(const struct manifest *manifest, const void *sums,
                              size_t sums_bytes, const char *minisig, size_t minisig_bytes,
                              struct minisign_release *out)
{
    const struct manifest_key *key;
    struct minisig_release release;
    struct minisig sig;
    ota_err e = minisig_parse(minisig, minisig_bytes, &sig);

    if (e != OTA_OK)
        return e;
    key = release_key(manifest, sig.key_number);
    if (key == NULL)
        return OTA_E_NOT_FOUND;
    e = minisign_verify(key->key, sig.key_number, sums, sums_bytes, &sig);
    if (e == OTA_OK)
        e = minisig_release_parse(sig.comment, sig.comment_bytes, &release);
    if (e != OTA_OK)
        return e;
    out->what = release;
    memcpy(out->key_number, sig.key_number, sizeof out->key_number);
    return OTA_OK;
}
