/*
 * Keys of repository metadata: TUF's key objects, their keyids, and public keys back from them.
 * A P-256 key is its uncompressed point in hexadecimal, as PEM text has line ends (SPEC 10.1).
 */
#include <string.h>

#include "repo_doc.h"
#include "say.h"

ota_err repo_key_object(const struct key_public *key, json_t **out)
{
    char text[2 * CRYPTO_KEY_BYTES_MAX + 3] = "04";
    const bool ed25519 = key->alg == CRYPTO_ED25519;

    repo_hex_write(key->key, key->bytes, ed25519 ? text : text + 2);
    *out = json_pack("{s:s, s:{s:s}, s:s}", "keytype", ed25519 ? "ed25519" : "ecdsa", "keyval",
                     "public", text, "scheme", ed25519 ? "ed25519" : "ecdsa-sha2-nistp256");
    return *out == NULL ? say_fail(OTA_E_NO_MEMORY, "no memory") : OTA_OK;
}

ota_err repo_key_id(const json_t *object, char out[REPO_KEYID_TEXT_BYTES])
{
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    struct crypto_sha256 h;
    struct file_bytes text;
    ota_err e = repo_canonical(object, &text);

    if (e != OTA_OK)
        return e;
    crypto_sha256_init(&h);
    crypto_sha256_update(&h, text.data, text.len);
    crypto_sha256_final(&h, digest);
    file_free(&text);
    repo_hex_write(digest, sizeof digest, out);
    return OTA_OK;
}

ota_err repo_doc_id(const json_t *doc, char out[REPO_KEYID_TEXT_BYTES])
{
    return repo_key_id(repo_doc_signed(doc), out); /* a digest of canonical bytes, both */
}

static bool is(const json_t *object, const char *name, const char *text)
{
    const char *has = json_string_value(json_object_get(object, name));

    return has != NULL && strcmp(has, text) == 0;
}

ota_err repo_key_parse(const json_t *object, struct key_public *out)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(object, "keyval"), "public"));
    bool good = false;

    memset(out, 0, sizeof *out);
    if (is(object, "keytype", "ed25519") && is(object, "scheme", "ed25519")) {
        out->alg = CRYPTO_ED25519;
        out->bytes = 32;
        good = repo_hex_read(text, out->key, out->bytes);
    } else if (is(object, "keytype", "ecdsa") && is(object, "scheme", "ecdsa-sha2-nistp256")) {
        out->alg = CRYPTO_P256;
        out->bytes = 64;
        good = text != NULL && strncmp(text, "04", 2) == 0 &&
               repo_hex_read(text + 2, out->key, out->bytes);
    }
    if (!good || json_object_size(object) != 3 ||
        json_object_size(json_object_get(object, "keyval")) != 1)
        return say_fail(OTA_E_FORMAT, "a key is neither ed25519 nor ecdsa-sha2-nistp256");
    return manifest_key_hash(out->alg, out->key, out->bytes, out->hash);
}
