/* Start-up of everything in this folder. */
#include "auth.h"

#include <stdlib.h>

#include "password.h"

/* A person mistypes a few times; a NATed office does so together. */
enum { NAME_BURST = 5, NAME_REFILL_S = 30, ADDRESS_BURST = 20, ADDRESS_REFILL_S = 10 };

ota_err auth_new(const char *state_dir, struct auth **out)
{
    struct auth *a = calloc(1, sizeof *a);
    if (a == NULL)
        return OTA_E_NO_MEMORY;
    ota_err err = token_init();
    if (err == OTA_OK)
        err = token_pepper_load(state_dir, &a->pepper);
    if (err == OTA_OK)
        err = password_init();
    if (err != OTA_OK) {
        auth_free(a);
        return err;
    }
    rate_limit_init(&a->names, NAME_BURST, NAME_REFILL_S);
    rate_limit_init(&a->addresses, ADDRESS_BURST, ADDRESS_REFILL_S);
    *out = a;
    return OTA_OK;
}

void auth_free(struct auth *a)
{
    if (a != NULL)
        token_wipe(a, sizeof *a);
    free(a);
}
