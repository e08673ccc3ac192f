#ifndef KEYS_KEYBOX_H
#define KEYS_KEYBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../firmware/image/crypto.h"

/*
 * Private keys encrypted at rest (SPEC 11): argon2id makes a key of the passphrase,
 * XChaCha20-Poly1305 seals the PKCS#8 file under it, with everything before the ciphertext,
 * the public half too, as additional data.  Nothing is said here; callers know the file's name.
 */
enum {
    KEYBOX_SALT_BYTES = 16,
    KEYBOX_NONCE_BYTES = 24,
    KEYBOX_TAG_BYTES = 16,
    KEYBOX_HEADER_BYTES = 60, /* and the public key behind it */
    KEYBOX_PLAIN_BYTES_MAX = 1024,
    KEYBOX_BYTES_MAX =
        KEYBOX_HEADER_BYTES + CRYPTO_KEY_BYTES_MAX + KEYBOX_PLAIN_BYTES_MAX + KEYBOX_TAG_BYTES,
    KEYBOX_TEXT_BYTES_MAX = 2048,
    /* Less is guessed too cheaply, more is an attack on whoever opens the file. */
    KEYBOX_PASSES_MIN = 2,
    KEYBOX_PASSES_MAX = 16,
    KEYBOX_KIB_MIN = 64 * 1024,
    KEYBOX_KIB_MAX = 1024 * 1024,
};

/* How much a guess costs: argon2id's passes and memory. */
struct keybox_cost {
    uint32_t passes, kib;
};
extern const struct keybox_cost keybox_interactive, keybox_moderate, keybox_sensitive;

struct keybox {
    struct keybox_cost cost;
    enum crypto_alg alg;
    uint8_t key[CRYPTO_KEY_BYTES_MAX]; /* the public half: only believed once it is opened */
    size_t key_bytes;
    uint8_t bytes[KEYBOX_BYTES_MAX]; /* header, public key, ciphertext */
    size_t len, sealed_at;
};

/* Does this text, NUL-terminated, begin like one of ours? */
bool keybox_is(const char *text);

/* Errors: OTA_E_FORMAT, OTA_E_LIMIT (cost outside the limits above). */
OTA_MUST_CHECK ota_err keybox_parse(const char *text, size_t len, struct keybox *out);

/* Out gets the PKCS#8 text.  Errors: OTA_E_AUTH (wrong passphrase, or altered),
 * OTA_E_NO_MEMORY, OTA_E_LIMIT (room). */
OTA_MUST_CHECK ota_err keybox_open(const struct keybox *box, const char *passphrase,
                                   size_t passphrase_bytes, char *out, size_t room,
                                   size_t *out_len);

/* Seal plain; alg, key, key_bytes and cost of box are set, the rest is filled in.
 * Errors: OTA_E_LIMIT, OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err keybox_seal(struct keybox *box, const char *passphrase,
                                   size_t passphrase_bytes, const char *plain, size_t len);
/* As text.  Errors: OTA_E_LIMIT. */
OTA_MUST_CHECK ota_err keybox_write(const struct keybox *box, char *out, size_t room,
                                    size_t *out_len);

#endif
