/*
 * argon2id by libargon2, behind a counting gate.  An unknown user is verified against a hash
 * made at start, so that the answer's time does not tell whether a name exists.
 */
#include "password.h"

#include <argon2.h>
#include <semaphore.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

enum { MEMORY_KIB = 19 * 1024, PASSES = 2, LANES = 1, SALT_BYTES = 16, HASH_BYTES = 32 };

static sem_t gate;
static char nobody[PASSWORD_PHC_BYTES];

static void gate_enter(void)
{
    while (sem_wait(&gate) != 0) {
    }
}

static ota_err hash_any(const char *password, size_t len, char out[PASSWORD_PHC_BYTES])
{
    uint8_t salt[SALT_BYTES];
    if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt)
        return OTA_E_INTERNAL;
    gate_enter();
    const int rc = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password, len, salt,
                                         sizeof salt, HASH_BYTES, out, PASSWORD_PHC_BYTES);
    (void)sem_post(&gate);
    if (rc == ARGON2_OK)
        return OTA_OK;
    return rc == ARGON2_MEMORY_ALLOCATION_ERROR ? OTA_E_NO_MEMORY : OTA_E_INTERNAL;
}

ota_err password_init(void)
{
    static const char unused[] = "no password is this one";
    if (sem_init(&gate, 0, PASSWORD_CONCURRENT) != 0)
        return OTA_E_INTERNAL;
    return hash_any(unused, sizeof unused, nobody);
}

ota_err password_hash(const char *password, char out[PASSWORD_PHC_BYTES])
{
    const size_t len = strlen(password);
    if (len < PASSWORD_BYTES_MIN)
        return OTA_E_FORMAT;
    if (len > PASSWORD_BYTES_MAX)
        return OTA_E_LIMIT;
    return hash_any(password, len, out);
}

ota_err password_verify(const char *phc, const char *password)
{
    const size_t len = strlen(password);
    if (len > PASSWORD_BYTES_MAX)
        return OTA_E_AUTH;
    gate_enter();
    const int rc = argon2id_verify(phc != NULL ? phc : nobody, password, len);
    (void)sem_post(&gate);
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
        return OTA_E_BUSY;
    return rc == ARGON2_OK && phc != NULL ? OTA_OK : OTA_E_AUTH;
}
