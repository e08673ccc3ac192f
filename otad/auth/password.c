/*
 * argon2id by libargon2, behind a counting gate.  An unknown user is verified against a hash
 * made at start, so that the answer's time does not tell whether a name exists.
 */
#include "password.h"

#include <argon2.h>
#include <errno.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { MEMORY_KIB = 19 * 1024, PASSES = 2, LANES = 1, SALT_BYTES = 16, HASH_BYTES = 32 };

static sem_t gate;
static char nobody[PASSWORD_PHC_BYTES];

/* False: too many wait before us. */
static bool gate_enter(void)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PASSWORD_WAIT_S;
    while (sem_timedwait(&gate, &until) != 0) {
        if (errno != EINTR)
            return false;
    }
    return true;
}

static ota_err hash_any(const char *password, size_t len, char out[PASSWORD_PHC_BYTES])
{
    uint8_t salt[SALT_BYTES];
    if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt)
        return OTA_E_INTERNAL;
    if (!gate_enter())
        return OTA_E_BUSY;
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

/* A decimal number behind prefix; false if something else stands there. */
static bool number_behind(const char **p, const char *prefix, unsigned long *out)
{
    const size_t len = strlen(prefix);
    char *end = NULL;
    if (strncmp(*p, prefix, len) != 0 || (*p)[len] < '0' || (*p)[len] > '9')
        return false;
    *out = strtoul(*p + len, &end, 10);
    *p = end;
    return true;
}

/* How much work phc stands for, in KiB passes; 0 = it is none of ours. */
static uint64_t work_of(const char *phc, unsigned long *out_passes)
{
    unsigned long version = 0, memory = 0, lanes = 0;
    const char *p = phc;
    if (!number_behind(&p, "$argon2id$v=", &version) || !number_behind(&p, "$m=", &memory) ||
        !number_behind(&p, ",t=", out_passes) || !number_behind(&p, ",p=", &lanes) ||
        *p != '$' || memory > UINT32_MAX || *out_passes > UINT32_MAX)
        return 0;
    return (uint64_t)memory * *out_passes;
}

bool password_outdated(const char *phc)
{
    unsigned long passes = 0;
    const uint64_t work = work_of(phc, &passes);
    return passes < PASSES || work / passes < MEMORY_KIB;
}

/* The work that a hash with lower parameters saved: time must not tell whose it is. */
static void make_up_for(const char *phc, const char *password, size_t len)
{
    const uint64_t least_kib = 8, whole = (uint64_t)MEMORY_KIB * PASSES;
    unsigned long passes = 0;
    uint8_t out[HASH_BYTES];
    static const uint8_t salt[SALT_BYTES] = {0};
    const uint64_t work = work_of(phc, &passes);
    if (work >= whole - least_kib * PASSES)
        return;
    (void)argon2id_hash_raw(PASSES, (uint32_t)((whole - work) / PASSES), LANES, password, len,
                            salt, sizeof salt, out, sizeof out);
}

ota_err password_verify(const char *phc, const char *password)
{
    const size_t len = strlen(password);
    if (len > PASSWORD_BYTES_MAX)
        return OTA_E_AUTH;
    if (!gate_enter())
        return OTA_E_BUSY;
    const char *against = phc != NULL ? phc : nobody;
    const int rc = argon2id_verify(against, password, len);
    make_up_for(against, password, len);
    (void)sem_post(&gate);
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
        return OTA_E_BUSY;
    return rc == ARGON2_OK && phc != NULL ? OTA_OK : OTA_E_AUTH;
}
