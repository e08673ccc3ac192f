/*
 * From a file's text to a key, asking for a passphrase only where one is needed.
 *
 * Invariant: an encrypted file whose two halves do not belong together is refused: the public
 * one was readable, and writable, without the passphrase.
 */
#include "private.h"

#include <string.h>

#include "keybox.h"

bool private_is_encrypted(const char *text)
{
    return keybox_is(text) || pem_is_encrypted(text);
}

void private_tell(struct why *why, ota_err e, const char *name, const char *text, bool private)
{
    if (e == OTA_E_AUTH)
        why_tell(why, "%s: wrong passphrase, or the file was altered", name);
    else if (e == OTA_E_NO_MEMORY)
        why_tell(why, "%s: no memory to open it", name);
    else if (e == OTA_E_LIMIT && keybox_is(text))
        why_tell(why, "%s: its protection is too weak or wants too much memory (argon2id)",
                 name);
    else if (e == OTA_E_LIMIT)
        why_tell(why, "%s holds a key that is neither Ed25519 nor P-256", name);
    else if (keybox_is(text))
        why_tell(why, "%s is no encrypted key, or it is damaged", name);
    else if (private)
        why_tell(why, "%s is no private key in PEM form (PKCS#8)", name);
    else
        why_tell(why, "%s is no public key in PEM form", name);
    if (private && strstr(text, "BEGIN PUBLIC KEY") != NULL)
        why_hint(why, "it is the public half; signing needs the private one");
}

/* Text of our encrypted form gives way to the plain one. */
static ota_err unbox(const char *name, char *text, size_t *len, struct keybox *box,
                     const struct asker *asker, struct why *why)
{
    struct secret passphrase = {NULL, 0};
    ota_err e = keybox_parse(text, *len, box);

    if (e == OTA_OK) {
        e = asker->passphrase(asker->ctx, name, &passphrase, why);
        if (e != OTA_OK)
            return e;
        e = keybox_open(box, passphrase.text, passphrase.len, text, PRIVATE_ROOM - 1, len);
        secret_free(&passphrase);
    }
    if (e != OTA_OK)
        private_tell(why, e, name, text, true);
    else
        text[*len] = '\0';
    return e;
}

static ota_err unlock(const char *name, const char *text, size_t len, const struct asker *asker,
                      struct pem_key **out, struct why *why)
{
    struct secret passphrase = {NULL, 0};
    ota_err e = asker->passphrase(asker->ctx, name, &passphrase, why);

    if (e != OTA_OK)
        return e;
    e = pem_private_unlock(text, len, passphrase.text, passphrase.len, out);
    secret_free(&passphrase);
    if (e != OTA_OK)
        private_tell(why, e, name, text, true);
    return e;
}

static bool is_of(const struct pem_key *k, const struct keybox *box)
{
    uint8_t key[CRYPTO_KEY_BYTES_MAX];
    size_t len = 0;

    return pem_alg(k) == box->alg && pem_public(k, key, &len) == OTA_OK &&
           len == box->key_bytes && memcmp(key, box->key, len) == 0;
}

ota_err private_open(const char *name, char *text, size_t len, const struct asker *asker,
                     struct pem_key **out, struct why *why)
{
    const bool boxed = keybox_is(text);
    struct pem_key *k = NULL;
    struct keybox box;
    ota_err e = boxed ? unbox(name, text, &len, &box, asker, why) : OTA_OK;

    if (e != OTA_OK)
        return e;
    if (pem_is_encrypted(text)) {
        e = unlock(name, text, len, asker, &k, why);
    } else {
        e = pem_private_read(text, len, &k);
        if (e != OTA_OK)
            private_tell(why, e, name, text, true);
    }
    if (e != OTA_OK)
        return e;
    if (boxed && !is_of(k, &box)) {
        pem_free(k);
        return why_fail(why, OTA_E_FORMAT, "%s: its two halves do not belong together", name);
    }
    *out = k;
    return OTA_OK;
}
